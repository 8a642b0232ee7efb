"""A recipe fitted column by column where it may be, so that little of a large table is held.

What is learnt is what fitting on the whole table gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl

from modelstudio.data import spill
from modelstudio.data.fitted import FittedStep, row_groups
from modelstudio.data.fitting import (
    Fitting,
    Learning,
    acted_on,
    active,
    columns_of,
    touched_by,
)
from modelstudio.data.parts import Parts
from modelstudio.data.steps import IMPLEMENTATIONS, State
from modelstudio.data.steps.learning import Change
from modelstudio.data.target import TargetState
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe import order
from modelstudio.recipe.columns import Kind
from modelstudio.recipe.steps import (
    Bin,
    CleanText,
    ClipOutliers,
    FillMissing,
    GroupRare,
    HashEncode,
    Index,
    Log,
    MinMax,
    OneHot,
    Ordinal,
    Power,
    QuantileScale,
    RobustScale,
    SmoothNoise,
    Standardise,
    Step,
)

COLUMN_BY_COLUMN: frozenset[type[Step]] = frozenset(
    {
        *(Bin, CleanText, ClipOutliers, FillMissing, GroupRare, HashEncode, Index, Log, MinMax),
        *(OneHot, Ordinal, Power, QuantileScale, RobustScale, SmoothNoise, Standardise),
    }
)
"""Steps that learn of each column from that column alone, and change each row by itself."""


def fit_columns(
    data: DataConfig, clean: pl.DataFrame, parts: Parts, target: TargetState
) -> Fitting:
    """Fit each step on the training rows; effects are left open.

    A recipe of steps that look at a column alone goes one column after another. ``encoded`` and
    ``training`` are no more than the first row.

    Raises
    ------
    DataError
        When a step cannot be fitted; ``step`` is its place.
    """
    steps = [(at, step) for at, step in active(data.recipe) if step.stage == "fitted"]
    if not all(type(step) in COLUMN_BY_COLUMN for _, step in steps):
        return _fit_together(data, clean, parts, steps, target)
    kinds: dict[str, Kind] = {column.name: column.kind for column in data.features}
    acting, left = [], kinds
    for at, step in steps:
        with _named(at):
            acting.append(columns_of(step, left))
        left = order.kinds_after(step, left)
    learnt: list[dict[str, Any]] = [{} for _ in steps]
    for name, kind in kinds.items():
        column = spill.gathered(clean.select(name), parts.train)
        for place, state in _fit_column(column, kind, steps):
            learnt[place].update(state)
    fitted = tuple(
        FittedStep(step=step, state={name: states[name] for name in names if name in states})
        for (_, step), names, states in zip(steps, acting, learnt, strict=True)
    )
    first = clean.head(1).select(list(kinds))
    for each in fitted:
        first = each.apply(first)
    return Fitting(fitted, first, first, left, {}, tuple(acting))


@contextmanager
def _named(at: int) -> Iterator[None]:
    """Note the place of a step in what goes wrong with it."""
    try:
        yield
    except DataError as error:
        error.step = at
        raise


def _fit_column(
    frame: pl.DataFrame, kind: Kind, steps: Sequence[tuple[int, Step]]
) -> Iterator[tuple[int, State]]:
    """Yield what steps learn of a column, with their places among ``steps``.

    It is taken through a step only when a later one acts on what that leaves.
    """
    kinds = {frame.columns[0]: kind}
    for place, (at, step) in enumerate(steps):
        columns = order.columns_of(step, kinds)
        if not columns:
            continue
        made = IMPLEMENTATIONS[type(step)]
        with _named(at):
            state = made.fit(step, frame, columns, None)
        yield place, state
        kinds = order.kinds_after(step, kinds)
        if not acted_on([step for _, step in steps[place + 1 :]], kinds):
            return
        frame = spill.by_slices(frame, lambda some, _: made.apply(state, some))  # noqa: B023


def _fit_together(
    data: DataConfig,
    clean: pl.DataFrame,
    parts: Parts,
    steps: Sequence[tuple[int, Step]],
    target: TargetState,
) -> Fitting:
    """Fit each step on the training rows as the steps before it left the columns still needed."""
    names = [column.name for column in data.features]
    first = clean.head(1).select(names)
    taught = target if any(step.supervised for _, step in steps) else None
    wanted = [*names, target.column] if taught is not None else names
    training = spill.gathered(clean.select(wanted), parts.train)
    groups = row_groups((step for _, step in active(data.recipe)), clean)
    seen = None if groups is None else spill.taken(groups, parts.train)
    learning = Learning.begin(data, training, taught, seen)
    fitted: list[FittedStep] = []
    touched: list[tuple[str, ...]] = []
    changes: list[Change] = []
    for place, (at, step) in enumerate(steps):
        with _named(at):
            fitted.append(learning.fit(step))
        touched.append(touched_by(step, learning.kinds))
        first = fitted[-1].apply(first)
        later = [step for _, step in steps[place + 1 :]]
        changes.append(learning.follow_by_slices(fitted[-1], first, later))
    return Fitting(tuple(fitted), first, first, learning.kinds, {}, tuple(touched), tuple(changes))
