"""What foreign operations mean in blocks of the palette: shapes, arithmetic and shares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from modelstudio.engine.importing.drawing import Array, Unmapped, palette_layer
from modelstudio.engine.importing.phrases import Phrases, Ref
from modelstudio.network.analysis import Shape

_COMBINED = {"Add": "Add", "Mul": "Multiply", "Sub": "Subtract"}
"""Block for an operation on several values."""


class Shaping(Phrases):
    """Draws what arranges and combines values."""

    # Shape

    def reshape(self, x: Ref, shape: Shape) -> Ref:
        """Draw the same numbers in another shape."""
        if x.seen == shape:
            return x
        if not shape or shape[0] != "B" or any(_odd(dim) for dim in shape):
            raise Unmapped("It mixes the samples of a batch.")
        x = self.facing(x)
        if x.shape[:1] != ("B",):
            raise Unmapped("It takes a value without a batch.")
        if x.shape == shape:
            return x
        if len(shape) == 2 and x.rank > 2:
            return self.block("Flatten", [x], shape, dtype=x.dtype)
        sizes = tuple(dim if isinstance(dim, int) else -1 for dim in shape[1:])
        return self.block("Reshape", [x], shape, dtype=x.dtype, shape=sizes)

    def transpose(self, x: Ref, axes: Sequence[int]) -> Ref:
        """Note another order of the axes; a block comes when somebody needs it."""
        return replace(x, order=tuple(x.order[axis] for axis in axes))

    def cast(self, x: Ref, dtype: str) -> Ref:
        """Take ids as numbers; the other way there is no block for."""
        if x.dtype == dtype:
            return x
        raise Unmapped(f"It turns values of the type {x.dtype} into {dtype}.")

    def pick(self, x: Ref, axis: int, place: int, shape: Shape) -> Ref:
        """Draw one place along an axis, which goes."""
        kept = (*x.seen[:axis], 1, *x.seen[axis + 1 :])
        end = place + 1 if place != -1 else 2**31 - 1
        return self.reshape(self.slice(x, axis, place, end, 1, kept), shape)

    def slice(self, x: Ref, axis: int, start: int, end: int, step: int, shape: Shape) -> Ref:
        """Draw a stretch along an axis."""
        if x.seen == shape and step == 1:
            return x
        raise Unmapped("The palette has no Slice.")

    def pad(
        self, x: Ref, before: Sequence[int], after: Sequence[int], value: float = 0.0
    ) -> Ref:
        """Put a margin around the axes behind the channels."""
        lows, highs = [0, 0, *before], [0, 0, *after]
        dims = zip(x.seen, lows, highs, strict=True)
        shape = tuple(d + a + b if isinstance(d, int) else d for d, a, b in dims)
        return self.margin(x, lows, highs, shape, "zeros", value)

    def margin(
        self,
        x: Ref,
        before: Sequence[int],
        after: Sequence[int],
        shape: Shape,
        mode: str,
        value: float,
    ) -> Ref:
        """Draw a margin, one size for each axis of the value."""
        if not any([*before, *after]):
            return x
        if any([*before[:2], *after[:2]]):
            raise Unmapped("It puts a margin around the batch or the channels.")
        raise Unmapped("The palette has no Pad.")

    def resize(self, x: Ref, shape: Shape, mode: str, where: str, rounding: str) -> Ref:
        """Draw maps made larger or smaller."""
        raise Unmapped("The palette has no Upsample.")

    def concatenate(self, values: Sequence[Ref], axis: int, shape: Shape) -> Ref:
        """Draw values behind each other."""
        axis %= len(shape)
        if axis == 0:
            raise Unmapped("It joins batches.")
        return self.block("Concatenate", values, shape, axis=axis)

    # Arithmetic

    def combine(self, kind: str, values: Sequence[Ref], shape: Shape) -> Ref:
        """Draw an operation on several values, number by number."""
        if kind not in _COMBINED:
            raise Unmapped(f"The palette has no block for {kind} of two values.")
        first = values[0]
        alike = all(value.order == first.order for value in values)
        if alike and not first.straight and all(v.shape == first.shape for v in values):
            layer = palette_layer(_COMBINED[kind])
            wire = self.drawing.add(layer, *(value.wire for value in values))
            return replace(first, wire=wire)
        return self.block(_COMBINED[kind], [self.wide(v, len(shape)) for v in values], shape)

    def wide(self, x: Ref, rank: int) -> Ref:
        """Return a value with axes of 1 in front of its own, behind the batch."""
        if x.rank >= rank:
            return x
        raise Unmapped("It stretches a value over dimensions that it has not.")

    def with_constant(
        self, kind: str, x: Ref, constant: Array, constant_first: bool, shape: Shape
    ) -> Ref:
        """Draw an operation on a value and a constant."""
        number = float(constant.reshape(-1)[0]) if constant.size == 1 else None
        if (kind, number) in {("Add", 0.0), ("Mul", 1.0)} or (
            (kind, number) in {("Sub", 0.0), ("Div", 1.0), ("Pow", 1.0)} and not constant_first
        ):
            return x
        raise Unmapped(f"The palette has no block for {kind} with a constant.")

    def constant(self, values: Array) -> Ref:
        """Draw a constant."""
        raise Unmapped("The palette has no Constant.")

    def reduce(self, kind: str, x: Ref, axes: Sequence[int], kept: bool, shape: Shape) -> Ref:
        """Draw the mean, sum or largest of the numbers along some axes."""
        axes = sorted(axes)
        inner = sorted(x.order[axis] for axis in axes)
        if kind == "mean" and x.rank == 4 and inner == [2, 3] and x.order[:2] in ((0, 1), (0, 2)):
            pooled = self.global_pooling("Avg", replace(x, order=(0, 1, 2, 3)), (*x.shape[:2], 1, 1))
            if kept:
                return replace(pooled, order=x.order)
            return self.reshape(pooled, x.shape[:2])
        raise Unmapped(f"The palette has no {kind} over dimensions.")

    def softmax(self, x: Ref, axis: int, shape: Shape, *, log: bool = False) -> Ref:
        """Draw shares that add up to 1 along an axis."""
        kind = "LogSoftmax" if log else "Softmax"
        if axis == len(shape) - 1:
            return self.block(kind, [x], shape, axis="last")
        if axis == 1:
            return self.block(kind, [x], shape, axis="channels")
        raise Unmapped("It makes shares along an axis in the middle.")

    def clip(self, x: Ref, low: Any, high: Any) -> Ref:
        """Draw numbers held within limits."""
        lowest = -math.inf if low is None else float(np.asarray(low).reshape(-1)[0])
        highest = math.inf if high is None else float(np.asarray(high).reshape(-1)[0])
        if lowest == 0 and highest > 1e30:
            return self.each("ReLU", x)
        if (lowest, highest) == (0, 6):
            return self.each("ReLU6", x)
        return self.each("Hardtanh", x, min_val=lowest, max_val=highest)

    def prelu(self, x: Ref, slope: Array, shape: Shape) -> Ref:
        """Draw a slope below 0 that was learnt."""
        if slope.size not in (1, x.seen[1]):
            raise Unmapped("It has a slope for each number.")
        settings = {} if slope.size == 1 else {"per_channel": True}
        return self.layer(palette_layer("PReLU", **settings), [x], shape, {"weight": slope})


def _odd(dim: object) -> bool:
    return isinstance(dim, str) and dim not in ("B", "T")
