"""Rare classes that count as much as frequent ones while training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def class_weights(codes: Ints, classes: int) -> NDArray[np.float64]:
    """Return a weight for each class, the rarer the more; rows weigh 1 in the mean.

    Parameters
    ----------
    codes
        Class of each training row, from 0; shape (rows,). A class without rows weighs nothing.
    """
    counts = np.bincount(codes, minlength=classes).astype(np.float64)
    present = np.count_nonzero(counts)
    return np.divide(len(codes), present * counts, out=np.zeros(classes), where=counts > 0)


def label_weights(truth: Ints) -> NDArray[np.float64]:
    """Return how much a row with a label counts, so that it weighs as much as those without it.

    Parameters
    ----------
    truth
        0 and 1, shape (rows, labels). A label without rows, or without others, weighs 1.
    """
    with_it = truth.sum(axis=0)
    without = len(truth) - with_it
    weights: NDArray[np.float64] = np.ones(len(with_it))
    np.divide(without, with_it, out=weights, where=(with_it * without) > 0)
    return weights


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """Rows of every class in equal number, drawn anew each epoch.

    Parameters
    ----------
    codes
        Class of each training row; int64, shape (rows,).
    mode
        ``"oversample"`` repeats rows up to the number of the largest class, every row first;
        ``"undersample"`` takes as many as the smallest class has.
    """

    codes: Ints
    mode: Literal["oversample", "undersample"]

    def rows(self, seed: int) -> Ints:
        """Return the rows of an epoch, shuffled; the same seed gives the same."""
        generator = np.random.default_rng(seed)
        groups = [np.flatnonzero(self.codes == code) for code in np.unique(self.codes)]
        sizes = [len(group) for group in groups]
        wanted = max(sizes) if self.mode == "oversample" else min(sizes)
        drawn = [
            np.concatenate([generator.permutation(group) for _ in range(-(-wanted // len(group)))])
            for group in groups
        ]
        return generator.permutation(np.concatenate([rows[:wanted] for rows in drawn]))
