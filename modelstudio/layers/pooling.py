"""Layers that make signals and maps smaller."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from modelstudio.layers.windows import Length, Margin, MarginPair, Pair, sides
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch
from modelstudio.network.shapes import Builder, Value


def check_padding(kernel: tuple[int, ...], padding: tuple[int, ...]) -> None:
    """Refuse a margin of more than half the window, as torch does."""
    if any(2 * p > k for k, p in zip(kernel, padding, strict=True)):
        raise Mismatch("needs a padding of at most half its window")


class MaxPool1d(Layer, category="Pooling"):
    """Keep the largest value of each stretch of a signal."""

    stem = "pool"
    inputs = (Port("x", rank=3),)

    kernel_size: Length = Field(2, description="Length of the window, in samples.")
    stride: Length | None = Field(None, description="Step of the window; empty is its length.")
    padding: Margin = Field(0, description="Samples added at each end.")

    def lower(self, b: Builder, x: Value) -> Value:
        check_padding((self.kernel_size,), (self.padding,))
        return b.module(
            "torch.nn.MaxPool1d",
            x,
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
        )

    def summary(self) -> str:
        return f"Max {self.kernel_size}"


class _Pool2d(Layer, abstract=True):
    """What poolings over maps share."""

    stem = "pool"
    inputs = (Port("x", rank=4),)

    kernel_size: Pair = Field((2, 2), description="Height and width of the window, in pixels.")
    stride: Pair | None = Field(None, description="Step of the window; empty is its size.")
    padding: MarginPair = Field((0, 0), description="Rows and columns added at each side.")

    def settings(self) -> dict[str, Any]:
        """Return the settings of the torch module."""
        check_padding(self.kernel_size, self.padding)
        return {
            "kernel_size": self.kernel_size,
            "stride": self.stride,
            "padding": self.padding,
        }


class MaxPool2d(_Pool2d, category="Pooling"):
    """Keep the largest value of each window of a map."""

    stem = "pool"

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module("torch.nn.MaxPool2d", x, **self.settings())

    def summary(self) -> str:
        return f"Max {sides(self.kernel_size)}"


class AvgPool2d(_Pool2d, category="Pooling"):
    """Keep the mean of each window of a map."""

    stem = "pool"

    def lower(self, b: Builder, x: Value) -> Value:
        return b.module("torch.nn.AvgPool2d", x, **self.settings())

    def summary(self) -> str:
        return f"Avg {sides(self.kernel_size)}"


class AdaptiveAvgPool2d(Layer, category="Pooling"):
    """Average maps down to a size of your choice, whatever their own."""

    stem = "pool"
    inputs = (Port("x", rank=4),)

    output_size: Pair = Field((1, 1), description="Height and width that come out.")

    def lower(self, b: Builder, x: Value) -> Value:
        sizes = x.size(2, "the height of the maps"), x.size(3, "the width of the maps")
        if any(size % out for size, out in zip(sizes, self.output_size, strict=True)):
            raise Mismatch(
                f"needs maps whose size is a multiple of {sides(self.output_size)}, so that the"
                " exported file gives the same answer",
                0,
            )
        return b.module("torch.nn.AdaptiveAvgPool2d", x, output_size=self.output_size)

    def summary(self) -> str:
        return f"Avg to {sides(self.output_size)}"
