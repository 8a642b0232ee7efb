"""Groups by mouse and keys: made, entered, edited, left, taken apart; My blocks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QTreeWidgetItem,
)
from pytestqt.qtbot import QtBot

from modelstudio.layers import Input, Output
from modelstudio.network.graph import Graph
from modelstudio.network.group import Group, GroupInput, GroupOutput
from modelstudio.network.levels import level
from modelstudio.resources import app_home
from modelstudio.ui.pages.network import NetworkPage
from modelstudio.ui.pages.network.code_view import line_of
from modelstudio.ui.pages.network.my_blocks import MyBlocks, my_blocks
from modelstudio.ui.pages.network.palette_list import layer_mime

CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
Key = Qt.Key


def press(page: NetworkPage, key: Qt.Key, modifiers: Qt.KeyboardModifier | None = None) -> None:
    QTest.keyClick(page.canvas, key, modifiers or Qt.KeyboardModifier.NoModifier)


@pytest.fixture
def first(page: NetworkPage) -> Graph:
    """Return the network as it was opened: a, b, c, d, e in a row."""
    return page.editor.graph


@pytest.fixture
def grouped(page: NetworkPage, hand: Any, first: Graph) -> str:
    """Group conv1 and relu1 by click and Ctrl+G; return the id of the group."""
    page.canvas.setFocus()
    hand.click(hand.block("b"))
    hand.click(hand.block("c"), CTRL)
    press(page, Key.Key_G, CTRL)
    assert page.editor.single is not None
    return page.editor.single.id


def group_of(page: NetworkPage, group_id: str) -> Group:
    layer = page.editor.root.nodes[group_id].layer
    assert isinstance(layer, Group)
    return layer


def undo(page: NetworkPage) -> None:
    page.actions_["edit.undo"].trigger()


def test_ctrl_g_makes_a_group_and_ctrl_shift_g_takes_it_apart(
    page: NetworkPage, first: Graph, grouped: str
) -> None:
    assert page.document.undo_label == "Group 2 blocks"
    assert set(page.editor.graph.nodes) == {"a", grouped, "d", "e"}
    assert {node.name for node in group_of(page, grouped).graph.nodes.values()} == {
        "conv1",
        "relu1",
        "input",
        "output",
    }
    press(page, Key.Key_G, CTRL | SHIFT)
    assert page.editor.selection == {"b", "c"}
    assert set(page.editor.graph.edges) == set(first.edges)
    undo(page)
    undo(page)
    assert page.editor.graph == first


def test_the_toolbar_button_groups_too_and_what_cannot_be_is_refused(
    page: NetworkPage, hand: Any
) -> None:
    hand.click(hand.block("a"))
    group_button = page.findChild(QToolButton, "network.group.button")
    QTest.mouseClick(group_button, Qt.MouseButton.LeftButton)
    assert not any(page.editor.graph.of_type(Group))
    assert "input1 cannot be part of a group" in page.toasts.shown[-1].accessibleName()


def test_a_double_click_enters_and_the_trail_leads_back(
    page: NetworkPage, hand: Any, grouped: str
) -> None:
    assert page.breadcrumb.isHidden()
    place = hand.at(hand.block(grouped))
    QTest.mouseDClick(page.canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert page.editor.path == (grouped,)
    assert set(page.canvas.network_scene.blocks) == set(group_of(page, grouped).graph.nodes)
    assert page.editor.info("b").outputs == (("B", 32, 28, 28),)
    assert page.breadcrumb.isVisible()
    step = page.breadcrumb.findChild(QPushButton, "network.breadcrumb.0")
    assert step.text() == "Network"
    QTest.mouseClick(step, Qt.MouseButton.LeftButton)
    assert page.editor.path == ()
    assert page.editor.selection == {grouped}
    assert page.breadcrumb.isHidden()


@pytest.mark.parametrize("keys", [[Key.Key_Backspace], [Key.Key_Escape, Key.Key_Escape]])
def test_enter_enters_and_keys_leave(page: NetworkPage, grouped: str, keys: list[Qt.Key]) -> None:
    press(page, Key.Key_Return)
    assert page.editor.path == (grouped,)
    page.editor.select(["b"])
    for key in keys:
        press(page, key)
    assert page.editor.path == ()
    assert page.editor.selection == {grouped}


def test_edits_inside_show_outside_and_undo_works_across_levels(
    page: NetworkPage, hand: Any, first: Graph, grouped: str
) -> None:
    press(page, Key.Key_Return)
    page.canvas.fit()
    hand.click(hand.block("b"))
    page.editor.set_field("out_channels", 8)
    assert page.editor.info("c").outputs == (("B", 8, 28, 28),)
    hand.click(hand.block("c"))
    press(page, Key.Key_Delete)
    assert "c" not in group_of(page, grouped).graph.nodes
    press(page, Key.Key_Backspace)
    assert page.editor.info(grouped).outputs == (("B", 8, 28, 28),)
    undo(page)
    assert "c" in group_of(page, grouped).graph.nodes
    undo(page)
    assert page.editor.info(grouped).outputs == (("B", 32, 28, 28),)
    press(page, Key.Key_Return)
    undo(page)
    assert page.editor.path == ()
    assert page.editor.graph == first
    assert set(page.canvas.network_scene.blocks) == set("abcde")
    page.actions_["edit.redo"].trigger()
    assert set(page.editor.graph.nodes) == {"a", grouped, "d", "e"}


def test_a_port_renamed_inside_keeps_the_wire_outside(page: NetworkPage, grouped: str) -> None:
    press(page, Key.Key_Return)
    port = next(page.editor.graph.of_type(GroupInput))
    assert page.editor.rename(port.id, "picture") == ""
    press(page, Key.Key_Backspace)
    assert [edge.target_port for edge in page.editor.graph.incoming[grouped]] == ["picture"]
    assert page.editor.info(grouped).state == "ok"


def test_groups_are_made_in_groups(page: NetworkPage, hand: Any, grouped: str) -> None:
    press(page, Key.Key_Return)
    page.editor.select(["c"])
    press(page, Key.Key_G, CTRL)
    press(page, Key.Key_Return)
    assert len(page.editor.path) == 2
    names = [name for name, _ in page.editor.trail()]
    assert names == ["Network", "group1", "group1"]
    assert page.editor.info("c").outputs == (("B", 32, 28, 28),)
    step = page.breadcrumb.findChild(QPushButton, "network.breadcrumb.1")
    QTest.mouseClick(step, Qt.MouseButton.LeftButton)
    assert page.editor.path == (grouped,)


def test_an_error_inside_is_pinned_inside_and_opened_from_outside(
    page: NetworkPage, hand: Any, grouped: str
) -> None:
    press(page, Key.Key_Return)
    page.editor.select(["b"])
    page.editor.set_field("kernel_size", (31, 31))
    page.editor.set_field("padding", "valid")
    assert [problem.node for problem in page.editor.analysis.errors] == ["b"]
    press(page, Key.Key_Backspace)
    (problem,) = [found for found in page.editor.analysis.errors if found.node == grouped]
    assert problem.message.startswith("group1 does not fit inside: conv1")
    assert page.canvas.network_scene.blocks[grouped].severity == "error"
    opening = next(b for b in page.canvas.bubble.findChildren(QPushButton) if b.isVisible())
    assert opening.text() == "Open group1"
    QTest.mouseClick(opening, Qt.MouseButton.LeftButton)
    assert page.editor.path == (grouped,)
    assert page.editor.selection == {"b"}
    press(page, Key.Key_Backspace)
    press(page, Key.Key_F8)
    assert page.editor.path == (grouped,)


def test_a_group_is_repeated_by_its_field(page: NetworkPage, grouped: str) -> None:
    page.editor.set_field("repeat", 3)
    assert "Repeat it once" in page.editor.analysis.errors[0].message
    press(page, Key.Key_Return)
    page.editor.select(["b"])
    page.editor.set_field("out_channels", 1)
    press(page, Key.Key_Backspace)
    assert page.editor.info(grouped).parameters == 3 * 10
    assert page.canvas.network_scene.blocks[grouped].summary == "× 3"


@pytest.mark.qt_log_ignore("does not support")
def test_the_menu_of_a_group_offers_to_open_it_and_take_it_apart(
    page: NetworkPage, hand: Any, grouped: str
) -> None:
    def offered() -> set[str]:
        point = hand.block(grouped)
        page.canvas.menu_wanted.emit(page.canvas.mapToGlobal(hand.at(point)), point)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        found = {action.text() for action in menu.actions()}
        menu.close()
        return found

    assert {"Group", "Ungroup", "Open group", "Save to My blocks..."} <= offered()
    page.editor.select(["d"])
    plain = offered()
    assert "Group" in plain
    assert "Open group" not in plain


# My blocks


@pytest.fixture
def shelf() -> MyBlocks:
    """My blocks, of which there are none yet."""
    return my_blocks()


def mine(page: NetworkPage) -> list[QTreeWidgetItem]:
    head = page.palette_.list.topLevelItem(0)
    assert head is not None
    assert head.text(0) == "My blocks"
    return [head.child(i) for i in range(head.childCount())]


def save_as(page: NetworkPage, name: str) -> None:
    page.actions_["network.save_block"].trigger()
    type_name(page, name)


def type_name(page: NetworkPage, name: str) -> None:
    """Type a name into the line of the palette that is being edited."""
    lines = page.palette_.list.findChildren(QLineEdit, "network.palette.name")
    (line,) = [line for line in lines if line.isVisible()]
    line.selectAll()
    QTest.keyClicks(line, name)
    QTest.keyClick(line, Key.Key_Return)
    QApplication.processEvents()  # takes the name
    QApplication.processEvents()  # shows it


def test_a_group_is_saved_named_and_added_to_another_project(
    shelf: MyBlocks,
    page: NetworkPage,
    first: Graph,
    grouped: str,
    open_page: Callable[[Graph], NetworkPage],
) -> None:
    save_as(page, "Conv and ReLU")
    assert [item.text(0) for item in mine(page)] == ["Conv and ReLU"]
    assert (app_home() / "blocks" / "Conv and ReLU.json").is_file()
    again = MyBlocks(shelf.folder)
    assert [block.name for block in again.blocks] == ["Conv and ReLU"]

    saved = group_of(page, grouped)
    page = open_page(first)
    page.editor.select(["b"])
    page.palette_.list.setCurrentItem(mine(page)[0])
    QTest.keyClick(page.palette_.list, Key.Key_Return)
    added = page.editor.single
    assert added is not None
    assert added.name == "conv_and_relu1"
    assert added.layer == saved
    assert [edge.source for edge in page.editor.graph.incoming[added.id]] == ["b"]


def test_a_saved_block_is_dragged_onto_the_canvas(
    shelf: MyBlocks, page: NetworkPage, hand: Any, grouped: str
) -> None:
    save_as(page, "part")
    data = layer_mime(shelf.blocks[0])
    copy, left, none = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    view = page.canvas.viewport()
    where = QPoint(view.width() - 120, 90)
    QApplication.sendEvent(view, QDragEnterEvent(where, copy, data, left, none))
    QApplication.sendEvent(view, QDropEvent(QPointF(where), copy, data, left, none))
    assert page.editor.single is not None
    assert page.editor.single.name == "part1"
    assert isinstance(page.editor.single.layer, Group)


def test_saved_blocks_are_renamed_and_deleted_with_undo(
    shelf: MyBlocks, page: NetworkPage, grouped: str
) -> None:
    save_as(page, "first")
    page.editor.select(["d"])
    save_as(page, "second")
    assert [item.text(0) for item in mine(page)] == ["first", "second"]
    page.palette_.list.rename(shelf.blocks[1])
    type_name(page, "first")
    assert "already" in page.toasts.shown[-1].accessibleName()
    assert [block.name for block in shelf.blocks] == ["first", "second"]
    page.palette_.list.setCurrentItem(mine(page)[0])
    QTest.keyClick(page.palette_.list, Key.Key_Delete)
    assert [block.name for block in shelf.blocks] == ["second"]
    page.toasts.shown[-1].action.click()
    assert [block.name for block in shelf.blocks] == ["first", "second"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"name": "x"}', '{"name": 3, "block": {}}', "[" * 100_000]
)
def test_files_that_are_no_blocks_are_skipped_and_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(text, encoding="utf-8")
    blocks = MyBlocks(tmp_path)
    assert blocks.blocks == ()
    assert blocks.unread[0].startswith("bad.json: It ")


def test_shared_weights_inside_a_saved_block_stay_inside(
    shelf: MyBlocks, page: NetworkPage, grouped: str
) -> None:
    press(page, Key.Key_Return)
    page.editor.select(["b"])
    page.editor.duplicate()
    twin = page.editor.single
    assert twin is not None
    node = page.editor.graph.nodes[twin.id]
    page.editor.apply("share", page.editor.graph.put(replace(node, shares=f"{grouped}/b")))
    press(page, Key.Key_Backspace)
    save_as(page, "tied")
    raw = json.loads((shelf.folder / "tied.json").read_text(encoding="utf-8"))
    assert raw["name"] == "tied"
    page.editor.select(["e"])
    page.editor.add(shelf.blocks[0], (600.0, 0.0))
    added = page.editor.single
    assert added is not None
    inside = level(page.editor.root, (added.id,))
    assert inside.nodes[twin.id].shares == f"{added.id}/b"


def test_the_palette_offers_what_belongs_to_the_level(page: NetworkPage, grouped: str) -> None:
    def shown() -> set[str]:
        heads = [head for head in page.palette_.list.groups() if not head[0].isHidden()]
        return {item.text(0) for _, items in heads for item in items if not item.isHidden()}

    page.palette_.list.set_favourite(Input, True)
    ends, ports = {"Input", "Output"}, {"Group input", "Group output"}
    assert shown() >= ends
    assert not shown() & ports
    press(page, Key.Key_Return)
    assert shown() >= ports
    assert not shown() & ends
    page.palette_.search.setText("put")
    assert shown() >= ports
    assert not shown() & ends
    page.canvas.setFocus()
    press(page, Key.Key_Backspace)
    assert shown() >= ends
    assert not shown() & ports
    page.palette_.list.set_favourite(Input, False)


def test_a_block_of_another_level_is_refused_with_the_reason(
    page: NetworkPage, grouped: str
) -> None:
    said: list[str] = []
    page.editor.refused.connect(said.append)
    before = page.editor.root
    page.editor.add(GroupOutput, (0.0, 0.0))
    press(page, Key.Key_Return)
    page.editor.add_after_selection(Output, (0.0, 0.0))
    assert page.editor.root is before
    assert said == [
        "Group output belongs inside a group. Open a group first.",
        "Output stays outside of groups. Use Group input or Group output in here.",
    ]


def test_typing_in_the_palette_does_not_leave_the_group(
    page: NetworkPage, grouped: str, qtbot: QtBot
) -> None:
    press(page, Key.Key_Return)
    page.palette_.search.setFocus()
    qtbot.keyClicks(page.palette_.search, "re")
    QTest.keyClick(page.palette_.search, Key.Key_Backspace)
    assert page.editor.path == (grouped,)


def test_a_broken_file_among_my_blocks_is_told_when_the_page_opens(
    own_home: Path, request: pytest.FixtureRequest
) -> None:
    (own_home / "blocks").mkdir()
    (own_home / "blocks" / "old.json").write_text("{", encoding="utf-8")
    page: NetworkPage = request.getfixturevalue("page")
    (toast,) = page.toasts.shown
    assert "could not be read" in toast.accessibleName()
    assert "old.json" in toast.accessibleName() + toast.accessibleDescription()
    page.toasts.clear()


def test_the_code_of_a_block_inside_is_found_by_its_groups(
    page: NetworkPage, grouped: str, qtbot: QtBot
) -> None:
    code = page.dock.code
    press(page, Key.Key_Return)
    page.dock.show_tab("code")
    text = (
        "class Group1(nn.Module):\n        self.conv1 = 1\n"
        "class Network(nn.Module):\n        self.conv1 = 2\n        self.group1 = Group1()\n"
    )
    code._show_code(text)
    page.editor.select(["b"])
    assert code.text.textCursor().blockNumber() == 1
    several = text.replace("Group1()", "nn.Sequential(*(Group1() for _ in range(2)))")
    assert line_of(several, ["group1"], "conv1") == 1
    assert line_of(several, [], "conv1") == 3
    assert line_of(several, ["group2"], "conv1") is None


def test_another_project_begins_at_the_top_with_nothing_selected(
    page: NetworkPage, first: Graph, grouped: str, open_page: Callable[[Graph], NetworkPage]
) -> None:
    press(page, Key.Key_Return)
    page.editor.select(["b"])
    open_page(first)
    assert page.editor.path == ()
    assert page.editor.selection == frozenset()
    assert page.breadcrumb.isHidden()


def test_quick_add_inside_of_a_group_offers_its_ports(page: NetworkPage, grouped: str) -> None:
    def listed() -> set[str]:
        found = page.quick_add.list
        return {found.item(row).text() for row in range(found.count())}

    press(page, Key.Key_Return)
    page.editor.select(["b"])
    press(page, Key.Key_A)
    assert "Output" not in listed()
    QTest.keyClicks(page.quick_add.search, "group out")
    QTest.keyClick(page.quick_add.search, Key.Key_Return)
    assert len(group_of(page, grouped).output_ports()) == 2
    press(page, Key.Key_Backspace)
    press(page, Key.Key_A)
    assert "Group output" not in listed()
    QTest.keyClick(page.quick_add.search, Key.Key_Escape)
