"""How what was not chosen is drawn, where a table tells only what was."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Negatives(BaseModel):
    """Items drawn at random beside those of the rows (implicit feedback).

    Each row says that someone chose an item: bought, clicked, heard it. The target is the column of
    the items and the only feature that of the users. An item is drawn for a user from all that the
    user has no training row with; what validation and test rows say is not known to the draw.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    per_positive: int = Field(
        4,
        ge=1,
        le=100,
        title="Negatives",
        description="Items drawn anew each epoch beside each row that trains.",
    )
    ranked: int = Field(
        99,
        ge=10,
        le=1000,
        title="Ranked among",
        description="Items drawn once beside each row of validation and test, to rank its own "
        "among them.",
    )
