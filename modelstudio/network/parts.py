"""Reading the parts of a network from JSON, and saying which of them cannot be read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from modelstudio.errors import NetworkError, StudioError

Position = tuple[float, float]

FARTHEST = 1e7
"""Canvas pixels from the origin beyond which nothing lies."""

_SPOKEN = {"nodes": "blocks", "edges": "wires", "notes": "notes"}

_Part = TypeVar("_Part")


class TooDeep(NetworkError):
    """Groups that lie in each other deeper than they may."""

    def __init__(self, most: int, fix: str | None = None) -> None:
        text = f"The groups of the network lie too deep in each other: {most} is the most."
        super().__init__(text, fix=fix)

    def __reduce__(self) -> tuple[object, ...]:
        return NetworkError, (self.message,)


def parts(raw: Any, name: str) -> Sequence[Any]:
    """Return the blocks, wires or notes of a network."""
    found = raw.get(name, ()) if isinstance(raw, Mapping) else None
    if not isinstance(found, list | tuple):
        raise NetworkError(f"The {_SPOKEN[name]} of the network are not a list.")
    return found


def read_part(read: Callable[[Any], _Part], item: Any, kind: str, number: int) -> _Part:
    """Read one part of a network; what is wrong with it is said of that part."""
    name = item.get("name") if isinstance(item, Mapping) else None
    called = f" ({name:.40})" if isinstance(name, str) and name.isprintable() else ""
    which = f"{kind} {number} of the network{called}"
    try:
        return read(item)
    except TooDeep:
        raise
    except StudioError as error:
        raise NetworkError(f"{which} cannot be read. {error.message}") from None
    except KeyError as error:
        raise NetworkError(f"{which} has no {error.args[0]}.") from None
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        raise NetworkError(f"{which} is of the wrong form.") from None


def text(raw: Any, what: str) -> str:
    """Return text that can be written to a file."""
    found = str(raw)
    try:
        found.encode()
    except UnicodeEncodeError:
        raise NetworkError(f"Its {what} holds half a character.") from None
    return found


def place(raw: Any) -> Position:
    """Return two numbers that a canvas can hold."""
    try:
        x, y = (float(number) for number in raw)
    except (TypeError, ValueError, OverflowError):
        x = y = math.nan
    if not (abs(x) <= FARTHEST and abs(y) <= FARTHEST):
        raise NetworkError("It lies nowhere on the canvas: it needs two numbers for its place.")
    return x, y
