"""A recipe that has learnt from the training rows, and the numbers it makes of any rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from modelstudio.data import spill
from modelstudio.data.codes import group_codes
from modelstudio.data.inputs import FEATURES, Array, InputField, assemble
from modelstudio.data.parts import PARTS, Parts
from modelstudio.data.spill import row_numbers as row_numbers
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.data.steps.texts import Joining
from modelstudio.data.target import TargetState
from modelstudio.project.model import CsvOptions, DataConfig, SourceField, StepField
from modelstudio.recipe.columns import Column
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.sources import Table
from modelstudio.recipe.steps import Step, Windows

Groups = NDArray[np.int64]
"""Which rows may see each other; shape (rows,)."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Rows as numbers.

    Parameters
    ----------
    fields
        By name: an array of shape (rows, ...), or stored rows of one; see `inputs.assemble`.
    truth
        Class indices or values, shape (rows,); -1 and NaN where unknown. Of labels 0 and 1, shape
        (rows, labels). Of a long text the next token at every place, shape (rows, T), 0 at the
        right.
    scaled
        The target as the loss takes it, of the same shape.
    rows
        Row numbers in the source, shape (rows,).
    unscored
        How many rows were left out, by the reason.
    """

    fields: Mapping[str, Array]
    truth: NDArray[np.int64] | NDArray[np.float64]
    scaled: NDArray[np.int64] | NDArray[np.float64]
    rows: NDArray[np.int64]
    unscored: Mapping[str, int]

    def known(self) -> NDArray[np.bool_]:
        """Tell of each row whether its true class or value is known."""
        least = self.truth if self.truth.ndim == 1 else self.truth.min(axis=1)
        return least >= 0 if least.dtype.kind == "i" else ~np.isnan(least)

    def with_known_truth(self) -> Encoded:
        """Return the rows whose true class or value is known; the loss takes no others."""
        known = self.known()
        if known.all():
            return self
        left_out = {**self.unscored, "the target is unknown": int((~known).sum())}
        return replace(self.take(known), unscored=left_out)

    def take(self, which: NDArray[Any]) -> Encoded:
        """Return some rows, by mask or positions."""
        return replace(
            self,
            fields={name: values[which] for name, values in self.fields.items()},
            truth=self.truth[which],
            scaled=self.scaled[which],
            rows=self.rows[which],
        )


class FittedStep(BaseModel):
    """A step and what it learnt."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    step: StepField
    state: dict[str, Any]

    def apply(self, frame: pl.DataFrame, groups: Groups | None = None) -> pl.DataFrame:
        """Change rows as the training rows were changed.

        A step that looks at the rows before sees those of the same group alone; see `row_groups`.
        """
        made = IMPLEMENTATIONS[type(self.step)]
        if made.follow is None or groups is None or not frame.height:
            return made.apply(self.state, frame)
        return made.follow(self.state).follow(frame, groups)


def row_groups(
    steps: Iterable[Step], frame: pl.DataFrame, part: NDArray[np.uint8] | None = None
) -> Groups | None:
    """Return a number for each row, the same for those of one series and one part; shape (rows,).

    None where no step looks at the rows before.
    """
    steps = list(steps)
    if not any(IMPLEMENTATIONS[type(each)].follow for each in steps if each.stage == "fitted"):
        return None
    series = next((each.series for each in steps if isinstance(each, Windows)), "")
    codes = group_codes(frame.get_column(series)) if series in frame.columns else None

    def some(which: slice) -> Groups:
        groups = np.zeros(which.stop - which.start, np.int64)
        if codes is not None:
            groups += len(PARTS) * codes[which].astype(np.int64)
        if part is not None:
            groups += part[which]
        return groups

    return spill.filled(frame.height, np.int64, some)


class FittedRecipe(BaseModel):
    """A recipe with all it learnt from the training rows; JSON, kept with the run.

    ``columns`` are the raw feature columns in file order; ``inputs`` the fields that the encoded
    ones become; ``beside`` other columns that samples are made by, such as the time of a series. An
    imported network comes without a table: ``given`` are the fields it was made for.
    """

    model_config = ConfigDict(frozen=True)

    columns: tuple[Column, ...]
    steps: tuple[FittedStep, ...]
    inputs: tuple[InputField, ...]
    target: TargetState
    csv: CsvOptions = CsvOptions()
    source: SourceField = Table()
    beside: tuple[Column, ...] = ()
    given: tuple[FieldSpec, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _name_the_features(cls, raw: Any) -> Any:
        """Read a recipe of the time when all columns made one field."""
        if not isinstance(raw, dict) or "features" not in raw:
            return raw
        names = raw["features"]
        field = {"name": FEATURES, "role": "input", "kind": "features", "shape": [len(names)]}
        if raw["target"]["column"] == FEATURES:
            field["name"] = f"{FEATURES}_"
        inputs = [{"spec": field, "columns": names}]
        return {**{key: raw[key] for key in raw if key != "features"}, "inputs": inputs}

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """Fields that the network is given and trained towards."""
        return self.given or (*(field.spec for field in self.inputs), self.target.field)

    def config(self) -> DataConfig:
        """Return a data configuration that reads other tables with the same columns."""
        if self.target.kind == "tokens":
            return DataConfig(columns=self.columns, csv=self.csv, source=self.source)
        if self.target.kind == "ranking":
            ids = tuple(each.model_copy(update={"role": "feature"}) for each in self.columns)
            return DataConfig(columns=ids, csv=self.csv, source=self.source)
        kind: Any = "number" if self.target.kind == "value" else "category"
        target = Column(name=self.target.column, kind=kind, role="target")
        columns = (*self.columns, *self.beside, target)
        return DataConfig(
            columns=columns,
            csv=self.csv,
            source=self.source,
            label_separator=self.target.separator or None,
        )

    def groups(self, frame: pl.DataFrame, parts: Parts | None = None) -> Groups | None:
        """Tell which raw rows may see each other; see `row_groups`."""
        part = None if parts is None else parts.codes(frame.height)
        return row_groups((each.step for each in self.steps), frame, part)

    def encode(self, frame: pl.DataFrame, parts: Parts | None = None) -> pl.DataFrame:
        """Apply every step; raw feature columns in, encoded ones out."""
        encoded = frame.select(column.name for column in self.columns)
        groups = self.groups(frame, parts)
        for fitted in self.steps:
            if fitted.step.stage == "fitted":
                encoded = fitted.apply(encoded, groups)
        return encoded

    def transform(
        self,
        frame: pl.DataFrame,
        *,
        encoded: pl.DataFrame | None = None,
        among: pl.DataFrame | None = None,
        parts: Parts | None = None,
        training: bool = False,
    ) -> Encoded:
        """Turn typed rows into samples; the target may be absent.

        A row with a feature that is still missing cannot be scored: it is left out and counted.

        Parameters
        ----------
        encoded
            The rows after every step, where that is known already.
        among
            All rows in order, where a sample may reach into rows of other parts: the past of a
            series.
        parts
            Where these stand in parts: a step then shows no row those of another part.
        training
            Whether these are the rows that train, whose samples reach into no other part.
        """
        arranging = [fitted for fitted in self.steps if fitted.step.stage == "samples"]
        if self.target.kind == "tokens":
            return self._passages(arranging[0], frame, encoded)
        rows = among if arranging and among is not None else frame
        if encoded is None or rows is not frame:
            encoded = self.encode(rows, parts if rows is among else None)
        samples = self.samples(rows, encoded)
        wanted = row_numbers(frame) if among is not None else None
        for fitted in arranging:
            arrange = IMPLEMENTATIONS[type(fitted.step)].arrange
            assert arrange is not None
            samples = arrange(fitted.state, samples, rows, wanted, training)
        return samples

    def _passages(
        self, passages: FittedStep, frame: pl.DataFrame, encoded: pl.DataFrame | None
    ) -> Encoded:
        """Join the tokens of rows that follow one another; no other rows are looked at."""
        join = IMPLEMENTATIONS[type(passages.step)].join
        assert join is not None
        encoded = self.encode(frame) if encoded is None else encoded
        joining = join(passages.state)
        joining.add(encoded, row_numbers(frame))
        return self.passages(joining)

    def passages(self, joining: Joining) -> Encoded:
        """Return the passages of a long text as samples."""
        tokens, following, begins = joining.cut()
        return Encoded({self.inputs[0].spec.name: tokens}, following, following, begins, {})

    def samples(self, frame: pl.DataFrame, encoded: pl.DataFrame) -> Encoded:
        """Return each row as a sample, given what the steps made of it."""
        arrays, keep, unscored = assemble(self.inputs, encoded, self.steps, frame.height)
        if self.target.column in frame.columns:
            truth = self.target.truth(frame.get_column(self.target.column))
        elif self.target.kind == "value":
            truth = np.full(frame.height, np.nan)
        else:
            shape = (len(self.target.classes),) if self.target.kind == "labels" else ()
            truth = np.full((frame.height, *shape), -1, dtype=np.int64)
        scaled = self.target.scaled(truth)
        samples = Encoded(arrays, truth, scaled, row_numbers(frame), unscored)
        return samples if keep.all() else samples.take(keep)
