"""Steps that leave out rows before the split: each takes the raw table and returns the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.formulas import holds
from modelstudio.data.sources import ROW, mapped
from modelstudio.errors import DataError
from modelstudio.recipe.steps import (
    DropDuplicates,
    DropMissingTarget,
    FilterRows,
    LeaveOut,
    SampleRows,
    Step,
)
from modelstudio.recipe.steps.rows import row_ranges


def _first_of_equal(step: DropDuplicates, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    """Keep the first of equal rows; only those of equal hashes are compared."""
    names = [name for name in frame.columns if name != ROW]
    if not names:
        return frame
    hashes = np.zeros(frame.height, np.uint64)
    for name in names:
        hashes *= np.uint64(0x9E3779B97F4A7C15)
        hashes ^= frame.get_column(name).hash().to_numpy()
    ordered = np.sort(hashes)
    doubled = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(doubled):
        return frame
    places = np.flatnonzero(np.isin(hashes, doubled))
    alike = frame[places, names].with_columns(pl.Series(ROW, places))
    first = alike.unique(subset=names, keep="first", maintain_order=True).get_column(ROW)
    kept = np.ones(frame.height, bool)
    kept[places] = False
    kept[first.to_numpy()] = True
    return mapped.chosen(frame, kept)


def _with_target(step: DropMissingTarget, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    return frame if target is None else known_target(frame, target)


def known_target(frame: pl.DataFrame, target: str) -> pl.DataFrame:
    """Leave out the rows without target; a table that has none is not copied."""
    answers = frame.get_column(target)
    return mapped.chosen(frame, answers.is_not_null().to_numpy()) if answers.null_count() else frame


def _where(step: FilterRows, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    if not step.condition.strip():
        return frame
    try:
        kept = frame.filter(holds(step.condition, frame.drop(ROW, strict=False)))
    except ValueError as error:
        raise DataError(
            f"The condition of {step.label} does not fit: {error}.",
            where=step.label,
            fix="Correct it in the step.",
        ) from None
    if frame.height and not kept.height:
        raise DataError(
            f"The condition {step.condition} holds for none of the {frame.height:,} rows.",
            where=step.label,
            fix="Change the condition, or switch the step off.",
        )
    return kept


def _not_named(step: LeaveOut, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    numbers = _numbers(frame) + 1
    kept = np.ones(frame.height, bool)
    for first, last in row_ranges(step.rows):
        kept[np.searchsorted(numbers, first) : np.searchsorted(numbers, last, "right")] = False
    if frame.height and not kept.any():
        raise DataError(
            f"{step.label} names all of the {frame.height:,} rows.",
            where=step.label,
            fix="Name fewer of them, or switch the step off.",
        )
    return frame if kept.all() else frame.filter(kept)


def _numbers(frame: pl.DataFrame) -> NDArray[np.int64]:
    """Return the number of each row in its source, ascending from 0."""
    if ROW not in frame.columns:
        return np.arange(frame.height)
    return frame.get_column(ROW).cast(pl.Int64).to_numpy()


def _sample(step: SampleRows, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    """Draw rows by lots that hang on seed and row number, so that other rows hardly matter."""
    if frame.height <= step.rows:
        return frame
    numbers = _numbers(frame)
    lots = np.random.default_rng([step.seed, 1]).random(int(numbers.max()) + 1)[numbers]
    return frame[np.sort(np.argsort(lots, kind="stable")[: step.rows])]


KEEP: dict[type[Step], Callable[[Any, pl.DataFrame, str | None], pl.DataFrame]] = {
    DropDuplicates: _first_of_equal,
    DropMissingTarget: _with_target,
    FilterRows: _where,
    LeaveOut: _not_named,
    SampleRows: _sample,
}
"""By step: takes it, the rows and the name of the target; returns the rows kept, in order."""
