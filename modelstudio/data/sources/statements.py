"""What is asked of a database: a query as it stands, or the name of a table."""

from __future__ import annotations

import re
from collections.abc import Sequence

from modelstudio.errors import DataError

SHOWN = 8
"""Tables named in a sentence."""

_BEFORE = r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*"
_QUERY = re.compile(_BEFORE + r"(select|with|values)\b", re.IGNORECASE | re.DOTALL)
_CHANGE = re.compile(
    _BEFORE + r"(alter|begin|call|commit|copy|create|delete|do|drop|exec|execute|explain|grant|"
    r"insert|load|lock|merge|pragma|rename|replace|revoke|set|show|truncate|update|vacuum)\s",
    re.IGNORECASE | re.DOTALL,
)


def is_query(wanted: str) -> bool:
    """Tell a query from the name of a table."""
    return _QUERY.match(wanted) is not None


def refused(name: str, reason: str, fix: str = "") -> DataError:
    """Say in a sentence why a database did not answer."""
    first = reason.strip().splitlines()[0].rstrip(".") if reason.strip() else "no reason given"
    return DataError(
        f"{name} did not answer the query: {first}.",
        fix=fix or "Check the query, or name a table instead.",
    )


def no_table(name: str, wanted: str, tables: Sequence[str], where: str | None = None) -> DataError:
    """Say that a database has no table of a name, or that it was asked for no rows at all."""
    if (change := _CHANGE.match(wanted)) is not None:
        word = change.group(1).upper()
        return DataError(
            f"{word} gives no rows to learn from, and nothing in a database is changed.",
            where=where,
            fix="Name a table, or write a query that begins with SELECT.",
        )
    return DataError(
        f"{name} has no table {wanted}.",
        where=where,
        fix=f"Its tables are {listed(tables)}. A query begins with SELECT.",
    )


def listed(tables: Sequence[str]) -> str:
    """Name the first tables."""
    return ", ".join(tables[:SHOWN]) + (" ..." if len(tables) > SHOWN else "")
