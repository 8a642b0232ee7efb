"""Layers that make signals, maps and volumes smaller."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from modelstudio.layers.windows import (
    Length,
    Margin,
    MarginPair,
    MarginTriple,
    Pair,
    Triple,
    check_length,
    check_windows,
    odd,
    sides,
    sizes,
)
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch, Repair
from modelstudio.network.shapes import Builder, Value

Ceil = Annotated[
    bool, Field(title="Pool the rest", description="Pool what is left at the end of an axis, too.")
]

CountPadding = Annotated[
    bool,
    Field(title="Count padding", description="Count the zeros of the padding in the mean."),
]


class _Pool(Layer, abstract=True, category="Pooling"):
    """What poolings of a sliding window share; their settings are torch's, by name."""

    stem = "pool"
    keywords: ClassVar[tuple[str, ...]] = ("pool", "pooling", "downsample", "subsample")

    kind: ClassVar[str]

    kernel_size: int | tuple[int, ...]
    stride: int | tuple[int, ...] | None = None
    padding: int | tuple[int, ...]
    ceil_mode: Ceil = False

    def lower(self, b: Builder, x: Value) -> Value:
        kernel, padding = sizes(self.kernel_size), sizes(self.padding)
        stride = kernel if self.stride is None else sizes(self.stride)
        dilation = sizes(getattr(self, "dilation", (1,) * len(kernel)))
        if any(2 * p > k for k, p in zip(kernel, padding, strict=True)):
            most = tuple(side // 2 for side in kernel)
            half = most if len(most) > 1 else most[0]
            less = Repair(f"Set its padding to {sides(most)}", settings=(("padding", half),))
            raise Mismatch("needs a padding of at most half its window", None, less)
        margins = [2 * size for size in padding]
        check_windows(x, kernel, dilation, margins)
        spans = [step * (side - 1) for side, step in zip(kernel, dilation, strict=True)]
        plain = {"dilation": 1} if hasattr(self, "dilation") else {}
        check_length(x, spans, margins, stride, odd(kernel) | plain)
        return b.module(f"torch.nn.{self.type_name}", x, **self.as_values())

    def summary(self) -> str:
        return f"{self.kind} {sides(sizes(self.kernel_size))}"


class _Pool1d(_Pool, abstract=True):
    """What poolings over signals share."""

    inputs = (Port("x", rank=3, order="channels"),)

    kernel_size: Length = Field(2, description="Length of the window, in samples.")
    stride: Length | None = Field(None, description="Step of the window; empty is its length.")
    padding: Margin = Field(0, description="Samples added at each end.")


class _Pool2d(_Pool, abstract=True):
    """What poolings over maps share."""

    inputs = (Port("x", rank=4),)

    kernel_size: Pair = Field((2, 2), description="Height and width of the window, in pixels.")
    stride: Pair | None = Field(None, description="Step of the window; empty is its size.")
    padding: MarginPair = Field((0, 0), description="Rows and columns added at each side.")


class _Pool3d(_Pool, abstract=True):
    """What poolings over volumes share."""

    inputs = (Port("x", rank=5),)

    kernel_size: Triple = Field(
        (2, 2, 2), description="Depth, height and width of the window, in voxels."
    )
    stride: Triple | None = Field(None, description="Step of the window; empty is its size.")
    padding: MarginTriple = Field((0, 0, 0), description="Voxels added at each side.")


class MaxPool1d(_Pool1d):
    """Keep the largest value of each stretch of a signal."""

    keywords = ("max pooling",)
    kind = "Max"

    dilation: Length = Field(1, description="Distance between the samples of a window.")


class MaxPool2d(_Pool2d):
    """Keep the largest value of each window of a map."""

    keywords = ("max pooling",)
    kind = "Max"

    dilation: Pair = Field((1, 1), description="Distance between the pixels of a window.")


class MaxPool3d(_Pool3d):
    """Keep the largest value of each window of a volume."""

    keywords = ("max pooling",)
    kind = "Max"

    dilation: Triple = Field((1, 1, 1), description="Distance between the voxels of a window.")


class AvgPool1d(_Pool1d):
    """Keep the mean of each stretch of a signal."""

    keywords = ("average pooling", "mean pooling")
    kind = "Avg"

    count_include_pad: CountPadding = True


class AvgPool2d(_Pool2d):
    """Keep the mean of each window of a map."""

    keywords = ("average pooling", "mean pooling")
    kind = "Avg"

    count_include_pad: CountPadding = True


class AvgPool3d(_Pool3d):
    """Keep the mean of each window of a volume."""

    keywords = ("average pooling", "mean pooling")
    kind = "Avg"

    count_include_pad: CountPadding = True
