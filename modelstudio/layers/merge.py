"""Layers that bring several values together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch, Repair
from modelstudio.network.shapes import Builder, Value


def check_alike(values: Sequence[Value]) -> None:
    """Refuse values that neither have the same shape nor stretch to it along sizes of 1."""
    first = values[0]
    for index, value in enumerate(values[1:], 1):
        pairs = list(zip(first.shape, value.shape, strict=False))
        if value.rank == first.rank and all(a == b or 1 in (a, b) for a, b in pairs):
            continue
        repairs = []
        if first.rank == value.rank == 2:
            wide = first.shape[1]
            linear = Repair(
                f"Insert Linear with {wide}", "Linear", settings=(("out_features", wide),)
            )
            repairs.append(linear)
        elif first.rank == value.rank == 4 and first.shape[2:] == value.shape[2:]:
            wide = first.shape[1]
            settings = (("out_channels", wide), ("kernel_size", 1))
            repairs.append(
                Repair(f"Insert a 1 x 1 convolution to {wide}", "Conv2d", settings=settings)
            )
        elif value.rank > first.rank == 2:
            repairs.append(Repair("Insert Flatten", "Flatten"))
        raise Mismatch("needs values of the same shape", index, *repairs)


class Add(Layer, category="Merge and shape"):
    """Add values of the same shape; the end of a skip connection."""

    inputs = (Port("x", variadic=True),)

    def lower(self, b: Builder, *values: Value) -> Value:
        check_alike(values)
        return reduce(lambda left, right: b.function("torch.add", left, right), values)


class Multiply(Layer, category="Merge and shape"):
    """Multiply values of the same shape, number by number."""

    stem = "mul"
    inputs = (Port("x", variadic=True),)

    def lower(self, b: Builder, *values: Value) -> Value:
        check_alike(values)
        return reduce(lambda left, right: b.function("torch.mul", left, right), values)


class Concatenate(Layer, category="Merge and shape"):
    """Put values behind each other along one dimension."""

    stem = "cat"
    inputs = (Port("x", variadic=True),)

    axis: int = Field(
        1, ge=-1, le=7, description="Dimension to join along; 1 is channels, -1 the last."
    )

    def lower(self, b: Builder, *values: Value) -> Value:
        first = values[0]
        axis = first.rank - 1 if self.axis == -1 else self.axis
        if axis == 0 or axis >= first.rank:
            raise Mismatch(f"has no dimension {self.axis} to join along", 0)
        for index, value in enumerate(values[1:], 1):
            if value.rank != first.rank or any(
                a != b
                for i, (a, b) in enumerate(zip(first.shape, value.shape, strict=True))
                if i != axis
            ):
                flat = Repair("Insert Flatten", "Flatten")
                repairs = [flat] if value.rank > first.rank == 2 else []
                needs = "needs values that agree in every dimension but the joined one"
                raise Mismatch(needs, index, *repairs)
        return b.function("torch.cat", list(values), dim=axis)
