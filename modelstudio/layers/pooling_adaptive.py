"""Pooling to a size of your choice, or to one number a channel."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from modelstudio.layers.windows import Length, Pair, Triple, sides, sizes
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch, Repair
from modelstudio.network.shapes import Builder, Value


def windows(x: Value, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Return the sides of the windows that an adaptive pooling has.

    Windows of one size give the same in an ONNX file, so what comes out has to divide what goes in.
    """
    given = [x.size(axis, "the size it pools") for axis in range(2, x.rank)]
    if any(size % out for size, out in zip(given, wanted, strict=True)):
        fitting = tuple(
            max(n for n in range(1, out + 1) if size % n == 0)
            for size, out in zip(given, wanted, strict=True)
        )
        one = fitting if len(fitting) > 1 else fitting[0]
        other = Repair(f"Set its size to {sides(fitting)}", settings=(("output_size", one),))
        raise Mismatch(
            f"needs a size that is a multiple of {sides(wanted)}, so that the exported file gives"
            " the same answer",
            0,
            other,
        )
    return tuple(size // out for size, out in zip(given, wanted, strict=True))


class _GlobalPool(Layer, abstract=True, category="Pooling"):
    """What poolings over everything but the channels share."""

    stem = "pool"
    inputs = (Port("x", rank=(3, 4, 5), order="channels"),)

    function: ClassVar[str]

    keep_dims: bool = Field(
        False, title="Keep dimensions", description="Leave sizes of 1 where it pooled."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        axes = tuple(range(2, x.rank))
        return b.function(self.function, x, dim=axes, keepdim=self.keep_dims)


class GlobalAvgPool(_GlobalPool):
    """Average each channel of a signal, map or volume to one number."""

    keywords = ("global average pooling", "gap", "mean pooling", "average pooling")
    function = "torch.mean"

    def summary(self) -> str:
        return "Global avg"


class GlobalMaxPool(_GlobalPool):
    """Keep the largest value of each channel of a signal, map or volume."""

    keywords = ("global max pooling", "max pooling")
    function = "torch.amax"

    def summary(self) -> str:
        return "Global max"


class _AdaptivePool(Layer, abstract=True, category="Pooling"):
    """What poolings to a size share."""

    stem = "pool"
    keywords: ClassVar[tuple[str, ...]] = ("pooling", "pool", "output size", "spatial pyramid")

    kind: ClassVar[str]

    output_size: int | tuple[int, ...]

    def lower(self, b: Builder, x: Value) -> Value:
        wanted = sizes(self.output_size)
        if any(isinstance(size, str) for size in x.shape[2:]) and set(wanted) == {1}:
            kind = f"Global{self.kind}Pool"
            whole = Repair(f"Use {kind}", become=kind, settings=(("keep_dims", True),))
            raise Mismatch("needs a fixed size to pool", 0, whole)
        windows(x, wanted)
        size: Any = wanted if len(wanted) > 1 else wanted[0]
        return b.module(f"torch.nn.{self.type_name}", x, output_size=size)

    def summary(self) -> str:
        return f"{self.kind} to {sides(sizes(self.output_size))}"


class _Adaptive1d(_AdaptivePool, abstract=True):
    """What poolings of signals to a size share."""

    inputs = (Port("x", rank=3, order="channels"),)

    output_size: Length = Field(1, description="Length that comes out.")


class _Adaptive2d(_AdaptivePool, abstract=True):
    """What poolings of maps to a size share."""

    inputs = (Port("x", rank=4),)

    output_size: Pair = Field((1, 1), description="Height and width that come out.")


class _Adaptive3d(_AdaptivePool, abstract=True):
    """What poolings of volumes to a size share."""

    inputs = (Port("x", rank=5),)

    output_size: Triple = Field((1, 1, 1), description="Depth, height and width that come out.")


class AdaptiveAvgPool1d(_Adaptive1d):
    """Average a signal down to a size of your choice, whatever its own."""

    keywords = ("adaptive average pooling",)
    kind = "Avg"


class AdaptiveAvgPool2d(_Adaptive2d):
    """Average maps down to a size of your choice, whatever their own."""

    keywords = ("adaptive average pooling",)
    kind = "Avg"


class AdaptiveAvgPool3d(_Adaptive3d):
    """Average volumes down to a size of your choice, whatever their own."""

    keywords = ("adaptive average pooling",)
    kind = "Avg"

    def lower(self, b: Builder, x: Value) -> Value:
        # ONNX has no adaptive average over volumes.
        return b.module("torch.nn.AvgPool3d", x, kernel_size=windows(x, self.output_size))


class AdaptiveMaxPool1d(_Adaptive1d):
    """Keep the largest values of a signal, down to a size of your choice."""

    keywords = ("adaptive max pooling",)
    kind = "Max"


class AdaptiveMaxPool2d(_Adaptive2d):
    """Keep the largest values of maps, down to a size of your choice."""

    keywords = ("adaptive max pooling",)
    kind = "Max"


class AdaptiveMaxPool3d(_Adaptive3d):
    """Keep the largest values of volumes, down to a size of your choice."""

    keywords = ("adaptive max pooling",)
    kind = "Max"
