"""Steps that leave out rows, before the split."""

from __future__ import annotations

from modelstudio.recipe.steps.step import Step


class DropDuplicates(Step, label="Drop duplicate rows"):
    """Keep the first of rows that agree in every column."""

    stage = "rows"


class DropMissingTarget(Step, label="Drop rows without target"):
    """Leave out rows whose target is missing."""

    stage = "rows"
