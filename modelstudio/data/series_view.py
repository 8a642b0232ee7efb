"""A column of a series over time, and one window of it as the network gets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.fitted import row_numbers
from modelstudio.data.fitting import active
from modelstudio.data.preview import stage_of
from modelstudio.data.steps.series import in_order
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import Windows

POINTS = 500
"""Places across a line, each with the least and the most of the rows that fall on it."""


class Stretch(NamedTuple):
    """A line of rows that are next to each other in a part.

    ``places`` count rows from the beginning of the series; a place comes twice where several rows
    fall on it. ``part`` is as in `PreviewTable`.
    """

    part: str
    places: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SeriesReading:
    """A column of the series that holds a row.

    Parameters
    ----------
    column, columns
        The one shown, and those that could be.
    series
        Name of the series; empty where there is one.
    row
        Number in the source of the row whose target is told, ``at`` its place in the series.
    rows
        Rows of the series, ``numbers`` theirs in the source.
    whole, near
        All of it, and what is around the window.
    window
        Places of the first and the last row of the window; None when there are not enough rows
        before the target.
    times
        What stands in the column of time, or the row number, at the first and last place, at both
        ends of the window and at the target.
    """

    column: str
    columns: tuple[str, ...]
    series: str
    row: int
    part: str
    rows: int
    numbers: NDArray[np.int64]
    whole: tuple[Stretch, ...]
    near: tuple[Stretch, ...]
    span: tuple[int, int]
    at: int
    window: tuple[int, int] | None
    length: int
    horizon: int
    sees_past: bool
    is_target: bool
    times: dict[int, str]


def read_series(
    data: DataConfig, row: int | None = None, base: Path | None = None, column: str = ""
) -> SeriesReading | None:
    """Return the series that holds a row of the source, and the window that tells its target.

    Without a row it is the first one that has a window. None without a step that makes windows, a
    column of numbers, or such a row.

    Raises
    ------
    DataError
        When the table cannot be read.
    """
    step = next((step for _, step in active(data.recipe) if isinstance(step, Windows)), None)
    names = _numbers(data)
    if data.path is None or step is None or not names:
        return None
    rows_done = [at for at, each in active(data.recipe) if each.stage == "rows"]
    stage = stage_of(data, rows_done[-1] + 1 if rows_done else 0, base)
    order, breaks = in_order(step, stage.rows)
    if row is None:
        back = step.length + step.horizon - 1
        found = back + np.flatnonzero(breaks[back:] == breaks[: len(breaks) - back])[:1]
    else:
        found = np.flatnonzero(row_numbers(stage.rows)[order] == row)
    if not len(found):
        return None
    own = np.flatnonzero(breaks == breaks[found[0]])
    rows = stage.rows[order[own].tolist()]
    at, name = int(found[0] - own[0]), column if column in names else names[0]
    parts, numbers = stage.part_of(rows), row_numbers(rows)
    begin, end = at - step.horizon - step.length + 1, at - step.horizon
    window = (begin, end) if begin >= 0 else None
    margin = max(step.length, 8)
    span = max(0, min(begin, at) - margin), min(len(own), at + margin)
    values = rows.get_column(name).to_numpy().astype(np.float64)
    marks = {0, rows.height - 1, *span, at, *(window or ())}
    return SeriesReading(
        name,
        names,
        str(rows.get_column(step.series)[at]) if step.series else "",
        int(numbers[at]),
        parts[at],
        rows.height,
        numbers,
        _stretches(values, parts, 0, rows.height),
        _stretches(values, parts, *span),
        span,
        at,
        window,
        step.length,
        step.horizon,
        step.past == "with the target",
        data.target is not None and data.target.name == name,
        {place: _time(rows, step, place) for place in marks if place < rows.height},
    )


def _numbers(data: DataConfig) -> tuple[str, ...]:
    """Return the columns that can be drawn: the target first, then the features."""
    used = [data.target] if data.target is not None else []
    used += [column for column in data.columns if column.role == "feature"]
    return tuple(column.name for column in used if column.kind == "number")


def _time(rows: pl.DataFrame, step: Windows, place: int) -> str:
    if not step.order_by:
        return f"{row_numbers(rows)[place] + 1:,}"
    value: Any = rows.get_column(step.order_by)[place]
    if value is None:
        return ""
    if hasattr(value, "strftime"):
        return str(
            value.strftime("%Y-%m-%d" if not (value.hour or value.minute) else "%d %b %H:%M")
        )
    return f"{value:g}" if isinstance(value, float) else str(value)


def _stretches(
    values: NDArray[np.float64], parts: Sequence[str], start: int, stop: int
) -> tuple[Stretch, ...]:
    """Return lines, a new one where the part changes or a value is missing."""
    here, inside = values[start:stop], np.array(parts[start:stop])
    there = np.isfinite(here)
    changes = (inside[1:] != inside[:-1]) | (there[1:] != there[:-1])
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(here)]
    width = max(1, -(-len(here) // POINTS))
    found = []
    for first, last in pairwise(edges):
        if last > first and there[first]:
            places, kept = _thinned(here[first:last], width)
            part = str(inside[first])
            found.append(Stretch(part, tuple((places + start + first).tolist()), tuple(kept)))
    return tuple(found)


def _thinned(values: NDArray[np.float64], width: int) -> tuple[NDArray[np.float64], list[float]]:
    """Return places and values of a line; of each ``width`` rows the least and the most."""
    if width == 1:
        return np.arange(len(values), dtype=np.float64), values.tolist()
    starts = np.arange(0, len(values), width)
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    both = np.stack([low, high], axis=1).ravel().tolist()
    return np.repeat(starts.astype(np.float64), 2), both
