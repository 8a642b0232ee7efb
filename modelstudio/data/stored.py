"""Arrays too large to copy: rows of a memory map, found through an index."""

from __future__ import annotations

import contextlib
import weakref
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from modelstudio.data.scratch import scratch
from modelstudio.errors import DataError
from modelstudio.resources import app_home

_COUNTED = 1 << 20
"""Row numbers written at once."""


class Ragged:
    """Rows of ids end to end, read as rows of one length with 0 at the right.

    Parameters
    ----------
    ids
        Of all rows, shape (ids,); none is 0.
    ends
        Where each row ends among them; int64, shape (rows,).
    width
        Length of a row as it is read.
    """

    dtype = np.dtype(np.int64)
    ndim = 2

    def __init__(self, ids: NDArray[Any], ends: NDArray[np.int64], width: int) -> None:
        self._ids, self._ends = ids, ends
        self.shape = (len(ends), width)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Read rows by number."""
        ends = np.asarray(self._ends[rows])
        starts = np.where(rows > 0, self._ends[rows - 1], 0)
        lengths = ends - starts
        table = np.zeros((len(rows), self.shape[1]), dtype=np.int64)
        shift = starts - (np.cumsum(lengths) - lengths)
        places = np.repeat(shift, lengths) + np.arange(lengths.sum())
        table[np.arange(self.shape[1]) < lengths[:, None]] = self._ids[places]
        return table


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Some rows of an array that stays where it is, mostly a memory-mapped file.

    Parameters
    ----------
    array
        Shape (stored rows, ...); of ids maybe ragged.
    index
        Which of them, in order; int64, shape (rows,).
    shift, factor
        The network takes ``(value - shift) * factor``; a number for each channel, which is the
        first dimension of a row, or none where values are taken as they are.
    """

    array: NDArray[Any] | Ragged
    index: NDArray[np.int64]
    shift: tuple[float, ...] = ()
    factor: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, which: Any) -> Stored:
        """Return a choice of the rows, by slice, mask or positions; nothing is read."""
        return replace(self, index=self.index[which])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what `read` returns."""
        return (len(self.index), *self.array.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values."""
        return self.array.dtype

    def read(self) -> NDArray[Any]:
        """Copy the rows into memory."""
        return np.asarray(self.array[self.index])


def in_memory(rows: NDArray[Any] | Stored) -> NDArray[Any]:
    """Return rows as an array, read if they lie elsewhere."""
    return rows.read() if isinstance(rows, Stored) else rows


class Spool:
    """Rows of numbers written to a file of their own, block after block, and read from there.

    The file is gone when the program ends or nothing reads from it any more.

    Parameters
    ----------
    shape, dtype
        Of a row.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self._file, self._path = scratch(app_home() / "tables", ".rows")
        self._shape, self._dtype, self._rows = shape, dtype, 0
        self._leave = weakref.finalize(self, _discard, self._file, self._path)

    def write(self, rows: NDArray[Any]) -> None:
        """Add rows, shape (rows, ...).

        Raises
        ------
        DataError
            When the disk has no room for them.
        """
        try:
            self._file.write(np.ascontiguousarray(rows).data)
        except OSError as error:
            raise DataError(
                f"The encoded rows cannot be written to {self._path.parent}: {error.strerror}.",
                fix="Make room on that drive.",
            ) from None
        self._rows += len(rows)

    def array(self) -> NDArray[Any]:
        """Return what was written; of no rows an array in memory."""
        self._file.close()
        self._leave.detach()
        shape = (self._rows, *self._shape)
        if 0 in shape:
            _remove(self._path)
            return np.zeros(shape, self._dtype)
        array = np.memmap(self._path, self._dtype, "c", shape=shape)
        _remove(self._path)  # where a file in use can go, it is gone at once
        weakref.finalize(array, _remove, self._path)
        return array

    def stored(self) -> Stored:
        """Return what was written, one row after another."""
        return in_turn(self.array())


class RaggedSpool:
    """Rows of ids written to files of their own, block after block, and read from there."""

    def __init__(self) -> None:
        self._ids, self._ends = Spool((), np.dtype(np.int32)), Spool((), np.dtype(np.int64))
        self._count, self._width = 0, 1

    def write(self, rows: NDArray[np.int64]) -> None:
        """Add rows of ids, 0 at the right of short ones; shape (rows, longest)."""
        lengths = np.count_nonzero(rows, axis=1)
        self._ids.write(rows[rows != 0].astype(np.int32))
        self._ends.write(self._count + np.cumsum(lengths))
        self._count += int(lengths.sum())
        self._width = max(self._width, int(lengths.max(initial=0)))

    def stored(self) -> Stored:
        """Return what was written, one row after another, as long as the longest."""
        return in_turn(Ragged(self._ids.array(), self._ends.array(), self._width))


def in_turn(array: NDArray[Any] | Ragged) -> Stored:
    """Return all rows of an array, one after another."""
    index = Spool((), np.dtype(np.int64))
    for start in range(0, len(array), _COUNTED):
        index.write(np.arange(start, min(start + _COUNTED, len(array))))
    return Stored(array, index.array())


def _discard(file: BinaryIO, path: Path) -> None:
    file.close()
    _remove(path)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
