"""Rules of operations on each number."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelstudio.network.analysis import Shape
from modelstudio.network.rules.registry import Outcome, Settings, number, rule

SAME = """
    ReLU GELU SiLU LeakyReLU ELU SELU CELU Mish ReLU6 Hardswish Sigmoid Tanh Softmax LogSoftmax
    Softmin Softplus Softsign LogSigmoid Hardsigmoid Hardtanh Hardshrink Softshrink Tanhshrink
    Threshold Dropout Dropout1d Dropout2d Dropout3d AlphaDropout Identity
"""
"""Modules that change values, not the shape, and learn nothing."""

FUNCTIONS = "abs exp log sqrt square reciprocal negative sin cos erf"
"""Functions that do so."""


@rule(
    *(f"torch.nn.{name}" for name in SAME.split()),
    *(f"torch.{name}" for name in FUNCTIONS.split()),
    "torch.nn.functional.normalize",
    "modelstudio.engine.modules.GaussianNoise",
)
def same(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Change values, not the shape."""
    return Outcome(shapes[0])


@rule("torch.nn.PReLU")
def prelu(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Multiply negative numbers by learned slopes."""
    return Outcome(shapes[0], settings.get("num_parameters", 1))


@rule("torch.nn.GLU")
def gated(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Halve a dimension: one half decides what passes of the other."""
    axis = settings["dim"] % len(shapes[0])
    dims = list(shapes[0])
    dims[axis] = number(dims[axis], "the dimension it halves") // 2
    return Outcome(tuple(dims))


@rule("modelstudio.engine.modules.ScaleShift")
def scale_shift(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Multiply by and add learned numbers."""
    wide = math.prod(settings["shape"])
    return Outcome(shapes[0], wide * (2 if settings["shift"] else 1))


@rule("modelstudio.engine.modules.Constant")
def constant(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Give the same number everywhere."""
    return Outcome(settings["shape"])


@rule("modelstudio.engine.modules.Parameter")
def parameter(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Give learned numbers."""
    return Outcome(settings["shape"], math.prod(settings["shape"]))


@rule("torch.add", "torch.sub", "torch.mul", "torch.div", "torch.maximum", "torch.minimum")
def elementwise(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Combine two values of the same shape, or shapes that stretch to the same."""
    rank = max(map(len, shapes))
    first, *others = [(*[1] * (rank - len(shape)), *shape) for shape in shapes]
    for other in others:
        first = tuple(b if a == 1 else a for a, b in zip(first, other, strict=True))
    return Outcome(first)
