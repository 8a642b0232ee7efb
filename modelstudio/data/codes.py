"""Values of a column as small numbers, in a file where they are many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import DTypeLike, NDArray

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


def natural_codes(column: pl.Series) -> Codes:
    """Give different values numbers as `ordered_codes` does, in an order as of times.

    Texts go by the numbers in them: 9 comes before 10, and W9 before W10.
    """
    if column.dtype != pl.String:
        return ordered_codes(column)
    values = spill.counts(column).get_column("value").drop_nulls()
    return _enumerated(column, _natural(values), np.uint32)


def _natural(values: pl.Series) -> pl.Series:
    """Put different texts in order of the numbers in them, however many digits these have.

    Whole numbers with their signs come before all others.
    """
    text, part = pl.col("value"), pl.element()
    digits, nines = [str(digit) for digit in range(10)], [str(9 - digit) for digit in range(10)]
    size, number = _measured(pl.col("whole")), _measured(part.str.strip_chars_start("0"))
    below = text.str.starts_with("-") & (pl.col("whole") != "0")
    signed = pl.when(below).then("0" + size.str.replace_many(digits, nines)).otherwise("1" + size)
    parts = pl.when(part.str.contains("^[0-9]")).then(number).otherwise(part)
    natural = text.str.extract_all("[0-9]+|[^0-9]+").list.eval(parts).list.join("")
    held = values.alias("value").to_frame()
    held = held.with_columns(whole=text.str.extract(r"^[+-]?0*([0-9]+)$"))
    known = pl.col("whole").is_not_null()
    ordered = held.filter(known).sort(signed, text), held.filter(~known).sort(natural, text)
    return pl.concat(ordered).get_column("value")


def _measured(digits: pl.Expr) -> pl.Expr:
    """Put the number of its digits before a number, so that texts are in the order of numbers."""
    return digits.str.len_bytes().cast(pl.String).str.zfill(6) + digits


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


def _enumerated(column: pl.Series, values: pl.Series, dtype: DTypeLike | None = None) -> Codes:
    """Return the places of texts among the different ones in their order, counted from 1."""
    kind = pl.Enum(values)
    made = spill.empty(len(column), np.min_scalar_type(len(values) + 1) if dtype is None else dtype)
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
