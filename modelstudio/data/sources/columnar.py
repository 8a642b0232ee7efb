"""Parquet and Arrow files: a few columns at a time, in the types they have."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from polars import selectors

from modelstudio.data.sources import Portion, SourceInfo
from modelstudio.data.sources.dialect import MOST_COLUMNS
from modelstudio.data.sources.files import (
    check_file,
    damaged,
    first_bytes,
    foreign,
    no_rows,
    too_wide,
)
from modelstudio.data.sources.header import unique_names
from modelstudio.data.sources.mapped import Writing
from modelstudio.data.sources.plain import plain_types
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig

CELLS = 5_000_000
"""Cells read at once."""

GLANCE = 100_000
"""Rows whose dates are looked at to describe a table."""

SMALL = 1 << 20
"""A smaller file is read whole at once."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Format:
    """How files of one kind are told and read."""

    what: str
    mark: bytes
    scan: Callable[[Path], pl.LazyFrame]
    read: Callable[..., pl.DataFrame]


_PARQUET = _Format("Parquet", b"PAR1", pl.scan_parquet, pl.read_parquet)
_ARROW = _Format("Arrow", b"ARROW1", pl.scan_ipc, pl.read_ipc)
_STREAM = b"\xff\xff\xff\xff"
_OLD_FEATHER = b"FEA1"


def read(
    path: Path, data: DataConfig, into: Writing | None = None
) -> Generator[Portion, None, pl.DataFrame]:
    """Read the table, telling after some columns how many there are left."""
    opened = _format(path)
    names, rows = _shape(path, opened)
    if not rows:
        raise no_rows(path)
    together, final = max(1, CELLS // rows), unique_names(names)
    columns: list[pl.Series] = []
    for at in range(0, len(names), together):
        some = list(range(at, min(at + together, len(names))))
        part = _whole(path, opened.what, partial(opened.read, path, columns=some))
        read = [each.alias(final[at + place]) for place, each in enumerate(plain_types(part))]
        if into is None:
            columns += read
        else:
            into.add(read)
        yield Portion(min(at + together, len(names)), len(names))
    return pl.DataFrame(columns) if into is None else into.finish(final)


def inspect(path: Path, data: DataConfig) -> SourceInfo:
    """Describe the table from what stands at its end."""
    opened = _format(path)
    names, rows = _shape(path, opened)
    schema = _whole(path, opened.what, lambda: opened.scan(path).collect_schema())
    notes = [
        f"{name} holds bytes, which cannot be used, and is left empty."
        for name, dtype in schema.items()
        if dtype == pl.Binary
    ]
    dates = opened.scan(path).head(GLANCE).select(selectors.date() | selectors.datetime())
    first = _whole(path, opened.what, dates.collect)
    notes += [
        f"{name} has dates before the year 1 or after 9999, which count as missing."
        for name, after in zip(first.columns, plain_types(first), strict=True)
        if after.null_count() > first.get_column(name).null_count()
    ]
    return SourceInfo(path, unique_names(names), rows, path.stat().st_size, tuple(notes))


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Read the first rows; None of a small file."""
    if check_file(path).st_size <= SMALL:
        return None
    opened = _format(path)
    _shape(path, opened)
    return plain_types(_whole(path, opened.what, lambda: opened.read(path, n_rows=rows)))


def _format(path: Path) -> _Format:
    """Tell by its ending and its first bytes what a file is."""
    start = first_bytes(path, 512)
    expected = _PARQUET if path.suffix.lower() in (".parquet", ".pq") else _ARROW
    if start.startswith(expected.mark):
        return expected
    if expected is _ARROW and start.startswith(_STREAM):
        return _Format("Arrow", _STREAM, lambda path: pl.read_ipc_stream(path).lazy(), _read_stream)
    if expected is _ARROW and start.startswith(_OLD_FEATHER):
        raise DataError(
            f"{path.name} is a Feather file of the first version, which is no longer read.",
            where=str(path),
            fix="Save it as Parquet in the program that made it.",
        )
    article = "an" if expected is _ARROW else "a"
    raise foreign(path, start, f"{article} {expected.what} file")


def _read_stream(path: Path, **how: Any) -> pl.DataFrame:
    return pl.read_ipc_stream(path, **how)


def _shape(path: Path, opened: _Format) -> tuple[list[str], int]:
    """Return the names of the columns and the number of rows."""
    names = _whole(path, opened.what, lambda: opened.scan(path).collect_schema().names())
    if len(names) > MOST_COLUMNS:
        raise too_wide(path, len(names), MOST_COLUMNS)
    rows = _whole(path, opened.what, lambda: opened.scan(path).select(pl.len()).collect().item())
    return names, int(rows)


def _whole(path: Path, what: str, work: Callable[[], T]) -> T:
    """Do something with a file; what goes wrong is the fault of the file."""
    try:
        return work()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError):
        raise damaged(path, what) from None
