"""What deserves a look in one column by itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from modelstudio.data.findings import classes, mixtures
from modelstudio.data.findings.counts import Counts
from modelstudio.data.findings.finding import (
    MOST_ROWS,
    Finding,
    SetRole,
    Severity,
    first_rows,
    severity_of,
)
from modelstudio.data.findings.tails import Tails, usual_range
from modelstudio.data.guess import SHORT_TEXT
from modelstudio.data.profile import ColumnProfile, known_of
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import (
    ClipOutliers,
    FillMissing,
)
from modelstudio.wording import counted, listed

SAMPLE = 20_000
"""Rows looked at to tell what a column of text holds, spread over it."""

FEWEST = 20
"""Values from which a column can be told to be an id."""

UNIQUE, NUMBERED = 0.9, 5
"""Share of different values of an id, and words of one that has a number in it."""

POSTAL = re.compile(r"(?i:(^|[_\W])(zip|plz|postal|postcode))")
"""Names of postal codes, which tell places although each may be there once."""

MOST_USUAL, MOST_REACH = 1.5, 99.0
"""Interquartile ranges beyond the quartiles that are left to a column at least, and at most."""

MANY = 8
"""Columns with missing cells from which they are told together."""

NEARLY, ENOUGH = 0.002, 50
"""Share of the rows that may differ in a column that is nearly always the same, or a single one of
so many."""


def column_findings(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    profiles: Sequence[ColumnProfile],
    plain: pl.DataFrame | None,
    ignored: bool,
    counts: Counts,
    files: bool = False,
) -> Iterator[Finding]:
    """Look at each column; those that are ignored too, if asked.

    What each row of ``files`` has of its own, as its name, is no id.
    """
    in_words = mixtures.without_digits(frame)
    told: set[str] = set()
    lacking: list[Finding] = []
    for column, facts in zip(columns, profiles, strict=True):
        if column.role == "ignored" and not ignored:
            continue
        values = frame.get_column(column.name)
        if not facts.distinct:
            grave: Severity = "info" if column.role == "ignored" else "error"
            text = f"{column.name} is empty"
            shown = first_rows(range(min(MOST_ROWS, len(values))))
            yield Finding("empty", grave, text, (column.name,), _drop(column), shown, len(values))
            continue
        if facts.missing_share > 0.05 and column.role != "ignored":
            lacking.append(_missing(column, facts, values))
        if column.role == "target" or column.kind in ("image", "audio"):
            continue
        known = known_of(values)
        written = None if plain is None else plain.get_column(column.name)
        found = (
            _constant(column, facts, values, counts)
            or (column.name not in in_words and mixtures.date_as_text(column, facts, known))
            or (column.name not in in_words and mixtures.mixed(column, values, written))
            or (None if files else _id_like(column, facts, known))
        )
        if found is not None:
            told.add(column.name)
            yield _settled(found, column, values)
    yield from _together(lacking, frame.height)
    features = [each for each in columns if each.role == "feature" and each.name not in told]
    categories = [column for column in features if column.kind == "category"]
    yield from classes.category_findings(frame, categories, counts)
    yield from _outliers(frame, [column for column in features if column.kind == "number"])


def _settled(found: Finding, column: Column, values: pl.Series) -> Finding:
    """Name the first rows that have a value where all show it, and say what needs no click."""
    if not found.rows:
        held = values.is_not_null()
        shown = first_rows(held.arg_true().head(MOST_ROWS))
        found = replace(found, rows=shown, count=int(held.sum()))
    if column.role == "ignored":
        found = replace(found, text=f"{found.text}; it is ignored already")
    return found


def _drop(column: Column) -> SetRole | None:
    return SetRole((column.name,)) if column.role == "feature" else None


def _missing(column: Column, facts: ColumnProfile, values: pl.Series) -> Finding:
    name = column.name
    return Finding(
        "missing",
        "error" if facts.missing_share > 0.5 else "warning",
        f"{name} {100 * facts.missing_share:.0f} % missing",
        (name,),
        FillMissing(columns=(name,)) if column.kind in ("number", "category") else None,
        first_rows(values.is_null().arg_true().head(MOST_ROWS)),
        facts.missing,
    )


def _together(lacking: Sequence[Finding], rows: int) -> Iterator[Finding]:
    """Tell missing cells column by column, or of many columns at once; the emptiest shows them."""
    for severity in ("error", "warning"):
        found = [each for each in lacking if each.severity == severity]
        if len(found) <= MANY:
            yield from found
            continue
        found.sort(key=lambda each: -each.count)
        least, most = (f"{100 * each.count / rows:.0f}" for each in (found[-1], found[0]))
        between = f"{least} to {most}" if least != most else most
        filled = [name for each in found if each.fix is not None for name in each.columns]
        yield replace(
            found[0],
            text=f"{len(found)} columns are {between} % missing",
            columns=tuple(name for each in found for name in each.columns),
            fix=FillMissing(columns=tuple(filled)) if filled else None,
        )


def _constant(
    column: Column, facts: ColumnProfile, values: pl.Series, counts: Counts
) -> Finding | None:
    name, known = column.name, len(values) - facts.missing
    if facts.distinct == 1:
        text = f"{name} is always the same"
        return Finding("constant", severity_of(column), text, (name,), _drop(column))
    others = max(1, int(NEARLY * known))
    if known < ENOUGH or facts.distinct > 1 + others:
        return None
    usual, rows = facts.frequent[0] if facts.frequent else counts.of(name).row(0)
    if rows < known - others:
        return None
    odd = (values != usual).fill_null(False).arg_true()
    text = f"{name} is the same but in {counted(len(odd), 'row')}"
    shown = first_rows(odd.head(MOST_ROWS))
    return Finding("constant", "info", text, (name,), _drop(column), shown, len(odd))


def _id_like(column: Column, facts: ColumnProfile, known: pl.Series) -> Finding | None:
    count = len(known)
    if count <= FEWEST or facts.distinct <= UNIQUE * count or POSTAL.search(column.name):
        return None
    match column.kind:
        case "number":
            names_rows = facts.distinct == count and _counts_up(known)
        case "text":
            sample = known.gather_every(-(-len(known) // SAMPLE) or 1)
            words = sample.str.count_matches(r"\S+").mean()
            assert isinstance(words, float)
            numbered = words < NUMBERED and bool(sample.str.contains(r"\d{3}").all())
            names_rows = words < SHORT_TEXT or numbered
        case kind:
            names_rows = kind in ("id", "category")
    if not names_rows:
        return None
    text = f"{column.name} looks like an ID"
    return Finding("id_like", severity_of(column), text, (column.name,), _drop(column))


def _counts_up(numbers: pl.Series) -> bool:
    """Tell whether different whole numbers rise row by row with few gaps, or fill a stretch."""
    for some in (numbers.head(SAMPLE), numbers):
        if not (some == some.round()).all():
            return False
    low, high = numbers.min(), numbers.max()
    assert isinstance(low, float)
    assert isinstance(high, float)
    room = high - low + 1
    return room == len(numbers) or bool(
        room < 3 * len(numbers) and (numbers.diff().drop_nulls() > 0).all()
    )


def _outliers(frame: pl.DataFrame, columns: Sequence[Column]) -> Iterator[Finding]:
    """Gather the columns with a few numbers far from the rest."""
    names: list[str] = []
    rows: list[int] = []
    total = 0
    reaches: dict[str, float] = {}
    table = Tails({column.name: frame.get_column(column.name) for column in columns})
    for column in columns:
        numbers = frame.get_column(column.name)
        known = numbers.drop_nulls() if numbers.null_count() else numbers
        low, high = usual_range(known, table)
        if low == -math.inf and high == math.inf:
            continue
        far = ((numbers < low) | (numbers > high)).arg_true()
        if len(far):
            names.append(column.name)
            total += len(far)
            rows += far.head(MOST_ROWS).to_list()
            if (reach := _reach(numbers, low, high)) is not None:
                reaches[column.name] = reach
    if names:
        text = f"Values far from all others in {listed(names)}"
        fix = None
        if reaches:
            fix = ClipOutliers(columns=tuple(reaches), factor=max(reaches.values()))
        yield Finding("outliers", "info", text, tuple(names), fix, first_rows(rows), total)


def _reach(numbers: pl.Series, low: float, high: float) -> float | None:
    """Return how many interquartile ranges beyond the quartiles the usual ones lie, rounded up."""
    first, last = (numbers.quantile(share, "linear") or 0.0 for share in (0.25, 0.75))
    usual = numbers.filter(numbers.is_between(low, high))
    least, greatest = usual.min(), usual.max()
    assert isinstance(least, float)
    assert isinstance(greatest, float)
    if not (width := last - first):
        return None
    reach = max(MOST_USUAL, (greatest - last) / width, (first - least) / width)
    return math.ceil(2 * reach) / 2 if reach <= MOST_REACH else None
