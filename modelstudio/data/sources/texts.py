"""Folders of texts as tables: a row a file, with its path, text, class and part."""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import polars as pl

from modelstudio.data.sources import Portion, SourceInfo, folders, mapped, tabular
from modelstudio.data.sources.encoding import candidates, decode_head, find_encoding
from modelstudio.data.sources.files import check_file, kind_of_bytes, unreadable
from modelstudio.data.sources.folders import FILE, TEXTS, Found
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig

TEXT = "text"
"""Column of the contents."""

MOST_BYTES = 2**28
"""A longer text is refused before it is read."""

HEAD = 1 << 16
"""Bytes looked at to find the encoding."""

_PORTION = 200
"""Files read between two signs of progress, at most."""

_TOGETHER = 8 << 20
"""Characters of them."""


class NoText(DataError):
    """A file that holds something else than text."""


def reading(
    path: Path, data: DataConfig, *, target_needed: bool = True, features_only: bool = False
) -> Generator[Portion, None, pl.DataFrame]:
    """Read the texts with what is known of each, each column as its kind."""
    frame = yield from reading_plain(path, data)
    return tabular.as_declared(
        path, frame, data, target_needed=target_needed, features_only=features_only
    )


def reading_plain(path: Path, data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
    """Read the texts with what is known of each; one that is no text is missing.

    A file that is no folder is a single text, or a table with the same columns.
    """
    if _is_table(path):
        return (yield from tabular.reading_plain(path, data))
    found = _found(path)
    frame = folders.table(found)
    size = sum(each.path.stat().st_size for each in found)
    if not mapped.is_large(size):
        parts = []
        for cells, done in _cells(found, data.csv):
            parts.append(cells)
            yield Portion(done, len(found))
        return frame.insert_column(1, pl.concat(parts, rechunk=True))
    key = mapped.key_of(path, folders.fingerprint_of(found), data.csv.encoding)
    if (known := mapped.opened(key)) is not None:
        return known
    with mapped.Writing(key) as into:
        for cells, done in _cells(found, data.csv):
            into.add(frame[done - len(cells) : done].insert_column(1, cells))
            yield Portion(done, len(found))
        return into.finish([FILE, TEXT, *frame.columns[1:]])


def _cells(found: Sequence[Found], options: CsvOptions) -> Iterator[tuple[pl.Series, int]]:
    """Yield the texts of files, some at a time, and how many are read."""
    texts: list[str | None] = []
    size = 0
    for done, each in enumerate(found, 1):
        text = _contents(each.path, options)
        texts.append(text)
        size += len(text or "")
        if len(texts) == _PORTION or size > _TOGETHER or done == len(found):
            cells = pl.Series(TEXT, texts, dtype=pl.String).str.strip_chars()
            yield cells.set(cells == "", None), done
            texts, size = [], 0


def inspect(path: Path, data: DataConfig) -> SourceInfo:
    """Count the texts and look at no more than their names."""
    if _is_table(path):
        return tabular.inspect(path, data)
    found = _found(path)
    others = (name for name in folders.table(found).columns if name != FILE)
    size = sum(each.path.stat().st_size for each in found)
    note = "" if path.is_file() else folders.left_out(path, TEXTS)
    return SourceInfo(path, (FILE, TEXT, *others), len(found), size, (note,) if note else ())


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Return None: the first files tell nothing of the other folders."""
    return None


def fingerprint(path: Path, data: DataConfig) -> str:
    """Return a hash of the names, sizes and times of the files."""
    if _is_table(path):
        return tabular.fingerprint(path, data)
    return folders.fingerprint_of(_found(path))


def _found(path: Path) -> list[Found]:
    return [Found(path.absolute(), None, None)] if path.is_file() else folders.find(path, TEXTS)


def _is_table(path: Path) -> bool:
    """Tell a table with a column of texts from a single text, by its ending and first line."""
    if not path.is_file():
        return False
    if path.suffix.lower() not in TEXTS:
        return True
    try:
        with path.open("rb") as file:
            first = file.readline(HEAD)
    except OSError as error:
        raise unreadable(path, error) from None
    cells = re.split(r"[,;|\t]", first.decode("utf-8-sig", "replace"))
    return len(cells) > 1 and TEXT in (cell.strip().strip("\"'").lower() for cell in cells)


def _contents(path: Path, options: CsvOptions) -> str | None:
    try:
        return read_text(path, options)
    except NoText:
        return None


def read_text(path: Path, options: CsvOptions) -> str:
    r"""Read a whole file as text; line ends become ``\n``.

    Raises
    ------
    DataError
        When it cannot be read, is too long, or not in the encoding that was chosen; `NoText` when
        it is none.
    """
    if check_file(path).st_size > MOST_BYTES:
        raise DataError(
            f"{path.name} is longer than {MOST_BYTES >> 20:,} MB.",
            where=str(path),
            fix="Cut it into several files and take one of them.",
        )
    try:
        contents = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None
    encoding = encoding_of(path, contents[:HEAD], options)
    for name in candidates(path, encoding, found=options.encoding is None):
        try:
            text = codecs.decode(contents, name)
        except (UnicodeDecodeError, LookupError):
            continue
        return text.replace("\r\n", "\n").replace("\r", "\n")
    return decode_head(path, contents, encoding)


def encoding_of(path: Path, head: bytes, options: CsvOptions) -> str:
    """Return the encoding of a text, given how it begins.

    Raises
    ------
    NoText
        When it is none.
    """
    encoding = options.encoding or find_encoding(head)
    wide = encoding.startswith(("utf-16", "utf-32"))
    kind = kind_of_bytes(head)
    if kind is not None or (b"\0" in head and not wide):
        raise NoText(
            f"{path.name} holds {kind or 'something else than text'}.",
            where=str(path),
            fix="Choose a text file.",
        )
    return encoding
