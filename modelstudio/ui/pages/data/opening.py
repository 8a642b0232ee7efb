"""Reading a table into the open project, with a way out when it takes long."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from modelstudio.engine.events import Progress
from modelstudio.engine.results import Draft
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.sources import Source, Table
from modelstudio.ui.actions import tr
from modelstudio.ui.database import shown_name
from modelstudio.ui.jobs import JobRunner, LatestJob
from modelstudio.ui.pages.data.feed import after_head
from modelstudio.ui.widgets import ProgressPanel, column, row

_SHOW_AFTER_MS = 150


class Opening(QObject):
    """Draft a project's data from a file; ``shown`` comes when the progress should be in sight.

    ``head_read`` gives the first rows of a large table at once, and longer and longer lists of the
    pictures of a folder; ``progressed`` tells how far it is.
    """

    opened = Signal(object, object)
    progressed = Signal(object)
    head_read = Signal(object)
    failed = Signal(object)
    shown = Signal()
    ended = Signal()

    def __init__(self, jobs: JobRunner, parent: QObject):
        super().__init__(parent)
        self._path = Path()
        self._job = LatestJob(jobs, self)
        self._job.events.connect(self._take_events)
        self._job.finished.connect(self._finish)
        self._job.failed.connect(self._fail)
        self._late = QTimer(self, singleShot=True, interval=_SHOW_AFTER_MS)
        self._late.timeout.connect(self.shown)
        self.panel = ProgressPanel(tr("Reading"), name="data.reading")
        self.panel.setFixedWidth(440)
        self.panel.cancelled.connect(self.cancel)
        self.panel_holder: QWidget = column(None, row(None, self.panel, None), None)

    @property
    def running(self) -> bool:
        """True while a file is read."""
        return self._job.running

    def start(self, project: Project, place: Path | str, source: Source | None = None) -> None:
        """Read a file or an address, or a part of it; a file that is being read is given up."""
        self._path = path = Path(place)
        self.panel.set_title(tr("Reading {}").format(shown_name(str(place))))
        self._late.start()
        data = DataConfig(
            path=place if isinstance(place, str) else str(path.resolve()),
            csv=project.data.csv.asked(),
            source=source or Table(),
        )
        work = partial(after_head, data, None, partial(_open, project, place, source))
        self._job.start(partial(_after_pictures, path, work), "open")

    def cancel(self) -> None:
        """Give it up; the project stays as it is."""
        self._late.stop()
        self._job.cancel()
        self.ended.emit()

    def _take_events(self, batch: list[Any]) -> None:
        for event in batch:
            if isinstance(event, Progress):
                self.panel.tell(event)
                self.progressed.emit(event)
            else:
                self._late.stop()
                self.head_read.emit(event)

    def _finish(self, draft: Draft) -> None:
        self._late.stop()
        self.ended.emit()
        self.opened.emit(draft, self._path)

    def _fail(self, error: Exception) -> None:
        self._late.stop()
        self.ended.emit()
        self.failed.emit(error)


def _after_pictures(
    path: Path, work: Callable[[], Generator[Any, None, Draft]]
) -> Generator[Any, None, Draft]:
    from modelstudio.data.early_pictures import heads

    yield from heads(path)
    return (yield from work())


def _open(
    project: Project, path: Path | str, source: Source | None
) -> Generator[Progress, None, Draft]:
    from modelstudio.engine import projects

    if source is None:
        return (yield from projects.opening(project, path))
    return (yield from projects.opening(project, path, source=source))
