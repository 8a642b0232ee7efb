"""Groups: ports, repeats, weights inside and across the border."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from networks import add, chain, given, mlp, wanted

from modelstudio.layers import (
    Add,
    Embedding,
    Group,
    GroupInput,
    GroupOutput,
    Linear,
    Output,
    ReLU,
    Softmax,
)
from modelstudio.network.analysis import Analysis
from modelstudio.network.check import analyse
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec

ROW = [given("features", 6)]


def inside(*layers: Layer) -> Graph:
    return chain(GroupInput(), *layers, GroupOutput())


def share(graph: Graph, node_id: str, owner: str) -> Graph:
    return graph.put(replace(graph.nodes[node_id], shares=owner))


def only_error(graph: Graph) -> str:
    (problem,) = analyse(graph, ROW).errors
    return problem.message


def parameters(graph: Graph) -> int:
    analysis = analyse(graph, ROW)
    assert analysis.errors == ()
    return analysis.parameters


def test_ports_are_the_ends_inside_by_name() -> None:
    graph = Graph()
    for name, layer in (("left", GroupInput(rank=2)), ("right", GroupInput())):
        graph = graph.add(Node(name, name, layer))
    graph, total = add(graph, Add(), "left", "right")
    for name in ("sum", "first"):
        graph, _ = add(graph, GroupOutput(), total if name == "sum" else "left", name=name)
    group = Group(graph=graph)
    assert [(port.name, port.rank) for port in group.input_ports()] == [
        ("left", 2),
        ("right", None),
    ]
    assert [port.name for port in group.output_ports()] == ["sum", "first"]
    again = Layer.from_dict(json.loads(json.dumps(group.to_dict())))
    assert again == group
    assert again.changed(repeat=2) != group


def test_each_output_has_the_shape_it_has_inside() -> None:
    graph = inside(Linear(out_features=3))
    graph, _ = add(graph, GroupOutput(), "groupinput1", name="past")
    info = analyse(mlp(Group(graph=graph)), ROW).nodes["group1"]
    assert info.outputs == (("B", 3), ("B", 6))
    assert info.memory == 4 * 3  # what comes in and goes out again takes no new room


def test_a_group_says_how_many_blocks_it_holds_or_how_often_it_runs() -> None:
    assert Group(graph=inside(Linear())).summary() == "1 block"
    assert Group(graph=inside(Linear(), ReLU())).summary() == "2 blocks"
    assert Group(graph=inside(Linear(), ReLU()), repeat=3).summary() == "× 3"


@pytest.mark.parametrize("repeat", [1, 2, 5])
def test_each_repeat_has_weights_of_its_own(repeat: int) -> None:
    graph = mlp(Group(graph=inside(Linear(out_features=6), ReLU()), repeat=repeat))
    assert parameters(graph) == repeat * (6 * 6 + 6)
    assert analyse(graph, ROW).macs == repeat * 6 * 6


def test_a_repeat_must_give_the_shape_it_takes() -> None:
    narrow = Group(graph=inside(Linear(out_features=4)))
    assert parameters(mlp(narrow)) == 6 * 4 + 4
    assert only_error(mlp(narrow.changed(repeat=2))) == (
        "group1 can be repeated only when what comes out has the shape of what goes in."
        " Repeat it once."
    )


def test_groups_hold_groups() -> None:
    inner = Group(graph=inside(Linear(out_features=6)), repeat=2)
    assert parameters(mlp(Group(graph=inside(inner, ReLU()), repeat=3))) == 6 * (6 * 6 + 6)


def test_what_is_wrong_inside_is_told_of_the_group() -> None:
    said = only_error(mlp(Group(graph=inside(Embedding()))))
    assert said.startswith("group1 does not fit inside: embed1 needs ids")
    graph, _ = add(inside(Linear()), Output(), "fc1")
    assert only_error(mlp(Group(graph=graph))).startswith("group1 holds an Output")


def test_a_loop_inside_is_told_of_the_group() -> None:
    graph = inside(Linear(), ReLU())
    looped = replace(graph, edges=(*graph.edges, Edge("relu1", "y", "fc1", "x")))
    said = only_error(mlp(Group(graph=looped)))
    assert said.startswith("group1 does not fit inside: The wires around")
    assert said.endswith("form a loop. Open group1.")


def test_weights_shared_across_the_border_are_counted_once() -> None:
    user = Group(graph=share(inside(Linear(out_features=6)), "fc1", "fc1"), repeat=3)
    assert parameters(mlp(Linear(out_features=6), user)) == 6 * 6 + 6
    owner = mlp(Group(graph=inside(Linear(out_features=6))), Linear(out_features=6))
    assert parameters(share(owner, "fc1", "group1/fc1")) == 6 * 6 + 6


def test_weights_shared_within_a_repeat() -> None:
    graph = share(
        inside(Linear(out_features=6), ReLU(), Linear(out_features=6)), "fc2", "group1/fc1"
    )
    assert parameters(mlp(Group(graph=graph, repeat=3))) == 3 * (6 * 6 + 6)


def test_weights_that_do_not_fit_across_the_border_are_told_of_the_group() -> None:
    user = Group(graph=share(inside(Linear(out_features=8)), "fc1", "fc1"))
    said = only_error(mlp(Linear(out_features=8), user))
    assert said == (
        "group1 does not fit inside: fc1 shares weights with a block of another size or other"
        " settings. Open group1."
    )


def test_a_group_is_looked_at_again_when_the_weights_it_uses_are_gone() -> None:
    """What is remembered of a group must not depend on the network around it."""
    user = Group(graph=share(inside(Linear(out_features=6)), "fc1", "fc1"))
    graph = mlp(Linear(out_features=6), user)
    assert parameters(graph) == 6 * 6 + 6
    graph, _ = add(graph.remove(["fc1"], heal=True), Output(target="unwired"))
    said = {problem.node: problem.message for problem in analyse(graph, ROW).errors}
    assert set(said) == {"group1", "output2"}
    assert "shares the weights of a block that no longer exists" in said["group1"]


def problems(graph: Graph, *fields: FieldSpec) -> Analysis:
    return analyse(graph, [*ROW, *fields])


def test_an_unknown_layer_with_lists_is_a_problem_not_a_crash() -> None:
    strange = Layer.from_dict({"type": "Mystery", "sizes": [1, 2], "deep": {"a": [1]}})
    (problem,) = problems(mlp(strange)).errors
    assert "Mystery, which this version does not know" in problem.message
    assert hash(strange) == hash(Layer.from_dict(strange.to_dict()))


def test_without_targets_an_answer_is_given_once_too() -> None:
    graph, _ = add(mlp(Linear()), Output(), "fc1")
    (problem,) = problems(graph).errors
    assert problem.node == "output2"
    assert "another Output does already" in problem.message
    graph, _ = add(mlp(Linear()), Output(target="other"), "fc1")
    assert problems(graph).errors == ()


def test_a_softmax_that_is_off_is_no_notice() -> None:
    graph = mlp(Linear(out_features=3), Softmax())
    target = wanted("species", 3)
    assert [p.severity for p in problems(graph, target).problems] == ["notice"]
    off = graph.put(replace(graph.nodes["softmax1"], enabled=False))
    assert problems(off, target).problems == ()
