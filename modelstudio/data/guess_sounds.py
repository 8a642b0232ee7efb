"""Roles and a recipe for sounds nobody has described yet."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from modelstudio.data.guess import Guess
from modelstudio.data.guess_pictures import roles
from modelstudio.data.sources.folders import FILE
from modelstudio.errors import DataError
from modelstudio.recipe.steps import DropMissingTarget, MelSpectrogram

LOOKED_AT: Final = 60
"""Sounds opened to tell length and rate, spread over all."""

LONGEST: Final = 10.0
"""Seconds of a sound that are looked at, at most."""

RATES: Final = (8_000, 16_000, 22_050, 32_000)
"""Samples a second that are taken: the next below that of the sounds."""

FRAMES: Final = 96
"""Columns that a spectrogram should have about."""


def guess(frame: pl.DataFrame, target: str | None = None) -> Guess:
    """Guess roles, length and rate of sounds, whose paths are in `FILE`.

    Raises
    ------
    DataError
        When nothing is known of the sounds, or ``target`` is no column.
    """
    columns, notes, split = roles(frame, target, "audio")
    step = _spectrogram(frame.get_column(FILE))
    long = "1 second" if step.seconds == 1 else f"{step.seconds:g} seconds"
    told = f"The sounds become spectrograms of {step.bands} bands over {long}."
    return Guess(columns, (DropMissingTarget(), step), (*notes, told), split)


def _spectrogram(paths: pl.Series) -> MelSpectrogram:
    """Look at some sounds for a usual length and rate."""
    import soundfile

    seconds, rates = [], []
    for path in paths.gather_every(-(-len(paths) // LOOKED_AT) or 1).to_list():
        try:
            info = soundfile.info(path)
        except (soundfile.LibsndfileError, OSError, RuntimeError):
            continue
        if info.frames:
            seconds.append(info.duration)
            rates.append(info.samplerate)
    if not seconds:
        raise DataError(
            "None of the sounds looked at can be opened.",
            fix="Choose a folder of WAV or FLAC files that other programs can open.",
        )
    length = float(np.clip(np.quantile(seconds, 0.9), 0.1, LONGEST))
    length = round(length, 2 if length < 1 else 1)
    rate = max((rate for rate in RATES if rate <= np.median(rates)), default=RATES[0])
    hop = round(max(0.008, length / FRAMES), 4)
    window = round(min(max(0.032, 2 * hop), length), 4)
    return MelSpectrogram(rate=rate, seconds=length, hop=hop, window=window)
