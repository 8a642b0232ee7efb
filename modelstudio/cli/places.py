"""Where data lies that no project describes yet, and which of its tables is read."""

from __future__ import annotations

from typing import Annotated

import typer

from modelstudio.recipe.sources import Database, Source, Table, is_connection

SheetOption = Annotated[
    str | None,
    typer.Option(
        "--sheet", metavar="NAME", help="Sheet of a workbook or table of a database to read."
    ),
]
QueryOption = Annotated[
    str | None,
    typer.Option(
        "--query", metavar="SQL", help='Rows of a database to read, such as "SELECT * FROM sales".'
    ),
]


def chosen(place: str, sheet: str | None, query: str | None) -> Source | None:
    """Return what of a place is to be read; None where that was not said.

    Raises
    ------
    typer.BadParameter
        When both a table and a query are given.
    """
    if sheet is not None and query is not None:
        raise typer.BadParameter("give --sheet or --query, not both")
    if query is not None or (sheet is not None and is_connection(place)):
        return Database(query=query or sheet or "")
    return None if sheet is None else Table(sheet=sheet)
