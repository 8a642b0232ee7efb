"""Named fields that a dataset offers to a network."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

FieldKind = Literal["features", "ids", "binary", "classes", "value"]


class FieldSpec(BaseModel):
    """One field: its name, its kind, and the shape of one sample.

    A target is ``binary`` (one logit), ``classes`` (one logit a class) or ``value`` (one number,
    standardised). ``shape`` leaves the batch out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: Literal["input", "target"]
    kind: FieldKind
    shape: tuple[int | str, ...]
    dtype: Literal["float", "int"] = "float"
    classes: tuple[str, ...] = ()
    vocabulary: int | None = None

    @property
    def logits(self) -> int | None:
        """How many numbers a sample the head must give for this target; None for an input."""
        if self.role == "input":
            return None
        return len(self.classes) if self.kind == "classes" else 1
