"""How each column hangs together with the target: histograms by class, and a correlation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.profile import BINS
from modelstudio.recipe.columns import Column

SAMPLE = 50_000
"""Rows looked at, spread over the table."""

MOST_CLASSES = 5
"""Classes that are told apart, the largest first; the rest are taken together."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A column against the target.

    ``bars`` are heights for each of ``classes``, to be stacked to at most 1; without classes there
    are none. ``strength`` is the rank correlation of two numbers (-1 to 1), the correlation ratio
    of ranks for a number and classes, Cramér's V for categories (both 0 to 1), or None.
    """

    name: str
    classes: tuple[str, ...]
    bars: tuple[tuple[float, ...], ...]
    strength: float | None
    measure: str = ""


def relations(frame: pl.DataFrame, columns: Sequence[Column]) -> tuple[Relation, ...]:
    """Compare numbers and categories with the target."""
    target = next((column for column in columns if column.role == "target"), None)
    if target is None or target.kind not in ("number", "category"):
        return ()
    rows = frame.gather_every(-(-frame.height // SAMPLE) or 1)
    rows = rows.filter(rows.get_column(target.name).is_not_null())
    answer = rows.get_column(target.name)
    return tuple(
        _relation(rows.get_column(column.name), column, answer, target)
        for column in columns
        if column.role != "target" and column.kind in ("number", "category")
    )


def _relation(values: pl.Series, column: Column, answer: pl.Series, target: Column) -> Relation:
    known = values.is_not_null()
    values, answer = values.filter(known), answer.filter(known)
    if len(values) < 3 or values.n_unique() < 2 or answer.n_unique() < 2:
        return Relation(column.name, (), (), None)
    if target.kind == "number":
        if column.kind == "number":
            strength = float(np.corrcoef(_ranks(values), _ranks(answer))[0, 1])
            return Relation(column.name, (), (), strength, "Rank correlation")
        return Relation(column.name, (), (), _ratio(_ranks(answer), values), "Correlation ratio")
    if column.kind == "number":
        strength, measure = _ratio(_ranks(values), answer), "Correlation ratio"
    else:
        strength, measure = _cramer(values, answer), "Cramér's V"
    usual = _by_frequency(answer)
    named = usual if len(usual) <= MOST_CLASSES + 1 else usual[:MOST_CLASSES]
    groups = [values.filter(answer == name) for name in named]
    if len(named) < len(usual):
        groups.append(values.filter(~answer.is_in(named)))
    counts = _counts(values, groups, column)
    bars = counts / max(1, counts.sum(axis=0).max())
    classes = (*named, "others")[: len(groups)]
    return Relation(column.name, classes, tuple(map(tuple, bars.tolist())), strength, measure)


def _counts(values: pl.Series, groups: Sequence[pl.Series], column: Column) -> NDArray[np.int64]:
    """Count the values of each group in the bins that all share; shape (groups, bins)."""
    if column.kind == "number":
        numbers = values.to_numpy()
        bins = min(BINS, values.n_unique())
        edges = np.linspace(numbers.min(), numbers.max(), 1 + bins)
        return np.stack([np.histogram(group.to_numpy(), edges)[0] for group in groups])
    top = _by_frequency(values)[:BINS]
    return np.array([[int((group == name).sum()) for name in top] for group in groups])


def _by_frequency(values: pl.Series) -> list[str]:
    counts = values.alias("value").value_counts(name="rows")
    return counts.sort("rows", "value", descending=[True, False])["value"].to_list()


def _ranks(values: pl.Series) -> NDArray[np.float64]:
    return values.rank("average").to_numpy()


def _ratio(ranks: NDArray[np.float64], groups: pl.Series) -> float:
    """Return how far groups explain ranks: the root of the share of the variance."""
    table = pl.DataFrame({"group": groups, "rank": ranks}).group_by("group")
    each = table.agg(pl.len().alias("rows"), pl.col("rank").mean())
    between = float((each["rows"] * (each["rank"] - ranks.mean()) ** 2).sum()) / len(ranks)
    return math.sqrt(between / float(ranks.var()))


def _cramer(left: pl.Series, right: pl.Series) -> float:
    """Return Cramér's V without the part that chance explains (Bergsma)."""
    pairs = pl.DataFrame({"left": left, "right": right}).group_by("left", "right").len("rows")
    sums = [
        pairs.group_by(side).agg(pl.col("rows").sum().alias(f"{side}s"))
        for side in pairs.columns[:2]
    ]
    joined = pairs.join(sums[0], on="left").join(sums[1], on="right")
    rows = len(left)
    share = (joined["rows"].cast(pl.Float64) ** 2 / (joined["lefts"] * joined["rights"])).sum()
    width, height = (each.height for each in sums)
    excess = max(0.0, float(share) - 1 - (width - 1) * (height - 1) / (rows - 1))
    widest = min(size - (size - 1) ** 2 / (rows - 1) for size in (width, height)) - 1
    return math.sqrt(min(1.0, excess / widest)) if widest > 0 else 0.0
