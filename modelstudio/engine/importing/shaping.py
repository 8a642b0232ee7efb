"""What foreign operations mean in blocks of the palette: shapes, arithmetic and shares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from modelstudio.engine.importing.drawing import Array, Unmapped, Weights, Wire, palette_layer
from modelstudio.engine.importing.phrases import Order, Phrases, Ref, straight
from modelstudio.network.analysis import Dim, Shape
from modelstudio.network.layer import UnknownLayer

_COMBINED = {
    "Add": "Add",
    "Mul": "Multiply",
    "Sub": "Subtract",
    "Div": "Divide",
    "Max": "Maximum",
    "Min": "Minimum",
}
"""Block for an operation on several values."""

_MATH = {("Pow", 2.0): "square", ("Pow", 0.5): "sqrt", ("Pow", -1.0): "reciprocal"}
"""Function for a power of a value."""

_MATH_BEHIND = {("Div", 1.0): "reciprocal", ("Sub", 0.0): "negative"}
"""Function for an operation on a number and a value, the number first."""

_REDUCED = ("mean", "sum", "max", "min")

_LARGEST = 1e30
"""A limit beyond this one is none."""

_WHOLE_END = 2**31 - 1
"""Ends of slices from here on mean the end of the axis."""


SAMPLES_FIRST = "Its samples stand first, where it expects the steps of a sequence."
"""Reason of a placeholder for what takes sequences the steps first."""


class Shaping(Phrases):
    """Draws what arranges and combines values."""

    # Shape

    def reshape(self, x: Ref, shape: Shape) -> Ref:
        """Draw the same numbers in another shape; sizes of 1 that go or come may need no block."""
        if x.seen == shape:
            return x
        order = _refitted(x, shape)
        if order is not None:
            return replace(x, order=order)
        if shape == ("B",) and x.shape == ("B", 1):
            return replace(x, order=(0,))
        if not shape or shape[0] != "B" or any(_odd(dim) for dim in shape):
            raise Unmapped("It mixes the samples of a batch.")
        bare = replace(x, order=tuple(axis for axis in x.order if axis >= 0))
        x = self.facing(bare)
        if x.shape[:1] != ("B",):
            raise Unmapped("It takes a value without a batch.")
        if len(shape) == 2 and x.rank > 2:
            return self.block("Flatten", [x], shape, dtype=x.dtype)
        sizes = tuple(dim if isinstance(dim, int) else -1 for dim in shape[1:])
        return self.block("Reshape", [x], shape, dtype=x.dtype, shape=sizes)

    def transpose(self, x: Ref, axes: Sequence[int]) -> Ref:
        """Note another order of the axes; a block comes when somebody needs it."""
        return replace(x, order=tuple(x.order[axis] for axis in axes))

    def steps_first(self, x: Ref) -> Ref:
        """Return a sequence of the file (steps, batch, numbers), on the canvas the batch first."""
        if x.rank != 3 or len(x.order) != 3 or x.order[1] != 0:
            raise Unmapped(SAMPLES_FIRST)
        turned = self.facing(self.transpose(x, (1, 0, 2)))
        return replace(turned, order=(1, 0, 2))

    def answer(self, x: Ref) -> tuple[Wire, Order]:
        """Return a value as an output gives it, the batch first, and its axes in the file.

        One number for each sample is a row of one.
        """
        lost = isinstance(self.drawing.take(x.wire).layer, UnknownLayer)
        if x.seen == ("B",) and not lost:
            wire = x.wire if x.rank > 1 else self.block("Unsqueeze", [x], ("B", 1), axis=1).wire
            return wire, (0,)
        place = x.order.index(0) if 0 in x.order else 0
        axes = tuple(sorted(range(len(x.order)), key=lambda axis: axis != place))
        return self.facing(self.transpose(x, axes)).wire, axes

    def cast(self, x: Ref, dtype: str) -> Ref:
        """Pass on what is of the type already; there is no block that changes it."""
        if x.dtype == dtype:
            return x
        raise Unmapped(f"It turns values of the type {x.dtype} into {dtype}.")

    def pick(self, x: Ref, axis: int, place: int) -> Ref:
        """Draw one place along an axis, which goes."""
        own = x.order[axis]
        rest = (*x.order[:axis], *x.order[axis + 1 :])
        if own < 0:
            return replace(x, order=rest)
        if own == 0:
            raise Unmapped("It picks a sample of the batch.")
        order = tuple(place - (place > own) for place in rest)
        shape = (*x.shape[:own], *x.shape[own + 1 :])
        layer = palette_layer("Select", axis=own, index=place)
        return Ref(self.drawing.add(layer, x.wire), shape, order, x.dtype)

    def slice(self, x: Ref, axis: int, start: int, end: int, step: int, size: Dim) -> Ref:
        """Draw a stretch along an axis, of which ``size`` places remain."""
        own = x.order[axis]
        if own < 0 or (x.shape[own] == size and step == 1 and start in (0, None)):
            return x
        if own == 0:
            raise Unmapped("It takes some samples of the batch.")
        if step < 1:
            raise Unmapped("It goes backwards.")
        stop = None if end >= _WHOLE_END or end == x.shape[own] else end
        layer = palette_layer("Slice", axis=own, start=start, stop=stop, step=step)
        shape = (*x.shape[:own], size, *x.shape[own + 1 :])
        return Ref(self.drawing.add(layer, x.wire), shape, x.order, x.dtype)

    def pad(self, x: Ref, before: Sequence[int], after: Sequence[int], lowest: bool = False) -> Ref:
        """Put zeros around the axes behind the channels.

        With ``lowest`` they stand for numbers below all others, as before a largest of each window.
        """
        if lowest and self.drawing.take(x.wire).layer.type_name not in _NOT_NEGATIVE:
            raise Unmapped("Its uneven margin would be larger than negative numbers.")
        return self.margin(x, [0, 0, *before], [0, 0, *after], "zeros", 0.0)

    def margin(
        self, x: Ref, before: Sequence[int], after: Sequence[int], mode: str, value: float
    ) -> Ref:
        """Draw a margin, one size for each axis of the value."""
        if not any([*before, *after]):
            return x
        if not x.straight:
            x = self.facing(x)
        around: dict[int, tuple[int, int]] = {}
        for axis, (low, high) in enumerate(zip(before, after, strict=True)):
            if low or high:
                around[x.order[axis]] = low, high
        if x.rank > 4 or x.rank < 3 or min(around) < 2:
            raise Unmapped("It puts a margin around the batch or the channels.")
        if value and mode == "zeros":
            raise Unmapped(f"It fills its margin with {value:g}.")
        if min(map(min, around.values())) < 0:
            raise Unmapped("It cuts off at one side and adds at another.")
        left, right = around.get(x.rank - 1, (0, 0))
        top, bottom = around.get(x.rank - 2, (0, 0)) if x.rank == 4 else (0, 0)
        layer = palette_layer("Pad", left=left, right=right, top=top, bottom=bottom, mode=mode)
        shape = list(x.shape)
        for own, (low, high) in around.items():
            size = shape[own]
            shape[own] = size + low + high if isinstance(size, int) else size
        stem, self.drawing.stem = self.drawing.stem, ""
        wire = self.drawing.add(layer, x.wire)
        self.drawing.stem = stem
        return Ref(wire, tuple(shape), x.order)

    def resize(self, x: Ref, shape: Shape, mode: str, *, corners: bool = False) -> Ref:
        """Draw maps made larger, ``mode`` being ``"nearest"``, ``"linear"`` or ``"cubic"``."""
        if any(isinstance(dim, str) for dim in shape[1:]) or x.seen[:2] != shape[:2]:
            raise Unmapped("It changes sizes that depend on a free length.")
        pairs = list(zip(x.seen[2:], shape[2:], strict=True))
        factors = {int(new) / int(old) for old, new in pairs}
        factor = factors.pop() if len(factors) == 1 else 0.0
        settings: dict[str, Any] = {"size": tuple(int(new) for _, new in pairs)}
        if factor >= 1 and factor.is_integer() and factor <= 64:
            settings = {"scale_factor": int(factor)}
        if corners:
            settings["align_corners"] = True
        return self.block("Upsample", [x], shape, mode=mode, **settings)

    def concatenate(self, values: Sequence[Ref], axis: int, shape: Shape) -> Ref:
        """Draw values behind each other."""
        axis %= len(shape)
        values = [self._dropped(value) for value in values]
        order = next((value.order for value in values if value.shape[:1] == ("B",)), ())
        if -1 in order or any(value.order != order for value in values):
            values = [self.facing(value) for value in values]
            order = straight(shape)
        own = order[axis]
        if own == 0:
            raise Unmapped("It joins batches.")
        layer = palette_layer("Concatenate", axis=own)
        wire = self.drawing.add(layer, *(value.wire for value in values))
        return Ref(wire, _placed(shape, order), order)

    # Arithmetic

    def linear(self, x: Ref, weight: Array, bias: Array | None, shape: Shape) -> Ref:
        """Draw ``x @ weight.T + bias``.

        The shift stands apart where the matrix is a table of rows, as only a weighted sum without
        one can use the table's weights.
        """
        if bias is None or not self.drawing.has_table(weight):
            return super().linear(x, weight, bias, shape)
        scores = super().linear(x, weight, None, shape)
        stem, self.drawing.stem = self.drawing.stem, ""
        shifted = self.with_constant("Add", scores, bias, False, shape)
        self.drawing.stem = stem
        return shifted

    def combine(self, kind: str, values: Sequence[Ref], shape: Shape) -> Ref:
        """Draw an operation on several values, number by number."""
        if kind not in _COMBINED:
            raise Unmapped(f"The palette has no block for {kind} of two values.")
        if len(values) == 2 and values[0] == values[1]:
            return self._with_itself(kind, values[0])
        values = [self._dropped(value) for value in values]
        order = values[0].order
        if -1 in order or any(value.order != order for value in values):
            values = [self.facing(value) for value in values]
            order = straight(values[0].shape)
        if any(value.rank != len(shape) for value in values):
            raise Unmapped("It stretches a value over dimensions that it has not.")
        layer = palette_layer(_COMBINED[kind])
        wire = self.drawing.add(layer, *(value.wire for value in values))
        return Ref(wire, _placed(shape, order), order)

    def _with_itself(self, kind: str, x: Ref) -> Ref:
        """Draw an operation on a value and itself, which a block takes once."""
        if kind == "Add":
            return self._with_number("Mul", x, 2.0, False)
        if kind == "Mul":
            return self.math("square", x)
        if kind in ("Max", "Min"):
            return x
        raise Unmapped("The same value enters it twice.")

    def math(self, function: str, x: Ref) -> Ref:
        """Draw a function of mathematics of each number."""
        return self.each("Math", x, function=function)

    def with_constant(
        self, kind: str, x: Ref, constant: Array, constant_first: bool, shape: Shape
    ) -> Ref:
        """Draw an operation on a value and a constant."""
        if constant.size == 1:
            return self._with_number(kind, x, float(constant.reshape(-1)[0]), constant_first)
        if kind not in _COMBINED:
            raise Unmapped(f"The palette has no block for {kind} with a constant.")
        x = self._dropped(x)
        if -1 in x.order:
            x = self.facing(x)
        wide = constant.reshape((1,) * (x.rank - constant.ndim) + constant.shape)
        if wide.ndim > x.rank:
            raise Unmapped("It stretches a value over dimensions that it has not.")
        # from here on as on the canvas
        wide = wide.transpose(np.argsort(x.order))
        long = [axis for axis, size in enumerate(wide.shape) if size > 1]
        if 0 in long:
            raise Unmapped("Its constant has other numbers for each sample of a batch.")
        fits = len(long) == 1 and wide.shape[long[0]] == x.shape[long[0]]
        if kind == "Mul" and fits and long[0] in (1, x.rank - 1):
            axis = "last" if long[0] == x.rank - 1 else "channels"
            layer = palette_layer("ScaleShift", axis=axis, shift=False)
            weights = {"weight": wide.reshape(wide.shape[long[0] :])}
            return replace(x, wire=self.drawing.add(layer, x.wire, weights=weights))
        learned = replace(self.values(wide), order=x.order)
        pair = [learned, x] if constant_first else [x, learned]
        return self.combine(kind, pair, shape)

    def _with_number(self, kind: str, x: Ref, number: float, first: bool) -> Ref:
        if (kind, number) in {("Add", 0.0), ("Mul", 1.0)} or (
            (kind, number) in {("Sub", 0.0), ("Div", 1.0), ("Pow", 1.0)} and not first
        ):
            return x
        if (kind, number) == ("Max", 0.0):
            return self.each("ReLU", x)
        if (kind, number) == ("Mul", -1.0):
            return self.math("negative", x)
        function = (_MATH_BEHIND if first else _MATH).get((kind, number))
        if function is not None:
            return self.math(function, x)
        if (kind, number) == ("Pow", -0.5) and not first:
            return self.math("reciprocal", self.math("sqrt", x))
        if kind not in _COMBINED or x.rank < 2:
            raise Unmapped(f"The palette has no block for {kind} with a number.")
        layer = palette_layer("Constant", shape=(1,) * (x.rank - 1), value=number)
        scope_stem, self.drawing.stem = self.drawing.stem, ""
        constant = self.drawing.add(layer)
        self.drawing.stem = scope_stem
        pair = (constant, x.wire) if first else (x.wire, constant)
        return replace(x, wire=self.drawing.add(palette_layer(_COMBINED[kind]), *pair))

    def values(self, array: Array, *, learned: bool = True) -> Ref:
        """Draw numbers that are the same for every sample; the first axis is the batch's."""
        if array.ndim < 2 or array.shape[0] != 1:
            raise Unmapped("Its constant has other numbers for each sample of a batch.")
        if array.dtype.kind != "f":
            raise Unmapped("Its constant holds no numbers.")
        sizes = tuple(map(int, array.shape[1:]))
        weights: Weights = {"weight" if learned else "value": array}
        layer = palette_layer("Parameter" if learned else "Constant", shape=sizes)
        stem, self.drawing.stem = self.drawing.stem, ""
        wire = self.drawing.add(layer, weights=weights)
        self.drawing.stem = stem
        return Ref(wire, (1, *sizes), straight(array.shape))

    def masked(self, x: Ref, keeps: Array, fill: float, shape: Shape) -> Ref:
        """Draw scores with some pushed far below the others."""
        if fill > -1e4:
            raise Unmapped("It replaces some numbers by others.")
        mask = np.where(keeps, 0.0, max(fill, -1e9)).astype(np.float32)
        x = self.facing(x)
        mask = mask.reshape((1,) * (x.rank - mask.ndim) + mask.shape)
        return self.combine("Add", [x, self.values(mask, learned=False)], shape)

    def reduce(self, kind: str, x: Ref, axes: Sequence[int], kept: bool) -> Ref:
        """Draw the mean, sum, largest or smallest of the numbers along some axes."""
        own = sorted({x.order[axis] for axis in axes} - {-1})
        if 0 in own:
            raise Unmapped("It joins the samples of a batch.")
        if kind not in _REDUCED:
            raise Unmapped(f"The palette has no block for the {kind} over dimensions.")
        order: Order = x.order
        if not kept:
            left = [axis for number, axis in enumerate(x.order) if number not in axes]
            order = tuple(axis - sum(gone < axis for gone in own) for axis in left)
        shape = tuple(
            1 if axis in own else dim for axis, dim in enumerate(x.shape) if kept or axis not in own
        )
        wire = x.wire
        if own == list(range(2, x.rank)) and x.rank > 2 and kind in ("mean", "max"):
            name = "GlobalAvgPool" if kind == "mean" else "GlobalMaxPool"
            wire = self.drawing.add(palette_layer(name, keep_dims=kept), wire)
        else:
            for axis in reversed(own):
                layer = palette_layer("Reduce", operation=kind, axis=axis, keep_dims=kept)
                wire = self.drawing.add(layer, wire)
        return Ref(wire, shape, order)

    def softmax(self, x: Ref, axis: int, *, log: bool = False) -> Ref:
        """Draw shares that add up to 1 along an axis."""
        kind, own = "LogSoftmax" if log else "Softmax", x.order[axis]
        if own == x.rank - 1:
            return self.each(kind, x, axis="last")
        if own == 1:
            return self.each(kind, x, axis="channels")
        raise Unmapped("It makes shares along an axis in the middle.")

    def clip(self, x: Ref, low: Any, high: Any) -> Ref:
        """Draw numbers held within limits."""
        lowest = -math.inf if low is None else float(np.asarray(low).reshape(-1)[0])
        highest = math.inf if high is None else float(np.asarray(high).reshape(-1)[0])
        if lowest == 0 and highest > _LARGEST:
            return self.each("ReLU", x)
        if (lowest, highest) == (0, 6):
            return self.each("ReLU6", x)
        if lowest < -_LARGEST or highest > _LARGEST:
            x = x if lowest < -_LARGEST else self._with_number("Max", x, lowest, False)
            return x if highest > _LARGEST else self._with_number("Min", x, highest, False)
        return self.each("Hardtanh", x, min_val=lowest, max_val=highest)

    def prelu(self, x: Ref, slope: Array, shape: Shape) -> Ref:
        """Draw a slope below 0 that was learnt."""
        if slope.size not in (1, x.seen[1]):
            raise Unmapped("It has a slope for each number.")
        layer = palette_layer("PReLU", per_channel=slope.size > 1)
        return self.layer(layer, [x], shape, {"weight": slope})


_NOT_NEGATIVE = frozenset(["ReLU", "ReLU6", "Sigmoid", "Hardsigmoid", "Softplus", "Softmax"])


def _odd(dim: Dim) -> bool:
    return isinstance(dim, str) and dim not in ("B", "T")


def _placed(shape: Shape, order: Order) -> Shape:
    """Return a shape of the file as it is on the canvas."""
    dims: list[Dim] = [0] * len(shape)
    for dim, axis in zip(shape, order, strict=True):
        dims[axis] = dim
    return tuple(dims)


def _refitted(x: Ref, shape: Shape) -> Order | None:
    """Return an order that gives a shape without a block: only sizes of 1 come or go.

    A size of 1 that the value has on the canvas cannot go.
    """
    left = [axis for axis in x.order if axis >= 0]
    order: list[int] = []
    for dim in shape:
        if left and x.shape[left[0]] == dim:
            order.append(left.pop(0))
        elif dim == 1:
            order.append(-1)
        else:
            return None
    return tuple(order) if not left else None
