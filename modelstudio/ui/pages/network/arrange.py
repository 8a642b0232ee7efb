"""Where blocks come to stand: alignment, equal gaps, guides while dragging, places in a chain."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from modelstudio.network.graph import Edge, Graph, Position
from modelstudio.ui.pages.network.edits import snapped
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT, BLOCK_WIDTH

Alignment = Literal["left", "center", "right", "top", "middle", "bottom"]
Direction = Literal["across", "down"]
Size = tuple[float, float]

_SHARES: dict[Alignment, tuple[int, float]] = {
    "left": (0, 0.0),
    "center": (0, 0.5),
    "right": (0, 1.0),
    "top": (1, 0.0),
    "middle": (1, 0.5),
    "bottom": (1, 1.0),
}
"""Axis, and which share of its own size an item keeps before the common line."""

GUIDE_REACH = 8.0
"""How near two blocks must come to one line to snap to it, in canvas pixels."""

_MOST_STEPS = 200
"""Places tried for a copy before it may cover what is there."""


class Spot(NamedTuple):
    """Place and size of a block or a note."""

    place: Position
    size: Size


def spots(graph: Graph, ids: Collection[str]) -> dict[str, Spot]:
    """Return where some blocks and notes are."""
    block = (BLOCK_WIDTH, BLOCK_HEIGHT)
    found = {key: Spot(node.position, block) for key, node in graph.nodes.items() if key in ids}
    return found | {n.id: Spot(n.position, n.size) for n in graph.notes if n.id in ids}


def aligned(items: Mapping[str, Spot], how: Alignment) -> dict[str, Position]:
    """Bring items to one line: the outermost edge, or the middle of them all."""
    axis, share = _SHARES[how]
    low = min(spot.place[axis] for spot in items.values())
    high = max(spot.place[axis] + spot.size[axis] for spot in items.values())
    line = low + share * (high - low)
    moved: dict[str, Position] = {}
    for key, (place, size) in items.items():
        at = line - share * size[axis]
        moved[key] = (at, place[1]) if axis == 0 else (place[0], at)
    return moved


def distributed(items: Mapping[str, Spot], how: Direction) -> dict[str, Position]:
    """Leave equal gaps between items; the first and the last stay."""
    axis = 0 if how == "across" else 1
    order = sorted(items, key=lambda key: (items[key].place[axis], key))
    first, last = items[order[0]], items[order[-1]]
    room = last.place[axis] + last.size[axis] - first.place[axis]
    gap = (room - sum(spot.size[axis] for spot in items.values())) / max(len(order) - 1, 1)
    moved: dict[str, Position] = {}
    at = first.place[axis]
    for key in order:
        place, size = items[key]
        moved[key] = (at, place[1]) if axis == 0 else (place[0], at)
        at += size[axis] + gap
    return moved


def free_offset(graph: Graph, part: Graph, step: Position) -> Position:
    """Return by how many steps a part must be moved so as to cover nothing of a graph."""
    copied, taken = (spots(one, _everything(one)).values() for one in (part, graph))
    offsets = ((step[0] * times, step[1] * times) for times in range(_MOST_STEPS))
    free = (
        away
        for away in offsets
        if not any(_meet(one, away, other) for one in copied for other in taken)
    )
    return next(free, step)


def _everything(graph: Graph) -> list[str]:
    return [*graph.nodes, *(note.id for note in graph.notes)]


def _meet(one: Spot, away: Position, other: Spot) -> bool:
    """Return whether a thing, moved away, would cover another."""
    return all(
        one.place[axis] + away[axis] < other.place[axis] + other.size[axis]
        and other.place[axis] < one.place[axis] + away[axis] + one.size[axis]
        for axis in (0, 1)
    )


@dataclass(frozen=True)
class Guide:
    """A line on which a dragged block stands with others, in canvas coordinates."""

    start: Position
    end: Position


class Guides:
    """Lines through the corners of blocks that stay, for the one that is dragged past them."""

    def __init__(self, places: Iterable[Position]):
        self._places = tuple(places)
        self._lines = tuple(sorted({place[axis] for place in self._places}) for axis in (0, 1))

    def snap(self, wanted: Position) -> Position:
        """Return the nearest place of the grid; a line of others comes before the grid."""
        grid = snapped(*wanted)
        found = [self._near(axis, wanted[axis]) for axis in (0, 1)]
        x, y = (grid[axis] if at is None else at for axis, at in enumerate(found))
        return x, y

    def _near(self, axis: int, value: float) -> float | None:
        lines = self._lines[axis]
        at = bisect_left(lines, value)
        near = min(lines[max(at - 1, 0) : at + 1], key=lambda line: abs(line - value), default=None)
        return near if near is not None and abs(near - value) <= GUIDE_REACH else None

    def at(self, place: Position) -> list[Guide]:
        """Return the lines on which a block at this place stands with others."""
        x, y = place
        center, middle = x + BLOCK_WIDTH / 2, y + BLOCK_HEIGHT / 2
        found = []
        if column := [b for a, b in self._places if a == x]:
            top, bottom = min(*column, y), max(*column, y) + BLOCK_HEIGHT
            found.append(Guide((center, top), (center, bottom)))
        if row := [a for a, b in self._places if b == y]:
            left, right = min(*row, x), max(*row, x) + BLOCK_WIDTH
            found.append(Guide((left, middle), (right, middle)))
        return found


def chain_neighbour(graph: Graph, node_id: str, step: Literal[-1, 1]) -> str | None:
    """Return the only block before or behind another, if both could change places."""
    wires = graph.incoming[node_id] if step < 0 else graph.outgoing[node_id]
    others = {edge.source if step < 0 else edge.target for edge in wires}
    other = others.pop() if len(others) == 1 else None
    if other is None:
        return None
    upper, lower = (other, node_id) if step < 0 else (node_id, other)
    fits = all(
        len(graph.nodes[key].layer.input_ports()) == len(graph.nodes[key].layer.output_ports()) == 1
        for key in (upper, lower)
    )
    straight = len(graph.outgoing[upper]) == len(graph.incoming[lower]) == 1
    return other if fits and straight else None


def swapped(graph: Graph, node_id: str, step: Literal[-1, 1]) -> Graph | None:
    """Let a block change places with its neighbour in a chain; None where that cannot be."""
    other = chain_neighbour(graph, node_id, step)
    if other is None:
        return None
    upper, lower = (other, node_id) if step < 0 else (node_id, other)
    ports = {
        key: (
            graph.nodes[key].layer.input_ports()[0].name,
            graph.nodes[key].layer.output_ports()[0].name,
        )
        for key in (upper, lower)
    }

    def rewired(edge: Edge) -> Edge:
        if edge.source == upper and edge.target == lower:
            return Edge(lower, ports[lower][1], upper, ports[upper][0])
        if edge.target == upper:
            return replace(edge, target=lower, target_port=ports[lower][0])
        if edge.source == lower:
            return replace(edge, source=upper, source_port=ports[upper][1])
        return edge

    edges = tuple(rewired(edge) for edge in graph.edges)
    places = {upper: graph.nodes[lower].position, lower: graph.nodes[upper].position}
    return replace(graph, edges=edges).move(places)
