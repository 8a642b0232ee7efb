"""What fitting a step begins with: the known values of a column, and names that are free."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.errors import DataError
from modelstudio.recipe.columns import is_pattern

ROUNDING = 1e-13
"""Share of the largest value below which a spread means nothing."""

Target = NDArray[np.int64] | NDArray[np.float64] | None
"""Class codes or values of the training rows, shape (rows,); None where the table has no target."""

Change = Callable[[pl.DataFrame, slice], pl.DataFrame]
"""Changes some of the training rows, given which of them they are."""


def known(frame: pl.DataFrame, name: str, fix: str = "Set its role to ignored.") -> pl.Series:
    """Return the values of a column that are not missing; of numbers the finite ones.

    Raises
    ------
    DataError
        When there is none.
    """
    values = frame.get_column(name)
    there = pl.col(name).is_not_null()
    if values.dtype == pl.Float64:
        there &= pl.col(name).is_finite()
    if values.null_count() or not values.to_frame().select(there.all()).item():
        kept = spill.by_slices(values.to_frame(), lambda some, _: some.filter(there))
        values = kept.to_series()
    if not len(values):
        raise DataError(
            f"{name} is empty in every training row, so there is nothing to learn.",
            where=name,
            fix=fix,
        )
    return values


def statistic(value: Any) -> float:
    """Return what polars worked out as a number; 0 for nothing."""
    return float(value) if value is not None else 0.0


def factor_to_one(spread: float, largest: float) -> float:
    """Return what scales a spread to 1; 1 where it is no more than the rounding of the values.

    Parameters
    ----------
    largest
        Size of the largest value.
    """
    return 1.0 / spread if np.isfinite(spread) and spread > ROUNDING * largest else 1.0


def free_name(wanted: str, taken: Collection[str]) -> str:
    """Return a name with as many underscores at its end as it takes to be free and a name."""
    while wanted in taken or is_pattern(wanted):
        wanted += "_"
    return wanted


def matrix(frame: pl.DataFrame, columns: Sequence[str]) -> NDArray[np.float64]:
    """Return number columns side by side, NaN where a cell is missing or not finite."""
    values = frame.select(columns).to_numpy().astype(np.float64).reshape(-1, len(columns))
    values[~np.isfinite(values)] = np.nan
    return values


def numbers(name: str, values: NDArray[np.float64]) -> pl.Series:
    """Return a column of numbers; what is not finite is missing."""
    return pl.Series(name, np.where(np.isfinite(values), values, np.nan)).fill_nan(None)


def cells(column: pl.Series) -> NDArray[np.float64]:
    """Return a column of numbers, NaN where a cell is missing or not finite; shape (rows,)."""
    return matrix(column.to_frame(), [column.name])[:, 0]


def in_place(frame: pl.DataFrame, parts: dict[str, list[pl.Series]]) -> pl.DataFrame:
    """Put columns in the place of others; a name that is taken gets an underscore at its end."""
    taken = set(frame.columns) - set(parts)
    columns: list[pl.Series] = []
    for column in frame.get_columns():
        if column.name not in parts:
            columns.append(column)
            continue
        for part in parts[column.name]:
            name = free_name(part.name, taken)
            taken.add(name)
            columns.append(part.alias(name))
    return pl.DataFrame(columns)
