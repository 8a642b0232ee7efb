"""What a script may want to know of a column beyond its profile."""

from __future__ import annotations

from typing import Any

import polars as pl

from modelstudio.recipe.columns import Column

TOP = 10
"""Most frequent values that are named."""

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
        middle = {f"q{at}": known.quantile(at / 100) for at in (25, 50, 75)}
        return {
            "range": [known.min(), known.max()],
            "mean": known.mean(),
            "sd": known.std(ddof=0),
            **middle,
            "top_values": _top(known),
        }
    if column.kind == "date":
        days = known.dt.strftime("%Y-%m-%dT%H:%M:%S")
        return {"range": [days.min(), days.max()], "top_values": _top(days)}
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
    counts = (
        known.alias("value")
        .value_counts(name="rows")
        .sort("rows", "value", descending=[True, False])
    )
    if counts["rows"][0] < 2:
        return []
    return [
        {"value": value[:_LONGEST] if isinstance(value, str) else value, "rows": rows}
        for value, rows in counts.head(TOP).iter_rows()
    ]


def _lengths(lengths: pl.Series) -> dict[str, Any]:
    return {"least": lengths.min(), "mean": lengths.mean(), "most": lengths.max()}
