"""How the name of a column is cut where it has no room."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics


def fitted_name(metrics: QFontMetrics, name: str, width: int, names: tuple[str, ...]) -> str:
    """Cut a name at its end; in its middle where another of ``names`` begins in the same way."""
    cut = metrics.elidedText(name, Qt.TextElideMode.ElideRight, width)
    if cut == name or not _several_begin(cut.removesuffix("…"), names):
        return cut
    return metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, width)


def _several_begin(start: str, names: tuple[str, ...]) -> bool:
    ordered = _ordered(names)
    at = bisect_left(ordered, start)
    return at + 1 < len(ordered) and ordered[at + 1].startswith(start)


@lru_cache(4)
def _ordered(names: tuple[str, ...]) -> list[str]:
    return sorted(names)
