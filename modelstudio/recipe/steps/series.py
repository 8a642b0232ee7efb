"""Steps that make samples of several rows in order of time."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modelstudio.recipe.steps.step import Step


class Windows(Step, label="Windows of a series"):
    """Show the network the last rows of a series to tell the target of a later one.

    A window never holds rows of two series, nor a row that lacks a value. An exported file takes
    the raw rows of a window.
    """

    stage = "samples"
    rowwise = False

    length: int = Field(24, ge=1, le=10_000, description="Rows that a window holds.")
    horizon: int = Field(
        1, ge=1, le=10_000, description="How many rows after its last one the target lies."
    )
    stride: int = Field(
        1, ge=1, le=10_000, description="Rows between the ends of two training windows."
    )
    order_by: str = Field(
        "", description="Column that tells the time; empty takes the rows in their order."
    )
    series: str = Field(
        "", description="Column that tells several series apart; empty is one series."
    )
    past: Literal["with the target", "without the target"] = Field(
        "with the target", description="Whether the network sees what the target was so far."
    )

    def named(self) -> tuple[str, ...]:
        """Return nothing: what it needs may be no feature."""
        return ()

    @property
    def beside(self) -> tuple[str, ...]:
        """Columns it needs, be they features or not."""
        return tuple(name for name in (self.order_by, self.series) if name)
