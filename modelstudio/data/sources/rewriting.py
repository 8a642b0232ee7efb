"""Text tables written in unusual ways, turned into the usual one before they are parsed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

COLONS, BARS, SPACES = "::", "||", "  "
"""Delimiters of more than one character; the last is any number of spaces or tabs."""

STAND_IN = {COLONS: "\x1f", BARS: "\x1f", SPACES: "\t"}
"""What takes their place."""

_SWAPPED = bytes.maketrans(b"'\"", b"\"'")
_ESCAPED = re.compile(rb'\\(["\\])')
_OUTSIDE = re.compile(rb'("[^"\n]*")|^[ \t]+|[ \t]+(?=\r?$)|[ \t]+', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rewriting:
    """What is unusual in a text table.

    Parameters
    ----------
    delimiter
        The characters between cells, one of `STAND_IN`; empty when there is one only.
    single
        Cells are enclosed in single quotation marks instead of double ones.
    escaped
        A quotation mark in a cell, and a backslash, stand behind a backslash.
    """

    delimiter: str = ""
    single: bool = False
    escaped: bool = False

    @property
    def stand_in(self) -> str:
        """The delimiter of the rewritten text; empty when there is no other."""
        return STAND_IN.get(self.delimiter, "")

    def rewritten(self, text: bytes) -> bytes:
        """Return whole lines as they are usually written."""
        if self.single:
            text = text.translate(_SWAPPED)
        if self.escaped:
            text = _ESCAPED.sub(lambda found: b'""' if found[1] == b'"' else b"\\", text)
        if self.delimiter in (COLONS, BARS):
            return text.replace(self.delimiter.encode(), self.stand_in.encode())
        if self.delimiter == SPACES:
            return _OUTSIDE.sub(self._apart, text)
        return text

    def _apart(self, found: re.Match[bytes]) -> bytes:
        if found[1]:
            return found[1]
        text = found.string
        starts = found.start() == 0 or text[found.start() - 1 : found.start()] == b"\n"
        ends = text[found.end() : found.end() + 1] in (b"", b"\r", b"\n")
        return b"" if starts or ends else self.stand_in.encode()

    def restored(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give cells of text the quotation marks that stand in them in the file."""
        if not self.single:
            return frame
        swapped = pl.col(pl.String).str.replace_many(["'", '"'], ['"', "'"])
        return frame.with_columns(swapped)

    def blocks(self, given: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
        """Rewrite a file that comes block by block, whole lines at a time."""
        if self == USUAL:
            yield from given
            return
        held, at = b"", 0
        for block, at in given:
            held += block
            cut = held.rfind(b"\n") + 1
            yield self.rewritten(held[:cut]), at
            held = held[cut:]
        yield self.rewritten(held), at


USUAL = Rewriting()
"""A text table that needs none."""
