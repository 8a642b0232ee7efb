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
    (timedelta(hours=2), 24, timedelta(hours=1), "hours"),
    (timedelta(days=2), 14, timedelta(days=1), "days"),
    (timedelta(days=10), 8, timedelta(weeks=1), "weeks"),
    (timedelta(days=40), 12, timedelta(days=30), "months"),
)
"""Rows of a window by the longest step in time they are meant for, and what they are called where
the step is about that long."""

UNEVEN: Final = 16
"""Rows of a window without such a step."""

OWN_STEPS, GAIN = 0.2, 1.02
"""Least share of alike steps within the values of a column that tells series apart, and how many
times that of the whole table, which has more different steps too."""

JUDGED: Final = 1_000_000
"""Rows, at most, that tell whether a column tells series apart."""


class Times(NamedTuple):
    """How the rows of a table follow one another in time.

    ``series`` is the column that tells several series apart, empty where there is one; ``step`` is
    None where the times step unevenly.
    """

    column: str
    step: timedelta | None
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


def uneven_time_of(frame: pl.DataFrame, guessed: Guess) -> Times | None:
    """Find a column of dates to put the rows in order by, however it steps."""
    for column in guessed.columns:
        if column.kind != "date" or column.role == "target":
            continue
        times = _times(frame.get_column(column.name), column)
        if times.count() >= 0.95 * frame.height and times.head(JUDGED).n_unique() > 2:
            return Times(column.name, None, _own_runs(frame, guessed, times))
    return None


def _own_runs(frame: pl.DataFrame, guessed: Guess, times: pl.Series) -> str:
    """Return the column within whose values times step most alike; empty where none helps."""
    times = times.head(JUDGED)
    share, different = _alike(pl.DataFrame({"time": times}).sort("time"))
    found, most = "", max(OWN_STEPS, GAIN * share)
    for column in guessed.columns:
        if column.kind not in ("category", "id") or column.role == "target":
            continue
        names = frame.get_column(column.name).head(JUDGED)
        pairs = pl.DataFrame({"name": names, "time": times}).sort("name", "time")
        if 2 <= names.n_unique() <= len(names) / 10 and pairs.n_unique() >= 0.99 * len(names):
            share, own = _alike(pairs, pl.col("name"))
            if share > most and own < different:
                found, most = column.name, share
    return found


def _alike(ordered: pl.DataFrame, within: pl.Expr | None = None) -> tuple[float, int]:
    """Return the share of the steps in time about as long as the usual one, and how many differ."""
    step = pl.col("time").diff()
    if within is not None:
        step = pl.when(within.eq_missing(within.shift())).then(step)
    steps = ordered.select(step).to_series().drop_nulls()
    usual = steps.filter(steps > timedelta(0)).mode().min()
    if not isinstance(usual, timedelta):
        return 0.0, 0
    return int(steps.is_between(usual * 0.9, usual * 1.12).sum()) / len(steps), steps.n_unique()


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
    found = time_of(frame, guessed) or (uneven_time_of(frame, guessed) if forecast else None)
    if found is None and not forecast:
        name = sorted_by(frame, guessed)
        note = (
            f"The rows stand in order of {name}. They are split at random; split by time on the "
            "Data page to be judged by the latest."
        )
        return replace(guessed, notes=(*guessed.notes, note)) if name else guessed
    name, step, series = found or ("", None, "")
    told = f"by {name}" if name else "as they stand"
    guessed = replace(
        guessed,
        split={"method": "time", "by": name or None, "stratify": False},
        notes=(*guessed.notes, f"The rows are in order of time {told}, so the latest ones test."),
    )
    target = next(column for column in guessed.columns if column.role == "target")
    if forecast is False or (forecast is None and target.kind != "number"):
        return guessed
    length, unit = _length(step)
    length = max(1, min(length, frame.height // 10))
    each = f" of each {series}" if series else ""
    notes = [f"{target.name} is told one row ahead from the last {length} {unit}{each}."]
    if frame.get_column(target.name).null_count():
        notes.append(_gaps_note(frame, guessed, target.name, name, series))
    return replace(
        guessed,
        recipe=(*guessed.recipe, Windows(length=length, order_by=name, series=series)),
        notes=(*(note for note in guessed.notes if note != NO_FEATURE), *notes),
    )


def _length(step: timedelta | None) -> tuple[int, str]:
    """Return how many rows a window holds, and what they are called."""
    for longest, rows, one, unit in LENGTHS:
        if step is not None and step <= longest:
            return rows, unit if 0.9 <= step / one <= 1.1 else "rows"
    return UNEVEN, "rows"


def _gaps_note(frame: pl.DataFrame, guessed: Guess, target: str, name: str, series: str) -> str:
    """Say what windows make of rows without the target; see `steps.series.in_order`."""
    column = next((each for each in guessed.columns if each.name == name), None)
    rising = column is None or _times(frame.get_column(name), column).is_sorted()
    if rising and not series:
        return f"No window reaches across the rows without {target}."
    return f"The rows before and after those without {target} follow one another in a window."
