"""Unsaved edits on disk, so that a crash loses seconds and not hours."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile

from modelstudio.errors import ProjectError
from modelstudio.resources import app_home

if TYPE_CHECKING:
    from modelstudio.project.model import Project


def journal_folder() -> Path:
    """Return where projects without a writable folder are journalled, and where locks lie."""
    folder = app_home() / "journal"
    folder.mkdir(exist_ok=True)
    return folder


class Journal:
    """The journal of one open project; a lock tells other windows that its owner lives."""

    def __init__(self) -> None:
        self.file: Path | None = None
        self._path: Path | None = None
        self._lock: QLockFile | None = None

    def attach(self, project_id: str, path: Path | None) -> None:
        """Keep the journal of this project from now on; ``path`` is its own file, if any."""
        from modelstudio.project.files import autosave_path

        self.detach()
        self._path = path
        self._id = project_id
        self._lock = _lock(project_id)
        self._lock.tryLock(0)
        if path is not None and os.access(path.parent, os.W_OK):
            self.file = autosave_path(path)
        else:
            self.file = journal_folder() / f"{project_id}.json"

    def detach(self) -> None:
        """Let go of the project; what was written stays."""
        if self._lock is not None:
            self._lock.unlock()
        self.file = self._path = self._lock = None

    def write(self, project: Project) -> None:
        """Write the project, atomically.

        Raises
        ------
        ProjectError
            When no place can be written to.
        """
        from modelstudio.project.files import dumps, write_text

        if self.file is None:
            return
        if self.file.parent == journal_folder():
            kept = {"path": str(self._path) if self._path else None, "project": dumps(project)}
            write_text(self.file, json.dumps(kept))
        else:
            write_text(self.file, dumps(project))

    def remove(self) -> None:
        """Delete what was written; the edits are saved or given up."""
        if self.file is not None:
            with contextlib.suppress(OSError):
                self.file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Recovery:
    """Unsaved edits found on disk."""

    file: Path
    path: Path | None
    name: str
    time: datetime

    def read(self) -> Project:
        """Return the project as it was.

        Raises
        ------
        ProjectError
            When the file is damaged.
        """
        from modelstudio.project.files import loads

        return loads(_parts(self.file)[0], self.file.name)

    def discard(self, unless: Path | None = None) -> None:
        """Delete the file, unless it is in use again."""
        if self.file != unless:
            with contextlib.suppress(OSError):
                self.file.unlink(missing_ok=True)


def recovery_for(path: Path) -> Recovery | None:
    """Return the unsaved edits that lie beside a project file, or None."""
    from modelstudio.project.files import autosave_path

    return _recovery(autosave_path(path), path)


def recoveries(known: Iterable[Path]) -> list[Recovery]:
    """Return unsaved edits whose owner is gone, beside ``known`` projects and in the journal."""
    found = [recovery_for(path) for path in known]
    found += [_recovery(file, None) for file in sorted(journal_folder().glob("*.json"))]
    return sorted((one for one in found if one), key=lambda one: one.time, reverse=True)


def _recovery(file: Path, path: Path | None) -> Recovery | None:
    try:
        text, own_path = _parts(file)
        raw = json.loads(text)
        if _alive(str(raw["id"])):
            return None
        path = path or own_path
        name = path.stem if path else str(raw["name"])
        return Recovery(file, path, name, datetime.fromtimestamp(file.stat().st_mtime))
    except (OSError, ValueError, KeyError, TypeError, ProjectError):
        return None


def _parts(file: Path) -> tuple[str, Path | None]:
    """Split a journal file into the project's text and the path of its own file."""
    text = file.read_text(encoding="utf-8")
    if file.parent != journal_folder():
        return text, None
    kept = json.loads(text)
    return kept["project"], Path(kept["path"]) if kept["path"] else None


def _lock(project_id: str) -> QLockFile:
    lock = QLockFile(str(journal_folder() / f"{project_id}.lock"))
    lock.setStaleLockTime(0)
    return lock


def _alive(project_id: str) -> bool:
    lock = _lock(project_id)
    if lock.tryLock(0):
        lock.unlock()
        return False
    return True
