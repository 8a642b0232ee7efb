"""Options that say how a file is read where that cannot be told from it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from modelstudio.data.sources.encoding import TITLES, checked_encoding
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
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        metavar="NAME",
        autocompletion=lambda: list(TITLES),
        help="Text encoding, such as cp1251, shift-jis or gb18030; found if left out.",
    ),
]


def options(
    decimals: Decimals | None,
    dates: Dates | None,
    missing: list[str] | None,
    encoding: str | None = None,
) -> CsvOptions:
    """Return how a file is to be read.

    Raises
    ------
    DataError
        When there is no such encoding.
    """
    return CsvOptions(
        encoding=checked_encoding(encoding) if encoding else None,
        decimals=decimals.value if decimals else None,
        dates=dates.value if dates else None,
        missing=tuple(missing or ()),
    )
