"""What the Data page calls things: kinds, roles, and a recipe step in one line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from html import escape
from math import prod
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

_DAY = re.compile(r"(\d{4})-(\d\d-\d\d)")
_STRETCH = re.compile(r"(\d{4}-\d\d-\d\d) – (\d{4}-\d\d-\d\d)")
_LARGE = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")

_UNITS = {"BPE": "pieces"}
"""What a token of byte pair encoding is called where there is little room."""


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


def shortened(text: str, least: int = 1000) -> str:
    """Write numbers from ``least`` on in thousands or millions: ``215,245 rows`` as ``215k rows``.

    A number is known by the commas between its thousands. Of a date the year is left, of a stretch
    within one year the months too, and within one month the days.
    """

    def shorter(found: re.Match[str]) -> str:
        number = float(found[0].replace(",", ""))
        sizes = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
        size, sign = next(each for each in sizes if abs(number) >= each[0])
        near = f"{float(f'{number / size:.3g}'):g}{sign}"
        return near if abs(number) >= least else found[0]

    if (stretch := _STRETCH.fullmatch(text)) is not None:
        first, last = map(date.fromisoformat, stretch.groups())
        if first.year == last.year:
            one = f"{first.day}" if first.month == last.month else f"{first:%b}"
            until = f"{last.day} {last:%b}" if first.month == last.month else f"{last:%b}"
            return f"{one} – {until} {last.year}"
    in_one = " – " in text and len({year for year, _ in _DAY.findall(text)}) == 1
    return _LARGE.sub(shorter, _DAY.sub(r"\2" if in_one else r"\1", text))


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
            return tr("Rows without a target")
        case FillMissing(method="constant"):
            what = tr("Always “{}”").format(step.value)
        case FillMissing(method="most frequent"):
            what = tr("Most frequent")
        case FillMissing(method="median"):
            what = tr("Median or most frequent")
        case FillMissing():
            what = tr("Mean or most frequent")
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
            what = tr("First {} {}").format(step.length, _UNITS.get(step.unit, step.unit))
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
    """Say how many numbers of a sample reach the network, and that a text does."""
    inputs = [field for field in fields if field.role == "input"]
    if not inputs:
        return tr("Inputs are counted once the recipe ran")
    texts = [field for field in inputs if field.kind == "ids" and field.shape]
    total = sum(
        prod(side for side in field.shape if isinstance(side, int))
        for field in inputs
        if field not in texts
    )
    told = tr("a text") if len(texts) == 1 else counted(len(texts), "text")
    if total and texts:
        return tr("Inputs: {} and {}").format(counted(total, "number"), told)
    what = told[:1].upper() + told[1:] if texts else counted(total, "input")
    verb = tr("reaches") if total + len(texts) == 1 else tr("reach")
    return tr("{} {} the network").format(what, verb)


def field_text(field: FieldSpec) -> str:
    """Write a field with what a sample of it holds."""
    match field.kind, field.shape:
        case "features", (*_, size):
            told = counted(int(size), "number")
        case "image", (int(channels), height, width):
            told = f"{width} × {height}, {counted(channels, 'channel')}"
        case "spectrogram", (_, bands, _):
            told = tr("{} bands of pitch over time").format(bands)
        case "window", (rows, size):
            told = tr("{} rows of {}").format(rows, counted(int(size), "number"))
        case "ids", ():
            told = tr("one of {}").format(counted(field.vocabulary or 0, "id"))
        case "ids", _:
            told = tr("a row of ids, each one of {:,}").format(field.vocabulary or 0)
        case _:
            told = field.kind
    return f"{field.name} · {told}"


def error_html(error: Exception) -> str:
    """Write an error for a banner: the sentence in bold, then what to do."""
    if not isinstance(error, StudioError):
        return tr("<b>That did not work.</b> {}").format(escape(str(error)))
    return f"<b>{escape(error.message)}</b> {escape(error.fix or '')}".strip()
