"""Random changes of pictures, a batch at a time on its device.

Pictures are float tensors of shape (rows, channels, height, width) with shades from 0 to 255. What
is drawn for each picture comes from torch's generator of the processor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from modelstudio.recipe.augment import (
    Blur,
    ColourJitter,
    Cutout,
    Flip,
    Move,
    Noise,
    PixelChange,
    RandomCrop,
    Rotate,
    Scale,
    Shift,
)

LUMA = (0.299, 0.587, 0.114)
"""What red, green and blue count in the brightness of a colour."""


def drawn(rows: int, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Return random numbers, one a row."""
    return torch.rand(rows) * (high - low) + low


def chosen(rows: int, share: float) -> Tensor:
    """Choose about a share of the rows; shape (rows,)."""
    return torch.rand(rows) < share


def move(moves: Sequence[Move], pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Carry out moves as one; return the pictures and which of them each move changed."""
    rows, _, height, width = pictures.shape
    size = torch.tensor([width, height], dtype=torch.float32)
    matrix = torch.eye(3).repeat(rows, 1, 1)
    changed = []
    for each in moves:
        mask = chosen(rows, each.share)
        step = torch.eye(3).repeat(rows, 1, 1)
        MOVES[type(each)](each, step, size)
        matrix = torch.where(mask[:, None, None], matrix @ step, matrix)
        changed.append(mask)
    half = torch.tensor([width / 2, height / 2, 1.0])
    theta = (matrix * half / half[:, None])[:, :2].to(pictures)
    grid = functional.affine_grid(theta, list(pictures.shape), align_corners=False)
    moved = functional.grid_sample(
        pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    return moved, changed


# Each writes into matrices (rows, 3, 3) where a pixel of the result comes from, in pixels from the
# centre; ``size`` is width and height.


def _flip(step: Flip, matrix: Tensor, size: Tensor) -> None:
    if step.vertical:
        upright = chosen(len(matrix), 0.5)
        matrix[:, 0, 0] = torch.where(upright, -1.0, 1.0)
        matrix[:, 1, 1] = torch.where(upright, 1.0, -1.0)
    else:
        matrix[:, 0, 0] = -1.0


def _rotate(step: Rotate, matrix: Tensor, size: Tensor) -> None:
    angle = drawn(len(matrix), -math.radians(step.degrees), math.radians(step.degrees))
    matrix[:, 0, 0] = matrix[:, 1, 1] = angle.cos()
    matrix[:, 1, 0] = angle.sin()
    matrix[:, 0, 1] = -angle.sin()


def _shift(step: Shift, matrix: Tensor, size: Tensor) -> None:
    most = (step.amount * size).round().clamp_min(1)
    way = (torch.rand(len(matrix), 2) * 2 - 1) * (most + 0.5)
    matrix[:, :2, 2] = torch.minimum(torch.maximum(way.round(), -most), most)


def _scale(step: Scale, matrix: Tensor, size: Tensor) -> None:
    low, high = math.log(step.smallest), math.log(step.largest)
    matrix[:, 0, 0] = matrix[:, 1, 1] = torch.exp(-drawn(len(matrix), low, high))


def _crop(step: RandomCrop, matrix: Tensor, size: Tensor) -> None:
    side = drawn(len(matrix), step.smallest, 1.0)
    matrix[:, 0, 0] = matrix[:, 1, 1] = side
    room = (1 - side)[:, None] * size / 2
    matrix[:, :2, 2] = (torch.rand(len(matrix), 2) * 2 - 1) * room


MOVES: dict[type[Move], Callable[[Any, Tensor, Tensor], None]] = {
    Flip: _flip,
    Rotate: _rotate,
    Shift: _shift,
    Scale: _scale,
    RandomCrop: _crop,
}


def change(step: PixelChange, pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Carry out a change of shades; return the pictures and which of them it changed."""
    mask = chosen(len(pictures), step.share)
    if not mask.any():
        return pictures, mask
    made = CHANGES[type(step)]
    if mask.all():
        return made(step, pictures), mask
    places = mask.nonzero()[:, 0].to(pictures.device)
    return pictures.index_copy(0, places, made(step, pictures[places])), mask


def _jitter(step: ColourJitter, pictures: Tensor) -> Tensor:
    """Change shades by one matrix of the colours for each picture."""
    rows = len(pictures)
    light = drawn(rows, 1 - step.brightness, 1 + step.brightness)[:, None, None]
    contrast = drawn(rows, 1 - step.contrast, 1 + step.contrast)[:, None, None]
    colours, rest = pictures[:, :3], pictures[:, 3:]
    factors = (light * contrast).to(pictures)
    if colours.shape[1] < 3:
        mean = pictures.mean(dim=(1, 2, 3), keepdim=True) * light.to(pictures)[..., None]
        changed = pictures * factors[..., None] + mean * (1 - contrast.to(pictures)[..., None])
        return changed.clamp_(0, 255)
    luma = torch.tensor(LUMA)
    grey = luma.repeat(3, 1)
    saturation = drawn(rows, 1 - step.saturation, 1 + step.saturation)[:, None, None]
    matrix = saturation * torch.eye(3) + (1 - saturation) * grey
    if step.hue:
        matrix = _turned(drawn(rows, -step.hue, step.hue) * 2 * math.pi) @ matrix
    matrix = matrix.to(pictures) * factors
    flat = colours.flatten(2)
    mean = (luma.to(pictures) @ flat.mean(dim=2).T)[:, None, None] * light.to(pictures)
    offset = mean * (1 - contrast.to(pictures))
    changed = torch.baddbmm(offset, matrix, flat).clamp_(0, 255).view_as(colours)
    return torch.cat([changed, rest], dim=1) if rest.shape[1] else changed


def _turned(angle: Tensor) -> Tensor:
    """Return matrices that turn the hue around the axis from black to white; (rows, 3, 3)."""
    cos, sin = angle.cos()[:, None, None], angle.sin()[:, None, None]
    around = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)
    return cos * torch.eye(3) + (1 - cos) / 3 + sin * around


def _blur(step: Blur, pictures: Tensor) -> Tensor:
    """Blur with a bell curve of its own width for each picture, along one axis and the other."""
    sigma = drawn(len(pictures), 0.1, step.sigma).clamp_min(0.1)
    reach = min(math.ceil(2 * step.sigma), *(side - 1 for side in pictures.shape[2:]))
    weights = torch.exp(-(torch.arange(-reach, reach + 1) ** 2) / (2 * sigma[:, None] ** 2))
    weights = (weights / weights.sum(dim=1, keepdim=True)).to(pictures)
    for axis, margin in ((2, (0, 0, reach, reach)), (3, (reach, reach, 0, 0))):
        wide = functional.pad(pictures, margin, mode="reflect")
        length = pictures.shape[axis]
        pictures = torch.zeros_like(pictures)
        for at in range(2 * reach + 1):
            pictures.addcmul_(wide.narrow(axis, at, length), weights[:, at, None, None, None])
    return pictures


def _noise(step: Noise, pictures: Tensor) -> Tensor:
    return (pictures + torch.randn_like(pictures) * (255 * step.amount)).clamp_(0, 255)


def _cutout(step: Cutout, pictures: Tensor) -> Tensor:
    rows, _, height, width = pictures.shape
    side = max(1, round(step.size * min(height, width)))
    covered = box(
        torch.rand(rows, 2), torch.full((rows, 2), side), (height, width), pictures.device
    )
    return torch.where(covered, pictures.mean(dim=(2, 3), keepdim=True), pictures)


def box(centre: Tensor, sides: Tensor, size: tuple[int, int], device: torch.device) -> Tensor:
    """Mark a rectangle in each picture; bool, shape (rows, 1, height, width).

    Parameters
    ----------
    centre
        From 0 to 1 along height and width; shape (rows, 2). The edge of the picture cuts off what
        lies beyond.
    sides
        Height and width in pixels; shape (rows, 2).
    """
    marks = []
    for axis, length in enumerate(size):
        start = (centre[:, axis] * length - sides[:, axis] / 2).round()
        place = torch.arange(length)
        inside = (place >= start[:, None]) & (place < (start + sides[:, axis])[:, None])
        marks.append(inside.to(device))
    return (marks[0][:, :, None] & marks[1][:, None, :])[:, None]


CHANGES: dict[type[PixelChange], Callable[[Any, Tensor], Tensor]] = {
    ColourJitter: _jitter,
    Blur: _blur,
    Noise: _noise,
    Cutout: _cutout,
}
