"""Read a foreign ONNX file and take it apart."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from modelstudio.engine.importing.drawing import Array, Scope
from modelstudio.errors import ImportFailed
from modelstudio.network.analysis import Dim, Shape
from modelstudio.network.shapes import identifier

MAX_BYTES = 2**31
"""A larger file is refused."""

MOST_NODES = 100_000

OLDEST_OPSET = 7
"""The oldest set of operators that onnxruntime runs."""

STANDARD = ("", "ai.onnx")

LEARNERS = "ai.onnx.ml"
"""Domain of what scikit-learn's converter writes."""


@dataclass
class Op:
    """A node of the file.

    Parameters
    ----------
    sources
        Names of the values it takes; empty where an optional one is left out.
    """

    kind: str
    sources: list[str]
    results: list[str]
    attributes: dict[str, Any]
    scope: Scope = ()
    stem: str = ""


@dataclass
class Foreign:
    """A file taken apart.

    Parameters
    ----------
    constants
        Values that do not depend on the data: weights, and what is worked out from shapes.
    shapes
        Shape of each value, with ``"B"`` for the batch, ``"T"`` for a free length, and a text with
        a question mark for what is neither; without values that could not be tried.
    symbolic
        Constants that grow with batch or length, as symbols.
    inputs
        Shape and dtype of the inputs by name.
    trial, answers
        Inputs of the first trial, and what the network said.
    apart
        Values that do not depend on the data, though perhaps on batch or length.
    zeros
        Values that are all 0 whatever the data.
    values
        Every value of the first trial.
    """

    model: onnx.ModelProto
    ops: list[Op]
    constants: dict[str, Array]
    symbolic: dict[str, tuple[Dim, ...]]
    shapes: dict[str, Shape]
    inputs: dict[str, tuple[Shape, str]]
    outputs: list[str]
    trial: dict[str, Array] = field(default_factory=dict)
    answers: dict[str, Array] = field(default_factory=dict)
    apart: set[str] = field(default_factory=set)
    zeros: set[str] = field(default_factory=set)
    values: dict[str, Array] = field(default_factory=dict)

    @property
    def taken(self) -> set[str]:
        """Values that something takes, or that leave."""
        return {*self.outputs, *(name for op in self.ops for name in op.sources if name)}

    def drop_unused(self) -> None:
        """Forget operations whose results nothing takes."""
        taken = set(self.outputs)
        kept = []
        for op in reversed(self.ops):
            if taken.intersection(name for name in op.results if name):
                kept.append(op)
                taken.update(op.sources)
        self.ops = kept[::-1]


def read(path: Path, *, steps_first: bool = False) -> Foreign:
    """Read a file; `onnx_trial.tried` tells what its values are like.

    Parameters
    ----------
    steps_first
        Its inputs take the steps of sequences first; make them take the batch first.

    Raises
    ------
    ImportFailed
        When it is no ONNX file, or cannot be used.
    """
    model = _parsed(path)
    _say_plainly(model)
    weights = _weights(model, path)
    if steps_first:
        _turn_inputs(model, weights)
    ops = [_op(node) for node in model.graph.node]
    given = {value.name for value in model.graph.input}
    if not given - weights.keys():
        raise ImportFailed(f"{path.name} has no input, so it is not a network.", where=str(path))
    _check_names(ops, {*weights, *given}, path)
    return Foreign(model, ops, dict(weights), {}, {}, {}, [o.name for o in model.graph.output])


def _parsed(path: Path) -> onnx.ModelProto:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ImportFailed(
                f"{path.name} is larger than {MAX_BYTES // 2**30} GB.",
                where=str(path),
                fix="Import a smaller network.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise ImportFailed(
            f"{path.name} cannot be read: {error.strerror or error}.",
            where=str(path),
            fix="Check the name, and that you may read the file.",
        ) from None
    broken = ImportFailed(
        f"{path.name} is not an ONNX file, or it is cut off.",
        where=str(path),
        fix="Choose a whole file that ends in .onnx.",
    )
    try:
        model = onnx.load_model_from_string(data)
    except Exception:
        raise broken from None
    if not model.opset_import or not model.graph.node or not model.graph.output:
        raise broken
    newest = onnx.defs.onnx_opset_version()
    opset = max((one.version for one in model.opset_import if one.domain in STANDARD), default=1)
    if opset > newest:
        raise ImportFailed(
            f"{path.name} is written for opset {opset}, and those up to {newest} are known.",
            where=str(path),
            fix="Export it again for an older opset.",
        )
    if opset < OLDEST_OPSET and any(o.domain in STANDARD for o in model.opset_import):
        raise ImportFailed(
            f"{path.name} is written for opset {opset}, and those from {OLDEST_OPSET} on are run.",
            where=str(path),
            fix="Export it again for opset 13 or a newer one.",
        )
    if len(model.graph.node) > MOST_NODES:
        raise ImportFailed(f"{path.name} has more than {MOST_NODES:,} operations.", where=str(path))
    try:
        onnx.external_data_helper.load_external_data_for_model(model, str(path.resolve().parent))
        if model.functions:
            model = onnx.inliner.inline_local_functions(model)
    except Exception as error:
        raise ImportFailed(
            f"The weights of {path.name} cannot be read: {first_line(error)}",
            where=str(path),
            fix="Put the file with the weights beside it, under its own name.",
        ) from None
    return model


def _weights(model: onnx.ModelProto, path: Path) -> dict[str, Array]:
    found = {}
    try:
        for tensor in model.graph.initializer:
            found[tensor.name] = numpy_helper.to_array(tensor)
    except Exception as error:
        raise ImportFailed(
            f"The weights {tensor.name!r} of {path.name} are damaged: {first_line(error)}",
            where=str(path),
            fix="Export the file again.",
        ) from None
    if model.graph.sparse_initializer:
        raise ImportFailed(f"{path.name} holds sparse weights, which cannot be read.")
    return found


def _say_plainly(model: onnx.ModelProto) -> None:
    """Write what scikit-learn's converter puts around a network with plain operations.

    A ZipMap names the columns of its values, and is left out; a Scaler subtracts and multiplies.
    """
    if all(node.domain != LEARNERS for node in model.graph.node):
        return
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        told = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
        if node.domain == LEARNERS and node.op_type == "ZipMap":
            nodes.append(helper.make_node("Identity", node.input, node.output))
        elif node.domain == LEARNERS and node.op_type == "Scaler":
            result = node.output[0]
            names = [f"{result}/offset", f"{result}/scale"]
            for name, values in zip(names, (told["offset"], told["scale"]), strict=True):
                constant = np.array(values, np.float32).reshape(1, -1)
                model.graph.initializer.append(numpy_helper.from_array(constant, name))
            nodes += [
                helper.make_node("Sub", [node.input[0], names[0]], [f"{result}/apart"]),
                helper.make_node("Mul", [f"{result}/apart", names[1]], [result]),
            ]
        else:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _turn_inputs(model: onnx.ModelProto, weights: Iterable[str]) -> None:
    """Put a transposition behind every input of at least two axes."""
    turns = []
    for value in model.graph.input:
        dims = list(value.type.tensor_type.shape.dim)
        if value.name in weights or len(dims) < 2:
            continue
        inner, axes = f"{value.name}/steps_first", [1, 0, *range(2, len(dims))]
        for node in model.graph.node:
            node.input[:] = [inner if name == value.name else name for name in node.input]
        turns.append(helper.make_node("Transpose", [value.name], [inner], perm=axes))
        del value.type.tensor_type.shape.dim[:]
        value.type.tensor_type.shape.dim.extend(dims[axis] for axis in axes)
    nodes = [*turns, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _op(node: onnx.NodeProto) -> Op:
    attributes = {}
    for entry in node.attribute:
        value = helper.get_attribute_value(entry)
        attributes[entry.name] = (
            value.decode(errors="replace") if isinstance(value, bytes) else value
        )
    kind = node.op_type if node.domain in STANDARD else f"{node.domain}.{node.op_type}"
    scope, stem = _place(node)
    return Op(kind, list(node.input), list(node.output), attributes, scope, stem)


def _place(node: onnx.NodeProto) -> tuple[Scope, str]:
    """Return the modules that a node lies in, and what its block may be called.

    torch says it in the metadata or, as other programs do, in the name: ``/layer1/layer1.0/conv1``.
    """
    told = {entry.key: entry.value for entry in node.metadata_props}
    parts: list[str] = []
    if "pkg.torch.onnx.name_scopes" in told:
        try:
            names = [str(name) for name in ast.literal_eval(told["pkg.torch.onnx.name_scopes"])]
        except (ValueError, SyntaxError):
            names = []
        parts = names[-2].split(".") if len(names) > 1 and names[-2] else []
    elif "/" in node.name:
        names = [name for name in node.name.split("/")[:-1] if name]
        for name in names:
            # torch repeats the names around: layer1, layer1.0, then conv1
            around = ".".join(parts)
            own = name.removeprefix(f"{around}.") if around else name
            own = own.removeprefix(f"{parts[-1]}.") if parts else own
            parts += own.split(".")
    parts = [part for part in parts if part]
    stem = parts[-1] if parts and not parts[-1].isdecimal() else ""
    return tuple(parts), identifier(stem) if stem else ""


def _check_names(ops: Sequence[Op], known: set[str], path: Path) -> None:
    """Refuse files whose operations take what nothing before them gives, or give a value twice."""
    known = {"", *known}
    for op in ops:
        missing = next((name for name in op.sources if name not in known), None)
        if missing is not None:
            raise ImportFailed(
                f"{path.name} is damaged: {op.kind} takes {missing!r}, which nothing gives.",
                where=str(path),
                fix="Export the file again.",
            )
        twice = next((name for name in op.results if name and name in known), None)
        if twice is not None:
            raise ImportFailed(
                f"{path.name} is damaged: {op.kind} gives {twice!r}, which there is already.",
                where=str(path),
                fix="Export the file again.",
            )
        known.update(op.results)


def first_line(error: BaseException) -> str:
    """Return the first line of a message, as a sentence."""
    text = re.sub(r"\[ONNXRuntimeError\][^:]*:[^:]*:[^:]*: ?", "", str(error)).strip()
    line = next(iter(text.splitlines()), "") or type(error).__name__
    return f"{line.rstrip('.')[:200]}."
