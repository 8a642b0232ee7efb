"""Databases: a table or a query of a SQLite file, or of a server by its address."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import polars as pl

from modelstudio.data.sources import CHOOSE, Portion, SourceInfo
from modelstudio.data.sources.beside import waiting
from modelstudio.data.sources.dialect import MOST_COLUMNS, unique_names
from modelstudio.data.sources.files import (
    check_file,
    damaged,
    file_mark,
    first_bytes,
    foreign,
    no_rows,
    too_wide,
)
from modelstudio.data.sources.mapped import Writing
from modelstudio.data.sources.plain import from_values, joining, plain_types
from modelstudio.data.sources.tabular import as_declared, read_file
from modelstudio.data.sources.values import without_words
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import Database, Table, is_connection

ROWS = 50_000
"""Rows fetched at once."""

SMALL = 1 << 20
"""A smaller file is read whole at once."""

_DRIVERS = {"postgres": "postgresql"}

_SERVER_TABLES = (
    "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables "
    "WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1"
)

_MARK = b"SQLite format 3"
_STATEMENT = re.compile(r"\s*(select|with|values)\b", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def reading(
    path: Path, data: DataConfig, *, target_needed: bool = True, features_only: bool = False
) -> Generator[Portion, None, pl.DataFrame]:
    """Run the query and return its rows; see `sources.read_table`."""
    frame = yield from reading_plain(path, data)
    return as_declared(path, frame, data, target_needed=target_needed, features_only=features_only)


def reading_plain(path: Path, data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
    """Run the query and return its rows in the types that the database gives them."""
    if _address(data) is None:
        return (yield from read_file(path, data, sys.modules[__name__]))
    yield Portion(0)
    frame = yield from waiting(Portion(0), partial(_from_server, data))
    return without_words(frame, data.csv.missing)


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
    if _address(data) is not None:
        frame = _from_server(data)
        return SourceInfo(path, tuple(frame.columns), frame.height, 0)
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
    if _address(data) is not None or check_file(path).st_size <= SMALL:
        return None
    if _STATEMENT.match(_wanted(data)):
        return None
    with closing(_open(path)) as connection:
        frame = next(_fetched(path, connection, _query(path, connection, data), rows), None)
    if frame is None or not data.columns:
        return frame
    return as_declared(path, frame, data)


def fingerprint(path: Path, data: DataConfig) -> str:
    """Return a hash of the file, or of the rows that a server gives."""
    if _address(data) is None:
        return file_mark(path)
    digest = hashlib.blake2b(digest_size=16)
    for part in _from_server(data).iter_slices(ROWS):
        digest.update(part.write_csv().encode())
    return digest.hexdigest()


def tables(path: Path, data: DataConfig) -> tuple[str, ...]:
    """Return the names of the tables and views, of a server those of its users.

    Raises
    ------
    DataError
        When the file is no database, or the server does not answer.
    """
    if _address(data) is None:
        with closing(_open(path)) as connection:
            return tuple(_tables(path, connection))
    frame = _from_server(data.changed(source=Database(query=_SERVER_TABLES)))
    return tuple(frame.to_series().to_list())


def _wanted(data: DataConfig) -> str:
    match data.source:
        case Database(query=query):
            return query.strip().rstrip(";")
        case Table(sheet=name):
            return name
    return ""


def _address(data: DataConfig) -> str | None:
    """Return the address of the server, or None for a file."""
    return data.path if data.path is not None and is_connection(data.path) else None


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
    if _STATEMENT.match(wanted):
        return wanted
    if not tables:
        raise DataError(f"{path.name} has no tables.", where=str(path), fix="Choose another file.")
    if wanted and wanted not in tables:
        listed = ", ".join(tables[:8]) + (" ..." if len(tables) > 8 else "")
        raise DataError(
            f"{path.name} has no table {wanted}.",
            where=str(path),
            fix=f"Its tables are {listed}. A query begins with SELECT.",
        )
    name = (wanted or tables[0]).replace('"', '""')
    return f'SELECT * FROM "{name}"'


def _fetched(
    path: Path, connection: sqlite3.Connection, query: str, rows: int
) -> Iterator[pl.DataFrame]:
    """Yield what a statement gives, some rows at a time."""
    with _explained(path):
        cursor = connection.execute(query)
        names = _names(path, cursor)
        while found := cursor.fetchmany(rows):
            cells: list[Sequence[object]] = list(zip(*found, strict=True))
            yield from_values(dict(zip(names, cells, strict=True)))


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
        raise _refused(path.name, str(error)) from None
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _refused(path.name, str(error)) from None


def _refused(name: str, reason: str) -> DataError:
    first = reason.strip().splitlines()[0].rstrip(".") if reason.strip() else "no reason given"
    return DataError(
        f"{name} did not answer the query: {first}.",
        fix="Check the query, or name a table instead.",
    )


def _from_server(data: DataConfig) -> pl.DataFrame:
    """Run the query on a server through whichever connector is installed."""
    assert data.path is not None
    address, query = _with_secrets(data.path), _wanted(data)
    kind = data.path.split("://", 1)[0]
    if not query:
        raise DataError(
            f"It is not said what to read from the {kind} server.",
            fix="Name a table, or write a query that begins with SELECT.",
        )
    if not _STATEMENT.match(query):
        query = f"SELECT * FROM {query}"
    engine = _engine(kind)
    try:
        frame = pl.read_database_uri(query, address, engine=engine)
    except (Exception, pl.exceptions.PanicException) as error:
        raise _refused(f"The {kind} server", str(error).replace(address, data.path)) from None
    if frame.width > MOST_COLUMNS:
        raise too_wide(Path(kind), frame.width, MOST_COLUMNS)
    if not frame.height:
        raise DataError(f"The query gives no rows of the {kind} server.", fix="Change the query.")
    return plain_types(frame)


def _engine(kind: str) -> Literal["connectorx", "adbc"]:
    """Return the installed connector that reads from servers of a kind."""
    plain = kind.split("+", 1)[0]
    if find_spec("connectorx") and find_spec("pyarrow"):
        return "connectorx"
    if find_spec(f"adbc_driver_{_DRIVERS.get(plain, plain)}"):
        return "adbc"
    raise DataError(
        f"Reading from a {kind} server needs a connector, and none is installed.",
        fix="Install one with: pip install connectorx pyarrow",
    )


def _with_secrets(address: str) -> str:
    """Put the values of environment variables in the place of their names."""

    def value(found: re.Match[str]) -> str:
        name = found.group(1) or found.group(2)
        if name not in os.environ:
            raise DataError(
                f"The address of the database names the variable {name}, which is not set.",
                fix=f"Set {name} in the environment and start Model Studio again.",
            )
        return quote(os.environ[name], safe="")

    return _VARIABLE.sub(value, address)
