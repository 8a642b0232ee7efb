"""A sound as the Data page shows it, and the lengths of all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from modelstudio.data.sound_view import POINTS, read_sound, sound_figures
from modelstudio.engine.projects import new_project
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import MelSpectrogram

RATE = 8000


@pytest.fixture
def sounds(tmp_path: Path) -> DataConfig:
    """Return sounds of two classes, each louder at its end; one lasts two seconds, the rest one."""
    for at in range(12):
        folder = tmp_path / "sounds" / "ab"[at % 2]
        folder.mkdir(parents=True, exist_ok=True)
        seconds = 2 if at == 0 else 1
        time = np.arange(RATE * seconds) / RATE
        wave = np.sin(2 * np.pi * (300 + 900 * (at % 2)) * time) * np.linspace(0, 0.5, len(time))
        soundfile.write(folder / f"s{at:02d}.wav", wave, RATE)
    data = new_project(tmp_path / "sounds").project.data
    return data.changed(recipe=(MelSpectrogram(rate=RATE, seconds=1.0, bands=32),))


def test_a_sound_has_a_wave_and_a_picture(sounds: DataConfig) -> None:
    low, high = read_sound(sounds, 1), read_sound(sounds, 11)
    assert low is not None
    assert high is not None
    assert (low.name, low.seconds, low.rate, low.kept) == ("s02.wav", 1.0, RATE, 1.0)
    assert len(low.high) == len(low.low) == POINTS
    assert low.high[-5:].mean() > 4 * low.high[50:55].mean()
    assert low.picture is not None
    assert high.picture is not None
    assert high.picture.mean(axis=1).argmax() > low.picture.mean(axis=1).argmax()
    assert (low.picture.min(), low.picture.max()) == (0, 1)


def test_lengths_are_counted(sounds: DataConfig) -> None:
    figures = sound_figures(sounds)
    assert figures is not None
    assert (figures.sounds, figures.median, figures.longest) == (12, 1.0, 2.0)
    assert figures.rates == ((RATE, 12),)
    assert figures.cut == pytest.approx(1 / 12)


def test_a_sound_that_is_damaged_is_named(sounds: DataConfig) -> None:
    assert sounds.path is not None
    (Path(sounds.path) / "a" / "s02.wav").write_bytes(b"RIFF and nothing else")
    with pytest.raises(DataError, match=r"s02\.wav is no sound"):
        read_sound(sounds, 1)
    figures = sound_figures(sounds)
    assert figures is not None
    assert figures.unreadable == 1
