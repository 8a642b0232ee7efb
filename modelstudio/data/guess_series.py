"""What changes in a guess when the rows of a table follow one another in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from modelstudio.data import spill
from modelstudio.data.guess import NO_FEATURE, Guess
from modelstudio.data.sources import mapped
from modelstudio.data.sources.values import as_text, to_dates, typed, typed_in_pieces
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import Windows

FEWEST_ROWS: Final = 60
"""Rows below which no windows are proposed."""

GLANCE: Final = 10_000
"""Rows that tell at once of most tables that there is no series."""

REGULAR: Final = 0.9
"""Share of the steps in time that are alike in a series."""

LENGTHS: Final = (
    (timedelta(hours=2), 24, "hours"),
    (timedelta(days=2), 14, "days"),
    (timedelta(days=10), 8, "weeks"),
    (timedelta(days=40), 12, "months"),
)
"""Rows of a window by the longest step in time they are meant for."""


class Times(NamedTuple):
    """How the rows of a table follow one another in time.

    ``series`` is the column that tells several series apart, empty where there is one.
    """

    column: str
    step: timedelta
    series: str = ""


def time_of(frame: pl.DataFrame, guessed: Guess) -> Times | None:
    """Find a column of dates that steps evenly, from row to row or within each of some series."""
    for column in guessed.columns:
        if column.kind != "date" or frame.height < FEWEST_ROWS:
            continue
        first = frame.head(GLANCE)
        seen = to_dates(as_text(first.get_column(column.name)))
        if seen.drop_nulls().is_duplicated().any() and not _series_of(first, guessed, seen):
            continue
        times = _times(frame.get_column(column.name), column)
        known, moments = times.count(), spill.unique(spill.copied(times))
        if known < 0.95 * frame.height or len(moments) < FEWEST_ROWS:
            continue
        series = ""
        if len(moments) < known:
            series = _series_of(frame, guessed, times)
            if not series:
                continue
        steps = spill.summed(
            pl.Series("value", np.diff(moments[max(0, each.start - 1) : each.stop]))
            for each in spill.slices(len(moments))
        )
        count = pl.col("count")
        usual = steps.filter(count == count.max()).get_column("value").min()
        assert isinstance(usual, timedelta)
        alike = steps.filter(pl.col("value").is_between(usual * 0.9, usual * 1.12))
        if alike.get_column("count").sum() >= REGULAR * (len(moments) - 1):
            return Times(column.name, usual, series)
    return None


def _times(cells: pl.Series, column: Column) -> pl.Series:
    """Read dates, many of them into a file."""
    if not spill.is_spilled(16 * len(cells)):
        return typed(cells, column)
    with mapped.Writing("rows") as writing:
        for some in typed_in_pieces(cells, column):
            writing.add([some])
        return writing.frame().to_series()


def sorted_by(frame: pl.DataFrame, guessed: Guess) -> str:
    """Return the column of dates by which the rows are sorted; empty where there is none."""
    for column in guessed.columns:
        if column.kind != "date" or frame.height < FEWEST_ROWS:
            continue
        times = to_dates(as_text(frame.get_column(column.name).head(GLANCE)))
        known = times.drop_nulls()
        if known.n_unique() >= len(known) / 2 >= 1 and (
            known.is_sorted() or known.is_sorted(descending=True)
        ):
            return column.name
    return ""


def _series_of(frame: pl.DataFrame, guessed: Guess, times: pl.Series) -> str:
    """Return the column with which each time stands once; empty where there is none."""
    for column in guessed.columns:
        if column.kind not in ("category", "id") or column.role == "target":
            continue
        names = frame.get_column(column.name)
        count = names.n_unique()
        if not 2 <= count <= frame.height / FEWEST_ROWS:
            continue
        pairs = pl.DataFrame({"time": times, "name": names})
        if pairs.n_unique() >= 0.99 * frame.height:
            return column.name
    return ""


def adapt(frame: pl.DataFrame, guessed: Guess, *, forecast: bool | None = None) -> Guess:
    """Split by time where the rows are a series, and look back where a number is to be told.

    Parameters
    ----------
    forecast
        Whether the person asked for it; None leaves it to the data.
    """
    found = time_of(frame, guessed)
    if found is None and not forecast:
        name = sorted_by(frame, guessed)
        note = (
            f"The rows stand in order of {name}. They are split at random; split by time on the "
            "Data page to be judged by the latest."
        )
        return replace(guessed, notes=(*guessed.notes, note)) if name else guessed
    name, step, series = found or ("", timedelta(0), "")
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
    length = max(1, min(length, frame.height // 10))
    each = f" of each {series}" if series else ""
    return replace(
        guessed,
        recipe=(*guessed.recipe, Windows(length=length, order_by=name, series=series)),
        notes=(
            *(note for note in guessed.notes if note != NO_FEATURE),
            f"{target.name} is told one row ahead from the last {length} {unit}{each}.",
        ),
    )
