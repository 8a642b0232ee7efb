"""The run store: one owner, a history, a bin."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelstudio.engine import runs
from modelstudio.engine.disk import write_file
from modelstudio.engine.events import EpochEnd
from modelstudio.engine.run_writer import RunWriter
from modelstudio.engine.runs import Decision, RunStore
from modelstudio.errors import RunError
from modelstudio.project.model import Project

PROJECT = Project(name="Churn")


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "churn.runs")


@pytest.fixture
def writer(store: RunStore) -> Iterator[RunWriter]:
    with store.create(PROJECT, "{}", parameters=10) as writer:
        yield writer


def finished(store: RunStore, *, weights: bool = True) -> str:
    with store.create(PROJECT, "{}", parameters=10) as writer:
        writer.epoch(EpochEnd(1, 0.5, 0.4, {"accuracy": 0.8}, best=True))
        if weights:
            writer.write("best.safetensors", b"weights")
        writer.end("finished")
    return writer.run_id


def test_an_empty_store_makes_nothing(store: RunStore) -> None:
    assert store.list() == ()
    assert store.last_finished() is None
    assert not store.folder.exists()


def test_a_run_keeps_what_it_was_made_from(store: RunStore, writer: RunWriter) -> None:
    assert store.project(writer.run_id) == PROJECT
    assert store.recipe_text(writer.run_id) == "{}"
    info = store.info(writer.run_id)
    assert (info.number, info.name, info.status) == (1, "Run 1", "running")
    assert info.data_key == runs.data_key(PROJECT)


def test_history_and_best_epoch(store: RunStore, writer: RunWriter) -> None:
    writer.epoch(EpochEnd(1, 0.9, 0.8, {"accuracy": 0.6}, lr=0.1, seconds=1.5, best=True))
    writer.epoch(EpochEnd(2, 0.7, 0.85, {"accuracy": 0.7}))
    first, second = store.history(writer.run_id)
    assert (first.epoch, first.val_loss, first.metrics, first.best) == (
        1,
        0.8,
        {"accuracy": 0.6},
        True,
    )
    assert not second.best
    info = store.info(writer.run_id)
    assert (info.epochs, info.best_epoch) == (2, 1)
    assert info.metrics == {"loss": 0.8, "accuracy": 0.6}


def test_version_grows_with_every_change(store: RunStore) -> None:
    seen = [store.version()]
    run = finished(store)
    seen.append(store.version())
    store.rename(run, "wide")
    seen.append(store.version())
    store.delete(run)
    seen.append(store.version())
    assert seen == sorted(set(seen))


def test_the_run_of_a_killed_process_is_interrupted(store: RunStore) -> None:
    code = (
        "import os, sys; from pathlib import Path;"
        "from modelstudio.engine.runs import RunStore;"
        "from modelstudio.project.model import Project;"
        f"store = RunStore(Path({str(store.folder)!r}));"
        "store.create(Project(), '{}', parameters=1).__enter__();"
        "os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 9
    (run,) = store.list()
    assert run.status == "interrupted"
    assert run.reason


def test_nobody_takes_over_a_live_run(store: RunStore, writer: RunWriter) -> None:
    with pytest.raises(RunError, match="still going on"):
        store.take_over(writer.run_id)
    with pytest.raises(RunError, match="still going on"):
        store.delete(writer.run_id)


def test_a_silent_owner_elsewhere_counts_as_gone(store: RunStore, writer: RunWriter) -> None:
    with store.database() as db:
        db.execute("UPDATE runs SET owner = 'elsewhere:1:x', beat = beat - 60")
    assert store.info(writer.run_id).status == "interrupted"


def test_delete_moves_to_the_bin_and_back(store: RunStore) -> None:
    run = finished(store)
    store.delete(run)
    assert store.list() == ()
    assert not store.path(run).exists()
    store.restore(run)
    assert [info.id for info in store.list()] == [run]
    assert store.best_file(run).read_bytes() == b"weights"


def test_last_finished_skips_runs_without_weights(store: RunStore) -> None:
    first = finished(store)
    finished(store, weights=False)
    last = store.last_finished()
    assert last is not None
    assert last.id == first
    with pytest.raises(RunError, match="Run 2 ended before its first epoch"):
        store.usable("2")


def test_a_missing_run_is_named(store: RunStore) -> None:
    finished(store)
    with pytest.raises(RunError, match="There is no run 7"):
        store.usable("7")


def test_numbers_are_not_used_twice(store: RunStore) -> None:
    store.delete(finished(store))
    finished(store)
    assert [run.number for run in store.list()] == [2]


def test_rewind_forgets_later_epochs(store: RunStore, writer: RunWriter) -> None:
    for epoch in (1, 2, 3):
        writer.epoch(EpochEnd(epoch, 1.0, 1.0))
    writer.rewind(1)
    assert [record.epoch for record in store.history(writer.run_id)] == [1]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.pt"
    path.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RunError, match="the disk is full"):
        write_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["last.pt"]


def test_a_damaged_index_is_a_sentence(store: RunStore) -> None:
    finished(store)
    (store.folder / "index.sqlite").write_bytes(b"not a database at all" * 50)
    with pytest.raises(RunError, match="list of runs cannot be used"):
        store.list()


def test_decision_defaults_to_a_half(store: RunStore) -> None:
    run = finished(store)
    assert store.decision(run) == Decision(0.5)
    store.set_decision(run, Decision(0.3))
    assert store.decision(run) == Decision(0.3)
    text = (store.path(run) / "decision.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"threshold": 0.3}


def test_runs_lie_beside_the_project_or_in_the_home(tmp_path: Path, own_home: Path) -> None:
    assert runs.store_folder(tmp_path / "a.mstudio", "x") == tmp_path / "a.runs"
    assert runs.store_folder(None, "x") == own_home / "runs" / "x"


def test_a_read_only_folder_uses_the_home(
    tmp_path: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert runs.store_folder(tmp_path / "a.mstudio", "x") == own_home / "runs" / "x"


def test_saving_brings_the_runs_along(tmp_path: Path) -> None:
    run = finished(RunStore(runs.store_folder(None, PROJECT.id)))
    runs.adopt_runs(PROJECT, tmp_path / "a.mstudio")
    assert [info.id for info in RunStore(tmp_path / "a.runs").list()] == [run]
    assert RunStore(runs.store_folder(None, PROJECT.id)).list() == ()


def test_runs_follow_a_renamed_project_but_not_a_copy(tmp_path: Path) -> None:
    finished(RunStore(tmp_path / "a.runs"))
    assert runs.store_folder(tmp_path / "b.mstudio", PROJECT.id) == tmp_path / "a.runs"
    (tmp_path / "a.mstudio").touch()
    assert runs.store_folder(tmp_path / "b.mstudio", PROJECT.id) == tmp_path / "b.runs"


def test_runs_of_another_project_of_the_same_name_are_left_alone(tmp_path: Path) -> None:
    finished(RunStore(tmp_path / "a.runs"))
    other = Project()
    folder = runs.store_folder(tmp_path / "a.mstudio", other.id)
    assert folder == tmp_path / f"a-{other.id[:8]}.runs"
    assert RunStore(folder).list() == ()


def test_moving_blocks_keeps_the_network_key() -> None:
    import modelstudio.layers  # noqa: F401
    from modelstudio.network.graph import Graph, Node
    from modelstudio.network.layer import Layer

    node = Node("n1", "relu1", Layer.from_dict({"type": "ReLU"}))
    project = PROJECT.changed(network=Graph({"n1": node}))
    moved = project.changed(network=project.network.move({"n1": (5.0, 9.0)}))
    renamed = project.changed(network=Graph({"n1": Node("n1", "other", node.layer)}))
    assert runs.network_key(moved) == runs.network_key(project)
    assert runs.network_key(renamed) != runs.network_key(project)
