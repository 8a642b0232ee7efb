"""The guide in a window of its own, open at what a person is looking at."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QTextBlock, QTextCursor
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QTextBrowser, QWidget

from modelstudio.resources import resource
from modelstudio.ui.actions import tr
from modelstudio.ui.widgets import Dialog, row

PAGES = (
    *("index", "data", "network", "blocks", "layers"),
    *("train", "evaluate", "export", "command-line"),
)
"""The pages, in order of reading; each is a file of Markdown."""


class GuideDialog(Dialog):
    """Pages at the left, the chosen one at the right."""

    def __init__(self, parent: QWidget | None):
        super().__init__(parent, tr("Guide"), "", "guide")
        self.text.hide()
        self.list = QListWidget(objectName="guide.pages")
        self.list.setAccessibleName(tr("Pages of the guide"))
        self.page = QTextBrowser(objectName="guide.page", openLinks=False)
        self.page.setAccessibleName(tr("Page of the guide"))
        self.list.setFixedWidth(168)
        self.page.setMinimumSize(660, 520)
        for name in PAGES:
            item = QListWidgetItem(_title(name))
            item.setData(Qt.ItemDataRole.UserRole, name)
            self.list.addItem(item)
        self.body.addWidget(row(self.list, self.page, spacing=12), 1)
        self.list.currentItemChanged.connect(self._show)
        self.page.anchorClicked.connect(self._follow)
        self.add_button(tr("Close"), "close", "primary")

    @classmethod
    def show_for(cls, parent: QWidget, page: str, heading: str = "") -> None:
        """Show the guide at a page and a heading of it; at its first page for an unknown one."""
        dialog = cls(parent)
        dialog.open_at(page, heading)
        dialog.run()

    def open_at(self, page: str, heading: str = "") -> None:
        """Turn to a page, and to the heading of that text where there is one."""
        self.list.setCurrentRow(PAGES.index(page) if page in PAGES else 0)
        block = self._heading(heading) if heading else None
        if block is not None:
            bar = self.page.verticalScrollBar()
            self.page.setTextCursor(QTextCursor(block))
            layout = self.page.document().documentLayout()
            bar.setValue(int(layout.blockBoundingRect(block).top()) - 8)

    def _show(self, item: QListWidgetItem) -> None:
        name = item.data(Qt.ItemDataRole.UserRole)
        self.page.setMarkdown(resource("guide", f"{name}.md").read_text(encoding="utf-8"))

    def _follow(self, url: QUrl) -> None:
        self.open_at(url.path().removesuffix(".md"))

    def _heading(self, text: str) -> QTextBlock | None:
        block = self.page.document().begin()
        while block.isValid():
            if block.text() == text and block.blockFormat().headingLevel():
                return block
            block = block.next()
        return None


def _title(name: str) -> str:
    """Return the first heading of a page."""
    with resource("guide", f"{name}.md").open(encoding="utf-8") as file:
        return file.readline().removeprefix("#").strip()
