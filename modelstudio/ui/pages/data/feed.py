"""What the page knows of the data: asked for in the background, the newest request wins."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from modelstudio.engine.results import DataReport
from modelstudio.project.model import DataConfig, Project
from modelstudio.ui.jobs import JobRunner, LatestJob

_SETTLE_MS = 60
"""Edits closer together than this are described once."""


class DataFeed(QObject):
    """Describe the data and fetch rows, each in a job of its own.

    ``started`` and ``described`` or ``failed`` bracket a description; ``described`` also gives the
    seconds it took.
    """

    started = Signal()
    progressed = Signal(object)
    described = Signal(object, float)
    failed = Signal(object)
    cancelled = Signal()
    rows_found = Signal(object)
    rows_failed = Signal(object)
    columns_found = Signal(tuple)
    column_seen = Signal(object)

    def __init__(self, jobs: JobRunner, parent: QObject):
        super().__init__(parent)
        self._project: Project | None = None
        self._base: Path | None = None
        self._began = 0.0
        self._new = True
        self.report: DataReport | None = None
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self._describe)
        self._description = LatestJob(jobs, self)
        self._description.events.connect(lambda batch: self.progressed.emit(batch[-1]))
        self._description.finished.connect(self._take_report)
        self._description.failed.connect(self.failed)
        self._description.cancelled.connect(self.cancelled)
        self._rows = LatestJob(jobs, self)
        self._rows.events.connect(lambda batch: self.rows_found.emit(batch[-1].rows))
        self._rows.finished.connect(self._take_rows)
        self._rows.failed.connect(self.rows_failed)
        self._final = LatestJob(jobs, self)
        self._final.finished.connect(lambda table: self.columns_found.emit(table.columns))

        self._column = LatestJob(jobs, self)
        self._column.finished.connect(self.column_seen)

    @property
    def busy(self) -> bool:
        """True while a description is due or under way."""
        return self._settle.isActive() or self._description.running

    def set_project(self, project: Project, base: Path | None, *, anew: bool = False) -> bool:
        """Describe this project unless its choices are those described last; True if it will."""
        known = self._project
        same = known is not None and decided(known.data) == decided(project.data)
        if same and base == self._base and not anew:
            self._project = project
            return False
        self._project, self._base = project, base
        if anew:
            self.report, self._new = None, True
        self._description.cancel()
        self._settle.start()
        self.started.emit()
        return True

    def forget(self) -> None:
        """Give up all requests and what was known."""
        self._settle.stop()
        for job in (self._description, self._rows, self._final, self._column):
            job.cancel()
        self._project = self.report = None

    def cancel(self) -> None:
        """Give up the description under way; what was known before stays."""
        self._settle.stop()
        self._description.cancel()
        self.cancelled.emit()

    def ask_rows(
        self, upto: int | None, offset: int, limit: int, sort: tuple[str, bool] | None
    ) -> None:
        """Fetch rows; the answer is dropped when others are asked for before it comes.

        Of a large table that was not read yet, the first rows come ahead of the answer.
        """
        if self._project is None:
            return
        source: partial[Any] = partial(
            _preview, self._project, self._base, upto, offset, limit, sort
        )
        if self._new and (upto, offset, sort) == (0, 0, None):
            source = partial(after_head, self._project.data, self._base, source)
        self._rows.start(source, "preview")

    def ask_columns(self) -> None:
        """Find out which columns the whole recipe leaves."""
        if self._project is not None:
            self._final.start(partial(_preview, self._project, self._base, None, 0, 1, None))

    def ask_column(self, name: str) -> None:
        """Look closer at a column of the table."""
        if self._project is not None:
            self._column.start(partial(_view_column, self._project.data, name, self._base))

    def _describe(self) -> None:
        self._began = perf_counter()
        if self._project is not None:
            self._description.start(partial(_describe, self._project, self._base), "describe")

    def _take_rows(self, table: object) -> None:
        self._new = False
        self.rows_found.emit(table)

    def _take_report(self, report: DataReport) -> None:
        self.report = report
        self.described.emit(report, perf_counter() - self._began)


def decided(data: DataConfig) -> DataConfig:
    """Return the choices alone, without what was worked out from them."""
    return data.changed(fields=(), fingerprint=None)


def after_head(
    data: DataConfig, base: Path | None, work: Callable[[], Any]
) -> Generator[Any, None, Any]:
    """Yield the first rows of a large table, a `TableHead`, before work that reads all of it."""
    from modelstudio.data.preview import head

    if (found := head(data, base)) is not None:
        yield found
    made = work()
    return (yield from made) if isinstance(made, Generator) else made


def _describe(project: Project, base: Path | None) -> Generator[Any, None, DataReport]:
    from modelstudio.engine import run

    return run.describe_data(project, base)


def _view_column(data: DataConfig, name: str, base: Path | None) -> object:
    from modelstudio.data.column_view import view_column

    return view_column(data, name, base)


def _preview(
    project: Project,
    base: Path | None,
    upto: int | None,
    offset: int,
    limit: int,
    sort: tuple[str, bool] | None,
) -> object:
    from modelstudio.engine import run

    return run.preview_data(project, base, upto, offset, limit, sort)
