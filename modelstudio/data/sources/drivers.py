"""What is particular to each kind of database server: connecting, reading in turns, giving up.

Every connection only reads: the server refuses whatever would change something.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from modelstudio.data.sources.addresses import Address
from modelstudio.errors import DataError

Form = Literal["whole", "real", "truth", "decimal", "date", "span", "text", "any"]
"""How the cells of a column come: a decimal and a date as text, a span as a `timedelta`."""

PATIENCE = 10
"""Seconds that a server is given to answer at all."""


@dataclass(frozen=True, slots=True)
class Driver:
    """How servers of one kind are read.

    Parameters
    ----------
    package
        What has to be installed, as it is written after ``pip install``.
    cursor
        Gives one whose rows stay at the server until they are fetched.
    release
        Puts a cursor away, whatever became of its statement.
    cancel
        Ends the statement that another thread waits for; may be called time and again.
    forms
        Of the type codes that a cursor tells; others may be anything.
    tables
        Statement whose rows are a schema, a table, and whether its name is enough.
    mark
        Quotation mark of names.
    """

    label: str
    package: str
    module: str
    connect: Callable[[Any, Address], Any]
    cursor: Callable[[Any], Any]
    release: Callable[[Any], None]
    cancel: Callable[[Any, Any, Address], None]
    forms: Mapping[int, Form]
    tables: str
    mark: str

    def load(self) -> Any:
        """Import the package.

        Raises
        ------
        DataError
            When it is not installed.
        """
        try:
            return importlib.import_module(self.module)
        except ImportError:
            raise DataError(
                f"Reading from a {self.label} server needs the package {self.module}, "
                "which is not installed.",
                fix=f'Install it with: pip install "{self.package}"',
            ) from None

    def quoted(self, *names: str) -> str:
        """Write the name of a table, after that of its schema, for a statement."""
        return ".".join(
            f"{self.mark}{name.replace(self.mark, self.mark * 2)}{self.mark}" for name in names
        )


def driver_for(kind: str) -> Driver:
    """Return the driver for the first part of an address.

    Raises
    ------
    DataError
        When there is none.
    """
    driver = _DRIVERS.get(kind.partition("+")[0])
    if driver is None:
        known = "PostgreSQL (postgresql://), MySQL (mysql://) and MariaDB (mariadb://)"
        raise DataError(
            f"Databases with an address that begins with {kind}:// cannot be read; {known} can.",
            fix="Save the rows as Parquet or CSV with a program of that database.",
        )
    return driver


def _connect_postgresql(psycopg: Any, address: Address) -> Any:
    given = {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": address.password,
        "dbname": address.name,
    }
    connection = psycopg.connect(
        **{
            "connect_timeout": PATIENCE,
            "application_name": "Model Studio",
            **{name: value for name, value in given.items() if value},
            **dict(address.options),
        }
    )
    text = importlib.import_module("psycopg.types.string").TextLoader
    for name in _POSTGRESQL_TEXTS:
        connection.adapters.register_loader(name, text)
    connection.read_only = True
    for setting in ("datestyle = 'ISO'", "timezone = 'UTC'", "cursor_tuple_fraction = 1"):
        connection.execute(f"SET {setting}")
    return connection


def _release(cursor: Any) -> None:
    with contextlib.suppress(Exception):
        cursor.close()


def _cancel_postgresql(psycopg: Any, connection: Any, address: Address) -> None:
    with contextlib.suppress(psycopg.Error):
        connection.cancel()


def _connect_mysql(pymysql: Any, address: Address) -> Any:
    converters = importlib.import_module("pymysql.converters")
    numbers = {code: int for code, form in _MYSQL_FORMS.items() if form == "whole"}
    given = {
        "host": address.host,
        "port": address.port,
        "user": address.user,
        "password": address.password,
        "database": address.name,
    }
    connection = pymysql.connect(
        **{
            "connect_timeout": PATIENCE,
            "program_name": "Model Studio",
            "charset": "utf8mb4",
            **{name: value for name, value in given.items() if value},
            **dict(address.options),
        },
        conv={**converters.encoders, **numbers, 4: float, 5: float},
    )
    with connection.cursor() as cursor:
        for setting in ("TRANSACTION READ ONLY", "time_zone = '+00:00'"):
            cursor.execute(f"SET SESSION {setting}")
    return connection


def _mysql_cursor(connection: Any) -> Any:
    return connection.cursor(importlib.import_module("pymysql.cursors").SSCursor)


def _release_mysql(cursor: Any) -> None:
    """Close a cursor; what cannot be read to its end is not tried again when it is forgotten."""
    result = getattr(cursor, "_result", None)
    try:
        cursor.close()
    except Exception:
        cursor._result = None
        if result is not None:
            result.unbuffered_active = False


def _cancel_mysql(pymysql: Any, connection: Any, address: Address) -> None:
    with contextlib.suppress(pymysql.Error, OSError):
        other = _connect_mysql(pymysql, address)
        with contextlib.closing(other), other.cursor() as cursor:
            cursor.execute(f"KILL QUERY {connection.thread_id()}")


_POSTGRESQL_TEXTS = (
    "numeric date timestamp timestamptz time timetz uuid json jsonb inet cidr".split()
)
"""Types that come as the server writes them, which loses nothing and refuses no value."""

_POSTGRESQL_FORMS: dict[int, Form] = {
    **dict.fromkeys((20, 21, 23, 26), "whole"),
    **dict.fromkeys((700, 701), "real"),
    **dict.fromkeys((1082, 1114, 1184), "date"),
    **dict.fromkeys((18, 19, 25, 114, 869, 650, 1042, 1043, 1083, 1266, 2950, 3802), "text"),
    16: "truth",
    1186: "span",
    1700: "decimal",
}

_MYSQL_FORMS: dict[int, Form] = {
    **dict.fromkeys((1, 2, 3, 8, 9, 13), "whole"),
    **dict.fromkeys((4, 5), "real"),
    **dict.fromkeys((0, 246), "decimal"),
    **dict.fromkeys((7, 10, 12), "date"),
}

_POSTGRESQL = Driver(
    label="PostgreSQL",
    package="psycopg[binary]",
    module="psycopg",
    connect=_connect_postgresql,
    cursor=lambda connection: connection.cursor(name="modelstudio"),
    release=_release,
    cancel=_cancel_postgresql,
    forms=_POSTGRESQL_FORMS,
    tables="SELECT s, t, s = current_schema() FROM ("
    "SELECT table_schema::text AS s, table_name::text AS t FROM information_schema.tables "
    "UNION ALL SELECT schemaname::text, matviewname::text FROM pg_matviews) AS named "
    "WHERE s NOT IN ('pg_catalog', 'information_schema') ORDER BY 3 DESC, 1, 2",
    mark='"',
)

_MYSQL = Driver(
    label="MySQL",
    package="pymysql",
    module="pymysql",
    connect=_connect_mysql,
    cursor=_mysql_cursor,
    release=_release_mysql,
    cancel=_cancel_mysql,
    forms=_MYSQL_FORMS,
    tables="SELECT table_schema, table_name, coalesce(table_schema = database(), 0) "
    "FROM information_schema.tables WHERE table_schema NOT IN "
    "('mysql', 'sys', 'performance_schema', 'information_schema') ORDER BY 3 DESC, 1, 2",
    mark="`",
)

_DRIVERS = {
    **dict.fromkeys(("postgres", "postgresql"), _POSTGRESQL),
    **dict.fromkeys(("mysql", "mariadb"), _MYSQL),
}
