"""The whole way from a table to numbers: clean rows, split, fit on training rows, encode."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.fitted import Encoded, FittedRecipe, FittedStep, row_numbers
from modelstudio.data.sources import ROW, resolve, tabular
from modelstudio.data.split import Parts, split_rows
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.data.target import fit_target
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import (
    ColumnStep,
    DropDuplicates,
    DropMissingTarget,
    Step,
    UnknownStep,
)


@dataclass(frozen=True, slots=True)
class StepEffect:
    """What a step did to the table: rows removed, cells changed, columns added.

    ``changed`` counts the changed cells by column.
    """

    rows: int = 0
    cells: int = 0
    columns: int = 0
    changed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """Data that is ready to train on.

    ``clean`` holds the rows that were split, raw, with their source row numbers in ``ROW``;
    ``tests`` those of a test file, else None. ``parts`` are positions in ``clean``.
    """

    fitted: FittedRecipe
    train: Encoded
    validation: Encoded
    test: Encoded
    parts: Parts
    effects: tuple[StepEffect, ...]
    fingerprint: str
    source_rows: int
    clean: pl.DataFrame
    tests: pl.DataFrame | None

    def frame(self, part: str) -> pl.DataFrame:
        """Return the raw rows of a part."""
        if part == "test" and self.tests is not None:
            return self.tests
        positions: NDArray[np.int64] = getattr(self.parts, part)
        return self.clean[positions]


def fit_recipe(data: DataConfig, base: Path | None = None) -> Generator[str, None, Prepared]:
    """Read, clean, split and fit; yields what is being done, returns the prepared data.

    Raises
    ------
    DataError
        When the data cannot be used as asked.
    """
    target = data.target
    if target is None:
        raise DataError(
            "No column is the target.", fix="Mark the column to predict on the Data page."
        )
    if not data.features:
        raise _nothing_to_see(data)
    yield "Reading the data"
    raw = tabular.read(data, base).with_row_index(ROW)
    clean, row_effects = clean_rows(data, raw)
    if not clean.height:
        raise DataError(
            f"The target {target.name} is empty in every row.",
            where=target.name,
            fix="Choose another target on the Data page.",
        )
    yield "Splitting"
    classes = None
    if target.kind != "number":
        classes = clean.get_column(target.name).rank("dense").to_numpy()
    parts = split_rows(row_numbers(clean), data.split, classes)
    tests = None
    if data.split.test_path is not None:
        path = resolve(data.split.test_path, base)
        tests = tabular.read_table(path, data).with_row_index(ROW)
        tests = tests.filter(pl.col(target.name).is_not_null())
    yield "Fitting the recipe"
    training = clean[parts.train]
    state = fit_target(data, target, training.get_column(target.name))
    steps, features, step_effects = _fit_steps(data, clean, training)
    fitted = FittedRecipe(
        columns=data.features, steps=steps, features=features, target=state, csv=data.csv
    )
    effects = tuple(
        row_effects.get(index) or step_effects.get(index) or StepEffect()
        for index in range(len(data.recipe))
    )
    yield "Encoding"
    train = fitted.transform(training)
    if not len(train.rows):
        reasons = ", ".join(train.unscored)
        raise DataError(
            f"No training row is complete: {reasons}.",
            fix="Add Fill missing to the recipe, or set the role of that column to ignored.",
        )
    return Prepared(
        fitted=fitted,
        train=train,
        validation=fitted.transform(clean[parts.validation]).with_known_truth(),
        test=fitted.transform(tests if tests is not None else clean[parts.test]),
        parts=parts,
        effects=effects,
        fingerprint=fingerprint(data, base),
        source_rows=raw.height,
        clean=clean,
        tests=tests,
    )


def _nothing_to_see(data: DataConfig) -> DataError:
    """Say why no column is a feature, as far as the kinds tell."""
    unusable = [
        f"{column.name} ({column.kind})"
        for column in data.columns
        if column.role == "ignored" and column.kind in ("text", "date", "id")
    ]
    if not unusable:
        return DataError(
            "No column is a feature, so the network would see nothing.",
            fix="Mark at least one column as a feature on the Data page.",
        )
    listed = ", ".join(unusable[:5]) + (" ..." if len(unusable) > 5 else "")
    return DataError(
        "No column is a feature, so the network would see nothing. Of the kinds text, date and id "
        f"none can be a feature yet: {listed}.",
        fix="Bring number or category columns, or change the kind of a column on the Data page.",
    )


def fingerprint(data: DataConfig, base: Path | None = None) -> str:
    """Return a hash of the contents of the project's files."""
    paths = [data.path, data.split.test_path]
    return "-".join(tabular.fingerprint(resolve(path, base)) for path in paths if path)


def clean_rows(data: DataConfig, raw: pl.DataFrame) -> tuple[pl.DataFrame, dict[int, StepEffect]]:
    """Drop the rows that row steps drop; of equal rows the first is kept.

    Rows without target are never trained on, whether the recipe says so or not.
    """
    target = data.target
    frame, effects = raw, {}
    for index, step in active(data.recipe):
        before = frame.height
        if isinstance(step, DropDuplicates):
            names = [name for name in frame.columns if name != ROW]
            frame = frame.unique(subset=names, keep="first", maintain_order=True)
        elif isinstance(step, DropMissingTarget) and target is not None:
            frame = frame.filter(pl.col(target.name).is_not_null())
        else:
            continue
        effects[index] = StepEffect(rows=before - frame.height)
    if target is not None:
        frame = frame.filter(pl.col(target.name).is_not_null())
    return frame, effects


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


def _fit_steps(
    data: DataConfig, clean: pl.DataFrame, training: pl.DataFrame
) -> tuple[tuple[FittedStep, ...], tuple[str, ...], dict[int, StepEffect]]:
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
    for name, dtype in everything.schema.items():
        if dtype != pl.Float64:
            kind = kinds.get(name, "category")
            advice = (
                "Add One-hot or Ordinal to the recipe, or set its role to ignored."
                if kind == "category"
                else "Set its role to ignored, or its kind to category."
            )
            raise DataError(
                f"{name} still holds {'categories' if kind == 'category' else kind + 's'}, but "
                "the network takes numbers.",
                where=name,
                fix=advice,
            )
    return tuple(steps), tuple(everything.columns), effects


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
