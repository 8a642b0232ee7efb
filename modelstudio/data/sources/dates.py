"""From the text of cells to dates and times, in the ways in which people write them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import reduce
from typing import Literal

import polars as pl

from modelstudio.data.sources.months import NAMED, in_digits
from modelstudio.project.model import Form

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


def to_dates(
    text: pl.Series, order: DateOrder | None = None, form: Form | None = None
) -> pl.Series:
    """Read text as a date and time in one of the usual forms; one with a zone in UTC.

    Without an ``order`` all cells of a column are read in the one that suits more of them; where
    both do, in the one in which the dates follow each other closely, else with the day first.

    Parameters
    ----------
    form
        How the column is written; each cell is then read by itself.
    """
    if form is None:
        return all_to_dates(text.to_frame(), order).to_series()
    few = text.gather_every(-(-len(text) // FEW) or 1)
    return next(dates_in_pieces([text], few, order, form))


def all_to_dates(text: pl.DataFrame, order: DateOrder | None = None) -> pl.DataFrame:
    """Read all columns of a table as `to_dates` does, in few passes."""
    few = text.gather_every(-(-text.height // FEW) or 1)
    if spelt := _written_as(NAMED, few):
        text, few = (each.with_columns(in_digits(each[spelt])) for each in (text, few))
    short = _written_as(SHORT, few)
    dates = _long_dates(_without(short, text), _without(short, few), order)
    return within_reach(
        dates.with_columns(
            _with_short_dates(dates[name], text[name], few[name], short_order(text[name], order))
            for name in short
        )
    )


def dates_in_pieces(
    text: Iterable[pl.Series],
    few: pl.Series,
    order: DateOrder | None = None,
    form: Form | None = None,
) -> Iterator[pl.Series]:
    """Read a column as `to_dates` does that comes in pieces, whenever it is gone through.

    Parameters
    ----------
    few
        Cells from all over the column, `FEW` or so.
    """
    if form is not None:
        yield from (_as_in(form, some, few, order) for some in text)
        return
    if _written_as(NAMED, few.to_frame()):
        text = [in_digits(some.to_frame()).to_series() for some in text]
        few = in_digits(few.to_frame()).to_series()
    short, seen = _written_as(SHORT, few.to_frame()), few.to_frame()
    long = _without(short, seen)
    found = _order_in_pieces(text, order) if short else None
    if order not in ("day first", "month first"):
        order = _likelier((_without(short, some.to_frame()) for some in text), long)
    for some in text:
        dates = _long_dates(_without(short, some.to_frame()), long, order)
        if short:
            dates = _with_short_dates(dates.to_series(), some, few, found).to_frame()
        yield within_reach(dates).to_series()


def _as_in(form: Form, text: pl.Series, few: pl.Series, asked: DateOrder | None) -> pl.Series:
    """Read cells one by one, in the order in which their column is known to be written."""
    order = asked if asked in ("day first", "month first") else form.dates or "day first"
    short = text.str.contains(SHORT).fill_null(False)
    long = pl.select(pl.when(~short).then(text)).to_series().alias(text.name)
    dates = _long_dates(long.to_frame(), few.to_frame(), order).to_series()
    rare = long.filter(dates.is_null() & long.is_not_null()).unique()
    if len(rare):
        spelt = in_digits(rare.to_frame())
        found = _long_dates(spelt, spelt, order).to_series()
        dates = dates.zip_with(dates.is_not_null(), long.replace_strict(rare, found, default=None))
    if form.short is not None and short.any():
        two_digits = text.filter(short).unique()
        dates = _with_short_dates(dates, text, two_digits, asked or form.short)
    return within_reach(dates.to_frame()).to_series()


def _written_as(pattern: str, few: pl.DataFrame) -> list[str]:
    """Return the columns of which some cells are written in a certain way."""
    found = few.select(pl.all().str.contains(pattern).any())
    return [name for name, true in zip(few.columns, *found.rows(), strict=True) if true]


def _without(names: Sequence[str], text: pl.DataFrame) -> pl.DataFrame:
    """Take dates whose year has two digits for missing in some columns."""
    if not names:
        return text
    return text.with_columns(pl.when(~pl.col(names).str.contains(SHORT)).then(pl.col(names)))


def within_reach(dates: pl.DataFrame) -> pl.DataFrame:
    """Take dates before the year 1 or after the year 9999 for missing."""
    first, last = (pl.lit(end, pl.Datetime("ms")) for end in (FIRST, LAST))
    inside = pl.all().is_between(first, last)
    if not dates.width or all(dates.select(inside.all()).row(0)):
        return dates
    return dates.select(pl.when(inside).then(pl.all()))


def _long_dates(text: pl.DataFrame, few: pl.DataFrame, order: DateOrder | None) -> pl.DataFrame:
    """Read dates whose year is written in full.

    Most columns are written in the first form throughout; the others are tried where one is not.
    """
    dates = _in_first_form(text)
    unread = _unread(dates, text)
    if not unread:
        return dates
    day, month = _in_both_orders(dates[unread], text[unread], few[unread])
    known = zip(*(each.select(pl.all().count()).row(0) for each in (day, month)), strict=True)
    undecided = order not in ("day first", "month first")
    return dates.with_columns(
        month.to_series(at)
        if order == "month first"
        or (undecided and (months > days or (months == days and _closer(month, day, at))))
        else day.to_series(at)
        for at, (days, months) in enumerate(known)
    )


def _unread(dates: pl.DataFrame, text: pl.DataFrame) -> list[str]:
    """Return the columns of which some cells were not read."""
    pairs = zip(dates.get_columns(), text.get_columns(), strict=True)
    return [after.name for after, before in pairs if after.null_count() > before.null_count()]


def _in_both_orders(
    dates: pl.DataFrame, text: pl.DataFrame, few: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read what is left of cells in other forms, the day first and the month first."""
    clear = _first_of([dates, *_in_forms(text, few, (*_CLEAR, *_ZONED))])
    clear = _first_of([clear, text.select(_since_1970(pl.all()))])
    day, month = (_in_forms(text, few, forms) for forms in (_DAY_FIRST, _MONTH_FIRST))
    return _first_of([clear, *day]), _first_of([clear, *month])


def order_by_cells(text: pl.Series) -> Literal["day first", "month first"]:
    """Tell in which order the dates of a column are read of which none was given."""
    few = text.gather_every(-(-len(text) // FEW) or 1).to_frame()
    return "month first" if _likelier([text.to_frame()], few) == "month first" else "day first"


def _likelier(text: Iterable[pl.DataFrame], few: pl.DataFrame) -> DateOrder:
    """Tell in which order a column is read of which none was given; it comes in pieces."""
    if not any(_fitting(few, forms) for forms in (_DAY_FIRST, _MONTH_FIRST)):
        return "day first"
    known, gaps = [0, 0], [0, 0]
    before = [pl.Series(dtype=pl.Int64)] * 2
    for some in text:
        dates = _in_first_form(some)
        read = (dates, dates)
        if _unread(dates, some):
            read = _in_both_orders(dates, some, few)
        for at, each in enumerate(read):
            moments = each.to_series().drop_nulls().to_physical()
            known[at] += len(moments)
            moments = pl.concat([before[at], moments.rename("")])
            gaps[at] += _gaps(moments)
            before[at] = moments.tail(1)
    (days, months), (day_gaps, month_gaps) = known, gaps
    closer = months == days and month_gaps * CLOSER < day_gaps
    return "month first" if months > days or closer else "day first"


def _with_short_dates(
    dates: pl.Series,
    text: pl.Series,
    few: pl.Series,
    order: DateOrder | Literal["either"] | None,
) -> pl.Series:
    """Add dates whose year has two digits, where their order is known or the cells prove it."""
    if order is None or order == "either":
        return dates
    forms = [_SHORT_FORMS[order].format(sign) + time for sign in "./-" for time in _TIMES[:3]]
    short = pl.when(pl.all().str.contains(SHORT)).then(pl.all())
    read = _in_forms(text.to_frame().select(short), few.to_frame().select(short), forms)
    if not read:
        return dates
    found = _first_of(read).to_series()
    late = (found.dt.year() >= _PIVOT).fill_null(False)
    return dates.zip_with(dates.is_not_null(), found.dt.offset_by("-100y").zip_with(late, found))


def short_order(
    text: pl.Series, order: DateOrder | None = None
) -> DateOrder | Literal["either"] | None:
    """Tell in which order the numbers of dates such as 03/04/21 stand: that which most cells allow.

    A number above 12 is no month and one above 31 no day. The year is looked for in front only
    between hyphens, or where a number can be nothing else. An ``order`` is taken where no other
    fits more cells; without it several make ``"either"``. None when most cells are no such dates.
    """
    return _order_in_pieces([text], order)


def _order_in_pieces(
    text: Iterable[pl.Series], order: DateOrder | None
) -> DateOrder | Literal["either"] | None:
    count = Counter[str]()
    for known in (some.drop_nulls() for some in text):
        parts = known.str.extract_groups(SHORT).struct.unnest().drop_nulls()
        first, middle, last = (parts.to_series(at).cast(pl.Int64) for at in (0, 2, 3))
        days, months = (1, 31), (1, 12)
        fits = {
            "day first": first.is_between(*days) & middle.is_between(*months),
            "month first": first.is_between(*months) & middle.is_between(*days),
            "year first": middle.is_between(*months) & last.is_between(*days),
            "hyphens": parts.to_series(1) == "-",
            "no days": ~first.is_between(*days),
        }
        count.update({name: int(true.sum()) for name, true in fits.items()})
        count.update({"known": len(known), "short": len(parts)})
    if not count["known"] or count["short"] < 0.9 * count["known"]:
        return None
    in_front = count["hyphens"] == count["short"] or count["no days"] or order == "year first"
    orders: tuple[DateOrder, ...] = ("day first", "month first", "year first")
    orders = orders if in_front else orders[:2]
    most = max(count[each] for each in orders)
    best = [each for each in orders if count[each] == most]
    if most < 0.9 * count["known"]:
        return None
    return best[0] if len(best) == 1 else order if order in best else "either"


def _closer(month: pl.DataFrame, day: pl.DataFrame, at: int) -> bool:
    """Tell whether the dates of a column follow each other far closer with the month first."""
    gaps = (_gaps(each.to_series(at).drop_nulls().to_physical()) for each in (month, day))
    return next(gaps) * CLOSER < next(gaps)


def _gaps(moments: pl.Series) -> int:
    return int(moments.diff().abs().sum())


def _in_first_form(text: pl.DataFrame) -> pl.DataFrame:
    """Read cells in the first form; those of a long table in several pieces at once."""
    pieces = [
        text.slice(start, TOGETHER).lazy().select(_read(pl.all(), _ISO, cache=False))
        for start in range(0, max(1, text.height), TOGETHER)
    ]
    return pl.concat(pl.collect_all(pieces), rechunk=len(pieces) > 1)


def _in_forms(text: pl.DataFrame, few: pl.DataFrame, forms: Sequence[str]) -> list[pl.DataFrame]:
    """Read a table in each of some forms that fit any of a few of its cells."""
    return [text.select(_read(pl.all(), form)) for form in _fitting(few, forms)]


def _fitting(few: pl.DataFrame, forms: Sequence[str]) -> list[str]:
    return [form for form in forms if any(few.select(_read(pl.all(), form).count()).row(0))]


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


def _read(text: pl.Expr, form: str, *, cache: bool = True) -> pl.Expr:
    read = text.str.to_datetime(form, strict=False, time_unit="ms", cache=cache)
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
