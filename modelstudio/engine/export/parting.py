"""Which steps come before an exported file, and which are written into it.

Before it come those that ONNX cannot express, and whatever touches the same columns earlier. Steps
on other columns are written into the file, wherever in the recipe they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from modelstudio.data.fitted import FittedStep
from modelstudio.recipe.steps import FillByModel, FillFromNeighbours, Formula, Rename, Tokenise


def parted(
    steps: Sequence[FittedStep], empty: pl.DataFrame
) -> tuple[list[FittedStep], list[FittedStep]]:
    """Return the steps before the file and those in it, each in their order.

    A step that acts on each column by itself may be in both, on other columns.

    Parameters
    ----------
    empty
        The raw columns, without rows.
    """
    frames = [empty]
    for each in steps:
        frames.append(each.apply(frames[-1]))
    first: list[FittedStep] = []
    rest: list[FittedStep] = []
    held: set[str] = set()
    for each, frame in zip(reversed(steps), reversed(frames[:-1]), strict=True):
        outside, inside = _divided(each, frame, held)
        if outside is not None:
            first.insert(0, outside)
            held |= touched(outside, frame)
        if inside is not None:
            rest.insert(0, inside)
    return first, rest


def acting_on(fitted: FittedStep) -> list[str]:
    """Return the names of the columns that a step acts on."""
    match fitted.step:
        case FillByModel() | FillFromNeighbours() | Tokenise():
            return list(fitted.state["columns"])
        case Formula():
            return list(fitted.step.named())
    return list(fitted.state)


def touched(fitted: FittedStep, frame: pl.DataFrame) -> set[str]:
    """Return the names of the columns that a step reads, changes, makes or takes away."""
    before, after = set(frame.columns), set(fitted.apply(frame).columns)
    made = {fitted.step.name} if isinstance(fitted.step, Formula) else set()
    return (before ^ after) | made | (before & set(acting_on(fitted)))


def _divided(
    fitted: FittedStep, frame: pl.DataFrame, held: set[str]
) -> tuple[FittedStep | None, FittedStep | None]:
    """Divide a step into what comes before the file, as it touches some columns, and the others."""
    if fitted.step.onnx != "exact":
        return fitted, None
    if not touched(fitted, frame) & held:
        return None, fitted
    if isinstance(fitted.step, FillByModel | Formula | Rename):
        return fitted, None
    outside: dict[str, Any] = {}
    inside: dict[str, Any] = {}
    for name, learnt in fitted.state.items():
        part = fitted.model_copy(update={"state": {name: learnt}})
        hit = touched(part, frame.select(name)) & held
        (outside if hit else inside)[name] = learnt
    return (
        fitted.model_copy(update={"state": outside}) if outside else None,
        fitted.model_copy(update={"state": inside}) if inside else None,
    )
