"""Layers that cut values off at the ends, or add some there."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from modelstudio.layers.shape import Place, axis_of
from modelstudio.layers.windows import Filling, Margin
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import REMOVE, Mismatch, Repair
from modelstudio.network.shapes import Builder, Value

FILL_ZEROS = Repair("Fill it with zeros", settings=(("mode", "zeros"),))

_ALL = slice(0, None, 1)
_ENDS = ((-1, None), (0, 1))
_LABELS = ("Keep the last step", "Keep the first step")


class _Edges(Layer, abstract=True, category="Merge and shape"):
    """What layers share that act on the ends of a signal or the sides of a map."""

    inputs = (Port("x", rank=(3, 4)),)

    left: Margin = Field(0, description="Samples or columns at the left.")
    right: Margin = Field(0, description="Samples or columns at the right.")
    top: Margin = Field(0, description="Rows at the top of a map.")
    bottom: Margin = Field(0, description="Rows at the bottom of a map.")

    def around(self, x: Value) -> tuple[int, ...]:
        """Return the margins as torch takes them, the last dimension first."""
        sides = (self.left, self.right), (self.top, self.bottom)
        if x.rank == 3 and any(sides[1]):
            flat = Repair("Leave top and bottom as they are", settings=(("top", 0), ("bottom", 0)))
            raise Mismatch("needs maps to act at the top and the bottom", 0, flat)
        return tuple(margin for side in sides[: x.rank - 2] for margin in side)

    def summary(self) -> str:
        return " ".join(map(str, (self.left, self.right, self.top, self.bottom)))


class Pad(_Edges):
    """Put a margin around a signal or a map."""

    keywords = ("padding", "zero padding", "reflect", "margin", "border")

    mode: Filling = Field("zeros", title="Padding value", description="What the margin holds.")

    def lower(self, b: Builder, x: Value) -> Value:
        around = self.around(x)
        most = {"reflect": 1, "circular": 0}.get(self.mode)
        wide = zip(reversed(x.shape[2:]), around[::2], around[1::2], strict=True)
        for size, *margins in wide:
            if most is not None and isinstance(size, int) and max(margins) > size - most:
                raise Mismatch(
                    f"has a margin too wide for its padding value {self.mode!r}", 0, FILL_ZEROS
                )
        mode = "constant" if self.mode == "zeros" else self.mode
        return b.function("torch.nn.functional.pad", x, pad=around, mode=mode)


class Crop(_Edges):
    """Cut the sides off a signal or a map."""

    keywords = ("cut", "trim", "margin")

    def lower(self, b: Builder, x: Value) -> Value:
        around = self.around(x)
        cut = zip(reversed(x.shape[2:]), around[::2], around[1::2], strict=True)
        if any(isinstance(size, int) and sum(margins) >= size for size, *margins in cut):
            raise Mismatch("cuts off all there is", 0, REMOVE)
        return b.function(
            "torch.nn.functional.pad", x, pad=tuple(-margin for margin in around), mode="constant"
        )


class Slice(Layer, category="Merge and shape"):
    """Keep part of one dimension, from one place to before another."""

    keywords = ("split", "cut", "part", "range", "narrow", "chunk")
    inputs = (Port("x", dtype="any"),)

    axis: int = Field(1, ge=-1, le=7, description="The dimension; 1 is channels, -1 the last.")
    start: Place = Field(0, description="First place that is kept; negative counts from the end.")
    stop: Place | None = Field(
        None, description="First place that is left out; empty keeps the rest."
    )
    step: int = Field(1, ge=1, le=2**31 - 1, description="Keep every so many places.")

    def lower(self, b: Builder, x: Value) -> Value:
        axis = axis_of(self.axis, x)
        size = x.shape[axis]
        part = slice(self.start, self.stop, self.step)
        if isinstance(size, int) and not range(*part.indices(size)):
            whole = Repair("Keep all of it", settings=(("start", 0), ("stop", None), ("step", 1)))
            raise Mismatch("keeps nothing of what it is given", 0, whole)
        if isinstance(size, str) and (self.start, self.stop) not in _ENDS and part != _ALL:
            raise Mismatch(
                "needs a fixed length to keep more than the first or the last step",
                0,
                *(
                    Repair(label, settings=(("start", start), ("stop", stop), ("step", 1)))
                    for label, (start, stop) in zip(_LABELS, _ENDS, strict=True)
                ),
            )
        settings: dict[str, Any] = {"start": self.start, "stop": self.stop, "step": self.step}
        return b.function("modelstudio.engine.modules.sliced", x, dim=axis, **settings)

    def summary(self) -> str:
        stop = "" if self.stop is None else self.stop
        step = "" if self.step == 1 else f":{self.step}"
        return f"{self.start or ''}:{stop}{step} · axis {self.axis}"
