"""Scores of targets of which several labels may be true at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from modelstudio.engine.bootstrap import resampled_means, scored
from modelstudio.engine.results import LabelScore, Predictions, Score

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MANY = 200
"""Labels from which on the mean over them stands without an interval."""


def scores(
    rows: Predictions, threshold: float, generator: np.random.Generator | None
) -> tuple[Score, ...]:
    """Return scores over all labels; a label is given from the threshold on.

    ``f1`` counts all cells alike (micro), ``f1_macro`` all labels alike; ``subset_accuracy`` is the
    share of the rows with every label right, ``label_accuracy`` that of the cells.
    """
    given = rows.scores >= threshold
    terms = _terms(given, rows.truth == 1, rows.scores)
    means = terms.mean(axis=0)
    drawn = None if generator is None else resampled_means(terms, generator)
    judged = {"subset_accuracy": len(rows.truth)}
    found = [
        scored(name, float(of(means)), None if drawn is None else of(drawn), judged.get(name))
        for name, of in _SCORES.items()
    ]
    each = np.stack([given & (rows.truth == 1), given, rows.truth == 1], axis=2)
    macro = float(_macro_f1(each.mean(axis=0)))
    labels = each.shape[1]
    if generator is None or labels > MANY:
        found.insert(1, Score("f1_macro", macro))
    else:
        means = resampled_means(each.reshape(len(each), -1).astype(float), generator)
        found.insert(1, scored("f1_macro", macro, _macro_f1(means.reshape(-1, labels, 3))))
    return tuple(found)


def each_label(rows: Predictions, threshold: float) -> tuple[LabelScore, ...]:
    """Return the scores of every label alone."""
    found = []
    for at, name in enumerate(rows.classes):
        true, given = rows.truth[:, at] == 1, rows.scores[:, at] >= threshold
        right = float((true & given).sum())
        found.append(
            LabelScore(
                name,
                int(true.sum()),
                int(given.sum()),
                right / given.sum() if given.any() else 0.0,
                right / true.sum() if true.any() else float("nan"),
            )
        )
    return tuple(found)


def epoch_scores(chances: Floats, truth: Ints) -> Mapping[str, float]:
    """Return the few scores that are cheap enough for the end of every epoch."""
    means = _terms(chances >= 0.5, truth == 1, chances).mean(axis=0)
    return {name: float(_SCORES[name](means)) for name in ("f1", "subset_accuracy")}


def _terms(given: NDArray[np.bool_], true: NDArray[np.bool_], chances: Floats) -> Floats:
    """Return what each row gives to the scores; their means are enough, shape (rows, 6)."""
    wrong = given != true
    losses = -np.log(np.clip(np.where(true, chances, 1 - chances), 1e-15, 1))
    return np.stack(
        [
            (given & true).sum(axis=1),
            given.sum(axis=1),
            true.sum(axis=1),
            ~wrong.any(axis=1),
            1 - wrong.mean(axis=1),
            losses.mean(axis=1),
        ],
        axis=1,
    ).astype(np.float64)


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _macro_f1(means: Floats) -> Floats:
    """Return the mean F1 of the labels that are true or given somewhere; (..., labels, 3)."""
    both = means[..., 1] + means[..., 2]
    f1 = _share(2 * means[..., 0], both)
    return np.asarray(f1.sum(axis=-1) / np.maximum(1, (both > 0).sum(axis=-1)))


_SCORES: Mapping[str, Callable[[Floats], Floats]] = {
    "f1": lambda means: _share(2 * means[..., 0], means[..., 1] + means[..., 2]),
    "precision": lambda means: _share(means[..., 0], means[..., 1]),
    "recall": lambda means: _share(means[..., 0], means[..., 2]),
    "subset_accuracy": lambda means: means[..., 3],
    "label_accuracy": lambda means: means[..., 4],
    "log_loss": lambda means: means[..., 5],
}
