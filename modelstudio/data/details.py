"""What a script may want to know of a column beyond its profile."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from modelstudio.data.profile import ColumnProfile
from modelstudio.recipe.columns import Column

TOP = 10
"""Most frequent values that are named."""

SAMPLE = 20_000
"""Rows from which the words of a text column are counted."""

_LONGEST = 200
"""Characters of a value that are shown."""


def details(values: pl.Series, column: Column, facts: ColumnProfile) -> dict[str, Any]:
    """Return range and spread of numbers, frequent values, lengths and words of texts.

    ``facts`` is the profile of the column with its `TOP` most frequent values.
    """
    if facts.missing == len(values) or column.kind in ("image", "audio"):
        return {"range": None, "top_values": []}
    if facts.spread is not None:
        least, greatest, quartiles, mean, sd = facts.spread
        return {
            "range": [least, greatest],
            "mean": mean,
            "sd": sd,
            **dict(zip(("q25", "q50", "q75"), quartiles, strict=True)),
            "top_values": _top(facts),
        }
    if column.kind == "date":
        ends = [_written(values.min()), _written(values.max())]
        return {"range": ends, "top_values": _top(facts)}
    found: dict[str, Any] = {"range": None, "top_values": _top(facts)}
    if column.kind == "text":
        known = values.drop_nulls()
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


def _top(facts: ColumnProfile) -> list[dict[str, Any]]:
    return [{"value": _written(value), "rows": rows} for value, rows in facts.frequent]


def _written(value: object) -> object:
    match value:
        case str():
            return value[:_LONGEST]
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S")
        case _:
            return value


def _lengths(lengths: pl.Series) -> dict[str, Any]:
    return {"least": lengths.min(), "mean": lengths.mean(), "most": lengths.max()}
