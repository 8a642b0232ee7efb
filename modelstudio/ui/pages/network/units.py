"""Counts and sizes of a network as people read them."""

from __future__ import annotations

from modelstudio.ui.actions import tr


def blocks_text(number: int) -> str:
    """Write a number of blocks: ``1 block``, ``12 blocks``."""
    return tr("1 block") if number == 1 else tr("{0} blocks").format(number)


def short_count(value: int) -> str:
    """Write a count for a block: ``320``, ``18.5 k``, ``3.61 M``."""
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            scaled = value / size
            places = 2 if unit != "k" and scaled < 100 else 1
            return f"{scaled:.{places}f} {unit}"
    return str(value)


def memory_text(size: int) -> str:
    """Write a number of bytes: ``49 KiB``, ``1.07 MiB``."""
    if size < 1024:
        return f"{size} B"
    for factor, unit in ((2**30, "GiB"), (2**20, "MiB")):
        if size >= factor:
            scaled = size / factor
            return f"{scaled:.0f} {unit}" if scaled >= 99.95 else f"{scaled:.2f} {unit}"
    return f"{size / 1024:.0f} KiB" if size >= 10240 else f"{size / 1024:.1f} KiB"


def share_text(share: float) -> str:
    """Write a part of the whole: ``0 %``, ``< 0.1 %``, ``3.4 %``, ``62 %``."""
    percent = 100 * share
    if not percent:
        return "0 %"
    if percent < 0.1:
        return "< 0.1 %"
    return f"{percent:.1f} %" if percent < 9.95 else f"{percent:.0f} %"


def number_text(value: float) -> str:
    """Write a number with three digits: ``0.42``, ``−1.3e-05``."""
    return f"{value:.3g}".replace("-", "−", 1) if value < 0 else f"{value:.3g}"
