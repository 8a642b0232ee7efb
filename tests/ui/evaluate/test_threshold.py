from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstudio.ui.pages.evaluate.threshold import Sweep

SCORES = st.lists(
    st.tuples(st.floats(0, 1, allow_subnormal=False), st.booleans()), min_size=2, max_size=60
)


def plain(rows: list[tuple[float, bool]], threshold: float) -> tuple[int, int, int, int]:
    called = [(score >= threshold, true) for score, true in rows]
    return (
        called.count((True, True)),
        called.count((False, True)),
        called.count((True, False)),
        called.count((False, False)),
    )


def sweep_of(rows: list[tuple[float, bool]]) -> Sweep:
    return Sweep(np.array([r[0] for r in rows]), np.array([r[1] for r in rows]))


@given(SCORES, st.floats(0, 1))
def test_counts_are_those_of_counting(rows: list[tuple[float, bool]], threshold: float) -> None:
    assert tuple(sweep_of(rows).at(threshold)[1:]) == plain(rows, threshold)


@given(SCORES, st.integers(1, 20), st.integers(1, 20))
def test_no_threshold_is_cheaper_than_the_cheapest(
    rows: list[tuple[float, bool]], false_alarm: int, miss: int
) -> None:
    best = sweep_of(rows).cheapest(false_alarm, miss).cost(false_alarm, miss)
    for threshold in [0.0, 1.0, *(score for score, _ in rows)]:
        _, missed, alarms, _ = plain(rows, threshold)
        assert best <= false_alarm * alarms + miss * missed + 1e-9


@given(SCORES)
def test_every_point_of_the_sweep_is_what_its_threshold_gives(
    rows: list[tuple[float, bool]],
) -> None:
    sweep = sweep_of(rows)
    for threshold, fpr, tpr in zip(sweep.thresholds, sweep.fpr, sweep.tpr, strict=True):
        outcome = sweep.at(float(threshold))
        assert math.isnan(outcome.fpr) or outcome.fpr == pytest.approx(fpr)
        assert math.isnan(outcome.recall) or outcome.recall == pytest.approx(tpr)


def test_the_nearest_point_weighs_the_shape_of_the_plot() -> None:
    sweep = Sweep(np.array([0.9, 0.6, 0.4, 0.1]), np.array([True, False, True, False]))
    assert sweep.at(sweep.nearest(0.0, 0.5)).found == 1
    assert sweep.nearest(1.0, 1.0) == 0.0


def test_rates_of_a_known_case() -> None:
    outcome = Sweep(np.array([0.9, 0.8, 0.3, 0.2]), np.array([True, False, True, False])).at(0.5)
    assert (outcome.fpr, outcome.recall, outcome.precision) == (0.5, 0.5, 0.5)
    assert outcome.f1 == outcome.accuracy == 0.5
