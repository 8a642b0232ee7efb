"""Small pictures for the tests: made, never stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from modelstudio.engine.projects import new_project
from modelstudio.project.model import Project
from modelstudio.recipe.augment import Augmentation


def picture(label: int, seed: int, size: int = 16, channels: int = 3) -> Image.Image:
    """Return noise with a light bar that lies across for label 0 and stands for label 1."""
    values = np.random.default_rng(seed).integers(0, 90, (size, size, channels), dtype=np.uint8)
    bar = slice(size // 2 - 2, size // 2 + 2)
    values[(bar, slice(None)) if label == 0 else (slice(None), bar)] += 150
    return Image.fromarray(values if channels > 1 else values[:, :, 0])


def class_folders(folder: Path, each: int = 20, **how: int) -> Path:
    """Write two folders of pictures, ``across`` and ``upright``; return the folder of both."""
    for label, name in enumerate(("across", "upright")):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            made = picture(label, 2 * number + label, **how)
            made.save(folder / name / f"{number:03}.png")
    return folder


def quick_project(folder: Path, *augment: Augmentation, epochs: int = 2) -> Project:
    """Return the guessed project of a folder with a short training."""
    project = new_project(folder).project
    return project.changed(
        data=project.data.changed(augment=augment),
        training=project.training.changed(epochs=epochs, batch_size=8),
    )
