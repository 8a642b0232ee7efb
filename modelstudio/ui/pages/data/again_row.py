"""Since when the rows of a database server are kept, and reading them again."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import is_connection
from modelstudio.ui.actions import tr
from modelstudio.ui.database import PasswordDialog
from modelstudio.ui.jobs import JobRunner, LatestJob
from modelstudio.ui.pages.data.sheet import wrapped
from modelstudio.ui.widgets import button


class AgainRow(QWidget):
    """Runs the query of a project anew; the rows that are kept stay unless others come.

    ``renewed`` follows once they have come, ``failed`` gives the error.
    """

    renewed = Signal()
    failed = Signal(object)

    def __init__(self, jobs: JobRunner):
        super().__init__(objectName="data.again")
        self._data = DataConfig()
        self._kept = False
        self.told = wrapped("", "axis", "tertiary")
        self.again = button(tr("Read again"), "secondary", "refresh", name="data.again.read")
        self.again.clicked.connect(self._clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.told)
        column.addWidget(self.again)
        self._job = LatestJob(jobs, self)
        self._job.events.connect(lambda batch: self._tell_rows(batch[-1].done))
        self._job.finished.connect(lambda _: self._finish())
        self._job.failed.connect(self._fail)

    def set_data(self, data: DataConfig) -> None:
        """Show since when the rows of a server are kept; nothing of a file."""
        if data.path != self._data.path or data.source != self._data.source:
            self._job.cancel()
        self._data = data
        self._kept = is_connection(data.path or "")
        self.setVisible(self._kept)
        self._show_state()

    def _clicked(self) -> None:
        if self._job.running:
            self._job.cancel()
            self._show_state()
        else:
            self._read()

    def _read(self) -> None:
        self._job.start(partial(_read_again, self._data), "read again")
        self._tell_rows(0)
        self._show_state()

    def _show_state(self) -> None:
        running = self._job.running
        self.again.setText(tr("Cancel reading") if running else tr("Read again"))
        if running or not self._kept:
            return
        from modelstudio.data.sources.kept import kept

        known = kept(self._data)
        text = tr("Its rows are not kept here yet.")
        if known is not None:
            when = datetime.fromtimestamp(known.at)
            text = tr("Its rows are kept since {}.").format(f"{when:%d %B %Y, %H:%M}".lstrip("0"))
        self.told.setText(text)

    def _tell_rows(self, rows: int) -> None:
        self.told.setText(tr("Reading: {} rows").format(f"{rows:,}") if rows else tr("Asking..."))

    def _finish(self) -> None:
        self._show_state()
        self.renewed.emit()

    def _fail(self, error: Exception) -> None:
        from modelstudio.data.sources.addresses import remember
        from modelstudio.data.sources.session import PasswordWanted

        self._show_state()
        if isinstance(error, PasswordWanted):
            password = PasswordDialog.ask(self.window(), error.message)
            if password and remember(self._data.path or "", password):
                self._read()
                return
        self.failed.emit(error)


def _read_again(data: DataConfig) -> Generator[object, None, None]:
    """Run in a job: ask the server anew."""
    from modelstudio.data import sources

    sources.renew(data)
    yield from sources.reading_plain(data)
