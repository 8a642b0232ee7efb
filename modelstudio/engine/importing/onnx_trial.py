"""See what the values of an ONNX file are like, by running it twice with other sizes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from modelstudio.engine.importing.drawing import Array
from modelstudio.engine.importing.onnx_file import STANDARD, Foreign
from modelstudio.errors import ImportFailed
from modelstudio.network.analysis import Dim, Shape

MOST_NUMBERS = 2**28
"""Most numbers that a value may hold while the file is tried."""

BATCHES = (2, 3)
LENGTHS = (5, 7)
"""Sizes that the batch and a free length take in two trials, by which they are told apart."""

FIXED_LENGTH = 16
"""What a free length is held at where it is in the way."""

_UNTRIED = frozenset(["Loop", "Scan", "If", "SequenceMap", "RandomNormal", "RandomUniform"])
"""Operations that are not run: what they cost cannot be known."""

_INTS = frozenset(
    [TensorProto.INT64, TensorProto.INT32, TensorProto.INT16, TensorProto.INT8, TensorProto.UINT8]
)


def tried(
    foreign: Foreign,
    path: Path,
    shapes: Sequence[Sequence[int]] = (),
    *,
    fixed_length: bool = False,
) -> Foreign:
    """Run a file twice with other sizes; with the sizes that it prescribes where that fails.

    Parameters
    ----------
    shapes
        Shape of one sample for each input, for sizes that the file leaves open.
    fixed_length
        Hold sizes that the file leaves open at one length.

    Raises
    ------
    ImportFailed
        When it cannot be run.
    """
    inputs = {v.name: v for v in foreign.model.graph.input if v.name not in foreign.constants}
    given = dict(zip(inputs, shapes, strict=False))
    runnable = _runnable(foreign)
    reason = ""
    open_sizes = _lengths(inputs, given) and not fixed_length
    for free in (("batch", "length"), ("batch",), ())[not open_sizes :]:
        try:
            runs = [_trial(foreign, inputs, given, runnable, free, number) for number in (0, 1)]
        except _Untriable as error:
            reason = reason or str(error)
            continue
        _learn(foreign, inputs, runs, free, runnable)
        return foreign
    raise ImportFailed(
        f"{path.name} cannot be run: {reason}",
        where=str(path),
        fix="Give the shape of one sample with --shape if its sizes are open, or export it again.",
    )


class _Untriable(Exception):
    """The file does not run with some sizes."""


@dataclass
class _Run:
    fed: dict[str, Array]
    values: dict[str, Array]
    sizes: dict[str, int]


def _runnable(foreign: Foreign) -> list[onnx.NodeProto]:
    """Return the nodes that can be run: all but the unknown ones and what follows from them."""
    lost: set[str] = set()
    kept = []
    for op, node in zip(foreign.ops, foreign.model.graph.node, strict=True):
        known = node.domain in STANDARD and onnx.defs.has(op.kind) and op.kind not in _UNTRIED
        if not known or lost.intersection(op.sources):
            lost.update(op.results)
        else:
            kept.append(node)
    return kept


def _lengths(inputs: Mapping[str, onnx.ValueInfoProto], given: Mapping[str, Sequence[int]]) -> bool:
    return any(
        not dim.HasField("dim_value")
        for name, value in inputs.items()
        if name not in given
        for dim in value.type.tensor_type.shape.dim[1:]
    )


def _trial(
    foreign: Foreign,
    inputs: Mapping[str, onnx.ValueInfoProto],
    given: Mapping[str, Sequence[int]],
    nodes: Sequence[onnx.NodeProto],
    free: Sequence[str],
    number: int,
) -> _Run:
    """Run the nodes on numbers drawn at random and return every value."""
    generator = np.random.default_rng(number)
    fed = {}
    sizes = {"B": BATCHES[number], "T": LENGTHS[number]}
    for name, value in inputs.items():
        dims = list(value.type.tensor_type.shape.dim)
        fixed = dims[0].dim_value if dims and dims[0].HasField("dim_value") else 0
        batch = BATCHES[number] if "batch" in free or not fixed else fixed
        sizes["B"] = batch
        rest = list(given.get(name, ())) or [
            dim.dim_value
            if dim.HasField("dim_value") and dim.dim_value
            else (LENGTHS[number] if "length" in free else FIXED_LENGTH)
            for dim in dims[1:]
        ]
        shape = (batch, *rest) if dims or rest else ()
        if np.prod(shape, dtype=float) > MOST_NUMBERS:
            raise _Untriable(f"its input {name} is too large.")
        fed[name] = _drawn(generator, value.type.tensor_type.elem_type, shape, foreign, name)
    results = [name for node in nodes for name in node.output if name]
    if not results:
        return _Run(fed, {}, sizes)
    graph = onnx.GraphProto()
    graph.CopyFrom(foreign.model.graph)
    del graph.node[:], graph.output[:], graph.value_info[:], graph.input[:]
    graph.node.extend(nodes)
    for node in graph.node:
        node.name = ""  # which two may share
    for name, array in fed.items():
        kind = inputs[name].type.tensor_type.elem_type
        graph.input.append(helper.make_tensor_value_info(name, kind, [None] * array.ndim))
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in results)
    model = onnx.ModelProto()
    model.CopyFrom(foreign.model)
    model.graph.CopyFrom(graph)
    model.ir_version = min(model.ir_version, 10)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        found = session.run(results, fed)
    except Exception as error:
        raise _Untriable(_plainly(error)) from None
    return _Run(fed, dict(zip(results, found, strict=True)), sizes)


_KIND = re.compile(
    r"Op \((\w+)\)|running (\w+) node|Optype \((\w+)\)|In Node, \([^,]*, (\w+)|for (\w+)\(\d+\)"
)
"""Where onnxruntime names the kind of the operation that it refuses."""

_SENTENCES = {
    "Unrecognized attribute": "has a setting that there is not.",
    "input size": "takes too few or too many values.",
    "Type Error": "takes numbers of types that do not go together.",
    "type inference": "takes numbers of types that do not go together.",
    "implementation": "cannot be run for the types that it takes.",
    "ShapeInference": "does not fit the shapes of its values.",
    "Non-zero status": "does not fit the shapes of its values.",
}
"""What onnxruntime's words come to."""


def _plainly(error: Exception) -> str:
    """Return why a file cannot be run as the end of a sentence."""
    text = str(error)
    kinds = [kind for found in _KIND.findall(text) for kind in found if kind]
    kind = kinds[0] if kinds else "one of its operations"
    said = (sentence for word, sentence in _SENTENCES.items() if word in text)
    return f"{kind} {next(said, 'is written in a way that nothing can run.')}"


def _drawn(
    generator: np.random.Generator, kind: int, shape: Sequence[int], foreign: Foreign, name: str
) -> Array:
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    if kind in _INTS:
        rows = _vocabulary(foreign, name)
        ids: Array = generator.integers(min(1, rows - 1), rows, shape).astype(dtype)
        if ids.ndim == 2 and ids.shape[1] > 1:
            ids[-1, -1] = 0  # padding, as most texts have it
        return ids
    if kind == TensorProto.BOOL:
        return np.ones(shape, dtype=bool)
    if kind == TensorProto.STRING:
        raise _Untriable(f"its input {name} takes texts.")
    return generator.standard_normal(shape).astype(dtype)


def _vocabulary(foreign: Foreign, name: str) -> int:
    """Return how many rows the table has that an input of ids looks up; 2 where there is none."""
    reached = {name}
    rows = []
    for op in foreign.ops:
        if op.kind in ("Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Transpose"):
            if op.sources and op.sources[0] in reached:
                reached.update(op.results)
        elif op.kind == "Gather" and len(op.sources) > 1 and op.sources[1] in reached:
            table = foreign.constants.get(op.sources[0])
            if table is not None and not op.attributes.get("axis", 0):
                rows.append(len(table))
    return min(rows, default=2)


def _learn(
    foreign: Foreign,
    inputs: Mapping[str, onnx.ValueInfoProto],
    runs: Sequence[_Run],
    free: Sequence[str],
    nodes: Sequence[onnx.NodeProto],
) -> None:
    """Note shapes, and which values do not depend on the data."""
    first, second = runs
    moving = {symbol: (first.sizes[symbol], second.sizes[symbol]) for symbol in ("B", "T")}
    fixed = first.sizes["B"] if "batch" not in free else None

    def shape_of(a: Sequence[int], b: Sequence[int]) -> Shape:
        dims = symbols(a, b, moving)
        return ("B", *dims[1:]) if fixed is not None and dims[:1] == (fixed,) else dims

    foreign.trial = first.fed
    for name, array in first.fed.items():
        other = second.fed[name]
        shape = shape_of(array.shape, other.shape)
        foreign.shapes[name] = shape
        kind = "int" if array.dtype.kind in "iu" else "float"
        foreign.inputs[name] = (shape, kind)
    for name, array in foreign.constants.items():
        foreign.shapes[name] = array.shape
    for name, array in first.values.items():
        if isinstance(array, np.ndarray):
            foreign.shapes[name] = shape_of(array.shape, second.values[name].shape)
    foreign.values = {**first.fed, **first.values}
    for name in _apart_from_data(nodes, foreign.constants):
        foreign.apart.add(name)
        a, b = first.values.get(name), second.values.get(name)
        if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
            continue
        foreign.constants[name] = a
        if not a.any() and not b.any():
            foreign.zeros.add(name)
        if a.dtype.kind in "iu" and a.ndim < 2 and a.shape == b.shape:
            dims = symbols(a.reshape(-1).tolist(), b.reshape(-1).tolist(), moving)
            foreign.symbolic[name] = dims
        elif a.shape != b.shape or not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            del foreign.constants[name]
            once = a[:1]
            each = a.ndim > 1 and (len(a), len(b)) == moving["B"] and a.shape[1:] == b.shape[1:]
            if each and (a == once).all() and (b == once).all():
                foreign.constants[name] = once
    foreign.answers = {n: first.values[n] for n in foreign.outputs if n in first.values}


def symbols(
    a: Sequence[int], b: Sequence[int], moving: Mapping[str, tuple[int, int]]
) -> tuple[Dim, ...]:
    """Return sizes of two trials as one: what changed as a symbol did is that symbol."""
    dims: list[Dim] = []
    for first, second in zip(a, b, strict=False):
        if first == second:
            dims.append(int(first))
        else:
            pair = (first, second)
            dims.append(next((s for s, sizes in moving.items() if sizes == pair), f"{first}?"))
    return tuple(dims)


def _apart_from_data(nodes: Sequence[onnx.NodeProto], constants: Mapping[str, Array]) -> list[str]:
    known = {"", *constants}
    found = []
    for node in nodes:
        if node.op_type in ("Shape", "Size") or known.issuperset(node.input):
            known.update(node.output)
            found += [name for name in node.output if name]
    return found
