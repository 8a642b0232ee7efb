"""Functions and methods of torch that arrange, pick and reduce, as blocks of the palette."""

from __future__ import annotations

import math
from typing import Any

import torch

from modelstudio.engine.importing.drawing import Unmapped
from modelstudio.engine.importing.module_functions import Call, as_array, draws
from modelstudio.engine.importing.module_sequences import Recurrence
from modelstudio.engine.importing.phrases import Ref
from modelstudio.engine.importing.products import einsum, repeated, stretched, tiled


@draws("flatten", "view", "reshape", "squeeze", "unsqueeze", "unflatten", "view_as")
def _reshape(c: Call) -> Ref:
    if isinstance(c.args[0], _States) and c.name == "squeeze":
        return c.args[0].squeezed()
    return c.s.reshape(c.x(), c.out)


@draws("expand", "expand_as", "broadcast_to")
def _expand(c: Call) -> Ref:
    return stretched(c.s, c.x(), c.out)


@draws("repeat", "tile")
def _repeat(c: Call) -> Ref:
    return tiled(c.s, c.x(), c.out)


@draws("repeat_interleave")
def _interleave(c: Call) -> Ref:
    x, count, axis = c.x(), c.get(1, "repeats"), c.get(2, "dim")
    if not isinstance(count, int) or axis is None:
        raise Unmapped("It repeats places in different numbers, or along all axes at once.")
    return repeated(c.s, x, axis % len(x.order), count, c.out, each=True)


@draws("einsum")
def _einsum(c: Call) -> Ref:
    equation, *values = c.args
    if len(values) == 1 and isinstance(values[0], list | tuple):
        values = list(values[0])
    if not isinstance(equation, str):
        raise Unmapped("It is told its axes by numbers.")
    tables = [value if isinstance(value, Ref) else as_array(value) for value in values]
    return einsum(c.s, equation, tables, c.out)


@draws("permute", "transpose", "swapaxes", "swapdims", "t", "movedim")
def _permute(c: Call) -> Ref:
    x = c.x()
    axes = list(range(len(x.order)))
    if c.name == "permute":
        given = c.args[1:] or c.keywords["dims"]
        given = given[0] if len(given) == 1 and isinstance(given[0], tuple | list) else given
        axes = [int(axis) % len(axes) for axis in given]
    elif c.name == "movedim":
        moved = axes.pop(c.get(1, "source") % len(axes))
        axes.insert(c.get(2, "destination") % (len(axes) + 1), moved)
    else:
        a, b = (c.get(1, "dim0", 0) % len(axes), c.get(2, "dim1", 1) % len(axes))
        axes[a], axes[b] = axes[b], axes[a]
    return c.s.transpose(x, axes)


@draws("getitem")
def _getitem(c: Call) -> Any:
    value, index = c.args[0], c.args[1]
    if isinstance(value, Recurrence):
        return value.sequence() if index == 0 else _States(value, None)
    if isinstance(value, _States):
        return value.at(index)
    if isinstance(value, list | tuple):
        return value[index]
    x: Ref = c.x()
    places = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in places:
        at = places.index(Ellipsis)
        missing = len(x.order) - sum(p is not None and p is not Ellipsis for p in places)
        places[at : at + 1] = [slice(None)] * missing
    axis = 0
    for place in places:
        if isinstance(place, int) and not isinstance(place, bool):
            x = c.s.pick(x, axis, place)
            continue
        if isinstance(place, slice):
            size = x.seen[axis]
            if place != slice(None):
                end = place.stop if place.stop is not None else 2**31
                start, step = place.start or 0, place.step or 1
                left: Any = size
                if isinstance(size, int):
                    left = len(range(*slice(start, end, step).indices(size)))
                elif c.shape is not None and len(places) == 1:
                    left = c.shape[axis]
                if isinstance(start, int) and isinstance(end, int):
                    x = c.s.slice(x, axis, start, end, step, left)
                else:
                    raise Unmapped("Its ends depend on the data.")
        elif place is None:
            x = c.s.reshape(x, (*x.seen[:axis], 1, *x.seen[axis:]))
        else:
            raise Unmapped("It picks by a list or a mask.")
        axis += 1
    return x


class _States:
    """The last states of a recurrent layer, before it is known which is meant."""

    def __init__(self, of: Recurrence, part: int | None) -> None:
        self._of, self._part = of, part

    def at(self, index: Any) -> Any:
        """Return what an index picks: the states (not the memory) of an LSTM, then one of them."""
        if self._of.pairs and self._part is None:
            return _States(self._of, 0) if index == 0 else None
        if isinstance(index, int):
            return self._of.state(index)
        raise Unmapped("Several of its last states are used at once.")

    def squeezed(self) -> Ref:
        """Return the only state."""
        return self._of.state(0)


@draws("select", "narrow")
def _select(c: Call) -> Ref:
    x, axis = c.x(), c.get(1, "dim")
    axis %= len(x.order)
    if c.name == "select":
        return c.s.pick(x, axis, c.get(2, "index"))
    start, length = c.get(2, "start"), c.get(3, "length")
    return c.s.slice(x, axis, start, start + length, 1, length)


@draws("chunk", "split", "unbind", "tensor_split")
def _split(c: Call) -> list[Ref]:
    x = c.x()
    axis = c.get(1, "dim", 0) if c.name == "unbind" else c.get(2, "dim", 0)
    axis %= len(x.order)
    found, start = [], 0
    for place, shape in enumerate(c.shapes):
        if c.name == "unbind":
            found.append(c.s.pick(x, axis, place))
            continue
        size = shape[axis]
        if not isinstance(size, int):
            raise Unmapped("It splits along a free length.")
        found.append(c.s.slice(x, axis, start, start + size, 1, size))
        start += size
    return found


@draws("mean", "sum", "amax", "amin")
def _reduce(c: Call) -> Ref:
    x, axes = c.x(), c.get(1, "dim")
    if axes is None:
        raise Unmapped("It joins the samples of a batch.")
    axes = [axes] if isinstance(axes, int) else list(axes)
    kind = {"amax": "max", "amin": "min"}.get(c.name, c.name)
    rank = len(x.order)
    return c.s.reduce(kind, x, [a % rank for a in axes], bool(c.get(2, "keepdim", False)))


@draws("max", "min")
def _largest(c: Call) -> Any:
    other = c.get(1, "dim", c.keywords.get("other"))
    if isinstance(other, Ref):
        return c.s.combine(c.name.capitalize(), [c.x(), other], c.out)
    if other is None:
        raise Unmapped("It joins the samples of a batch.")
    x = c.x()
    kept = bool(c.get(2, "keepdim", False))
    return [c.s.reduce(c.name, x, [other % len(x.order)], kept), None]


@draws("masked_fill", "masked_fill_")
def _masked(c: Call) -> Ref:
    mask, fill = c.get(1, "mask"), c.get(2, "value")
    if not isinstance(mask, torch.Tensor):
        raise Unmapped("Its mask is worked out from the data.")
    if not isinstance(fill, int | float):
        raise Unmapped("It fills with a tensor.")
    low = -math.inf if fill == -math.inf else float(fill)
    return c.s.masked(c.x(), ~mask.numpy().astype(bool), low, c.out)
