"""Steps that leave out rows before the split: each takes the raw table and returns the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from modelstudio.data.formulas import holds
from modelstudio.data.sources import ROW
from modelstudio.errors import DataError
from modelstudio.recipe.steps import (
    DropDuplicates,
    DropMissingTarget,
    FilterRows,
    SampleRows,
    Step,
)


def _first_of_equal(step: DropDuplicates, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    names = [name for name in frame.columns if name != ROW]
    return frame.unique(subset=names, keep="first", maintain_order=True)


def _with_target(step: DropMissingTarget, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    return frame if target is None else frame.filter(pl.col(target).is_not_null())


def _where(step: FilterRows, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    if not step.condition.strip():
        return frame
    try:
        kept = frame.filter(holds(step.condition, frame.drop(ROW, strict=False)))
    except ValueError as error:
        raise DataError(
            f"The condition of {step.label} does not fit: {error}.",
            where=step.label,
            fix="Correct it in the step.",
        ) from None
    if frame.height and not kept.height:
        raise DataError(
            f"The condition {step.condition} holds for none of the {frame.height:,} rows.",
            where=step.label,
            fix="Change the condition, or switch the step off.",
        )
    return kept


def _sample(step: SampleRows, frame: pl.DataFrame, target: str | None) -> pl.DataFrame:
    """Draw rows by lots that hang on seed and row number, so that other rows hardly matter."""
    if frame.height <= step.rows:
        return frame
    numbers = frame.get_column(ROW).to_numpy() if ROW in frame.columns else np.arange(frame.height)
    lots = np.random.default_rng([step.seed, 1]).random(int(numbers.max()) + 1)[numbers]
    return frame[np.sort(np.argsort(lots, kind="stable")[: step.rows])]


KEEP: dict[type[Step], Callable[[Any, pl.DataFrame, str | None], pl.DataFrame]] = {
    DropDuplicates: _first_of_equal,
    DropMissingTarget: _with_target,
    FilterRows: _where,
    SampleRows: _sample,
}
"""By step: takes it, the rows and the name of the target; returns the rows kept, in order."""
