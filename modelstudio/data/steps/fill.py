"""Putting a value where a cell is empty, and telling where one is.

State of filling: the value by column, a number or a text. State of telling: the name of the new
column by column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from modelstudio.data import spill
from modelstudio.data.steps.learning import Target, free_name, known
from modelstudio.errors import DataError
from modelstudio.recipe.steps import FillMissing, MissingIndicator


def fit_fill(
    step: FillMissing, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
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
    fix = "Set its role to ignored, or fill it with a constant."
    values = known(column.to_frame(), column.name, fix)
    if number and step.method == "median":
        return float(spill.ranked(values).median())  # type: ignore[arg-type]
    if number and step.method == "mean":
        return float(values.mean())  # type: ignore[arg-type]
    counts = spill.counts(values)
    most = counts.filter(pl.col("count") == pl.col("count").max())
    value = most.get_column("value").sort()[0]
    return float(value) if number else str(value)


def apply_fill(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Fill empty cells."""
    return frame.with_columns(pl.col(name).fill_null(value) for name, value in state.items())


def fit_indicator(
    step: MissingIndicator, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Find the columns that lack a value in a training row."""
    taken, state = set(frame.columns), {}
    for name in columns:
        if frame.get_column(name).null_count():
            state[name] = free_name(f"{name} is missing", taken)
            taken.add(state[name])
    return state


def apply_indicator(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Add a column of 0 and 1 for each."""
    return frame.with_columns(
        pl.col(name).is_null().cast(pl.Float64).alias(new) for name, new in state.items()
    )
