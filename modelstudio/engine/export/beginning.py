"""Where an exported file begins: after the last step of the recipe that ONNX cannot express."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.fitted import FittedRecipe, FittedStep
from modelstudio.data.inputs import Array, InputField
from modelstudio.data.sources import ROW
from modelstudio.engine.export import files
from modelstudio.recipe.order import before_onnx
from modelstudio.recipe.steps import ColumnStep, Formula, Rename

_TYPES: dict[str, pl.DataType] = {"number": pl.Float64(), "date": pl.Datetime("ms")}
"""Type of a raw column by its kind; all others hold text."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the caller does before asking the file, and what it gives.

    Parameters
    ----------
    first, rest
        Steps of the table before the file and in it.
    columns
        Type of each column that the file takes, (batch, 1) or a row of ids (batch, length).
    arrays
        Fields that it takes whole: pictures, windows.
    needs_first
        What the caller must do, in words.
    """

    first: tuple[FittedStep, ...]
    rest: tuple[FittedStep, ...]
    columns: Mapping[str, pl.DataType]
    arrays: tuple[InputField, ...]
    needs_first: tuple[str, ...]


def begin(fitted: FittedRecipe) -> Beginning:
    """Find where the file begins.

    Where samples are made of several rows, as windows of a series, it takes these whole.
    """
    steps = [each for each in fitted.steps if each.step.stage == "fitted" and acts(each)]
    others = [each for each in fitted.steps if each.step.stage not in ("fitted", "pixels")]
    before = before_onnx([each.step for each in (*steps, *others)])
    start = sum(step.stage == "fitted" for step in before)
    needs = steps[:start] + [each for each in others if each.step.onnx != "exact"]
    whole = reaches_back(fitted)
    arrays = tuple(
        field for field in fitted.inputs if whole or field.spec.kind not in ("features", "ids")
    )
    taken = {name for field in arrays for name in field.columns}
    empty = pl.DataFrame(
        schema={column.name: _TYPES.get(column.kind, pl.String()) for column in fitted.columns}
    )
    for each in steps[:start]:
        empty = each.apply(empty)
    return Beginning(
        first=tuple(steps[:start]),
        rest=tuple(steps[start:]),
        columns={name: kind for name, kind in empty.schema.items() if name not in taken},
        arrays=arrays,
        needs_first=(
            *map(in_words, needs),
            *(told for field in arrays for told in files.needs_first(fitted, field)),
        ),
    )


def reaches_back(fitted: FittedRecipe) -> bool:
    """Tell whether samples are made of several rows, as windows of a series are."""
    return any(each.step.stage == "samples" for each in fitted.steps)


def acts(fitted: FittedStep) -> bool:
    """Tell whether a step does anything; one that found no column has nothing in its state."""
    return bool(fitted.state)


def in_words(fitted: FittedStep) -> str:
    """Say what a step does: ``Hash of town (size 32)``."""
    step = fitted.step
    match step:
        case Formula():
            return f"{step.label} {step.name} = {step.formula}"
        case Rename():
            return f"{step.label} {step.column} to {step.name}"
    told = step.model_dump(exclude={"enabled", "columns"}, exclude_none=True).items()
    words = [_setting(name.replace("_", " "), value) for name, value in told if value is not False]
    where = ""
    if isinstance(step, ColumnStep):
        names = step.columns or fitted.state.get("columns") or list(fitted.state)
        where = f" of {_listed(names)}" if names else ""
    return f"{step.label}{where}" + (f" ({', '.join(words)})" if words else "")


def _setting(name: str, value: object) -> str:
    return name if value is True else f"{name} {value}"


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def kinds_of(fitted: FittedRecipe, columns: Mapping[str, pl.DataType]) -> tuple[str, ...]:
    """Return the kind of each column that the file takes: that of the table, or what it became."""
    raw = {column.name: column.kind for column in fitted.columns if column.kind != "number"}
    return tuple(
        raw.get(name, "category")
        if dtype == pl.String
        else ("number" if dtype == pl.Float64 else "ids")
        for name, dtype in columns.items()
    )


@dataclass(frozen=True, slots=True)
class Fed:
    """What a file is given for some rows: columns, fields, and where the rows stand."""

    columns: pl.DataFrame
    arrays: Mapping[str, Array]
    places: NDArray[np.int64]


def feed(fitted: FittedRecipe, frame: pl.DataFrame) -> Fed:
    """Do with raw rows what comes before the file; where it takes fields, only with whole rows."""
    begun = begin(fitted)
    columns = frame.select(column.name for column in fitted.columns)
    for each in begun.first:
        columns = each.apply(columns)
    columns = columns.select(list(begun.columns))
    if not begun.arrays:
        return Fed(columns, {}, np.arange(frame.height))
    samples = fitted.transform(frame.drop(ROW, strict=False))
    return Fed(columns[samples.rows] if columns.width else columns, samples.fields, samples.rows)
