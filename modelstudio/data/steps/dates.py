"""Dates taken apart. State: the parts by column."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from modelstudio.data.steps.learning import Target, in_place
from modelstudio.recipe.steps import DateParts
from modelstudio.recipe.steps.dates import CYCLES, part_name

_DAY = 86_400_000.0
"""Milliseconds."""

_FROM_ZERO = ("hour", "minute")
"""Parts that count from 0; the others from 1."""


def fit_dates(
    step: DateParts, frame: pl.DataFrame, columns: Sequence[str], target: Target = None
) -> dict[str, Any]:
    """Learn nothing but the parts asked for."""
    return {name: list(step.parts) for name in columns}


def apply_dates(state: Mapping[str, Any], frame: pl.DataFrame) -> pl.DataFrame:
    """Put the parts in the place of each date."""
    return in_place(
        frame,
        {
            name: [
                _part(frame.get_column(name).cast(pl.Datetime("ms")), part)
                .cast(pl.Float64)
                .alias(part_name(name, part))
                for part in parts
            ]
            for name, parts in state.items()
        },
    )


def _part(dates: pl.Series, part: str) -> pl.Series:
    name, _, wave = part.partition(" ")
    if wave:
        steps = _part(dates, name) - (name not in _FROM_ZERO)
        turned = steps.cast(pl.Float64) * (2 * math.pi / CYCLES[name])
        return turned.sin() if wave == "sin" else turned.cos()
    match name:
        case "day_of_year":
            return dates.dt.ordinal_day()
        case "weekend":
            return dates.dt.weekday() >= 6
        case "days":
            return dates.dt.epoch("ms").cast(pl.Float64) / _DAY
    found: pl.Series = getattr(dates.dt, name)()
    return found
