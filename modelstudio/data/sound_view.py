"""One sound as it is and as the network gets it, and how long all of them are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelstudio.data.fitted import row_numbers
from modelstudio.data.fitting import active
from modelstudio.data.preview import stage_of
from modelstudio.data.shaping import Unreadable
from modelstudio.data.sounds import Listening, open_sound
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import MelSpectrogram

POINTS = 600
"""Places across a wave, each with the least and the most of the samples that fall on it."""

SAMPLE = 2_000
"""Sounds whose length is looked at, spread over the table."""

LONGEST = 60.0
"""Seconds of a sound that are shown."""


@dataclass(frozen=True, slots=True)
class SoundReading:
    """A sound.

    Parameters
    ----------
    seconds
        Its length, of which at most `LONGEST` are shown.
    low, high
        Least and most of the samples at each place of the wave, -1 to 1.
    kept
        Seconds that the network gets; None without a step that takes sounds.
    picture
        Logarithms of loudness, brought to 0 to 1; shape (bands, frames), the lowest band first.
    """

    name: str
    row: int
    part: str
    seconds: float
    rate: int
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    kept: float | None = None
    picture: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class SoundFigures:
    """How long sounds are, of those looked at; ``rates`` counts samples a second."""

    sounds: int
    of: int
    unreadable: int
    median: float
    longest: float
    rates: tuple[tuple[int, int], ...]
    kept: float | None
    cut: float


def read_sound(
    data: DataConfig, row: int | None = None, base: Path | None = None
) -> SoundReading | None:
    """Return the sound of a row of the source, the first without one; None where there is none.

    Raises
    ------
    DataError
        When the table or the sound cannot be read.
    """
    column = _column(data)
    if column is None:
        return None
    stage = stage_of(data, 0, base)
    numbers = row_numbers(stage.rows)
    at = int(np.searchsorted(numbers, row)) if row is not None else 0
    if at >= len(numbers) or row not in (None, int(numbers[at])):
        return None
    own = stage.rows[at : at + 1]
    path = own.get_column(column)[0]
    if path is None:
        return None
    step = _step(data)
    try:
        wave, rate = open_sound(path, LONGEST)
        picture = _picture(step, path) if step is not None else None
    except Unreadable as error:
        raise DataError(f"{Path(path).name} {error}.", where=str(path)) from None
    edges = np.unique(np.linspace(0, len(wave), POINTS + 1).astype(int))[:-1]
    return SoundReading(
        Path(path).name,
        int(numbers[at]),
        stage.part_of(own)[0],
        _seconds(path)[0],
        rate,
        np.minimum.reduceat(wave, edges),
        np.maximum.reduceat(wave, edges),
        step.seconds if step is not None else None,
        picture,
    )


def sound_figures(data: DataConfig, base: Path | None = None) -> SoundFigures | None:
    """Look at the length of the sounds; None without a column of them.

    Raises
    ------
    DataError
        When the table cannot be read.
    """
    column = _column(data)
    if column is None:
        return None
    paths = stage_of(data, 0, base).rows.get_column(column).drop_nulls()
    looked_at = paths.gather_every(-(-len(paths) // SAMPLE) or 1).to_list()
    lengths, rates = [], Counter[int]()
    for path in looked_at:
        seconds, rate = _seconds(path)
        if rate:
            lengths.append(seconds)
            rates[rate] += 1
    step = _step(data)
    kept = step.seconds if step is not None else None
    return SoundFigures(
        len(looked_at),
        len(paths),
        len(looked_at) - len(lengths),
        float(np.median(lengths)) if lengths else 0.0,
        max(lengths, default=0.0),
        tuple(rates.most_common()),
        kept,
        float(np.mean([each > kept for each in lengths])) if lengths and kept else 0.0,
    )


def _column(data: DataConfig) -> str | None:
    return next((each.name for each in data.columns if each.kind == "audio"), None)


def _step(data: DataConfig) -> MelSpectrogram | None:
    return next((step for _, step in active(data.recipe) if isinstance(step, MelSpectrogram)), None)


def _seconds(path: str) -> tuple[float, int]:
    """Return length and samples a second of a file from its head; 0 for one that is no sound."""
    import soundfile

    try:
        head: Any = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError, RuntimeError):
        return 0.0, 0
    return head.frames / head.samplerate, head.samplerate


def _picture(step: MelSpectrogram, path: str) -> NDArray[np.float32]:
    loud = Listening(step).decode(path)[0]
    low, high = float(loud.min()), float(loud.max())
    picture: NDArray[np.float32] = (loud - low) / max(high - low, 1e-6)
    return picture
