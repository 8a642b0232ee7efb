"""All folds in turn: each row is judged once; what is finished is kept; the sums are right."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelstudio.engine import cross_validation, held_out, projects, run
from modelstudio.engine.control import Control
from modelstudio.engine.events import EpochEnd, FoldsEnd, FoldStarted, RunEnd, drain
from modelstudio.engine.results import Fold, Predictions, RunInfo
from modelstudio.engine.runs import RunStore
from modelstudio.errors import DataError, RunError
from modelstudio.project.model import Project

ROWS, FOLDS = 90, 3


@pytest.fixture
def project(tmp_path: Path) -> Project:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, ROWS)
    planted = kind.copy()
    planted[[5, 40]] = 1 - kind[[5, 40]]
    frame = pl.DataFrame(
        {
            "length": np.round(rng.normal(6 * kind, 1.0), 3),
            "batch": rng.choice(["a", "b"], ROWS),
            "flower": np.array(["iris", "rose"])[planted],
        }
    )
    frame.write_csv(tmp_path / "flowers.csv")
    made = projects.new_project(tmp_path / "flowers.csv", target="flower").project
    return made.changed(training=made.training.changed(epochs=8, batch_size=8, threads=1))


def changed_split(project: Project, **values: Any) -> Project:
    split = project.data.split.changed(**values)
    return project.changed(data=project.data.changed(split=split))


def told(work: Generator[Any, None, Any]) -> list[Any]:
    events: list[Any] = []
    drain(work, events.append)
    return events


def test_each_row_is_judged_once_by_a_run_that_did_not_train_on_it(project: Project) -> None:
    events = told(cross_validation.cross_validate(project, None, Control(), folds=FOLDS, name="A"))
    end = events[-1]
    assert isinstance(end, FoldsEnd)
    assert (end.status, end.summary.complete) == ("finished", True)
    kept = run.store(None, project)
    runs = kept.series(end.summary.series)
    assert [each.name for each in runs] == [f"A, Fold {n} of 3" for n in (1, 2, 3)]
    assert [each.fold and each.fold.number for each in runs] == [1, 2, 3]
    means = [kept.recipe_text(each.id) for each in runs]
    assert len(set(means)) == FOLDS, "each recipe is fitted on the training rows of its fold"

    whole = drain(cross_validation.evaluate(None, project, runs[0].id, intervals=False))
    rows = whole.predictions.rows.tolist()
    prepared = drain(run.prepare(project, None))
    tested = set(prepared.test.rows.tolist())
    assert len(tested) > 10
    assert sorted({*rows, *tested}) == list(range(ROWS))
    assert not tested & set(rows)
    accuracy = next(score for score in end.summary.scores if score.name == "accuracy")
    assert accuracy.values == tuple(each.metrics["accuracy"] for each in runs)
    assert accuracy.mean == pytest.approx(whole.score("accuracy"), abs=0.02)

    validated = drain(run.evaluate(None, project, runs[1].id, "validation", intervals=False))
    place = np.searchsorted(whole.predictions.rows, validated.predictions.rows)
    np.testing.assert_allclose(whole.predictions.scores[place], validated.predictions.scores)

    assert whole.doubts is not None
    assert whole.doubts.looked_at == len(rows)
    given = np.take_along_axis(
        whole.predictions.scores, whole.predictions.truth[:, None], axis=1
    ).ravel()
    planted = {5, 40} - tested
    assert planted
    assert set(np.array(rows)[np.argsort(given)[: len(planted)]].tolist()) == planted


def test_what_is_finished_stays_and_the_rest_goes_on_to_the_same_numbers(
    project: Project, tmp_path: Path
) -> None:
    whole = told(cross_validation.cross_validate(project, None, Control(), folds=FOLDS))[-1]
    control = Control()
    events, at = [], 0
    for event in cross_validation.cross_validate(project, None, control, folds=FOLDS):
        events.append(event)
        at = event.fold if isinstance(event, FoldStarted) else at
        if at == 2 and isinstance(event, EpochEnd) and event.epoch == 3:
            control.stop(interrupt=True)
    end = events[-1]
    assert isinstance(end, FoldsEnd)
    assert (end.status, list(end.summary.runs)) == ("interrupted", [1])
    assert end.summary.scores[0].low is None
    kept = run.store(None, project)
    first, second = kept.series(end.summary.series)
    assert second.status == "interrupted"

    held_out_file = kept.path(first.id) / held_out.FILE
    held_out_file.unlink()  # as if the program had ended just before
    moved = (tmp_path / "flowers.csv").rename(tmp_path / "elsewhere.csv")
    project = project.changed(data=project.data.changed(path=str(moved)))
    again = told(cross_validation.resume(project, None, second.id, Control()))
    assert next(event.run for event in again if isinstance(event, RunEnd)) == second.id
    assert held_out_file.exists()
    assert again[-1].summary.complete
    assert again[-1].summary.scores == whole.summary.scores
    assert len(kept.list()) == 2 * FOLDS


def test_folds_that_are_none_are_refused(project: Project, tmp_path: Path) -> None:
    def refused(project: Project, folds: int) -> Generator[Any, None, Any]:
        return cross_validation.cross_validate(project, None, Control(), folds=folds)

    frame = pl.read_csv(tmp_path / "flowers.csv")
    part = np.resize(["train", "train", "validation"], ROWS)
    frame.with_columns(part=part).write_csv(tmp_path / "flowers.csv")
    parted = projects.new_project(tmp_path / "flowers.csv", target="flower").project
    with pytest.raises(DataError, match="the same in every fold"):
        drain(refused(changed_split(parted, method="column", by="part"), 2))
    seen: list[Any] = []
    with pytest.raises(DataError, match=r"2 groups of batch: too few for 4 folds. Take 2 folds"):
        seen.extend(refused(changed_split(project, method="group", by="batch", test=0.0), 4))
    assert not any(isinstance(event, FoldStarted) for event in seen)
    assert run.store(None, project).list() == ()


def test_a_run_alone_and_changed_data_do_not_go_on(project: Project, tmp_path: Path) -> None:
    small = project.changed(training=project.training.changed(epochs=1))
    alone = told(run.train(small, None, Control()))[-1].run
    with pytest.raises(RunError, match="not one of several folds"):
        drain(cross_validation.resume(small, None, alone, Control()))
    control = Control()
    for event in cross_validation.cross_validate(small, None, control, folds=2):
        if isinstance(event, RunEnd):
            control.stop()
    kept = run.store(None, small)
    (first,) = kept.series(event.summary.series)
    last = kept.last_finished()
    assert last is not None
    assert last.id == alone, "what is used unasked was trained on all training rows"
    with (tmp_path / "flowers.csv").open("a", encoding="utf-8") as file:
        file.write("1.0,a,iris\n")
    with pytest.raises(RunError, match="data has changed since the first fold"):
        drain(cross_validation.resume(small, None, first.id, Control()))


def test_a_stop_before_the_first_run_leaves_nothing(project: Project) -> None:
    control = Control()
    control.stop()
    (end,) = told(cross_validation.cross_validate(project, None, control, folds=FOLDS))
    assert (end.status, end.summary.runs, end.summary.scores) == ("stopped", {}, ())


def info(number: int, of: int, **metrics: float) -> RunInfo:
    return RunInfo(
        str(number), number, "", "finished", 0.0, 1.0, 5, 3, metrics, 1, "", "", "",
        Fold("s", number, of),
    )  # fmt: skip


def test_mean_spread_and_an_interval_that_allows_for_shared_rows() -> None:
    values = (0.80, 0.84, 0.79, 0.85, 0.82)
    runs = [info(n, 5, accuracy=value, loss=0.4) for n, value in enumerate(values, start=1)]
    accuracy, loss = cross_validation.summarise("s", 5, runs).scores
    assert accuracy.mean == pytest.approx(0.82)
    assert accuracy.sd == pytest.approx(0.0254951, rel=1e-5)
    reach = 2.776445 * 0.0254951 * (1 / 5 + 1 / 4) ** 0.5
    assert (accuracy.low, accuracy.high) == pytest.approx((0.82 - reach, 0.82 + reach), rel=1e-5)
    assert (loss.low, loss.high) == (0.4, 0.4)
    assert cross_validation.summarise("s", 5, runs, by_time=True).scores[0].low is None
    some = cross_validation.summarise("s", 5, [*runs[:2], replace(runs[2], status="stopped")])
    assert (list(some.runs), some.scores[0].low) == ([1, 2], None)
    assert "2 of 5 folds" in some.notes[0]


def test_folds_that_met_other_classes_are_put_together() -> None:
    def part(classes: tuple[str, ...], truth: list[int], rows: list[int]) -> Predictions:
        scores = np.eye(len(classes))[truth]
        kind = "binary" if len(classes) == 2 else "classes"
        return Predictions(kind, classes, np.array(truth), scores, np.array(rows), {"gone": 1})

    first = part(("ash", "cedar"), [1, 0, -1], [4, 0, 2])
    whole = held_out.pooled([first, part(("ash", "birch", "cedar"), [1, 2], [3, 1])])
    assert (whole.kind, whole.classes) == ("classes", ("ash", "birch", "cedar"))
    assert whole.rows.tolist() == [0, 1, 2, 3, 4]
    assert whole.truth.tolist() == [0, 2, -1, 1, 2]
    assert whole.scores[4].tolist() == [0, 0, 1]
    assert whole.unscored == {"gone": 2}


def test_an_index_of_before_there_were_folds_is_read_and_grows(
    project: Project, tmp_path: Path
) -> None:
    store = RunStore(tmp_path / "old.runs")
    with store.connect() as db:
        db.execute(
            "INSERT INTO runs (id, number, name, status, started, parameters, data_key,"
            " network_key) VALUES ('x', 1, 'Old', 'finished', 0, 1, '', '')"
        )
    db.close()
    with pytest.raises(sqlite3.OperationalError), store.connect() as db:
        db.execute("SELECT series FROM runs")
    db.close()
    assert store.list()[0].fold is None
    with store.create(cross_validation.as_fold(project, 2, 3), "{}", parameters=1, series="s"):
        pass
    assert [each.fold for each in store.list()] == [None, Fold("s", 2, 3)]
