"""Notes: their colours, their lines in the outline, and their text while it is edited."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from modelstudio.network.graph import Graph, Note
from modelstudio.project.files import dumps, loads
from modelstudio.ui.pages.network import NetworkPage
from modelstudio.ui.pages.network.look import look
from modelstudio.ui.pages.network.menus import BlockMenu


@pytest.fixture
def page(open_page: Callable[..., NetworkPage], chain_graph: Graph) -> NetworkPage:
    notes = [Note("n1", "first", (240.0, 0.0)), Note("n2", "second", (240.0, 96.0))]
    return open_page(chain_graph.with_notes(notes))


def colors(page: NetworkPage) -> list[str]:
    return [note.color for note in page.editor.graph.notes]


def choose_color(page: NetworkPage, name: str) -> None:
    menu = BlockMenu(page, None)
    colors = next(m for m in menu.findChildren(QMenu) if m.title() == "Note colour")
    next(action for action in colors.actions() if action.text() == name).trigger()
    menu.close()


def test_a_colour_is_chosen_in_the_menu_kept_and_undone(page: NetworkPage) -> None:
    page.editor.select(["n1", "n2", "b"])
    choose_color(page, "Green")
    assert colors(page) == ["green", "green"]
    assert page.canvas.network_scene.notes["n1"].color() == look().note_fills["green"]
    saved = loads(dumps(page.document.project))
    assert [note.color for note in saved.network.notes] == ["green", "green"]
    page.document.undo()
    assert colors(page) == ["yellow", "yellow"], "one undo step"


def test_the_menu_of_blocks_has_no_colours(page: NetworkPage) -> None:
    page.editor.select(["b"])
    menu = BlockMenu(page, None)
    assert all(m.title() != "Note colour" for m in menu.findChildren(QMenu))
    menu.close()


def test_a_colour_that_nobody_knows_becomes_the_usual_one() -> None:
    raw = Note("n1", "why").to_dict()
    for odd in ("mauve", ["red"], None):
        assert Note.from_dict({**raw, "color": odd}).color == "yellow"


def test_notes_are_reached_and_edited_from_the_outline(page: NetworkPage) -> None:
    page.actions_["network.outline"].trigger()
    tree = page.outline.tree
    QTest.keyClick(tree, Qt.Key.Key_End)
    assert page.editor.selection == {"n2"}
    QTest.keyClick(tree, Qt.Key.Key_Return)
    editing = page.canvas.note_editor
    assert editing.isVisible()
    assert page.canvas.network_scene.notes["n2"].written, "its text does not shine through"
    QTest.keyClicks(editing, "third")
    QTest.keyClick(editing, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert page.editor.graph.notes[1].text == "third"
    assert not page.canvas.network_scene.notes["n2"].written
    last = tree.topLevelItem(tree.topLevelItemCount() - 1)
    assert last is not None
    assert last.text(0) == "third"


def test_enter_and_the_description_on_the_canvas(page: NetworkPage) -> None:
    page.editor.select(["n1"])
    assert page.canvas.accessibleDescription() == "Note: first"
    QTest.keyClick(page.canvas, Qt.Key.Key_Return)
    assert page.canvas.note_editor.isVisible()
    QTest.keyClick(page.canvas.note_editor, Qt.Key.Key_Escape)


def test_a_copy_lies_beside_what_is_there(page: NetworkPage) -> None:
    page.editor.select(["b"])
    page.actions_["network.duplicate"].trigger()
    (new,) = page.editor.selection
    scene = page.canvas.network_scene
    area = scene.blocks[new].area
    others = [item.area for item in scene.boxes_in(area.adjusted(-9, -9, 9, 9))]
    assert not any(area.intersects(other) for other in others if other != area)
    assert area.topLeft().y() == QPointF(*page.editor.graph.nodes["b"].position).y()
