from __future__ import annotations

import math

import numpy as np
import pytest

from modelstudio.engine.events import BatchEnd, EpochEnd
from modelstudio.ui.pages.train.history import RunCurves
from modelstudio.ui.pages.train.series import BUCKET, Curve, Points


def filled(count: int, pieces: int = 7) -> Points:
    points = Points()
    values = np.sin(np.arange(count) / 50) + np.arange(count) % 3
    for part in np.array_split(np.arange(count), pieces):
        points.extend(part.astype(float), values[part])
    return points


def test_a_few_points_are_given_as_they_are() -> None:
    points = filled(100)
    x, y = points.view(0, 99, 400)
    assert np.array_equal(x, np.arange(100))
    assert np.array_equal(y, points.y)


@pytest.mark.parametrize("count", [5_000, 200_000])
def test_many_points_are_at_most_two_a_pixel_and_keep_their_extremes(count: int) -> None:
    points = filled(count)
    x, y = points.view(0, count, 300)
    assert len(x) == len(y) <= 600
    assert np.all(np.diff(x) >= 0)
    whole = points.y[: len(points) // BUCKET * BUCKET]
    assert y.min() == whole.min()
    assert y.max() == whole.max()


def test_a_spike_of_one_point_is_seen_from_afar() -> None:
    points = Points()
    values = np.zeros(100_000)
    values[54_321] = 9.0
    points.extend(np.arange(100_000.0), values)
    assert points.view(0, 100_000, 200)[1].max() == 9.0


def test_a_zoomed_view_has_only_what_is_in_it_and_its_neighbours() -> None:
    x, _ = filled(1000).view(400.5, 410.5, 300)
    assert x[0] == 400
    assert x[-1] == 411


def test_value_at_an_epoch_is_the_last_up_to_it() -> None:
    points = Points()
    points.extend(np.array([1.0, 2.0]), np.array([5.0, 6.0]))
    assert points.at(0.5) is None
    assert points.at(1.7) == 5.0
    assert points.at(9) == 6.0


def slowly(x: np.ndarray, y: np.ndarray, amount: float) -> list[float]:
    found = []
    for place in range(len(x)):
        weights = amount ** (x[place] - x[: place + 1])
        found.append(float((weights * y[: place + 1]).sum() / weights.sum()))
    return found


@pytest.mark.parametrize("amount", [0.2, 0.9, 0.99])
def test_smoothing_is_the_weighted_mean_that_it_claims(amount: float) -> None:
    generator = np.random.default_rng(1)
    x, y = np.cumsum(generator.random(300)), generator.normal(size=300)
    curve = Curve(amount)
    for part in np.array_split(np.arange(300), 11):
        curve.extend(list(x[part]), list(y[part]))
    assert curve.smooth.y == pytest.approx(slowly(x, y, amount))
    again = Curve()
    again.extend(list(x), list(y))
    again.set_amount(amount)
    assert again.smooth.y == pytest.approx(curve.smooth.y)


def test_without_smoothing_the_curve_is_the_raw_one() -> None:
    curve = Curve(0.5)
    curve.extend([1.0, 2.0], [3.0, 1.0])
    curve.set_amount(0)
    assert curve.smooth is curve.raw


def test_a_loss_that_is_no_number_is_left_out_and_marked() -> None:
    curve = Curve(0.5)
    curve.extend([1.0, 2.0, 3.0], [1.0, math.nan, 2.0])
    assert curve.broken == 2.0
    assert list(curve.raw.x) == [1.0, 3.0]
    assert np.isfinite(curve.smooth.y).all()


def test_run_curves_take_an_epoch_once_and_split_the_sides() -> None:
    curves = RunCurves("a")
    events = [
        EpochEnd(e, 1 / e, 2 / e, {"train_accuracy": 0.9, "accuracy": 0.8}, 1e-3, 0.1, e < 3)
        for e in (1, 2, 3)
    ]
    curves.add_epochs(events[:2])
    curves.add_epochs(events)
    assert curves.epochs == 3
    assert curves.best_epoch == 2
    assert curves.scores == ("accuracy",)
    assert list(curves.train["accuracy"].raw.y) == [0.9] * 3
    assert curves.validation["loss"].last == pytest.approx(2 / 3)


def test_looks_within_an_epoch_make_the_finer_training_curve() -> None:
    curves = RunCurves("a")
    curves.add_epochs([EpochEnd(1, 1.0, None)])
    assert curves.training("loss") is curves.train["loss"]
    curves.add_batches([BatchEnd(i, i / 4, 1.0, 1e-3, 9.0) for i in range(1, 5)])
    assert curves.training("loss") is curves.batches
    assert curves.position == 1.0
