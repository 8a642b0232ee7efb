"""What a finding is, and what a click can do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from modelstudio.recipe.columns import Column, Role
from modelstudio.recipe.steps import Step

MOST_ROWS = 20
"""Rows that a finding names."""

MOST_LEFT_OUT = 10_000
"""Rows or files that a fix leaves out by their numbers or names."""

Severity = Literal["success", "fact", "info", "warning", "error"]
"""How grave it is; a success and a mere fact are shown where there is room, and are no problem."""


@dataclass(frozen=True, slots=True)
class SetRole:
    """Give columns another role."""

    columns: tuple[str, ...]
    role: Role = "ignored"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"type": "role", "columns": list(self.columns), "role": self.role}


@dataclass(frozen=True, slots=True)
class SetSplit:
    """Change settings of the split."""

    changes: tuple[tuple[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"type": "split", **dict(self.changes)}


@dataclass(frozen=True, slots=True)
class SetReading:
    """Read the file in another way: settings of `CsvOptions`."""

    changes: tuple[tuple[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"type": "reading", **dict(self.changes)}


@dataclass(frozen=True, slots=True)
class LeaveFilesOut:
    """Use some pictures of a folder no more: they join `ImageFolder.left_out`."""

    names: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"type": "leave_files_out", "files": list(self.names)}


Fix = Step | SetRole | SetSplit | SetReading | LeaveFilesOut


@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth a look.

    Parameters
    ----------
    columns
        Columns it is about, the most telling first.
    fix
        What would deal with it.
    rows
        Rows to look at, counted from 0 in the source, at most `MOST_ROWS` of ``count``.
    """

    kind: str
    severity: Severity
    text: str
    columns: tuple[str, ...] = ()
    fix: Fix | None = None
    rows: tuple[int, ...] = ()
    count: int = 0

    @property
    def column(self) -> str | None:
        """The column that shows it best."""
        return self.columns[0] if self.columns else None

    @property
    def is_problem(self) -> bool:
        """Whether something is to be done about it or weighed."""
        return self.severity not in ("success", "fact")

    @property
    def suggested_step(self) -> Step | None:
        """The step of a recipe that would deal with it, if one would."""
        return self.fix if isinstance(self.fix, Step) else None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "columns": list(self.columns),
            "rows": list(self.rows),
            "count": self.count,
            "message": self.text,
            "fix": None if self.fix is None else self.fix.to_dict(),
        }


def first_rows(rows: Iterable[Any]) -> tuple[int, ...]:
    """Return the first rows in order."""
    return tuple(sorted({int(row) for row in rows})[:MOST_ROWS])


def severity_of(column: Column) -> Severity:
    """Return how grave a fault of a column is: one that is ignored does no harm."""
    return "info" if column.role == "ignored" else "warning"
