"""Splits by group, time, column and folds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelstudio.data.parts import Parts, part_of
from modelstudio.data.split import split_rows
from modelstudio.errors import DataError, FieldError
from modelstudio.project.model import SplitConfig

ROWS = np.arange(200)


def covers(parts: Parts, count: int) -> bool:
    """Tell whether every row is in just one part."""
    together = np.concatenate([parts.train, parts.validation, parts.test])
    return sorted(together.tolist()) == list(range(count))


@given(st.lists(st.integers(0, 12), min_size=30, max_size=200), st.integers(0, 3))
def test_a_group_is_never_torn_apart(groups: list[int], folds: int) -> None:
    by = pl.Series("customer", [None if group == 0 else str(group) for group in groups])
    config = SplitConfig(method="group", by="customer", folds=0 if folds < 2 else folds)
    parts = split_rows(np.arange(len(groups)), config, None, by)
    assert covers(parts, len(groups))
    held = [set(by[part].drop_nulls()) for part in (parts.train, parts.validation, parts.test)]
    assert not held[0] & held[1]
    assert not held[0] & held[2]
    assert not held[1] & held[2]


def test_groups_fill_the_parts_by_their_rows() -> None:
    by = pl.Series("customer", np.arange(1000) // 5)
    config = SplitConfig(method="group", by="customer", test=0.3, validation=0.1)
    parts = split_rows(np.arange(1000), config, None, by)
    assert abs(len(parts.test) - 300) <= 5
    assert abs(len(parts.validation) - 100) <= 5
    other = split_rows(np.arange(1000), config.changed(seed=1), None, by)
    assert set(parts.test) != set(other.test)


@given(st.lists(st.integers(0, 40), min_size=20, max_size=150))
def test_later_rows_test_and_rows_of_one_time_stay_together(times: list[int]) -> None:
    by = pl.Series("time", times, dtype=pl.Float64)
    config = SplitConfig(method="time", by="time")
    parts = split_rows(np.arange(len(times)), config, None, by)
    assert covers(parts, len(times))
    ends = [by[part] for part in (parts.train, parts.validation, parts.test)]
    for earlier, later in pairwise(ends):
        assert not len(later) or not len(earlier) or earlier.max() < later.min()


@pytest.mark.parametrize(
    ("times", "sizes"),
    [
        ([1] * 500 + [2] * 500, (500, 0, 500)),
        ([1] * 100 + [2] * 900, (100, 0, 900)),
        ([1] * 900 + [2] * 50 + [3] * 50, (900, 50, 50)),
        ([1] * 50 + [2] * 50 + [3] * 900, (50, 50, 900)),
        ([1] * 400 + [2] * 400 + [3] * 200, (400, 400, 200)),
        ([1] * 1000, (1000, 0, 0)),
    ],
)
def test_no_part_is_empty_where_the_times_are_enough(
    times: list[int], sizes: tuple[int, ...]
) -> None:
    config = SplitConfig(method="time", by="t", test=0.2, validation=0.15)
    parts = split_rows(np.arange(1000), config, by=pl.Series("t", times))
    assert (len(parts.train), len(parts.validation), len(parts.test)) == sizes


def test_without_times_the_rows_are_in_order() -> None:
    parts = split_rows(ROWS, SplitConfig(method="time", test=0.2, validation=0.1))
    assert parts.train.tolist() == list(range(140))
    assert parts.test.tolist() == list(range(160, 200))


def test_folds_of_time_train_on_the_past_only() -> None:
    seen = []
    for fold in range(4):
        config = SplitConfig(method="time", test=0.2, folds=4, fold=fold)
        parts = split_rows(ROWS, config)
        assert parts.train.max() < parts.validation.min() < parts.test.min() == 160
        seen += parts.validation.tolist()
    assert seen == list(range(32, 160))


@pytest.mark.parametrize("stratify", [True, False])
def test_each_row_validates_in_one_fold_and_classes_keep_their_shares(stratify: bool) -> None:
    classes = np.repeat([0, 1], [160, 40])
    tests, validated = set(), []
    for fold in range(5):
        config = SplitConfig(test=0.2, folds=5, fold=fold, stratify=stratify)
        parts = split_rows(ROWS, config, classes)
        assert covers(parts, 200)
        tests.add(tuple(parts.test))
        validated += parts.validation.tolist()
        if stratify:
            assert 6 <= classes[parts.validation].sum() <= 7
    assert len(tests) == 1
    assert len(validated) == len(set(validated)) == 160


def test_a_column_tells_the_parts() -> None:
    by = pl.Series("set", ["Train", "training", None, "val", "TEST"] * 40)
    parts = split_rows(ROWS, SplitConfig(method="column", by="set"), None, by)
    assert len(parts.train) == 120
    assert len(parts.validation) == len(parts.test) == 40
    assert part_of("valid") == part_of("dev") == "validation"
    assert part_of("other") is None


def test_training_rows_validate_where_the_column_names_none() -> None:
    by = pl.Series("set", ["train"] * 150 + ["test"] * 50)
    config = SplitConfig(method="column", by="set", validation=0.1)
    parts = split_rows(ROWS, config, None, by)
    assert len(parts.validation) == 15
    assert parts.test.tolist() == list(range(150, 200))
    assert covers(parts, 200)


def test_a_column_of_other_words_is_refused() -> None:
    by = pl.Series("set", ["train"] * 100 + ["summer"] * 100)
    with pytest.raises(DataError, match="'summer' names none"):
        split_rows(ROWS, SplitConfig(method="column", by="set"), None, by)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"folds": 1}, "One fold"),
        ({"folds": 3, "fold": 3}, "only 3 folds"),
        ({"method": "group"}, "needs to know the column"),
    ],
)
def test_settings_that_make_no_split_are_refused(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(FieldError, match=sentence):
        SplitConfig().changed(**values)
