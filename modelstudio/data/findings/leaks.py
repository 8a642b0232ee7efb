"""Features that give the target away, by their values or by where these are missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.findings.finding import Finding, SetRole, Severity, first_rows
from modelstudio.recipe.columns import Column

SAMPLE = 50_000
"""Rows looked at, spread over the table."""

FEWEST = 20
"""Rows with a target from which it can be told."""

COMMON, FEWEST_OTHERS = 0.05, 10
"""Share of the rows in which a column must be known to tell anything, and rows outside the largest
class where it is known in less than half of them."""

FEWEST_CELLS = 5
"""Missing cells, and cells that are not, from which a pattern counts."""

AGREEMENT = 0.98
"""Share of the mistakes of guessing the largest class that a leak avoids, and of the rows in which
missing cells and a class go together."""

RANKS = 0.995
"""Rank correlation from which numbers tell each other; share of variance that groups explain."""

COVERED = 0.9
"""Share of the rows whose value is there more than once, from which values can be judged."""

APART = 5.0
"""Gaps between the classes, in standard deviations within them, that no honest number shows."""

ENOUGH = 2_000
"""Rows from which a number that parts the classes without a mistake is suspect by itself."""

MOST_PAIRED, PAIRED_ROWS = 40, 1_000
"""Features that are paired, and rows looked at, to see whether the target is worked out of two."""

_GRAVE: Severity = "error"
_HARMLESS: Severity = "info"
"""Of a column that is ignored, which does no harm until it is used."""

_VALUE, _ANSWER = "value", "answer"


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
    found = []
    for column in columns:
        if column.role == "target" or (column.role == "ignored" and not ignored):
            continue
        values, name = rows.get_column(column.name), column.name
        used = column.role == "feature"
        fix, severity = (SetRole((name,)), _GRAVE) if used else (None, _HARMLESS)
        if column.kind in ("number", "category", "date") and _tells(values, answer, column, target):
            text = f"{name} gives {target.name} away{sampled}"
            shown = first_rows(numbers.head(5))
            found.append(
                Finding("target_leak", severity, text, (name, target.name), fix, shown, rows.height)
            )
        elif (when := _missing_when(values, answer, target)) is not None:
            text = f"{name} is missing exactly {when}{sampled}"
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


def _tells(values: pl.Series, answer: pl.Series, column: Column, target: Column) -> bool:
    """Tell whether a value all but decides the target."""
    pairs = pl.DataFrame({_VALUE: values, _ANSWER: answer}).drop_nulls()
    if pairs.height < max(FEWEST, COMMON * len(answer)) or pairs[_ANSWER].n_unique() < 2:
        return False
    if target.kind == "category" and pairs.height < len(answer) / 2:
        largest = pairs[_ANSWER].value_counts(name="rows")["rows"].to_numpy().max()
        if pairs.height - largest < FEWEST_OTHERS:
            return False
    if target.kind == "number":
        ordered = column.kind != "category" and abs(_rank_correlation(pairs)) > RANKS
        return ordered or _explained(pairs) > RANKS
    if _gain(pairs) > AGREEMENT:
        return True
    return column.kind != "category" and _parted(pairs)


def _rank_correlation(pairs: pl.DataFrame) -> float:
    ranks = pairs.select(pl.all().rank("average")).to_numpy()
    spread = ranks.std(axis=0)
    return float(np.corrcoef(ranks.T)[0, 1]) if spread.all() else 0.0


def _explained(pairs: pl.DataFrame) -> float:
    """Return the share of a number's variance that the values of a column explain.

    Values of a single row explain nothing, as a column of names would explain everything.
    """
    answer = pl.col(_ANSWER)
    groups = pairs.group_by(_VALUE).agg(
        pl.len().alias("rows"), answer.var(ddof=0).fill_null(0.0).alias("within")
    )
    repeated = groups.filter(pl.col("rows") > 1)
    covered = int(repeated["rows"].sum())
    whole = float(np.var(pairs[_ANSWER].to_numpy()))
    if covered < COVERED * pairs.height or not whole or repeated.height < 2:
        return 0.0
    within = float((repeated["rows"] * repeated["within"]).sum()) / covered
    return 1 - within / whole


def _gain(pairs: pl.DataFrame) -> float:
    """Return the share of the mistakes of guessing the largest class that a column avoids.

    Each row is guessed from the others of its value, so that rare values prove nothing; those of
    a single row are left out as long as they are few.
    """
    counts = pairs.group_by(_VALUE, _ANSWER).len("rows").sort("rows", descending=True)
    counts = counts.filter(pl.col("rows").sum().over(_VALUE) > 1)
    rows = int(counts["rows"].sum())
    if rows < COVERED * pairs.height:
        return 0.0
    groups = counts.group_by(_VALUE, maintain_order=True).agg(
        pl.col("rows").first().alias("most"),
        pl.col("rows").get(1, null_on_oob=True).fill_null(0).alias("next"),
    )
    right = int(groups.filter(pl.col("most") - 1 > pl.col("next"))["most"].sum())
    base = int(counts.group_by(_ANSWER).agg(pl.col("rows").sum())["rows"].max())  # type: ignore[arg-type]
    return (right - base) / (rows - base) if rows > base else 0.0


def _parted(pairs: pl.DataFrame) -> bool:
    """Tell whether each class keeps to a stretch of its own among the numbers, far from others."""
    ordered = pairs.sort(_VALUE)
    values = ordered[_VALUE].to_physical().cast(pl.Float64).to_numpy()
    classes = ordered[_ANSWER].rank("dense").to_numpy()
    changes = np.flatnonzero(classes[1:] != classes[:-1])
    sizes = np.diff(changes, prepend=-1, append=len(values) - 1)
    if len(changes) != len(np.unique(classes)) - 1 or sizes.min() < FEWEST_CELLS:
        return False
    gaps = values[changes + 1] - values[changes]
    spread = max(float(part.std()) for part in np.split(values, changes + 1))
    return bool((gaps > 0).all() and (len(values) >= ENOUGH or gaps.min() > APART * spread))


def _missing_when(values: pl.Series, answer: pl.Series, target: Column) -> str | None:
    """Say which targets the missing cells go with, if they go with some and no others."""
    missing = values.is_null()
    count = int(missing.sum())
    if not FEWEST_CELLS <= count <= len(values) - FEWEST_CELLS:
        return None
    for cells, words in ((missing, "when"), (~missing, "unless")):
        usual = answer.filter(cells).mode().sort()
        has = answer == usual[0]
        both, either = int((has & cells).sum()), int((has | cells).sum())
        if both >= AGREEMENT * either and not has.all():
            shown = f"{usual[0]:g}" if target.kind == "number" else usual[0]
            return f"{words} {target.name} is {shown}"
    if target.kind == "number" and min(count, len(values) - count) >= 2 * FEWEST_CELLS:
        low, high = answer.filter(missing).to_numpy(), answer.filter(~missing).to_numpy()
        for there, other, words in ((low, high, "high"), (high, low, "low")):
            if _below(other, there):
                return f"when {target.name} is {words}"
    return None


def _below(left: NDArray[np.float64], right: NDArray[np.float64]) -> bool:
    return bool(left.max() < right.min())
