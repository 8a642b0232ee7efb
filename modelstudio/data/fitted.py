"""A recipe that has learnt from the training rows, and the numbers it makes of any rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from modelstudio.data.sources import ROW
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.data.target import TargetState
from modelstudio.project.model import CsvOptions, DataConfig, StepField
from modelstudio.recipe.columns import Column
from modelstudio.recipe.fields import FieldSpec

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

    ``columns`` are the raw feature columns in file order; ``features`` the encoded ones. An
    imported network comes without a table: ``given`` are the fields it was made for.
    """

    model_config = ConfigDict(frozen=True)

    columns: tuple[Column, ...]
    steps: tuple[FittedStep, ...]
    features: tuple[str, ...]
    target: TargetState
    csv: CsvOptions = CsvOptions()
    given: tuple[FieldSpec, ...] = ()

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """Fields that the network is given and trained towards."""
        if self.given:
            return self.given
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


def row_numbers(frame: pl.DataFrame) -> NDArray[np.int64]:
    """Return the number of each row in its source; without any, they are counted from 0."""
    if ROW not in frame.columns:
        return np.arange(frame.height, dtype=np.int64)
    return frame.get_column(ROW).to_numpy().astype(np.int64)
