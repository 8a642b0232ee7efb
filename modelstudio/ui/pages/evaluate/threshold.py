"""What a threshold gives: counts, rates and costs of one class against the rest."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np


class Outcome(NamedTuple):
    """Counts at a threshold; a row at or above it is called positive."""

    threshold: float
    found: int
    missed: int
    false_alarms: int
    left_out: int

    @property
    def fpr(self) -> float:
        """Share of the negative rows that are called positive."""
        return _share(self.false_alarms, self.false_alarms + self.left_out)

    @property
    def recall(self) -> float:
        """Share of the positive rows that are found; also the true positive rate."""
        return _share(self.found, self.found + self.missed)

    @property
    def precision(self) -> float:
        """Share of the rows called positive that are."""
        return _share(self.found, self.found + self.false_alarms)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _share(2 * self.found, 2 * self.found + self.false_alarms + self.missed)

    @property
    def accuracy(self) -> float:
        """Share of the rows that are called what they are."""
        return _share(self.found + self.left_out, sum(self[1:]))

    def cost(self, false_alarm: float, miss: float) -> float:
        """Return what the mistakes cost together."""
        return false_alarm * self.false_alarms + miss * self.missed


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


class Sweep:
    """Every threshold that makes a difference, for one class against the rest.

    Parameters
    ----------
    scores
        Probability of the class, shape (rows,).
    positive
        Whether the row is of the class, shape (rows,).

    Attributes
    ----------
    thresholds, fpr, tpr
        From calling nothing positive to calling all positive, shape (points,).
    """

    def __init__(self, scores: np.ndarray, positive: np.ndarray) -> None:
        self._positive = np.sort(scores[positive])
        self._negative = np.sort(scores[~positive])
        values = np.unique(scores)[::-1]
        middle = (values[:-1] + values[1:]) / 2
        between = np.where(middle > values[1:], middle, values[:-1])
        top = (1 + values[:1]) / 2 if len(values) else values
        # A point lies half way to the next score, so that rounding what is shown changes no row.
        self.thresholds = np.concatenate([top, between, np.zeros(1)])
        self._found = self._at_or_above(self._positive, self.thresholds)
        self._alarms = self._at_or_above(self._negative, self.thresholds)
        self.tpr = self._found / max(len(self._positive), 1)
        self.fpr = self._alarms / max(len(self._negative), 1)

    @staticmethod
    def _at_or_above(ordered: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
        return len(ordered) - np.searchsorted(ordered, thresholds, side="left")

    def at(self, threshold: float) -> Outcome:
        """Return the counts at a threshold."""
        cut = np.asarray([threshold])
        found = int(self._at_or_above(self._positive, cut)[0])
        alarms = int(self._at_or_above(self._negative, cut)[0])
        return Outcome(
            threshold,
            found,
            len(self._positive) - found,
            alarms,
            len(self._negative) - alarms,
        )

    def nearest(self, fpr: float, tpr: float, aspect: float = 1.0) -> float:
        """Return the threshold of the nearest point; ``aspect`` is the plot's height by width."""
        far = (self.fpr - fpr) ** 2 + ((self.tpr - tpr) * aspect) ** 2
        return float(self.thresholds[int(np.argmin(far))])

    def cheapest(self, false_alarm: float, miss: float) -> Outcome:
        """Return the threshold at which mistakes cost least; of equals that nearest a half."""
        costs = false_alarm * self._alarms + miss * (len(self._positive) - self._found)
        best = np.flatnonzero(costs <= costs.min() + 1e-9)
        middle = best[np.argmin(np.abs(self.thresholds[best] - 0.5))]
        return self.at(float(self.thresholds[middle]))
