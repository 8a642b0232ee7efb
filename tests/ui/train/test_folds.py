"""All folds from the Train page: one after another, stopped and gone on with, told together."""

from __future__ import annotations

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from modelstudio.engine.events import EpochEnd, FoldsEnd, FoldStarted, RunEnd, RunStarted
from modelstudio.engine.results import FoldSummary
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.train import TrainPage

OpenPage = Callable[..., TrainPage]


def test_folds_run_in_turn_and_are_told_together(
    open_page: OpenPage, window: MainWindow, qtbot: QtBot
) -> None:
    page = open_page(epochs=2)
    page.settings.folds.setValue(2)
    assert page.settings.train_folds.text() == "Train all 2 folds"
    told: list[str] = []
    window.run_controller.progress.connect(lambda share, text: told.append(text))
    with qtbot.waitSignal(window.run_controller.finished, timeout=60_000):
        page.settings.train_folds.click()
        assert not page.settings.train_folds.isEnabled()
    qtbot.waitUntil(lambda: len(page.runs.model.runs) == 2)
    names = [run.name for run in page.runs.model.runs]
    assert names == ["Fold 2 of 2", "Fold 1 of 2"]
    assert any(text.startswith("fold 1 of 2 · ") for text in told)
    assert page.runs.model.shown == {run.id for run in page.runs.model.runs}
    assert page.runs.model.stale == frozenset()
    for run in page.runs.model.runs:
        assert page._history(run).epochs == 2
    rows = [[part.full_text() for part in parts] for parts in page.runs._details._rows]
    assert rows[0] == ["", "Mean ± SD", "Fold 2"]
    assert "±" in next(row[1] for row in rows if row[0] == "Accuracy")
    assert "too good" in page.runs._details._foot.text()
    assert window.toasts.shown[-1].title == "2 folds finished"
    page.tabs.events.show_new()
    assert "±" in page.tabs.events.index(0).data()
    assert page.settings.train_folds.isEnabled()


def test_events_of_two_folds_in_one_list_go_to_their_own_runs(
    open_page: OpenPage, window: MainWindow
) -> None:
    page, controller = open_page(), window.run_controller

    def fold(number: int) -> list[object]:
        return [
            FoldStarted("s", number, 2),
            RunStarted(f"r{number}", number, 5, 1, 9, 3, "cpu", 1, 7),
            EpochEnd(1, 0.5, number / 10),
            RunEnd(f"r{number}", "finished", 1, 1),
        ]

    controller._receive([*fold(1), *fold(2)])
    losses = [page._curves[run].validation["loss"].last for run in ("r1", "r2")]
    assert losses == [0.1, 0.2]
    controller._receive([FoldsEnd(FoldSummary("s", 2, {1: "r1"}, ()), "stopped")])
    controller._finish()
    assert window.toasts.shown[-1].title == "Stopped with 1 of 2 folds finished"


def test_a_number_of_folds_that_was_typed_stays_until_the_split_has_another(
    open_page: OpenPage, window: MainWindow
) -> None:
    page, document = open_page(epochs=2), window.document

    def split(folds: int) -> None:
        data = document.project.data
        changed = data.changed(split=data.split.changed(folds=folds))
        training = document.project.training.changed(epochs=folds)
        document.edit("split", document.project.changed(data=changed, training=training))

    split(4)
    assert page.settings.folds.value() == 4
    page.settings.folds.setValue(7)
    page.settings.editor("epochs").setValue(9)
    assert document.project.training.epochs == 9
    assert page.settings.folds.value() == 7
    split(3)
    assert page.settings.folds.value() == 3
