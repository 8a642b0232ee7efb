"""The first rows of a text table, from its first bytes, and what they tell."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from modelstudio.data.sources.dialect import CsvDialect, read_head, sniff
from modelstudio.data.sources.encoding import decode_head
from modelstudio.data.sources.files import check_file
from modelstudio.data.sources.numbers import is_measurable
from modelstudio.data.sources.records import find_records, rows_of, whole_records
from modelstudio.data.sources.text_table import parse_text
from modelstudio.data.sources.values import WHOLE
from modelstudio.project.model import CsvOptions

FEW_VALUES = 20
"""So few different numbers may be classes, whose text counts."""


def first_rows(path: Path, options: CsvOptions, rows: int) -> pl.DataFrame | None:
    """Read the first rows of a text table; None where reading all of it is as quick."""
    first = read_head(path)
    if check_file(path).st_size <= len(first):
        return None
    dialect = sniff(path, options)
    content = as_lines(path, first, dialect)
    content = content[: whole_records(content)]
    if not content:
        return None
    records = find_records(content, dialect.delimiter)
    whole = rows_of(content, records, len(dialect.columns))[dialect.skip :][:rows]
    if not len(whole):
        return None
    return parse_text(path, content[: records.ends[whole[-1]]], dialect, options)


def as_lines(path: Path, head: bytes, dialect: CsvDialect) -> bytes:
    """Return the beginning of a text table as UTF-8, its lines ended by line feeds."""
    text = decode_head(path, head, dialect.encoding).encode()
    text = dialect.rewriting.rewritten(text)
    return text.replace(b"\r", b"\n") if dialect.returns else text


def measuring(path: Path, options: CsvOptions) -> list[str]:
    """Return the columns whose text may go, by the first rows."""
    first = first_rows(path, options, 10_000)
    return [] if first is None else [column.name for column in first if _measures(column)]


def _measures(text: pl.Series) -> bool:
    """Tell whether the text of a column may go: plain numbers that are neither ids nor classes."""
    known = text.drop_nulls()
    numbers = known.cast(pl.Float64, strict=False)
    if not len(known) or numbers.null_count() or not is_measurable(numbers):
        return False
    if (numbers.abs() > WHOLE).any() and known.str.contains(r"^[+-]?\d+$").all():
        return False
    distinct = numbers.n_unique()
    ids = distinct == len(known) and bool((numbers == numbers.round()).all())
    return distinct > FEW_VALUES and not ids
