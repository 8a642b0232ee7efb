"""Every verb of editing, by real mouse and key events."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDrag, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from modelstudio.network.graph import Edge, Graph
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.fields import FieldSpec
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.network import NetworkPage
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT, BLOCK_WIDTH
from modelstudio.ui.pages.network.my_blocks import my_blocks
from tests.ui.network.conftest import FIELDS, node

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
EMPTY = QPointF(420, 240)

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def graph_of(page: NetworkPage) -> Graph:
    return page.document.project.network


def wires(graph: Graph) -> set[tuple[str, str]]:
    return {(graph.nodes[edge.source].name, graph.nodes[edge.target].name) for edge in graph.edges}


def listed(page: NetworkPage) -> list[str]:
    found = page.quick_add.list
    return [found.item(row).text() for row in range(found.count())]


def key(page: NetworkPage, name: str) -> None:
    """Press the key of an action in the canvas."""
    combination = QKeySequence(page.actions_.spec(f"network.{name}").shortcut)[0]
    QTest.keyClick(page.canvas, combination.key(), combination.keyboardModifiers())


def popup() -> QMenu:
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def choose(menu: QMenu, text: str) -> None:
    """Click an entry of an open menu."""
    action = next(action for action in menu.actions() if text in action.text())
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())


# Quick add


def test_what_usually_follows_comes_first(page: NetworkPage, hand: Any) -> None:
    hand.click(hand.block("b"))
    key(page, "quick_add")
    assert listed(page)[:4] == ["BatchNorm2d", "ReLU", "MaxPool2d", "Conv2d"]
    QTest.keyClick(page.quick_add.search, Qt.Key.Key_Escape)
    hand.click(hand.block("c"))
    key(page, "quick_add")
    assert listed(page).index("Conv2d") < listed(page).index("ReLU"), "after an activation"
    QTest.keyClicks(page.quick_add.search, "linear")
    assert listed(page)[0] == "Linear", "what is called so comes first, even if it does not fit"
    QTest.keyClick(page.quick_add.search, Qt.Key.Key_Escape)
    assert page.canvas.hasFocus()


def test_double_click_adds_where_the_pointer_is_and_wires_an_open_end(
    page: NetworkPage, hand: Any
) -> None:
    hand.click(hand.block("e"))
    key(page, "delete")
    hand.click(hand.block("d"))
    place = QPointF(400, 320)
    hand.double_click(place)
    QTest.keyClicks(page.quick_add.search, "gelu")
    QTest.keyClick(page.quick_add.search, Qt.Key.Key_Return)
    made = graph_of(page).named("gelu1")
    assert made is not None
    assert ("fc1", "gelu1") in wires(graph_of(page))
    middle = QPointF(*made.position) + QPointF(BLOCK_WIDTH / 2, BLOCK_HEIGHT / 2)
    assert (middle - place).manhattanLength() <= 16


def test_space_let_go_adds_behind_the_selection(page: NetworkPage, hand: Any) -> None:
    hand.click(hand.block("b"))
    QTest.keyPress(page.canvas, Qt.Key.Key_Space)
    QTest.keyRelease(page.canvas, Qt.Key.Key_Space)
    assert page.quick_add.isVisible()
    assert page.quick_add.search.hasFocus()
    QTest.keyClicks(page.quick_add.search, "batchnorm2")
    QTest.keyClick(page.quick_add.search, Qt.Key.Key_Return)
    names = wires(graph_of(page))
    assert {("conv1", "bn1"), ("bn1", "relu1")} <= names
    ys = sorted(n.position[1] for n in graph_of(page).nodes.values())
    assert all(b - a >= BLOCK_HEIGHT for a, b in pairwise(ys))


def test_a_loose_wire_lists_only_what_fits(page: NetworkPage, hand: Any) -> None:
    hand.drag(hand.port("b", "y", "output"), EMPTY)
    names = listed(page)
    assert "BatchNorm2d" in names
    assert not {"Conv1d", "Embedding", "LSTM", "Input"} & set(names)
    QTest.keyClicks(page.quick_add.search, "conv1d")
    shown = page.quick_add.list.item(listed(page).index("Conv1d"))
    assert "takes" in shown.toolTip(), "what is asked for by name is listed with the reason"
    QTest.keyClick(page.quick_add.search, Qt.Key.Key_Escape)
    assert graph_of(page).outgoing["b"][0].target == "c"


def test_a_wire_drawn_backwards_asks_for_a_source(page: NetworkPage, hand: Any) -> None:
    page.editor.unwire(graph_of(page).incoming["c"][0])
    hand.drag(hand.port("c", "x", "input"), EMPTY)
    assert "Output" not in listed(page)
    QTest.keyClicks(page.quick_add.search, "conv2d")
    QTest.keyClick(page.quick_add.search, Qt.Key.Key_Return)
    assert ("conv2", "relu1") in wires(graph_of(page))


def test_a_saved_block_is_added_too(page: NetworkPage) -> None:
    my_blocks().save("Stem", graph_of(page), "b")
    page.editor.select(["c"])
    key(page, "quick_add")
    QTest.keyClicks(page.quick_add.search, "stem")
    QTest.keyClick(page.quick_add.search, Qt.Key.Key_Return)
    assert ("relu1", "stem1") in wires(graph_of(page))


# Wires that may not be


def test_a_wire_that_does_not_fit_is_refused_and_repaired(page: NetworkPage, hand: Any) -> None:
    page.editor.unwire(graph_of(page).incoming["d"][0])
    before = graph_of(page)
    start, end = hand.port("c", "y", "output"), hand.port("d", "x", "input")
    hand.press(start)
    hand.move((start + end) / 2 + QPointF(40, 0))
    hand.move(end)
    hint = page.canvas.findChild(object, "network.hint")
    assert hint.isVisible()
    assert "fc1" in hint.text()
    assert "maps" in hint.text(), "the hint says what arrives"
    assert page.canvas.network_scene.blocks["d"].open_ports == frozenset()
    hand.release(end)
    assert graph_of(page) is before, "the wire is not drawn"
    choose(popup(), "Insert Flatten and wire")
    assert {("relu1", "flat1"), ("flat1", "fc1")} <= wires(graph_of(page))
    assert not page.editor.analysis.errors
    page.document.undo()
    assert graph_of(page) is before, "one undo step"


def test_a_refused_wire_is_drawn_when_somebody_insists(page: NetworkPage, hand: Any) -> None:
    page.editor.unwire(graph_of(page).incoming["d"][0])
    hand.drag(hand.port("c", "y", "output"), hand.port("d", "x", "input"))
    choose(popup(), "Wire anyway")
    assert ("relu1", "fc1") in wires(graph_of(page))


def test_ids_are_refused_where_numbers_are_wanted(
    open_page: Callable[..., NetworkPage], hand_on: Callable[[NetworkPage], Any]
) -> None:
    graph = Graph()
    for made in (
        node("a", "tokens", "Input", 0, field="tokens"),
        node("b", "fc1", "Linear", 96),
        node("c", "embedding1", "Embedding", 96, x=240),
    ):
        graph = graph.add(made)
    field = FieldSpec(
        name="tokens", role="input", kind="tokens", shape=("T",), dtype="int", vocabulary=40
    )
    page = open_page(graph, (field, FIELDS[1]))
    hand = hand_on(page)
    start, end = hand.port("a", "y", "output"), hand.port("b", "x", "input")
    hand.press(start)
    hand.move((start + end) / 2)
    hand.move(end)
    assert {
        k for k, item in page.canvas.network_scene.blocks.items() if item.open_ports == frozenset()
    } == {"b"}
    hint = page.canvas.findChild(object, "network.hint")
    assert "ids" in hint.text()
    QTest.keyClick(page.canvas, Qt.Key.Key_Escape)
    hand.release(end)
    assert not graph_of(page).edges
    hand.drag(start, hand.port("c", "ids", "input"))
    assert ("tokens", "embedding1") in wires(graph_of(page))


# Selecting


def test_a_click_on_a_port_selects_its_block(page: NetworkPage, hand: Any) -> None:
    hand.click(hand.port("c", "x", "input"))
    assert page.editor.selection == {"c"}
    hand.click(hand.port("b", "y", "output"))
    assert page.editor.selection == {"b"}


def test_shift_adds_a_band_and_control_turns_it_over(page: NetworkPage, hand: Any) -> None:
    hand.click(hand.block("b"))
    hand.drag(QPointF(-40, 180), QPointF(60, 210), modifiers=SHIFT)
    assert page.editor.selection == {"b", "c"}
    hand.drag(QPointF(-40, 80), QPointF(60, 210), modifiers=CONTROL)
    assert page.editor.selection == frozenset()


# Placing


def test_a_drag_snaps_to_the_line_of_others_and_shows_it(page: NetworkPage, hand: Any) -> None:
    page.editor.move({"b": (37.0, 96.0)})
    start = hand.block("c")
    hand.press(start)
    hand.move(start + QPointF(20, 0))
    hand.move(start + QPointF(33, 200))
    assert page.canvas.network_scene.blocks["c"].x() == 37.0
    assert page.canvas.guides, "the common line is drawn"
    hand.release(start + QPointF(33, 200))
    assert graph_of(page).nodes["c"].position[0] == 37.0
    assert not page.canvas.guides


def test_alt_drags_off_the_grid(page: NetworkPage, hand: Any) -> None:
    hand.drag(hand.block("b"), hand.block("b") + QPointF(203, 21), modifiers=ALT)
    x, y = graph_of(page).nodes["b"].position
    assert (x % 16, y % 16) != (0, 0)


def test_blocks_are_aligned_and_spread_by_key_and_menu(page: NetworkPage) -> None:
    page.editor.move({"b": (40.0, 96.0), "c": (75.0, 250.0), "d": (10.0, 300.0)})
    page.editor.select(["b", "c", "d"])
    key(page, "align_left")
    nodes = graph_of(page).nodes
    assert {nodes[k].position[0] for k in "bcd"} == {10.0}
    assert page.document.undo_label == "Align left"
    page.actions_["network.distribute_down"].trigger()
    nodes = graph_of(page).nodes
    gaps = [b - a for a, b in pairwise(nodes[k].position[1] for k in "bcd")]
    assert gaps[0] == pytest.approx(gaps[1])
    page.document.undo()
    page.document.undo()
    assert graph_of(page).nodes["c"].position == (75.0, 250.0)


def test_one_block_cannot_be_aligned(page: NetworkPage) -> None:
    page.editor.select(["b"])
    before = graph_of(page)
    key(page, "align_left")
    assert graph_of(page) is before


# Names, on and off, frozen


def test_f2_renames_where_the_block_stands(page: NetworkPage, hand: Any) -> None:
    hand.click(hand.block("b"))
    key(page, "rename")
    field = page.canvas.name_editor
    assert field.hasFocus()
    field.selectAll()
    QTest.keyClicks(field, "relu1")
    QTest.keyClick(field, Qt.Key.Key_Return)
    told = page.canvas.findChild(object, "network.name_editor.error")
    assert "already called relu1" in told.text()
    assert field.isVisible()
    field.selectAll()
    QTest.keyClicks(field, "stem")
    assert not told.isVisible()
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert graph_of(page).nodes["b"].name == "stem"
    assert page.canvas.hasFocus()
    assert page.document.undo_label == "Rename conv1 to stem"


def test_double_click_renames_and_escape_gives_up(page: NetworkPage, hand: Any) -> None:
    hand.double_click(hand.block("b"))
    field = page.canvas.name_editor
    QTest.keyClicks(field, "stem")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not field.isVisible()
    assert graph_of(page).nodes["b"].name == "conv1"


def test_k_freezes_all_and_thaws_them(page: NetworkPage) -> None:
    page.editor.select(["b", "d"])
    key(page, "freeze")
    assert all(graph_of(page).nodes[k].frozen for k in "bd")
    assert page.document.undo_label == "Freeze 2 blocks"
    key(page, "freeze")
    assert not any(graph_of(page).nodes[k].frozen for k in "bd")


# The clipboard


def test_cut_and_paste_by_key(page: NetworkPage, hand: Any) -> None:
    place = graph_of(page).nodes["c"].position
    hand.click(hand.block("c"))
    key(page, "cut")
    assert ("conv1", "fc1") in wires(graph_of(page)), "the chain is healed"
    key(page, "paste")
    pasted = graph_of(page).named("relu1")
    assert pasted is not None
    assert page.editor.selection == {pasted.id}
    assert pasted.position == place


def test_blocks_go_from_one_window_to_another(
    page: NetworkPage, make_window: Callable[[], MainWindow]
) -> None:
    page.editor.select(["b", "c"])
    key(page, "copy")
    other = make_window()
    other.document.new(Project(network=Graph(), data=DataConfig(fields=FIELDS)))
    other.go("network")
    other.activateWindow()
    assert QTest.qWaitForWindowActive(other)
    there = other.page("network")
    assert isinstance(there, NetworkPage)
    key(there, "paste")
    assert wires(graph_of(there)) == {("conv1", "relu1")}
    assert there.canvas.in_sight(there.canvas.network_scene.bounds(there.editor.selection))


def test_text_on_the_clipboard_will_do(page: NetworkPage) -> None:
    page.editor.select(["b"])
    key(page, "copy")
    text = QGuiApplication.clipboard().text()
    assert json.loads(text)["nodes"][0]["name"] == "conv1"
    QGuiApplication.clipboard().setText(text)
    key(page, "paste")
    assert graph_of(page).named("conv2") is not None


@pytest.mark.parametrize(
    "text",
    [
        "hello",
        "[]",
        "{}",
        "7",
        '{"nodes": 3}',
        '{"nodes": [{"id": 1}]}',
        '{"nodes": [null]}',
        "[" * 9999,
    ],
)
def test_other_text_is_refused_with_a_sentence(page: NetworkPage, text: str) -> None:
    before = graph_of(page)
    QGuiApplication.clipboard().setText(text)
    key(page, "paste")
    assert graph_of(page) is before
    (toast,) = page.toasts.shown
    assert "clipboard" in toast.accessibleDescription() + toast.accessibleName()
    page.toasts.clear()


def test_what_does_not_belong_into_a_group_is_left_out(page: NetworkPage) -> None:
    page.editor.select(["b", "c"])
    key(page, "group")
    (group,) = page.editor.selection
    page.editor.select(["a"])
    key(page, "copy")
    page.editor.enter(group)
    before = page.editor.graph
    key(page, "paste")
    assert page.editor.graph is before
    (toast,) = page.toasts.shown
    assert "Input stays outside of groups" in toast.accessibleDescription() + toast.accessibleName()
    page.editor.select(before.nodes)
    key(page, "copy")
    page.editor.leave()
    key(page, "paste")
    names = {graph_of(page).nodes[key].layer.type_name for key in page.editor.selection}
    assert names == {"Conv2d", "ReLU"}
    toast = page.toasts.shown[-1]
    assert "belongs inside a group" in toast.accessibleDescription() + toast.accessibleName()
    page.toasts.clear()


def test_what_is_no_text_is_refused(page: NetworkPage) -> None:
    QGuiApplication.clipboard().clear()
    before = graph_of(page)
    key(page, "paste")
    assert graph_of(page) is before
    page.toasts.clear()


def test_the_menu_pastes_where_it_was_opened(page: NetworkPage, hand: Any) -> None:
    page.editor.select(["b"])
    key(page, "copy")
    page.editor.select()
    where = hand.at(EMPTY)
    view = page.canvas.viewport()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, view.mapToGlobal(where))
    QApplication.sendEvent(view, event)
    choose(popup(), "Paste here")
    pasted = graph_of(page).named("conv2")
    assert pasted is not None
    assert (QPointF(*pasted.position) - EMPTY).manhattanLength() <= 16


@pytest.mark.parametrize("several", [False, True])
def test_the_menu_of_blocks_has_every_verb(page: NetworkPage, hand: Any, several: bool) -> None:
    page.editor.select(["b", "c"] if several else ["b"])
    where = hand.at(hand.block("b"))
    view = page.canvas.viewport()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, view.mapToGlobal(where))
    QApplication.sendEvent(view, event)
    texts = {action.text() for action in popup().actions()}
    for name in ("duplicate", "cut", "copy", "toggle", "freeze", "group", "delete"):
        assert page.actions_[f"network.{name}"].text() in texts
    for name in ("rename", "wire_to", "wire_from"):
        assert (page.actions_[f"network.{name}"].text() in texts) is not several
    assert ("Arrange" in texts) is several
    popup().close()


# Notes


def note_page(page: NetworkPage, hand: Any) -> Any:
    page.editor.add_note((400.0, 96.0))
    (note,) = graph_of(page).notes
    return page.canvas.network_scene.notes[note.id]


def test_a_note_is_resized_by_its_corner(page: NetworkPage, hand: Any) -> None:
    item = note_page(page, hand)
    corner = item.area.bottomRight() - QPointF(5, 5)
    hand.drag(corner, corner + QPointF(64, 32))
    (note,) = graph_of(page).notes
    assert note.size == (272.0, 96.0)
    assert page.document.undo_label == "Resize note"
    page.document.undo()
    assert graph_of(page).notes[0].size == (208.0, 64.0)


def test_a_note_is_edited_by_double_click_moved_and_deleted(page: NetworkPage, hand: Any) -> None:
    item = note_page(page, hand)
    hand.double_click(item.area.topLeft() + QPointF(20, 20))
    QTest.keyClicks(page.canvas.note_editor, "more data")
    QTest.keyClick(page.canvas.note_editor, Qt.Key.Key_Return, CONTROL)
    assert graph_of(page).notes[0].text == "more data"
    hand.drag(item.area.topLeft() + QPointF(20, 20), item.area.topLeft() + QPointF(52, 36))
    assert graph_of(page).notes[0].position == (432.0, 112.0)
    key(page, "delete")
    assert not graph_of(page).notes
    assert page.document.undo_label == "Delete note"


# Looking


def test_control_f_finds_a_block(page: NetworkPage) -> None:
    page.canvas.setFocus()
    page.canvas.set_zoom(3.0)
    QTest.keyClick(page.canvas, Qt.Key.Key_F, CONTROL)
    palette = page.main.palette_
    QTest.keyClicks(palette.query, "output")
    QTest.keyClick(palette.query, Qt.Key.Key_Return)
    assert page.editor.selection == {"e"}
    assert page.canvas.in_sight(page.canvas.network_scene.blocks["e"].area)


def test_shift_f_shows_the_selection(page: NetworkPage, hand: Any) -> None:
    hand.click(hand.block("e"))
    page.canvas.set_zoom(0.3)
    key(page, "fit_selection")
    assert page.canvas.zoom == 1.0
    assert page.canvas.in_sight(page.canvas.network_scene.blocks["e"].area)
    assert (
        page.canvas.screen_rect(page.canvas.network_scene.blocks["e"].area).center()
        - page.canvas.viewport().rect().center()
    ).manhattanLength() < 12


def test_undo_and_redo_say_what_they_do(page: NetworkPage, hand: Any) -> None:
    hand.click(hand.block("c"))
    key(page, "toggle")
    undo, redo = page.actions_["edit.undo"], page.actions_["edit.redo"]
    assert undo.text() == "Undo: Switch relu1 off"
    assert "Switch relu1 off" in undo.toolTip()
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CONTROL)
    assert redo.text() == "Redo: Switch relu1 off"
    QTest.keyClick(page.canvas, Qt.Key.Key_Z, CONTROL | SHIFT)
    assert not graph_of(page).nodes["c"].enabled


def test_a_wire_is_moved_to_another_block(page: NetworkPage, hand: Any) -> None:
    page.editor.select(["c"])
    key(page, "duplicate")
    copy = graph_of(page).named("relu2")
    assert copy is not None
    hand.drag(hand.port("c", "x", "input"), hand.port(copy.id, "x", "input"))
    names = wires(graph_of(page))
    assert ("conv1", "relu2") in names
    assert ("conv1", "relu1") not in names
    assert page.document.undo_label == "Wire conv1 to relu2"
    assert Edge("b", "y", copy.id, "x") in graph_of(page).edges


def test_a_block_is_dragged_out_of_the_palette(page: NetworkPage, monkeypatch: Any) -> None:
    """The press and the moves are real; only the drag loop of the window system is not entered."""
    carried: list[bytes] = []

    def executed(drag: QDrag, *_: Any) -> Qt.DropAction:
        data = drag.mimeData()
        carried.append(bytes(data.data(data.formats()[0]).data()))
        return Qt.DropAction.CopyAction

    monkeypatch.setattr(QDrag, "exec", executed)
    tree = page.palette_.list
    item = next(child for _, items in tree.groups() for child in items if child.text(0) == "GELU")
    tree.scrollToItem(item)
    start = tree.visualItemRect(item).center()
    QTest.mousePress(tree.viewport(), Qt.MouseButton.LeftButton, pos=start)
    for step in (8, 30, 60):
        QTest.mouseMove(tree.viewport(), start + QPoint(step, step // 4))
        QApplication.processEvents()
    QTest.mouseRelease(tree.viewport(), Qt.MouseButton.LeftButton, pos=start + QPoint(60, 15))
    assert carried == [b"GELU"]
