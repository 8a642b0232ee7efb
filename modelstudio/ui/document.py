"""The open project: the one place where it changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from modelstudio.errors import ProjectError
from modelstudio.project.undo import UndoStack
from modelstudio.ui.journal import Journal, Recovery

if TYPE_CHECKING:
    from modelstudio.project.model import Project

AUTOSAVE_MS = 2000


class Document(QObject):
    """Hold the current project and its history; tell views what changed.

    Views take ``changed(old, new)`` and skip the parts that are the same object. ``replaced`` comes
    instead when another project was opened.
    """

    changed = Signal(object, object)
    replaced = Signal()
    clean_changed = Signal(bool)
    history_changed = Signal()
    path_changed = Signal(object)
    saved = Signal()
    journal_failed = Signal(str)

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._stack: UndoStack[Project] | None = None
        self._path: Path | None = None
        self._stamp: tuple[int, int] | None = None
        self._open = False
        self._journal = Journal()
        self._autosave = QTimer(self, singleShot=True, interval=AUTOSAVE_MS)
        self._autosave.timeout.connect(self.write_journal)

    @property
    def stack(self) -> UndoStack[Project]:
        """The history; an empty project while none is open.

        It is made when it is first asked for: the models behind a project take longer to import
        than the window takes to appear.
        """
        if self._stack is None:
            from modelstudio.project.model import Project

            self._stack = UndoStack(Project())
        return self._stack

    @property
    def project(self) -> Project:
        """The current project; never changed in place."""
        return self.stack.value

    @property
    def path(self) -> Path | None:
        """The project's file, or None while it has none."""
        return self._path

    @property
    def name(self) -> str:
        """What the project is called."""
        return self._path.stem if self._path else self.project.name

    @property
    def is_open(self) -> bool:
        """False on the welcome page, before any project."""
        return self._open

    @property
    def is_clean(self) -> bool:
        """True when nothing would be lost by closing."""
        return self._stack is None or self._stack.clean

    @property
    def can_undo(self) -> bool:
        """True when an edit can be taken back."""
        return self.undo_label != ""

    @property
    def can_redo(self) -> bool:
        """True when an edit can be done again."""
        return self.redo_label != ""

    @property
    def undo_label(self) -> str:
        """Name of the edit that undo takes back."""
        return (self._stack and self._stack.undo_label) or ""

    @property
    def redo_label(self) -> str:
        """Name of the edit that redo brings back."""
        return (self._stack and self._stack.redo_label) or ""

    def edit(self, label: str, project: Project, merge_key: str | None = None) -> None:
        """Make ``project`` the current one; ``label`` names the edit in the undo menu.

        Edits in a row with the same ``merge_key`` (a drag, typing) are one undo step.
        """
        old = self.project
        if project is old or project == old:
            return
        self._step(old, lambda: self.stack.push(project, label, merge_key))

    def refresh(self, project: Project) -> None:
        """Take over what was worked out rather than decided; it makes no undo entry."""
        old = self.project
        if project is old or project == old:
            return
        self.stack.amend(project)
        self.changed.emit(old, project)

    def undo(self) -> None:
        """Take the last edit back."""
        if self.can_undo:
            self._step(self.project, self.stack.undo)

    def redo(self) -> None:
        """Do the edit again."""
        if self.can_redo:
            self._step(self.project, self.stack.redo)

    def new(self, project: Project) -> None:
        """Open a project that has no file yet."""
        self._replace(project, None)

    def load(self, path: Path) -> None:
        """Open a project file.

        Raises
        ------
        ProjectError
            When it cannot be read; the open project stays.
        """
        from modelstudio.project.files import load_project

        self._replace(load_project(path), path.resolve())

    def recover(self, recovery: Recovery) -> None:
        """Open what the journal kept; it counts as unsaved.

        Raises
        ------
        ProjectError
            When the journal cannot be read; it is kept.
        """
        self._replace(recovery.read(), recovery.path)
        self.stack.mark_dirty()
        self.clean_changed.emit(False)
        self.history_changed.emit()
        self.write_journal()
        recovery.discard(unless=self._journal.file)

    def changed_on_disk(self) -> bool:
        """Return True when someone else wrote the file since it was read or saved here."""
        return self._path is not None and self._stamp != _stamp(self._path)

    def save(self, path: Path | None = None, project: Project | None = None) -> None:
        """Write the project to its file, or to another one from now on.

        ``project`` stands for the current one when the move to another folder changed its paths.

        Raises
        ------
        ProjectError
            When it cannot be written; the old file is whole and the edits are still here.
        """
        from modelstudio.project.files import save_project

        target = path.resolve() if path else self._path
        if target is None:
            raise ProjectError("The project has no file yet.", fix="Use Save as and choose one.")
        project = project or self.project
        if project.name != target.stem:
            project = project.changed(name=target.stem)
        save_project(project, target)
        self._autosave.stop()
        self._journal.remove()
        self._stamp = _stamp(target)
        self.refresh(project)
        self.stack.mark_clean()
        if target != self._path:
            self._path = target
            self._journal.attach(project.id, target)
            self.path_changed.emit(target)
        self.clean_changed.emit(True)
        self.saved.emit()

    def close(self) -> None:
        """Let go of the project and what the journal kept of it."""
        self._autosave.stop()
        self._journal.remove()
        self._journal.detach()
        was_open, self._open = self._open, False
        self._stack = self._path = self._stamp = None
        if was_open:
            self.replaced.emit()
            self.path_changed.emit(None)
            self.history_changed.emit()

    def write_journal(self) -> None:
        """Write the unsaved edits beside the project now."""
        self._autosave.stop()
        if self.is_clean or not self._open:
            self._journal.remove()
            return
        try:
            self._journal.write(self.project)
        except ProjectError as error:
            self.journal_failed.emit(str(error))

    def _replace(self, project: Project, path: Path | None) -> None:
        self._autosave.stop()
        self._journal.remove()
        self._stack = UndoStack(project)
        self._path, self._open = path, True
        self._stamp = _stamp(path) if path else None
        self._journal.attach(project.id, path)
        self.replaced.emit()
        self.path_changed.emit(path)
        self.clean_changed.emit(True)
        self.history_changed.emit()

    def _step(self, old: Project, act: Callable[[], object]) -> None:
        clean = self.is_clean
        act()
        self.changed.emit(old, self.project)
        self.history_changed.emit()
        if clean != self.is_clean:
            self.clean_changed.emit(self.is_clean)
        if not self._autosave.isActive():
            self._autosave.start()


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
