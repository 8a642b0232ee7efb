"""An imported network as ONNX again: tensors in, tensors out, as it came."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import helper

import modelstudio
from modelstudio.engine.compile import CompiledModel, compile_network
from modelstudio.engine.export.replay import Agreement
from modelstudio.engine.export.tracing import trace
from modelstudio.engine.export.writer import apart
from modelstudio.errors import ExportError
from modelstudio.network.graph import Graph
from modelstudio.recipe.fields import FieldSpec

LENGTH = 16
"""Length of the sequences that the network is traced with."""

ROWS = 8
"""Rows that the file is checked on."""

CLOSE = 1e-4
"""Answers that differ by less agree."""


def as_drawn(trained: CompiledModel, graph: Graph, fields: Sequence[FieldSpec]) -> CompiledModel:
    """Return a network with a Softmax or Sigmoid before its outputs, which training leaves out."""
    whole = compile_network(graph, fields, logits=False)
    whole.module.load_state_dict(trained.module.state_dict())
    return whole


def build(
    compiled: CompiledModel, fields: Sequence[FieldSpec], *, run: str = ""
) -> onnx.ModelProto:
    """Write the network alone: an input for each field, an output for each target.

    Raises
    ------
    ExportError
        When an operation of it cannot be written.
    """
    batch = torch.export.Dim("batch")
    free = torch.export.Dim("length", min=2)
    inputs = [_field(fields, name) for name in compiled.inputs]
    shapes = [
        {0: batch, **{axis: free for axis, dim in enumerate(field.shape, 1) if dim == "T"}}
        for field in inputs
    ]
    examples = [torch.from_numpy(values) for values in _drawn(inputs, 2)]
    try:
        model = trace(compiled.module, examples, shapes)
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
        raise ExportError(
            f"The network cannot be written as ONNX: {reason[:200]}",
            fix="Replace the block that uses this operation.",
        ) from error
    _rename(model, compiled)
    told = {"modelstudio.version": modelstudio.__version__, "modelstudio.run": run}
    names = {"modelstudio.inputs": json.dumps(list(compiled.inputs))}
    helper.set_model_props(model, told | names)
    return model


def check(
    model: onnx.ModelProto, compiled: CompiledModel, fields: Sequence[FieldSpec]
) -> Agreement:
    """Compare the file with the network on rows drawn at random."""
    inputs = [_field(fields, name) for name in compiled.inputs]
    values = _drawn(inputs, ROWS)
    with torch.no_grad():
        said = compiled.module.eval()(*map(torch.from_numpy, values))
    expected = [part.numpy() for part in (said if isinstance(said, tuple) else (said,))]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    began = time.perf_counter()
    found = session.run(None, dict(zip(compiled.inputs, values, strict=True)))
    seconds = time.perf_counter() - began
    gaps = [np.abs(a - b).reshape(ROWS, -1) for a, b in zip(found, expected, strict=True)]
    worst = np.concatenate(gaps, axis=1).max(axis=1)
    return Agreement(ROWS, int((worst < CLOSE).sum()), float(worst.max()), seconds / ROWS)


def _field(fields: Sequence[FieldSpec], name: str) -> FieldSpec:
    return next(field for field in fields if field.role == "input" and field.name == name)


def _drawn(inputs: Sequence[FieldSpec], rows: int) -> list[NDArray[np.float32] | NDArray[np.int64]]:
    generator = np.random.default_rng(rows)
    found: list[NDArray[np.float32] | NDArray[np.int64]] = []
    for field in inputs:
        shape = (rows, *(LENGTH if isinstance(dim, str) else dim for dim in field.shape))
        if field.dtype == "int":
            found.append(generator.integers(0, field.vocabulary or 2, shape))
        else:
            found.append(generator.standard_normal(shape).astype(np.float32))
    return found


def _rename(model: onnx.ModelProto, compiled: CompiledModel) -> None:
    """Call inputs after their fields and outputs after their targets."""
    graph = model.graph
    ends = zip((*graph.input, *graph.output), (*compiled.inputs, *compiled.outputs), strict=True)
    names = {value.name: name for value, name in ends}
    taken = {name for node in graph.node for name in (*node.input, *node.output)} - names.keys()
    prefix = apart("net/", taken | set(names.values()))
    inner = {name: f"{prefix}{name}" for name in taken & set(names.values())}
    for value in (*graph.input, *graph.output):
        value.name = names[value.name]
    for part in (*graph.initializer, *graph.value_info):
        part.name = inner.get(part.name, part.name)
    for node in graph.node:
        node.input[:] = [names.get(n, inner.get(n, n)) for n in node.input]
        node.output[:] = [names.get(n, inner.get(n, n)) for n in node.output]
