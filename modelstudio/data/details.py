"""What a script may want to know of a column beyond its profile."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.profile import MANY_ROWS
from modelstudio.recipe.columns import Column

TOP = 10
"""Most frequent values that are named."""

MANY_VALUES = 100_000
"""A long column with more different values is counted in order."""

SAMPLE = 20_000
"""Rows from which the words of a text column are counted."""

_LONGEST = 200
"""Characters of a value that are shown."""


def details(values: pl.Series, column: Column) -> dict[str, Any]:
    """Return range and spread of numbers, frequent values, lengths and words of texts."""
    known = values.drop_nulls()
    if not len(known) or column.kind in ("image", "audio"):
        return {"range": None, "top_values": []}
    if column.kind == "number":
        ordered = pl.Series(known.name, np.sort(known.to_numpy())).set_sorted()
        middle = {f"q{at}": ordered.quantile(at / 100) for at in (25, 50, 75)}
        return {
            "range": [ordered[0], ordered[-1]],
            "mean": known.mean(),
            "sd": known.std(ddof=0),
            **middle,
            "top_values": _top(ordered),
        }
    if column.kind == "date":
        ends = pl.Series([known.min(), known.max()], dtype=known.dtype)
        return {"range": _written(ends).to_list(), "top_values": _top(known)}
    found: dict[str, Any] = {"range": None, "top_values": _top(known)}
    if column.kind == "text":
        every = -(-len(known) // SAMPLE) or 1
        cells = known.gather_every(every)
        words = cells.str.to_lowercase().str.extract_all(r"\w+")
        found |= {
            "characters": _lengths(known.str.len_chars()),
            "words": _lengths(words.list.len()),
            "vocabulary": words.explode().drop_nulls().n_unique(),
        }
        if every > 1:
            found["words_from_rows"] = len(cells)
    return found


def _top(known: pl.Series) -> list[dict[str, Any]]:
    """Return the most frequent values, unless no value is there twice."""
    values, rows = _frequent(known)
    if not rows or rows[0] < 2:
        return []
    return [
        {"value": value[:_LONGEST] if isinstance(value, str) else value, "rows": count}
        for value, count in zip(_written(values), rows, strict=True)
    ]


def _frequent(known: pl.Series) -> tuple[pl.Series, list[int]]:
    """Return the most frequent values and their rows; of as many rows the smallest first.

    In a long column of many values equal numbers, or equal hashes of texts, are counted in sorted
    order, as a table of them all would take more memory than the column. Which of the texts of as
    many rows comes first is open then.
    """
    text = known.dtype == pl.String
    few = len(known) <= MANY_ROWS or (text and cast(int, known.approx_n_unique()) <= MANY_VALUES)
    if few:
        counts = known.alias("value").value_counts(name="rows")
        most = counts.sort("rows", "value", descending=[True, False]).head(TOP)
        return most["value"], most["rows"].to_list()
    keys = known.hash() if text else known
    order: NDArray[Any] = np.sort(keys.to_physical().to_numpy())
    starts = np.flatnonzero(np.concatenate(([True], order[1:] != order[:-1])))
    sizes = np.diff(starts, append=len(order))
    chosen = _greatest(sizes)
    rows = sizes[chosen].tolist()
    if rows[0] < 2:
        return known.clear(), []
    if not text:
        values = pl.Series(order[starts[chosen]], dtype=keys.to_physical().dtype)
        return values.cast(known.dtype), rows
    found = [known[int((keys == key).arg_max() or 0)] for key in order[starts[chosen]].tolist()]
    return pl.Series(found, dtype=pl.String), rows


def _greatest(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of the greatest sizes, of equal ones the first."""
    if len(sizes) > TOP:
        least = np.partition(sizes, -TOP)[-TOP]
        greater = np.flatnonzero(sizes > least)
        equal = np.flatnonzero(sizes == least)[: TOP - len(greater)]
        places = np.sort(np.concatenate([greater, equal]))
    else:
        places = np.arange(len(sizes))
    return places[np.argsort(-sizes[places], kind="stable")]


def _written(values: pl.Series) -> pl.Series:
    return values.dt.strftime("%Y-%m-%dT%H:%M:%S") if values.dtype == pl.Datetime else values


def _lengths(lengths: pl.Series) -> dict[str, Any]:
    return {"least": lengths.min(), "mean": lengths.mean(), "most": lengths.max()}
