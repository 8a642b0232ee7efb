"""Rows of the table before and after the recipe, a slice at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import sources, spill
from modelstudio.data.fitted import FittedStep, Groups, row_groups, row_numbers
from modelstudio.data.fitting import Learning, active, reach
from modelstudio.data.guess import guess_kinds
from modelstudio.data.parts import PARTS, TRAIN, part_codes
from modelstudio.data.prepare import clean_rows
from modelstudio.data.sources import ROW, resolve, stamp
from modelstudio.data.sources.folders import names_of
from modelstudio.data.sources.values import typed
from modelstudio.data.split import split_table
from modelstudio.data.steps import texts
from modelstudio.data.target import fit_target
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import Step, Windows

_KEPT = 2
"""Tables, splits and orders that stay in memory between requests."""

_KEPT_STEPS = 100
"""Fitted steps that do; they are small."""

_LOCK = Lock()
"""Requests come from several threads; a table is made once."""

_SPELT = 60
"""Tokens of a cell that are spelt out."""

_ALL = slice(None)


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """Cells of one column: now, as they were in the source, and whether the recipe changed them."""

    after: tuple[Any, ...]
    before: tuple[Any, ...]
    changed: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class PreviewTable:
    """A slice of the table.

    Parameters
    ----------
    total
        Rows there are in all.
    offset
        Place of the first row of the slice.
    rows
        Row numbers in the source, from 0.
    parts
        ``"train"``, ``"validation"``, ``"test"`` or empty, by row.
    cells
        One entry a column.
    """

    columns: tuple[str, ...]
    total: int
    offset: int
    rows: tuple[int, ...]
    parts: tuple[str, ...]
    cells: tuple[PreviewColumn, ...]


@dataclass(frozen=True, slots=True)
class TableHead:
    """The first rows of a table that is still to be read; kinds of ``columns`` are provisional."""

    path: Path
    columns: tuple[Column, ...]
    rows: PreviewTable


def head(data: DataConfig, base: Path | None = None, limit: int = 200) -> TableHead | None:
    """Return the first rows of a large table within milliseconds.

    None when the table is small, or cannot be read; reading all of it tells why.
    """
    assert data.path is not None
    path = resolve(data.path, base)
    try:
        frame = sources.head(data, limit, base)
    except (DataError, OSError):
        return None
    if frame is None:
        return None
    columns = data.columns
    if not columns:
        columns = tuple(Column(name=name, kind=kind) for name, kind in guess_kinds(frame).items())
        frame = pl.DataFrame([typed(frame.get_column(each.name), each) for each in columns])
    cells = tuple(_column(column, frame, column.name) for column in frame)
    numbers = tuple(range(frame.height))
    parts = ("",) * frame.height
    rows = PreviewTable(tuple(frame.columns), frame.height, 0, numbers, parts, cells)
    return TableHead(path, columns, rows)


class _Kept(OrderedDict[Any, Any]):
    """What was worked out last, by what it was worked out from."""

    def __init__(self, most: int = _KEPT):
        super().__init__()
        self._most = most

    def get_or(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return what is kept under a key, or make it and let the oldest go."""
        if key not in self:
            self[key] = make()
            while len(self) > self._most:
                self.popitem(last=False)
        self.move_to_end(key)
        return self[key]


_raws, _cleans, _parts, _orders, _changed = _Kept(), _Kept(), _Kept(), _Kept(), _Kept()
_fits = _Kept(_KEPT_STEPS)


def preview(
    data: DataConfig,
    upto: int | None = None,
    offset: int = 0,
    limit: int = 200,
    sort: tuple[str, bool] | None = None,
    base: Path | None = None,
) -> PreviewTable:
    """Return rows as they are after the first ``upto`` steps of the recipe.

    Parameters
    ----------
    upto
        0 shows the source, None the whole recipe.
    sort
        A column and whether it descends.

    Raises
    ------
    DataError
        When the table cannot be read or a step cannot be fitted.
    """
    with _LOCK:
        stage = _stage(data, upto, base)
        order = _order(stage, sort) if sort is not None else None
    at = slice(offset, offset + limit) if order is None else order[offset : offset + limit]
    source, shown = stage.rows[at], stage.after(at)
    columns = tuple(name for name in shown.columns if name != ROW)
    numbers = row_numbers(source)
    return PreviewTable(
        columns,
        stage.rows.height,
        offset,
        tuple(numbers.tolist()),
        tuple(PARTS[part] for part in stage.parts[numbers]),
        tuple(_column(_readable(shown.get_column(name), stage), source, name) for name in columns),
    )


def _readable(cells: pl.Series, stage: Stage) -> pl.Series:
    """Spell out tokens, as far as a cell shows them."""
    if not cells.dtype.is_nested():
        return cells
    state = next(each.state for each in stage.steps if each.state.get("name") == cells.name)
    names = texts.spelt(state)
    between = " " if state["unit"] == "words" else "·"
    spelt = [
        between.join(names[at] for at in ids[:_SPELT]) + (" ..." if len(ids) > _SPELT else "")
        for ids in cells.to_list()
    ]
    return pl.Series(cells.name, spelt, dtype=pl.String)


@dataclass(frozen=True, slots=True)
class PictureList:
    """All pictures of a source, in the order of its rows; those that are left out too.

    Parameters
    ----------
    names
        Paths in the folder, as the source names files.
    labels
        Classes as the source has them, without what the project says of single pictures; empty
        where nothing is known.
    parts
        As in `PreviewTable`.
    """

    paths: tuple[str, ...]
    names: tuple[str, ...]
    labels: tuple[str, ...]
    parts: tuple[str, ...]


def pictures(data: DataConfig, base: Path | None = None, *, split: bool = True) -> PictureList:
    """List the pictures with their labels and parts; without ``split`` parts are not known yet.

    Raises
    ------
    DataError
        When the source cannot be read, or has no column of pictures.
    """
    column = next((each.name for each in data.columns if each.kind == "image"), None)
    if column is None:
        raise DataError("The data has no column of pictures.", fix="Choose a folder of pictures.")
    with _LOCK:
        _, rows = _table(data.changed(source=data.source.elsewhere()), base)
        stage = _stage(data, 0, base) if split else None
    target = data.target
    labels = [""] * rows.height
    if target is not None:
        labels = rows.get_column(target.name).cast(pl.String).fill_null("").to_list()
    assert data.path is not None
    path = resolve(data.path, base)
    folder = path.parent if path.is_file() else path
    paths = rows.get_column(column).fill_null("").to_list()
    return PictureList(
        tuple(paths),
        tuple(names_of(paths, folder)),
        tuple(labels),
        ("",) * rows.height
        if stage is None
        else tuple(PARTS[part] for part in stage.parts[row_numbers(stage.rows)]),
    )


def _column(now: pl.Series, source: pl.DataFrame, name: str) -> PreviewColumn:
    after = tuple(now.to_list())
    if name not in source.columns:
        return PreviewColumn(after, after, (False,) * len(after))
    before = tuple(source.get_column(name).to_list())
    return PreviewColumn(after, before, tuple(a != b for a, b in zip(after, before, strict=True)))


def stage_of(data: DataConfig, upto: int | None = None, base: Path | None = None) -> Stage:
    """Return all rows and the steps that `preview` would apply to those in sight.

    Raises
    ------
    DataError
        When the table cannot be read or a step cannot be fitted.
    """
    with _LOCK:
        return _stage(data, upto, base)


@dataclass(frozen=True, slots=True)
class Stage:
    """All rows as they are in the source, and the fitted steps that change them.

    Only the rows in sight are changed, unless a step looks at the rows around. ``parts`` are places
    in `PARTS` by row number; equal ``key``, equal rows. ``recipe`` are all steps in use.
    """

    key: tuple[Any, ...]
    rows: pl.DataFrame
    steps: tuple[FittedStep, ...]
    parts: NDArray[np.uint8]
    recipe: tuple[Step, ...]

    def after(self, at: slice | NDArray[np.uint32] = _ALL) -> pl.DataFrame:
        """Return some of the rows as the steps leave them."""
        far = reach(fitted.step for fitted in self.steps)
        if not far:
            return self._through(self.rows[at])
        if not spill.is_spilled(8 * self.rows.height):
            changed: pl.DataFrame = _changed.get_or(self.key, self._whole)
            return changed[at]
        return self._around(np.arange(self.rows.height)[at], far)

    def column(self, name: str) -> pl.Series | None:
        """Return a column as the steps leave it, of ids their numbers; None without one."""
        if name not in self.after(slice(0, 1)).columns:
            return None

        def some(_: pl.DataFrame, which: slice) -> pl.DataFrame:
            column = self.after(which).get_column(name)
            column = column.list.len() if column.dtype.is_nested() else column
            return column.cast(pl.Float64 if column.dtype.is_integer() else column.dtype).to_frame()

        return spill.by_slices(self.rows, some).to_series()

    def part_of(self, rows: pl.DataFrame) -> list[str]:
        """Return the parts that some of the rows are in; see `PreviewTable`."""
        return [PARTS[part] for part in self.parts[row_numbers(rows)]]

    def _through(self, rows: pl.DataFrame) -> pl.DataFrame:
        for fitted in self.steps:
            rows = fitted.apply(rows)
        return rows

    def _whole(self) -> pl.DataFrame:
        rows, groups = self.rows, self._groups()
        for fitted in self.steps:
            rows = fitted.apply(rows, groups)
        return rows

    def _groups(self) -> Groups:
        groups = row_groups(self.recipe, self.rows, self.parts[row_numbers(self.rows)])
        assert groups is not None
        return groups

    def _around(self, places: NDArray[np.int64], far: int) -> pl.DataFrame:
        """Return rows that hang on so many before them of their own part and series."""
        groups = self._groups()
        found, where = [], []
        for code in np.unique(groups[places]):
            own = spill.places_of(code, groups)
            wanted = np.flatnonzero(groups[places] == code)
            ends = np.searchsorted(own, places[wanted])
            needed = np.unique((ends[:, None] - np.arange(far + 1)).clip(0))
            rows = self._through(self.rows[own[needed]])
            found.append(rows[np.searchsorted(needed, ends)])
            where.append(wanted)
        if not found:
            return self._through(self.rows.head(0))
        return pl.concat(found)[np.argsort(np.concatenate(where))]


def _stage(data: DataConfig, upto: int | None, base: Path | None) -> Stage:
    """Read, clean, split and fit; what did not change since an earlier request is taken over."""
    table, raw = _table(data, base)
    steps = active(data.recipe)
    on_rows = tuple(step for _, step in steps if step.stage == "rows")
    split = (table, on_rows, data.split)
    parts = _parts.get_or(
        split, lambda: _part_of_rows(data, raw, _clean(data, table, raw, on_rows))
    )
    above = [step for index, step in steps if upto is None or index < upto]
    dropping = tuple(step for step in above if step.stage == "rows")
    rows = _clean(data, table, raw, dropping) if dropping else raw
    fitted = tuple(step for step in above if step.stage == "fitted")
    series = tuple(step.series for _, step in steps if isinstance(step, Windows))
    learnt = (split, tuple(column.name for column in data.features), series)
    done = _fit(data, learnt, raw, parts, fitted) if fitted else ()
    recipe = tuple(step for _, step in steps)
    return Stage((learnt, dropping, fitted), rows, done, parts, recipe)


def _table(data: DataConfig, base: Path | None) -> tuple[tuple[Any, ...], pl.DataFrame]:
    """Return the rows of the source, numbered, and what they hang on."""
    assert data.path is not None
    path = resolve(data.path, base)
    typed = tuple((column.name, column.kind, column.role == "target") for column in data.columns)
    key = (path, stamp(data, base), data.source, data.csv, typed)
    frame: pl.DataFrame = _raws.get_or(key, lambda: spill.numbered(sources.read(data, base)))
    return key, frame


def _clean(
    data: DataConfig, table: tuple[Any, ...], raw: pl.DataFrame, steps: tuple[Step, ...]
) -> pl.DataFrame:
    """Return the rows that some row steps keep."""

    def clean() -> pl.DataFrame:
        kept, _ = clean_rows(data.changed(recipe=steps), raw)
        return raw if kept.height == raw.height else kept

    frame: pl.DataFrame = _cleans.get_or((table, steps), clean)
    return frame


def _part_of_rows(data: DataConfig, raw: pl.DataFrame, clean: pl.DataFrame) -> NDArray[np.uint8]:
    """Return the place in `PARTS` of each row of the source; shape (rows,)."""
    if data.target is None or not clean.height:
        return np.zeros(raw.height, dtype=np.uint8)
    numbers = row_numbers(clean)
    return part_codes(numbers, split_table(clean, numbers, data), raw.height)


def _fit(
    data: DataConfig,
    key: tuple[Any, ...],
    raw: pl.DataFrame,
    parts: NDArray[np.uint8],
    steps: tuple[Step, ...],
) -> tuple[FittedStep, ...]:
    """Fit steps, each on the training rows as those above leave them."""
    keys = [(key, steps[: at + 1]) for at in range(len(steps))]
    if all(each in _fits for each in keys):
        return tuple(_fits.get_or(each, tuple) for each in keys)
    wanted, target = [column.name for column in data.features], None
    taught = data.target if any(step.supervised for step in steps) else None
    if taught is not None:
        wanted.append(taught.name)
    training = spill.gathered(raw.select(wanted), spill.places_of(TRAIN, parts))
    if taught is not None:
        target = fit_target(data, taught, training.get_column(taught.name))
    groups = row_groups((step for _, step in active(data.recipe)), raw)
    seen = None if groups is None else spill.taken(groups, spill.places_of(TRAIN, parts))
    learning = Learning.begin(data, training, target, seen)
    first = raw.head(1).select(learning.frame.columns)
    done: list[FittedStep] = []
    for at, (each, step) in enumerate(zip(keys, steps, strict=True), 1):
        done.append(_fits.get_or(each, partial(learning.fit, step)))
        first = done[-1].apply(first)
        learning.follow_by_slices(done[-1], first, steps[at:])
    return tuple(done)


def _order(stage: Stage, sort: tuple[str, bool]) -> NDArray[np.uint32] | None:
    """Return the places of the rows sorted by a column; None when the steps leave no such one."""
    name, descending = sort

    def order() -> NDArray[np.uint32] | None:
        if (column := stage.column(name)) is None:
            return None
        return column.arg_sort(descending=descending, nulls_last=True).to_numpy()

    found: NDArray[np.uint32] | None = _orders.get_or((stage.key, sort), order)
    return found
