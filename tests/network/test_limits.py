"""What is too large to be built is told before anything is built."""

from __future__ import annotations

import pytest
from networks import given, mlp, wanted

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import compile_network
from modelstudio.errors import NetworkError
from modelstudio.layers import Group, GroupInput, GroupOutput, Linear
from modelstudio.network.check import analyse
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.limits import MOST_BLOCKS

FIELDS = (given("features", 16), wanted("y"))


def repeated(depth: int, repeat: int) -> Group:
    """Return a Linear in groups, each repeated so often."""
    inside: Linear | Group = Linear(out_features=16)
    for _ in range(depth):
        port = "x" if isinstance(inside, Linear) else "in1"
        out = "y" if isinstance(inside, Linear) else "out1"
        graph = Graph().add(Node("a", "in1", GroupInput())).add(Node("b", "body", inside))
        graph = graph.add(Node("c", "out1", GroupOutput()))
        graph = graph.connect(Edge("a", "y", "b", port)).connect(Edge("b", out, "c", "x"))
        inside = Group(graph=graph, repeat=repeat)
    assert isinstance(inside, Group)
    return inside


def test_groups_repeated_in_each_other_have_an_end() -> None:
    graph = mlp(repeated(5, 512), Linear(out_features=1))
    assert analyse(mlp(repeated(2, 300), Linear(out_features=1)), FIELDS).problems == ()
    (problem,) = analyse(graph, FIELDS).problems
    assert (problem.node, problem.severity) == ("group1", "error")
    assert problem.message == (
        f"The network has {512**5 + 3:,} blocks, each repeat counted, most of them in group1. "
        f"It may have {MOST_BLOCKS:,}: repeat its groups fewer times."
    )
    for build in (compile_network, python_code):
        with pytest.raises(NetworkError, match="each repeat counted"):
            build(graph, FIELDS)


def test_weights_beyond_the_memory_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = mlp(Linear(out_features=1_000_000), Linear(out_features=1_000_000), Linear())
    fields = (FIELDS[0],)
    monkeypatch.setattr("modelstudio.network.limits.total_bytes", lambda: 8 * 2**30)
    (problem,) = analyse(graph, fields).problems
    assert (problem.node, problem.severity) == ("fc2", "warning")
    said = "The weights take 3,726 GiB of memory, most of it for fc2, and this computer has 8 GiB."
    assert problem.message == f"{said} Make fc2 smaller."
    with pytest.raises(NetworkError, match="Make fc2 smaller"):
        compile_network(graph, fields)
    monkeypatch.setattr("modelstudio.network.limits.total_bytes", lambda: None)
    assert analyse(graph, fields).problems == ()
