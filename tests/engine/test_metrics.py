"""Scores against scikit-learn, and intervals that mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as reference

from modelstudio.data import spill
from modelstudio.engine import bootstrap, metrics
from modelstudio.engine.results import Predictions, Score


def predictions(kind: str, truth: object, scores: object, classes: int = 2) -> Predictions:
    truth, scores = np.asarray(truth), np.asarray(scores, dtype=float)
    if kind == "binary" and scores.ndim == 1:
        scores = np.stack([1 - scores, scores], axis=1)
    names = () if kind == "value" else tuple("abcdefgh"[:classes])
    return Predictions(kind, names, truth, scores, np.arange(len(truth)), {})  # type: ignore[arg-type]


def named(scores: tuple[Score, ...]) -> dict[str, Score]:
    return {score.name: score for score in scores}


@pytest.fixture
def binary() -> Predictions:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400)
    probability = np.round(np.clip(rng.normal(0.4 + 0.2 * truth, 0.2), 0.01, 0.99), 2)
    return predictions("binary", truth, probability)


@pytest.fixture
def several() -> Predictions:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 4, 300)
    logits = rng.normal(size=(300, 4)) + 1.5 * np.eye(4)[truth]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return predictions("classes", truth, scores, 4)


def test_binary_scores_are_of_the_positive_class(binary: Predictions) -> None:
    said = (binary.scores[:, 1] >= 0.3).astype(int)
    scores = named(metrics.score(binary, 0.3))
    assert scores["accuracy"].value == pytest.approx(reference.accuracy_score(binary.truth, said))
    assert scores["precision"].value == pytest.approx(reference.precision_score(binary.truth, said))
    assert scores["recall"].value == pytest.approx(reference.recall_score(binary.truth, said))
    assert scores["f1"].value == pytest.approx(reference.f1_score(binary.truth, said))
    assert scores["roc_auc"].value == pytest.approx(
        reference.roc_auc_score(binary.truth, binary.scores[:, 1])
    )
    assert scores["log_loss"].value == pytest.approx(
        reference.log_loss(binary.truth, binary.scores)
    )


def test_scores_of_several_classes_are_macro_means(several: Predictions) -> None:
    said = several.scores.argmax(axis=1)
    scores = named(metrics.score(several))
    assert scores["f1"].value == pytest.approx(
        reference.f1_score(several.truth, said, average="macro")
    )
    assert scores["roc_auc"].value == pytest.approx(
        reference.roc_auc_score(several.truth, several.scores, multi_class="ovr")
    )


def test_scores_of_values() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(1e6, 3, 500)
    given = truth + rng.normal(0.5, 1, 500)
    scores = named(metrics.score(predictions("value", truth, given)))
    assert scores["mae"].value == pytest.approx(reference.mean_absolute_error(truth, given))
    assert scores["rmse"].value == pytest.approx(reference.root_mean_squared_error(truth, given))
    assert scores["r2"].value == pytest.approx(reference.r2_score(truth, given))
    assert scores["bias"].value == pytest.approx((given - truth).mean())
    for score in scores.values():
        assert score.low is not None
        assert score.high is not None
        assert score.low < score.value < score.high


def test_intervals_agree_with_a_plain_bootstrap(binary: Predictions) -> None:
    rng = np.random.default_rng(3)
    said = metrics.decide(binary.scores)
    picked = [rng.integers(0, 400, 400) for _ in range(1000)]
    plain = {
        "accuracy": [(said[i] == binary.truth[i]).mean() for i in picked],
        "roc_auc": [reference.roc_auc_score(binary.truth[i], binary.scores[i, 1]) for i in picked],
    }
    scores = named(metrics.score(binary))
    for name, draws in plain.items():
        low, high = np.quantile(draws, [0.025, 0.975])
        assert scores[name].low == pytest.approx(low, abs=0.012)
        assert scores[name].high == pytest.approx(high, abs=0.012)


def test_the_limit_of_means_agrees_with_resampling() -> None:
    values = np.random.default_rng(4).exponential(size=(20_001, 1))
    generator = np.random.default_rng(0)
    limit = bootstrap.resampled_means(values, generator)
    rows = np.concatenate([d @ values / 20_001 for d in bootstrap.redrawn(20_001, 300, generator)])
    assert limit.std() == pytest.approx(rows.std(), rel=0.15)


def test_the_limit_of_the_area_agrees_with_resampling(
    several: Predictions, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = named(metrics.score(several))["roc_auc"]
    monkeypatch.setattr(metrics, "EXACT", 0)
    limit = named(metrics.score(several))["roc_auc"]
    assert limit.value == exact.value
    assert limit.low == pytest.approx(exact.low, abs=0.005)
    assert limit.high == pytest.approx(exact.high, abs=0.005)


def test_confusion_matrix_has_true_rows_and_predicted_columns() -> None:
    rows = predictions("binary", [0, 0, 0, 1], [0.1, 0.9, 0.8, 0.7])
    assert metrics.confusion_matrix(rows).tolist() == [[1, 2], [0, 1]]


def test_rows_of_unseen_classes_are_left_out() -> None:
    rows = predictions("binary", [0, 1, -1], [0.1, 0.9, 0.9])
    assert metrics.confusion_matrix(rows).sum() == 2
    assert named(metrics.score(rows))["accuracy"].value == 1.0


def test_one_class_alone_has_no_roc() -> None:
    rows = predictions("binary", [1, 1, 1], [0.2, 0.6, 0.7])
    score = named(metrics.score(rows))["roc_auc"]
    assert np.isnan(score.value)
    assert score.low is None
    assert metrics.roc_curves(rows)[0].auc is None


def test_no_rows_no_scores() -> None:
    assert metrics.score(predictions("value", [], [])) == ()


def test_constant_values_have_no_r2() -> None:
    rows = predictions("value", [3.0, 3.0, 3.0], [3.0, 2.0, 4.0])
    assert np.isnan(named(metrics.score(rows))["r2"].value)


def test_roc_curves_hold_the_thresholds(several: Predictions, binary: Predictions) -> None:
    curves = metrics.roc_curves(several)
    assert [curve.label for curve in curves] == ["a", "b", "c", "d"]
    (curve,) = metrics.roc_curves(binary)
    assert curve.auc == pytest.approx(named(metrics.score(binary))["roc_auc"].value)
    index = len(curve.thresholds) // 2
    said = binary.scores[:, 1] >= curve.thresholds[index]
    assert curve.tpr[index] == pytest.approx(said[binary.truth == 1].mean())
    assert curve.fpr[index] == pytest.approx(said[binary.truth == 0].mean())


def test_epoch_scores_agree_with_the_full_ones(binary: Predictions) -> None:
    quick = metrics.epoch_scores("binary", binary.scores, binary.truth)
    full = named(metrics.score(binary, intervals=False))
    assert quick == {name: pytest.approx(full[name].value) for name in quick}
    assert set(quick) == {"accuracy", "roc_auc"}


@pytest.mark.parametrize(("right", "low", "high"), [(True, 0.646, 1.0), (False, 0.0, 0.354)])
def test_a_few_rows_all_right_or_all_wrong_prove_no_certainty(
    right: bool, low: float, high: float
) -> None:
    """Every draw of such rows is alike, so the interval is Wilson's."""
    truth = np.array([0, 1, 1, 0, 1, 0, 1])
    said = truth if right else 1 - truth
    scores = named(metrics.score(predictions("binary", truth, np.eye(2)[said] * 0.8 + 0.1)))
    accuracy, recall = scores["accuracy"], scores["recall"]
    assert (accuracy.low, accuracy.high) == pytest.approx((low, high), abs=0.001)
    assert recall.high - recall.low > accuracy.high - accuracy.low
    assert scores["roc_auc"].high - scores["roc_auc"].low > 0.5
    assert scores["log_loss"].low is None


def test_a_single_row_has_no_interval_of_its_error() -> None:
    scores = named(metrics.score(predictions("value", np.array([3.0]), np.array([2.0]))))
    assert scores["mae"].value == 1.0
    assert scores["mae"].low is None


@pytest.mark.parametrize("classes", [2, 3])
def test_scores_and_curves_of_very_many_rows_are_the_same(
    monkeypatch: pytest.MonkeyPatch, classes: int
) -> None:
    random = np.random.default_rng(0)
    scores = random.dirichlet(np.ones(classes), 30_000).round(3)
    truth = np.where(
        random.random(30_000) < 0.4, scores.argmax(axis=1), random.integers(0, classes)
    )
    rows = predictions("binary" if classes == 2 else "classes", truth, scores, classes)
    few, curves = metrics.score(rows), metrics.roc_curves(rows)
    monkeypatch.setattr(metrics, "LONG", 0)
    monkeypatch.setattr(spill, "ROWS", 7_000)
    for one, other in zip(few, metrics.score(rows), strict=True):
        assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high))
    for curve, thin in zip(curves, metrics.roc_curves(rows), strict=True):
        assert thin.auc == pytest.approx(curve.auc)
        index = "abc".index(thin.label)
        for side, shares in ((truth == index, thin.tpr), (truth != index, thin.fpr)):
            reached = scores[side, index][:, None] >= thin.thresholds[1:]
            assert reached.mean(axis=0) == pytest.approx(shares[1:])
        assert (thin.fpr[0], thin.tpr[0], thin.fpr[-1], thin.tpr[-1]) == (0, 0, 1, 1)
