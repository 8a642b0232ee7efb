"""Kinds of data sources, each declared once; `modelstudio.data.sources` reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, Self
from urllib.parse import unquote

from pydantic import Field, field_serializer, field_validator

from modelstudio.declaration import Declaration

_CONNECTION = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Source(Declaration):
    """One kind of source; where it lies is the ``path`` of the data, what is special stands here.

    Every source becomes one table with a row a sample.
    """

    def elsewhere(self) -> Self:
        """Return the source for reading another place: without what is said of single files."""
        return self


class Table(Source, label="Table file"):
    """A file of rows and columns: CSV or other text, Parquet, Arrow, JSON lines, Excel, SQLite."""

    sheet: str = Field(
        "",
        description="Sheet of an Excel workbook or table of a SQLite file; empty finds it.",
    )


class Database(Source):
    """The result of a query to a SQLite file or to a database server."""

    query: str = Field(
        "",
        description="Name of a table, or a SELECT statement; empty takes the first table. The "
        "path is a SQLite file or a connection such as postgresql://user:$PASSWORD@host/name, "
        "where $PASSWORD is read from the environment and not saved.",
    )


def sqlite_file(address: str) -> str | None:
    """Return the file that an address such as ``sqlite:///path`` names; None of other addresses.

    After the third slash a path is relative, as in other programs, and a fourth makes it absolute.
    """
    kind, mark, rest = address.partition("://")
    if not mark or kind.split("+")[0].lower() != "sqlite":
        return None
    return unquote(rest.partition("?")[0].removeprefix("/"))


def is_connection(path: str) -> bool:
    """Tell the address of a database server, such as ``postgresql://host/name``, from a file."""
    return bool(_CONNECTION.match(path))


class ImageFolder(Source, label="Picture folder"):
    """Pictures in folders named after their classes, or in one folder with a table of labels.

    The folders of classes may lie in folders named train, validation and test.
    """

    labels: str = Field(
        "",
        description="Table in the folder with a column of file names and what is known of each "
        "picture; empty takes the names of the folders as classes.",
    )
    left_out: tuple[str, ...] = Field(
        (),
        description="Pictures that are not used, by their paths in the folder with / between "
        "names; the files stay where they are.",
    )
    classes: tuple[tuple[str, str], ...] = Field(
        (),
        description="Classes of pictures that lie in the folder of another class, by the path of "
        "the picture in the folder.",
    )

    @field_validator("left_out", mode="after")
    @classmethod
    def _in_order(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(names)))

    @field_validator("classes", mode="before")
    @classmethod
    def _as_pairs(cls, classes: Any) -> Any:
        pairs = classes.items() if isinstance(classes, Mapping) else classes
        return tuple(sorted(dict(pairs).items()))

    @field_serializer("classes")
    def _as_object(self, classes: tuple[tuple[str, str], ...]) -> dict[str, str]:
        return dict(classes)

    def elsewhere(self) -> Self:
        """Return the source without what is left out and moved to other classes."""
        return self.changed(left_out=(), classes=()) if self.left_out or self.classes else self


class AudioFolder(Source, label="Sound folder"):
    """Sounds in folders named after their classes, or in one folder with a table of labels.

    The folders of classes may lie in folders named train, validation and test.
    """

    labels: str = Field(
        "",
        description="Table in the folder with a column of file names and what is known of each "
        "sound; empty takes the names of the folders as classes.",
    )


class TextFolder(Source, label="Text folder"):
    """Text files in folders named after their classes.

    The folders of classes may lie in folders named train, validation and test.
    """


class LongText(Source, label="Long text"):
    """One text to learn the next token from; its lines or paragraphs are the rows, in order."""

    rows: Literal["lines", "paragraphs"] = Field(
        "lines", description="What a row is; the split never cuts one in two."
    )
