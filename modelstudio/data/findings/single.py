"""What deserves a look in one column by itself, and in the classes of the target."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from modelstudio.data.findings.counts import Counts
from modelstudio.data.findings.finding import (
    MOST_ROWS,
    Finding,
    SetRole,
    SetSplit,
    Severity,
    first_rows,
)
from modelstudio.data.findings.tails import usual_range
from modelstudio.data.guess import SHORT_TEXT
from modelstudio.data.profile import ColumnProfile
from modelstudio.data.sources.dates import short_order
from modelstudio.data.sources.values import MISSING_NUMBERS, as_text, to_numbers
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import (
    Cast,
    ClipOutliers,
    DropMissingTarget,
    FillMissing,
    GroupRare,
    MissingIndicator,
    Step,
)
from modelstudio.wording import counted, listed

SAMPLE = 20_000
"""Rows looked at to tell what a column of text holds, spread over it."""

FEWEST = 20
"""Values from which a column can be told to be an id."""

UNIQUE = 0.9
"""Share of different values of an id."""

MIXED, MIXED_SHARE = 10, 0.05
"""Different numbers among words, and the share of each, that make a column mixed."""

MANY_CATEGORIES = 100

RARE_ROWS, RARE_SHARE, COMMON = 10, 0.005, 0.05
"""A category of fewer rows, or of a smaller share of them, is rare; above the last share never."""

SMALL_CLASS, RATIO = 0.05, 10.0
"""Share of a class, and how many times the largest may outnumber it, that are still balanced."""

DATE_FORMATS = (
    *("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d. %B %Y"),
    *("%d-%b-%Y", "%d-%b-%y", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%Y-%b-%d", "%Y%m%d"),
    *("%Y-%m-%d %I:%M %p", "%Y-%m-%d %H:%M:%S %z"),
    *("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S"),
    *("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%Y/%m/%d %H:%M"),
    *("%Y/%m/%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S%.f%z"),
    *("%a, %d %b %Y", "%a, %d %b %Y %H:%M:%S %z", "%a %b %d %H:%M:%S %Y", "%A, %d %B %Y"),
)
"""Ways to write a date that are not read as one."""


def column_findings(
    frame: pl.DataFrame,
    columns: Sequence[Column],
    profiles: Sequence[ColumnProfile],
    plain: pl.DataFrame | None,
    ignored: bool,
    counts: Counts,
) -> Iterator[Finding]:
    """Look at each column; those that are ignored too, if asked."""
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
            yield _missing(column, facts, values)
        if column.role == "target" or column.kind in ("image", "audio"):
            continue
        known = values.drop_nulls()
        written = None if plain is None else plain.get_column(column.name)
        for look in (_constant, _id_like, _date_as_text):
            if (found := look(column, facts, known)) is not None:
                yield _settled(found, column, values)
                break
        else:
            if (found := _mixed(column, values, written)) is not None:
                yield _settled(found, column, values)
    features = [column for column in columns if column.role == "feature"]
    categories = [column for column in features if column.kind == "category"]
    yield from _rare(frame, categories, counts)
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


def _severity(column: Column) -> Severity:
    return "info" if column.role == "ignored" else "warning"


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


def _constant(column: Column, facts: ColumnProfile, known: pl.Series) -> Finding | None:
    if facts.distinct > 1:
        return None
    text = f"{column.name} is always the same"
    return Finding("constant", _severity(column), text, (column.name,), _drop(column))


def _id_like(column: Column, facts: ColumnProfile, known: pl.Series) -> Finding | None:
    count = len(known)
    if count <= FEWEST or facts.distinct <= UNIQUE * count:
        return None
    match column.kind:
        case "number":
            names_rows = facts.distinct == count and _counts_up(known)
        case "text":
            words = _sample(known).str.count_matches(r"\S+").mean()
            names_rows = isinstance(words, float) and words < SHORT_TEXT
        case kind:
            names_rows = kind in ("id", "category")
    if not names_rows:
        return None
    text = f"{column.name} looks like an ID"
    return Finding("id_like", _severity(column), text, (column.name,), _drop(column))


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


def _date_as_text(column: Column, facts: ColumnProfile, known: pl.Series) -> Finding | None:
    """Look for dates written in a way that is not read as one."""
    if column.kind == "date" or len(known) < MIXED:
        return None
    cells, name = _sample(known), column.name
    if known.dtype == pl.String and (order := short_order(cells)) is not None:
        text = f"{name} holds dates such as {known[0]}, whose order the values do not prove"
        if order != "either":
            text = f"{name} holds dates such as {known[0]}, read as {column.kind}"
        text += ". Choose the order of dates under the file's name, then the kind Date"
        return Finding("date_as_text", _severity(column), text, (name,), _drop(column))
    if column.kind == "number":
        if not ((cells >= 19000101) & (cells < 21010101)).all() or facts.distinct < MIXED:
            return None
        form = _form_of(cells.cast(pl.Int64).cast(pl.String), ("%Y%m%d",))
    else:
        form = _form_of(cells.unique().sort(), DATE_FORMATS)
    if form is None:
        return None
    text = f"{column.name} holds dates such as {as_text(known.head(1))[0]}, read as {column.kind}"
    return Finding("date_as_text", _severity(column), text, (column.name,), _drop(column))


def _form_of(cells: pl.Series, forms: Sequence[str]) -> str | None:
    """Return the way in which almost all cells can be read as dates."""
    few = cells.gather_every(-(-len(cells) // 500) or 1)
    if not few.str.contains(r"\d").all() or (few.str.len_chars() < 8).any():
        return None
    for form in forms:
        try:
            read = few.str.to_datetime(form, strict=False)
        except pl.exceptions.PolarsError:
            continue
        if read.is_not_null().mean() >= 0.95 and bool(read.dt.year().is_between(1800, 2200).all()):  # type: ignore[operator]
            return form
    return None


def _mixed(column: Column, values: pl.Series, written: pl.Series | None) -> Finding | None:
    """Look for numbers and words in one column, as in a column of typing errors."""
    name, known = column.name, values.is_not_null()
    fix: Step | SetRole | None = None
    if column.kind == "number":
        if written is None or written.dtype != pl.String:
            return None
        if written.null_count() == values.null_count():
            return None
        odd = (written.is_not_null() & ~known & ~written.is_in(MISSING_NUMBERS)).arg_true()
        if column.role == "feature":
            fix = MissingIndicator(columns=(name,))
    elif column.kind in ("category", "text", "id"):
        every = -(-len(values) // SAMPLE) or 1
        cells = values.gather_every(every)
        numbers = to_numbers(cells)
        count, read = len(cells) - cells.null_count(), len(numbers) - numbers.null_count()
        if not MIXED_SHARE * count <= read <= (1 - MIXED_SHARE) * count:
            return None
        if numbers.drop_nulls().n_unique() < MIXED:
            return None
        fewer_words = read > count / 2
        is_odd = (numbers.is_null() & cells.is_not_null()) if fewer_words else numbers.is_not_null()
        odd = is_odd.arg_true() * every
        if column.role == "feature":
            fix = Cast(columns=(name,), to="number") if fewer_words else _drop(column)
    else:
        return None
    if not len(odd):
        return None
    text = f"{name} mixes numbers and words"
    rows = first_rows(odd.head(MOST_ROWS))
    return Finding("mixed_types", _severity(column), text, (name,), fix, rows, len(odd))


def _sample(values: pl.Series) -> pl.Series:
    return values.gather_every(-(-len(values) // SAMPLE) or 1)


def _rare(frame: pl.DataFrame, columns: Sequence[Column], counts: Counts) -> Iterator[Finding]:
    """Gather the columns with categories of few rows."""
    names: list[str] = []
    rows: list[int] = []
    total = 0
    for column in columns:
        values, found = frame.get_column(column.name), counts.of(column.name)
        if found.height > MANY_CATEGORIES:
            text = f"{column.name} has {found.height:,} categories"
            yield Finding("many", "info", text, (column.name,))
        if frame.height < 10 * RARE_ROWS or not 2 < found.height <= frame.height / RARE_ROWS:
            continue
        least = max(min(RARE_ROWS, COMMON * frame.height), RARE_SHARE * frame.height)
        few = found.filter(pl.col("rows") < least)
        if few.height:
            names.append(column.name)
            total += int(few["rows"].sum())
            if len(rows) < MOST_ROWS:
                rows += values.is_in(few["value"].implode()).arg_true().head(MOST_ROWS).to_list()
    if names:
        text = f"Rare categories in {listed(names)}"
        share = max(RARE_SHARE, min(COMMON, RARE_ROWS / frame.height))
        fix = GroupRare(columns=tuple(names), least=round(share, 4))
        yield Finding("rare_category", "info", text, tuple(names), fix, first_rows(rows), total)


def _outliers(frame: pl.DataFrame, columns: Sequence[Column]) -> Iterator[Finding]:
    """Gather the columns with a few numbers far from the rest."""
    names: list[str] = []
    rows: list[int] = []
    total = 0
    for column in columns:
        numbers = frame.get_column(column.name)
        low, high = usual_range(numbers.drop_nulls(), len(columns))
        if low == -math.inf and high == math.inf:
            continue
        far = ((numbers < low) | (numbers > high)).arg_true()
        if len(far):
            names.append(column.name)
            total += len(far)
            rows += far.head(MOST_ROWS).to_list()
    if names:
        text = f"Values far from all others in {listed(names)}"
        fix = ClipOutliers(columns=tuple(names), method="z-score", factor=6.0)
        yield Finding("outliers", "info", text, tuple(names), fix, first_rows(rows), total)


def class_findings(
    frame: pl.DataFrame, target: Column, facts: ColumnProfile, counts: Counts
) -> Iterator[Finding]:
    """Look at the rows without target and at the sizes of the classes."""
    name, answers = target.name, frame.get_column(target.name)
    if facts.missing:
        yield _without_target(answers, f"{counted(facts.missing, 'row')} without {name}")
    if target.kind == "number" or not facts.distinct:
        return
    classes = counts.of(name)
    sizes = classes.get_column("rows").to_list()
    total, single = sum(sizes), sum(size == 1 for size in sizes)
    if single:
        what = "A class has" if single == 1 else f"{single} classes have"
        yield Finding("single", "warning", f"{what} one row only", (name,))
    if len(sizes) < 2:
        return
    shares = [100 * size / total for size in sizes]
    if len(sizes) == 2:
        text = f"{_share(shares[1])} vs {_share(shares[0])} classes"
    else:
        text = f"Smallest class {shares[-1]:.1f} %, largest {shares[0]:.0f} %"
    fair = sizes[-1] / total >= min(SMALL_CLASS, 0.5 / len(sizes)) and sizes[0] <= RATIO * sizes[-1]
    if fair:
        yield Finding("balance", "fact", text, (name,))
        return
    rows = (answers == classes["value"][-1]).arg_true()
    fix = SetSplit((("balance", "weights"),))
    shown = first_rows(rows.head(MOST_ROWS))
    yield Finding("imbalance", "warning", text, (name,), fix, shown, len(rows))


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
