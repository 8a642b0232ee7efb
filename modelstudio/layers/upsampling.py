"""Layers that make signals, maps and volumes larger without weights."""

from __future__ import annotations

from math import gcd
from typing import Annotated, Any, Literal

from pydantic import Field

from modelstudio.layers.windows import Length, sides
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import REMOVE, Mismatch, Repair
from modelstudio.network.repairs import pointwise
from modelstudio.network.shapes import Builder, Value

Factor = Annotated[int, Field(ge=1, le=64)]

_MODES = {3: "linear", 4: "bilinear", 5: "trilinear"}


class Upsample(Layer, category="Merge and shape"):
    """Enlarge signals, maps or volumes by a factor or to a size."""

    keywords = ("resize", "interpolate", "zoom", "enlarge", "nearest", "bilinear")
    inputs = (Port("x", rank=(3, 4, 5), order="channels"),)

    scale_factor: Factor = Field(
        2, title="Factor", description="How much larger each side becomes."
    )
    size: tuple[Length, ...] = Field(
        (), max_length=3, description="Size that comes out, a number a side; empty uses the factor."
    )
    mode: Literal["nearest", "linear", "cubic"] = Field(
        "nearest", description="Repeat values, or draw a line or a curve between them."
    )
    align_corners: bool = Field(
        False, description="Keep the outermost values at the edges; not for nearest."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        axes = x.rank - 2
        if self.size and len(self.size) != axes:
            none = Repair("Enlarge by the factor", settings=(("size", ()),))
            raise Mismatch(f"needs a size of {axes} numbers, or none", 0, none)
        if self.mode == "cubic" and x.rank != 4:
            lines = Repair("Draw lines", settings=(("mode", "linear"),))
            raise Mismatch("needs maps to draw curves between their pixels", 0, lines)
        for axis in range(2, x.rank):
            x.size(axis, "the size it enlarges")
        mode = {"nearest": "nearest", "cubic": "bicubic"}.get(self.mode, _MODES[x.rank])
        size: Any = self.size if axes > 1 else self.size[:1] and self.size[0]
        how: dict[str, Any] = {"size": size} if size else {"scale_factor": self.scale_factor}
        if self.mode != "nearest":
            how["align_corners"] = self.align_corners
        return b.module("torch.nn.Upsample", x, **how, mode=mode)

    def summary(self) -> str:
        return f"to {sides(self.size)}" if self.size else f"×{self.scale_factor}"


class PixelShuffle(Layer, category="Merge and shape"):
    """Make larger maps by putting the pixels of several maps beside each other."""

    stem = "shuffle"
    keywords = ("sub-pixel convolution", "depth to space", "super-resolution")
    inputs = (Port("x", rank=4),)

    upscale_factor: Factor = Field(
        2, title="Factor", description="How much larger height and width become."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        channels, square = x.size(1, "the number of maps"), self.upscale_factor**2
        if channels % square:
            wide = -(-channels // square) * square
            raise Mismatch(f"needs a multiple of {square} maps", 0, *pointwise(2, wide))
        return b.module("torch.nn.PixelShuffle", x, upscale_factor=self.upscale_factor)

    def summary(self) -> str:
        return f"×{self.upscale_factor}"


class PixelUnshuffle(Layer, category="Merge and shape"):
    """Make several smaller maps of each, every so many pixels going to the same one."""

    stem = "unshuffle"
    keywords = ("space to depth",)
    inputs = (Port("x", rank=4),)

    downscale_factor: Factor = Field(
        2, title="Factor", description="How much smaller height and width become."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        factor = self.downscale_factor
        high, wide = (x.size(axis, "the size of the maps") for axis in (2, 3))
        if high % factor or wide % factor:
            shared = gcd(high, wide)
            best = max(n for n in range(1, factor) if shared % n == 0)
            smaller = Repair(f"Set the factor to {best}", settings=(("downscale_factor", best),))
            cut = (("bottom", high % factor), ("right", wide % factor))
            spoken = f"{high - high % factor} x {wide - wide % factor}"
            crop = Repair(f"Insert Crop to {spoken}", "Crop", settings=cut)
            raise Mismatch(
                f"needs maps whose sides are multiples of {factor}",
                0,
                *([smaller] if best > 1 else []),
                *([crop] if min(high, wide) >= factor else []),
                REMOVE,
            )
        return b.module("torch.nn.PixelUnshuffle", x, downscale_factor=factor)

    def summary(self) -> str:
        return f"÷{self.downscale_factor}"
