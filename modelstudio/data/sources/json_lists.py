"""Where a JSON list begins and its entries end, found without parsing them."""

from __future__ import annotations

import json
import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_QUOTE, _SLASH, _COMMA, _BREAK, _RETURN, _SPACE = map(ord, '"\\,\n\r ')


class Entries(NamedTuple):
    """What a piece of a list holds from the beginning of an entry on.

    Parameters
    ----------
    lines
        The whole entries, one a line; each stands at the place it has in the piece.
    rest
        Where behind them the next entry begins, or what follows the list.
    ended
        The list ends in the piece.
    """

    lines: bytes
    rest: int
    ended: bool


_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_OF_OBJECTS = re.compile(rb"\s*:\s*\[\s*(?=\{)")


def list_inside(start: bytes) -> tuple[str, int] | None:
    """Return the key of the first list of objects in an object, and where that list begins.

    Parameters
    ----------
    start
        The first bytes of a file, in UTF-8.
    """
    depth = 0
    for token in _TOKEN.finditer(start):
        if token[0] in b"{[":
            depth += 1
        elif token[0] in b"}]":
            depth -= 1
            if not depth:
                return None
        elif depth == 1 and (found := _OF_OBJECTS.match(start, token.end())):
            return json.loads(token[0], strict=False), found.end()
    return None


def entries(piece: bytes) -> Entries:
    """Find the whole entries of a list; the piece begins with one, in UTF-8."""
    array = np.frombuffer(piece, np.uint8)
    quotes = array == _QUOTE
    if b"\\" in piece:
        _drop_escaped(array, quotes)
    outside = np.logical_xor.accumulate(quotes) ^ True
    opens = ((array == ord("{")) | (array == ord("["))) & outside
    closes = ((array == ord("}")) | (array == ord("]"))) & outside
    marks = np.flatnonzero(opens | closes | ((array == _COMMA) & outside))
    depth = np.cumsum(opens[marks].astype(np.int64) - closes[marks])
    beyond = np.flatnonzero(depth < 0)
    end = int(marks[beyond[0]]) if len(beyond) else len(piece)
    between = marks[(depth == 0) & (array[marks] == _COMMA) & (marks < end)]
    cut = end if len(beyond) else (int(between[-1]) if len(between) else 0)
    lines = array[:cut].copy()
    lines[((lines == _BREAK) | (lines == _RETURN)) & outside[:cut]] = _SPACE
    lines[between[between < cut]] = _BREAK
    rest = cut + 1 if len(beyond) or len(between) else 0
    return Entries(lines.tobytes(), rest, bool(len(beyond)))


def _drop_escaped(array: NDArray[np.uint8], quotes: NDArray[np.bool_]) -> None:
    """Leave out the quotation marks behind an odd number of backslashes."""
    slashes = array == _SLASH
    before = np.concatenate(([False], slashes[:-1]))
    starts = np.flatnonzero(slashes & ~before)
    places = np.flatnonzero(quotes & before)
    runs = places - starts[np.searchsorted(starts, places, side="right") - 1]
    quotes[places[runs % 2 == 1]] = False
