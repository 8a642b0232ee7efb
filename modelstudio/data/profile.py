"""Statistics of each column."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.recipe.columns import Column

BINS = 12
"""Bars of a histogram."""

MANY_ROWS = 1_000_000
"""Of a longer column hashes of 64 bits are counted instead of the values, which a million different
ones hardly ever share."""

THREADS, TOGETHER = min(4, os.cpu_count() or 1), 40_000_000
"""Columns described at once, and cells of them."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column in numbers.

    ``histogram`` holds bar heights between 0 and 1: of numbers in equal steps, of categories the
    most frequent first. ``quantiles`` is a line of text, empty where there are none.
    """

    name: str
    kind: str
    missing: int
    missing_share: float
    distinct: int
    summary: str
    histogram: tuple[float, ...]
    quantiles: str = ""


def profile(frame: pl.DataFrame, columns: Sequence[Column]) -> tuple[ColumnProfile, ...]:
    """Describe each column of a typed table."""
    with ThreadPoolExecutor(max(1, min(THREADS, TOGETHER // max(1, frame.height)))) as threads:
        return tuple(threads.map(lambda each: _profile(frame.get_column(each.name), each), columns))


def _profile(values: pl.Series, column: Column) -> ColumnProfile:
    missing = values.null_count()
    known = values.drop_nulls() if missing else values
    distinct, summary, quantiles = 0, "empty", ""
    histogram: tuple[float, ...] = ()
    if len(known) and column.kind == "number":
        ordered = np.sort(known.to_numpy())
        low, high = float(ordered[0]), float(ordered[-1])
        distinct = 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
        summary = f"{_short(low)} – {_short(high)}"
        edges = np.linspace(low, high, 1 + min(BINS, distinct))
        below = np.append(np.searchsorted(ordered, edges[:-1]), len(ordered))
        histogram = _bars(np.diff(below).tolist())
        quartiles = [_quantile(ordered, share) for share in (0.25, 0.5, 0.75)]
        quantiles = "Quartiles {}, {}, {} · mean {} · SD {}".format(
            *map(_short, (*quartiles, _mean(known), _deviation(known)))
        )
    elif len(known):
        distinct, top = _most_frequent(known)
        if distinct == len(known) and distinct > 1:
            summary = "all different"
        else:
            summary = f"{distinct:,} value{'' if distinct == 1 else 's'}"
        histogram = _bars(top)
    return ColumnProfile(
        column.name,
        column.kind,
        missing,
        missing / max(1, len(values)),
        distinct,
        summary,
        histogram,
        quantiles,
    )


def _quantile(ordered: NDArray[np.float64], share: float) -> float:
    """Return a quantile of sorted numbers, between two of them by its distance from each."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] * (1 - place + below) + ordered[above] * (place - below))


def _mean(numbers: pl.Series) -> float:
    return float(numbers.mean())  # type: ignore[arg-type]


def _deviation(numbers: pl.Series) -> float:
    return float(numbers.std(ddof=0))  # type: ignore[arg-type]


def _most_frequent(known: pl.Series) -> tuple[int, list[int]]:
    """Count the different values, and how often each of the most frequent ones is there."""
    if len(known) <= MANY_ROWS:
        counts = known.alias("value").value_counts().get_column("count")
        return len(counts), counts.top_k(BINS).sort(descending=True).to_list()
    marks = known.hash() if known.dtype == pl.String else known.to_physical()
    ordered: NDArray[Any] = np.sort(marks.to_numpy())
    changes = ordered[1:] != ordered[:-1]
    distinct = 1 + int(np.count_nonzero(changes))
    if distinct == len(ordered):
        return distinct, [1] * BINS
    sizes = np.diff(np.flatnonzero(changes), prepend=-1, append=len(ordered) - 1)
    top = np.partition(sizes, -BINS)[-BINS:] if distinct > BINS else sizes
    return distinct, np.sort(top)[::-1].tolist()


def _short(number: float) -> str:
    """Write a number with four figures, but all of a whole one below a billion."""
    plain = number == round(number) or abs(number) >= 1000
    return f"{number:,.0f}" if plain and abs(number) < 1e9 else f"{number:.4g}"


def _bars(counts: Sequence[int]) -> tuple[float, ...]:
    highest = max(counts, default=0)
    return tuple(count / highest for count in counts) if highest else ()
