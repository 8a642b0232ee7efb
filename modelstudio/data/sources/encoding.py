"""Text encodings of files: finding them, and turning any into UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from modelstudio.data.sources.files import unreadable
from modelstudio.errors import DataError

BLOCK = 8 << 20
"""Bytes read together."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Misfit(Exception):
    """Bytes of a file do not fit its encoding; ``line`` is where."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


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


def candidates(encoding: str, *, found: bool) -> tuple[str, ...]:
    """Return the encodings to try in turn; one that was found may turn out wrong further on."""
    if not found or encoding.startswith("utf-16"):
        return (encoding,)
    return tuple(dict.fromkeys((encoding, "cp1252", "latin-1")))


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
        raise misfit(path, encoding, head.count(b"\n", 0, error.start) + 1) from None


def misfit(path: Path, encoding: str, line: int) -> DataError:
    """Say that a file is not written in an encoding."""
    return DataError(
        f"{path.name} is not written in {encoding}: line {line:,} does not fit.",
        where=str(path),
        fix="Leave the encoding empty to have it found, or choose another.",
    )


def utf8_blocks(path: Path, encoding: str, size: int) -> Iterator[tuple[bytes, int]]:
    """Yield a file as UTF-8 without a mark, block by block, and how many of its bytes are read.

    What is said to be UTF-8 is handed on as it is; who parses it finds what is not.

    Raises
    ------
    Misfit
        When the bytes do not fit the encoding.
    DataError
        When the file cannot be read.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    block, read = b"", 0
    try:
        with path.open("rb") as file:
            while block := file.read(size):
                yield block if encoding == "utf-8" else decoder.decode(block).encode(), file.tell()
                read += len(block)
        decoder.decode(b"", True)
    except UnicodeDecodeError as error:
        raise Misfit(_line_at(path, read + error.start)) from None
    except OSError as error:
        raise unreadable(path, error) from None


def _line_at(path: Path, offset: int) -> int:
    line = 1
    with path.open("rb") as file:
        while offset > 0 and (block := file.read(min(offset, BLOCK))):
            line += block.count(b"\n")
            offset -= len(block)
    return line
