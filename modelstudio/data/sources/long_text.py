"""One long text as a table: a row a line or a paragraph, in order, with its line breaks."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import polars as pl

from modelstudio.data.sources import Portion, SourceInfo
from modelstudio.data.sources.files import check_file, file_mark, first_bytes
from modelstudio.data.sources.texts import TEXT, read_text
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import LongText

LONGEST = 1000
"""Characters of a row; what is longer makes several, so that any text can be split."""

_HEAD = 1 << 16


def reading(
    path: Path, data: DataConfig, *, target_needed: bool = True, features_only: bool = False
) -> Generator[Portion, None, pl.DataFrame]:
    """Read the text; it has one column, whatever is said of it."""
    return (yield from reading_plain(path, data))


def reading_plain(path: Path, data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
    """Read the text; its rows put together are the whole of it."""
    size = check_file(path).st_size
    yield Portion(0, size)
    text = read_text(path, data.csv)
    if not text.strip():
        raise DataError(
            f"{path.name} holds no text.", where=str(path), fix="Choose a file with text in it."
        )
    assert isinstance(data.source, LongText)
    lines = _lines(text)
    blocks = _paragraphs(lines) if data.source.rows == "paragraphs" else lines
    rows = [block[at : at + LONGEST] for block in blocks for at in range(0, len(block), LONGEST)]
    yield Portion(size, size)
    return pl.DataFrame({TEXT: rows}, schema={TEXT: pl.String})


def inspect(path: Path, data: DataConfig) -> SourceInfo:
    """Estimate the number of lines from the first ones."""
    size = check_file(path).st_size
    beginning = first_bytes(path, _HEAD)
    lines = beginning.count(b"\n") + 1
    return SourceInfo(path, (TEXT,), round(lines * size / max(1, len(beginning))), size)


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Return None: a text is read at once."""
    return None


def fingerprint(path: Path, data: DataConfig) -> str:
    """Return a hash of the text."""
    return file_mark(path)


def _lines(text: str) -> Iterator[str]:
    """Yield lines with their breaks; only line feeds break them."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start : end + 1]
        start = end + 1
    if start < len(text):
        yield text[start:]


def _paragraphs(lines: Iterator[str]) -> Iterator[str]:
    """Yield lines up to an empty one, and the empty ones after them, together."""
    held: list[str] = []
    for line in lines:
        if held and line.strip() and not held[-1].strip():
            yield "".join(held)
            held = []
        held.append(line)
    yield "".join(held)
