"""Values of a column as small numbers, in a file where they are many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill

Codes = NDArray[np.unsignedinteger[Any]]

FEW_TEXTS = 10_000
"""Different texts that are put in order before the rows are, which is quicker."""

_RANKED = 16
"""Bytes a row that it takes to number the values of a column at once."""


def ordered_codes(column: pl.Series) -> Codes:
    """Give different values, in their order, numbers from 1, and missing ones 0; shape (rows,)."""
    many = spill.is_spilled(_RANKED * len(column))
    if column.dtype == pl.String:
        values = spill.counts(column).get_column("value") if many else column.unique()
        values = values.drop_nulls().sort()
        if many or len(values) <= FEW_TEXTS:
            return _enumerated(column, values)
    if many:
        return _places(column, *_physical(column))
    return column.rank("dense").fill_null(0).to_numpy(writable=True)


def group_codes(column: pl.Series) -> Codes:
    """Give different values, in any order, numbers from 1, and missing ones 0; shape (rows,).

    Of many texts the hashes are compared.
    """
    if column.dtype != pl.String or not spill.is_spilled(_RANKED * len(column)):
        return ordered_codes(column).astype(np.uint32, copy=False)
    hashes = spill.hashes(column)
    known = spill.where(len(column), lambda each: column[each].is_not_null().to_numpy())
    values = spill.unique(spill.taken(hashes, known))
    return _places(column, values, lambda each: hashes[each])


def _enumerated(column: pl.Series, values: pl.Series) -> Codes:
    """Return the places of texts among the different ones in their order, counted from 1."""
    kind = pl.Enum(values)
    made = spill.empty(len(column), np.min_scalar_type(len(values) + 1))
    for each in spill.slices(len(column)):
        places = column[each].cast(kind).to_physical().cast(pl.UInt32)
        made[each] = (places + 1).fill_null(0).to_numpy()
    return made


def _physical(column: pl.Series) -> tuple[NDArray[Any], Callable[[slice], NDArray[Any]]]:
    """Return the different numbers in ascending order, and what gives those of some rows."""
    numbers = column.to_physical()
    return (
        spill.unique(spill.copied(numbers)),
        lambda each: numbers[each].fill_null(0).to_numpy(),
    )


def _places(
    column: pl.Series, values: NDArray[Any], numbers: Callable[[slice], NDArray[Any]]
) -> Codes:
    """Return the places of numbers among different ones in ascending order, counted from 1."""
    made = spill.empty(len(column), np.uint32)
    for each in spill.slices(len(column)):
        places = np.searchsorted(values, numbers(each)) + 1
        made[each] = np.where(column[each].is_null().to_numpy(), 0, places)
    return made
