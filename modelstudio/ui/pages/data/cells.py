"""How a value is written in the table."""

from __future__ import annotations

import math
from datetime import datetime, time


def cell_text(value: object) -> str:
    """Write a cell: numbers with four significant figures, nothing for a missing value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return f"{value:%Y-%m-%d}" if midnight else f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "" if math.isnan(value) else "∞" if value > 0 else "-∞"
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    size = abs(value)
    if size >= 1e7 or size < 1e-4:
        return f"{value:.3e}"
    return f"{value:.2f}" if size >= 10 else f"{value:.4g}"
