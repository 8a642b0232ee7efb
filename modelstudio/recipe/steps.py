"""Recipe steps, each declared once. What carries them out lives in `modelstudio.data.steps`."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from modelstudio.declaration import Declaration
from modelstudio.recipe.columns import Kind

Stage = Literal["rows", "fitted"]


class Step(Declaration):
    """One data step.

    ``stage`` says when it runs: ``"rows"`` before the split, learning nothing; ``"fitted"`` after
    it, learning from training rows only. ``kinds`` are the columns it may act on; ``onnx`` tells
    whether the exported model can carry it.
    """

    stage: ClassVar[Stage] = "fitted"
    kinds: ClassVar[tuple[Kind, ...]] = ()
    onnx: ClassVar[Literal["exact", "tokens", "none"]] = "exact"

    enabled: bool = Field(True, description="Switch the step off without losing its settings.")

    @classmethod
    def unknown(cls, name: str, raw: dict[str, Any]) -> UnknownStep:
        """Keep a step this version does not know."""
        return UnknownStep(raw=tuple(sorted(raw.items(), key=lambda item: item[0])))


class ColumnStep(Step, abstract=True):
    """A step that acts on columns of certain kinds."""

    columns: tuple[str, ...] | None = Field(
        None, description="Columns it acts on; empty means every feature of a fitting kind."
    )


class UnknownStep(Step, abstract=True):
    """A step that this version does not know; it is shown, kept and saved back unchanged."""

    label: ClassVar[str] = "Unknown step"

    model_config = ConfigDict(arbitrary_types_allowed=True)

    raw: tuple[tuple[str, Any], ...]

    @property
    def type_name(self) -> str:
        """Name of the type in the file it came from."""
        return str(dict(self.raw).get("type", "nameless"))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object as it was read."""
        return dict(self.raw)


class DropDuplicates(Step, label="Drop duplicate rows"):
    """Keep the first of rows that agree in every column."""

    stage = "rows"


class DropMissingTarget(Step, label="Drop rows without target"):
    """Leave out rows whose target is missing."""

    stage = "rows"


class FillMissing(ColumnStep, label="Fill missing"):
    """Put a value where a cell is empty."""

    kinds = ("number", "category")

    method: Literal["median", "mean", "most frequent", "constant"] = Field(
        "median", description="Where the value comes from; learnt from training rows."
    )
    value: str = Field("", description="The value to put in when the method is constant.")


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


class OneHot(ColumnStep, label="One-hot"):
    """Turn each category into a column of 0 and 1; an unseen category gives zeros."""

    kinds = ("category",)

    limit: int = Field(
        64, ge=1, le=4096, description="Most categories kept a column, the frequent ones first."
    )


class Ordinal(ColumnStep, label="Ordinal"):
    """Number the categories in order; an unseen or missing category becomes -1."""

    kinds = ("category",)

    order: tuple[str, ...] = Field(
        (), description="Categories from lowest to highest; empty sorts them by name."
    )
