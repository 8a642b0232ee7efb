"""Where the records of a text table begin and end, and whether every reader agrees on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_WIDE_SPACES = (0xC285, 0xC2A0, 0xE19A, 0xE280, 0xE281, 0xE380)
"""First two bytes of the spaces beyond ASCII."""

_WIDE_FIRST = {pair >> 8 for pair in _WIDE_SPACES}

_QUOTE, _BREAK, _RETURN = ord('"'), ord("\n"), ord("\r")


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a table, a line break inside quotation marks being part of a cell.

    Parameters
    ----------
    starts, ends
        First byte of each record, and the byte behind its line break; shape (records,).
    cells
        How many cells each has; shape (records,).
    """

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    cells: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Look:
    """What there is in a text of whole records whose quotation marks all enclose whole cells.

    Parameters
    ----------
    lines
        Line breaks, those in cells among them.
    records
        Line breaks that end a record, be it a blank one.
    loose
        A cell may be empty between quotation marks, or have spaces at its ends.
    """

    lines: int
    records: int
    loose: bool


def find_records(content: bytes, delimiter: str) -> Records:
    """Find the records of UTF-8 text by counting quotation marks; nothing is parsed."""
    array = np.frombuffer(content, np.uint8)
    breaks, marks = array == _BREAK, array == ord(delimiter)
    quotes = array == _QUOTE
    if quotes.any():
        outside = np.bitwise_xor.accumulate(quotes) ^ True
        breaks &= outside
        marks &= outside
    end = np.flatnonzero(breaks) + 1
    total = np.searchsorted(np.flatnonzero(marks), end)
    if not len(end) or end[-1] < len(array):
        end, total = np.append(end, len(array)), np.append(total, np.count_nonzero(marks))
    return Records(np.concatenate(([0], end[:-1])), end, np.diff(total, prepend=0) + 1)


def rows_of(content: bytes, records: Records, width: int) -> NDArray[np.int64]:
    """Return which records are not blank."""
    first = np.frombuffer(content, np.uint8)[records.starts]
    filled = (first != ord("\n")) & (first != ord("\r"))
    if width > 1:
        for index in np.flatnonzero(filled & (records.cells == 1)):
            start, end = records.starts[index], records.ends[index]
            filled[index] = bool(content[start : min(end, start + 200)].strip(b'" \t\r\n'))
    return np.flatnonzero(filled)


def joined(content: bytes, records: Records, rows: NDArray[np.int64]) -> bytes:
    """Return the text of the rows without what lies between and around them."""
    if not len(rows):
        return b""
    gaps = np.flatnonzero(np.diff(rows) > 1)
    first, last = rows[np.append(0, gaps + 1)], rows[np.append(gaps, len(rows) - 1)]
    pairs = zip(records.starts[first].tolist(), records.ends[last].tolist(), strict=True)
    return b"".join(content[start:end] for start, end in pairs)


def whole_records(content: bytes, held: bytes = b"") -> int:
    """Return how many bytes at the beginning of a text are whole records; 0 when none is.

    Parameters
    ----------
    held
        What stands before the content.
    """
    cut = content.rfind(b"\n") + 1
    array = np.frombuffer(content, np.uint8)
    quotes = np.count_nonzero(array[:cut] == _QUOTE) + held.count(b'"')
    if held and cut and not quotes % 2:
        return len(held) + cut
    if held:
        return whole_records(held + content)
    while cut and quotes % 2:
        opened = content.rfind(b'"', 0, cut)
        before = content.rfind(b"\n", 0, opened) + 1
        quotes -= np.count_nonzero(array[before:cut] == _QUOTE)
        cut = before
    return cut


def look(content: bytes, delimiter: str) -> Look | None:
    """Look at whole records of UTF-8 text, up to a line break; None when readers may disagree.

    They agree on its cells when each quotation mark encloses a cell or is doubled within one, and
    a carriage return stands before a line break only.
    """
    array = np.frombuffer(content, np.uint8)
    low = np.flatnonzero(array <= _QUOTE)
    kinds = array[low]
    breaks, marks = kinds == _BREAK, kinds == _QUOTE
    returns, quotes = low[kinds == _RETURN], low[marks]
    if array[-1] != _BREAK or kinds.min() == 0 or (array[returns + 1] != _BREAK).any():
        return None
    if len(quotes) % 2:
        return None
    ends = np.zeros(256, bool)
    ends[[ord(delimiter), _BREAK, _RETURN]] = True
    opened, closed = quotes[::2], quotes[1::2]
    before, behind = array[opened - 1], array[closed + 1]  # before the first comes the last break
    begins, finishes = ends[before], ends[behind]
    if not (begins | (before == _QUOTE)).all() or not (finishes | (behind == _QUOTE)).all():
        return None
    inside = np.bitwise_xor.accumulate(marks)
    lines = int(np.count_nonzero(breaks))
    spaces = low[(kinds <= ord(" ")) & ~ends[kinds] & ~inside]
    loose = (
        bool((array[opened[begins] + 1] <= ord(" ")).any())
        or bool((array[closed[finishes] - 1] <= ord(" ")).any())
        or bool((begins & finishes & (closed - opened == 1)).any())
        or bool((ends[array[spaces - 1]] | ends[array[spaces + 1]]).any())
        or _has_wide_spaces(content)
    )
    return Look(lines, lines - int(np.count_nonzero(breaks & inside)), loose)


def count_cells(content: bytes, delimiter: str) -> int:
    """Count the cells of whole records at which a `look` was taken."""
    array = np.frombuffer(content, np.uint8)
    quotes = np.flatnonzero(array == _QUOTE)
    lengths = quotes[1::2] - quotes[::2]
    starts = quotes[::2] - np.cumsum(lengths) + lengths
    within = array[np.repeat(starts, lengths) + np.arange(lengths.sum())]
    ends = (ord(delimiter), _BREAK)
    return sum(
        int(np.count_nonzero(array == end) - np.count_nonzero(within == end)) for end in ends
    )


def _has_wide_spaces(content: bytes) -> bool:
    """Tell whether there may be spaces beyond ASCII, such as one that does not break."""
    if content.isascii():
        return False
    array = np.frombuffer(content, np.uint8)
    greatest = array.max()
    if all(content.find(first) < 0 for first in _WIDE_FIRST if first <= greatest):
        return False
    first = np.flatnonzero(array[:-1] >= _WIDE_SPACES[0] >> 8)
    pairs = array[first].astype(np.uint16) << 8 | array[first + 1]
    return bool(np.isin(pairs, _WIDE_SPACES).any())
