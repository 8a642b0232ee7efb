"""A module of torch as an ONNX model, quietly and with nothing of this machine in it."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from modelstudio.engine.export.recurrence import TRANSLATIONS, exportable

OPSET = 18
"""Operator set of the file; onnxruntime 1.14 and later run it."""

Shapes = Sequence[Mapping[int, Any]]
"""For each input, `torch.export.Dim` by axis of what may change."""


def trace(
    module: nn.Module,
    examples: Sequence[Tensor],
    shapes: Shapes,
    *,
    dtype: torch.dtype = torch.float32,
) -> onnx.ModelProto:
    """Write a copy of a module, in evaluation, with operators that onnxruntime has.

    Parameters
    ----------
    examples
        A tensor for each input.
    dtype
        What its weights are turned into.
    """
    _keep_operators()
    module = exportable(copy.deepcopy(module).to("cpu", dtype).eval())
    with _quiet(), _plain_attention():
        program = torch.onnx.export(
            module,
            tuple(examples),
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=tuple(dict(shape) for shape in shapes),
            custom_translation_table=TRANSLATIONS,
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    for part in (*model.graph.node, *model.graph.initializer):
        del part.metadata_props[:]
    return model


@cache
def _keep_operators() -> None:
    """Have the exporter read its table of operators from their source once, not for every file."""
    with contextlib.suppress(ImportError, AttributeError):
        scripts = import_module("torch.onnx._internal.exporter._registration").onnxscript_apis
        scripts.get_torchlib_ops = cache(scripts.get_torchlib_ops)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    output = contextlib.redirect_stdout(io.StringIO())
    try:
        with output, contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _plain_attention() -> Iterator[None]:
    """Have attention traced as products: its fused form for frozen weights has no operator."""
    was = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(was)
