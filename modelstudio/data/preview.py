"""Rows of the table before and after the recipe, a slice at a time."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import polars as pl

from modelstudio.data.prepare import (
    FittedStep,
    active,
    clean_rows,
    columns_of,
    row_numbers,
    update_kinds,
)
from modelstudio.data.sources import ROW, resolve, tabular
from modelstudio.data.split import split_rows
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.project.model import DataConfig

_KEPT = 2
"""Tables that stay in memory between requests."""

_LOCK = Lock()
"""Requests come from several threads; a table is made once."""


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


@dataclass(frozen=True)
class _Table:
    raw: pl.DataFrame
    parts: dict[int, str]


_TABLES: OrderedDict[tuple[object, ...], _Table] = OrderedDict()
_STATES: OrderedDict[tuple[object, ...], tuple[pl.DataFrame, pl.DataFrame]] = OrderedDict()


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
    before, after, parts = _stage(data, upto, base)
    if sort is not None and sort[0] in after.columns:
        name, descending = sort
        order = after.get_column(name).arg_sort(descending=descending, nulls_last=True)
        before, after = before[order], after[order]
    shown, source = after.slice(offset, limit), before.slice(offset, limit)
    columns = tuple(name for name in shown.columns if name != ROW)
    rows = tuple(shown.get_column(ROW).to_list())
    return PreviewTable(
        columns,
        after.height,
        offset,
        rows,
        tuple(parts.get(row, "") for row in rows),
        tuple(_column(shown.get_column(name), source, name) for name in columns),
    )


def _column(now: pl.Series, source: pl.DataFrame, name: str) -> PreviewColumn:
    after = tuple(now.to_list())
    if name not in source.columns:
        return PreviewColumn(after, after, (False,) * len(after))
    before = tuple(source.get_column(name).to_list())
    return PreviewColumn(after, before, tuple(a != b for a, b in zip(after, before, strict=True)))


def _stage(
    data: DataConfig, upto: int | None, base: Path | None
) -> tuple[pl.DataFrame, pl.DataFrame, dict[int, str]]:
    """Return the kept rows as they were and as they are after some steps, and their parts."""
    assert data.path is not None
    path = resolve(data.path, base)
    stat = path.stat() if path.exists() else None
    stamp = (str(path), stat.st_mtime_ns, stat.st_size) if stat else (str(path),)
    decided = data.changed(fields=(), fingerprint=None).model_dump_json()
    table = _remembered(_TABLES, (*stamp, decided), lambda: _load(data, base))
    key = (*stamp, decided, upto)
    before, after = _remembered(_STATES, key, lambda: _applied(data, table, upto))
    return before, after, table.parts


def _remembered(kept: OrderedDict[tuple[object, ...], Any], key: Any, make: Any) -> Any:
    with _LOCK:
        if key not in kept:
            kept[key] = make()
            while len(kept) > _KEPT:
                kept.popitem(last=False)
        kept.move_to_end(key)
        return kept[key]


def _load(data: DataConfig, base: Path | None) -> _Table:
    raw = tabular.read(data, base).with_row_index(ROW)
    target = data.target
    if target is None:
        return _Table(raw, {})
    clean, _ = clean_rows(data, raw)
    if not clean.height:
        return _Table(raw, {})
    classes = None
    if target.kind != "number":
        classes = clean.get_column(target.name).rank("dense").to_numpy()
    parts = split_rows(row_numbers(clean), data.split, classes)
    numbers = row_numbers(clean)
    labels = {
        int(row): name
        for name in ("train", "validation", "test")
        for row in numbers[getattr(parts, name)]
    }
    return _Table(raw, labels)


def _applied(
    data: DataConfig, table: _Table, upto: int | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    steps = [step for index, step in active(data.recipe) if upto is None or index < upto]
    cut = data.changed(recipe=tuple(steps))
    before = table.raw
    if any(step.stage == "rows" for step in steps):
        before, _ = clean_rows(cut, table.raw)
    fitted = [step for step in steps if step.stage == "fitted"]
    if not fitted:
        return before, before
    train = np.array([row for row, part in table.parts.items() if part == "train"], dtype=np.int64)
    learning = table.raw[np.sort(train)]
    after = before
    kinds: dict[str, str] = {column.name: column.kind for column in data.features}
    for step in fitted:
        columns = columns_of(step, kinds)
        state = IMPLEMENTATIONS[type(step)].fit(step, learning, columns)
        one = FittedStep(step=step, state=state)
        learning, after = one.apply(learning), one.apply(after)
        update_kinds(kinds, columns, after)
    return before, after
