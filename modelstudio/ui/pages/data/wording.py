"""What the Data page calls things: kinds, roles, and a recipe step in one line."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

from modelstudio.engine.results import PartInfo
from modelstudio.errors import StudioError
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.steps import (
    ClipOutliers,
    Colours,
    ColumnStep,
    CropCentre,
    DropDuplicates,
    DropMissingTarget,
    FillMissing,
    LeaveOut,
    MinMax,
    OneHot,
    Ordinal,
    PadPictures,
    Passages,
    Resize,
    ScalePixels,
    Standardise,
    Step,
    Tokenise,
    Windows,
)
from modelstudio.ui.actions import tr
from modelstudio.ui.widgets import count_text, format_number
from modelstudio.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelstudio.data.findings.finding import Fix
    from modelstudio.data.fitting import StepEffect

KIND_ICONS = {
    "number": "hash",
    "category": "tagi",
    "text": "text",
    "date": "clock",
    "id": "flag",
    "image": "image",
    "audio": "actv",
}


def legend(entries: Iterable[tuple[QColor, str]]) -> str:
    """Write names beside a square of their colour, as rich text."""
    return " &nbsp; ".join(
        f'<span style="color:{color.name()}">&#9632;</span>&nbsp;{escape(name)}'
        for color, name in entries
    )


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


def class_shares(part: PartInfo) -> tuple[tuple[str, float], ...]:
    """Return the share of each class; of two classes the positive one comes first."""
    shares = [(name, count / max(part.rows, 1)) for name, count in part.classes.items()]
    return tuple(reversed(shares) if len(shares) == 2 else shares)


def part_short(part: PartInfo) -> str:
    """Say it where there is little room: ``134 rows · 38.1 %`` of the first class."""
    shares = class_shares(part)
    share = f" · {100 * shares[0][1]:.1f} %" if len(shares) == 2 else ""
    return counted(part.rows, "row") + share


def part_text(part: PartInfo, most: int = 5) -> str:
    """Say what a part of the split holds: ``624 rows · Yes: 239 (38.3 %) · No: 385 (61.7 %)``."""
    told = [counted(part.rows, "row")]
    for name, share in class_shares(part)[:most]:
        told.append(f"{name}: {count_text(part.classes[name])} ({100 * share:.1f} %)")
    if len(part.classes) > most:
        told.append(tr("{} more classes").format(len(part.classes) - most))
    return " · ".join(told)


def step_title(step: Step) -> str:
    """Return the name of a step and, when it was given one or two columns, those."""
    columns = step.columns if isinstance(step, ColumnStep) else None
    if not columns:
        return step.label if step.label else step.type_name
    return f"{step.label} · {columns[0] if len(columns) == 1 else counted(len(columns), 'column')}"


def fix_title(fix: Fix) -> str:
    """Say in a few words what a finding suggests to do."""
    from modelstudio.data.findings.finding import LeaveFilesOut, SetRole

    if isinstance(fix, Step):
        return tr("Add “{}”").format(step_title(fix))
    if isinstance(fix, LeaveFilesOut):
        return tr("Leave out {}").format(counted(len(fix.names), tr("picture")))
    if isinstance(fix, SetRole):
        what = fix.columns[0] if len(fix.columns) == 1 else counted(len(fix.columns), "column")
        return tr("Ignore {}").format(what)
    changes = dict(fix.changes)
    if "dates" in changes:
        return tr("Read with the {}").format(tr(changes["dates"]))
    if "decimals" in changes:
        return tr("Read with a decimal {}").format(tr(changes["decimals"]))
    if changes.get("method") == "group":
        return tr("Keep each {} in one part").format(changes["by"])
    return tr("Balance classes by weights")


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
        case Resize() | CropCentre():
            return f"{step.width} × {step.height}"
        case Colours():
            return tr(step.mode.capitalize())
        case PadPictures():
            return tr("{} pixels around").format(step.pixels)
        case ScalePixels():
            return tr("By the {}").format(step.method) if " " in step.method else step.method
        case Tokenise(length=None):
            what = step.unit[:1].upper() + step.unit[1:]
        case Tokenise():
            kept = tr("{}, the first {}").format(step.unit, step.length)
            what = kept[:1].upper() + kept[1:]
        case LeaveOut() if step.rows:
            return step.rows
        case Passages():
            return tr("{} tokens each").format(step.length)
        case Windows():
            return tr("{length} rows, {horizon} ahead").format(
                length=step.length, horizon=step.horizon
            )
        case ColumnStep():
            what = tr(str(getattr(step, "method", "")).capitalize())
            if not what:
                return where
        case _:
            return step.purpose()
    return f"{what} · {where}" if isinstance(step, ColumnStep) and step.columns is None else what


def effect_tag(step: Step, effect: StepEffect | None) -> tuple[str, str]:
    """Return text and kind of the tag behind a step: what it did to the data."""
    if not step.enabled:
        return tr("Off"), "neutral"
    if effect is None or step.stage in ("pixels", "samples"):
        return "", "neutral"
    if effect.changed and isinstance(step, (Standardise, MinMax)):
        return counted(len(effect.changed), "column"), "accent"
    parts = []
    if effect.columns:
        parts.append(f"{effect.columns:+d} column" + ("" if abs(effect.columns) == 1 else "s"))
    if effect.cells and not effect.columns:
        parts.append(counted(effect.cells, "cell"))
    if effect.rows:
        parts.append(counted(effect.rows, "row"))
    if parts:
        return " · ".join(parts), "accent"
    return (tr("0 rows") if step.stage == "rows" else tr("0 cells")), "neutral"


def inputs_text(fields: Sequence[FieldSpec]) -> str:
    """Say how many numbers of a sample reach the network."""
    inputs = [field for field in fields if field.role == "input"]
    if not inputs:
        return tr("Inputs are counted once the recipe ran")
    if all(field.kind == "ids" and field.shape for field in inputs):
        return tr("The tokens of a text reach the network")
    total = 0
    for field in inputs:
        size = 1
        for side in field.shape:
            size *= side if isinstance(side, int) else 1
        total += size
    verb = tr("reaches") if total == 1 else tr("reach")
    return tr("{} {} the network").format(counted(total, "input"), verb)


def field_text(field: FieldSpec) -> str:
    """Write a field with its size or its vocabulary."""
    if field.kind == "features":
        return f"{field.name} · {counted(int(field.shape[-1]), 'number')}"
    if field.kind == "image":
        channels, height, width = field.shape
        return f"{field.name} · {width} × {height}, {channels} channels".replace(
            " 1 channels", " 1 channel"
        )
    if field.kind == "window":
        return f"{field.name} · {field.shape[0]} rows of {field.shape[1]} numbers"
    if field.vocabulary is not None:
        return (
            f"{field.name} · id, {counted(field.vocabulary, 'entry').replace('entrys', 'entries')}"
        )
    return f"{field.name} · {field.kind}"


def error_html(error: Exception) -> str:
    """Write an error for a banner: the sentence in bold, then what to do."""
    if not isinstance(error, StudioError):
        return tr("<b>That did not work.</b> {}").format(escape(str(error)))
    return f"<b>{escape(error.message)}</b> {escape(error.fix or '')}".strip()
