"""Rare classes that count as much as frequent ones."""

from __future__ import annotations

import numpy as np
import pytest

from modelstudio.data.balance import Resampling, class_weights

CODES = np.array([0] * 90 + [1] * 9 + [2])


def test_weights_make_every_class_count_alike() -> None:
    weights = class_weights(CODES, 4)
    np.testing.assert_allclose(weights * np.bincount(CODES, minlength=4), [100 / 3] * 3 + [0])
    assert weights[CODES].mean() == pytest.approx(1.0)


def test_oversampling_takes_every_row_and_repeats_the_rare() -> None:
    rows = Resampling(CODES, "oversample").rows(seed=3)
    assert np.bincount(CODES[rows]).tolist() == [90, 90, 90]
    assert set(rows) == set(range(100))
    assert np.bincount(rows)[90:99].tolist() == [10] * 9


def test_undersampling_takes_other_rows_each_epoch() -> None:
    resampling = Resampling(np.repeat([0, 1], [90, 10]), "undersample")
    rows, others = resampling.rows(seed=0), resampling.rows(seed=1)
    assert len(rows) == len(set(rows)) == 20
    assert set(rows) != set(others)
    assert rows.tolist() == resampling.rows(seed=0).tolist()
