"""Text encodings of files: finding them, and turning any into UTF-8."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from modelstudio.data.sources.files import unreadable
from modelstudio.errors import DataError

BLOCK = 8 << 20
"""Bytes read together."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


TITLES = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252, Western Europe",
    "latin-1": "Latin-1, Western Europe",
    "iso8859-15": "Latin-9, Western Europe",
    "mac-roman": "Mac Roman, Western Europe",
    "cp1250": "Windows-1250, Central Europe",
    "iso8859-2": "Latin-2, Central Europe",
    "cp1251": "Windows-1251, Cyrillic",
    "koi8-r": "KOI8-R, Cyrillic",
    "cp866": "DOS 866, Cyrillic",
    "mac-cyrillic": "Mac Cyrillic",
    "iso8859-5": "ISO 8859-5, Cyrillic",
    "cp1253": "Windows-1253, Greek",
    "iso8859-7": "ISO 8859-7, Greek",
    "cp1254": "Windows-1254, Turkish",
    "cp1255": "Windows-1255, Hebrew",
    "cp1256": "Windows-1256, Arabic",
    "cp1257": "Windows-1257, Baltic",
    "cp1258": "Windows-1258, Vietnamese",
    "cp874": "Windows-874, Thai",
    "shift-jis": "Shift-JIS, Japanese",
    "cp932": "Shift-JIS, Japanese (Windows)",
    "euc-jp": "EUC-JP, Japanese",
    "gb18030": "GB18030, Chinese (simplified)",
    "big5": "Big5, Chinese (traditional)",
    "euc-kr": "EUC-KR, Korean",
    "cp949": "EUC-KR, Korean (Windows)",
}
"""Encodings that can be chosen, and what they are called."""

_TOLD_APART = (
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("koi8-r", "cp866", "mac-cyrillic", "iso8859-2", "iso8859-5", "iso8859-7", "cp874"),
    *("cp932", "euc-jp", "gb18030", "big5", "cp949"),
)
"""Encodings that are told by how often their letters follow each other."""

_LAST = ("cp1252", "latin-1")
"""Encodings taken when nothing tells another; any bytes fit the second."""

_LINE = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
_WORD = re.compile(rb"[\x80-\xff]{3}")
LINES, LETTERS = 400, 5
"""Lines with letters beyond ASCII that tell the encoding, and the fewest different ones in them
from which any other than the usual is told, unless they stand side by side."""


class Misfit(Exception):
    """Bytes of a file do not fit its encoding; ``line`` is where."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def find_encoding(head: bytes) -> str:
    """Tell the encoding from the first bytes: by mark, by null bytes, UTF-8, else by letters."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if wide := _with_nulls(head):
        return wide
    return "utf-8" if _fits("utf-8", head) else _by_letters(head)


def _with_nulls(head: bytes) -> str | None:
    """Tell an encoding of two or four bytes a letter by where its null bytes stand."""
    nulls = [head[at::4].count(0) / max(1, len(head) // 4) for at in range(4)]
    if min(nulls[2:]) > 0.9 and nulls[0] < 0.1:
        return "utf-32-le"
    if min(nulls[:2]) > 0.9 and nulls[3] < 0.1:
        return "utf-32-be"
    even, odd = nulls[0] + nulls[2], nulls[1] + nulls[3]
    if max(even, odd) > 0.6 > 10 * min(even, odd):
        return "utf-16-le" if odd > even else "utf-16-be"
    return None


def _fits(encoding: str, head: bytes) -> bool:
    """Tell whether bytes may be the beginning of a text in an encoding."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _by_letters(head: bytes) -> str:
    """Tell the encoding of a text that is no UTF-8 from its lines with letters beyond ASCII."""
    found = (match[0] for match in _LINE.finditer(head))
    lines = b"\n".join(dict.fromkeys(islice(found, LINES)))
    high = set(lines).difference(range(0x80))
    names = list(_LAST)
    if len(high) >= LETTERS or _WORD.search(lines):
        from chardet import detect

        choices = _TOLD_APART if b"\n" in head else (*_TOLD_APART, "mac-roman")
        likely = detect(lines, include_encodings=choices, compat_names=False)["encoding"]
        names.insert(0, likely or "cp1252")
    return next(name for name in names if _fits(name, head))


def title_of(encoding: str) -> str:
    """Return what an encoding is called."""
    known = codecs.lookup(encoding).name
    same = (title for name, title in TITLES.items() if codecs.lookup(name).name == known)
    return next(same, encoding)


def candidates(path: Path, encoding: str, *, found: bool) -> Iterator[str]:
    """Yield the encodings to try in turn; one that was found may turn out wrong further on."""
    yield encoding
    if not found or encoding.startswith(("utf-16", "utf-32")):
        return
    tried = {encoding}
    for name in (*([_by_letters(_later(path))] if encoding == "utf-8" else []), *_LAST):
        if name not in tried:
            tried.add(name)
            yield name


def _later(path: Path) -> bytes:
    """Return the first block of a file that is no UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                return block
    return b""


def decode_head(path: Path, head: bytes, encoding: str) -> str:
    """Decode the beginning of a file; a character cut in two at the end does not count.

    Raises
    ------
    DataError
        When there is no such encoding, or the bytes do not fit it.
    """
    try:
        return codecs.getincrementaldecoder(checked_encoding(encoding))("strict").decode(head)
    except UnicodeDecodeError as error:
        raise misfit(path, encoding, head.count(b"\n", 0, error.start) + 1) from None


def checked_encoding(name: str) -> str:
    """Return the name of an encoding of text.

    Raises
    ------
    DataError
        When there is none of that name.
    """
    try:
        b"a".decode(name, "ignore")
    except (LookupError, ValueError):
        raise DataError(
            f"There is no text encoding called {name}.",
            fix="Leave the encoding empty to have it found, or give one such as cp1251.",
        ) from None
    return name


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
    if encoding != "utf-8":
        yield from ((text.encode(), read) for text, read in text_blocks(path, encoding, size))
        return
    try:
        with path.open("rb") as file:
            while block := file.read(size):
                yield block, file.tell()
    except OSError as error:
        raise unreadable(path, error) from None


def text_blocks(path: Path, encoding: str, size: int) -> Iterator[tuple[str, int]]:
    """Yield a file as text, block by block, and how many of its bytes are read.

    Raises
    ------
    Misfit
        When the bytes do not fit the encoding.
    DataError
        When the file cannot be read.
    """
    decoder, read = codecs.getincrementaldecoder(encoding)(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(size):
                yield decoder.decode(block), file.tell()
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
