"""Below the table: the row that is chosen as the network gets it, where a cell cannot show it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QStackedLayout, QVBoxLayout, QWidget

from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.steps import Step, Tokenise, Windows
from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import JobRunner, LatestJob
from modelstudio.ui.pages.data.feed import decided
from modelstudio.ui.pages.data.series_panel import SeriesPanel
from modelstudio.ui.pages.data.sound_panel import SoundPanel
from modelstudio.ui.pages.data.text_panel import TextPanel
from modelstudio.ui.widgets import PanelHeader, Skeleton, column, label, toned


class Panel(Protocol):
    """What shows one kind of rows: one of them, and figures of all."""

    def show_reading(self, reading: Any) -> str: ...

    def show_figures(self, figures: Any) -> None: ...


class CloseUp(QFrame):
    """The chosen row and figures of all rows; both are worked out in the background.

    ``wanted`` tells whether there is anything to show for the data of the project; ``row_wanted``
    gives another row of the source.
    """

    wanted = Signal(bool)
    row_wanted = Signal(int)

    def __init__(self, jobs: JobRunner):
        super().__init__(objectName="data.close_up")
        self.setAccessibleName(tr("Chosen row"))
        toned(self, "panel")
        self.kind = ""
        self._project: Project | None = None
        self._base: Path | None = None
        self._row: int | None = None
        self._column = ""
        self.header = PanelHeader("", name="data.close_up.header")
        series = SeriesPanel()
        series.place_wanted.connect(self._go_to)
        series.column_wanted.connect(self._show_column)
        self.panels: dict[str, Panel] = {
            "text": TextPanel(),
            "series": series,
            "sound": SoundPanel(),
        }
        self.notice = label("", "base", "secondary", wrap=True, name="data.close_up.notice")
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice.setMargin(24)
        self._waiting = column(Skeleton(6), None, margins=16)
        self._stack = QStackedLayout()
        for part in (self._waiting, self.notice, *self.panels.values()):
            assert isinstance(part, QWidget)
            self._stack.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addLayout(self._stack, 1)
        self._reading, self._figures = LatestJob(jobs, self), LatestJob(jobs, self)
        self._reading.finished.connect(self._take_reading)
        self._reading.failed.connect(self._take_failure)
        self._figures.finished.connect(self._take_figures)

    @property
    def busy(self) -> bool:
        """True while something is worked out."""
        return self._reading.running or self._figures.running

    def set_project(self, project: Project, base: Path | None) -> None:
        """Follow the choices of a project."""
        known = self._project
        same = known is not None and decided(known.data) == decided(project.data)
        if same and base == self._base:
            return
        if known is None or known.data.path != project.data.path:
            self._row, self._column = None, ""
        self._project, self._base = project, base
        kind = kind_of(project.data)
        if kind != self.kind:
            self.kind = kind
            self._stack.setCurrentWidget(self._waiting)
            self.header.set_detail("")
            self.wanted.emit(bool(kind))
        self._ask(all_rows=True)

    def show_cell(self, row: int, column: str) -> None:
        """Show a row of the source, and of a series the column, if it holds numbers."""
        columns = self._project.data.columns if self._project is not None else ()
        told = any(each.name == column and each.kind == "number" for each in columns)
        chosen = column if told and self.kind == "series" else self._column
        if (row, chosen) != (self._row, self._column):
            self._row, self._column = row, chosen
            self._ask(all_rows=False)

    def _go_to(self, row: int) -> None:
        self.show_cell(row, self._column)
        self.row_wanted.emit(row)

    def _show_column(self, name: str) -> None:
        self._column = name
        self._ask(all_rows=False)

    def _ask(self, *, all_rows: bool) -> None:
        if not self.kind or self._project is None:
            self._reading.cancel()
            self._figures.cancel()
            return
        read, count = SOURCES[self.kind]
        data = self._project.data
        self._reading.start(partial(read, data, self._row, self._base, self._column), "close_up")
        if all_rows:
            self._figures.start(partial(count, data, self._base), "figures")

    def _take_reading(self, reading: Any) -> None:
        if reading is None:
            left_out = tr("The recipe leaves this row out.")
            self._say(left_out if self._row is not None else tr("There is nothing to show."))
            return
        panel, self._row = self.panels[self.kind], reading.row
        self._name_row()
        line = panel.show_reading(reading)
        part = tr(reading.part.capitalize())
        self.header.set_detail(" · ".join(filter(None, (part, line))))
        assert isinstance(panel, QWidget)
        self._stack.setCurrentWidget(panel)

    def _take_figures(self, figures: Any) -> None:
        if figures is not None:
            self.panels[self.kind].show_figures(figures)

    def _take_failure(self, error: Exception) -> None:
        self._say(str(error))

    def _name_row(self) -> None:
        row = self._row
        self.header.set_title(tr("Row {}").format(f"{row + 1:,}") if row is not None else "")

    def _say(self, sentence: str) -> None:
        self._name_row()
        self.header.set_detail("")
        self.notice.setText(sentence)
        self._stack.setCurrentWidget(self.notice)


def kind_of(data: DataConfig) -> str:
    """Return which panel shows a row of the data; empty where the table shows all there is."""
    steps = [step for step in data.recipe if step.enabled]
    kinds: dict[type[Step], str] = {Tokenise: "text", Windows: "series"}
    found = [kinds[type(step)] for step in steps if type(step) in kinds]
    if any(column.kind == "audio" for column in data.columns):
        found.append("sound")
    return found[0] if found else ""


def _read_text(data: DataConfig, row: int | None, base: Path | None, _: str) -> object:
    from modelstudio.data.text_view import read_text

    return read_text(data, row, base)


def _count_texts(data: DataConfig, base: Path | None) -> object:
    from modelstudio.data.text_view import text_figures

    return text_figures(data, base)


def _read_series(data: DataConfig, row: int | None, base: Path | None, column: str) -> object:
    from modelstudio.data.series_view import read_series

    return read_series(data, row, base, column)


def _read_sound(data: DataConfig, row: int | None, base: Path | None, _: str) -> object:
    from modelstudio.data.sound_view import read_sound

    return read_sound(data, row, base)


def _count_sounds(data: DataConfig, base: Path | None) -> object:
    from modelstudio.data.sound_view import sound_figures

    return sound_figures(data, base)


def _nothing(data: DataConfig, base: Path | None) -> None:
    """Count nothing: the panel shows all rows beside the chosen one."""


SOURCES: dict[str, tuple[Callable[..., object], Callable[..., object]]] = {
    "text": (_read_text, _count_texts),
    "series": (_read_series, _nothing),
    "sound": (_read_sound, _count_sounds),
}
"""By kind, what reads a row and what counts all."""
