"""What the Data page says and shows where the data cannot be read or described."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from modelstudio.errors import DataError, StudioError
from modelstudio.ui.actions import tr
from modelstudio.ui.pages import PageProblem
from modelstudio.ui.pages.data.wording import error_html

if TYPE_CHECKING:
    from modelstudio.ui.pages.data.page import DataPage


class Faults(QObject):
    """Tell why there is no description, no rows or no other file, each with a way out."""

    def __init__(self, page: DataPage):
        super().__init__(page)
        self._page = page
        page.feed.failed.connect(self._tell_failure)
        page.feed.cancelled.connect(self._tell_cancelled)
        page.feed.rows_failed.connect(self._tell_rows)
        page.opening.failed.connect(self._tell_opening)

    def _tell_failure(self, error: Exception) -> None:
        """Say that the data could not be described, at the step that is at fault if one is."""
        page = self._page
        page.waiting.stop()
        page.preview.checks.set_findings(())
        page.split.set_parts(())
        page.recipe.set_effects(())
        place = error.step if isinstance(error, DataError) else None
        page.recipe.set_fault(place, str(error))
        if page.files.is_lost:
            name = Path(page.data.path or "").name
            words = tr("<b>{} is missing.</b> The file was moved or the drive is not connected.")
            page.notices.tell_fault(words.format(name), tr("Locate..."), page.files.locate)
            page.preview.show_notice(tr("The rows show again once the file is found."))
        elif place is None:
            action = tr("Open another file...") if self._is_of_file(error) else ""
            page.notices.tell_fault(error_html(error), action, page.files.choose)
        fault = PageProblem("error", str(error), lambda: page.main.go("data"), stops_training=True)
        page.set_problems([fault])

    def _tell_cancelled(self) -> None:
        page = self._page
        page.waiting.stop()
        if page.feed.report is None:
            page.preview.checks.tell(tr("Reading was cancelled"), again=True)

    def _tell_rows(self, error: Exception) -> None:
        if not self._page.files.is_lost:
            own = tr("The rows show once the file can be read.")
            self._page.preview.show_notice(own if self._is_of_file(error) else str(error))

    def _tell_opening(self, error: Exception) -> None:
        page = self._page
        page.notices.tell_fault(error_html(error), tr("Open another file..."), page.files.choose)

    def _is_of_file(self, error: Exception) -> bool:
        """Tell whether another file would mend it."""
        return isinstance(error, StudioError) and error.where == str(self._page.files.path)
