"""The canvas under a real mouse and keyboard."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from modelstudio.network.graph import Edge, Graph
from modelstudio.network.layer import Layer
from modelstudio.ui.pages.network import NetworkPage
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT, BLOCK_WIDTH, PITCH, look
from modelstudio.ui.pages.network.palette_list import layer_mime

MIDDLE = Qt.MouseButton.MiddleButton
CONTROL = Qt.KeyboardModifier.ControlModifier


class Paints(QObject):
    """Counts how often a widget is painted."""

    def __init__(self, watched: QWidget):
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def graph_of(page: NetworkPage) -> Graph:
    return page.document.project.network


def wires(graph: Graph) -> set[tuple[str, str]]:
    return {(graph.nodes[edge.source].name, graph.nodes[edge.target].name) for edge in graph.edges}


def positions(graph: Graph) -> dict[str, tuple[float, float]]:
    return {key: node.position for key, node in graph.nodes.items()}


# Selecting and moving


def test_a_click_selects_and_a_click_on_nothing_clears(page: NetworkPage, hand: Any) -> None:
    hand.click(hand.block("b"))
    assert page.editor.selection == {"b"}
    assert page.canvas.network_scene.blocks["b"].picked
    hand.click(hand.block("c"), CONTROL)
    assert page.editor.selection == {"b", "c"}
    hand.click(hand.block("b"), CONTROL)
    assert page.editor.selection == {"c"}
    hand.click(QPointF(300, 100))
    assert page.editor.selection == frozenset()


def test_a_rubber_band_selects_what_it_touches(page: NetworkPage, hand: Any) -> None:
    hand.drag(QPointF(-40, 80), QPointF(60, 210))
    assert page.editor.selection == {"b", "c"}


def test_dragging_a_block_moves_it_along_the_grid_as_one_edit(page: NetworkPage, hand: Any) -> None:
    before = positions(graph_of(page))
    hand.drag(hand.block("b"), hand.block("b") + QPointF(203, 21))
    after = positions(graph_of(page))
    assert after["b"] == (208.0, 112.0)
    assert {key: after[key] for key in "acde"} == {key: before[key] for key in "acde"}
    assert page.document.undo_label == "Move conv1"
    page.document.undo()
    assert positions(graph_of(page)) == before
    assert not page.document.can_undo
    assert page.canvas.network_scene.blocks["b"].pos() == QPointF(0, 96)


def test_all_selected_blocks_move_together(page: NetworkPage, hand: Any) -> None:
    page.editor.select(["b", "c"])
    hand.drag(hand.block("c"), hand.block("c") + QPointF(160, 0))
    after = positions(graph_of(page))
    assert (after["b"], after["c"]) == ((160.0, 96.0), (160.0, 192.0))
    assert page.document.undo_label == "Move 2 blocks"


def test_escape_gives_a_drag_up(page: NetworkPage, hand: Any) -> None:
    start = hand.block("b")
    hand.press(start)
    hand.move(start + QPointF(100, 0))
    assert page.canvas.network_scene.blocks["b"].x() != 0
    QTest.keyClick(page.canvas, Qt.Key.Key_Escape)
    hand.release(start + QPointF(100, 0))
    assert page.canvas.network_scene.blocks["b"].x() == 0
    assert not page.document.can_undo


def test_a_tremor_is_not_a_drag(page: NetworkPage, hand: Any) -> None:
    hand.drag(hand.block("b"), hand.block("b") + QPointF(2, 1))
    assert not page.document.can_undo


def test_arrows_move_and_merge_into_one_undo_step(page: NetworkPage) -> None:
    page.editor.select(["b"])
    for _ in range(3):
        QTest.keyClick(page.canvas, Qt.Key.Key_Right)
    assert graph_of(page).nodes["b"].position == (48.0, 96.0)
    page.document.undo()
    assert graph_of(page).nodes["b"].position == (0.0, 96.0)


def test_alt_arrows_walk_along_the_wires(page: NetworkPage) -> None:
    page.editor.select(["b"])
    alt = Qt.KeyboardModifier.AltModifier
    QTest.keyClick(page.canvas, Qt.Key.Key_Down, alt)
    assert page.editor.selection == {"c"}
    QTest.keyClick(page.canvas, Qt.Key.Key_Up, alt)
    QTest.keyClick(page.canvas, Qt.Key.Key_Up, alt)
    assert page.editor.selection == {"a"}


# Wires


def test_a_wire_is_drawn_from_port_to_port(page: NetworkPage, hand: Any) -> None:
    page.editor.unwire(graph_of(page).incoming["c"][0])
    assert ("conv1", "relu1") not in wires(graph_of(page))
    hand.drag(hand.port("b", "y", "output"), hand.port("c", "x", "input"))
    assert ("conv1", "relu1") in wires(graph_of(page))
    assert page.document.undo_label == "Wire conv1 to relu1"


def test_a_wire_may_be_drawn_backwards_and_end_on_the_block(page: NetworkPage, hand: Any) -> None:
    page.editor.unwire(graph_of(page).incoming["c"][0])
    hand.drag(hand.port("c", "x", "input"), hand.block("b"))
    assert ("conv1", "relu1") in wires(graph_of(page))


def test_a_loop_is_refused_while_it_is_drawn(page: NetworkPage, hand: Any) -> None:
    before = graph_of(page)
    start, end = hand.port("c", "y", "output"), hand.port("b", "x", "input")
    hand.press(start)
    hand.move((start + end) / 2)
    hand.move(end)
    hint = page.findChild(object, "network.hint")
    assert hint.isVisible()
    assert "loop" in hint.text()
    dimmed = {
        key
        for key, item in page.canvas.network_scene.blocks.items()
        if item.open_ports == frozenset()
    }
    assert "b" in dimmed
    hand.release(end)
    assert graph_of(page) is before
    assert not hint.isVisible()
    assert not any(
        item.open_ports == frozenset() for item in page.canvas.network_scene.blocks.values()
    )


def test_a_block_whose_shape_does_not_fit_is_dimmed(page: NetworkPage, hand: Any) -> None:
    start = hand.port("b", "y", "output")
    hand.press(start)
    hand.move(start + QPointF(40, 10))
    dimmed = {
        key
        for key, item in page.canvas.network_scene.blocks.items()
        if item.open_ports == frozenset()
    }
    assert "d" in dimmed
    assert "c" not in dimmed
    QTest.keyClick(page.canvas, Qt.Key.Key_Escape)
    hand.release(start)


def test_only_ports_that_fit_stay_while_a_wire_is_drawn(page: NetworkPage, hand: Any) -> None:
    blocks = page.canvas.network_scene.blocks
    start = hand.port("b", "y", "output")
    hand.press(start)
    hand.move(start + QPointF(40, 10))
    assert blocks["c"].open_ports == {("input", "x")}, "its output is no end for this wire"
    assert blocks["b"].open_ports == {("output", "y")}, "where the wire begins"
    assert blocks["a"].open_ports == frozenset()
    QTest.keyClick(page.canvas, Qt.Key.Key_Escape)
    hand.release(start)
    assert all(item.open_ports is None for item in blocks.values())


def test_a_block_dragged_in_the_overview_is_painted_on_its_way(
    page: NetworkPage, hand: Any, qtbot: QtBot
) -> None:
    page.canvas.set_zoom(0.3)
    hand.press(hand.block("c"))
    QApplication.processEvents()
    painted = Paints(page.canvas.viewport())
    hand.move(hand.block("c") + QPointF(150, 60))
    qtbot.waitUntil(lambda: painted.count > 0, timeout=1000)
    QTest.keyClick(page.canvas, Qt.Key.Key_Escape)


def test_names_are_written_in_the_overview(page: NetworkPage) -> None:
    canvas = page.canvas
    canvas.set_zoom(0.35)
    canvas.look_at(canvas.network_scene.blocks["c"].area.center())
    with_name = canvas.viewport().grab(canvas.screen_rect(canvas.network_scene.blocks["c"].area))
    image = with_name.toImage()
    places = ((x, y) for x in range(image.width()) for y in range(image.height()))
    seen = [image.pixelColor(x, y).lightness() for x, y in places]
    ground = canvas.network_scene.blocks["c"].color()
    ink, paper = look().ink(ground).lightness(), ground.lightness()
    written = [one for one in seen if abs(one - ink) < abs(one - paper)]
    assert len(written) > 20


def test_space_that_was_held_asks_for_nothing(page: NetworkPage) -> None:
    canvas, heard = page.canvas, []
    canvas.tapped.connect(heard.append)
    for held in (100, 900):
        for kind, time in ((QEvent.Type.KeyPress, 5000), (QEvent.Type.KeyRelease, 5000 + held)):
            event = QKeyEvent(kind, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier)
            event.setTimestamp(time)
            QApplication.sendEvent(canvas, event)
    assert len(heard) == 1
    page.quick_add.hide()


def test_a_wire_pulled_off_its_input_is_gone(page: NetworkPage, hand: Any) -> None:
    hand.drag(hand.port("c", "x", "input"), QPointF(420, 240))
    assert ("conv1", "relu1") not in wires(graph_of(page))
    assert page.document.undo_label == "Unwire relu1 from conv1"


def test_a_clicked_wire_is_selected_and_deleted(page: NetworkPage, hand: Any) -> None:
    hand.click(QPointF(BLOCK_WIDTH / 2, 96 + BLOCK_HEIGHT + 16))
    assert page.editor.edge is not None
    page.actions_["network.delete"].trigger()
    assert ("conv1", "relu1") not in wires(graph_of(page))


def test_a_wire_let_go_on_nothing_asks_for_a_block(page: NetworkPage, hand: Any) -> None:
    hand.drag(hand.port("b", "y", "output"), QPointF(420, 240))
    assert page.quick_add.isVisible()
    page.quick_add.search.setText("gelu")
    QTest.keyClick(page.quick_add.search, Qt.Key.Key_Return)
    assert not page.quick_add.isVisible()
    assert ("conv1", "gelu1") in wires(graph_of(page))


# Deleting, copying, switching off


def test_delete_heals_the_chain(page: NetworkPage, hand: Any) -> None:
    hand.click(hand.block("c"))
    QTest.keyClick(page.canvas, Qt.Key.Key_Delete)
    graph = graph_of(page)
    assert "c" not in graph.nodes
    assert ("conv1", "fc1") in wires(graph)
    assert page.document.undo_label == "Delete relu1"
    page.actions_["edit.undo"].trigger()
    assert ("conv1", "relu1") in wires(graph_of(page))
    page.actions_["edit.redo"].trigger()
    assert "c" not in page.canvas.network_scene.blocks


def test_duplicate_copies_wires_between_the_copies(page: NetworkPage) -> None:
    page.editor.select(["b", "c"])
    page.actions_["network.duplicate"].trigger()
    graph = graph_of(page)
    assert ("conv2", "relu2") in wires(graph)
    assert {node.name for node in page.editor.nodes} == {"conv2", "relu2"}


def test_copy_and_paste_by_key(page: NetworkPage) -> None:
    page.editor.select(["b"])
    QTest.keyClick(page.canvas, Qt.Key.Key_C, CONTROL)
    QTest.keyClick(page.canvas, Qt.Key.Key_V, CONTROL)
    node = graph_of(page).named("conv2")
    assert node is not None
    assert node.layer == graph_of(page).nodes["b"].layer
    QTest.keyClick(page.canvas, Qt.Key.Key_V, CONTROL)
    blocks = page.canvas.network_scene.blocks
    originals = [blocks["b"], *(blocks[key] for key in graph_of(page).nodes if key > "e")]
    boxes = [item.area for item in originals]
    assert len(boxes) == 3
    assert not any(one.intersects(other) for one, other in combinations(boxes, 2))


def test_b_switches_off_and_on(page: NetworkPage) -> None:
    page.editor.select(["c"])
    QTest.keyClick(page.canvas, Qt.Key.Key_B)
    assert not graph_of(page).nodes["c"].enabled
    assert page.document.undo_label == "Switch relu1 off"
    QTest.keyClick(page.canvas, Qt.Key.Key_B)
    assert graph_of(page).nodes["c"].enabled


# Adding


def drop(page: NetworkPage, kind: str, point: QPointF) -> None:
    """Send the events of a drag from the palette."""
    layer = Layer.find(kind)
    assert layer is not None
    data = layer_mime(layer)
    where = page.canvas.mapFromScene(point)
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    left = Qt.MouseButton.LeftButton
    view = page.canvas.viewport()
    QApplication.sendEvent(view, QDragEnterEvent(where, copy, data, left, none))
    QApplication.sendEvent(view, QDragMoveEvent(where, copy, data, left, none))
    QApplication.sendEvent(view, QDropEvent(QPointF(where), copy, data, left, none))


def test_a_layer_dropped_on_nothing_is_added(page: NetworkPage) -> None:
    drop(page, "GELU", QPointF(300, 120))
    node = graph_of(page).named("gelu1")
    assert node is not None
    assert page.editor.selection == {node.id}
    assert abs(node.position[0] + BLOCK_WIDTH / 2 - 300) <= 8
    assert page.document.undo_label == "Add gelu1"


def test_a_layer_dropped_on_a_wire_is_inserted(page: NetworkPage) -> None:
    drop(page, "GELU", QPointF(BLOCK_WIDTH / 2, 96 + BLOCK_HEIGHT + 22))
    graph = graph_of(page)
    assert {("conv1", "gelu1"), ("gelu1", "relu1")} <= wires(graph)
    assert ("conv1", "relu1") not in wires(graph)
    ys = sorted(node.position[1] for node in graph.nodes.values())
    assert all(b - a >= BLOCK_HEIGHT for a, b in pairwise(ys)), "no block covers another"


def test_a_loose_block_dragged_on_a_wire_is_inserted(page: NetworkPage, hand: Any) -> None:
    drop(page, "GELU", QPointF(300, 120))
    loose = graph_of(page).named("gelu1")
    assert loose is not None
    x, y = loose.position
    end = QPointF(0 - x, 96 + (BLOCK_HEIGHT + PITCH - BLOCK_HEIGHT) / 2 - y)
    hand.drag(hand.block(loose.id), hand.block(loose.id) + end)
    assert {("conv1", "gelu1"), ("gelu1", "relu1")} <= wires(graph_of(page))


def test_enter_in_the_palette_adds_behind_the_selection(page: NetworkPage, qtbot: QtBot) -> None:
    page.editor.select(["b"])
    qtbot.keyClicks(page.palette_.search, "gelu")
    QTest.keyClick(page.palette_.search, Qt.Key.Key_Return)
    graph = graph_of(page)
    assert {("conv1", "gelu1"), ("gelu1", "relu1")} <= wires(graph)
    ys = [node.position[1] for node in graph.nodes.values()]
    assert len(set(ys)) == len(ys), "what follows must make room"


def test_quick_add_opens_on_empty_canvas_and_space(page: NetworkPage, hand: Any) -> None:
    where = hand.at(QPointF(300, 100))
    QTest.mouseDClick(
        page.canvas.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, where
    )
    assert page.quick_add.isVisible()
    page.quick_add.hide()
    QTest.keyPress(page.canvas, Qt.Key.Key_Space)
    QTest.keyRelease(page.canvas, Qt.Key.Key_Space)
    assert page.quick_add.isVisible()
    page.quick_add.hide()


def test_quick_add_puts_what_fits_first(page: NetworkPage) -> None:
    page.editor.select(["b"])
    page.actions_["network.quick_add"].trigger()
    shown = [page.quick_add.list.item(i).text() for i in range(page.quick_add.list.count())]
    assert shown.index("Conv2d") < shown.index("Linear")
    page.quick_add.hide()


# Problems


def test_the_bubble_repairs_the_network(page: NetworkPage) -> None:
    bubble = page.canvas.bubble
    assert bubble.isVisible()
    assert page.editor.analysis.errors
    fix = bubble.findChild(object, "network.bubble.fix")
    assert fix.text() == "Insert Flatten"
    told = bubble.findChild(QLabel, "network.bubble.text").text()
    assert "Insert Flatten" not in told, "the button says it"
    assert "28\u00a0x\u00a028" in told, "a size is not broken over two lines"
    assert page.editor.analysis.errors[0].message.startswith(told.replace("\u00a0", " "))
    QTest.mouseClick(fix, Qt.MouseButton.LeftButton)
    graph = graph_of(page)
    assert {("relu1", "flat1"), ("flat1", "fc1")} <= wires(graph)
    assert not page.editor.analysis.errors
    assert not bubble.isVisible()
    assert page.toolbar.chip.isHidden()
    places = list(positions(graph).values())
    assert len(set(places)) == len(places)
    assert page.document.undo_label == "Insert Flatten"
    page.document.undo()
    assert page.editor.analysis.errors


def test_problems_reach_chip_list_and_status(page: NetworkPage) -> None:
    assert page.toolbar.chip.text() == "1 problem stops training"
    assert [problem.kind for problem in page.main.problems()] == ["error"]
    page.main.problems()[0].go()
    assert page.editor.selection == {"d"}


# Looking around


@pytest.mark.parametrize("button", [MIDDLE, Qt.MouseButton.LeftButton])
def test_the_view_is_panned(page: NetworkPage, hand: Any, button: Qt.MouseButton) -> None:
    held = hand.at(QPointF(0, 0))
    if button is not MIDDLE:
        QTest.keyPress(page.canvas, Qt.Key.Key_Space)
    hand.drag(QPointF(300, 100), QPointF(360, 150), button)
    if button is not MIDDLE:
        QTest.keyRelease(page.canvas, Qt.Key.Key_Space)
    moved = hand.at(QPointF(0, 0)) - held
    wanted = QPoint(round(60 * page.canvas.zoom), round(50 * page.canvas.zoom))
    assert (moved - wanted).manhattanLength() <= 2
    assert not page.quick_add.isVisible()
    assert not page.document.can_undo


def test_the_wheel_zooms_at_the_pointer(page: NetworkPage) -> None:
    canvas = page.canvas
    where = QPoint(100, 80)
    held, before = canvas.mapToScene(where), canvas.zoom
    event = QWheelEvent(
        QPointF(where),
        QPointF(canvas.viewport().mapToGlobal(where)),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas.viewport(), event)
    assert canvas.zoom == pytest.approx(before * 1.15**2)
    assert (canvas.mapFromScene(held) - where).manhattanLength() <= 2
    assert page.toolbar.zoom_text.text() == f"{canvas.zoom * 100:.0f} %"


def test_fit_shows_everything(page: NetworkPage) -> None:
    page.canvas.set_zoom(3.0)
    QTest.keyClick(page.canvas, Qt.Key.Key_F)
    assert page.canvas.seen().contains(page.canvas.network_scene.bounds())


def test_far_away_the_items_leave_painting_to_the_overview(page: NetworkPage) -> None:
    scene = page.canvas.network_scene
    flag = next(iter(scene.blocks.values())).GraphicsItemFlag.ItemHasNoContents
    page.canvas.set_zoom(0.2)
    assert all(item.flags() & flag for item in scene.blocks.values())
    page.canvas.grab()
    page.canvas.set_zoom(1.0)
    assert not any(item.flags() & flag for item in scene.blocks.values())


# Notes


def test_a_note_is_written_on_the_canvas(page: NetworkPage) -> None:
    page.actions_["network.note"].trigger()
    editor = page.canvas.note_editor
    assert editor.isVisible()
    QTest.keyClicks(editor, "try 48 channels")
    QTest.keyClick(editor, Qt.Key.Key_Return, CONTROL)
    assert [note.text for note in graph_of(page).notes] == ["try 48 channels"]
    assert not editor.isVisible()


def test_edges_keep_pace_with_the_blocks_they_join(page: NetworkPage) -> None:
    scene = page.canvas.network_scene
    edge = next(edge for edge in graph_of(page).edges if edge.source == "b")
    assert isinstance(edge, Edge)
    page.editor.move({"b": (320.0, 96.0)})
    start = scene.wires[edge].course[0]
    assert start == (320.0 + BLOCK_WIDTH / 2, 96.0 + BLOCK_HEIGHT)
