"""From a trained network and encoded rows to predictions in plain numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from modelstudio.data.batches import TensorData
from modelstudio.engine.results import Predictions
from modelstudio.engine.train import Task, run_module

if TYPE_CHECKING:
    from modelstudio.data.prepare import Encoded, FittedRecipe, TargetState

Floats = NDArray[np.float64]


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
    """Run the network on encoded rows."""
    data = TensorData.from_encoded(encoded, fitted.fields, device)
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


def remarks(answers: Predictions, *, data_changed: bool) -> tuple[str, ...]:
    """Return sentences on rows that the scores leave out."""
    found = ["The data has changed since the run was trained."] if data_changed else []
    found += [f"{count:,} rows are not scored: {why}." for why, count in answers.unscored.items()]
    if answers.kind == "value":
        lost = int(np.isnan(answers.truth).sum())
    else:
        lost = int((answers.truth < 0).sum())
    if lost:
        what = "have no truth" if answers.kind == "value" else "are of a class unseen in training"
        found.append(f"{lost:,} rows {what}, so they do not count in the scores.")
    if not len(answers.truth):
        found.append("There are no rows in this part.")
    return tuple(found)
