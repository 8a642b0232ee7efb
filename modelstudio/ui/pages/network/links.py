"""Dashed links between a block and the one whose weights it uses."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from modelstudio.network.graph import Graph
from modelstudio.ui.pages.network.look import BLOCK_WIDTH, look
from modelstudio.ui.pages.network.routing import Box, Point
from modelstudio.ui.pages.network.wires import rounded
from modelstudio.ui.theme import paint_icon

_ASIDE = 20.0
"""How far beside the blocks a link between two of one column runs."""
_BADGE = 18.0


class LinkItem(QGraphicsItem):
    """A link; it can be seen, and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self._path = QPainterPath()
        self._middle = QPointF()
        self._ends: tuple[Box, Box] | None = None
        self.setZValue(0.5)

    def run(self, owner: Box, user: Box) -> None:
        """Take the places of the block that owns the weights and of the one that uses them."""
        if (owner, user) != self._ends:
            self.prepareGeometryChange()
            self._ends = owner, user
            points = course(owner, user)
            self._path = rounded(points)
            (a, b), (c, d) = points[1:3]
            self._middle = QPointF((a + c) / 2, (b + d) / 2)

    def boundingRect(self) -> QRectF:
        return self._path.boundingRect().adjusted(-_BADGE, -_BADGE, _BADGE, _BADGE)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        skin = look()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(skin.link)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)
        badge = QRectF(0, 0, _BADGE, _BADGE)
        badge.moveCenter(self._middle)
        painter.fillRect(badge, skin.canvas)
        paint_icon(painter, badge.adjusted(2, 2, -2, -2), "link", skin.secondary)


def course(owner: Box, user: Box) -> tuple[Point, Point, Point, Point]:
    """Return the corners of a link: beside blocks of one column, else between their near sides."""
    from_y, to_y = (owner.top + owner.bottom) / 2, (user.top + user.bottom) / 2
    if abs(owner.left - user.left) < BLOCK_WIDTH:
        x = min(owner.left, user.left) - _ASIDE
        return (owner.left, from_y), (x, from_y), (x, to_y), (user.left, to_y)
    right = owner.left < user.left
    start, end = (owner.right, user.left) if right else (owner.left, user.right)
    x = (start + end) / 2
    return (start, from_y), (x, from_y), (x, to_y), (end, to_y)


def owners_in_sight(graph: Graph, path: tuple[str, ...]) -> dict[str, str]:
    """Return, for each block with the weights of another, what stands for that one in sight.

    This is the block itself, or the group that it is in. ``path`` leads to the level in sight.
    """
    found: dict[str, str] = {}
    for node_id, node in graph.nodes.items():
        if node.shares is None:
            continue
        address = tuple(node.shares.split("/"))
        rest = address[len(path) :]
        if address[: len(path)] == path and rest and rest[0] in graph.nodes:
            found[node_id] = rest[0]
    return found
