"""Optimizers, schedules and losses, each declared once; `modelstudio.engine` builds them."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from modelstudio.declaration import Declaration
from modelstudio.recipe.fields import FieldKind


class Optimizer(Declaration):
    """How weights follow their gradients."""

    lr: float = Field(1e-3, gt=0, le=100, title="Learning rate", description="Size of a step.")


class SGD(Optimizer):
    """Stochastic gradient descent with momentum."""

    lr: float = Field(0.01, gt=0, le=100, title="Learning rate", description="Size of a step.")
    momentum: float = Field(0.9, ge=0, lt=1, description="Share of the last step kept.")
    nesterov: bool = Field(False, description="Look ahead along the momentum; needs momentum.")
    weight_decay: float = Field(0.0, ge=0, le=10, description="Pull of the weights towards 0 (L2).")


class Adam(Optimizer):
    """Adaptive moments: a step size of its own for each weight."""

    beta1: float = Field(0.9, ge=0, lt=1, description="Memory of the mean gradient.")
    beta2: float = Field(0.999, ge=0, lt=1, description="Memory of the squared gradient.")
    weight_decay: float = Field(0.0, ge=0, le=10, description="Pull of the weights towards 0 (L2).")


class AdamW(Optimizer):
    """Adam with weight decay applied to the weights instead of the gradient."""

    beta1: float = Field(0.9, ge=0, lt=1, description="Memory of the mean gradient.")
    beta2: float = Field(0.999, ge=0, lt=1, description="Memory of the squared gradient.")
    weight_decay: float = Field(0.01, ge=0, le=10, description="Pull of the weights towards 0.")


class Adagrad(Optimizer):
    """Steps that shrink with all gradients seen so far; good for rare features."""

    lr: float = Field(0.01, gt=0, le=100, title="Learning rate", description="Size of a step.")
    weight_decay: float = Field(0.0, ge=0, le=10, description="Pull of the weights towards 0 (L2).")


class Schedule(Declaration):
    """How the learning rate changes over a run."""


class Constant(Schedule):
    """The learning rate stays as it is."""


class Cosine(Schedule, label="Warm-up and cosine"):
    """Rise over the first part of the run, then fall along a cosine."""

    warmup: float = Field(
        0.05, ge=0, lt=1, title="Warm-up share", description="Share of the run spent rising."
    )
    final: float = Field(
        0.01,
        ge=0,
        le=1,
        title="Final share",
        description="Last learning rate as a share of the full.",
    )


class Loss(Declaration):
    """What training makes small; ``targets`` are the kinds of target it fits."""

    targets: ClassVar[tuple[FieldKind, ...]] = ()


class CrossEntropy(Loss, label="Cross-entropy"):
    """Minus the log probability of the true class or word; takes one logit for each."""

    targets = ("classes", "tokens")

    label_smoothing: float = Field(0.0, ge=0, lt=1, description="Probability given to the others.")


class BinaryCrossEntropy(Loss, label="Binary cross-entropy"):
    """Minus the log probability of the true answer; takes one logit for each label."""

    targets = ("binary", "labels", "ranking")

    positive_weight: float = Field(
        1.0, gt=0, le=1000, description="How much a row of the positive class counts."
    )


class BPR(Loss, label="Bayesian personalised ranking"):
    """Minus the log probability that an item that was chosen stands above one that was not."""

    targets = ("ranking",)


class MSE(Loss, label="Mean squared error"):
    """Mean of the squared differences; large mistakes count most."""

    targets = ("value",)


class L1(Loss, label="Mean absolute error"):
    """Mean of the absolute differences; robust against outliers."""

    targets = ("value",)
