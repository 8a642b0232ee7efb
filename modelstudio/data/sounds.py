"""How sounds are opened and become log-mel spectrograms."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelstudio.data.shaping import Unreadable, out_of_reach
from modelstudio.recipe.steps.sounds import MelSpectrogram

Floats = NDArray[np.float32]

QUIETEST = 1e-7
"""Power that counts as silence; without a least one its logarithm would have no end."""

_SYSTEM = 2
"""What libsndfile calls a fault of the system's."""


@dataclass(frozen=True)
class Listening:
    """What a step makes of a sound; see `pictures.Decoder`."""

    step: MelSpectrogram

    dtype = np.dtype(np.float32)

    @property
    def samples(self) -> int:
        """Samples of a sound after resampling."""
        return max(self.window, round(self.step.seconds * self.step.rate))

    @property
    def window(self) -> int:
        """Samples that a frame shows."""
        return max(2, round(self.step.window * self.step.rate))

    @property
    def hop(self) -> int:
        """Samples from one frame to the next."""
        return max(1, round(self.step.hop * self.step.rate))

    @property
    def points(self) -> int:
        """Points of the Fourier transform of a frame."""
        return 2 * (1 << (self.window - 1).bit_length())

    @property
    def shape(self) -> tuple[int, int, int]:
        """One channel, bands and frames."""
        return 1, self.step.bands, 1 + (self.samples - self.window) // self.hop

    @cached_property
    def key(self) -> str:
        """A name that is the same for the same settings only."""
        raw = json.dumps(self.step.model_dump(exclude={"enabled", "columns"}), sort_keys=True)
        return hashlib.blake2b(f"mel {raw}".encode(), digest_size=12).hexdigest()

    def decode(self, path: str) -> Floats:
        """Return the spectrogram of a file; float32, shape (1, bands, frames)."""
        wave, rate = open_sound(path, self.step.seconds)
        wave = resampled(wave, rate, self.step.rate)[: self.samples]
        wave = np.pad(wave, (0, self.samples - len(wave)))
        return self.spectrogram(wave)

    def spectrogram(self, wave: Floats) -> Floats:
        """Return the spectrogram of a wave of `samples`."""
        frames = np.lib.stride_tricks.sliding_window_view(wave, self.window)[:: self.hop]
        bell = np.hanning(self.window).astype(np.float32)
        power = np.abs(np.fft.rfft(frames * bell, self.points)) ** 2 / bell.sum() ** 2
        bands = mel_bands(self.step.bands, self.points, self.step.rate) @ power.T
        logarithms: Floats = np.log(bands + QUIETEST).astype(np.float32)[None]
        return logarithms


def open_sound(path: str | Path, seconds: float) -> tuple[Floats, int]:
    """Read the beginning of a sound, all channels mixed to one; return it and its rate.

    Raises
    ------
    Unreadable
        When it is no sound, damaged, empty or out of reach.
    """
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as file:
            rate: int = file.samplerate
            block: Floats = file.read(
                int(np.ceil(seconds * rate)) + 1, dtype="float32", always_2d=True
            )
    except soundfile.LibsndfileError as error:
        wrong = Unreadable("is no sound that can be read", passing=error.code == _SYSTEM)
        raise _reach(path) or wrong from None
    except (OSError, RuntimeError, ValueError):
        raise Unreadable("is damaged") from None
    if not len(block):
        raise Unreadable("is empty")
    mixed = block.mean(axis=1)
    if not np.isfinite(mixed).all():
        raise Unreadable("is damaged")
    return mixed, rate


def _reach(path: str | Path) -> Unreadable | None:
    """Return what keeps the bytes of a file from being read; None when nothing does."""
    try:
        with Path(path).open("rb") as file:
            file.read(1)
    except OSError as error:
        return out_of_reach(error)
    return None


def resampled(wave: Floats, rate: int, wanted: int) -> Floats:
    """Bring a wave to another number of samples a second; what is too high to be kept is cut."""
    if rate == wanted:
        return wave
    length = max(1, round(len(wave) * wanted / rate))
    found = np.fft.irfft(np.fft.rfft(wave)[: length // 2 + 1], length)
    return (found * (length / len(wave))).astype(np.float32)


@lru_cache(maxsize=8)
def mel_bands(bands: int, points: int, rate: int) -> NDArray[Any]:
    """Return how much each frequency counts in each band; shape (bands, points / 2 + 1)."""
    highest = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, highest, bands + 2) / 2595) - 1)
    low, peak, high = (edges[at : at + bands, None] for at in range(3))
    heard = np.fft.rfftfreq(points, 1 / rate)
    rising, falling = (heard - low) / (peak - low), (high - heard) / (high - peak)
    return np.maximum(0, np.minimum(rising, falling))
