"""Named fields that a dataset offers to a network."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

InputKind = Literal["features", "ids", "image", "spectrogram", "window"]
TargetKind = Literal["binary", "classes", "value", "labels", "tokens", "ranking"]
FieldKind = Literal[InputKind, TargetKind]

LARGEST = 2**31 - 1
"""Size that a dimension has at most."""


class FieldSpec(BaseModel):
    """One field: its name, its kind, and the shape of one sample, which leaves the batch out.

    An input is ``features`` (one number a column), ``ids`` (one id, or a row of them with 0 for
    padding at the right), ``image`` (channels, height, width), ``spectrogram`` (1, bands, frames)
    or ``window`` (steps, columns).

    A target is ``binary`` (one logit), ``classes`` (one logit a class), ``value`` (one number,
    standardised), ``labels`` (one logit for each of several answers that may all be true),
    ``tokens`` (one logit for each word of the vocabulary, at every place) or ``ranking`` (one logit
    for a user and an item, the larger the sooner the item is chosen).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    role: Literal["input", "target"]
    kind: FieldKind
    shape: tuple[int | str, ...]
    dtype: Literal["float", "int"] = "float"
    classes: tuple[str, ...] = ()
    vocabulary: int | None = Field(None, ge=1, le=2**31 - 1)

    @field_validator("shape", mode="before")
    @classmethod
    def _sizes(cls, value: Any, info: ValidationInfo) -> tuple[int | str, ...]:
        """Refuse what is no shape; the sentence names the field."""
        sizes = value if isinstance(value, list | tuple) else (value,)
        for size in sizes:
            whole = isinstance(size, int) and not isinstance(size, bool)
            if sizes is not value or not (size == "T" or (whole and 1 <= size <= LARGEST)):
                raise ValueError(
                    f"the shape of the field {info.data.get('name', '')} must be a list of whole "
                    f"numbers from 1 to {LARGEST:,}, or T for a length that varies, not {value!r}"
                )
        return tuple(sizes)

    @property
    def logits(self) -> int | None:
        """How many numbers a sample the head must give for this target; None for an input."""
        if self.role == "input":
            return None
        if self.kind == "tokens":
            return self.vocabulary
        return len(self.classes) if self.kind in ("classes", "labels") else 1
