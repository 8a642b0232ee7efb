"""The first rows of a large table, in sight while all of it is still being read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from modelstudio.project.model import DataConfig
from modelstudio.ui.actions import tr

if TYPE_CHECKING:
    from pathlib import Path

    from modelstudio.data.preview import TableHead
    from modelstudio.ui.pages.data.page import DataPage


class EarlyRows(QObject):
    """Fill the panels of the page with what is known so far; nothing can be edited yet.

    ``ended`` comes when the table was read, or given up.
    """

    ended = Signal()

    def __init__(self, page: DataPage):
        super().__init__(page)
        self._page = page
        self._head: TableHead | None = None
        self.reading = False
        for reader in (page.opening, page.main.files):
            reader.head_read.connect(self.show)
        page.opening.ended.connect(self._end)
        page.main.files.read_ended.connect(self._end)

    def show(self, head: TableHead) -> None:
        """Show the first rows of a table."""
        page = self._page
        self._head, self.reading = head, True
        page.feed.forget()
        self._set_editable(False)
        page.notices.tell_fault("")
        provisional = DataConfig(columns=head.columns)
        page.columns.set_columns(head.columns, {})
        page.recipe.set_data(provisional)
        page.recipe.set_fields(())
        page.split.set_data(provisional)
        page.split.set_parts(())
        page.preview.clear()
        page.preview.set_source(head.path.name, None, len(head.columns))
        page.preview.set_columns(head.columns, {}, {})
        page.preview.put(head.rows)
        page.preview.loading.start()
        page.preview.loading.tell(tr("Reading {}").format(head.path.name))
        page.show_work()

    def keep(self, path: Path) -> None:
        """Leave the rows in sight, if they are those of the project's own table, until it has."""
        if self._head is not None and self._head.path == path:
            self._page.preview.put(self._head.rows)
            self._head = None

    def _end(self) -> None:
        if self.reading:
            self.reading = False
            self._set_editable(True)
            self.ended.emit()

    def _set_editable(self, on: bool) -> None:
        page, preview = self._page, self._page.preview
        controls = (preview.mode, preview.mark, preview.reading)
        for part in (page.columns, page.recipe, page.split, *controls):
            part.setEnabled(on)
        preview.view.header.setSectionsClickable(on)
