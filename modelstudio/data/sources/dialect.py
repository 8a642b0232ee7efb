"""What kind of text table a file is, from its first bytes."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path

from modelstudio.data.sources import ROW
from modelstudio.data.sources.encoding import decode_head, find_encoding, title_of
from modelstudio.data.sources.files import (
    check_file,
    empty,
    first_bytes,
    kind_of_bytes,
    no_rows,
    too_wide,
)
from modelstudio.data.sources.numbers import MISSING_NUMBERS, Decimals, decimals_of
from modelstudio.data.sources.rewriting import BARS, COLONS, SPACES, STAND_IN, USUAL, Rewriting
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions
from modelstudio.recipe.columns import is_pattern

HEAD = 1 << 20
"""Bytes looked at first."""

KEPT = 8
"""Files whose dialects are kept for as long as they stay the same."""

LONGEST_LINE = 16 << 20
"""A text with no line break in this many bytes is refused."""

MOST_COLUMNS = 20_000

DELIMITERS = (",", ";", "\t", "|", "^")

SAMPLE = 200
"""Records looked at."""

LONGEST_PREAMBLE = 10
"""Lines of one cell above the header, such as a title, that are passed over."""

_FIX = "Give the file the ending of what it is, or save it as CSV and open that."

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_SINGLE = re.compile(r"(?m)(?:^|[,;\t|^])[ \t]*'")
"""Where a cell begins with a single quotation mark."""

_ESCAPED = re.compile(r'\\"\w')
"""A quotation mark within a cell, behind a backslash."""

FEWEST = 20
"""Records from which a first one like the others is told to be no header."""

SPACED = 1 << 16
"""Characters looked at to tell whether spaces part cells."""

_EVEN, _NUMBERS = 0.95, 0.3
"""Share of the lines that spaces part into as many cells, and of the cells that are numbers."""

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
    decimal_comma: bool = False
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
    return _sniffed(path, options.changed(missing=(), dates=None), state)


@lru_cache(KEPT)
def _sniffed(path: Path, options: CsvOptions, state: tuple[int, ...]) -> CsvDialect:
    head = read_head(path)
    if kind := kind_of_bytes(head):
        raise DataError(f"{path.name} is {kind}, not a text table.", where=str(path), fix=_FIX)
    encoding = options.encoding or find_encoding(head)
    text = decode_head(path, head, encoding)
    _refuse_other_text(path, text)
    cut = path.stat().st_size > len(head)
    announced = _announced(text)
    delimiter = options.delimiter or announced or _expected(path, text)
    if (
        delimiter
        and delimiter not in (COLONS, BARS)
        and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n')
    ):
        raise DataError(
            f"{delimiter!r} cannot be the delimiter.",
            fix="Give one character, such as a comma or a semicolon, or leave it empty.",
        )
    if escaped := _is_escaped(text, delimiter):
        text = Rewriting(escaped=True).rewritten(text.encode()).decode()
    delimiter, single = _delimiter(text, cut, delimiter)
    rewriting = Rewriting(delimiter if delimiter in STAND_IN else "", single, escaped)
    rows = _rows(text, delimiter, cut, single=single)
    above = 1 if announced else _preamble(rows)
    rows = rows[above:] or [[""]]
    if len(rows[0]) > MOST_COLUMNS:
        raise too_wide(path, len(rows[0]), MOST_COLUMNS)
    notes = []
    if escaped:
        notes.append(f'{path.name} writes a quotation mark in a cell as \\", and was read so.')
    if above and not announced:
        lines = "line" if above == 1 else f"{above} lines"
        stand = "stands above the table and is" if above == 1 else "stand above the table and are"
        notes.append(f"The first {lines} of {path.name} {stand} left out.")
    named = _has_header(rows)
    header = rows[0] if named else [""] * len(rows[0])
    body = rows[1:] if named else rows
    if not named:
        notes.append(
            f"{path.name} has no header line, so its columns are called column_1 to "
            f"column_{len(header)}."
        )
    if not body:
        raise endless(path, above + named + 1) if cut else no_rows(path)
    header = _with_side_column(header, body)
    decimal_comma = options.decimals == "comma"
    if options.decimals is None and _decimals(body, delimiter) == "comma":
        decimal_comma = True
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
        unique_names(header),
        above + named,
        decimal_comma,
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


def unique_names(header: Sequence[str]) -> tuple[str, ...]:
    """Give every column a name of its own, and none that is a pattern."""
    taken: Counter[str] = Counter()
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = cell.strip().lstrip("\ufeff") or f"column_{number}"
        name = "row" if name == ROW else f"{name}_" if is_pattern(name) else name
        taken[name] += 1
        while taken[name] > 1 and f"{name}_{taken[name]}" in taken:
            taken[name] += 1
        final = name if taken[name] == 1 else f"{name}_{taken[name]}"
        if final != name:
            taken[final] += 1
        names.append(final)
    return tuple(names)


def _announced(text: str) -> str | None:
    """Return the delimiter that a first line ``sep=;`` names, as Excel writes it."""
    found = re.match(r"sep=([^\r\n\"])\r?\n", text, re.IGNORECASE)
    return found.group(1) if found else None


def _expected(path: Path, text: str) -> str | None:
    """Return the tab for a file named after it that has one in its first line."""
    named = path.suffix.lower() in (".tsv", ".tab")
    return "\t" if named and "\t" in text.lstrip("\r\n").split("\n", 1)[0] else None


def _delimiter(text: str, cut: bool, known: str | None = None) -> tuple[str, bool]:
    """Return what splits the records most evenly into most cells, a comma when nothing does.

    Tells also whether single quotation marks enclose cells.
    """
    choices = [known] if known else [*DELIMITERS, *([COLONS] if COLONS in text else [])]
    if not known and BARS in text and "|" not in text.rstrip("|").replace(BARS, ""):
        choices[choices.index("|")] = BARS
    marks = (False, True) if _SINGLE.search(text) else (False,)
    found = {
        (delimiter, single): _rows(text, delimiter, cut, single=single)
        for single in marks
        for delimiter in choices
    }

    def quality(choice: tuple[str, bool]) -> tuple[float, int, bool]:
        width, share = _usual(found[choice])
        enclosed = choice[1] and _encloses_cells(found[choice[0], False])
        return (round(share, 3), width, enclosed) if width > 1 else (0.0, 0, enclosed)

    best = max(found, key=quality)
    if not known and (spaced := _spaced(text, cut, quality(best)[:2])):
        return spaced, False
    if quality(best)[0] > 0.5 or quality(best)[2]:
        return best
    return max(((each, False) for each in choices), key=lambda choice: len(found[choice][0]))


def _is_escaped(text: str, delimiter: str | None) -> bool:
    r"""Tell whether a quotation mark in a cell stands behind a backslash, as in ``"5\" pipe"``."""
    if not _ESCAPED.search(text):
        return False
    rewritten = Rewriting(escaped=True).rewritten(text.encode()).decode()
    choices = [delimiter] if delimiter and delimiter not in STAND_IN else DELIMITERS
    return any(_is_strict(rewritten, each) and not _is_strict(text, each) for each in choices)


def _is_strict(text: str, delimiter: str) -> bool:
    """Tell whether every quotation mark encloses a cell or is doubled within one."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for _ in reader:
            pass
    except csv.Error as error:
        return "end of data" in str(error)
    return True


def _encloses_cells(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether every cell of some column stands between single quotation marks."""
    width, _ = _usual(rows)
    even = [row for row in rows[1:] if len(row) == width]
    return any(
        any(cells) and all(not cell or re.fullmatch(r"'.*'", cell, re.DOTALL) for cell in cells)
        for cells in (tuple(cell.strip() for cell in column) for column in zip(*even, strict=True))
    )


def _spaced(text: str, cut: bool, usual: tuple[float, int]) -> str:
    """Return `SPACES` where these part the lines of numbers better than anything else does."""
    if usual[0] == 1 and usual[1] > 2:
        return ""
    rows = _rows(text[:SPACED], SPACES, cut or len(text) > SPACED)
    width, share = _usual(rows)
    if usual[0] > 0.5 and usual[1] > 1:
        better = share == 1 and (width > 2 * usual[1] or (usual[0] < 1 and width >= usual[1] > 2))
    else:
        better = True
    return SPACES if better and are_numbers_apart(rows) else ""


def are_numbers_apart(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether lines that were parted at their spaces are rows of a table of numbers."""
    if not rows:
        return False
    width, share = _usual(rows)
    cells = [cell for row in rows for cell in row]
    numbers = sum(bool(_NUMBER.fullmatch(cell)) for cell in cells)
    return width > 2 and share >= _EVEN and numbers >= _NUMBERS * len(cells)


def _usual(rows: Sequence[Sequence[str]]) -> tuple[int, float]:
    """Return how many cells most records have, and the share that does."""
    width, count = Counter(map(len, rows)).most_common(1)[0]
    return width, count / len(rows)


def _rows(text: str, delimiter: str, cut: bool, *, single: bool = False) -> list[list[str]]:
    """Return the first records that are not blank; of a cut text the last is not whole."""
    if delimiter in STAND_IN:
        rewriting = Rewriting(delimiter)
        text = rewriting.rewritten(text.encode()).decode()
        delimiter = rewriting.stand_in
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar="'" if single else '"',
        skipinitialspace=True,
    )
    try:
        rows = list(islice((row for row in reader if any(row) or len(row) > 1), SAMPLE))
    except csv.Error:
        rows = [line.split(delimiter) for line in text.splitlines()[:SAMPLE] if line.strip()]
    return rows[:-1] if cut and 1 < len(rows) < SAMPLE else rows or [[""]]


def _preamble(rows: Sequence[Sequence[str]]) -> int:
    """Count the lines above a table: of one cell where it is even, or with one cell filled.

    Comments behind a # or % count too, unless one is the header.
    """
    above, most = 0, min(LONGEST_PREAMBLE, len(rows) - 2)
    usual, _ = _usual(rows)
    while above < most and len(rows[above]) != usual and rows[above][0].startswith(("#", "%")):
        above += 1
    if above:
        return above
    while above < most and len(rows[above]) == 1:
        above += 1
    width, share = _usual(rows[above:])
    if above:
        return above if width > 1 and share == 1.0 else 0
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows[: most + 1]]
    while above < most and filled[above] < 2 < width:
        above += 1
    titles = all(row[0].strip() or not any(row) for row in rows[:above])
    if not above or filled[above] < len(rows[above]):
        return 0
    return above if titles or _has_header(rows[above:]) else 0


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Tell names from values: words above numbers are names, numbers above numbers are none.

    Numbers may still name columns when they count up or are years.
    """
    first = [cell.strip() for cell in rows[0]]
    numbers = [cell for cell in first if _NUMBER.fullmatch(cell)]
    if len(rows) < 2:
        return True
    below = list(zip(*(row for row in rows[1:] if len(row) == len(first)), strict=True))
    if not numbers:
        again = len(rows) >= FEWEST and any(map(_comes_again, first, below))
        return not again or any(map(_numeric, below))
    if any(
        name and name not in MISSING_NUMBERS and not _NUMBER.fullmatch(name) and _numeric(cells)
        for name, cells in zip(first, below, strict=False)
    ):
        return True
    if len(set(first)) < len(first) or not all(cell.isdigit() for cell in numbers):
        return False
    counted = [int(cell) for cell in numbers]
    upwards = counted[0] in (0, 1) and len(counted) > 2
    upwards &= all(b - a == 1 for a, b in pairwise(counted))
    return upwards or all(1800 <= number <= 2200 for number in counted)


def _comes_again(name: str, cells: Sequence[str]) -> bool:
    """Tell whether what may be the name of a column is rather one of its categories."""
    return bool(name) and sum(cell.strip() == name for cell in cells) > max(1, 0.01 * len(cells))


def _numeric(cells: Sequence[str]) -> bool:
    known = [cell.strip() for cell in cells if cell.strip() not in ("", *MISSING_NUMBERS)]
    return bool(known) and all(_NUMBER.fullmatch(cell) for cell in known)


def _with_side_column(header: list[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Name a column that the header leaves out: row names at the left, or nothing at the right."""
    if any(len(row) != len(header) + 1 for row in body):
        return header
    return [*header, ""] if all(not row[-1].strip() for row in body) else ["", *header]


def _decimals(rows: Sequence[Sequence[str]], delimiter: str) -> Decimals | None:
    """Tell the sign before the decimals; semicolons between cells speak for a comma."""
    width, _ = _usual(rows)
    even = [[cell.strip() for cell in row] for row in rows if len(row) == width]
    return decimals_of(zip(*even, strict=True), commas_likely=delimiter == ";")
