from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from modelstudio.engine.events import EpochEnd
from modelstudio.engine.results import Evaluation, Fold, RunInfo
from modelstudio.errors import RunError
from modelstudio.project.model import Project
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.evaluate import EvaluatePage
from modelstudio.ui.pages.evaluate.looks import count_look, looks
from modelstudio.ui.pages.evaluate.mistakes import SourceRows
from modelstudio.ui.pages.evaluate.scored import KEPT, Known
from modelstudio.ui.widgets import ConfirmDialog


def settle(page: EvaluatePage, qtbot: QtBot) -> None:
    with qtbot.waitSignal(page.job.finished, timeout=20_000):
        page.shown()


def test_without_a_run_the_page_leads_to_training(window: MainWindow, churn: Project) -> None:
    window.document.new(churn)
    window.go("evaluate")
    page = window.page("evaluate")
    assert page.empty.isVisible()
    page.empty.triggered.emit()
    assert window.page_id == "train"


def test_scores_matrix_curves_and_rows_are_filled(page: EvaluatePage, qtbot: QtBot) -> None:
    settle(page, qtbot)
    evaluation, rows = page._known[(page.header.run_id, "validation")]
    assert page.scores.value("accuracy") == f"{100 * evaluation.score('accuracy'):.1f} %"
    assert page.classes.matrix.counts.sum() == 300
    assert page.classes.roc.threshold == 0.5
    assert "tenure" in rows.names
    assert page.header.part.segment("validation").text() == "Validation · 300"


def test_looks_at_the_test_rows_are_counted_and_the_second_is_asked(
    page: EvaluatePage, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(page, qtbot)
    project = window.document.project
    assert page.header.looks.isHidden()
    with qtbot.waitSignal(page.job.finished, timeout=20_000):
        page.header.part.segment("test").click()
    assert looks(project.id) == 1
    assert "1 time" in page.header.looks.text()
    page.header.part.segment("validation").click()
    page.header.part.segment("test").click()
    assert looks(project.id) == 1
    page._known.clear()
    page.header.part.segment("validation").click()
    asked = []
    monkeypatch.setattr(ConfirmDialog, "ask", classmethod(lambda *a, **k: asked.append(1)))
    page.header.part.segment("test").click()
    assert asked
    assert page.header.part.value == "validation"
    assert looks(project.id) == 1


def test_the_scores_follow_the_ring(page: EvaluatePage, qtbot: QtBot) -> None:
    settle(page, qtbot)
    before = page.scores.value("recall")
    page.classes.roc.set_threshold(0.9)
    assert page.scores.value("recall") == f"{100 * page.classes.roc.outcome.recall:.1f} %"
    assert page.scores.value("recall") != before
    page.classes.roc.set_threshold(0.5)
    assert page.scores.value("recall") == before


def test_a_threshold_is_kept_with_the_run_and_undo_brings_the_old_one_back(
    page: EvaluatePage, window: MainWindow, qtbot: QtBot
) -> None:
    settle(page, qtbot)
    page.classes.roc.set_threshold(0.3)
    with qtbot.waitSignal(page.job.finished, timeout=20_000):
        page.classes.roc.use.click()
    store, run_id = page._store(), page.header.run_id
    assert store.decision(run_id).threshold == 0.3
    evaluation = page._known[(run_id, "validation")][0]
    assert evaluation.threshold == 0.3
    with qtbot.waitSignal(page.job.finished, timeout=20_000):
        window.toasts.shown[-1].action.click()
    assert store.decision(run_id).threshold == 0.5
    assert page.classes.roc.threshold == 0.5


def test_a_run_that_cannot_be_scored_says_why(
    page: EvaluatePage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluate(*_: Any, **__: Any) -> Iterator[object]:
        raise RunError("The weights are damaged.", fix="Train again.")
        yield

    monkeypatch.setattr("modelstudio.engine.run.evaluate", evaluate)
    with qtbot.waitSignal(page.job.failed, timeout=20_000):
        page.shown()
    assert page.banner.isVisible()
    assert "damaged" in page.banner.text()
    assert page.stopped.isVisible()


def test_while_torch_is_loaded_the_page_says_so_at_once(page: EvaluatePage, qtbot: QtBot) -> None:
    assert not page.main.torch_ready
    page.shown()
    assert page._progress.isVisible()
    assert "PyTorch is being loaded" in page._progress._detail.text()
    qtbot.waitUntil(page.scores.isVisible)


def test_while_scores_are_computed_the_page_says_so_and_it_can_be_stopped(
    page: EvaluatePage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page.main, "torch_ready", True)
    release = threading.Event()

    def evaluate(*_: object) -> Generator[object, None, None]:
        release.wait(10)
        yield

    with monkeypatch.context() as patch:
        patch.setattr("modelstudio.engine.run.evaluate", evaluate)
        page.shown()
        assert not page.empty.isVisible()
        assert not page._progress.isVisible()
        qtbot.waitUntil(page._progress.isVisible)
        assert "Scoring run 1 on the validation rows" in page._progress._title.text()
        page._progress.cancel.click()
        release.set()
        qtbot.waitUntil(lambda: not page.jobs.running)
    assert page.stopped.isVisible()
    with qtbot.waitSignal(page.job.finished, timeout=20_000):
        page.stopped.triggered.emit()
    assert page.scores.isVisible()


def test_what_arrives_while_a_person_is_asked_is_not_taken_for_the_test_rows(
    page: EvaluatePage, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    count_look(window.document.project.id)
    validation = (page._store().list()[0].id, "validation")

    def refuse(*_: object, **__: object) -> bool:
        qtbot.waitUntil(lambda: validation in page._known)
        return False

    monkeypatch.setattr(ConfirmDialog, "ask", classmethod(refuse))
    page.shown()
    page.header.part.segment("test").click()
    assert set(page._known) == {validation}
    assert looks(window.document.project.id) == 1
    assert page.header.part.value == "validation"
    assert page.scores.isVisible()
    qtbot.waitUntil(lambda: not page.jobs.running)


def test_scores_of_a_run_that_went_on_are_computed_anew(page: EvaluatePage, qtbot: QtBot) -> None:
    settle(page, qtbot)
    store, run_id = page._store(), page.header.run_id
    page.shown()
    assert not page.job.running
    store.last_file(run_id).write_bytes(b"state")
    with store.take_over(run_id) as writer:
        writer.epoch(EpochEnd(9, 0.5, 0.4, {"accuracy": 0.9}, best=True))
        writer.end("finished")
    settle(page, qtbot)
    assert page.header.run_id == run_id


def test_a_fold_that_ends_later_outdates_the_scores_of_all_folds(
    make_evaluation: Callable[..., Evaluation],
) -> None:
    def fold(number: int, status: str) -> RunInfo:
        return RunInfo(
            f"r{number}",
            number,
            "",
            status,
            0.0,
            1.0,
            3,
            3,
            {},
            1,
            "",
            "",
            "",
            Fold("s", number, 2),
        )

    known, some = Known(), [fold(1, "finished"), fold(2, "stopped")]
    for run, part in (("r1", "folds"), ("r2", "folds")):
        known.keep(replace(make_evaluation(), run=run, part=part), SourceRows())
    known.forget_outdated(some, some)
    assert len(known) == 2
    known.forget_outdated(some, [fold(1, "finished"), fold(2, "finished")])
    assert not known
    for number in range(KEPT + 2):
        known.keep(replace(make_evaluation(), run=f"r{number}"), SourceRows())
    assert [run for run, _ in known] == [f"r{number}" for number in range(2, KEPT + 2)]


def test_a_newer_run_comes_to_the_front(page: EvaluatePage, qtbot: QtBot) -> None:
    settle(page, qtbot)
    store = page._store()
    with store.create(page.document.project, "{}", parameters=3) as writer:
        writer.epoch(EpochEnd(1, 0.9, 0.8, {"accuracy": 0.6}, best=True))
        writer.end("finished")
    store.best_file(writer.run_id).write_bytes(b"weights")
    settle(page, qtbot)
    assert page.header.run_id == writer.run_id


def test_another_project_forgets_the_scores(
    page: EvaluatePage, window: MainWindow, qtbot: QtBot
) -> None:
    settle(page, qtbot)
    window.document.new(Project())
    window.go("evaluate")
    assert page.empty.isVisible()
    assert not page._known
