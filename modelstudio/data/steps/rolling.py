"""Numbers smoothed over rows in order. State: method and number of rows by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.steps.learning import Target, cells, numbers
from modelstudio.recipe.steps import SmoothRows


def fit_rolling(
    step: SmoothRows, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn nothing but the settings."""
    return {name: [step.method, step.rows] for name in columns}


def apply_rolling(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Smooth each value with those of the rows before it; empty cells stay empty."""
    return frame.with_columns(
        _means(frame.get_column(name), rows) if method == "mean" else _medians(name, rows)
        for name, (method, rows) in state.items()
    )


class Rolling:
    """Smooths rows that come one piece after another, each with those before it of its group."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._state = state
        self._reach = max((rows for _, rows in state.values()), default=1) - 1
        self._before = pl.DataFrame()
        self._groups = np.empty(0, np.int64)

    def follow(self, frame: pl.DataFrame, groups: NDArray[np.int64]) -> pl.DataFrame:
        """Smooth some more rows, given the group of each; shape (rows,)."""
        if not self._state:
            return frame
        rows = frame.select(list(self._state))
        if self._before.height:
            rows, groups = pl.concat([self._before, rows]), np.append(self._groups, groups)
        order = np.argsort(groups, kind="stable")
        each = np.split(order, np.flatnonzero(np.diff(groups[order])) + 1)
        empty = np.full(self._reach, rows.height)
        places = np.concatenate([np.append(own, empty) for own in each])
        smooth = apply_rolling(self._state, pl.concat([rows, rows.clear(1)])[places])
        found = np.empty(rows.height + 1, np.int64)
        found[places] = np.arange(len(places))
        last = np.sort(np.concatenate([own[-self._reach :] for own in each]))
        self._before, self._groups = rows[last], groups[last]
        return frame.with_columns(smooth[found[rows.height - frame.height : rows.height]])


def _medians(name: str, rows: int) -> pl.Expr:
    finite = pl.when(pl.col(name).is_finite()).then(pl.col(name))
    smooth = finite.rolling_median(rows, min_samples=1)
    return pl.when(finite.is_not_null()).then(smooth).alias(name)


def _means(column: pl.Series, rows: int) -> pl.Series:
    """Return means that hang on their own rows alone, to the last bit."""
    values = cells(column)
    known = ~np.isnan(values)
    sums = _sums(np.where(known, values, 0.0), rows)
    counts = _sums(known.astype(np.float64), rows)
    return numbers(column.name, np.where(known, sums / np.maximum(counts, 1.0), np.nan))


def _sums(values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Add to each value those of the rows before it, out of sums of 1, 2, 4 and more rows."""
    total, done, size = np.zeros(len(values)), 0, 1
    while done < rows:
        if rows & size:
            total += _later(values, done)
            done += size
        values, size = values + _later(values, size), 2 * size
    return total


def _later(values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Move values so many rows on; zeros come first."""
    return np.concatenate([np.zeros(min(rows, len(values))), values[: max(0, len(values) - rows)]])
