"""Columns worked out, renamed or taken for another kind.

State of a formula: ``name`` and ``formula``, or nothing. State of a new name: it by the old one.
State of another kind: it and the unit behind the numbers by column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from modelstudio.data.formulas import evaluate, sorts_of
from modelstudio.data.sources.numbers import unit_of
from modelstudio.data.sources.values import as_text, measurable, to_numbers
from modelstudio.data.steps.learning import Target, numbers
from modelstudio.errors import DataError
from modelstudio.recipe.formula import parse, sort_of
from modelstudio.recipe.steps import Cast, Formula, Rename

_FEW = 20_000
"""Cells looked at to tell a unit, spread over the column."""


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
    """Learn the kind, and the unit behind the numbers of text that becomes numbers."""
    return {name: [step.to, _unit(frame.get_column(name))] for name in columns}


def _unit(column: pl.Series) -> str:
    few = column.gather_every(-(-len(column) // _FEW) or 1)
    return unit_of(few) if few.dtype == pl.String else ""


def apply_cast(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Write numbers as categories, whole ones without a point, or read categories as numbers."""
    return frame.with_columns(
        _cast(frame.get_column(name), *([told, None] if isinstance(told, str) else told))
        for name, told in state.items()
    )


def _cast(column: pl.Series, to: str, unit: str | None) -> pl.Series:
    """Change the kind of a column; without a unit, as older runs are, its cells tell theirs."""
    if to == "category":
        return column if column.dtype == pl.String else as_text(measurable(column))
    return to_numbers(column, unit) if column.dtype == pl.String else column
