from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QStyle, QStyleOptionComboBox
from pytestqt.qtbot import QtBot

from modelstudio.engine import run as engine
from modelstudio.engine.events import BatchEnd, EpochEnd, RunStarted
from modelstudio.project.training import SGD, Constant
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.train import TrainPage
from modelstudio.ui.pages.train.runs import NAME, SHOW
from modelstudio.ui.run_controller import RunController
from modelstudio.ui.theme import themes

OpenPage = Callable[..., TrainPage]


def finish(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.run_controller.finished, timeout=60_000):
        window.actions_["train.start"].trigger()


def test_without_runs_the_page_says_how_to_begin(open_page: OpenPage) -> None:
    page = open_page()
    assert page.curves.empty.isVisible()
    assert page.runs.empty.isVisible()
    assert not page.runs.evaluate.isEnabled()


def test_a_run_draws_its_curves_and_stands_in_the_list(
    open_page: OpenPage, window: MainWindow, qtbot: QtBot
) -> None:
    page = open_page(epochs=6)
    finish(qtbot, window)
    qtbot.waitUntil(lambda: len(page.runs.model.runs) == 1)
    run = page.runs.model.runs[0]
    assert run.status == "finished"
    page.curves.redraw()
    curves = page.curves._main[1]
    assert curves.epochs == run.epochs == 6
    assert len(curves.validation["accuracy"]) == 6
    assert page.curves._loss_heading.values()
    assert not page.curves.empty.isVisible()
    assert page.runs.evaluate.isEnabled()
    toast = window.toasts.shown[-1]
    assert toast.title == "Run 1 finished"
    assert page.tabs.events.rowCount() >= 8
    assert window.status.progress_text() == ""


def test_a_run_of_another_process_is_read_from_the_store(
    open_page: OpenPage, window: MainWindow
) -> None:
    page = open_page()
    store, project = page._store(), window.document.project
    with store.create(project, "{}", parameters=3) as writer:
        writer.epoch(EpochEnd(1, 0.9, 0.8, {"accuracy": 0.5}, best=True))
        page._poll()
        assert page.runs.model.runs[0].status == "running"
        assert page.curves._main[1].epochs == 1
        writer.epoch(EpochEnd(2, 0.7, 0.6, {"accuracy": 0.7}, best=True))
        page._poll()
        assert page.curves._main[1].epochs == 2
        writer.end("finished")
        page._poll()
    said = [page.tabs.events.index(at).data() for at in range(page.tabs.events.rowCount())]
    assert said == [
        "Run finished after 2 epochs.",
        "Epoch 2: new best, validation loss 0.600, accuracy 70.0 %",
        "Epoch 1: new best, validation loss 0.800, accuracy 50.0 %",
    ]


def test_only_rows_of_runs_that_changed_are_drawn_again(
    open_page: OpenPage, window: MainWindow
) -> None:
    page = open_page()
    store, project = page._store(), window.document.project
    drawn: list[tuple[int, int]] = []
    page.runs.model.dataChanged.connect(lambda first, last: drawn.append((first.row(), last.row())))
    with store.create(project, "{}", parameters=3) as over:
        over.end("finished")
    with store.create(project, "{}", parameters=3) as writer:
        page._poll()
        drawn.clear()
        writer.epoch(EpochEnd(1, 0.9, 0.8, {"accuracy": 0.5}, best=True))
        page._poll()
        writer.end("finished")
    assert drawn == [(0, 0)]


def test_the_newest_run_is_chosen_whichever_keys_are_held(
    open_page: OpenPage, window: MainWindow
) -> None:
    page = open_page()
    store, project = page._store(), window.document.project
    for _ in range(2):
        with store.create(project, "{}", parameters=3) as writer:
            writer.epoch(EpochEnd(1, 0.9, 0.8, {"accuracy": 0.5}, best=True))
    QTest.keyPress(window, Qt.Key.Key_Control, Qt.KeyboardModifier.ControlModifier)
    page._poll()
    QTest.keyRelease(window, Qt.Key.Key_Control)
    assert page.runs.current().number == 2
    assert not page.curves.empty.isVisible()


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_the_settings_have_room_for_their_choices(
    open_page: OpenPage, window: MainWindow, scale: float
) -> None:
    page = open_page()
    themes().set_mode("dark", scale)
    QApplication.processEvents()
    try:
        for field in ("loss", "optimizer", "schedule"):
            choice = page.settings.family(field).choice
            option = QStyleOptionComboBox()
            choice.initStyleOption(option)
            room = choice.style().subControlRect(
                QStyle.ComplexControl.CC_ComboBox,
                option,
                QStyle.SubControl.SC_ComboBoxEditField,
                choice,
            )
            words = choice.fontMetrics().horizontalAdvance(choice.currentText())
            assert words + 2 <= room.width(), choice.currentText()
    finally:
        themes().set_mode("dark", 1.0)


def test_settings_edit_the_project_and_undo_brings_them_back(
    open_page: OpenPage, window: MainWindow
) -> None:
    page = open_page(epochs=5)
    editor = page.settings.editor("batch_size")
    editor.setValue(128)
    assert window.document.project.training.batch_size == 128
    window.document.undo()
    assert editor.value() == window.document.project.training.batch_size != 128


def test_another_optimizer_comes_with_its_own_fields(
    open_page: OpenPage, window: MainWindow
) -> None:
    page = open_page()
    family = page.settings.family("optimizer")
    index = family.choice.findData(SGD)
    family.choice.setCurrentIndex(index)
    family.choice.activated.emit(index)
    assert isinstance(window.document.project.training.optimizer, SGD)
    assert "momentum" in family.form.fields


def test_while_a_run_goes_on_only_the_learning_rate_can_be_changed(
    open_page: OpenPage, window: MainWindow, qtbot: QtBot
) -> None:
    page = open_page(epochs=100_000, early_stopping=False, schedule=Constant())
    run = window.run_controller
    window.actions_["train.start"].trigger()
    qtbot.waitUntil(lambda: run.state == "running", timeout=60_000)
    assert page.settings.locked
    assert not page.settings.editor("epochs").isEnabled()
    rate = page.settings.family("optimizer").form.editor("lr")
    assert rate.isEnabled()
    rate.setText("0.0123")
    rate.editingFinished.emit()
    curves = page._curves[run.run.run]
    qtbot.waitUntil(lambda: curves.lr.last == 0.0123, timeout=20_000)
    assert window.document.project.training.optimizer.lr != 0.0123
    with qtbot.waitSignal(run.finished, timeout=20_000):
        window.actions_["train.stop"].trigger()
    assert not page.settings.locked
    assert page.settings.editor("epochs").isEnabled()


def two_runs(page: TrainPage, window: MainWindow) -> None:
    store, project = page._store(), window.document.project
    for seed in (0, 1):
        other = project.changed(training=project.training.changed(batch_size=64 + seed))
        with store.create(other, "{}", parameters=3) as writer:
            for epoch in (1, 2, 3):
                loss = 1 / (epoch + seed)
                writer.epoch(EpochEnd(epoch, loss, loss, {"accuracy": 0.5}, best=True))
            writer.end("finished")
    page._poll()


def test_a_box_lays_a_run_over_the_chosen_one(
    open_page: OpenPage, window: MainWindow, qtbot: QtBot
) -> None:
    page = open_page()
    two_runs(page, window)
    view = page.runs.view
    place = view.visualRect(page.runs.model.index(1, SHOW)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert [info.number for info, _ in page.curves._others] == [1]
    page.curves.redraw()
    keys = set(page.curves.loss._items)
    assert any(page.runs.model.runs[1].id in key for key in keys)
    view.setCurrentIndex(page.runs.model.index(1, NAME))
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert not page.runs.model.shown


def test_two_selected_runs_show_where_they_differ(open_page: OpenPage, window: MainWindow) -> None:
    page = open_page()
    two_runs(page, window)
    page.runs.view.selectAll()
    shown = {
        row[0].full_text(): [part.full_text() for part in row[1:]]
        for row in page.runs._details._rows
    }
    assert sorted(shown["Batch size"]) == ["64", "65"]


def test_a_deleted_run_comes_back_by_undo(open_page: OpenPage, window: MainWindow) -> None:
    page = open_page()
    two_runs(page, window)
    page.runs.view.setFocus()
    page.runs.select(page.runs.model.runs[0].id)
    QTest.keyClick(page.runs.view, Qt.Key.Key_Delete)
    assert [run.number for run in page.runs.model.runs] == [1]
    window.toasts.shown[-1].action.click()
    assert [run.number for run in page.runs.model.runs] == [2, 1]


def test_a_run_is_renamed_in_its_row(open_page: OpenPage, window: MainWindow) -> None:
    page = open_page()
    two_runs(page, window)
    index = page.runs.model.index(0, NAME)
    assert page.runs.model.setData(index, "  Wider ", Qt.ItemDataRole.EditRole)
    assert page.runs.model.runs[0].name == "Wider"


def test_a_run_of_other_data_is_marked(open_page: OpenPage, window: MainWindow) -> None:
    page = open_page()
    two_runs(page, window)
    assert not page.runs.model.stale
    project = window.document.project
    split = project.data.split.changed(seed=99)
    window.document.edit("Set seed", project.changed(data=project.data.changed(split=split)))
    assert page.runs.model.stale == {run.id for run in page.runs.model.runs}


def test_settings_of_a_run_are_taken_over(open_page: OpenPage, window: MainWindow) -> None:
    page = open_page()
    two_runs(page, window)
    page.runs.select(page.runs.model.runs[0].id)
    before = window.document.project.training
    page.runs.reuse.click()
    assert window.document.project.training == before.changed(batch_size=65)
    window.toasts.shown[-1].action.click()
    assert window.document.project.training == before


@pytest.mark.qt_log_ignore("plugin does not support", extend=True)  # the offscreen platform
def test_the_menu_of_an_imported_run_trains_from_its_weights(
    open_page: OpenPage, window: MainWindow, qtbot: QtBot
) -> None:
    import torch
    from safetensors.torch import save

    from modelstudio.engine.compile import compile_network
    from modelstudio.engine.trained import load_weights

    page = open_page(epochs=1, optimizer=SGD(lr=1e-8))
    project = window.document.project
    state = compile_network(project.network, project.data.fields).module.state_dict()
    brought = {name: torch.full_like(value, 0.25) for name, value in state.items()}
    store = engine.store(None, project)
    with store.create(project, "{}", parameters=3) as writer:
        writer.write("best.safetensors", save(brought, {"epoch": "0"}))
        writer.end("finished")
    page.shown()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    page.runs._open_menu(QPoint(5, 5))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    (action,) = (a for a in menu.actions() if a.text() == "Train from its weights")
    assert action.isEnabled()
    with qtbot.waitSignal(window.run_controller.finished, timeout=30_000):
        QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    (_, trained) = sorted(store.list(), key=lambda run: run.number)
    assert trained.best_epoch == 1
    for name, value in load_weights(store, trained).items():
        torch.testing.assert_close(value, brought[name], atol=1e-4, rtol=0)


def test_drawing_waits_for_its_turn(open_page: OpenPage, window: MainWindow, qtbot: QtBot) -> None:
    page = open_page()
    run = window.run_controller
    page.curves.redraw()
    run.run = RunStarted("x", 1, 9, 4, 10, 5, "cpu", 1, 3)
    drawn = []
    page.curves.drawn.connect(lambda: drawn.append(1))
    for step in range(50):
        run.events.emit([BatchEnd(step, step / 10, 1.0, 1e-3, 9.0)])
    assert not drawn
    qtbot.waitUntil(lambda: bool(drawn))
    assert len(drawn) == 1
    run.run = None


def test_a_low_window_shows_one_chart_at_a_time(open_page: OpenPage, window: MainWindow) -> None:
    page = open_page()
    assert page.curves.loss.isVisible()
    assert page.curves.score.isVisible()
    window.resize(1440, 720)
    assert page.curves.loss.isVisible()
    assert not page.curves.score.isVisible()
    page.curves.picked.segment("score").click()
    assert page.curves.score.isVisible()
    assert not page.curves.loss.isVisible()


def test_in_a_narrow_window_the_runs_open_over_the_page(
    open_page: OpenPage, window: MainWindow
) -> None:
    page = open_page()
    assert page.runs.isVisible()
    window.resize(1280, 800)
    assert not page.runs.isVisible()
    page._open_runs.click()
    assert page.runs.isVisible()
    assert page.runs.geometry().right() <= page.width()
    window.resize(1440, 900)
    assert page.runs.isVisible()
    assert page._split.indexOf(page.runs) == 2


def test_the_wheel_zooms_and_a_double_click_resets(open_page: OpenPage, window: MainWindow) -> None:
    page = open_page()
    two_runs(page, window)
    page.curves.set_range((1.0, 2.0))
    left, right = page.curves.score.getViewBox().viewRange()[0]
    assert (round(left), round(right)) == (1, 2)
    page.curves.loss.getViewBox().reset.emit()
    assert page.curves.loss.getViewBox().viewRange()[0][0] < 0.5


def test_the_button_of_the_empty_page_trains(
    open_page: OpenPage, window: MainWindow, qtbot: QtBot
) -> None:
    page = open_page(epochs=1)
    run: RunController = window.run_controller
    with qtbot.waitSignal(run.finished, timeout=60_000):
        QTest.mouseClick(
            page.curves.empty.findChild(object, "train.empty.action"),
            Qt.MouseButton.LeftButton,
            pos=QPoint(5, 5),
        )
    assert page.runs.model.runs
