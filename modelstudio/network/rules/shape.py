"""Rules of operations that arrange numbers anew."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelstudio.network.analysis import Shape
from modelstudio.network.rules.registry import Outcome, Settings, number, rule


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
    return Outcome((shapes[0][0], *settings["shape"][1:]))


@rule("torch.permute")
def permute(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Put the dimensions in another order."""
    return Outcome(tuple(shapes[0][axis] for axis in settings["dims"]))


@rule("torch.cat")
def concatenate(shapes: Sequence[Shape], settings: Settings) -> Outcome:
    """Join values along one dimension."""
    axis = settings["dim"]
    first = shapes[0]
    total = sum(number(shape[axis], "the joined dimension") for shape in shapes)
    return Outcome((*first[:axis], total, *first[axis + 1 :]))
