"""Learned filters that slide over a signal, a picture or a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from modelstudio.layers.weights import FirstWeights, drawn
from modelstudio.layers.windows import (
    Filling,
    Keep,
    Length,
    Margin,
    MarginPair,
    MarginTriple,
    Pair,
    Triple,
    check_length,
    check_windows,
    odd,
    padded,
    sides,
    sizes,
)
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch, Repair
from modelstudio.network.shapes import Builder, Value

if TYPE_CHECKING:
    from modelstudio.layers.transposed import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d

Filters = Annotated[
    int, Field(ge=1, le=65_536, title="Output channels", description="Number of filters.")
]

Groups = Annotated[
    int, Field(ge=1, le=65_536, description="Channels are filtered in this many parts.")
]

Bias = Annotated[bool, Field(description="Add a learned number to each filter.")]

Drawn = Annotated[
    FirstWeights,
    Field(title="First weights", description="How the weights are drawn before training."),
]


def check_groups(groups: int, channels_in: int, channels_out: int) -> None:
    """Refuse groups that do not divide the channels on both sides."""
    if channels_in % groups or channels_out % groups:
        best = max(
            n for n in range(1, groups + 1) if channels_in % n == 0 and channels_out % n == 0
        )
        raise Mismatch(
            f"needs groups that divide {channels_in} channels in and {channels_out} out",
            None,
            Repair(f"Set groups to {best}", settings=(("groups", best),)),
        )


def filtered(
    b: Builder,
    layer: Conv1d | Conv2d | Conv3d | ConvTranspose1d | ConvTranspose2d | ConvTranspose3d,
    x: Value,
    **windows: Any,
) -> Value:
    """Apply learned filters to all channels, or to each group of them apart."""
    channels = x.size(1, "the number of channels")
    check_groups(layer.groups, channels, layer.out_channels)
    return b.module(
        f"torch.nn.{layer.type_name}",
        x,
        weights=drawn(layer.weights),
        in_channels=channels,
        out_channels=layer.out_channels,
        **windows,
        groups=layer.groups,
        bias=layer.bias,
    )


def slid(
    b: Builder, layer: Sliding1d | Sliding2d | Sliding3d, x: Value
) -> tuple[Value, dict[str, Any]]:
    """Return what a filter slides over, and how, as torch takes it."""
    kernel, stride, dilation = map(sizes, (layer.kernel_size, layer.stride, layer.dilation))
    spans = [step * (side - 1) for side, step in zip(kernel, dilation, strict=True)]
    if layer.padding == "same":
        margins = [span // 2 * 2 for span in spans]
    else:
        margins = [2 * m if layer.padding == "custom" else 0 for m in sizes(layer.margin)]
        same = Repair("Keep the size", settings=(("padding", "same"),))
        check_windows(x, kernel, dilation, margins, same)
    check_length(x, spans, margins, stride, odd(kernel) | {"padding": "same"})
    filling = layer.padding_mode
    x, margin = padded(b, x, layer.padding, sizes(layer.margin), filling, kernel, dilation)
    windows: dict[str, Any] = {
        "kernel_size": kernel,
        "stride": stride,
        "padding": margin,
        "dilation": dilation,
    }
    if len(kernel) == 1:
        windows = {name: value[0] for name, value in windows.items()}
    return x, windows | {"padding_mode": filling}


def convolve(b: Builder, layer: Conv1d | Conv2d | Conv3d, x: Value) -> Value:
    """Lower a convolution over one, two or three axes."""
    x, windows = slid(b, layer, x)
    return filtered(b, layer, x, **windows)


class Filtering(Layer, abstract=True, category="Convolution"):
    """What all layers of learned filters share."""

    stem = "conv"
    keywords: ClassVar[tuple[str, ...]] = (
        "convolution",
        "convolutional",
        "cnn",
        "filter",
        "dilated",
        "atrous",
        "grouped",
        "strided",
    )

    out_channels: Filters = 32
    kernel_size: int | tuple[int, ...]

    def summary(self) -> str:
        return f"{sides(sizes(self.kernel_size))} · {self.out_channels}"


class Sliding1d(Filtering, abstract=True):
    """What filters that slide along signals share."""

    inputs = (Port("x", rank=3, order="channels"),)

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


class Sliding2d(Filtering, abstract=True):
    """What filters that slide over pictures share."""

    inputs = (Port("x", rank=4),)

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


class Sliding3d(Filtering, abstract=True):
    """What filters that slide through volumes share."""

    inputs = (Port("x", rank=5),)

    kernel_size: Triple = Field(
        (3, 3, 3), description="Depth, height and width of a filter, in voxels."
    )
    stride: Triple = Field((1, 1, 1), description="How far the filter moves along each axis.")
    padding: Keep = Field(
        "same", description="Keep the size (at stride 1), let it shrink, or set a margin."
    )
    margin: MarginTriple = Field(
        (0, 0, 0), description="Voxels put at each side when the padding is custom."
    )
    padding_mode: Filling = Field(
        "zeros", title="Padding value", description="What is put around the volume."
    )
    dilation: Triple = Field((1, 1, 1), description="Distance between the voxels a filter sees.")


class Conv1d(Sliding1d):
    """Slide learned filters along a signal (channels x length)."""

    groups: Groups = 1
    bias: Bias = True
    weights: Drawn = "default"

    def lower(self, b: Builder, x: Value) -> Value:
        return convolve(b, self, x)


class Conv2d(Sliding2d):
    """Slide learned filters over pictures (channels x height x width)."""

    groups: Groups = 1
    bias: Bias = True
    weights: Drawn = "default"

    def lower(self, b: Builder, x: Value) -> Value:
        return convolve(b, self, x)


class Conv3d(Sliding3d):
    """Slide learned filters through volumes (channels x depth x height x width)."""

    groups: Groups = 1
    bias: Bias = True
    weights: Drawn = "default"

    def lower(self, b: Builder, x: Value) -> Value:
        return convolve(b, self, x)
