"""Layers that bring several values together."""

from __future__ import annotations

from functools import reduce

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch
from modelstudio.network.shapes import Builder, Value


class Add(Layer, category="Merge and shape"):
    """Add values of the same shape; the end of a skip connection."""

    inputs = (Port("x", variadic=True),)

    def lower(self, b: Builder, *values: Value) -> Value:
        return reduce(lambda left, right: b.function("torch.add", left, right), values)


class Multiply(Layer, category="Merge and shape"):
    """Multiply values of the same shape, number by number."""

    stem = "mul"
    inputs = (Port("x", variadic=True),)

    def lower(self, b: Builder, *values: Value) -> Value:
        return reduce(lambda left, right: b.function("torch.mul", left, right), values)


class Concatenate(Layer, category="Merge and shape"):
    """Put values behind each other along one dimension."""

    stem = "cat"
    inputs = (Port("x", variadic=True),)

    axis: int = Field(
        1, ge=-1, le=7, description="Dimension to join along; 1 is channels, -1 the last."
    )

    def lower(self, b: Builder, *values: Value) -> Value:
        axis = values[0].rank - 1 if self.axis == -1 else self.axis
        if axis == 0 or axis >= values[0].rank:
            raise Mismatch(f"has no dimension {self.axis} to join along", 0)
        return b.function("torch.cat", list(values), dim=axis)
