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


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """Some rows of an array that stays where it is, mostly a memory-mapped file.

    Parameters
    ----------
    array
        Shape (stored rows, ...).
    index
        Which of them, in order; int64, shape (rows,).
    shift, factor
        The network takes ``(value - shift) * factor``; a number for each channel, which is the
        first dimension of a row, or none where values are taken as they are.
    """

    array: NDArray[Any]
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
        array, index = self.array(), Spool((), np.dtype(np.int64))
        for start in range(0, len(array), _COUNTED):
            index.write(np.arange(start, min(start + _COUNTED, len(array))))
        return Stored(array, index.array())


def _discard(file: BinaryIO, path: Path) -> None:
    file.close()
    _remove(path)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
