"""Edits of the data choices: each takes a `DataConfig` and gives another; no Qt."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, get_args

from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Column, Kind, Role
from modelstudio.recipe.negatives import Negatives
from modelstudio.recipe.order import natural_place, order_fault
from modelstudio.recipe.sources import ImageFolder
from modelstudio.recipe.steps import ColumnStep, FilterRows, Index, LeaveOut, Step
from modelstudio.recipe.steps.rows import names_all

if TYPE_CHECKING:
    from modelstudio.data.findings.finding import Fix

ROLES: tuple[Role, ...] = get_args(Role)
KINDS: tuple[Kind, ...] = get_args(Kind)


def next_role(role: Role) -> Role:
    """Return the role that a click on the tag leads to."""
    return ROLES[(ROLES.index(role) + 1) % len(ROLES)]


def set_role(data: DataConfig, names: Collection[str], role: Role) -> DataConfig:
    """Give columns a role; the column that was the target before becomes a feature."""
    if role == "target" and len(names) > 1:
        raise DataError("Only one column can be the target.", fix="Select one column and press T.")
    columns = []
    for column in data.columns:
        if column.name in names:
            column = column.model_copy(update={"role": role})
        elif role == "target" and column.role == "target":
            column = column.model_copy(update={"role": "feature"})
        columns.append(column)
    changed = data.changed(columns=tuple(columns))
    if changed.target != data.target:
        changed = changed.changed(label_separator=None)
    if changed.target is not None and changed.target.kind != "id":
        return changed.changed(negatives=None)
    return changed


def set_negatives(data: DataConfig, negatives: Negatives | None) -> DataConfig:
    """Draw what was not chosen, or not; the target and the features of ids are then numbered."""
    changed = data.changed(negatives=negatives)
    ids = tuple(column.name for column in changed.features if column.kind == "id")
    indexed = {
        name
        for step in data.recipe
        if isinstance(step, Index) and step.enabled
        for name in step.columns or ids
    }
    target = data.target.name if data.target is not None else ""
    if negatives is None:
        recipe = tuple(_let_go(step, [target]) for step in data.recipe)
        return changed.changed(recipe=tuple(step for step in recipe if step is not None))
    if missing := tuple(name for name in ids if name not in indexed):
        return add_step(changed, Index(columns=missing))[0]
    return changed


def set_kind(data: DataConfig, names: Collection[str], kind: Kind) -> DataConfig:
    """Say what kind of value columns hold; steps that no longer fit let go of them."""
    columns = tuple(
        Column(name=column.name, kind=kind, role=column.role) if column.name in names else column
        for column in data.columns
    )
    recipe = tuple(_let_go(step, names) if kind not in step.kinds else step for step in data.recipe)
    return data.changed(columns=columns, recipe=tuple(step for step in recipe if step is not None))


def _let_go(step: Step, names: Collection[str]) -> Step | None:
    if not isinstance(step, ColumnStep) or not set(names) & set(step.columns or ()):
        return step
    left = tuple(name for name in step.columns or () if name not in names)
    return step.changed(columns=left) if left else None


def add_step(data: DataConfig, step: Step) -> tuple[DataConfig, int]:
    """Put a step where steps of its sort go; return its place too."""
    place = natural_place(data.recipe, step)
    recipe = (*data.recipe[:place], step, *data.recipe[place:])
    return data.changed(recipe=recipe), place


def handled_by(data: DataConfig, step: Step) -> int | None:
    """Return the place of a step that already does what ``step`` would do; None without one."""
    for place, other in enumerate(data.recipe):
        if other.enabled and _does(other, step):
            return place
    return None


def _does(step: Step, wanted: Step) -> bool:
    """Tell whether a step does all that another would do."""
    match step, wanted:
        case LeaveOut(), LeaveOut():
            return names_all(step.rows, wanted.rows)
        case FilterRows(), FilterRows():
            return step.condition == wanted.condition
        case ColumnStep(), ColumnStep() if step.columns is not None:
            fits = bool(wanted.columns) and set(wanted.columns or ()) <= set(step.columns)
            return type(step) is type(wanted) and fits
        case _:
            return type(step) is type(wanted)


def mend(data: DataConfig, fix: Fix) -> DataConfig:
    """Do what a finding suggests: add a step, set roles, leave files out, and so on.

    Columns that a step is for are used from then on.
    """
    from modelstudio.data.findings.finding import LeaveFilesOut, SetReading, SetRole

    if isinstance(fix, Step):
        names = fix.columns if isinstance(fix, ColumnStep) else None
        unused = {each.name for each in data.columns if each.role == "ignored"} & set(names or ())
        return add_step(set_role(data, unused, "feature") if unused else data, fix)[0]
    if isinstance(fix, SetRole):
        return set_role(data, fix.columns, fix.role)
    if isinstance(fix, SetReading):
        return data.changed(csv=data.csv.edited(**dict(fix.changes)))
    if isinstance(fix, LeaveFilesOut):
        assert isinstance(data.source, ImageFolder)
        left_out = (*data.source.left_out, *fix.names)
        return data.changed(source=data.source.changed(left_out=left_out))
    return data.changed(split=data.split.changed(**dict(fix.changes)))


def drops(fix: Fix, column: str | None) -> bool:
    """Return True when a fix does no more than ignore this column."""
    from modelstudio.data.findings.finding import SetRole

    return isinstance(fix, SetRole) and fix == SetRole((column or "",), "ignored")


def replace_step(data: DataConfig, index: int, step: Step) -> DataConfig:
    """Change the settings of a step."""
    return data.changed(recipe=(*data.recipe[:index], step, *data.recipe[index + 1 :]))


def remove_step(data: DataConfig, index: int) -> DataConfig:
    """Take a step out."""
    return data.changed(recipe=data.recipe[:index] + data.recipe[index + 1 :])


def move_step(data: DataConfig, source: int, target: int) -> DataConfig:
    """Move a step to another place.

    Raises
    ------
    DataError
        When the steps cannot run in that order; the sentence says why.
    """
    recipe = list(data.recipe)
    recipe.insert(target, recipe.pop(source))
    fault = order_fault(recipe, data.columns)
    if fault and fault != order_fault(data.recipe, data.columns):
        raise DataError(fault)
    return data.changed(recipe=tuple(recipe))


def fitting_columns(data: DataConfig, step: type[Step] | Step) -> tuple[str, ...]:
    """Return the features that a step may act on."""
    return tuple(column.name for column in data.features if column.kind in step.kinds)
