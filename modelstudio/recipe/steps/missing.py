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


class FillFromNeighbours(ColumnStep, label="Fill from nearest rows"):
    """Fill empty cells with the mean of the training rows that are most alike.

    Rows are compared in the chosen columns that both have, each weighed by its spread. Where no
    training row can be compared, the mean of the column goes in.
    """

    kinds = ("number",)
    onnx = "none"

    neighbours: int = Field(5, ge=1, le=100, description="How many rows the mean is taken of.")
    weights: Literal["uniform", "distance"] = Field(
        "uniform", description="Count all neighbours alike, or near ones more."
    )
    limit: int = Field(
        2000,
        ge=10,
        le=20_000,
        description="Most training rows kept to compare with; more are sampled.",
    )


class FillByModel(ColumnStep, label="Fill by a model"):
    """Fill empty cells with what a linear model makes of the other columns of the row.

    The models are fitted one column after another and over again, as what they fill in improves
    the next. What goes in never lies beyond the training values of its column.
    """

    kinds = ("number",)

    rounds: int = Field(
        3, ge=1, le=20, description="How often every column is fitted and filled anew."
    )


class MissingIndicator(ColumnStep, label="Mark missing"):
    """Add a column of 0 and 1 that says where a cell is empty; put it above the filling.

    Only columns with an empty cell among the training rows get one.
    """

    kinds = ("number", "category", "id", "text", "date")
