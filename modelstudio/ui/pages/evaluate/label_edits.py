"""What can be done about doubtful labels: rows are left out, pictures given another class."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from modelstudio.errors import StudioError
from modelstudio.project.model import DataConfig
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.evaluate.doubts import Mending, why_not
from modelstudio.ui.pages.evaluate.mistakes import Mistake, SourceRows
from modelstudio.ui.pages.evaluate.mistakes_panel import MistakesPanel
from modelstudio.ui.widgets import count_text

if TYPE_CHECKING:
    from modelstudio.project.model import Project
    from modelstudio.ui.main_window import MainWindow


class LabelEdits(QObject):
    """Carry out through the document what a panel asks for, each with a toast that takes it back.

    Parameters
    ----------
    project_of
        Gives the project that a run was trained from, by its id.
    """

    def __init__(
        self, main: MainWindow, panel: MistakesPanel, project_of: Callable[[str], Project]
    ) -> None:
        super().__init__(panel)
        self._main, self._panel, self._project_of = main, panel, project_of
        self._shown: tuple[str, str, SourceRows] | None = None
        panel.leave_out_asked.connect(self._leave_out)
        panel.class_asked.connect(self._reclass)
        main.document.changed.connect(self._offer)

    def show(self, run_id: str, part: str, rows: SourceRows) -> None:
        """Say how the rows of a part that a run was asked about can be left out."""
        self._shown = (run_id, part, rows)
        self._offer()

    def clear(self) -> None:
        """Offer nothing."""
        self._shown = None

    def _offer(self, *_: object) -> None:
        if self._shown is None:
            return
        run_id, part, rows = self._shown
        document = self._main.document
        try:
            reason = why_not(self._project_of(run_id), document.project, part)
        except StudioError as error:
            reason = error.message
        base = document.path.parent if document.path else None
        mending = None if reason else Mending(document.project.data, base, rows)
        self._panel.set_mending(mending, reason)

    def _mend(self, title: str, mend: Callable[[Mending], DataConfig]) -> None:
        mending, document = self._panel.mending, self._main.document
        if mending is None:
            return
        try:
            changed = document.project.changed(data=mend(mending))
        except StudioError as error:
            self._main.show_error(error)
            return
        document.edit(title, changed)
        self._main.toasts.show_toast(
            title,
            tr("The next run trains without the old labels."),
            kind="success",
            action=tr("Undo"),
            on_action=document.undo,
        )

    def _leave_out(self, rows: list[Mistake]) -> None:
        count = tr("1 row") if len(rows) == 1 else tr("{} rows").format(count_text(len(rows)))
        self._mend(tr("Leave out {}").format(count), lambda mending: mending.without(rows))

    def _reclass(self, row: Mistake) -> None:
        title = tr("Change a label to {}").format(row.predicted)
        self._mend(title, lambda mending: mending.reclassed(row))
