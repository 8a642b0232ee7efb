"""Cells that are written in several ways, or in a way that may mean several things."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from modelstudio.data.findings.counts import Counts
from modelstudio.data.findings.finding import (
    MOST_ROWS,
    Finding,
    SetReading,
    first_rows,
    severity_of,
)
from modelstudio.data.guess_reading import unsure_numbers
from modelstudio.data.sources.dates import NUMBERED, order_of
from modelstudio.data.sources.numbers import currencies_of, with_money
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import CleanText, DateParts, MissingIndicator, Windows
from modelstudio.wording import counted, listed

SAMPLE = 20_000
"""Dates and amounts looked at, spread over the table."""

MOST_CATEGORIES = 1_000
"""Categories of a column that are compared."""

_NOTHING = pl.Series([None], dtype=pl.String)


def writing_findings(
    frame: pl.DataFrame, plain: pl.DataFrame, data: DataConfig, counts: Counts
) -> Iterator[Finding]:
    """Look at the columns that are no pictures and no sounds."""
    columns, csv = data.columns, data.csv
    yield from _spellings(frame, columns, counts)
    yield from _dates(frame, plain, columns, csv)
    yield from _unused_dates(plain, data)
    yield from _currencies(frame, plain, columns)
    for name in unsure_numbers(plain, columns, csv):
        cells = plain.get_column(name)
        rows = cells.str.contains(".", literal=True).arg_true()
        shown = cells[rows[0]]
        text = f"{name}: {shown} may mean {shown.replace('.', '')}"
        fix = SetReading((("decimals", "comma"),))
        shown_rows = first_rows(rows.head(MOST_ROWS))
        yield Finding("ambiguous_number", "info", text, (name,), fix, shown_rows, len(rows))


def _spellings(frame: pl.DataFrame, columns: Sequence[Column], counts: Counts) -> Iterator[Finding]:
    """Look for categories that differ in capitals and spaces only."""
    for column in columns:
        if column.kind != "category" or column.role == "ignored":
            continue
        values, found = frame.get_column(column.name), counts.of(column.name)
        if found.height > MOST_CATEGORIES:
            continue
        plain = pl.col("value").str.to_lowercase().str.replace_all(r"\s+", " ").alias("plain")
        groups = (
            found.filter(pl.col("value").str.len_chars() > 1)
            .group_by(plain, maintain_order=True)
            .agg("value")
            .filter(pl.col("value").list.len() > 1)
        )
        if not groups.height:
            continue
        spelt = groups.get_column("value").to_list()
        rarer = [word for words in spelt for word in words[1:]]
        rows = values.is_in(rarer).arg_true()
        text = f"{column.name}: {listed(spelt[0])} may be one"
        fix = None
        if column.role == "feature":
            fix = CleanText(columns=(column.name,), html=False, urls=False)
        else:
            text += ", and count as different classes until the file writes them alike"
        shown = first_rows(rows.head(MOST_ROWS))
        yield Finding("spelling", "warning", text, (column.name,), fix, shown, len(rows))


def _dates(
    frame: pl.DataFrame, plain: pl.DataFrame, columns: Sequence[Column], csv: CsvOptions
) -> Iterator[Finding]:
    """Look for dates whose day and month cannot be told apart, or that could not be read."""
    for column in columns:
        written = plain.get_column(column.name)
        if column.kind != "date" or written.dtype != pl.String:
            continue
        name, read = column.name, frame.get_column(column.name)
        odd = (written.is_not_null() & read.is_null()).arg_true()
        if len(odd):
            text = f"{counted(len(odd), 'cell')} of {name} could not be read as dates"
            mark = MissingIndicator(columns=(name,)) if column.role == "feature" else None
            text += "; it is ignored already" if column.role == "ignored" else ""
            shown = first_rows(odd.head(MOST_ROWS))
            yield Finding("mixed_types", "warning", text, (name,), mark, shown, len(odd))
        if order_of(written.gather_every(-(-len(written) // SAMPLE) or 1)) != "either":
            continue
        rows = written.str.contains(NUMBERED).arg_true()
        order, other = "day first", "month first"
        if csv.dates == other:
            order, other = other, order
        text = f"{name}: {written[rows[0]]} is read {order}"
        fix = SetReading((("dates", other),))
        shown = first_rows(rows.head(MOST_ROWS))
        yield Finding("ambiguous_date", "info", text, (name,), fix, shown, len(rows))


def _currencies(
    frame: pl.DataFrame, plain: pl.DataFrame, columns: Sequence[Column]
) -> Iterator[Finding]:
    """Look for amounts of several currencies in one column, which are read as plain numbers."""
    types = plain.schema
    numbers = [each for each in columns if each.kind == "number" and types[each.name] == pl.String]
    cells = plain.select(each.name for each in numbers)
    paid = set(with_money(cells.gather_every(-(-cells.height // SAMPLE) or 1)))
    for column in (each for each in numbers if each.name in paid):
        written = cells.get_column(column.name)
        is_read = frame.get_column(column.name).is_not_null()
        signs = currencies_of(written.zip_with(is_read, _NOTHING)).alias("sign")
        counts = (
            signs.drop_nulls()
            .value_counts(name="rows")
            .sort("rows", "sign", descending=[True, False])
        )
        if counts.height < 2:
            continue
        shares = [f"{sign} in {counted(count, 'row')}" for sign, count in counts.rows()]
        text = f"{column.name} mixes currencies: {listed(shares)}"
        rows = (signs != counts[0, 0]).arg_true()
        shown = first_rows(rows.head(MOST_ROWS))
        yield Finding(
            "mixed_types", severity_of(column), text, (column.name,), None, shown, len(rows)
        )


def _unused_dates(plain: pl.DataFrame, data: DataConfig) -> Iterator[Finding]:
    """Look for dates that the source holds as text and that nothing is made of."""
    used = {data.split.by, data.split.times}
    for step in data.recipe:
        if step.enabled and isinstance(step, Windows):
            used |= set(step.beside)
        elif step.enabled and isinstance(step, DateParts):
            features = [each.name for each in data.columns if each.role == "feature"]
            used |= set(features if step.columns is None else step.columns)
    for column in data.columns:
        name, written = column.name, plain.get_column(column.name)
        if column.kind != "date" or column.role == "target" or name in used:
            continue
        if written.dtype != pl.String or written.null_count() == len(written):
            continue
        first = str(written.first(ignore_nulls=True))
        text = (
            f"{name} holds dates as text such as {first}, ignored until date parts are made of it"
        )
        count = len(written) - written.null_count()
        shown = first_rows(written.head(MOST_CATEGORIES).is_not_null().arg_true().head(MOST_ROWS))
        fix = DateParts(columns=(name,))
        yield Finding("date_as_text", "info", text, (name,), fix, shown, count)
