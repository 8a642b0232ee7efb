"""In which order steps can run, and where a new one goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelstudio.recipe.columns import Column, Kind
from modelstudio.recipe.steps import (
    Bin,
    Cast,
    CleanText,
    ClipOutliers,
    ColumnStep,
    DateParts,
    FillByModel,
    FillFromNeighbours,
    FillMissing,
    Formula,
    GroupRare,
    HashEncode,
    Index,
    Log,
    MinMax,
    MissingIndicator,
    OneHot,
    Ordinal,
    Power,
    QuantileScale,
    Rename,
    RobustScale,
    SmoothNoise,
    SmoothRows,
    Standardise,
    Step,
    TargetEncode,
    Tokenise,
    UnknownStep,
)

_RANKS: tuple[tuple[type[Step], ...], ...] = (
    (Rename, Cast, CleanText),
    (MissingIndicator,),
    (DateParts, GroupRare),
    (SmoothRows,),
    (FillMissing, FillFromNeighbours, FillByModel),
    (Formula,),
    (ClipOutliers, SmoothNoise),
    (Log, Power, QuantileScale, Bin),
    (TargetEncode,),
    (Standardise, MinMax, RobustScale),
    (OneHot, Ordinal, HashEncode, Index, Tokenise),
)
"""Where a new step goes when nothing else is known: tidy, repair, bend, scale, encode."""


def columns_of(step: Step, kinds: Mapping[str, Kind]) -> tuple[str, ...]:
    """Return the columns that a step acts on, of those there are."""
    if isinstance(step, ColumnStep) and step.columns is None:
        return tuple(name for name, kind in kinds.items() if kind in step.kinds)
    return tuple(name for name in step.named() if name in kinds)


def kinds_after(step: Step, kinds: Mapping[str, Kind]) -> dict[str, Kind]:
    """Return the kinds of the columns that a step leaves, as far as its settings tell."""
    acting = columns_of(step, kinds)
    touched = set(acting)
    left: dict[str, Kind] = {}
    for name, kind in kinds.items():
        becomes = step.leaves(kind) if name in touched else kind
        if becomes is not None:
            left[name] = becomes
    return {**left, **step.adds(acting, kinds)}


def order_fault(recipe: Sequence[Step], columns: Sequence[Column]) -> str | None:
    """Say why steps cannot run in this order; None when they can.

    Parameters
    ----------
    columns
        The columns of the table.
    """
    return _stage_fault(recipe) or _column_fault(recipe, columns)


def _stage_fault(recipe: Sequence[Step]) -> str | None:
    learning: Step | None = None
    arranging: Step | None = None
    for step in recipe:
        if step.stage == "rows":
            if (other := learning or arranging) is not None:
                why = "learns from training rows" if other is learning else "puts rows together"
                return (
                    f"{step.label} works on whole rows before the split, so it stays above "
                    f"{other.label}, which {why}."
                )
        elif step.stage == "samples":
            arranging = arranging or step
        elif not isinstance(step, UnknownStep):
            if arranging is not None:
                return (
                    f"{arranging.label} puts rows together when all else is done, so it stays "
                    f"below {step.label}."
                )
            learning = learning or step
    return None


def _column_fault(recipe: Sequence[Step], columns: Sequence[Column]) -> str | None:
    """Say which step comes too late for a column that was replaced, or too early for a new one."""
    kinds: dict[str, Kind] = {each.name: each.kind for each in columns if each.role == "feature"}
    replaced: dict[str, Step] = {}
    missed: dict[str, Step] = {}
    for step in recipe:
        if step.stage != "fitted" or not step.enabled or isinstance(step, UnknownStep):
            continue
        for name in step.named():
            by = replaced.get(name)
            if name not in kinds and by is None:
                missed.setdefault(name, step)
            elif by is not None and kinds.get(name) not in step.kinds:
                what = f"made {name} a {kinds[name]}" if name in kinds else f"replaced {name}"
                return f"{by.label} has {what} by then, so {step.label} must stay above it."
        after = kinds_after(step, kinds)
        for name in after.keys() - kinds.keys():
            if name in missed:
                return f"{step.label} makes {name}, so {missed[name].label} must stay below it."
        replaced |= {name: step for name, kind in kinds.items() if after.get(name) != kind}
        kinds = after
    return None


def natural_place(recipe: Sequence[Step], step: Step) -> int:
    """Return where a step goes among others, when nothing else is known."""
    rank = _rank(step)
    later = (index for index, other in enumerate(recipe) if _rank(other) > rank)
    return next(later, len(recipe))


def _rank(step: Step) -> int:
    if step.stage == "rows":
        return -1
    if step.stage == "samples":
        return len(_RANKS) + 1
    places = (rank for rank, steps in enumerate(_RANKS) if type(step) in steps)
    return next(places, len(_RANKS))
