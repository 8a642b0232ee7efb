"""Options that say how a file is read where that cannot be told from it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from modelstudio.project.model import CsvOptions


class Decimals(StrEnum):
    """The sign before the decimals, as an option."""

    point = "point"
    comma = "comma"


class Dates(StrEnum):
    """How 03/04/2021 is meant, as an option."""

    day_first = "day first"
    month_first = "month first"
    year_first = "year first"


DecimalsOption = Annotated[
    Decimals | None, typer.Option("--decimals", help="Sign before decimals; found if left out.")
]
DatesOption = Annotated[
    Dates | None, typer.Option("--dates", help="How dates such as 03/04/2021 are meant.")
]
MissingOption = Annotated[
    list[str] | None,
    typer.Option("--missing", metavar="WORD", help="A word for a missing value; may be repeated."),
]


def options(
    decimals: Decimals | None, dates: Dates | None, missing: list[str] | None
) -> CsvOptions:
    """Return how a file is to be read."""
    return CsvOptions(
        decimals=decimals.value if decimals else None,
        dates=dates.value if dates else None,
        missing=tuple(missing or ()),
    )
