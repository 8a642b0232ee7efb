"""The wiring: what the window and the command line ask of the engine."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pytest
import torch
from workbooks import write_workbook

from modelstudio.cli.follow import Terminal
from modelstudio.engine import exporting, prediction, projects, run
from modelstudio.engine.control import Control
from modelstudio.engine.events import BatchEnd, EpochEnd, RunEnd, RunStarted, drain
from modelstudio.engine.runs import RunStore
from modelstudio.errors import DataError, NetworkError, RunError, StudioError
from modelstudio.layers import Linear
from modelstudio.project.files import save_project
from modelstudio.project.model import Project

T = TypeVar("T")


def drained(work: Generator[Any, None, T]) -> tuple[list[Any], T]:
    """Return the events of long work and its result."""
    told: list[Any] = []
    result = drain(work, told.append)
    return told, result


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 300)
    frame = pl.DataFrame(
        {
            "length": rng.normal(3 + kind, 0.4),
            "width": rng.normal(size=300),
            "colour": rng.choice(["red", "blue"], 300),
            "weight": np.round(np.exp(rng.normal(kind, 0.1)), 4),
            "species": np.array(["ash", "birch", "cedar"])[kind],
        }
    )
    path = tmp_path / "trees.csv"
    frame.write_csv(path)
    return path


@pytest.fixture
def project(table: Path) -> Project:
    made = projects.new_project(table, target="species", split_seed=4).project
    return made.changed(training=made.training.changed(epochs=4, threads=1))


@pytest.fixture
def path(project: Project, tmp_path: Path) -> Path:
    path = tmp_path / "trees.mstudio"
    save_project(project, path)
    return path


def trained(project: Project, path: Path | None) -> RunEnd:
    events, _ = drained(run.train(project, path, Control()))
    assert isinstance(events[-1], RunEnd)
    return events[-1]


# Projects


def test_a_run_begins_with_what_the_split_lacks(
    project: Project, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pl.read_csv(table).with_columns(width=np.arange(300) // 150).write_csv(table)
    split = project.data.split.changed(method="time", by="width")
    lacking = project.changed(data=project.data.changed(split=split))
    lacking = lacking.changed(training=project.training.changed(epochs=1))
    events, _ = drained(run.train(lacking, None, Control()))
    (began,) = (event for event in events if isinstance(event, RunStarted))
    assert began.warning.startswith("No rows validate: width has too few different values.")
    Terminal(1)(began)
    assert began.warning in capsys.readouterr().err


def test_a_new_project_is_ready_to_train(project: Project) -> None:
    assert project.data.target is not None
    assert project.data.target.name == "species"
    assert project.data.split.seed == 4
    assert run.analyse(project).problems == ()
    assert [field.name for field in project.data.fields] == ["features", "species"]


def test_a_table_that_cannot_be_trained_on_can_still_be_mended(tmp_path: Path) -> None:
    path = tmp_path / "notes.csv"
    lines = [f"the same,{i % 2}" for i in range(60)]
    path.write_text("\n".join(["remark,answer", *lines]), encoding="utf-8")
    draft = projects.new_project(path, target="answer")
    assert draft.error is not None
    assert draft.error.message in draft.notes
    assert [column.name for column in draft.project.data.columns] == ["remark", "answer"]


def test_new_data_keeps_the_network(project: Project, table: Path) -> None:
    other = drain(projects.opening(project, table, "species")).project
    assert other.network is project.network
    assert other.training is project.training


def test_another_target_changes_the_head(project: Project) -> None:
    changed = projects.with_target(project, "weight").project
    heads = [node.layer for node in changed.network.of_type(Linear)]
    assert heads[-1] == Linear(out_features=1)
    assert run.analyse(changed).errors == ()
    roles = {column.name: column.role for column in changed.data.columns}
    assert (roles["species"], roles["weight"]) == ("feature", "target")


def test_refreshing_changes_nothing_when_nothing_changed(project: Project) -> None:
    assert projects.refresh_fields(project) is project


def test_paths_follow_the_project(project: Project, tmp_path: Path, table: Path) -> None:
    near = projects.rebase(project, None, tmp_path)
    assert near.data.path == "trees.csv"
    assert projects.refresh_fields(near, tmp_path) is near
    far = projects.rebase(near, tmp_path, tmp_path / "elsewhere")
    assert far.data.path == str(table)
    assert projects.rebase(far, tmp_path / "elsewhere", None) is far


# Data


def test_the_report_counts_rows_and_classes(project: Project) -> None:
    _, report = drained(run.describe_data(project))
    assert report.rows == 300
    assert sum(part.rows for part in report.parts) == 300
    assert sum(sum(part.classes.values()) for part in report.parts) == 300
    assert len(report.effects) == len(project.data.recipe)
    assert [profile.name for profile in report.profiles] == [c.name for c in project.data.columns]


def test_the_preview_is_a_slice(project: Project) -> None:
    rows = run.preview_data(project, None, 0, 10, 5)
    assert rows.rows == (10, 11, 12, 13, 14)
    assert rows.columns == tuple(column.name for column in project.data.columns)


# Runs


def test_a_run_tells_its_story_and_is_kept(project: Project, path: Path) -> None:
    events, _ = drained(run.train(project, path, Control(), name="first"))
    (started,) = (event for event in events if isinstance(event, RunStarted))
    ends = [event for event in events if isinstance(event, EpochEnd)]
    assert (started.number, started.epochs, started.threads) == (1, 4, 1)
    assert set(ends[0].metrics) == {"accuracy", "train_accuracy"}
    store = run.store(path, project)
    (info,) = store.list()
    assert (info.id, info.name, info.status) == (started.run, "first", "finished")
    assert [record.epoch for record in store.history(info.id)] == [1, 2, 3, 4]
    assert store.folder == path.with_suffix(".runs")


def test_an_unsaved_project_keeps_its_runs_at_home(project: Project, own_home: Path) -> None:
    end = trained(project, None)
    assert (own_home / "runs" / project.id / end.run / "best.safetensors").exists()


def test_threads_are_chosen_and_kept(project: Project, path: Path) -> None:
    before = torch.get_num_threads()
    free = project.changed(training=project.training.changed(threads=0))
    end = trained(free, path)
    assert run.store(path, free).project(end.run).training.threads >= 1
    assert torch.get_num_threads() == before


def stopped(project: Project, path: Path) -> str:
    control = Control()
    run_id = ""
    for event in run.train(project, path, control):
        if isinstance(event, RunStarted):
            run_id = event.run
        if isinstance(event, EpochEnd) and event.epoch == 2:
            control.stop()
    return run_id


def history(store: RunStore, run_id: str) -> list[tuple[Any, ...]]:
    return [(r.epoch, r.train_loss, r.val_loss, r.lr) for r in store.history(run_id)]


def test_a_stopped_run_resumes_to_the_same_numbers(project: Project, path: Path) -> None:
    whole = trained(project, path).run
    part = stopped(project, path)
    store = run.store(path, project)
    assert store.info(part).status == "stopped"
    events, _ = drained(run.resume(project, path, part, Control()))
    assert events[-1].status == "finished"
    assert history(store, part) == history(store, whole)
    first, second = (store.best_file(run_id).read_bytes() for run_id in (whole, part))
    assert first == second


def test_a_closed_run_resumes_to_the_same_numbers(
    project: Project, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelstudio.engine.train.LOOK", 0.0)
    whole = trained(project, path).run
    events = run.train(project, path, Control())
    next(event for event in events if isinstance(event, BatchEnd) and event.position > 2.3)
    events.close()
    store = run.store(path, project)
    cut = store.list()[-1]
    assert cut.status == "interrupted"
    drained(run.resume(project, path, cut.id, Control()))
    assert history(store, cut.id) == history(store, whole)


def test_a_killed_run_resumes_from_its_last_checkpoint(
    project: Project, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelstudio.engine.train.CHECKPOINT", 0.0)
    whole = trained(project, path).run
    events = run.train(project, path, Control())
    next(event for event in events if isinstance(event, EpochEnd) and event.epoch == 3)
    store = run.store(path, project)
    killed = store.list()[-1].id
    kept = path.parent / "kept"
    shutil.copytree(store.path(killed), kept)
    events.close()
    shutil.rmtree(store.path(killed))
    shutil.move(kept, store.path(killed))
    drained(run.resume(project, path, killed, Control()))
    assert history(store, killed) == history(store, whole)


def test_a_run_on_changed_data_does_not_go_on(project: Project, path: Path, table: Path) -> None:
    part = stopped(project, path)
    rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(rows[:-30]), encoding="utf-8")
    with pytest.raises(RunError, match="data has changed"):
        drained(run.resume(project, path, part, Control()))


def test_a_finished_run_is_not_resumed(project: Project, path: Path) -> None:
    with pytest.raises(RunError, match="Run 1 is finished"):
        drained(run.resume(project, path, trained(project, path).run, Control()))


def test_a_failed_run_says_why(project: Project, path: Path) -> None:
    from modelstudio.project.training import SGD

    wild = project.changed(training=project.training.changed(optimizer=SGD(lr=100), epochs=200))
    with pytest.raises(StudioError, match="no longer a number"):
        drained(run.train(wild, path, Control()))
    (info,) = run.store(path, wild).list()
    assert info.status == "failed"
    assert "no longer a number" in info.reason


def test_a_broken_network_makes_no_run(project: Project, path: Path) -> None:
    head = list(project.network.of_type(Linear))[-1]
    broken = project.changed(network=project.network.remove([head.id]))
    with pytest.raises(NetworkError):
        drained(run.train(broken, path, Control()))
    assert run.store(path, broken).list() == ()


def test_a_class_that_only_validation_has_stops_nothing(
    project: Project, path: Path, table: Path
) -> None:
    frame = pl.read_csv(table)
    split = project.data.split.changed(stratify=False)
    loose = projects.refresh_fields(project.changed(data=project.data.changed(split=split)))
    rows = run.preview_data(loose, limit=300)
    place = rows.rows[rows.parts.index("validation")]
    species = frame["species"].to_list()
    species[place] = "rare"
    frame.with_columns(pl.Series("species", species)).write_csv(table)
    end = trained(projects.refresh_fields(loose), path)
    assert end.status == "finished"
    _, evaluation = drained(run.evaluate(path, loose, None, "validation", intervals=False))
    assert "unseen" in " ".join(evaluation.notes)


def test_rows_that_are_never_complete_are_named(project: Project, path: Path, table: Path) -> None:
    pl.read_csv(table).with_columns(width=pl.lit(None)).write_csv(table)
    with pytest.raises(DataError, match="width"):
        drained(run.train(project, path, Control()))


# Using a run


def test_a_run_is_evaluated_as_it_was_trained(project: Project, path: Path) -> None:
    end = trained(project, path)
    _, before = drained(run.evaluate(path, project, end.run))
    edited = project.changed(
        data=project.data.changed(split=project.data.split.changed(seed=99)),
        network=project.network.remove(list(project.network.nodes)[1:2], heal=True),
    )
    _, after = drained(run.evaluate(path, edited, end.run))
    assert after.scores == before.scores
    assert before.confusion is not None
    assert before.confusion.sum() == len(before.predictions.rows)
    _, validation = drained(run.evaluate(path, project, None, "validation", intervals=False))
    assert validation.score("accuracy") == pytest.approx(end.best["accuracy"])


def test_changed_data_is_noted(project: Project, path: Path, table: Path) -> None:
    trained(project, path)
    rows = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(rows[:-1]), encoding="utf-8")
    _, evaluation = drained(run.evaluate(path, project, None, intervals=False))
    assert "data has changed" in evaluation.notes[0]


def test_another_table_is_evaluated(project: Project, path: Path, tmp_path: Path) -> None:
    trained(project, path)
    other = tmp_path / "other.csv"
    other.write_text(
        "species,colour,width,length,weight\noak,red,0,4,2\nash,green,,3,1\n", encoding="utf-8"
    )
    _, evaluation = drained(run.evaluate(path, project, None, other, intervals=False))
    assert evaluation.part == "other.csv"
    assert evaluation.predictions.truth.tolist() == [-1, 0]
    assert "unseen" in " ".join(evaluation.notes)
    other.write_text("colour,species\nred,ash\n", encoding="utf-8")
    with pytest.raises(DataError, match="no column"):
        drained(run.evaluate(path, project, None, other))


@pytest.mark.usefixtures("in_this_process")
def test_without_test_rows_other_rows_are_scored_and_checked(
    project: Project, path: Path, tmp_path: Path
) -> None:
    split = project.data.split.changed(test=0.0, validation=0.0)
    whole = project.changed(data=project.data.changed(split=split))
    assert trained(whole, path).status == "finished"
    for part in ("test", "validation"):
        with pytest.raises(DataError, match=f"no {part} rows"):
            drained(run.evaluate(path, whole, None, part))
    _, evaluation = drained(run.evaluate(path, whole, None, "train", intervals=False))
    assert len(evaluation.predictions.truth) == 300
    _, report = drained(exporting.export_onnx(path, whole, None, tmp_path / "trees.onnx"))
    assert report.rows_checked == 300


def test_a_table_without_a_row_that_can_be_scored(
    project: Project, path: Path, tmp_path: Path
) -> None:
    recipe = tuple(step for step in project.data.recipe if step.type_name != "FillMissing")
    strict = project.changed(data=project.data.changed(recipe=recipe))
    trained(strict, path)
    save_project(strict, path)
    rows = tmp_path / "rows.csv"
    rows.write_text("colour,width,length,weight\nred,,1,2\nblue,1,,3\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"No row of rows.csv can be predicted: length is missing"):
        drained(prediction.predict(path, rows, tmp_path / "out.csv"))
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.usefixtures("in_this_process")
def test_ids_come_back_as_they_are_written(project: Project, path: Path, tmp_path: Path) -> None:
    """Whatever the file is, and whether or not the model looks at the column."""
    trained(project, path)
    rows = pl.DataFrame({"colour": ["red", "blue"], "width": [1.0, 2.5], "length": [3, 4]})
    rows = rows.with_columns(weight=pl.lit(2), id=pl.Series([17, 4_000_000_001]))
    rows.write_parquet(tmp_path / "rows.parquet")
    rows.write_csv(tmp_path / "rows.csv")
    cells = [[*rows.columns], *map(list, rows.rows())]
    write_workbook(tmp_path / "rows.xlsx", {"rows": cells})
    for ending in ("parquet", "csv", "xlsx"):
        out = tmp_path / f"{ending}.csv"
        drained(prediction.predict(path, tmp_path / f"rows.{ending}", out))
        told = pl.read_csv(out, infer_schema=False)
        assert told["id"].to_list() == ["17", "4000000001"]
        assert told["width"].cast(pl.Float64).to_list() == [1.0, 2.5]


def test_the_threshold_belongs_to_the_run(table: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(table).filter(pl.col("species") != "cedar")
    frame.write_csv(table)
    project = projects.new_project(table, target="species").project
    end = trained(project, None)
    assert run.set_threshold(None, project, end.run, 0.0) == 0.5
    _, evaluation = drained(run.evaluate(None, project, end.run, intervals=False))
    assert evaluation.threshold == 0
    assert evaluation.score("recall") == 1
    assert run.set_threshold(None, project, end.run, 0.5) == 0
