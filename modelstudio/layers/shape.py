"""Layers that arrange numbers anew and leave them as they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from modelstudio.layers.attention import padding_read
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import LAST_AXIS, REMOVE, Mismatch, Repair
from modelstudio.network.repairs import without_length
from modelstudio.network.shapes import Builder, Value

Size = Annotated[int, Field(ge=-1, le=2**31 - 1)]
Place = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
PaddingId = Annotated[
    int,
    Field(
        ge=0,
        le=100_000_000,
        title="Padding id",
        description="Id that fills short rows; such steps do not count.",
    ),
]
Axis = Annotated[int, Field(ge=1, le=7)]


SIZES = "every size of a sample"

ENDS = (
    Repair("Take the last step", settings=(("index", -1),)),
    Repair("Take the first step", settings=(("index", 0),)),
)


def check_fixed(x: Value, *, become: bool) -> None:
    """Refuse values of which a size is not known; repairs may take the place of a block."""
    if any(isinstance(size, str) for size in x.shape[1:]):
        repairs = without_length(x.shape, become)
        raise Mismatch(f"needs {SIZES} to be a fixed number", 0, *repairs)


def axis_of(axis: int, x: Value) -> int:
    """Return the number of a dimension of a sample; -1 is the last.

    Raises
    ------
    Mismatch
        When the value has no such dimension.
    """
    found = x.rank - 1 if axis == -1 else axis
    if not 0 < found < x.rank:
        raise Mismatch(f"has no dimension {axis}", 0, LAST_AXIS if x.rank > 1 else REMOVE)
    return found


def check_steps(x: Value, axis: int, ids: Value) -> None:
    """Refuse ids that are not one for each step of a sequence."""
    if x.rank != 3 or axis != 1:
        raise Mismatch("can leave out padding along the steps of a sequence only", 0)
    if x.shape[:2] != ids.shape[:2]:
        raise Mismatch("needs one id for each step", 1)


class Flatten(Layer, category="Merge and shape"):
    """Write all numbers of a sample in one row."""

    stem = "flat"
    keywords = ("unroll", "row", "ravel")
    inputs = (Port("x", dtype="any"),)

    def lower(self, b: Builder, x: Value) -> Value:
        if x.rank == 1:
            return b.function("torch.reshape", x, shape=(-1, 1))
        check_fixed(x, become=True)
        return b.function("torch.flatten", x, start_dim=1)


class Reshape(Layer, category="Merge and shape"):
    """Arrange the numbers of a sample in another shape."""

    keywords = ("view", "resize tensor", "unflatten")
    inputs = (Port("x", dtype="any"),)

    shape: tuple[Size, ...] = Field(
        (-1,),
        min_length=1,
        max_length=6,
        description="Sizes without the batch; one may be -1, which takes what is left.",
    )

    def lower(self, b: Builder, x: Value) -> Value:
        check_fixed(x, become=False)
        total = math.prod(x.size(axis, SIZES) for axis in range(1, x.rank))
        fixed = math.prod(size for size in self.shape if size != -1)
        open_sizes = self.shape.count(-1)
        row = Repair(f"Make one row of {total}", settings=(("shape", (-1,)),))
        if 0 in self.shape or open_sizes > 1:
            raise Mismatch("needs a shape of positive sizes with at most one -1", None, row)
        if total % fixed or (not open_sizes and total != fixed):
            wanted = " x ".join(map(str, self.shape))
            raise Mismatch(f"cannot make {wanted} of {total} numbers", 0, row)
        sizes = tuple(total // fixed if size == -1 else size for size in self.shape)
        return b.function("torch.reshape", x, shape=(-1, *sizes))

    def summary(self) -> str:
        return "×".join(map(str, self.shape))


class Permute(Layer, category="Merge and shape"):
    """Put the dimensions of a sample in another order."""

    keywords = ("transpose", "swap axes", "reorder", "rearrange", "channels last", "channels first")
    inputs = (Port("x", dtype="any"),)

    order: tuple[Axis, ...] = Field(
        (2, 1),
        min_length=1,
        max_length=7,
        description="Old numbers of the dimensions in their new order; 0, the batch, stays first.",
    )

    def lower(self, b: Builder, x: Value) -> Value:
        axes = list(range(1, x.rank))
        if sorted(self.order) != axes and x.rank < 3:
            raise Mismatch("has nothing to put in another order", 0, REMOVE)
        if sorted(self.order) != axes:
            last = (*axes[1:], 1)
            spoken = " ".join(map(str, last))
            fitting = Repair(f"Set its order to {spoken}", settings=(("order", last),))
            raise Mismatch(
                f"needs each of the dimensions {', '.join(map(str, axes))} once in its order",
                0,
                fitting,
            )
        return b.function("torch.permute", x, dims=(0, *self.order))

    def summary(self) -> str:
        return " ".join(map(str, self.order))


class Squeeze(Layer, category="Merge and shape"):
    """Drop a dimension of size 1."""

    keywords = ("drop axis", "remove dimension")
    inputs = (Port("x", dtype="any"),)

    axis: int = Field(1, ge=-1, le=7, description="The dimension; 1 is channels, -1 the last.")

    def lower(self, b: Builder, x: Value) -> Value:
        axis = axis_of(self.axis, x)
        if x.shape[axis] != 1:
            single = [axis for axis in range(1, x.rank) if x.shape[axis] == 1]
            repairs = [Repair(f"Drop dimension {n}", settings=(("axis", n),)) for n in single]
            raise Mismatch(f"needs the size 1 in dimension {self.axis}", 0, *repairs, REMOVE)
        return b.function("torch.squeeze", x, dim=axis)

    def summary(self) -> str:
        return f"axis {self.axis}"


class Unsqueeze(Layer, category="Merge and shape"):
    """Add a dimension of size 1."""

    keywords = ("expand dims", "new axis", "add dimension")
    inputs = (Port("x", dtype="any"),)

    axis: int = Field(
        1, ge=-1, le=7, description="Place of the new dimension; 1 is the first, -1 the last."
    )

    def lower(self, b: Builder, x: Value) -> Value:
        if self.axis == 0 or self.axis > x.rank:
            raise Mismatch(f"has no place {self.axis} for a new dimension", 0, LAST_AXIS)
        return b.function("torch.unsqueeze", x, dim=x.rank if self.axis == -1 else self.axis)

    def summary(self) -> str:
        return f"axis {self.axis}"


class Reduce(Layer, category="Merge and shape"):
    """Make one number of all along a dimension: their mean, maximum, minimum or sum.

    Wire the ids of a sequence to leave out its padding.
    """

    keywords = (
        "mean",
        "average",
        "max",
        "min",
        "sum",
        "maximum over axis",
        "reduction",
        "aggregate",
    )
    inputs = (Port("x", rank=(2, 3, 4, 5)), Port("ids", rank=2, dtype="int", optional=True))

    operation: Literal["mean", "max", "min", "sum"] = Field(
        "mean", description="What is made of the numbers."
    )
    axis: int = Field(
        1, ge=-1, le=7, description="The dimension; 1 is channels or steps, -1 the last."
    )
    keep_dims: bool = Field(
        False, title="Keep dimension", description="Leave a size of 1 where it reduced."
    )
    padding_id: PaddingId = 0

    def lower(self, b: Builder, x: Value, ids: Value | None = None) -> Value:
        axis = axis_of(self.axis, x)
        if ids is None:
            function = {"max": "amax", "min": "amin"}.get(self.operation, self.operation)
            return b.function(f"torch.{function}", x, dim=axis, keepdim=self.keep_dims)
        check_steps(x, axis, ids)
        step = b.function(
            "modelstudio.engine.sequences.reduced_steps",
            x,
            ids,
            operation=self.operation,
            padding_id=self.padding_id,
        )
        return step if self.keep_dims else b.function("torch.squeeze", step, dim=1)

    def notices(self, taken: Sequence[Value | None]) -> Iterator[Mismatch]:
        x, ids = taken
        if x is not None and x.rank == 3 and axis_of(self.axis, x) == 1:
            yield from padding_read(x, ids)

    def summary(self) -> str:
        return f"{self.operation} · axis {self.axis}"


class Select(Layer, category="Merge and shape"):
    """Take one place of a dimension, such as the first step of a sequence.

    Wire the ids of a sequence to take its last step before the padding.
    """

    keywords = ("index", "take", "first step", "last step", "first token", "gather")
    inputs = (
        Port("x", rank=(2, 3, 4, 5), dtype="any"),
        Port("ids", rank=2, dtype="int", optional=True),
    )

    axis: int = Field(1, ge=-1, le=7, description="The dimension; 1 is channels, -1 the last.")
    index: Place = Field(0, description="The place; 0 is the first, -1 the last.")
    padding_id: PaddingId = 0

    def lower(self, b: Builder, x: Value, ids: Value | None = None) -> Value:
        axis = axis_of(self.axis, x)
        size = x.shape[axis]
        if isinstance(size, int) and not -size <= self.index < size:
            raise Mismatch(f"has no place {self.index} to take", 0, *ENDS)
        if isinstance(size, str) and self.index not in (0, -1):
            needs = "needs a fixed length to take a place that is not the first or the last"
            raise Mismatch(needs, 0, *ENDS)
        if ids is None:
            return b.function("torch.select", x, dim=axis, index=self.index)
        check_steps(x, axis, ids)
        if self.index not in (0, -1):
            raise Mismatch(
                "can leave out padding only for the last step",
                None,
                ENDS[0],
            )
        if self.index == 0:
            return b.function("torch.select", x, dim=axis, index=0)
        last = "modelstudio.engine.sequences.last_step"
        return b.function(last, x, ids, padding_id=self.padding_id)

    def notices(self, taken: Sequence[Value | None]) -> Iterator[Mismatch]:
        x, ids = taken
        if x is not None and x.rank == 3 and axis_of(self.axis, x) == 1 and self.index == -1:
            yield from padding_read(x, ids)

    def summary(self) -> str:
        return f"{self.index} · axis {self.axis}"
