"""Output shape, parameters and multiply-accumulates of each torch operation, in plain Python.

One rule an operation, not a layer: several layers may be lowered to the same ones. Costs are for
one sample; a symbolic size (a sequence length) counts as one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from modelstudio.network.analysis import Dim, Shape
from modelstudio.network.mismatch import Mismatch


class Outcome(NamedTuple):
    """What an operation gives and costs. ``dtype`` None keeps that of the first value."""

    shape: Shape
    parameters: int = 0
    macs: int = 0
    dtype: str | None = None


Settings = Mapping[str, Any]
Rule = Callable[[Sequence[Shape], Settings], Outcome]

RULES: dict[str, Rule] = {}
"""Rule by the dotted name of the torch operation."""


def rule(*targets: str) -> Callable[[Rule], Rule]:
    """Register a rule for torch operations."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(targets, function))
        return function

    return register


def count(dims: Sequence[Dim]) -> int:
    """Multiply sizes; a symbol counts as one."""
    return math.prod(dim for dim in dims if isinstance(dim, int))


def number(dim: Dim, what: str) -> int:
    """Return a size as a number, or refuse a symbol."""
    if isinstance(dim, int):
        return dim
    raise Mismatch(f"needs {what} to be a fixed number")


@rule(
    *(
        f"torch.nn.{name}"
        for name in (
            "Dropout ReLU LeakyReLU GELU SiLU ELU Sigmoid Tanh Softmax LogSigmoid Identity".split()
        )
    )
)
def same(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Change values, not the shape."""
    return Outcome(shapes[0])


@rule("torch.nn.Linear")
def linear(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Multiply the last dimension by a matrix."""
    (shape,) = shapes
    wide, out = settings["in_features"], settings["out_features"]
    parameters = wide * out + (out if settings.get("bias", True) else 0)
    return Outcome((*shape[:-1], out), parameters, count(shape[1:-1]) * wide * out)


@rule("torch.nn.Embedding")
def embedding(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Look up a vector for each id."""
    wide = settings["embedding_dim"]
    return Outcome((*shapes[0], wide), settings["num_embeddings"] * wide, 0, "float")


def _slid(size: Dim, kernel: int, stride: int, padding: int, dilation: int = 1) -> Dim:
    if isinstance(size, str):
        if stride == 1 and 2 * padding == dilation * (kernel - 1):
            return size
        raise Mismatch("needs a fixed length here, since it changes it")
    out = (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
    if out < 1:
        span = dilation * (kernel - 1) + 1
        raise Mismatch(f"has a window of {span}, which is larger than the {size} it slides over")
    return out


def _each(settings: Settings, name: str, axes: int, default: Any) -> Sequence[Any]:
    value = settings.get(name)
    value = default if value is None else value
    return value if isinstance(value, tuple | list) else (value,) * axes


@rule("torch.nn.Conv1d", "torch.nn.Conv2d")
def convolution(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Slide filters over the spatial dimensions."""
    (shape,) = shapes
    axes = len(shape) - 2
    kernel = _each(settings, "kernel_size", axes, 1)
    stride = _each(settings, "stride", axes, 1)
    padding = _each(settings, "padding", axes, 0)
    dilation = _each(settings, "dilation", axes, 1)
    spatial = tuple(map(_slid, shape[2:], kernel, stride, padding, dilation))
    channels = settings["out_channels"]
    weights = channels * (settings["in_channels"] // settings.get("groups", 1)) * math.prod(kernel)
    bias = channels if settings.get("bias", True) else 0
    return Outcome((shape[0], channels, *spatial), weights + bias, weights * count(spatial))


@rule("torch.nn.ConvTranspose2d")
def transposed(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Spread each value over a window: a convolution backwards."""
    (shape,) = shapes
    axes = len(shape) - 2
    kernel = _each(settings, "kernel_size", axes, 1)
    stride = _each(settings, "stride", axes, 1)
    padding = _each(settings, "padding", axes, 0)
    extra = _each(settings, "output_padding", axes, 0)
    spatial = tuple(
        (number(size, "the size of the maps") - 1) * s - 2 * p + k + e
        for size, s, p, k, e in zip(shape[2:], stride, padding, kernel, extra, strict=True)
    )
    if min(spatial) < 1:
        raise Mismatch("cuts away more than it makes")
    channels = settings["out_channels"]
    weights = channels * (settings["in_channels"] // settings.get("groups", 1)) * math.prod(kernel)
    bias = channels if settings.get("bias", True) else 0
    return Outcome((shape[0], channels, *spatial), weights + bias, weights * count(shape[2:]))


@rule("torch.nn.functional.pad")
def pad(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Put a margin around values; the last dimension comes first."""
    dims = list(shapes[0])
    margins = settings["pad"]
    for axis, (before, after) in enumerate(zip(margins[::2], margins[1::2], strict=True), 1):
        dims[-axis] = number(dims[-axis], "the size it pads") + before + after
    return Outcome(tuple(dims))


@rule("torch.nn.MaxPool1d", "torch.nn.MaxPool2d", "torch.nn.AvgPool2d")
def pooling(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Reduce each window to one value."""
    (shape,) = shapes
    axes = len(shape) - 2
    kernel = _each(settings, "kernel_size", axes, 1)
    stride = _each(settings, "stride", axes, kernel)
    padding = _each(settings, "padding", axes, 0)
    return Outcome((*shape[:2], *map(_slid, shape[2:], kernel, stride, padding)))


@rule("torch.nn.AdaptiveAvgPool2d")
def adaptive_pooling(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Average windows so that the maps come out at a given size."""
    return Outcome((*shapes[0][:2], *_each(settings, "output_size", len(shapes[0]) - 2, 1)))


@rule("torch.nn.BatchNorm1d", "torch.nn.BatchNorm2d")
def batch_norm(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Normalise each channel over the batch."""
    return Outcome(shapes[0], 2 * settings["num_features"] if settings.get("affine", True) else 0)


@rule("torch.nn.LayerNorm")
def layer_norm(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Normalise each sample over its last dimensions."""
    affine = settings.get("elementwise_affine", True)
    wide = math.prod(settings["normalized_shape"])
    return Outcome(shapes[0], 2 * wide if affine else 0)


@rule("torch.nn.GroupNorm")
def group_norm(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Normalise each sample over groups of channels."""
    return Outcome(shapes[0], 2 * settings["num_channels"] if settings.get("affine", True) else 0)


@rule("torch.flatten")
def flatten(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Join all dimensions but the first."""
    dims = shapes[0][1:]
    wide = math.prod(number(dim, "every size of a sample") for dim in dims)
    return Outcome((shapes[0][0], wide))


@rule("torch.reshape")
def reshape(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Arrange the numbers of a sample anew; ``shape`` begins with -1 for the batch."""
    return Outcome((shapes[0][0], *settings["shape"][1:]))


@rule("torch.permute")
def permute(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Put the dimensions in another order."""
    return Outcome(tuple(shapes[0][axis] for axis in settings["dims"]))


@rule("torch.add", "torch.mul")
def elementwise(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Combine two values of the same shape, or shapes that stretch to the same."""
    first, second = shapes
    return Outcome(tuple(b if a == 1 else a for a, b in zip(first, second, strict=True)))


@rule("torch.cat")
def concatenate(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Join values along one dimension."""
    axis = settings["dim"]
    first = shapes[0]
    total = sum(number(shape[axis], "the joined dimension") for shape in shapes)
    return Outcome((*first[:axis], total, *first[axis + 1 :]))
