"""One column in more detail than its profile: frequent values, and what the recipe makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from modelstudio.data.preview import stage_of
from modelstudio.data.profile import BINS
from modelstudio.project.model import DataConfig

SAMPLE = 50_000
"""Rows looked at, spread over the table."""

FREQUENT = 6
"""Values that are named, the most frequent first."""

_LONGEST = 60
"""Characters of a value that are shown."""


class Spread(NamedTuple):
    """Bar heights between 0 and 1 of numbers in equal steps from ``low`` to ``high``."""

    heights: tuple[float, ...]
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ColumnView:
    """A column before and after the recipe.

    Parameters
    ----------
    frequent
        Values with their share of the rows that have one; empty for numbers of many values.
    after
        The numbers that the recipe leaves; None where there are none, or where they are as before.
    columns
        How many columns have taken its place.
    """

    name: str
    frequent: tuple[tuple[str, float], ...]
    after: Spread | None
    columns: int


def view_column(data: DataConfig, name: str, base: Path | None = None) -> ColumnView:
    """Look at a column of the table.

    Raises
    ------
    DataError
        When the table cannot be read or a step cannot be fitted.
    """
    stage = stage_of(data, None, base)
    every = -(-stage.rows.height // SAMPLE) or 1
    at = np.arange(0, stage.rows.height, every, dtype=np.uint32)
    before = stage.rows[at].get_column(name)
    table = stage.after(at)
    after = table.get_column(name) if name in table.columns else None
    changed = after is not None and not after.equals(before)
    replaced = [each for each in table.columns if each.startswith(f"{name}=")]
    return ColumnView(
        name,
        _frequent(before),
        _spread(after) if after is not None and changed else None,
        len(replaced),
    )


def _frequent(values: pl.Series) -> tuple[tuple[str, float], ...]:
    """Return the most frequent values, unless they are numbers of many or all are different."""
    known = values.drop_nulls()
    counts = known.alias("value").value_counts(name="count")
    few = counts.height <= (2 * FREQUENT if values.dtype.is_numeric() else len(known) // 2)
    if not few or values.dtype.is_temporal():
        return ()
    ordered = counts.sort("count", "value", descending=[True, False]).head(FREQUENT)
    return tuple((_written(value), count / len(known)) for value, count in ordered.iter_rows())


def _written(value: object) -> str:
    text = f"{value:g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _spread(values: pl.Series) -> Spread | None:
    if not values.dtype.is_numeric():
        return None
    numbers = values.drop_nulls().to_numpy().astype(np.float64)
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return None
    counts, edges = np.histogram(numbers, min(BINS, len(np.unique(numbers))))
    heights = tuple((counts / max(1, counts.max())).tolist())
    return Spread(heights, float(edges[0]), float(edges[-1]))
