"""Scores, curves and their uncertainty, from predictions to plain numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.engine import label_scores
from modelstudio.engine.areas import LONG, Ranked, area_of, spread_of, weighted_area
from modelstudio.engine.bootstrap import EXACT, SAMPLES, Terms, redrawn, resampled_means, scored
from modelstudio.engine.results import LabelScore, Predictions, RocCurve, Score

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

TOP: Final = 10
"""Places of a ranking that count as a hit."""

RANK_SCORES: Final = (f"hr_at_{TOP}", f"ndcg_at_{TOP}", "mrr", "auc")
"""Hit rate and discounted gain of the first places, mean reciprocal rank, and the chance that the
chosen item stands above another."""


def known(predictions: Predictions) -> Predictions:
    """Return the rows whose truth is known and was seen in training."""
    truth, keep = predictions.truth, _is_known(predictions)
    if keep.all():
        return predictions
    return replace(
        predictions,
        truth=_taken(truth, keep),
        scores=_taken(predictions.scores, keep),
        rows=_taken(predictions.rows, keep),
    )


def _is_known(predictions: Predictions) -> Bools:
    if predictions.kind == "value":
        return np.asarray(~np.isnan(predictions.truth))
    told = predictions.truth >= 0
    return np.asarray(told if told.ndim == 1 else told.all(axis=1))


def _taken(rows: NDArray[Any], keep: Bools) -> NDArray[Any]:
    """Return some rows, in a file where they are many."""
    pieces = (rows[each][keep[each]] for each in spill.slices(len(rows)))
    return together(pieces, int(keep.sum()))


def together(pieces: Iterable[NDArray[Any]], rows: int) -> NDArray[Any]:
    """Put rows one behind another, at least one piece, in a file where they are many."""
    whole, at = np.empty(0), 0
    for some in pieces:
        if not at:
            shape = (rows, *some.shape[1:])
            whole = spill.empty(math.prod(shape), some.dtype).reshape(shape)
        whole[at : at + len(some)] = some
        at += len(some)
    return whole


def decide(scores: Floats, threshold: float = 0.5) -> Ints:
    """Return the class of each row of probabilities (rows, classes).

    The threshold applies to the second of two classes; of more, the most probable is taken.
    """
    if scores.shape[1] == 2:
        return (scores[:, 1] >= threshold).astype(np.int64)
    return np.asarray(scores.argmax(axis=1), dtype=np.int64)


def confusion_matrix(predictions: Predictions, threshold: float = 0.5) -> Ints:
    """Count rows by true (row) and predicted (column) class."""
    rows, count = known(predictions), len(predictions.classes)
    cells = np.zeros(count * count, np.int64)
    for each in spill.slices(len(rows.truth)):
        found = rows.truth[each] * count + decide(rows.scores[each], threshold)
        cells += np.bincount(found, minlength=count * count)
    return cells.reshape(count, count)


def score(
    predictions: Predictions, threshold: float = 0.5, *, intervals: bool = True, seed: int = 0
) -> tuple[Score, ...]:
    """Return every score that fits the kind of target, with 95 % bootstrap intervals if asked.

    Precision, recall and F1 are of the positive class (the second) of a binary target and else the
    mean over the classes; ROC AUC of several classes is the mean of each against the rest. A score
    that the rows do not allow is NaN.
    """
    rows = known(predictions)
    if len(rows.truth) == 0:
        return ()
    generator = np.random.default_rng(seed)
    if rows.kind == "tokens":
        return _token_scores(rows, generator if intervals else None)
    if rows.kind == "labels":
        return label_scores.scores(rows, threshold, generator if intervals else None)
    if rows.kind == "ranking":
        return _rank_scores(rows, generator if intervals else None)
    if rows.kind == "value":
        return _value_scores(rows, generator if intervals else None)
    return _class_scores(rows, threshold, generator if intervals else None)


def epoch_scores(
    kind: str, scores: Floats, truth: NDArray[np.float64] | Ints
) -> Mapping[str, float]:
    """Return the few scores that are cheap enough for the end of every epoch.

    Items to rank stand behind the rows they are ranked with, as `data.negatives` puts them.
    """
    if kind == "labels":
        return label_scores.epoch_scores(scores, truth.astype(np.int64))
    if kind == "ranking":
        positives = int(truth.sum())
        means = _rank_terms(ranks(scores.reshape(-1, positives).T)).mean(axis=0)
        return {name: float(means[at]) for at, name in enumerate(RANK_SCORES[:2])}
    if kind == "value":
        means = _error_terms(scores, truth).means()
        return {"mae": float(_mae(means)), "r2": float(_r2(means))}
    keep = truth >= 0
    if not keep.all():
        scores, truth = scores[keep], truth[keep]
    labels = truth.astype(np.int64, copy=False)
    if not len(labels):
        return {}
    metrics = {"accuracy": float((decide(scores) == labels).mean())}
    if kind == "binary" and 0 < labels.sum() < len(labels):
        metrics["roc_auc"] = _area(scores[:, 1], labels)
    return metrics


def each_label(predictions: Predictions, threshold: float) -> tuple[LabelScore, ...]:
    """Return the scores of every label alone, of a target of several."""
    return label_scores.each_label(known(predictions), threshold)


def roc_curves(predictions: Predictions) -> tuple[RocCurve, ...]:
    """Return the curve of the positive class, or of each of several classes against the rest."""
    from sklearn.metrics import auc, roc_curve

    rows = known(predictions)
    wanted = (1,) if rows.kind == "binary" else range(len(rows.classes))
    curves: list[RocCurve] = []
    if rows.kind != "labels" and len(rows.truth) > LONG:
        ranked = ((_ranked_class(rows.scores, rows.truth, at), rows.classes[at]) for at in wanted)
        return tuple(each.curve(label) for each, label in ranked)
    for index in wanted:
        values = rows.scores[:, index]
        positive = (rows.truth[:, index] == 1) if rows.kind == "labels" else rows.truth == index
        label = rows.classes[index]
        if not 0 < positive.sum() < len(positive):
            empty = np.empty(0)
            curves.append(RocCurve(label, empty, empty, empty, None))
            continue
        fpr, tpr, thresholds = roc_curve(positive, values)
        area = float(auc(fpr, tpr))
        curves.append(RocCurve(label, fpr, tpr, np.minimum(thresholds, 1.0), area))
    return tuple(curves)


# Values


def _value_scores(rows: Predictions, generator: np.random.Generator | None) -> tuple[Score, ...]:
    terms = _error_terms(rows.scores, rows.truth)
    names = {"mae": _mae, "rmse": _rmse, "r2": _r2, "bias": _bias}
    means = terms.means()
    draws = None if generator is None else resampled_means(terms, generator)
    return tuple(
        scored(name, float(of(means)), None if draws is None else of(draws))
        for name, of in names.items()
    )


def _error_terms(values: Floats, truth: Floats | Ints) -> Terms:
    """Return what the scores of values are made of, five numbers a row; their means are enough.

    The truth is centred, which keeps its sum of squares exact where values are large and close.
    """
    middle = truth.mean()

    def of(each: slice) -> Floats:
        error, centred = values[each] - truth[each], truth[each] - middle
        return np.stack([np.abs(error), error**2, error, centred, centred**2], axis=1)

    return Terms(len(truth), of)


def _mae(means: Floats) -> Floats:
    return means[..., 0]


def _rmse(means: Floats) -> Floats:
    return np.sqrt(means[..., 1])


def _r2(means: Floats) -> Floats:
    spread = means[..., 4] - means[..., 3] ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, 1 - means[..., 1] / spread, np.nan)


def _bias(means: Floats) -> Floats:
    return means[..., 2]


# Tokens


def _token_scores(rows: Predictions, generator: np.random.Generator | None) -> tuple[Score, ...]:
    """Return scores a token; whole passages are resampled, as their tokens hang together."""
    terms = np.concatenate([rows.scores, rows.truth[:, None]], axis=1)
    names = {"loss": _token_loss, "perplexity": _perplexity, "accuracy": _token_accuracy}
    means = terms.mean(axis=0)
    draws = None if generator is None else resampled_means(terms, generator)
    return tuple(
        scored(name, float(of(means)), None if draws is None else of(draws))
        for name, of in names.items()
    )


def _token_loss(means: Floats) -> Floats:
    return means[..., 0] / means[..., 2]


def _perplexity(means: Floats) -> Floats:
    return np.exp(np.minimum(_token_loss(means), 700))


def _token_accuracy(means: Floats) -> Floats:
    return means[..., 1] / means[..., 2]


# Items to rank


def ranks(scores: Floats) -> Floats:
    """Return the place of the first item of each row among all, 1 the best; shape (rows,).

    Among items of one score it is the middle place.
    """
    own, others = scores[:, :1], scores[:, 1:]
    above = (others > own).sum(axis=1) + 0.5 * (others == own).sum(axis=1)
    return np.asarray(1.0 + above)


def _rank_terms(places: Floats, others: int = 1) -> Floats:
    """Return what each row gives to the scores, in the order of `RANK_SCORES`; shape (rows, 4)."""
    hit = places <= TOP
    gain = np.where(hit, 1 / np.log2(1 + places), 0.0)
    return np.stack([hit.astype(float), gain, 1 / places, 1 - (places - 1) / others], axis=1)


def _rank_scores(rows: Predictions, generator: np.random.Generator | None) -> tuple[Score, ...]:
    terms = _rank_terms(ranks(rows.scores), rows.scores.shape[1] - 1)
    means = terms.mean(axis=0)
    draws = None if generator is None else resampled_means(terms, generator)
    judged = {RANK_SCORES[0]: len(rows.truth)}
    return tuple(
        scored(name, float(means[at]), None if draws is None else draws[:, at], judged.get(name))
        for at, name in enumerate(RANK_SCORES)
    )


# Classes


def _class_scores(
    rows: Predictions, threshold: float, generator: np.random.Generator | None
) -> tuple[Score, ...]:
    cells = confusion_matrix(rows, threshold).ravel()
    losses = _losses(rows)
    values = _from_cells(cells[None, :], rows.kind == "binary")
    values["roc_auc"], spread = _macro_auc(rows)
    values["log_loss"] = losses.means()
    draws: Mapping[str, Floats] = {}
    if generator is not None:
        # Drawing rows with replacement is drawing cells of the matrix from a multinomial.
        counts = generator.multinomial(cells.sum(), cells / cells.sum(), size=SAMPLES)
        draws = {
            **_from_cells(counts, rows.kind == "binary"),
            "roc_auc": _resampled_auc(rows, values["roc_auc"], spread, generator),
            "log_loss": resampled_means(losses, generator)[:, 0],
        }
    rows_of = _rows_behind(cells)
    return tuple(
        scored(name, float(value[0]), draws.get(name), rows_of.get(name))
        for name, value in values.items()
    )


def _losses(rows: Predictions) -> Terms:
    """Return the logarithmic loss of each row."""

    def of(each: slice) -> Floats:
        given = np.take_along_axis(rows.scores[each], rows.truth[each, None], axis=1)
        return np.asarray(-np.log(np.clip(given, 1e-15, 1)))

    return Terms(len(rows.truth), of)


def _rows_behind(cells: Ints) -> dict[str, int]:
    """Return how many rows each share of right answers is at least judged by."""
    count = round(len(cells) ** 0.5)
    matrix = cells.reshape(count, count)
    true, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    if count == 2:
        kept, found, sides = true[1], predicted[1], true.min()
    else:
        kept, found = true[true > 0].min(), predicted[predicted > 0].min()
        sides = min(kept, true.sum() - true.max())
    return {
        "accuracy": int(true.sum()),
        "precision": int(found),
        "recall": int(kept),
        "f1": int(min(kept, found)),
        "roc_auc": int(sides),
    }


def _from_cells(cells: Ints, binary: bool) -> dict[str, Floats]:
    """Return scores from flattened confusion matrices, shape (samples, classes squared)."""
    count = round(cells.shape[1] ** 0.5)
    matrix = cells.reshape(-1, count, count).astype(float)
    right = np.einsum("sii->si", matrix)
    true, predicted = matrix.sum(axis=2), matrix.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        # As in scikit-learn, a class that is never predicted has precision 0; a class without rows
        # and without predictions does not count.
        precision = np.where(predicted > 0, right / predicted, 0.0)
        recall = np.where(true > 0, right / true, 0.0)
        f1 = np.where(true + predicted > 0, 2 * right / (true + predicted), 0.0)
        present = true + predicted > 0

        def mean(values: Floats) -> Floats:
            if binary:
                return values[:, 1]
            return np.asarray((values * present).sum(axis=1) / present.sum(axis=1))

        return {
            "accuracy": right.sum(axis=1) / matrix.sum(axis=(1, 2)),
            "precision": mean(precision),
            "recall": mean(recall),
            "f1": mean(f1),
        }


def _curves(rows: Predictions) -> list[tuple[Floats, Bools]]:
    """Return scores and truth of the positive class, or of each class that has rows."""
    if rows.kind == "binary":
        return [(rows.scores[:, 1], rows.truth == 1)]
    truths = [rows.truth == index for index in range(len(rows.classes))]
    return [(rows.scores[:, k], truth) for k, truth in enumerate(truths) if truth.any()]


def _macro_auc(rows: Predictions) -> tuple[Floats, float]:
    """Return the mean area under the ROC curves, shape (1,), and the spread of rows' influence."""
    if len(rows.truth) > LONG:
        ranked = _ranked(rows)
        mean = np.mean([each.area for each in ranked], keepdims=True)
        return mean, spread_of(ranked, len(rows.truth))
    areas = [area_of(scores, positive) for scores, positive in _curves(rows)]
    mean = np.mean([area for area, _ in areas], keepdims=True)
    return mean, float(np.mean([influence for _, influence in areas], axis=0).std())


def _ranked(rows: Predictions) -> list[Ranked]:
    """Put the scores of the positive class in order, or those of each class that has rows."""
    classes = (1,) if rows.kind == "binary" else range(len(rows.classes))
    ranked = (_ranked_class(rows.scores, rows.truth, index) for index in classes)
    return [each for each in ranked if rows.kind == "binary" or each.share]


def _ranked_class(scores: Floats, truth: Ints, index: int) -> Ranked:
    return Ranked(scores[:, index], lambda each: truth[each] == index)


def _area(scores: Floats, labels: Ints) -> float:
    """Return the area under the curve of a class 1."""
    if len(labels) > LONG:
        return Ranked(scores, lambda each: labels[each] == 1).area
    return float(area_of(scores, labels == 1)[0])


def _resampled_auc(
    rows: Predictions, area: Floats, spread: float, generator: np.random.Generator
) -> Floats:
    """Return bootstrap values of the mean area under the curves, shape (samples,)."""
    count = len(rows.truth)
    if count > EXACT or count * len(curves := _curves(rows)) > EXACT:
        return area + generator.normal(0, spread / count**0.5, SAMPLES)
    drawn = redrawn(count, SAMPLES, generator)
    return np.concatenate(
        [np.mean([weighted_area(*curve, weights) for curve in curves], axis=0) for weights in drawn]
    )
