"""What stands on the canvas: blocks, wires and notes. They paint and say where their ports are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPainterPathStroker, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from modelstudio.network.analysis import NodeInfo, Shape, format_shape
from modelstudio.network.costs import Share
from modelstudio.network.graph import Edge, Node, Note, Position
from modelstudio.network.group import Group
from modelstudio.network.layer import Port
from modelstudio.ui.pages.network.look import (
    BLOCK_HEIGHT,
    BLOCK_WIDTH,
    LABEL_ZOOM,
    PORT_RADIUS,
    RADIUS,
    STRIPE,
    layer_icon,
    look,
)
from modelstudio.ui.pages.network.routing import Box, Point, Side, label_point, segments
from modelstudio.ui.pages.network.units import share_text, short_count
from modelstudio.ui.theme import paint_icon

Severity = Literal["", "notice", "warning", "error"]
WireState = Literal["ok", "error", "waiting"]

_BODY = QRectF(0, 0, BLOCK_WIDTH, BLOCK_HEIGHT)
_EDGE_RADIUS = 8.0


class CanvasItem(QGraphicsItem):
    """An item that can be picked, pointed at and dimmed."""

    def __init__(self) -> None:
        super().__init__()
        self.picked = False
        self.hovered = False
        self.dimmed = False

    def mark(
        self,
        *,
        picked: bool | None = None,
        hovered: bool | None = None,
        dimmed: bool | None = None,
    ) -> None:
        """Change how the item stands out; repaints only when something changed."""
        if picked is not None and picked == self.picked and hovered is dimmed is None:
            return
        before = (self.picked, self.hovered, self.dimmed)
        self.picked = self.picked if picked is None else picked
        self.hovered = self.hovered if hovered is None else hovered
        self.dimmed = self.dimmed if dimmed is None else dimmed
        now = (self.picked, self.hovered, self.dimmed)
        if before != now:
            if before[2] != self.dimmed:
                self.setOpacity(0.35 if self.dimmed else 1.0)
            self.update()


class BlockItem(CanvasItem):
    """A block: stripe, icon, name and summary; below the line its output shape and parameters."""

    def __init__(self, node: Node, info: NodeInfo, severity: Severity, summary: str):
        super().__init__()
        self.node = node
        self.info = info
        self.summary = summary
        self.severity: Severity = severity
        self.share: Share | None = None
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.put(node.position)
        self.setZValue(2)

    def put(self, position: Position) -> None:
        """Stand somewhere else."""
        x, y = position
        self.box = Box(x, y, x + BLOCK_WIDTH, y + BLOCK_HEIGHT)
        """Outline on the canvas."""
        self.setPos(x, y)

    def take(self, node: Node, info: NodeInfo, severity: Severity, summary: str) -> None:
        """Take a new state of the block; repaints only when its looks change."""
        before = self.node
        if (info, severity, summary) != (self.info, self.severity, self.summary) or (
            node is not before
            and (node.name, node.layer, node.enabled, node.frozen, node.shares)
            != (before.name, before.layer, before.enabled, before.frozen, before.shares)
        ):
            self.update()
        self.node, self.info, self.severity, self.summary = node, info, severity, summary

    def warm(self, share: Share | None) -> None:
        """Show what part of a cost of the network the block has, or none."""
        if share != self.share:
            self.share = share
            self.update()

    @property
    def area(self) -> QRectF:
        """Outline on the canvas, as Qt has it."""
        return QRectF(self.box.left, self.box.top, BLOCK_WIDTH, BLOCK_HEIGHT)

    def color(self) -> QColor:
        """Return the colour that stands for the block when it is seen from far."""
        skin = look()
        if self.severity == "error":
            return skin.error
        if self.share is not None:
            return skin.heat(self.share.strength) if self.share.strength else skin.border.color()
        return skin.hues[self.node.layer.category] if self.node.enabled else skin.disabled

    def input_points(self) -> list[tuple[Port, QPointF]]:
        """Return the input ports with their places on the canvas."""
        return self._spread(self.node.layer.input_ports(), 0.0)

    def output_points(self) -> list[tuple[Port, QPointF]]:
        """Return the output ports with their places on the canvas."""
        return self._spread(self.node.layer.output_ports(), BLOCK_HEIGHT)

    def input_place(self, name: str) -> Point:
        """Return where an input port is; a wire of a file may name one that the block has not."""
        return self._place(self.node.layer.input_ports(), name, self.box.top)

    def output_place(self, name: str) -> Point:
        """Return where an output port is, or the middle for one that the block has not."""
        return self._place(self.node.layer.output_ports(), name, self.box.bottom)

    def _place(self, ports: Sequence[Port], name: str, y: float) -> Point:
        across = BLOCK_WIDTH / 2
        for number, port in enumerate(ports, 1):
            if port.name == name:
                across = BLOCK_WIDTH / (len(ports) + 1) * number
        return self.box.left + across, y

    def _spread(self, ports: Sequence[Port], y: float) -> list[tuple[Port, QPointF]]:
        step = BLOCK_WIDTH / (len(ports) + 1)
        x, y = self.box.left, self.box.top + y
        return [(p, QPointF(x + step * (i + 1), y)) for i, p in enumerate(ports)]

    def boundingRect(self) -> QRectF:
        return QRectF(-8, -10, BLOCK_WIDTH + 20, BLOCK_HEIGHT + 20)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(_BODY)
        return path

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        skin = look()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(self.node.layer, Group):
            self._paint_outline(painter, skin.border, _BODY.translated(6, 6))
            self._paint_outline(painter, skin.border, _BODY.translated(3, 3))
        if self.picked:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(skin.outer)
            painter.drawRoundedRect(_BODY.adjusted(-3, -3, 3, 3), RADIUS + 3, RADIUS + 3)
        self._paint_outline(painter, QPen(Qt.PenStyle.NoPen), _BODY, self._ground())
        self._paint_stripe(painter)
        if not self.node.enabled:
            self._paint_through(painter)
        self._paint_text(painter)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self._frame())
        painter.drawRoundedRect(_BODY, RADIUS, RADIUS)
        self._paint_ports(painter)
        if self.severity in ("error", "warning"):
            self._paint_badge(painter)

    def _frame(self) -> QPen:
        skin = look()
        if self.picked:
            return skin.selected
        if self.severity == "error":
            return skin.bad
        if not self.node.enabled:
            return skin.off
        return skin.hover if self.hovered else skin.border

    def _ground(self) -> QColor:
        return look().panel if self.share is None else look().heat(self.share.strength)

    def _paint_outline(
        self, painter: QPainter, pen: QPen, rect: QRectF, ground: QColor | None = None
    ) -> None:
        painter.setPen(pen)
        painter.setBrush(ground or look().panel)
        painter.drawRoundedRect(rect, RADIUS, RADIUS)

    def _paint_stripe(self, painter: QPainter) -> None:
        hue = look().hues[self.node.layer.category] if self.node.enabled else look().disabled
        painter.save()
        clip = QPainterPath()
        clip.addRoundedRect(_BODY, RADIUS, RADIUS)
        painter.setClipPath(clip)
        painter.fillRect(QRectF(0, 0, STRIPE, BLOCK_HEIGHT), hue)
        painter.restore()

    def _paint_through(self, painter: QPainter) -> None:
        """Draw how the values pass a block that is off."""
        painter.setPen(look().border)
        into, out = self.input_points(), self.output_points()
        for (_, start), (_, end) in zip(into, out, strict=False):
            painter.drawLine(start - self.pos(), end - self.pos())

    def _paint_text(self, painter: QPainter) -> None:
        skin, node = look(), self.node
        strong = skin.text if node.enabled else skin.disabled
        soft = skin.secondary if node.enabled else skin.disabled
        hue = skin.hues[node.layer.category] if node.enabled else skin.disabled
        if self.share is not None and self.share.strength > 0:
            strong = soft = hue = skin.ink(self._ground())
        middle = Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | middle

        paint_icon(painter, QRectF(13, 6, 15, 15), layer_icon(node.layer), hue)
        room = BLOCK_WIDTH - 34 - 8
        name = skin.title_metrics.elidedText(node.name, Qt.TextElideMode.ElideRight, room)
        painter.setFont(skin.title)
        painter.setPen(strong)
        painter.drawText(QRectF(34, 1, room, 25), middle, name)
        room -= skin.title_metrics.horizontalAdvance(name) + 8
        left = BLOCK_WIDTH - 8 - room
        if node.frozen:
            paint_icon(painter, QRectF(left - 3, 7, 12, 12), "lock", soft)
            room -= 12
        if room > 16:
            short = Qt.TextElideMode.ElideRight
            summary = skin.detail_metrics.elidedText(self.summary, short, room)
            painter.setFont(skin.detail)
            painter.setPen(soft)
            painter.drawText(QRectF(BLOCK_WIDTH - 8 - room, 1, room, 25), right, summary)

        painter.setPen(skin.rule)
        painter.drawLine(QLineF(STRIPE + 7, 26.5, BLOCK_WIDTH - 8, 26.5))
        painter.setFont(skin.shape)
        painter.setPen(skin.error if self.info.state == "error" else strong)
        painter.drawText(QRectF(13, 27, 90, 24), middle, self.shape_text())
        painter.setFont(skin.detail if self.share is None else skin.title)
        painter.setPen(soft)
        painter.drawText(QRectF(60, 27, BLOCK_WIDTH - 68, 24), right, self._cost_text())

    def _cost_text(self) -> str:
        if self.info.state not in ("ok", "off"):
            return "–"
        if self.share is None:
            return short_count(self.info.parameters)
        return share_text(self.share.whole)

    def shape_text(self) -> str:
        """Return the output shape as the block shows it; an output block shows what arrives."""
        if self.info.state == "error":
            return "no shape"
        shapes = self.info.outputs or self.info.inputs
        if self.info.state == "waiting" or not shapes:
            return "not run" if self.info.untrusted else "waiting"
        return format_shape(shapes[0])

    def _paint_ports(self, painter: QPainter) -> None:
        skin = look()
        painter.setBrush(skin.canvas)
        painter.setPen(skin.selected if self.picked else skin.port)
        for _, point in (*self.input_points(), *self.output_points()):
            painter.drawEllipse(point - self.pos(), PORT_RADIUS, PORT_RADIUS)

    def _paint_badge(self, painter: QPainter) -> None:
        skin = look()
        center = QPointF(BLOCK_WIDTH - 6, 0)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.severity == "error":
            painter.setBrush(skin.error)
            painter.drawEllipse(center, 7.5, 7.5)
        else:
            painter.setBrush(skin.warning)
            x, y = center.x(), center.y()
            corners = [QPointF(x - 8, y + 6), QPointF(x, y - 8), QPointF(x + 8, y + 6)]
            painter.drawPolygon(QPolygonF(corners))
        painter.setPen(QPen(skin.panel, 1.8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QLineF(center.x(), center.y() - 3.5, center.x(), center.y() + 0.5))
        painter.drawPoint(center + QPointF(0, 3.4))


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

    def share_label(self, others: Sequence[WireItem]) -> None:
        """Leave the label to another wire of the same port, where that would run through it."""
        x, y, right, bottom = self._label.getCoords()
        label = Box(x, y, right, bottom)
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


class NoteItem(CanvasItem):
    """A remark on the canvas, with one corner folded."""

    def __init__(self, note: Note):
        super().__init__()
        self.note = note
        self.setPos(*note.position)
        self.setZValue(0)

    def take(self, note: Note) -> None:
        """Take a new state of the note."""
        if note.size != self.note.size:
            self.prepareGeometryChange()
        self.note = note
        self.update()

    @property
    def body(self) -> QRectF:
        """Outline in its own coordinates."""
        return QRectF(0, 0, *self.note.size)

    @property
    def area(self) -> QRectF:
        """Outline on the canvas."""
        return self.body.translated(self.pos())

    def color(self) -> QColor:
        """Return the colour that stands for the note when it is seen from far."""
        return look().note_fill

    @property
    def grip(self) -> QRectF:
        """The folded corner, by which its size is dragged."""
        return QRectF(self.note.size[0] - 14, self.note.size[1] - 14, 14, 14)

    def boundingRect(self) -> QRectF:
        return self.body.adjusted(-2, -2, 2, 2)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        skin, body, grip = look(), self.body, self.grip
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(skin.selected if self.picked else skin.note_border)
        painter.setBrush(skin.note_fill)
        corners = [body.topLeft(), body.topRight(), grip.topRight(), grip.bottomLeft()]
        painter.drawPolygon(QPolygonF([*corners, body.bottomLeft()]))
        painter.drawPolygon(QPolygonF([grip.topRight(), grip.topLeft(), grip.bottomLeft()]))
        painter.setFont(skin.detail)
        painter.setPen(skin.text)
        wrapped = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
        painter.drawText(body.adjusted(10, 8, -10, -6), wrapped, self.note.text)


def rounded(course: Sequence[Point], radius: float = _EDGE_RADIUS) -> QPainterPath:
    """Return the path through the corners, each rounded as far as its segments allow."""
    points = [QPointF(*point) for point in course]
    path = QPainterPath(points[0])
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        first, second = QLineF(corner, before), QLineF(corner, after)
        bend = min(radius, first.length() / 2, second.length() / 2)
        if bend <= 0:
            continue
        path.lineTo(first.pointAt(bend / first.length()))
        path.quadTo(corner, second.pointAt(bend / second.length()))
    path.lineTo(points[-1])
    return path
