"""What stands on the canvas: blocks and notes. They paint and say where their ports are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from modelstudio.network.analysis import NodeInfo, format_shape
from modelstudio.network.costs import Share
from modelstudio.network.graph import Node, Note, Position
from modelstudio.network.group import Group
from modelstudio.network.layer import Port
from modelstudio.ui.pages.network.look import (
    BLOCK_HEIGHT,
    BLOCK_WIDTH,
    PORT_RADIUS,
    RADIUS,
    STRIPE,
    layer_icon,
    look,
)
from modelstudio.ui.pages.network.routing import Box, Point
from modelstudio.ui.pages.network.units import share_text, short_count
from modelstudio.ui.theme import paint_icon

Severity = Literal["", "notice", "warning", "error"]
PortKind = Literal["input", "output"]
Socket = tuple[PortKind, str]
"""A port of a block: its side and its name."""

BLOCK_LAYER = 2.0
"""Blocks lie over wires, and these over notes."""

_BODY = QRectF(0, 0, BLOCK_WIDTH, BLOCK_HEIGHT)


class CanvasItem(QGraphicsItem):
    """An item that can be picked and pointed at."""

    def __init__(self) -> None:
        super().__init__()
        self.picked = False
        self.hovered = False

    def mark(self, *, picked: bool | None = None, hovered: bool | None = None) -> None:
        """Change how the item stands out; repaints only when something changed."""
        before = (self.picked, self.hovered)
        self.picked = self.picked if picked is None else picked
        self.hovered = self.hovered if hovered is None else hovered
        if before != (self.picked, self.hovered):
            self.update()


class BoxItem(CanvasItem):
    """A block or a note."""

    @property
    def area(self) -> QRectF:
        """Where it lies on the canvas."""
        raise NotImplementedError

    def color(self) -> QColor:
        """Return the colour it has where only boxes are drawn."""
        raise NotImplementedError


class BlockItem(BoxItem):
    """A block: stripe, icon, name and summary; below the line its output shape and parameters."""

    def __init__(self, node: Node, info: NodeInfo, severity: Severity, summary: str):
        super().__init__()
        self.node = node
        self.info = info
        self.summary = summary
        self.severity: Severity = severity
        self.share: Share | None = None
        self.open_ports: frozenset[Socket] | None = None
        """Ports that a wire in hand may be drawn to; None while none is drawn."""
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.put(node.position)
        self.setZValue(BLOCK_LAYER)

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

    def offer(self, ports: frozenset[Socket] | None) -> None:
        """Show which ports a wire in hand may be drawn to, or all as ever."""
        if ports != self.open_ports:
            self.open_ports = ports
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
        sides: tuple[tuple[PortKind, list[tuple[Port, QPointF]]], ...] = (
            ("input", self.input_points()),
            ("output", self.output_points()),
        )
        painter.setBrush(skin.canvas)
        for kind, points in sides:
            for port, point in points:
                pen, radius = skin.selected if self.picked else skin.port, PORT_RADIUS
                if self.open_ports is not None:
                    fits = (kind, port.name) in self.open_ports
                    pen, radius = (skin.port_open, radius + 1) if fits else (skin.port_shut, radius)
                painter.setPen(pen)
                painter.drawEllipse(point - self.pos(), radius, radius)

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


class NoteItem(BoxItem):
    """A remark on the canvas, with one corner folded."""

    def __init__(self, note: Note):
        super().__init__()
        self.note = note
        self.written = False
        """True while its text is edited over it."""
        self.setPos(*note.position)
        self.setZValue(0)

    def write(self, on: bool) -> None:
        """Leave the text to the editor over it, or show it again."""
        self.written = on
        self.update()

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
        return look().note_fills[self.note.color]

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
        painter.setPen(skin.selected if self.picked else skin.note_borders[self.note.color])
        painter.setBrush(self.color())
        corners = [body.topLeft(), body.topRight(), grip.topRight(), grip.bottomLeft()]
        painter.drawPolygon(QPolygonF([*corners, body.bottomLeft()]))
        painter.drawPolygon(QPolygonF([grip.topRight(), grip.topLeft(), grip.bottomLeft()]))
        if self.written:
            return
        painter.setFont(skin.detail)
        painter.setPen(skin.text)
        wrapped = Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap
        painter.drawText(body.adjusted(10, 8, -10, -6), wrapped, self.note.text)
