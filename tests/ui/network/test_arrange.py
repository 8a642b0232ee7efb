"""Alignment, gaps, guides and places in a chain, as plain functions."""

from __future__ import annotations

import pytest

from modelstudio.network.graph import Graph
from modelstudio.ui.pages.network.arrange import (
    Alignment,
    Guides,
    Spot,
    aligned,
    chain_neighbour,
    distributed,
    swapped,
)

ITEMS = {
    "a": Spot((0.0, 0.0), (152.0, 52.0)),
    "b": Spot((100.0, 90.0), (152.0, 52.0)),
    "n": Spot((40.0, 300.0), (208.0, 64.0)),
}


@pytest.mark.parametrize(
    ("how", "axis", "lines"),
    [
        ("left", 0, {"a": 0, "b": 0, "n": 0}),
        ("right", 0, {"a": 100, "b": 100, "n": 44}),
        ("center", 0, {"a": 50, "b": 50, "n": 22}),
        ("top", 1, {"a": 0, "b": 0, "n": 0}),
        ("bottom", 1, {"a": 312, "b": 312, "n": 300}),
        ("middle", 1, {"a": 156, "b": 156, "n": 150}),
    ],
)
def test_items_come_to_one_line(how: Alignment, axis: int, lines: dict[str, float]) -> None:
    moved = aligned(ITEMS, how)
    assert {key: place[axis] for key, place in moved.items()} == lines
    assert all(moved[key][1 - axis] == spot.place[1 - axis] for key, spot in ITEMS.items())


def test_gaps_between_items_become_equal() -> None:
    moved = distributed(ITEMS, "down")
    assert moved["a"] == (0.0, 0.0)
    assert moved["n"] == (40.0, 300.0)
    assert moved["b"][1] - 52 == pytest.approx(300 - moved["b"][1] - 52)


def test_a_dragged_block_snaps_to_others_before_the_grid() -> None:
    guides = Guides([(5.0, 0.0), (200.0, 90.0)])
    assert guides.snap((9.0, 41.0)) == (5.0, 48.0)
    assert guides.snap((60.0, 95.0)) == (64.0, 90.0)
    (line,) = guides.at((5.0, 48.0))
    assert line.start == (81.0, 0.0)
    assert line.end == (81.0, 100.0)
    assert not guides.at((64.0, 48.0))


def test_neighbours_of_a_chain_change_places(chain_graph: Graph) -> None:
    assert chain_neighbour(chain_graph, "c", -1) == "b"
    graph = swapped(chain_graph, "c", -1)
    assert graph is not None
    assert [(edge.source, edge.target) for edge in graph.edges] == [
        ("a", "c"),
        ("c", "b"),
        ("b", "d"),
        ("d", "e"),
    ]
    assert graph.nodes["c"].position == chain_graph.nodes["b"].position
    assert swapped(graph, "c", 1) == chain_graph


def test_what_begins_a_chain_keeps_its_place(chain_graph: Graph) -> None:
    assert swapped(chain_graph, "b", -1) is None, "an Input has nothing before it"
    assert swapped(chain_graph, "a", 1) is None
    assert swapped(chain_graph, "d", 1) is None, "an Output gives nothing"
