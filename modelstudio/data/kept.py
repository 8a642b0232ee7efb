"""Decoded arrays kept in memory-mapped files, which several programs may use and remove at once.

Each folder holds files of arrays of one shape, and beside each a list of what lies where, which is
written last: until then nobody else sees the file. What is opened stays usable when another program
removes it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from modelstudio.data.scratch import scratch
from modelstudio.data.stored import Stored
from modelstudio.errors import DataError

KEPT_BYTES = 20 * 2**30
"""Arrays kept on disk; the ones used longest ago go first."""

Places = Mapping[str, int | str]
"""By stamp of a picture its row, or what is wrong with it."""


class Layout(Protocol):
    """What arrays of a file look like."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of every array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of arrays, opened; ``array`` has the shape (rows, ...)."""

    path: Path
    places: Places
    array: NDArray[Any]

    @classmethod
    def open(cls, path: Path, layout: Layout) -> Kept:
        """Open a file of arrays; raises ValueError when it is cut short."""
        raw = json.loads(_list_of(path).read_text(encoding="utf-8"))
        if path.stat().st_size != raw["bytes"]:
            raise ValueError(f"{path.name} is cut short")
        array = np.memmap(path, layout.dtype, "c", shape=(raw["rows"], *layout.shape))
        return cls(path, raw["places"], array)

    def used(self) -> None:
        """Note that the file was used."""
        with contextlib.suppress(OSError):
            os.utime(self.path)

    def of(self, stamps: Collection[str]) -> Iterator[tuple[str, NDArray[Any] | str]]:
        """Yield the array of each picture that is held, or what is wrong with it."""
        for stamp in stamps:
            if stamp in self.places:
                place = self.places[stamp]
                yield stamp, place if isinstance(place, str) else self.array[place]


def found(
    array: NDArray[Any], places: Places, stamps: Sequence[str]
) -> tuple[Stored, dict[int, str]]:
    """Return the arrays of some pictures, and by their place the faults of others."""
    index, faults = np.zeros(len(stamps), dtype=np.int64), {}
    for at, stamp in enumerate(stamps):
        place = places[stamp]
        if isinstance(place, str):
            faults[at] = place
        else:
            index[at] = place
    return Stored(array, index), faults


def opened(folder: Path, layout: Layout) -> list[Kept]:
    """Return the files of a folder."""
    files = []
    for path in folder.glob("*.bin"):
        with contextlib.suppress(OSError, ValueError, KeyError):
            files.append(Kept.open(path, layout))
    return files


class Writing:
    """A new file of arrays.

    Parameters
    ----------
    folder
        Made when it is not there.
    rows
        How many there may be, for which room is made.

    Raises
    ------
    DataError
        When the disk is too full.
    """

    def __init__(self, folder: Path, layout: Layout, rows: int) -> None:
        self._layout = layout
        self._bytes = int(np.prod(layout.shape)) * layout.dtype.itemsize
        folder.mkdir(parents=True, exist_ok=True)
        make_room(folder.parent, rows * self._bytes)
        self._file, self._path = scratch(folder, ".bin")
        self._places: dict[str, int | str] = {}
        self._rows = 0
        self._done = False

    def add(self, stamp: str, made: NDArray[Any] | str) -> None:
        """Take the array of a picture, or what is wrong with it."""
        self._places[stamp] = made if isinstance(made, str) else self._rows
        if not isinstance(made, str):
            self._file.write(made.tobytes())
            self._rows += 1

    def finish(self) -> Kept:
        """Let others see the file; those that hold nothing else are removed."""
        if not self._rows:  # an array of no rows cannot be mapped
            self._file.write(bytes(self._bytes))
            self._rows = 1
        self._file.flush()
        shape = (self._rows, *self._layout.shape)
        array = np.memmap(self._path, self._layout.dtype, "c", shape=shape)
        told = {"places": self._places, "rows": self._rows, "bytes": self._rows * self._bytes}
        _list_of(self._path).write_text(json.dumps(told), encoding="utf-8")
        self._done = True
        for path in self._superseded():
            remove(path)
        return Kept(self._path, self._places, array)

    def _superseded(self) -> list[Path]:
        """Return the files that hold less; of two that hold the same only one is superseded."""
        mine = self._places.keys()
        others = opened(self._path.parent, self._layout)
        return [
            other.path
            for other in others
            if other.places.keys() < mine
            or (other.places.keys() == mine and other.path < self._path)
        ]

    def close(self) -> None:
        """Remove what is not finished."""
        self._file.close()
        if not self._done:
            remove(self._path)


def make_room(folder: Path, wanted: int) -> None:
    """Let go of the arrays used longest ago.

    Raises
    ------
    DataError
        When the disk is too full all the same.
    """
    files = []
    for path in folder.glob("*/*.bin"):
        with contextlib.suppress(OSError):
            _list_of(path).stat()  # none beside what is still being written
            stat = path.stat()
            files.append((stat.st_mtime, path, stat.st_size))
    held = sum(size for _, _, size in files)
    for _, path, size in sorted(files):
        enough = shutil.disk_usage(folder).free > 1.1 * wanted
        if held + wanted <= KEPT_BYTES and enough:
            break
        if remove(path):
            held -= size
    free = shutil.disk_usage(folder).free
    if free < 1.1 * wanted:
        raise DataError(
            f"The decoded pictures need {wanted / 2**30:.1f} GiB of disk, and {free / 2**30:.1f} "
            "GiB are free.",
            where=str(folder),
            fix="Make the pictures smaller with Resize pictures, or free some room.",
        )


def remove(path: Path) -> bool:
    """Remove a file of arrays and its list; tell whether it is gone.

    On Windows one that any program has opened stays, with its list.
    """
    try:
        path.unlink(missing_ok=True)
        _list_of(path).unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _list_of(path: Path) -> Path:
    return path.with_suffix(".json")
