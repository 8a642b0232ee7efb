"""A batch padded at the right gives, for each sample, what that sample gives alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import product
from typing import Any

import pytest
import torch
from networks import add, given
from onnxruntime import InferenceSession
from torch import nn

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import compile_network
from modelstudio.engine.export.tracing import trace
from modelstudio.layers import GRU, LSTM, RNN, Input, Output, Reduce, Select
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer

Run = Callable[[torch.Tensor, torch.Tensor], Sequence[torch.Tensor]]
"""Takes steps and ids; gives what each layer gives."""

RECURRENT = [
    kind.build(hidden_size=5, layers=layers, bidirectional=both, output=output)
    for layers, both, output, kind in product(
        (1, 2), (False, True), ("sequence", "last"), (RNN, LSTM, GRU)
    )
]
PAIRS = [
    RNN(hidden_size=5),
    RNN(hidden_size=5, layers=2, bidirectional=True, output="last"),
    LSTM(hidden_size=5, output="last"),
    LSTM(hidden_size=5, layers=2, bidirectional=True),
    GRU(hidden_size=5, bidirectional=True),
    GRU(hidden_size=5, layers=2, output="last"),
]
"""Every two settings together: an ONNX file takes its time."""

LAYERS = [
    *RECURRENT,
    *(Reduce(operation=name) for name in ("mean", "max", "min", "sum")),
    Select(index=-1),
]
FIELDS = (given("x", "T", 12), given("ids", "T", vocabulary=9))
LENGTHS = (7, 3, 1, 6)


def beside(layers: Sequence[Layer]) -> Graph:
    """Return a network with a branch a layer, all given the same steps and ids."""
    graph, _ = add(Graph(), Input(field="x"), name="steps")
    graph, _ = add(graph, Input(field="ids"), name="ids")
    for number, layer in enumerate(layers):
        graph, block = add(graph, layer, "steps", "ids", name=f"block{number}")
        graph, _ = add(graph, Output(target=f"out{number}"), block, name=f"out{number}")
    return graph


def trained(graph: Graph) -> nn.Module:
    torch.manual_seed(0)
    return compile_network(graph, FIELDS).module.eval()


def printed(graph: Graph) -> nn.Module:
    names: dict[str, Any] = {}
    exec(compile(python_code(graph, FIELDS), "generated", "exec"), names)
    module = names["Network"]()
    assert isinstance(module, nn.Module)
    return module.eval()


def written(graph: Graph) -> Run:
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", min=2)
    examples = (torch.randn(3, 4, 12), torch.ones(3, 4, dtype=torch.int64))
    file = trace(trained(graph), examples, [{0: batch, 1: length}] * 2)
    session = InferenceSession(file.SerializeToString())
    inputs = [entry.name for entry in session.get_inputs()]

    def run(x: torch.Tensor, ids: torch.Tensor) -> list[torch.Tensor]:
        feeds = dict(zip(inputs, (x.numpy(), ids.numpy()), strict=True))
        return [torch.from_numpy(found) for found in session.run(None, feeds)]

    return run


WAYS = {trained: LAYERS, printed: LAYERS, written: PAIRS}


@cache
def together_and_alone(
    way: Callable[[Graph], Run],
) -> tuple[Sequence[torch.Tensor], list[Sequence[torch.Tensor]]]:
    """Return what the layers give for a padded batch, and for each sample alone.

    The padding holds numbers, as an embedding gives them, that must not matter.
    """
    run = way(beside(WAYS[way]))
    torch.manual_seed(1)
    x, ids = torch.randn(len(LENGTHS), max(LENGTHS), 12), torch.randint(1, 9, (4, max(LENGTHS)))
    ids = ids * (torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None])
    with torch.no_grad():
        alone = [run(x[n : n + 1, :s], ids[n : n + 1, :s]) for n, s in enumerate(LENGTHS)]
        return run(x, ids), alone


def named(layer: Layer) -> str:
    """Tell a case apart by what was set."""
    return "-".join([layer.type_name, *map(str, layer.as_values().values())])


@pytest.mark.parametrize(
    ("way", "number"),
    [
        pytest.param(way, number, id=f"{way.__name__}-{named(layer)}")
        for way, layers in WAYS.items()
        for number, layer in enumerate(layers)
    ],
)
def test_padding_does_not_matter(way: Callable[[Graph], Run], number: int) -> None:
    together, alone = together_and_alone(way)
    for row, size in enumerate(LENGTHS):
        got, expected = together[number][row], alone[row][number][0]
        if expected.ndim == 2:
            assert not got[size:].any()
            got = got[:size]
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)
