"""Rows that are no samples: sums of the others, and notes below the table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import polars as pl

from modelstudio.data.findings.finding import Finding, first_rows
from modelstudio.data.formulas import holds
from modelstudio.data.sources.values import as_text, to_numbers
from modelstudio.recipe.steps import FilterRows, LeaveOut, Step
from modelstudio.recipe.steps.rows import written_rows

LAST = 5
"""Rows at the end that are looked at."""

FEWEST = 5
"""Rows above a sum from which it proves anything."""

_TOTAL = re.compile(
    r"(?i:(grand |sub-?)?totals?|sum|sums|sum total|overall|(gesamt)?summe|gesamt|insgesamt|somme|"
    r"totaux|suma|totale|totaal|mean|average|mittelwert|durchschnitt|moyenne):?"
)
"""What stands beside the sums or means of a table."""


def total_findings(frame: pl.DataFrame, plain: pl.DataFrame) -> tuple[list[Finding], int]:
    """Look for such rows at the end; return also how many rows stand above them.

    Parameters
    ----------
    frame
        The whole source, each column as its kind.
    plain
        The same rows as they are written.
    """
    rows = plain.height
    first = max(FEWEST, rows - LAST)
    if rows <= FEWEST or plain.width < 2:
        return [], rows
    last = [as_text(column.slice(first)).to_list() for column in plain]
    notes, totals = [], []
    for row in range(rows - 1, first - 1, -1):
        cells = [column[row - first] for column in last]
        if _is_note(cells, plain, row):
            notes.append(row)
        elif _names_total(cells, plain, row) or _adds_up(cells, plain, row):
            totals.append(row)
        else:
            break
    found = []
    for kind, these, what in (("total_row", totals, "total"), ("note_row", notes, "note")):
        if these:
            text = f"At the end {len(these)} rows are {what}s"
            if len(these) == 1:
                which = "Last row" if these == [rows - 1] else f"Row {these[0] + 1:,}"
                text = f"{which} is a {what}"
            words, fix = _first_words(plain, these[-1]), _without(frame, these)
            columns = () if words is None else (words,)
            shown = first_rows(these)
            found.append(Finding(kind, "warning", text, columns, fix, shown, len(these)))
    return found, rows - len(notes) - len(totals)


def _is_note(cells: Sequence[str | None], plain: pl.DataFrame, row: int) -> bool:
    """Tell whether only the first cell of a row is filled, by words, as in no row above."""
    if len(cells) < 3 or not cells[0] or any(cell is not None for cell in cells[1:]):
        return False
    if to_numbers(pl.Series([cells[0]]))[0] is not None:
        return False
    others = pl.DataFrame(plain.get_columns()[1:])[:row]
    return not others.select(pl.all_horizontal(pl.all().is_null()).any()).item()


def _names_total(cells: Sequence[str | None], plain: pl.DataFrame, row: int) -> bool:
    """Tell whether a cell says that a row is a total, which none in its column above does."""
    for cell, column in zip(cells, plain, strict=True):
        if cell and column.dtype == pl.String and _TOTAL.fullmatch(cell):
            return not (column[:row] == cell).any()
    return False


def _adds_up(cells: Sequence[str | None], plain: pl.DataFrame, row: int) -> bool:
    """Tell whether numbers of a row without a name are the sums of their columns above."""
    if cells[0] is not None:
        return False
    sums = 0
    for cell, column in zip(cells, plain, strict=True):
        value = None if cell is None else to_numbers(pl.Series([cell]))[0]
        if value is None:
            continue
        above = column[:row] if column.dtype == pl.Float64 else to_numbers(as_text(column[:row]))
        held = above.drop_nulls()
        if len(held) < FEWEST or held.abs().sum() == 0:
            return False
        if not np.isclose(float(held.sum()), value, rtol=1e-6, atol=1e-9):
            return False
        sums += 1
    return sums > 0


def _first_words(plain: pl.DataFrame, row: int) -> str | None:
    """Return the first column with words in a row."""
    for column in plain:
        cell = column[row : row + 1]
        if column.dtype == pl.String and cell[0] and to_numbers(cell)[0] is None:
            return column.name
    return None


def _without(frame: pl.DataFrame, rows: Sequence[int]) -> Step:
    """Return a step that leaves out just these rows: by a condition on one column, if one does."""
    wanted = np.ones(frame.height, bool)
    wanted[list(rows)] = False
    for column in frame:
        name = f"`{column.name.replace('`', '``')}`"
        cells = column.gather(list(rows))
        unlike = " and ".join(f"{name} != {cell!r}" for cell in cells.unique(maintain_order=True))
        conditions = [f"not is_missing({name})"]
        if column.dtype in (pl.String, pl.Float64) and not cells.null_count():
            conditions = [f"is_missing({name}) or ({unlike})", unlike]
        for condition in conditions:
            with suppress(ValueError):  # a text that is too long, a name of several lines
                if (holds(condition, frame) == wanted).all():
                    return FilterRows(condition=condition)
    return LeaveOut(rows=written_rows(rows))
