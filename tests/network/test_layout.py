"""Automatic placement: nothing overlaps and the flow runs down."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from networks import add, chain

from modelstudio.layers import Add, Concatenate, Input, Linear, Output, ReLU
from modelstudio.network.graph import Edge, Graph, Note
from modelstudio.network.layout import BLOCK, GAP, GRID, LEAST_ROWS, arrange


def check_placed(graph: Graph) -> None:
    places = arrange(graph)
    assert set(places) == set(graph.nodes)
    for (ax, ay), (bx, by) in combinations(places.values(), 2):
        assert abs(ax - bx) >= BLOCK[0] or abs(ay - by) >= BLOCK[1]
    for edge in graph.edges:
        (from_x, from_y), (to_x, to_y) = places[edge.source], places[edge.target]
        assert to_y >= from_y + BLOCK[1] or to_x >= from_x + BLOCK[0]
    for x, y in places.values():
        assert x % GRID == 0
        assert y % GRID == 0


@given(st.lists(st.lists(st.integers(0, 40), max_size=3), max_size=25))
@settings(max_examples=60, deadline=None)
def test_any_network_is_placed_without_overlap(sources: list[list[int]]) -> None:
    graph = Graph()
    for number, wanted in enumerate(sources):
        names = {f"b{source}" for source in wanted if source < number}
        layer = Concatenate() if names else Input()
        graph, _ = add(graph, layer, *sorted(names), name=f"b{number}")
    check_placed(graph)


def test_a_chain_stands_in_one_column() -> None:
    graph = chain(Input(), Linear(), ReLU(), Linear(), Output())
    places = arrange(graph)
    check_placed(graph)
    assert len({x for x, _ in places.values()}) == 1
    heights = [places[name][1] for name in graph.order]
    steps = {b - a for a, b in pairwise(heights)}
    assert steps == {BLOCK[1] + GAP[1]}


def test_a_long_chain_goes_on_in_the_next_column() -> None:
    graph = chain(Input(), *(ReLU() for _ in range(LEAST_ROWS + 2)), Output())
    places = arrange(graph)
    check_placed(graph)
    columns = [places[name] for name in graph.order]
    assert {x for x, _ in columns[:5]} == {0.0}
    assert {x for x, _ in columns[5:]} == {BLOCK[0] + GAP[0]}
    assert [y for _, y in columns[5:]] == [y for _, y in columns[: len(columns) - 5]]


def test_blocks_that_a_wire_skips_are_not_cut_apart() -> None:
    graph = chain(Input(), *(ReLU() for _ in range(9)), Add(), Output())
    graph = graph.connect(Edge("input1", "y", "add1", "x"))
    places = arrange(graph)
    check_placed(graph)
    heights = [places[name][1] for name in graph.order[:-1]]
    assert heights == sorted(heights), "the wire beside them would go back up"


def test_a_skip_connection_runs_beside_the_blocks_it_skips() -> None:
    graph = chain(Input(), Linear(), ReLU(), Linear(), Add(), Output())
    graph = graph.connect(Edge("input1", "y", "add1", "x"))
    places = arrange(graph)
    check_placed(graph)
    assert places["input1"][1] < places["fc1"][1] < places["relu1"][1] < places["add1"][1]
    assert len({places[name][0] for name in graph.nodes}) == 1, "a wire needs no column"


def test_branches_of_a_split_stand_beside_the_longest_chain() -> None:
    graph = chain(Input(), Linear(), ReLU(), Linear(), Add(), Output())
    graph, aside = add(graph, Linear(), "input1", name="aside")
    graph = graph.connect(Edge(aside, "y", "add1", "x"))
    places = arrange(graph)
    check_placed(graph)
    assert len({places[name][0] for name in graph.nodes if name != aside}) == 1
    assert abs(places[aside][0] - places["fc1"][0]) == BLOCK[0] + GAP[0]


def u_net(levels: int) -> Graph:
    """Return a chain down and up again, each level wired to its twin."""
    graph = chain(Input(), ReLU())
    last, skips = "relu1", []
    for _ in range(levels):
        graph, last = add(graph, ReLU(), last)
        skips.append(last)
        graph, last = add(graph, ReLU(), last)
    while skips:
        graph, last = add(graph, Concatenate(), last, skips.pop())
        for _ in range(3):
            graph, last = add(graph, ReLU(), last)
    return add(graph, Output(), last)[0]


def test_what_long_wires_span_is_cut_once_it_grows_tall() -> None:
    graph = u_net(9)
    places = arrange(graph)
    check_placed(graph)
    wide = max(x for x, _ in places.values()) + BLOCK[0]
    high = max(y for _, y in places.values()) + BLOCK[1]
    assert 1 / 3 < wide / high < 3


def test_a_large_network_is_about_as_wide_as_a_window() -> None:
    graph = chain(Input(), *(ReLU() for _ in range(300)), Output())
    places = arrange(graph)
    wide = max(x for x, _ in places.values()) + BLOCK[0]
    high = max(y for _, y in places.values()) + BLOCK[1]
    assert 1.2 < wide / high < 2.2


def test_parts_without_wires_between_them_stand_side_by_side() -> None:
    graph = chain(Input(), Linear(), Output())
    graph = chain(Input(), ReLU(), graph=graph)
    graph, _ = add(graph, Linear(), name="alone")
    check_placed(graph)


def test_the_corner_stays_and_notes_do_not_move() -> None:
    graph = chain(Input(), Linear(), Output()).with_notes([Note("n9", "Why?", (999.0, 999.0))])
    graph = graph.move({name: (320.0 + 16 * i, 160.0) for i, name in enumerate(graph.nodes)})
    places = arrange(graph)
    assert min(x for x, _ in places.values()) == 320
    assert min(y for _, y in places.values()) == 160
    assert graph.move(places).notes == graph.notes
    assert arrange(graph.move(places)) == places


def test_a_note_under_a_block_goes_aside() -> None:
    graph = chain(Input(), Linear(), Output())
    apart = {name: (320.0 * i, 0.0) for i, name in enumerate(graph.nodes)}
    note = Note("n9", "why", (0.0, 80.0))
    graph = graph.move(apart).with_notes([note])
    tidy = graph.move(arrange(graph))
    (moved,) = tidy.notes
    assert moved.position != note.position
    for x, y in (node.position for node in tidy.nodes.values()):
        beside = moved.position[0] >= x + BLOCK[0] or moved.position[0] + moved.size[0] <= x
        assert beside or moved.position[1] >= y + BLOCK[1] or moved.position[1] + moved.size[1] <= y


def test_nothing_to_place() -> None:
    assert arrange(Graph()) == {}
    assert arrange(chain(Input())) == {"input1": (0, 0)}
