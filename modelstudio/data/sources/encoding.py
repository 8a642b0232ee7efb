"""Text encodings of files: finding them, and turning any into UTF-8."""

from __future__ import annotations

import codecs
from pathlib import Path

from modelstudio.errors import DataError

_BLOCK = 8 << 20
"""Bytes decoded together."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def find_encoding(head: bytes) -> str:
    """Tell the encoding from the first bytes: by mark, by null bytes, UTF-8, else Windows."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > 0.3 * len(head) / 2 > 10 * min(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    for name in ("utf-8", "cp1252"):
        try:
            codecs.getincrementaldecoder(name)().decode(head)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def decode_head(path: Path, head: bytes, encoding: str) -> str:
    """Decode the beginning of a file; a character cut in two at the end does not count.

    Raises
    ------
    DataError
        When there is no such encoding, or the bytes do not fit it.
    """
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(head)
    except LookupError:
        raise DataError(
            f"There is no text encoding called {encoding}.",
            fix="Leave the encoding empty to have it found.",
        ) from None
    except UnicodeDecodeError as error:
        raise _misfit(path, encoding, head, error) from None


def as_utf8(path: Path, raw: bytes, encoding: str, *, found: bool) -> bytes:
    """Return a whole file as UTF-8 without a mark, its lines ended by line feeds.

    Parameters
    ----------
    found
        The encoding was found, not chosen; bytes that do not fit it are read as Windows-1252.

    Raises
    ------
    DataError
        When the bytes do not fit the chosen encoding.
    """
    if encoding == "utf-8" and _is_utf8(raw):
        return as_lines(raw)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        if not found or encoding.startswith("utf-16"):
            raise _misfit(path, encoding, raw, error) from None
        encoding = "cp1252"
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
    return as_lines(text.encode())


def _is_utf8(raw: bytes) -> bool:
    """Tell by blocks, between which other threads have their turn."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(raw)
    try:
        for at in range(0, len(raw), _BLOCK):
            decoder.decode(view[at : at + _BLOCK], final=at + _BLOCK >= len(raw))
    except UnicodeDecodeError:
        return False
    return True


def as_lines(content: bytes) -> bytes:
    """Return text with its lines ended by line feeds, where they all end by carriage returns."""
    return content if b"\n" in content else content.replace(b"\r", b"\n")


def _misfit(path: Path, encoding: str, raw: bytes, error: UnicodeDecodeError) -> DataError:
    line = raw.count(b"\n", 0, error.start) + 1
    return DataError(
        f"{path.name} is not written in {encoding}: line {line:,} does not fit.",
        where=str(path),
        fix="Leave the encoding empty to have it found, or choose another.",
    )
