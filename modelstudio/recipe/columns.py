"""Columns of a table: what kind of value they hold and what they are for."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["number", "category", "text", "date", "id", "image", "audio"]
"""What a cell holds; of pictures and sounds the path of the file."""

Role = Literal["feature", "target", "ignored"]


def is_pattern(name: str) -> bool:
    """Tell whether polars takes a name for all columns whose names are like it.

    No column of a table that was read has such a name: it gets an underscore at its end.
    """
    return name == "*" or (name.startswith("^") and name.endswith("$"))


class Column(BaseModel):
    """A column as the person decided it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Kind
    role: Role = "feature"
