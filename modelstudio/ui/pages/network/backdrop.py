"""What the canvas paints behind and over its items: dots, an overview from far, gestures."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QGraphicsView

from modelstudio.ui.pages.network.arrange import Guide
from modelstudio.ui.pages.network.forecast import Forecast, paint_forecast
from modelstudio.ui.pages.network.look import GRID, PORT_RADIUS, RADIUS, look
from modelstudio.ui.pages.network.routing import Point
from modelstudio.ui.pages.network.scene import NetworkScene
from modelstudio.ui.pages.network.wires import rounded
from modelstudio.ui.theme import theme

_LEAST_GAP = 11.0
"""Dots never come nearer than this, in screen pixels; every second row is left out instead."""


class Backdrop:
    """A grid of dots, kept as points while zoom and size stay, and as a picture while all stays."""

    def __init__(self) -> None:
        self._key: tuple[float, int, int] | None = None
        self._dots = QPolygonF()
        self._picture = QPixmap()
        self._picture_of: tuple[object, ...] = ()

    def paint(self, painter: QPainter, view: QGraphicsView, rect: QRectF) -> None:
        """Fill a part of the canvas."""
        size, ratio = view.viewport().size(), view.devicePixelRatio()
        way = view.viewportTransform()
        place = (way.m11(), way.dx(), way.dy(), size.width(), size.height(), ratio, look())
        if place != self._picture_of:
            self._picture_of = place
            self._picture = QPixmap(size * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(look().canvas)
            inside = QPainter(self._picture)
            inside.setTransform(way)
            self._paint_dots(inside, view)
            inside.end()
        part = way.mapRect(rect).toAlignedRect().intersected(view.viewport().rect())
        painter.save()
        painter.resetTransform()
        source = QRectF(part.topLeft() * ratio, part.size() * ratio)
        painter.drawPixmap(QRectF(part), self._picture, source)
        painter.restore()

    def _paint_dots(self, painter: QPainter, view: QGraphicsView) -> None:
        zoom = view.transform().m11()
        step = float(GRID)
        while step * zoom < _LEAST_GAP:
            step *= 2
        size = view.viewport().size()
        key = (step * zoom, size.width(), size.height())
        if key != self._key:
            self._key = key
            columns = math.ceil(size.width() / zoom / step) + 2
            rows = math.ceil(size.height() / zoom / step) + 2
            self._dots = QPolygonF(
                [QPointF(i * step, j * step) for j in range(rows) for i in range(columns)]
            )
        corner = view.mapToScene(0, 0)
        origin = QPointF(math.floor(corner.x() / step) * step, math.floor(corner.y() / step) * step)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(look().dots)
        painter.drawPoints(self._dots.translated(origin))


@dataclass
class Marks:
    """What gestures show while they last, in canvas coordinates; ``ring`` is the keyboard focus.

    ``leader`` is the line from a block to its bubble, in viewport coordinates, and its colour.
    """

    band: QRectF | None = None
    draft: tuple[Point, ...] | None = None
    draft_bad: bool = False
    ghost: QRectF | None = None
    ring: bool = False
    guides: list[Guide] = field(default_factory=list)
    forecast: Forecast | None = None
    leader: tuple[QLineF, str] | None = None


def paint_over(painter: QPainter, view: QGraphicsView, marks: Marks) -> None:
    """Paint what is no item: the overview, a selection, a wire in the making, a landing place."""
    skin, scene = look(), view.scene()
    if isinstance(scene, NetworkScene) and scene.plain:
        scene.overview.paint(painter, view)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if marks.band is not None:
        painter.setPen(skin.band)
        painter.setBrush(skin.band_fill)
        painter.drawRect(marks.band)
    if marks.forecast is not None and isinstance(scene, NetworkScene):
        paint_forecast(painter, scene, marks.forecast)
    painter.setPen(skin.guide)
    for guide in marks.guides:
        painter.drawLine(QPointF(*guide.start), QPointF(*guide.end))
    if marks.ghost is not None:
        painter.setPen(QPen(skin.accent, 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(skin.band_fill)
        painter.drawRoundedRect(marks.ghost, RADIUS, RADIUS)
    if marks.draft is not None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(skin.wire_bad if marks.draft_bad else skin.wire_selected)
        painter.drawPath(rounded(marks.draft))
        painter.setBrush(skin.canvas)
        for end in (marks.draft[0], marks.draft[-1]):
            painter.drawEllipse(QPointF(*end), PORT_RADIUS, PORT_RADIUS)
    painter.resetTransform()
    if marks.leader is not None:
        line, role = marks.leader
        painter.setPen(QPen(theme().color(role), 1))
        painter.drawLine(line)
    if marks.ring:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme().color("focusRing"), 2))
        painter.drawRect(QRectF(view.viewport().rect()).adjusted(1, 1, -1, -1))
