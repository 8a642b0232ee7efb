"""Connections to database servers, and what is said when a server refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from modelstudio.data.sources.addresses import Address, parsed
from modelstudio.data.sources.drivers import Driver, driver_for
from modelstudio.data.sources.statements import is_query, listed, no_table, refused
from modelstudio.errors import DataError

_HIDDEN = "***"

_LOCKED = (
    (
        r"no password supplied|using password: no",
        "{server} wants a password for the user {user}.",
        "Write it into the address, best as the name of a variable such as $PASSWORD. "
        "For PostgreSQL PGPASSWORD and ~/.pgpass serve as well.",
    ),
    (
        r"password authentication failed|using password: yes",
        "{server} does not let the user {user} in with this password.",
        "Check the user and the password.",
    ),
)
_UNREACHED = (
    (
        r"resolve host|translate host|name or service not known|getaddrinfo|nodename nor",
        "There is no host {host}.",
        "Check the name, and that the network is connected.",
    ),
    (
        r"connection refused|actively refused|unreachable|no route|no such file",
        "{server} does not answer.",
        "Check that it runs, and the port.",
    ),
    (
        r"time ?out|timed out",
        "{server} did not answer in time.",
        "Check the host and the port, and that the network is connected.",
    ),
    (
        r"database .*does not exist|unknown database|to database",
        "{server} has no database {name} for the user {user}.",
        "Check what stands behind the last / of the address.",
    ),
)
"""What a driver may say when it gets no connection, and what that means."""

_WRAPPING = re.compile(r"^(connection failed: )?(connection to server .*? failed: )?(FATAL:\s*)?")
_LOST = re.compile(
    r"lost connection|gone away|closed the connection|connection (is|was) (closed|lost)|"
    r"terminating connection|reset by peer|broken pipe|consuming input",
    re.IGNORECASE,
)
_NO_TABLE = ("42P01", "42S02")
"""States of SQL when a table is not there."""


class PasswordWanted(DataError):
    """A server lets a user in with another password alone."""


@dataclass
class Session:
    """A connection that only reads, to be closed."""

    driver: Driver
    module: Any
    address: Address
    connection: Any

    def close(self) -> None:
        """Close the connection."""
        with suppress(Exception):
            self.connection.close()

    def cancel(self) -> None:
        """End the statement that runs."""
        self.driver.cancel(self.module, self.connection, self.address)

    def tables(self) -> dict[str, tuple[str, ...]]:
        """Return the tables by the names they are shown under, as their names in a statement."""
        with self.explained():
            cursor = self.connection.cursor()
            cursor.execute(self.driver.tables)
            found = cursor.fetchall()
            cursor.close()
        return {
            (table if plain else f"{schema}.{table}"): (schema, table)
            for schema, table, plain in found
        }

    def query(self, wanted: str) -> str:
        """Return the statement that gives what is wanted."""
        if is_query(wanted):
            return wanted
        tables = self.tables()
        if not wanted:
            raise DataError(
                f"It is not said what to read. {self.name} has the tables {listed([*tables])}.",
                fix="Name one of them, or write a query that begins with SELECT.",
            )
        lower = {name.lower(): names for name, names in reversed(tables.items())}
        names = tables.get(wanted) or lower.get(wanted.lower())
        if names is None:
            raise no_table(self.name, wanted, [*tables])
        return f"SELECT * FROM {self.driver.quoted(*names)}"

    @property
    def name(self) -> str:
        """The server as it is called in sentences."""
        return _called(self.driver, self.address)

    @contextmanager
    def explained(self, rows: int = 0) -> Iterator[None]:
        """Say in a sentence what the server refuses; ``rows`` had come before."""
        try:
            yield
        except DataError:
            raise
        except Exception as error:
            raise self._sentence(error, rows) from None

    def _sentence(self, error: Exception, rows: int) -> DataError:
        reason = _reason(error, self.address)
        if _LOST.search(reason):
            return DataError(
                f"{self.name} was lost after {rows:,} rows: {reason}.",
                fix="Read again once the server can be reached.",
            )
        if getattr(error, "sqlstate", None) in _NO_TABLE:
            with suppress(Exception):
                self.connection.rollback()
                known = listed([*self.tables()])
                return refused(self.name, reason, f"Its tables are {known}.")
        return refused(self.name, reason)


def connected(place: str) -> Session:
    """Connect to the server at an address.

    Raises
    ------
    DataError
        When there is no connection; `PasswordWanted` when a password would help.
    """
    address = parsed(place)
    driver = driver_for(address.kind)
    module = driver.load()
    try:
        return Session(driver, module, address, driver.connect(module, address))
    except Exception as error:
        reason = _reason(error, address)
        told = {
            "server": _called(driver, address),
            "host": address.host,
            "user": address.user or "of this computer",
            "name": address.name or "without a name",
        }
        for pattern, sentence, fix in (*_LOCKED, *_UNREACHED):
            if re.search(pattern, reason, re.IGNORECASE):
                kind = PasswordWanted if (pattern, sentence, fix) in _LOCKED else DataError
                raise kind(sentence.format(**told), fix=fix) from None
        raise DataError(
            f"{told['server']} cannot be reached: {reason}.", fix="Check the address."
        ) from None


def _called(driver: Driver, address: Address) -> str:
    return f"The {driver.label} server at {address.server}"


def _reason(error: Exception, address: Address) -> str:
    """Return the first line of what a driver says, without the password."""
    said = getattr(getattr(error, "diag", None), "message_primary", None)
    if not said:
        said = str(error.args[-1]) if error.args else ""
    first = next(iter(said.strip().splitlines()), "") or type(error).__name__
    first = _WRAPPING.sub("", first)
    for secret in filter(None, address.secrets):
        first = first.replace(secret, _HIDDEN)
    return first.strip().rstrip(".")
