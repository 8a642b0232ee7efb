"""Steps for empty cells."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modelstudio.recipe.steps.step import ColumnStep


class FillMissing(ColumnStep, label="Fill missing"):
    """Put a value where a cell is empty."""

    kinds = ("number", "category")

    method: Literal["median", "mean", "most frequent", "constant"] = Field(
        "median", description="Where the value comes from; learnt from training rows."
    )
    value: str = Field("", description="The value to put in when the method is constant.")
