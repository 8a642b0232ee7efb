"""Which column a table nobody has described is to predict, and as what."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import polars as pl

from modelstudio.data.guess_kinds import NAMELESS
from modelstudio.data.sources.numbers import measurable, to_numbers
from modelstudio.data.sources.values import as_text
from modelstudio.recipe.columns import Kind

TARGET_NAMES = tuple(
    """target label outcome survived churn churned exited attrition fraud isfraud spam species
    variety diagnosis sentiment class saleprice medv medianhousevalue mpg rating ratings""".split()
)
"""Names of targets, the surest first, in small letters without signs between them."""

LIKELY_NAMES = tuple(
    """default response price charges rings income salary quality category result y""".split()
)
"""Names that features have too: one in the last column is surer, and one in the first."""

TARGET_ENDINGS = ("target", "label", "outcome", "class", "price", "status")

CLASS_NAMES = ("target", "label", "class", "category", "type", "species", "digit", "cluster")
"""Endings of names that speak of classes even when these are numbers."""

MOST_BLOCKS = 30
"""Classes of a table without header whose rows are sorted by them."""

FIRST = 1_000
"""Cells in which a word is looked for first."""

FEW_CLASSES, MOST_CLASSES = 10, 20
"""A target of so many different whole numbers is taken for classes; above the first, only when
they count up from 0 or 1, or the name says so."""


def guess_target(
    kinds: dict[str, Kind], same: Collection[str], sample: pl.DataFrame | None = None
) -> tuple[str, str]:
    """Choose the column to predict, by name, else the last that could be one; say why."""
    usable = [
        name for name, kind in kinds.items() if kind in ("number", "category") and name not in same
    ]
    plain = {re.sub(r"[\W_]", "", name).lower(): name for name in reversed(usable)}
    ends = [name for name in reversed(plain) if plain[name] in (usable[-1], usable[0])]
    likely = [name for name in ends if name in LIKELY_NAMES]
    for known in (*TARGET_NAMES, *likely[::-1], *LIKELY_NAMES):
        if known in plain:
            return plain[known], "because of its name"
    for name in reversed(usable):
        if name.lower().endswith(TARGET_ENDINGS):
            return name, "because of its name"
    if sample is not None and (named := _sorted_by(sample, usable)):
        return named, "because the rows are sorted by it or it alone holds categories"
    return (usable or list(kinds))[-1], "because it is the last that could be one"


def _sorted_by(sample: pl.DataFrame, usable: Sequence[str]) -> str:
    """Return what a table without header begins with if that tells its classes, else nothing.

    The classes stand in the first column or behind an id, and the rows are sorted by them, or no
    other column holds categories behind the id.
    """
    if not all(map(NAMELESS.fullmatch, sample.columns)) or len(usable) < 3:
        return ""
    name = usable[0]
    values = as_text(sample.get_column(name))
    classes = values.drop_nulls().n_unique()
    changes = int((values != values.shift()).sum())
    if changes == classes - 1 and 2 <= classes <= MOST_BLOCKS:
        return name
    others = [as_text(sample.get_column(other)) for other in usable[1:]]
    alone = to_numbers(values).null_count() == len(values) and not any(
        to_numbers(other).null_count() == len(other) for other in others
    )
    return name if alone and classes <= MOST_BLOCKS and sample.columns[0] != name else ""


def _begins_with_words(column: pl.Series) -> bool:
    """Tell whether a word is among the first cells, which spares a look at a long column."""
    first = column.head(FIRST)
    return first.dtype == pl.String and not first.str.contains(r"\d").all()


def target_kind(column: pl.Series, kind: Kind, notes: list[str]) -> Kind:
    """Take whole numbers of few values for classes, any text for classes."""
    if kind == "date":
        return kind
    if kind != "number" and _begins_with_words(column):
        return "category"
    known = column.drop_nulls()
    different = known.unique()
    numbers = to_numbers(different) if known.dtype == pl.String else measurable(different)
    if kind != "number" and numbers.null_count():
        return "category"
    values = numbers.drop_nulls().unique().sort().to_list()
    distinct = len(values)
    if distinct <= 2:
        return "category"
    if distinct > MOST_CLASSES:
        return "number"
    count = int(known.is_in(different.filter(numbers.is_not_null()).implode()).sum())
    whole = all(value == round(value) for value in values)
    counted = values[0] in (0, 1) and values[-1] - values[0] == distinct - 1
    named = column.name.lower().endswith(CLASS_NAMES)
    most = MOST_CLASSES if counted or named else FEW_CLASSES
    if not whole or distinct > most or count < 5 * distinct:
        return "number"
    notes.append(
        f"{column.name} has {distinct} different whole numbers, taken as classes. "
        "Set its kind to number to predict a value."
    )
    return "category"
