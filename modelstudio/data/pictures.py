"""Pictures and sounds as arrays: decoded once, the same way for all, kept in a memory-mapped file.

The file lies in the application's folder under a name made of the steps that shape a picture, so
that a later epoch, run or start of the program finds it. A file that changed is decoded anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

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

KEPT_BYTES = 20 * 2**30
"""Arrays kept on disk; the ones used longest ago go first."""

SCALING = (ScalePixels, MelSpectrogram)
"""Steps that learn shift and factor of each channel; their state has both by column."""

_WORKERS = min(8, os.cpu_count() or 1)

_CHUNK = 64
"""Pictures between two signs of progress."""

Progress = tuple[int, int]
"""Pictures done, and pictures in all."""


class Decoder(Protocol):
    """What makes an array of a file; equal ``key``, equal arrays."""

    @property
    def key(self) -> str:
        """Name of the folder that the arrays are kept in."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of every array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""

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

    Raises
    ------
    DataError
        When the disk has no room for the arrays.
    """
    stamps = [_stamp(path) for path in paths]
    folder = app_home() / "pictures" / shaping.key
    kept = _fitting(folder, stamps)
    if kept is None:
        kept = yield from _decode(folder, paths, stamps, shaping)
    index, faults = kept.find(stamps)
    array = np.memmap(kept.path, shaping.dtype, "c", shape=(kept.rows, *shaping.shape))
    with contextlib.suppress(OSError):
        os.utime(kept.path)
    return Pictures(Stored(array, index), faults)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file of arrays and where in it each picture lies; a fault stands in the place of a row."""

    path: Path
    places: dict[str, int | str]
    rows: int

    @classmethod
    def read(cls, path: Path) -> _Kept:
        """Read what is where; raises ValueError when the file of arrays is cut short."""
        raw = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if path.stat().st_size != raw["bytes"]:
            raise ValueError(f"{path.name} is cut short")
        return cls(path, raw["places"], raw["rows"])

    def find(self, stamps: Sequence[str]) -> tuple[NDArray[np.int64], dict[int, str]]:
        index, faults = np.zeros(len(stamps), dtype=np.int64), {}
        for at, stamp in enumerate(stamps):
            place = self.places[stamp]
            if isinstance(place, str):
                faults[at] = place
            else:
                index[at] = place
        return index, faults


def _stamp(path: str) -> str:
    """Return what tells a file and its contents from all others, without reading it."""
    try:
        stat = Path(path).stat()
    except OSError:
        return path
    return f"{path}|{stat.st_size}|{stat.st_mtime_ns}"


def _files(folder: Path) -> list[_Kept]:
    found = []
    for path in folder.glob("*.bin"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            found.append(_Kept.read(path))
    return found


def _fitting(folder: Path, stamps: Sequence[str]) -> _Kept | None:
    """Return a file that holds all of some pictures."""
    return next((kept for kept in _files(folder) if kept.places.keys() >= set(stamps)), None)


def _decode(
    folder: Path, paths: Sequence[str], stamps: Sequence[str], shaping: Decoder
) -> Generator[Progress, None, _Kept]:
    """Write a new file of arrays; pictures that another one holds are copied from it."""
    folder.mkdir(parents=True, exist_ok=True)
    size = int(np.prod(shaping.shape)) * shaping.dtype.itemsize
    wanted = dict(zip(stamps, paths, strict=True))
    _make_room(folder.parent, len(wanted) * size)
    older = max(_files(folder), key=lambda kept: len(kept.places.keys() & wanted), default=None)
    places: dict[str, int | str] = {}
    rows = 0
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    part = Path(name)
    place = part.with_suffix(".bin")
    try:
        with os.fdopen(handle, "wb") as file:
            if older is not None:
                held = np.memmap(older.path, np.uint8, "r", shape=(older.rows, size))
                for stamp in [stamp for stamp in wanted if stamp in older.places]:
                    at = older.places[stamp]
                    places[stamp] = at if isinstance(at, str) else rows
                    if not isinstance(at, str):
                        file.write(held[at].tobytes())
                        rows += 1
            missing = [stamp for stamp in wanted if stamp not in places]
            yield len(places), len(wanted)
            for stamp, made in _decoded(missing, wanted, shaping):
                places[stamp] = made if isinstance(made, str) else rows
                if not isinstance(made, str):
                    file.write(made.tobytes())
                    rows += 1
                if len(places) % _CHUNK == 0:
                    yield len(places), len(wanted)
            if not rows:  # an array of no rows cannot be mapped
                file.write(bytes(size))
                rows = 1
        told = {"places": places, "rows": rows, "bytes": rows * size}
        place.with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")
        os.replace(part, place)
    except OSError as error:
        _remove(place)
        raise DataError(
            f"The decoded pictures could not be kept on disk: {error.strerror or error}.",
            where=str(folder),
            fix="Free some room there, or make the pictures smaller with Resize pictures.",
        ) from None
    finally:
        part.unlink(missing_ok=True)
    if older is not None and older.places.keys() <= places.keys():
        _remove(older.path)
    yield len(wanted), len(wanted)
    return _Kept(place, places, rows)


def _decoded(
    stamps: Iterable[str], paths: dict[str, str], shaping: Decoder
) -> Generator[tuple[str, NDArray[Any] | str], None, None]:
    """Yield in order the array of each file, or what is wrong with it."""

    def one(stamp: str) -> NDArray[Any] | str:
        try:
            return shaping.decode(paths[stamp])
        except Unreadable as fault:
            return str(fault)

    yield from in_threads(stamps, one)


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


def _make_room(folder: Path, wanted: int) -> None:
    """Let go of the arrays used longest ago.

    Raises
    ------
    DataError
        When the disk is too full all the same.
    """
    files = sorted(folder.glob("*/*.bin"), key=lambda path: path.stat().st_mtime)
    held = sum(path.stat().st_size for path in files)
    for path in files:
        enough = shutil.disk_usage(folder).free > 1.1 * wanted
        if held + wanted <= KEPT_BYTES and enough:
            break
        held -= path.stat().st_size
        _remove(path)
    free = shutil.disk_usage(folder).free
    if free < 1.1 * wanted:
        raise DataError(
            f"The decoded pictures need {wanted / 2**30:.1f} GiB of disk, and {free / 2**30:.1f} "
            "GiB are free.",
            where=str(folder),
            fix="Make the pictures smaller with Resize pictures, or free some room.",
        )


def _remove(path: Path) -> None:
    """Remove a file of arrays; one that is in use elsewhere may stay."""
    with contextlib.suppress(OSError):
        path.with_suffix(".json").unlink(missing_ok=True)
        path.unlink()


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
