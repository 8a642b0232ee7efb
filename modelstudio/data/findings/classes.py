"""Categories and classes of few rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from modelstudio.data.findings.counts import Counts
from modelstudio.data.findings.finding import MOST_ROWS, Finding, SetSplit, Severity, first_rows
from modelstudio.data.profile import ColumnProfile
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import DropMissingTarget, GroupRare
from modelstudio.wording import counted, listed

MANY_CATEGORIES = 100

RARE_ROWS, RARE_SHARE, COMMON = 10, 0.005, 0.05
"""A category of fewer rows, or of a smaller share of them, is rare; above the last share never."""

FEWEST_ROWS = 5
"""Rows for each category, in the mean, from which it shows which are rare."""

SMALL_CLASS, RATIO = 0.05, 10.0
"""Share of a class, and how many times the largest may outnumber it, that are still balanced."""

CHANCE, RARE_CHANCE = 0.01, 0.003
"""Chance of sizes so uneven, were there nothing to it, from which classes and categories count."""


def category_findings(
    frame: pl.DataFrame, columns: Sequence[Column], counts: Counts
) -> Iterator[Finding]:
    """Gather the columns with rare categories.

    Where some are far rarer than all others they deserve a look; where each is a little rarer than
    the one before it is mere fact.
    """
    found: dict[Severity, list[tuple[str, pl.DataFrame]]] = {"info": [], "fact": []}
    for column in columns:
        sizes = counts.of(column.name)
        if sizes.height > MANY_CATEGORIES:
            text = f"{column.name} has {sizes.height:,} categories"
            yield Finding("many", "fact", text, (column.name,))
        if not 2 < sizes.height <= frame.height / FEWEST_ROWS:
            continue
        rows = sizes.get_column("rows").to_list()
        least = max(min(RARE_ROWS, COMMON * frame.height), RARE_SHARE * frame.height)
        if rows[-1] < least:
            apart = _far_rarer(rows, least, len(columns))
            few = sizes.filter(pl.col("rows") < least)[-apart:]
            found["info" if apart else "fact"].append((column.name, few))
    for severity, these in found.items():
        if these:
            yield _rare(frame, these, severity)


def _far_rarer(rows: Sequence[int], least: float, columns: int) -> int:
    """Return how many categories are rarer than the others lead to expect, beyond chance.

    These grow rarer, one after another, by some factor in the mean.

    Parameters
    ----------
    rows
        Of each category, descending; those from ``least`` on are not rare.
    columns
        That are looked at.
    """
    from scipy.special import bdtr

    for at in range(1, len(rows)):
        above, below = rows[at - 1], rows[at]
        factor = (rows[0] / above) ** (1 / max(1, at - 1))
        if below < least and bdtr(below, above + below, 1 / (1 + factor)) < RARE_CHANCE / columns:
            return len(rows) - at
    return 0


def _rare(
    frame: pl.DataFrame, found: Sequence[tuple[str, pl.DataFrame]], severity: Severity
) -> Finding:
    names = tuple(name for name, _ in found)
    rows: list[int] = []
    for name, few in found:
        if len(rows) < MOST_ROWS:
            held = frame.get_column(name).is_in(few["value"].implode())
            rows += held.arg_true().head(MOST_ROWS).to_list()
    total = sum(int(few["rows"].sum()) for _, few in found)
    share = max(RARE_SHARE, min(COMMON, RARE_ROWS / frame.height))
    fix = GroupRare(columns=names, least=round(share, 4))
    text = f"Rare categories in {listed(names)}"
    return Finding("rare_category", severity, text, names, fix, first_rows(rows), total)


def class_findings(
    frame: pl.DataFrame,
    target: Column,
    facts: ColumnProfile,
    counts: Counts,
    balanced: bool = False,
) -> Iterator[Finding]:
    """Look at the rows without target and at the sizes of the classes, unless they are evened."""
    name, answers = target.name, frame.get_column(target.name)
    if facts.missing:
        yield _without_target(answers, f"{counted(facts.missing, 'row')} without {name}")
    if target.kind == "number" or not facts.distinct:
        return
    classes = counts.of(name)
    sizes = classes.get_column("rows").to_list()
    single = sum(size == 1 for size in sizes)
    if single:
        what = "A class has" if single == 1 else f"{single} classes have"
        yield Finding("single", "warning", f"{what} one row only", (name,))
    if len(sizes) < 2:
        return
    shares = [100 * size / sum(sizes) for size in sizes]
    if len(sizes) == 2:
        text = f"{_share(shares[1])} vs {_share(shares[0])} classes"
    else:
        text = f"Smallest class {shares[-1]:.1f} %, largest {shares[0]:.0f} %"
    if balanced or _fair(sizes):
        yield Finding("balance", "fact", text, (name,))
        return
    rows = (answers == classes["value"][-1]).arg_true()
    fix = SetSplit((("balance", "weights"),))
    shown = first_rows(rows.head(MOST_ROWS))
    yield Finding("imbalance", "warning", text, (name,), fix, shown, len(rows))


def _fair(sizes: Sequence[int]) -> bool:
    """Tell whether the smallest class is large enough, or might be by chance what it is."""
    total, count = sum(sizes), len(sizes)
    if sizes[-1] / total >= min(SMALL_CLASS, 0.5 / count) and sizes[0] <= RATIO * sizes[-1]:
        return True
    from scipy.special import bdtr

    return bool(bdtr(sizes[-1], total, 1 / count) * count > CHANCE)


def label_findings(frame: pl.DataFrame, target: Column, separator: str) -> Iterator[Finding]:
    """Look at the rows with an empty cell, where a cell of the target may hold several labels."""
    answers = frame.get_column(target.name)
    if count := answers.null_count():
        text = (
            f"{counted(count, 'row')} without {target.name}, not trained on: an empty cell does "
            f"not say that no label fits. Write {separator} alone into the cell to say so"
        )
        yield _without_target(answers, text)


def _without_target(answers: pl.Series, text: str) -> Finding:
    empty = answers.is_null().arg_true()
    shown = first_rows(empty.head(MOST_ROWS))
    return Finding(
        "no target", "info", text, (answers.name,), DropMissingTarget(), shown, len(empty)
    )


def _share(percent: float) -> str:
    """Write a percentage, with decimals where it would be rounded to nothing or to all."""
    decimals = 0 if 1 <= percent <= 99 else 1 if percent >= 0.1 else 3
    return f"{percent:.{decimals}f} %"
