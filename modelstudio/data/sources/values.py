"""From the text of a column to values of its kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import time

import polars as pl

from modelstudio.data.sources.dates import FEW, DateOrder, dates_in_pieces
from modelstudio.data.sources.dates import all_to_dates as all_to_dates
from modelstudio.data.sources.dates import to_dates as to_dates
from modelstudio.data.sources.numbers import GREATEST as GREATEST
from modelstudio.data.sources.numbers import MISSING_NUMBERS as MISSING_NUMBERS
from modelstudio.data.sources.numbers import all_to_numbers as all_to_numbers
from modelstudio.data.sources.numbers import decimals_of, numbers_in_pieces, points_in_pieces
from modelstudio.data.sources.numbers import is_measurable as is_measurable
from modelstudio.data.sources.numbers import measurable as measurable
from modelstudio.data.sources.numbers import to_numbers as to_numbers
from modelstudio.data.sources.numbers import without_decimal_commas as without_decimal_commas
from modelstudio.project.model import CsvOptions
from modelstudio.recipe.columns import Column

_WITH_ZEROS = r"^([+-]?\d+)\.0+$"

NARROW: dict[str, pl.DataType] = {"number": pl.Float64(), "date": pl.Datetime("ms")}
"""What cells of a kind become that need no text."""

CELLS = 200_000
"""Cells of a long column that are changed at once."""

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
    if column.role == "target" and _has_zeros(text):
        return text.str.replace(_WITH_ZEROS, "$1")
    return text


def _has_zeros(text: pl.Series) -> bool:
    return bool(text.str.ends_with("0").any() and text.str.contains(_WITH_ZEROS).any())


def typed_in_pieces(
    cells: pl.Series, column: Column, dates: DateOrder | None = None
) -> Iterator[pl.Series]:
    """Turn a column into its kind as `typed` does, some cells at a time.

    What takes a look at all cells, such as a unit or the order of dates, is found out first.
    """
    as_is = Pieces(cells)
    if column.kind == "date" and cells.dtype == pl.Datetime:
        return iter(as_is)
    if column.kind == "number" and cells.dtype == pl.Float64:
        return map(measurable, as_is)
    midnight = all(map(at_midnight, as_is))
    text = Pieces(cells, lambda some: as_text(some, midnight=midnight))
    if column.kind == "number":
        return numbers_in_pieces(text)
    if column.kind == "date":
        few = cells.gather_every(-(-len(cells) // FEW) or 1)
        return dates_in_pieces(text, as_text(few, midnight=midnight), dates)
    if column.role == "target":
        return (some.str.replace(_WITH_ZEROS, "$1") for some in text)
    return iter(text)


def is_typed(cells: pl.Series, column: Column) -> bool:
    """Tell whether cells are of their kind as they are."""
    if cells.dtype != NARROW.get(column.kind, pl.String()):
        return False
    if column.kind == "number":
        return is_measurable(cells)
    return not (column.role == "target" and _has_zeros(cells))


@dataclass(frozen=True, slots=True)
class Pieces:
    """A long column that can be gone through piece by piece, and again, each piece changed."""

    cells: pl.Series
    change: Callable[[pl.Series], pl.Series] = lambda some: some

    def __iter__(self) -> Iterator[pl.Series]:
        for start in range(0, max(1, len(self.cells)), CELLS):
            yield self.change(self.cells[start : start + CELLS])


def as_text(cells: pl.Series, *, midnight: bool | None = None) -> pl.Series:
    """Write numbers and dates as text: whole numbers without a point, midnight without a time.

    Dates go without times where all are at ``midnight``, which their column tells if nothing does.
    """
    if cells.dtype == pl.Float64:
        whole = (cells == cells.round()) & (cells.abs() < WHOLE)
        as_whole = cells.cast(pl.Int64, strict=False).cast(pl.String)
        return as_whole.zip_with(whole.fill_null(True), cells.cast(pl.String))
    if cells.dtype == pl.Datetime:
        midnight = at_midnight(cells) if midnight is None else midnight
        return cells.dt.strftime("%Y-%m-%d" if midnight else "%Y-%m-%d %H:%M:%S")
    return cells.cast(pl.String)


def at_midnight(cells: pl.Series) -> bool:
    """Tell whether all dates of a column stand without a time."""
    return cells.dtype == pl.Datetime and bool((cells.dt.time() == time()).all())


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


def usual_pieces(frame: pl.DataFrame, words: Collection[str], commas: bool) -> Iterator[pl.Series]:
    """Yield column after column of what `as_usual` makes of a table, some cells at a time."""
    for column in frame:
        cells = Pieces(column, lambda some: without_words(some.to_frame(), words).to_series())
        yield from points_in_pieces(cells) if commas else cells


def has_commas(frame: pl.DataFrame, options: CsvOptions) -> bool:
    """Tell whether numbers that are text have a decimal comma."""
    if (decimals := options.decimals) is None:
        few = frame.head(200).select(pl.col(pl.String).drop_nulls().implode())
        decimals = decimals_of(column[0].to_list() for column in few)
    return decimals == "comma"
