"""Steps that work on columns whatever they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from modelstudio.recipe.columns import Kind, is_pattern
from modelstudio.recipe.formula import columns_in, parse
from modelstudio.recipe.rounding import is_decided_by_rounding
from modelstudio.recipe.steps.rows import FormulaText
from modelstudio.recipe.steps.step import Step


def _plain(name: str) -> str:
    """Refuse the names that stand for several columns."""
    if is_pattern(name):
        raise ValueError(f"no column can be called {name}")
    return name


ColumnName = Annotated[str, AfterValidator(_plain)]


class Formula(Step):
    """Work out a column of numbers from others, such as price / rooms.

    A missing operand or a result that is no finite number, such as 1 / 0, leaves the cell empty.
    """

    kinds = ("number", "category")

    name: ColumnName = Field(
        "", description="The column that takes the result; one of that name is replaced."
    )
    formula: FormulaText = Field(
        "",
        description="Such as price / rooms, log(1 + income) or 1 if age < 18 else 0; names with "
        "spaces stand in backticks. Empty adds nothing.",
    )

    @property
    def idle(self) -> bool:
        """Whether name or formula is still to be given."""
        return not (self.name and self.formula.strip())

    def named(self) -> tuple[str, ...]:
        """Return the columns that the formula reads."""
        return () if self.idle else columns_in(parse(self.formula))

    @property
    def in_file(self) -> bool:
        """Whether no rounding decides the result, so that it is the same everywhere."""
        return self.idle or not is_decided_by_rounding(parse(self.formula))

    def adds(self, columns: Sequence[str], kinds: Mapping[str, Kind]) -> dict[str, Kind]:
        """Return the column that takes the result."""
        return {} if self.idle else {self.name: "number"}


class Rename(Step):
    """Give a column another name; empty fields do nothing."""

    kinds = ("number", "category", "text", "date", "id", "image", "audio")

    column: str = Field("", description="The column.")
    name: ColumnName = Field("", description="Its new name.")

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.column and self.name) or self.column == self.name

    def named(self) -> tuple[str, ...]:
        """Return the column under its old name."""
        return () if self.idle else (self.column,)

    def leaves(self, kind: Kind) -> None:
        """Return None, as the column stands under its new name."""

    def adds(self, columns: Sequence[str], kinds: Mapping[str, Kind]) -> dict[str, Kind]:
        """Return the column under its new name."""
        return {} if self.idle else {self.name: kinds[self.column]}
