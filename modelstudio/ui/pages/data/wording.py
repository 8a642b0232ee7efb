"""What the Data page calls things: kinds, roles, and a recipe step in one line."""

from __future__ import annotations

from modelstudio.recipe.steps import (
    ClipOutliers,
    ColumnStep,
    DropDuplicates,
    DropMissingTarget,
    FillMissing,
    MinMax,
    OneHot,
    Ordinal,
    Standardise,
    Step,
)
from modelstudio.ui.actions import tr
from modelstudio.ui.widgets import count_text, format_number

KIND_ICONS = {
    "number": "hash",
    "category": "tagi",
    "text": "text",
    "date": "clock",
    "id": "flag",
}
ROLE_TAGS = {"feature": "neutral", "target": "accent", "ignored": ""}


def counted(number: int, noun: str) -> str:
    """Write a count with its noun: ``1 row``, ``7,043 rows``."""
    return f"{count_text(number)} {noun}" + ("" if number == 1 else "s")


def share_text(share: float) -> str:
    """Write a share in percent, with a decimal where it matters: ``0``, ``19.9 %``."""
    if share == 0:
        return "0"
    if share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.9995 else "100 %"


def listed(names: tuple[str, ...], most: int = 6) -> str:
    """Join names; more than ``most`` are counted."""
    if len(names) <= most:
        return ", ".join(names)
    return ", ".join(names[: most - 1]) + tr(" and {} more").format(len(names) - most + 1)


def step_title(step: Step) -> str:
    """Return the name of a step and, when it was given one or two columns, those."""
    columns = step.columns if isinstance(step, ColumnStep) else None
    if not columns:
        return step.label if step.label else step.type_name
    return f"{step.label} · {columns[0] if len(columns) == 1 else counted(len(columns), 'column')}"


def step_summary(step: Step, columns: tuple[str, ...] = ()) -> str:
    """Say in a line what a step does; ``columns`` are those it would act on by itself."""
    acts_on = columns
    if isinstance(step, ColumnStep) and step.columns is not None:
        acts_on = step.columns
    where = listed(acts_on) if acts_on else tr("No fitting column")
    match step:
        case DropDuplicates():
            return tr("Exact copies")
        case DropMissingTarget():
            return tr("A row without target teaches nothing")
        case FillMissing(method="constant"):
            what = tr("Always “{}”").format(step.value)
        case FillMissing(method="most frequent"):
            what = tr("Most frequent")
        case FillMissing(method="median"):
            what = tr("Median; most frequent for categories")
        case FillMissing():
            what = tr("Mean; most frequent for categories")
        case ClipOutliers(method="iqr"):
            what = tr("IQR × {}").format(format_number(step.factor))
        case ClipOutliers():
            what = tr("Mean ± {} SD").format(format_number(step.factor))
        case MinMax():
            what = f"{format_number(step.low)} – {format_number(step.high)}"
        case Standardise() | OneHot():
            return where
        case Ordinal():
            what = " < ".join(step.order) if step.order else tr("Sorted by name")
        case _:
            return step.purpose()
    return f"{what} · {where}" if isinstance(step, ColumnStep) and step.columns is None else what
