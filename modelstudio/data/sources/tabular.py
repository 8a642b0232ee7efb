"""Text tables: what is in them, and reading them with the types a person chose."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.sources import resolve
from modelstudio.data.sources.dialect import HEAD, CsvDialect, read_head, sniff, unreadable
from modelstudio.data.sources.encoding import as_lines, as_utf8, decode_head
from modelstudio.data.sources.records import BLOCK, Records, find_records
from modelstudio.data.sources.values import typed, without_decimal_commas
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig

KEPT_BYTES = 1 << 29
"""A larger file is read anew each time instead of being kept in memory."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a table is, from a look at its beginning; ``rows`` is an estimate for large files."""

    path: Path
    columns: tuple[str, ...]
    rows: int
    size_bytes: int
    dialect: CsvDialect


def inspect(path: Path, options: CsvOptions | None = None) -> SourceInfo:
    """Describe a table without reading all of it.

    Raises
    ------
    DataError
        When it is not a text table.
    """
    options = options or CsvOptions()
    dialect = sniff(path, options)
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD)
    if size <= len(head):
        content = as_utf8(path, head, dialect.encoding, found=not options.encoding)
        records = find_records(content, dialect.delimiter)
        rows = len(_rows_of(content, records, dialect))
    else:
        rows = round(size / len(head) * head.count(b"\n")) - dialect.skip
    return SourceInfo(path, dialect.columns, rows, size, dialect)


def fingerprint(path: Path) -> str:
    """Return a hash of a file's contents; the same rows give the same."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    except OSError as error:
        raise unreadable(path, error) from None


def read(data: DataConfig, base: Path | None = None) -> pl.DataFrame:
    """Read the table of a project, each column as its kind; without columns, all as text.

    Numbers become Float64 (unreadable and infinite ones are missing), dates Datetime, everything
    else String without spaces at the ends; an empty cell is missing. Blank lines are no rows.

    Raises
    ------
    DataError
        When there is no file, it is not a text table, or lacks a column.
    """
    if data.path is None:
        raise DataError("The project has no data yet.", fix="Open a table on the Data page.")
    return read_table(resolve(data.path, base), data)


def read_table(
    path: Path, data: DataConfig, *, target_needed: bool = True, features_only: bool = False
) -> pl.DataFrame:
    """Read another table as if it were the project's own.

    Parameters
    ----------
    target_needed
        Without it the target may be absent, as in rows to predict.
    features_only
        Ignored columns may be absent and are left out.
    """
    frame = _read_text(path, data.csv)
    return _typed(path, frame, data, target_needed=target_needed, features_only=features_only)


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Read the first rows as `read_table` would, looking at the first bytes only.

    None when the file is so small that this saves nothing, or no row ends within these bytes.

    Raises
    ------
    DataError
        When it is not a text table, or lacks a column.
    """
    first = read_head(path)
    if path.stat().st_size <= len(first):
        return None
    dialect = sniff(path, data.csv)
    content = as_lines(decode_head(path, first, dialect.encoding).encode())
    records = find_records(content, dialect.delimiter)
    whole = _rows_of(content, records, dialect)[:rows]
    whole = whole[whole < len(records.ends) - 1]
    if not len(whole):
        return None
    frame = _parse_content(path, content[: records.ends[whole[-1]]], dialect)
    return _typed(path, frame, data)


def _typed(
    path: Path,
    frame: pl.DataFrame,
    data: DataConfig,
    *,
    target_needed: bool = True,
    features_only: bool = False,
) -> pl.DataFrame:
    """Turn the columns of a table of text into their kinds."""
    if words := list(data.csv.missing):
        frame = frame.with_columns(
            pl.when(pl.all().is_in(words)).then(None).otherwise(pl.all()).name.keep()
        )
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
        known = {column.name for column in data.columns}
        others = [name for name in frame.columns if name not in known]
        has = f"It has {_listed(others)} besides" if others else "It has no other columns"
        raise DataError(
            f"{path.name} has no column {_listed(absent)}.",
            where=str(path),
            fix=f"{has}; its columns are {_listed(frame.columns, 8)}. "
            "Choose a file with the same columns, or rename them.",
        )
    present = [column for column in wanted if column.name in held]
    return pl.DataFrame([typed(frame.get_column(column.name), column) for column in present])


def _listed(names: list[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (" ..." if len(names) > most else "")


_last: tuple[tuple[object, ...], pl.DataFrame] | None = None
"""The table read last, by its file and how it was read: guessing, fitting and showing follow."""


def _read_text(path: Path, options: CsvOptions) -> pl.DataFrame:
    """Return a table as text; one that was read last and has not changed is not read again."""
    global _last
    try:
        stat = path.stat()
    except OSError as error:
        raise unreadable(path, error) from None
    key = (path, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, options)
    if (held := _last) is not None and held[0] == key:
        return held[1]
    frame = _parse_text(path, options)
    _last = (key, frame) if stat.st_size <= KEPT_BYTES else None
    return frame


def _parse_text(path: Path, options: CsvOptions) -> pl.DataFrame:
    """Read every cell as text, stripped; an empty one is null."""
    dialect = sniff(path, options)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None
    content = as_utf8(path, raw, dialect.encoding, found=not options.encoding)
    del raw
    return _parse_content(path, content, dialect)


def _parse_content(path: Path, content: bytes, dialect: CsvDialect) -> pl.DataFrame:
    if (null := content.find(b"\x00")) >= 0:
        line = content.count(b"\n", 0, null) + 1
        raise DataError(
            f"Line {line:,} of {path.name} holds binary data.",
            where=str(path),
            fix="Save the table again in the program that made it.",
        )
    records = find_records(content, dialect.delimiter)
    rows = _rows_of(content, records, dialect)
    if not len(rows):
        raise DataError(
            f"{path.name} has a header line but no rows.",
            where=str(path),
            fix="Choose a file with rows below the header.",
        )
    frame = None
    if (records.cells[rows] == len(dialect.columns)).all():
        try:
            frame = _parse(_joined(content, records, rows), dialect)
        except pl.exceptions.PolarsError:
            frame = None
    if frame is None or frame.height != len(rows):
        frame = _parse_slowly(path, content, dialect)
    if "\n" in (frame[-1, -1] or "") and not content.rstrip().endswith(b'"'):
        raise _unclosed(path, content.count(b"\n", 0, content.rfind(b'"')) + 1)
    frame = frame.with_columns(pl.all().str.strip_chars())
    frame = frame.with_columns(
        pl.when(pl.all().str.len_bytes() > 0).then(pl.all()).otherwise(None).name.keep()
    )
    if dialect.decimal_comma:
        frame = frame.with_columns(map(without_decimal_commas, frame.get_columns()))
    return frame


def _rows_of(content: bytes, records: Records, dialect: CsvDialect) -> NDArray[np.int64]:
    """Return which records are rows: not blank, and below the header."""
    first = np.frombuffer(content, np.uint8)[records.starts]
    filled = (first != ord("\n")) & (first != ord("\r"))
    if len(dialect.columns) > 1:
        for index in np.flatnonzero(filled & (records.cells == 1)):
            start, end = records.starts[index], records.ends[index]
            filled[index] = bool(content[start : min(end, start + 200)].strip())
    return np.flatnonzero(filled)[dialect.skip :]


def _joined(content: bytes, records: Records, rows: NDArray[np.int64]) -> bytes:
    """Return the text of the rows without what lies between and around them.

    It is copied in blocks, between which other threads have their turn.
    """
    gaps = np.flatnonzero(np.diff(rows) > 1)
    first, last = rows[np.append(0, gaps + 1)], rows[np.append(gaps, len(rows) - 1)]
    kept, text = memoryview(content), io.BytesIO()
    for start, end in zip(records.starts[first], records.ends[last], strict=True):
        for at in range(start, end, BLOCK):
            text.write(kept[at : min(at + BLOCK, end)])
    return text.getvalue()


def _parse(content: bytes, dialect: CsvDialect) -> pl.DataFrame:
    return pl.read_csv(
        content,
        separator=dialect.delimiter,
        has_header=False,
        schema=dict.fromkeys(dialect.columns, pl.String),
        infer_schema=False,
    )


def _parse_slowly(path: Path, content: bytes, dialect: CsvDialect) -> pl.DataFrame:
    """Read what the fast reader stumbles over, such as a lone quotation mark inside a cell.

    Raises
    ------
    DataError
        Naming the first line with too few or too many cells.
    """
    wide = len(dialect.columns)
    text = io.StringIO(content.decode(), newline="")
    reader = csv.reader(text, delimiter=dialect.delimiter, skipinitialspace=True)
    rows: list[list[str]] = []
    above, line = dialect.skip, 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise DataError(
                f"Line {line:,} of {path.name} cannot be read: {error}.",
                where=str(path),
                fix="Check that every quotation mark is closed.",
            ) from None
        if row is None:
            break
        if (len(row) > 1 or any(cell.strip() for cell in row)) and (above := above - 1) < 0:
            if len(row) != wide:
                raise _ragged(path, line, row, wide)
            rows.append(row)
        line = reader.line_num + 1
    return pl.DataFrame(rows, schema=dict.fromkeys(dialect.columns, pl.String), orient="row")


def _ragged(path: Path, line: int, row: list[str], wide: int) -> DataError:
    cells = "1 cell" if len(row) == 1 else f"{len(row):,} cells"
    if wide == 1:
        return DataError(
            f"{path.name} does not look like a table: line {line:,} has {cells}, the first line 1.",
            where=str(path),
            fix="Choose a file with a header line and rows of as many cells.",
        )
    if any("\n" in cell for cell in row):
        return _unclosed(path, line)
    return DataError(
        f"Line {line:,} of {path.name} has {cells}, but the header has {wide:,}.",
        where=str(path),
        fix="Mend that line; text that holds the delimiter needs quotation marks.",
    )


def _unclosed(path: Path, line: int) -> DataError:
    return DataError(
        f"A quotation mark in line {line:,} of {path.name} is never closed.",
        where=str(path),
        fix="Close it, or take it out.",
    )
