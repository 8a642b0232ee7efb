"""Random changes to training batches on their device; see `modelstudio.recipe.augment`.

All that is drawn comes from torch's generators, whose state a checkpoint keeps: a run that goes on
in the middle draws what it would have drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from modelstudio.data import augment_pictures
from modelstudio.data.augment_pictures import box, chosen
from modelstudio.recipe.augment import (
    Augmentation,
    CutMix,
    Mix,
    Move,
    PixelChange,
    SwapNoise,
    WordDropout,
)
from modelstudio.recipe.fields import FieldSpec

Batch = dict[str, Tensor]

Changed = tuple[Augmentation, Tensor]
"""An augmentation, and which rows of a batch it changed."""


class Augmenter:
    """Changes batches of some fields at random.

    Parameters
    ----------
    augmentations
        In their order; those that act on none of the fields, and those switched off, do nothing.
    fields
        Inputs and target.
    origins
        Tells by field the raw column that each of its columns was made of; without it each is one
        of its own.
    """

    def __init__(
        self,
        augmentations: Iterable[Augmentation],
        fields: Sequence[FieldSpec],
        origins: Callable[[], Mapping[str, Sequence[str]]] | None = None,
    ) -> None:
        active = [each for each in augmentations if each.enabled and any(map(each.acts_on, fields))]
        self._inputs = [field for field in fields if field.role == "input"]
        self._targets = [field for field in fields if field.role == "target"]
        self._images = {field.name for field in self._inputs if field.kind == "image"}
        self._on_pictures = [each for each in active if isinstance(each, Move | PixelChange)]
        if any(field.kind == "tokens" for field in self._targets):
            # a target that stands at every place would no longer fit the places
            active = [
                each for each in active if not isinstance(each, Mix | WordDropout | SwapNoise)
            ]
        if any(field.kind == "ranking" for field in self._targets):
            # another user or item would not be the one that was chosen
            active = [each for each in active if not isinstance(each, SwapNoise)]
        self._others = [each for each in active if isinstance(each, SwapNoise | WordDropout)]
        self.mixes = [each for each in active if isinstance(each, Mix)]
        swapping = any(isinstance(each, SwapNoise) for each in active)
        self._cells = self._numbered(origins() if swapping and origins is not None else {})

    def _numbered(self, origins: Mapping[str, Sequence[str]]) -> dict[str, Tensor]:
        """Give numbers to raw columns, whose cells are swapped; by field, shape (columns,)."""
        numbers: dict[object, int] = {}
        found = {}
        for field in filter(SwapNoise.acts_on, self._inputs):
            own = [(field.name, at) for at in range(math.prod(map(int, field.shape)))]
            made_of = origins.get(field.name, own)
            found[field.name] = torch.tensor([numbers.setdefault(x, len(numbers)) for x in made_of])
        return found

    def __bool__(self) -> bool:
        return bool(self._on_pictures or self._others or self.mixes)

    def raw(self, name: str, values: Tensor) -> Tensor:
        """Change what a field holds before it is scaled; pictures have shades from 0 to 255."""
        return self.pictures(values)[0] if name in self._images else values

    def pictures(self, pictures: Tensor) -> tuple[Tensor, list[Changed]]:
        """Change pictures one by one; return them and which of them each augmentation changed."""
        changed: list[Changed] = []
        for moving, group in groupby(self._on_pictures, lambda each: isinstance(each, Move)):
            steps: list[Any] = list(group)
            if moving:
                pictures, masks = augment_pictures.move(steps, pictures)
                changed += zip(steps, masks, strict=True)
                continue
            for step in steps:
                pictures, mask = augment_pictures.change(step, pictures)
                changed.append((step, mask))
        return pictures, changed

    def batch(self, batch: Batch) -> Batch:
        """Change numbers and words, and put samples together; targets become shares of classes."""
        for step in self._others:
            if isinstance(step, SwapNoise):
                self._swap(step, batch)
                continue
            for field in filter(step.acts_on, self._inputs):
                batch[field.name] = _without_words(step, batch[field.name])
        if self.mixes:
            for field in self._targets:
                batch[field.name] = as_shares(batch[field.name], field)
            for mix in self.mixes:
                self.mix(mix, batch)
        return batch

    def _swap(self, step: SwapNoise, batch: Batch) -> None:
        """Take some cells from other rows of the batch, with all columns that are made of them."""
        rows = len(next(batch[name] for name in self._cells))
        count = 1 + max(int(columns.max()) for columns in self._cells.values())
        source = torch.randint(rows, (rows, count))
        taken = torch.rand(rows, count) < step.amount
        taken &= chosen(rows, step.share)[:, None]
        for name, columns in self._cells.items():
            values = batch[name]
            table = values.view(rows, -1)
            swapped = table.gather(0, source[:, columns].to(values.device))
            kept = torch.where(taken[:, columns].to(values.device), swapped, table)
            batch[name] = kept.view_as(values)

    def mix(self, step: Mix, batch: Batch, partner: Tensor | None = None) -> Tensor:
        """Put each sample together with another of the batch; return which were changed.

        ``partner`` tells which, by row; drawn when None.
        """
        names = [field.name for field in filter(step.acts_on, self._inputs)]
        rows = len(batch[names[0]])
        partner = torch.randperm(rows) if partner is None else partner
        share = torch.distributions.Beta(step.alpha, step.alpha).sample((rows,))
        share = torch.maximum(share, 1 - share)
        share = torch.where(chosen(rows, step.share), share, 1.0)
        if isinstance(step, CutMix):
            size = batch[names[0]].shape[-2:]
            sides = (1 - share).sqrt()[:, None] * torch.tensor(size)
            centre, sides = torch.rand(rows, 2), sides.round()
            for name in names:
                values = batch[name]
                pasted = box(centre, sides, (values.shape[-2], values.shape[-1]), values.device)
                batch[name] = torch.where(pasted, values[partner.to(values.device)], values)
            own = box(centre, sides, (size[0], size[1]), torch.device("cpu"))
            share = 1 - own.float().mean(dim=(1, 2, 3))
        else:
            for name in names:
                batch[name] = _blend(batch[name], share, partner)
        for field in self._targets:
            if field.name in batch:
                batch[field.name] = _blend(batch[field.name], share, partner)
        return share < 1


def as_shares(target: Tensor, field: FieldSpec) -> Tensor:
    """Return class indices as shares of the classes, (rows, classes); numbers as they are."""
    if field.kind != "classes":
        return target
    return torch.nn.functional.one_hot(target, len(field.classes)).to(torch.float32)


def _blend(values: Tensor, share: Tensor, partner: Tensor) -> Tensor:
    own = share.to(values).view(-1, *[1] * (values.ndim - 1))
    return torch.lerp(values[partner.to(values.device)], values, own)


def _without_words(step: WordDropout, tokens: Tensor) -> Tensor:
    """Leave out some words and close the gaps; 0 stays padding at the right."""
    leave = torch.rand(tokens.shape) < step.amount
    leave &= chosen(len(tokens), step.share)[:, None]
    kept = (tokens != 0) & ~leave.to(tokens.device)
    kept[:, 0] |= ~kept.any(dim=1)
    order = torch.argsort((~kept).to(torch.uint8), dim=1, stable=True)
    return torch.where(kept, tokens, 0).gather(1, order)
