"""Text tables record by record, with Python's own reader: slow, and sure of every line's number."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from modelstudio.data.sources.dialect import LONGEST_LINE, CsvDialect, endless
from modelstudio.data.sources.encoding import Misfit
from modelstudio.errors import DataError

NOTES_FROM = 10
"""Lines behind which a note may stand below the table."""

_NOTE = re.compile(r"\A[^\n\"]*[A-Za-z][^\n\"]*[ :][^\n\"]*\Z|\A\*")

ROWS = 20_000
"""Records given together."""


def read_records(
    path: Path, texts: Iterator[bytes], dialect: CsvDialect, first: int, above: int
) -> Iterator[list[list[str]]]:
    """Yield the rows of a text in UTF-8, many at a time.

    Notes below a table are rows of which the first cell is filled. An empty cell too many at the
    end of a row is left out, and one too few is added where the header ends with an empty cell.

    Parameters
    ----------
    first
        Number of the line that the texts begin with.
    above
        Records to leave out; those that are blank are left out anyway.

    Raises
    ------
    DataError
        Naming the first line with too few or too many cells.
    Misfit
        When the text is not UTF-8.
    """
    lines = _Lines(path, texts, first)
    reader = csv.reader(lines, delimiter=dialect.delimiter, skipinitialspace=True)
    width = len(dialect.columns)
    nameless_end = dialect.columns[-1] == f"column_{width}" and dialect.columns[0] != "column_1"
    rows: list[list[str]] = []
    last: list[str] = []
    notes: list[tuple[int, list[str]]] = []
    while True:
        line = first + reader.line_num
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise DataError(
                f"Line {line:,} of {path.name} cannot be read: {error}.",
                where=str(path),
                fix="Check that every quotation mark is closed.",
            ) from None
        if row is None:
            rows += [note + [""] * (width - 1) for _, note in notes]
        if row is None or len(rows) == ROWS:
            yield rows
            rows = []
        if row is None:
            break
        blank = not row or (len(row) == 1 < width and not row[0].strip())
        if blank or (above := above - 1) >= 0:
            continue
        if len(row) == 1 < width and line > NOTES_FROM and _NOTE.search(row[0]):
            notes.append((line, row))
            continue
        if notes:
            raise _ragged(path, *notes[0], width)
        if len(row) == width + 1 and not row[-1].strip():
            row = row[:-1]
        if len(row) == width - 1 and nameless_end:
            row = [*row, ""]
        if len(row) != width:
            raise _ragged(path, line, row, width)
        rows.append(row)
        last = row
    if last and "\n" in last[-1] and not lines.last.rstrip().endswith('"'):
        raise _unclosed(path, lines.quoted)


class _Lines:
    """The lines of a text in pieces.

    ``last`` is the last that is not blank; ``quoted`` the number of the last with a quotation mark.
    """

    def __init__(self, path: Path, texts: Iterator[bytes], first: int) -> None:
        self.last, self.quoted = "", first
        self._path, self._number = path, first
        self._lines = self._split(texts)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if "\x00" in line:
            raise DataError(
                f"Line {self._number:,} of {self._path.name} holds binary data.",
                where=str(self._path),
                fix="Save the table again in the program that made it.",
            )
        if line.strip():
            self.last = line
        if '"' in line:
            self.quoted = self._number
        self._number += 1
        return line

    def _split(self, texts: Iterator[bytes]) -> Iterator[str]:
        decoder, held = codecs.getincrementaldecoder("utf-8")(), ""
        for text in chain(filter(None, texts), [b""]):
            try:
                held += decoder.decode(text, not text)
            except UnicodeDecodeError as error:
                raise Misfit(self._number + text.count(b"\n", 0, error.start)) from None
            cut = held.rfind("\n") + 1 if text else len(held)
            if not cut and len(held) > LONGEST_LINE:
                raise endless(self._path, self._number)
            yield from io.StringIO(held[:cut], newline="")
            held = held[cut:]


def _ragged(path: Path, line: int, row: list[str], wide: int) -> DataError:
    cells = "1 cell" if len(row) == 1 else f"{len(row):,} cells"
    if wide == 1:
        return DataError(
            f"{path.name} does not look like a table: line {line:,} has {cells}, the first line 1.",
            where=str(path),
            fix="Choose a file with a header line and rows of as many cells.",
        )
    if any("\n" in cell for cell in row):
        return _unclosed(path, line)
    return DataError(
        f"Line {line:,} of {path.name} has {cells}, but the header has {wide:,}.",
        where=str(path),
        fix="Mend that line; text that holds the delimiter needs quotation marks.",
    )


def _unclosed(path: Path, line: int) -> DataError:
    return DataError(
        f"A quotation mark in line {line:,} of {path.name} is never closed.",
        where=str(path),
        fix="Close it, or take it out.",
    )
