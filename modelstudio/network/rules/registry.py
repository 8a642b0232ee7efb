"""Where the rules are found, and what they are written with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from modelstudio.network.analysis import Dim, Shape, parted
from modelstudio.network.layer import Order
from modelstudio.network.mismatch import Mismatch


class Outcome(NamedTuple):
    """What an operation gives and costs.

    ``dtype`` None keeps that of the first value, ``order`` None that of the first that has one;
    ``"turned"`` puts steps for channels.
    """

    shape: Shape
    parameters: int = 0
    macs: int = 0
    dtype: str | None = None
    order: Order | Literal["turned"] | None = None


Settings = Mapping[str, Any]
Rule = Callable[[Sequence[Shape], Settings], Outcome]

RULES: dict[str, Rule] = {}
"""Rule by the dotted name of the torch operation."""


def rule(*targets: str) -> Callable[[Rule], Rule]:
    """Register a rule for torch operations."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(targets, function))
        return function

    return register


def count(dims: Sequence[Dim]) -> int:
    """Multiply sizes; a symbol counts as one."""
    return math.prod(dim for dim in dims if isinstance(dim, int))


def number(dim: Dim, what: str) -> int:
    """Return a size as a number, or refuse a symbol."""
    if isinstance(dim, int):
        return dim
    raise Mismatch(f"needs {what} to be a fixed number")


def total(dims: Sequence[Dim], what: str) -> Dim:
    """Add sizes up; one of them may be a symbol, which the others stand before and behind."""
    symbols = [place for place, dim in enumerate(dims) if isinstance(dim, str)]
    if len(symbols) > 1:
        raise Mismatch(f"needs {what} to be a fixed number in all but one of its values")
    sizes = [dim if isinstance(dim, int) else 0 for dim in dims]
    if not symbols:
        return sum(sizes)
    (place,) = symbols
    before, base, behind = parted(str(dims[place]))
    before, behind = before + sum(sizes[:place]), behind + sum(sizes[place:])
    return "+".join(str(part) for part in (before, base, behind) if part)


def each(settings: Settings, name: str, axes: int, default: Any) -> Sequence[Any]:
    """Return a setting as one value an axis; a single one stands for all."""
    value = settings.get(name)
    value = default if value is None else value
    return value if isinstance(value, tuple | list) else (value,) * axes
