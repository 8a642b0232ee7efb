"""How a value is written in the table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, time
from functools import lru_cache

_WRITTEN = 8192
"""Values that stay written."""


def column_decimals(values: Iterable[object]) -> int | None:
    """Return how many decimals show the numbers of a column, at most 2; None without numbers."""
    numbers = [value for value in values if isinstance(value, float) and math.isfinite(value)]
    if not numbers or max(map(abs, numbers)) < 1:
        return 0 if numbers and not any(numbers) else None
    return next((places for places in (0, 1) if all(_exact(n, places) for n in numbers)), 2)


@lru_cache(_WRITTEN, typed=True)
def cell_text(value: object, decimals: int | None = None) -> str:
    """Write a cell: a number with the decimals of its column, or with four figures."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        fixed = decimals is not None and (decimals == 2 or _exact(value, decimals))
        return f"{value:.{decimals}f}" if fixed and abs(value) < 1e15 else _number(value)
    if isinstance(value, datetime):
        if value.time() == time():
            return f"{value:%Y-%m-%d}"
        return f"{value:%Y-%m-%d %H:%M:%S}" if value.second else f"{value:%Y-%m-%d %H:%M}"
    return _on_one_line(str(value))


def _on_one_line(text: str) -> str:
    return text if "\n" not in text else " ⏎ ".join(text.strip("\n").split("\n"))


def _exact(value: float, places: int) -> bool:
    return abs(round(value, places) - value) < 1e-9 * max(1.0, abs(value))


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "" if math.isnan(value) else "∞" if value > 0 else "-∞"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    size = abs(value)
    if size >= 1e7 or size < 1e-4:
        return f"{value:.3e}"
    return f"{value:.2f}" if size >= 10 else f"{value:.4g}"


def in_folder(value: object, folder: str) -> object:
    """Return the path of a file from the folder it lies in; every other value as it is."""
    return value.removeprefix(folder) if folder and isinstance(value, str) else value
