"""Which layers and settings bring a value to the shape that is needed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from modelstudio.network.analysis import Dim, Shape
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Repair

_FLATTEN = Repair("Insert Flatten", "Flatten")
_AVERAGE = Repair("Insert GlobalAvgPool", "GlobalAvgPool")

EVERY_STEP = Repair(
    "Give the state after every step", source=True, settings=(("output", "sequence"),)
)
"""For what only a recurrent layer that keeps its last state can be asked."""

_MOST_TRIMMED = 6
"""Pixels by which a convolution without padding may make maps smaller."""


def of_rank(layer: Layer, port: Port, shape: Shape) -> Iterator[Repair]:
    """Yield what brings a value to the number of dimensions that a port takes."""
    yield from _twins(layer, len(shape))
    sizes = [size for size in shape[1:] if isinstance(size, int)]
    fixed = len(sizes) == len(shape) - 1
    if 2 in port.ranks and len(shape) == 1:
        yield _FLATTEN
    elif 2 in port.ranks and len(shape) > 2:
        yield from rows(shape)
    elif 4 in port.ranks and len(shape) == 2 and fixed:
        yield from _pictures(sizes[0])
    elif port.order == "steps" and len(shape) == 2:
        yield EVERY_STEP
        yield (
            _reshape(sizes[0], 1)
            if fixed
            else Repair("Insert Unsqueeze", "Unsqueeze", settings=(("axis", -1),))
        )
    elif max(port.ranks) == len(shape) + 1:
        if fixed:
            yield _reshape(1, *sizes)
        yield Repair("Insert Unsqueeze", "Unsqueeze", settings=(("axis", 1),))
    elif fixed and len(shape) > max(port.ranks) > 2:
        kept = max(port.ranks) - 2
        yield _reshape(*sizes[:kept], math.prod(sizes[kept:]))


def alike(values: Sequence[Shape], index: int) -> Iterator[Repair]:
    """Yield what brings a value to the shape of the first, to be added to it.

    Of two values the first may change as well; the one that grows comes first.
    """
    first, shape = values[0], values[index]
    own = list(_brought(shape, first))
    other = list(_brought(first, shape)) if len(values) == 2 else []
    if len(first) != len(shape):
        other = [] if own else other
    other = [replace(repair, at=0) for repair in other]
    yield from (*other, *own) if _grows(first, shape) else (*own, *other)


def levelled(values: Sequence[Shape], index: int) -> Iterator[Repair]:
    """Yield what makes rows of numbers of that of two values which has more dimensions."""
    first, shape = values[0], values[index]
    if len(shape) > len(first) == 2:
        yield from rows(shape)
    elif len(values) == 2 and len(first) > len(shape) == 2:
        yield from (replace(repair, at=0) for repair in rows(first))


def joined(values: Sequence[Shape]) -> Iterator[Repair]:
    """Yield the layer that puts values behind each other, where their channels differ alone."""
    first, *others = values
    if all(len(shape) == len(first) and shape[2:] == first[2:] for shape in others):
        yield Repair("Use Concatenate", become="Concatenate")


def resized(values: Sequence[Shape], index: int) -> Iterator[Repair]:
    """Yield what brings maps to the height and width of the first, whatever their channels."""
    yield from _scaled(values[index], values[0])


def rows(shape: Shape) -> Iterator[Repair]:
    """Yield what makes a row of numbers of more dimensions."""
    if all(isinstance(size, int) for size in shape[1:]):
        yield _FLATTEN
        yield _AVERAGE
    else:
        yield from without_length(shape)


def without_length(shape: Shape, become: bool = False) -> Iterator[Repair]:
    """Yield what leaves out the dimension that has no fixed length, before a block or in place."""
    axis = next(axis for axis, size in enumerate(shape) if axis and isinstance(size, str))
    for label, layer, *settings in (
        ("Average over the steps", "Reduce", ("operation", "mean")),
        ("Take the last step", "Select", ("index", -1)),
    ):
        how = (("axis", axis), *settings)
        yield Repair(label, None if become else layer, layer if become else None, settings=how)


def linear(wide: Dim) -> Iterator[Repair]:
    """Yield what gives rows a length."""
    if isinstance(wide, int):
        settings = (("out_features", wide),)
        yield Repair(f"Insert Linear with {wide}", "Linear", settings=settings)


def pointwise(axes: int, channels: Dim) -> Iterator[Repair]:
    """Yield what gives signals, maps or volumes a number of channels."""
    if isinstance(channels, int):
        yield _convolution(channels, (1,) * axes)


def _brought(shape: Shape, goal: Shape) -> Iterator[Repair]:
    """Yield what brings a value to the shape of another."""
    rank = len(shape)
    if rank == len(goal) == 2 or (rank == len(goal) == 3 and shape[1] == goal[1]):
        yield from linear(goal[-1])
    elif rank == len(goal) and rank in (3, 4, 5):
        yield from _convolved(shape, goal)
        if shape[1] == goal[1]:
            yield from _scaled(shape, goal)
    elif rank == 2 and len(goal) == 4 and shape[1] == goal[1]:
        yield _reshape(_whole(shape[1]), 1, 1)
    elif rank > len(goal) == 2:
        yield from rows(shape)


def _convolved(shape: Shape, goal: Shape) -> Iterator[Repair]:
    """Yield the convolution that brings a value to the channels and sizes of another."""
    axes = len(shape) - 2
    if not isinstance(goal[1], int) or not isinstance(shape[1], int):
        return
    if shape[2:] == goal[2:]:
        yield from pointwise(axes, goal[1])
        return
    pairs = [(_whole(a), _whole(b)) for a, b in zip(shape[2:], goal[2:], strict=True)]
    if not all(a >= b > 0 for a, b in pairs):
        return
    strides = [next((s for s in range(1, a + 1) if -(-a // s) == b), 0) for a, b in pairs]
    if all(strides):
        yield _convolution(goal[1], (1,) * axes, tuple(strides))
    elif all(a - b <= _MOST_TRIMMED for a, b in pairs):
        yield _convolution(goal[1], tuple(a - b + 1 for a, b in pairs), trims=True)


def _scaled(shape: Shape, goal: Shape) -> Iterator[Repair]:
    """Yield what brings maps to the height and width of others."""
    if len(shape) != 4 or len(goal) != 4 or shape[2:] == goal[2:]:
        return
    high, wide = goal[2:]
    if not isinstance(high, int) or not isinstance(wide, int):
        return
    spoken = f"{high} x {wide}"
    pairs = [(_whole(a), b) for a, b in zip(shape[2:], (high, wide), strict=True)]
    if all(b and a % b == 0 for a, b in pairs):
        settings = (("kernel_size", tuple(a // b for a, b in pairs)),)
        yield Repair(f"Insert MaxPool to {spoken}", "MaxPool2d", settings=settings)
    yield Repair(f"Insert Upsample to {spoken}", "Upsample", settings=(("size", (high, wide)),))


def _grows(shape: Shape, goal: Shape) -> bool:
    """Say whether a value has fewer channels, or is narrower, than another of its rank."""
    pairs = zip(shape[1:], goal[1:], strict=False)
    first, second = next(((a, b) for a, b in pairs if a != b), (0, 0))
    return len(shape) == len(goal) and _whole(first) < _whole(second)


def _twins(layer: Layer, rank: int) -> Iterator[Repair]:
    """Yield the same layer for another number of dimensions: Conv1d for Conv2d."""
    name = layer.type_name
    if name[-2:] not in ("1d", "2d", "3d"):
        return
    for axes in "123":
        twin = Layer.find(f"{name[:-2]}{axes}d")
        if twin is not None and any(rank in port.ranks for port in twin.inputs):
            yield Repair(f"Use {twin.label}", become=twin.__name__)


def _pictures(total: int) -> Iterator[Repair]:
    """Yield square pictures of one channel or three."""
    for channels in (1, 3):
        side = math.isqrt(total // channels)
        if side > 1 and channels * side * side == total:
            yield _reshape(channels, side, side)


def _reshape(*shape: int) -> Repair:
    return Repair(f"Insert Reshape to {_spoken(shape)}", "Reshape", settings=(("shape", shape),))


def _convolution(
    channels: int, kernel: tuple[int, ...], stride: tuple[int, ...] = (), *, trims: bool = False
) -> Repair:
    """Return a convolution of a number of filters; one that ``trims`` has no padding."""
    axes = len(kernel)
    kind = f"{_spoken(kernel)} convolution" if axes > 1 else f"convolution of width {kernel[0]}"
    text = f"Insert a {kind} to {channels}"
    settings: dict[str, Any] = {"out_channels": channels, "kernel_size": kernel}
    if any(step > 1 for step in stride):
        steps = stride[:1] if len(set(stride)) == 1 else stride
        text, settings = f"{text} with stride {_spoken(steps)}", settings | {"stride": stride}
    if trims:
        text, settings = f"{text} without padding", settings | {"padding": "valid"}
    if axes == 1:
        settings = {
            name: value[0] if isinstance(value, tuple) else value
            for name, value in settings.items()
        }
    return Repair(text, f"Conv{axes}d", settings=tuple(settings.items()))


def _spoken(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes))


def _whole(dim: Dim) -> int:
    return dim if isinstance(dim, int) else 0
