"""The whole way from a table to numbers: clean rows, split, fit on training rows, encode."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from modelstudio.data.sources import ROW, resolve, tabular
from modelstudio.data.split import Parts, split_rows
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.data.target import TargetState, fit_target
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig, StepField
from modelstudio.recipe.columns import Column
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.steps import (
    ColumnStep,
    DropDuplicates,
    DropMissingTarget,
    Step,
    UnknownStep,
)

FEATURES = "features"
"""Name of the field that holds all encoded feature columns; a target of that name moves it."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows as numbers.

    Parameters
    ----------
    fields
        Float64 array of shape (rows, width) by field name.
    truth
        Class indices or values, shape (rows,); -1 and NaN where unknown.
    scaled
        The target as the loss takes it, shape (rows,).
    rows
        Row numbers in the source, shape (rows,).
    unscored
        How many rows were left out, by the reason.
    """

    fields: Mapping[str, NDArray[np.float64]]
    truth: NDArray[np.int64] | NDArray[np.float64]
    scaled: NDArray[np.int64] | NDArray[np.float64]
    rows: NDArray[np.int64]
    unscored: Mapping[str, int]

    def with_known_truth(self) -> Encoded:
        """Return the rows whose true class or value is known; the loss takes no others."""
        classes = self.truth.dtype == np.int64
        known = self.truth >= 0 if classes else ~np.isnan(self.truth)
        if known.all():
            return self
        fields = {name: values[known] for name, values in self.fields.items()}
        left_out = {**self.unscored, "the target is unknown": int((~known).sum())}
        return Encoded(fields, self.truth[known], self.scaled[known], self.rows[known], left_out)


@dataclass(frozen=True, slots=True)
class StepEffect:
    """What a step did to the table: rows removed, cells changed, columns added.

    ``changed`` counts the changed cells by column.
    """

    rows: int = 0
    cells: int = 0
    columns: int = 0
    changed: tuple[tuple[str, int], ...] = ()


class FittedStep(BaseModel):
    """A step and what it learnt."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    step: StepField
    state: dict[str, Any]

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Change rows as the training rows were changed."""
        return IMPLEMENTATIONS[type(self.step)].apply(self.state, frame)


class FittedRecipe(BaseModel):
    """A recipe with all it learnt from the training rows; JSON, kept with the run.

    ``columns`` are the raw feature columns in file order; ``features`` the encoded ones.
    """

    model_config = ConfigDict(frozen=True)

    columns: tuple[Column, ...]
    steps: tuple[FittedStep, ...]
    features: tuple[str, ...]
    target: TargetState
    csv: CsvOptions = CsvOptions()

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """Fields that the network is given and trained towards."""
        width = len(self.features)
        features = FieldSpec(name=self.input_name, role="input", kind="features", shape=(width,))
        return (features, self.target.field)

    @property
    def input_name(self) -> str:
        """Name of the field of all encoded feature columns."""
        return FEATURES if self.target.column != FEATURES else f"{FEATURES}_"

    def config(self) -> DataConfig:
        """Return a data configuration that reads other tables with the same columns."""
        kind: Any = "number" if self.target.kind == "value" else "category"
        target = Column(name=self.target.column, kind=kind, role="target")
        return DataConfig(columns=(*self.columns, target), csv=self.csv)

    def encode(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Apply every step; raw feature columns in, encoded ones out."""
        encoded = frame.select(column.name for column in self.columns)
        for fitted in self.steps:
            encoded = fitted.apply(encoded)
        return encoded

    def transform(self, frame: pl.DataFrame) -> Encoded:
        """Encode typed rows; the target may be absent.

        A row with a feature that is still missing cannot be scored: it is left out and counted.
        """
        encoded = self.encode(frame)
        missing = encoded.select(pl.all().null_count()).row(0)
        unscored: dict[str, int] = {}
        keep = np.ones(frame.height, dtype=bool)
        for name, count in zip(encoded.columns, missing, strict=True):
            if count:
                empty = encoded.get_column(name).is_null().to_numpy() & keep
                if empty.any():
                    unscored[f"{name} is missing"] = int(empty.sum())
                keep &= ~empty
        values = encoded.fill_null(0.0).to_numpy().astype(np.float64, copy=False)
        rows = row_numbers(frame)
        if self.target.column in frame.columns:
            truth = self.target.truth(frame.get_column(self.target.column))
        elif self.target.kind == "value":
            truth = np.full(frame.height, np.nan)
        else:
            truth = np.full(frame.height, -1, dtype=np.int64)
        if not keep.all():
            values, truth, rows = values[keep], truth[keep], rows[keep]
        values = np.ascontiguousarray(values)
        return Encoded({self.input_name: values}, truth, self.target.scaled(truth), rows, unscored)


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


def row_numbers(frame: pl.DataFrame) -> NDArray[np.int64]:
    """Return the number of each row in its source; without any, they are counted from 0."""
    if ROW not in frame.columns:
        return np.arange(frame.height, dtype=np.int64)
    return frame.get_column(ROW).to_numpy().astype(np.int64)


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
