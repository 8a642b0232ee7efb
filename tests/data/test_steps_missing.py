"""Empty cells: what is filled in, and from what it is learnt."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.impute import KNNImputer

from modelstudio.data.steps import IMPLEMENTATIONS, impute
from modelstudio.errors import DataError
from modelstudio.recipe.steps import (
    FillByModel,
    FillFromNeighbours,
    FillMissing,
    MissingIndicator,
    Step,
)

TRAIN = pl.DataFrame(
    {"n": [0.0, 1.0, 2.0, 3.0, 4.0, 100.0, None], "c": ["b", "a", "b", None, "c", "b", "a"]}
)
OTHER = pl.DataFrame({"n": [None, -50.0, 2.5], "c": ["z", None, "a"]})


def run(step: Step, *columns: str, train: pl.DataFrame = TRAIN, other: pl.DataFrame = OTHER):
    """Fit on training rows and apply to others."""
    implementation = IMPLEMENTATIONS[type(step)]
    return implementation.apply(implementation.fit(step, train, columns, None), other)


def numbers(rows: NDArray[np.float64]) -> pl.DataFrame:
    """Return a table of number columns, NaN as missing."""
    return pl.DataFrame(rows, schema=[f"x{at}" for at in range(rows.shape[1])]).fill_nan(None)


@pytest.fixture
def related() -> NDArray[np.float64]:
    """Rows of four columns that depend on two hidden ones; shape (200, 4)."""
    chance = np.random.default_rng(0)
    hidden = chance.normal(size=(200, 2))
    mixed = hidden @ np.array([[1.0, -2.0, 0.5, 3.0], [2.0, 1.0, -1.0, 0.0]])
    return mixed * [1, 100, 1e4, 0.1] + chance.normal(size=(200, 4)) * 0.01


def with_gaps(rows: NDArray[np.float64], share: float = 0.2) -> NDArray[np.float64]:
    """Return a copy with cells taken out."""
    gaps = np.random.default_rng(1).random(rows.shape) < share
    return np.where(gaps, np.nan, rows)


@pytest.mark.parametrize(
    ("step", "number", "category"),
    [
        (FillMissing(method="median"), 2.5, "b"),
        (FillMissing(method="mean"), 110 / 6, "b"),
        (FillMissing(method="most frequent"), 0.0, "b"),
        (FillMissing(method="constant", value="7"), 7.0, "7"),
    ],
)
def test_fill(step: FillMissing, number: float, category: str) -> None:
    result = run(step, "n", "c")
    assert result["n"].to_list() == pytest.approx([number, -50.0, 2.5])
    assert result["c"].to_list() == ["z", category, "a"]


def test_fill_with_a_text_where_a_number_is_due() -> None:
    with pytest.raises(DataError, match="holds numbers"):
        run(FillMissing(method="constant", value="many"), "n")


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_neighbours_are_those_of_scikit_learn(related: NDArray[np.float64], weights: str) -> None:
    rows = with_gaps(related)
    train, other = rows[:150], rows[150:]
    found = run(
        FillFromNeighbours(neighbours=3, weights=weights),
        *numbers(train).columns,
        train=numbers(train),
        other=numbers(other),
    ).to_numpy()
    mean, spread = np.nanmean(train, axis=0), np.nanstd(train, axis=0)
    reference = KNNImputer(n_neighbors=3, weights=weights).fit((train - mean) / spread)
    expected = reference.transform((other - mean) / spread) * spread + mean
    np.testing.assert_allclose(found, expected)
    np.testing.assert_array_equal(found[~np.isnan(other)], other[~np.isnan(other)])


def test_neighbours_keep_a_bounded_number_of_rows(related: NDArray[np.float64]) -> None:
    frame = numbers(related)
    implementation = IMPLEMENTATIONS[FillFromNeighbours]
    state = implementation.fit(FillFromNeighbours(limit=20), frame, frame.columns, None)
    assert np.shape(state["rows"]) == (20, 4)
    assert state == implementation.fit(FillFromNeighbours(limit=20), frame, frame.columns, None)


def test_a_model_fills_in_what_the_other_columns_tell(related: NDArray[np.float64]) -> None:
    rows = with_gaps(related, 0.1)
    frame = numbers(rows)
    found = run(FillByModel(), *frame.columns, train=frame, other=frame).to_numpy()
    lonely = np.isnan(rows).sum(axis=1) == 1
    gaps = np.isnan(rows) & lonely[:, None]
    spread = related.std(axis=0)
    error = np.abs(found - related) / spread
    by_mean = np.abs(np.nanmean(rows, axis=0) - related) / spread
    assert error[gaps].mean() < 0.1 * by_mean[gaps].mean()
    np.testing.assert_array_equal(found[~np.isnan(rows)], rows[~np.isnan(rows)])


def test_a_model_never_fills_in_what_lies_beyond_the_training_rows() -> None:
    train = numbers(np.column_stack([np.arange(50.0), 2 * np.arange(50.0)]))
    other = numbers(np.array([[np.nan, 1e9], [np.nan, -1e9], [np.nan, 20.0]]))
    found = run(FillByModel(), "x0", "x1", train=train, other=other)["x0"].to_list()
    assert found == pytest.approx([49.0, 0.0, 10.0], abs=1e-2)


@pytest.mark.parametrize("step", [FillByModel(), FillFromNeighbours()])
def test_too_many_columns_are_refused(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impute, "MOST_COLUMNS", 1)
    frame = numbers(np.zeros((3, 2)))
    with pytest.raises(DataError, match="at most 1 columns, and 2"):
        run(step, *frame.columns, train=frame, other=frame)


def test_missing_cells_are_marked_where_training_rows_have_some() -> None:
    train = TRAIN.with_columns(whole=pl.Series(range(7), dtype=pl.Float64))
    other = OTHER.with_columns(whole=pl.Series([None, 1.0, 2.0]))
    taken = train.with_columns(pl.lit("x").alias("n is missing"))
    found = run(MissingIndicator(), "n", "c", "whole", train=train, other=other)
    assert found.columns == ["n", "c", "whole", "n is missing", "c is missing"]
    assert found["n is missing"].to_list() == [1, 0, 0]
    assert found["c is missing"].to_list() == [0, 1, 0]
    assert run(MissingIndicator(), "n", train=taken, other=taken).columns[-1] == "n is missing_"
