"""Types, roles and a recipe for a table nobody has described yet; every guess is said in a note."""

from __future__ import annotations

import math
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
"""Rows looked at to tell a kind, spread over the table."""

TARGET_NAMES = tuple(
    """target label outcome survived churn churned exited attrition default fraud isfraud spam
    species variety diagnosis sentiment response class saleprice price medv medianhousevalue mpg
    charges rings income salary quality category result y""".split()
)
"""Names of targets, the surest first, in small letters without signs between them."""

TARGET_ENDINGS = ("target", "label", "outcome", "class", "price", "status")

CLASS_NAMES = ("target", "label", "class", "category", "type", "species", "digit", "cluster")
"""Endings of names that speak of classes even when these are numbers."""

ID_NAME = re.compile(r"(?i:(^|[_\W])(id|uuid|guid|key|index|rowid|no|nr)$)|(?<=[a-z])I[dD]$")

MANY_COPIES, FEW_COMBINATIONS = 0.05, 20
"""Equal rows are no copies when they are a greater share than the first, and there are fewer
combinations of values a row than the second."""

FEW_CLASSES, MOST_CLASSES = 10, 20
"""A target of so many different whole numbers is taken for classes; above the first, only when
they count up from 0 or 1, or the name says so."""


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
    sample = frame.gather_every(-(-frame.height // SAMPLE) or 1)
    kinds = {name: guess_kind(sample.get_column(name)) for name in frame.columns}
    notes: list[str] = []
    if target is None:
        target, reason = guess_target(frame, kinds)
        notes.append(f"{target} was taken as the target, {reason}. Another can be chosen.")
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
    notes += _missing_notes(frame, columns)
    recipe = guess_recipe(tuple(columns))
    if copies := _natural_copies(frame):
        recipe = tuple(
            step.changed(enabled=False) if isinstance(step, DropDuplicates) else step
            for step in recipe
        )
        notes.append(
            f"{copies:,} of {frame.height:,} rows equal an earlier one. With so few different "
            "values they are taken for rows of their own; switch on Drop duplicate rows if they "
            "are copies."
        )
    return Guess(tuple(columns), recipe, tuple(notes))


def _natural_copies(frame: pl.DataFrame) -> int:
    """Count rows equal to an earlier one where that is bound to happen, else return 0."""
    copies = frame.height - frame.n_unique()
    if copies <= MANY_COPIES * frame.height:
        return 0
    combinations = math.prod(frame.select(pl.all().n_unique()).row(0))
    return copies if combinations < FEW_COMBINATIONS * frame.height else 0


def guess_kind(column: pl.Series) -> Kind:
    """Tell the kind of a column of text from its values."""
    known = column.drop_nulls()
    words = known.filter(~known.is_in(list(MISSING_NUMBERS)))
    if not len(words):
        return "category" if len(known) else "number"
    numbers = _share(to_numbers(words))
    distinct = known.n_unique()
    unique = distinct == len(known) and len(known) > 20
    named = bool(ID_NAME.search(column.name)) or column.name == "column_1"
    if numbers >= 0.95:
        values = to_numbers(words).drop_nulls()
        steps = values.diff().drop_nulls()
        counted = unique and steps.n_unique() == 1 and bool((values == values.round()).all())
        mostly = distinct >= 0.9 * len(known) and len(known) > 20
        whole = bool((values == values.round()).all())
        return "id" if counted or (named and mostly and whole) else "number"
    if _share(to_dates(words)) >= 0.95:
        return "date"
    length = float(known.str.len_chars().mean() or 0)  # type: ignore[arg-type]
    if unique and length <= 40 and known.str.count_matches(r"\s").mean() == 0:
        return "id"
    few = distinct <= max(30, 0.1 * len(known)) and distinct <= 1000
    few &= distinct <= max(10, 0.5 * len(known))
    return "category" if few and length <= 80 else "text"


def _numeric(column: pl.Series) -> bool:
    known = column.drop_nulls()
    return len(known) > 0 and bool(to_numbers(known).is_not_null().all())


def _same(known: pl.Series) -> bool:
    """Tell whether all values are one; counting different ones of a million takes long."""
    return not len(known) or bool((known == known[0]).all())


def _share(values: pl.Series) -> float:
    """Return the share of values that are known."""
    return 1 - values.null_count() / max(1, len(values))


def guess_target(frame: pl.DataFrame, kinds: dict[str, Kind]) -> tuple[str, str]:
    """Choose the column to predict, by name, else the last that could be one; say why."""
    usable = [
        name
        for name in frame.columns
        if kinds[name] in ("number", "category") and not _same(frame.get_column(name).drop_nulls())
    ]
    plain = {re.sub(r"[\W_]", "", name).lower(): name for name in reversed(usable)}
    for known in TARGET_NAMES:
        if known in plain:
            return plain[known], "because of its name"
    for name in reversed(usable):
        if name.lower().endswith(TARGET_ENDINGS):
            return name, "because of its name"
    return (usable or frame.columns)[-1], "because it is the last that could be one"


def _target_kind(column: pl.Series, kind: Kind, notes: list[str]) -> Kind:
    """Take whole numbers of few values for classes, any text for classes."""
    if kind == "date":
        return kind
    numbers = to_numbers(column).drop_nulls()
    if kind != "number" and len(numbers) < len(column.drop_nulls()):
        return "category"
    distinct = numbers.n_unique()
    if distinct <= 2:
        return "category"
    values = numbers.unique().sort().to_list()
    whole = all(value == round(value) for value in values)
    counted = values[0] in (0, 1) and values[-1] - values[0] == distinct - 1
    named = column.name.lower().endswith(CLASS_NAMES)
    most = MOST_CLASSES if counted or named else FEW_CLASSES
    if not whole or distinct > most or len(numbers) < 5 * distinct:
        return "number"
    notes.append(
        f"{column.name} has {distinct} different whole numbers, taken as classes. "
        "Set its kind to number to predict a value."
    )
    return "category"


def _missing_notes(frame: pl.DataFrame, columns: list[Column]) -> list[str]:
    """Say which cells count as missing, or do not, though a person may think otherwise."""
    notes = []
    words: dict[str, list[str]] = {}
    for column in columns:
        if column.role == "ignored":
            continue
        known = frame.get_column(column.name).drop_nulls()
        if column.kind == "number":
            odd = known.filter(to_numbers(known).is_null())
            usual = odd.is_in(MISSING_NUMBERS)
            if usual.any():
                notes.append(
                    f"{_cells(odd.filter(usual))} of {column.name} stand for a missing value."
                )
            if not usual.all():
                told = f"{_cells(odd.filter(~usual))} of {column.name}"
                notes.append(f"{told} hold no finite number and count as missing.")
        elif column.kind == "category":
            for word in known.filter(known.is_in(MISSING_NUMBERS)).unique().to_list():
                words.setdefault(word, []).append(column.name)
    for word, names in sorted(words.items()):
        notes.append(
            f"{word!r} counts as a category in {', '.join(names[:4])}"
            f"{' ...' if len(names) > 4 else ''}. Name it as a word for missing if it means that."
        )
    return notes


def _cells(cells: pl.Series) -> str:
    shown = ", ".join(map(repr, cells.unique(maintain_order=True).head(3).to_list()))
    return f"{len(cells):,} cell{'' if len(cells) == 1 else 's'} ({shown})"


def _role(column: pl.Series, kind: Kind) -> tuple[Role, str]:
    known = column.drop_nulls()
    if not len(known):
        return "ignored", "it is empty in every row"
    if _same(known) and len(known) == len(column):
        return "ignored", "it has the same value in every row"
    if len(known) < min(20, 0.05 * len(column)):
        return "ignored", "it is empty in almost every row"
    if kind == "id":
        return "ignored", "it looks like an id"
    if kind == "date":
        return "ignored", "it holds dates"
    if kind == "text":
        words = float(known.head(SAMPLE).str.count_matches(r"\S+").mean() or 0)  # type: ignore[arg-type]
        short = words < 3
        return "ignored", "it has too many categories" if short else "it holds free text"
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
