"""Tables in files of any format: what is in them, and reading them with the kinds one chose."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import polars as pl

from modelstudio.data.sources import Portion, SourceInfo, finish, mapped
from modelstudio.data.sources import resolve as resolve
from modelstudio.data.sources.dates import DateOrder
from modelstudio.data.sources.dialect import HEAD, CsvDialect, read_head, sniff
from modelstudio.data.sources.encoding import decode_head
from modelstudio.data.sources.files import check_file, file_mark, first_bytes
from modelstudio.data.sources.numbers import (
    all_to_numbers,
    decimals_of,
    is_measurable,
    without_decimal_commas,
)
from modelstudio.data.sources.records import find_records, rows_of, whole_records
from modelstudio.data.sources.text_table import TextTable, parse_text, read_text
from modelstudio.data.sources.values import WHOLE, typed, typed_alone, without_words
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import Table

KEPT_BYTES = 1 << 30
"""A table that takes more memory is read anew each time instead of being kept."""

SMALL_FILE = 32 << 20
"""The text of all cells of a smaller file is kept; of a larger one numbers are kept as such."""

TOGETHER = 200_000
"""Cells of several columns that become numbers at once."""

FEW_VALUES = 20
"""So few different numbers may be classes, whose text counts."""


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


_NARROW: dict[str, pl.DataType] = {"number": pl.Float64(), "date": pl.Datetime("ms")}
"""What cells of a kind become that need no text."""

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
    if (reader := _format(path)) is None and _is_mapped(path, data.csv):
        frame = yield from _read_mapped(path, data, wanted)
    elif reader is None:
        table = yield from _read_text(path, data.csv, as_numbers, exact=False)
        types = table.frame.schema
        if lost := {
            each.name
            for each in wanted
            if each.name in table.textless and types[each.name] != _NARROW.get(each.kind)
        }:
            table = yield from _with_text(path, data.csv, table, lost)
        frame = table.frame
        if check_file(path).st_size > SMALL_FILE:
            frame = _narrowed(path, data, table).frame
    else:
        frame = yield from read_file(path, data, reader)
        if mapped.is_large(check_file(path).st_size):
            frame = _with_kinds(
                mapped.key_of(*_key(path, data.csv, data.source)), frame, wanted, data
            )
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
    numbers = _numbers(frame, [each.name for each in present if each.kind == "number"])
    return pl.DataFrame(
        [
            numbers[each.name]
            if each.name in numbers
            else typed(frame.get_column(each.name), each, data.csv.dates)
            for each in present
        ]
    )


def _numbers(frame: pl.DataFrame, names: Sequence[str]) -> dict[str, pl.Series]:
    """Read those columns of a wide table that are text as numbers, many at once."""
    types = frame.schema
    text = [name for name in names if types[name] == pl.String]
    together = TOGETHER // max(1, frame.height)
    if together < 2:
        return {}
    parts = (
        all_to_numbers(pl.DataFrame([frame.get_column(each) for each in text[at : at + together]]))
        for at in range(0, len(text), together)
    )
    return {column.name: column for part in parts for column in part}


def reading_plain(path: Path, data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
    """Read a table of whose columns nothing is known; see `sources.read_plain`."""
    _check_sheet(path, data)
    if (reader := _format(path)) is not None:
        return (yield from read_file(path, data, reader))
    if _is_mapped(path, data.csv):
        return (yield from _read_mapped(path, data, ()))
    small = check_file(path).st_size <= SMALL_FILE
    numbers = [] if small else _measuring(path, data.csv)
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
        content = _lines(path, head, dialect)
        records = find_records(content, dialect.delimiter)
        rows = len(rows_of(content, records, len(dialect.columns))) - dialect.skip
    else:
        rows = round(size / len(head) * head.count(b"\n")) - dialect.skip
    reading = {"decimals": "comma"} if dialect.decimal_comma else {}
    return SourceInfo(path, dialect.columns, rows, size, dialect.notes, reading)


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
    frame = _head(path, data.csv, rows) if reader is None else reader.head(path, data, rows)
    if frame is None or not data.columns:
        return frame
    missing = [column.name for column in data.columns if column.name not in frame.columns]
    if missing:
        raise _absent(path, missing, frame.columns, data.columns)
    return pl.DataFrame(
        [typed(frame.get_column(each.name), each, data.csv.dates) for each in data.columns]
    )


def _head(path: Path, options: CsvOptions, rows: int) -> pl.DataFrame | None:
    """Read the first rows of a text table, looking at its first bytes only."""
    first = read_head(path)
    if check_file(path).st_size <= len(first):
        return None
    dialect = sniff(path, options)
    content = _lines(path, first, dialect)
    content = content[: whole_records(content)]
    if not content:
        return None
    records = find_records(content, dialect.delimiter)
    whole = rows_of(content, records, len(dialect.columns))[dialect.skip :][:rows]
    if not len(whole):
        return None
    return parse_text(path, content[: records.ends[whole[-1]]], dialect, options)


def _lines(path: Path, head: bytes, dialect: CsvDialect) -> bytes:
    """Return the beginning of a text table as UTF-8, its lines ended by line feeds."""
    text = decode_head(path, head, dialect.encoding).encode()
    text = dialect.rewriting.rewritten(text)
    return text.replace(b"\r", b"\n") if dialect.returns else text


def _is_mapped(path: Path, options: CsvOptions) -> bool:
    size = check_file(path).st_size
    return mapped.is_large(size) and mapped.is_large(size, len(sniff(path, options).columns))


def _measuring(path: Path, options: CsvOptions) -> list[str]:
    """Return the columns whose text may go, by the first rows."""
    first = _head(path, options, 10_000)
    return [] if first is None else [column.name for column in first if _measures(column)]


def _measures(text: pl.Series) -> bool:
    """Tell whether the text of a column may go: plain numbers that are neither ids nor classes."""
    known = text.drop_nulls()
    numbers = known.cast(pl.Float64, strict=False)
    if not len(known) or numbers.null_count() or not is_measurable(numbers):
        return False
    if (numbers.abs() > WHOLE).any() and known.str.contains(r"^[+-]?\d+$").all():
        return False
    distinct = numbers.n_unique()
    ids = distinct == len(known) and bool((numbers == numbers.round()).all())
    return distinct > FEW_VALUES and not ids


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


_last: tuple[tuple[object, ...], TextTable] | None = None
"""The table read last, by its file and how it was read: guessing, fitting and showing follow."""


def as_read_last(data: DataConfig, base: Path | None = None) -> pl.DataFrame | None:
    """Return the cells of a project's table before they became its kinds, if they are still held.

    In a large table numbers may be held without their text.
    """
    if data.path is None or not isinstance(data.source, Table):
        return None
    path = resolve(data.path, base)
    how = (data.csv,) if _format(path) is None else (data.csv, data.source)
    held = _last
    return held[1].frame if held is not None and held[0] == _key(path, *how) else None


def _read_text(
    path: Path, options: CsvOptions, numbers: Sequence[str] | set[str], *, exact: bool
) -> Generator[Portion, None, TextTable]:
    """Read a text table; one that was read last, is still the same and says enough is taken over.

    Without ``numbers`` all text is needed.
    """
    key = _key(path, options)
    if (held := _last) is not None and held[0] == key:
        table = held[1]
        if not table.textless or (numbers and (table.exact or not exact)):
            return table
    small = check_file(path).st_size <= SMALL_FILE
    table = yield from read_text(path, options, () if small else numbers, exact=exact)
    _keep(key, table)
    return table


def _with_text(
    path: Path, options: CsvOptions, table: TextTable, names: set[str]
) -> Generator[Portion, None, TextTable]:
    """Read the text of some columns of which only the numbers were kept."""
    text = yield from read_text(path, options, only=names)
    table = table.with_text(text.frame)
    _keep(_key(path, options), table)
    return table


def _narrowed(path: Path, data: DataConfig, table: TextTable) -> TextTable:
    """Keep numbers and dates of a large table as such, which takes less memory than their text."""
    held = set(table.frame.columns) - table.textless
    values = (
        typed(table.frame.get_column(column.name), column, data.csv.dates)
        for column in data.columns
        if column.kind in _NARROW and column.name in held
    )
    narrowed = table.without_text(values)
    _keep(_key(path, data.csv), narrowed)
    return narrowed


def _read_mapped(
    path: Path, data: DataConfig, columns: Sequence[Column]
) -> Generator[Portion, None, pl.DataFrame]:
    """Map a text table, columns as their kinds; what is not in files yet is written to some."""
    key = mapped.key_of(*_key(path, data.csv))
    if (frame := mapped.opened(key)) is None:
        numbers = _measuring(path, data.csv)
        frame = (yield from read_text(path, data.csv, numbers, key=key)).frame
    types = frame.schema
    wanted = {column.name: column for column in columns if column.name in types}
    lost = [
        name
        for name, column in wanted.items()
        if types[name] != pl.String and types[name] != _NARROW.get(column.kind)
    ]
    if lost:
        again = mapped.key_of(key, "text", *lost)
        if (text := mapped.opened(again)) is None:
            text = (yield from read_text(path, data.csv, only=lost, key=again)).frame
        frame = frame.with_columns(text.get_columns())
    return _with_kinds(key, frame, wanted.values(), data)


def _with_kinds(
    key: str, frame: pl.DataFrame, columns: Iterable[Column], data: DataConfig
) -> pl.DataFrame:
    """Put columns that are mapped as their kinds in the place of those that are of others."""
    held = frame.schema
    for column in columns:
        name, kind = column.name, _NARROW.get(column.kind, pl.String())
        if held.get(name, kind) == kind:
            continue
        as_kind = mapped.key_of(key, name, kind, data.csv.dates)
        if (values := mapped.opened(as_kind)) is None:
            values = _write_as_kind(as_kind, frame.get_column(name), column, data.csv.dates)
        frame = frame.with_columns(values.get_columns())
    return frame


def _write_as_kind(
    key: str, cells: pl.Series, column: Column, dates: DateOrder | None
) -> pl.DataFrame:
    """Write a column as its kind: some cells at a time, unless that takes a look at all of them."""
    with mapped.Writing(key) as writing:
        for start in range(0, len(cells), TOGETHER):
            made = typed_alone(cells[start : start + TOGETHER], column)
            if made is None:
                break
            writing.add([made])
        else:
            return writing.finish([column.name])
    return mapped.written(key, [typed(cells, column, dates)])


def read_file(
    path: Path, data: DataConfig, reader: FileFormat
) -> Generator[Portion, None, pl.DataFrame]:
    """Read a file with types of its own, or take over what was read last."""
    key = _key(path, data.csv, data.source)
    if mapped.is_large(check_file(path).st_size):
        return (yield from _map_file(path, data, reader, mapped.key_of(*key)))
    if (held := _last) is not None and held[0] == key:
        return held[1].frame
    frame = yield from reader.read(path, data)
    frame = _usual(frame, data.csv.missing, _has_commas(frame, data.csv))
    _keep(key, TextTable(frame))
    return frame


def _map_file(
    path: Path, data: DataConfig, reader: FileFormat, key: str
) -> Generator[Portion, None, pl.DataFrame]:
    """Map a file with types of its own, after writing its columns to files."""
    if (frame := mapped.opened(key)) is not None:
        return frame
    raw = f"{key}-raw"
    if (frame := mapped.opened(raw)) is None:
        with mapped.Writing(raw) as into:
            frame = yield from reader.read(path, data, into)
    words, commas = data.csv.missing, _has_commas(frame, data.csv)
    if not words and not commas:
        return frame
    return mapped.written(key, (_usual(each.to_frame(), words, commas)[:, 0] for each in frame))


def _usual(frame: pl.DataFrame, words: Sequence[str], commas: bool) -> pl.DataFrame:
    """Take words for missing, and write text with a decimal comma the usual way."""
    frame = without_words(frame, words)
    return frame.with_columns(map(without_decimal_commas, frame)) if commas else frame


def _has_commas(frame: pl.DataFrame, options: CsvOptions) -> bool:
    """Tell whether numbers that are text have a decimal comma."""
    if (decimals := options.decimals) is None:
        few = frame.head(200).select(pl.col(pl.String).drop_nulls().implode())
        decimals = decimals_of(column[0].to_list() for column in few)
    return decimals == "comma"


def _keep(key: tuple[object, ...], table: TextTable) -> None:
    global _last
    _last = (key, table) if table.frame.estimated_size() <= KEPT_BYTES else None


def _key(path: Path, *how: object) -> tuple[object, ...]:
    stat = check_file(path)
    return (path, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, *how)
