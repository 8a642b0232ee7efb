"""Asking an exported file: checks against PyTorch, tables, single rows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import sources
from modelstudio.data.fitted import Encoded, FittedRecipe, row_numbers
from modelstudio.data.inputs import Array, padded
from modelstudio.data.sources.values import typed
from modelstudio.data.stored import in_memory
from modelstudio.engine.export.beginning import Fed, feed, reaches_back
from modelstudio.engine.metrics import decide
from modelstudio.engine.results import Predictions
from modelstudio.errors import ExportError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column

ROWS = 8192
"""Rows, at most, given to the model at a time."""

CELLS = 2**17
"""Cells of one input, about, given to the model at a time; pixels and tokens take a thousand times
their memory inside."""

_LOOKED_AT = 16
"""Rows that tell how many cells a row has."""

TOLERANCE = 1e-4
"""Difference from PyTorch up to which an answer counts as the same."""


@dataclass(frozen=True)
class OnnxModel:
    """An exported file, opened.

    Parameters
    ----------
    columns
        The raw columns that rows are told by.
    recipe
        What is done with them before the file is asked; None where it takes them as they are, and
        then it needs nothing but onnxruntime.
    needs_first
        That in words.
    """

    session: onnxruntime.InferenceSession
    columns: tuple[Column, ...]
    task: str
    classes: tuple[str, ...]
    target: str
    threshold: float
    csv: CsvOptions
    recipe: FittedRecipe | None = None
    needs_first: tuple[str, ...] = ()
    separator: str = ""

    @property
    def config(self) -> DataConfig:
        """How tables for the model are read."""
        if self.recipe is not None:
            return self.recipe.config()
        return DataConfig(
            columns=self.columns, csv=self.csv, label_separator=self.separator or None
        )

    def run(self, frame: pl.DataFrame) -> tuple[NDArray[Any] | None, NDArray[np.float64]]:
        """Return labels (rows,), None for a value, and scores (rows, classes) or (rows,).

        A row that cannot be scored has an empty label and NaN.
        """
        return self.answer(self.fed(frame), frame.height)

    def fed(self, frame: pl.DataFrame, samples: Encoded | None = None) -> Fed:
        """Do with raw rows what comes before the file; see `beginning.feed`."""
        if self.recipe is None:
            return Fed(frame, None, {}, np.arange(frame.height), {})
        return feed(self.recipe, frame, samples)

    def answer(self, fed: Fed, rows: int) -> tuple[NDArray[Any] | None, NDArray[np.float64]]:
        """Return labels and scores of ``rows`` rows, of which some were made ready.

        Raises
        ------
        ExportError
            When the file tells something else than an answer a row.
        """
        if self.task == "tokens":
            raise ExportError(
                f"The file tells the next token of {self.target} at every place of a text, and no "
                "answer for a row.",
                fix="Run it with onnxruntime on rows of ids.",
            )
        classes = len(self.classes)
        scores = np.full((rows, classes) if classes else rows, np.nan)
        several = self.task == "labels"
        labels = np.full((rows, classes) if several else rows, "", dtype=object)
        for part in self._pieces(fed):
            outputs = self.session.run(None, self._given(fed, part))
            places = fed.places[part]
            if not classes:
                scores[places] = outputs[0][:, 0]
            else:
                labels[places], scores[places] = outputs
        return (labels if classes else None), scores

    def _pieces(self, fed: Fed) -> Iterator[slice]:
        """Yield which samples are given at a time, so that pictures and texts fit the memory."""
        if not len(fed.places):
            return
        rows = min(_LOOKED_AT, len(fed.places))
        cells = max(array.size for array in self._given(fed, slice(rows)).values())
        size = min(ROWS, max(1, CELLS * rows // max(1, cells)))
        for start in range(0, len(fed.places), size):
            yield slice(start, start + size)

    def _given(self, fed: Fed, part: slice) -> dict[str, NDArray[Any]]:
        """Return some samples as the file takes them: NaN and empty for missing cells."""
        given: dict[str, NDArray[Any]] = {}
        for taken in self.session.get_inputs():
            if taken.name not in fed.columns.columns:
                array = fed.arrays[taken.name][part]
                given[taken.name] = in_memory(array)
                continue
            values = fed.columns.get_column(taken.name)
            count = len(fed.places[part])
            values = values[part] if fed.rows is None else values.gather(fed.rows[part].ravel())
            if taken.type == "tensor(double)":
                array = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
            elif taken.type == "tensor(string)":
                array = np.array(values.fill_null("").to_list(), dtype=object)
            elif values.dtype.is_nested():
                array = padded(values)
            else:
                array = values.to_numpy()
            given[taken.name] = array.reshape(count, -1)
        return given

    def read(self, path: Path) -> pl.DataFrame:
        """Read a table with the columns that the model takes."""
        return sources.read_table(path, self.config, target_needed=False, features_only=True)


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
    return read_model(path)


def read_model(path: Path) -> OnnxModel:
    """Open a file that is not held open when the model is gone; see `open_model`."""
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
    recipe = None
    if "modelstudio.recipe" in known:
        recipe = FittedRecipe.model_validate_json(known["modelstudio.recipe"])
        columns = recipe.columns
    else:
        names, kinds = (json.loads(known[f"modelstudio.{key}"]) for key in ("columns", "kinds"))
        columns = tuple(Column(name=n, kind=k) for n, k in zip(names, kinds, strict=True))
    return OnnxModel(
        session,
        columns,
        known["modelstudio.task"],
        tuple(json.loads(known["modelstudio.classes"])),
        known["modelstudio.target"],
        json.loads(known["modelstudio.threshold"]),
        CsvOptions(
            missing=tuple(json.loads(known["modelstudio.missing"])),
            **json.loads(known.get("modelstudio.reading", "{}")),
        ),
        recipe,
        tuple(json.loads(known["modelstudio.needs_first"])),
        known.get("modelstudio.separator", ""),
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


def compare(
    model: OnnxModel, frame: pl.DataFrame, expected: Predictions, samples: Encoded | None = None
) -> Agreement:
    """Run raw rows through the file and compare with what PyTorch said of some of them.

    Parameters
    ----------
    frame
        Typed raw rows with their row numbers in the source.
    samples
        What PyTorch was given, where samples are made of several rows of the frame.
    """
    began = time.perf_counter()
    if samples is None:
        labels, scores = model.run(frame)
        numbers = row_numbers(frame)
        order = np.argsort(numbers)
        places = order[np.searchsorted(numbers, expected.rows, sorter=order)]
    else:
        places = np.arange(len(samples.rows))
        labels, scores = model.answer(model.fed(frame, samples), len(places))
    seconds = (time.perf_counter() - began) / max(1, len(scores))
    if not len(expected.rows):
        return Agreement(0, 0, 0.0, 0.0)
    difference = np.abs(scores[places] - expected.scores)
    if labels is None:
        scale = np.maximum(np.abs(expected.scores), expected.scores.std())
        agree = difference <= TOLERANCE * scale
    else:
        if labels.ndim > 1:
            given = labels[places].astype(str) != ""
            agree = ((expected.scores >= model.threshold) == given).all(axis=1)
        else:
            index = decide(expected.scores, model.threshold)
            agree = np.array(expected.classes)[index] == labels[places].astype(str)
        agree &= (difference <= TOLERANCE).all(axis=1)
    worst = float(difference.max())
    return Agreement(len(places), int(agree.sum()), worst, seconds)


def compare_tokens(
    model: OnnxModel, fields: Mapping[str, Array], expected: NDArray[np.float64]
) -> Agreement:
    """Compare the chances of every token at every place of some passages.

    Parameters
    ----------
    expected
        What PyTorch said; shape (passages, length, vocabulary).
    """
    given = {name: in_memory(array) for name, array in fields.items()}
    began = time.perf_counter()
    found = model.session.run(None, given)[0]
    seconds = (time.perf_counter() - began) / max(1, len(expected))
    worst = np.abs(found - expected).max(axis=(1, 2), initial=0.0)
    return Agreement(len(worst), int((worst <= TOLERANCE).sum()), float(worst.max()), seconds)


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
    if model.recipe is not None and reaches_back(model.recipe):
        raise ExportError(
            "One row is no answer here: the model looks at several rows in order.",
            fix="Predict a table instead.",
        )
    cells = {
        column.name: _cell(column, values.get(column.name), model.csv) for column in model.columns
    }
    _, scores = model.run(pl.DataFrame(list(cells.values())))
    if np.isnan(scores).any():
        empty = [name for name, cell in cells.items() if cell.null_count()]
        raise ExportError(
            f"There is no answer without a value for {', '.join(empty)}.",
            fix="Give a value, or add Fill missing to the recipe and train again.",
        )
    if not model.classes:
        return float(scores[0])
    return dict(zip(model.classes, map(float, scores[0]), strict=True))


def _cell(column: Column, value: str | float | None, csv: CsvOptions) -> pl.Series:
    """Return a column of one row."""
    text = None if value is None or value == "" else str(value)
    if column.kind == "number":
        try:
            return pl.Series(column.name, [None if text is None else float(text)], pl.Float64)
        except ValueError:
            pass
    else:
        cell = typed(pl.Series(column.name, [text], pl.String), column, csv)
        if text is None or not cell.null_count():
            return cell
    raise ExportError(f"{column.name} takes a {column.kind}, not {value!r}.", where=column.name)
