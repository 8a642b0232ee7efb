"""Automatic placement of blocks: layers and their order by a graph-drawing library, columns here.

The chain that most blocks lie on stands upright; wires that skip blocks run beside it in narrow
lanes. What would be long and thin is cut into bands that stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, count, pairwise
from math import ceil, dist, sqrt

from modelstudio.network.graph import Graph, Position

BLOCK = (152.0, 52.0)
"""Width and height of a block in canvas pixels."""

GAP = (56.0, 28.0)
"""Space between blocks, across and down."""

GRID = 16.0

LEAST_ROWS = 5
"""Fewer blocks below each other are never cut into bands."""

_ASPECT = 1.6
"""Width over height that a drawing should have."""
_LANE = 16.0
"""From one wire beside the blocks to the next."""
_BESIDE = 112.0
"""From the middle of a block to a lane beside it."""
_FORCED = 2
"""How many times as high as wanted a band may be before it is cut where several wires pass."""
_STUB = 3
"""Fewer rows than this make no band of their own."""
_PASSING_COST = 4
"""Rows away from the best height that are worth one wire less across a cut."""

Key = int | str
"""A block's id, or the number of a place where a wire passes a row."""
_Pair = tuple[Key, Key]


def arrange(graph: Graph) -> Mapping[str, Position]:
    """Return a place for every block: the flow runs down, wires cross little, on the grid.

    The top left block stays where the old top left was. Notes stay where they are, unless a block
    comes to lie there: such a note goes with the block that it was nearest to, or to the right.
    """
    if not graph.nodes:
        return {}
    left = min(node.position[0] for node in graph.nodes.values())
    top = min(node.position[1] for node in graph.nodes.values())
    placed = _placed(graph)
    low_x = min(x for x, _ in placed.values())
    low_y = min(y for _, y in placed.values())
    places = {
        node_id: (_snap(left + x - low_x), _snap(top + y - low_y))
        for node_id, (x, y) in placed.items()
    }
    return places | _notes_aside(graph, places)


def _notes_aside(graph: Graph, places: Mapping[str, Position]) -> dict[str, Position]:
    """Return new places for the notes on which blocks came to lie."""
    moved: dict[str, Position] = {}
    right = max(x for x, _ in places.values()) + BLOCK[0] + GAP[0]
    taken = [(place, BLOCK) for place in places.values()]
    covered = [note for note in graph.notes if _covered(note.position, note.size, taken)]
    taken += [(note.position, note.size) for note in graph.notes if note not in covered]
    for note in covered:
        x, y = note.position
        near = min(graph.nodes.values(), key=lambda node: dist(node.position, note.position))
        new_x, new_y = places[near.id]
        beside = (_snap(x + new_x - near.position[0]), _snap(y + new_y - near.position[1]))
        aside = ((_snap(right), _snap(y) + row * GRID) for row in count())
        free = (place for place in chain([beside], aside) if not _covered(place, note.size, taken))
        spot = next(free)
        moved[note.id] = spot
        taken.append((spot, note.size))
    return moved


def _covered(place: Position, size: Position, taken: Iterable[tuple[Position, Position]]) -> bool:
    """Return whether a rectangle touches another."""
    (x, y), (width, height) = place, size
    return any(
        x < left + wide and left < x + width and y < top + high and top < y + height
        for (left, top), (wide, high) in taken
    )


def _snap(value: float) -> float:
    return round(value / GRID) * GRID


def _placed(graph: Graph) -> dict[str, Position]:
    """Place connected parts side by side, each in bands of rows from top to bottom."""
    pairs = list(dict.fromkeys((edge.source, edge.target) for edge in graph.edges))
    step_x, step_y = BLOCK[0] + GAP[0], BLOCK[1] + GAP[1]
    placed: dict[str, Position] = {}
    shift = 0.0
    if pairs:
        from fast_sugiyama import from_edges

        for places, _, _, steps in from_edges(pairs, vertex_spacing=1.0):
            rows: dict[float, list[tuple[float, Key]]] = {}
            for key, (x, y) in places:
                rows.setdefault(round(y, 3), []).append((x, key))
            ordered = [[key for _, key in sorted(rows[y], key=_across)] for y in sorted(rows)][::-1]
            for band, gutter in _bands(ordered, steps):
                columns = _columns(band, steps)
                low = min(columns.values())
                for number, row in enumerate(band):
                    for key in row:
                        if isinstance(key, str):
                            placed[key] = (shift + columns[key] - low, number * step_y)
                right = max(columns[key] for row in band for key in row if isinstance(key, str))
                shift += max(right, max(columns.values()) - _BESIDE + _LANE) - low + step_x + gutter
    for node_id in graph.nodes:
        if node_id not in placed:
            placed[node_id] = (shift, 0.0)
            shift += step_x
    return placed


def _across(place: tuple[float, Key]) -> float:
    return place[0]


def _bands(rows: list[list[Key]], steps: Iterable[_Pair]) -> list[tuple[list[list[Key]], float]]:
    """Cut rows into bands of much the same height, where best only one wire passes.

    Beside each band stands how much room the wires to the next need beyond the usual gap.
    """
    row_of = {key: number for number, row in enumerate(rows) for key in row}
    passing: list[set[Key]] = [set() for _ in rows]
    for source, target in steps:
        for number in range(row_of[source], row_of[target]):
            passing[number].add(source)
    wide = sum(1.0 if isinstance(key, str) else 0.2 for row in rows for key in row) / len(rows)
    beside = sqrt(_ASPECT * len(rows) * (BLOCK[1] + GAP[1]) / (wide * (BLOCK[0] + GAP[0])))
    most = max(LEAST_ROWS, ceil(len(rows) / max(1, round(beside))))
    most = ceil(len(rows) / ceil(len(rows) / most))
    bands: list[tuple[list[list[Key]], float]] = []
    begin = 0
    while len(rows) - begin > most:
        last = len(rows) - _STUB + 1
        free = (n for n in range(begin + most, last) if len(passing[n - 1]) == 1)
        cut = next(free, len(rows))
        highest = _FORCED * most + LEAST_ROWS
        if cut - begin > highest:
            parts = ceil((cut - begin) / highest)
            ideal = begin + (cut - begin) / parts
            cut = min(
                range(begin + most, cut),
                key=lambda n: _PASSING_COST * len(passing[n - 1]) + abs(n - ideal),
            )
        if cut == len(rows):
            break
        bands.append((rows[begin:cut], _LANE * (len(passing[cut - 1]) - 1)))
        begin = cut
    return [*bands, (rows[begin:], 0.0)]


@dataclass
class _Line:
    """Places of consecutive rows that stand exactly below each other."""

    keys: list[Key] = field(default_factory=list)
    x: float = 0.0


def _columns(band: list[list[Key]], steps: Iterable[_Pair]) -> dict[Key, float]:
    """Return how far across each place of a band stands, for its middle."""
    place = {key: (number, at) for number, row in enumerate(band) for at, key in enumerate(row)}
    inside = [(a, b) for a, b in steps if a in place and b in place]
    line_of = _aligned(place, inside)
    after: dict[int, list[tuple[int, float]]] = {}
    waiting: dict[int, int] = {id(line): 0 for line in line_of.values()}
    lines = {id(line): line for line in line_of.values()}
    for row in band:
        for a, b in pairwise(row):
            after.setdefault(id(line_of[a]), []).append((id(line_of[b]), _apart(a, b)))
            waiting[id(line_of[b])] += 1
    ready = [key for key, count in waiting.items() if not count]
    for key in ready:
        for other, apart in after.get(key, ()):
            lines[other].x = max(lines[other].x, lines[key].x + apart)
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    beside: dict[Key, list[Key]] = {}
    for a, b in inside:
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    for key in reversed(ready):
        line = lines[key]
        room = min((lines[o].x - apart - line.x for o, apart in after.get(key, ())), default=0.0)
        pulls = [line_of[o].x - line.x for k in line.keys for o in beside.get(k, ())]
        right = sorted(pull for pull in pulls if pull != 0)
        if room > 0 and right and right[len(right) // 2] > 0:
            line.x += min(room, right[len(right) // 2])
    return {key: line_of[key].x for key in place}


def _aligned(place: Mapping[Key, tuple[int, int]], steps: list[_Pair]) -> dict[Key, _Line]:
    """Join places below each other into lines that do not cross, the longest chains first."""
    up: dict[Key, int] = {}
    down: dict[Key, int] = {}
    plain: list[_Pair] = [(a, b) for a, b in steps if isinstance(a, str) and isinstance(b, str)]
    for a, b in sorted(plain, key=lambda pair: place[pair[0]][0]):
        up[b] = max(up.get(b, 0), up.get(a, 0) + 1)
    for a, b in sorted(plain, key=lambda pair: -place[pair[0]][0]):
        down[a] = max(down.get(a, 0), down.get(b, 0) + 1)

    def weight(pair: _Pair) -> int:
        a, b = pair
        lanes = isinstance(a, int) + isinstance(b, int)
        return up.get(a, 0) + down.get(b, 0) if not lanes else lanes - 3

    line_of = {key: _Line([key]) for key in place}
    joined: dict[int, list[tuple[int, int]]] = {}
    above: set[Key] = set()
    below: set[Key] = set()
    for a, b in sorted(steps, key=weight, reverse=True):
        (row, at), (_, to) = place[a], place[b]
        taken = joined.setdefault(row, [])
        if a in above or b in below or any((at - c) * (to - d) < 0 for c, d in taken):
            continue
        above.add(a)
        below.add(b)
        taken.append((at, to))
        upper, lower = line_of[a], line_of[b]
        upper.keys += lower.keys
        for key in lower.keys:
            line_of[key] = upper
    return line_of


def _apart(a: Key, b: Key) -> float:
    lanes = isinstance(a, int) + isinstance(b, int)
    return (BLOCK[0] + GAP[0], _BESIDE, _LANE)[lanes]
