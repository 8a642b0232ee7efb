"""Gestures on the canvas, one object each, from the press to finish or cancel."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt

from modelstudio.network.analysis import Problem
from modelstudio.network.graph import Edge, Position
from modelstudio.network.layer import Port
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.arrange import Guides
from modelstudio.ui.pages.network.edits import snapped
from modelstudio.ui.pages.network.fitting import Values
from modelstudio.ui.pages.network.items import BlockItem, NoteItem, PortKind, Socket
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT, BLOCK_WIDTH, GRID
from modelstudio.ui.pages.network.overlays import sentence
from modelstudio.ui.pages.network.routing import Box, Side, route
from modelstudio.ui.pages.network.scene import PortRef

if TYPE_CHECKING:
    from modelstudio.ui.pages.network.canvas import Canvas

_DRAG_START = 4
"""Pixels on the screen before a press becomes a drag."""


class Tool:
    """A gesture between press and release.

    Parameters
    ----------
    point
        Where it began, on the canvas.
    where
        Where it began, in the viewport.
    """

    cursor: Qt.CursorShape | None = None

    def __init__(self, canvas: Canvas, point: QPointF, where: QPoint):
        self.canvas = canvas
        self.editor = canvas.editor
        self.scene = canvas.network_scene
        self.start = point
        self.pressed_at = where
        self.dragging = False

    def move(self, point: QPointF, where: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        """Follow the pointer; a small tremor is not yet a drag."""
        if not self.dragging:
            self.dragging = (where - self.pressed_at).manhattanLength() >= _DRAG_START
        if self.dragging:
            self.drag(point, where, modifiers)

    def drag(self, point: QPointF, where: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        """Show what the gesture would do."""

    def finish(self) -> None:
        """Do it."""

    def cancel(self) -> None:
        """Leave everything as it was."""


class PanTool(Tool):
    """Move the view."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(self, canvas: Canvas, point: QPointF, where: QPoint):
        super().__init__(canvas, point, where)
        self._last = where

    def drag(self, point: QPointF, where: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        self.canvas.pan(where - self._last)
        self._last = where


class BandTool(Tool):
    """Select what lies in a rectangle: alone, besides the rest (Shift) or turned over (Ctrl)."""

    def __init__(
        self, canvas: Canvas, point: QPointF, where: QPoint, modifiers: Qt.KeyboardModifier
    ):
        super().__init__(canvas, point, where)
        self._adds = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        self._turns = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        self._edge = self.editor.edge
        self._was = self.editor.selection
        self._before = self._was if self._adds or self._turns else frozenset[str]()
        self.editor.select(self._before)

    def drag(self, point: QPointF, where: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        band = QRectF(self.start, point).normalized()
        self.canvas.show_band(band)
        inside = {
            item.node.id if isinstance(item, BlockItem) else item.note.id
            for item in self.scene.items(band, Qt.ItemSelectionMode.IntersectsItemShape)
            if isinstance(item, BlockItem | NoteItem)
        }
        self.editor.select(self._before ^ inside if self._turns else self._before | inside)

    def finish(self) -> None:
        self.canvas.show_band(None)

    def cancel(self) -> None:
        self.canvas.show_band(None)
        self.editor.select(self._was, self._edge)


class MoveTool(Tool):
    """Move the selected blocks and notes; one edit at the end.

    The grabbed one snaps to the lines of others and to the grid; with Alt it goes anywhere.
    """

    def __init__(self, canvas: Canvas, point: QPointF, where: QPoint, grabbed: str):
        super().__init__(canvas, point, where)
        self._grabbed = grabbed
        graph = self.editor.graph
        self._places: dict[str, Position] = {
            key: node.position for key, node in graph.nodes.items() if key in self.editor.selection
        }
        self._places |= {
            note.id: note.position for note in graph.notes if note.id in self.editor.selection
        }
        seen = canvas.seen()
        self._guides = Guides(
            node.position
            for key, node in graph.nodes.items()
            if key not in self._places and seen.contains(QPointF(*node.position))
        )
        self._now = dict(self._places)
        self._onto: Edge | None = None

    def drag(self, point: QPointF, where: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        x, y = self._places[self._grabbed]
        away = point - self.start
        wanted = (x + away.x(), y + away.y())
        free = bool(modifiers & Qt.KeyboardModifier.AltModifier)
        block = self._grabbed in self.editor.graph.nodes
        snap = self._guides.snap if block else lambda place: snapped(*place)
        new = wanted if free else snap(wanted)
        dx, dy = new[0] - x, new[1] - y
        self._now = {key: (a + dx, b + dy) for key, (a, b) in self._places.items()}
        self.canvas.show_moved(self.scene.preview(self._now))
        self._onto = self._wire_below(new)
        self.canvas.mark_wire(self._onto)
        self.canvas.show_guides(self._guides.at(new) if block and self._onto is None else [])
        self.canvas.reveal(where)

    def _wire_below(self, place: Position) -> Edge | None:
        graph, key = self.editor.graph, self._grabbed
        if len(self._places) > 1 or key not in graph.nodes:
            return None
        layer = graph.nodes[key].layer
        if graph.incoming[key] or graph.outgoing[key]:
            return None
        if not layer.input_ports() or not layer.output_ports():
            return None
        return self.scene.wire_under(QRectF(*place, BLOCK_WIDTH, BLOCK_HEIGHT))

    def finish(self) -> None:
        self._clear()
        if self.dragging:
            self.editor.move(self._now, self._onto)
        else:
            self.editor.select([self._grabbed])

    def cancel(self) -> None:
        self._clear()
        self.canvas.show_moved(self.scene.preview(self._places))

    def _clear(self) -> None:
        self.canvas.mark_wire(None)
        self.canvas.show_guides([])


class ResizeNoteTool(Tool):
    """Drag the folded corner of a note."""

    cursor = Qt.CursorShape.SizeFDiagCursor

    def __init__(self, canvas: Canvas, point: QPointF, where: QPoint, item: NoteItem):
        super().__init__(canvas, point, where)
        self._item, self._old, self._new = item, item.note, item.note

    def drag(self, point: QPointF, where: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        away = point - self.start
        width, height = snapped(self._old.size[0] + away.x(), self._old.size[1] + away.y())
        size = (max(width, 6.0 * GRID), max(height, 2.0 * GRID))
        self._new = replace(self._old, size=size)
        self._item.take(self._new)

    def finish(self) -> None:
        if self._new != self._old:
            self.editor.change_note(self._new, tr("Resize note"))

    def cancel(self) -> None:
        self._item.take(self._old)


class WireTool(Tool):
    """Draw a wire from a port, or move the end of one; ports that it cannot reach are dimmed.

    A wire that would close a loop, or whose value does not fit, is refused while it is drawn, with
    the reason. Let go there, it offers the repairs that would make it fit.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(
        self, canvas: Canvas, point: QPointF, where: QPoint, origin: PortRef, taken: Edge | None
    ):
        super().__init__(canvas, point, where)
        self.origin = origin
        self._taken = taken
        self._graph = self.editor.graph if taken is None else self.editor.graph.disconnect(taken)
        self._end: PortRef | None = None
        self._refusal: str | None = None
        self._misfit: Problem | None = None
        self._end_point = point
        self._loop = self._would_loop()

    @property
    def _wanted(self) -> PortKind:
        return "input" if self.origin.kind == "output" else "output"

    def _would_loop(self) -> set[str]:
        """Return the blocks to which a wire from here would close a loop."""
        if self.origin.kind == "input":
            return self._graph.downstream(self.origin.node)
        return self._graph.upstream([self.origin.node])

    def drag(self, point: QPointF, where: QPoint, modifiers: Qt.KeyboardModifier) -> None:
        if not self.canvas.drafting:
            self._dim()
        end = self._port_at(point)
        self._end_point = (end and self.scene.port_point(end)) or point
        if end != self._end:
            self._end = end
            self._judge()
        bad = self._refusal is not None or self._misfit is not None
        self.canvas.show_draft(self._course(), bad)
        self.canvas.show_hint(self._hint(), where, bad=bad)
        self.canvas.reveal(where)

    def _judge(self) -> None:
        """Find out whether the wire may be drawn to the port where it is now."""
        self._refusal = self._misfit = None
        if self._end is not None:
            edge = self._edge_to(self._end)
            self._refusal = self._graph.refusal(edge)
            if self._refusal is None:
                self._misfit = self.editor.misfit(edge, self._taken)

    def _hint(self) -> str:
        if self._end is None:
            return ""
        if self._refusal is not None:
            return self._refusal
        if self._misfit is not None:
            offer = tr("Let go to see what would help.") if self._misfit.fixes else ""
            return f"{sentence(self._misfit)} {offer}".strip()
        edge = self._edge_to(self._end)
        names = (self._graph.nodes[edge.source].name, self._graph.nodes[edge.target].name)
        return tr("Wire {0} to {1}").format(*names)

    def _course(self) -> tuple[tuple[float, float], ...]:
        anchor = self.scene.port_point(self.origin) or self.start
        first, last = anchor, self._end_point
        if self.origin.kind == "input":
            first, last = last, anchor
        start, end = (first.x(), first.y()), (last.x(), last.y())
        side: Side = "top"
        return route(start, [(end, side)], Box(*start, *start), Box(*end, *end))[0]

    def _edge_to(self, end: PortRef) -> Edge:
        if self.origin.kind == "output":
            return Edge(self.origin.node, self.origin.port, end.node, end.port)
        return Edge(end.node, end.port, self.origin.node, self.origin.port)

    def _port_at(self, point: QPointF) -> PortRef | None:
        near = self.scene.port_near(point, self.canvas.port_reach * 1.5)
        if near is not None and near.kind == self._wanted:
            return near
        item = self.scene.item_near(point)
        if not isinstance(item, BlockItem) or item.node.id == self.origin.node:
            return None
        ports = [PortRef(item.node.id, port.name, self._wanted) for port in self._ports(item)]
        free = [ref for ref in ports if self._is_free(ref)]
        return next(iter(free or ports), None)

    def _ports(self, item: BlockItem) -> tuple[Port, ...]:
        layer = item.node.layer
        return layer.input_ports() if self._wanted == "input" else layer.output_ports()

    def _is_free(self, ref: PortRef) -> bool:
        if ref.kind == "output":
            return True
        port = next(
            p for p in self._graph.nodes[ref.node].layer.input_ports() if p.name == ref.port
        )
        used = any(edge.target_port == ref.port for edge in self._graph.incoming[ref.node])
        return port.variadic or not used

    def _dim(self) -> None:
        """Let the ports that the wire cannot reach step back."""
        values = Values(self._graph, self.editor.analysis, self.editor.fields)
        wanted = self._wanted
        for key, item in self.scene.blocks.items():
            found: set[Socket] = set()
            if key == self.origin.node:
                found = {(self.origin.kind, self.origin.port)}
            elif key not in self._loop:
                ends = (PortRef(key, port.name, wanted) for port in self._ports(item))
                found = {
                    (wanted, end.port) for end in ends if values.misfit(self._edge_to(end)) is None
                }
            item.offer(frozenset(found))

    def _clear(self) -> None:
        self.canvas.show_draft(None)
        self.canvas.show_hint("")
        for item in self.scene.blocks.values():
            item.offer(None)

    def finish(self) -> None:
        self._clear()
        if not self.dragging:
            self.editor.select([self._taken.target if self._taken else self.origin.node])
        elif self._end is not None:
            edge = self._edge_to(self._end)
            if self._misfit is not None:
                self.canvas.offer_repairs(edge, self._taken, self._misfit, self._end_point)
            elif edge != self._taken and self._refusal is None:
                self.editor.wire(edge, self._taken)
        elif self._taken is not None:
            self.editor.unwire(self._taken)
        else:
            self.canvas.loose_end(self.origin, self._end_point)

    def cancel(self) -> None:
        self._clear()
