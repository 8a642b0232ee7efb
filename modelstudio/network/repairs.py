"""Which layers and settings bring a value to the shape that is needed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from modelstudio.network.analysis import Dim, Shape
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Repair

_FLATTEN = Repair("Insert Flatten", "Flatten")
_AVERAGE = Repair("Insert GlobalAvgPool", "GlobalAvgPool")


def of_rank(layer: Layer, port: Port, shape: Shape) -> Iterator[Repair]:
    """Yield what brings a value to the number of dimensions that a port takes."""
    yield from _twins(layer, len(shape))
    sizes = [size for size in shape[1:] if isinstance(size, int)]
    fixed = len(sizes) == len(shape) - 1
    if 2 in port.ranks and len(shape) > 2:
        yield from rows(shape)
    elif 4 in port.ranks and len(shape) == 2 and fixed:
        yield from _pictures(sizes[0])
    elif max(port.ranks) == len(shape) + 1:
        if fixed:
            yield _reshape(1, *sizes)
        yield Repair("Insert Unsqueeze", "Unsqueeze", settings=(("axis", 1),))
    elif fixed and len(shape) > max(port.ranks) > 2:
        kept = max(port.ranks) - 2
        yield _reshape(*sizes[:kept], math.prod(sizes[kept:]))


def alike(first: Shape, shape: Shape) -> Iterator[Repair]:
    """Yield what brings a value to the shape of another, to be added to it."""
    if len(shape) == len(first) == 2:
        yield _linear(first[1])
    elif len(shape) == len(first) == 3:
        if shape[1] == first[1]:
            yield _linear(first[2])
        elif shape[2] == first[2]:
            yield _pointwise(1, first[1])
    elif len(shape) == len(first) == 4:
        yield from _maps(first, shape)
    elif len(shape) == 2 and len(first) == 4 and shape[1] == first[1]:
        yield _reshape(_whole(shape[1]), 1, 1)
    elif len(shape) > len(first) == 2:
        yield from rows(shape)


def joined(values: Sequence[Shape]) -> Iterator[Repair]:
    """Yield the layer that puts values behind each other, where their channels differ alone."""
    first, *others = values
    if all(len(shape) == len(first) and shape[2:] == first[2:] for shape in others):
        yield Repair("Use Concatenate", become="Concatenate")


def resized(first: Shape, shape: Shape) -> Iterator[Repair]:
    """Yield what brings maps to the height and width of others, whatever their channels."""
    if len(shape) != 4 or len(first) != 4 or shape[2:] == first[2:]:
        return
    high, wide = first[2:]
    if not isinstance(high, int) or not isinstance(wide, int):
        return
    spoken = f"{high} x {wide}"
    if step := _step(first, shape):
        settings = (("kernel_size", step),)
        yield Repair(f"Insert MaxPool to {spoken}", "MaxPool2d", settings=settings)
    yield Repair(f"Insert Upsample to {spoken}", "Upsample", settings=(("size", (high, wide)),))


def _maps(first: Shape, shape: Shape) -> Iterator[Repair]:
    """Yield what matches maps: a convolution of 1 x 1, with a stride where they are larger."""
    if shape[2:] == first[2:]:
        yield _pointwise(2, first[1])
        return
    if step := _step(first, shape):
        settings = (("out_channels", first[1]), ("kernel_size", (1, 1)), ("stride", step))
        text = f"Insert a 1 x 1 convolution to {first[1]} with stride {step[0]}"
        yield Repair(text, "Conv2d", settings=settings)
    if shape[1] == first[1]:
        yield from resized(first, shape)


def _twins(layer: Layer, rank: int) -> Iterator[Repair]:
    """Yield the same layer for another number of dimensions: Conv1d for Conv2d."""
    name = layer.type_name
    if name[-2:] not in ("1d", "2d", "3d"):
        return
    for axes in "123":
        twin = Layer.find(f"{name[:-2]}{axes}d")
        if twin is not None and any(rank in port.ranks for port in twin.inputs):
            yield Repair(f"Use {twin.label}", become=twin.__name__)


def rows(shape: Shape) -> Iterator[Repair]:
    """Yield what makes a row of numbers of more dimensions."""
    if all(isinstance(size, int) for size in shape[1:]):
        yield _FLATTEN
        yield _AVERAGE
    else:
        mean = (("operation", "mean"), ("axis", 1))
        yield Repair("Average over the steps", "Reduce", settings=mean)
        yield Repair("Take the last step", "Select", settings=(("axis", 1), ("index", -1)))


def _pictures(total: int) -> Iterator[Repair]:
    """Yield square pictures of one channel or three."""
    for channels in (1, 3):
        side = math.isqrt(total // channels)
        if side > 1 and channels * side * side == total:
            yield _reshape(channels, side, side)


def _reshape(*shape: int) -> Repair:
    spoken = " x ".join(map(str, shape))
    return Repair(f"Insert Reshape to {spoken}", "Reshape", settings=(("shape", shape),))


def _linear(wide: Dim) -> Repair:
    return Repair(f"Insert Linear with {wide}", "Linear", settings=(("out_features", wide),))


def _pointwise(axes: int, channels: Dim) -> Repair:
    spoken = "1 x 1 convolution" if axes > 1 else "convolution of width 1"
    settings = (("out_channels", channels), ("kernel_size", 1 if axes == 1 else (1,) * axes))
    return Repair(f"Insert a {spoken} to {channels}", f"Conv{axes}d", settings=settings)


def _step(first: Shape, shape: Shape) -> Sequence[int]:
    """Return by which whole number maps are larger than others, each way; empty if by none."""
    pairs = [(_whole(a), _whole(b)) for a, b in zip(shape[2:], first[2:], strict=True)]
    whole = all(b and a % b == 0 for a, b in pairs)
    return tuple(a // b for a, b in pairs) if whole else ()


def _whole(dim: Dim) -> int:
    return dim if isinstance(dim, int) else 0
