"""Operations that torch lacks; the generated code carries the source of those it uses.

So each stands on torch alone, and asks for nothing but ``torch``, ``nn`` and ``Tensor``.
"""

import torch
from torch import Tensor, nn


class ScaleShift(nn.Module):
    """Multiply by learned numbers and add learned numbers."""

    def __init__(self, shape: tuple[int, ...], scale: float = 1.0, shift: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full(shape, scale))
        self.bias = nn.Parameter(torch.zeros(shape)) if shift else None

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.weight
        return x if self.bias is None else x + self.bias


class GaussianNoise(nn.Module):
    """Add noise of a normal distribution while training."""

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        return x + self.std * torch.randn_like(x) if self.training else x


class Constant(nn.Module):
    """Give the same number everywhere."""

    value: Tensor

    def __init__(self, shape: tuple[int, ...], value: float) -> None:
        super().__init__()
        self.register_buffer("value", torch.full(shape, value))

    def forward(self) -> Tensor:
        return self.value


class Parameter(nn.Module):
    """Give learned numbers, the same for every sample."""

    def __init__(self, shape: tuple[int, ...], std: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(shape) * std)

    def forward(self) -> Tensor:
        return self.weight


def for_each_sample(x: Tensor, like: Tensor) -> Tensor:
    """Repeat what is the same for every sample as often as there are samples."""
    return x.expand(like.shape[0], *x.shape[1:])


def sliced(x: Tensor, dim: int, start: int, stop: int | None, step: int) -> Tensor:
    """Keep part of one dimension."""
    return x[(slice(None),) * dim + (slice(start, stop, step),)]
