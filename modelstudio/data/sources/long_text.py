"""One long text as a table: a row a line or a paragraph, in order, with its line breaks."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterable, Iterator
from contextlib import nullcontext
from itertools import chain, islice
from pathlib import Path

import polars as pl

from modelstudio.data.sources import Portion, SourceInfo, mapped
from modelstudio.data.sources.encoding import (
    BLOCK,
    Misfit,
    candidates,
    checked_encoding,
    misfit,
    text_blocks,
)
from modelstudio.data.sources.files import check_file, file_key, file_mark, first_bytes
from modelstudio.data.sources.texts import HEAD, TEXT, encoding_of
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import LongText

LONGEST = 1000
"""Characters of a row; what is longer makes several, so that any text can be split."""

_MOST = 1 << 20
"""Characters of a line or a paragraph that are held."""

_ROWS = 20_000
"""Rows made together."""


def reading(
    path: Path, data: DataConfig, *, target_needed: bool = True, features_only: bool = False
) -> Generator[Portion, None, pl.DataFrame]:
    """Read the text; it has one column, whatever is said of it."""
    return (yield from reading_plain(path, data))


def reading_plain(path: Path, data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
    """Read the text; its rows put together are the whole of it."""
    assert isinstance(data.source, LongText)
    size, options = check_file(path).st_size, data.csv
    yield Portion(0, size)
    encoding = checked_encoding(encoding_of(path, first_bytes(path, HEAD), options))
    key = mapped.key_of(*file_key(path, options.encoding, data.source.rows))
    if mapped.is_large(size) and (known := mapped.opened(key)) is not None:
        return known
    for name in candidates(path, encoding, found=options.encoding is None):
        with mapped.Writing(key) if mapped.is_large(size) else nullcontext() as into:
            try:
                frame = yield from _written(_rows(path, name, data.source), size, into)
            except Misfit as error:
                line = error.line
                continue
            if frame is not None:
                return frame
            raise DataError(
                f"{path.name} holds no text.", where=str(path), fix="Choose a file with text in it."
            )
    raise misfit(path, encoding, line)


def _written(
    rows: Iterator[str], size: int, into: mapped.Writing | None
) -> Generator[Portion, None, pl.DataFrame | None]:
    """Make a table of rows, in files if asked; None where there is no text."""
    parts, done, filled = [], 0, False
    while some := list(islice(rows, _ROWS)):
        cells = pl.Series(TEXT, some, pl.String)
        if into is None:
            parts.append(cells.to_frame())
        else:
            into.add([cells])
        filled = filled or any(map(str.strip, some))
        done += sum(map(len, some))
        yield Portion(min(done, size), size)
    yield Portion(size, size)
    if not filled:
        return None
    return pl.concat(parts, rechunk=True) if into is None else into.finish([TEXT])


def _rows(path: Path, encoding: str, source: LongText) -> Iterator[str]:
    lines = _lines(text for text, _ in text_blocks(path, encoding, BLOCK))
    for block in _paragraphs(lines) if source.rows == "paragraphs" else lines:
        yield from (block[at : at + LONGEST] for at in range(0, len(block), LONGEST))


def inspect(path: Path, data: DataConfig) -> SourceInfo:
    """Estimate the number of lines from the first ones."""
    size = check_file(path).st_size
    beginning = first_bytes(path, HEAD)
    lines = beginning.count(b"\n") + 1
    return SourceInfo(path, (TEXT,), round(lines * size / max(1, len(beginning))), size)


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Return None: a text is read at once."""
    return None


def fingerprint(path: Path, data: DataConfig) -> str:
    """Return a hash of the text."""
    return file_mark(path)


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Yield lines with their breaks, or what is whole rows of one that is very long."""
    breaks, held = io.IncrementalNewlineDecoder(None, translate=True), ""
    for text in chain(texts, [""]):
        held += breaks.decode(text, final=not text)
        cut = held.rfind("\n") + 1
        yield from (f"{line}\n" for line in held[:cut].split("\n")[:-1])
        held = held[cut:]
        if len(held) > _MOST:
            whole = len(held) // LONGEST * LONGEST
            yield held[:whole]
            held = held[whole:]
    if held:
        yield held


def _paragraphs(lines: Iterator[str]) -> Iterator[str]:
    """Yield lines up to an empty one, and the empty ones after them, together.

    Of what is very long whole rows come by themselves.
    """
    held, size, blank = list[str](), 0, False
    for line in lines:
        if blank and line.strip():
            yield "".join(held)
            held, size = [], 0
        blank = not line.strip()
        held.append(line)
        size += len(line)
        if size > _MOST:
            text, whole = "".join(held), size // LONGEST * LONGEST
            yield text[:whole]
            held, size = [text[whole:]], size - whole
    yield "".join(held)
