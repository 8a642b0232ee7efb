"""Automatic placement of blocks, by a graph-drawing library."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import ceil

from modelstudio.network.graph import Graph, Position

_Row = dict[object, float]
"""Blocks side by side, and where across."""

BLOCK = (152.0, 52.0)
"""Width and height of a block in canvas pixels."""

GAP = (56.0, 28.0)
"""Space between blocks, across and down."""

GRID = 16.0

MOST_ROWS = 5
"""Blocks below each other after which a chain goes on at the top of the next column."""


def arrange(graph: Graph) -> Mapping[str, Position]:
    """Return a place for every block: the flow runs down, wires cross little, on the grid.

    What is longer than `MOST_ROWS` is cut where a single wire passes, and goes on beside itself.

    The top left block stays where the old top left was. Notes are left where they are.
    """
    if not graph.nodes:
        return {}
    left = min(node.position[0] for node in graph.nodes.values())
    top = min(node.position[1] for node in graph.nodes.values())
    placed = _sugiyama(graph)
    low_x = min(x for x, _ in placed.values())
    low_y = min(y for _, y in placed.values())
    return {
        node_id: (_snap(left + x - low_x), _snap(top + y - low_y))
        for node_id, (x, y) in placed.items()
    }


def _snap(value: float) -> float:
    return round(value / GRID) * GRID


def _sugiyama(graph: Graph) -> dict[str, Position]:
    """Place connected parts side by side, each in layers from top to bottom."""
    pairs = list(dict.fromkeys((edge.source, edge.target) for edge in graph.edges))
    step_x, step_y = BLOCK[0] + GAP[0], BLOCK[1] + GAP[1]
    placed: dict[str, Position] = {}
    shift = 0.0
    if pairs:
        from fast_sugiyama import from_edges

        for part in from_edges(pairs, vertex_spacing=1.0):
            rows: dict[float, _Row] = {}
            for node_id, (x, y) in part[0]:
                rows.setdefault(round(y, 3), {})[node_id] = x
            unit = min(map(_unit, rows.values()))
            for band in _bands([rows[height] for height in sorted(rows, reverse=True)], pairs):
                columns = [x for row in band for x in row.values()]
                for number, row in enumerate(band):
                    for node_id, x in row.items():
                        if node_id in graph.nodes:
                            across = (x - min(columns)) / unit
                            placed[str(node_id)] = (shift + across * step_x, number * step_y)
                shift += ((max(columns) - min(columns)) / unit + 1) * step_x
    for node_id in graph.nodes:
        if node_id not in placed:
            placed[node_id] = (shift, 0.0)
            shift += step_x
    return placed


def _bands(rows: list[_Row], pairs: list[tuple[str, str]]) -> list[list[_Row]]:
    """Cut rows into bands of much the same height, each at a place that one wire passes."""
    row_of = {node_id: number for number, row in enumerate(rows) for node_id in row}
    passing = [0] * len(rows)
    for source, target in pairs:
        for number in range(row_of.get(source, 0), row_of.get(target, 0)):
            passing[number] += 1
    most = ceil(len(rows) / ceil(len(rows) / MOST_ROWS))
    bands: list[list[_Row]] = [[]]
    for number, row in enumerate(rows):
        if len(bands[-1]) >= most and passing[number - 1] == 1:
            bands.append([])
        bands[-1].append(row)
    return bands


def _unit(row: _Row) -> float:
    """Return the smallest distance within a row, so that neither blocks nor wires overlap."""
    ordered = sorted(set(row.values()))
    gaps = [b - a for a, b in pairwise(ordered) if b - a > 1e-6]
    return min(1.0, min(gaps)) if gaps else 1.0
