"""Steps that leave out rows, before the split."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Annotated

from pydantic import AfterValidator, Field

from modelstudio.recipe.formula import parse
from modelstudio.recipe.steps.step import Step


def _readable(text: str) -> str:
    if text.strip():
        parse(text)
    return text


FormulaText = Annotated[str, AfterValidator(_readable)]
"""A formula as a person writes it; empty stands for none."""


def row_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """Return the first and last number of each range in ``"12, 40-43"``.

    Raises
    ------
    ValueError
        When it is no list of numbers from 1.
    """
    found = []
    for part in filter(None, re.split(r"[,;\s]+", re.sub(r"\s*-\s*", "-", text.strip()))):
        numbers = re.fullmatch(r"([1-9]\d{0,17})(?:-([1-9]\d{0,17}))?", part)
        first = int(numbers[1]) if numbers else 0
        last = int(numbers[2] or first) if numbers else 0
        if not first or last < first:
            raise ValueError(f"{part} is no number of a row; write them like 12, 40-43")
        found.append((first, last))
    return tuple(found)


def written_rows(rows: Iterable[int], before: str = "") -> str:
    """Write rows, counted from 0, as a person does: ``"12, 40-43"``, counted from 1.

    Those that a list names before are written with them.
    """
    listed = ", ".join([before, *(str(row + 1) for row in rows)])
    ranges = merged_ranges(listed)
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in ranges)


def names_all(text: str, wanted: str) -> bool:
    """Tell whether a list of rows, such as ``"12, 40-43"``, holds all of another."""
    ranges = merged_ranges(text)
    return all(_within(ranges, first, last) for first, last in merged_ranges(wanted))


def named_rows(text: str, rows: Iterable[int]) -> set[int]:
    """Return those of some rows, counted from 0, that a list names."""
    ranges = merged_ranges(text)
    return {row for row in rows if _within(ranges, row + 1, row + 1)}


def _within(ranges: Sequence[tuple[int, int]], first: int, last: int) -> bool:
    """Tell whether one of some ranges in order holds another."""
    place = bisect_right(ranges, first, key=itemgetter(0)) - 1
    return place >= 0 and last <= ranges[place][1]


def merged_ranges(text: str) -> list[tuple[int, int]]:
    """Return the ranges of a list of rows in order, those that touch as one."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(row_ranges(text)):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return merged


def _rows_text(text: str) -> str:
    row_ranges(text)
    return text


class DropDuplicates(Step, label="Drop duplicate rows"):
    """Keep the first of rows that agree in every column."""

    stage = "rows"


class DropMissingTarget(Step, label="Drop unlabelled"):
    """Leave out rows whose target is missing."""

    stage = "rows"


class FilterRows(Step, label="Filter rows"):
    """Keep the rows for which a condition holds, such as age >= 18.

    Where a missing cell leaves it open, the row is dropped. Only the rows to learn from and to
    judge by are filtered: a prediction is made for every row.
    """

    stage = "rows"

    condition: FormulaText = Field(
        "",
        description='Such as age >= 18 and town in ["Ulm", "Bonn"]; names with spaces stand in '
        "backticks. Empty keeps every row.",
    )


class LeaveOut(Step, label="Leave out rows"):
    """Leave out rows by their numbers, such as those whose label is wrong.

    The numbers are places in the file: look at them again when the file has changed.
    """

    stage = "rows"

    rows: Annotated[str, AfterValidator(_rows_text)] = Field(
        "", description="Numbers of the rows as the table shows them, such as 12, 40-43."
    )


class SampleRows(Step, label="Sample rows"):
    """Keep some rows, drawn at random; the others are not used at all."""

    stage = "rows"

    rows: int = Field(10_000, ge=1, le=2**31 - 1, description="Most rows kept.")
    seed: int = Field(0, ge=0, lt=2**31, description="Same seed, same rows.")
