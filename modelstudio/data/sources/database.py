"""Databases: a table or a query of a SQLite file; servers are left to `server`."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import polars as pl

from modelstudio.data.sources import CHOOSE, Portion, SourceInfo, finish, server, tabular
from modelstudio.data.sources.beside import waiting
from modelstudio.data.sources.dialect import MOST_COLUMNS
from modelstudio.data.sources.files import (
    check_file,
    damaged,
    file_mark,
    first_bytes,
    foreign,
    no_rows,
    too_wide,
)
from modelstudio.data.sources.header import unique_names
from modelstudio.data.sources.kept import kept
from modelstudio.data.sources.mapped import Writing
from modelstudio.data.sources.plain import from_values, joining
from modelstudio.data.sources.statements import is_query, no_table, refused
from modelstudio.data.sources.tabular import as_declared, read_file
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import Database, Table, is_connection

ROWS = 50_000
"""Rows fetched at once, fewer where they are large."""

SMALL = 1 << 20
"""A smaller file is read whole at once."""

_MARK = b"SQLite format 3"


def reading(
    path: Path, data: DataConfig, *, target_needed: bool = True, features_only: bool = False
) -> Generator[Portion, None, pl.DataFrame]:
    """Run the query and return its rows; see `sources.read_table`."""
    if _is_table(path, data):
        table = data.changed(source=Table())
        return (
            yield from tabular.reading(
                path, table, target_needed=target_needed, features_only=features_only
            )
        )
    frame = yield from reading_plain(path, data)
    return as_declared(path, frame, data, target_needed=target_needed, features_only=features_only)


def reading_plain(path: Path, data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
    """Run the query and return its rows in the types that the database gives them."""
    if _is_table(path, data):
        return (yield from tabular.reading_plain(path, data.changed(source=Table())))
    if _address(path, data) is None:
        return (yield from read_file(path, data, sys.modules[__name__]))
    return server.without_missing((yield from server.reading(data)), data)


def read(
    path: Path, data: DataConfig, into: Writing | None = None
) -> Generator[Portion, None, pl.DataFrame]:
    """Read a SQLite file."""
    with closing(_open(path)) as connection:
        query = _query(path, connection, data)
        table = yield from joining(partial(_blocks, path, connection, query), into)
    if table is None:
        raise no_rows(path)
    return table


def _blocks(
    path: Path, connection: sqlite3.Connection, query: str
) -> Generator[tuple[pl.DataFrame, Portion], None, None]:
    done, fetched = 0, _fetched(path, connection, query, ROWS)
    nothing = pl.DataFrame()
    while True:
        call = partial(next, fetched, None)
        frame = yield from waiting((nothing, Portion(done)), call, connection.interrupt)
        if frame is None:
            return
        done += frame.height
        yield frame, Portion(done)


def inspect(path: Path, data: DataConfig) -> SourceInfo:
    """Describe what the query gives; how many rows is known only after running it."""
    if _address(path, data) is not None:
        frame = finish(server.reading(data))
        return SourceInfo(path, tuple(frame.columns), frame.height, 0, server.notes(data))
    with closing(_open(path)) as connection:
        query = _query(path, connection, data)
        columns = _columns(path, connection, f"SELECT * FROM ({query}\n) LIMIT 0")
        notes: tuple[str, ...] = ()
        taken, *others = _tables(path, connection) or ("",)
        if others and not _wanted(data):
            listed = ", ".join(others[:5]) + (" ..." if len(others) > 5 else "")
            told = f"The table {taken} was taken of {path.name}, which also has {listed}."
            notes = (f"{told} {CHOOSE}",)
    return SourceInfo(path, tuple(columns), None, path.stat().st_size, notes)


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Return the first rows; None of a small file, a server, and a query that may take long."""
    if _address(path, data) is not None or check_file(path).st_size <= SMALL:
        return None
    if is_query(_wanted(data)):
        return None
    with closing(_open(path)) as connection:
        frame = next(_fetched(path, connection, _query(path, connection, data), rows), None)
    if frame is None or not data.columns:
        return frame
    return as_declared(path, frame, data)


def fingerprint(path: Path, data: DataConfig) -> str:
    """Return a hash of the file, or of the rows that a server gave."""
    if _address(path, data) is None or _is_table(path, data):
        return file_mark(path)
    finish(server.reading(data))
    known = kept(data)
    assert known is not None
    return known.mark


def tables(path: Path, data: DataConfig) -> tuple[str, ...]:
    """Return the names of the tables and views, of a server those of its users.

    Raises
    ------
    DataError
        When the file is no database, or the server does not answer.
    """
    if _address(path, data) is None:
        with closing(_open(path)) as connection:
            return tuple(_tables(path, connection))
    return server.tables(data)


def _wanted(data: DataConfig) -> str:
    match data.source:
        case Database(query=query):
            return query.strip().rstrip(";")
        case Table(sheet=name):
            return name
    return ""


def _address(path: Path, data: DataConfig) -> str | None:
    """Return the address of the server, or None for a file."""
    return data.path if _is_own(path, data) and is_connection(data.path or "") else None


def _is_own(path: Path, data: DataConfig) -> bool:
    return data.path is not None and path == Path(data.path).expanduser()


def _is_table(path: Path, data: DataConfig) -> bool:
    """Tell another file that is no database, such as one of rows to predict."""
    return not _is_own(path, data) and not first_bytes(path, len(_MARK)).startswith(_MARK)


def _open(path: Path) -> sqlite3.Connection:
    """Open a SQLite file for reading alone."""
    check_file(path)
    start = first_bytes(path, 512)
    if not start.startswith(_MARK):
        raise foreign(path, start, "a SQLite database")
    size, pages = int.from_bytes(start[16:18]), int.from_bytes(start[28:32])
    whole = pages * (1 << 16 if size == 1 else size)
    if start[24:28] == start[92:96] and path.stat().st_size < whole:
        raise damaged(path, "SQLite")
    try:
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        return sqlite3.connect(address, uri=True, timeout=2, check_same_thread=False)
    except sqlite3.Error:
        raise damaged(path, "SQLite") from None


def _tables(path: Path, connection: sqlite3.Connection) -> list[str]:
    wanted = "type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    query = f"SELECT name FROM sqlite_master WHERE {wanted} ORDER BY rowid"
    try:
        return [name for (name,) in connection.execute(query)]
    except sqlite3.Error:
        raise damaged(path, "SQLite") from None


def _query(path: Path, connection: sqlite3.Connection, data: DataConfig) -> str:
    """Return the statement to run."""
    wanted, tables = _wanted(data), _tables(path, connection)
    if is_query(wanted):
        return wanted
    if not tables:
        raise DataError(f"{path.name} has no tables.", where=str(path), fix="Choose another file.")
    if wanted and wanted not in tables:
        raise no_table(path.name, wanted, tables, str(path))
    name = (wanted or tables[0]).replace('"', '""')
    return f'SELECT * FROM "{name}"'


def _fetched(
    path: Path, connection: sqlite3.Connection, query: str, rows: int
) -> Iterator[pl.DataFrame]:
    """Yield what a statement gives, some rows at a time."""
    with _explained(path):
        cursor = connection.execute(query)
        names = _names(path, cursor)
        many = min(rows, server.FIRST)
        while found := cursor.fetchmany(many):
            cells: list[Sequence[object]] = list(zip(*found, strict=True))
            frame = from_values(dict(zip(names, cells, strict=True)))
            yield frame
            many = min(rows, server.next_many(frame, found))


def _columns(path: Path, connection: sqlite3.Connection, query: str) -> list[str]:
    """Return the names of the columns that a statement gives."""
    with _explained(path):
        return _names(path, connection.execute(query))


def _names(path: Path, cursor: sqlite3.Cursor) -> list[str]:
    names = list(unique_names([each[0] for each in cursor.description or ()]))
    if len(names) > MOST_COLUMNS:
        raise too_wide(path, len(names), MOST_COLUMNS)
    return names


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say in a sentence what SQLite refuses."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if type(error) is sqlite3.DatabaseError:
            raise damaged(path, "SQLite") from None
        raise refused(path.name, str(error)) from None
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise refused(path.name, str(error)) from None
