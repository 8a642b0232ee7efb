"""Work over all rows of a table that memory may not hold: slice by slice, with results in files.

What is small for the memory is held in it and worked out at once. The numbers are the same.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import polars as pl
from numpy.typing import DTypeLike, NDArray

from modelstudio.data.scratch import scratch
from modelstudio.data.sources import ROW, mapped
from modelstudio.data.sources.arrow_memory import imported
from modelstudio.errors import DataError
from modelstudio.resources import app_home

ROWS: Final = 200_000
"""Rows of a slice."""

SHARE: Final = 16
"""Arrays that lie in memory are so many times smaller than the largest source that does."""

SLAB: Final = 4 << 20
"""Bytes of text in a slice."""

_TEXT: Final = 16
"""Bytes of a cell of text, without a long one's own."""


def is_spilled(size: int) -> bool:
    """Tell whether an array of so many bytes belongs into a file."""
    return mapped.is_large(SHARE * size)


def slices(rows: int) -> Iterator[slice]:
    """Cut rows into slices."""
    return (slice(start, min(start + ROWS, rows)) for start in range(0, rows, ROWS))


def portions(frame: pl.DataFrame, rows: int) -> Iterator[slice]:
    """Cut a table into slices of at most so many rows, and not much more text than a slab."""
    texts = frame.select(pl.col(pl.String))
    sizes = pl.sum_horizontal(pl.all().str.len_bytes().cast(pl.UInt64))
    for start in range(0, frame.height, rows):
        stop = min(start + rows, frame.height)
        cuts: list[int] = []
        if texts.width:
            ends = texts[start:stop].select(sizes).to_series().cum_sum().to_numpy()
            marks = np.arange(SLAB, int(ends[-1]), SLAB)
            cuts = (start + np.unique(np.searchsorted(ends, marks, side="right"))).tolist()
        edges = [start, *(cut for cut in cuts if start < cut < stop), stop]
        yield from (slice(first, last) for first, last in pairwise(edges))


def pieces(rows: int, size: int) -> list[slice]:
    """Cut rows of so many bytes each into slices, where they are too many to be held."""
    return list(slices(rows)) if is_spilled(rows * size) else [slice(0, rows)]


def empty(rows: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return an array to be filled, shape (rows,); a large one lies in a file that goes with it.

    Raises
    ------
    DataError
        When the disk has no room for it.
    """
    kind = np.dtype(dtype)
    if not rows or not is_spilled(rows * kind.itemsize):
        return np.empty(rows, kind)
    file, path = scratch(app_home() / "tables", ".rows")
    try:
        with file:
            _reserve(file, rows * kind.itemsize)
            array = np.memmap(path, kind, "r+", shape=(rows,))
    except OSError as error:
        raise DataError(
            f"What is worked out cannot be written to {path.parent}: {error.strerror}.",
            fix="Make room on that drive.",
        ) from None
    finally:
        _remove(path)  # where a file in use can go, it is gone at once
    weakref.finalize(array, _remove, path)
    return array


def _reserve(file: BinaryIO, size: int) -> None:
    """Make a file as long, with room for it: to write to a mapped one where there is none kills."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    block = bytes(1 << 20)
    for start in range(0, size, len(block)):
        file.write(block[: size - start])


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def copied(values: NDArray[Any] | pl.Series) -> NDArray[Any]:
    """Return a copy of numbers, which may be put in order where it lies; missing ones are left out.

    Shape (numbers,).
    """
    if isinstance(values, np.ndarray):
        made = empty(len(values), values.dtype)
        made[:] = values
        return made
    made, at = empty(len(values) - values.null_count(), values.head(0).to_numpy().dtype), 0
    for each in slices(len(values)):
        some = values[each].drop_nulls().to_numpy()
        made[at : at + len(some)] = some
        at += len(some)
    return made


def in_order(values: NDArray[Any] | pl.Series) -> NDArray[Any]:
    """Return known numbers in ascending order."""
    made = copied(values)
    made.sort()
    return made


def hashes(values: pl.Series) -> NDArray[np.uint64]:
    """Return a hash of each value."""
    made = empty(len(values), np.uint64)
    for each in pieces(len(values), 8):
        made[each] = values[each].hash().to_numpy()
    return made


def ranked(values: pl.Series) -> pl.Series:
    """Return known numbers for quantiles: many in order, which spares polars a copy of them."""
    if not is_spilled(8 * len(values)):
        return values
    return lent(values.name, in_order(values)).set_sorted()


def unique(values: NDArray[Any]) -> NDArray[Any]:
    """Return the different numbers in ascending order, as numpy does."""
    if not is_spilled(values.nbytes):
        return np.unique(values)
    ordered = in_order(values)
    made, at = empty(count_different(ordered), ordered.dtype), 0
    for each in slices(len(ordered)):
        some = ordered[each][_begins(ordered, each)]
        made[at : at + len(some)] = some
        at += len(some)
    return made


def count_different(ordered: NDArray[Any]) -> int:
    """Count the different ones of numbers in order."""
    return sum(int(np.count_nonzero(_begins(ordered, each))) for each in slices(len(ordered)))


def repeated(values: NDArray[Any]) -> NDArray[Any]:
    """Return the numbers that are there more than once, in ascending order."""
    ordered = in_order(values)
    places = where(len(ordered), lambda each: ~_begins(ordered, each))
    return ordered[places]


def count_unique(values: pl.Series) -> int:
    """Count the different known values; of many texts their hashes."""
    if not is_spilled(_TEXT * len(values)):
        return values.drop_nulls().n_unique()
    if values.dtype == pl.String:
        return count_different(in_order(hashes(values))) - (values.null_count() > 0)
    return count_different(in_order(values.to_physical()))


def count_rows(frame: pl.DataFrame) -> int:
    """Count the different rows of a table; of many rows their hashes."""
    if not is_spilled(_TEXT * frame.height):
        return frame.n_unique()
    made = filled(frame.height, np.uint64, lambda each: frame[each].hash_rows().to_numpy())
    made.sort()
    return count_different(made)


def _begins(ordered: NDArray[Any], which: slice) -> NDArray[np.bool_]:
    """Tell which rows of a slice differ from the one before."""
    some = ordered[max(0, which.start - 1) : which.stop]
    differs: NDArray[np.bool_] = some[1:] != some[:-1]
    return differs if which.start else np.concatenate([[True], differs])


def where(rows: int, holds: Callable[[slice], NDArray[np.bool_]]) -> NDArray[np.int64]:
    """Return the places of the rows for which something holds, ascending."""
    if not is_spilled(8 * rows):
        return np.flatnonzero(holds(slice(0, rows)))
    made = empty(sum(int(np.count_nonzero(holds(each))) for each in slices(rows)), np.int64)
    at = 0
    for each in slices(rows):
        found = np.flatnonzero(holds(each))
        made[at : at + len(found)] = found + each.start
        at += len(found)
    return made


def places_of(code: Any, codes: NDArray[Any]) -> NDArray[np.int64]:
    """Return the places of the rows that have a code, ascending."""
    return where(len(codes), lambda each: codes[each] == code)


def places_among(some: NDArray[Any], values: NDArray[Any]) -> NDArray[np.int64]:
    """Return the places of the values that are among some in ascending order."""
    return where(len(values), lambda each: is_among(some, values[each]))


def is_among(some: NDArray[Any], values: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which values are among some in ascending order."""
    if not len(some):
        return np.zeros(len(values), bool)
    found: NDArray[np.bool_] = some[np.searchsorted(some, values).clip(0, len(some) - 1)] == values
    return found


def filled(rows: int, dtype: DTypeLike, work: Callable[[slice], NDArray[Any]]) -> NDArray[Any]:
    """Return what is worked out of the rows of each slice; shape (rows,)."""
    made = empty(rows, dtype)
    for each in pieces(rows, made.itemsize):
        made[each] = work(each)
    return made


def taken(values: NDArray[Any], places: NDArray[np.int64]) -> NDArray[Any]:
    """Return the values at some places; shape (places,)."""
    made = empty(len(places), values.dtype)
    for each in slices(len(places)):
        made[each] = values[places[each]]
    return made


def made_of(
    values: NDArray[Any], change: Callable[[NDArray[Any]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return what is made of each number by itself; shape (numbers,)."""
    if not is_spilled(8 * len(values)):
        return change(values)
    made = empty(len(values), np.float64)
    for each in slices(len(values)):
        made[each] = change(values[each])
    return made


def deviation(values: NDArray[np.float64]) -> float:
    """Return the standard deviation, as numpy works it out."""
    mean = values.mean()
    return float(np.sqrt(made_of(values, lambda some: (some - mean) ** 2).mean()))


def counts(values: pl.Series) -> pl.DataFrame:
    """Return the different values as ``value`` with their ``count``, in no order."""
    values = values.alias("value")
    if not is_spilled(_TEXT * len(values)):
        return values.value_counts()
    return summed(values[each] for each in slices(len(values)))


def summed(values: Iterable[pl.Series]) -> pl.DataFrame:
    """Count what comes in pieces, at least one, as `counts` does."""
    merged, parts, held = pl.DataFrame(), [], 0
    for each in values:
        parts.append(each.alias("value").value_counts())
        held += parts[-1].height
        if held > max(ROWS, merged.height):
            merged, parts, held = _added([merged, *parts]), [], 0
    return _added([merged, *parts])


def _added(counts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    held = [each for each in counts if each.width]
    return pl.concat(held).group_by("value").agg(pl.col("count").sum())


def by_slices(
    frame: pl.DataFrame, work: Callable[[pl.DataFrame, slice], pl.DataFrame]
) -> pl.DataFrame:
    """Do something with the rows of a table, a slice of them at a time where they are many.

    Parameters
    ----------
    work
        Takes some rows and which they are; returns what is made of them, in columns of the types
        that a mapped table has.
    """
    if not is_spilled(max(_TEXT * frame.height, int(frame.estimated_size()))):
        return work(frame, slice(0, frame.height))
    with mapped.Writing("rows") as writing:
        for each in portions(frame, ROWS):
            writing.add(work(frame[each], each))
        return writing.frame()


def gathered(frame: pl.DataFrame, rows: NDArray[np.int64]) -> pl.DataFrame:
    """Return rows by their places, which ascend."""
    if not is_spilled(max(_TEXT * frame.height, int(frame.estimated_size()))):
        return frame[rows]

    def some(part: pl.DataFrame, which: slice) -> pl.DataFrame:
        first, last = (int(at) for at in np.searchsorted(rows, (which.start, which.stop)))
        held: pl.DataFrame = part[rows[first:last] - which.start]
        return held

    return by_slices(frame, some)


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Put the number of each row before a table, from 0."""
    if not is_spilled(4 * frame.height):
        return frame.with_row_index(ROW)
    numbers = empty(frame.height, np.uint32)
    for each in slices(frame.height):
        numbers[each] = np.arange(each.start, each.stop)
    return pl.DataFrame([lent(ROW, numbers), *frame])


def row_numbers(frame: pl.DataFrame) -> NDArray[np.int64]:
    """Return the number of each row in its source; without any, they are counted from 0."""
    made = empty(frame.height, np.int64)
    numbers = frame.get_column(ROW) if ROW in frame.columns else None
    for each in slices(frame.height):
        made[each] = np.arange(each.start, each.stop) if numbers is None else numbers[each]
    return made


def lots(generator: np.random.Generator, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Draw a lot for every row of a source, and return those of some; their numbers ascend."""
    made = empty(len(rows), np.float64)
    for each in slices(int(rows[-1]) + 1 if len(rows) else 0):
        drawn = generator.random(each.stop - each.start)
        first, last = np.searchsorted(rows, (each.start, each.stop))
        made[first:last] = drawn[rows[first:last] - each.start]
    return made


def lent(name: str, values: NDArray[Any]) -> pl.Series:
    """Make a column of an array as it lies."""
    dtype = pl.UInt32() if values.dtype == np.uint32 else pl.Float64()
    return imported(name, dtype, len(values), 0, None, [values.view(np.uint8)])
