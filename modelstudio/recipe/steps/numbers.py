"""Steps that change numbers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modelstudio.recipe.columns import Kind
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


class SmoothNoise(ColumnStep, label="Smooth noise"):
    """Put values into bins of equally many training rows and give each the middle of its bin.

    Each row is smoothed by itself, so the order of rows does not matter; for a series take Smooth
    over rows.
    """

    kinds = ("number",)

    method: Literal["median", "mean"] = Field("median", description="The middle of a bin.")
    bins: int = Field(32, ge=2, le=1000, description="Number of bins; fewer smooth more.")


class SmoothRows(ColumnStep, label="Smooth over rows"):
    """Give each row the median or mean of itself and the rows before it.

    For a table sorted by time and split by time. A row never sees a later one, nor one of another
    part of the split or of another series of the windows; empty cells are passed over and stay
    empty.
    """

    kinds = ("number",)
    onnx = "none"
    rowwise = False

    method: Literal["median", "mean"] = Field("median", description="What is taken of the rows.")
    rows: int = Field(5, ge=2, le=10_000, description="How many rows, the present one included.")


class Log(ColumnStep, label="Logarithm"):
    """Take the natural logarithm, which draws in long tails.

    Where there is none, as of a negative number, the cell becomes missing.
    """

    kinds = ("number",)

    method: Literal["log(1 + x)", "log(x)", "signed"] = Field(
        "log(1 + x)",
        description="Zero stays zero with log(1 + x); signed takes it of the size, log(1 + |x|), "
        "and keeps the sign.",
    )


class Power(ColumnStep, label="Power transform"):
    """Bend a skewed column towards a bell curve (Yeo-Johnson) and standardise it."""

    kinds = ("number",)

    standardise: bool = Field(True, description="Bring it to mean 0 and standard deviation 1.")


class Standardise(ColumnStep):
    """Shift and scale a column to mean 0 and standard deviation 1."""

    kinds = ("number",)


class MinMax(ColumnStep, label="Scale to range"):
    """Shift and scale a column so that training rows lie between two bounds."""

    kinds = ("number",)

    low: float = Field(0.0, description="Where the smallest training value goes.")
    high: float = Field(1.0, description="Where the largest training value goes.")


class RobustScale(ColumnStep, label="Robust scale"):
    """Shift the median to 0 and scale the middle half of the rows to width 1."""

    kinds = ("number",)

    share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of the rows around the median whose range is scaled to 1.",
    )


class QuantileScale(ColumnStep, label="Scale by rank"):
    """Replace each value by its rank among the training rows, so that any shape becomes even.

    Values beyond the training rows get the rank of the nearest.
    """

    kinds = ("number",)

    shape: Literal["uniform", "normal"] = Field(
        "uniform", description="Ranks from 0 to 1, or spread as a bell curve."
    )
    knots: int = Field(
        200, ge=2, le=1000, description="At how many ranks the training values are remembered."
    )


class Bin(ColumnStep, label="Bin"):
    """Cut the range of a column into bins; values beyond the training rows go to the outer ones."""

    kinds = ("number",)

    method: Literal["quantile", "equal width"] = Field(
        "quantile", description="Bins of equally many training rows, or of equal width."
    )
    bins: int = Field(8, ge=2, le=256, description="Number of bins.")
    encode: Literal["ordinal", "one-hot"] = Field(
        "ordinal",
        description="The number of the bin, a missing cell stays missing; or a column of 0 and 1 "
        "a bin, a missing cell gives zeros.",
    )

    def leaves(self, kind: Kind) -> Kind | None:
        """Return a number, or None for columns of 0 and 1."""
        return kind if self.encode == "ordinal" else None
