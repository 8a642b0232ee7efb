"""New, open, save and close, with the questions they ask."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog

from modelstudio.errors import StudioError
from modelstudio.resources import app_home, resource
from modelstudio.ui.actions import tr
from modelstudio.ui.data_files import SUFFIX, named_project, project_from, table_filter
from modelstudio.ui.database import ask_database, shown_name
from modelstudio.ui.journal import Recovery, recovery_for
from modelstudio.ui.network_import import SUFFIXES as NETWORK_SUFFIXES
from modelstudio.ui.network_import import NetworkImport
from modelstudio.ui.preferences import Recents
from modelstudio.ui.widgets import ConfirmDialog, SaveDialog

if TYPE_CHECKING:
    from modelstudio.data.early_pictures import PictureHead
    from modelstudio.data.preview import TableHead
    from modelstudio.engine.events import Progress
    from modelstudio.engine.results import Draft
    from modelstudio.project.model import Project
    from modelstudio.recipe.sources import Source
    from modelstudio.ui.jobs import Job
    from modelstudio.ui.main_window import MainWindow


class ProjectFiles(QObject):
    """Carry out the commands of the project menu."""

    recents_changed = Signal()
    reading = Signal(str)
    head_read = Signal(object)
    progressed = Signal(object)
    read_ended = Signal()

    def __init__(self, main: MainWindow):
        super().__init__(main)
        self._main = main
        self._document = main.document
        self._job: Job | None = None
        self._stand_in: Project | None = None
        self._before: Path | None = None
        self.recents = Recents.load()
        self.network_import = NetworkImport(main)
        for action_id, call in {
            "project.new": self.new,
            "project.open": self.choose_and_open,
            "project.save": self.save,
            "project.save_as": self.save_as,
            "project.close": self.close,
            "data.open": self.choose_data,
            "data.open_folder": self.choose_folder,
            "data.open_database": self.choose_database,
        }.items():
            main.actions_[action_id].triggered.connect(lambda _=False, call=call: call())
        self._document.journal_failed.connect(self._tell_journal)
        self._document.replaced.connect(self._leave_reading)

    def new(self) -> None:
        """Open an empty project on the Network page."""
        from modelstudio.project.model import Project

        if self.may_leave():
            self._document.new(Project())
            self._main.go("network")

    def open_example(self, example: str, title: str) -> None:
        """Open a copy of a bundled network on the Network page."""
        from modelstudio.project.files import load_project
        from modelstudio.project.model import Project

        if self.may_leave():
            drawn = load_project(resource("examples", f"{example}{SUFFIX}"))
            self._document.new(drawn.changed(id=Project().id, name=title))
            self._main.go("network")

    def choose_and_open(self) -> None:
        """Ask for a project file and open it."""
        path, _ = QFileDialog.getOpenFileName(
            self._main, tr("Open project"), self._folder(), tr("Model Studio (*.mstudio)")
        )
        if path:
            self.open(Path(path))

    def choose_data(self) -> None:
        """Ask for a table and start a project from it."""
        path, _ = QFileDialog.getOpenFileName(
            self._main, tr("Open a table of data"), self._folder(), table_filter()
        )
        if path:
            self.open_data(Path(path))

    def choose_folder(self) -> None:
        """Ask for a folder of pictures or texts and start a project from it."""
        path = QFileDialog.getExistingDirectory(
            self._main, tr("Open a folder of data"), self._folder()
        )
        if path:
            self.open_data(Path(path))

    def choose_database(self) -> None:
        """Ask for a database and start a project from a table or a query of it."""
        ask_database(
            self._main, self._folder(), lambda wish: self.open_data(wish.place, source=wish.source)
        )

    def open(self, path: Path) -> None:
        """Open a project, start one from a table, or import a network, whichever the file is.

        ``net.py:Net`` names a class of modules besides.
        """
        file, _, name = path.name.rpartition(":")
        if name.isidentifier() and file.lower().endswith(".py"):
            self.network_import.open(path.with_name(file), name)
            return
        if path.suffix.lower() in NETWORK_SUFFIXES:
            self.network_import.open(path)
            return
        if path.suffix.lower() != SUFFIX or path.is_dir():
            self.open_data(path)
            return
        if not self.may_leave():
            return
        try:
            kept = recovery_for(path)
            if kept is not None and self._wants(kept):
                self._document.recover(kept)
            else:
                self._document.load(path)
        except StudioError as error:
            self._main.show_error(error, tr("The project could not be opened"))
            return
        self._remember()
        self._main.go("network" if self._document.project.network.nodes else "data")

    def recover(self, kept: Recovery) -> None:
        """Open unsaved edits that a crash left behind."""
        if not self.may_leave():
            return
        try:
            self._document.recover(kept)
        except StudioError as error:
            self._main.show_error(error, tr("The edits could not be restored"))
            return
        self._main.go("network" if self._document.project.network.nodes else "data")

    def open_data(
        self, place: Path | str, target: str | None = None, source: Source | None = None
    ) -> None:
        """Start a project from a table; reading goes on beside the window.

        Of a large one the first rows show at once, in an empty project that stands in for it.
        """
        if not self.may_leave():
            return
        self.cancel_reading()
        self.reading.emit(shown_name(str(place)))
        self._job = self._main.jobs.start(
            partial(project_from, place, target, source),
            name="new_project",
            events=self._take_events,
            finished=self._show_draft,
            failed=self._read_failed,
        )

    def cancel_reading(self) -> None:
        """Give up reading a table; what was open before is open again."""
        if self._job is not None:
            self._job.cancel()
            self._end_reading()
            self._give_back()

    def save(self) -> bool:
        """Save to the project's file, or ask for one; False when nothing was written."""
        if self._document.path is None:
            return self.save_as()
        if self._document.changed_on_disk() and not ConfirmDialog.ask(
            self._main,
            tr("{} changed on disk").format(self._document.path.name),
            tr("It was written elsewhere since you opened it. Saving replaces that version."),
            tr("Replace"),
        ):
            return False
        return self._write(self._document.path, self._document.project)

    def save_as(self) -> bool:
        """Ask for a file and save to it from now on."""
        start = self._document.path or Path(self._folder()) / f"{self._document.name}{SUFFIX}"
        chosen, _ = QFileDialog.getSaveFileName(
            self._main, tr("Save project as"), str(start), tr("Model Studio (*.mstudio)")
        )
        if not chosen:
            return False
        path = named_project(Path(chosen)).resolve()
        old = self._document.path
        if old is not None and path == old:
            return self.save()
        if path.name != Path(chosen).name and path.exists() and not self._may_replace(path):
            return False
        if not self._may_move_runs():
            return False
        from modelstudio.engine.projects import rebase

        project = rebase(self._document.project, old.parent if old else None, path.parent)
        return self._write(path, project) and self._bring_runs(old, path)

    def close(self) -> None:
        """Close the project and go to the welcome page."""
        if self.may_leave():
            self._document.close()
            self._main.go("welcome")

    def may_leave(self) -> bool:
        """Ask what to do with a live run and unsaved edits; False keeps the project open."""
        run = self._main.run_controller
        running = run is not None and run.running
        homeless = self._has_unsaved_runs()
        if not self._document.is_clean or homeless:
            text = tr("Without saving, the project is lost with its runs.") if homeless else ""
            if running:
                text = f"{tr('Training stops; its best weights are kept.')} {text}".strip()
            answer = SaveDialog.ask(self._main, self._document.name, text)
            if answer == "cancel" or not self._main.stop_run():
                return False
            if answer == "save" and not self.save():
                return False
        elif running and not ConfirmDialog.ask(
            self._main,
            tr("Stop training?"),
            tr("The run stops here. Its best weights are kept, and it can be resumed."),
            tr("Stop training"),
            cancel=tr("Keep training"),
        ):
            return False
        return self._main.stop_run()

    def forget(self, path: Path) -> None:
        """Take a project off the list of recents."""
        self._set_recents(self.recents.without(path))

    def _has_unsaved_runs(self) -> bool:
        """Tell whether a project without a file was trained: nothing would lead to its runs."""
        document = self._document
        if not document.is_open or document.path is not None:
            return False
        folder = app_home() / "runs" / document.project.id
        return folder.is_dir() and any(entry.is_dir() for entry in folder.iterdir())

    def _may_replace(self, path: Path) -> bool:
        """Ask to replace a file that the file dialog, which knew no ending, did not ask about."""
        return ConfirmDialog.ask(
            self._main,
            tr("{} exists already").format(path.name),
            tr("Saving replaces it."),
            tr("Replace"),
        )

    def _may_move_runs(self) -> bool:
        """Ask to stop a live run, which writes to the folder beside the present file."""
        if self._main.run_controller.running and not ConfirmDialog.ask(
            self._main,
            tr("Stop training and save?"),
            tr("Runs lie beside the project. This one stops here and can be resumed there."),
            tr("Stop and save"),
            cancel=tr("Keep training"),
        ):
            return False
        return self._main.stop_run()

    def _write(self, path: Path, project: Project) -> bool:
        try:
            self._document.save(path, project)
        except StudioError as error:
            self._main.show_error(error, tr("The project could not be saved"))
            return False
        self._remember()
        self._main.status.set_event(tr("Saved {}").format(path.name))
        return True

    def _bring_runs(self, old: Path | None, new: Path) -> bool:
        """Take the runs along to the new file; the project itself is saved already."""
        from modelstudio.engine.runs import adopt_runs, store_folder

        try:
            if old is None:
                adopt_runs(self._document.project, new)
                return True
            source = store_folder(old, self._document.project.id)
            target = store_folder(new, self._document.project.id)
            if (
                source != target
                and source.is_dir()
                and not target.exists()
                and ConfirmDialog.ask(
                    self._main,
                    tr("Bring the runs along?"),
                    tr("The runs of {old} can be copied beside {new}.").format(
                        old=old.name, new=new.name
                    ),
                    tr("Copy runs"),
                    destructive=False,
                    cancel=tr("Leave them"),
                )
            ):
                shutil.copytree(source, target)
        except (StudioError, OSError) as error:
            self._main.show_error(error, tr("The runs could not be brought along"))
        return True

    def _take_events(self, batch: list[TableHead | PictureHead | Progress]) -> None:
        from modelstudio.engine.events import Progress

        for event in batch:
            if isinstance(event, Progress):
                self.progressed.emit(event)
            else:
                self._show_head(event)

    def _show_head(self, head: TableHead | PictureHead) -> None:
        """Show what came first in a project that cannot be edited until all was read."""
        from modelstudio.project.model import Project

        if self._stand_in is not None and self._document.project is self._stand_in:
            self.head_read.emit(head)
            return
        self._before = self._document.path
        self._stand_in = Project(name=head.path.stem)
        self._document.new(self._stand_in)
        self._main.go("data")
        self._main.activity.set_enabled(False)
        self._main.actions_.show_project(False)
        self.reading.emit(head.path.name)
        self.head_read.emit(head)

    def _give_back(self) -> None:
        """Go back to the project that a table was to replace."""
        if self._stand_in is None:
            return
        self._stand_in = None
        self._document.close()
        self._main.go("welcome")
        if self._before is not None:
            self.open(self._before)

    def _leave_reading(self) -> None:
        """Give up reading a table when another project was opened meanwhile."""
        if self._job is not None and self._document.project is not self._stand_in:
            self._job.cancel()
            self._stand_in = None
            self._end_reading()

    def _end_reading(self) -> None:
        self._job = None
        self.read_ended.emit()

    def _show_draft(self, draft: Draft) -> None:
        self._stand_in = None
        self._end_reading()
        self._document.new(draft.project)
        self._main.go("data")
        for note in draft.notes[:3]:
            self._main.toasts.show_toast(tr("Please check"), note, kind="info")

    def _read_failed(self, error: Exception) -> None:
        self._end_reading()
        self._give_back()
        self._main.show_error(error, tr("The table could not be opened"))

    def _wants(self, kept: Recovery) -> bool:
        if ConfirmDialog.ask(
            self._main,
            tr("Restore unsaved edits of {}?").format(kept.name),
            tr("Edits from {:%d %b, %H:%M} were not saved before the end.").format(kept.time),
            tr("Restore"),
            destructive=False,
            cancel=tr("Open the saved version"),
        ):
            return True
        kept.discard()
        return False

    def _remember(self) -> None:
        if self._document.path is not None:
            project = self._document.project
            data = Path(project.data.path).name if project.data.path else tr("no data yet")
            kind = project.data.source.label if project.data.path else tr("Network")
            self._set_recents(self.recents.with_path(self._document.path, f"{kind} · {data}"))

    def _set_recents(self, recents: Recents) -> None:
        self.recents = recents
        recents.save()
        self.recents_changed.emit()

    def _folder(self) -> str:
        if self._document.path is not None:
            return str(self._document.path.parent)
        if self.recents.entries:
            return str(self.recents.entries[0].path.parent)
        return str(Path.home())

    def _tell_journal(self, reason: str) -> None:
        self._main.toasts.show_toast(
            tr("Autosave paused"), reason, "warning", tr("Save as"), self.save_as
        )
