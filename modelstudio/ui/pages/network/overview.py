"""The network seen from far: plain figures, drawn a colour at a time and kept while they stay."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QGraphicsView

from modelstudio.ui.pages.network.items import BlockItem, BoxItem, NoteItem
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT, look
from modelstudio.ui.pages.network.wires import WireItem

if TYPE_CHECKING:
    from modelstudio.ui.pages.network.scene import NetworkScene

_HALO, _LEAST_HALO = 6.0, 3.0
"""Width of the line around what is selected: on the canvas, and at least so much on the screen."""
_LEAST_NAMED = 10.0
"""Height of a block from which on its name is written, in screen pixels."""
_NAMED = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignHCenter


class Figures:
    """Lines and boxes by colour, ready to be drawn in one go each."""

    def __init__(
        self,
        blocks: Iterable[BlockItem],
        wires: Iterable[WireItem] = (),
        notes: Iterable[NoteItem] = (),
    ):
        skin = look()
        colors = {
            "ok": skin.wire.color(),
            "waiting": skin.wire_waiting.color(),
            "error": skin.wire_bad.color(),
        }
        self._lines: dict[str, tuple[QColor, list[QLineF]]] = {
            state: (color, []) for state, color in colors.items()
        }
        for wire in wires:
            self._lines[wire.state][1].extend(lines_of(wire))
        self._boxes: dict[int, tuple[QColor, list[QRectF]]] = {}
        self._blocks = tuple(blocks)
        self._short: dict[tuple[str, int], str] = {}
        self._inks: dict[int, QColor] = {}
        for item in (*notes, *self._blocks):
            color = item.color()
            self._boxes.setdefault(color.rgba(), (color, []))[1].append(item.area)

    def draw(self, painter: QPainter) -> None:
        """Draw lines, then boxes."""
        for color, lines in self._lines.values():
            if lines:
                painter.setPen(QPen(color, 0))
                painter.drawLines(lines)
        painter.setPen(Qt.PenStyle.NoPen)
        for color, boxes in self._boxes.values():
            painter.setBrush(color)
            painter.drawRects(boxes)

    def write(self, painter: QPainter) -> None:
        """Write the names of the blocks as long as they can be read."""
        way = painter.transform()
        height = BLOCK_HEIGHT * way.m11()
        if height < _LEAST_NAMED:
            return
        metrics = QFontMetricsF(font := look().far(height))
        screen = QRectF(painter.viewport())
        painter.save()
        painter.resetTransform()
        painter.setFont(font)
        for item in self._blocks:
            place = way.mapRect(item.area).adjusted(3, 0, -2, 0)
            if place.intersects(screen):
                painter.setPen(self._ink(item.color()))
                name = self._shortened(item.node.name, place.width(), metrics)
                painter.drawText(place, _NAMED, name)
        painter.restore()

    def _ink(self, ground: QColor) -> QColor:
        key = ground.rgba()
        if key not in self._inks:
            self._inks[key] = look().ink(ground)
        return self._inks[key]

    def _shortened(self, name: str, width: float, metrics: QFontMetricsF) -> str:
        key = (name, round(width))
        if key not in self._short:
            elide = Qt.TextElideMode.ElideRight
            self._short[key] = metrics.elidedText(name, elide, width)
        return self._short[key]


class Overview:
    """Draws all of a scene; while something is dragged, the rest comes from a picture."""

    def __init__(self, scene: NetworkScene):
        self._scene = scene
        self._figures_of: tuple[object, ...] = ()
        self._figures = Figures(())
        self._picture_of: tuple[object, ...] = ()
        self._picture = QPixmap()

    def paint(self, painter: QPainter, view: QGraphicsView) -> None:
        """Draw with the painter of a view."""
        scene, moving = self._scene, self._scene.moving
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        shown = (scene.revision, moving, look())
        if shown != self._figures_of:
            self._figures_of = shown
            self._figures = Figures(
                (item for key, item in scene.blocks.items() if key not in moving),
                (
                    wire
                    for edge, wire in scene.wires.items()
                    if edge.source not in moving and edge.target not in moving
                ),
                (item for key, item in scene.notes.items() if key not in moving),
            )
        if moving:
            self._paint_picture(painter, view)
            edges = {e for key in moving for e in scene.graph.incoming.get(key, ())}
            edges |= {e for key in moving for e in scene.graph.outgoing.get(key, ())}
            moved = Figures(
                (scene.blocks[key] for key in moving if key in scene.blocks),
                (scene.wires[edge] for edge in edges if edge in scene.wires),
                (scene.notes[key] for key in moving if key in scene.notes),
            )
            moved.draw(painter)
            moved.write(painter)
        else:
            self._figures.draw(painter)
            self._figures.write(painter)
        self._paint_picked(painter)

    def _paint_picture(self, painter: QPainter, view: QGraphicsView) -> None:
        """Draw what rests from a picture of it, made anew when the view looks elsewhere."""
        screen, ratio = view.viewport().size(), view.devicePixelRatio()
        way = view.viewportTransform()
        place = (way.m11(), way.dx(), way.dy(), screen.width(), screen.height(), ratio)
        if self._picture_of != (place, self._figures):
            self._picture_of = (place, self._figures)
            self._picture = QPixmap(screen * ratio)
            self._picture.setDevicePixelRatio(ratio)
            self._picture.fill(Qt.GlobalColor.transparent)
            inside = QPainter(self._picture)
            inside.setTransform(way)
            self._figures.draw(inside)
            self._figures.write(inside)
            inside.end()
        painter.save()
        painter.resetTransform()
        painter.drawPixmap(0, 0, self._picture)
        painter.restore()

    def _paint_picked(self, painter: QPainter) -> None:
        scene, skin = self._scene, look()
        wires = [wire for wire in scene.wires.values() if wire.picked]
        if wires:
            pen = QPen(skin.accent, 2)
            pen.setCosmetic(True)
            painter.setPen(pen)
            painter.drawLines([line for wire in wires for line in lines_of(wire)])
        boxes: list[BoxItem] = [*scene.blocks.values(), *scene.notes.values()]
        picked = [item for item in boxes if item.picked]
        width = max(_HALO, _LEAST_HALO / painter.transform().m11())
        gap = width / 3
        painter.setPen(QPen(skin.accent, width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRects([item.area.adjusted(-gap, -gap, gap, gap) for item in picked])


def lines_of(wire: WireItem) -> list[QLineF]:
    """Return the straight parts of a wire."""
    return [QLineF(*a, *b) for a, b in pairwise(wire.course)]
