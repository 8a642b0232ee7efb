"""Large tables: fitted column by column and encoded slice by slice, so that little is held.

What comes out is what fitting and encoding the whole table gives, save that the numbers for the
network are kept as it takes them, in single precision, and in a file where they are many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.fitted import Encoded, FittedRecipe, FittedStep
from modelstudio.data.fitting import (
    Fitting,
    Learning,
    StepEffect,
    active,
    columns_of,
    effect_of,
    kinds_left,
    touched_by,
)
from modelstudio.data.inputs import Array
from modelstudio.data.sources import mapped
from modelstudio.data.split import Parts
from modelstudio.data.steps import IMPLEMENTATIONS, State
from modelstudio.data.stored import Spool
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe import order
from modelstudio.recipe.columns import Kind
from modelstudio.recipe.steps import (
    Bin,
    Cast,
    CleanText,
    ClipOutliers,
    DateParts,
    FillByModel,
    FillFromNeighbours,
    FillMissing,
    Formula,
    GroupRare,
    HashEncode,
    Index,
    Log,
    MinMax,
    MissingIndicator,
    OneHot,
    Ordinal,
    Power,
    QuantileScale,
    Rename,
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

ROW_BY_ROW: frozenset[type[Step]] = frozenset(
    {Cast, DateParts, FillByModel, FillFromNeighbours, Formula, MissingIndicator, Rename}
)
"""Others that change each row by itself, but go by several columns or make new ones."""


def is_large(data: DataConfig, clean: pl.DataFrame) -> bool:
    """Tell whether a table is to be fitted and encoded piece by piece, as its recipe allows."""
    cells = clean.height * len(data.features)
    return (cells > LARGE or mapped.is_large(8 * cells)) and not _needs_all(data)


def _needs_all(data: DataConfig) -> list[str]:
    """Return what cannot go piece by piece: the labels of steps, or kinds of columns."""
    steps = [step for _, step in active(data.recipe) if step.stage != "rows"]
    kinds = {column.kind for column in data.features}
    return [
        *(step.label for step in steps if type(step) not in COLUMN_BY_COLUMN | ROW_BY_ROW),
        *(kinds & {"image", "audio"}),
    ]


def in_memory(data: DataConfig, clean: pl.DataFrame) -> str:
    """Say that a table larger than memory has to be in it all the same; empty where it need not."""
    size = 8 * clean.height * len(data.features)
    if not mapped.is_large(size) or not (those := _needs_all(data)):
        return ""
    what = f"{those[0]} needs" if len(those) == 1 else f"{', '.join(those)} need"
    return f"{what} all rows in memory, {size / 2**30:.1f} GiB and more"


def fit_columns(data: DataConfig, clean: pl.DataFrame, parts: Parts) -> Fitting:
    """Fit each step on the training rows; effects are left open.

    A recipe of steps that look at a column alone goes one column after another. ``encoded`` and
    ``training`` are no more than the first row.

    Raises
    ------
    DataError
        When a step cannot be fitted; ``step`` is its place.
    """
    steps = [(at, step) for at, step in active(data.recipe) if step.stage == "fitted"]
    if any(type(step) in ROW_BY_ROW for _, step in steps):
        return _fit_together(data, clean, parts, steps)
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
        if not _acted_on(steps[place + 1 :], kinds):
            return
        frame = spill.by_slices(frame, lambda some, _: made.apply(state, some))  # noqa: B023


def _fit_together(
    data: DataConfig, clean: pl.DataFrame, parts: Parts, steps: Sequence[tuple[int, Step]]
) -> Fitting:
    """Fit each step on the training rows as the steps before it left the columns still needed."""
    first = clean.head(1).select(column.name for column in data.features)
    learning = Learning.begin(data, spill.gathered(clean.select(first.columns), parts.train), None)
    fitted, touched = [], []
    for place, (at, step) in enumerate(steps):
        with _named(at):
            fitted.append(learning.fit(step))
        touched.append(touched_by(step, learning.kinds))
        first = fitted[-1].apply(first)
        learning.kinds = kinds_left(step, learning.kinds, first.schema)
        needed = _acted_on(steps[place + 1 :], learning.kinds)
        learning.frame = _followed(fitted[-1], learning.frame, touched[-1], first.columns, needed)
    return Fitting(tuple(fitted), first, first, learning.kinds, {}, tuple(touched))


def _acted_on(steps: Sequence[tuple[int, Step]], kinds: Mapping[str, Kind]) -> set[str]:
    """Return the columns that steps act on, those in between included."""
    found: set[str] = set()
    for _, step in steps:
        found.update(order.columns_of(step, kinds))
        kinds = order.kinds_after(step, kinds)
    return found


def _followed(
    fitted: FittedStep,
    frame: pl.DataFrame,
    touched: Collection[str],
    names: Sequence[str],
    needed: Collection[str],
) -> pl.DataFrame:
    """Return the columns after a step; of those that no step needs any more, the names alone."""
    made = [
        name for name in names if name in needed and (name in touched or name not in frame.columns)
    ]
    changed = frame.clear()
    if made:
        changed = spill.by_slices(frame, lambda some, _: fitted.apply(some).select(made))
    nothing = pl.Series([None], dtype=pl.Null).new_from_index(0, frame.height)
    return pl.DataFrame(
        [
            changed.get_column(name)
            if name in made
            else frame.get_column(name)
            if name in needed
            else nothing.alias(name)
            for name in names
        ]
    )


class Sliced(NamedTuple):
    """The samples of each part, and what each step did to all rows, by its place in the recipe."""

    train: Encoded
    validation: Encoded
    test: Encoded
    effects: dict[int, StepEffect]


def encode_slices(
    data: DataConfig,
    fitted: FittedRecipe,
    clean: pl.DataFrame,
    parts: Parts,
    touched: Sequence[tuple[str, ...]],
) -> Generator[tuple[str, int, int], None, Sliced]:
    """Encode all rows in order, telling how far it is.

    Parameters
    ----------
    touched
        The columns that each step may change.
    """
    places = [at for at, step in active(data.recipe) if step.stage == "fitted"]
    part = np.zeros(clean.height, np.uint8)
    part[parts.validation], part[parts.test] = 1, 2
    rows = _together(fitted)
    sizes = [len(parts.train), len(parts.validation), len(parts.test)]
    gathered = [_Gathered(size) for size in sizes]
    effects: dict[int, list[StepEffect]] = {at: [] for at in places}
    for start in range(0, clean.height, rows):
        yield "Encoding", start, clean.height
        some = clean.slice(start, rows)
        encoded = some.select(column.name for column in fitted.columns)
        for at, learnt, names in zip(places, fitted.steps, touched, strict=True):
            before, encoded = encoded, learnt.apply(encoded)
            effects[at].append(effect_of(before, encoded, names))
        for code, into in enumerate(gathered):
            which = np.flatnonzero(part[start : start + rows] == code)
            if len(which) or not into.pieces:
                into.add(fitted.transform(some[which], encoded=encoded[which]))
    train, validation, test = (each.joined() for each in gathered)
    total = {at: _sum(each) for at, each in effects.items()}
    return Sliced(train, validation.with_known_truth(), test, total)


def encode_rows(
    fitted: FittedRecipe, clean: pl.DataFrame, rows: NDArray[np.int64]
) -> Encoded | None:
    """Encode some rows of a table larger than memory; None where that cannot go piece by piece."""
    kinds = {type(each.step) for each in fitted.steps}
    width = sum(len(field.columns) for field in fitted.inputs)
    if not mapped.is_large(4 * width * len(rows)) or kinds - COLUMN_BY_COLUMN - ROW_BY_ROW:
        return None
    gathered, together = _Gathered(len(rows)), _together(fitted)
    for start in range(0, len(rows), together):
        gathered.add(fitted.transform(clean[rows[start : start + together]]))
    return gathered.joined()


def _together(fitted: FittedRecipe) -> int:
    """Return how many rows are encoded at once."""
    return max(1, CELLS // max(1, sum(len(field.columns) for field in fitted.inputs)))


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
            size = self._rows * values.itemsize * int(np.prod(values.shape[1:]))
            if size > SPOOLED or spill.is_spilled(size):
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
                spool, alone = self._spools[name], len(first.fields[name].shape) == 1
                fields[name] = spool.array() if alone else spool.stored()
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
