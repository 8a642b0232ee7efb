"""From the text of a column to values of its kind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import time

import polars as pl

from modelstudio.data.sources.dates import DateOrder, clear_dates
from modelstudio.data.sources.dates import all_to_dates as all_to_dates
from modelstudio.data.sources.dates import to_dates as to_dates
from modelstudio.data.sources.numbers import GREATEST as GREATEST
from modelstudio.data.sources.numbers import MISSING_NUMBERS as MISSING_NUMBERS
from modelstudio.data.sources.numbers import all_to_numbers as all_to_numbers
from modelstudio.data.sources.numbers import decimals_of, plain_numbers
from modelstudio.data.sources.numbers import is_measurable as is_measurable
from modelstudio.data.sources.numbers import measurable as measurable
from modelstudio.data.sources.numbers import to_numbers as to_numbers
from modelstudio.data.sources.numbers import without_decimal_commas as without_decimal_commas
from modelstudio.project.model import CsvOptions
from modelstudio.recipe.columns import Column

_WITH_ZEROS = r"^([+-]?\d+)\.0+$"

NARROW: dict[str, pl.DataType] = {"number": pl.Float64(), "date": pl.Datetime("ms")}
"""What cells of a kind become that need no text."""

WHOLE = 2.0**53
"""Up to here every whole number has a place among the doubles."""


def typed(cells: pl.Series, column: Column, dates: DateOrder | None = None) -> pl.Series:
    """Turn the text of a column, or what a source with types of its own gave, into its kind.

    Numbers become Float64, dates Datetime; a class written ``1.0`` is the class ``1``. ``dates``
    says how 03/04/2021 is meant.
    """
    match column.kind:
        case "number":
            return measurable(cells) if cells.dtype == pl.Float64 else to_numbers(as_text(cells))
        case "date":
            return cells if cells.dtype == pl.Datetime else to_dates(as_text(cells), dates)
    text = as_text(cells)
    if column.role == "target" and text.str.contains(_WITH_ZEROS).any():
        return text.str.replace(_WITH_ZEROS, "$1")
    return text


def typed_alone(cells: pl.Series, column: Column) -> pl.Series | None:
    """Turn some cells of a column into its kind; None where that takes a look at all of them."""
    text = cells.dtype == pl.String
    if text and column.kind == "number":
        return plain_numbers(cells)
    if text and column.kind == "date":
        return clear_dates(cells)
    if cells.dtype == pl.Datetime and column.kind != "date":
        return None
    return typed(cells, column)


def as_text(cells: pl.Series) -> pl.Series:
    """Write numbers and dates as text: whole numbers without a point, midnight without a time."""
    if cells.dtype == pl.Float64:
        whole = (cells == cells.round()) & (cells.abs() < WHOLE)
        as_whole = cells.cast(pl.Int64, strict=False).cast(pl.String)
        return as_whole.zip_with(whole.fill_null(True), cells.cast(pl.String))
    if cells.dtype == pl.Datetime:
        midnight = (cells.dt.time() == time()).all()
        return cells.dt.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S")
    return cells.cast(pl.String)


def without_words(frame: pl.DataFrame, words: Collection[str]) -> pl.DataFrame:
    """Take cells that are one of some words for missing, in numbers those that are written so."""
    if not words:
        return frame
    numbers = to_numbers(pl.Series(list(words), dtype=pl.String)).drop_nulls().to_list()
    frame = frame.with_columns(
        pl.when(~pl.col(pl.String).is_in(list(words))).then(pl.col(pl.String))
    )
    return frame.with_columns(pl.when(~pl.col(pl.Float64).is_in(numbers)).then(pl.col(pl.Float64)))


def as_usual(frame: pl.DataFrame, words: Sequence[str], commas: bool) -> pl.DataFrame:
    """Take words for missing, and write text with a decimal comma the usual way."""
    frame = without_words(frame, words)
    return frame.with_columns(map(without_decimal_commas, frame)) if commas else frame


def has_commas(frame: pl.DataFrame, options: CsvOptions) -> bool:
    """Tell whether numbers that are text have a decimal comma."""
    if (decimals := options.decimals) is None:
        few = frame.head(200).select(pl.col(pl.String).drop_nulls().implode())
        decimals = decimals_of(column[0].to_list() for column in few)
    return decimals == "comma"
