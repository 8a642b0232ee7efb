"""Arrays too large to copy: rows of a memory map, found through an index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
