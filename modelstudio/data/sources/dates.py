"""From the text of cells to dates and times, in the ways in which people write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from typing import Literal

import polars as pl

DateOrder = Literal["day first", "month first", "year first"]
"""How dates such as 03/04/2021 are read; the year comes first in some of two digits only."""

FEW = 2_000
"""Cells of a column that tell in which forms it is written."""

CLOSER = 3
"""How many times closer dates have to follow each other in one order for it to be likely."""

TOGETHER = 500_000
"""Cells of a column that are read one after another."""

FIRST, LAST = datetime.min, datetime(9999, 12, 31, 23, 59, 59, 999_000)
"""The earliest and the latest date there is; others, such as 0000-00-00, are none."""

BEYOND = r"^(?:0000[-/]|\d{1,2}[./-]\d{1,2}[./-]0000|[+-]\d{4,}[-/])"
"""The beginning of a date beyond these."""

_ISO = "%Y-%m-%d"

_TIMES = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S%.f")

_CLEAR = (
    *(f"%Y-%m-%d{time}" for time in _TIMES[1:]),
    *("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f", "%Y%m%dT%H%M%S"),
    *(f"%d.%m.%Y{time}" for time in _TIMES),
    *(f"%Y/%m/%d{time}" for time in _TIMES),
    "%Y-%m",
)
_ZONED = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z")
_LATE = (" %I:%M %p", " %I:%M:%S %p")
_DAY_FIRST = tuple(f"%d{sign}%m{sign}%Y{time}" for sign in "/-" for time in (*_TIMES, *_LATE))
_MONTH_FIRST = tuple(f"%m{sign}%d{sign}%Y{time}" for sign in "/-" for time in (*_TIMES, *_LATE))

NUMBERED = r"^\d{1,2}[/-]\d{1,2}[/-]\d{4}"
"""The beginning of a date whose first number may be the day or the month."""

SHORT = r"^(\d{1,2})([./-])(\d{1,2})[./-](\d{2})(?: \d{1,2}:\d{2}(?::\d{2})?)?$"
"""A date whose year has two digits."""

_SHORT_FORMS: dict[DateOrder, str] = {
    "day first": "%d{0}%m{0}%y",
    "month first": "%m{0}%d{0}%y",
    "year first": "%y{0}%m{0}%d",
}

_PIVOT = 2069
"""From this year on a year of two digits is one of the hundred years before."""

_SECONDS, _MILLISECONDS = r"^1?\d{9}$", r"^1?\d{12}$"
"""Times counted since the beginning of 1970."""


def to_dates(text: pl.Series, order: DateOrder | None = None) -> pl.Series:
    """Read text as a date and time in one of the usual forms; one with a zone in UTC.

    Without an ``order`` all cells of a column are read in the one that suits more of them; where
    both do, in the one in which the dates follow each other closely, else with the day first.
    """
    return all_to_dates(text.to_frame(), order).to_series()


def all_to_dates(text: pl.DataFrame, order: DateOrder | None = None) -> pl.DataFrame:
    """Read all columns of a table as `to_dates` does, in few passes."""
    few = text.gather_every(-(-text.height // FEW) or 1)
    with_short = few.select(pl.all().str.contains(SHORT).any())
    names = [
        name for name, any_short in zip(text.columns, *with_short.rows(), strict=True) if any_short
    ]
    if not names:
        return within_reach(_long_dates(text, order))
    is_short = pl.col(names).str.contains(SHORT)
    dates = _long_dates(text.with_columns(pl.when(~is_short).then(pl.col(names))), order)
    return within_reach(
        dates.with_columns(
            dates[name].zip_with(dates[name].is_not_null(), _short_dates(text[name], order))
            for name in names
        )
    )


def clear_dates(text: pl.Series) -> pl.Series | None:
    """Read text as `to_dates` does; None where a form is in doubt, which other cells decide."""
    cells = text.to_frame()
    dates = _in_first_form(cells)
    if dates.to_series().null_count() > text.null_count():
        if text.str.contains(SHORT).any():
            return None
        dates = _first_of([dates, *_in_forms(cells, _CLEAR), *_in_forms(cells, _ZONED)])
    odd = text.filter(dates.to_series().is_null())
    return None if odd.str.contains(r"\d").any() else within_reach(dates).to_series()


def within_reach(dates: pl.DataFrame) -> pl.DataFrame:
    """Take dates before the year 1 or after the year 9999 for missing."""
    first, last = (pl.lit(end, pl.Datetime("ms")) for end in (FIRST, LAST))
    inside = pl.all().is_between(first, last)
    if not dates.width or all(dates.select(inside.all()).row(0)):
        return dates
    return dates.select(pl.when(inside).then(pl.all()))


def _long_dates(text: pl.DataFrame, order: DateOrder | None) -> pl.DataFrame:
    """Read dates whose year is written in full.

    Most columns are written in the first form throughout; the others are tried where one is not.
    """
    dates = _in_first_form(text)
    pairs = zip(dates.get_columns(), text.get_columns(), strict=True)
    unread = [after.name for after, before in pairs if after.null_count() > before.null_count()]
    if not unread:
        return dates
    rest = text[unread]
    clear = _first_of([dates[unread], *_in_forms(rest, _CLEAR), *_in_forms(rest, _ZONED)])
    clear = _first_of([clear, rest.select(_since_1970(pl.all()))])
    day, month = (_first_of([clear, *_in_forms(rest, f)]) for f in (_DAY_FIRST, _MONTH_FIRST))
    known = zip(*(each.select(pl.all().count()).row(0) for each in (day, month)), strict=True)
    undecided = order not in ("day first", "month first")
    return dates.with_columns(
        month.to_series(at)
        if order == "month first"
        or (undecided and (months > days or (months == days and _closer(month, day, at))))
        else day.to_series(at)
        for at, (days, months) in enumerate(known)
    )


def _short_dates(text: pl.Series, order: DateOrder | None) -> pl.Series:
    """Read dates whose year has two digits, where their order is known or the cells prove it."""
    found = short_order(text, order)
    if found is None or found == "either":
        return pl.Series(text.name, [None], pl.Datetime("ms")).new_from_index(0, len(text))
    forms = [_SHORT_FORMS[found].format(sign) + time for sign in "./-" for time in _TIMES[:3]]
    short = text.to_frame().select(pl.when(pl.all().str.contains(SHORT)).then(pl.all()))
    read = _first_of(_in_forms(short, forms)).to_series()
    late = (read.dt.year() >= _PIVOT).fill_null(False)
    return read.dt.offset_by("-100y").zip_with(late, read)


def short_order(
    text: pl.Series, order: DateOrder | None = None
) -> DateOrder | Literal["either"] | None:
    """Tell in which order the numbers of dates such as 03/04/21 stand: that which most cells allow.

    A number above 12 is no month and one above 31 no day. The year is looked for in front only
    between hyphens, or where a number can be nothing else. An ``order`` is taken where no other
    fits more cells; without it several make ``"either"``. None when most cells are no such dates.
    """
    known = text.drop_nulls()
    parts = known.str.extract_groups(SHORT).struct.unnest().drop_nulls()
    if not len(known) or len(parts) < 0.9 * len(known):
        return None
    first, middle, last = (parts.to_series(at).cast(pl.Int64) for at in (0, 2, 3))
    days, months = (1, 31), (1, 12)
    fitting: dict[DateOrder, int] = {
        "day first": int((first.is_between(*days) & middle.is_between(*months)).sum()),
        "month first": int((first.is_between(*months) & middle.is_between(*days)).sum()),
    }
    in_front = bool((parts.to_series(1) == "-").all() or (~first.is_between(*days)).any())
    if in_front or order == "year first":
        fits = middle.is_between(*months) & last.is_between(*days)
        fitting["year first"] = int(fits.sum())
    most = max(fitting.values())
    best = [each for each, count in fitting.items() if count == most]
    if most < 0.9 * len(known):
        return None
    return best[0] if len(best) == 1 else order if order in best else "either"


def _closer(month: pl.DataFrame, day: pl.DataFrame, at: int) -> bool:
    """Tell whether the dates of a column follow each other far closer with the month first."""
    gaps = (_gaps(each.to_series(at)) for each in (month, day))
    return next(gaps) * CLOSER < next(gaps)


def _gaps(dates: pl.Series) -> float:
    return float(dates.drop_nulls().to_physical().diff().abs().sum())


def _in_first_form(text: pl.DataFrame) -> pl.DataFrame:
    """Read cells in the first form; those of a long table in several pieces at once."""
    pieces = [
        text.slice(start, TOGETHER).lazy().select(_read(pl.all(), _ISO))
        for start in range(0, max(1, text.height), TOGETHER)
    ]
    return pl.concat(pl.collect_all(pieces), rechunk=len(pieces) > 1)


def _in_forms(text: pl.DataFrame, forms: Sequence[str]) -> list[pl.DataFrame]:
    """Read a table in each of some forms that fit any of its cells; a long one by a sample."""
    few = text.gather_every(-(-text.height // FEW) or 1)
    fitting = []
    for form in forms:
        seen = few.select(_read(pl.all(), form).count())
        if any(seen.row(0)):
            fitting.append(form)
    return [text.select(_read(pl.all(), form)) for form in fitting]


def _first_of(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Take each cell of the first of equal tables in which it is not missing."""
    return reduce(
        lambda first, other: pl.DataFrame(
            [
                each.zip_with(each.is_not_null(), instead)
                for each, instead in zip(first, other, strict=True)
            ]
        ),
        frames,
    )


def _read(text: pl.Expr, form: str) -> pl.Expr:
    read = text.str.to_datetime(form, strict=False, time_unit="ms")
    return read.dt.replace_time_zone(None) if form.endswith("z") else read


def _since_1970(text: pl.Expr) -> pl.Expr:
    whole = text.cast(pl.Int64, strict=False)
    milliseconds = (
        pl.when(text.str.contains(_SECONDS))
        .then(whole * 1000)
        .when(text.str.contains(_MILLISECONDS))
        .then(whole)
    )
    return milliseconds.cast(pl.Datetime("ms"))


def order_of(text: pl.Series) -> DateOrder | Literal["either", "both"] | None:
    """Tell in which order the numbers of dates such as 03/04/2021 stand.

    ``"either"`` fits all of them; with ``"both"`` some dates fit only the one and some only the
    other. None when there are no such dates.
    """
    numbered = text.filter(text.str.contains(NUMBERED).fill_null(False))
    if not len(numbered):
        return None
    first, second = (
        bool((numbered.str.extract(pattern).cast(pl.Int64) > 12).any())
        for pattern in (r"^(\d{1,2})", r"^\d{1,2}[/-](\d{1,2})")
    )
    if first and second:
        return "both"
    return "day first" if first else "month first" if second else "either"


def likely_order(text: pl.Series) -> DateOrder:
    """Return the order in which dates are read that fit both."""
    day, month = (to_dates(text, order).to_frame() for order in ("day first", "month first"))
    return "month first" if _closer(month, day, 0) else "day first"


def in_either_order(text: pl.Series) -> pl.Series:
    """Read dates of which some have the day first and some the month."""
    day, month = to_dates(text, "day first"), to_dates(text, "month first")
    return day.zip_with(day.is_not_null(), month)
