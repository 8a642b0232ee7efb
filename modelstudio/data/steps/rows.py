"""Steps that leave out rows before the split: each takes the raw table and returns the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
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

LONG, FEW, FINEST = 100_000, 2_000, 3
"""Rows of a long table, and rows and columns of it that are looked at first for equal ones."""

TOGETHER = 1_000_000
"""Cells that are hashed at once."""


def _first_of_equal(step: DropDuplicates, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    """Keep the first of equal rows; only those of equal hashes are compared.

    Where a few columns tell all rows apart, the others are not looked at.
    """
    names = [name for name in frame.columns if name != ROW]
    if not names:
        return frame
    for chosen in _choices(frame, names):
        if frame.height > LONG and any(_rises(frame.get_column(name)) for name in chosen):
            return frame
        hashes = _hashes(frame, chosen)
        doubled = spill.repeated(hashes)
        if not len(doubled):
            return frame
    places = spill.places_among(doubled, hashes)
    hashes = spill.taken(hashes, places)
    hashes %= np.uint64(-(-len(places) // spill.ROWS))
    kept = np.ones(frame.height, bool)
    for group in range(int(hashes.max()) + 1):
        some = places[spill.places_of(group, hashes)]
        alike = frame[some, names].with_columns(pl.Series(ROW, some))
        first = alike.unique(subset=names, keep="first", maintain_order=True).get_column(ROW)
        kept[some] = False
        kept[first.to_numpy()] = True
    return mapped.chosen(frame, kept)


def _choices(frame: pl.DataFrame, names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield all columns; of a long table first those that seem to tell most rows apart."""
    if frame.height > LONG:
        few = frame.gather_every(frame.height // FEW)
        different = {name: few.get_column(name).n_unique() for name in names}
        yield sorted(names, key=different.__getitem__)[-FINEST:]
    yield names


def _rises(values: pl.Series) -> bool:
    """Tell whether each value is greater than the one before it, so that all are different."""
    if values.null_count():
        return False
    parts = (values[max(0, each.start - 1) : each.stop] for each in spill.slices(len(values)))
    return all((part[1:] > part[:-1]).all() for part in parts)


def _hashes(frame: pl.DataFrame, names: Sequence[str]) -> NDArray[np.uint64]:
    """Return a hash of each row; columns of few rows are hashed many at once."""
    hashes = spill.empty(frame.height, np.uint64)
    columns = pl.DataFrame([frame.get_column(name) for name in names])
    for each in spill.slices(frame.height):
        some = np.zeros(each.stop - each.start, np.uint64)
        together = max(1, TOGETHER // len(some))
        for at in range(0, len(names), together):
            for hashed in columns[each, at : at + together].select(pl.all().hash()):
                some *= np.uint64(0x9E3779B97F4A7C15)
                some ^= hashed.to_numpy()
        hashes[each] = some
    return hashes


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
        kept = _which(step.condition, frame.drop(ROW, strict=False))
    except ValueError as error:
        raise DataError(
            f"The condition of {step.label} does not fit: {error}.",
            where=step.label,
            fix="Correct it in the step.",
        ) from None
    if frame.height and not kept.any():
        raise DataError(
            f"The condition {step.condition} holds for none of the {frame.height:,} rows.",
            where=step.label,
            fix="Change the condition, or switch the step off.",
        )
    return frame if kept.all() else mapped.chosen(frame, kept)


def _which(condition: str, frame: pl.DataFrame) -> NDArray[np.bool_]:
    kept = np.zeros(frame.height, bool)
    holds(condition, frame.head(0))  # says whether it fits
    for each in spill.slices(frame.height):
        kept[each] = holds(condition, frame[each])
    return kept


def _not_named(step: LeaveOut, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    numbers = spill.row_numbers(frame)
    kept = np.ones(frame.height, bool)
    for first, last in row_ranges(step.rows):
        kept[np.searchsorted(numbers, first - 1) : np.searchsorted(numbers, last)] = False
    if frame.height and not kept.any():
        raise DataError(
            f"{step.label} names all of the {frame.height:,} rows.",
            where=step.label,
            fix="Name fewer of them, or switch the step off.",
        )
    return frame if kept.all() else mapped.chosen(frame, kept)


def _sample(step: SampleRows, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    """Draw rows by lots that hang on seed and row number, so that other rows hardly matter."""
    if frame.height <= step.rows:
        return frame
    lots = spill.lots(np.random.default_rng([step.seed, 1]), spill.row_numbers(frame))
    greatest = spill.in_order(lots)[step.rows - 1]
    kept = lots < greatest
    equal = spill.where(frame.height, lambda each: lots[each] == greatest)
    kept[equal[: step.rows - np.count_nonzero(kept)]] = True
    return mapped.chosen(frame, kept)


KEEP: dict[type[Step], Callable[[Any, pl.DataFrame, str | None], pl.DataFrame]] = {
    DropDuplicates: _first_of_equal,
    DropMissingTarget: _with_target,
    FilterRows: _where,
    LeaveOut: _not_named,
    SampleRows: _sample,
}
"""By step: takes it, the rows and the name of the target; returns the rows kept, in order."""
