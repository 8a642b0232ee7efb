"""From the text of a column to values of its kind."""

from __future__ import annotations

import polars as pl

from modelstudio.recipe.columns import Column

MISSING_NUMBERS = (
    *("NA", "N/A", "n/a", "na", "#N/A", "NaN", "nan", "NAN", "null", "NULL", "Null", "None"),
    *("-", "--", "?", "."),
)
"""Words that mean a missing value where a number is due; elsewhere they are categories."""

GREATEST = 1e150
"""Numbers beyond this count as infinite: their squares overflow."""

_DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%Y/%m/%d",
)

_DECIMAL_COMMA = r"^[+-]?(\d+|\d{1,3}([. ']\d{3})+)(,\d+)?$"


def typed(text: pl.Series, column: Column) -> pl.Series:
    """Turn the text of a column into its kind.

    Numbers become Float64, dates Datetime; a class written ``1.0`` is the class ``1``.
    """
    match column.kind:
        case "number":
            return to_numbers(text)
        case "date":
            return to_dates(text)
        case _ if column.role == "target":
            return text.str.replace(r"^([+-]?\d+)\.0+$", "$1")
    return text


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


def to_dates(text: pl.Series) -> pl.Series:
    """Read text as a date and time in one of the usual forms."""
    return all_to_dates(text.to_frame()).to_series()


def all_to_dates(text: pl.DataFrame) -> pl.DataFrame:
    """Read all columns of a table as `to_dates` does, in one pass."""
    return text.select(
        pl.coalesce(
            pl.nth(at).str.to_datetime(form, strict=False, time_unit="ms") for form in _DATE_FORMATS
        )
        for at in range(text.width)
    )


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
