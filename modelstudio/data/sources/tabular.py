"""Text tables: what is in them, and reading them with the types a person chose."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from modelstudio.data.sources import resolve
from modelstudio.data.sources.dialect import CsvDialect, sniff
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column

MISSING_NUMBERS = ("NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "-", "?", ".")
"""Words that mean a missing value where a number is due; elsewhere they are categories."""

_DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
)


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a table is, from a look at its beginning; ``rows`` is an estimate for large files."""

    path: Path
    columns: tuple[str, ...]
    rows: int
    size_bytes: int
    dialect: CsvDialect


def inspect(path: Path, options: CsvOptions | None = None) -> SourceInfo:
    """Describe a table without reading all of it.

    Raises
    ------
    DataError
        When it is not a text table.
    """
    dialect = sniff(path, options or CsvOptions())
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(1 << 20)
    lines = max(1, head.count(b"\n") + (not head.endswith(b"\n")))
    rows = lines - 1 if size <= len(head) else round(size / len(head) * lines) - 1
    return SourceInfo(path, dialect.columns, rows, size, dialect)


def fingerprint(path: Path) -> str:
    """Return a hash of a file's contents; the same rows give the same."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    except OSError as error:
        raise DataError(
            f"{path.name} cannot be read: {error.strerror or error}.",
            where=str(path),
            fix="Check that the drive is connected and try again.",
        ) from None


def read(data: DataConfig, base: Path | None = None) -> pl.DataFrame:
    """Read the table of a project, each column as its kind; without columns, all as text.

    Numbers become Float64 (unreadable and infinite ones are missing), dates Datetime, everything
    else String without spaces at the ends; an empty cell is missing.

    Raises
    ------
    DataError
        When there is no file, it is not a text table, or lacks a column.
    """
    if data.path is None:
        raise DataError("The project has no data yet.", fix="Open a table on the Data page.")
    return read_table(resolve(data.path, base), data)


def read_table(
    path: Path, data: DataConfig, *, target_needed: bool = True, features_only: bool = False
) -> pl.DataFrame:
    """Read another table as if it were the project's own.

    Parameters
    ----------
    target_needed
        Without it the target may be absent, as in rows to predict.
    features_only
        Ignored columns may be absent and are left out.
    """
    dialect = sniff(path, data.csv)
    frame = _read_text(path, dialect)
    words = list(data.csv.missing)
    if words:
        frame = frame.with_columns(
            pl.when(pl.all().is_in(words)).then(None).otherwise(pl.all()).name.keep()
        )
    if not data.columns:
        return frame
    wanted = [column for column in data.columns if not features_only or column.role != "ignored"]
    absent = [
        column.name
        for column in wanted
        if column.name not in frame.columns and (target_needed or column.role != "target")
    ]
    if absent:
        names = ", ".join(absent[:5]) + (" ..." if len(absent) > 5 else "")
        raise DataError(
            f"{path.name} has no column {names}.",
            where=str(path),
            fix=f"Its columns are {', '.join(frame.columns[:8])}"
            f"{' ...' if len(frame.columns) > 8 else ''}. Choose a file with the same columns.",
        )
    present = [column for column in wanted if column.name in frame.columns]
    return frame.select(typed(column, dialect.decimal_comma) for column in present)


def typed(column: Column, decimal_comma: bool = False) -> pl.Expr:
    """Return the expression that turns the text of a column into its kind."""
    text = pl.col(column.name)
    match column.kind:
        case "number":
            return to_number(text, decimal_comma)
        case "date":
            return to_date(text)
        case _:
            return text


def to_number(text: pl.Expr, decimal_comma: bool = False) -> pl.Expr:
    """Read text as Float64; what is no finite number is missing."""
    if decimal_comma:
        text = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    number = text.cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number).otherwise(None).name.keep()


def to_date(text: pl.Expr) -> pl.Expr:
    """Read text as a date and time in one of the usual forms."""
    tried = [text.str.to_datetime(form, strict=False, time_unit="ms") for form in _DATE_FORMATS]
    return pl.coalesce(tried).name.keep()


def _read_text(path: Path, dialect: CsvDialect) -> pl.DataFrame:
    """Read every cell as text, stripped; an empty one is null."""
    source: Path | io.BytesIO = path
    if dialect.encoding not in ("utf-8", "utf-8-sig"):
        source = _recoded(path, dialect.encoding)
    try:
        frame = _parse(source, dialect)
    except pl.exceptions.PolarsError as error:
        _refuse_ragged(path, dialect)
        if "utf" in str(error).lower():
            frame = _parse_again(path, dialect)
        else:
            raise DataError(
                f"{path.name} cannot be read as a table.",
                where=str(path),
                fix="Check the delimiter, and that every quotation mark is closed.",
            ) from None
    frame = frame.with_columns(pl.all().str.strip_chars())
    frame = frame.with_columns(
        pl.when(pl.all().str.len_bytes() > 0).then(pl.all()).otherwise(None).name.keep()
    )
    if frame.width and frame.get_column(frame.columns[-1]).null_count():
        _refuse_ragged(path, dialect)
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null())) if frame.width == 1 else frame
    if not frame.height:
        raise DataError(
            f"{path.name} has a header line but no rows.",
            where=str(path),
            fix="Choose a file with rows below the header.",
        )
    return frame


def _parse(source: Path | io.BytesIO, dialect: CsvDialect) -> pl.DataFrame:
    return pl.read_csv(
        source,
        separator=dialect.delimiter,
        has_header=False,
        skip_rows=1,
        new_columns=list(dialect.columns),
        schema=dict.fromkeys(dialect.columns, pl.String),
        infer_schema=False,
    )


def _parse_again(path: Path, dialect: CsvDialect) -> pl.DataFrame:
    """Read a file whose beginning was UTF-8 but whose end is not."""
    try:
        return _parse(_recoded(path, "cp1252"), dialect)
    except pl.exceptions.PolarsError:
        raise DataError(
            f"{path.name} mixes text encodings.",
            where=str(path),
            fix="Save it as UTF-8 in the program that made it.",
        ) from None


def _recoded(path: Path, encoding: str) -> io.BytesIO:
    errors = "replace" if encoding == "cp1252" else "strict"
    try:
        return io.BytesIO(path.read_bytes().decode(encoding, errors).encode())
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} is not written in {encoding}: byte {error.start:,} does not fit.",
            where=str(path),
            fix="Leave the encoding empty to have it found, or choose another.",
        ) from None


def _refuse_ragged(path: Path, dialect: CsvDialect) -> None:
    """Say which line has too few or too many cells, if one has."""
    wide = len(dialect.columns)
    with path.open(encoding=dialect.encoding, errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=dialect.delimiter)
        try:
            for row in reader:
                if row and len(row) != wide:
                    cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
                    raise DataError(
                        f"Line {reader.line_num} of {path.name} has {cells}, but the header has "
                        f"{wide}.",
                        where=str(path),
                        fix="Mend that line; text that holds the delimiter needs quotation marks.",
                    )
        except csv.Error as error:
            raise DataError(
                f"Line {reader.line_num} of {path.name} cannot be read: {error}.",
                where=str(path),
                fix="Check that every quotation mark is closed.",
            ) from None
