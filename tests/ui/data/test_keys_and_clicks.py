"""Verbs of the Data page by key and by click, each with its undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from modelstudio.recipe.fields import FieldSpec
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data import DataPage

Settle = Callable[[DataPage], None]


@pytest.fixture
def active(page: DataPage, window: MainWindow, qtbot: QtBot) -> DataPage:
    """Return the page in the window that has the keyboard."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    return page


def test_tab_goes_through_the_page_as_it_is_read(
    active: DataPage, window: MainWindow, engine: Any, settle: Settle, qtbot: QtBot
) -> None:
    page = active
    engine.findings = (engine.finding("fare is skewed", "warning", "fare"),)
    page.commands.set_role(["note"], "feature")
    settle(page)
    page.recipe.select(1)
    page.columns.search_button.setFocus()
    seen: list[str] = []
    while (name := window.focusWidget().objectName()) not in seen:
        seen.append(name)
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    wanted = [
        "data.columns.find",
        "data.columns.table",
        "data.preview.mode.raw",
        "data.check1",
        "data.table",
        "data.side.recipe",
        "data.add_step_button",
        "data.step1",
        "data.step2",
        "data.step2.form.method",
        "data.step3",
        "data.inputs.see",
        "data.split.more",
        "data.seed",
    ]
    assert [name for name in seen if name in wanted] == wanted
    assert "" not in seen


def test_steps_are_walked_unfolded_and_switched_by_key(
    active: DataPage, window: MainWindow, qtbot: QtBot
) -> None:
    cards = active.recipe.cards
    cards[0].setFocus()
    qtbot.keyClick(cards[0], Qt.Key.Key_Down)
    assert cards[1].hasFocus()
    qtbot.keyClick(cards[1], Qt.Key.Key_Return)
    assert active.recipe.open_step == 1
    assert active.preview.upto == 2
    qtbot.keyClick(cards[1], Qt.Key.Key_Up)
    assert cards[0].hasFocus()
    qtbot.keyClick(cards[0], Qt.Key.Key_Space)
    assert not active.data.recipe[0].enabled
    active.document.undo()
    assert active.data.recipe[0].enabled
    assert cards[0].switch.isChecked()


def test_the_preview_is_raw_or_final(page: DataPage, engine: Any, settle: Settle) -> None:
    page.preview.mode.segment("final").click()
    settle(page)
    assert engine.asked[-1][0] is None
    page.preview.mode.segment("raw").click()
    settle(page)
    assert engine.asked[-1][0] == 0


def test_changes_are_marked_until_the_box_is_cleared(page: DataPage) -> None:
    assert page.preview.view.painter.marking
    page.preview.mark.click()
    assert not page.preview.view.painter.marking
    page.preview.mark.click()
    assert page.preview.view.painter.marking


def test_the_split_is_stratified_and_seeded(page: DataPage, settle: Settle) -> None:
    page.split.stratify.click()
    assert not page.data.split.stratify
    page.split.seed.setValue(7)
    assert page.data.split.seed == 7
    assert page.document.undo_label == "Set split seed"
    page.document.undo()
    assert (page.data.split.seed, page.split.seed.value()) == (0, 0)
    page.document.undo()
    assert page.data.split.stratify
    assert page.split.stratify.isChecked()


def test_a_test_file_is_let_go_of(page: DataPage, tmp_path: Path) -> None:
    page.commands.set_test_file(tmp_path / "more.csv")
    assert page.split._file.full_text() == "more.csv"
    page.split._forget.click()
    assert page.data.split.test_path is None
    page.document.undo()
    assert page.data.split.test_path is not None


def test_a_number_to_predict_is_scaled_in_another_way(page: DataPage) -> None:
    value = FieldSpec(name="fare", role="target", kind="value", shape=())
    page.recipe.target.set_fields((value,))
    box = page.recipe.target.scaling
    at = box.findData("none")
    box.setCurrentIndex(at)
    box.activated.emit(at)
    assert page.data.target_scaling == "none"
    page.document.undo()
    assert (page.data.target_scaling, box.currentData()) == ("auto", "auto")


def test_the_promise_explains_itself(page: DataPage) -> None:
    why = page.recipe.findChild(QToolButton, "data.fitted_band.why")
    told = page.recipe.findChild(QLabel, "data.fitted_band.text")
    why.click()
    assert told.isVisible()
    why.click()
    assert not told.isVisible()


def test_the_search_opens_and_lets_go(active: DataPage, qtbot: QtBot) -> None:
    columns = active.columns
    columns.search_button.click()
    assert columns.search.hasFocus()
    QTest.keyClicks(columns.search, "far")
    assert columns.header._detail.text() == "1 of 5"
    columns.search_button.click()
    assert (columns.proxy.rowCount(), columns.search.isVisible()) == (5, False)


def test_a_column_is_shown_from_its_check(page: DataPage, engine: Any, settle: Settle) -> None:
    engine.findings = (engine.finding("survived is rare", "warning", "survived"),)
    page.commands.set_role(["note"], "feature")
    settle(page)
    page.preview.checks.tags[0].click()
    page.evidence.findChild(QPushButton, "data.evidence.show").click()
    assert page.columns.selected_names() == ["survived"]


def test_panels_are_hidden_and_shown_by_key(
    active: DataPage, window: MainWindow, qtbot: QtBot
) -> None:
    control, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
    for key, held, panel in (
        (Qt.Key.Key_B, control, active.columns),
        (Qt.Key.Key_J, control, active.split),
        (Qt.Key.Key_B, control | alt, active.recipe),
    ):
        qtbot.keyClick(window, key, held)
        assert not panel.isVisible()
        qtbot.keyClick(window, key, held)
        assert panel.isVisible()


def test_a_profile_is_opened_by_key_and_the_order_stays(
    active: DataPage, engine: Any, settle: Settle, qtbot: QtBot
) -> None:
    preview = active.preview
    preview.view.sort_wanted.emit("fare")
    settle(active)
    preview.show_row(3, "age")
    preview.view.sort_wanted.emit("fare")
    settle(active)
    qtbot.keyClick(preview.view, Qt.Key.Key_Return)
    assert preview._profile is not None
    assert preview._profile.accessibleName() == "Profile of age"
    settle(active)
    assert engine.asked[-1][3] == ("fare", False)


def test_the_menu_of_the_table_sorts_and_opens_the_profile(
    page: DataPage, engine: Any, settle: Settle
) -> None:
    wanted = []
    page.preview.view.menu_wanted.disconnect()
    page.preview.view.menu_wanted.connect(lambda name, at: wanted.append(name))
    header = page.preview.view.header
    place = page.preview.model.columns.index("fare")
    header.customContextMenuRequested.emit(QPoint(header.sectionViewportPosition(place) + 5, 5))
    page.preview.view.setCurrentIndex(page.preview.model.index(2, place))
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint())
    QApplication.sendEvent(page.preview.view.viewport(), event)
    assert wanted == ["fare", "fare"]
    actions = {action.text(): action for action in page.preview.menu("fare").actions()}
    actions["Largest first"].trigger()
    settle(page)
    assert engine.asked[-1][3] == ("fare", True)
    again = {action.text(): action for action in page.preview.menu("fare").actions()}
    assert again["Largest first"].isChecked()
    again["Order of the file"].trigger()
    settle(page)
    assert engine.asked[-1][3] is None
    again["Column profile"].trigger()
    assert page.preview._profile is not None


def test_undo_leaves_the_keyboard_at_the_step(active: DataPage, qtbot: QtBot) -> None:
    alt = Qt.KeyboardModifier.AltModifier
    active.recipe.cards[2].setFocus()
    qtbot.keyClick(active.recipe.cards[2], Qt.Key.Key_Up, alt)
    assert active.recipe.cards[1].hasFocus()
    active.document.undo()
    assert active.recipe.cards[1].hasFocus()
