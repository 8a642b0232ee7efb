"""Categories gathered or turned into numbers.

State: the categories by column, in order of their columns or ranks; of gathering ``kept`` and the
``name`` of the others; of hashing the number of columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import polars as pl

from modelstudio.data import spill
from modelstudio.data.steps.learning import Target, free_name, in_place, known
from modelstudio.recipe.steps import GroupRare, HashEncode, Index, OneHot, Ordinal


def counted(column: pl.Series) -> pl.DataFrame:
    """Return the categories as ``value`` with their ``count``, the frequent ones first."""
    counts = spill.counts(column).drop_nulls("value")
    return counts.sort(["count", "value"], descending=[True, False])


def fit_one_hot(
    step: OneHot, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the most frequent categories, kept in sorted order.

    Raises
    ------
    DataError
        When a column has no category in the training rows.
    """
    state = {}
    for name in columns:
        frequent = counted(known(frame, name)).head(step.limit)
        state[name] = sorted(frequent.get_column("value").to_list())
    return state


def one_hot_names(name: str, categories: Sequence[str]) -> list[str]:
    """Return the names of the columns that a category column becomes."""
    return [f"{name}={category}" for category in categories]


def apply_one_hot(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Put columns of 0 and 1 in the place of each category column.

    A name that another column has already gets an underscore at its end.
    """
    selected: list[pl.Expr] = []
    taken = set(frame.columns)
    for name in frame.columns:
        if name not in state:
            selected.append(pl.col(name))
            continue
        for category, new in zip(state[name], one_hot_names(name, state[name]), strict=True):
            new = free_name(new, taken)
            taken.add(new)
            hit = pl.col(name).eq_missing(pl.lit(category))
            selected.append(hit.cast(pl.Float64).alias(new))
    return frame.select(selected)


def fit_ordinal(
    step: Ordinal, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Take the given order, or learn the categories and sort them."""
    return {
        name: list(step.order) or sorted(frame.get_column(name).drop_nulls().unique().to_list())
        for name in columns
    }


def apply_ordinal(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Replace categories by their ranks from 0; an unseen or missing one becomes -1."""
    return frame.with_columns(
        pl.col(name)
        .replace_strict(
            list(categories),
            [float(rank) for rank in range(len(categories))],
            default=-1.0,
            return_dtype=pl.Float64,
        )
        .fill_null(-1.0)
        for name, categories in state.items()
    )


def fit_group(
    step: GroupRare, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the categories that are not rare among the training rows."""
    least = step.least * frame.height
    return {
        name: {
            "kept": counted(frame.get_column(name))
            .filter(pl.col("count") >= least)
            .get_column("value")
            .to_list(),
            "name": step.name,
        }
        for name in columns
    }


def apply_group(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Give all but the kept categories one name; missing cells stay missing."""
    return frame.with_columns(
        pl.when(pl.col(name).is_in(learnt["kept"]) | pl.col(name).is_null())
        .then(pl.col(name))
        .otherwise(pl.lit(learnt["name"]))
        .alias(name)
        for name, learnt in state.items()
    )


def fit_index(
    step: Index, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the categories that get a number, the frequent ones first."""
    state = {}
    for name in columns:
        counts = counted(frame.get_column(name)).filter(pl.col("count") >= step.least)
        state[name] = counts.get_column("value").head(step.limit).to_list()
    return state


def apply_index(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Replace categories by their numbers from 1; an unseen or missing one becomes 0."""
    return frame.with_columns(
        pl.col(name)
        .replace_strict(
            categories, list(range(1, len(categories) + 1)), default=0, return_dtype=pl.Int64
        )
        .fill_null(0)
        for name, categories in state.items()
    )


def index_sizes(state: Mapping[str, Any]) -> dict[str, int]:
    """Return how many numbers there are by column, 0 included."""
    return {name: len(categories) + 1 for name, categories in state.items()}


def fit_hash(
    step: HashEncode, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn nothing but the number of columns."""
    return dict.fromkeys(columns, step.size)


def apply_hash(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Put columns of 0 and 1 in the place of each category column."""
    return in_place(
        frame, {name: _hashed(frame.get_column(name), size) for name, size in state.items()}
    )


def _hashed(column: pl.Series, size: int) -> list[pl.Series]:
    values = column.drop_nulls().unique()
    places = [crc32(value.encode()) % size for value in values.to_list()]
    codes = column.replace_strict(values, places, default=-1, return_dtype=pl.Int64)
    found = codes.fill_null(-1).to_numpy()
    return [
        pl.Series(f"{column.name}#{place}", (found == place).astype(np.float64))
        for place in range(size)
    ]
