"""A Python program as it comes together."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH = 76
"""Characters of a line of values."""

_STANDARD = {"json", "re", "unicodedata", "wave"}
"""Modules that come with Python."""


@dataclass
class Program:
    """Imports, lines, and what each input of the file is given.

    Parameters
    ----------
    given
        An expression by input.
    """

    imports: list[str] = field(default_factory=lambda: ["import numpy as np", "import onnxruntime"])
    lines: list[str] = field(default_factory=list)
    given: dict[str, str] = field(default_factory=dict)

    def needs(self, *imports: str) -> None:
        """Import something besides."""
        self.imports += [each for each in imports if each not in self.imports]

    def add(self, text: str) -> None:
        """Add lines, without the indent that they share."""
        self.lines += textwrap.dedent(text).strip("\n").splitlines()

    def text(self, file_name: str, ending: Sequence[str]) -> str:
        """Return the whole program for a file."""
        own = sorted(each for each in self.imports if each.split()[1] in _STANDARD)
        other = sorted(each for each in self.imports if each not in own)
        head = [*own, *([""] if own else []), *other, ""]
        opened = f"model = onnxruntime.InferenceSession({file_name!r})"
        sample = [f"    {name!r}: {value}," for name, value in self.given.items()]
        return "\n".join([*head, opened, *self.lines, "sample = {", *sample, "}", *ending, ""])


_TYPES: dict[type, tuple[str, str]] = {
    str: ("''", ", dtype=object"),
    float: ("np.nan", ""),
    int: ("0", ", dtype=np.int64"),
}
"""What stands for a missing value, and the type of the array, by what it holds."""


def array(values: Sequence[object], kind: type) -> str:
    """Write values of a kind as an array of one sample."""
    missing, dtype = _TYPES[kind]
    cells = [missing if value is None or value != value else repr(value) for value in values]
    line = f"np.array([[{', '.join(cells)}]]{dtype})"
    if len(line) <= WIDTH:
        return line
    inside = "\n".join(_wrapped(cells))
    return f"np.array([[\n{inside}\n    ]]{dtype})"


def _wrapped(cells: Sequence[str]) -> list[str]:
    """Break cells into lines; none is cut in two."""
    lines = [""]
    for cell in cells:
        if lines[-1] and len(lines[-1]) + len(cell) + 2 > WIDTH - 8:
            lines.append("")
        lines[-1] += f"{', ' if lines[-1] else ''}{cell}"
    return [f"        {line}," for line in lines]
