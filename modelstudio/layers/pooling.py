"""Layers that make signals, maps and volumes smaller."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from modelstudio.layers.windows import (
    Length,
    Margin,
    MarginPair,
    MarginTriple,
    Pair,
    Triple,
    sides,
    sizes,
)
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch
from modelstudio.network.shapes import Builder, Value

Ceil = Annotated[
    bool, Field(title="Pool the rest", description="Pool what is left at the end of an axis, too.")
]

CountPadding = Annotated[
    bool,
    Field(title="Count padding", description="Count the zeros of the padding in the mean."),
]


def pooled(b: Builder, layer: _Pool1d | _Pool2d | _Pool3d, x: Value, **settings: Any) -> Value:
    """Lower a pooling; torch takes a margin of at most half the window."""
    kernel, padding = sizes(layer.kernel_size), sizes(layer.padding)
    if any(2 * p > k for k, p in zip(kernel, padding, strict=True)):
        raise Mismatch("needs a padding of at most half its window")
    return b.module(
        f"torch.nn.{layer.type_name}",
        x,
        kernel_size=layer.kernel_size,
        stride=layer.stride,
        padding=layer.padding,
        ceil_mode=layer.ceil_mode,
        **settings,
    )


class _Pool1d(Layer, abstract=True, category="Pooling"):
    """What poolings over signals share."""

    stem = "pool"
    inputs = (Port("x", rank=3),)

    kernel_size: Length = Field(2, description="Length of the window, in samples.")
    stride: Length | None = Field(None, description="Step of the window; empty is its length.")
    padding: Margin = Field(0, description="Samples added at each end.")
    ceil_mode: Ceil = False


class _Pool2d(Layer, abstract=True, category="Pooling"):
    """What poolings over maps share."""

    stem = "pool"
    inputs = (Port("x", rank=4),)

    kernel_size: Pair = Field((2, 2), description="Height and width of the window, in pixels.")
    stride: Pair | None = Field(None, description="Step of the window; empty is its size.")
    padding: MarginPair = Field((0, 0), description="Rows and columns added at each side.")
    ceil_mode: Ceil = False


class _Pool3d(Layer, abstract=True, category="Pooling"):
    """What poolings over volumes share."""

    stem = "pool"
    inputs = (Port("x", rank=5),)

    kernel_size: Triple = Field(
        (2, 2, 2), description="Depth, height and width of the window, in voxels."
    )
    stride: Triple | None = Field(None, description="Step of the window; empty is its size.")
    padding: MarginTriple = Field((0, 0, 0), description="Voxels added at each side.")
    ceil_mode: Ceil = False


class MaxPool1d(_Pool1d):
    """Keep the largest value of each stretch of a signal."""

    stem = "pool"

    dilation: Length = Field(1, description="Distance between the samples of a window.")

    def lower(self, b: Builder, x: Value) -> Value:
        return pooled(b, self, x, dilation=self.dilation)

    def summary(self) -> str:
        return f"Max {self.kernel_size}"


class MaxPool2d(_Pool2d):
    """Keep the largest value of each window of a map."""

    stem = "pool"

    dilation: Pair = Field((1, 1), description="Distance between the pixels of a window.")

    def lower(self, b: Builder, x: Value) -> Value:
        return pooled(b, self, x, dilation=self.dilation)

    def summary(self) -> str:
        return f"Max {sides(self.kernel_size)}"


class MaxPool3d(_Pool3d):
    """Keep the largest value of each window of a volume."""

    stem = "pool"

    dilation: Triple = Field((1, 1, 1), description="Distance between the voxels of a window.")

    def lower(self, b: Builder, x: Value) -> Value:
        return pooled(b, self, x, dilation=self.dilation)

    def summary(self) -> str:
        return f"Max {sides(self.kernel_size)}"


class AvgPool1d(_Pool1d):
    """Keep the mean of each stretch of a signal."""

    stem = "pool"

    count_include_pad: CountPadding = True

    def lower(self, b: Builder, x: Value) -> Value:
        return pooled(b, self, x, count_include_pad=self.count_include_pad)

    def summary(self) -> str:
        return f"Avg {self.kernel_size}"


class AvgPool2d(_Pool2d):
    """Keep the mean of each window of a map."""

    stem = "pool"

    count_include_pad: CountPadding = True

    def lower(self, b: Builder, x: Value) -> Value:
        return pooled(b, self, x, count_include_pad=self.count_include_pad)

    def summary(self) -> str:
        return f"Avg {sides(self.kernel_size)}"


class AvgPool3d(_Pool3d):
    """Keep the mean of each window of a volume."""

    stem = "pool"

    count_include_pad: CountPadding = True

    def lower(self, b: Builder, x: Value) -> Value:
        return pooled(b, self, x, count_include_pad=self.count_include_pad)

    def summary(self) -> str:
        return f"Avg {sides(self.kernel_size)}"
