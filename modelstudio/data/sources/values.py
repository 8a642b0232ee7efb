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
    numbers = text.cast(pl.Float64, strict=False)
    if numbers.null_count() > text.null_count():
        bare = text.str.replace_all(r"[\s$€£¥%]", "")
        grouped = bare.str.contains(r"^[+-]?\d{1,3}([,']\d{3})+(\.\d*)?$")
        bare = bare.zip_with(~grouped.fill_null(False), bare.str.replace_all("[,']", ""))
        numbers = numbers.fill_null(bare.cast(pl.Float64, strict=False))
    usable = (numbers.abs() < GREATEST).fill_null(False)
    return numbers.zip_with(usable, numbers.clear(len(numbers)))


def to_dates(text: pl.Series) -> pl.Series:
    """Read text as a date and time in one of the usual forms."""
    tried = (
        pl.col(text.name).str.to_datetime(f, strict=False, time_unit="ms") for f in _DATE_FORMATS
    )
    return text.to_frame().select(pl.coalesce(tried).alias(text.name)).to_series()


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
