"""What changes in a guess when a table says what people think of things."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from modelstudio.data import spill
from modelstudio.data.guess import Guess, guess_recipe
from modelstudio.data.sources.numbers import to_numbers
from modelstudio.data.sources.values import as_text
from modelstudio.errors import DataError
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import Index

FEWEST_ROWS: Final = 1_000
FEWEST_IDS: Final = 50
FEWEST_EACH: Final = 5
"""Rows, different ids in a column, and rows of each id in the mean, of a table of ratings."""

PAIRS: Final = 0.9
"""Share of the rows that no other row has the same pair of ids as, unless the names tell enough."""

FEWEST_ASKED: Final = 3
"""Different categories of a column that serves as one of ids where the person asked for it."""

GLANCE: Final = 10_000
"""Rows that tell at once of most columns that they hold no ratings."""

MOST_GRADES: Final = 20
"""Different values of a rating."""

NO_GRADES: Final = 0.05
"""Share of the ratings that are no numbers from which the others are no ratings either."""

NAMES: Final = re.compile(
    r"(^|_)(user|customer|client|visitor|member|person|student|reader|viewer|item|product|movie|"
    r"film|book|song|track|artist|article|game|restaurant|business|lecturer|session|account|sku|isbn|"
    r"asin|video|recipe|podcast|hotel|job|course)s?(_?(id|no|key))?$"
    r"|^(uid|iid|mid|pid)$",
    re.IGNORECASE,
)

GRADES: Final = re.compile(r"(^|_)(rating|stars?|grade|score)s?$", re.IGNORECASE)


def adapt(frame: pl.DataFrame, guessed: Guess, *, recommend: bool | None = None) -> Guess:
    """Index the two columns of ids where a table holds ratings.

    Parameters
    ----------
    recommend
        Whether the person asked for it; None leaves it to the data.
    """
    if recommend is False or not (recommend or frame.height >= FEWEST_ROWS):
        return guessed
    target = next(column for column in guessed.columns if column.role == "target")
    rated = _holds_grades(frame.get_column(target.name))
    if not recommend and not rated:
        return guessed
    others = [column for column in guessed.columns if column.role != "target"]
    found = [each.name for each in others if name_things(frame.get_column(each.name))]
    if recommend and len(found) < 2:
        found += [
            each.name
            for each in others
            if each.kind in ("category", "id")
            and each.name not in found
            and name_things(frame.get_column(each.name), FEWEST_ASKED, 2)
        ]
    named = [name for name in found if NAMES.search(name)]
    counted = [name for name in found if counts_up(frame.get_column(name))]
    if len(named) >= 2:
        found = named[:2]
    elif recommend or counted:
        found = [*named, *counted, *found]
        found = list(dict.fromkeys(found))[:2]
    else:
        return guessed
    sure = recommend or (len(named) >= 2 and GRADES.search(target.name))
    if len(found) < 2 or (
        not sure and spill.count_rows(frame.select(found)) < PAIRS * frame.height
    ):
        if recommend:
            raise DataError(
                f"Beside {target.name} there are no two columns of ids to recommend by.",
                where=target.name,
                fix="Bring a row a rating (who, what and how much), or a row a choice (who and "
                "what, and when if it is known). Name the rating, or what is chosen, with "
                "--target.",
            )
        return guessed
    columns = tuple(
        Column(name=column.name, kind="id", role="feature")
        if column.name in found
        else Column(name=column.name, kind="number", role="target")
        if column.role == "target" and rated
        else column
        for column in guessed.columns
    )
    overruled = (*(f"{name} is ignored" for name in found), f"{target.name} has ")
    kept = tuple(note for note in guessed.notes if not note.startswith(overruled))
    return replace(
        guessed,
        columns=columns,
        recipe=(*guess_recipe(columns), Index(columns=tuple(found))),
        notes=(
            *kept,
            f"{found[0]} and {found[1]} were taken for the ids of a table of ratings; each gets a "
            "vector of its own.",
        ),
    )


def _holds_grades(values: pl.Series) -> bool:
    """Tell whether almost all values are numbers, and these are few."""
    if to_numbers(as_text(values.head(GLANCE))).drop_nulls().n_unique() > MOST_GRADES:
        return False
    first, most = values.head(len(values) // 10), NO_GRADES * len(values)
    if first.dtype == pl.String and int((~first.str.contains(r"\d")).sum()) >= most:
        return False
    found = spill.counts(values)
    grades = to_numbers(as_text(found.get_column("value")))
    if not 2 < grades.drop_nulls().n_unique() <= MOST_GRADES:
        return False
    return int(found.filter(grades.is_null()).get_column("count").sum()) < most


def name_things(values: pl.Series, fewest: int = FEWEST_IDS, each: float = FEWEST_EACH) -> bool:
    """Tell whether values could name people or things: many, each with several rows."""
    known, distinct = len(values) - values.null_count(), spill.count_unique(values)
    if distinct < fewest or known < each * distinct:
        return False
    words = counting = 0
    for some in spill.pieces(len(values), 16):
        numbers = to_numbers(as_text(values[some].drop_nulls()))
        words += numbers.null_count()
        counting += int(((numbers == numbers.round()) & (numbers >= 0)).sum())
    return known in (words, counting)


def counts_up(values: pl.Series) -> bool:
    """Tell whether numbers count up from 0 or 1 with hardly a gap, as no measurement does."""
    numbers, at = spill.empty(len(values) - values.null_count(), np.float64), 0
    for each in spill.pieces(len(values), 16):
        known = values[each].drop_nulls()
        some = to_numbers(as_text(known)).drop_nulls()
        if len(some) < len(known):
            return False
        numbers[at : at + len(some)] = some
        at += len(some)
    numbers.sort()
    low, high = (float(each) for each in numbers[[0, -1]])
    return low in (0, 1) and spill.count_different(numbers) >= 0.9 * (high - low + 1) >= 100
