"""What an augmentation does, in a line: ``Up to ±10°``."""

from __future__ import annotations

from modelstudio.recipe.augment import (
    Augmentation,
    Blur,
    ColourJitter,
    CutMix,
    Cutout,
    Flip,
    MixUp,
    Noise,
    RandomCrop,
    Rotate,
    Scale,
    Shift,
    SwapNoise,
    WordDropout,
)
from modelstudio.ui.actions import tr
from modelstudio.ui.widgets import format_number

_EVEN = 0.5
"""Alpha from which a mix is no longer mostly one of two samples."""


def settings_text(step: Augmentation) -> str:
    """Say how strong a change is, and how many samples it meets unless it meets all."""
    told = [text for text in (_strength(step), _share(step)) if text]
    text = " · ".join(told)
    return text[:1].upper() + text[1:]


def _share(step: Augmentation) -> str:
    if step.share == 1:
        return ""
    what = tr("of the pictures") if step.kinds == ("image",) else tr("of the samples")
    return f"{tr('half') if step.share == 0.5 else _percent(step.share)} {what}"


def _strength(step: Augmentation) -> str:
    match step:
        case Flip():
            return tr("also upside down") if step.vertical else ""
        case Rotate():
            return tr("up to ±{}°").format(format_number(step.degrees))
        case Shift():
            return tr("up to {} each way").format(_percent(step.amount))
        case Scale():
            return tr("{} to {}").format(_percent(step.smallest), _percent(step.largest))
        case RandomCrop():
            return tr("{} of a side or more").format(_percent(step.smallest))
        case ColourJitter():
            names = ("brightness", "contrast", "saturation", "hue")
            amounts = [(tr(name), getattr(step, name)) for name in names]
            return ", ".join(f"{name} ±{_percent(amount)}" for name, amount in amounts if amount)
        case Blur():
            return tr("up to {} px").format(format_number(step.sigma))
        case Noise():
            return tr("σ {}").format(format_number(step.amount))
        case Cutout():
            return tr("a {} square").format(_percent(step.size))
        case MixUp():
            return tr("any blend of two") if step.alpha >= _EVEN else tr("slight blends of two")
        case CutMix():
            return tr("any patch") if step.alpha >= _EVEN else tr("small patches")
        case SwapNoise():
            return tr("{} of the cells").format(_percent(step.amount))
        case WordDropout():
            return tr("{} of the words").format(_percent(step.amount))
    return ""


def _percent(share: float) -> str:
    return f"{format_number(100 * share)} %"
