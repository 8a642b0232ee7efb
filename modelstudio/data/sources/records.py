"""Where the records of a text table begin and end, and whether every reader agrees on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_QUOTE, _BREAK, _RETURN = ord('"'), ord("\n"), ord("\r")

_WIDE_SPACES = (
    *(b"\xc2\x85", b"\xc2\xa0", b"\xe1\x9a\x80", b"\xe2\x81\x9f", b"\xe3\x80\x80"),
    b"\xe2\x80",
)
"""Spaces beyond ASCII; all others begin with the last."""


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
    rows
        Records there are when each has the expected number of cells and none is blank; else None.
    loose
        A cell may be empty between quotation marks, or have spaces at its ends.
    """

    rows: int | None
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


def whole_records(content: bytes) -> int:
    """Return how many bytes at the beginning of a text are whole records; 0 when none is."""
    cut = content.rfind(b"\n") + 1
    quotes = content.count(b'"', 0, cut)
    while cut and quotes % 2:
        opened = content.rfind(b'"', 0, cut)
        before = content.rfind(b"\n", 0, opened) + 1
        quotes -= content.count(b'"', before, cut)
        cut = before
    return cut


def look(content: bytes, delimiter: str, width: int) -> Look | None:
    """Look at whole records of UTF-8 text; None when readers may disagree on its cells.

    They agree when each quotation mark encloses a cell or is doubled within one, and a carriage
    return stands before a line break only.
    """
    array = np.frombuffer(content, np.uint8)
    mark = ord(delimiter)
    low = np.flatnonzero(array <= ord(" "))
    kinds = array[low]
    breaks, returns = low[kinds == _BREAK], low[kinds == _RETURN]
    if len(returns) and (array[_next(returns, array)] != _BREAK).any():
        return None
    marks = np.flatnonzero(array == mark) if b'"' in content else None
    cells = np.count_nonzero(array == mark) if marks is None else len(marks)
    rows = len(breaks) + (len(array) > 0 and array[-1] != _BREAK)
    loose = False
    if marks is not None:
        quotes = np.flatnonzero(array == _QUOTE)
        opened, closed = quotes[::2], quotes[1::2]
        if len(opened) != len(closed):
            return None
        before, behind = _around(array, opened, closed)
        edges = np.array([mark, _BREAK, _QUOTE], np.uint8)
        if not np.isin(before, edges).all():
            return None
        if not np.isin(behind, np.append(edges, np.uint8(_RETURN))).all():
            return None
        within = np.searchsorted(marks, closed) - np.searchsorted(marks, opened)
        cells -= int(within.sum())
        rows -= int((np.searchsorted(breaks, closed) - np.searchsorted(breaks, opened)).sum())
        spaced = (array[_next(opened, array)] <= ord(" ")) | (array[closed - 1] <= ord(" "))
        loose = bool((spaced | (closed - opened == 1)).any())
    loose = loose or _spaced(content, array, low[(kinds != _BREAK) & (kinds != mark)], mark)
    return Look(rows if cells == rows * (width - 1) and width > 1 else None, loose)


def _around(
    array: NDArray[np.uint8], opened: NDArray[np.int64], closed: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the bytes before opening and behind closing marks; the ends count as line breaks."""
    before = np.where(opened > 0, array[opened - 1], _BREAK)
    behind = np.where(closed + 1 < len(array), array[_next(closed, array)], _BREAK)
    return before.astype(np.uint8), behind.astype(np.uint8)


def _next(places: NDArray[np.int64], array: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.minimum(places + 1, len(array) - 1)


def _spaced(content: bytes, array: NDArray[np.uint8], spaces: NDArray[np.int64], mark: int) -> bool:
    """Tell whether a space may stand at the end of a cell; ``spaces`` are those of ASCII."""
    if len(spaces):
        spaces = spaces[array[spaces] != _RETURN]
        before, behind = _around(array, spaces, spaces)
        ends = np.array([mark, _BREAK, _QUOTE, _RETURN], np.uint8)
        if np.isin(before, ends).any() or np.isin(behind, ends).any():
            return True
    return not content.isascii() and any(space in content for space in _WIDE_SPACES)
