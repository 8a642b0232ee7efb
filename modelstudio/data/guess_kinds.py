"""Kinds of columns, told from their values and their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, cast

import polars as pl
from polars import selectors

from modelstudio.data import spill
from modelstudio.data.sources.dates import all_to_dates, in_either_order
from modelstudio.data.sources.months import NAMED
from modelstudio.data.sources.numbers import CODE, MISSING_NUMBERS, all_to_numbers
from modelstudio.data.sources.values import WHOLE, as_text
from modelstudio.recipe.columns import Kind

CODE_NAME = re.compile(
    r"(?i:^(.*[_\W])?(zip|plz|phone|telephone|tel|mobile|fax|isbn|ean|upc|iban|ssn|imei|"
    r"(zip|post|postal)[_ ]?code)([_\W]?(no|nr|number|code))?$)"
)
"""Names of what is written in digits and is no amount."""

CODES = 0.01
"""Share of the cells that begin so in a column of codes."""

NAMELESS = re.compile(r"column_\d+")
"""Names of columns that have none in the file."""

TIME_NAME = re.compile(
    r"(?i:^(.*[_\W])?(unix|epoch|timestamp|ts|time|date|datetime|created|updated|modified)"
    r"([_\W]?(at|on|time|utc|s|ms|seconds))?$)"
)
FIRST_TIME, LAST_TIME = 2**28, 2**32
"""Seconds since the beginning of 1970 between which a number under such a name is a time."""

SURE_ID_NAME = re.compile(r"(?i:(^|[_\W])(id|uuid|guid)$)|(?<=[a-z])(I[dD]|No)$")
"""Names of numbers that stand for things, even when each has several rows."""

FEW_WORDS, MANY_NUMBERS = 3, 10
"""Words among numbers that are taken for missing ones, and different numbers beside them."""

DENSE = 3
"""Whole numbers rising row by row are ids when they leave out fewer than so many for each."""

MANY_IDS = 30
"""Different numbers from which a column under such a name is no feature."""

GREAT = r"^[+-]?[1-9]\d{15,}$"
"""Whole numbers that may have no place among the doubles."""

NEAR = 1_000
"""Rows in succession that tell whether numbers are whole."""

ID_NAME = re.compile(r"(?i:(^|[_\W])(id|uuid|guid|key|index|rowid|no|nr)$)|(?<=[a-z])I[dD]$")

KNOWN = pl.all().count()
"""How many cells of a column are not missing."""

DISTINCT = pl.all().drop_nulls().n_unique()
"""How many different values these have."""

_CODES = pl.all().str.contains(CODE).sum()
"""How many are codes rather than amounts."""


def facts_of(frame: pl.DataFrame, fact: pl.Expr) -> dict[str, Any]:
    """Work out a fact of every column in one pass; by name."""
    return frame.select(fact).row(0, named=True) if frame.width else {}


def sums_of(frame: pl.DataFrame, fact: pl.Expr) -> dict[str, Any]:
    """Work out a number or a truth of every column that adds up over the rows; by name."""
    if not frame.width:
        return {}
    pieces = spill.pieces(frame.height, 8 * frame.width)
    found = zip(*(frame[each].select(fact).row(0) for each in pieces), strict=True)
    return dict(zip(frame.columns, map(sum, found), strict=True))


def some_of(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Return some columns, perhaps none; a name is never taken for a pattern."""
    return pl.DataFrame([frame.get_column(name) for name in names])


def guess_kinds(frame: pl.DataFrame) -> dict[str, Kind]:
    """Tell the kinds of columns from their values; numbers and dates may come as such."""
    numbers = frame.select(selectors.numeric().cast(pl.Float64))
    known, distinct = facts_of(numbers, KNOWN), facts_of(numbers, DISTINCT)
    kinds: dict[str, Kind] = dict.fromkeys(frame.columns, "date")
    kinds.update(_number_or_id(numbers, known, distinct))
    codes = [name for name in numbers.columns if CODE_NAME.search(name) and known[name]]
    written = pl.DataFrame([as_text(frame.get_column(name)) for name in codes])
    kinds.update(_kinds_of_text(written))
    kinds.update(_kinds_of_text(frame.select(pl.col(pl.String))))
    return kinds


def _kinds_of_text(frame: pl.DataFrame) -> dict[str, Kind]:
    known = facts_of(frame, KNOWN)
    words = facts_of(frame, (~pl.all().is_in(MISSING_NUMBERS)).sum())
    distinct = facts_of(frame, DISTINCT)
    numbers = all_to_numbers(frame)
    read = facts_of(numbers, KNOWN)
    kinds: dict[str, Kind] = {name: "category" if known[name] else "number" for name in known}
    numbers_too = {
        name
        for name, count in words.items()
        if 0.5 * count <= read[name] < 0.95 * count
        and _few_words(frame.get_column(name), numbers.get_column(name))
    }
    coded = {name for name, count in facts_of(frame, _CODES).items() if count > CODES * known[name]}
    coded |= {name for name in frame.columns if CODE_NAME.search(name)}
    like_numbers = {
        name
        for name, count in words.items()
        if (read[name] >= 0.95 * count or name in numbers_too) and name not in coded
    }
    great = _too_great(frame, numbers, like_numbers)
    like_numbers -= great
    numeric = [name for name, count in words.items() if count and name in like_numbers]
    wordy = [name for name, count in words.items() if count and name not in like_numbers]
    kinds.update(_number_or_id(some_of(numbers, numeric), known, distinct))
    kinds.update(_other_kinds(some_of(frame, wordy), known, words, distinct))
    kinds.update(dict.fromkeys((name for name in great if distinct[name] > MANY_IDS), "id"))
    return kinds


def _too_great(frame: pl.DataFrame, numbers: pl.DataFrame, names: Iterable[str]) -> set[str]:
    """Return the columns of whole numbers of which some have no place among the doubles."""
    beyond = facts_of(some_of(numbers, names), pl.all().abs().max())
    likely = some_of(frame, [name for name, most in beyond.items() if most and most > WHOLE])
    known = facts_of(likely, KNOWN)
    whole = facts_of(likely, pl.all().str.contains(r"^[+-]?\d+$").sum())
    great = facts_of(likely, pl.all().str.contains(GREAT).any())
    return {name for name in known if great[name] and whole[name] >= 0.95 * known[name]}


def fractions_nearby(frame: pl.DataFrame, names: Iterable[str]) -> list[str]:
    """Return which columns hold numbers with decimals, although a sample of them may have none."""
    first = some_of(frame.head(NEAR), names)
    text = all_to_numbers(first.select(pl.col(pl.String)))
    numbers = pl.DataFrame([*first.select(selectors.numeric()), *text])
    whole = facts_of(numbers, (pl.all() == pl.all().round()).all())
    return [
        name
        for name, known in facts_of(numbers, KNOWN).items()
        if known >= 0.95 * first.get_column(name).count() > 0 and not whole[name]
    ]


def _few_words(text: pl.Series, numbers: pl.Series) -> bool:
    """Tell whether the words among many numbers are so few that they stand for missing ones."""
    words = text.filter(numbers.is_null() & ~text.is_in(MISSING_NUMBERS)).n_unique()
    return words <= FEW_WORDS and numbers.drop_nulls().n_unique() > MANY_NUMBERS


def _number_or_id(
    numbers: pl.DataFrame, known: dict[str, int], distinct: dict[str, int]
) -> dict[str, Kind]:
    """Tell ids from numbers: whole, and counting up or, with the name of an id, unique."""
    many = [name for name in numbers.columns if known[name] > 20]
    whole = facts_of(some_of(numbers, many), (pl.all() == pl.all().round()).all())
    once = [name for name in many if whole[name] and distinct[name] == known[name]]
    steps = pl.all().drop_nulls().diff().drop_nulls()
    strides = facts_of(some_of(numbers, once), steps.n_unique())
    least = facts_of(some_of(numbers, once), steps.min())
    room = facts_of(some_of(numbers, once), pl.all().max() - pl.all().min())
    rising = {name for name in once if least[name] > 0 and room[name] < DENSE * known[name]}
    named = {
        name
        for name in many
        if whole[name] and distinct[name] >= 0.9 * known[name] and _names_rows(name)
    }
    named |= {
        name
        for name in many
        if whole[name] and SURE_ID_NAME.search(name) and distinct[name] > MANY_IDS
    }
    return {
        name: "date"
        if _counts_time(numbers.get_column(name), whole=whole.get(name, False))
        else "id"
        if name in named or name in rising or strides.get(name) == 1
        else "number"
        for name in numbers.columns
    }


def _counts_time(numbers: pl.Series, *, whole: bool) -> bool:
    """Tell times in seconds or milliseconds since the beginning of 1970 by name and size."""
    nameless = bool(NAMELESS.fullmatch(numbers.name))
    if not (nameless or TIME_NAME.search(numbers.name)) or numbers.null_count() == len(numbers):
        return False
    low, high = cast(float, numbers.min()), cast(float, numbers.max())
    if nameless:
        return low >= 2 * FIRST_TIME and high < min(2 * low, LAST_TIME) and whole
    return whole and any(FIRST_TIME * unit <= low <= high < LAST_TIME * unit for unit in (1, 1000))


def _names_rows(name: str) -> bool:
    return bool(ID_NAME.search(name)) or name == "column_1" or name.startswith("Unnamed: ")


def _other_kinds(
    frame: pl.DataFrame, known: dict[str, int], words: dict[str, int], distinct: dict[str, int]
) -> dict[str, Kind]:
    """Tell dates, ids, categories and text apart."""
    lengths = facts_of(frame, pl.all().str.len_chars().mean())
    spaced = facts_of(frame, pl.all().str.contains(r"\s").any())
    begun = pl.all().str.contains(r"^[+-]?\d") | pl.all().str.contains(NAMED)
    digits = facts_of(frame, begun.sum())
    enough = {name: 0.95 * words[name] for name in frame.columns}
    likely = some_of(frame, [name for name in frame.columns if digits[name] >= enough[name]])
    dates = facts_of(all_to_dates(likely), KNOWN)
    turned = {
        name
        for name, count in dates.items()
        if 0.5 * enough[name] < count < enough[name]
        and len(in_either_order(likely.get_column(name)).drop_nulls()) >= enough[name]
    }
    kinds: dict[str, Kind] = {}
    for name in frame.columns:
        count, different, length = known[name], distinct[name], lengths[name]
        few = different <= min(1000, max(30, 0.1 * count), max(10, 0.5 * count))
        if dates.get(name, -1) >= enough[name] or name in turned:
            kinds[name] = "date"
        elif different == count > 20 and length <= 40 and not spaced[name]:
            kinds[name] = "id"
        else:
            kinds[name] = "category" if few and length <= 80 else "text"
    return kinds
