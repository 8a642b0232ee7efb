"""Convolutions backwards, which enlarge what they are given."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from modelstudio.layers.convolution import Bias, Drawn, Filtering, Groups, filtered
from modelstudio.layers.windows import (
    Length,
    Margin,
    MarginPair,
    MarginTriple,
    Pair,
    Triple,
    check_length,
    odd,
    sizes,
)
from modelstudio.network.layer import Port
from modelstudio.network.mismatch import Mismatch, Repair
from modelstudio.network.shapes import Builder, Value


def enlarge(
    b: Builder, layer: ConvTranspose1d | ConvTranspose2d | ConvTranspose3d, x: Value
) -> Value:
    """Lower a transposed convolution over one, two or three axes."""
    extra, stride, dilation = map(sizes, (layer.output_padding, layer.stride, layer.dilation))
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        none = Repair("Set output padding to 0", settings=(("output_padding", 0),))
        raise Mismatch(
            "needs an output padding smaller than its stride or its dilation", None, none
        )
    kernel, padding = sizes(layer.kernel_size), sizes(layer.padding)
    spans = [d * (k - 1) + e for k, d, e in zip(kernel, dilation, extra, strict=True)]
    margins = [2 * size for size in padding]
    check_length(x, spans, margins, stride, odd(kernel) | {"output_padding": 0, "dilation": 1})
    windows: dict[str, Any] = {
        "kernel_size": layer.kernel_size,
        "stride": layer.stride,
        "padding": layer.padding,
        "output_padding": layer.output_padding,
        "dilation": layer.dilation,
    }
    return filtered(b, layer, x, **windows)


class ConvTranspose1d(Filtering):
    """Lengthen signals by learned filters: a convolution backwards."""

    stem = "up"
    keywords = ("transposed convolution", "deconvolution", "deconv", "upconvolution")
    inputs = (Port("x", rank=3, order="channels"),)

    kernel_size: Length = Field(2, description="Length of a filter, in samples.")
    stride: Length = Field(2, description="How much longer the signal becomes.")
    padding: Margin = Field(0, description="Samples cut off at each end.")
    output_padding: Margin = Field(0, description="Samples added at one end; less than the stride.")
    dilation: Length = Field(1, description="Distance between the samples a filter fills.")
    groups: Groups = 1
    bias: Bias = True
    weights: Drawn = "default"

    def lower(self, b: Builder, x: Value) -> Value:
        return enlarge(b, self, x)


class ConvTranspose2d(Filtering):
    """Enlarge maps by learned filters: a convolution backwards."""

    stem = "up"
    keywords = ("transposed convolution", "deconvolution", "deconv", "upconvolution")
    inputs = (Port("x", rank=4),)

    kernel_size: Pair = Field((2, 2), description="Height and width of a filter, in pixels.")
    stride: Pair = Field((2, 2), description="How much larger the maps become.")
    padding: MarginPair = Field((0, 0), description="Rows and columns cut off at each side.")
    output_padding: MarginPair = Field(
        (0, 0), description="Rows and columns added at one side; less than the stride."
    )
    dilation: Pair = Field((1, 1), description="Distance between the pixels a filter fills.")
    groups: Groups = 1
    bias: Bias = True
    weights: Drawn = "default"

    def lower(self, b: Builder, x: Value) -> Value:
        return enlarge(b, self, x)


class ConvTranspose3d(Filtering):
    """Enlarge volumes by learned filters: a convolution backwards."""

    stem = "up"
    keywords = ("transposed convolution", "deconvolution", "deconv", "upconvolution")
    inputs = (Port("x", rank=5),)

    kernel_size: Triple = Field(
        (2, 2, 2), description="Depth, height and width of a filter, in voxels."
    )
    stride: Triple = Field((2, 2, 2), description="How much larger the volumes become.")
    padding: MarginTriple = Field((0, 0, 0), description="Voxels cut off at each side.")
    output_padding: MarginTriple = Field(
        (0, 0, 0), description="Voxels added at one side; less than the stride."
    )
    dilation: Triple = Field((1, 1, 1), description="Distance between the voxels a filter fills.")
    groups: Groups = 1
    bias: Bias = True
    weights: Drawn = "default"

    def lower(self, b: Builder, x: Value) -> Value:
        return enlarge(b, self, x)
