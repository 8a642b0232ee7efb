"""What changes in a guess when the rows of a table follow one another in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import polars as pl

from modelstudio.data.guess import Guess
from modelstudio.data.sources.values import as_text, to_dates
from modelstudio.recipe.steps import Windows

FEWEST_ROWS: Final = 60
"""Rows below which no windows are proposed."""

GLANCE: Final = 10_000
"""Rows in which two of the same time tell at once that there is no series."""

REGULAR: Final = 0.9
"""Share of the steps in time that are alike in a series."""

LENGTHS: Final = (
    (timedelta(hours=2), 24, "hours"),
    (timedelta(days=2), 14, "days"),
    (timedelta(days=10), 8, "weeks"),
    (timedelta(days=40), 12, "months"),
)
"""Rows of a window by the longest step in time they are meant for."""


def time_of(frame: pl.DataFrame, guessed: Guess) -> tuple[str, timedelta] | None:
    """Return the column of dates that steps evenly from row to row, and its step."""
    for column in guessed.columns:
        if column.kind != "date" or frame.height < FEWEST_ROWS:
            continue
        values = frame.get_column(column.name)
        first = to_dates(as_text(values.head(GLANCE))).drop_nulls()
        if first.n_unique() < len(first):
            continue
        times = to_dates(as_text(values)).drop_nulls()
        if len(times) < 0.95 * frame.height or times.n_unique() < len(times):
            continue
        steps = times.sort().diff().drop_nulls()
        usual = steps.mode()[0]
        even = ((steps >= usual * 0.9) & (steps <= usual * 1.12)).mean()
        if isinstance(usual, timedelta) and isinstance(even, float) and even >= REGULAR:
            return column.name, usual
    return None


def adapt(frame: pl.DataFrame, guessed: Guess, *, forecast: bool | None = None) -> Guess:
    """Split by time where the rows are a series, and look back where a number is to be told.

    Parameters
    ----------
    forecast
        Whether the person asked for it; None leaves it to the data.
    """
    found = time_of(frame, guessed)
    if found is None and not forecast:
        return guessed
    name, step = found or ("", timedelta(0))
    told = f"by {name}" if name else "as they stand"
    guessed = replace(
        guessed,
        split={"method": "time", "by": name or None, "stratify": False},
        notes=(*guessed.notes, f"The rows are in order of time {told}, so the latest ones test."),
    )
    target = next(column for column in guessed.columns if column.role == "target")
    if forecast is False or (forecast is None and target.kind != "number"):
        return guessed
    length, unit = next(
        ((rows, unit) for longest, rows, unit in LENGTHS if name and step <= longest), (16, "rows")
    )
    windows = Windows(length=max(1, min(length, frame.height // 10)), order_by=name)
    return replace(
        guessed,
        recipe=(*guessed.recipe, windows),
        notes=(
            *guessed.notes,
            f"{target.name} is told one row ahead from the last {windows.length} {unit}.",
        ),
    )
