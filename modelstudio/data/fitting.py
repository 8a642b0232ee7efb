"""Steps fitted on the training rows one after another, and what each does to the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from modelstudio.data.fitted import FittedStep
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import ColumnStep, Step, UnknownStep


@dataclass(frozen=True, slots=True)
class StepEffect:
    """What a step did to the table: rows removed, cells changed, columns added.

    ``changed`` counts the changed cells by column.
    """

    rows: int = 0
    cells: int = 0
    columns: int = 0
    changed: tuple[tuple[str, int], ...] = ()


def active(recipe: Iterable[Step]) -> list[tuple[int, Step]]:
    """Return the steps that are switched on, with their places.

    Raises
    ------
    DataError
        When a step is of a type this version does not know.
    """
    found = []
    for index, step in enumerate(recipe):
        if isinstance(step, UnknownStep):
            raise DataError(
                f"Step {index + 1} of the recipe is of the type {step.type_name}, which this "
                "version does not know.",
                fix="Update Model Studio, or remove the step.",
            )
        if step.enabled:
            found.append((index, step))
    return found


def columns_of(step: Step, kinds: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns a step acts on, given the present kind of each feature column.

    Raises
    ------
    DataError
        When the step names a column that is no feature of a fitting kind.
    """
    if not isinstance(step, ColumnStep):
        return ()
    if step.columns is None:
        return tuple(name for name, kind in kinds.items() if kind in step.kinds)
    for name in step.columns:
        if name not in kinds:
            raise DataError(
                f"{step.label} names the column {name}, which is no feature at that point.",
                where=step.label,
                fix="Take it out of the step, or make it a feature.",
            )
        if kinds[name] not in step.kinds:
            raise DataError(
                f"{step.label} cannot act on {name}, which is a {kinds[name]}.",
                where=step.label,
                fix=f"It acts on columns of the kind {' or '.join(step.kinds)}.",
            )
    return step.columns


class Fitting(NamedTuple):
    """Steps that have learnt, and what they leave.

    ``encoded`` are all clean rows after every step and ``kinds`` the kind of each of its columns;
    ``effects`` tells what a step did, by its place in the recipe.
    """

    steps: tuple[FittedStep, ...]
    encoded: pl.DataFrame
    kinds: dict[str, str]
    effects: dict[int, StepEffect]


def fit_steps(data: DataConfig, clean: pl.DataFrame, training: pl.DataFrame) -> Fitting:
    """Fit each step on the training rows as the steps before it left them."""
    names = [column.name for column in data.features]
    kinds: dict[str, str] = {column.name: column.kind for column in data.features}
    everything, learning = clean.select(names), training.select(names)
    steps: list[FittedStep] = []
    effects: dict[int, StepEffect] = {}
    for index, step in active(data.recipe):
        if step.stage != "fitted":
            continue
        try:
            columns = columns_of(step, kinds)
            state = IMPLEMENTATIONS[type(step)].fit(step, learning, columns)
        except DataError as error:
            error.step = index
            raise
        fitted = FittedStep(step=step, state=state)
        before = everything
        everything, learning = fitted.apply(everything), fitted.apply(learning)
        effects[index] = _effect(before, everything, columns)
        steps.append(fitted)
        update_kinds(kinds, columns, everything)
    return Fitting(tuple(steps), everything, kinds, effects)


def update_kinds(kinds: dict[str, str], columns: Iterable[str], frame: pl.DataFrame) -> None:
    """Note what became of the columns that a step acted on: gone, or numbers."""
    schema = dict(frame.schema)
    for name in columns:
        if name not in schema:
            del kinds[name]
        elif schema[name] == pl.Float64:
            kinds[name] = "number"


def _effect(before: pl.DataFrame, after: pl.DataFrame, columns: tuple[str, ...]) -> StepEffect:
    left = set(after.columns)
    kept = [name for name in columns if name in left]
    if not kept:
        return StepEffect(columns=after.width - before.width)
    if before.select(kept).schema != after.select(kept).schema:
        changed = dict.fromkeys(kept, before.height)
    else:
        counts = before.select(
            pl.col(name).ne_missing(after.get_column(name)).sum() for name in kept
        ).row(0)
        changed = dict(zip(kept, counts, strict=True))
    return StepEffect(
        cells=sum(changed.values()),
        columns=after.width - before.width,
        changed=tuple((name, count) for name, count in changed.items() if count),
    )
