"""Steps that turn dates into numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from modelstudio.recipe.columns import Kind
from modelstudio.recipe.steps.step import ColumnStep

CYCLES = {"month": 12, "day": 31, "weekday": 7, "day_of_year": 366, "hour": 24, "minute": 60}
"""Parts that come round again, and how many values they take."""

PARTS = ("year", "month", "day", "weekday", "day_of_year", "hour", "minute", "weekend", "days")


class DateParts(ColumnStep, label="Date parts"):
    """Take a date apart into numbers; a missing date gives missing parts."""

    kinds = ("date",)
    onnx = "none"

    year: bool = Field(True, description="The year.")
    month: bool = Field(True, description="The month, from 1.")
    day: bool = Field(False, description="The day of the month, from 1.")
    weekday: bool = Field(True, description="The day of the week, from 1 for Monday.")
    day_of_year: bool = Field(False, description="The day of the year, from 1.")
    hour: bool = Field(False, description="The hour, from 0.")
    minute: bool = Field(False, description="The minute, from 0.")
    weekend: bool = Field(False, description="1 on Saturday and Sunday, else 0.")
    days: bool = Field(
        False,
        title="Days passed",
        description="Days since the beginning of 1970, with the time of day as a fraction.",
    )
    cyclic: bool = Field(
        True,
        description="Give parts that come round again as sine and cosine, so that December lies "
        "beside January.",
    )

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts asked for, each a column; of a cyclic one sine and cosine."""
        chosen = [part for part in PARTS if getattr(self, part)]
        return tuple(
            name
            for part in chosen
            for name in (
                (f"{part} sin", f"{part} cos") if self.cyclic and part in CYCLES else (part,)
            )
        )

    def leaves(self, kind: Kind) -> None:
        """Return None, as the parts take its place."""

    def adds(self, columns: Sequence[str], kinds: Mapping[str, Kind]) -> dict[str, Kind]:
        """Return the columns of the parts."""
        names = [part_name(column, part) for column in columns for part in self.parts]
        return {name: "number" for name in names if name not in kinds}


def part_name(column: str, part: str) -> str:
    """Return the name of the column that a part of a date becomes."""
    return f"{column} {part.replace('_', ' ')}"
