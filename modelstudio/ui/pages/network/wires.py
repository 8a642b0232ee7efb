"""Wires on the canvas: their courses with rounded corners, and the shapes that they carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPainterPathStroker
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from modelstudio.network.analysis import Shape, format_shape
from modelstudio.network.graph import Edge
from modelstudio.ui.pages.network.items import CanvasItem
from modelstudio.ui.pages.network.look import LABEL_ZOOM, PORT_RADIUS, look
from modelstudio.ui.pages.network.routing import Box, Point, Side, label_point, segments

WireState = Literal["ok", "error", "waiting"]

_EDGE_RADIUS = 8.0


class WireItem(CanvasItem):
    """A wire with rounded corners and the shape that runs through it."""

    def __init__(self, edge: Edge):
        super().__init__()
        self.edge = edge
        self.state: WireState = "ok"
        self.text = ""
        self.fresh = True
        """True until it was told its state."""
        self.course: tuple[Point, ...] = ()
        self.side: Side = "top"
        self.junctions: tuple[Point, ...] = ()
        self.label_shared = False
        """True while another wire shows the shape for both."""
        self.parts: list[Box] = []
        """The straight parts of the course."""
        self._path: QPainterPath | None = None
        self._label = QRectF()
        self._extent = QRectF()
        self._bounds = QRectF()
        self.setZValue(1)

    def take(self, state: WireState, shape: Shape | None) -> None:
        """Take the state of the wire and the shape it carries."""
        text = "?" if shape is None else format_shape(shape)
        self.fresh = False
        if (state, text) != (self.state, self.text):
            longer = len(text) != len(self.text)
            self.state, self.text = state, text
            if longer:
                self._place_label()
            self.update()

    def run(self, course: tuple[Point, ...], side: Side) -> None:
        """Take a new course."""
        self.course, self.side = course, side
        self.parts = segments(course)
        self._path = None
        across, down = [x for x, _ in course], [y for _, y in course]
        left, top = min(across), min(down)
        extent = QRectF(left, top, max(across) - left, max(down) - top)
        self._extent = extent.adjusted(-8, -8, 8, 8)
        self._place_label()
        self.update()

    def set_junctions(self, points: tuple[Point, ...]) -> None:
        """Take the points at which other wires part from this one."""
        if points != self.junctions:
            self.junctions = points
            self.update()

    def stand_alone(self) -> None:
        """Be the only wire of its port: nothing parts from it, and its label is its own."""
        self.set_junctions(())
        if self.label_shared:
            self.label_shared = False
            self.update()

    def share_label(self, others: Sequence[WireItem]) -> None:
        """Leave the label to another wire of the same port, where that would run through it."""
        area = self._label
        label = Box(area.left(), area.top(), area.right(), area.bottom())
        shared = any(part.overlaps(label) for other in others for part in other.parts)
        shared = shared and any(not other.label_shared for other in others)
        if shared != self.label_shared:
            self.label_shared = shared
            self.update()

    def _place_label(self) -> None:
        if not self.course:
            return
        width = look().edge_advance * len(self.text) + 8
        x, y = label_point(self.course)
        self._label = QRectF(x - width / 2, y - 7, width, 14)
        bounds = self._extent.united(self._label)
        if bounds != self._bounds:
            self.prepareGeometryChange()
            self._bounds = bounds

    def boundingRect(self) -> QRectF:
        return self._bounds

    def shape(self) -> QPainterPath:
        stroker = QPainterPathStroker()
        stroker.setWidth(12)
        return stroker.createStroke(self.path)

    @property
    def path(self) -> QPainterPath:
        """The course with its corners rounded, made when it is first drawn."""
        if self._path is None:
            self._path = rounded(self.course)
        return self._path

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        skin = look()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = {"ok": skin.wire, "error": skin.wire_bad, "waiting": skin.wire_waiting}[self.state]
        if self.picked or self.hovered:
            pen = skin.wire_selected
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self.path)
        if self.junctions:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(pen.color())
            for x, y in self.junctions:
                painter.drawEllipse(QPointF(x, y), 3.5, 3.5)
        if self.side != "top":
            painter.setPen(skin.port)
            painter.setBrush(skin.canvas)
            painter.drawEllipse(QPointF(*self.course[-1]), PORT_RADIUS, PORT_RADIUS)
        near = option.levelOfDetailFromTransform(painter.worldTransform()) >= LABEL_ZOOM
        if near and not self.label_shared:
            painter.fillRect(self._label, skin.canvas)
            painter.setFont(skin.edge_label)
            painter.setPen(skin.error if self.state == "error" else skin.secondary)
            painter.drawText(self._label, Qt.AlignmentFlag.AlignCenter, self.text)


def rounded(course: Sequence[Point]) -> QPainterPath:
    """Return the path through the corners, each rounded as far as its segments allow."""
    points = [QPointF(*point) for point in course]
    path = QPainterPath(points[0])
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        first, second = QLineF(corner, before), QLineF(corner, after)
        bend = min(_EDGE_RADIUS, first.length() / 2, second.length() / 2)
        if bend <= 0:
            continue
        path.lineTo(first.pointAt(bend / first.length()))
        path.quadTo(corner, second.pointAt(bend / second.length()))
    path.lineTo(points[-1])
    return path
