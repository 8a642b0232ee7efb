"""Courses of wires: orthogonal, around the blocks; plain numbers, no Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise
from typing import Literal, NamedTuple

Point = tuple[float, float]
Side = Literal["top", "left", "right"]

LEAD = 16.0
"""How far a wire runs straight before its first bend, in canvas pixels."""

ROW, GAP = 80.0, 28.0
"""From one row of blocks to the next, and the space between them, as a tidied network has them."""

_BEND_COST = 24.0
_CROSSING_COST = 4000.0
_WIRE_COST = 160.0
_COVER_COST = 800.0
_SHARED_GAIN = 0.9
_CLEARANCE, _APART = 3.0, 9.0
"""How near a wire may come to what it crosses, and to one that runs beside it."""


class Box(NamedTuple):
    """The outline of a block, or a segment of a wire."""

    left: float
    top: float
    right: float
    bottom: float

    def grown(self, by: float) -> Box:
        """Return it with a margin on every side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def united(self, other: Box) -> Box:
        """Return the smallest box around both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def overlaps(self, other: Box) -> bool:
        """Return whether two boxes have a point in common."""
        return (
            self.left <= other.right
            and self.right >= other.left
            and self.top <= other.bottom
            and self.bottom >= other.top
        )

    def crossed_by(self, part: Box) -> bool:
        """Return whether a segment of a wire comes nearer to the block than the clearance.

        Above and below it may come near, for there the ports are.
        """
        return (
            part.left < self.right + _CLEARANCE
            and part.right > self.left - _CLEARANCE
            and part.top < self.bottom - 1
            and part.bottom > self.top + 1
        )


def route(
    start: Point,
    ends: Sequence[tuple[Point, Side]],
    source: Box,
    target: Box,
    obstacles: Sequence[Box] = (),
    wires: Sequence[Box] = (),
    siblings: Sequence[Sequence[Point]] = (),
) -> tuple[tuple[Point, ...], Side]:
    """Return the corners of the best course and the side at which it arrives.

    Parameters
    ----------
    start
        The output port, on the lower side of ``source``.
    ends
        Where the wire may arrive, and from which side.
    obstacles
        Other blocks near by, to go around.
    wires
        Segments of other wires near by, better not crossed or covered.
    siblings
        Courses of other wires from the same port; sharing a part of one is welcome.
    """
    levels = sorted({y for course in siblings for (_, y), (_, z) in pairwise(course) if y == z})
    channels = tuple(
        dict.fromkeys((*_shared_channels(siblings), *_channels(source, target, obstacles)))
    )
    found: list[tuple[float, tuple[Point, ...], Side]] = []
    for end, side in ends:
        below = side == "top" and start[0] == end[0] and start[1] <= end[1]
        way = Box(*start, *end)
        if below and not any(box.crossed_by(way) for box in obstacles):
            return (start, end), side
        made = (
            _from_above(start, end, channels, levels)
            if side == "top"
            else _from_the_side(start, end, side, channels)
        )
        for points in made:
            course = _simplified(points)
            found.append((_length_cost(course, siblings), course, side))
    boxes = (*obstacles, source, target)
    best: tuple[float, tuple[Point, ...], Side] | None = None
    for cost, course, side in sorted(found, key=lambda one: one[0]):
        if best is not None and cost >= best[0]:
            break
        limit = math.inf if best is None else best[0] - cost
        cost += _crossing_cost(course, boxes, wires, limit)
        if best is None or cost < best[0]:
            best = cost, course, side
    if best is None:
        return (start, ends[0][0]), ends[0][1]
    return best[1], best[2]


def _from_above(
    start: Point, end: Point, channels: Sequence[float], levels: Sequence[float]
) -> Iterator[tuple[Point, ...]]:
    (sx, sy), (tx, ty) = start, end
    if ty - sy >= LEAD:
        for y in ((sy + ty) / 2, sy + LEAD, ty - LEAD):
            yield start, (sx, y), (tx, y), end
    low = sy + LEAD
    for x in channels:
        for high in (ty - LEAD, ty - 1.75 * LEAD, *(y for y in levels if y < ty - LEAD)):
            yield start, (sx, low), (x, low), (x, high), (tx, high), end


def _from_the_side(
    start: Point, end: Point, side: Side, channels: Sequence[float]
) -> Iterator[tuple[Point, ...]]:
    (sx, sy), (tx, ty) = start, end
    outward = 1 if side == "right" else -1
    if (sx - tx) * outward >= LEAD and ty >= sy + LEAD:
        yield start, (sx, ty), end
    low = sy + LEAD
    for x in (tx + outward * 1.5 * LEAD, *channels):
        if (x - tx) * outward >= LEAD:
            yield start, (sx, low), (x, low), (x, ty), end


def _channels(source: Box, target: Box, obstacles: Sequence[Box]) -> Iterator[float]:
    """Yield the columns in which a wire may run up or down."""
    if target.left > source.right or target.right < source.left:
        between = max(source.left, target.left) + min(source.right, target.right)
        yield between / 2
        yield between / 2 - 0.75 * LEAD
        yield between / 2 + 0.75 * LEAD
    for box in (source, target, *obstacles[:12]):
        yield box.right + 1.5 * LEAD
        yield box.left - 1.5 * LEAD


def _shared_channels(siblings: Sequence[Sequence[Point]]) -> Iterator[float]:
    for course in siblings:
        yield from {x for (x, _), (z, _) in pairwise(course) if x == z}


def _simplified(points: Iterable[Point]) -> tuple[Point, ...]:
    """Drop repeated points and those in the middle of a straight run."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and (
            kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]
        ):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def _length_cost(course: Sequence[Point], siblings: Sequence[Sequence[Point]]) -> float:
    cost = _BEND_COST * (len(course) - 2) + sum(_length(a, b) for a, b in pairwise(course))
    if siblings:
        cost -= _SHARED_GAIN * max(_shared(course, other)[1] for other in siblings)
    return cost


def _crossing_cost(
    course: Sequence[Point], boxes: Sequence[Box], wires: Sequence[Box], limit: float
) -> float:
    """Return what the crossings cost, or as soon as that is certain, something above ``limit``."""
    cost = 0.0
    parts = segments(course)
    for left, top, right, bottom in parts:
        left, right = left - _CLEARANCE, right + _CLEARANCE
        for a, b, c, d in boxes:
            if left < c and right > a and top < d - 1 and bottom > b + 1:
                cost += _CROSSING_COST
                if cost > limit:
                    return cost
    for part in parts:
        left, top, right, bottom = part.grown(_APART)
        upright, slack = part.left == part.right, _APART - _CLEARANCE
        for a, b, c, d in wires:
            if a > right or c < left or b > bottom or d < top:
                continue
            if (a == c) == upright:
                cost += _COVER_COST
            elif (
                a <= right - slack
                and c >= left + slack
                and b <= bottom - slack
                and d >= top + slack
            ):
                cost += _WIRE_COST
            if cost > limit:
                return cost
    return cost


def segments(course: Sequence[Point]) -> list[Box]:
    """Return the straight parts of a course as boxes without area."""
    return [
        Box(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))
        for a, b in pairwise(course)
    ]


def label_point(course: Sequence[Point]) -> Point:
    """Return the middle of the longest segment; of an upright one, between two rows of blocks."""
    a, b = max(pairwise(course), key=lambda ab: abs(ab[0][0] - ab[1][0]) + abs(ab[0][1] - ab[1][1]))
    x, y = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
    low, high = sorted((a[1], b[1]))
    if a[0] == b[0] and high - low > ROW:
        gap = course[0][1] + GAP / 2
        near = gap + round((y - gap) / ROW) * ROW
        y = near if low < near < high else y
    return x, y


def junctions(courses: Sequence[Sequence[Point]]) -> set[Point]:
    """Return the points at which wires from one port part; the port itself is not among them."""
    partings = (_shared(a, b) for a, b in combinations(courses, 2))
    return {point for point, length in partings if length > 0}


def _shared(a: Sequence[Point], b: Sequence[Point]) -> tuple[Point, float]:
    """Return where two courses from one point part, and how far they ran together."""
    here, length = a[0], 0.0
    rest_a, rest_b = list(a[1:]), list(b[1:])
    while rest_a and rest_b:
        step_a, step_b = _direction(here, rest_a[0]), _direction(here, rest_b[0])
        if step_a != step_b:
            break
        far_a, far_b = _length(here, rest_a[0]), _length(here, rest_b[0])
        length += min(far_a, far_b)
        here = rest_a[0] if far_a <= far_b else rest_b[0]
        if far_a <= far_b:
            rest_a.pop(0)
        if far_b <= far_a:
            rest_b.pop(0)
    return here, length


def _direction(a: Point, b: Point) -> tuple[bool, bool, bool, bool]:
    return b[0] > a[0], b[0] < a[0], b[1] > a[1], b[1] < a[1]


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])
