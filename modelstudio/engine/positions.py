"""Waves that tell a network at which step of a sequence it is."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def add_sinusoids(x: Tensor) -> Tensor:
    """Add sines and cosines of rising wavelengths to sequences (batch, length, width)."""
    length, width = x.shape[1:]
    step = torch.arange(length, device=x.device)
    rate = torch.exp(torch.arange(0, width, 2, device=x.device) * (-math.log(10_000) / width))
    angle = torch.outer(step, rate)
    waves = torch.stack([torch.sin(angle), torch.cos(angle)], dim=-1)
    return x + waves.flatten(1)[:, :width].to(x.dtype)
