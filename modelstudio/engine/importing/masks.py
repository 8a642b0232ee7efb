"""Masks that keep attention from padding and from later steps, found again for the palette."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from modelstudio.engine.importing.drawing import Unmapped, Wire
from modelstudio.engine.importing.phrases import Ref
from modelstudio.engine.importing.shaping import Shaping

HIDDEN = -1e4
"""What is added to the scores of steps that are out of sight is at most this."""


@dataclass(frozen=True)
class Padding:
    """Which steps of ids are padding, as a comparison with one id tells.

    Parameters
    ----------
    marks
        Whether padding is what is true; otherwise all else is.
    """

    ids: Ref
    id: int
    marks: bool

    def turned(self) -> Padding:
        """Return its opposite."""
        return replace(self, marks=not self.marks)

    def wired(self, s: Shaping) -> tuple[Wire, dict[str, Any]]:
        """Return what the port for ids is given, and the setting that goes with it.

        Raises
        ------
        Unmapped
            When it marks what is not padding.
        """
        if not self.marks:
            raise Unmapped("Its mask hides everything but the padding.")
        return s.facing(self.ids).wire, {"padding_id": self.id}


@dataclass(frozen=True)
class Grows:
    """A constant of which there is more where batch or length are larger.

    Parameters
    ----------
    zero
        Its numbers are 0 whatever its size.
    causal
        It hides later steps from earlier ones, whatever its size.
    """

    zero: bool
    causal: bool = False


def compared(x: Any, other: Any, equal: bool) -> Padding:
    """Return a comparison of ids with one of them."""
    if isinstance(other, Tensor) and other.ndim == 0:
        other = other.item()
    if not isinstance(x, Ref) or x.dtype != "int" or not isinstance(other, int):
        raise Unmapped("The palette has no block that compares numbers.")
    return Padding(x, int(other), equal)


def padding(s: Shaping, mask: Any) -> tuple[Wire | None, dict[str, Any]]:
    """Return what an attention's port for ids is given for a mask of padding, and its setting."""
    if mask is None or (isinstance(mask, Tensor) and not mask.any()):
        return None, {}
    if isinstance(mask, Grows) and mask.zero:
        return None, {}
    if not isinstance(mask, Padding):
        raise Unmapped("Its mask of padding is no comparison of ids with one of them.")
    return mask.wired(s)


def causal(mask: Any) -> bool:
    """Tell whether a mask of scores hides later steps; it must hide nothing else."""
    if mask is None or (isinstance(mask, Grows) and mask.zero):
        return False
    if isinstance(mask, Grows) and mask.causal:
        return True
    if isinstance(mask, Tensor):
        if not mask.any():
            return False
        if hides_later(mask):
            return True
    raise Unmapped("It is told a mask other than one that hides later steps.")


def hides_later(mask: Tensor) -> bool:
    """Tell whether a mask (length, length) hides later steps and nothing else."""
    if mask.ndim != 2 or len(mask) != len(mask.T):
        return False
    hidden = mask if mask.dtype == torch.bool else mask <= HIDDEN
    later = torch.ones_like(hidden).triu(1)
    return torch.equal(hidden, later) and (mask.dtype == torch.bool or not mask[~later].any())
