"""Convolutions in two cheap halves: each channel by itself, then all channels at each place."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from modelstudio.layers.convolution import Bias, Drawn, Sliding1d, Sliding2d, Sliding3d, slid
from modelstudio.layers.weights import drawn
from modelstudio.layers.windows import sizes
from modelstudio.network.shapes import Builder, Value

Multiplier = Annotated[
    int, Field(ge=1, le=1024, description="Filters for each input channel in the first half.")
]


def separate(
    b: Builder,
    layer: DepthwiseSeparableConv1d | DepthwiseSeparableConv2d | DepthwiseSeparableConv3d,
    x: Value,
) -> Value:
    """Lower to a convolution a channel and one of a single sample, pixel or voxel."""
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


class DepthwiseSeparableConv1d(Sliding1d, label="Depthwise conv 1d"):
    """Filter each channel of a signal by itself, then combine the channels; few weights."""

    keywords = ("separable", "depthwise separable", "mobilenet", "grouped")

    depth_multiplier: Multiplier = 1
    bias: Bias = True
    weights: Drawn = "default"

    def lower(self, b: Builder, x: Value) -> Value:
        return separate(b, self, x)


class DepthwiseSeparableConv2d(Sliding2d, label="Depthwise conv 2d"):
    """Filter each map by itself, then combine the maps; few weights."""

    keywords = ("separable", "depthwise separable", "mobilenet", "xception", "grouped")

    depth_multiplier: Multiplier = 1
    bias: Bias = True
    weights: Drawn = "default"

    def lower(self, b: Builder, x: Value) -> Value:
        return separate(b, self, x)


class DepthwiseSeparableConv3d(Sliding3d, label="Depthwise conv 3d"):
    """Filter each volume by itself, then combine the volumes; few weights."""

    keywords = ("separable", "depthwise separable", "grouped")

    depth_multiplier: Multiplier = 1
    bias: Bias = True
    weights: Drawn = "default"

    def lower(self, b: Builder, x: Value) -> Value:
        return separate(b, self, x)
