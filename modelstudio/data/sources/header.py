"""Where a text table begins, and what its columns are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from modelstudio.data.sources import ROW
from modelstudio.data.sources.delimiter import NUMBER, usual_width
from modelstudio.data.sources.numbers import MISSING_NUMBERS
from modelstudio.recipe.columns import is_pattern

LONGEST_PREAMBLE = 10
"""Lines of one cell above the header, such as a title, that are passed over."""

FEWEST = 20
"""Records from which a first one like the others is told to be no header."""


def unique_names(header: Sequence[str]) -> tuple[str, ...]:
    """Give every column a name of its own, and none that is a pattern."""
    taken: Counter[str] = Counter()
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = cell.strip().lstrip("\ufeff") or f"column_{number}"
        name = "row" if name == ROW else f"{name}_" if is_pattern(name) else name
        taken[name] += 1
        while taken[name] > 1 and f"{name}_{taken[name]}" in taken:
            taken[name] += 1
        final = name if taken[name] == 1 else f"{name}_{taken[name]}"
        if final != name:
            taken[final] += 1
        names.append(final)
    return tuple(names)


def count_above(rows: Sequence[Sequence[str]]) -> int:
    """Count the lines above a table: of one cell where it is even, or with one cell filled.

    Comments behind a # or % count too, unless one is the header.
    """
    above, most = 0, min(LONGEST_PREAMBLE, len(rows) - 2)
    usual, _ = usual_width(rows)
    while above < most and len(rows[above]) != usual and rows[above][0].startswith(("#", "%")):
        above += 1
    if above:
        return above
    while above < most and len(rows[above]) == 1:
        above += 1
    width, share = usual_width(rows[above:])
    if above:
        return above if width > 1 and share == 1.0 else 0
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows[: most + 1]]
    while above < most and filled[above] < 2 < width:
        above += 1
    titles = all(row[0].strip() or not any(row) for row in rows[:above])
    if not above or filled[above] < len(rows[above]) - _empty_at_end(rows[above:]):
        return 0
    return above if titles or has_header(rows[above:]) else 0


def _empty_at_end(rows: Sequence[Sequence[str]]) -> int:
    """Tell by 1 or 0 whether the last cell is empty in every row of the usual width."""
    width, _ = usual_width(rows)
    return int(all(not row[-1].strip() for row in rows if len(row) == width))


def has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Tell names from values: words above numbers are names, numbers above numbers are none.

    Numbers may still name columns when they count up or are years.
    """
    first = [cell.strip() for cell in rows[0]]
    numbers = [cell for cell in first if NUMBER.fullmatch(cell)]
    if len(rows) < 2:
        return True
    below = list(zip(*(row for row in rows[1:] if len(row) == len(first)), strict=True))
    if not numbers:
        again = len(rows) >= FEWEST and any(map(_comes_again, first, below))
        return not again or any(map(_numeric, below))
    if any(
        name and name not in MISSING_NUMBERS and not NUMBER.fullmatch(name) and _numeric(cells)
        for name, cells in zip(first, below, strict=False)
    ):
        return True
    if len(set(first)) < len(first) or not all(cell.isdigit() for cell in numbers):
        return False
    counted = [int(cell) for cell in numbers]
    upwards = counted[0] in (0, 1) and len(counted) > 2
    upwards &= all(b - a == 1 for a, b in pairwise(counted))
    return upwards or all(1800 <= number <= 2200 for number in counted)


def _comes_again(name: str, cells: Sequence[str]) -> bool:
    """Tell whether what may be the name of a column is rather one of its categories."""
    return bool(name) and sum(cell.strip() == name for cell in cells) > max(1, 0.01 * len(cells))


def _numeric(cells: Sequence[str]) -> bool:
    known = [cell.strip() for cell in cells if cell.strip() not in ("", *MISSING_NUMBERS)]
    return bool(known) and all(NUMBER.fullmatch(cell) for cell in known)


def with_side_column(header: list[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Name a column that the header leaves out: row names at the left, or nothing at the right."""
    if any(len(row) != len(header) + 1 for row in body):
        return header
    return [*header, ""] if all(not row[-1].strip() for row in body) else ["", *header]
