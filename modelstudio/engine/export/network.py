"""The network alone as ONNX, ready to be put between preprocessing and answer."""

from __future__ import annotations

import bisect
import contextlib
from collections.abc import Sequence

import onnx
import onnxruntime
import torch
from onnx import compose
from torch import Tensor, fx, nn

from modelstudio.engine.compile import CompiledModel
from modelstudio.engine.export.tracing import trace
from modelstudio.errors import ExportError
from modelstudio.recipe.fields import FieldSpec

LENGTH = 16
"""Length of the sequences that a network is traced with."""


def written(
    compiled: CompiledModel, fields: Sequence[FieldSpec], prefix: str, *, exact: bool
) -> onnx.ModelProto:
    """Write the network, in double when ``exact`` and onnxruntime can run that.

    Parameters
    ----------
    fields
        Its inputs, in order.
    prefix
        What all its names begin with.

    Raises
    ------
    ExportError
        When it uses an operation that cannot be written; ``where`` is the address of its block.
    """
    recurrent = any(isinstance(part, nn.RNNBase) for part in compiled.module.modules())
    if exact and not recurrent:
        # some operators (Erf, LeakyRelu, Conv) cannot be run in double either
        with contextlib.suppress(Exception):
            model = _traced(compiled.module, fields, torch.float64)
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), _quiet(), providers=["CPUExecutionProvider"]
            )
            given = [example.numpy() for example in _examples(fields, torch.float64)]
            session.run(None, {i.name: x for i, x in zip(model.graph.input, given, strict=True)})
            return compose.add_prefix(model, prefix)
    try:
        return compose.add_prefix(_traced(compiled.module, fields, torch.float32), prefix)
    except Exception as error:
        raise _unwritten(compiled, fields, error) from error


def _unwritten(
    compiled: CompiledModel, fields: Sequence[FieldSpec], error: Exception
) -> ExportError:
    """Say which block could not be written, and why."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    reason = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
    address = _culprit(compiled.module, fields)
    if address is None:
        return ExportError(
            f"The network cannot be written as ONNX: {reason[:200]}",
            fix="Replace the block that uses this operation.",
        )
    key = address.partition("/")[0]
    return ExportError(
        f"The block {compiled.names.get(key, key)} cannot be written as ONNX: {reason[:200]}",
        where=address,
        fix="Replace this block, or take it out.",
    )


def _culprit(module: fx.GraphModule, fields: Sequence[FieldSpec]) -> str | None:
    """Return the address of the first block with which the network cannot be written.

    The operations up to some place are written alone, and the place is found by bisection.
    """
    steps = [node for node in module.graph.nodes if node.op.startswith("call_")]

    def fails(count: int) -> bool:
        try:
            _traced(_part(module, steps[count - 1]), fields, torch.float32)
        except Exception:
            return True
        return False

    first = bisect.bisect_left(range(1, len(steps) + 1), True, key=fails)
    return steps[first].meta.get("block") if first < len(steps) else None


def _part(module: fx.GraphModule, last: fx.Node) -> fx.GraphModule:
    """Return the network up to an operation; it gives every value that nothing there takes."""
    graph = fx.Graph()
    kept: dict[fx.Node, fx.Node] = {}
    for node in module.graph.nodes:
        kept[node] = graph.node_copy(node, kept.__getitem__)
        if node is last:
            break
    graph.output(tuple(node for node in kept.values() if not node.users))
    return fx.GraphModule(module, graph)


def _quiet() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return options


def _traced(
    module: fx.GraphModule, fields: Sequence[FieldSpec], dtype: torch.dtype
) -> onnx.ModelProto:
    """Write a network with nothing of this machine in it, for any batch."""
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length", min=2)
    shapes = [
        {0: batch, **{axis: length for axis, dim in enumerate(field.shape, 1) if dim == "T"}}
        for field in fields
    ]
    return trace(module, _examples(fields, dtype), shapes, dtype=dtype)


def _examples(fields: Sequence[FieldSpec], dtype: torch.dtype) -> list[Tensor]:
    return [
        torch.zeros(
            (2, *(LENGTH if isinstance(dim, str) else dim for dim in field.shape)),
            dtype=torch.int64 if field.dtype == "int" else dtype,
        )
        for field in fields
    ]
