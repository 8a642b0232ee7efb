"""Numbers smoothed over rows in order. State: method and number of rows by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from modelstudio.data.steps.learning import Target
from modelstudio.recipe.steps import SmoothRows


def fit_rolling(
    step: SmoothRows, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn nothing but the settings."""
    return {name: [step.method, step.rows] for name in columns}


def apply_rolling(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Smooth each value with those of the rows before it; empty cells stay empty."""
    return frame.with_columns(_rolling(name, *settings) for name, settings in state.items())


def _rolling(name: str, method: str, rows: int) -> pl.Expr:
    finite = pl.when(pl.col(name).is_finite()).then(pl.col(name))
    smooth = finite.rolling_median if method == "median" else finite.rolling_mean
    return pl.when(finite.is_not_null()).then(smooth(rows, min_samples=1)).alias(name)
