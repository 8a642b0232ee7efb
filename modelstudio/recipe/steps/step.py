"""What a recipe step is. What carries the steps out lives in `modelstudio.data.steps`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from modelstudio.declaration import Declaration
from modelstudio.recipe.columns import Kind

Stage = Literal["rows", "fitted", "pixels", "samples"]


class Step(Declaration):
    """One data step.

    ``stage`` says when it runs: ``"rows"`` before the split, learning nothing; ``"fitted"`` after
    it, learning from training rows only; ``"pixels"`` while files become arrays; ``"samples"``
    last, when rows become samples, as windows of a series do. ``kinds`` are the columns it may act
    on; ``onnx`` tells whether the exported model can carry it, with most settings at least;
    ``rowwise`` that it changes each row by itself; ``supervised`` that it learns from the target
    too.
    """

    stage: ClassVar[Stage] = "fitted"
    kinds: ClassVar[tuple[Kind, ...]] = ()
    onnx: ClassVar[Literal["exact", "tokens", "none"]] = "exact"
    rowwise: ClassVar[bool] = True
    supervised: ClassVar[bool] = False

    enabled: bool = Field(True, description="Switch the step off without losing its settings.")

    @classmethod
    def unknown(cls, name: str, raw: dict[str, Any]) -> UnknownStep:
        """Keep a step this version does not know."""
        return UnknownStep(raw=tuple(sorted(raw.items(), key=lambda item: item[0])))

    def named(self) -> tuple[str, ...]:
        """Return the columns that the step needs by name."""
        return ()

    @property
    def in_file(self) -> bool:
        """Whether the exported model carries the step with these settings."""
        return self.onnx == "exact"

    def leaves(self, kind: Kind) -> Kind | None:
        """Return what a column of a kind becomes; None when others take its place."""
        return kind

    def adds(self, columns: Sequence[str], kinds: Mapping[str, Kind]) -> dict[str, Kind]:
        """Return the columns that come besides and that later steps may act on.

        Parameters
        ----------
        columns
            What the step acts on.
        kinds
            Kind of every column before it.
        """
        return {}


class ColumnStep(Step, abstract=True):
    """A step that acts on columns of certain kinds."""

    columns: tuple[str, ...] | None = Field(
        None, description="Columns it acts on; empty means every feature of a fitting kind."
    )

    def named(self) -> tuple[str, ...]:
        """Return the columns that were chosen."""
        return self.columns or ()


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
