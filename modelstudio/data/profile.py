"""Statistics of each column."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.recipe.columns import Column

BINS = 12
"""Bars of a histogram."""

MANY_ROWS = 1_000_000
"""Of a longer column hashes of 64 bits are counted instead of the values, which a million different
ones hardly ever share."""

FEW = 100
"""So many different values are all counted by name."""

FIRST = 10_000
"""Rows in which a frequent value is looked for first."""

THREADS, TOGETHER = min(4, os.cpu_count() or 1), 40_000_000
"""Columns described at once, and cells of them."""

SHORT = 20_000
"""Rows below which threads only wait for each other, as the calls take longer than the work."""


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
        Bar heights between 0 and 1: of numbers and dates in equal steps, of categories the most
        frequent first.
    quantiles
        A line of text, empty where there are none.
    frequent
        The most frequent values with their rows, if they were asked for and one is there twice. Of
        as many rows the smallest comes first; of texts in a long column any may.
    counts
        In the same order all values, if they are `FEW` and one is there twice.
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
    counts: tuple[tuple[Any, int], ...] = ()


def threads_for(frame: pl.DataFrame) -> ThreadPoolExecutor:
    """Return threads for work on whole columns; of a long table few are worked on at once."""
    many = THREADS if frame.height >= SHORT else 1
    return ThreadPoolExecutor(max(1, min(many, TOGETHER // max(1, frame.height))))


def profile(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    frequent: int = 0,
    threads: ThreadPoolExecutor | None = None,
) -> tuple[ColumnProfile, ...]:
    """Describe each column of a typed table, with so many of its most frequent values."""
    if threads is None:
        with threads_for(frame) as threads:
            return profile(frame, columns, frequent, threads)
    described = threads.map(
        lambda each: _profile(frame.get_column(each.name), each, frequent), columns
    )
    return tuple(described)


def known_of(values: pl.Series) -> pl.Series:
    """Return the values that are not missing."""
    if not values.null_count():
        return values
    return spill.by_slices(values.to_frame(), lambda some, _: some.drop_nulls()).to_series()


def _profile(values: pl.Series, column: Column, named: int) -> ColumnProfile:
    missing = values.null_count()
    known = known_of(values)
    distinct, summary, quantiles, spread = 0, "empty", "", None
    histogram: tuple[float, ...] = ()
    frequent: tuple[tuple[Any, int], ...] = ()
    counts: tuple[tuple[Any, int], ...] = ()
    if len(known) and column.kind == "number":
        ordered = spill.in_order(known)
        low, high = float(ordered[0]), float(ordered[-1])
        runs = _runs(ordered)
        distinct = runs.different
        summary = f"{_short(low)} – {_short(high)}"
        edges = np.linspace(low, high, 1 + min(BINS, distinct))
        below = np.append(np.searchsorted(ordered, edges[:-1]), len(ordered))
        histogram = _bars(np.diff(below).tolist())
        first, middle, last = (_quantile(ordered, share) for share in (0.25, 0.5, 0.75))
        spread = Spread(low, high, (first, middle, last), _mean(known), _deviation(known))
        quantiles = "Quartiles {}, {}, {} · mean {} · SD {}".format(
            *map(_short, (*spread.quartiles, spread.mean, spread.sd))
        )
        most = _longest(runs, ordered, known.dtype, _wanted(distinct, named))
        frequent, counts = tuple(most[:named]), tuple(most) if distinct <= FEW else ()
    elif len(known):
        ordered = None
        if len(known) > MANY_ROWS:
            marks = _marks(known)
            ordered = spill.in_order(marks)
            distinct, top, most = _in_runs(known, marks, ordered, named)
        else:
            distinct, top, most = _counted(known, named)
        frequent, counts = tuple(most[:named]), tuple(most) if distinct <= FEW else ()
        if distinct == len(known) and distinct > 1:
            summary = "all different"
        else:
            summary = f"{distinct:,} value{'' if distinct == 1 else 's'}"
        histogram = _bars(top)
        if isinstance(known.dtype, pl.Date | pl.Datetime):
            summary, histogram = _days(known, ordered)
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
        counts,
    )


def _days(known: pl.Series, ordered: NDArray[np.int64] | None) -> tuple[str, tuple[float, ...]]:
    """Return the first and the last of dates, and bars of how many lie in equal spans of time.

    Of a single day the times are told.

    Parameters
    ----------
    ordered
        The times in ascending order, if they are known.
    """
    ends = (str(known.min()), str(known.max()))
    first, last = (end[:10] for end in ends)
    if first == last and ends[0] != ends[1]:
        first, last = ends[0][:16], ends[1][11:16]
    if ordered is None:
        counts, _ = np.histogram(known.to_physical().to_numpy(), BINS)
    else:
        edges = np.histogram_bin_edges(ordered[[0, -1]], BINS)
        counts = np.diff(np.append(np.searchsorted(ordered, edges[:-1]), len(ordered)))
    return f"{first} – {last}", _bars(counts.tolist())


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


def _counted(known: pl.Series, named: int) -> tuple[int, list[int], list[tuple[Any, int]]]:
    """Count the different values; return also the rows of the most frequent, and some by name."""
    counts = known.alias("value").value_counts(name="rows")
    distinct = counts.height
    top = counts.get_column("rows").top_k(BINS).sort(descending=True).to_list()
    wanted = _wanted(distinct, named) if top[0] > 1 else 0
    most = counts.sort("rows", "value", descending=[True, False]).head(wanted).rows()
    return distinct, top, most


def _marks(known: pl.Series) -> NDArray[Any]:
    """Return numbers that tell the values of a long column apart."""
    if known.dtype == pl.String:
        return spill.hashes(known)
    return known.to_physical().to_numpy()


def _in_runs(
    known: pl.Series, marks: NDArray[Any], ordered: NDArray[Any], named: int
) -> tuple[int, list[int], list[tuple[Any, int]]]:
    """Count the values of a long column as `_counted` does, by their marks in ascending order."""
    text = known.dtype == pl.String
    runs = _runs(ordered)
    distinct = runs.different
    sizes = sorted(_greatest(runs.sizes, BINS).tolist(), reverse=True)
    top = (sizes + [1] * BINS)[: min(BINS, distinct)]
    wanted = _wanted(distinct, named)
    most = _longest(runs, ordered, pl.UInt64() if text else known.dtype, wanted)
    if text and most:
        places = _places([mark for mark, _ in most], marks)
        texts = known.gather(places).to_list()
        most = list(zip(texts, (rows for _, rows in most), strict=True))
    return distinct, top, most


def _wanted(distinct: int, named: int) -> int:
    return distinct if distinct <= FEW else named


def _places(wanted: list[int], marks: NDArray[np.uint64]) -> list[int]:
    """Return a row of each of some values; frequent ones are among the first rows."""
    first = {mark: place for place, mark in enumerate(marks[:FIRST].tolist())}
    return [
        place if (place := first.get(mark)) is not None else int(spill.places_of(mark, marks)[0])
        for mark in wanted
    ]


class _Runs(NamedTuple):
    """Where values begin that sorted ones hold more than once, how often, and how many differ."""

    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    different: int
    total: int


def _runs(ordered: NDArray[Any]) -> _Runs:
    ends = spill.where(len(ordered), partial(_turns, ordered))
    starts, last = ends[::2], ends[1::2]
    sizes = np.subtract(last, starts, out=spill.empty(len(starts), np.int64))
    sizes += 1
    different = len(ordered) - int(sizes.sum()) + len(sizes)
    return _Runs(starts, sizes, different, len(ordered))


def _turns(ordered: NDArray[Any], which: slice) -> NDArray[np.bool_]:
    """Tell where equal values begin or end."""
    start, stop = which.start, which.stop
    some = ordered[max(0, start - 1) : stop + 1]
    same = np.zeros(stop - start + 1, bool)
    np.equal(some[1:], some[:-1], out=same[start == 0 : len(same) - (stop == len(ordered))])
    turns: NDArray[np.bool_] = same[1:] != same[:-1]
    return turns


def _greatest(sizes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return the greatest numbers, the least of them first."""
    if len(sizes) <= count:
        return sizes
    held = spill.copied(sizes)
    held.partition(len(held) - count)
    return held[-count:]


def _longest(
    runs: _Runs, ordered: NDArray[Any], dtype: pl.DataType, named: int
) -> list[tuple[Any, int]]:
    """Return the values of the longest runs, of equally long ones the first; none without pairs."""
    starts, sizes = runs.starts, runs.sizes
    if not named or not len(sizes):
        return []
    if len(sizes) > named:
        least = _greatest(sizes, named)[0]
        greater = spill.where(len(sizes), lambda each: runs.sizes[each] > least)
        equal = spill.places_of(least, sizes)[: named - len(greater)]
        chosen = np.sort(np.concatenate([greater, equal]))
        starts, sizes = starts[chosen], sizes[chosen]
    elif len(sizes) < named:
        between = zip([0, *(starts + sizes)], [*starts, runs.total], strict=True)
        alone = [at for low, high in between for at in range(low, min(high, low + named))]
        alone = alone[: named - len(sizes)]
        starts, sizes = np.append(starts, alone).astype(int), np.append(sizes, [1] * len(alone))
    order = np.argsort(-sizes, kind="stable")
    values = pl.Series(ordered[starts[order]]).cast(dtype)
    return list(zip(values.to_list(), sizes[order].astype(int).tolist(), strict=True))


def _short(number: float) -> str:
    """Write a number with four figures, but all of a whole one below a billion."""
    plain = number == round(number) or abs(number) >= 1000
    return f"{number:,.0f}" if plain and abs(number) < 1e9 else f"{number:.4g}"


def _bars(counts: Sequence[int]) -> tuple[float, ...]:
    highest = max(counts, default=0)
    return tuple(count / highest for count in counts) if highest else ()
