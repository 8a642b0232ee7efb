"""Pieces of the sentences that a person reads."""

from __future__ import annotations

from collections.abc import Iterable


def counted(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 row``, ``7,043 rows``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def is_or_are(number: int) -> str:
    """Return the verb for so many things."""
    return "is" if number == 1 else "are"


def listed(names: Iterable[str], most: int = 3) -> str:
    """Write names in a sentence, and how many more there are: ``a, b, c and 2 more``."""
    held = list(names)
    more = len(held) - most
    return ", ".join(held[:most]) + (f" and {more:,} more" if more > 0 else "")


def cut(text: str, most: int = 30) -> str:
    """Write the beginning of a text that is too long for a sentence."""
    return text if len(text) <= most else text[: most - 1] + "…"
