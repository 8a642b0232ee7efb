"""What kind of text table a file is, from its first bytes."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from pathlib import Path

from modelstudio.data.sources.delimiter import (
    announced,
    expected,
    find_delimiter,
    first_records,
    is_escaped,
    usual_width,
)
from modelstudio.data.sources.encoding import decode_head, find_encoding, title_of
from modelstudio.data.sources.files import (
    check_file,
    empty,
    first_bytes,
    kind_of_bytes,
    no_rows,
    too_wide,
)
from modelstudio.data.sources.header import count_above, has_header, unique_names, with_side_column
from modelstudio.data.sources.numbers import decimals_of, may_have_commas
from modelstudio.data.sources.rewriting import BARS, COLONS, STAND_IN, USUAL, Rewriting
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions

HEAD = 1 << 20
"""Bytes looked at first."""

KEPT = 8
"""Files whose dialects are kept for as long as they stay the same."""

LONGEST_LINE = 16 << 20
"""A text with no line break in this many bytes is refused."""

MOST_COLUMNS = 20_000

_FIX = "Give the file the ending of what it is, or save it as CSV and open that."

csv.field_size_limit(LONGEST_LINE)


@dataclass(frozen=True, slots=True)
class CsvDialect:
    """How the cells of a text table are told apart.

    Parameters
    ----------
    columns
        Names made unique: an empty one becomes ``column_3``, a second ``a`` becomes ``a_2``.
    skip
        Records above the first row, the header among them; blank lines do not count.
    commas
        Columns whose numbers have decimal commas, by the first rows unless it is known.
    returns
        Lines end by carriage returns alone.
    rewriting
        How the text is made a usual one, which the delimiter is of.
    notes
        Sentences about what is unusual.
    """

    delimiter: str
    encoding: str
    columns: tuple[str, ...]
    skip: int = 1
    commas: frozenset[str] = frozenset()
    returns: bool = False
    rewriting: Rewriting = USUAL
    notes: tuple[str, ...] = ()


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file, up to a line break.

    Raises
    ------
    DataError
        When the file cannot be read, is empty, or has no line break early enough.
    """
    head = first_bytes(path, HEAD)
    if not head.strip():
        raise empty(path)
    if len(head) == HEAD and _breaks(head) < 2:
        head = first_bytes(path, LONGEST_LINE)
        if len(head) == LONGEST_LINE and (breaks := _breaks(head)) < 2:
            raise endless(path, breaks + 1)
    return head


def endless(path: Path, line: int) -> DataError:
    """Say that a line has no end."""
    if line == 1:
        return DataError(
            f"{path.name} has no line break in its first 16 MB, so it is no table.",
            where=str(path),
            fix="Choose a CSV file with one row a line.",
        )
    return DataError(
        f"Line {line:,} of {path.name} is longer than 16 MB.",
        where=str(path),
        fix="Mend that line; a table has one row a line.",
    )


def _breaks(head: bytes) -> int:
    return max(head.count(b"\n"), head.count(b"\r"))


def sniff(path: Path, options: CsvOptions) -> CsvDialect:
    """Find delimiter, encoding, header and column names; what ``options`` sets is taken as it is.

    Raises
    ------
    DataError
        When the file is not a text table.
    """
    stat = check_file(path)
    state = (stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)
    return _sniffed(path, options.changed(missing=(), dates=None, forms=None), state)


def as_cells(path: Path, options: CsvOptions) -> CsvOptions:
    """Return what of the options tells how the cells of a text table are taken from the file.

    What is found in it is named, so that it makes no difference whether it was found before.
    """
    commas = tuple(sorted(sniff(path, options).commas))
    return options.changed(decimals=None, commas=commas, dates=None, forms=None)


@lru_cache(KEPT)
def _sniffed(path: Path, options: CsvOptions, state: tuple[int, ...]) -> CsvDialect:
    head = read_head(path)
    if kind := kind_of_bytes(head):
        raise DataError(f"{path.name} is {kind}, not a text table.", where=str(path), fix=_FIX)
    encoding = options.encoding or find_encoding(head)
    text = decode_head(path, head, encoding)
    _refuse_other_text(path, text)
    cut = path.stat().st_size > len(head)
    said = announced(text)
    delimiter = options.delimiter or said or expected(path, text)
    if (
        delimiter
        and delimiter not in (COLONS, BARS)
        and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n')
    ):
        raise DataError(
            f"{delimiter!r} cannot be the delimiter.",
            fix="Give one character, such as a comma or a semicolon, or leave it empty.",
        )
    if escaped := is_escaped(text, delimiter):
        text = Rewriting(escaped=True).rewritten(text.encode()).decode()
    delimiter, single = find_delimiter(text, cut, delimiter)
    rewriting = Rewriting(delimiter if delimiter in STAND_IN else "", single, escaped)
    rows = first_records(text, delimiter, cut, single=single)
    above = 1 if said else count_above(rows)
    rows = rows[above:] or [[""]]
    if len(rows[0]) > MOST_COLUMNS:
        raise too_wide(path, len(rows[0]), MOST_COLUMNS)
    notes = []
    if escaped:
        notes.append(f'{path.name} writes a quotation mark in a cell as \\", and was read so.')
    if above and not said:
        lines = "line" if above == 1 else f"{above} lines"
        stand = "stands above the table and is" if above == 1 else "stand above the table and are"
        notes.append(f"The first {lines} of {path.name} {stand} left out.")
    named = has_header(rows) if options.header is None else options.header
    header = rows[0] if named else [""] * len(rows[0])
    body = rows[1:] if named else rows
    if not named:
        notes.append(
            f"{path.name} has no header line, so its columns are called column_1 to "
            f"column_{len(header)}."
        )
    if not body:
        raise endless(path, above + named + 1) if cut else no_rows(path)
    header = with_side_column(header, body)
    names, cells = unique_names(header), _cells(body)
    decimals = options.decimals
    if options.commas is None and decimals is None:
        decimals = decimals_of(cells, commas_likely=delimiter == ";")
    commas = frozenset(options.commas or ())
    if options.commas is None and decimals == "comma":
        commas = frozenset(compress(names, map(may_have_commas, cells)))
    if commas and options.decimals is None:
        notes.append(
            f"{path.name} writes numbers with a decimal comma, so 1.234,5 is read as 1234.5 and "
            "1.234 as 1234."
        )
    if not encoding.startswith(("utf-8", "utf-16")) and not options.encoding:
        notes.append(
            f"{path.name} is not UTF-8 and was read as {encoding} ({title_of(encoding)}). "
            "How the file is read can be changed on the Data page, or with --encoding."
        )
    return CsvDialect(
        rewriting.stand_in or delimiter,
        encoding,
        names,
        above + named,
        commas,
        "\r" in text and "\n" not in text,
        rewriting,
        tuple(notes),
    )


def _refuse_other_text(path: Path, text: str) -> None:
    if "\x00" in text or sum(char < " " and char not in "\r\n\t\f" for char in text[:4096]) > 8:
        raise DataError(f"{path.name} holds binary data, not text.", where=str(path), fix=_FIX)
    start = text.lstrip()[:200].lower()
    json = re.match(r'\{\s*["}]|\[\s*[\[{]', start)
    if json or start.startswith(("<?xml", "<html", "<!doc", "<svg")):
        kind = "JSON" if json else "XML or HTML"
        raise DataError(f"{path.name} is {kind}, not a CSV table.", where=str(path), fix=_FIX)


def _cells(rows: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Return the cells of each column in the rows of the usual width."""
    width, _ = usual_width(rows)
    even = [[cell.strip() for cell in row] for row in rows if len(row) == width]
    return list(zip(*even, strict=True))
