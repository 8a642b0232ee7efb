"""Steps that turn categories into numbers."""

from __future__ import annotations

from pydantic import Field

from modelstudio.recipe.steps.step import ColumnStep


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
