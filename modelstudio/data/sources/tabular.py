"""Tables in files of any format: what is in them, and reading them with the kinds one chose."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import polars as pl

from modelstudio.data.sources import Portion, SourceInfo, finish, mapped
from modelstudio.data.sources import resolve as resolve
from modelstudio.data.sources.dates import all_to_dates
from modelstudio.data.sources.dialect import HEAD, as_cells, sniff
from modelstudio.data.sources.files import check_file, file_key, file_mark, first_bytes
from modelstudio.data.sources.first_rows import as_lines, first_rows, measuring
from modelstudio.data.sources.mapped_tables import is_mapped, map_file, read_mapped, with_kinds
from modelstudio.data.sources.numbers import all_to_numbers, clear_signs, may_have_commas
from modelstudio.data.sources.records import find_records, rows_of
from modelstudio.data.sources.text_table import TextTable, read_text
from modelstudio.data.sources.values import NARROW, as_usual, commas_in, typed, without_numbers
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column, Kind
from modelstudio.recipe.sources import Table

KEPT_BYTES = 1 << 30
"""A table that takes more memory is read anew each time instead of being kept."""

SMALL_FILE = 32 << 20
"""The text of all cells of a smaller file is kept; of a larger one numbers are kept as such."""

HEAD_ROWS = 200
"""First rows that tell how another table is written."""

TOGETHER = 200_000
"""Cells of several columns that become numbers or dates at once."""


class FileFormat(Protocol):
    """What a module offers that reads files with types of their own."""

    def read(
        self, path: Path, data: DataConfig, into: mapped.Writing | None = None
    ) -> Generator[Portion, None, pl.DataFrame]:
        """Read the table in the types of `plain.plain_types`; or write it, and map it then."""

    def inspect(self, path: Path, data: DataConfig) -> SourceInfo:
        """Describe the table without reading all of it."""

    def head(self, path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
        """Read the first rows at once; None when reading everything is as quick."""


_FORMATS: dict[str, str] = {
    **dict.fromkeys((".parquet", ".pq"), "columnar"),
    **dict.fromkeys((".arrow", ".feather", ".ipc"), "columnar"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "json_lines"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "excel"),
    **dict.fromkeys((".sqlite", ".sqlite3", ".db", ".db3"), "database"),
}
"""Module that reads files of each ending; every other file is text."""

_SEVERAL = ("excel", "database")
"""Modules that read files of several tables."""

SUFFIXES = (".csv", ".tsv", ".txt", *_FORMATS)
"""Endings of the files that are offered as tables."""


def reading(
    path: Path, data: DataConfig, *, target_needed: bool = True, features_only: bool = False
) -> Generator[Portion, None, pl.DataFrame]:
    """Read a table, each column as its kind; see `sources.read_table`."""
    wanted = [column for column in data.columns if not features_only or column.role != "ignored"]
    as_numbers = {column.name for column in wanted if column.kind == "number"}
    if (reader := _format(path)) is None and is_mapped(path, data.csv):
        frame = yield from read_mapped(path, data, wanted)
    elif reader is None:
        table = yield from _read_text(path, data.csv, as_numbers, exact=False)
        types = table.frame.schema
        if lost := {
            each.name
            for each in wanted
            if each.name in table.textless and types[each.name] != NARROW.get(each.kind)
        }:
            table = yield from _with_text(path, data.csv, table, lost)
        frame = table.frame
        if check_file(path).st_size > SMALL_FILE:
            frame = _narrowed(path, data, table).frame
    else:
        frame = yield from read_file(path, data, reader)
        if mapped.is_large(check_file(path).st_size):
            frame = with_kinds(mapped.key_of(*_file_key(path, data)), frame, wanted, data)
    return as_declared(path, frame, data, target_needed=target_needed, features_only=features_only)


def as_declared(
    path: Path,
    frame: pl.DataFrame,
    data: DataConfig,
    *,
    target_needed: bool = True,
    features_only: bool = False,
) -> pl.DataFrame:
    """Return the columns of a project, each as its kind; see `sources.read_table`.

    Raises
    ------
    DataError
        When one of them is not there.
    """
    if not data.columns:
        return frame
    wanted = [column for column in data.columns if not features_only or column.role != "ignored"]
    held = set(frame.columns)
    absent = [
        column.name
        for column in wanted
        if column.name not in held and (target_needed or column.role != "target")
    ]
    if absent:
        raise _absent(path, absent, frame.columns, data.columns)
    present = [column for column in wanted if column.name in held]
    csv = data.csv
    units = None if csv.forms is None else {form.column: form.unit for form in csv.forms}
    read = _read_together(
        frame,
        present,
        "number",
        lambda text: without_numbers(all_to_numbers(text, units), csv.missing),
    )
    if csv.forms is None:
        read |= _read_together(frame, present, "date", partial(all_to_dates, order=csv.dates))
    return pl.DataFrame(
        [
            read[each.name] if each.name in read else typed(frame.get_column(each.name), each, csv)
            for each in present
        ]
    )


def _read_together(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    kind: Kind,
    read: Callable[[pl.DataFrame], pl.DataFrame],
) -> dict[str, pl.Series]:
    """Read those columns of a wide table that are text but of another kind, many at once."""
    types = frame.schema
    text = [each.name for each in columns if each.kind == kind and types[each.name] == pl.String]
    together = TOGETHER // max(1, frame.height)
    if together < 2:
        return {}
    parts = (
        read(pl.DataFrame([frame.get_column(each) for each in text[at : at + together]]))
        for at in range(0, len(text), together)
    )
    return {column.name: column for part in parts for column in part}


def reading_plain(path: Path, data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
    """Read a table of whose columns nothing is known; see `sources.read_plain`."""
    _check_sheet(path, data)
    if (reader := _format(path)) is not None:
        return (yield from read_file(path, data, reader))
    if is_mapped(path, data.csv):
        return (yield from read_mapped(path, data, ()))
    small = check_file(path).st_size <= SMALL_FILE
    numbers = [] if small else measuring(path, data.csv)
    table = yield from _read_text(path, data.csv, numbers, exact=True)
    return table.frame


def _check_sheet(path: Path, data: DataConfig) -> None:
    """Refuse a sheet of a file that has none."""
    wanted = data.source.sheet if isinstance(data.source, Table) else ""
    if wanted and _FORMATS.get(path.suffix.lower()) not in _SEVERAL:
        raise DataError(
            f"{path.name} holds a single table, so there is no sheet {wanted}.",
            where=str(path),
            fix="Leave the sheet out, or choose a workbook or a database.",
        )


def read(data: DataConfig, base: Path | None = None) -> pl.DataFrame:
    """Read the table of a project; see `sources.read`."""
    if data.path is None:
        raise DataError("The project has no data yet.", fix="Open a table on the Data page.")
    return read_table(resolve(data.path, base), data)


def with_own_sign(path: Path, data: DataConfig) -> DataConfig:
    """Return how another table is read whose first numbers may all have the other decimal sign."""
    csv, names = data.csv, {each.name for each in data.columns if each.kind == "number"}
    if csv.commas is None or not names:
        return data
    plain = data.changed(columns=(), csv=csv.changed(commas=(), decimals=None))
    try:
        frame = head(path, plain, HEAD_ROWS)
        frame = finish(reading_plain(path, plain)) if frame is None else frame
    except DataError:
        return data  # whoever reads it is told
    text = frame.head(HEAD_ROWS).select(pl.col(pl.String))
    cells = {each.name: each.drop_nulls().to_list() for each in text if each.name in names}
    signs = {sign for each in cells.values() for sign in clear_signs(each)}
    if signs != ({"point"} if names.intersection(csv.commas) else {"comma"}):
        return data
    commas = tuple(name for name, held in cells.items() if may_have_commas(held))
    return data.changed(csv=csv.changed(commas=commas if "comma" in signs else ()))


def read_table(
    path: Path, data: DataConfig, *, target_needed: bool = True, features_only: bool = False
) -> pl.DataFrame:
    """Read another table as if it were the project's own; see `sources.read_table`."""
    return finish(reading(path, data, target_needed=target_needed, features_only=features_only))


def inspect(path: Path, data: DataConfig | None = None) -> SourceInfo:
    """Describe a table without reading all of it.

    Raises
    ------
    DataError
        When it is no table.
    """
    data = data or DataConfig()
    if (reader := _format(path)) is not None:
        return reader.inspect(path, data)
    dialect = sniff(path, data.csv)
    head, size = first_bytes(path, HEAD), path.stat().st_size
    if size <= len(head):
        content = as_lines(path, head, dialect)
        records = find_records(content, dialect.delimiter)
        rows = len(rows_of(content, records, len(dialect.columns))) - dialect.skip
    else:
        rows = round(size / len(head) * head.count(b"\n")) - dialect.skip
    commas = tuple(name for name in dialect.columns if name in dialect.commas)
    reading = {"commas": commas, **({"decimals": "comma"} if commas else {})}
    return SourceInfo(path, dialect.columns, rows, size, dialect.notes, reading)


def naming(path: Path, options: CsvOptions, column: str) -> CsvOptions:
    """Return how a table is read that has a column of this name; see `sources.naming`."""
    if _format(path) is not None or column in sniff(path, options).columns:
        return options
    named = options.changed(header=True)
    return named if column in sniff(path, named).columns else options


def tables(path: Path, data: DataConfig) -> tuple[str, ...]:
    """Return the names of the tables of a file that holds several; see `sources.tables`."""
    if (module := _FORMATS.get(path.suffix.lower())) not in _SEVERAL:
        return ()
    found: tuple[str, ...] = import_module(f"modelstudio.data.sources.{module}").tables(path, data)
    return found


def fingerprint(path: Path, data: DataConfig | None = None) -> str:
    """Return a hash of a file's contents; the same rows give the same."""
    return file_mark(path)


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Read the first rows as `reading` would; see `sources.head`."""
    reader = _format(path)
    frame = first_rows(path, data.csv, rows) if reader is None else reader.head(path, data, rows)
    if frame is None or not data.columns:
        return frame
    missing = [column.name for column in data.columns if column.name not in frame.columns]
    if missing:
        raise _absent(path, missing, frame.columns, data.columns)
    return pl.DataFrame(
        [typed(frame.get_column(each.name), each, data.csv) for each in data.columns]
    )


def _format(path: Path) -> FileFormat | None:
    """Return what reads a file by its ending; None for text, which says itself when it is none."""
    module = _FORMATS.get(path.suffix.lower())
    if module is None:
        return None
    check_file(path)
    return cast(FileFormat, import_module(f"modelstudio.data.sources.{module}"))


def _absent(
    path: Path, absent: Sequence[str], held: Sequence[str], columns: Sequence[Column]
) -> DataError:
    """Say which columns a table lacks, and which it has instead."""
    known = {column.name for column in columns}
    others = [name for name in held if name not in known]
    has = f"It has {_listed(others)} besides" if others else "It has no other columns"
    return DataError(
        f"{path.name} has no column {_listed(absent)}.",
        where=str(path),
        fix=f"{has}; its columns are {_listed(held, 8)}. "
        "Choose a file with the same columns, or rename them.",
    )


def _listed(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (" ..." if len(names) > most else "")


_last: tuple[tuple[object, ...], TextTable, object] | None = None
"""The table read last, by its file and how its cells were taken from it: guessing, fitting and
showing follow. What it was made for tells how its columns without text were read, unless each of
their cells is a plain number."""


def as_read_last(data: DataConfig, base: Path | None = None) -> pl.DataFrame | None:
    """Return the cells of a project's table before they became its kinds, if they are still held.

    In a large table numbers may be held without their text.
    """
    if data.path is None or not isinstance(data.source, Table):
        return None
    path = resolve(data.path, base)
    key = _text_key(path, data.csv) if _format(path) is None else _file_key(path, data)
    held = _last
    return held[1].frame if held is not None and held[0] == key else None


def _text_key(path: Path, options: CsvOptions) -> tuple[object, ...]:
    return file_key(path, as_cells(path, options))


def _file_key(path: Path, data: DataConfig) -> tuple[object, ...]:
    return file_key(path, data.csv.changed(dates=None, forms=None), data.source)


def _kinds_of(options: CsvOptions) -> object:
    return options.dates, options.forms


def _read_text(
    path: Path, options: CsvOptions, numbers: Sequence[str] | set[str], *, exact: bool
) -> Generator[Portion, None, TextTable]:
    """Read a text table; one that was read last, is still the same and says enough is taken over.

    Without ``numbers`` all text is needed.
    """
    key, how = _text_key(path, options), None if exact else _kinds_of(options)
    if (held := _last) is not None and held[0] == key:
        table, alike = held[1], held[2] in (None, _kinds_of(options))
        if not table.textless or (numbers and alike and (table.exact or not exact)):
            return table
    small = check_file(path).st_size <= SMALL_FILE
    table = yield from read_text(path, options, () if small else numbers, exact=exact)
    _keep(key, table, how)
    return table


def _with_text(
    path: Path, options: CsvOptions, table: TextTable, names: set[str]
) -> Generator[Portion, None, TextTable]:
    """Read the text of some columns of which only the numbers were kept."""
    text = yield from read_text(path, options, only=names)
    table = table.with_text(text.frame)
    _keep(_text_key(path, options), table, _kinds_of(options))
    return table


def _narrowed(path: Path, data: DataConfig, table: TextTable) -> TextTable:
    """Keep numbers and dates of a large table as such, which takes less memory than their text."""
    held = set(table.frame.columns) - table.textless
    values = (
        typed(table.frame.get_column(column.name), column, data.csv)
        for column in data.columns
        if column.kind in NARROW and column.name in held
    )
    narrowed = table.without_text(values)
    _keep(_text_key(path, data.csv), narrowed, _kinds_of(data.csv))
    return narrowed


def read_file(
    path: Path, data: DataConfig, reader: FileFormat
) -> Generator[Portion, None, pl.DataFrame]:
    """Read a file with types of its own, or take over what was read last."""
    key = _file_key(path, data)
    if mapped.is_large(check_file(path).st_size):
        read = partial(reader.read, path, data)
        return (yield from map_file(mapped.key_of(*key), data.csv, read))
    if (held := _last) is not None and held[0] == key:
        return held[1].frame
    frame = yield from reader.read(path, data)
    frame = as_usual(frame, data.csv.missing, commas_in(frame, data.csv))
    _keep(key, TextTable(frame))
    return frame


def _keep(key: tuple[object, ...], table: TextTable, how: object = None) -> None:
    global _last
    _last = (key, table, how) if table.frame.estimated_size() <= KEPT_BYTES else None
