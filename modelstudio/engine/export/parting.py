"""Which steps come before an exported file, and which are written into it.

Before it come those that ONNX cannot express, those by which a last bit decides that the file may
round otherwise, and whatever touches the same columns earlier. Steps on other columns are written
into the file, wherever in the recipe they stand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import polars as pl

from modelstudio.data.fitted import FittedStep
from modelstudio.recipe.formula import parse
from modelstudio.recipe.rounding import is_decided_by_rounding, is_rounded
from modelstudio.recipe.steps import (
    Bin,
    FillByModel,
    FillFromNeighbours,
    Formula,
    Log,
    Rename,
    Tokenise,
)


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
    for each, frame, rounded in reversed(list(zip(steps, frames, _rounded(steps), strict=False))):
        outside, inside = _divided(each, frame, held, rounded)
        if outside is not None:
            first.insert(0, outside)
            held |= touched(outside, frame)
        if inside is not None:
            rest.insert(0, inside)
    return first, rest


def _rounded(steps: Sequence[FittedStep]) -> Iterator[frozenset[str]]:
    """Yield before each step the columns whose last bit is uncertain where it may decide.

    A power or a model that a step has learnt gives no round numbers that a bit could part.
    """
    found: frozenset[str] = frozenset()
    for each in steps:
        yield found
        match each.step:
            case Log():
                found |= frozenset(acting_on(each))
            case Formula(name=name, formula=formula):
                uncertain = is_rounded(parse(formula), found)
                found = found | {name} if uncertain else found - {name}
            case Rename():
                found = frozenset(each.state.get(name, name) for name in found)


def _is_in_file(fitted: FittedStep, rounded: Collection[str]) -> bool:
    """Tell whether ONNX can express a step, given the columns whose last bit is uncertain."""
    if isinstance(fitted.step, Formula):
        return not is_decided_by_rounding(parse(fitted.step.formula), rounded)
    return fitted.step.in_file


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
    fitted: FittedStep, frame: pl.DataFrame, held: set[str], rounded: Collection[str]
) -> tuple[FittedStep | None, FittedStep | None]:
    """Divide a step into what comes before the file, as it touches some columns, and the others."""
    if not _is_in_file(fitted, rounded):
        return fitted, None
    if isinstance(fitted.step, Bin) and fitted.step.method == "equal width":
        held = held | set(rounded)
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
