"""Empty cells of number columns filled by what the other columns of the row say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.steps.learning import ROUNDING, Target, known, matrix, numbers
from modelstudio.errors import DataError
from modelstudio.recipe.steps import FillByModel, FillFromNeighbours

Numbers = NDArray[np.float64]

MOST_COLUMNS = 400
"""Columns that one filling step compares or fits with one another."""

MOST_ROWS = 20_000
"""Training rows that the linear models are fitted on."""

FARTHEST = 1e70
"""Most spreads from the mean that rows are compared at; squares of larger numbers overflow."""

RIDGE = 1e-4
"""Pull of the weights to 0, as a share of the rows; equal columns would leave them open."""


def _training_rows(
    frame: pl.DataFrame, columns: Sequence[str], limit: int, label: str
) -> tuple[Numbers, Numbers, Numbers]:
    """Return a sample of the rows, NaN where missing, and mean and spread of each column."""
    if len(columns) > MOST_COLUMNS:
        raise DataError(
            f"{label} takes at most {MOST_COLUMNS} columns, and {len(columns):,} would fit.",
            where=label,
            fix="Choose the columns in the step, or take Fill missing for some.",
        )
    for name in columns:
        known(frame, name, "Set its role to ignored, or fill it with a constant.")
    mean, spread = _mean_and_spread(frame, columns)
    if frame.height > limit:
        frame = frame[np.sort(np.random.default_rng(0).choice(frame.height, limit, replace=False))]
    return matrix(frame, columns), mean, spread


def _mean_and_spread(frame: pl.DataFrame, columns: Sequence[str]) -> tuple[Numbers, Numbers]:
    """Return mean and standard deviation of each column; 1 for what is no more than rounding."""
    pieces = spill.pieces(frame.height, 8 * len(columns))
    total, count, largest = (np.zeros(len(columns)) for _ in range(3))
    for each in pieces:
        rows = matrix(frame[each], columns)
        total, count = total + np.nansum(rows, axis=0), count + (~np.isnan(rows)).sum(axis=0)
        largest = np.fmax(largest, np.fmax.reduce(np.abs(rows), axis=0))
    mean = total / count
    squares = sum(np.nansum((matrix(frame[each], columns) - mean) ** 2, axis=0) for each in pieces)
    spread = np.sqrt(squares / count)
    return mean, np.where(spread > ROUNDING * largest, spread, 1.0)


def fit_neighbours(
    step: FillFromNeighbours, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Keep training rows to compare with, at most as many as the step allows.

    Raises
    ------
    DataError
        When a column is empty in every training row, or there are too many columns.
    """
    if not columns:
        return {}
    rows, mean, spread = _training_rows(frame, columns, step.limit, step.label)
    kept = (rows - mean) / spread
    return {
        "columns": list(columns),
        "mean": mean.tolist(),
        "spread": spread.tolist(),
        "rows": [[None if np.isnan(x) else x for x in row] for row in kept.tolist()],
        "neighbours": step.neighbours,
        "weights": step.weights,
    }


def apply_neighbours(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Fill empty cells; cells that are not finite count as empty."""
    if not (columns := state.get("columns")):
        return frame
    rows = matrix(frame, columns)
    lacking = np.isnan(rows).any(axis=1)
    if lacking.any():
        rows[lacking] = _from_neighbours(state, rows[lacking])
    return _filled(frame, columns, rows)


def _from_neighbours(state: Mapping[str, Any], rows: Numbers) -> Numbers:
    from sklearn.impute import KNNImputer

    mean, spread = np.array(state["mean"]), np.array(state["spread"])
    imputer = KNNImputer(
        n_neighbors=state["neighbours"], weights=state["weights"], keep_empty_features=True
    )
    imputer.fit(np.array(state["rows"], dtype=np.float64))
    scaled = ((rows - mean) / spread).clip(-FARTHEST, FARTHEST)
    filled = imputer.transform(scaled) * spread + mean
    return np.where(np.isnan(rows), filled, rows)


def _filled(frame: pl.DataFrame, columns: Sequence[str], rows: Numbers) -> pl.DataFrame:
    return frame.with_columns(numbers(name, rows[:, at]) for at, name in enumerate(columns))


def fit_model(
    step: FillByModel, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Fit a linear model of each column from all others, again after each filling.

    Raises
    ------
    DataError
        When a column is empty in every training row, or there are too many columns.
    """
    if not columns:
        return {}
    rows, mean, spread = _training_rows(frame, columns, MOST_ROWS, step.label)
    scaled = (rows - mean) / spread
    empty = np.isnan(scaled)
    width = len(columns)
    low, high = (
        (np.array([pick(known(frame, name)) for name in columns]) - mean) / spread
        for pick in (pl.Series.min, pl.Series.max)
    )
    filled, weights = np.where(empty, 0.0, scaled), np.zeros((width, width))
    for _ in range(step.rounds):
        weights = _weights(filled, empty)
        filled = np.where(empty, (filled @ weights).clip(low, high), filled)
    return {
        "columns": list(columns),
        "mean": mean.tolist(),
        "spread": spread.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "weights": weights.tolist(),
        "rounds": step.rounds,
    }


def _weights(filled: Numbers, empty: NDArray[np.bool_]) -> Numbers:
    """Return by column, in the columns of a matrix, the weights of all others in its model.

    Each model is fitted on the rows where its column is known: the products of all rows, less
    those of the others.
    """
    width = filled.shape[1]
    products = filled.T @ filled
    weights = np.zeros((width, width))
    for at in range(width):
        hidden = filled[empty[:, at]]
        own = products - hidden.T @ hidden
        others = np.arange(width) != at
        pull = RIDGE * max(1, len(filled) - len(hidden)) * np.eye(width - 1)
        weights[others, at] = np.linalg.solve(own[np.ix_(others, others)] + pull, own[others, at])
    return weights


def apply_model(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Fill empty cells; cells that are not finite count as empty."""
    if not (columns := state.get("columns")):
        return frame
    mean, spread = np.array(state["mean"]), np.array(state["spread"])
    low, high, weights = (np.array(state[key]) for key in ("low", "high", "weights"))
    rows = matrix(frame, columns)
    empty = np.isnan(rows)
    lacking = empty.any(axis=1)
    scaled = (rows[lacking] - mean) / spread
    hidden = empty[lacking]
    filled = np.where(hidden, 0.0, scaled)
    for _ in range(state["rounds"]):
        filled = np.where(hidden, (filled @ weights).clip(low, high), filled)
    rows[lacking] = np.where(hidden, filled * spread + mean, rows[lacking])
    return _filled(frame, columns, rows)
