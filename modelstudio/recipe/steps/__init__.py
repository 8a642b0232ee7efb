"""Recipe steps, each declared once; a module a family, in the order people are shown them."""

from __future__ import annotations

from modelstudio.recipe.steps.step import ColumnStep, Stage, Step, UnknownStep
from modelstudio.recipe.steps.rows import DropDuplicates, DropMissingTarget
from modelstudio.recipe.steps.missing import FillMissing
from modelstudio.recipe.steps.numbers import ClipOutliers, MinMax, Standardise
from modelstudio.recipe.steps.categories import OneHot, Ordinal

__all__ = [
    "ClipOutliers",
    "ColumnStep",
    "DropDuplicates",
    "DropMissingTarget",
    "FillMissing",
    "MinMax",
    "OneHot",
    "Ordinal",
    "Stage",
    "Standardise",
    "Step",
    "UnknownStep",
]
