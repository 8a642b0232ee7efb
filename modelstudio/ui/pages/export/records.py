"""What was exported, kept for all projects of a person."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from modelstudio.engine.results import ExportReport
from modelstudio.errors import ProjectError
from modelstudio.project.files import read_json, write_text
from modelstudio.resources import app_home

MOST = 12
"""Exports kept for a project."""


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """An export and its check; ``at`` is in seconds since 1970, ``threshold`` None without one."""

    path: str
    run: str
    at: float
    threshold: float | None
    opset: int
    size_bytes: int
    rows_checked: int
    rows_agreeing: int
    max_abs_diff: float
    seconds_per_row: float
    needs_first: tuple[str, ...] = ()

    @classmethod
    def of(cls, report: ExportReport, run: str, threshold: float | None) -> ExportRecord:
        """Make the record of an export that has just ended."""
        return cls(
            str(report.path),
            run,
            time.time(),
            threshold,
            report.opset,
            report.size_bytes,
            report.rows_checked,
            report.rows_agreeing,
            report.max_abs_diff,
            report.seconds_per_row,
            report.needs_first,
        )

    @property
    def same(self) -> bool:
        """True when the file gives the same answers as the trained network."""
        return self.rows_agreeing == self.rows_checked > 0

    @property
    def exists(self) -> bool:
        """True while the file is where it was written."""
        return Path(self.path).is_file()


def _file() -> Path:
    return app_home() / "exports.json"


def records(project_id: str) -> list[ExportRecord]:
    """Return the exports of a project, newest first."""
    kept = read_json(_file())
    found = []
    for raw in kept.get(project_id, []) if isinstance(kept, dict) else []:
        with contextlib.suppress(TypeError):
            found.append(ExportRecord(**{**raw, "needs_first": tuple(raw.get("needs_first", ()))}))
    return found


def keep(project_id: str, record: ExportRecord) -> None:
    """Put an export on top; an earlier one of the same file is forgotten."""
    kept = read_json(_file())
    kept = kept if isinstance(kept, dict) else {}
    others = [old for old in records(project_id) if old.path != record.path]
    kept[project_id] = [asdict(entry) for entry in (record, *others)][:MOST]
    with contextlib.suppress(ProjectError):
        write_text(_file(), json.dumps(kept, indent=1))
