"""Columns that hold something else than they are taken for: dates, or words among numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import polars as pl

from modelstudio.data import spill
from modelstudio.data.findings.finding import (
    MOST_ROWS,
    Finding,
    SetRole,
    first_rows,
    severity_of,
)
from modelstudio.data.profile import ColumnProfile
from modelstudio.data.sources.dates import short_order, to_dates
from modelstudio.data.sources.values import MISSING_NUMBERS, as_text, to_numbers
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import Cast, MissingIndicator, Step
from modelstudio.wording import cut, listed

SAMPLE = 20_000
"""Rows looked at to tell what a column of text holds, spread over it."""

MIXED, MIXED_SHARE = 10, 0.05
"""Different numbers among words, and the share of each, that make a column mixed."""

DATES = 0.5
"""Share of the cells that are dates from which the others are words among them."""

MOST_WORDS = 100
"""Odd words that are counted in each piece of a column."""

_CELL = 16
"""Bytes of a cell of text."""

SIGNS = ("N/A", "n/a", "#N/A", "-", "--", "?", ".")
"""Of the words that mean a missing number those that no program writes for one by itself."""

DATE_FORMATS = (
    *("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d. %B %Y"),
    *("%d-%b-%Y", "%d-%b-%y", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%Y-%b-%d", "%Y%m%d"),
    *("%d. %b %Y", "%d %B, %Y", "%d/%b/%Y", "%d.%b.%Y", "%Y %b %d", "%Y %B %d", "%d %b %y"),
    *("%Y-%m-%d %I:%M %p", "%Y-%m-%d %H:%M:%S %z", "%d %b %Y %H:%M", "%d %b %Y %H:%M:%S"),
    *("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S"),
    *("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%Y/%m/%d %H:%M"),
    *("%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%.f%z"),
    *("%a, %d %b %Y", "%a, %d %b %Y %H:%M:%S %z", "%a %b %d %H:%M:%S %Y", "%A, %d %B %Y"),
    *("%A, %B %d, %Y", "%a %b %d %Y", "%B %d, %Y %I:%M %p", "%b %d, %Y %I:%M %p"),
)
"""Ways to write a date that a column of another kind may show."""

MONTH_FORMATS = ("%B %Y", "%b %Y", "%B, %Y", "%b-%Y", "%b-%y", "%Y %B", "%Y-%b", "%m/%Y", "%m-%Y")
"""Ways to write a month."""


def without_digits(frame: pl.DataFrame) -> set[str]:
    """Return the columns of text that hold neither dates nor numbers, having no digit."""
    few = frame.gather_every(-(-frame.height // SAMPLE) or 1)
    digits = few.select(pl.col(pl.String).str.contains(r"\d").any())
    return {each.name for each in digits if not each[0]}


def date_as_text(column: Column, facts: ColumnProfile, known: pl.Series) -> Finding | None:
    """Look for dates written in a way that is not read as one."""
    if column.kind == "date" or len(known) < MIXED:
        return None
    cells, name = _sample(known), column.name
    drop = SetRole((name,)) if column.role == "feature" else None
    told, more = f"read as {column.kind}", ""
    if known.dtype == pl.String and (order := short_order(cells)) is not None:
        if order == "either":
            told = "whose order the values do not prove"
        more = ". Choose the order of dates under the file's name, then the kind Date"
    elif column.kind == "number":
        low, high = cast(float, cells.min()), cast(float, cells.max())
        if facts.distinct < MIXED or low < 19000101 or high >= 21010101:
            return None
        if not _are_dates(cells.cast(pl.Int64).cast(pl.String)):
            return None
    elif not _are_dates(cells.unique().sort()):
        return None
    text = f"{name} holds dates such as {as_text(known.head(1))[0]}, {told}{more}"
    return Finding("date_as_text", severity_of(column), text, (name,), drop)


def _are_dates(cells: pl.Series) -> bool:
    """Tell whether almost all cells can be read as dates in one way."""
    few = cells.gather_every(-(-len(cells) // 500) or 1)
    if not few.str.contains(r"\d").all() or (few.str.len_chars() < 6).any():
        return False
    few = few.str.replace(r"(?i)\b(\d{1,2})(?:st|nd|rd|th)\b", "${1}")
    whole = [(few, form) for form in DATE_FORMATS if (few.str.len_chars() >= 8).all()]
    months = [("1 " + few, f"%d {form}") for form in MONTH_FORMATS]
    return any(_read_as(written, form) for written, form in (*whole, *months))


def _read_as(cells: pl.Series, form: str) -> bool:
    try:
        read = cells.str.to_datetime(form, strict=False)
    except pl.exceptions.PolarsError:
        return False
    years = read.drop_nulls().dt.year()
    return len(years) >= 0.95 * len(cells) and bool(years.is_between(1800, 2200).all())


def mixed(column: Column, values: pl.Series, written: pl.Series | None) -> Finding | None:
    """Look for numbers or dates and words in one column, as in a column of typing errors."""
    if column.kind == "number":
        return None if written is None else _words(column, values, written)
    if column.kind not in ("category", "text", "id") or values.dtype != pl.String:
        return None
    every = -(-len(values) // SAMPLE) or 1
    cells = values.gather_every(every)
    return _numbers(column, cells, every) or _dates(column, cells, every)


def _words(column: Column, values: pl.Series, written: pl.Series) -> Finding | None:
    """Look for words in a column of numbers."""
    if written.dtype != pl.String or written.null_count() == values.null_count():
        return None
    first, count, words = _unread(values, written, lambda cells: ~cells.is_in(MISSING_NUMBERS))
    text = _most_often(words)
    if not count:
        first, count, _ = _unread(values, written, lambda cells: cells.is_in(SIGNS))
        text = f", which count as missing where it says {written[first[0]]}" if count else ""
    fix = MissingIndicator(columns=(column.name,)) if column.role == "feature" else None
    return _mixture(column, first, count, f"numbers and words{text}", fix)


def _unread(
    values: pl.Series, written: pl.Series, odd: Callable[[pl.Series], pl.Series]
) -> tuple[list[int], int, Counter[str]]:
    """Return the first rows of odd cells that were not read, how many there are, and of each."""
    first: list[int] = []
    count, words = 0, Counter[str]()
    for each in spill.pieces(len(values), _CELL):
        cells = written[each]
        rows = (cells.is_not_null() & values[each].is_null() & odd(cells)).arg_true()
        first += (rows.head(MOST_ROWS - len(first)) + each.start).to_list()
        count += len(rows)
        words.update(_counted(cells.gather(rows)))
    return first, count, words


def _counted(odd: pl.Series) -> dict[str, int]:
    """Count the words that are there most often."""
    return dict(odd.alias("word").value_counts(name="cells", sort=True).head(MOST_WORDS).rows())


def _most_often(words: Mapping[str, int], every: int = 1) -> str:
    """Name the words that are there most often, and how often if ``every`` cell was looked at."""
    often = sorted(words.items(), key=lambda item: (-item[1], item[0]))
    shown = (cut(word) + (f" ({count:,})" if every == 1 else "") for word, count in often)
    return ": " + listed(shown) if often else ""


def _numbers(column: Column, cells: pl.Series, every: int) -> Finding | None:
    """Look for numbers among words."""
    numbers = to_numbers(cells)
    count, read = len(cells) - cells.null_count(), len(numbers) - numbers.null_count()
    if not MIXED_SHARE * count <= read <= (1 - MIXED_SHARE) * count:
        return None
    if numbers.drop_nulls().n_unique() < MIXED:
        return None
    fewer_words = read > count / 2
    odd = (numbers.is_null() & cells.is_not_null()) if fewer_words else numbers.is_not_null()
    fix: Step | SetRole | None = None
    if column.role == "feature":
        name = column.name
        fix = Cast(columns=(name,), to="number") if fewer_words else SetRole((name,))
    rows = odd.arg_true() * every
    what = "numbers and words"
    what += _most_often(_counted(cells.filter(odd)), every) if fewer_words else ""
    return _mixture(column, rows.head(MOST_ROWS).to_list(), len(rows), what, fix)


def _dates(column: Column, cells: pl.Series, every: int) -> Finding | None:
    """Look for words among dates."""
    known = cells.drop_nulls()
    if len(known) < MIXED or known.str.contains(r"^\d+[./-]\d").mean() < DATES:  # type: ignore[operator]
        return None
    dates = to_dates(cells)
    if len(dates.drop_nulls()) < DATES * len(known):
        return None
    odd = dates.is_null() & cells.is_not_null()
    rows = odd.arg_true() * every
    fix = SetRole((column.name,)) if column.role == "feature" else None
    what = "dates and words" + _most_often(_counted(cells.filter(odd)), every)
    return _mixture(column, rows.head(MOST_ROWS).to_list(), len(rows), what, fix)


def _mixture(
    column: Column, first: Sequence[int], count: int, what: str, fix: Step | SetRole | None
) -> Finding | None:
    if not count:
        return None
    text, rows = f"{column.name} mixes {what}", first_rows(first)
    return Finding("mixed_types", severity_of(column), text, (column.name,), fix, rows, count)


def _sample(values: pl.Series) -> pl.Series:
    every = -(-len(values) // SAMPLE)
    return values.gather_every(every) if every > 1 else values
