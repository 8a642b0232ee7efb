"""Python text: literals, names of classes, and lines that are not too long."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from modelstudio.network.shapes import identifier

WIDTH = 100
"""Most characters of a line."""

INDENT = 4
"""Spaces before the lines of a class."""

_OPEN, _CLOSED = "([{", ")]}"


def literal(value: Any) -> str:
    """Write a plain value."""
    return json.dumps(value) if isinstance(value, str) else repr(value)


def class_name(labels: Iterable[str], taken: set[str]) -> str:
    """Return a free name for the class of the groups with these names, and take it.

    Several groups are named after what their names have in common: ``down1``, ``down2`` are Down.
    """
    first, *others = (identifier(label).strip("_") for label in labels)
    if others:
        first = _common([without_number(label).split("_") for label in (first, *others)])
    spoken = "".join(word[:1].upper() + word[1:] for word in first.split("_")) or "Group"
    stem = identifier(spoken)
    found, number = stem, 2
    while found in taken:
        found, number = f"{stem}{number}", number + 1
    taken.add(found)
    return found


def without_number(label: str) -> str:
    """Return a name without the number behind it."""
    return re.sub(r"_*\d+$", "", label) or label


def _common(names: list[list[str]]) -> str:
    """Return the words that all names begin with or end in, else the first name."""
    for backward in (False, True):
        words: list[str] = []
        for column in zip(*(reversed(name) if backward else name for name in names), strict=False):
            if len(set(column)) > 1:
                break
            words.append(column[0])
        if words:
            return "_".join(reversed(words) if backward else words)
    return "_".join(names[0])


def docstring(*paragraphs: str) -> Iterator[str]:
    """Yield the lines of a docstring, indented."""
    space = " " * INDENT
    if len(paragraphs) == 1 and len(paragraphs[0]) + INDENT + 6 <= WIDTH:
        yield f'{space}"""{paragraphs[0]}"""'
        return
    first, *further = (
        textwrap.wrap(text, WIDTH - INDENT - 3, break_long_words=False) for text in paragraphs
    )
    yield f'{space}"""{first[0]}'
    yield from (f"{space}{line}" for line in first[1:])
    for paragraph in further:
        yield ""
        yield from (f"{space}{line}" for line in paragraph)
    yield f'{space}"""'


def fitted(line: str) -> Iterator[str]:
    """Yield a statement as lines that are not too long: its outermost brackets are opened."""
    if len(line) <= WIDTH:
        yield line
        return
    if (ends := _brackets(line)) is None:
        line = re.sub(r"^(\s*)(return|.*? =) (.*)$", r"\1\2 (\3)", line)
        if (ends := _brackets(line)) is None:
            yield line
            return
    begin, end = ends
    space = " " * (len(line) - len(line.lstrip()))
    items = list(_items(line[begin + 1 : end]))
    yield line[: begin + 1]
    together = f"{space}    {', '.join(items)}"
    if len(together) <= WIDTH and not line[end:].endswith(":"):
        yield together
    else:
        alone = len(items) == 1 and not line[begin - 1 : begin].isidentifier()
        for item in items:
            yield from fitted(f"{space}    {item}{'' if alone else ','}")
    yield f"{space}{line[end:]}"


def _brackets(line: str) -> tuple[int, int] | None:
    """Return where the longest outermost pair of brackets begins and ends."""
    best, depth, begin = None, 0, 0
    for place, char in _signs(line):
        if char in _OPEN:
            begin = begin if depth else place
            depth += 1
        elif char in _CLOSED:
            depth -= 1
            if not depth and (best is None or place - begin > best[1] - best[0]):
                best = begin, place
    return best if best is not None and best[1] - best[0] > 1 else None


def _items(text: str) -> Iterator[str]:
    """Yield what commas part, those inside of brackets left alone."""
    depth = start = 0
    for place, char in _signs(text):
        depth += (char in _OPEN) - (char in _CLOSED)
        if char == "," and not depth:
            yield text[start:place].strip()
            start = place + 1
    if text[start:].strip():
        yield text[start:].strip()


def _signs(text: str) -> Iterator[tuple[int, str]]:
    """Yield the characters of a text that do not stand in quotes."""
    quote, escaped = "", False
    for place, char in enumerate(text):
        if quote:
            quote = "" if char == quote and not escaped else quote
            escaped = char == "\\" and not escaped
        elif char in "\"'":
            quote = char
        else:
            yield place, char
