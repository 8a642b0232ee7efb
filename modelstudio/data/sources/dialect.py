"""What kind of text table a file is, from its first bytes."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions

HEAD = 1 << 20
"""Bytes looked at first."""

LONGEST_LINE = 16 << 20
"""A text with no line break in this many bytes is refused."""

MOST_COLUMNS = 20_000

DELIMITERS = (",", ";", "\t", "|")

_SIGNATURES = (
    (b"PK\x03\x04", "a zip or Excel file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3", "a SQLite database"),
)
_FIX = "Save it as CSV in the program that made it, and open that."


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How the cells of a text table are told apart.

    ``columns`` are made unique: an empty name becomes ``column_3``, a second ``a`` becomes ``a_2``.
    """

    delimiter: str
    encoding: str
    columns: tuple[str, ...]
    decimal_comma: bool = False


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file, up to a line break.

    Raises
    ------
    DataError
        When the file cannot be read, is empty, or has no line break early enough.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
            if not head.strip():
                raise DataError(
                    f"{path.name} is empty.",
                    where=str(path),
                    fix="Choose a file with a header line and rows below it.",
                )
            if len(head) == HEAD and not _has_break(head):
                head += file.read(LONGEST_LINE - HEAD)
                if len(head) == LONGEST_LINE and not _has_break(head):
                    raise DataError(
                        f"{path.name} has no line break in its first 16 MB, so it is no table.",
                        where=str(path),
                        fix="Choose a CSV file with one row a line.",
                    )
            return head
    except FileNotFoundError:
        raise DataError(
            f"{path.name} does not exist.",
            where=str(path),
            fix="Check the name, or look for where the file was moved.",
        ) from None
    except IsADirectoryError:
        raise DataError(
            f"{path.name} is a folder, not a table.", where=str(path), fix="Choose a CSV file."
        ) from None
    except PermissionError:
        raise DataError(
            f"You may not read {path.name}.",
            where=str(path),
            fix="Ask the owner of the file for the permission to read it.",
        ) from None
    except OSError as error:
        raise DataError(
            f"{path.name} cannot be read: {error.strerror or error}.",
            where=str(path),
            fix="Check that the drive is connected and try again.",
        ) from None


def _has_break(head: bytes) -> bool:
    return b"\n" in head or b"\r" in head


def sniff(path: Path, options: CsvOptions) -> CsvDialect:
    """Find delimiter, encoding and column names; what ``options`` sets is taken as it is.

    Raises
    ------
    DataError
        When the file is not a text table.
    """
    head = read_head(path)
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            raise DataError(f"{path.name} is {kind}, not a text table.", where=str(path), fix=_FIX)
    encoding = options.encoding or _encoding(head)
    text = _decoded(path, head, encoding)
    if "\x00" in text or sum(char < " " and char not in "\r\n\t\f" for char in text[:4096]) > 8:
        raise DataError(f"{path.name} holds binary data, not text.", where=str(path), fix=_FIX)
    stripped = text.lstrip()
    if stripped[:1] in "{[" or stripped[:5].lower() in ("<?xml", "<html", "<!doc"):
        kind = "JSON" if stripped[:1] in "{[" else "XML or HTML"
        raise DataError(f"{path.name} is {kind}, not a CSV table.", where=str(path), fix=_FIX)
    lines = text.splitlines()
    if len(head) >= HEAD and len(lines) > 1:
        lines = lines[:-1]
    delimiter = options.delimiter or _delimiter(lines[:200])
    rows = _rows(lines[:200], delimiter)
    if not rows:
        raise DataError(f"{path.name} has no header line.", where=str(path), fix=_FIX)
    if len(rows[0]) > MOST_COLUMNS:
        raise DataError(
            f"{path.name} has {len(rows[0]):,} columns; up to {MOST_COLUMNS:,} can be used.",
            where=str(path),
            fix="Leave out columns, or turn the table so that each sample is a row.",
        )
    if len(rows) < 2 and len(lines) < 2:
        raise DataError(
            f"{path.name} has a header line but no rows.",
            where=str(path),
            fix="Choose a file with rows below the header.",
        )
    decimal_comma = delimiter != "," and _has_decimal_commas(rows[1:])
    return CsvDialect(delimiter, encoding, unique_names(rows[0]), decimal_comma)


def unique_names(header: list[str]) -> tuple[str, ...]:
    """Give every column a name of its own."""
    taken: Counter[str] = Counter()
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = cell.strip().lstrip("\ufeff") or f"column_{number}"
        taken[name] += 1
        while taken[name] > 1 and f"{name}_{taken[name]}" in taken:
            taken[name] += 1
        final = name if taken[name] == 1 else f"{name}_{taken[name]}"
        if final != name:
            taken[final] += 1
        names.append(final)
    return tuple(names)


def _encoding(head: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _decoded(path: Path, head: bytes, encoding: str) -> str:
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(head)
    except LookupError:
        raise DataError(
            f"There is no text encoding called {encoding}.",
            fix="Leave the encoding empty to have it found.",
        ) from None
    except UnicodeDecodeError as error:
        if encoding == "cp1252":
            return head.decode("latin-1")
        raise DataError(
            f"{path.name} is not written in {encoding}: byte {error.start:,} does not fit.",
            where=str(path),
            fix="Leave the encoding empty to have it found, or choose another.",
        ) from None


def _delimiter(lines: list[str]) -> str:
    """Return what splits the lines most evenly into most cells; a comma when nothing does."""

    def quality(delimiter: str) -> tuple[float, int]:
        widths = [len(row) for row in _rows(lines, delimiter)]
        if not widths or widths[0] < 2:
            return (0.0, 0)
        return (sum(width == widths[0] for width in widths) / len(widths), widths[0])

    best = max(DELIMITERS, key=quality)
    return (
        best
        if quality(best)[0] > 0.5
        else max(DELIMITERS, key=lambda delimiter: lines[0].count(delimiter) if lines else 0)
    )


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    try:
        text = io.StringIO("\n".join(lines), newline="")
        return [row for row in csv.reader(text, delimiter=delimiter) if row]
    except csv.Error:
        return [line.split(delimiter) for line in lines if line]


def _has_decimal_commas(rows: list[list[str]]) -> bool:
    """Tell ``1,5`` for one and a half; a point anywhere in a number speaks against it."""
    cells = [cell.strip() for row in rows for cell in row]
    commas = [c for c in cells if c.count(",") == 1 and c.replace(",", "").lstrip("-").isdigit()]
    points = [c for c in cells if c.count(".") == 1 and c.replace(".", "").lstrip("-").isdigit()]
    return len(commas) > len(points)
