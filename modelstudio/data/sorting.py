"""Rows put in order of some columns, few enough at a time to be held."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill

Places = NDArray[np.int64]

_SAMPLE = 100_000
"""Rows that tell where to part the others."""

_MOST = 4096
"""Values that rows are parted at."""


def places(rows: int) -> Places:
    """Return the places of rows as they are."""
    return spill.filled(rows, np.int64, lambda each: np.arange(each.start, each.stop))


def sorted_places(keys: pl.DataFrame) -> Places:
    """Return the places of rows in order of columns, the first of them first; missing cells lead.

    Rows that are equal stay in their order.
    """
    order = places(keys.height)
    _sort(keys, order, spill.ROWS if spill.is_spilled(8 * keys.height) else keys.height)
    return order


def _sort(keys: pl.DataFrame, order: Places, held: int) -> None:
    """Put ascending places in order of columns, where they lie; so many are sorted at once."""
    if not keys.width or len(order) < 2:
        return
    if len(order) <= held:
        numbered = keys[order].with_row_index("__place__").sort(keys.columns, maintain_order=True)
        order[:] = order[numbered.get_column("__place__").to_numpy()]
        return
    first = keys.to_series(0).to_physical()
    marks = first[order[:: -(-len(order) // _SAMPLE)]].drop_nulls().unique().sort()
    most = min(_MOST, 2 * len(order) // held + 1)
    ends = _dealt(first, order, marks.gather_every(max(1, len(marks) // most)))
    for part, start in enumerate([0, *ends[:-1].tolist()]):
        alike = part % 2 == 0  # equal to a mark, or missing
        _sort(keys[:, 1:] if alike else keys, order[start : int(ends[part])], held)


def _dealt(column: pl.Series, order: Places, marks: pl.Series) -> Places:
    """Bring places into parts: the missing, then by turns those between two marks and equal to one.

    Returns
    -------
    Places
        Where each part ends.
    """
    slices, sizes = list(spill.slices(len(order))), np.zeros(2 * len(marks) + 2, np.int64)
    for each in slices:
        sizes += np.bincount(_parts(column[order[each]], marks), minlength=len(sizes))
    ends = np.cumsum(sizes)
    free = ends - sizes
    dealt = spill.empty(len(order), np.int64)
    for each in slices:
        part = _parts(column[order[each]], marks)
        own = np.argsort(part, kind="stable")
        count = np.bincount(part, minlength=len(sizes))
        dealt[np.repeat(free - np.cumsum(count) + count, count) + np.arange(len(own))] = order[
            each
        ][own]
        free += count
    for each in slices:
        order[each] = dealt[each]
    return ends


def _parts(values: pl.Series, marks: pl.Series) -> Places:
    """Return the part of each value: 0 where it is missing, even where it is a mark, else odd."""
    if not len(marks):
        return values.is_not_null().to_numpy().astype(np.int64)
    left, right = (marks.search_sorted(values, side).to_numpy() for side in ("left", "right"))
    return np.where(values.is_null().to_numpy(), 0, left.astype(np.int64) + right + 1)
