"""What tells a network where it is in a sequence (batch, length, width), and where not to look."""

from __future__ import annotations

import torch
from torch import Tensor


def add_sinusoids(x: Tensor) -> Tensor:
    """Add sines and cosines of rising wavelengths to sequences (batch, length, width)."""
    length, width = x.shape[1:]
    step = torch.arange(length, device=x.device)
    rate = 10_000.0 ** (torch.arange(0, width, 2, device=x.device) / -width)
    angle = torch.outer(step, rate)
    waves = torch.stack([torch.sin(angle), torch.cos(angle)], dim=-1)
    return x + waves.flatten(1)[:, :width].to(x.dtype)


def step_numbers(x: Tensor) -> Tensor:
    """Return the numbers of the steps (length,) of sequences (batch, length, width)."""
    return torch.arange(x.shape[1], device=x.device)


def causal_mask(x: Tensor) -> Tensor:
    """Return what is added to the scores (length, length): later steps are out of sight."""
    length = x.shape[1]
    return torch.full((length, length), float("-inf"), dtype=x.dtype, device=x.device).triu(1)


def padding_mask(x: Tensor, ids: Tensor, padding_id: int) -> Tensor:
    """Return what is added to the scores (batch, length): padding is far below all else.

    A row of nothing but padding is left as it is, so that its scores are numbers.
    """
    padding = ids == padding_id
    hidden = padding & ~padding.all(dim=1, keepdim=True)
    return hidden.to(x.dtype) * -1e9
