"""What the augmentations of a project make of one picture, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modelstudio.data.shaping import Shaping, Unreadable, shaping_of
from modelstudio.errors import DataError
from modelstudio.project.model import Project
from modelstudio.recipe.fields import FieldSpec


@dataclass(frozen=True, slots=True, eq=False)
class AugmentedPictures:
    """Changed versions of a picture, and itself.

    Parameters
    ----------
    original
        The picture as the network takes it; uint8, shape (height, width, channels).
    pictures
        uint8, shape (versions, height, width, channels).
    changed
        Labels of the augmentations that changed each version, in the order in which they act.
    places
        Places of the same augmentations in the project's list.
    """

    original: NDArray[np.uint8]
    pictures: NDArray[np.uint8]
    changed: tuple[tuple[str, ...], ...]
    places: tuple[tuple[int, ...], ...]


def samples(
    project: Project,
    path: Path,
    count: int = 6,
    seed: int = 0,
    *,
    others: Sequence[Path] = (),
) -> AugmentedPictures:
    """Change one picture in several ways, as training would; the same seed gives the same.

    Parameters
    ----------
    path
        The picture.
    others
        Pictures that it may be mixed with; without any, MixUp and CutMix do nothing.

    Raises
    ------
    DataError
        When the picture cannot be read, or the recipe gives it no size.
    """
    import torch

    from modelstudio.data.augment import Augmenter

    data = project.data
    column = next((each.name for each in data.columns if each.kind == "image"), "")
    steps = [step for step in data.recipe if step.enabled]
    shaping = shaping_of(steps, column)
    try:
        original = shaping.decode(path)
    except Unreadable as fault:
        raise DataError(
            f"{path.name} {fault}.", where=str(path), fix="Choose another picture."
        ) from None
    field = FieldSpec(name="image", role="input", kind="image", shape=original.shape)
    augmenter = Augmenter(data.augment, [field])
    partners = [found for each in others[:count] if (found := _readable(each, shaping)) is not None]
    mixes = augmenter.mixes if partners else []
    given = [original] * count
    if mixes:
        given += [partners[at % len(partners)] for at in range(count)]
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        batch, masks = augmenter.pictures(torch.from_numpy(np.stack(given)).to(torch.float32))
        across = torch.arange(2 * count).roll(count)
        for mix in mixes:
            fields = {field.name: batch}
            masks.append((mix, augmenter.mix(mix, fields, across)))
            batch = fields[field.name]
        found = batch[:count].round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    order = [id(step) for step in data.augment]
    acted = [[step for step, mask in masks if mask[at]] for at in range(count)]
    return AugmentedPictures(
        original.transpose(1, 2, 0),
        found,
        tuple(tuple(step.label for step in steps) for steps in acted),
        tuple(tuple(order.index(id(step)) for step in steps) for steps in acted),
    )


def _readable(path: Path, shaping: Shaping) -> NDArray[np.uint8] | None:
    try:
        return shaping.decode(path)
    except Unreadable:
        return None
