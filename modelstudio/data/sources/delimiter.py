"""What parts the cells of a text table, and encloses them."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from modelstudio.data.sources.rewriting import BARS, COLONS, SPACES, STAND_IN, Rewriting

DELIMITERS = (",", ";", "\t", "|", "^")

SAMPLE = 200
"""Records looked at."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

_SINGLE = re.compile(r"(?m)(?:^|[,;\t|^])[ \t]*'")
"""Where a cell begins with a single quotation mark."""

_ESCAPED = re.compile(r'\\"\w')
"""A quotation mark within a cell, behind a backslash."""

SPACED = 1 << 16
"""Characters looked at to tell whether spaces part cells."""

_EVEN, _NUMBERS = 0.95, 0.3
"""Share of the lines that spaces part into as many cells, and of the cells that are numbers."""


def announced(text: str) -> str | None:
    """Return the delimiter that a first line ``sep=;`` names, as Excel writes it."""
    found = re.match(r"sep=([^\r\n\"])\r?\n", text, re.IGNORECASE)
    return found.group(1) if found else None


def expected(path: Path, text: str) -> str | None:
    """Return the tab for a file named after it that has one in its first line."""
    named = path.suffix.lower() in (".tsv", ".tab")
    return "\t" if named and "\t" in text.lstrip("\r\n").split("\n", 1)[0] else None


def find_delimiter(text: str, cut: bool, known: str | None = None) -> tuple[str, bool]:
    """Return what splits the records most evenly into most cells, a comma when nothing does.

    Tells also whether single quotation marks enclose cells.
    """
    choices = [known] if known else [*DELIMITERS, *([COLONS] if COLONS in text else [])]
    if not known and BARS in text and "|" not in text.rstrip("|").replace(BARS, ""):
        choices[choices.index("|")] = BARS
    marks = (False, True) if _SINGLE.search(text) else (False,)
    found = {
        (delimiter, single): first_records(text, delimiter, cut, single=single)
        for single in marks
        for delimiter in choices
    }

    def quality(choice: tuple[str, bool]) -> tuple[float, int, bool]:
        width, share = usual_width(found[choice])
        enclosed = choice[1] and _encloses_cells(found[choice[0], False])
        return (round(share, 3), width, enclosed) if width > 1 else (0.0, 0, enclosed)

    best = max(found, key=quality)
    if not known and (spaced := _spaced(text, cut, quality(best)[:2])):
        return spaced, False
    if quality(best)[0] > 0.5 or quality(best)[2]:
        return best
    return max(((each, False) for each in choices), key=lambda choice: len(found[choice][0]))


def is_escaped(text: str, delimiter: str | None) -> bool:
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
    width, _ = usual_width(rows)
    even = [row for row in rows[1:] if len(row) == width]
    return any(
        any(cells) and all(not cell or re.fullmatch(r"'.*'", cell, re.DOTALL) for cell in cells)
        for cells in (tuple(cell.strip() for cell in column) for column in zip(*even, strict=True))
    )


def _spaced(text: str, cut: bool, usual: tuple[float, int]) -> str:
    """Return `SPACES` where these part the lines of numbers better than anything else does."""
    if usual[0] == 1 and usual[1] > 2:
        return ""
    rows = first_records(text[:SPACED], SPACES, cut or len(text) > SPACED)
    width, share = usual_width(rows)
    if usual[0] > 0.5 and usual[1] > 1:
        better = share == 1 and (width > 2 * usual[1] or (usual[0] < 1 and width >= usual[1] > 2))
    else:
        better = True
    return SPACES if better and are_numbers_apart(rows) else ""


def are_numbers_apart(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether lines that were parted at their spaces are rows of a table of numbers."""
    if not rows:
        return False
    width, share = usual_width(rows)
    cells = [cell for row in rows for cell in row]
    numbers = sum(bool(NUMBER.fullmatch(cell)) for cell in cells)
    return width > 2 and share >= _EVEN and numbers >= _NUMBERS * len(cells)


def usual_width(rows: Sequence[Sequence[str]]) -> tuple[int, float]:
    """Return how many cells most records have, and the share that does."""
    width, count = Counter(map(len, rows)).most_common(1)[0]
    return width, count / len(rows)


def first_records(text: str, delimiter: str, cut: bool, *, single: bool = False) -> list[list[str]]:
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
