"""The split bar under the mouse and the keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from modelstudio.engine.results import PartInfo
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.ui.pages.data.split_bar import SplitBar, SplitHandle
from modelstudio.ui.pages.data.split_panel import SplitPanel, agreement
from modelstudio.ui.widgets import ElidedLabel


@pytest.fixture
def bar(qtbot: QtBot) -> SplitBar:
    bar = SplitBar()
    qtbot.addWidget(bar)
    bar.resize(1028, 72)
    bar.set_shares(15, 20)
    bar.show()
    return bar


def drag(handle: SplitHandle, pixels: int) -> None:
    """Press on the handle, move in ten steps, release; the handle moves along under the mouse."""
    bar = handle.parentWidget()
    start = handle.mapToParent(handle.rect().center())
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=handle.rect().center())
    for step in range(1, 11):
        QTest.mouseMove(handle, handle.mapFrom(bar, start + QPoint(pixels * step // 10, 0)))
    end = handle.mapFrom(bar, start + QPoint(pixels, 0))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=end)


def test_dragging_the_first_handle_gives_training_rows_to_validation(
    bar: SplitBar, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(bar.changed) as told:
        drag(bar.handle(0), -100)
    assert bar.shares == (55, 25, 20)
    assert told.args == [25, 20]


def test_dragging_the_second_handle_leaves_training_alone(bar: SplitBar, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bar.changed) as told:
        drag(bar.handle(1), 50)
    assert bar.shares == (65, 20, 15)
    assert told.args == [20, 15]


def test_a_drag_settles_once(bar: SplitBar) -> None:
    moved: list[tuple[int, int]] = []
    settled: list[tuple[int, int]] = []
    bar.moved.connect(lambda *shares: moved.append(shares))
    bar.changed.connect(lambda *shares: settled.append(shares))
    drag(bar.handle(0), -60)
    assert len(moved) > 1
    assert settled == [moved[-1]]


def test_training_keeps_its_least_share(bar: SplitBar) -> None:
    drag(bar.handle(0), -900)
    assert bar.shares == (5, 75, 20)


def test_a_click_changes_nothing(bar: SplitBar) -> None:
    told: list[int] = []
    bar.changed.connect(told.append)
    QTest.mouseClick(bar.handle(0), Qt.MouseButton.LeftButton)
    assert not told


def test_arrow_keys_move_by_one_and_by_five(bar: SplitBar, qtbot: QtBot) -> None:
    qtbot.keyClick(bar.handle(0), Qt.Key.Key_Right)
    assert bar.shares == (66, 14, 20)
    qtbot.keyClick(bar.handle(1), Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert bar.shares == (66, 9, 25)


def test_a_test_file_takes_its_handle_away(bar: SplitBar, qtbot: QtBot) -> None:
    bar.set_shares(15, 20, "later.csv")
    assert bar.handle(1).isHidden()
    assert bar.shares == (85, 15, 0)
    qtbot.keyClick(bar.handle(0), Qt.Key.Key_Left)
    assert bar.shares == (84, 16, 0)


def test_parts_lie_beside_each_other(bar: SplitBar) -> None:
    rects = [bar.rect_of(part) for part in ("train", "validation", "test")]
    assert rects[0].right() < rects[1].left() < rects[1].right() < rects[2].left()
    assert rects[2].right() == pytest.approx(bar.width())
    assert rects[0].width() == pytest.approx(10 * 65)


def part(name: str, yes: int, no: int) -> PartInfo:
    return PartInfo(name, yes + no, {"no": no, "yes": yes})


def test_where_the_data_tells_the_parts_their_rows_tell_the_shares(bar: SplitBar) -> None:
    bar.set_shares(15, 20, movable=(False, False))
    assert not any(bar.handle(index).isVisible() for index in range(2))
    rows = {"train": 80, "validation": 10, "test": 10}
    bar.set_parts([PartInfo(part, count, {}) for part, count in rows.items()])
    assert bar.shares == (80, 10, 10)
    bar.set_shares(15, 20, "more.csv", (False, False))
    assert bar.shares == (89, 11, 0)


def test_folds_leave_the_test_part_to_the_handle(qtbot: QtBot) -> None:
    panel = SplitPanel()
    qtbot.addWidget(panel)
    panel.resize(1200, 148)
    panel.show()
    panel.set_data(DataConfig(split=SplitConfig(folds=4, test=0.2)))
    assert panel.bar.shares == (60, 20, 20)
    assert not panel.bar.handle(0).isVisible()
    with qtbot.waitSignal(panel.edited) as told:
        QTest.keyClick(panel.bar.handle(1), Qt.Key.Key_Left)
    assert told.args[0] == SplitConfig(folds=4, test=0.21)


def test_a_part_without_rows_is_told_before_class_shares(qtbot: QtBot) -> None:
    panel = SplitPanel()
    qtbot.addWidget(panel)
    panel.set_data(DataConfig(split=SplitConfig(method="time", by="day")))
    panel.set_parts([part("train", 5, 5), part("validation", 0, 0), part("test", 5, 5)])
    told = [each.full_text() for each in panel.findChildren(ElidedLabel)]
    assert any(text.startswith("No rows validate: day has too few") for text in told)


def test_alike_shares_agree() -> None:
    text, good = agreement([part("train", 300, 700), part("test", 30, 70)])
    assert good
    assert text == "Class shares agree within 1 point"


def test_drifting_shares_are_a_warning() -> None:
    text, good = agreement([part("train", 300, 700), part("test", 35, 65)])
    assert not good
    assert text == "Class shares differ by 5 points"


def test_nothing_is_said_of_a_target_without_classes() -> None:
    assert agreement([PartInfo("train", 10, {}), PartInfo("test", 5, {})]) == ("", True)
