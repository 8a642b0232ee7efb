"""Everything without a mouse: the outline, its keys, names and focus of all controls."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QTreeWidgetItem, QWidget

from modelstudio.network.graph import Graph
from modelstudio.ui.pages.network import NetworkPage

ENTER, DOWN, UP = Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_Up

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
TOLD = Qt.ItemDataRole.AccessibleTextRole


def graph_of(page: NetworkPage) -> Graph:
    return page.document.project.network


def chain_of(page: NetworkPage) -> list[str]:
    graph = graph_of(page)
    return [graph.nodes[node_id].name for node_id in graph.order]


def press(keys: str) -> None:
    """Press a key where the focus is."""
    combination = QKeySequence(keys)[0]
    QTest.keyClick(focus(), combination.key(), combination.keyboardModifiers())
    QApplication.processEvents()


def write(text: str) -> None:
    """Type where the focus is."""
    QTest.keyClicks(focus(), text)


def focus() -> QWidget:
    found = QApplication.focusWidget()
    assert found is not None
    return found


@pytest.fixture
def outline(page: NetworkPage) -> NetworkPage:
    """Return the page with the outline open, by its key."""
    press("Ctrl+L")
    assert page.outline.tree.hasFocus()
    return page


def lines(page: NetworkPage) -> list[str]:
    return [item.text(0) for item in page.outline.tree.tops()]


def current(page: NetworkPage) -> QTreeWidgetItem:
    item = page.outline.tree.currentItem()
    assert item is not None
    return item


def test_the_outline_lists_blocks_in_the_order_of_the_wires(outline: NetworkPage) -> None:
    assert lines(outline) == ["input1", "conv1", "relu1", "fc1", "output1"]
    told = outline.outline.tree.topLevelItem(3).data(0, TOLD)
    assert told.startswith("fc1, Linear, no shape, wired from relu1")
    assert "needs a row of numbers" in told
    press("Ctrl+L")
    assert outline.canvas.hasFocus()
    assert outline.palette_.isVisible()


def test_outline_and_canvas_select_together(outline: NetworkPage) -> None:
    press("Down")
    assert outline.editor.selection == {"b"}
    press("Shift+Down")
    assert outline.editor.selection == {"b", "c"}
    outline.editor.select(["e"])
    assert current(outline).text(0) == "output1"
    press("Escape")
    assert outline.canvas.hasFocus()


def test_a_block_is_added_behind_the_line(outline: NetworkPage) -> None:
    press("Down")
    press("A")
    assert outline.quick_add.search.hasFocus()
    write("gelu")
    press("Return")
    assert chain_of(outline) == ["input1", "conv1", "gelu1", "relu1", "fc1", "output1"]
    assert outline.outline.tree.hasFocus(), "the focus comes back"
    assert current(outline).text(0) == "gelu1"
    press("Space")
    assert outline.quick_add.isVisible()
    press("Escape")


def test_a_line_is_renamed_in_place(outline: NetworkPage) -> None:
    press("Down")
    press("F2")
    assert isinstance(focus(), QLineEdit)
    focus().selectAll()
    write("stem")
    press("Return")
    assert graph_of(outline).nodes["b"].name == "stem"
    assert lines(outline)[1] == "stem"
    press("F2")
    focus().selectAll()
    write("relu1")
    press("Return")
    assert graph_of(outline).nodes["b"].name == "stem"
    assert lines(outline)[1] == "stem", "a name that is taken is not left in the line"
    assert "already called relu1" in outline.toasts.shown[0].accessibleName()
    outline.toasts.clear()


def test_blocks_move_up_and_down_the_chain(outline: NetworkPage) -> None:
    press("Down")
    press("Ctrl+Down")
    assert chain_of(outline)[:3] == ["input1", "relu1", "conv1"]
    assert outline.document.undo_label == "Move conv1 down the chain"
    assert current(outline).text(0) == "conv1"
    press("Ctrl+Up")
    assert chain_of(outline)[:3] == ["input1", "conv1", "relu1"]
    press("Ctrl+Up")
    assert chain_of(outline)[0] == "input1"
    assert "cannot move" in outline.toasts.shown[0].accessibleName()
    outline.toasts.clear()


def test_toggle_freeze_and_delete_by_key(outline: NetworkPage) -> None:
    press("Down")
    press("K")
    press("B")
    node = graph_of(outline).nodes["b"]
    assert node.frozen
    assert not node.enabled
    assert {"off", "frozen"} <= set(current(outline).data(0, TOLD).split(", "))
    press("Del")
    assert "b" not in graph_of(outline).nodes
    assert graph_of(outline).incoming["c"][0].source == "a", "the chain is healed"
    assert outline.outline.tree.hasFocus()


def test_wires_are_chosen_from_a_list_that_says_what_fits(outline: NetworkPage) -> None:
    outline.editor.unwire(graph_of(outline).incoming["c"][0])
    outline.editor.select(["b"])
    press("W")
    palette = outline.main.palette_
    groups = {entry.title: entry.group for entry in palette.found()}
    assert groups == {"relu1": "Fits", "fc1": "Does not fit", "output1": "Fits"}
    write("relu")
    press("Return")
    assert graph_of(outline).incoming["c"][0].source == "b"
    press("W")
    assert {e.title: e.group for e in palette.found()}["relu1"] == "Wired now"
    write("relu")
    press("Return")
    assert not graph_of(outline).incoming["c"], "a wire is removed in the same list"
    outline.editor.select(["c"])
    press("Shift+W")
    write("conv1")
    press("Return")
    assert graph_of(outline).incoming["c"][0].source == "b"


def test_groups_are_nested_lines_and_entered_by_enter(outline: NetworkPage) -> None:
    press("Down")
    press("Shift+Down")
    press("Ctrl+G")
    group = outline.editor.single
    assert group is not None
    tree = outline.outline.tree
    line = next(item for item in tree.tops() if tree.node_of(item) == group.id)
    inside = [line.child(row).text(0) for row in range(line.childCount())]
    assert {"conv1", "relu1"} <= set(inside)
    assert tree.hasFocus()
    press("Return")
    assert outline.editor.path == (group.id,)
    assert {"conv1", "relu1"} <= set(lines(outline))
    assert tree.currentItem() is not None
    press("Backspace")
    assert "output1" in lines(outline)
    line = next(item for item in tree.tops() if tree.node_of(item) == group.id)
    tree.setCurrentItem(line)
    press("Right")
    while current(outline).text(0) != "relu1":
        press("Down")
    press("Return")
    assert outline.editor.path == (group.id,)
    assert [node.name for node in outline.editor.nodes] == ["relu1"]


def test_enter_goes_to_the_settings(outline: NetworkPage) -> None:
    press("Down")
    press("Return")
    assert outline.inspector.isAncestorOf(focus())


def test_search_shortens_the_outline(outline: NetworkPage) -> None:
    outline.outline.search.setFocus()
    write("lin")
    shown = [item.text(0) for item in outline.outline.tree.tops() if not item.isHidden()]
    assert shown == ["fc1"]
    press("Return")
    assert outline.editor.selection == {"d"}


def test_a_network_is_built_by_keyboard_only(open_page: Callable[..., NetworkPage]) -> None:
    page = open_page(Graph())
    press("Ctrl+L")
    for word, name in (("input", "input1"), ("conv2d", "conv1"), ("relu", "relu1")):
        press("A")
        write(word)
        press("Return")
        assert graph_of(page).named(name) is not None, word
        if word == "input":
            press("Ctrl+.")
            assert graph_of(page).named(name).layer.field == "image", "the repair is a key away"
    for word in ("flatten", "linear"):
        press("A")
        write(word)
        press("Return")
    press("Return")
    assert page.inspector.isAncestorOf(focus()), "on to the settings of the Linear"
    while focus().objectName() != "network.form.out_features":
        press("Tab")
    focus().selectAll()
    write("10")
    press("Return")
    press("Ctrl+L")
    press("Ctrl+L")
    press("A")
    write("output")
    press("Return")
    assert chain_of(page) == ["input1", "conv1", "relu1", "flat1", "fc1", "output1"]
    assert graph_of(page).named("fc1").layer.out_features == 10
    assert not page.editor.analysis.errors
    press("Ctrl+Z")
    assert len(graph_of(page).nodes) == 5


# Names and focus


def controls(page: NetworkPage) -> list[QWidget]:
    """Return every control in sight that takes the focus by Tab."""
    return [
        widget
        for widget in page.findChildren(QWidget)
        if widget.isVisibleTo(page)
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isEnabled()
        and widget.focusProxy() is None
    ]


@pytest.mark.parametrize("left", ["palette", "outline"])
def test_every_control_that_takes_the_focus_has_a_name(page: NetworkPage, left: str) -> None:
    page.editor.select(["b"])
    if left == "outline":
        page.actions_["network.outline"].trigger()
    nameless = []
    for tab in ("summary", "code", "problems"):
        page.dock.show_tab(tab)
        QApplication.processEvents()
        found = controls(page)
        assert len(found) > 15
        for widget in found:
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            if not (widget.accessibleName() or text):
                nameless.append(f"{type(widget).__name__} {widget.objectName()}")
    assert not nameless


def test_tab_follows_reading_order(page: NetworkPage) -> None:
    """From the left panel over the toolbar and the canvas to the dock and the inspector."""
    page.editor.select(["b"])
    parts = {
        "left": page.palette_,
        "toolbar": page.findChild(QWidget, "network.toolbar"),
        "canvas": page.canvas,
        "dock": page.dock,
        "inspector": page.inspector,
    }
    page.palette_.search.setFocus()
    seen: list[str] = []
    for _ in range(120):
        where = focus()
        name = next(
            (n for n, part in parts.items() if part is where or part.isAncestorOf(where)), ""
        )
        if seen and not name and len(set(seen)) == len(parts):
            break
        if name and (not seen or seen[-1] != name):
            seen.append(name)
        QTest.keyClick(where, Qt.Key.Key_Tab)
    assert seen == list(parts)


def test_the_focus_is_seen(page: NetworkPage) -> None:
    """Painting with and without the focus differs, for every control of the page."""
    page.editor.select(["b"])
    same = []
    for widget in controls(page):
        page.setFocus()
        QApplication.processEvents()
        before = shot(page, widget)
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        QApplication.processEvents()
        if widget.hasFocus() and shot(page, widget) == before:
            same.append(f"{type(widget).__name__} {widget.objectName()}")
    assert not same


def shot(page: NetworkPage, widget: QWidget) -> object:
    """Return what the page shows where a control is."""
    corner = widget.mapTo(page, QPoint(0, 0))
    return page.grab().toImage().copy(corner.x(), corner.y(), widget.width(), widget.height())


def test_the_menu_key_opens_the_menu_at_the_selection(page: NetworkPage) -> None:
    page.editor.select(["e"])
    asked: list[QPoint] = []
    page.canvas.menu_wanted.connect(lambda where, point: asked.append(where))
    view = page.canvas.viewport()
    corner = QPoint(1, 1)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, corner, view.mapToGlobal(corner))
    QApplication.sendEvent(view, event)
    area = page.canvas.screen_rect(page.canvas.network_scene.blocks["e"].area)
    assert area.contains(view.mapFromGlobal(asked[0]))
    menu = QApplication.activePopupWidget()
    assert menu is not None
    menu.close()


def test_the_canvas_shows_its_focus_for_keys_only(page: NetworkPage) -> None:
    page.palette_.search.setFocus()
    before = page.canvas.grab().toImage()
    page.canvas.setFocus(Qt.FocusReason.MouseFocusReason)
    assert page.canvas.grab().toImage() == before
    page.palette_.search.setFocus()
    page.canvas.setFocus(Qt.FocusReason.ShortcutFocusReason)
    assert page.canvas.grab().toImage() != before
