"""Large tables: fitted column by column and encoded slice by slice, so that little is held twice.

What comes out is what fitting and encoding the whole table gives, save that the numbers for the
network are kept as it takes them, in single precision, and in a file where they are many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.fitted import Encoded, FittedRecipe, FittedStep
from modelstudio.data.fitting import Fitting, StepEffect, active, columns_of, effect_of
from modelstudio.data.inputs import Array
from modelstudio.data.split import Parts
from modelstudio.data.steps import IMPLEMENTATIONS, State
from modelstudio.data.steps.learning import Target
from modelstudio.data.stored import Spool
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

LARGE = 5_000_000
"""Cells of features from which a table is treated so."""

CELLS = 1_000_000
"""Encoded cells of a slice."""

SPOOLED = 128 << 20
"""Bytes of numbers from which they are kept in a file."""

COLUMN_BY_COLUMN: frozenset[type[Step]] = frozenset(
    {
        *(Bin, CleanText, ClipOutliers, FillMissing, GroupRare, HashEncode, Index, Log, MinMax),
        *(OneHot, Ordinal, Power, QuantileScale, RobustScale, SmoothNoise, Standardise),
    }
)
"""Steps that learn of each column from that column alone, and change each row by itself."""


def is_large(data: DataConfig, clean: pl.DataFrame) -> bool:
    """Tell whether a table is to be fitted and encoded piece by piece, as its recipe allows."""
    simple = all(column.kind in ("number", "category") for column in data.features)
    steps = [step for _, step in active(data.recipe) if step.stage != "rows"]
    return (
        simple
        and clean.height * len(data.features) > LARGE
        and all(type(step) in COLUMN_BY_COLUMN for step in steps)
    )


def fit_columns(
    data: DataConfig, clean: pl.DataFrame, parts: Parts, target: TargetState
) -> Fitting:
    """Fit each step on the training rows, one column after another; effects are left open.

    ``encoded`` and ``training`` are no more than the first row.

    Raises
    ------
    DataError
        When a step cannot be fitted; ``step`` is its place.
    """
    kinds: dict[str, Kind] = {column.name: column.kind for column in data.features}
    steps = [(at, step) for at, step in active(data.recipe) if step.stage == "fitted"]
    acting, left = [], kinds
    for at, step in steps:
        try:
            acting.append(columns_of(step, left))
        except DataError as error:
            error.step = at
            raise
        left = order.kinds_after(step, left)
    answers = target.truth(clean.get_column(target.column).gather(parts.train))
    learnt: list[dict[str, Any]] = [{} for _ in steps]
    for name, kind in kinds.items():
        column = clean.get_column(name).gather(parts.train)
        for place, state in _fit_column(column, kind, steps, answers):
            learnt[place].update(state)
    fitted = tuple(
        FittedStep(step=step, state={name: states[name] for name in names if name in states})
        for (_, step), names, states in zip(steps, acting, learnt, strict=True)
    )
    first = clean.head(1).select(list(kinds))
    for each in fitted:
        first = each.apply(first)
    return Fitting(fitted, first, first, left, {})


def _fit_column(
    column: pl.Series, kind: Kind, steps: Sequence[tuple[int, Step]], answers: Target
) -> Iterator[tuple[int, State]]:
    """Yield what steps learn of a column, with their places among ``steps``.

    It is taken through a step only when a later one acts on what that leaves.
    """
    frame, kinds = column.to_frame(), {column.name: kind}
    for place, (at, step) in enumerate(steps):
        columns = order.columns_of(step, kinds)
        if not columns:
            continue
        made = IMPLEMENTATIONS[type(step)]
        try:
            state = made.fit(step, frame, columns, answers)
        except DataError as error:
            error.step = at
            raise
        yield place, state
        kinds = order.kinds_after(step, kinds)
        if not any(order.columns_of(later, kinds) for _, later in steps[place + 1 :]):
            return
        frame = made.apply(state, frame)


class Sliced(NamedTuple):
    """The samples of each part, and what each step did to all rows, by its place in the recipe."""

    train: Encoded
    validation: Encoded
    test: Encoded
    effects: dict[int, StepEffect]


def encode_slices(
    data: DataConfig, fitted: FittedRecipe, clean: pl.DataFrame, parts: Parts
) -> Generator[tuple[str, int, int], None, Sliced]:
    """Encode all rows in order, telling how far it is."""
    places = [at for at, step in active(data.recipe) if step.stage == "fitted"]
    part = np.zeros(clean.height, np.uint8)
    part[parts.validation], part[parts.test] = 1, 2
    width = sum(len(field.columns) for field in fitted.inputs)
    rows = max(1, CELLS // max(1, width))
    sizes = [len(parts.train), len(parts.validation), len(parts.test)]
    gathered = [_Gathered(size) for size in sizes]
    effects: dict[int, list[StepEffect]] = {at: [] for at in places}
    for start in range(0, clean.height, rows):
        yield "Encoding", start, clean.height
        some = clean.slice(start, rows)
        encoded = some.select(column.name for column in fitted.columns)
        for at, learnt in zip(places, fitted.steps, strict=True):
            before, encoded = encoded, learnt.apply(encoded)
            effects[at].append(effect_of(before, encoded, tuple(learnt.state)))
        for code, into in enumerate(gathered):
            which = np.flatnonzero(part[start : start + rows] == code)
            if len(which) or not into.pieces:
                into.add(fitted.transform(some[which], encoded=encoded[which]))
    train, validation, test = (each.joined() for each in gathered)
    total = {at: _sum(each) for at, each in effects.items()}
    return Sliced(train, validation.with_known_truth(), test, total)


def _sum(effects: Sequence[StepEffect]) -> StepEffect:
    changed: Counter[str] = Counter()
    for each in effects:
        changed.update(dict(each.changed))
    return StepEffect(
        cells=sum(each.cells for each in effects),
        columns=effects[0].columns,
        changed=tuple(changed.items()),
    )


class _Gathered:
    """Samples of a part as they come; numbers that are many go to a file, and all else with them.

    Parameters
    ----------
    rows
        How many are expected.
    """

    def __init__(self, rows: int) -> None:
        self.pieces: list[Encoded] = []
        self._rows = rows
        self._spools: dict[str, Spool] = {}
        self._beside: dict[str, Spool] = {}

    def add(self, samples: Encoded) -> None:
        """Take some more samples."""
        fields: dict[str, Array] = {}
        for name, values in samples.fields.items():
            assert isinstance(values, np.ndarray)
            if values.dtype == np.float64:
                values = values.astype(np.float32)
                if self._rows * values[:1].nbytes > SPOOLED or name in self._spools:
                    values = _written(self._spools, name, values)
            fields[name] = values
        if self._spools:
            kept = {name: getattr(samples, name) for name in self._names(samples)}
            kept = {name: _written(self._beside, name, rows) for name, rows in kept.items()}
            samples = replace(samples, **{"scaled": kept["truth"], **kept})
        self.pieces.append(replace(samples, fields=fields))

    def joined(self) -> Encoded:
        """Return all samples."""
        first, unscored = self.pieces[0], Counter[str]()
        for each in self.pieces:
            unscored.update(each.unscored)
        fields: dict[str, Array] = {}
        for name in first.fields:
            if name in self._spools:
                fields[name] = self._spools[name].stored()
            else:
                fields[name] = np.concatenate([each.fields[name] for each in self.pieces])
        whole = {
            name: self._beside[name].array()
            if name in self._beside
            else np.concatenate([getattr(each, name) for each in self.pieces])
            for name in self._names(first)
        }
        whole.setdefault("scaled", whole["truth"])
        return replace(first, fields=fields, unscored=dict(unscored), **whole)

    def _names(self, samples: Encoded) -> tuple[str, ...]:
        """Return what else is to be kept; classes are not scaled."""
        classes = samples.truth.dtype == samples.scaled.dtype == np.int64
        return ("truth", "rows") if classes else ("truth", "rows", "scaled")


def _written(spools: dict[str, Spool], name: str, rows: NDArray[Any]) -> NDArray[Any]:
    """Write rows to a file of that name; what is left of them has none."""
    if name not in spools:
        spools[name] = Spool(rows.shape[1:], rows.dtype)
    spools[name].write(rows)
    return np.empty((0, *rows.shape[1:]), rows.dtype)
