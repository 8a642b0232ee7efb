"""Database servers: a query is run once, its rows come in turns and are kept until read again.

They lie in files as tables do that are too large to be held. A note among the application's own
files tells where, so that training next week takes the rows that were looked at today.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from modelstudio.data.sources import Portion, mapped
from modelstudio.data.sources.addresses import knows_password
from modelstudio.data.sources.beside import waiting
from modelstudio.data.sources.dialect import MOST_COLUMNS
from modelstudio.data.sources.drivers import Driver, Form
from modelstudio.data.sources.files import too_wide
from modelstudio.data.sources.header import unique_names
from modelstudio.data.sources.kept import (
    Kept,
    kept,
    note_of,
    read_note,
    stale,
    wanted,
    write_note,
)
from modelstudio.data.sources.numbers import measurable
from modelstudio.data.sources.plain import from_values, joining, plain_types
from modelstudio.data.sources.session import Session, connected
from modelstudio.data.sources.values import WHOLE, usual_pieces, without_words
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.resources import app_home

FIRST = 200
"""Rows fetched at first; how many later is worked out from their size."""

MOST = 50_000
"""Rows fetched at once."""

_BLOCK = 32 << 20
"""Bytes of rows fetched at once, about."""

_FEW = 50
"""Rows whose bytes are counted."""

_SLICE = 50_000
"""Rows hashed together."""


_TYPES: dict[Form, pl.DataType] = {
    "whole": pl.Int64(),
    "real": pl.Float64(),
    "truth": pl.Boolean(),
    "span": pl.Duration("ms"),
}
"""Of what does not come as text."""

_locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


def reading(data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
    """Return the rows of the query in plain types, from the server unless they are kept."""
    note = note_of(data)
    lock = _locks[note]
    while not lock.acquire(timeout=0.1):
        yield Portion(0)
    try:
        known = None if note in stale else read_note(note)
        if known is not None and (frame := mapped.opened(known.table)) is not None:
            return frame
        return (yield from _fetched(data, note))
    finally:
        stale.discard(note)
        lock.release()


def without_missing(frame: pl.DataFrame, data: DataConfig) -> pl.DataFrame:
    """Take the words of a project for missing; rows too large to be held are written once more."""
    words, known = data.csv.missing, kept(data)
    if not words or known is None or not mapped.is_large(int(frame.estimated_size())):
        return without_words(frame, words)
    key = mapped.key_of(known.table, words)
    done = mapped.opened(key)
    if done is None:
        done = mapped.written(key, usual_pieces(frame, words, ()))
    return done


def notes(data: DataConfig) -> tuple[str, ...]:
    """Say since when the rows are kept, and what was not kept."""
    assert data.path is not None
    told = []
    if (known := kept(data)) is not None:
        when = datetime.fromtimestamp(known.at)
        told.append(
            f"The rows were read on {when.day} {when:%B %Y at %H:%M} and are kept until they are "
            "read again."
        )
    if knows_password(data.path):
        told.append(
            "The password is not saved; an address may name a variable such as $PASSWORD instead."
        )
    return tuple(told)


def tables(data: DataConfig) -> tuple[str, ...]:
    """Return the names of the tables and views that the user may see.

    Raises
    ------
    DataError
        When the server does not answer.
    """
    assert data.path is not None
    session = connected(data.path)
    with closing(session):
        return tuple(session.tables())


@dataclass
class _Turns:
    """The rows of a query, some at a time: from the server at first, from files ever after."""

    session: Session
    query: str
    folder: Path
    parts: list[Path] = field(default_factory=list)

    def __call__(self) -> Iterator[tuple[pl.DataFrame, Portion]]:
        return self._again() if self.parts else self._from_server()

    def _again(self) -> Iterator[tuple[pl.DataFrame, Portion]]:
        done = 0
        for part in self.parts:
            frame = pl.read_ipc(part.read_bytes())
            part.unlink()
            done += frame.height
            yield frame, Portion(done)

    def _from_server(self) -> Iterator[tuple[pl.DataFrame, Portion]]:
        session, done, many, ended = self.session, 0, FIRST, False
        nothing = pl.DataFrame()
        with session.explained():
            cursor = session.driver.cursor(session.connection)
        try:
            with session.explained():
                start = partial(cursor.execute, self.query)
                yield from waiting((nothing, Portion(0)), start, session.cancel)
            while True:
                with session.explained(done):
                    turn = partial(_turn, session.driver, cursor, many)
                    came = yield from waiting((nothing, Portion(done)), turn, session.cancel)
                if came is None:
                    ended = True
                    break
                frame, many = came
                self._write(frame)
                done += frame.height
                yield frame, Portion(done)
        finally:
            if not ended:
                session.cancel()
            session.driver.release(cursor)

    def _write(self, frame: pl.DataFrame) -> None:
        part = self.folder / f"{len(self.parts)}.arrow"
        try:
            frame.write_ipc(part, compression="lz4")
        except OSError as error:
            raise DataError(
                f"The rows cannot be written to {self.folder.parent}: {error.strerror or error}.",
                fix="Make room on that drive.",
            ) from None
        self.parts.append(part)


def _fetched(data: DataConfig, note: Path) -> Generator[Portion, None, pl.DataFrame]:
    """Run the query, and keep its rows and a note of them."""
    assert data.path is not None
    session = yield from waiting(Portion(0), partial(connected, data.path))
    table = mapped.key_of(note.name, time.time_ns())
    home = app_home() / "tables"
    home.mkdir(parents=True, exist_ok=True)
    with (
        closing(session),
        tempfile.TemporaryDirectory(".part", dir=home) as folder,
        mapped.Writing(table) as into,
    ):
        query = yield from waiting(Portion(0), partial(session.query, wanted(data)))
        frame = yield from joining(_Turns(session, query, Path(folder)), into)
    if frame is None:
        raise DataError("The query gives no rows.", fix="Change the query, or name a table.")
    digest = hashlib.blake2b(digest_size=16)
    for part in frame.iter_slices(_SLICE):
        digest.update(part.write_csv().encode())
        yield Portion(frame.height)
    before = read_note(note)
    write_note(note, Kept(table, time.time(), digest.hexdigest()))
    if before is not None:
        shutil.rmtree(home / before.table, ignore_errors=True)
    return frame


def next_many(frame: pl.DataFrame, found: Sequence[Sequence[Any]]) -> int:
    """Return how many rows to fetch after some others, by the room that those take.

    Bytes, such as pictures, are in the rows that were found and no longer in the frame.
    """
    few = found[:_FEW]
    raw = sum(len(cell) for row in few for cell in row if isinstance(cell, bytes))
    size = frame.estimated_size() / frame.height + raw / len(few)
    return max(1, min(MOST, int(_BLOCK / (size + 1))))


def _turn(driver: Driver, cursor: Any, many: int) -> tuple[pl.DataFrame, int] | None:
    """Fetch some rows, and say how many to fetch next; None when there are no more."""
    found = cursor.fetchmany(many)
    if not found:
        return None
    names = unique_names([str(column[0]) for column in cursor.description])
    if len(names) > MOST_COLUMNS:
        raise too_wide(Path(driver.label), len(names), MOST_COLUMNS)
    forms = [driver.forms.get(column[1], "any") for column in cursor.description]
    cells = zip(*found, strict=True)
    columns = [_column(*each) for each in zip(names, forms, cells, strict=True)]
    frame = plain_types(pl.DataFrame(columns))
    return frame, next_many(frame, found)


def _column(name: str, form: Form, cells: Sequence[Any]) -> pl.Series:
    """Make a column of what a driver gave; by the values where they are not of the form."""
    try:
        if form == "any":
            return _of_values(name, cells)
        column = pl.Series(name, cells, _TYPES.get(form, pl.String()))
    except (TypeError, OverflowError, ValueError, pl.exceptions.PolarsError):
        return _of_values(name, cells)
    match form:
        case "decimal":
            return _numbers(column)
        case "date":
            return _dates(column)
    return column


def _of_values(name: str, cells: Sequence[Any]) -> pl.Series:
    return from_values({name: cells}).to_series()


def _numbers(text: pl.Series) -> pl.Series:
    """Read numbers that are written out; whole ones too great for a double stay text."""
    numbers = text.cast(pl.Float64, strict=False)
    great = (numbers.abs() > WHOLE).any() and not text.str.contains(".", literal=True).any()
    return text if great else measurable(numbers)


def _dates(text: pl.Series) -> pl.Series:
    """Read dates with or without a time; those beyond the calendar are missing."""
    plain = text.str.strip_suffix("+00")
    times = plain.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="ms", strict=False)
    days = plain.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("ms"))
    return times.zip_with(times.is_not_null(), days)
