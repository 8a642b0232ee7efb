"""How the cells of a table were understood where they could mean something else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from modelstudio.data.sources.dates import (
    BEYOND,
    NUMBERED,
    SHORT,
    likely_order,
    order_of,
    short_order,
)
from modelstudio.data.sources.numbers import CLOCK, CODE, decimals_of, is_unsure, unit_of
from modelstudio.project.model import CsvOptions
from modelstudio.recipe.columns import Column

FEW: Final = 500
"""Cells of a column looked at."""


def dates_read(
    sample: pl.DataFrame, columns: Sequence[Column], asked: CsvOptions
) -> Mapping[str, Any]:
    """Return the settings by which dates such as 03/04/2021 are read alike in every file."""
    if asked.dates is not None:
        return {}
    orders = _orders(sample, columns)
    sure = {order for order in orders.values() if order not in ("either", "both", None)}
    if len(sure) == 1 and "both" not in orders.values():
        return {"dates": sure.pop()}
    if set(orders.values()) != {"either"}:
        return {}
    return {"dates": likely_order(sample.get_column(next(iter(orders))))}


def reading_notes(sample: pl.DataFrame, columns: Sequence[Column], csv: CsvOptions) -> list[str]:
    """Say how numbers, codes and dates were read that could be read in another way."""
    notes = []
    for name, order in _orders(sample, columns).items():
        shown = next((cell for cell in sample.get_column(name) if cell), "")
        if order == "both":
            notes.append(
                f"{name} has dates with the day first and dates with the month first, such as "
                f"{shown}; those in the rarer order count as missing."
            )
        elif order == "either":
            notes.append(
                f"{name} has dates such as {shown}, read with the {csv.dates or 'day first'}. "
                "How the file is read can be changed on the Data page, or with --dates."
            )
    notes += [
        f"{name} has dates before the year 1 or after 9999, which count as missing."
        for name in columns_where(
            _written(sample, columns, ("date",)).select(pl.all().str.contains(BEYOND).any())
        )
    ]
    for name in unsure_numbers(sample, columns, csv):
        shown = next(cell for cell in sample.get_column(name) if cell and "." in cell)
        notes.append(
            f"{name} has numbers such as {shown}, read as {_plain(shown)} and not as "
            f"{_plain(shown.replace('.', ''))}. How the file is read can be changed on the Data "
            "page, or with --decimals comma."
        )
    written = _written(sample, columns, ("number",))
    measured = written.select(pl.all().str.contains(r"\d\s?[A-Za-zµ°]").any())
    units = {name: unit_of(sample.get_column(name)) for name in columns_where(measured)}
    notes += [
        f"{name} is read without the unit {unit} behind its numbers."
        for name, unit in units.items()
        if unit
    ]
    notes += [
        f"{name} is read as hours, so that 8:30 is 8.5."
        for name in columns_where(written.select(pl.all().str.contains(CLOCK).any()))
    ]
    others = _written(sample, columns, ("category", "text", "id"))
    digits = others.select(pl.all().str.contains(r"^\+?\d+$").mean() > 0.9)
    coded = others[columns_where(digits)] if others.width else others
    notes += [
        f"{name} is taken for codes, not for amounts, as some begin with 0 or +."
        for name in columns_where(coded.select(pl.all().str.contains(CODE).any()))
    ]
    return notes


def unsure_numbers(sample: pl.DataFrame, columns: Sequence[Column], csv: CsvOptions) -> list[str]:
    """Return the columns of numbers such as 1.234 in a table that does not tell what that means."""
    if csv.decimals is not None or csv.commas:
        return []
    written = _written(sample.head(FEW), columns, ("number",))
    cells = {column.name: list(filter(None, column.to_list())) for column in written}
    unsure = [name for name, held in cells.items() if is_unsure(held)]
    return unsure if unsure and decimals_of(cells.values()) is None else []


def _orders(sample: pl.DataFrame, columns: Sequence[Column]) -> dict[str, str | None]:
    written = _written(sample, columns, ("date",))
    numbered = columns_where(written.select(pl.all().str.contains(NUMBERED).any()))
    orders: dict[str, str | None] = {name: order_of(sample.get_column(name)) for name in numbered}
    for name in columns_where(written.select(pl.all().str.contains(SHORT).any())):
        orders.setdefault(name, short_order(sample.get_column(name)))
    return orders


def _written(sample: pl.DataFrame, columns: Sequence[Column], kinds: Sequence[str]) -> pl.DataFrame:
    """Return the columns of some kinds that are text in the file."""
    chosen = (sample.get_column(column.name) for column in columns if column.kind in kinds)
    return pl.DataFrame([column for column in chosen if column.dtype == pl.String])


def columns_where(facts: pl.DataFrame) -> list[str]:
    """Return the columns of which something is true; ``facts`` has one row."""
    return [name for name, true in facts.row(0, named=True).items() if true] if facts.width else []


def _plain(number: str) -> str:
    return number.strip("$€£¥% ")
