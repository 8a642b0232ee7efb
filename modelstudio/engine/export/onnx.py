"""One ONNX file that takes raw columns: preprocessing, network and answer in one graph."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import logging
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, compose, helper

import modelstudio
from modelstudio.data.prepare import FittedRecipe
from modelstudio.data.target import TargetState
from modelstudio.engine.compile import CompiledModel
from modelstudio.engine.export.writers import ML_DOMAIN, WRITERS, Writer
from modelstudio.errors import ExportError

OPSET = 18
"""Operator set of the file; onnxruntime 1.14 and later run it."""

ML_OPSET = 3

LABEL, PROBABILITIES = "label", "probabilities"
"""Names of the outputs of a classifier."""


def build(
    compiled: CompiledModel,
    fitted: FittedRecipe,
    *,
    threshold: float = 0.5,
    opset: int = OPSET,
    run: str = "",
) -> onnx.ModelProto:
    """Put preprocessing, network and answer together.

    The inputs are the raw feature columns by name, each (batch, 1): double for numbers, NaN where
    missing; string for categories, empty where missing. A classifier gives ``label``, the class
    names (batch,), and ``probabilities`` (batch, classes) float; a regression the value (batch, 1),
    double, named after the target.

    Raises
    ------
    ExportError
        When the network uses an operation that cannot be exported.
    """
    writer = Writer()
    inputs = writer.open(fitted.columns)
    for step in fitted.steps:
        WRITERS[type(step.step)](step.state, writer)
    blocks = list(writer.blocks.values())
    joined = blocks[0].tensor
    if len(blocks) > 1:
        joined = writer.node("Concat", *(block.tensor for block in blocks), axis=1)
    features = writer.node("Cast", joined, to=TensorProto.FLOAT)

    width = sum(block.width for block in blocks)
    network = _network(compiled, width, opset)
    start, end = network.graph.input[0].name, network.graph.output[0].name
    for node in network.graph.node:
        node.input[:] = [features if name == start else name for name in node.input]
    outputs = _answer(writer, fitted, features if end == start else end, threshold)
    answer_from = next(
        index for index, node in enumerate(writer.nodes) if node.output[0] == features
    )
    graph = helper.make_graph(
        [*writer.nodes[: answer_from + 1], *network.graph.node, *writer.nodes[answer_from + 1 :]],
        "modelstudio",
        inputs,
        outputs,
        [*writer.constants, *network.graph.initializer],
    )
    model = helper.make_model(
        graph,
        producer_name="Model Studio",
        producer_version=modelstudio.__version__,
        ir_version=network.ir_version,
        opset_imports=[
            *network.opset_import,
            *(
                []
                if any(o.domain == ML_DOMAIN for o in network.opset_import)
                else [helper.make_opsetid(ML_DOMAIN, ML_OPSET)]
            ),
        ],
        functions=network.functions,
    )
    helper.set_model_props(model, _metadata(fitted, threshold, run))
    return model


def _metadata(fitted: FittedRecipe, threshold: float, run: str) -> dict[str, str]:
    target = fitted.target
    return {
        "modelstudio.version": modelstudio.__version__,
        "modelstudio.run": run,
        "modelstudio.columns": json.dumps([column.name for column in fitted.columns]),
        "modelstudio.kinds": json.dumps([column.kind for column in fitted.columns]),
        "modelstudio.target": target.column,
        "modelstudio.task": target.kind,
        "modelstudio.classes": json.dumps(list(target.classes)),
        "modelstudio.threshold": json.dumps(threshold),
        "modelstudio.missing": json.dumps(list(fitted.csv.missing)),
        "modelstudio.needs_first": json.dumps([]),
    }


def _network(compiled: CompiledModel, width: int, opset: int) -> onnx.ModelProto:
    """Export the network alone, with names of its own, for any number of rows."""
    module = compiled.module.to("cpu").eval()
    example = torch.zeros(2, width)
    batch = torch.export.Dim("batch")
    silence = contextlib.redirect_stdout(io.StringIO())
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with silence, contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                module,
                (example,),
                dynamo=True,
                opset_version=opset,
                dynamic_shapes=({0: batch},),
                verbose=False,
            )
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ExportError(
            f"The network cannot be written as ONNX: {first[:200]}",
            fix="Replace the block that uses this operation.",
        ) from error
    finally:
        logger.setLevel(level)
    assert program is not None
    return compose.add_prefix(program.model_proto, "net/")


def _answer(
    w: Writer, fitted: FittedRecipe, logits: str, threshold: float
) -> list[onnx.ValueInfoProto]:
    """Write what turns logits into an answer, in double as PyTorch's is worked out."""
    target = fitted.target
    exact = w.node("Cast", logits, to=TensorProto.DOUBLE)
    if target.kind == "value":
        return [_value(w, target, exact, fitted)]
    label, probabilities = (
        name if name not in w.blocks else f"predicted_{name}" for name in (LABEL, PROBABILITIES)
    )
    if target.kind == "binary":
        positive = w.node("Sigmoid", exact)
        negative = w.node("Sub", w.constant(1.0), positive)
        shares = w.node("Concat", negative, positive, axis=1)
        chosen = w.node("GreaterOrEqual", positive, w.constant(threshold))
        index = w.node("Cast", chosen, to=TensorProto.INT64)
        index = w.node("Reshape", index, w.constant([-1], np.int64))
    else:
        shares = w.node("Softmax", exact, axis=1)
        index = w.node("ArgMax", shares, axis=1, keepdims=0)
    names = w.constant(list(target.classes), str)
    w.nodes.append(helper.make_node("Gather", [names, index], [label], name=label))
    w.nodes.append(
        helper.make_node(
            "Cast", [shares], [probabilities], name=probabilities, to=TensorProto.FLOAT
        )
    )
    return [
        helper.make_tensor_value_info(label, TensorProto.STRING, ["batch"]),
        helper.make_tensor_value_info(
            probabilities, TensorProto.FLOAT, ["batch", len(target.classes)]
        ),
    ]


def _value(w: Writer, target: TargetState, exact: str, fitted: FittedRecipe) -> onnx.ValueInfoProto:
    value = w.node("Add", w.node("Mul", exact, w.constant(target.scale)), w.constant(target.mean))
    if target.log:
        value = w.node("Exp", w.node("Min", value, w.constant(700.0)))
    w.nodes.append(helper.make_node("Identity", [value], [target.column], name=target.column))
    return helper.make_tensor_value_info(target.column, TensorProto.DOUBLE, ["batch", 1])


def save(model: onnx.ModelProto, out: Path) -> int:
    """Check a model and write it in one step; return its size in bytes.

    Raises
    ------
    ExportError
        When the model is not valid, or the file cannot be written; an old file stays whole.
    """
    try:
        onnx.checker.check_model(model, full_check=True)
        data = model.SerializeToString()
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExportError(
            f"The exported model is not valid ONNX: {str(error).splitlines()[0][:200]}",
            fix="Please report this with the project file.",
        ) from error
    except ValueError as error:
        raise ExportError(
            "The model is larger than 2 GB, which one ONNX file cannot hold.",
            fix="Make the largest layer smaller.",
        ) from error
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.resolve().parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).chmod(0o644)
        os.replace(temporary, out)
    except OSError as error:
        raise _unwritable(out, error) from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    return len(data)


def _unwritable(out: Path, error: OSError) -> ExportError:
    reason = {
        errno.ENOSPC: "the disk is full",
        errno.ENOENT: "the folder does not exist",
        errno.ENOTDIR: "the folder does not exist",
        errno.EACCES: "the folder is read-only",
        errno.EROFS: "the disk is read-only",
        errno.EISDIR: "there is a folder of that name",
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
