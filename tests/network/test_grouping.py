"""Collapsing blocks and taking groups apart: the same network before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from networks import add, chain, given, mlp, wanted

from modelstudio.errors import NetworkError
from modelstudio.layers import (
    Add,
    Concatenate,
    Flatten,
    Group,
    GroupInput,
    GroupOutput,
    Input,
    Linear,
    Output,
    ReLU,
)
from modelstudio.network import check
from modelstudio.network.analysis import Analysis, Shape
from modelstudio.network.check import analyse, analyse_within
from modelstudio.network.graph import Edge, Graph, Node, Note
from modelstudio.network.grouping import collapse, ungroup
from modelstudio.network.levels import level, readdressed, with_level

FIELDS = [given("features", 6), wanted("y", 3)]


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """Draw blocks of width 6, each fed by some before it, that all lead to an Output."""
    graph, last = add(Graph(), Input())
    made = [last]
    for _ in range(draw(st.integers(2, 8))):
        kind = draw(st.sampled_from([Linear, ReLU, Add, Concatenate, Linear]))
        sources = [draw(st.sampled_from(made))]
        if kind in (Add, Concatenate):
            sources = draw(st.lists(st.sampled_from(made), min_size=1, max_size=3, unique=True))
        layer = kind(out_features=6) if kind is Linear else kind()
        graph, new = add(graph, layer, *sources)
        if kind is Concatenate:
            graph, new = add(graph, Linear(out_features=6), new)
        place = (draw(st.integers(0, 5)) * 208.0, graph.nodes[new].position[1])
        graph = graph.move({new: place})
        made.append(new)
    owners = [n.id for n in graph.of_type(Linear) if shapes_into(graph, n.id) == {("B", 6)}]
    if len(owners) > 1 and draw(st.booleans()):
        user, owner = owners[-1], owners[0]
        if graph.nodes[user].layer == graph.nodes[owner].layer:
            graph = graph.put(replace(graph.nodes[user], shares=owner))
    loose = [key for key in made if not graph.outgoing[key]]
    graph, last = add(graph, Add(), *loose)
    graph, last = add(graph, Linear(out_features=3), last)
    graph, _ = add(graph, Output(), last)
    return graph.with_notes([Note("note", "why", (5.0, 5.0))])


def shapes_into(graph: Graph, node_id: str) -> set[Shape]:
    return set(analyse(graph, FIELDS).nodes[node_id].inputs)


def plain(graph: Graph) -> Mapping[str, object]:
    """Return what a graph says, up to ids and positions."""

    def end(edge: Edge) -> tuple[str, str, str]:
        return graph.nodes[edge.source].name, edge.source_port, edge.target_port

    return {
        node.name: (
            node.layer,
            node.enabled,
            node.frozen,
            node.shares and graph.nodes[node.shares].name,
            [end(edge) for edge in graph.incoming[node.id]],
        )
        for node in graph.nodes.values()
    }


def selections(graph: Graph) -> st.SearchStrategy[set[str]]:
    free = [n.id for n in graph.nodes.values() if not isinstance(n.layer, Input | Output)]
    return st.sets(st.sampled_from([*free, "note"]), min_size=1)


def costs(analysis: Analysis) -> tuple[object, ...]:
    return (
        analysis.parameters,
        analysis.macs,
        analysis.memory,
        [problem.message for problem in analysis.errors],
    )


@settings(max_examples=150, deadline=None)
@drawn(st.data())
def test_a_collapsed_network_is_the_same_and_comes_back(data: st.DataObject) -> None:
    graph = data.draw(networks())
    chosen = data.draw(selections(graph))
    before = analyse(graph, FIELDS)
    try:
        folded, group_id = collapse(graph, chosen, "stage1")
    except NetworkError as error:
        told = str(error)
        assert "loop" in told or "Select the blocks" in told
        return
    after, inner = analyse_within(folded, (group_id,), FIELDS)
    assert costs(after) == costs(before)
    for key in graph.nodes:
        known = inner if key in chosen else after
        assert known.nodes[key] == before.nodes[key]
    back = ungroup(folded, group_id)
    assert plain(back) == plain(graph)
    assert {key: node.position for key, node in back.nodes.items()} == {
        key: node.position for key, node in graph.nodes.items()
    }
    assert back.notes == graph.notes


@settings(max_examples=60, deadline=None)
@drawn(st.data())
def test_groups_within_groups_come_back_too(data: st.DataObject) -> None:
    graph = data.draw(networks())
    try:
        once, outer = collapse(graph, data.draw(selections(graph)), "stage1")
        inside = level(once, (outer,))
        free = [
            n.id for n in inside.nodes.values() if not isinstance(n.layer, GroupInput | GroupOutput)
        ]
        chosen = data.draw(st.sets(st.sampled_from(free), min_size=1))
        twice, inner = collapse(once, chosen, "part1", (outer,))
    except NetworkError:
        return
    assert costs(analyse(twice, FIELDS)) == costs(analyse(graph, FIELDS))
    assert plain(ungroup(ungroup(twice, inner, (outer,)), outer)) == plain(graph)
    apart = ungroup(twice, outer)
    part = apart.named("part1")
    assert part is not None
    assert plain(ungroup(apart, part.id)) == plain(graph)


@settings(max_examples=40, deadline=None)
@drawn(st.data())
def test_an_unrolled_group_costs_what_its_repeats_cost(data: st.DataObject) -> None:
    body, last = add(Graph(), GroupInput())
    for _ in range(data.draw(st.integers(1, 4))):
        kind = data.draw(st.sampled_from([Linear(out_features=6), ReLU()]))
        body, new = add(body, kind, last)
        if data.draw(st.booleans()):
            body, new = add(body, Add(), new, last)
        last = new
    body, _ = add(body, GroupOutput(), last)
    linear = [node.id for node in body.of_type(Linear)]
    if len(linear) > 1:
        body = body.put(replace(body.nodes[linear[1]], shares=f"group1/{linear[0]}"))
    repeat = data.draw(st.integers(1, 4))
    graph = mlp(Linear(out_features=6), Group(graph=body, repeat=repeat), Linear(out_features=3))
    assert costs(analyse(graph, FIELDS))[3] == []
    apart = ungroup(graph, "group1")
    assert costs(analyse(apart, FIELDS)) == costs(analyse(graph, FIELDS))
    assert len(apart.nodes) == 4 + repeat * (len(body.nodes) - 2)


def test_wires_from_one_source_share_a_port_and_open_ends_become_ports() -> None:
    graph, source = add(Graph(), Input())
    graph, first = add(graph, Linear(out_features=6), source)
    graph, second = add(graph, Linear(out_features=6), source)
    graph, total = add(graph, Add(), first, second)
    graph, _ = add(graph, Output(), total)
    folded, group_id = collapse(graph, {first, second}, "pair")
    group = folded.nodes[group_id].layer
    assert [port.name for port in group.input_ports()] == ["input"]
    assert {port.name for port in group.output_ports()} == {"fc1_out", "fc2_out"}
    wires = [edge.source_port for edge in folded.incoming[total]]
    assert wires == ["fc1_out", "fc2_out"]

    loose = chain(Linear(out_features=6), ReLU())
    folded, group_id = collapse(loose, {"fc1", "relu1"}, "part")
    group = folded.nodes[group_id].layer
    assert [port.name for port in group.input_ports()] == ["input"]
    assert [port.name for port in group.output_ports()] == ["output"]
    assert plain(ungroup(folded, group_id)) == plain(loose)


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (set(), "Select the blocks"),
        ({"input1", "fc1"}, "input1 cannot be part of a group"),
        ({"fc1", "add1"}, "leave the group through relu1 and come back to add1"),
    ],
)
def test_what_cannot_be_a_group_is_refused_with_the_reason(chosen: set[str], said: str) -> None:
    graph = mlp(Linear(out_features=6), ReLU(), Add(), Linear(out_features=3))
    graph = graph.connect(Edge("fc1", "y", "add1", "x"))
    with pytest.raises(NetworkError, match=said):
        collapse(graph, chosen, "stage1")


def test_a_taken_name_and_the_ports_of_the_group_around_are_refused() -> None:
    graph = mlp(Linear(), ReLU())
    with pytest.raises(NetworkError, match="already called relu1"):
        collapse(graph, {"fc1"}, "relu1")
    folded, group_id = collapse(graph, {"fc1", "relu1"}, "stage1")
    port = next(level(folded, (group_id,)).of_type(GroupInput))
    with pytest.raises(NetworkError, match="is a port of the group around it"):
        collapse(folded, {port.id}, "part", (group_id,))


def test_what_cannot_be_taken_apart_is_refused_with_the_reason() -> None:
    graph, group_id = collapse(mlp(Linear(), ReLU()), {"fc1", "relu1"}, "stage1")
    node = graph.nodes[group_id]
    with pytest.raises(NetworkError, match="is off"):
        ungroup(graph.put(replace(node, enabled=False)), group_id)
    with pytest.raises(NetworkError, match="is not a group"):
        ungroup(graph, "input1")
    body = level(graph, (group_id,))
    for _ in range(4):
        body, _ = add(body, ReLU(), "fc1")
    wide = graph.put(replace(node, layer=Group(graph=body, repeat=512)))
    with pytest.raises(NetworkError, match=r"3072 blocks.*Repeat it fewer times"):
        ungroup(wide, group_id)


def test_a_frozen_group_gives_frozen_blocks_and_covers_nothing() -> None:
    graph = mlp(*(Linear(out_features=6) for _ in range(4)))
    folded, group_id = collapse(graph, {"fc2", "fc3"}, "stage1")
    folded = folded.put(replace(folded.nodes[group_id], frozen=True))
    tight = folded.move({"fc4": (0.0, folded.nodes[group_id].position[1] + 80.0)})
    apart = ungroup(tight, group_id)
    assert [apart.nodes[key].frozen for key in ("fc1", "fc2", "fc3", "fc4")] == [
        False,
        True,
        True,
        False,
    ]
    rows = sorted(node.position[1] for node in apart.nodes.values())
    assert all(b - a >= 52 for a, b in pairwise(rows))


def test_a_renamed_port_keeps_its_wires_and_a_deleted_one_loses_them() -> None:
    folded, group_id = collapse(mlp(Linear(), ReLU()), {"fc1", "relu1"}, "stage1")
    inside = level(folded, (group_id,))
    port = next(inside.of_type(GroupInput))
    renamed = with_level(folded, (group_id,), inside.put(replace(port, name="picture")))
    assert [edge.target_port for edge in renamed.incoming[group_id]] == ["picture"]
    assert analyse(renamed, FIELDS).parameters == analyse(folded, FIELDS).parameters
    gone = with_level(folded, (group_id,), inside.remove([port.id]))
    assert not gone.incoming[group_id]


def test_addresses_follow_their_blocks_into_groups_and_out() -> None:
    graph = mlp(*(Linear(out_features=6) for _ in range(3)))
    graph = graph.put(replace(graph.nodes["fc3"], shares="fc1"))
    folded, outer = collapse(graph, {"fc1", "fc2"}, "stage1")
    assert folded.nodes["fc3"].shares == f"{outer}/fc1"
    deeper, inner = collapse(folded, {"fc1"}, "part1", (outer,))
    assert deeper.nodes["fc3"].shares == f"{outer}/{inner}/fc1"
    assert ungroup(deeper, outer).nodes["fc3"].shares == f"{inner}/fc1"
    assert readdressed(deeper, lambda address: address) is deeper


def test_live_shapes_inside_are_those_of_the_first_repeat() -> None:
    body = chain(GroupInput(), Linear(out_features=6), ReLU(), GroupOutput())
    graph = mlp(Group(graph=body, repeat=3), Linear(out_features=3))
    whole, inside = analyse_within(graph, ("group1",), FIELDS)
    assert inside.nodes["groupinput1"].outputs == (("B", 6),)
    assert inside.nodes["fc1"].parameters == 42
    assert whole.nodes["group1"].parameters == 3 * 42
    assert inside.parameters == 42


def test_what_is_wrong_inside_is_pinned_inside_and_opened_from_outside() -> None:
    body = chain(GroupInput(), ReLU(), GroupOutput())
    body = body.put(replace(body.nodes["relu1"], layer=ReLU()))
    inner, group_id = collapse(mlp(Flatten(), Linear(), ReLU()), {"fc1", "relu1"}, "stage1")
    inside = level(inner, (group_id,))
    broken = inside.remove(["relu1"])
    broken = broken.add(Node("add", "add1", Add())).connect(
        Edge("add", "y", next(broken.of_type(GroupOutput)).id, "x")
    )
    graph = with_level(inner, (group_id,), broken)
    whole, level_in = analyse_within(graph, (group_id,), FIELDS)
    (problem,) = whole.errors
    assert problem.node == group_id
    assert problem.message.startswith("stage1 does not fit inside: add1 has no wire")
    assert problem.fixes[0].opens == (group_id, "add")
    assert [found.node for found in level_in.errors] == ["add"]


def test_inside_of_a_group_that_gets_nothing_everything_waits() -> None:
    folded, group_id = collapse(chain(Linear(), ReLU()), {"fc1", "relu1"}, "stage1")
    _, inside = analyse_within(folded, (group_id,), FIELDS)
    assert {info.state for info in inside.nodes.values()} == {"waiting"}
    assert inside.errors == ()


def test_one_edit_inside_is_all_that_is_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups, and blocks in them, that get what they got before are remembered."""
    bodies = [
        chain(GroupInput(), *(Linear(out_features=6, bias=n % 2 == 0) for n in range(8)))
        for _ in range(3)
    ]
    bodies = [add(body, GroupOutput(), "fc8")[0] for body in bodies]
    graph = mlp(*(Group(graph=body, repeat=1) for body in bodies), Linear(out_features=3))
    analyse(graph, FIELDS)
    worked: list[str] = []
    before = check.lower_node

    def counted(node: Node, *others: Any) -> Any:
        worked.append(node.name)
        return before(node, *others)

    monkeypatch.setattr(check, "lower_node", counted)
    inner = bodies[1].put(replace(bodies[1].nodes["fc4"], layer=Linear(out_features=7)))
    edited = with_level(graph, ("group2",), inner)
    _, inside = analyse_within(edited, ("group2",), FIELDS)
    assert inside.nodes["fc4"].outputs == (("B", 7),)
    assert {name for name in worked if name.startswith("fc")} == {"fc4", "fc5"}
    worked.clear()
    moved = with_level(edited, ("group2",), inner.move({"fc4": (999.0, 0.0)}))
    analyse(moved, FIELDS)
    assert not [name for name in worked if name.startswith("fc")]
    assert len({hash(graph), hash(edited), hash(moved)}) == 3
