"""Sources of data; each describes itself cheaply and loads on demand.

A kind of source is declared in `modelstudio.recipe.sources`. The module of this package that
`READERS` names for it offers what `Reader` says, and every caller goes through the functions here.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from modelstudio.data.sources import kept as kept_rows
from modelstudio.data.sources.addresses import without_password
from modelstudio.data.sources.files import check_name
from modelstudio.data.stamp import stamp_of
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import (
    AudioFolder,
    Database,
    ImageFolder,
    LongText,
    Source,
    Table,
    TextFolder,
    is_connection,
    sqlite_file,
)

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")

ROW = "__row__"
"""Column that carries the number of a row in its source, from 0; no column has this name."""

CHOOSE = "Choose another with --sheet, or on the Data page under How the file is read."
"""What to do where one table of several was taken."""

READERS: dict[type[Source], str] = {
    Table: "tabular",
    Database: "database",
    ImageFolder: "pictures",
    AudioFolder: "pictures",
    TextFolder: "texts",
    LongText: "long_text",
}
"""Module of this package that reads each kind of source."""


@dataclass(frozen=True, slots=True)
class Portion:
    """How far reading has come; bytes, files or rows, whatever the source counts."""

    done: int
    total: int | None = None


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source is, from a look at its beginning.

    Parameters
    ----------
    rows
        An estimate for large text files; None when it takes reading everything to know.
    notes
        Sentences about what is unusual.
    reading
        Settings of `CsvOptions` that other files have to be read with, to be read alike.
    """

    path: Path
    columns: tuple[str, ...]
    rows: int | None
    size_bytes: int
    notes: tuple[str, ...] = ()
    reading: Mapping[str, Any] = field(default_factory=dict)


class Reader(Protocol):
    """What a module offers that reads a kind of source."""

    def reading(
        self,
        path: Path,
        data: DataConfig,
        *,
        target_needed: bool = True,
        features_only: bool = False,
    ) -> Generator[Portion, None, pl.DataFrame]:
        """Read the table; `read_table` says what the arguments mean."""

    def reading_plain(self, path: Path, data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
        """Read a table of whose columns nothing is known; see `read_plain`."""

    def inspect(self, path: Path, data: DataConfig) -> SourceInfo:
        """Describe the source without reading all of it."""

    def head(self, path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
        """Read the first rows at once; None when reading everything is as quick."""

    def fingerprint(self, path: Path, data: DataConfig) -> str:
        """Return a hash of the contents; the same rows give the same."""


def resolve(path: str, base: Path | None) -> Path:
    """Return where a data path of a project leads; a relative one is meant from ``base``."""
    given = Path(path).expanduser()
    if given.is_absolute() or is_connection(path):
        return given
    return absolute((base or Path.cwd()) / given)


def placed(given: Path | str) -> str:
    """Return how a place is kept that a person gave.

    An address loses its password, which is known until the program ends; a file is meant from the
    root.

    Raises
    ------
    DataError
        When its name cannot be kept.
    """
    if isinstance(given, str):
        if (file := sqlite_file(given)) is not None:
            return str(absolute(Path(file)))
        if is_connection(given):
            return without_password(given)
    place = absolute(Path(given))
    check_name(place)
    return str(place)


def absolute(path: Path) -> Path:
    """Return a path from the root, without links; a link to itself stays, to be refused later."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def reading(data: DataConfig, base: Path | None = None) -> Generator[Portion, None, pl.DataFrame]:
    """Read the table of a project as `read` does, telling how far it has come; may be closed."""
    return (yield from _reader(data).reading(_path(data, base), data))


def read(data: DataConfig, base: Path | None = None) -> pl.DataFrame:
    """Read the table of a project, each column as its kind.

    Numbers become Float64 (unreadable and infinite ones are missing), dates Datetime, everything
    else String without spaces at the ends; an empty cell is missing. Without columns a text file
    gives text, and a file with types of its own keeps them.

    Raises
    ------
    DataError
        When there is no source, it cannot be read, or lacks a column.
    """
    return finish(reading(data, base))


def read_table(
    path: Path | str,
    data: DataConfig,
    *,
    target_needed: bool = True,
    features_only: bool = False,
) -> pl.DataFrame:
    """Read another source of the same kind as if it were the project's own.

    What the project says of single files, such as those it leaves out, holds for its own alone.

    Parameters
    ----------
    path
        The address of a database is text.
    target_needed
        Without it the target may be absent, as in rows to predict.
    features_only
        Ignored columns may be absent and are left out.
    """
    other = data.changed(source=data.source.elsewhere())
    if isinstance(path, str):
        query = other.source if isinstance(other.source, Database) else Database()
        other, path = other.changed(path=path, source=query), Path(path)
    elif isinstance(other.source, Table):
        other = import_module(f"{__name__}.tabular").with_own_sign(path, other)
    return finish(
        _reader(other).reading(
            path, other, target_needed=target_needed, features_only=features_only
        )
    )


def reading_plain(
    data: DataConfig, base: Path | None = None
) -> Generator[Portion, None, pl.DataFrame]:
    """Read as `read_plain` does, telling how far it has come; may be closed."""
    return (yield from _reader(data).reading_plain(_path(data, base), data))


def read_plain(data: DataConfig, base: Path | None = None) -> pl.DataFrame:
    """Read a table of whose columns nothing is known yet, to guess their kinds from.

    A column is Float64 or Datetime where the source says so, or where each of its cells is a plain
    number; else it is text.
    """
    return finish(reading_plain(data, base))


def inspect(data: DataConfig, base: Path | None = None) -> SourceInfo:
    """Describe the source of a project without reading all of it."""
    return _reader(data).inspect(_path(data, base), data)


def tables(data: DataConfig, base: Path | None = None) -> tuple[str, ...]:
    """Return the sheets of a workbook or the tables of a database; none of other sources.

    Raises
    ------
    DataError
        When it cannot be read.
    """
    if not isinstance(data.source, (Table, Database)):
        return ()
    found: tuple[str, ...] = cast(Any, _reader(data)).tables(_path(data, base), data)
    return found


def naming(data: DataConfig, column: str | None) -> DataConfig:
    """Take the first line of a text table for its header if a name that is asked for stands there.

    A header of short words may look like a row of categories.
    """
    if column is None or not isinstance(data.source, Table):
        return data
    csv = cast(Any, _reader(data)).naming(_path(data, None), data.csv, column)
    return data.changed(csv=csv)


def head(data: DataConfig, rows: int, base: Path | None = None) -> pl.DataFrame | None:
    """Read the first rows within milliseconds; None when reading everything is as quick.

    Without columns they are as `read_plain` or as text.
    """
    return _reader(data).head(_path(data, base), data, rows)


def fingerprint(data: DataConfig, base: Path | None = None) -> str:
    """Return a hash of the contents of the project's sources; the same rows give the same."""
    reader, marks = _reader(data), [_path(data, base)]
    if data.split.test_path is not None:
        marks.append(resolve(data.split.test_path, base))
    return "-".join(reader.fingerprint(path, data) for path in marks)


def stamp(data: DataConfig, base: Path | None = None) -> tuple[int, int] | None:
    """Return what changes with the data, without reading it; None when it is not there."""
    if data.path is None or not is_connection(data.path):
        return stamp_of(_path(data, base))
    known = kept_rows.kept(data)
    return None if known is None else (round(known.at * 1000), 0)


def renew(data: DataConfig) -> None:
    """Have a database server asked anew the next time its rows are read."""
    if data.path is not None and is_connection(data.path):
        kept_rows.renew(data)


def _path(data: DataConfig, base: Path | None) -> Path:
    if data.path is None:
        raise DataError("The project has no data yet.", fix="Open a table on the Data page.")
    return resolve(data.path, base)


def _reader(data: DataConfig) -> Reader:
    return cast(Reader, import_module(f"{__name__}.{READERS[type(data.source)]}"))


def finish(work: Generator[Portion, None, T]) -> T:
    """Run a reading to its end and return what it read."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result
