"""Areas under ROC curves; of very many rows the scores are put in order and looked up by slice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.engine.results import RocCurve

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LONG: Final = 1_000_000
"""Rows that are very many."""

POINTS: Final = 2_000
"""Thresholds of a curve taken from either side of the truth."""


class Ranked:
    """Scores of the rows where something is true and of those where it is not, each in order.

    Parameters
    ----------
    scores
        Shape (rows,).
    true
        Tells of a slice of the rows where it is.
    """

    def __init__(self, scores: Floats, true: Callable[[slice], Bools]) -> None:
        self._scores, self._true = scores, true
        self._sides = tuple(self._in_order(side) for side in (False, True))
        below, above = self._sides
        self.share = len(above) / max(1, len(scores))
        won = (self._won(above[each]).sum() for each in spill.slices(len(above)))
        self.area = sum(won) / len(above) if len(above) and len(below) else float("nan")

    def _in_order(self, side: bool) -> Floats:
        slices = list(spill.slices(len(self._scores)))
        count = sum(int(np.count_nonzero(self._true(each) == side)) for each in slices)
        made, at = spill.empty(count, np.float64), 0
        for each in slices:
            found = self._scores[each][self._true(each) == side]
            made[at : at + len(found)] = found
            at += len(found)
        made.sort()
        return made

    def _won(self, some: Floats) -> Floats:
        """Return the share of false rows below each score, equal ones counting half."""
        return _share_below(some, self._sides[0])

    def influence(self, each: slice) -> Floats:
        """Return how much the area moves as each row of a slice gets more weight, times the rows.

        See `area_of`.
        """
        some, true = self._scores[each], self._true(each)
        moved = np.empty(len(some))
        moved[true] = (self._won(some[true]) - self.area) / self.share
        lost = 1 - _share_below(some[~true], self._sides[1])
        moved[~true] = (lost - self.area) / (1 - self.share)
        return moved

    def curve(self, label: str) -> RocCurve:
        """Return the curve at so many thresholds that it looks whole."""
        if not 0 < self.share < 1:
            empty = np.empty(0)
            return RocCurve(label, empty, empty, empty, None)
        places = (np.linspace(0, len(side) - 1, POINTS).astype(np.int64) for side in self._sides)
        taken = [side[at] for side, at in zip(self._sides, places, strict=True)]
        thresholds = np.unique(np.concatenate(taken))[::-1]
        fpr, tpr = (1 - np.searchsorted(side, thresholds) / len(side) for side in self._sides)
        begin = np.zeros(1)
        return RocCurve(
            label,
            np.concatenate([begin, fpr]),
            np.concatenate([begin, tpr]),
            np.concatenate([begin + 1, thresholds]),
            self.area,
        )


def _share_below(some: Floats, ordered: Floats) -> Floats:
    """Return the share of numbers in order that are below each of some, equal ones count half."""
    order = np.argsort(some)
    found = np.empty(len(some))
    sides = (np.searchsorted(ordered, some[order], side) for side in ("left", "right"))
    found[order] = sum(sides) / (2 * len(ordered))
    return found


def spread_of(ranked: list[Ranked], rows: int) -> float:
    """Return the standard deviation of what rows add to the mean area."""
    total = squares = 0.0
    for each in spill.slices(rows):
        moved = np.mean([one.influence(each) for one in ranked], axis=0)
        total += float(moved.sum())
        squares += float((moved**2).sum())
    return float(np.sqrt(max(0.0, squares / rows - (total / rows) ** 2)))


def area_of(scores: Floats, positive: Bools) -> tuple[float, Floats]:
    """Return the chance that a positive row has the higher score (ties count half).

    The second value is the influence of each row: how much the area moves, times the number of
    rows, as the row gets more weight (DeLong, 1988).
    """
    count, share = len(scores), positive.mean()
    if not 0 < share < 1:
        return float("nan"), np.full(count, np.nan)
    ranks, place = np.unique(scores, return_inverse=True)
    above = np.bincount(place, positive, len(ranks))
    below = np.bincount(place, ~positive, len(ranks))
    won = (below.cumsum() - below / 2)[place] / below.sum()
    lost = (above.sum() - above.cumsum() + above / 2)[place] / above.sum()
    area = float(won[positive].mean())
    return area, np.where(positive, (won - area) / share, (lost - area) / (1 - share))


def weighted_area(scores: Floats, positive: Bools, weights: Floats) -> Floats:
    """Return the area for each row of weights, shape (samples, rows)."""
    order = np.argsort(scores, kind="stable")
    ranked, positive, weights = scores[order], positive[order], weights[:, order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    above = np.add.reduceat(weights * positive, starts, axis=1)
    below = np.add.reduceat(weights * ~positive, starts, axis=1)
    wins = ((below.cumsum(axis=1) - 0.5 * below) * above).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(wins / (above.sum(axis=1) * below.sum(axis=1)))
