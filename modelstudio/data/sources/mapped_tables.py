"""Tables that are written to files and mapped from there, each column as the kind one chose."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path

import polars as pl

from modelstudio.data.sources import Portion, mapped
from modelstudio.data.sources.dialect import as_cells, sniff
from modelstudio.data.sources.files import check_file, file_key
from modelstudio.data.sources.first_rows import measuring
from modelstudio.data.sources.text_table import read_text
from modelstudio.data.sources.values import (
    NARROW,
    commas_in,
    is_typed,
    typed_in_pieces,
    usual_pieces,
)
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column

Reading = Generator[Portion, None, pl.DataFrame]


def is_mapped(path: Path, options: CsvOptions) -> bool:
    """Tell whether a text table is too large to be held."""
    size = check_file(path).st_size
    return mapped.is_large(size) and mapped.is_large(size, len(sniff(path, options).columns))


def read_mapped(path: Path, data: DataConfig, columns: Sequence[Column]) -> Reading:
    """Map a text table, columns as their kinds; what is not in files yet is written to some."""
    key = mapped.key_of(*file_key(path, as_cells(path, data.csv)))
    if (frame := mapped.opened(key)) is None:
        numbers = measuring(path, data.csv)
        frame = (yield from read_text(path, data.csv, numbers, key=key)).frame
    types = frame.schema
    wanted = {column.name: column for column in columns if column.name in types}
    lost = [
        name
        for name, column in wanted.items()
        if types[name] != pl.String and types[name] != NARROW.get(column.kind)
    ]
    if lost:
        again = mapped.key_of(key, "text", *lost)
        if (text := mapped.opened(again)) is None:
            text = (yield from read_text(path, data.csv, only=lost, key=again)).frame
        frame = frame.with_columns(text.get_columns())
    return with_kinds(key, frame, wanted.values(), data)


def map_file(key: str, options: CsvOptions, read: Callable[[mapped.Writing], Reading]) -> Reading:
    """Map a file with types of its own, after its columns were read and written to files."""
    if (frame := mapped.opened(key)) is not None:
        return frame
    raw = f"{key}-raw"
    if (frame := mapped.opened(raw)) is None:
        with mapped.Writing(raw) as into:
            frame = yield from read(into)
    words, commas = options.missing, commas_in(frame, options)
    if not words and not commas:
        return frame
    return mapped.written(key, usual_pieces(frame, words, commas))


def with_kinds(
    key: str, frame: pl.DataFrame, columns: Iterable[Column], data: DataConfig
) -> pl.DataFrame:
    """Put columns that are mapped as their kinds in the place of those that are of others."""
    for column in columns:
        if column.name not in frame.columns:
            continue
        cells = frame.get_column(column.name)
        if is_typed(cells, column, data.csv):
            continue
        is_target, form = column.role == "target", data.csv.form(column.name)
        as_kind = mapped.key_of(key, column.name, column.kind, is_target, data.csv.dates, form)
        if (values := mapped.opened(as_kind)) is None:
            values = mapped.written(as_kind, typed_in_pieces(cells, column, data.csv))
        frame = frame.with_columns(values.get_columns())
    return frame
