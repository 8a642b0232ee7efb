"""Number columns clipped, scaled, bent, smoothed and binned."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from sklearn.preprocessing import PowerTransformer, QuantileTransformer, RobustScaler

from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.errors import DataError
from modelstudio.recipe.steps import (
    Bin,
    ClipOutliers,
    Log,
    MinMax,
    Power,
    QuantileScale,
    RobustScale,
    SmoothNoise,
    SmoothRows,
    Standardise,
    Step,
)

TRAIN = pl.DataFrame({"n": [0.0, 1.0, 2.0, 3.0, 4.0, 100.0, None]})
OTHER = pl.DataFrame({"n": [None, -50.0, 2.5]})
SKEWED = np.random.default_rng(0).lognormal(3, 1, 500)


def run(step: Step, train: pl.DataFrame = TRAIN, other: pl.DataFrame = OTHER) -> pl.DataFrame:
    """Fit on training rows and apply to others."""
    implementation = IMPLEMENTATIONS[type(step)]
    return implementation.apply(implementation.fit(step, train, ["n"], None), other)


def values(step: Step, train: object, other: object = None) -> list[float | None]:
    """Return what becomes of a column of numbers."""
    frame = pl.DataFrame({"n": train}, schema={"n": pl.Float64})
    rows = frame if other is None else pl.DataFrame({"n": other}, schema={"n": pl.Float64})
    return run(step, frame, rows)["n"].to_list()


def test_clip_by_quartiles_and_by_deviation() -> None:
    assert run(ClipOutliers(factor=1.0))["n"].to_list() == [None, -1.25, 2.5]
    known = TRAIN["n"].drop_nulls()
    low = known.mean() - 0.5 * known.std(ddof=0)
    result = run(ClipOutliers(method="z-score", factor=0.5))["n"].to_list()
    assert result[1:] == pytest.approx([low, 2.5])


def test_clipping_leaves_a_column_that_is_mostly_one_value() -> None:
    assert values(ClipOutliers(), [0.0] * 9 + [7.0]) == [0.0] * 9 + [7.0]


def test_standardise_and_range() -> None:
    known = TRAIN["n"].drop_nulls()
    assert run(Standardise())["n"].to_list()[2] == pytest.approx(
        (2.5 - known.mean()) / known.std(ddof=0)
    )
    assert run(MinMax(low=-1, high=1))["n"].to_list()[1:] == pytest.approx([-2.0, -0.95])
    with pytest.raises(DataError, match="empty"):
        run(MinMax(low=1, high=1))


@pytest.mark.parametrize(
    "step", [Standardise(), MinMax(), RobustScale(), Power(), Bin(), Bin(method="equal width")]
)
def test_a_constant_column_becomes_zero(step: Step) -> None:
    assert values(step, [3.0, 3.0]) == [0.0, 0.0]


@pytest.mark.parametrize("step", [Standardise(), Power()])
def test_rounding_is_no_spread(step: Step) -> None:
    nearly = [0.1 + 0.2, 0.3] * 50
    assert np.abs(values(step, nearly, [0.3, 1.3])).max() < 10


def test_ranks_and_middles_of_a_constant_column() -> None:
    assert values(QuantileScale(), [3.0, 3.0], [2.0, 3.0, 4.0]) == [0.5] * 3
    assert values(SmoothNoise(), [3.0, 3.0], [2.0, 9.0]) == [3.0, 3.0]


def test_robust_scale_is_that_of_scikit_learn() -> None:
    expected = RobustScaler().fit_transform(SKEWED[:, None])[:, 0]
    assert values(RobustScale(), SKEWED) == pytest.approx(expected)
    assert values(RobustScale(share=1.0), [0.0, 1.0, 4.0]) == pytest.approx([-0.25, 0, 0.75])
    mostly = [0.0] * 9 + [8.0]
    assert values(RobustScale(), mostly) == [0.0] * 9 + [1.0]


def test_ranks_are_those_of_scikit_learn() -> None:
    step = QuantileScale(knots=100)
    reference = QuantileTransformer(n_quantiles=100).fit(SKEWED[:, None])
    asked = np.concatenate([SKEWED, SKEWED[:50] * 1.01, [-5.0, 1e8]])
    expected = reference.transform(asked[:, None])[:, 0]
    assert values(step, SKEWED, asked) == pytest.approx(expected, abs=1e-9)
    bell = values(QuantileScale(shape="normal"), SKEWED)
    assert np.abs(np.std(bell) - 1) < 0.05
    assert np.max(np.abs(bell)) < 4
    assert values(QuantileScale(), [1.0, 1.0, 1.0, 2.0], [1.0, None]) == [
        pytest.approx(1 / 3, abs=0.01),
        None,
    ]


def test_a_power_makes_a_skewed_column_even() -> None:
    expected = PowerTransformer().fit_transform(SKEWED[:, None])[:, 0]
    assert values(Power(), SKEWED) == pytest.approx(expected, abs=1e-3)
    both = np.concatenate([-SKEWED, SKEWED])
    plain = PowerTransformer(standardize=False).fit_transform(both[:, None])[:, 0]
    assert values(Power(standardise=False), both) == pytest.approx(plain, rel=1e-2)


def test_logarithms() -> None:
    e = float(np.e)
    asked = [0.0, e - 1, -1.0, 1 - e, None]
    assert values(Log(), asked) == pytest.approx([0.0, 1.0, None, None, None])
    assert values(Log(method="signed"), asked) == pytest.approx(
        [0.0, 1.0, -float(np.log(2)), -1.0, None]
    )
    assert values(Log(method="log(x)"), [1.0, e, 0.0, None]) == pytest.approx([0, 1, None, None])


def test_bins() -> None:
    even = [float(at) for at in range(8)]
    assert values(Bin(bins=4), even) == [0, 0, 1, 1, 2, 2, 3, 3]
    assert values(Bin(bins=4), even, [-9.0, 99.0, None]) == [0.0, 3.0, None]
    wide = values(Bin(method="equal width", bins=2), [0.0, 1.0, 2.0, 10.0], [4.9, 5.0])
    assert wide == [0.0, 1.0]
    columns = run(Bin(bins=2, encode="one-hot"), other=OTHER)
    assert columns.columns == ["n bin 1", "n bin 2"]
    assert columns.rows() == [(0, 0), (1, 0), (0, 1)]
    assert values(Bin(bins=50), [1.0, 1.0, 2.0]) == [0.0, 0.0, 1.0]


def test_every_bin_holds_a_training_value() -> None:
    above = float(np.nextafter(1.0, 2.0))
    assert values(Bin(bins=2), [1.0, above, above]) == [0.0, 1.0, 1.0]
    assert values(SmoothNoise(bins=2), [1.0, above, above]) == [1.0, above, above]


def test_smoothing_noise_gives_the_middle_of_a_bin() -> None:
    rows = [0.0, 0.2, 0.4, 9.0, 9.3, 9.9]
    assert values(SmoothNoise(bins=2), rows) == [0.2] * 3 + [9.3] * 3
    mean = values(SmoothNoise(bins=2, method="mean"), rows, [100.0, None])
    assert mean == [pytest.approx(9.4), None]


def test_smoothing_over_rows_looks_back_only() -> None:
    rows = [1.0, 9.0, 2.0, None, 3.0, float("inf")]
    assert values(SmoothRows(rows=3), rows) == [1.0, 5.0, 2.0, None, 2.5, None]
    assert values(SmoothRows(rows=2, method="mean"), rows[:4]) == [1.0, 5.0, 5.5, None]
    assert values(SmoothRows(), [*rows, 5.0])[:6] == values(SmoothRows(), rows)
