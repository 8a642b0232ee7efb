"""Steps that turn text into ids, and a long text into samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field

from modelstudio.recipe.columns import Kind
from modelstudio.recipe.steps.step import ColumnStep, Step


class Tokenise(ColumnStep):
    """Turn text into a row of ids: 0 fills short rows at the right, 1 stands for the unknown.

    Several columns of text become one, one after the other. The vocabulary comes from the training
    rows alone; an empty text is a single unknown.
    """

    kinds = ("text",)
    onnx = "tokens"

    unit: Literal["words", "characters", "BPE"] = Field(
        "words",
        description="What gets an id: whole words and signs, single characters, or with byte-pair "
        "encoding the pieces of words that occur most often, so that nothing is unknown.",
    )
    vocabulary: int = Field(
        10_000,
        ge=8,
        le=1_000_000,
        description="Most ids there are, the frequent ones first. Byte-pair encoding needs at "
        "least 258, one for every byte.",
    )
    least: int = Field(
        2,
        ge=1,
        le=1_000_000,
        title="Occurs at least",
        description="How often it must occur in the training rows.",
    )
    length: int | None = Field(
        256, ge=1, le=1_000_000, description="Most ids of a text, the first ones; empty keeps all."
    )
    lower: bool = Field(
        True, title="Lower case", description="Take capital and small letters for the same."
    )

    def leaves(self, kind: Kind) -> None:
        """Return None, as a column of ids takes the place of all."""

    def adds(self, columns: Sequence[str], kinds: Mapping[str, Kind]) -> dict[str, Kind]:
        """Return nothing: no step acts on ids."""
        return {}


class Passages(Step, label="Passages of a text"):
    """Cut a long text into passages; at every place of one the network tells the next token."""

    stage = "samples"
    onnx = "tokens"
    rowwise = False

    length: int = Field(128, ge=2, le=100_000, description="Tokens that a passage holds.")
    stride: int | None = Field(
        None,
        ge=1,
        le=100_000,
        description="Tokens between the beginnings of two passages; empty takes the length.",
    )
