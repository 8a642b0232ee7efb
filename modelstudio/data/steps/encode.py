"""Categories as numbers. State: the categories by column, in order of their columns or ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from modelstudio.errors import DataError
from modelstudio.recipe.steps import OneHot, Ordinal


def fit_one_hot(step: OneHot, frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """Learn the most frequent categories, kept in sorted order.

    Raises
    ------
    DataError
        When a column has no category in the training rows.
    """
    state = {}
    for name in columns:
        counts = frame.get_column(name).drop_nulls().alias("value").value_counts()
        ordered = counts.sort(["count", "value"], descending=[True, False]).head(step.limit)
        if not ordered.height:
            raise DataError(
                f"{name} is empty in every training row, so there is nothing to learn.",
                where=name,
                fix="Set its role to ignored.",
            )
        state[name] = sorted(ordered.get_column("value").to_list())
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
            while new in taken:
                new += "_"
            taken.add(new)
            hit = pl.col(name).eq_missing(pl.lit(category))
            selected.append(hit.cast(pl.Float64).alias(new))
    return frame.select(selected)


def fit_ordinal(step: Ordinal, frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
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
