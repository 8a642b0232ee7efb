"""What is said of a command line that cannot be understood: which values an option takes."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, get_args

from pydantic import ValidationError

_MAY_BE_EMPTY = ("--name", "--missing")
"""Options whose empty value says something."""


def empty_value(arguments: Sequence[str]) -> str | None:
    """Say which value is empty; None when all say something."""
    for before, given in zip(("", *arguments), arguments, strict=False):
        option, sign, value = given.partition("=")
        if sign and not value and option.startswith("--") and option not in _MAY_BE_EMPTY:
            return f"{option} takes a value, not nothing."
        if not given and before not in _MAY_BE_EMPTY:
            word = before if before.startswith("--") else "An argument"
            return f"{word} is empty; give a name or a value."
    return None


def wrong_usage(error: Any) -> str:
    """Say in a sentence what is wrong with a command line.

    Parameters
    ----------
    error
        What typer raised: with ``format_message``, and maybe with the ``param`` at fault.
    """
    param, cause = getattr(error, "param", None), error.__cause__
    if param is None or not isinstance(cause, ValidationError):
        return _ended(error.format_message())
    fault = cause.errors(include_url=False)[0]
    taken = _taken(param)
    name = param.opts[-1] if param.opts[-1].startswith("-") else param.name.upper()
    return f"{name} takes {taken}, not {fault['input']!r}."


def _taken(param: Any) -> str:
    """Say which values a parameter takes."""
    annotation = param.type_descriptor.annotation
    kinds = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type)]
    chosen = next((kind for kind in kinds if issubclass(kind, Enum)), None)
    if chosen is not None:
        *others, last = (repr(str(item.value)) for item in chosen)
        return f"{', '.join(others)} or {last}" if others else f"nothing but {last}"
    words = "a whole number" if int in kinds else ("a number" if float in kinds else "a value")
    low, high = (getattr(param, bound, None) for bound in ("min", "max"))
    if low is not None and high is not None:
        return f"{words} from {low:,} to {high:,}"
    if low is not None:
        return f"{words} of {low:,} or more"
    return words


def _ended(message: str) -> str:
    return message if message.endswith((".", "?", ")")) else f"{message}."
