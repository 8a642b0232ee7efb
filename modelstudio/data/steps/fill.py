"""Putting a value where a cell is empty. State: the value by column, a number or a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from modelstudio.errors import DataError
from modelstudio.recipe.steps import FillMissing


def fit_fill(step: FillMissing, frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """Learn the value to put in: of numbers by the method, of categories the most frequent.

    Raises
    ------
    DataError
        When a column has no value in the training rows, or the constant is no number.
    """
    return {name: _value(step, frame.get_column(name)) for name in columns}


def _value(step: FillMissing, column: pl.Series) -> float | str:
    number = column.dtype == pl.Float64
    if step.method == "constant":
        if not number:
            return step.value
        try:
            return float(step.value)
        except ValueError:
            raise DataError(
                f"{column.name} holds numbers, but the value to fill in is {step.value!r}.",
                where=column.name,
                fix="Give a number in the step Fill missing.",
            ) from None
    known = column.drop_nulls()
    if not len(known):
        raise DataError(
            f"{column.name} is empty in every training row, so there is nothing to learn.",
            where=column.name,
            fix="Set its role to ignored, or fill it with a constant.",
        )
    if number and step.method == "median":
        return float(known.median())  # type: ignore[arg-type]
    if number and step.method == "mean":
        return float(known.mean())  # type: ignore[arg-type]
    counts = known.alias("value").value_counts()
    most = counts.filter(pl.col("count") == pl.col("count").max())
    value = most.get_column("value").sort()[0]
    return float(value) if number else str(value)


def apply_fill(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Fill empty cells."""
    return frame.with_columns(pl.col(name).fill_null(value) for name, value in state.items())
