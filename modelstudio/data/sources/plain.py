"""From the types of other formats to the few that the program knows, losing nothing that counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import cast

import polars as pl

from modelstudio.data.sources import Portion
from modelstudio.data.sources.dates import within_reach
from modelstudio.data.sources.header import unique_names
from modelstudio.data.sources.mapped import Writing
from modelstudio.data.sources.numbers import measurable
from modelstudio.data.sources.values import WHOLE, as_text


def plain_types(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn each column into Float64, Datetime or String; names are made unique.

    Whole numbers too great for a double stay text, true and false become categories, lists and
    records become JSON. Spaces at the ends of text do not count and empty text is missing, as in a
    text table. A column of bytes has no value in any cell.
    """
    names = unique_names(frame.columns)
    return pl.DataFrame(
        [_plain(column.alias(name)) for column, name in zip(frame, names, strict=True)]
    )


def _plain(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if dtype.is_integer():
        ends = [cast(int, end) for end in (column.min(), column.max()) if end is not None]
        exact = all(abs(end) <= WHOLE for end in ends)
        return column.cast(pl.Float64 if exact else pl.String)
    if dtype.is_numeric():
        return measurable(column.cast(pl.Float64))
    if dtype == pl.Boolean:
        return column.cast(pl.String)
    if dtype == pl.Date:
        return within_reach(column.cast(pl.Datetime("ms")).to_frame()).to_series()
    if isinstance(dtype, pl.Datetime):
        local = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
        times = local.dt.replace_time_zone(None).cast(pl.Datetime("ms"))
        return within_reach(times.to_frame()).to_series()
    if dtype == pl.Duration:
        return column.dt.total_milliseconds().cast(pl.Float64) / 1000
    if dtype.is_nested():
        cells = [None if cell is None else _as_json(cell) for cell in column.to_list()]
        return pl.Series(column.name, cells, pl.String)
    if dtype == pl.Binary or dtype == pl.Object:
        return pl.Series(column.name, [None], pl.String).new_from_index(0, len(column))
    text = column.cast(pl.String).str.strip_chars()
    return text.set(text == "", None)


def from_values(columns: dict[str, Sequence[object]]) -> pl.DataFrame:
    """Make a table of Python values: numbers where all are, text where any is not."""
    return pl.DataFrame([_from_values(name, values) for name, values in columns.items()])


def _from_values(name: str, values: Sequence[object]) -> pl.Series:
    numbers = all(
        value is None
        or isinstance(value, float)
        or (isinstance(value, int) and not isinstance(value, bool) and abs(value) <= WHOLE)
        for value in values
    )
    if numbers:
        return measurable(pl.Series(name, values, pl.Float64, strict=False))
    text = pl.Series(name, [_as_cell(value) for value in values], pl.String).str.strip_chars()
    return text.set(text == "", None)


def _as_cell(value: object) -> str | None:
    if value is None or isinstance(value, bytes):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) <= WHOLE:
        return str(int(value))
    return _as_json(value) if isinstance(value, (bool, list, dict)) else str(value)


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def joined(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Put tables in plain types below one another; a column that one lacks is missing there.

    Where they do not agree on the type of a column it becomes text.
    """
    held = list(frames)
    types: dict[str, pl.DataType] = {}
    for frame in held:
        _agree(types, frame)
    return pl.concat(map(partial(_conformed, types), held), rechunk=True)


def joining(
    blocks: Callable[[], Iterator[tuple[pl.DataFrame, Portion]]], into: Writing | None
) -> Generator[Portion, None, pl.DataFrame | None]:
    """Put tables below one another as `joined` does, telling how far it is; None of none at all.

    Parameters
    ----------
    into
        Where the columns are written. They come twice then, as their types have to agree first.
    """
    held: list[pl.DataFrame] = []
    types: dict[str, pl.DataType] = {}
    for frame, portion in blocks():
        if frame.width:
            _agree(types, frame)
            if into is None:
                held.append(frame)
        yield portion
    if into is None or not types:
        return joined(held) if held else None
    for frame, portion in blocks():
        if frame.width:
            into.add(_conformed(types, frame))
        yield portion
    return into.finish(types)


def _agree(types: dict[str, pl.DataType], frame: pl.DataFrame) -> None:
    """Note the types of columns: Null of what was missing so far, text where they differ."""
    for column in frame:
        known = types.get(column.name)
        if column.null_count() == len(column):
            types.setdefault(column.name, pl.Null())
        elif known is None or known == pl.Null:
            types[column.name] = column.dtype
        elif known != column.dtype:
            types[column.name] = pl.String()


def _conformed(types: dict[str, pl.DataType], frame: pl.DataFrame) -> pl.DataFrame:
    columns = {column.name: column for column in frame}
    final = {name: pl.String() if dtype == pl.Null else dtype for name, dtype in types.items()}
    return pl.DataFrame(
        [_as_type(columns.get(name), name, dtype, frame.height) for name, dtype in final.items()]
    )


def _as_type(column: pl.Series | None, name: str, dtype: pl.DataType, rows: int) -> pl.Series:
    if column is None or column.null_count() == rows:
        return pl.Series(name, [None], dtype).new_from_index(0, rows)
    return as_text(column) if dtype == pl.String else column
