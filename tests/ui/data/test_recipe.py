"""The recipe panel: add, change, reorder, switch off and delete steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from modelstudio.errors import DataError
from modelstudio.recipe.steps import ClipOutliers, FilterRows, Standardise
from modelstudio.ui.pages.data import DataPage

Settle = Callable[[DataPage], None]


def names(page: DataPage) -> list[str]:
    return [step.type_name for step in page.data.recipe]


def test_effects_stand_behind_the_steps(page: DataPage) -> None:
    tags = [card.effect.text() for card in page.recipe.cards]
    assert tags == ["0 rows", "177 cells", "0 cells", "+2 columns"]
    assert page.recipe.cards[0].effect.property("tag") == "neutral"
    assert page.recipe.cards[1].effect.property("tag") == "accent"


def test_a_click_unfolds_a_step_and_another_folds_it(page: DataPage) -> None:
    title = page.recipe.cards[2].title
    QTest.mouseClick(title, Qt.MouseButton.LeftButton)
    assert page.recipe.open_step == 2
    assert page.recipe.cards[2].form.isVisible()
    QTest.mouseClick(title, Qt.MouseButton.LeftButton)
    assert page.recipe.open_step is None


def test_a_opens_the_list_and_enter_adds(page: DataPage, qtbot: QtBot) -> None:
    page.window().activateWindow()
    page.columns.table.setFocus()
    qtbot.waitUntil(page.columns.table.hasFocus)
    qtbot.keyClick(page.columns.table, Qt.Key.Key_A)
    popup = page.recipe.popup
    qtbot.waitUntil(popup.isVisible)
    qtbot.keyClicks(popup.search, "mean 0")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert not popup.isVisible()
    assert names(page) == [
        "DropDuplicates",
        "FillMissing",
        "ClipOutliers",
        "Standardise",
        "OneHot",
    ]
    assert page.recipe.open_step == 3
    assert page.recipe.cards[3].is_open


def test_a_step_without_fitting_column_cannot_be_chosen(page: DataPage) -> None:
    page.commands.set_role(["port"], "ignored")
    page.recipe.open_popup()
    popup = page.recipe.popup
    items = {popup.list.item(at).text(): popup.list.item(at) for at in range(popup.list.count())}
    popup.close()
    ordinal = next(item for text, item in items.items() if text.startswith("Ordinal"))
    assert not ordinal.flags() & Qt.ItemFlag.ItemIsEnabled
    assert ordinal.toolTip() == "No feature is of the kind category"


def test_the_form_edits_the_step_and_keeps_its_focus(page: DataPage, settle: Settle) -> None:
    page.recipe.select(2)
    editor = page.recipe.cards[2].form.editor("factor")
    for text in ("2", "3"):
        editor.setText(text)
        editor.editingFinished.emit()
    settle(page)
    assert page.data.recipe[2] == ClipOutliers(columns=("fare",), factor=3)
    assert page.recipe.cards[2].form.editor("factor") is editor
    page.document.undo()
    assert page.data.recipe[2] == ClipOutliers(columns=("fare",))
    assert editor.text() == "1.5"


def test_a_refused_value_changes_nothing(page: DataPage) -> None:
    page.recipe.select(2)
    form = page.recipe.cards[2].form
    form.editor("factor").setText("-1")
    form.editor("factor").editingFinished.emit()
    assert form.error("factor") == "More than 0 and at most 100."
    assert page.data.recipe[2].factor == 1.5


def test_the_columns_of_a_step_are_ticked(page: DataPage) -> None:
    page.commands.add_step(Standardise())
    place = page.recipe.open_step
    button = page.recipe.cards[place].findChild(QPushButton, f"data.step{place + 1}.form.columns")
    assert button.text() == "All that fit (2)"
    button.click()
    popup = page.window().findChild(QWidget, f"data.step{place + 1}.form.columns.popup")
    popup.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    popup.close()
    assert page.data.recipe[place].columns == ("fare",)
    assert button.text() == "fare"


def test_what_is_wrong_in_a_field_stays_in_sight_after_enter(
    page: DataPage, qtbot: QtBot, settle: Settle
) -> None:
    page.commands.add_step(FilterRows())
    settle(page)
    place = page.recipe.open_step
    card = page.recipe.cards[place]
    field = card.findChild(QLineEdit, f"data.step{place + 1}.form.condition")
    field.setFocus()
    qtbot.keyClicks(field, "fare >>> 3")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert page.recipe.open_step == place
    assert page.data.recipe[place].condition == ""
    said = card.findChild(QLabel, f"{field.objectName()}.error")
    qtbot.waitUntil(lambda: said.isVisible() and said.height() >= said.heightForWidth(said.width()))
    page.recipe.list.layout().activate()
    assert card.height() >= card.heightForWidth(card.width())


def test_the_switch_turns_a_step_off(page: DataPage, settle: Settle) -> None:
    page.recipe.cards[1].switch.click()
    settle(page)
    assert not page.data.recipe[1].enabled
    assert page.recipe.cards[1].effect.text() == "Off"
    assert page.document.undo_label == "Switch off Fill missing"


def test_alt_arrows_reorder(page: DataPage, qtbot: QtBot) -> None:
    qtbot.keyClick(page.recipe.cards[2], Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert names(page) == ["DropDuplicates", "ClipOutliers", "FillMissing", "OneHot"]
    assert page.recipe.open_step == 1


def test_an_impossible_order_is_refused_with_the_reason(page: DataPage, qtbot: QtBot) -> None:
    before = page.document.project
    qtbot.keyClick(page.recipe.cards[0], Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert page.document.project is before
    assert "before the split" in page.toasts.shown[-1].accessibleName()


@pytest.mark.parametrize(("source", "target"), [(1, 3), (3, 1)])
def test_dragging_the_grip_reorders(page: DataPage, source: int, target: int) -> None:
    steps = list(page.data.recipe)
    steps.insert(target, steps.pop(source))
    card = page.recipe.cards[source]
    grip = card._grip
    over = page.recipe.cards[target].geometry()
    below = target > source
    end = QPoint(10, over.center().y() + (6 if below else -6))
    QTest.mousePress(grip, Qt.MouseButton.LeftButton)
    for part in range(1, 5):
        start = grip.mapTo(page.recipe.list, QPoint(5, 5))
        QTest.mouseMove(grip, grip.mapFrom(page.recipe.list, start + (end - start) * (part / 4)))
    assert page.recipe.list._line.isVisible()
    QTest.mouseRelease(grip, Qt.MouseButton.LeftButton, pos=grip.mapFrom(page.recipe.list, end))
    assert list(page.data.recipe) == steps
    assert not page.recipe.list._line.isVisible()


def test_deleting_offers_undo(page: DataPage, qtbot: QtBot, settle: Settle) -> None:
    qtbot.keyClick(page.recipe.cards[1], Qt.Key.Key_Delete)
    assert names(page) == ["DropDuplicates", "ClipOutliers", "OneHot"]
    settle(page)
    toast = page.toasts.shown[-1]
    assert toast.title == "Fill missing deleted"
    toast.action.click()
    assert names(page) == ["DropDuplicates", "FillMissing", "ClipOutliers", "OneHot"]


def test_the_delete_button_stands_in_the_form(page: DataPage) -> None:
    page.recipe.select(2)
    page.recipe.cards[2].findChild(QToolButton, "data.step3.delete").click()
    assert "ClipOutliers" not in names(page)
    assert page.recipe.open_step is None


def test_undo_of_an_added_step_folds_its_form(page: DataPage) -> None:
    page.commands.add_step(Standardise())
    page.document.undo()
    assert page.recipe.open_step is None
    assert page.preview.mode.value != "step"


def test_a_step_that_fails_says_so_and_can_be_switched_off(
    page: DataPage, engine: Any, settle: Settle
) -> None:
    engine.error = DataError("Clip outliers found no number in fare.")
    engine.error.step = 2
    page.commands.set_role(["note"], "feature")
    settle(page)
    card = page.recipe.cards[2]
    button = card.findChild(QPushButton, "data.step3.switch_off")
    assert button.isVisible()
    assert page.recipe.cards[3].effect.text() == "waits"
    engine.error = None
    button.click()
    settle(page)
    assert not page.data.recipe[2].enabled
    assert not button.isVisible()


def test_the_inputs_are_counted(page: DataPage) -> None:
    assert page.recipe._inputs.text() == "5 inputs reach the network"


def test_every_control_has_an_accessible_name(page: DataPage) -> None:
    page.recipe.select(2)
    nameless = [
        child.objectName()
        for kind in (QPushButton, QToolButton)
        for child in page.findChildren(kind)
        if child.isVisibleTo(page) and child.objectName() and not child.accessibleName()
    ]
    assert not nameless
