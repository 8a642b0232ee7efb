"""Torch losses for their declarations; each takes the logits of a head and the target.

A target of classes is class indices (rows,), or shares of the classes (rows, classes).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from modelstudio.errors import TrainingError
from modelstudio.project import training as declared
from modelstudio.recipe.fields import FieldKind, FieldSpec

LossFunction = Callable[[Tensor, Tensor], Tensor]

Weights = Sequence[float]
"""How much a row of each class counts; empty where all count alike."""

LOSSES: dict[type[declared.Loss], Callable[[Any, Weights], LossFunction]] = {
    declared.CrossEntropy: lambda loss, weights: _classes(loss.label_smoothing, weights),
    declared.BinaryCrossEntropy: lambda loss, weights: _flat(
        _binary(loss.positive_weight * (weights[1] / weights[0] if weights else 1.0))
    ),
    declared.BPR: lambda loss, weights: _flat(_ranked),
    declared.MSE: lambda loss, weights: _flat(nn.MSELoss()),
    declared.L1: lambda loss, weights: _flat(nn.L1Loss()),
}

USUAL: dict[FieldKind, declared.Loss] = {
    "binary": declared.BinaryCrossEntropy(),
    "classes": declared.CrossEntropy(),
    "value": declared.MSE(),
    "labels": declared.BinaryCrossEntropy(),
    "tokens": declared.CrossEntropy(),
    "ranking": declared.BinaryCrossEntropy(),
}


def _classes(label_smoothing: float, weights: Weights) -> LossFunction:
    def compare(output: Tensor, target: Tensor) -> Tensor:
        weight = output.new_tensor(weights) if weights else None
        loss = nn.functional.cross_entropy(
            output, target, weight=weight, label_smoothing=label_smoothing
        )
        if weight is None or target.dtype == torch.int64:
            return loss
        return loss * (len(target) / (target @ weight).sum())  # torch divides by the rows here

    return compare


def _binary(positive_weight: float | Sequence[float]) -> LossFunction:
    """Compare logits with 0 and 1; one weight is for all of them, several are for the labels."""

    def compare(output: Tensor, target: Tensor) -> Tensor:
        weight = None if positive_weight == 1 else output.new_tensor(positive_weight)
        return nn.functional.binary_cross_entropy_with_logits(output, target, pos_weight=weight)

    return compare


def _ranked(output: Tensor, target: Tensor) -> Tensor:
    """Compare each positive with its negatives; `data.negatives` says how they are laid out."""
    chosen = output[target > 0.5]
    others = output[len(chosen) :].view(-1, len(chosen))
    return nn.functional.softplus(others - chosen).mean()


def _flat(function: LossFunction) -> LossFunction:
    """Compare one number a sample, whether or not it stands in a column of its own."""

    def compare(output: Tensor, target: Tensor) -> Tensor:
        return function(output.flatten(), target.flatten().to(output.dtype))

    return compare


def _each_place(function: LossFunction) -> LossFunction:
    """Compare at every place of a sequence that is not padding, which has id 0."""

    def compare(output: Tensor, target: Tensor) -> Tensor:
        told = target.flatten() != 0
        return function(output.flatten(0, -2)[told], target.flatten()[told])

    return compare


def build_loss(
    loss: declared.Loss | None, target: FieldSpec, weights: Weights = ()
) -> LossFunction:
    """Return the function of a loss, or the usual one for the target.

    ``weights`` are for targets of classes, one for each; of labels how much a row with one counts.

    Raises
    ------
    TrainingError
        When the loss does not fit the kind of target.
    """
    chosen = loss or USUAL[target.kind]
    if target.kind not in chosen.targets:
        usual = USUAL[target.kind]
        raise TrainingError(
            f"{chosen.label} does not fit the target {target.name}, which is "
            f"{_KIND_NAMES[target.kind]}.",
            fix=f"Choose {usual.label} or leave the loss empty.",
        )
    if target.kind == "labels" and weights:
        factor = chosen.positive_weight if isinstance(chosen, declared.BinaryCrossEntropy) else 1.0
        return _binary([factor * weight for weight in weights])
    made = LOSSES[type(chosen)](chosen, weights)
    return _each_place(made) if target.kind == "tokens" else made


_KIND_NAMES: dict[FieldKind, str] = {
    "binary": "one of two classes",
    "classes": "one of several classes",
    "value": "a number",
    "labels": "several labels that may all be true",
    "tokens": "a word at every place",
    "ranking": "what is chosen before what is not",
}
