"""Labels that are probably wrong, from what a network says of rows that it did not train on.

Confident learning after Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in
dataset labels", Journal of Artificial Intelligence Research 70, 2021. It is written out here, as
the library of its authors, cleanlab, needs pandas (84 MB) for it and is not calm where classes
overlap: of the untouched labels of a table of customers who leave or stay it doubts one in eight.
Here the other class must also be `ODDS` times as likely as the label, which doubts one in eighty.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.findings.finding import Finding, first_rows
from modelstudio.engine.metrics import known
from modelstudio.engine.results import DoubtfulLabel, DoubtfulLabels, Predictions
from modelstudio.recipe.steps import LeaveOut
from modelstudio.recipe.steps.rows import written_rows
from modelstudio.wording import counted

ODDS: Final = 10.0
"""How many times as likely as the label another class must be."""

SURE: Final = 0.5
"""Least probability of the other class, so that a network that knows little doubts little."""


def doubtful_labels(predictions: Predictions) -> DoubtfulLabels | None:
    """Return the labels that are probably wrong, the most doubtful first.

    A row counts for a class when its probability is at least the mean that rows with that label
    get. The rows that count for another class than their label are the candidates.

    Parameters
    ----------
    predictions
        Answers to rows that the network did not train on.

    Returns
    -------
    DoubtfulLabels | None
        None where the target has no classes or no row has a known label.
    """
    rows = known(predictions)
    if rows.kind not in ("binary", "classes") or not len(rows.truth):
        return None
    count = len(rows.classes)
    sizes, sums = np.zeros(count, np.int64), np.zeros(count)
    for each in spill.slices(len(rows.truth)):
        given = rows.truth[each]
        sizes += np.bincount(given, minlength=count)
        sums += np.bincount(given, _of(rows.scores[each], given), count)
    thresholds = np.divide(sums, sizes, out=np.full(count, np.inf), where=sizes > 0)
    cells = np.zeros(count * count)
    doubted: list[DoubtfulLabel] = []
    for each in spill.slices(len(rows.truth)):
        given, scores = rows.truth[each], rows.scores[each]
        sure = np.where(scores >= thresholds, scores, -1.0)
        likely, counts = sure.argmax(axis=1), sure.max(axis=1) >= 0
        cells += np.bincount((given * count + likely)[counts], minlength=count * count)
        own, other = _of(scores, given), _of(scores, likely)
        wrong = counts & (likely != given) & (other >= ODDS * own) & (other >= SURE)
        doubted += (
            DoubtfulLabel(
                int(rows.rows[each][at]),
                rows.classes[given[at]],
                rows.classes[likely[at]],
                float(own[at]),
                float(other[at]),
            )
            for at in np.flatnonzero(wrong)
        )
    return DoubtfulLabels(
        classes=rows.classes,
        looked_at=len(rows.truth),
        thresholds=tuple(thresholds.tolist()),
        joint=_confident_joint(cells.reshape(count, count), sizes),
        labels=tuple(sorted(doubted, key=lambda label: label.margin)),
    )


def _of(scores: NDArray[np.float64], classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the probability of a class for each row."""
    return scores[np.arange(len(classes)), classes]


def _confident_joint(joint: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Scale the rows by label (row) and likely class (column) so that each label keeps its own.

    A label none of whose rows counts for any class is taken to be right.
    """
    empty = np.flatnonzero(joint.sum(axis=1) == 0)
    joint[empty, empty] = 1.0
    return np.asarray(joint * (sizes / joint.sum(axis=1))[:, None])


def label_finding(doubts: DoubtfulLabels, target: str, *, may_leave_out: bool = True) -> Finding:
    """Say what is doubted, with the rows and a step that leaves them out.

    ``may_leave_out`` is False where the rows are not those of the project's own data.
    """
    rows = [label.row for label in doubts.labels]
    if not rows:
        return Finding(
            "wrong_label",
            "success",
            f"No label of {counted(doubts.looked_at, 'row')} looks wrong",
            (target,),
        )
    looks = "label looks" if len(rows) == 1 else "labels look"
    return Finding(
        "wrong_label",
        "warning",
        f"{len(rows):,} {looks} wrong: a network that did not train on the row finds another "
        f"class at least {ODDS:.0f} times as likely",
        (target,),
        LeaveOut(rows=written_rows(rows)) if may_leave_out else None,
        first_rows(rows),
        len(rows),
    )
