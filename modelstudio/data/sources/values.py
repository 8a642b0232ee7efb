"""From the text of a column to values of its kind."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time

import polars as pl

from modelstudio.recipe.columns import Column

MISSING_NUMBERS = (
    *("NA", "N/A", "n/a", "na", "#N/A", "NaN", "nan", "NAN", "null", "NULL", "Null", "None"),
    *("-", "--", "?", "."),
)
"""Words that mean a missing value where a number is due; elsewhere they are categories."""

GREATEST = 1e150
"""Numbers beyond this count as infinite: their squares overflow."""

WHOLE = 2.0**53
"""Up to here every whole number has a place among the doubles."""

_DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
)

_DECIMAL_COMMA = r"^[+-]?(\d+|\d{1,3}([. ']\d{3})+)(,\d+)?$"


def typed(cells: pl.Series, column: Column) -> pl.Series:
    """Turn the text of a column, or what a source with types of its own gave, into its kind.

    Numbers become Float64, dates Datetime; a class written ``1.0`` is the class ``1``.
    """
    match column.kind:
        case "number":
            return measurable(cells) if cells.dtype == pl.Float64 else to_numbers(as_text(cells))
        case "date":
            return cells if cells.dtype == pl.Datetime else to_dates(as_text(cells))
    text = as_text(cells)
    if column.role == "target" and text.str.ends_with("0").any():
        return text.str.replace(r"^([+-]?\d+)\.0+$", "$1")
    return text


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


def to_numbers(text: pl.Series) -> pl.Series:
    """Read text as Float64; what is no number, or beyond all measure, is missing.

    Thousands may be set apart (``1,234.5``), and a currency or per cent sign may stand beside.
    """
    return all_to_numbers(text.to_frame()).to_series()


def all_to_numbers(text: pl.DataFrame) -> pl.DataFrame:
    """Read all columns of a table as `to_numbers` does, in few passes however many there are."""
    numbers = text.select(pl.all().cast(pl.Float64, strict=False))
    empty = zip(numbers.get_columns(), text.get_columns(), strict=True)
    if unread := [
        after.name for after, before in empty if after.null_count() > before.null_count()
    ]:
        bare = text[unread].select(pl.all().str.replace_all(r"[\s$€£¥%]", ""))
        grouped = pl.all().str.contains(r"^[+-]?\d{1,3}([,']\d{3})+(\.\d*)?$")
        bare = bare.select(
            pl.when(grouped).then(pl.all().str.replace_all("[,']", "")).otherwise(pl.all())
        )
        numbers = numbers.with_columns(bare.select(pl.all().cast(pl.Float64, strict=False)))
    return numbers.select(pl.when(pl.all().abs() < GREATEST).then(pl.all()))


def is_measurable(numbers: pl.Series) -> bool:
    """Tell whether every number that is there is finite and within all measure."""
    return bool((numbers.abs() < GREATEST).all())


def measurable(numbers: pl.Series) -> pl.Series:
    """Take infinite numbers and those beyond all measure for missing."""
    return numbers.to_frame().select(pl.when(pl.all().abs() < GREATEST).then(pl.all())).to_series()


def to_dates(text: pl.Series) -> pl.Series:
    """Read text as a date and time in one of the usual forms."""
    return all_to_dates(text.to_frame()).to_series()


def all_to_dates(text: pl.DataFrame) -> pl.DataFrame:
    """Read all columns of a table as `to_dates` does, in few passes.

    Most columns are written in the first form throughout; the others are tried where one is not.
    """
    first, *others = _DATE_FORMATS
    dates = text.select(_read_date(pl.all(), first))
    pairs = zip(dates.get_columns(), text.get_columns(), strict=True)
    unread = [after.name for after, before in pairs if after.null_count() > before.null_count()]
    if not unread:
        return dates
    rest = text[unread].select(
        pl.coalesce(_read_date(pl.nth(at), form) for form in others) for at in range(len(unread))
    )
    return dates.with_columns(
        dates.get_column(each.name).zip_with(dates.get_column(each.name).is_not_null(), each)
        for each in rest
    )


def _read_date(text: pl.Expr, form: str) -> pl.Expr:
    return text.str.to_datetime(form, strict=False, time_unit="ms")


def without_decimal_commas(text: pl.Series) -> pl.Series:
    """Write the numbers of a column with decimal commas the usual way: ``1.234,5`` as ``1234.5``.

    A column that holds anything else stays as it is.
    """
    known = text.drop_nulls()
    known = known.filter(~known.is_in(MISSING_NUMBERS))
    if not len(known) or float(known.str.contains(_DECIMAL_COMMA).mean() or 0.0) < 0.95:  # type: ignore[arg-type]
        return text
    plain = text.str.replace_all(r"[. ']", "").str.replace(",", ".", literal=True)
    return text.zip_with(~text.str.contains(_DECIMAL_COMMA).fill_null(False), plain)
