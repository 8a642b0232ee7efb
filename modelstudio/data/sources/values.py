"""From the text of a column to values of its kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import time

import polars as pl

from modelstudio.data.sources.dates import FEW, dates_in_pieces
from modelstudio.data.sources.dates import all_to_dates as all_to_dates
from modelstudio.data.sources.dates import to_dates as to_dates
from modelstudio.data.sources.numbers import GREATEST as GREATEST
from modelstudio.data.sources.numbers import MISSING_NUMBERS as MISSING_NUMBERS
from modelstudio.data.sources.numbers import all_to_numbers as all_to_numbers
from modelstudio.data.sources.numbers import decimals_of, may_have_commas, numbers_in_pieces
from modelstudio.data.sources.numbers import is_measurable as is_measurable
from modelstudio.data.sources.numbers import measurable as measurable
from modelstudio.data.sources.numbers import to_numbers as to_numbers
from modelstudio.data.sources.numbers import without_decimal_commas as without_decimal_commas
from modelstudio.data.sources.numbers import without_numbers as without_numbers
from modelstudio.project.model import CsvOptions, Form
from modelstudio.recipe.columns import Column

_WITH_ZEROS = r"^([+-]?\d+)\.0+$"

NARROW: dict[str, pl.DataType] = {"number": pl.Float64(), "date": pl.Datetime("ms")}
"""What cells of a kind become that need no text."""

_HEAD = 200
"""First cells of a column that tell whether it has decimal commas."""

_OPEN = CsvOptions()

CELLS = 200_000
"""Cells of a long column that are changed at once."""

WHOLE = 2.0**53
"""Up to here every whole number has a place among the doubles."""


def typed(cells: pl.Series, column: Column, csv: CsvOptions = _OPEN) -> pl.Series:
    """Turn the text of a column, or what a source with types of its own gave, into its kind.

    Numbers become Float64, dates Datetime; a class written ``1.0`` is the class ``1``. ``csv``
    says how the column is written; where that is not known, its cells tell.
    """
    form = csv.form(column.name)
    match column.kind:
        case "number":
            is_read = cells.dtype == pl.Float64
            unit = form.unit if form else None
            read = measurable(cells) if is_read else to_numbers(as_text(cells), unit)
            return without_numbers(read.to_frame(), csv.missing).to_series()
        case "date":
            if cells.dtype == pl.Datetime:
                return cells
            return to_dates(as_text(cells), csv.dates, form)
    text = as_text(cells, midnight=form.days if form else None)
    return _as_category(text, column, form)


def _as_category(text: pl.Series, column: Column, form: Form | None) -> pl.Series:
    """Write the classes of a column in one way."""
    if form is not None and form.truths is not None:
        small = text.str.to_lowercase()
        for word, written in zip(("false", "true"), form.truths, strict=True):
            text = text.zip_with((small != word).fill_null(True), pl.Series([written]))
    whole = column.role == "target" or (form is not None and form.whole)
    if whole and _has_zeros(text):
        return text.str.replace(_WITH_ZEROS, "$1")
    return text


def _has_zeros(text: pl.Series) -> bool:
    return bool(text.str.ends_with("0").any() and text.str.contains(_WITH_ZEROS).any())


def typed_in_pieces(
    cells: pl.Series, column: Column, csv: CsvOptions = _OPEN
) -> Iterator[pl.Series]:
    """Turn a column into its kind as `typed` does, some cells at a time.

    Where it is not known how the column is written, that is found out first.
    """
    form = csv.form(column.name)
    as_is = Pieces(cells)
    if column.kind == "date" and cells.dtype == pl.Datetime:
        return iter(as_is)
    if column.kind == "number" and cells.dtype == pl.Float64:
        return (typed(some, column, csv) for some in as_is)
    midnight = form.days if form else all(map(at_midnight, as_is))
    text = Pieces(cells, lambda some: as_text(some, midnight=midnight))
    if column.kind == "number":
        read = numbers_in_pieces(text, form.unit if form else None)
        return (without_numbers(some.to_frame(), csv.missing).to_series() for some in read)
    if column.kind == "date":
        few = cells.gather_every(-(-len(cells) // FEW) or 1)
        return dates_in_pieces(text, as_text(few, midnight=midnight), csv.dates, form)
    return (_as_category(some, column, form) for some in text)


def is_typed(cells: pl.Series, column: Column, csv: CsvOptions = _OPEN) -> bool:
    """Tell whether cells are of their kind as they are."""
    if cells.dtype != NARROW.get(column.kind, pl.String()):
        return False
    if column.kind == "number":
        return is_measurable(cells)
    form = csv.form(column.name)
    whole = column.role == "target" or (form is not None and form.whole)
    return not (form is not None and form.truths) and not (whole and _has_zeros(cells))


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
    frame = frame.with_columns(
        pl.when(~pl.col(pl.String).is_in(list(words))).then(pl.col(pl.String))
    )
    return without_numbers(frame, words)


def as_usual(frame: pl.DataFrame, words: Collection[str], commas: Collection[str]) -> pl.DataFrame:
    """Take words for missing, and write text in columns with decimal commas the usual way."""
    frame = without_words(frame, words)
    return frame.with_columns(
        without_decimal_commas(column) for column in frame if column.name in commas
    )


def usual_pieces(
    frame: pl.DataFrame, words: Collection[str], commas: Collection[str]
) -> Iterator[pl.Series]:
    """Yield column after column of what `as_usual` makes of a table, some cells at a time."""
    for column in frame:
        yield from Pieces(column, lambda some: as_usual(some.to_frame(), words, commas).to_series())


def commas_in(frame: pl.DataFrame, options: CsvOptions) -> frozenset[str]:
    """Return the columns of text whose numbers have decimal commas, by their first cells."""
    if options.commas is not None:
        return frozenset(options.commas)
    few = frame.head(_HEAD).select(pl.col(pl.String).drop_nulls().implode())
    cells = {column.name: column[0].to_list() for column in few}
    if (options.decimals or decimals_of(cells.values())) != "comma":
        return frozenset()
    return frozenset(name for name, held in cells.items() if may_have_commas(held))
