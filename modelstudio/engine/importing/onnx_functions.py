"""ONNX operations without weights in the terms of `Phrases`: functions, arithmetic, shapes."""

from __future__ import annotations

import numpy as np

from modelstudio.engine.importing.drawing import Unmapped
from modelstudio.engine.importing.fusing import FUSED
from modelstudio.engine.importing.onnx_file import Op
from modelstudio.engine.importing.onnx_ops import Sheet, handles
from modelstudio.engine.importing.phrases import Ref
from modelstudio.engine.importing.products import einsum, stretched, tiled

# Functions of each number


_SAME = {
    "Relu": "ReLU",
    "Sigmoid": "Sigmoid",
    "Tanh": "Tanh",
    "Softplus": "Softplus",
    "Softsign": "Softsign",
    "HardSwish": "Hardswish",
    "Mish": "Mish",
    "Selu": "SELU",
    FUSED + "Silu": "SiLU",
}


@handles(*_SAME)
def _function(s: Sheet, op: Op) -> Ref:
    return s.draw.each(_SAME[op.kind], s.x(op))


@handles("Elu", "LeakyRelu", "Celu")
def _with_slope(s: Sheet, op: Op) -> Ref:
    alpha = op.attributes.get("alpha", 0.01 if op.kind == "LeakyRelu" else 1.0)
    if op.kind == "LeakyRelu":
        return s.draw.each("LeakyReLU", s.x(op), negative_slope=alpha)
    return s.draw.each(op.kind.upper(), s.x(op), alpha=alpha)


@handles("Gelu", FUSED + "Gelu")
def _gelu(s: Sheet, op: Op) -> Ref:
    return s.draw.each("GELU", s.x(op), approximate=op.attributes.get("approximate", "none"))


@handles("HardSigmoid")
def _hard_sigmoid(s: Sheet, op: Op) -> Ref:
    alpha, beta = op.attributes.get("alpha", 0.2), op.attributes.get("beta", 0.5)
    if not np.isclose(alpha, 1 / 6, atol=1e-5) or beta != 0.5:
        raise Unmapped("Its slope is another than that of Hardsigmoid.")
    return s.draw.each("Hardsigmoid", s.x(op))


@handles("PRelu")
def _prelu(s: Sheet, op: Op) -> Ref:
    slope = s.needed(op, 1, "slopes").reshape(-1)
    return s.draw.prelu(s.x(op), slope, s.shape(op))


@handles("Clip")
def _clip(s: Sheet, op: Op) -> Ref:
    low, high = (s.setting(op, name, index) for index, name in enumerate(("min", "max"), 1))
    return s.draw.clip(s.x(op), low, high)


@handles("Softmax", "LogSoftmax")
def _softmax(s: Sheet, op: Op) -> Ref:
    x = s.x(op)
    version = next(o.version for o in s.foreign.model.opset_import if o.domain in ("", "ai.onnx"))
    axis = op.attributes.get("axis", -1 if version >= 13 else 1) % len(x.order)
    if version < 13 and axis != len(x.order) - 1:
        raise Unmapped("It makes shares over several dimensions at once.")
    return s.draw.softmax(x, axis, log=op.kind == "LogSoftmax")


@handles("Identity", "Dropout")
def _same(s: Sheet, op: Op) -> Ref:
    x = s.x(op)
    if op.kind == "Identity":
        return x
    share = s.setting(op, "ratio", 1, 0.5)
    return s.draw.each("Dropout", x, p=min(float(np.asarray(share).reshape(-1)[0]), 0.99))


@handles("Cast")
def _cast(s: Sheet, op: Op) -> Ref:
    floats = op.attributes.get("to") in (1, 10, 11, 16)
    return s.draw.cast(s.x(op), "float" if floats else "int")


# Two values


@handles("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Sum")
def _two(s: Sheet, op: Op) -> Ref:
    kind = {"Sum": "Add"}.get(op.kind, op.kind)
    shape = s.shape(op)
    if len(op.sources) == 1:
        return s.x(op)
    if len(op.sources) > 2:
        return s.draw.combine(kind, [s.x(op, index) for index in range(len(op.sources))], shape)
    for index in (0, 1):
        constant = s.constant(op, index)
        if constant is not None:
            return s.draw.with_constant(kind, s.x(op, 1 - index), constant, index == 0, shape)
    return s.draw.combine(kind, [s.x(op), s.x(op, 1)], shape)


@handles("Neg", "Sqrt", "Exp", "Log", "Abs", "Reciprocal", "Erf", "Sin", "Cos")
def _math(s: Sheet, op: Op) -> Ref:
    return s.draw.math({"Neg": "negative"}.get(op.kind, op.kind.lower()), s.x(op))


@handles("Concat")
def _concat(s: Sheet, op: Op) -> Ref:
    values = [
        s.draw.values(s.needed(op, index, "values"))
        if s.constant(op, index) is not None
        else s.x(op, index)
        for index in range(len(op.sources))
    ]
    return s.draw.concatenate(values, op.attributes["axis"], s.shape(op))


# Shape


@handles("Flatten", "Reshape", "Squeeze", "Unsqueeze")
def _reshape(s: Sheet, op: Op) -> Ref:
    return s.draw.reshape(s.x(op), s.shape(op))


@handles("Expand")
def _expand(s: Sheet, op: Op) -> Ref:
    return stretched(s.draw, s.x(op), s.shape(op))


@handles("Tile")
def _tile(s: Sheet, op: Op) -> Ref:
    return tiled(s.draw, s.x(op), s.shape(op))


@handles("Einsum")
def _einsum(s: Sheet, op: Op) -> Ref:
    tables = [s.constant(op, index) for index in range(len(op.sources))]
    values = [s.x(op, index) if table is None else table for index, table in enumerate(tables)]
    return einsum(s.draw, op.attributes["equation"], values, s.shape(op))


@handles("Where")
def _where(s: Sheet, op: Op) -> Ref:
    keeps = s.needed(op, 0, "conditions").astype(bool)
    index = 1 if s.constant(op, 2) is not None else 2
    fill = s.needed(op, 3 - index, "values")
    if fill.size != 1:
        raise Unmapped("It mixes a value with a constant.")
    keeps = keeps if index == 1 else ~keeps
    return s.draw.masked(s.x(op, index), keeps, float(fill.reshape(-1)[0]), s.shape(op))


@handles("Transpose")
def _transpose(s: Sheet, op: Op) -> Ref:
    x = s.x(op)
    return s.draw.transpose(x, op.attributes.get("perm", list(reversed(range(len(x.order))))))


@handles("Slice")
def _slice(s: Sheet, op: Op) -> Ref:
    x = s.x(op)
    starts, ends = s.setting(op, "starts", 1), s.setting(op, "ends", 2)
    axes = s.setting(op, "axes", 3) or list(range(len(starts)))
    steps = s.setting(op, "steps", 4) or [1] * len(starts)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        axis %= len(x.order)
        size = x.seen[axis]
        if isinstance(size, int):
            start, end, step = slice(start, end, step).indices(size)
        x = s.draw.slice(x, axis, start, end, step, s.shape(op)[axis])
    return x


@handles("Split")
def _split(s: Sheet, op: Op) -> list[Ref | None]:
    x, axis = s.x(op), op.attributes.get("axis", 0)
    axis %= len(x.order)
    found: list[Ref | None] = []
    start = 0
    for index, name in enumerate(op.results):
        shape = s.shape(op, index)
        size = shape[axis]
        if not isinstance(size, int):
            raise Unmapped("It splits along a free length.")
        found.append(s.draw.slice(x, axis, start, start + size, 1, size) if name else None)
        start += size
    return found


@handles("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL2")
def _reduce(s: Sheet, op: Op) -> Ref:
    x = s.x(op)
    axes = s.setting(op, "axes", 1)
    if not axes:
        raise Unmapped("It joins the samples of a batch.")
    kept = bool(op.attributes.get("keepdims", 1))
    kind = op.kind.removeprefix("Reduce").lower()
    rank = len(x.order)
    return s.draw.reduce(kind, x, [axis % rank for axis in axes], kept)
