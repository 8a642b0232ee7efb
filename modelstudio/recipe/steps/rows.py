"""Steps that leave out rows, before the split."""

from __future__ import annotations

import re
from collections.abc import Iterable
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


def written_rows(rows: Iterable[int]) -> str:
    """Write rows, counted from 0, as a person does: ``"12, 40-43"``, counted from 1."""
    ranges: list[list[int]] = []
    for row in sorted(set(rows)):
        if ranges and row == ranges[-1][1]:
            ranges[-1][1] = row + 1
        else:
            ranges.append([row + 1, row + 1])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in ranges)


def _rows_text(text: str) -> str:
    row_ranges(text)
    return text


class DropDuplicates(Step, label="Drop duplicate rows"):
    """Keep the first of rows that agree in every column."""

    stage = "rows"


class DropMissingTarget(Step, label="Drop rows without target"):
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
