"""Steps that make arrays of pictures and sounds, fitted on those that train."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import pictures
from modelstudio.data.fitted import FittedStep
from modelstudio.data.fitting import active
from modelstudio.data.shaping import file_steps
from modelstudio.data.stored import Stored
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import ScalePixels, Step

_WORDS = {"image": "pictures", "audio": "sounds"}

IMAGENET = ((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""Mean and standard deviation of the channels of ImageNet's training pictures, from 0 to 255."""


def fit_pictures(
    data: DataConfig, kinds: Mapping[str, str], clean: pl.DataFrame, train: NDArray[np.int64]
) -> Generator[tuple[str, int, int], None, tuple[FittedStep, ...]]:
    """Decode the pictures and learn their scale from those that train.

    Parameters
    ----------
    kinds
        Kind of each column that the steps before left.
    train
        Positions in ``clean`` of the rows that train.

    Raises
    ------
    DataError
        When the pictures have no common size, or none of those that train can be read.
    """
    columns = {name: kind for name, kind in kinds.items() if kind in _WORDS}
    acting = [step for _, step in active(data.recipe) if step.stage == "pixels"]
    states: dict[int, dict[str, Any]] = {at: {} for at in range(len(acting))}
    for column, kind in columns.items():
        decoder = pictures.decoder_of(acting, column, kind)
        loading = pictures.load(clean.get_column(column).fill_null("").to_list(), decoder)
        while True:
            try:
                yield (f"Decoding the {_WORDS[kind]}", *next(loading))
            except StopIteration as end:
                found: pictures.Pictures = end.value
                break
        readable = np.array([at for at in train.tolist() if at not in found.faults], dtype=np.int64)
        if not len(readable):
            raise DataError(
                f"None of the {_WORDS[kind]} in {column} can be read: the first "
                f"{next(iter(found.faults.values()), 'is missing')}.",
                where=column,
                fix=f"Choose a folder of {_WORDS[kind]} that other programs can open.",
            )
        for at, step in enumerate(acting):
            if isinstance(step, pictures.SCALING) and step in file_steps(acting, column, kind):
                states[at][column] = _figures(step, found.pixels[readable])
    return tuple(FittedStep(step=step, state=states[at]) for at, step in enumerate(acting))


def _figures(step: Step, pixels: Stored) -> list[list[float]]:
    """Return shift and factor of each channel."""
    channels = pixels.shape[1]
    match step.method if isinstance(step, ScalePixels) else "":
        case "0 to 1":
            return [[0.0] * channels, [1 / 255] * channels]
        case "-1 to 1":
            return [[127.5] * channels, [1 / 127.5] * channels]
        case "ImageNet":
            mean, spread = ([*each, 127.5][:channels] for each in IMAGENET)
        case _:
            mean, spread = pictures.channel_figures(pixels)
    return [mean, [1 / value if value > 0 else 1.0 for value in spread]]
