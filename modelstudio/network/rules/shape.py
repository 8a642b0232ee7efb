"""Rules of operations that arrange numbers anew."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from modelstudio.network.analysis import Shape
from modelstudio.network.rules.registry import Outcome, Settings, each, number, rule, total


@rule("torch.nn.functional.pad")
def pad(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Put a margin around values; the last dimension comes first."""
    dims = list(shapes[0])
    margins = settings["pad"]
    for axis, (before, after) in enumerate(zip(margins[::2], margins[1::2], strict=True), 1):
        dims[-axis] = number(dims[-axis], "the size it pads") + before + after
    return Outcome(tuple(dims))


@rule("torch.flatten")
def flatten(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Join all dimensions but the first."""
    dims = shapes[0][1:]
    wide = math.prod(number(dim, "every size of a sample") for dim in dims)
    return Outcome((shapes[0][0], wide))


@rule("torch.reshape")
def reshape(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Arrange the numbers of a sample anew; ``shape`` begins with -1 for the batch."""
    return Outcome((shapes[0][0], *settings["shape"][1:]), order="")


@rule("torch.permute")
def permute(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Put the dimensions in another order."""
    dims = settings["dims"]
    order: Literal["turned"] | None = "turned" if dims == (0, 2, 1) else None
    return Outcome(tuple(shapes[0][axis] for axis in dims), order=order)


@rule("torch.cat")
def concatenate(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Join values along one dimension."""
    axis = settings["dim"]
    first = shapes[0]
    joined = total([shape[axis] for shape in shapes], "the joined dimension")
    return Outcome((*first[:axis], joined, *first[axis + 1 :]))


@rule("torch.stack")
def stack(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Put values of one shape behind each other along a new dimension."""
    axis = settings["dim"]
    return Outcome((*shapes[0][:axis], len(shapes), *shapes[0][axis:]))


@rule("modelstudio.engine.modules.for_each_sample")
def for_each_sample(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Repeat the first value for each sample of the second."""
    return Outcome((shapes[1][0], *shapes[0][1:]))


@rule("torch.squeeze")
def squeeze(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Drop a dimension of size 1."""
    axis = settings["dim"]
    return Outcome((*shapes[0][:axis], *shapes[0][axis + 1 :]))


@rule("torch.unsqueeze")
def unsqueeze(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Add a dimension of size 1."""
    axis = settings["dim"] % (len(shapes[0]) + 1)
    return Outcome((*shapes[0][:axis], 1, *shapes[0][axis:]))


@rule("torch.transpose")
def transpose(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Exchange two dimensions."""
    dims = list(shapes[0])
    one, other = settings["dim0"], settings["dim1"]
    dims[one], dims[other] = dims[other], dims[one]
    return Outcome(tuple(dims), order="turned")


@rule("torch.mean", "torch.sum", "torch.amax", "torch.amin")
def reduction(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Make one number of all along some dimensions."""
    shape, dim = shapes[0], settings["dim"]
    gone = {axis % len(shape) for axis in (dim if isinstance(dim, tuple) else (dim,))}
    if settings.get("keepdim", False):
        return Outcome(tuple(1 if axis in gone else size for axis, size in enumerate(shape)))
    return Outcome(tuple(size for axis, size in enumerate(shape) if axis not in gone))


@rule("torch.select")
def select(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Keep one place of a dimension, which goes."""
    return squeeze(shapes, settings)


@rule("modelstudio.engine.modules.sliced")
def sliced(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Keep part of a dimension; of one without a fixed length, a single place at an end."""
    dims, axis = list(shapes[0]), settings["dim"]
    size, part = dims[axis], slice(settings["start"], settings["stop"], settings["step"])
    if isinstance(size, int):
        dims[axis] = len(range(*part.indices(size)))
    elif (part.start, part.stop) in ((0, 1), (-1, None)):
        dims[axis] = 1
    elif part != slice(0, None, 1):
        number(size, "the dimension it cuts")
    return Outcome(tuple(dims))


@rule("torch.nn.Upsample")
def upsample(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Enlarge by a factor, or to a size."""
    (shape,) = shapes
    size, factor = settings.get("size"), settings.get("scale_factor")
    if size is not None:
        return Outcome((*shape[:2], *each(settings, "size", len(shape) - 2, 1)))
    assert factor is not None
    return Outcome((*shape[:2], *(number(dim, "the size") * factor for dim in shape[2:])))


@rule("torch.nn.PixelShuffle")
def pixel_shuffle(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Make larger maps out of many."""
    batch, channels, *spatial = shapes[0]
    factor = settings["upscale_factor"]
    larger = (number(size, "the size of the maps") * factor for size in spatial)
    return Outcome((batch, number(channels, "the channels") // factor**2, *larger))


@rule("torch.nn.PixelUnshuffle")
def pixel_unshuffle(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Make many maps out of larger ones."""
    batch, channels, *spatial = shapes[0]
    factor = settings["downscale_factor"]
    smaller = (number(size, "the size of the maps") // factor for size in spatial)
    return Outcome((batch, number(channels, "the channels") * factor**2, *smaller))
