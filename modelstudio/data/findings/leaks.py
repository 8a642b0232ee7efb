"""Features that give the target away, by their values or by where these are missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.findings.finding import Finding, SetRole, Severity, first_rows
from modelstudio.data.findings.telling import (
    FEWEST,
    FEWEST_CELLS,
    Telling,
    codes_of,
    completed,
    separable,
    tells,
)
from modelstudio.recipe.columns import Column

SAMPLE = 50_000
"""Rows looked at, spread over the table."""

AGREEMENT, SLIP_ROWS = 0.98, 20
"""Share of the rows in which missing cells and a class go together, and rows from which one may
be a slip."""

FEWEST_ALIKE, MOST_SHARE, CHANCE = 15, 0.8, 1e-6
"""Missing cells that are all of one class from which that tells it, the largest share of this class
and the chance of so many."""

MOST_PAIRED, PAIRED_ROWS = 40, 1_000
"""Features that are paired, and rows looked at, to see whether the target is worked out of two."""

_GRAVE: Severity = "error"
_HARMLESS: Severity = "info"
"""Of a column that is ignored, which does no harm until it is used."""


def leak_findings(
    frame: pl.DataFrame, columns: Sequence[Column], target: Column, ignored: bool = False
) -> list[Finding]:
    """Look at each feature, and if asked at columns that are ignored; without a leak say so."""
    known = frame.get_column(target.name).is_not_null().arg_true()
    stride = -(-len(known) // SAMPLE) or 1
    numbers = known.gather_every(stride)
    rows = frame[numbers]
    if rows.height < FEWEST or target.kind not in ("number", "category"):
        return []
    sampled = f" (looked at {rows.height:,} rows)" if stride > 1 else ""
    answer = rows.get_column(target.name)
    looked = [
        column
        for column in columns
        if column.role == "feature" or (column.role == "ignored" and ignored)
    ]
    told = _telling(rows, looked, target)
    found = []
    for column in looked:
        values, name = rows.get_column(column.name), column.name
        used = column.role == "feature"
        fix, severity = (SetRole((name,)), _GRAVE) if used else (None, _HARMLESS)
        if name in told:
            text = f"{name} gives {target.name} away{sampled}"
            shown = first_rows(numbers.head(5))
            found.append(
                Finding("target_leak", severity, text, (name, target.name), fix, shown, rows.height)
            )
        elif (when := _missing_when(values, answer, target)) is not None:
            text = f"{name} is {when}{sampled}"
            empty = numbers.filter(values.is_null())
            found.append(
                Finding(
                    "missing_leak",
                    severity,
                    text,
                    (name, target.name),
                    fix,
                    first_rows(empty.head(100)),
                    len(empty),
                )
            )
    found += _worked_out(rows, columns, target, numbers)
    return found or [Finding("no_leak", "success", f"No leak into {target.name}", (target.name,))]


def _telling(rows: pl.DataFrame, looked: Sequence[Column], target: Column) -> set[str]:
    """Return the columns whose values decide the target.

    Classes that lie so far apart that the other numbers part them too are no leak of one column,
    nor is the largest term of a sum of several.
    """
    answer = rows.get_column(target.name)
    answer = answer if target.kind == "number" else pl.Series(codes_of(answer))
    told: dict[str, Telling] = {}
    for column in looked:
        if column.kind in ("number", "category", "date"):
            how = tells(rows.get_column(column.name), answer, column, target)
            told |= {column.name: how} if how else {}
    honest = [
        each.name
        for each in looked
        if (each.kind, each.role) == ("number", "feature") and told.get(each.name) != "surely"
    ]

    def excused(name: str) -> bool:
        others = [each for each in honest if each != name]
        if target.kind == "number":
            return completed(rows, name, others, answer)
        return separable(rows, others, answer)

    return {name for name, how in told.items() if how == "surely" or not excused(name)}


def _worked_out(
    rows: pl.DataFrame, columns: Sequence[Column], target: Column, numbers: pl.Series
) -> list[Finding]:
    """Look for two features of which the target is sum, difference, product or ratio."""
    names = [each.name for each in columns if (each.kind, each.role) == ("number", "feature")]
    if target.kind != "number" or not 2 <= len(names) <= MOST_PAIRED:
        return []
    known = rows.select(target.name, *names).head(PAIRED_ROWS).to_numpy()
    answer, values = known[:, 0], known[:, 1:]
    near = 1e-4 * float(np.nanstd(answer))
    for left, right in combinations(range(len(names)), 2):
        a, b = values[:, left], values[:, right]
        there = np.isfinite(a) & np.isfinite(b) & np.isfinite(answer)
        if there.sum() < max(FEWEST, AGREEMENT * len(answer) / 2):
            continue
        with np.errstate(divide="ignore", invalid="ignore"):
            tries = {"+": a + b, "-": a - b, "*": a * b, "/": a / b}
            tries |= {"- from": b - a, "/ of": b / a}
        for sign, result in tries.items():
            if (np.abs(result - answer)[there] <= near).mean() < AGREEMENT:
                continue
            first, second = names[left], names[right]
            if " " in sign:
                first, second = second, first
            text = f"{target.name} is {first} {sign[0]} {second}"
            fix = SetRole((first, second))
            shown = first_rows(numbers.head(5))
            told = (first, second, target.name)
            return [Finding("target_leak", "error", text, told, fix, shown, rows.height)]
    return []


def _missing_when(values: pl.Series, answer: pl.Series, target: Column) -> str | None:
    """Say which targets the missing cells go with, if they go with some and no others."""
    count = values.null_count()
    if not FEWEST_CELLS <= count <= len(values) - FEWEST_CELLS:
        return None
    missing = values.is_null()
    for cells, when, what in (
        (missing, "when", "missing"),
        (~missing, "unless", "known"),
    ):
        usual = answer.filter(cells).mode().sort()
        has = answer == usual[0]
        both, either, held = int((has & cells).sum()), int((has | cells).sum()), int(cells.sum())
        slips = max((1 - AGREEMENT) * either, 1 if either >= SLIP_ROWS else 0)
        shown = f"{usual[0]:g}" if target.kind == "number" else usual[0]
        if either - both <= slips and not has.all():
            return f"missing exactly {when} {target.name} is {shown}"
        if target.kind == "category" and both == held and _is_telling(held, float(has.mean())):
            return f"{what} only when {target.name} is {shown}"
    if target.kind == "number" and min(count, len(values) - count) >= 2 * FEWEST_CELLS:
        low, high = answer.filter(missing).to_numpy(), answer.filter(~missing).to_numpy()
        for there, other, words in ((low, high, "high"), (high, low, "low")):
            if _below(other, there):
                return f"missing exactly when {target.name} is {words}"
    return None


def _is_telling(cells: int, share: float) -> bool:
    """Tell whether so many cells are of one class by more than chance, as it is all too large."""
    return share <= MOST_SHARE and cells >= FEWEST_ALIKE and share**cells < CHANCE


def _below(left: NDArray[np.float64], right: NDArray[np.float64]) -> bool:
    return bool(left.max() < right.min())
