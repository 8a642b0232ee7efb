"""Functions and methods of torch as blocks of the palette, by the name they are called by."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from modelstudio.engine.importing.drawing import Array, Unmapped
from modelstudio.engine.importing.masks import Padding, compared
from modelstudio.engine.importing.module_layers import adaptive, padded, sizes, upsample
from modelstudio.engine.importing.phrases import Ref
from modelstudio.engine.importing.shaping import Shaping
from modelstudio.network.analysis import Shape

Drawer = Callable[["Call"], Any]

FUNCTIONS: dict[str, Drawer] = {}


@dataclass
class Call:
    """A function and what it is called with: values on the canvas, tensors, plain Python.

    Parameters
    ----------
    shape
        Shape of the result; None where it is no tensor.
    shapes
        Shapes of the results, where there are several.
    """

    s: Shaping
    name: str
    args: Sequence[Any]
    keywords: dict[str, Any]
    shape: Shape | None
    shapes: list[Shape]

    def get(self, index: int, name: str, default: Any = None) -> Any:
        """Return an argument by its place or its name."""
        return self.args[index] if index < len(self.args) else self.keywords.get(name, default)

    def x(self, index: int = 0) -> Ref:
        """Return an argument that is on the canvas."""
        value = self.get(index, "input")
        if isinstance(value, Padding):
            raise Unmapped("It reckons with a mask that is worked out from ids.")
        if not isinstance(value, Ref):
            raise Unmapped("It works on a constant.")
        return value

    @property
    def out(self) -> Shape:
        """Shape of the result."""
        if self.shape is None:
            raise Unmapped("Its result is no tensor.")
        return self.shape


def draws(*names: str) -> Callable[[Drawer], Drawer]:
    """Register what draws functions of some names."""

    def register(drawer: Drawer) -> Drawer:
        FUNCTIONS.update(dict.fromkeys(names, drawer))
        return drawer

    return register


# Functions of each number


_EACH = {
    "relu": "ReLU",
    "relu_": "ReLU",
    "relu6": "ReLU6",
    "silu": "SiLU",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "selu": "SELU",
    "mish": "Mish",
    "hardswish": "Hardswish",
    "hardsigmoid": "Hardsigmoid",
    "softsign": "Softsign",
    "logsigmoid": "LogSigmoid",
    "tanhshrink": "Tanhshrink",
}


@draws(*_EACH)
def _each(c: Call) -> Ref:
    return c.s.each(_EACH[c.name], c.x())


@draws("gelu", "leaky_relu", "elu", "celu", "softplus", "hardtanh")
def _with_setting(c: Call) -> Ref:
    if c.name == "gelu":
        return c.s.each("GELU", c.x(), approximate=c.get(1, "approximate", "none"))
    if c.name == "leaky_relu":
        return c.s.each("LeakyReLU", c.x(), negative_slope=c.get(1, "negative_slope", 0.01))
    if c.name == "softplus":
        return c.s.each("Softplus", c.x(), beta=float(c.get(1, "beta", 1.0)))
    if c.name == "hardtanh":
        low, high = c.get(1, "min_val", -1.0), c.get(2, "max_val", 1.0)
        return c.s.clip(c.x(), low, high)
    return c.s.each(c.name.upper(), c.x(), alpha=float(c.get(1, "alpha", 1.0)))


@draws("clamp", "clip")
def _clamp(c: Call) -> Ref:
    return c.s.clip(c.x(), c.get(1, "min"), c.get(2, "max"))


@draws("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout")
def _dropout(c: Call) -> Ref:
    kinds = {"alpha_dropout": "AlphaDropout", "feature_dropout": "Dropout2d"}
    kind = kinds.get(c.name, c.name.capitalize())
    return c.s.each(kind, c.x(), p=min(float(c.get(1, "p", 0.5)), 0.999))


@draws(
    *("contiguous", "clone", "detach", "float", "to", "requires_grad_", "type_as", "double"),
    *("half", "long", "int", "type", "bool"),
)
def _same(c: Call) -> Ref | Padding:
    mask = c.get(0, "input")
    if isinstance(mask, Padding) and c.name in ("bool", "contiguous", "clone", "detach"):
        return mask
    x = c.x()
    if c.name in ("long", "int", "bool") and x.dtype != "int":
        raise Unmapped("It makes ids of numbers.")
    return x


@draws("eq", "ne", "not_equal")
def _compared(c: Call) -> Padding:
    return compared(c.get(0, "input"), c.get(1, "other"), c.name == "eq")


@draws("invert", "logical_not", "bitwise_not")
def _opposite(c: Call) -> Padding:
    mask = c.get(0, "input")
    if not isinstance(mask, Padding):
        raise Unmapped("The palette has no block that turns true into false.")
    return mask.turned()


@draws("softmax", "log_softmax")
def _softmax(c: Call) -> Ref:
    axis = c.get(1, "dim")
    if axis is None:
        raise Unmapped("It does not say along which axis.")
    return c.s.softmax(c.x(), axis % len(c.out), log=c.name == "log_softmax")


@draws("normalize")
def _normalise(c: Call) -> Ref:
    x, axis = c.x(), c.get(2, "dim", 1)
    if c.get(1, "p", 2.0) != 2.0:
        raise Unmapped("It does not normalise by the usual length.")
    axis %= len(x.order)
    where = "last" if axis == len(x.order) - 1 else "channels" if axis == 1 else ""
    if not where:
        raise Unmapped("It normalises along an axis in the middle.")
    return c.s.block("L2Normalise", [x], c.out, axis=where, eps=c.get(3, "eps", 1e-12))


# Two values


_TWO = {
    **dict.fromkeys(("add", "iadd", "add_"), "Add"),
    **dict.fromkeys(("sub", "isub", "sub_", "subtract"), "Sub"),
    **dict.fromkeys(("mul", "imul", "mul_", "multiply"), "Mul"),
    **dict.fromkeys(("truediv", "div", "itruediv", "div_", "divide", "true_divide"), "Div"),
    **dict.fromkeys(("maximum", "max2"), "Max"),
    "minimum": "Min",
    **dict.fromkeys(("pow", "pow_"), "Pow"),
}


@draws(*_TWO)
def _two(c: Call) -> Ref:
    if c.keywords.get("alpha", 1) != 1 or c.keywords.get("rounding_mode"):
        raise Unmapped("It scales or rounds besides.")
    left, right = c.get(0, "input"), c.get(1, "other", c.keywords.get("exponent"))
    kind = _TWO[c.name]
    if isinstance(left, Ref) and isinstance(right, Ref):
        return c.s.combine(kind, [left, right], c.out)
    x, other = (left, right) if isinstance(left, Ref) else (right, left)
    if not isinstance(x, Ref):
        raise Unmapped("It works on constants.")
    return c.s.with_constant(kind, x, as_array(other), other is left, c.out)


def as_array(value: Any) -> Array:
    """Return a constant as an array."""
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return np.array(value, np.float32)
    raise Unmapped("It takes a value that is no number.")


_MATH = {
    **{name: name for name in ("abs", "exp", "log", "sqrt", "square", "reciprocal", "sin", "cos")},
    **{"absolute": "abs", "neg": "negative", "negative": "negative", "erf": "erf"},
}


@draws(*_MATH, *(f"{name}_" for name in _MATH))
def _math(c: Call) -> Ref:
    return c.s.math(_MATH[c.name.removesuffix("_")], c.x())


@draws("rsqrt")
def _rsqrt(c: Call) -> Ref:
    return c.s.math("reciprocal", c.s.math("sqrt", c.x()))


@draws("matmul", "bmm")
def _matmul(c: Call) -> Ref:
    right = c.get(1, "other")
    if isinstance(right, torch.Tensor) and right.ndim == 2:
        return c.s.linear(c.x(), as_array(right).T, None, c.out)
    return c.s.block("MatMul", [c.x(), c.x(1)], c.out)


@draws("linear")
def _linear(c: Call) -> Ref:
    weight, bias = c.get(1, "weight"), c.get(2, "bias")
    if isinstance(weight, Ref) or isinstance(bias, Ref):
        raise Unmapped("Its weights are worked out from the data.")
    shifts = None if bias is None else as_array(bias)
    return c.s.linear(c.x(), as_array(weight), shifts, c.out)


@draws("scaled_dot_product_attention")
def _attention(c: Call) -> Ref:
    query, key, value = (c.s.facing(c.x(index)) for index in range(3))
    if c.get(3, "attn_mask") is not None:
        raise Unmapped("It is told a mask.")
    width = int(query.shape[-1])
    scale = c.keywords.get("scale") or width**-0.5
    flat = (*query.shape[:-1], key.shape[-2])
    scores = c.s.block("MatMul", [query, key], flat, transpose_b=True)
    scores = c.s.with_constant("Mul", scores, np.array(scale, np.float32), False, flat)
    if c.get(5, "is_causal", False):
        steps, seen = flat[-2:]
        if not isinstance(steps, int) or not isinstance(seen, int):
            raise Unmapped("Its mask grows with a free length.")
        scores = c.s.masked(scores, np.tri(steps, seen, dtype=bool), -math.inf, flat)
    shares = c.s.softmax(scores, len(flat) - 1)
    return c.s.block("MatMul", [shares, value], c.out)


@draws("cosine_similarity")
def _cosine(c: Call) -> Ref:
    left, right, axis = c.x(), c.x(1), c.get(2, "dim", 1)
    if axis % left.rank != left.rank - 1:
        raise Unmapped("It compares along another axis than the last.")
    kept = c.s.block("CosineSimilarity", [left, right], (*c.out, 1), eps=c.get(3, "eps", 1e-8))
    return c.s.pick(kept, len(c.out), 0)


@draws("cat", "concat", "concatenate")
def _concatenate(c: Call) -> Ref:
    axis = c.get(1, "dim", c.keywords.get("axis", 0))
    values = [_canvas(c, value) for value in c.get(0, "tensors")]
    return c.s.concatenate(values, axis, c.out)


@draws("stack")
def _stack(c: Call) -> Ref:
    axis = c.get(1, "dim", 0) % len(c.out)
    values = [_canvas(c, value) for value in c.get(0, "tensors")]
    if axis == 0:
        raise Unmapped("It puts the new axis before the batch.")
    return c.s.block("Stack", values, c.out, axis=axis)


def _canvas(c: Call, value: Any) -> Ref:
    if isinstance(value, Ref):
        return value
    return c.s.values(as_array(value), learned=isinstance(value, torch.nn.Parameter))


# Windows


@draws(*(f"{kind}_pool{axes}d" for kind in ("max", "avg") for axes in (1, 2, 3)))
def _pooling(c: Call) -> Ref:
    axes = int(c.name[-2])
    kernel = sizes(c.get(1, "kernel_size"), axes)
    stride = sizes(c.get(2, "stride") or kernel, axes)
    margin = sizes(c.get(3, "padding", 0), axes)
    largest = c.name.startswith("max")
    dilation = sizes(c.get(4, "dilation", 1), axes) if largest else None
    return c.s.pooling(
        "Max" if largest else "Avg",
        c.x(),
        c.out,
        kernel=kernel,
        stride=stride,
        before=margin,
        after=margin,
        dilation=dilation,
        ceil=bool(c.get(5 if largest else 4, "ceil_mode", False)),
        counts_margin=bool(c.get(5, "count_include_pad", True)) if not largest else True,
    )


@draws(*(f"adaptive_{kind}_pool{axes}d" for kind in ("max", "avg") for axes in (1, 2, 3)))
def _adaptive(c: Call) -> Ref:
    return adaptive(c.s, "Max" if "max" in c.name else "Avg", c.x(), c.out)


@draws("interpolate", "upsample")
def _interpolate(c: Call) -> Ref:
    mode, corners = c.get(3, "mode", "nearest"), bool(c.get(4, "align_corners", False))
    return upsample(c.s, c.x(), c.out, mode, corners)


@draws("pad")
def _pad(c: Call) -> Ref:
    mode = {"constant": "zeros"}.get(c.get(2, "mode", "constant"), c.get(2, "mode", ""))
    return padded(c.s, c.x(), c.get(1, "pad"), mode, c.get(3, "value", 0.0))


@draws("pixel_shuffle")
def _pixel_shuffle(c: Call) -> Ref:
    return c.s.block("PixelShuffle", [c.x()], c.out, upscale_factor=c.get(1, "upscale_factor"))


def name_of(target: Any) -> str:
    """Return the name that a function or method is known by."""
    if isinstance(target, str):
        return target
    name = str(getattr(target, "__name__", target))
    if target in (operator.add, operator.mul, operator.sub, operator.truediv):
        return name
    return name.lstrip("_")
