"""Operations over the steps of sequences (batch, length, width): positions, masks, reductions.

As with `modelstudio.engine.modules`, the generated code carries the source of those it uses.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


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


def seen_first(mask: Tensor, count: int) -> Tensor:
    """Put steps that are seen, such as a class token, before those of a mask (batch, length)."""
    return nn.functional.pad(mask, (count, 0))


def reduced_steps(x: Tensor, ids: Tensor, operation: str, padding_id: int) -> Tensor:
    """Make one step of those (batch, length, width) whose ids are not padding."""
    kept = (ids != padding_id).unsqueeze(-1)
    if operation in ("max", "min"):
        limit = torch.finfo(x.dtype)
        if operation == "max":
            return x.masked_fill(~kept, limit.min).amax(1, keepdim=True)
        return x.masked_fill(~kept, limit.max).amin(1, keepdim=True)
    total = (x * kept).sum(1, keepdim=True)
    return total / kept.sum(1, keepdim=True).clamp(min=1) if operation == "mean" else total


def kept_steps(x: Tensor, ids: Tensor, padding_id: int) -> Tensor:
    """Put zeros into the steps (batch, length, width) whose ids are padding."""
    return x.masked_fill((ids == padding_id).unsqueeze(-1), 0.0)


def last_step(x: Tensor, ids: Tensor, padding_id: int) -> Tensor:
    """Take the last step (batch, width) of each sample that is not padding."""
    steps = torch.arange(ids.shape[1], device=ids.device)
    last = (steps * (ids != padding_id)).amax(1)
    return x.gather(1, last[:, None, None].expand(-1, 1, x.shape[2])).squeeze(1)


def backward_order(ids: Tensor, padding_id: int) -> Tensor:
    """Return the places (batch, length) of the steps from last to first; padding stays behind."""
    steps = torch.arange(ids.shape[1], device=ids.device)
    last = (steps * (ids != padding_id)).amax(1, keepdim=True)
    return torch.where(steps <= last, last - steps, steps)


def in_order(x: Tensor, order: Tensor) -> Tensor:
    """Take the steps (batch, length, width) of each sample in another order (batch, length)."""
    return x.gather(1, order.unsqueeze(-1).expand(-1, -1, x.shape[2]))
