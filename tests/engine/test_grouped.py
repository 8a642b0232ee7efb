"""A network with groups runs as the same network without them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from networks import add, chain, given, mlp, wanted

from modelstudio.engine.compile import CompiledModel, compile_network
from modelstudio.layers import (
    Add,
    BatchNorm1d,
    Concatenate,
    Dropout,
    Group,
    GroupInput,
    GroupOutput,
    Input,
    Linear,
    Output,
    ReLU,
)
from modelstudio.network.graph import Graph
from modelstudio.network.grouping import collapse, ungroup

FIELDS = [given("features", 6), wanted("y", 3)]
ROWS = torch.linspace(-2, 2, 5 * 6).reshape(5, 6)


def called(compiled: CompiledModel) -> list[str]:
    """Return the modules in the order in which they are called."""
    return [str(node.target) for node in compiled.module.graph.nodes if node.op == "call_module"]


def branching() -> Graph:
    """Return two branches of which the second subtracts from itself, joined in a set order."""
    graph, start = add(Graph(), Input())
    graph, left = add(graph, Linear(out_features=6), start)
    graph, right = add(graph, Linear(out_features=4), start)
    graph, norm = add(graph, BatchNorm1d(), right)
    graph, joined = add(graph, Concatenate(), norm, left, start)
    graph, wide = add(graph, Linear(out_features=6), joined)
    graph, skip = add(graph, Add(), wide, left)
    graph, tied = add(graph, Linear(out_features=6), skip)
    graph = graph.put(replace(graph.nodes[tied], shares=left))
    graph, last = add(graph, Linear(out_features=3), tied)
    return add(graph, Output(), last)[0]


def with_weights_of(
    model: CompiledModel, other: CompiledModel, address: Callable[[str], str]
) -> CompiledModel:
    """Return a model whose blocks have the weights of those at other addresses."""
    for block, names in model.node_modules.items():
        for ours, theirs in zip(names, other.node_modules[address(block)], strict=True):
            state = other.module.get_submodule(theirs).state_dict()
            model.module.get_submodule(ours).load_state_dict(state)
    return model


def same_answers(one: CompiledModel, other: CompiledModel) -> bool:
    with torch.no_grad():
        return bool(torch.equal(one.module.eval()(ROWS), other.module.eval()(ROWS)))


@pytest.mark.parametrize(
    "chosen",
    [
        {"fc2", "bn1"},
        {"bn1", "cat1", "fc3"},
        {"fc1", "fc2", "bn1", "cat1", "fc3", "add1"},
        {"add1", "fc4", "fc5"},
        {"fc1"},
        {"cat1"},
    ],
)
def test_a_collapsed_network_gives_the_same_answers(chosen: set[str]) -> None:
    graph = branching()
    folded, group_id = collapse(graph, chosen, "stage1")
    flat = compile_network(graph, FIELDS)
    grouped = compile_network(folded, FIELDS)
    with_weights_of(grouped, flat, lambda address: address.removeprefix(f"{group_id}/"))
    assert same_answers(grouped, flat)
    back = compile_network(ungroup(folded, group_id), FIELDS)
    assert same_answers(with_weights_of(back, flat, lambda address: address), flat)


@pytest.mark.parametrize("repeat", [1, 3])
def test_an_unrolled_group_gives_the_same_answers(repeat: int) -> None:
    body = chain(GroupInput(), Linear(out_features=6), ReLU(), Dropout(), GroupOutput())
    graph = mlp(Group(graph=body, repeat=repeat), Linear(out_features=3))
    grouped = compile_network(graph, FIELDS)
    flat = compile_network(ungroup(graph, "group1"), FIELDS)
    ours = [name for names in flat.node_modules.values() for name in names]
    theirs = [name for names in grouped.node_modules.values() for name in names]
    theirs.sort(key=called(grouped).index)
    for mine, yours in zip(
        sorted(ours, key=called(flat).index),
        theirs,
        strict=True,
    ):
        state = grouped.module.get_submodule(yours).state_dict()
        flat.module.get_submodule(mine).load_state_dict(state)
    assert same_answers(flat, grouped)
