"""Layers that arrange numbers anew and leave them as they are."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch, Repair
from modelstudio.network.shapes import Builder, Value

Size = Annotated[int, Field(ge=-1, le=2**31 - 1)]
Axis = Annotated[int, Field(ge=1, le=7)]


def axis_of(axis: int, x: Value) -> int:
    """Return the number of a dimension of a sample; -1 is the last.

    Raises
    ------
    Mismatch
        When the value has no such dimension.
    """
    found = x.rank - 1 if axis == -1 else axis
    if not 0 < found < x.rank:
        raise Mismatch(f"has no dimension {axis}", 0)
    return found


class Flatten(Layer, category="Merge and shape"):
    """Write all numbers of a sample in one row."""

    stem = "flat"
    inputs = (Port("x", dtype="any"),)

    def lower(self, b: Builder, x: Value) -> Value:
        if x.rank == 1:
            return b.function("torch.reshape", x, shape=(-1, 1))
        return b.function("torch.flatten", x, start_dim=1)


class Reshape(Layer, category="Merge and shape"):
    """Arrange the numbers of a sample in another shape."""

    inputs = (Port("x", dtype="any"),)

    shape: tuple[Size, ...] = Field(
        (-1,),
        min_length=1,
        max_length=6,
        description="Sizes without the batch; one may be -1, which takes what is left.",
    )

    def lower(self, b: Builder, x: Value) -> Value:
        total = math.prod(x.size(axis, "every size of a sample") for axis in range(1, x.rank))
        fixed = math.prod(size for size in self.shape if size != -1)
        open_sizes = self.shape.count(-1)
        if 0 in self.shape or open_sizes > 1:
            raise Mismatch("needs a shape of positive sizes with at most one -1")
        if total % fixed or (not open_sizes and total != fixed):
            wanted = " x ".join(map(str, self.shape))
            row = Repair(f"Make one row of {total}", settings=(("shape", (-1,)),))
            raise Mismatch(f"cannot make {wanted} of {total} numbers", 0, row)
        sizes = tuple(total // fixed if size == -1 else size for size in self.shape)
        return b.function("torch.reshape", x, shape=(-1, *sizes))

    def summary(self) -> str:
        return "×".join(map(str, self.shape))


class Permute(Layer, category="Merge and shape"):
    """Put the dimensions of a sample in another order."""

    inputs = (Port("x", dtype="any"),)

    order: tuple[Axis, ...] = Field(
        (2, 1),
        min_length=1,
        max_length=7,
        description="Old numbers of the dimensions in their new order; 0, the batch, stays first.",
    )

    def lower(self, b: Builder, x: Value) -> Value:
        axes = ", ".join(map(str, range(1, x.rank)))
        if sorted(self.order) != list(range(1, x.rank)):
            raise Mismatch(f"needs each of the dimensions {axes} once in its order", 0)
        return b.function("torch.permute", x, dims=(0, *self.order))

    def summary(self) -> str:
        return " ".join(map(str, self.order))


class Squeeze(Layer, category="Merge and shape"):
    """Drop a dimension of size 1."""

    inputs = (Port("x", dtype="any"),)

    axis: int = Field(1, ge=-1, le=7, description="The dimension; 1 is channels, -1 the last.")

    def lower(self, b: Builder, x: Value) -> Value:
        axis = axis_of(self.axis, x)
        if x.shape[axis] != 1:
            raise Mismatch(f"needs the size 1 in dimension {self.axis}", 0)
        return b.function("torch.squeeze", x, dim=axis)

    def summary(self) -> str:
        return f"axis {self.axis}"


class Unsqueeze(Layer, category="Merge and shape"):
    """Add a dimension of size 1."""

    inputs = (Port("x", dtype="any"),)

    axis: int = Field(
        1, ge=-1, le=7, description="Place of the new dimension; 1 is the first, -1 the last."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        if self.axis == 0 or self.axis > x.rank:
            raise Mismatch(f"has no place {self.axis} for a new dimension", 0)
        return b.function("torch.unsqueeze", x, dim=x.rank if self.axis == -1 else self.axis)

    def summary(self) -> str:
        return f"axis {self.axis}"


class Reduce(Layer, category="Merge and shape"):
    """Make one number of all along a dimension: their mean, maximum, minimum or sum."""

    inputs = (Port("x", rank=(2, 3, 4, 5)),)

    operation: Literal["mean", "max", "min", "sum"] = Field(
        "mean", description="What is made of the numbers."
    )
    axis: int = Field(
        1, ge=-1, le=7, description="The dimension; 1 is channels or places, -1 the last."
    )
    keep_dims: bool = Field(
        False, title="Keep dimension", description="Leave a size of 1 where it reduced."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        function = {"max": "amax", "min": "amin"}.get(self.operation, self.operation)
        axis = axis_of(self.axis, x)
        return b.function(f"torch.{function}", x, dim=axis, keepdim=self.keep_dims)

    def summary(self) -> str:
        return f"{self.operation} · axis {self.axis}"
