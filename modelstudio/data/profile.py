"""Statistics of each column."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

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


class Spread(NamedTuple):
    """Where the numbers of a column lie."""

    least: float
    greatest: float
    quartiles: tuple[float, float, float]
    mean: float
    sd: float


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column in numbers.

    Parameters
    ----------
    histogram
        Bar heights between 0 and 1: of numbers in equal steps, of categories the most frequent
        first.
    quantiles
        A line of text, empty where there are none.
    frequent
        The most frequent values with their rows, if they were asked for and one is there twice. Of
        as many rows the smallest comes first; of texts in a long column any may.
    """

    name: str
    kind: str
    missing: int
    missing_share: float
    distinct: int
    summary: str
    histogram: tuple[float, ...]
    quantiles: str = ""
    spread: Spread | None = None
    frequent: tuple[tuple[Any, int], ...] = ()


def profile(
    frame: pl.DataFrame, columns: Sequence[Column], frequent: int = 0
) -> tuple[ColumnProfile, ...]:
    """Describe each column of a typed table, with so many of its most frequent values."""
    with ThreadPoolExecutor(max(1, min(THREADS, TOGETHER // max(1, frame.height)))) as threads:
        described = threads.map(
            lambda each: _profile(frame.get_column(each.name), each, frequent), columns
        )
        return tuple(described)


def _profile(values: pl.Series, column: Column, named: int) -> ColumnProfile:
    missing = values.null_count()
    known = values.drop_nulls() if missing else values
    distinct, summary, quantiles, spread = 0, "empty", "", None
    histogram: tuple[float, ...] = ()
    frequent: tuple[tuple[Any, int], ...] = ()
    if len(known) and column.kind == "number":
        ordered = np.sort(known.to_numpy())
        low, high = float(ordered[0]), float(ordered[-1])
        distinct = 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
        summary = f"{_short(low)} – {_short(high)}"
        edges = np.linspace(low, high, 1 + min(BINS, distinct))
        below = np.append(np.searchsorted(ordered, edges[:-1]), len(ordered))
        histogram = _bars(np.diff(below).tolist())
        first, middle, last = (_quantile(ordered, share) for share in (0.25, 0.5, 0.75))
        spread = Spread(low, high, (first, middle, last), _mean(known), _deviation(known))
        quantiles = "Quartiles {}, {}, {} · mean {} · SD {}".format(
            *map(_short, (*spread.quartiles, spread.mean, spread.sd))
        )
        if named:
            frequent = _with_rows(_runs(ordered), pl.Series(ordered), named)
    elif len(known):
        distinct, top, frequent = _most_frequent(known, named)
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
        spread,
        frequent,
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


def _most_frequent(
    known: pl.Series, named: int
) -> tuple[int, list[int], tuple[tuple[Any, int], ...]]:
    """Count the different values; return also the rows of the most frequent, and some by name."""
    if len(known) <= MANY_ROWS:
        counts = known.alias("value").value_counts(name="rows")
        top = counts.get_column("rows").top_k(BINS).sort(descending=True).to_list()
        if not named or top[0] < 2:
            return counts.height, top, ()
        most = counts.sort("rows", "value", descending=[True, False]).head(named)
        return counts.height, top, tuple(most.rows())
    text = known.dtype == pl.String
    marks = known.hash() if text else known.to_physical()
    ordered: NDArray[Any] = np.sort(marks.to_numpy())
    distinct = 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
    if distinct == len(ordered):
        return distinct, [1] * BINS, ()
    runs = _runs(ordered)
    longest = np.sort(np.partition(runs.sizes, -BINS)[-BINS:] if distinct > BINS else runs.sizes)
    values = pl.Series(ordered, dtype=marks.dtype)
    frequent = _with_rows(runs, values if text else values.cast(known.dtype), named)
    if text:
        places = ((marks == mark).arg_max() or 0 for mark, _ in frequent)
        texts = [known[place] for place in places]
        frequent = tuple(zip(texts, (rows for _, rows in frequent), strict=True))
    return distinct, longest[::-1].tolist(), frequent


class _Runs(NamedTuple):
    """Where equal values begin in sorted ones, and how many they are."""

    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]


def _runs(ordered: NDArray[Any]) -> _Runs:
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    return _Runs(starts, np.diff(starts, append=len(ordered)))


def _with_rows(runs: _Runs, ordered: pl.Series, named: int) -> tuple[tuple[Any, int], ...]:
    """Return the values of the longest runs, of equally long ones the first; none without pairs."""
    sizes = runs.sizes
    if not named:
        return ()
    if len(sizes) > named:
        least = np.partition(sizes, -named)[-named]
        greater = np.flatnonzero(sizes > least)
        equal = np.flatnonzero(sizes == least)[: named - len(greater)]
        places = np.sort(np.concatenate([greater, equal]))
    else:
        places = np.arange(len(sizes))
    places = places[np.argsort(-sizes[places], kind="stable")]
    if not len(places) or sizes[places[0]] < 2:
        return ()
    values = ordered.gather(runs.starts[places])
    return tuple(zip(values.to_list(), sizes[places].tolist(), strict=True))


def _short(number: float) -> str:
    """Write a number with four figures, but all of a whole one below a billion."""
    plain = number == round(number) or abs(number) >= 1000
    return f"{number:,.0f}" if plain and abs(number) < 1e9 else f"{number:.4g}"


def _bars(counts: Sequence[int]) -> tuple[float, ...]:
    highest = max(counts, default=0)
    return tuple(count / highest for count in counts) if highest else ()
