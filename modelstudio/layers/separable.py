"""Convolutions in two cheap halves: each channel by itself, then all channels at each place."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from modelstudio.layers.convolution import Bias, Drawn, Filters, slid
from modelstudio.layers.weights import drawn
from modelstudio.layers.windows import (
    Filling,
    Keep,
    Length,
    Margin,
    MarginPair,
    Pair,
    sides,
    sizes,
)
from modelstudio.network.layer import Layer, Port
from modelstudio.network.shapes import Builder, Value

Multiplier = Annotated[
    int, Field(ge=1, le=1024, description="Filters for each input channel in the first half.")
]


def separate(
    b: Builder, layer: DepthwiseSeparableConv1d | DepthwiseSeparableConv2d, x: Value
) -> Value:
    """Lower to a convolution a channel and one of a single sample or pixel."""
    axes = len(sizes(layer.kernel_size))
    target, first = f"torch.nn.Conv{axes}d", drawn(layer.weights)
    channels = x.size(1, "the number of channels")
    wide = channels * layer.depth_multiplier
    x, windows = slid(b, layer, x)
    x = b.module(
        target,
        x,
        part="depthwise",
        weights=first,
        in_channels=channels,
        out_channels=wide,
        **windows,
        groups=channels,
        bias=False,
    )
    return b.module(
        target,
        x,
        part="pointwise",
        weights=first,
        in_channels=wide,
        out_channels=layer.out_channels,
        kernel_size=1,
        bias=layer.bias,
    )


class DepthwiseSeparableConv1d(Layer, category="Convolution", label="Depthwise conv 1d"):
    """Filter each channel of a signal by itself, then combine the channels; few weights."""

    stem = "conv"
    inputs = (Port("x", rank=3),)

    out_channels: Filters = 32
    kernel_size: Length = Field(3, description="Length of a filter, in samples.")
    stride: Length = Field(1, description="How far the filter moves each time.")
    padding: Keep = Field(
        "same", description="Keep the length (at stride 1), let it shrink, or set a margin."
    )
    margin: Margin = Field(0, description="Samples put at each end when the padding is custom.")
    padding_mode: Filling = Field(
        "zeros", title="Padding value", description="What is put beyond the ends."
    )
    dilation: Length = Field(1, description="Distance between the samples a filter sees.")
    depth_multiplier: Multiplier = 1
    bias: Bias = True
    weights: Drawn = "default"

    def lower(self, b: Builder, x: Value) -> Value:
        return separate(b, self, x)

    def summary(self) -> str:
        return f"{self.kernel_size} · {self.out_channels}"


class DepthwiseSeparableConv2d(Layer, category="Convolution", label="Depthwise conv 2d"):
    """Filter each map by itself, then combine the maps; few weights."""

    stem = "conv"
    inputs = (Port("x", rank=4),)

    out_channels: Filters = 32
    kernel_size: Pair = Field((3, 3), description="Height and width of a filter, in pixels.")
    stride: Pair = Field((1, 1), description="How far the filter moves, down and across.")
    padding: Keep = Field(
        "same", description="Keep the size (at stride 1), let it shrink, or set a margin."
    )
    margin: MarginPair = Field(
        (0, 0), description="Rows and columns put at each side when the padding is custom."
    )
    padding_mode: Filling = Field(
        "zeros", title="Padding value", description="What is put around the picture."
    )
    dilation: Pair = Field((1, 1), description="Distance between the pixels a filter sees.")
    depth_multiplier: Multiplier = 1
    bias: Bias = True
    weights: Drawn = "default"

    def lower(self, b: Builder, x: Value) -> Value:
        return separate(b, self, x)

    def summary(self) -> str:
        return f"{sides(self.kernel_size)} · {self.out_channels}"
