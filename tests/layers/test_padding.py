"""A batch padded at the right gives, for each sample, what that sample gives alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product

import pytest
import torch
from networks import add, branches, given, wanted
from onnxruntime import InferenceSession

from modelstudio.engine.codegen import python_code
from modelstudio.engine.compile import compile_network
from modelstudio.engine.export.tracing import trace
from modelstudio.layers import (
    GRU,
    LSTM,
    RNN,
    Embedding,
    Input,
    Linear,
    Output,
    Reduce,
    Select,
)
from modelstudio.network.check import analyse
from modelstudio.network.graph import Edge, Graph
from modelstudio.network.layer import Layer
from modelstudio.recipe.fields import FieldSpec

Run = Callable[[torch.Tensor, torch.Tensor], list[torch.Tensor]]
"""Takes steps and ids; gives what each layer gives."""

RECURRENT = [
    kind.build(hidden_size=5, layers=layers, bidirectional=both, output=output)
    for kind, layers, both, output in product(
        (RNN, LSTM, GRU), (1, 2), (False, True), ("sequence", "last")
    )
]
REDUCING = [Reduce.build(operation=name) for name in ("mean", "max", "min", "sum")]
LAYERS: list[Layer] = [*RECURRENT, *REDUCING, Select(index=-1)]
STEPS, IDS = given("x", "T", 12), given("ids", "T", vocabulary=9)
LENGTHS = (7, 3, 1, 6)


@cache
def networks() -> dict[str, Run]:
    """Return one network with a branch a layer: trained, printed, and as an ONNX file."""
    torch.manual_seed(0)
    graph, _ = add(Graph(), Input(field="x"), name="steps")
    graph, _ = add(graph, Input(field="ids"), name="ids")
    for number, layer in enumerate(LAYERS):
        graph, block = add(graph, layer, "steps", "ids", name=f"block{number}")
        graph, _ = add(graph, Output(target=f"out{number}"), block, name=f"out{number}")
    module = compile_network(graph, (STEPS, IDS)).module.eval()
    names: dict[str, type[torch.nn.Module]] = {}
    exec(compile(python_code(graph, (STEPS, IDS)), "generated", "exec"), names)
    printed = names["Network"]().eval()
    printed.load_state_dict(module.state_dict())
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", min=2)
    examples = (torch.randn(3, 4, 12), torch.ones(3, 4, dtype=torch.int64))
    written = trace(module, examples, [{0: batch, 1: length}] * 2)
    session = InferenceSession(written.SerializeToString())
    inputs = [entry.name for entry in session.get_inputs()]

    def onnx(x: torch.Tensor, ids: torch.Tensor) -> list[torch.Tensor]:
        feeds = dict(zip(inputs, (x.numpy(), ids.numpy()), strict=True))
        return [torch.from_numpy(found) for found in session.run(None, feeds)]

    return {"trained": module, "printed": printed, "onnx": onnx}


@cache
def together_and_alone(way: str) -> tuple[list[torch.Tensor], list[list[torch.Tensor]]]:
    """Return what the layers give for a padded batch, and for each sample alone.

    The padding holds numbers, as an embedding gives them, that must not matter.
    """
    torch.manual_seed(1)
    x, ids = torch.randn(len(LENGTHS), max(LENGTHS), 12), torch.zeros(len(LENGTHS), max(LENGTHS))
    for row, size in enumerate(LENGTHS):
        ids[row, :size] = torch.randint(1, 9, (size,))
    ids = ids.long()
    run = networks()[way]
    with torch.no_grad():
        alone = [run(x[n : n + 1, :s], ids[n : n + 1, :s]) for n, s in enumerate(LENGTHS)]
        return run(x, ids), alone


def named(layer: Layer) -> str:
    """Tell a case apart by what was set."""
    return "-".join([layer.type_name, *map(str, layer.as_values().values())])


@pytest.mark.parametrize("way", ["trained", "printed", "onnx"])
@pytest.mark.parametrize("number", range(len(LAYERS)), ids=[named(layer) for layer in LAYERS])
def test_padding_does_not_matter(way: str, number: int) -> None:
    together, alone = together_and_alone(way)
    for row, size in enumerate(LENGTHS):
        got, expected = together[number][row], alone[row][number][0]
        if expected.ndim == 2:
            assert not got[size:].any()
            got = got[:size]
        torch.testing.assert_close(got, expected, rtol=0, atol=1e-5)
