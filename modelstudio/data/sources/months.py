"""Dates with the name of a month, in the languages in which tables are written most."""

from __future__ import annotations

import polars as pl

_NAMES = (
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "jan feb mar apr may jun jul aug sep oct nov dec",
    "jän febr mrz apr mai juni juli aug sept okt nov dez",
    "janv févr mars avr mai juin juil aout sept oct nov déc",
    "ene fev maerz abr mai juin jul ago set oct nov dic",
)
"""The months in order, in full and shorter or plainer."""

_MONTHS = {
    name: f"{month:02}" for names in _NAMES for month, name in enumerate(names.split(), start=1)
}

_DAY = r"(\d{1,2})(?:st|nd|rd|th|er)?"
_MONTH = r"(\p{L}{3,10})\.?"
_TIME = r"(?:,?[T ]\s?(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?))?"
_WEEKDAY = r"^(?:\p{L}{2,10}\.?,? )?"

_DAY_FIRST = (
    rf"{_WEEKDAY}{_DAY}\.?(?: de | |-|/|\.)\s?{_MONTH},?(?: de | |-|/)(\d{{4}}|\d{{2}}){_TIME}$"
)
_MONTH_FIRST = rf"{_WEEKDAY}{_MONTH}[ -]{_DAY}(?:, ?| |-)(\d{{4}}){_TIME}$"
_YEAR_FIRST = rf"^(\d{{4}})[ /.-]{_MONTH}[ /.-]{_DAY}{_TIME}$"

NAMED = rf"{_DAY_FIRST}|{_MONTH_FIRST}|{_YEAR_FIRST}"
"""A date with the name of what may be a month."""

_FORMS = ((_DAY_FIRST, (3, 2, 1)), (_MONTH_FIRST, (3, 1, 2)), (_YEAR_FIRST, (1, 2, 3)))
"""How such a date is written, and where its year, month and day stand."""

_PIVOT = 69
"""From here on a year of two digits is one of the century before."""


def in_digits(text: pl.DataFrame) -> pl.DataFrame:
    """Write dates such as 1-Feb-19 as 2019-02-01; all other cells stay as they are."""
    return text.select(_in_digits(pl.nth(at)) for at in range(text.width))


def _in_digits(cells: pl.Expr) -> pl.Expr:
    written = []
    for form, (year, month, day) in _FORMS:
        number = cells.str.extract(form, month).str.to_lowercase()
        years, days = cells.str.extract(form, year), cells.str.extract(form, day)
        century = pl.when(years.cast(pl.Int64) < _PIVOT).then(pl.lit("20")).otherwise(pl.lit("19"))
        in_full = pl.when(years.str.len_chars() == 2).then(century + years).otherwise(years)
        time = " " + cells.str.extract(form, 4)
        written.append(
            in_full
            + "-"
            + number.replace_strict(_MONTHS, default=None, return_dtype=pl.String)
            + "-"
            + days.str.zfill(2)
            + time.fill_null("")
        )
    return pl.coalesce(*written, cells).name.keep()
