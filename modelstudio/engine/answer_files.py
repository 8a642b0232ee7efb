"""Tables of answers as files, in the format that the ending of the name says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from modelstudio.errors import DataError
from modelstudio.project.files import SUFFIX, check_folder, replacing
from modelstudio.recipe.columns import Column

if TYPE_CHECKING:
    import polars as pl

_CSV, _TSV = (".csv", ".txt", ""), (".tsv", ".tab")
_LINES = (".jsonl", ".ndjson")
_PARQUET, _ARROW = (".parquet", ".pq"), (".arrow", ".feather", ".ipc")
_MODELS = (SUFFIX, ".onnx")
"""Endings of files that no table may have."""


def check_answers(out: Path) -> None:
    """Refuse a name whose ending is of a format that is not written, or that has no folder.

    Raises
    ------
    DataError
        With the endings that are.
    ProjectError
        When the folder does not exist.
    """
    ending = out.suffix.lower()
    if ending in _MODELS:
        raise DataError(
            f"The answers are a table, and {out.name} would be a model.",
            where=str(out),
            fix=f"Write them to another file, such as {out.stem}.csv.",
        )
    if ending not in (*_CSV, *_TSV, *_LINES, *_PARQUET, *_ARROW) and not _is_device(out):
        raise DataError(
            f"Answers are not written as {ending} files.",
            where=str(out),
            fix=f"End the name in .csv, .tsv, .jsonl, .parquet or .arrow, such as {out.stem}.csv.",
        )
    check_folder(out)


def write_answers(
    out: Path, pieces: Iterable[pl.DataFrame], given: Sequence[str], columns: Sequence[Column]
) -> None:
    """Write a table in the format that the ending says; the file is replaced in one step.

    Parameters
    ----------
    pieces
        The table, some rows at a time whenever it is gone through.
    given
        Columns of the data. As text they are written as a person writes them: whole numbers, such
        as ids, without a point. Formats with types get numbers where all cells are.
    columns
        What is known of the columns.
    """
    import polars as pl

    ending = out.suffix.lower()
    with replacing(out) as file:
        if ending in _LINES or ending in _PARQUET or ending in _ARROW:
            kinds = {column.name: column for column in columns}
            table = pl.concat(pieces)
            table = table.with_columns(_in_type(table.get_column(name), kinds) for name in given)
            if ending in _LINES:
                table.write_ndjson(file)
            elif ending in _PARQUET:
                table.write_parquet(file)
            else:
                table.write_ipc(file)
        else:
            _write_text(file, pieces, given, "\t" if ending in _TSV else ",")


def _write_text(
    file: BinaryIO, pieces: Iterable[pl.DataFrame], given: Sequence[str], separator: str
) -> None:
    import polars as pl

    from modelstudio.data.sources.values import as_text, at_midnight

    types = next(iter(pieces)).schema
    dates = [name for name in given if types[name] == pl.Datetime]
    plain = {name for name in dates if all(at_midnight(some.get_column(name)) for some in pieces)}
    for at, some in enumerate(pieces):
        text = some.with_columns(
            as_text(some.get_column(name), midnight=name in plain) for name in given
        )
        text.write_csv(file, include_header=at == 0, separator=separator)


def _in_type(cells: pl.Series, kinds: dict[str, Column]) -> pl.Series:
    """Return the numbers of a column of text when nothing is lost by it, whole ones as such."""
    import polars as pl

    from modelstudio.data.sources.values import WHOLE, typed

    column = kinds.get(cells.name)
    if column is not None and column.kind == "number" and cells.dtype == pl.String:
        numbers = typed(cells, column)
        if numbers.null_count() == cells.null_count():
            cells = numbers
    if cells.dtype == pl.Float64:
        whole = (cells == cells.round()) & (cells.abs() < WHOLE)
        if whole.drop_nulls().all() and cells.null_count() < len(cells):
            return cells.cast(pl.Int64)
    return cells


def _is_device(path: Path) -> bool:
    """Tell a device or a pipe, whose name says nothing."""
    return path.exists() and not path.is_file() and not path.is_dir()
