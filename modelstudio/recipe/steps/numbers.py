"""Steps that change numbers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modelstudio.recipe.steps.step import ColumnStep


class ClipOutliers(ColumnStep, label="Clip outliers"):
    """Pull values beyond a limit back to the limit."""

    kinds = ("number",)

    method: Literal["iqr", "z-score"] = Field(
        "iqr", description="Limits from the interquartile range or the standard deviation."
    )
    factor: float = Field(
        1.5,
        gt=0,
        le=100,
        description="How many interquartile ranges beyond the quartiles, or standard deviations "
        "from the mean, a value may lie.",
    )


class Standardise(ColumnStep):
    """Shift and scale a column to mean 0 and standard deviation 1."""

    kinds = ("number",)


class MinMax(ColumnStep, label="Scale to range"):
    """Shift and scale a column so that training rows lie between two bounds."""

    kinds = ("number",)

    low: float = Field(0.0, description="Where the smallest training value goes.")
    high: float = Field(1.0, description="Where the largest training value goes.")
