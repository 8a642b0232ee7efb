"""What changes in a guess when a table tells who chose what, and nothing of what was not chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import polars as pl

from modelstudio.data import spill
from modelstudio.data.guess import SAMPLE, Guess, guess_recipe
from modelstudio.data.guess_ratings import FEWEST_IDS, FEWEST_ROWS, NAMES, counts_up, name_things
from modelstudio.data.sources.numbers import numbers_in_pieces
from modelstudio.data.sources.values import Pieces, as_text
from modelstudio.recipe.columns import Column, Kind
from modelstudio.recipe.negatives import Negatives
from modelstudio.recipe.steps import FilterRows, Index, Step
from modelstudio.wording import counted

FEWEST_EACH: Final = 2
"""Rows of each id, in the mean."""

FEWEST_ASKED: Final = 3
"""Different ids in a column that the person said to be one."""

USERS: Final = re.compile(
    r"(^|_)(user|customer|client|visitor|member|person|student|reader|viewer|session|account)s?"
    r"(_?(id|no|key))?$|^uid$",
    re.IGNORECASE,
)
"""Names of those who choose; the other column holds what is chosen."""

TIMES: Final = re.compile(r"(^|_)(time|timestamp|ts|date|day|datetime|at|when)$", re.IGNORECASE)

COUNTS: Final = re.compile(
    r"(^|_)(count|counts|quantity|qty|amount|number|times|plays|listens|views|clicks|visits|"
    r"purchases|hours|minutes|weight|n)$",
    re.IGNORECASE,
)
"""Names of how often or how much; a row counts as chosen once, however large it is."""


def adapt(
    frame: pl.DataFrame,
    guessed: Guess,
    target: str | None = None,
    *,
    recommend: bool | None = None,
) -> Guess:
    """Draw what was not chosen where a table holds two columns of ids and nothing to predict.

    Parameters
    ----------
    target
        The column to predict, if the person named one; only that of the items is taken for one.
    recommend
        Whether the person asked for it; None leaves it to the data.
    """
    if recommend is False or not (recommend or (target is None and frame.height >= FEWEST_ROWS)):
        return guessed
    sample = frame.gather_every(-(-frame.height // SAMPLE) or 1)
    if sum(_is_surely_an_id(sample, column) for column in guessed.columns) > 2:
        return guessed
    ids, beside = [], []
    for column in guessed.columns:
        values = frame.get_column(column.name)
        if column.kind == "date" or TIMES.search(column.name):
            beside.append((column, "time"))
        elif COUNTS.search(column.name) and _numbers(values):
            beside.append((column, "count"))
        elif spill.count_unique(values) < 2 or _numbers_rows(values):
            beside.append((column, "nothing"))
        else:
            ids.append(column.name)
    fewest = FEWEST_ASKED if recommend else FEWEST_IDS
    if len(ids) != 2 or not all(
        name_things(frame.get_column(name), fewest, FEWEST_EACH if not recommend else 1)
        for name in ids
    ):
        return guessed
    named = sum(bool(NAMES.search(name)) for name in ids)
    counted = sum(counts_up(frame.get_column(name)) for name in ids)
    if target not in (None, *ids) or not (recommend or named == 2 or counted):
        return guessed
    user, item = _user_and_item(ids, target)
    return _chosen(frame, guessed, user, item, beside)


def _user_and_item(ids: list[str], target: str | None) -> tuple[str, str]:
    """Tell who chooses from what is chosen: by the target, by name, else in their order."""
    first, second = ids
    if target == first or (target is None and USERS.search(second) and not USERS.search(first)):
        return second, first
    return first, second


def _chosen(
    frame: pl.DataFrame,
    guessed: Guess,
    user: str,
    item: str,
    beside: list[tuple[Column, str]],
) -> Guess:
    """Describe a table of choices."""
    what = {column.name: kind for column, kind in beside}
    kinds: dict[str, Kind] = {column.name: column.kind for column in guessed.columns}
    kinds.update({name: "number" for name, kind in what.items() if kind == "count"})
    columns = tuple(
        Column(name=name, kind="id", role="target" if name == item else "feature")
        if name in (user, item)
        else Column(name=name, kind=kind, role="ignored")
        for name, kind in kinds.items()
    )
    time = next((name for name, kind in what.items() if kind == "time"), None)
    negatives = Negatives()
    notes = [
        f"{user} and {item} tell what was chosen, and nothing tells what was not: "
        f"{counted(negatives.per_positive, 'other value')} of {item} beside each training row, "
        "drawn at random, stand for that.",
        f"Of each {user} {'the latest row' if time else 'one row'} tests and "
        f"{'the one before' if time else 'one'} validates.",
    ]
    filters: list[Step] = []
    for name in (name for name, kind in what.items() if kind == "count"):
        notes.append(f"{name} is ignored: a row counts once, however large it is.")
        if any((some <= 0).any() for some in _read(frame.get_column(name))):
            filters.append(FilterRows(condition=f"`{name}` > 0"))
            notes.append(f"Rows with a {name} of 0 or less are left out, as nothing was chosen.")
    distinct = max(_different(frame.get_column(name)) for name in (user, item))
    index = Index(columns=(user, item), limit=max(10_000, distinct))
    common = [step for step in guess_recipe(()) if step.stage == "rows"]
    return replace(
        guessed,
        columns=columns,
        recipe=(*filters, *common, index),
        notes=tuple(notes),
        split={"method": "last", "by": user, "times": time, "stratify": False},
        augment=(),
        negatives=negatives,
    )


def _is_surely_an_id(sample: pl.DataFrame, column: Column) -> bool:
    """Tell whether rows of a large table are enough to know that a column is not beside the ids."""
    if column.kind == "date" or TIMES.search(column.name) or COUNTS.search(column.name):
        return False
    values = sample.get_column(column.name)
    return values.drop_nulls().n_unique() > 1 and not _numbers_rows(values)


def _numbers(values: pl.Series) -> bool:
    missing = values.null_count()
    if values.dtype != pl.Float64 and missing < len(values):
        return sum(some.null_count() for some in _read(values)) == missing
    return missing < len(values)


def _read(values: pl.Series) -> Iterator[pl.Series]:
    """Read numbers, some at a time."""
    return numbers_in_pieces(Pieces(values, as_text))


def _numbers_rows(values: pl.Series) -> bool:
    """Tell whether a column gives each row a value of its own."""
    return _different(values) == len(values)


def _different(values: pl.Series) -> int:
    return spill.count_unique(values) + (values.null_count() > 0)
