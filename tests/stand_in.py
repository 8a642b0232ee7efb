"""A driver that stands in for one of a database server: SQLite behind an address."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelstudio.data.sources import addresses, drivers
from modelstudio.data.sources.addresses import Address

ADDRESS = "stand-in://me:geheim@host:7/shop"


class Cursor:
    """One of SQLite that counts what it is asked, and loses its connection when it is told to."""

    asked: list[str]
    lost = False

    def __init__(self, connection: sqlite3.Connection, asked: list[str]) -> None:
        self._cursor, self.asked = connection.cursor(), asked

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, query: str) -> None:
        self.asked.append(query)
        self._cursor.execute(query)

    def fetchmany(self, many: int) -> list[Any]:
        if Cursor.lost and self._cursor.row_factory is not None:
            raise OSError("server closed the connection unexpectedly")
        self._cursor.row_factory = lambda _, row: row
        return self._cursor.fetchmany(many)


def stand_in(monkeypatch: pytest.MonkeyPatch, path: Path, queries: list[str]) -> None:
    """Make a database of 1600 sales at a path, which addresses of the kind ``stand-in`` lead to.

    What it is asked is added to ``queries``.
    """
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('CREATE TABLE sales (n, "odd ""name", kind)')
        rows = [(n if n < 1500 else f"n{n}", b"\x00", "ab"[n % 2]) for n in range(1600)]
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?)", rows)
        connection.execute('CREATE TABLE "Empty One" (n)')
        connection.commit()

    def connect(_: Any, address: Address) -> sqlite3.Connection:
        if address.password != "geheim":
            raise OSError(f'password authentication failed: "{address.password}"')
        return sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)

    driver = drivers.Driver(
        label="Stand-in",
        package="stand-in[all]",
        module="sqlite3",
        connect=connect,
        cursor=lambda connection: Cursor(connection, queries),
        release=lambda cursor: cursor.close(),
        cancel=lambda _, connection, __: connection.interrupt(),
        forms={},
        tables="SELECT 'main', name, name = 'sales' FROM sqlite_master",
        mark='"',
    )
    monkeypatch.setitem(drivers._DRIVERS, "stand-in", driver)
    monkeypatch.setattr(addresses, "_passwords", {})
    monkeypatch.setattr(Cursor, "lost", False)
