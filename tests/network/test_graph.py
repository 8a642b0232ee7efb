"""Graphs as values: edits keep what must hold, files give back what was drawn."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modelstudio.layers  # noqa: F401
from modelstudio.errors import NetworkError
from modelstudio.layers import Add, Dropout, Group, GroupInput, GroupOutput, Input, Linear, ReLU
from modelstudio.network.graph import Edge, Graph, Node, Note
from modelstudio.network.layer import Layer, UnknownLayer

LAYERS = st.sampled_from(
    [Input(), Linear(out_features=8), ReLU(), Dropout(p=0.5), Add(), Layer.from_dict({"type": "Z"})]
)


@st.composite
def graphs(draw: st.DrawFn, most: int = 8) -> Graph:
    """Draw a graph as editing makes it: blocks added, wires drawn where they are allowed."""
    graph = Graph()
    for _ in range(draw(st.integers(0, most))):
        layer = draw(LAYERS)
        position = draw(st.tuples(st.integers(-500, 500), st.integers(-500, 500)))
        node = Node(
            graph.free_id(),
            graph.free_name(layer.stem),
            layer,
            (float(position[0]), float(position[1])),
            enabled=draw(st.booleans()),
            frozen=draw(st.booleans()),
        )
        graph = graph.add(node)
    ids = list(graph.nodes)
    for _ in range(draw(st.integers(0, 2 * len(ids)))):
        edge = wire(graph, draw(st.sampled_from(ids)), draw(st.sampled_from(ids)))
        if edge is not None and graph.refusal(edge) is None:
            graph = graph.connect(edge)
    if draw(st.booleans()):
        graph = graph.with_notes([Note(graph.free_id(), "try more channels", (1.0, 2.0))])
    return graph


def wire(graph: Graph, source: str, target: str) -> Edge | None:
    outputs = graph.nodes[source].layer.output_ports()
    inputs = graph.nodes[target].layer.input_ports()
    return Edge(source, outputs[0].name, target, inputs[0].name) if outputs and inputs else None


def check(graph: Graph) -> None:
    """Assert what every edit keeps."""
    place = {node_id: number for number, node_id in enumerate(graph.order)}
    assert len(place) == len(graph.nodes)
    assert len(set(graph.edges)) == len(graph.edges)
    names = [node.name for node in graph.nodes.values()]
    assert len(set(names)) == len(names)
    filled = set()
    for edge in graph.edges:
        assert place[edge.source] < place[edge.target]
        port = {p.name: p for p in graph.nodes[edge.target].layer.input_ports()}[edge.target_port]
        assert port.variadic or (edge.target, edge.target_port) not in filled
        filled.add((edge.target, edge.target_port))


@given(graphs())
def test_drawn_graphs_hold(graph: Graph) -> None:
    check(graph)


@given(graphs())
def test_json_gives_the_graph_back(graph: Graph) -> None:
    raw = json.loads(json.dumps(graph.to_dict()))
    again = Graph.from_dict(raw)
    assert again == graph
    assert list(again.nodes) == list(graph.nodes)
    assert again.edges == graph.edges
    assert again.to_dict() == raw


@given(graphs(), st.data())
def test_connecting_adds_one_wire_and_replaces_at_most_one(
    graph: Graph, data: st.DataObject
) -> None:
    if not graph.nodes:
        return
    ids = st.sampled_from(list(graph.nodes))
    edge = wire(graph, data.draw(ids), data.draw(ids))
    if edge is None:
        return
    before = graph.to_dict()
    if graph.refusal(edge) is None:
        wired = graph.connect(edge)
        check(wired)
        assert wired.edges[-1] == edge
        assert set(graph.edges) - set(wired.edges) <= {
            old for old in graph.edges if old.target == edge.target
        }
        assert set(wired.disconnect(edge).edges) <= set(graph.edges)
    else:
        with pytest.raises(NetworkError):
            graph.connect(edge)
    assert graph.to_dict() == before


@given(graphs(), st.data())
def test_removing_takes_blocks_and_their_wires_only(graph: Graph, data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.sampled_from(list(graph.nodes)))) if graph.nodes else set()
    left = graph.remove(gone)
    check(left)
    assert set(left.nodes) == set(graph.nodes) - gone
    assert left.edges == tuple(e for e in graph.edges if not {e.source, e.target} & gone)
    assert left.notes == graph.notes
    assert all(left.nodes[key] is graph.nodes[key] for key in left.nodes)


@given(graphs(), st.data())
def test_healing_keeps_what_could_reach_what(graph: Graph, data: st.DataObject) -> None:
    """Where every removed block had one wire in, whoever fed a block through it still does."""
    if not graph.nodes:
        return
    gone = data.draw(st.sampled_from(list(graph.nodes)))
    healed = graph.remove([gone], heal=True)
    check(healed)
    bridged = len(graph.incoming[gone]) == 1
    for start in healed.nodes:
        before = graph.downstream(start) - {gone}
        after = healed.downstream(start)
        assert after <= before
        if bridged:
            assert after == before


@given(graphs(), st.data())
def test_inserting_into_a_wire(graph: Graph, data: st.DataObject) -> None:
    if not graph.edges:
        return
    edge = data.draw(st.sampled_from(graph.edges))
    node = Node(graph.free_id(), "between", ReLU())
    wider = graph.insert(node, edge)
    check(wider)
    assert edge not in wider.edges
    (into,), (out,) = wider.incoming[node.id], wider.outgoing[node.id]
    assert (into.source, into.source_port) == (edge.source, edge.source_port)
    assert (out.target, out.target_port) == (edge.target, edge.target_port)
    order = [old.source for old in graph.incoming[edge.target]]
    renamed = [node.id if source == edge.source else source for source in order]
    assert [new.source for new in wider.incoming[edge.target]] == renamed
    healed = wider.remove([node.id], heal=True)
    assert set(healed.edges) == set(graph.edges)


@given(graphs())
@settings(max_examples=30)
def test_moving_changes_positions_only(graph: Graph) -> None:
    moved = graph.move(dict.fromkeys((*graph.nodes, "nobody"), (7.0, 9.0)))
    assert all(node.position == (7.0, 9.0) for node in moved.nodes.values())
    assert moved.edges is graph.edges
    assert all(moved.nodes[key].layer is graph.nodes[key].layer for key in graph.nodes)


def row(*layers: Layer) -> Graph:
    graph = Graph()
    for number, layer in enumerate(layers):
        graph = graph.add(Node(f"n{number}", f"b{number}", layer))
        if number:
            graph = graph.connect(Edge(f"n{number - 1}", "y", f"n{number}", "x"))
    return graph


def test_loops_are_refused_and_named() -> None:
    graph = row(Input(), ReLU(), ReLU())
    back = Edge("n2", "y", "n1", "x")
    assert graph.refusal(back) == "A wire from b2 to b1 would close a loop."
    looped = Graph(graph.nodes, (*graph.edges, back))
    with pytest.raises(NetworkError, match="form a loop") as error:
        _ = looped.order
    assert error.value.where in ("n1", "n2")


def test_wires_into_a_variadic_port_keep_their_order() -> None:
    graph = row(Input(), ReLU(), Dropout())
    graph = graph.add(Node("sum", "add1", Add()))
    for source in ("n2", "n0", "n1"):
        graph = graph.connect(Edge(source, "y", "sum", "x"))
    assert [edge.source for edge in graph.incoming["sum"]] == ["n2", "n0", "n1"]


def test_names_and_ids_are_taken_once() -> None:
    graph = row(Input(), ReLU())
    with pytest.raises(NetworkError, match="already called b1"):
        graph.add(Node("n9", "b1", ReLU()))
    with pytest.raises(NetworkError, match="have the id n1"):
        graph.add(Node("n1", "b9", ReLU()))
    with pytest.raises(NetworkError, match="cannot be the name"):
        graph.add(Node("n9", "my block", ReLU()))
    assert graph.free_name("b") == "b2"
    assert graph.free_id() not in graph.nodes


def test_changing_ports_drops_the_wires_that_lost_theirs() -> None:
    inner = Graph().add(Node("i", "a", GroupInput())).add(Node("o", "out", GroupOutput()))
    inner = inner.connect(Edge("i", "y", "o", "x"))
    graph = Graph().add(Node("s", "s", Input())).add(Node("g", "g", Group(graph=inner)))
    graph = graph.connect(Edge("s", "y", "g", "a"))
    renamed = inner.put(Node("i", "b", GroupInput()))
    changed = graph.put(Node("g", "g", Group(graph=renamed)))
    assert changed.edges == ()
    kept = graph.put(Node("g", "g", Group(graph=inner, repeat=3)))
    assert kept.edges == graph.edges


def test_unknown_layers_are_kept_as_they_were() -> None:
    raw = {"type": "Mamba3", "width": [1, {"deep": None}]}
    layer = Layer.from_dict(raw)
    assert isinstance(layer, UnknownLayer)
    assert layer.summary() == "Mamba3"
    assert Graph.from_dict(row(Input(), layer).to_dict()).to_dict()["nodes"][1]["layer"] == raw


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ({"nodes": [], "edges": [["a", "y", "b", "x"]]}, "ends at a block that does not exist"),
        (
            {"nodes": [{"id": "a", "name": n, "layer": {"type": "ReLU"}} for n in ("r", "s")]},
            "Two blocks have the id a",
        ),
    ],
)
def test_files_that_make_no_sense(raw: dict[str, object], sentence: str) -> None:
    with pytest.raises(NetworkError, match=sentence):
        Graph.from_dict(raw)


def test_healing_draws_no_wire_twice() -> None:
    graph = row(Input(), ReLU(), Add()).connect(Edge("n0", "y", "n2", "x"))
    assert graph.remove(["n1"], heal=True).edges == (Edge("n0", "y", "n2", "x"),)
    graph = row(Input(), ReLU(), Add()).connect(Edge("n0", "y", "n2", "x"))
    graph = graph.add(Node("n3", "b3", ReLU())).connect(Edge("n0", "y", "n3", "x"))
    graph = graph.connect(Edge("n3", "y", "n2", "x"))
    assert graph.remove(["n1", "n3"], heal=True).edges == (Edge("n0", "y", "n2", "x"),)


def test_a_block_changed_to_one_that_takes_one_wire_keeps_the_first() -> None:
    graph = row(Input(), ReLU(), Add()).connect(Edge("n0", "y", "n2", "x"))
    changed = graph.put(Node("n2", "b2", Linear()))
    assert changed.incoming["n2"] == (Edge("n1", "y", "n2", "x"),)
    assert changed.incoming["n1"] == graph.incoming["n1"]
