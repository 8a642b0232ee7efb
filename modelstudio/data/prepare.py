"""The whole way from a table to numbers: clean rows, split, fit on training rows, encode."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from modelstudio.data import sources, spill
from modelstudio.data.fitted import Encoded, FittedRecipe, FittedStep, row_numbers
from modelstudio.data.fitting import StepEffect, active, fit_steps, truth_of
from modelstudio.data.fitting_pictures import fit_pictures
from modelstudio.data.fitting_slices import fit_columns
from modelstudio.data.inputs import input_fields, vocabularies
from modelstudio.data.negatives import pair_of
from modelstudio.data.parts import Parts
from modelstudio.data.slices import Sliced, encode_rows, encode_slices, is_large
from modelstudio.data.sources import mapped, resolve
from modelstudio.data.split import split_table
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.data.steps.rows import KEEP, known_target
from modelstudio.data.target import fit_target
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import LongText
from modelstudio.recipe.steps import Passages, Step, Windows

Doing = str | tuple[str, int, int]
"""What is being done, or that with how much is done of how much."""


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
        kept = np.zeros(self.clean.height, bool)
        kept[getattr(self.parts, part)] = True
        return mapped.chosen(self.clean, kept)

    def column(self, part: str, name: str) -> pl.Series:
        """Return a raw column of the rows of a part."""
        if part == "test" and self.tests is not None:
            return self.tests.get_column(name)
        return spill.gathered(self.clean.select(name), getattr(self.parts, part)).to_series()

    def around(self, part: str) -> pl.DataFrame:
        """Return the raw rows that samples of a part may reach into, as windows of a series do."""
        return self.tests if part == "test" and self.tests is not None else self.clean

    def encoded(self, part: str, recipe: FittedRecipe) -> Encoded:
        """Return the samples of a part as a recipe makes them, be it this one or a run's."""
        tests = part == "test" and self.tests is not None
        rows, parts = (None, None) if tests else (getattr(self.parts, part), self.parts)
        found = encode_rows(recipe, self.around(part), rows, parts)
        if found is not None:
            return found
        return recipe.transform(self.frame(part), among=self.around(part), parts=parts)


def fit_recipe(data: DataConfig, base: Path | None = None) -> Generator[Doing, None, Prepared]:
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
    arranging = [step for _, step in active(data.recipe) if step.stage == "samples"]
    if not data.features and not arranging:
        raise _nothing_to_see(data)
    _check_passages(data, arranging)
    if arranging and data.split.method == "random":
        raise DataError(
            f"{arranging[0].label} overlap, so a split at random would show the network the rows "
            "it is tested on.",
            where=arranging[0].label,
            fix="Split by time, or by group if there are several series.",
        )
    if arranging and data.label_separator is not None:
        raise DataError(
            f"{arranging[0].label} are for one class or number a row, and {target.name} has "
            "several labels.",
            where=arranging[0].label,
            fix="Take the step out of the recipe, or the cells of the target as classes.",
        )
    learning = [step for _, step in active(data.recipe) if _differs_for_training(step)]
    if learning and any(isinstance(step, Windows) for step in arranging):
        raise DataError(
            f"{learning[0].label} gives training rows other values than all others, which windows "
            "of rows cannot hold.",
            where=learning[0].label,
            fix="Take One-hot, Ordinal or Index for these columns.",
        )
    yield "Reading the data"
    raw = spill.numbered((yield from _read(data, base)))
    clean, row_effects = clean_rows(data, raw)
    if not clean.height:
        raise DataError(
            f"The target {target.name} is empty in every row.",
            where=target.name,
            fix="Choose another target on the Data page.",
        )
    yield "Splitting"
    parts = split_table(clean, row_numbers(clean), data)
    tests = None
    if data.split.test_path is not None:
        path = resolve(data.split.test_path, base)
        tests = spill.numbered(sources.read_table(path, data))
        tests = known_target(tests, target.name)
    large = is_large(data, clean)
    yield "Fitting the recipe"
    answers = spill.gathered(clean.select(target.name), parts.train).to_series()
    state = fit_target(data, target, answers)
    fit = fit_columns if large else fit_steps
    fitting = fit(data, clean, parts, state)
    shaping = yield from fit_pictures(data, fitting.kinds, clean, parts.train)
    truth = truth_of(state, answers) if arranging else None
    steps = (
        *fitting.steps,
        *shaping,
        *(
            FittedStep(
                step=step,
                state=IMPLEMENTATIONS[type(step)].fit(step, fitting.training, (), truth),
            )
            for step in arranging
        ),
    )
    if state.kind == "tokens":
        (vocabulary,) = vocabularies(steps).values()
        state = state.model_copy(update={"vocabulary": vocabulary})
    fitted = FittedRecipe(
        columns=data.features,
        steps=steps,
        inputs=input_fields(fitting.encoded, fitting.kinds, steps, (state.field.name,)),
        target=state,
        csv=data.csv,
        source=data.source.elsewhere(),
        beside=_beside(data, arranging),
    )
    if state.kind == "ranking":
        pair_of(fitted)
    yield "Encoding"
    if large:
        made = yield from encode_slices(data, fitted, clean, parts, fitting)
    else:
        made = Sliced(
            fitted.transform(
                clean[parts.train],
                encoded=fitting.training,
                among=clean,
                parts=parts,
                training=True,
            ),
            fitted.transform(clean[parts.validation], among=clean, parts=parts).with_known_truth(),
            fitted.transform(clean[parts.test], among=clean, parts=parts),
            fitting.effects,
        )
    if not len(made.train.rows) and state.kind == "tokens":
        raise DataError(
            f"{target.name} is too short: no token of its training rows has one after it.",
            where=target.name,
            fix="Choose a longer text.",
        )
    if not len(made.train.rows):
        reasons = ", ".join(made.train.unscored)
        raise DataError(
            f"No training row is complete: {reasons}.",
            fix="Add Fill missing to the recipe, or set the role of that column to ignored.",
        )
    told = made.test
    if tests is not None:
        told = encode_rows(fitted, tests) or fitted.transform(tests, among=tests)
    return Prepared(
        fitted=fitted,
        train=made.train,
        validation=made.validation,
        test=told,
        parts=parts,
        effects=tuple(
            row_effects.get(index) or made.effects.get(index) or StepEffect()
            for index in range(len(data.recipe))
        ),
        fingerprint=sources.fingerprint(data, base),
        source_rows=raw.height,
        clean=clean,
        tests=tests,
    )


def _differs_for_training(step: Step) -> bool:
    made = IMPLEMENTATIONS.get(type(step))
    return made is not None and made.learn is not None


def _check_passages(data: DataConfig, arranging: Sequence[Step]) -> None:
    """Refuse a long text that is not cut into passages, and passages of anything else.

    Raises
    ------
    DataError
        When the recipe does not suit the source.
    """
    cut = any(isinstance(step, Passages) for step in arranging)
    if isinstance(data.source, LongText) and (not cut or len(arranging) > 1):
        raise DataError(
            f"The next token of a text is learnt from {Passages.label.lower()}, and from nothing "
            "else."
            if cut
            else f"The recipe lacks the step {Passages.label}.",
            where=Passages.label,
            fix="Take other steps that arrange rows out of the recipe."
            if cut
            else "Add it, or switch it on.",
        )
    if cut and not isinstance(data.source, LongText):
        raise DataError(
            f"{Passages.label} are for one long text, and this is a {data.source.label.lower()}.",
            where=Passages.label,
            fix="Take the step out of the recipe.",
        )


def _beside(data: DataConfig, arranging: Sequence[Step]) -> tuple[Column, ...]:
    """Return the columns that samples are made by and that are no features.

    Raises
    ------
    DataError
        When a step names one that is not there.
    """
    columns = {column.name: column for column in data.columns}
    names = [name for step in arranging if isinstance(step, Windows) for name in step.beside]
    for name in names:
        if name not in columns:
            raise DataError(
                f"Windows of a series goes by the column {name}, which the data does not have.",
                where=name,
                fix="Choose another column in that step.",
            )
    found = dict.fromkeys(name for name in names if columns[name].role == "ignored")
    return tuple(columns[name].model_copy(update={"role": "feature"}) for name in found)


def _read(data: DataConfig, base: Path | None) -> Generator[Doing, None, pl.DataFrame]:
    """Read the source, telling how far that is where it is known."""
    reading = sources.reading(data, base)
    while True:
        try:
            portion = next(reading)
            if portion.total:
                yield "Reading the data", portion.done, portion.total
        except StopIteration as end:
            frame: pl.DataFrame = end.value
            return frame


def _nothing_to_see(data: DataConfig) -> DataError:
    """Say why no column is a feature, as far as the kinds tell."""
    unusable = [
        f"{column.name} ({column.kind})"
        for column in data.columns
        if column.role == "ignored" and column.kind in ("text", "date", "id")
    ]
    listed = ", ".join(unusable[:5]) + (" ..." if len(unusable) > 5 else "")
    told = f" Ignored are {listed}." if unusable else ""
    return DataError(
        f"No column is a feature, so the network would see nothing.{told}",
        fix="Mark at least one column as a feature on the Data page."
        if not unusable
        else "Make a column a feature on the Data page; the recipe needs Tokenise for text, Date "
        "parts for dates and Index for ids.",
    )


def clean_rows(data: DataConfig, raw: pl.DataFrame) -> tuple[pl.DataFrame, dict[int, StepEffect]]:
    """Drop the rows that row steps drop; of equal rows the first is kept.

    Rows without target are never trained on, whether the recipe says so or not.
    """
    target = data.target
    frame, effects = raw, {}
    for index, step in active(data.recipe):
        before = frame.height
        if (keep := KEEP.get(type(step))) is None:
            continue
        try:
            frame = keep(step, frame, target.name if target is not None else None)
        except DataError as error:
            error.step = index
            raise
        effects[index] = StepEffect(rows=before - frame.height)
    return (frame if target is None else known_target(frame, target.name)), effects
