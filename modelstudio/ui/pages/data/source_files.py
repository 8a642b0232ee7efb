"""Where the data of the project lies: chosen, dropped, or looked for after it was moved."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from modelstudio.data import sources
from modelstudio.errors import StudioError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import AudioFolder, ImageFolder, TextFolder, is_connection
from modelstudio.ui.actions import tr
from modelstudio.ui.data_files import DATA_SUFFIXES, table_filter
from modelstudio.ui.jobs import JobRunner, LatestJob
from modelstudio.ui.pages.data.commands import DataCommands

FOLDERS = (ImageFolder, AudioFolder, TextFolder)
"""Sources of which each file is a row."""


class SourceFiles(QObject):
    """Ask for files; ``chosen`` gives one to take into the project, ``located`` follows a move."""

    chosen = Signal(Path)
    located = Signal()
    tables_found = Signal(tuple)

    def __init__(self, commands: DataCommands, jobs: JobRunner, page: QWidget):
        super().__init__(page)
        self._listing = LatestJob(jobs, self)
        self._listing.finished.connect(self.tables_found)
        self._commands = commands
        self._page = page
        page.setAcceptDrops(True)

    @property
    def path(self) -> Path:
        """The file or folder of the data."""
        return (self._commands.base or Path()) / (self._data.path or "")

    @property
    def folder(self) -> str:
        """The folder whose files are the rows, with a separator at its end; empty of a table."""
        of_files = isinstance(self._data.source, FOLDERS) and self._data.path
        path = sources.resolve(self._data.path or "", self._commands.base)
        return f"{path.parent if path.is_file() else path}{os.sep}" if of_files else ""

    @property
    def place(self) -> Path | str:
        """The file or folder of the data, or the address of its database as text."""
        address = self._data.path or ""
        return address if is_connection(address) else self.path

    @property
    def is_lost(self) -> bool:
        """True when no file is where the data should lie."""
        return isinstance(self.place, Path) and self.stamp is None

    @property
    def stamp(self) -> tuple[int, int] | None:
        """What changes with the data; None when it is not there."""
        return sources.stamp(self._data, self._commands.base) if self._data.path else None

    def choose(self) -> None:
        """Ask for a table to take into the project."""
        if path := self._ask_file(tr("Open a table of data")):
            self.chosen.emit(path)

    def choose_test(self) -> None:
        """Ask for a second table whose rows are the test rows."""
        if path := self._ask_file(tr("Choose the table with the test rows")):
            self._commands.set_test_file(path)

    def list_tables(self) -> None:
        """Find out which other sheets or tables there are."""
        self._listing.start(partial(_tables, self._data, self._commands.base), "tables")

    def locate(self) -> None:
        """Ask where the data went."""
        title = tr("Where is {}?").format(Path(self._data.path or "").name)
        folder = isinstance(self._data.source, FOLDERS)
        if path := (self._ask_folder if folder else self._ask_file)(title):
            self._commands.locate(path)
            self.located.emit()

    def drag(self, event: QDropEvent) -> None:
        """Say whether what is dragged over the page may be dropped there."""
        event.setAccepted(self._dropped(event) is not None)

    def drop(self, event: QDropEvent) -> None:
        """Take what is dropped on the page."""
        path = self._dropped(event)
        event.setAccepted(path is not None)
        if path is not None:
            self.chosen.emit(path)

    def _dropped(self, event: QDropEvent) -> Path | None:
        """Return the one table or folder that is dropped on a project without data."""
        urls = event.mimeData().urls()
        if self._data.path is not None or len(urls) != 1 or not urls[0].isLocalFile():
            return None
        path = Path(urls[0].toLocalFile())
        return path if path.is_dir() or path.suffix.lower() in DATA_SUFFIXES else None

    @property
    def _data(self) -> DataConfig:
        return self._commands.data

    def _ask_folder(self, title: str) -> Path | None:
        start = str(self._commands.base or Path.home())
        path = QFileDialog.getExistingDirectory(self._page, title, start)
        return Path(path) if path else None

    def _ask_file(self, title: str) -> Path | None:
        folder = str(self._commands.base or Path.home())
        path, _ = QFileDialog.getOpenFileName(self._page, title, folder, table_filter())
        return Path(path) if path else None


def _tables(data: DataConfig, base: Path | None) -> tuple[str, ...]:
    """Run in a job: list the sheets or tables; none where they cannot be read."""
    try:
        return sources.tables(data, base)
    except StudioError:
        return ()
