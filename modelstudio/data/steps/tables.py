"""Columns worked out, renamed or taken for another kind.

State of a formula: ``name`` and ``formula``, or nothing. State of a new name: it by the old one.
State of another kind: it by column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from modelstudio.data.formulas import evaluate, sorts_of
from modelstudio.data.sources.values import as_text, measurable, to_numbers
from modelstudio.data.steps.learning import Target, numbers
from modelstudio.errors import DataError
from modelstudio.recipe.formula import parse, sort_of
from modelstudio.recipe.steps import Cast, Formula, Rename


def fit_formula(
    step: Formula, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Check the formula against the columns there are.

    Raises
    ------
    DataError
        When it does not fit them.
    """
    if step.idle:
        return {}
    try:
        sort = sort_of(parse(step.formula), sorts_of(frame))
    except ValueError as error:
        raise DataError(
            f"The formula of {step.name} does not fit: {error}.",
            where=step.label,
            fix="Correct it in the step.",
        ) from None
    if sort not in ("number", "truth"):
        raise DataError(
            f"The formula of {step.name} gives a {sort}, but a number is due.",
            where=step.label,
            fix="Correct it in the step.",
        )
    return {"name": step.name, "formula": step.formula}


def apply_formula(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Work out the column."""
    if not state:
        return frame
    return frame.with_columns(
        numbers(state["name"], evaluate(parse(state["formula"]), frame)),
    )


def fit_rename(
    step: Rename, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Check that the name is free.

    Raises
    ------
    DataError
        When another column has it.
    """
    if step.idle:
        return {}
    if step.name in frame.columns:
        raise DataError(
            f"{step.column} cannot be renamed to {step.name}, as another column has that name.",
            where=step.label,
            fix="Choose another name.",
        )
    return {step.column: step.name}


def apply_rename(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Give the column its new name."""
    return frame.rename(dict(state))


def fit_cast(
    step: Cast, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn nothing but the kind."""
    return dict.fromkeys(columns, step.to)


def apply_cast(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Write numbers as categories, whole ones without a point, or read categories as numbers."""
    return frame.with_columns(_cast(frame.get_column(name), to) for name, to in state.items())


def _cast(column: pl.Series, to: str) -> pl.Series:
    if to == "category":
        return column if column.dtype == pl.String else as_text(measurable(column))
    return to_numbers(column) if column.dtype == pl.String else column
