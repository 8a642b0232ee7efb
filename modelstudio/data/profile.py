"""Statistics of each column, and what in a table deserves a look before training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.sources.values import to_numbers
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import FillMissing, Step

BINS = 12
"""Bars of a histogram."""

MANY_ROWS, MANY_VALUES = 1_000_000, 100_000
"""A longer column with more different values is counted by hashes."""

MIXED = 10
"""A category column with so many different numbers among its words is suspected to be mixed."""

LEAK_AGREEMENT = 0.995
"""A feature that tells the target in this share of the rows is suspected to be a leak."""


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column in numbers.

    ``histogram`` holds bar heights between 0 and 1: of numbers in equal steps, of categories the
    most frequent first. ``quantiles`` is a line of text, empty where there are none.
    """

    name: str
    kind: str
    missing: int
    missing_share: float
    distinct: int
    summary: str
    histogram: tuple[float, ...]
    quantiles: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth a look; ``suggested_step`` would deal with it."""

    kind: str
    severity: Literal["success", "info", "warning", "error"]
    text: str
    column: str | None = None
    suggested_step: Step | None = None


def profile(frame: pl.DataFrame, columns: Sequence[Column]) -> tuple[ColumnProfile, ...]:
    """Describe each column of a typed table."""
    return tuple(_profile(frame.get_column(column.name), column) for column in columns)


def _profile(values: pl.Series, column: Column) -> ColumnProfile:
    missing = values.null_count()
    known = values.drop_nulls() if missing else values
    distinct, summary, quantiles = 0, "empty", ""
    histogram: tuple[float, ...] = ()
    if len(known) and column.kind == "number":
        ordered = known.sort().to_numpy()
        low, high = float(ordered[0]), float(ordered[-1])
        distinct = 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
        summary = f"{_short(low)} – {_short(high)}"
        edges = np.linspace(low, high, 1 + min(BINS, distinct))
        below = np.append(np.searchsorted(ordered, edges[:-1]), len(ordered))
        histogram = _bars(np.diff(below).tolist())
        quartiles = [_quantile(ordered, share) for share in (0.25, 0.5, 0.75)]
        quantiles = "Quartiles {}, {}, {} · mean {} · SD {}".format(
            *map(_short, (*quartiles, _mean(known), _deviation(known)))
        )
    elif len(known):
        distinct, top = _most_frequent(known)
        if distinct == len(known) and distinct > 1:
            summary = "all different"
        else:
            summary = f"{distinct:,} value{'' if distinct == 1 else 's'}"
        histogram = _bars(top)
    return ColumnProfile(
        column.name,
        column.kind,
        missing,
        missing / max(1, len(values)),
        distinct,
        summary,
        histogram,
        quantiles,
    )


def _quantile(ordered: NDArray[np.float64], share: float) -> float:
    """Return a quantile of sorted numbers, between two of them by its distance from each."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] * (1 - place + below) + ordered[above] * (place - below))


def _mean(numbers: pl.Series) -> float:
    return float(numbers.mean())  # type: ignore[arg-type]


def _deviation(numbers: pl.Series) -> float:
    return float(numbers.std(ddof=0))  # type: ignore[arg-type]


def _most_frequent(known: pl.Series) -> tuple[int, list[int]]:
    """Count the different values, and how often each of the most frequent ones is there.

    Of many different values in a long column only hashes of 64 bits are sorted: a table of the
    values would take more memory than the column.
    """
    if len(known) <= MANY_ROWS or cast(int, known.approx_n_unique()) <= MANY_VALUES:
        counts = known.alias("value").value_counts().get_column("count")
        return len(counts), counts.top_k(BINS).sort(descending=True).to_list()
    ordered = known.hash().sort().to_numpy()
    starts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    sizes = np.diff(starts, prepend=0, append=len(ordered))
    return len(sizes), np.sort(np.partition(sizes, -BINS)[-BINS:])[::-1].tolist()


def _short(number: float) -> str:
    """Write a number with four figures, but all of a whole one below a billion."""
    plain = number == round(number) or abs(number) >= 1000
    return f"{number:,.0f}" if plain and abs(number) < 1e9 else f"{number:.4g}"


def _bars(counts: Sequence[int]) -> tuple[float, ...]:
    highest = max(counts, default=0)
    return tuple(count / highest for count in counts) if highest else ()


def findings(
    frame: pl.DataFrame, columns: Sequence[Column], profiles: Sequence[ColumnProfile]
) -> tuple[Finding, ...]:
    """Return what deserves a look, the gravest first."""
    found: list[Finding] = []
    target = next((column for column in columns if column.role == "target"), None)
    for column, facts in zip(columns, profiles, strict=True):
        if column.role != "ignored":
            found += _of_column(column, facts, frame.height)
            found += _mixed(frame.get_column(column.name), column)
    if target is not None and target.kind != "text":
        by_name = {facts.name: facts for facts in profiles}
        found += _of_target(frame, target, by_name[target.name])
        found += _leaks(frame, columns, target)
    order = {"error": 0, "warning": 1, "info": 2, "success": 3}
    return tuple(sorted(found, key=lambda finding: order[finding.severity]))


def _of_column(column: Column, facts: ColumnProfile, rows: int) -> list[Finding]:
    name = column.name
    if not facts.distinct:
        return [Finding("empty", "error", f"{name} is empty", name)]
    found = []
    if facts.missing_share > 0.05:
        severity: Literal["error", "warning"] = "error" if facts.missing_share > 0.5 else "warning"
        text = f"{name} {100 * facts.missing_share:.0f} % missing"
        step = FillMissing(columns=(name,)) if column.kind in ("number", "category") else None
        found.append(Finding("missing", severity, text, name, step))
    if column.role == "feature":
        if facts.distinct == 1:
            found.append(Finding("constant", "warning", f"{name} is always the same", name))
        if column.kind == "category" and facts.distinct > 0.9 * rows > 20:
            found.append(Finding("id", "warning", f"{name} looks like an ID", name))
        elif column.kind == "category" and facts.distinct > 100:
            text = f"{name} has {facts.distinct:,} categories"
            found.append(Finding("many", "info", text, name))
    return found


def _mixed(values: pl.Series, column: Column) -> list[Finding]:
    """Look for a category column that is partly numbers, as a column of typing errors is."""
    known = values.drop_nulls()
    if column.kind != "category" or not len(known):
        return []
    numbers = to_numbers(known).drop_nulls()
    if not 0.2 <= len(numbers) / len(known) < 1 or numbers.n_unique() < MIXED:
        return []
    text = f"{column.name} mixes numbers and words"
    return [Finding("mixed", "warning", text, column.name)]


def _of_target(frame: pl.DataFrame, target: Column, facts: ColumnProfile) -> list[Finding]:
    found = []
    if facts.missing:
        text = f"{facts.missing:,} rows without {target.name}"
        found.append(Finding("no target", "info", text, target.name))
    if target.kind == "number" or not facts.distinct:
        return found
    answers = frame.get_column(target.name).drop_nulls().alias("value")
    counts = answers.value_counts(sort=True)
    total = counts.get_column("count").sum()
    sizes = counts.get_column("count").to_list()
    single = sum(size == 1 for size in sizes)
    if single:
        what = "A class has" if single == 1 else f"{single} classes have"
        text = f"{what} one row only"
        found.append(Finding("single", "warning", text, target.name))
    shares = [100 * size / total for size in sizes]
    if len(sizes) == 2:
        text = f"{shares[1]:.0f} % vs {shares[0]:.0f} % classes"
    else:
        text = f"Smallest class {shares[-1]:.1f} %, largest {shares[0]:.0f} %"
    rare = shares[-1] < 5
    found.append(Finding("balance", "warning" if rare else "info", text, target.name))
    return found


def _leaks(frame: pl.DataFrame, columns: Sequence[Column], target: Column) -> list[Finding]:
    """Look for features that give the target away: each value goes with one answer."""
    rows = frame.filter(pl.col(target.name).is_not_null())
    if rows.height < 20:
        return []
    found = []
    answer = rows.get_column(target.name)
    base = max(answer.alias("value").value_counts().get_column("count").to_list())
    for column in columns:
        if column.role != "feature" or column.kind not in ("number", "category"):
            continue
        values = rows.get_column(column.name)
        if target.kind == "number":
            leak = column.kind == "number" and _correlation(values, answer) > LEAK_AGREEMENT
        else:
            if values.n_unique() > max(50, rows.height // 20):
                continue
            pairs = pl.DataFrame({"value": values, "answer": answer}).group_by(pl.all()).len()
            agreeing = int(pairs.group_by("value").agg(pl.col("len").max())["len"].sum())
            leak = agreeing / rows.height > LEAK_AGREEMENT and base / rows.height < 0.95
        if leak:
            text = f"{column.name} gives {target.name} away"
            found.append(Finding("leak", "warning", text, column.name))
    return found or [Finding("leak", "success", f"No leak into {target.name}", target.name)]


def _correlation(left: pl.Series, right: pl.Series) -> float:
    pair = pl.DataFrame({"a": left, "b": right}).drop_nulls()
    if pair.height < 3 or pair["a"].n_unique() < 2 or pair["b"].n_unique() < 2:
        return 0.0
    return abs(float(np.corrcoef(pair["a"].to_numpy(), pair["b"].to_numpy())[0, 1]))
