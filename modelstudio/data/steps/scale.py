"""Limits and scales of number columns.

State of clipping: ``[low, high]`` by column. State of scaling: ``[shift, factor]`` by column, a
value ``x`` becomes ``(x - shift) * factor``; for a range a third number, its lower bound, is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from modelstudio.data import spill
from modelstudio.data.steps.learning import Target, factor_to_one, known, statistic
from modelstudio.errors import DataError
from modelstudio.recipe.steps import ClipOutliers, MinMax, RobustScale, Standardise


def fit_clip(
    step: ClipOutliers, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the limits from quartiles, or from mean and standard deviation.

    Where half of the values are the same, the quartiles say nothing and no value is clipped.
    """
    state = {}
    for name in columns:
        values = known(frame, name)
        if step.method == "iqr":
            ordered = spill.ranked(values)
            low = statistic(ordered.quantile(0.25, "linear"))
            high = statistic(ordered.quantile(0.75, "linear"))
            reach = step.factor * (high - low)
            if not reach:
                low, high = statistic(values.min()), statistic(values.max())
        else:
            low = high = statistic(values.mean())
            reach = step.factor * statistic(values.std(ddof=0))
        state[name] = [low - reach, high + reach]
    return state


def apply_clip(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Pull values back to the limits; missing ones stay missing."""
    return frame.with_columns(pl.col(name).clip(low, high) for name, (low, high) in state.items())


def fit_standardise(
    step: Standardise, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn mean and standard deviation; a constant column is only shifted."""
    state = {}
    for name in columns:
        values = known(frame, name)
        factor = factor_to_one(statistic(values.std(ddof=0)), statistic(values.abs().max()))
        state[name] = [statistic(values.mean()), factor]
    return state


def fit_min_max(
    step: MinMax, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
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
        values = known(frame, name)
        low, high = statistic(values.min()), statistic(values.max())
        factor = (step.high - step.low) / (high - low) if high > low else 1.0
        state[name] = [low, factor, step.low]
    return state


def fit_robust(
    step: RobustScale, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn the median and the range around it; where that has no width, the values' own range."""
    state = {}
    for name in columns:
        values = known(frame, name)
        ordered = spill.ranked(values)
        low, high = (
            statistic(ordered.quantile(0.5 + side * step.share / 2, "linear")) for side in (-1, 1)
        )
        if high <= low:
            low, high = statistic(values.min()), statistic(values.max())
        width = high - low
        state[name] = [statistic(ordered.median()), 1.0 / width if width > 0 else 1.0]
    return state


def apply_scale(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Shift and scale."""
    return frame.with_columns(
        (pl.col(name) - shift) * factor + (rest[0] if rest else 0.0)
        for name, (shift, factor, *rest) in state.items()
    )
