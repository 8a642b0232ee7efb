"""Answers judged: their scores and curves put together, and what there is to say of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelstudio.engine import metrics
from modelstudio.engine.doubtful_labels import doubtful_labels
from modelstudio.engine.results import Baseline, Evaluation, Predictions
from modelstudio.errors import DataError


def evaluation(
    run: str,
    part: str,
    answers: Predictions,
    threshold: float,
    target: str,
    *,
    trained_on: bool = False,
    intervals: bool = True,
    baseline: Baseline | None = None,
    notes: Sequence[str] = (),
) -> Evaluation:
    """Score the answers of a run.

    Parameters
    ----------
    part
        What the rows are called.
    trained_on
        Whether the run was trained on them: their labels are then not doubted.

    Raises
    ------
    DataError
        When there is nothing to compare the answers with.
    """
    scores = metrics.score(answers, threshold, intervals=intervals)
    if not scores:
        raise nothing_to_score(answers, part, target)
    has_classes, has_labels = answers.kind in ("binary", "classes"), answers.kind == "labels"
    return Evaluation(
        run=run,
        part=part,
        predictions=answers,
        scores=scores,
        confusion=metrics.confusion_matrix(answers, threshold) if has_classes else None,
        roc=metrics.roc_curves(answers) if has_classes or has_labels else (),
        labels=metrics.each_label(answers, threshold) if has_labels else (),
        threshold=threshold,
        baseline=baseline,
        notes=tuple(notes),
        doubts=None if trained_on else doubtful_labels(answers),
    )


def nothing_to_score(answers: Predictions, name: str, target: str) -> DataError:
    """Say why no row of a table or part called ``name`` can be scored."""
    if not len(answers.truth):
        reasons = ", ".join(answers.unscored) or "there are no rows"
        return DataError(
            f"No row of {name} can be scored: {reasons}.",
            fix="Fill in what is missing, or choose other rows.",
        )
    known = "a number" if answers.kind == "value" else "a class that the run has learnt"
    return DataError(
        f"No row of {name} has {known} in {target}, so there is nothing to compare with.",
        where=target,
        fix=f"Choose a table with known values of {target}, or predict it instead.",
    )


def remarks(answers: Predictions, *, data_changed: bool) -> tuple[str, ...]:
    """Return sentences on what the scores leave out."""
    found = ["The data has changed since the run was trained."] if data_changed else []
    found += [f"{_rows(count)} not scored: {why}." for why, count in answers.unscored.items()]
    if answers.kind == "value":
        lost, what = int(np.isnan(answers.truth).sum()), "no truth"
    else:
        least = answers.truth if answers.truth.ndim == 1 else answers.truth.min(axis=1)
        lost, what = int((least < 0).sum()), "no truth or a class unseen in training"
    if lost:
        found.append(f"{_rows(lost)} left out of the scores: {what}.")
    return tuple(found)


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count:,} rows are"
