"""Types, roles and a recipe for a table nobody has described yet; every guess is said in a note."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from modelstudio.data.sources.values import MISSING_NUMBERS, to_dates, to_numbers
from modelstudio.errors import DataError
from modelstudio.recipe.columns import Column, Kind, Role
from modelstudio.recipe.steps import (
    ClipOutliers,
    DropDuplicates,
    DropMissingTarget,
    FillMissing,
    OneHot,
    Standardise,
    Step,
)

SAMPLE = 20_000
"""Rows looked at to tell a kind."""

TARGET_NAMES = frozenset(
    """target label class y outcome response churn churned survived species price diagnosis
    default income salary fraud is_fraud quality result category sentiment spam""".split()
)
TARGET_ENDINGS = ("_target", "_label", "_class", "price", "_outcome")

ID_NAME = re.compile(r"(^|_|\b)(id|uuid|guid|key|index|rowid|row_id|no|nr)$", re.IGNORECASE)

MOST_TARGET_CLASSES = 20
"""A number target of at most this many whole values is taken for classes."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What was guessed of a table; ``notes`` are sentences for the person."""

    columns: tuple[Column, ...]
    recipe: tuple[Step, ...]
    notes: tuple[str, ...]


def guess(frame: pl.DataFrame, target: str | None = None) -> Guess:
    """Guess everything.

    Parameters
    ----------
    frame
        The table as text, as `tabular.read` gives it without columns.
    target
        The column to predict, if it is known.

    Raises
    ------
    DataError
        When ``target`` is no column, or the table has only one.
    """
    sample = frame.head(SAMPLE)
    kinds = {name: guess_kind(sample.get_column(name)) for name in frame.columns}
    notes: list[str] = []
    if target is None:
        target = guess_target(frame, kinds)
        notes.append(f"{target} was taken as the target. Another can be chosen.")
    elif target not in frame.columns:
        raise DataError(
            f"The table has no column {target}.",
            where=target,
            fix=f"Its columns are {', '.join(frame.columns[:12])}"
            f"{' ...' if frame.width > 12 else ''}.",
        )
    if frame.width < 2:
        raise DataError(
            f"The table has only the column {target}, so there is nothing to predict it from.",
            fix="Choose a file with more columns, or check the delimiter.",
        )
    others = [name for name in frame.columns if name != target]
    if all(kinds[name] in ("id", "date", "text") for name in others):
        kinds.update({name: "number" for name in others if _numeric(sample.get_column(name))})
    kinds[target] = _target_kind(frame.get_column(target), kinds[target], notes)
    columns = []
    for name, kind in kinds.items():
        role, reason = _role(frame.get_column(name), kind)
        if name == target:
            columns.append(Column(name=name, kind=kind, role="target"))
            continue
        columns.append(Column(name=name, kind=kind, role=role))
        if reason:
            notes.append(f"{name} is ignored: {reason}.")
    if not any(column.role == "feature" for column in columns):
        notes.append("No column could be taken as a feature. Choose some on the Data page.")
    return Guess(tuple(columns), guess_recipe(tuple(columns)), tuple(notes))


def guess_kind(column: pl.Series) -> Kind:
    """Tell the kind of a column of text from its values."""
    known = column.drop_nulls()
    words = known.filter(~known.is_in(list(MISSING_NUMBERS)))
    if not len(words):
        return "category" if len(known) else "number"
    numbers = _share(to_numbers(words))
    distinct = known.n_unique()
    unique = distinct == len(known) and len(known) > 20
    if numbers >= 0.95:
        steady = unique and bool((to_numbers(words).drop_nulls().diff().drop_nulls() == 1).all())
        named = ID_NAME.search(column.name) or column.name.startswith("column_")
        return "id" if unique and (steady or named) else "number"
    if _share(to_dates(words)) >= 0.95:
        return "date"
    length = float(known.str.len_chars().mean() or 0)  # type: ignore[arg-type]
    if unique and length <= 40 and known.str.count_matches(r"\s").mean() == 0:
        return "id"
    few = distinct <= max(30, 0.1 * len(known)) and distinct <= 1000
    return "category" if few and length <= 80 else "text"


def _numeric(column: pl.Series) -> bool:
    known = column.drop_nulls()
    return len(known) > 0 and bool(to_numbers(known).is_not_null().all())


def _share(values: pl.Series) -> float:
    """Return the share of values that are known."""
    return 1 - values.null_count() / max(1, len(values))


def guess_target(frame: pl.DataFrame, kinds: dict[str, Kind]) -> str:
    """Choose the column to predict: by name, else the last that could be one."""
    for name in frame.columns:
        if name.lower() in TARGET_NAMES:
            return name
    for name in reversed(frame.columns):
        if name.lower().endswith(TARGET_ENDINGS) and kinds[name] in ("number", "category"):
            return name
    usable = [
        name
        for name in frame.columns
        if kinds[name] in ("number", "category") and frame.get_column(name).n_unique() > 1
    ]
    return usable[-1] if usable else frame.columns[-1]


def _target_kind(column: pl.Series, kind: Kind, notes: list[str]) -> Kind:
    """Take whole numbers of few values for classes, any text for classes."""
    if kind != "number":
        return "category" if kind != "date" else kind
    numbers = to_numbers(column).drop_nulls()
    distinct = numbers.n_unique()
    whole = bool((numbers == numbers.round()).all())
    if distinct <= 2 or (
        whole and distinct <= MOST_TARGET_CLASSES and len(numbers) >= 5 * distinct
    ):
        if distinct > 2:
            notes.append(
                f"{column.name} has {distinct} different whole numbers, taken as classes. "
                "Set its kind to number to predict a value."
            )
        return "category"
    return "number"


def _role(column: pl.Series, kind: Kind) -> tuple[Role, str]:
    known = column.drop_nulls()
    if not len(known):
        return "ignored", "it is empty in every row"
    if known.n_unique() == 1 and len(known) == len(column):
        return "ignored", "it has the same value in every row"
    if kind == "id":
        return "ignored", "it looks like an id"
    if kind == "date":
        return "ignored", "it holds dates"
    if kind == "text":
        return "ignored", "it holds free text"
    return "feature", ""


def guess_recipe(columns: tuple[Column, ...]) -> tuple[Step, ...]:
    """Choose steps that suit the kinds of the features and harm no table."""
    kinds = {column.kind for column in columns if column.role == "feature"}
    steps: list[Step] = [DropDuplicates(), DropMissingTarget()]
    if kinds:
        steps.append(FillMissing())
    if "number" in kinds:
        steps += [ClipOutliers(method="z-score", factor=6.0), Standardise()]
    if "category" in kinds:
        steps.append(OneHot())
    return tuple(steps)
