"""Limits and scales of number columns.

State of clipping: ``[low, high]`` by column. State of scaling: ``[shift, factor]`` by column, a
value ``x`` becomes ``(x - shift) * factor``; for a range a third number, its lower bound, is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from modelstudio.errors import DataError
from modelstudio.recipe.steps import ClipOutliers, MinMax, Standardise


def _known(frame: pl.DataFrame, name: str) -> pl.Series:
    known = frame.get_column(name).drop_nulls()
    if not len(known):
        raise DataError(
            f"{name} is empty in every training row, so there is nothing to learn.",
            where=name,
            fix="Set its role to ignored.",
        )
    return known


def _statistic(value: Any) -> float:
    return float(value) if value is not None else 0.0


def fit_clip(step: ClipOutliers, frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """Learn the limits from quartiles, or from mean and standard deviation.

    Where half of the values are the same, the quartiles say nothing and no value is clipped.
    """
    state = {}
    for name in columns:
        known = _known(frame, name)
        if step.method == "iqr":
            low = _statistic(known.quantile(0.25, "linear"))
            high = _statistic(known.quantile(0.75, "linear"))
            reach = step.factor * (high - low)
            if not reach:
                low, high = _statistic(known.min()), _statistic(known.max())
        else:
            low = high = _statistic(known.mean())
            reach = step.factor * _statistic(known.std(ddof=0))
        state[name] = [low - reach, high + reach]
    return state


def apply_clip(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Pull values back to the limits; missing ones stay missing."""
    return frame.with_columns(pl.col(name).clip(low, high) for name, (low, high) in state.items())


def fit_standardise(
    step: Standardise, frame: pl.DataFrame, columns: Sequence[str]
) -> dict[str, Any]:
    """Learn mean and standard deviation; a constant column is only shifted."""
    state = {}
    for name in columns:
        known = _known(frame, name)
        spread = _statistic(known.std(ddof=0))
        state[name] = [_statistic(known.mean()), 1.0 / spread if spread > 0 else 1.0]
    return state


def fit_min_max(step: MinMax, frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """Learn the smallest and the largest value; a constant column goes to the lower bound.

    Raises
    ------
    DataError
        When the bounds are the wrong way round.
    """
    if step.high <= step.low:
        raise DataError(
            f"The range {step.low:g} to {step.high:g} is empty.",
            where="Scale to range",
            fix="Give a high that is more than the low.",
        )
    state = {}
    for name in columns:
        known = _known(frame, name)
        low, high = _statistic(known.min()), _statistic(known.max())
        factor = (step.high - step.low) / (high - low) if high > low else 1.0
        state[name] = [low, factor, step.low]
    return state


def apply_scale(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Shift and scale."""
    return frame.with_columns(
        (pl.col(name) - shift) * factor + (rest[0] if rest else 0.0)
        for name, (shift, factor, *rest) in state.items()
    )
