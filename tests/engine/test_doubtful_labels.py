"""Labels that are probably wrong: planted ones are found, clean data is left in peace."""

from __future__ import annotations

import numpy as np
import pytest

from modelstudio.engine.doubtful_labels import doubtful_labels, label_finding
from modelstudio.engine.results import Predictions
from modelstudio.recipe.steps import LeaveOut

CLASSES = ("ash", "birch", "cedar")


def answers(
    spread: float, wrong: float = 0.0, rows: int = 1000, seed: int = 0
) -> tuple[Predictions, set[int]]:
    """Return what the best network says of three clouds of points, and the rows labelled wrongly.

    It knows the clouds and how many labels are wrong, as one that learnt from such labels would.
    """
    rng = np.random.default_rng(seed)
    centres = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    true = rng.integers(0, 3, rows)
    points = centres[true] + rng.normal(0, spread, (rows, 2))
    distances = ((points[:, None] - centres) ** 2).sum(axis=2)
    scores = np.exp(-(distances - distances.min(axis=1, keepdims=True)) / (2 * spread**2))
    scores /= scores.sum(axis=1, keepdims=True)
    given = true.copy()
    flipped = rng.choice(rows, round(wrong * rows), replace=False)
    given[flipped] = (true[flipped] + rng.integers(1, 3, len(flipped))) % 3
    scores = scores * (1 - 1.5 * wrong) + wrong / 2
    source = np.arange(rows) + 100
    return Predictions("classes", CLASSES, given, scores, source, {}), set((flipped + 100).tolist())


@pytest.mark.parametrize("spread", [0.6, 1.2, 2.0])
def test_clean_labels_are_left_in_peace(spread: float) -> None:
    doubts = doubtful_labels(answers(spread)[0])
    assert doubts is not None
    assert len(doubts.labels) <= 20  # of 1,000; the best network itself errs on up to 210 of them


@pytest.mark.parametrize("wrong", [0.02, 0.05])
def test_planted_labels_are_found(wrong: float) -> None:
    given, planted = answers(1.0, wrong)
    doubts = doubtful_labels(given)
    assert doubts is not None
    found = {label.row for label in doubts.labels}
    precision, recall = len(found & planted) / len(found), len(found & planted) / len(planted)
    assert precision >= 0.8
    assert recall >= 0.75
    assert doubts.expected == pytest.approx(len(planted), rel=0.6)
    margins = [label.margin for label in doubts.labels]
    assert margins == sorted(margins)


def test_the_thresholds_and_the_joint_are_those_of_confident_learning() -> None:
    scores = np.array([[0.9, 0.1], [0.7, 0.3], [0.05, 0.95], [0.2, 0.8], [0.96, 0.04], [0.5, 0.5]])
    truth = np.array([0, 0, 0, 1, 1, -1])
    doubts = doubtful_labels(Predictions("binary", ("no", "yes"), truth, scores, np.arange(6), {}))
    assert doubts is not None
    assert doubts.thresholds == pytest.approx((0.55, 0.42))
    assert doubts.joint.tolist() == [[2, 1], [1, 1]]
    assert (doubts.looked_at, doubts.expected) == (5, 2)
    told = [(label.row, label.label, label.suggestion) for label in doubts.labels]
    assert told == [(4, "yes", "no"), (2, "no", "yes")]


def test_a_class_without_rows_and_targets_without_classes() -> None:
    scores = np.full((4, 3), [0.02, 0.04, 0.94])
    given = Predictions("classes", CLASSES, np.array([2, 2, 2, 0]), scores, np.arange(4), {})
    doubts = doubtful_labels(given)
    assert doubts is not None
    assert [label.suggestion for label in doubts.labels] == ["cedar"]
    assert doubts.joint.sum() == 4
    values = Predictions("value", (), np.ones(4), np.ones(4), np.arange(4), {})
    assert doubtful_labels(values) is None
    unknown = Predictions("classes", CLASSES, np.full(4, -1), scores, np.arange(4), {})
    assert doubtful_labels(unknown) is None


def test_a_finding_leaves_the_rows_out() -> None:
    given, _ = answers(1.0, 0.05)
    doubts = doubtful_labels(given)
    assert doubts is not None
    finding = label_finding(doubts, "tree")
    assert (finding.kind, finding.count) == ("wrong_label", len(doubts.labels))
    assert isinstance(finding.fix, LeaveOut)
    assert str(doubts.labels[0].row + 1) in finding.fix.rows
    assert label_finding(doubts, "tree", may_leave_out=False).fix is None
    calm = doubtful_labels(answers(0.3)[0])
    assert calm is not None
    assert label_finding(calm, "tree").severity == "success"
