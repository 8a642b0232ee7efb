"""One ONNX file that takes raw columns: preprocessing, network and answer in one graph."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper

import modelstudio
from modelstudio.data.fitted import FittedRecipe
from modelstudio.data.inputs import InputField
from modelstudio.data.pictures import SCALING
from modelstudio.data.target import TargetState
from modelstudio.engine.compile import CompiledModel
from modelstudio.engine.export import windows
from modelstudio.engine.export.beginning import Beginning, begin, kinds_of
from modelstudio.engine.export.network import written
from modelstudio.engine.export.reading import write_reading
from modelstudio.engine.export.takes import card
from modelstudio.engine.export.writer import ML_DOMAIN, Sort, Writer, apart
from modelstudio.engine.export.writers import WRITERS
from modelstudio.errors import ExportError

ML_OPSET = 3

_ARRAYS = {
    "image": TensorProto.UINT8,
    "spectrogram": TensorProto.FLOAT,
    "ids": TensorProto.INT64,
}
"""Type of fields that are given whole; of all others double."""

ONE_FILE = 2_000_000_000
"""Most bytes of weights in the file itself."""

LABEL, PROBABILITIES = "label", "probabilities"
"""Names of the outputs of a classifier."""

SCORE = "score"
"""Name of the output of a file that ranks items."""


def build(
    compiled: CompiledModel,
    fitted: FittedRecipe,
    *,
    threshold: float = 0.5,
    run: str = "",
) -> onnx.ModelProto:
    """Put preprocessing, network and answer together.

    The inputs are the raw feature columns by name, each (batch, 1): double for numbers, NaN where
    missing; string for categories, without spaces at its ends, empty where missing. The words for
    missing are missing as in a table. Of windows of a series they are (batch, rows), the oldest
    first, with the past of the target among them. Of columns that a step takes which ONNX cannot
    express, they are what it makes of them, ids and tokens as int64. Pictures are uint8 (batch,
    channels, height, width). The metadata ``modelstudio.needs_first`` lists what the caller must
    do.

    A classifier gives ``label``, the class names (batch,), and ``probabilities`` (batch, classes)
    float; one of several labels ``labels``, the name of each that reaches the threshold and empty
    text for the others, and ``probabilities``, both (batch, labels); a regression the value (batch,
    1), double, named after the target; a model that ranks items their ``score`` (batch, 1), from 0
    to 1; a model of a long text the ``probabilities`` of the next token (batch, length,
    vocabulary). An output whose name an input has is called ``predicted_`` and that name. A row
    that still lacks a number after the last step has no answer: an empty label and NaN.

    The network of a regression is written in double where onnxruntime can run that, as in single
    precision a price of 18,000 has a spacing of 0.002.

    Raises
    ------
    ExportError
        When the network uses an operation that cannot be exported; ``where`` is the address of its
        block.
    """
    begun = begin(fitted)
    taken = {*begun.taken, *(field.spec.name for field in fitted.inputs)}
    told = {*taken, fitted.target.column}
    writer = Writer(apart("prep/", told))
    inputs = _columns(writer, begun, fitted)
    for step in begun.rest:
        WRITERS[type(step.step)](step.state, writer)
    fields = {field.name: field for field in fitted.fields if field.role == "input"}
    network = written(
        compiled,
        [fields[name] for name in compiled.inputs],
        apart("net/", told),
        exact=fitted.target.kind == "value",
    )
    given, gap = _given(writer, fitted, begun, inputs)
    names = {
        value.name: writer.node("Cast", given[field], to=value.type.tensor_type.elem_type)
        for value, field in zip(network.graph.input, compiled.inputs, strict=True)
    }
    before = len(writer.nodes)
    for node in network.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    end = network.graph.output[compiled.outputs.index(fitted.target.field.name)].name
    outputs = _answer(writer, fitted.target, gap, names.get(end, end), threshold, taken)
    graph = helper.make_graph(
        [*writer.nodes[:before], *network.graph.node, *writer.nodes[before:]],
        "modelstudio",
        inputs,
        outputs,
        [*writer.read_constants(), *network.graph.initializer],
    )
    model = helper.make_model(
        graph,
        producer_name="Model Studio",
        producer_version=modelstudio.__version__,
        doc_string=card(fitted),
        ir_version=network.ir_version,
        opset_imports=_opsets(writer, network),
        functions=network.functions,
    )
    helper.set_model_props(model, _metadata(fitted, begun, threshold, run))
    return model


def _opsets(w: Writer, network: onnx.ModelProto) -> list[onnx.OperatorSetIdProto]:
    """Return the operator sets of the network and of what stands around it."""
    known = {each.domain for each in network.opset_import}
    used = {node.domain for node in w.nodes}
    own = [helper.make_opsetid(ML_DOMAIN, ML_OPSET)] if ML_DOMAIN in used - known else []
    return [*network.opset_import, *own]


def _columns(w: Writer, begun: Beginning, fitted: FittedRecipe) -> list[onnx.ValueInfoProto]:
    """Begin with the columns that the file takes, a row of the table a row of the tensors."""
    inputs = []
    kinds = kinds_of(fitted, begun)
    for (name, dtype), kind in zip(begun.columns.items(), kinds, strict=False):
        sort: Sort = "ids"
        if kind != "ids":
            sort = "number" if kind == "number" else "text"
        if begun.windows is not None:
            w.blocks[name], given = windows.unrolled(w, name, begun.windows, sort, kind)
            inputs.append(given)
        else:
            length = "length" if dtype.is_nested() else 1
            inputs.append(w.open(name, sort, kind, length=length))
        if name in begun.raw:
            write_reading(w, w.blocks[name], fitted.csv.missing)
    return inputs


def _given(
    w: Writer, fitted: FittedRecipe, begun: Beginning, inputs: list[onnx.ValueInfoProto]
) -> tuple[dict[str, str], str]:
    """Return the tensor of each field, and one (batch, 1) that is NaN for a gap, else 0."""
    given: dict[str, str] = {}
    gap = w.constant([[0.0]])
    stands = {name: at for at, name in enumerate(begun.numbers)}
    for field in fitted.inputs:
        name = field.spec.name
        places = [stands[column] for column in field.columns if column in stands]
        if field in begun.arrays:
            given[name] = _array(w, field, fitted, inputs)
        elif field.spec.kind == "window":
            assert begun.windows is not None
            given[name], gap, past = windows.rolled(
                w, field, places, begun.windows, fitted.target, fitted.csv.missing
            )
            inputs += past
        elif field.spec.kind == "features":
            given[name] = w.join(places)
            gap = w.gap(given[name])
        else:
            block = w.blocks[field.columns[0]]
            flat = w.node("Reshape", block.tensor, w.constant([-1], np.int64))
            if begun.windows is not None:
                flat = windows.last(w, block.tensor, begun.windows)
            given[name] = block.tensor if field.spec.shape else flat
    return given, gap


def _array(
    w: Writer, field: InputField, fitted: FittedRecipe, inputs: list[onnx.ValueInfoProto]
) -> str:
    """Begin with a field that is given whole; pictures and spectrograms are scaled here."""
    spec = field.spec
    kind = _ARRAYS.get(spec.kind, TensorProto.DOUBLE)
    shape = ["batch", *("length" if dim == "T" else dim for dim in spec.shape)]
    inputs.append(helper.make_tensor_value_info(spec.name, kind, shape, spec.kind))
    tensor = spec.name
    for fitted_step in fitted.steps:
        if isinstance(fitted_step.step, SCALING) and field.columns[0] in fitted_step.state:
            shift, factor = np.reshape(fitted_step.state[field.columns[0]], (2, 1, -1, 1, 1))
            numbers = w.node("Cast", tensor, to=TensorProto.FLOAT)
            centred = w.node("Sub", numbers, w.constant(shift, np.float32))
            tensor = w.node("Mul", centred, w.constant(factor, np.float32))
    return tensor


def _metadata(fitted: FittedRecipe, begun: Beginning, threshold: float, run: str) -> dict[str, str]:
    target = fitted.target
    told = {
        "modelstudio.version": modelstudio.__version__,
        "modelstudio.run": run,
        "modelstudio.columns": json.dumps(begun.taken),
        "modelstudio.kinds": json.dumps(kinds_of(fitted, begun)),
        "modelstudio.target": target.column,
        "modelstudio.task": target.kind,
        "modelstudio.classes": json.dumps(list(target.classes)),
        "modelstudio.threshold": json.dumps(threshold),
        "modelstudio.separator": target.separator,
        "modelstudio.missing": json.dumps(list(fitted.csv.missing)),
        "modelstudio.reading": fitted.csv.model_dump_json(
            include={"decimals", "dates", "commas", "forms", "header"}
        ),
        "modelstudio.needs_first": json.dumps(begun.needs_first),
    }
    if begun.needs_first:
        told["modelstudio.recipe"] = fitted.model_dump_json()
    return told


def _answer(
    w: Writer, target: TargetState, gap: str, logits: str, threshold: float, taken: set[str]
) -> list[onnx.ValueInfoProto]:
    """Write what turns logits into an answer, in double as PyTorch's is worked out.

    Parameters
    ----------
    gap
        NaN for the rows without an answer, else 0; (batch, 1).
    taken
        Names that no output may have.
    """
    exact = w.node("Cast", logits, to=TensorProto.DOUBLE)
    if target.kind == "tokens":
        shares = w.node("Softmax", exact, axis=-1)
        name = w.node("Cast", shares, output=_free(PROBABILITIES, taken), to=TensorProto.FLOAT)
        shape = ["batch", "length", target.field.vocabulary]
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)]
    if target.kind == "value":
        return [_value(w, target, exact, gap, _free(target.column, taken))]
    if target.kind == "labels":
        return _labels(w, target, exact, gap, threshold, taken)
    if target.kind == "ranking":
        return [_share(w, exact, gap, _free(SCORE, taken))]
    label, probabilities = (_free(name, taken) for name in (LABEL, PROBABILITIES))
    if target.kind == "binary":
        column = w.node("Reshape", exact, w.constant([-1, 1], np.int64))
        positive = w.node("Sigmoid", column)
        negative = w.node("Sub", w.constant(1.0), positive)
        shares = w.node("Concat", negative, positive, axis=1)
        chosen = w.node("GreaterOrEqual", positive, w.constant(threshold))
        index = w.node("Cast", chosen, to=TensorProto.INT64)
        index = w.node("Reshape", index, w.constant([-1], np.int64))
    else:
        shares = w.node("Softmax", exact, axis=1)
        index = w.node("ArgMax", shares, axis=1, keepdims=0)
    named = w.node("Gather", w.constant(list(target.classes), str), index)
    unknown = w.node("Reshape", w.node("IsNaN", gap), w.constant([-1], np.int64))
    w.node("Where", unknown, w.constant([""], str), named, output=label)
    w.node("Cast", w.node("Add", shares, gap), output=probabilities, to=TensorProto.FLOAT)
    return [
        helper.make_tensor_value_info(label, TensorProto.STRING, ["batch"]),
        helper.make_tensor_value_info(
            probabilities, TensorProto.FLOAT, ["batch", len(target.classes)]
        ),
    ]


def _labels(
    w: Writer, target: TargetState, exact: str, gap: str, threshold: float, taken: set[str]
) -> list[onnx.ValueInfoProto]:
    """Write the name of each label that reaches the threshold, and empty text for the others."""
    labels, probabilities = (_free(name, taken) for name in (f"{LABEL}s", PROBABILITIES))
    shares = w.node("Add", w.node("Sigmoid", exact), gap)
    given = w.node("GreaterOrEqual", shares, w.constant(threshold))
    w.node(
        "Where", given, w.constant(list(target.classes), str), w.constant([""], str), output=labels
    )
    w.node("Cast", shares, output=probabilities, to=TensorProto.FLOAT)
    shape = ["batch", len(target.classes)]
    return [
        helper.make_tensor_value_info(labels, TensorProto.STRING, shape),
        helper.make_tensor_value_info(probabilities, TensorProto.FLOAT, shape),
    ]


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = f"predicted_{name}"
    return name


def _value(w: Writer, target: TargetState, exact: str, gap: str, name: str) -> onnx.ValueInfoProto:
    column = w.node("Reshape", exact, w.constant([-1, 1], np.int64))
    value = w.node("Add", w.node("Mul", column, w.constant(target.scale)), w.constant(target.mean))
    if target.log:
        low, high = map(w.constant, target.limits)
        value = w.node("Exp", w.node("Min", w.node("Max", value, low), high))
    w.node("Add", value, gap, output=name)
    return helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["batch", 1])


def _share(w: Writer, exact: str, gap: str, name: str) -> onnx.ValueInfoProto:
    share = w.node("Sigmoid", w.node("Reshape", exact, w.constant([-1, 1], np.int64)))
    w.node("Add", share, gap, output=name)
    return helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["batch", 1])


class Written(NamedTuple):
    """A file that has not its name yet, and its size in bytes."""

    path: Path
    size: int


def save(model: onnx.ModelProto, out: Path) -> int:
    """Check that a model is valid and write it in one step; return its size in bytes."""
    with saving(model, out) as written_file:
        return written_file.size


@contextmanager
def saving(model: onnx.ModelProto, out: Path) -> Iterator[Written]:
    """Write a model that gets its name once the block ends without an error.

    It is one file; weights of more than `ONE_FILE` bytes, which ONNX cannot hold, go into a second
    one beside it, ``NAME.onnx.data``.

    Raises
    ------
    ExportError
        When the model is not valid, or the file cannot be written; an old file stays whole.
    """
    folder = _folder_beside(out)
    try:
        yield Written(*_checked_file(model, folder, out))
        try:
            for part in sorted(folder.iterdir(), reverse=True):
                os.replace(part, out.with_name(part.name))
        except OSError as error:
            raise _unwritable(out, error) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder_beside(out: Path) -> Path:
    try:
        if out.exists() and not out.is_file():
            raise IsADirectoryError(errno.EISDIR, "no file")
        return Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.resolve().parent))
    except OSError as error:
        raise _unwritable(out, error) from None


def _checked_file(model: onnx.ModelProto, folder: Path, out: Path) -> tuple[Path, int]:
    """Write a valid model into a folder under the name that it will have."""
    path = folder / out.name
    try:
        onnx.save_model(
            model,
            path,
            save_as_external_data=_weight_bytes(model) > ONE_FILE,
            location=f"{out.name}.data",
        )
        onnx.checker.check_model(str(path), full_check=True)
        return path, sum(part.stat().st_size for part in folder.iterdir())
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExportError(
            f"The exported model is not valid ONNX: {str(error).splitlines()[0][:200]}",
            fix="Please report this with the project file.",
        ) from error
    except OSError as error:
        raise _unwritable(out, error) from None


def _weight_bytes(model: onnx.ModelProto) -> int:
    return sum(len(weights.raw_data) for weights in model.graph.initializer)


def _unwritable(out: Path, error: OSError) -> ExportError:
    reason = {
        errno.ENOSPC: "the disk is full",
        errno.ENOENT: "the folder does not exist",
        errno.ENOTDIR: "the folder does not exist",
        errno.EACCES: "the folder is read-only",
        errno.EROFS: "the disk is read-only",
        errno.EISDIR: "there is a folder or a device of that name",
    }.get(error.errno or 0, error.strerror or str(error))
    return ExportError(
        f"{out.name} could not be written: {reason}.",
        where=str(out),
        fix="Choose another folder. Nothing was changed on disk.",
    )


def opset_of(model: onnx.ModelProto) -> int:
    """Return the version of the standard operator set."""
    standard = ("", "ai.onnx")
    return next(int(entry.version) for entry in model.opset_import if entry.domain in standard)
