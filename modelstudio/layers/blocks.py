"""Blocks of convolutions that well-known networks for pictures are stacked from."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.shapes import Builder, Value

Channels = Annotated[
    int | None,
    Field(
        ge=1,
        le=65_536,
        title="Output channels",
        description="Number of filters; empty keeps the channels that come in.",
    ),
]

Step = Annotated[
    int, Field(ge=1, le=16, description="How far the filters move; 2 halves the maps.")
]


def normalised(
    b: Builder, x: Value, part: str, channels: int, kernel_size: int = 1, stride: int = 1
) -> Value:
    """Convolve without a bias and normalise over the batch."""
    x = b.module(
        "torch.nn.Conv2d",
        x,
        part=f"conv{part}",
        in_channels=x.size(1, "the number of channels"),
        out_channels=channels,
        kernel_size=(kernel_size, kernel_size),
        stride=(stride, stride),
        padding=(kernel_size // 2, kernel_size // 2),
        bias=False,
    )
    return b.module("torch.nn.BatchNorm2d", x, part=f"bn{part}", num_features=channels)


def activated(b: Builder, x: Value, part: str) -> Value:
    """Set negative numbers to 0."""
    return b.module("torch.nn.ReLU", x, part=f"relu{part}")


def shortcut(b: Builder, x: Value, channels: int, stride: int) -> Value:
    """Return the way past a block, by a 1 x 1 convolution where the block changes the shape."""
    if x.shape[1] == channels and stride == 1:
        return x
    return normalised(b, x, "_skip", channels, stride=stride)


class ResidualBlock(Layer, category="Convolution"):
    """Two 3 x 3 convolutions with a way past them, as in ResNet-18 and 34."""

    stem = "res"
    keywords = ("resnet", "basic block", "skip connection", "shortcut")
    inputs = (Port("x", rank=4),)

    out_channels: Channels = None
    stride: Step = 1

    def lower(self, b: Builder, x: Value) -> Value:
        channels = self.out_channels or x.size(1, "the number of channels")
        y = activated(b, normalised(b, x, "1", channels, 3, self.stride), "1")
        y = normalised(b, y, "2", channels, 3)
        y = b.function("torch.add", y, shortcut(b, x, channels, self.stride))
        return activated(b, y, "2")

    def summary(self) -> str:
        return _residual(self.out_channels, self.stride)


class Bottleneck(Layer, category="Convolution"):
    """A 3 x 3 convolution between two of 1 x 1 with a way past them, as in ResNet-50."""

    stem = "bottleneck"
    keywords = ("resnet", "residual block", "skip connection")
    inputs = (Port("x", rank=4),)

    out_channels: Channels = None
    stride: Step = 1
    reduction: int = Field(
        4, ge=1, le=64, description="How many times fewer channels the middle has."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        channels = self.out_channels or x.size(1, "the number of channels")
        narrow = max(1, channels // self.reduction)
        y = activated(b, normalised(b, x, "1", narrow), "1")
        y = activated(b, normalised(b, y, "2", narrow, 3, self.stride), "2")
        y = normalised(b, y, "3", channels)
        y = b.function("torch.add", y, shortcut(b, x, channels, self.stride))
        return activated(b, y, "3")

    def summary(self) -> str:
        return _residual(self.out_channels, self.stride)


class SqueezeExcitation(Layer, category="Convolution"):
    """Weigh each channel by what all maps show together."""

    stem = "se"
    keywords = ("se block", "squeeze and excitation", "channel attention", "senet", "gate")
    inputs = (Port("x", rank=4),)

    reduction: int = Field(
        4, ge=1, le=256, description="How many times fewer numbers the middle has than channels."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        channels = x.size(1, "the number of channels")
        narrow = max(1, channels // self.reduction)
        one: dict[str, Any] = {"kernel_size": (1, 1)}
        y = b.module("torch.nn.AdaptiveAvgPool2d", x, part="pool", output_size=(1, 1))
        y = b.module(
            "torch.nn.Conv2d", y, part="down", in_channels=channels, out_channels=narrow, **one
        )
        y = activated(b, y, "")
        y = b.module(
            "torch.nn.Conv2d", y, part="up", in_channels=narrow, out_channels=channels, **one
        )
        y = b.module("torch.nn.Sigmoid", y, part="gate")
        return b.function("torch.mul", x, y)

    def summary(self) -> str:
        return f"1/{self.reduction}"


def _residual(channels: int | None, stride: int) -> str:
    halved = f" /{stride}" if stride > 1 else ""
    return f"{channels or 'same'}{halved}"
