"""What comes first of large data, in sight while all of it is still being read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Column

if TYPE_CHECKING:
    from pathlib import Path

    from modelstudio.data.early_pictures import PictureHead
    from modelstudio.data.preview import TableHead
    from modelstudio.engine.events import Progress
    from modelstudio.ui.pages.data.page import DataPage


_OF_PICTURES = (
    Column(name="file", kind="image"),
    Column(name="label", kind="category", role="target"),
)
"""What a folder of pictures is most likely to become."""


class EarlyRows(QObject):
    """Fill the panels with the first rows, or pictures, known; nothing can be edited yet.

    ``ended`` comes when the data was read, or given up.
    """

    ended = Signal()

    def __init__(self, page: DataPage):
        super().__init__(page)
        self._page = page
        self._head: TableHead | None = None
        self.reading = False
        for reader in (page.opening, page.main.files):
            reader.head_read.connect(self.show)
            reader.progressed.connect(self._tell_progress)
        page.opening.ended.connect(self._end)
        page.main.files.read_ended.connect(self._end)

    def show(self, head: TableHead | PictureHead) -> None:
        """Show the first rows of a table, or the pictures found until now."""
        from modelstudio.data.early_pictures import PictureHead

        page = self._page
        if not self.reading:
            self.reading = True
            page.feed.forget()
            self._set_editable(False)
            page.notices.tell_fault("")
            page.waiting.start()
            page.waiting.tell_file(head.path.name)
        if isinstance(head, PictureHead):
            page.pictures_side.show_early(head)
            page.work.show_view("pictures")
            self._show_columns(_OF_PICTURES)
        else:
            self._show_columns(head.columns)
            self._show_rows(head)
        page.show_work()

    def _show_columns(self, columns: tuple[Column, ...]) -> None:
        page, provisional = self._page, DataConfig(columns=columns)
        page.columns.set_columns(columns, {})
        page.recipe.set_data(provisional)
        page.recipe.set_fields(())
        page.augment.set_data(provisional)
        page.split.set_data(provisional)
        page.split.set_parts(())

    def _show_rows(self, head: TableHead) -> None:
        page = self._page
        self._head = head
        page.preview.clear()
        page.preview.set_source(head.path.name, None, len(head.columns))
        page.preview.set_columns(head.columns, {}, {})
        page.preview.put(head.rows)

    def keep(self, path: Path) -> None:
        """Leave the rows in sight, if they are those of the project's own table, until it has."""
        if self._head is not None and self._head.path == path:
            self._page.preview.put(self._head.rows)
            self._head = None

    def _tell_progress(self, progress: Progress) -> None:
        if self.reading:
            self._page.waiting.tell_progress(progress)

    def _end(self) -> None:
        if self.reading:
            self.reading = False
            self._set_editable(True)
            self.ended.emit()

    def _set_editable(self, on: bool) -> None:
        page, preview = self._page, self._page.preview
        controls = (preview.mode, preview.mark, preview.reading)
        for part in (page.columns, page.recipe, page.augment, page.split, *controls):
            part.setEnabled(on)
        page.pictures_side.set_editable(on)
        preview.view.header.setSectionsClickable(on)
