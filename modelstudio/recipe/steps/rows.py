"""Steps that leave out rows, before the split."""

from __future__ import annotations

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


class SampleRows(Step, label="Sample rows"):
    """Keep some rows, drawn at random; the others are not used at all."""

    stage = "rows"

    rows: int = Field(10_000, ge=1, le=2**31 - 1, description="Most rows kept.")
    seed: int = Field(0, ge=0, lt=2**31, description="Same seed, same rows.")
