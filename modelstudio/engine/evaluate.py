"""From a trained network and encoded rows to predictions in plain numbers."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from modelstudio.data import spill
from modelstudio.data.batches import TensorData
from modelstudio.data.slices import encode_rows
from modelstudio.data.sources.numbers import numbers_in_pieces
from modelstudio.data.sources.values import MISSING_NUMBERS, Pieces
from modelstudio.engine.forward import outputs_in_pieces, place_sums
from modelstudio.engine.metrics import decide, together
from modelstudio.engine.results import Predictions, Unreadable
from modelstudio.engine.task import Task
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions
from modelstudio.recipe.columns import Column

if TYPE_CHECKING:
    from modelstudio.data.fitted import Encoded, FittedRecipe
    from modelstudio.data.target import TargetState

Floats = NDArray[np.float64]
TargetKind = Literal["binary", "classes", "value", "labels", "tokens", "ranking"]


def decode(output: Tensor, target: TargetState) -> Floats:
    """Return probabilities (rows, classes), or values in the target's own units (rows,).

    What ranks items is a number from 0 to 1, shape (rows,).
    """
    logits = output.detach().cpu().double()
    if target.kind == "classes":
        return np.asarray(torch.softmax(logits, dim=1).numpy())
    if target.kind == "binary":
        positive = torch.sigmoid(logits.flatten())
        return np.asarray(torch.stack([1 - positive, positive], dim=1).numpy())
    if target.kind == "ranking":
        return np.asarray(torch.sigmoid(logits.flatten()).numpy())
    if target.kind == "labels":
        return np.asarray(torch.sigmoid(logits).numpy())
    return target.inverse(logits.flatten().numpy())


def predictions(
    task: Task, encoded: Encoded, fitted: FittedRecipe, device: torch.device
) -> Predictions:
    """Run the network on encoded rows; for a value in double precision, on the processor.

    In the target's own units single precision would show: a price of 18,000 has a spacing of 0.002.
    """
    floats = torch.float32
    if fitted.target.kind == "value":
        floats, device = torch.float64, torch.device("cpu")
        task = replace(task, module=copy.deepcopy(task.module).to(device, floats))
    asked = [field for field in fitted.fields if task.tokens or field.role == "input"]
    data = TensorData.from_encoded(encoded, asked, device, floats)
    truth = encoded.truth
    with torch.no_grad():
        if task.tokens:
            sums = place_sums(task, data).numpy()
            truth, scores = sums[:, 2].astype(np.int64), sums[:, :2]
        else:
            outputs = (each[0] for each in outputs_in_pieces(task, data))
            scores = together((decode(each, fitted.target) for each in outputs), data.rows)
    return Predictions(
        kind=fitted.target.kind,
        classes=fitted.target.classes,
        truth=truth,
        scores=scores,
        rows=encoded.rows,
        unscored=encoded.unscored,
    )


def encoded_rows(fitted: FittedRecipe, frame: pl.DataFrame) -> Encoded:
    """Return rows that a run is asked about as samples, in files where they are many."""
    return encode_rows(fitted, spill.numbered(frame)) or fitted.transform(frame)


def refuse_tokens(kind: str, name: str) -> None:
    """Refuse to answer for rows where the network tells the next token at every place.

    Raises
    ------
    DataError
        When the target is of that kind.
    """
    if kind == "tokens":
        raise DataError(
            f"{name} tells the next token at every place of a text, so there is no prediction for "
            "a row, and no threshold.",
            fix="Evaluate it to see its loss and perplexity, or export it and ask the file.",
        )


def from_scores(kind: TargetKind, classes: tuple[str, ...], scores: Floats) -> Predictions:
    """Return the predictions behind scores that came from an exported file; NaN means none."""
    known = ~np.isnan(scores.reshape(len(scores), -1)).any(axis=1)
    given = int(known.sum())
    return Predictions(
        kind=kind,
        classes=classes,
        truth=np.full(given, np.nan) if kind == "value" else np.full(given, -1),
        scores=scores[known],
        rows=np.flatnonzero(known),
        unscored={},
    )


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """A table with ``prediction`` and, for classes, a ``probability_...`` each; piece by piece.

    Of labels all that reach the threshold are told, with the separator between them.
    An item to rank has a ``score`` from 0 to 1 alone, larger where its user chooses it sooner. Rows
    without an answer have empty cells; a name that is taken gets an underscore at its end.
    """

    table: pl.DataFrame
    answers: Predictions
    threshold: float
    separator: str | None = None

    def __iter__(self) -> Iterator[pl.DataFrame]:
        answers = _in_order(self.answers)
        for each in spill.pieces(self.table.height, 16 * self.table.width):
            first, last = np.searchsorted(answers.rows, (each.start, each.stop))
            some = replace(
                answers,
                truth=answers.truth[first:last],
                scores=answers.scores[first:last],
                rows=answers.rows[first:last] - each.start,
            )
            yield answer_columns(self.table[each], some, self.threshold, self.separator)


def _in_order(answers: Predictions) -> Predictions:
    rows = answers.rows
    if all(
        (np.diff(rows[each.start : each.stop + 1]) > 0).all() for each in spill.slices(len(rows))
    ):
        return answers
    order = np.argsort(rows, kind="stable")
    return replace(
        answers, truth=answers.truth[order], scores=answers.scores[order], rows=rows[order]
    )


def answer_columns(
    table: pl.DataFrame, answers: Predictions, threshold: float, separator: str | None = None
) -> pl.DataFrame:
    """Return the table with the columns that `Answered` describes."""
    found: dict[str, pl.Series] = {}
    if answers.kind == "value":
        found["prediction"] = pl.Series(answers.scores)
    elif answers.kind == "ranking":
        found["score"] = pl.Series(answers.scores)
    else:
        names = pl.Series(answers.classes, dtype=pl.String)
        if answers.kind == "labels":
            told = [
                (separator or "|").join(names.filter(row)) for row in answers.scores >= threshold
            ]
            found["prediction"] = pl.Series(told, dtype=pl.String)
        else:
            found["prediction"] = names.gather(decide(answers.scores, threshold))
        for index, name in enumerate(answers.classes):
            found[f"probability_{name}"] = pl.Series(answers.scores[:, index])
    place = np.full(table.height, -1, dtype=np.int64)
    place[answers.rows] = np.arange(len(answers.rows))
    picked = pl.Series(place).replace(-1, None)
    columns = []
    for wanted, values in found.items():
        name = wanted
        while name in table.columns:
            name += "_"
        columns.append(values.gather(picked).alias(name))
    return table.with_columns(columns)


def unreadable_cells(
    table: pl.DataFrame, columns: Iterable[Column], csv: CsvOptions
) -> tuple[Unreadable, ...]:
    """Count the cells of text that number columns, written as ``csv`` says, cannot take."""
    found = []
    for column in columns:
        if column.kind != "number" or table.schema.get(column.name) != pl.String:
            continue
        count, shown, text = 0, "", Pieces(table.get_column(column.name))
        form = csv.form(column.name)
        numbers = numbers_in_pieces(text, form.unit if form else None)
        for some, read in zip(text, numbers, strict=True):
            odd = some.filter(read.is_null() & some.is_not_null() & ~some.is_in(MISSING_NUMBERS))
            shown = shown or next(iter(odd), "")
            count += len(odd)
        if count:
            found.append(Unreadable(column.name, count, shown))
    return tuple(found)
