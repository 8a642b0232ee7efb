"""Steps that gather categories or turn them into numbers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from modelstudio.recipe.columns import Kind
from modelstudio.recipe.steps.step import ColumnStep


class GroupRare(ColumnStep, label="Group rare categories"):
    """Put categories of few training rows together; an unseen one joins them, a missing one not."""

    kinds = ("category", "id")

    least: float = Field(
        0.01, gt=0, lt=1, description="Smallest share of the training rows that is not rare."
    )
    name: str = Field("other", min_length=1, description="The category that rare ones become.")


class OneHot(ColumnStep, label="One-hot"):
    """Turn each category into a column of 0 and 1; an unseen category gives zeros."""

    kinds = ("category",)

    limit: int = Field(
        64, ge=1, le=4096, description="Most categories kept a column, the frequent ones first."
    )

    def leaves(self, kind: Kind) -> None:
        """Return None, as other columns take its place."""


class Ordinal(ColumnStep, label="Ordinal"):
    """Number the categories in order; an unseen or missing category becomes -1."""

    kinds = ("category",)

    order: tuple[str, ...] = Field(
        (), description="Categories from lowest to highest; empty sorts them by name."
    )

    def leaves(self, kind: Kind) -> Kind:
        """Return a number."""
        return "number"


class TargetEncode(ColumnStep, label="Target encoding"):
    """Replace each category by the mean of the target in its training rows.

    Of more than two classes there is a column of shares for each. Small categories are drawn to
    the overall mean, which an unseen one gets; a missing cell counts as a category. Each training
    row gets a mean without the target of its own fold, so that no row sees its own answer.
    """

    kinds = ("category", "id")
    supervised = True

    smoothing: float = Field(
        10.0,
        ge=0,
        le=1e6,
        description="How many rows of the overall mean are added to each category.",
    )
    folds: int = Field(5, ge=2, le=50, description="Folds among the training rows.")

    def leaves(self, kind: Kind) -> Kind:
        """Return a number."""
        return "number"


class HashEncode(ColumnStep, label="Hash"):
    """Deal categories over a fixed number of columns by a hash of their name.

    Nothing is learnt, so an unseen category is treated as any other; different ones may share a
    column. A missing cell gives zeros.
    """

    kinds = ("category", "id")
    onnx = "none"

    size: int = Field(32, ge=2, le=4096, description="Number of columns of 0 and 1.")

    def leaves(self, kind: Kind) -> None:
        """Return None, as other columns take its place."""


class Index(ColumnStep, label="Index"):
    """Number the categories for an Embedding block, which learns a vector for each.

    The frequent ones come first, from 1; an unseen or missing category is 0.
    """

    kinds = ("category", "id")

    limit: int = Field(
        10_000, ge=1, le=10_000_000, description="Most categories that get a number of their own."
    )
    least: int = Field(
        1, ge=1, le=1_000_000, description="Fewest training rows that a category needs for one."
    )

    def leaves(self, kind: Kind) -> None:
        """Return None, as other columns take its place."""


class Cast(ColumnStep, label="Change kind"):
    """Take numbers for categories, or categories that are written as numbers for numbers.

    A category that is no number becomes missing.
    """

    kinds = ("number", "category", "id", "text")
    onnx = "none"

    columns: tuple[str, ...] | None = Field((), description="Columns whose kind changes.")
    to: Literal["category", "number"] = Field("category", description="The kind they become.")

    def leaves(self, kind: Kind) -> Kind:
        """Return the chosen kind."""
        return self.to
