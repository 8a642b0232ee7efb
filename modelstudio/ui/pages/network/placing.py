"""Where a bubble stands: beside what it speaks of, and over nothing that it would hide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Literal, NamedTuple

from PySide6.QtCore import QLineF, QPoint, QRect, QSize

_GAP = 3
"""Between a block and the tip, in screen pixels."""

_MARGIN = 4
"""Between a bubble and the border of its area."""

_CORNER = 20
"""How near to a corner of the bubble its tip comes."""

_CUT = 8
"""How much worse it is that a part of the bubble is cut off than that it hides as much."""

_STEP = 24
"""Between the places that are tried away from the block."""

TipSide = Literal["top", "bottom", "left", "right", "none"]


class Tip(NamedTuple):
    """At which side of a bubble its tip is, and how far along that side."""

    side: TipSide
    along: int

    def room(self, size: QSize, depth: int) -> QRect:
        """Return the part of a bubble that its tip takes, as deep as its body is set in."""
        half, width, height = depth, size.width(), size.height()
        match self.side:
            case "top":
                return QRect(self.along - half, 0, 2 * half, depth)
            case "bottom":
                return QRect(self.along - half, height - depth, 2 * half, depth)
            case "left":
                return QRect(0, self.along - half, depth, 2 * half)
            case "right":
                return QRect(width - depth, self.along - half, depth, 2 * half)
        return QRect()


class Spot(NamedTuple):
    """Upper left corner of a bubble, and its tip."""

    corner: QPoint
    tip: Tip


def place_beside(block: QRect, size: QSize, area: QRect, others: Sequence[QRect]) -> Spot:
    """Return the best place for a bubble of a size inside ``area``.

    Tried are the sides of the block, below it first, then places away from it, the nearest first.
    Where nothing is free, the one of them that hides least.
    """
    inside = area.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
    near = list(_sides(block, size, inside))
    for spot in near:
        if _hidden(spot, size, inside, others) == 0:
            return spot
    away = sorted(_away(size, inside), key=lambda spot: _distance(spot, size, block))
    blocked = (*others, block)
    tried = [(_hidden(spot, size, inside, blocked), spot) for spot in near]
    for spot in away:
        tried.append((_hidden(spot, size, inside, blocked), spot))
        if tried[-1][0] == 0:
            return spot
    return min(tried, key=itemgetter(0))[1]


def leader(block: QRect, bubble: QRect) -> QLineF:
    """Return the line from the border of a block to that of its bubble."""
    start = _nearest(block, bubble.center())
    return QLineF(start, _nearest(bubble, start))


def _nearest(rect: QRect, point: QPoint) -> QPoint:
    return QPoint(
        max(rect.left(), min(point.x(), rect.right())),
        max(rect.top(), min(point.y(), rect.bottom())),
    )


def _sides(block: QRect, size: QSize, inside: QRect) -> Iterator[Spot]:
    """Yield the places at which the tip touches the block, slid along it to stay inside."""
    middle = block.center()
    x = _slid(
        middle.x() - size.width() // 2, size.width(), inside.left(), inside.right(), middle.x()
    )
    y = _slid(
        middle.y() - size.height() // 2, size.height(), inside.top(), inside.bottom(), middle.y()
    )
    below, above = block.bottom() + _GAP, block.top() - size.height() - _GAP
    right, left = block.right() + _GAP, block.left() - size.width() - _GAP
    yield Spot(QPoint(x, below), Tip("top", middle.x() - x))
    yield Spot(QPoint(right, y), Tip("left", middle.y() - y))
    yield Spot(QPoint(left, y), Tip("right", middle.y() - y))
    yield Spot(QPoint(x, above), Tip("bottom", middle.x() - x))


def _slid(start: int, length: int, least: int, most: int, tip: int) -> int:
    """Keep a bubble between two borders, but its tip off its corners."""
    kept = max(least, min(start, most - length))
    return max(tip - length + _CORNER, min(kept, tip - _CORNER))


def _away(size: QSize, inside: QRect) -> Iterator[Spot]:
    for y in range(inside.top(), inside.bottom() - size.height() + 1, _STEP):
        for x in range(inside.left(), inside.right() - size.width() + 1, _STEP):
            yield Spot(QPoint(x, y), Tip("none", 0))


def _distance(spot: Spot, size: QSize, block: QRect) -> int:
    """Return the squared gap between a bubble and the block."""
    taken = QRect(spot.corner, size)
    dx = max(taken.left() - block.right(), block.left() - taken.right(), 0)
    dy = max(taken.top() - block.bottom(), block.top() - taken.bottom(), 0)
    return dx * dx + dy * dy


def _hidden(spot: Spot, size: QSize, inside: QRect, others: Sequence[QRect]) -> int:
    """Return how bad a place is: what a bubble hides there and what is cut off, in pixels."""
    taken = QRect(spot.corner, size)
    seen = taken.intersected(inside)
    cut = _surface(taken) - _surface(seen)
    met = (other for other in others if taken.intersects(other))
    return _CUT * cut + sum(_surface(taken.intersected(other)) for other in met)


def _surface(rect: QRect) -> int:
    return 0 if rect.isEmpty() else rect.width() * rect.height()
