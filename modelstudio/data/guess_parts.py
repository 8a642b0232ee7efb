"""Which column of a table nobody has described yet tells the part of each row."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from modelstudio.data.parts import PART_COLUMN, parts_told
from modelstudio.data.sources.values import as_text

MOST_PARTS = 12
"""Different values of such a column; more are names of something else."""


def guess_part_column(frame: pl.DataFrame, names: Iterable[str]) -> str | None:
    """Return the column, by its name, whose every value names a part; some rows have to train."""
    for name in names:
        if name.strip().lower() not in PART_COLUMN:
            continue
        values = as_text(frame.get_column(name)).drop_nulls().unique()
        parts = set(parts_told(values.to_list()).values()) if len(values) <= MOST_PARTS else set()
        if "train" in parts and len(parts) > 1 and None not in parts:
            return name
    return None
