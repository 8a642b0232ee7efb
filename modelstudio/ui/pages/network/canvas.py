"""The view of the network: it looks around, and hands presses to one gesture at a time."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPixmapCache,
)
from PySide6.QtWidgets import QGraphicsView, QWidget

from modelstudio.network.analysis import Problem
from modelstudio.network.graph import Edge, Note
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.drops import LayerDrop
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.edits import neighbour
from modelstudio.ui.pages.network.forecast import Forecast, Foresight
from modelstudio.ui.pages.network.items import BlockItem, CanvasItem, NoteItem
from modelstudio.ui.pages.network.look import (
    BLOCK_HEIGHT,
    BLOCK_WIDTH,
    DETAIL_ZOOM,
    PORT_HIT,
)
from modelstudio.ui.pages.network.marked_view import MarkedView
from modelstudio.ui.pages.network.overlays import Bubble, NameEditor, NoteEditor, WireMenu
from modelstudio.ui.pages.network.palette_list import dragged_layer
from modelstudio.ui.pages.network.scene import PortRef
from modelstudio.ui.pages.network.sight import Selection
from modelstudio.ui.pages.network.tools import (
    BandTool,
    MoveTool,
    PanTool,
    ResizeNoteTool,
    Tool,
    WireTool,
)
from modelstudio.ui.pages.network.wires import WireItem
from modelstudio.ui.pages.network.zoom_view import ZOOM_STEP
from modelstudio.ui.theme import themes

_CONTROL = Qt.KeyboardModifier.ControlModifier
_SHIFT = Qt.KeyboardModifier.ShiftModifier
_TAP, _REPEAT = 600, 40
"""Milliseconds: the longest that Space is held to be a tap; from a release to a repeated press."""
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class Canvas(MarkedView):
    """Shows the scene; edits go to the editor, never into the scene.

    ``quick_add_wanted`` gives a place on the canvas and, for the loose end of a wire, its port;
    ``tapped`` that of the pointer when Space was let go; ``opened`` the block clicked twice.
    """

    quick_add_wanted = Signal(object, object)
    tapped = Signal(object)
    opened = Signal(str)
    menu_wanted = Signal(object, object)

    def __init__(self, editor: Editor, parent: QWidget | None = None):
        super().__init__(parent, "network.canvas")
        self.editor = editor
        self.setMinimumSize(240, 160)
        self.setAcceptDrops(True)
        self.viewport().setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(tr("Network canvas"))
        QPixmapCache.setCacheLimit(max(QPixmapCache.cacheLimit(), 96 * 1024))

        self.bubble = Bubble(self)
        self.note_editor = NoteEditor(self)
        self.name_editor = NameEditor(self, editor)
        self._drop = LayerDrop(self)
        self._tool: Tool | None = None
        self._hovered: CanvasItem | None = None
        self._let_go: Selection = frozenset()
        self._space = False
        self._space_used = False
        self._space_down, self._space_up = 0, 0
        """When Space was pressed and let go, in milliseconds."""

        self.looked.connect(self._place_bubble)
        editor.changed.connect(self.sync)
        editor.selection_changed.connect(self._show_selection)
        self.bubble.chosen.connect(editor.fix)
        self.bubble.code_wanted.connect(self.opened)
        self.foresight = Foresight(editor, self)
        self.foresight.shown.connect(self._show_forecast)
        self.bubble.foresee(self.foresight)
        self.note_editor.done.connect(self._note_edited)
        self.note_editor.left.connect(self._note_left)
        themes().changed.connect(self._restyle)
        self.sync()

    # In step with the editor

    def sync(self) -> None:
        """Take the network over into the scene."""
        self._drop_tool()
        self._hovered = None
        self.forget_wire()
        editor = self.editor
        self.network_scene.sync(editor.graph, editor.analysis, editor.target_text, editor.path)
        self._show_selection()
        if self.fit_due:
            self.fit()
        self.looked.emit()

    def _show_selection(self) -> None:
        scene, chosen = self.network_scene, self.editor.selection
        for key, item in (*scene.blocks.items(), *scene.notes.items()):
            item.mark(picked=key in chosen)
        for edge, wire in scene.wires.items():
            wire.mark(picked=edge == self.editor.edge)
        if scene.plain:
            self.viewport().update()
        self.setAccessibleDescription(self._described())
        self._place_bubble()

    def _described(self) -> str:
        node, note = self.editor.single, self._single_note()
        if note is not None:
            return tr("Note: {0}").format(note.text)
        if node is None:
            return tr("{0} selected").format(len(self.editor.selection))
        item = self.network_scene.blocks[node.id]
        return f"{node.name}, {node.layer.label}, {item.shape_text()}"

    def _restyle(self) -> None:
        self.network_scene.restyle()
        self.viewport().update()

    # Looking around

    @property
    def port_reach(self) -> float:
        """How near the pointer must come to a port, in canvas pixels."""
        return min(PORT_HIT / min(self.zoom, 1.0), 1.6 * PORT_HIT)

    def content(self) -> QRectF:
        bounds = self.network_scene.bounds()
        return QRectF(0, 0, BLOCK_WIDTH, BLOCK_HEIGHT) if bounds.isEmpty() else bounds

    def _scale_to(self, zoom: float) -> None:
        super()._scale_to(zoom)
        plain = self.zoom < DETAIL_ZOOM
        self.network_scene.set_plain(plain)
        mode = QGraphicsView.ViewportUpdateMode
        self.setViewportUpdateMode(mode.FullViewportUpdate if plain else mode.MinimalViewportUpdate)

    def center_on(self, node_id: str) -> None:
        """Bring a block into sight."""
        item = self.network_scene.blocks.get(node_id)
        if item is not None and not self.in_sight(item.area):
            self.look_at(item.area.center())

    def fit_selection(self) -> None:
        """Show what is selected, or everything."""
        if self.editor.selection:
            self.fit_due = False
            self.fit_rect(self.network_scene.bounds(self.editor.selection))
        else:
            self.fit()

    # Gestures

    def mousePressEvent(self, event: QMouseEvent) -> None:
        where = event.position().toPoint()
        point = self.mapToScene(where)
        if self._tool is not None:
            return
        self.fit_due = False
        self.show_ring(False)
        if event.button() == Qt.MouseButton.MiddleButton or (
            self._space and event.button() == Qt.MouseButton.LeftButton
        ):
            self._space_used = True
            self._begin(PanTool(self, point, where))
        elif event.button() == Qt.MouseButton.LeftButton:
            self._begin(self._choose(point, where, event.modifiers()))

    def _choose(self, point: QPointF, where: QPoint, modifiers: Qt.KeyboardModifier) -> Tool | None:
        extend = bool(modifiers & (_CONTROL | _SHIFT))
        if not self.network_scene.plain:
            ref = self.network_scene.port_near(point, self.port_reach)
            if ref is not None:
                return self._wire_tool(ref, point, where)
        item = self.network_scene.item_near(point)
        if isinstance(item, WireItem):
            self.editor.select(edge=item.edge)
            return None
        if isinstance(item, BlockItem | NoteItem):
            gripped = isinstance(item, NoteItem) and item.grip.contains(point - item.pos())
            if isinstance(item, NoteItem) and gripped and not self.network_scene.plain:
                return ResizeNoteTool(self, point, where, item)
            key = item.node.id if isinstance(item, BlockItem) else item.note.id
            chosen = self.editor.selection
            if extend:
                self.editor.select(chosen ^ {key})
                return None
            if key not in chosen:
                self.editor.select([key])
            return MoveTool(self, point, where, key)
        self._let_go = self.editor.selection
        return BandTool(self, point, where, modifiers)

    def _wire_tool(self, ref: PortRef, point: QPointF, where: QPoint) -> Tool:
        """Begin a wire at a port; one that ends at a taken input is picked up by that end."""
        if ref.kind == "input":
            graph = self.editor.graph
            ports = graph.nodes[ref.node].layer.input_ports()
            variadic = any(port.name == ref.port and port.variadic for port in ports)
            taken = [edge for edge in graph.incoming[ref.node] if edge.target_port == ref.port]
            if taken and not variadic:
                origin = PortRef(taken[0].source, taken[0].source_port, "output")
                return WireTool(self, point, where, origin, taken[0])
        return WireTool(self, point, where, ref, None)

    def _begin(self, tool: Tool | None) -> None:
        self._tool = tool
        if tool is not None and tool.cursor is not None:
            self.viewport().setCursor(tool.cursor)
        self._place_bubble()

    def _drop_tool(self) -> None:
        """Give the gesture up when the network changes under it."""
        if self._tool is not None:
            tool, self._tool = self._tool, None
            tool.cancel()
            self.viewport().unsetCursor()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        where = event.position().toPoint()
        point = self.mapToScene(where)
        if self._tool is not None:
            self._tool.move(point, where, event.modifiers())
        else:
            self._hover(point)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._tool is None:
            return
        tool, self._tool = self._tool, None
        self.viewport().unsetCursor()
        tool.finish()
        if self._space:
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        self._place_bubble()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        point = self.mapToScene(event.position().toPoint())
        item = self.network_scene.item_near(point)
        if item is None:
            self.editor.select(self._let_go)
            self.quick_add_wanted.emit(point, None)
        elif isinstance(item, NoteItem):
            self.edit_note(item.note.id)
        elif isinstance(item, BlockItem):
            self.opened.emit(item.node.id)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            self._menu_by_key()
            return
        point = self.mapToScene(event.pos())
        item = self.network_scene.item_near(point)
        if isinstance(item, WireItem):
            self.editor.select(edge=item.edge)
        elif isinstance(item, BlockItem | NoteItem):
            key = item.node.id if isinstance(item, BlockItem) else item.note.id
            if key not in self.editor.selection:
                self.editor.select([key])
        self.menu_wanted.emit(event.globalPos(), point)

    def _menu_by_key(self) -> None:
        """Open the menu at what is selected, or in the middle of what is seen."""
        bounds = self.network_scene.bounds(self.editor.selection)
        point = self.seen().center() if bounds.isEmpty() else bounds.center()
        self.menu_wanted.emit(self.viewport().mapToGlobal(self.mapFromScene(point)), point)

    def _hover(self, point: QPointF) -> None:
        ref = None
        if not self.network_scene.plain:
            ref = self.network_scene.port_near(point, self.port_reach)
        if self._space:
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif ref is not None:
            self.viewport().setCursor(Qt.CursorShape.CrossCursor)
        else:
            self.viewport().unsetCursor()
        item = self.network_scene.item_near(point)
        if item is not self._hovered:
            for one, on in ((self._hovered, False), (item, True)):
                if one is not None:
                    one.mark(hovered=on)
            self._hovered = item

    def leaveEvent(self, event: object) -> None:
        if self._hovered is not None:
            self._hovered.mark(hovered=False)
            self._hovered = None

    # What gestures ask

    def _show_forecast(self, shown: Forecast | None) -> None:
        self.show_forecast(shown)
        self.bubble.show_outlook(shown.text if shown is not None else "")

    def loose_end(self, port: PortRef, point: QPointF) -> None:
        """Ask what to put at the end of a wire that was dropped on nothing."""
        self.quick_add_wanted.emit(point, port)

    def offer_repairs(
        self, edge: Edge, taken: Edge | None, problem: Problem, point: QPointF
    ) -> None:
        """Offer what would make a refused wire fit, where it was let go."""
        menu = WireMenu(problem, self)
        menu.chosen.connect(lambda fix: self.editor.wire(edge, taken, fix))
        menu.popup(self.viewport().mapToGlobal(self.mapFromScene(point)))

    def _place_bubble(self) -> None:
        problem = None if self._tool is not None else self._problem_to_show()
        self.bubble.show_problem(problem)
        leader = None
        if problem is not None:
            block = self.network_scene.blocks[str(problem.node)]
            others = [
                self.screen_rect(item.area)
                for item in self.network_scene.boxes_in(self.seen())
                if item is not block
            ]
            covers = QRect(QPoint(0, self.height() - self.corner.height()), self.corner)
            place = self.screen_rect(block.area)
            leader = self.bubble.point_at(place, self.viewport().rect(), (*others, covers))
        tone = self.bubble.tone
        self.show_leader(None if leader is None else (leader, tone))

    def _problem_to_show(self) -> Problem | None:
        """Return the problem of the selected block, or the only error there is."""
        if self.network_scene.plain:
            return None
        placed = [p for p in self.editor.analysis.problems if p.node in self.network_scene.blocks]
        single = self.editor.single
        if single is not None and (own := [p for p in placed if p.node == single.id]):
            return own[0]
        errors = [p for p in placed if p.severity == "error"]
        return errors[0] if len(errors) == 1 else None

    # Names and notes

    def _single_note(self) -> Note | None:
        """Return the selected note, when nothing else is selected."""
        chosen = self.editor.selection
        notes = (note for note in self.editor.graph.notes if {note.id} == chosen)
        return next(notes, None)

    def rename(self) -> None:
        """Type another name for the selected block, or another text for the note."""
        if (note := self._single_note()) is not None:
            self.edit_note(note.id)
        elif (node := self.editor.single) is not None:
            self.center_on(node.id)
            item = self.network_scene.blocks[node.id]
            head = QRectF(item.area.topLeft(), QSizeF(BLOCK_WIDTH, BLOCK_HEIGHT / 2))
            self.name_editor.begin(node, self.screen_rect(head))

    def edit_note(self, note_id: str) -> None:
        """Edit the text of a note where it lies."""
        item = self.network_scene.notes[note_id]
        if not self.in_sight(item.area):
            self.look_at(item.area.center())
        area = self.screen_rect(item.area)
        area.setSize(area.size().expandedTo(QRect(0, 0, 160, 56).size()))
        item.write(True)
        self.note_editor.begin(note_id, item.note.text, area)

    def _note_left(self, note_id: str) -> None:
        if (item := self.network_scene.notes.get(note_id)) is not None:
            item.write(False)

    def _note_edited(self, note_id: str, text: str) -> None:
        note = next((n for n in self.editor.graph.notes if n.id == note_id), None)
        if note is not None and note.text != text:
            self.editor.change_note(replace(note, text=text), tr("Edit note"))

    # A layer from the palette

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dragged_layer(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._drop.over(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop.leave()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop.drop(event)

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, modifiers = Qt.Key(event.key()), event.modifiers()
        if key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                if event.timestamp() - self._space_up > _REPEAT:
                    self._space_down, self._space_used = event.timestamp(), False
                self._space = True
                self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif key == Qt.Key.Key_Escape:
            if self._tool is not None:
                self._drop_tool()
            elif self.editor.selection or self.editor.edge is not None:
                self.editor.select()
            else:
                self.editor.leave()
        elif key == Qt.Key.Key_Backspace:
            self.editor.leave()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if (node := self.editor.single) is not None:
                self.opened.emit(node.id)
            elif (note := self._single_note()) is not None:
                self.edit_note(note.id)
        elif key in _ARROWS:
            if modifiers & Qt.KeyboardModifier.AltModifier:
                if (node := self.editor.single) is not None:
                    near = neighbour(self.editor.graph, node.id, *_ARROWS[key])
                    self._go_to(near or node.id)
            elif self.editor.selection:
                self.editor.nudge(*_ARROWS[key])
            elif self.editor.graph.nodes:
                self._go_to(next(iter(self.editor.graph.nodes)))
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.set_zoom(self.zoom * ZOOM_STEP)
        elif key == Qt.Key.Key_Minus:
            self.set_zoom(self.zoom / ZOOM_STEP)
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space or event.isAutoRepeat() or not self._space:
            event.ignore()
            return
        self._space, self._space_up = False, event.timestamp()
        if self._tool is None:
            self.viewport().unsetCursor()
            if not self._space_used and self._space_up - self._space_down < _TAP:
                self.tapped.emit(self.pointer())

    def _go_to(self, node_id: str) -> None:
        self.editor.select([node_id])
        self.center_on(node_id)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._space = False
