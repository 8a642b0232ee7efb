"""Pictures and sounds as arrays: decoded once, the same way for all, kept in a memory-mapped file.

The file lies in the application's folder under a name made of the steps that shape a picture, so
that a later epoch, run or start of the program finds it; see `modelstudio.data.kept`. What changed
is decoded anew.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from modelstudio.data import kept
from modelstudio.data.kept import Kept, Layout, Writing
from modelstudio.data.shaping import Unreadable, file_steps, shaping_of
from modelstudio.data.sounds import Listening
from modelstudio.data.stored import Stored
from modelstudio.errors import DataError
from modelstudio.recipe.steps import MelSpectrogram, ScalePixels, Step
from modelstudio.resources import app_home

if TYPE_CHECKING:
    import polars as pl

    from modelstudio.data.fitted import FittedStep

T = TypeVar("T")
Made = TypeVar("Made")

SCALING = (ScalePixels, MelSpectrogram)
"""Steps that learn shift and factor of each channel; their state has both by column."""

_WORKERS = min(8, os.cpu_count() or 1)

_CHUNK = 64
"""Pictures between two signs of progress."""

Progress = tuple[int, int]
"""Pictures done, and pictures in all."""


class Decoder(Layout, Protocol):
    """What makes an array of a file: channels, height and width; equal ``key``, equal arrays."""

    @property
    def key(self) -> str:
        """Name of the folder that the arrays are kept in."""

    def decode(self, path: str) -> NDArray[Any]:
        """Return the array of a file, or raise `Unreadable`."""


def decoder_of(steps: Sequence[Step], column: str, kind: str) -> Decoder:
    """Return what decodes the files of a column of pictures or sounds.

    Raises
    ------
    DataError
        When no step of the recipe says how.
    """
    if kind != "audio":
        return shaping_of(steps, column)
    for step in reversed(file_steps(steps, column, kind)):
        if isinstance(step, MelSpectrogram):
            return Listening(step)
    raise DataError(
        f"Nothing turns the sounds of {column} into numbers.",
        where=column,
        fix="Add Mel spectrogram to the recipe.",
    )


@dataclass(frozen=True, slots=True)
class Pictures:
    """Decoded pictures, or spectrograms, of some files.

    Parameters
    ----------
    pixels
        Shape (files, channels, height, width), uint8 of pictures; 0 where a file cannot be used.
    faults
        Why a file cannot be used, by its place.
    """

    pixels: Stored
    faults: dict[int, str]


def load(paths: Sequence[str], shaping: Decoder) -> Generator[Progress, None, Pictures]:
    """Decode files, or find what was decoded before; yields how far it is.

    One that was out of reach is tried again each time.

    Raises
    ------
    DataError
        When the disk has no room for the arrays.
    """
    stamps = [_stamp(path) for path in paths]
    wanted = dict(zip(stamps, paths, strict=True))
    folder = app_home() / "pictures" / shaping.key
    files = kept.opened(folder, shaping)
    held = max(files, key=lambda each: len(each.places.keys() & wanted), default=None)
    missing = [stamp for stamp in wanted if held is None or stamp not in held.places]
    passing: dict[str, str] = {}
    if missing:
        held = yield from _decode(missing, wanted, held, folder, shaping, passing)
    if held is None:
        nothing = np.zeros((1, *shaping.shape), shaping.dtype)
        return Pictures(*kept.found(nothing, passing, stamps))
    held.used()
    return Pictures(*kept.found(held.array, {**held.places, **passing}, stamps))


def _stamp(path: str) -> str:
    """Return what tells a file and its contents from all others, without reading it.

    Another file that came in its place, even with the same time, has another number or change time.
    """
    try:
        stat = Path(path).stat()
    except (OSError, ValueError):
        return path
    return f"{path}|{stat.st_size}|{stat.st_mtime_ns}|{stat.st_ctime_ns}|{stat.st_ino}"


def _decode(
    missing: Sequence[str],
    wanted: Mapping[str, str],
    older: Kept | None,
    folder: Path,
    shaping: Decoder,
    passing: dict[str, str],
) -> Generator[Progress, None, Kept | None]:
    """Decode the missing pictures into a new file, with those that an older one holds.

    There is none when nothing is learnt that lasts as long as the files do not change; faults that
    may not are put into ``passing``.
    """
    done = len(wanted) - len(missing)
    yield done, len(wanted)
    writing: Writing | None = None
    try:
        for stamp, made in in_threads(missing, partial(_decoded, wanted, shaping)):
            done += 1
            if isinstance(made, Unreadable) and made.passing:
                passing[stamp] = str(made)
            else:
                if writing is None:
                    writing = Writing(folder, shaping, len(wanted))
                    for held in older.of(wanted) if older is not None else ():
                        writing.add(*held)
                writing.add(stamp, str(made) if isinstance(made, Unreadable) else made)
            if done % _CHUNK == 0:
                yield done, len(wanted)
        newest = older if writing is None else writing.finish()
    except OSError as error:
        raise DataError(
            f"The decoded pictures could not be kept on disk: {error.strerror or error}.",
            where=str(folder),
            fix="Free some room there, or make the pictures smaller with Resize pictures.",
        ) from None
    finally:
        if writing is not None:
            writing.close()
    yield len(wanted), len(wanted)
    return newest


def _decoded(paths: Mapping[str, str], shaping: Decoder, stamp: str) -> NDArray[Any] | Unreadable:
    try:
        return shaping.decode(paths[stamp])
    except Unreadable as fault:
        return fault


def in_threads(
    items: Iterable[T], work: Callable[[T], Made]
) -> Generator[tuple[T, Made], None, None]:
    """Work in several threads, a little ahead; yields each item with what was made, in order."""
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="pictures") as pool:
        waiting = iter(items)
        ahead = deque((item, pool.submit(work, item)) for item in islice(waiting, 4 * _CHUNK))
        try:
            while ahead:
                item, made = ahead.popleft()
                yield item, made.result()
                ahead.extend((item, pool.submit(work, item)) for item in islice(waiting, 1))
        finally:
            pool.shutdown(cancel_futures=True)


def loaded(paths: Sequence[str], shaping: Decoder) -> Pictures:
    """Return decoded pictures without telling how far it is."""
    return _last(load(paths, shaping))


def _last(steps: Generator[Any, None, Pictures]) -> Pictures:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Pictures = end.value
            return found


def channel_figures(pixels: Stored) -> tuple[list[float], list[float]]:
    """Return mean and standard deviation of each channel, from 0 to 255, in one pass."""
    channels = pixels.shape[1]
    count, total, squares = 0, np.zeros(channels), np.zeros(channels)
    for start in range(0, len(pixels), 256):
        block = pixels[start : start + 256].read().astype(np.float64)
        count += block.shape[0] * block.shape[2] * block.shape[3]
        total += block.sum(axis=(0, 2, 3))
        squares += (block**2).sum(axis=(0, 2, 3))
    mean = total / max(1, count)
    spread = np.sqrt(np.maximum(squares / max(1, count) - mean**2, 0.0))
    return mean.tolist(), spread.tolist()


def stored_files(
    column: str, cells: pl.Series, steps: Sequence[FittedStep], kind: str
) -> tuple[Stored, dict[int, str]]:
    """Return the pictures or sounds of some rows as the network takes them, and what is wrong."""
    decoder = decoder_of([fitted.step for fitted in steps], column, kind)
    found = loaded(cells.fill_null("").to_list(), decoder)
    shift: list[float] = []
    factor: list[float] = []
    for fitted in steps:
        if isinstance(fitted.step, SCALING) and column in fitted.state:
            shift, factor = fitted.state[column]
    return Stored(found.pixels.array, found.pixels.index, tuple(shift), tuple(factor)), found.faults
