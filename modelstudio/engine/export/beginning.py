"""Where an exported file begins: after the steps of the recipe that ONNX cannot express."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.fitted import Encoded, FittedRecipe, FittedStep
from modelstudio.data.inputs import Array, InputField
from modelstudio.data.sources import ROW
from modelstudio.data.steps import series
from modelstudio.data.stored import Stored
from modelstudio.engine.export import files
from modelstudio.engine.export.parting import acting_on, parted, touched
from modelstudio.recipe.steps import ColumnStep, Formula, Rename, Windows
from modelstudio.wording import listed

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
        Type of each column that the file takes, (batch, 1), of windows (batch, rows), or a row of
        ids (batch, length).
    raw
        Those of them that are as they were read.
    numbers
        Names of the numbers that the steps of the file leave, in its order.
    past
        The target's own column, of windows that hold what it was; it is taken as the others are.
    windows
        How rows of a series make a sample; None where a row is one.
    arrays
        Fields that it takes whole: pictures, spectrograms, the tokens of a passage.
    needs_first
        What the caller must do, in words.
    """

    first: tuple[FittedStep, ...]
    rest: tuple[FittedStep, ...]
    columns: Mapping[str, pl.DataType]
    raw: frozenset[str]
    numbers: tuple[str, ...]
    past: str | None
    windows: Windows | None
    arrays: tuple[InputField, ...]
    needs_first: tuple[str, ...]

    @property
    def taken(self) -> tuple[str, ...]:
        """Names of all columns that the file takes."""
        return (*self.columns, *([self.past] if self.past else []))


def begin(fitted: FittedRecipe) -> Beginning:
    """Find where the file begins."""
    steps = [each for each in fitted.steps if each.step.stage == "fitted" and acts(each)]
    others = [each for each in fitted.steps if each.step.stage not in ("fitted", "pixels")]
    windows = windows_of(fitted)
    empty = pl.DataFrame(
        schema={column.name: _TYPES.get(column.kind, pl.String()) for column in fitted.columns}
    )
    first, rest = parted(steps, empty)
    needs = [*first, *(each for each in others if each.step.onnx != "exact")]
    changed: set[str] = set()
    for each in first:
        changed |= touched(each, empty)
        empty = each.apply(empty)
    left = empty
    for each in rest:
        left = each.apply(left)
    arrays = tuple(
        field
        for field in fitted.inputs
        if field.spec.kind in ("image", "spectrogram")
        or (field.spec.kind == "ids" and field.spec.shape and reaches_back(fitted))
    )
    whole = {name for field in arrays for name in field.columns}
    return Beginning(
        first=tuple(first),
        rest=tuple(rest),
        columns={name: kind for name, kind in empty.schema.items() if name not in whole},
        raw=frozenset(empty.columns) - changed,
        numbers=tuple(name for name, kind in left.schema.items() if kind == pl.Float64),
        past=fitted.target.column if windows and windows.past == "with the target" else None,
        windows=windows,
        arrays=arrays,
        needs_first=(
            *map(in_words, needs),
            *([_side_by_side(windows)] if windows else []),
            *(told for field in arrays for told in files.needs_first(fitted, field)),
        ),
    )


def _side_by_side(windows: Windows) -> str:
    """Say how a window is given."""
    order = f" by {windows.order_by}" if windows.order_by else ""
    of = f" of one {windows.series}" if windows.series else ""
    last = f"the last {windows.length} rows" if windows.length > 1 else "the last row"
    return f"Give {last}{of}{order}, the oldest first, each column as (batch, {windows.length})"


def windows_of(fitted: FittedRecipe) -> Windows | None:
    """Return the step that makes samples of several rows of a series, if there is one."""
    found = (each for each in fitted.steps if isinstance(each.step, Windows))
    return next((series.settings(each.state) for each in found), None)


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
    words = [
        _setting(name.replace("_", " "), value)
        for name, value in told
        if value is not False and value != ""
    ]
    where = ""
    if isinstance(step, ColumnStep):
        names = acting_on(fitted)
        where = f" of {listed(names, most=5)}" if names else ""
    return f"{step.label}{where}" + (f" ({', '.join(words)})" if words else "")


def _setting(name: str, value: object) -> str:
    return name if value is True else f"{name} {value}"


def kinds_of(fitted: FittedRecipe, begun: Beginning) -> tuple[str, ...]:
    """Return the kind of each column that the file takes: that of the table, or what it became."""
    raw = {column.name: column.kind for column in fitted.columns if column.kind != "number"}
    kinds = [
        raw.get(name, "category")
        if dtype == pl.String
        else ("number" if dtype == pl.Float64 else "ids")
        for name, dtype in begun.columns.items()
    ]
    if begun.past:
        kinds.append("number" if fitted.target.kind == "value" else "category")
    return tuple(kinds)


@dataclass(frozen=True, slots=True)
class Fed:
    """What a file is given for some samples, and where their answers stand.

    Parameters
    ----------
    columns
        The table after the first steps.
    rows
        Places in it of the rows that each sample holds, shape (samples, rows); None where every
        row is a sample.
    arrays
        Fields that are given whole, by name.
    places
        Place of each sample among the answers.
    """

    columns: pl.DataFrame
    rows: NDArray[np.int64] | None
    arrays: Mapping[str, Array]
    places: NDArray[np.int64]
    unscored: Mapping[str, int]


def feed(fitted: FittedRecipe, frame: pl.DataFrame, samples: Encoded | None = None) -> Fed:
    """Do with raw rows what comes before the file; where it takes fields, only with whole rows.

    Parameters
    ----------
    samples
        What became of the rows of a series, where that is known; None takes every sample there is.
    """
    begun = begin(fitted)
    columns, groups = frame.select(column.name for column in fitted.columns), fitted.groups(frame)
    for each in begun.first:
        columns = each.apply(columns, groups)
    columns = columns.select(list(begun.columns))
    if not begun.arrays and begun.windows is None:
        return Fed(columns, None, {}, np.arange(frame.height), {})
    if samples is None:
        frame = frame.drop(ROW, strict=False)
        samples = fitted.transform(frame)
        places = samples.rows
    else:
        places = np.arange(len(samples.rows))
    if begun.windows is None:
        return Fed(columns, places[:, None], samples.fields, places, samples.unscored)
    if begun.past is not None:
        columns = pl.DataFrame([*columns, frame.get_column(begun.past)])
    window = samples.fields[series.window_field(samples.fields)]
    assert isinstance(window, Stored)
    order, _ = series.in_order(begun.windows, frame)
    rows = order[window.index[:, None] + np.arange(begun.windows.length)]
    return Fed(columns, rows, samples.fields, places, samples.unscored)
