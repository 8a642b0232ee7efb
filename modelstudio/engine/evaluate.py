"""From a trained network and encoded rows to predictions in plain numbers."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from modelstudio.data.batches import TensorData
from modelstudio.engine.metrics import decide
from modelstudio.engine.results import Predictions
from modelstudio.engine.train import Task, run_module

if TYPE_CHECKING:
    from modelstudio.data.prepare import Encoded, FittedRecipe
    from modelstudio.data.target import TargetState

Floats = NDArray[np.float64]
TargetKind = Literal["binary", "classes", "value"]


def decode(output: Tensor, target: TargetState) -> Floats:
    """Return probabilities (rows, classes) or values in the target's own units (rows,)."""
    logits = output.detach().cpu().double()
    if target.kind == "classes":
        return np.asarray(torch.softmax(logits, dim=1).numpy())
    if target.kind == "binary":
        positive = torch.sigmoid(logits.flatten())
        return np.asarray(torch.stack([1 - positive, positive], dim=1).numpy())
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
    data = TensorData.from_encoded(encoded, fitted.fields, device, floats)
    with torch.no_grad():
        output = run_module(task, data)[0]
    return Predictions(
        kind=fitted.target.kind,
        classes=fitted.target.classes,
        truth=encoded.truth,
        scores=decode(output, fitted.target),
        rows=encoded.rows,
        unscored=encoded.unscored,
    )


def from_scores(kind: TargetKind, classes: tuple[str, ...], scores: Floats) -> Predictions:
    """Return the predictions behind scores that came from an exported file; NaN means none."""
    known = ~np.isnan(scores.reshape(len(scores), -1)).any(axis=1)
    given, missing = int(known.sum()), int((~known).sum())
    return Predictions(
        kind=kind,
        classes=classes,
        truth=np.full(given, np.nan) if kind == "value" else np.full(given, -1),
        scores=scores[known],
        rows=np.flatnonzero(known),
        unscored={"a value it needs is missing": missing} if missing else {},
    )


def answer_columns(table: pl.DataFrame, answers: Predictions, threshold: float) -> pl.DataFrame:
    """Return the table with ``prediction`` and, for classes, a ``probability_...`` each.

    Rows without an answer have empty cells; a name that is taken gets an underscore at its end.
    """
    found: dict[str, pl.Series] = {}
    if answers.kind == "value":
        found["prediction"] = pl.Series(answers.scores)
    else:
        names = pl.Series(answers.classes, dtype=pl.String)
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


def remarks(answers: Predictions, *, data_changed: bool) -> tuple[str, ...]:
    """Return sentences on what the scores leave out."""
    found = ["The data has changed since the run was trained."] if data_changed else []
    found += [f"{_rows(count)} not scored: {why}." for why, count in answers.unscored.items()]
    if answers.kind == "value":
        lost, what = int(np.isnan(answers.truth).sum()), "no truth"
    else:
        lost, what = int((answers.truth < 0).sum()), "no truth or a class unseen in training"
    if lost:
        found.append(f"{_rows(lost)} left out of the scores: {what}.")
    if not len(answers.truth):
        found.append("There are no rows to score.")
    return tuple(found)


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count:,} rows are"
