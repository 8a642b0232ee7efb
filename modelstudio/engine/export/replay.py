"""Asking an exported file: checks against PyTorch, tables, single rows."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.sources import tabular
from modelstudio.engine.metrics import decide
from modelstudio.engine.results import Predictions
from modelstudio.errors import ExportError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column

ROWS = 8192
"""Rows given to the model at a time."""


TOLERANCE = 1e-4
"""Difference from PyTorch up to which an answer counts as the same."""


@dataclass(frozen=True)
class OnnxModel:
    """An exported file, opened; it needs nothing but onnxruntime."""

    session: onnxruntime.InferenceSession
    columns: tuple[Column, ...]
    task: str
    classes: tuple[str, ...]
    target: str
    threshold: float
    csv: CsvOptions

    @property
    def config(self) -> DataConfig:
        """How tables for the model are read."""
        return DataConfig(columns=self.columns, csv=self.csv)

    def run(self, frame: pl.DataFrame) -> tuple[NDArray[Any] | None, NDArray[np.float64]]:
        """Return labels (rows,), None for a value, and scores (rows, classes) or (rows,)."""
        labels: list[NDArray[Any]] = []
        scores: list[NDArray[Any]] = []
        for start in range(0, max(1, frame.height), ROWS):
            outputs = self.session.run(None, self.feed(frame.slice(start, ROWS)))
            if self.task == "value":
                scores.append(outputs[0][:, 0])
            else:
                labels.append(outputs[0])
                scores.append(outputs[1])
        joined = np.concatenate(scores).astype(np.float64)
        return (np.concatenate(labels) if labels else None), joined

    def feed(self, frame: pl.DataFrame) -> dict[str, NDArray[Any]]:
        """Return typed columns as the model takes them: (rows, 1), NaN and empty for missing."""
        given: dict[str, NDArray[Any]] = {}
        for column in self.columns:
            values = frame.get_column(column.name)
            if column.kind == "number":
                array = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
            else:
                array = np.array(values.fill_null("").to_list(), dtype=object)
            given[column.name] = array.reshape(-1, 1)
        return given

    def read(self, path: Path) -> pl.DataFrame:
        """Read a table with the columns that the model takes."""
        return tabular.read_table(path, self.config, target_needed=False, features_only=True)


def open_model(path: Path) -> OnnxModel:
    """Open a file that Model Studio exported.

    Raises
    ------
    ExportError
        When it is missing, is no ONNX model, or comes from another program.
    """
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        raise ExportError(
            f"{path.name} does not exist.", where=str(path), fix="Check the name."
        ) from None
    return _open(path.resolve(), stamp)


@lru_cache(maxsize=4)
def _open(path: Path, stamp: int) -> OnnxModel:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:
        raise ExportError(
            f"{path.name} is not an ONNX model that can be run.",
            where=str(path),
            fix="Choose a file that was exported to ONNX.",
        ) from error
    known = session.get_modelmeta().custom_metadata_map
    if "modelstudio.columns" not in known:
        raise ExportError(
            f"{path.name} was not exported by Model Studio, so its columns are not known.",
            where=str(path),
            fix="Export the model here, or run it with a tool of its own.",
        )
    names = json.loads(known["modelstudio.columns"])
    kinds = json.loads(known["modelstudio.kinds"])
    return OnnxModel(
        session,
        tuple(Column(name=n, kind=k) for n, k in zip(names, kinds, strict=True)),
        known["modelstudio.task"],
        tuple(json.loads(known["modelstudio.classes"])),
        known["modelstudio.target"],
        json.loads(known["modelstudio.threshold"]),
        CsvOptions(missing=tuple(json.loads(known["modelstudio.missing"]))),
    )


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a file compares with PyTorch on the same rows.

    ``max_abs_diff`` is the largest difference of a probability, or of a value in its own units. A
    row agrees when its class is the same and each probability to `TOLERANCE`, or its value to
    `TOLERANCE` of itself or of the spread of the values, whichever is larger.
    """

    rows: int
    agreeing: int
    max_abs_diff: float
    seconds_per_row: float


def compare(model: OnnxModel, frame: pl.DataFrame, expected: Predictions) -> Agreement:
    """Run raw rows through the file and compare with what PyTorch said of them.

    Parameters
    ----------
    frame
        Typed raw rows, in the order of ``expected``.
    """
    began = time.perf_counter()
    labels, scores = model.run(frame)
    seconds = (time.perf_counter() - began) / max(1, frame.height)
    if not frame.height:
        return Agreement(0, 0, 0.0, 0.0)
    difference = np.abs(scores - expected.scores)
    if labels is None:
        scale = np.maximum(np.abs(expected.scores), expected.scores.std())
        agree = difference <= TOLERANCE * scale
    else:
        index = decide(expected.scores, model.threshold)
        agree = np.array(expected.classes)[index] == labels.astype(str)
        agree &= (difference <= TOLERANCE).all(axis=1)
    return Agreement(frame.height, int(agree.sum()), float(difference.max()), seconds)


def ask(path: Path, values: Mapping[str, str | float | None]) -> dict[str, float] | float:
    """Ask about one row: a probability for each class, or the value.

    A column that is left out, None or empty counts as missing.

    Raises
    ------
    ExportError
        When the file cannot be opened, a number column is given text, or a number is missing that
        the recipe does not fill in.
    """
    model = open_model(path)
    cells = {column.name: _cell(column, values.get(column.name)) for column in model.columns}
    schema = {
        column.name: pl.Float64 if column.kind == "number" else pl.String
        for column in model.columns
    }
    _, scores = model.run(pl.DataFrame([cells], schema=schema))
    if np.isnan(scores).any():
        empty = [name for name, value in cells.items() if value is None]
        raise ExportError(
            f"There is no answer without a value for {', '.join(empty)}.",
            fix="Give a value, or add Fill missing to the recipe and train again.",
        )
    if model.task == "value":
        return float(scores[0])
    return dict(zip(model.classes, map(float, scores[0]), strict=True))


def _cell(column: Column, value: str | float | None) -> str | float | None:
    if value is None or value == "":
        return None
    if column.kind != "number":
        return str(value)
    try:
        return float(value)
    except ValueError:
        raise ExportError(
            f"{column.name} takes a number, not {value!r}.", where=column.name
        ) from None
