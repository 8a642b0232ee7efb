"""The guide in a window of its own, open at what a person is looking at."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QShowEvent, QTextBlock, QTextCursor, QTextDocument, QTextTable
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QTextBrowser, QWidget

from modelstudio.resources import resource
from modelstudio.ui.actions import tr
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import Dialog, row

PAGES = (
    *("index", "data", "pictures", "network", "blocks", "layers", "import"),
    *("train", "evaluate", "export", "command-line"),
)
"""The pages, in order of reading; each is a file of Markdown."""

_SIZE = 1040, 700


class GuideDialog(Dialog):
    """Pages at the left, the chosen one at the right."""

    def __init__(self, parent: QWidget | None):
        super().__init__(parent, tr("Guide"), "", "guide")
        self.text.hide()
        self.list = QListWidget(objectName="guide.pages")
        self.list.setAccessibleName(tr("Pages of the guide"))
        self.page = QTextBrowser(objectName="guide.page", openLinks=False)
        self.page.setAccessibleName(tr("Page of the guide"))
        self.list.setSpacing(2)
        self.page.setMinimumSize(480, 400)
        for name in PAGES:
            item = QListWidgetItem(_title(name))
            item.setData(Qt.ItemDataRole.UserRole, name)
            self.list.addItem(item)
        self.list.setFixedWidth(self.list.sizeHintForColumn(0) + 16)
        self.body.addWidget(row(self.list, self.page, spacing=12), 1)
        self.list.currentItemChanged.connect(self._show)
        self.page.anchorClicked.connect(self._follow)
        self.add_button(tr("Close"), "close", "primary")
        room = parent.window().size() if parent is not None else QSize(*_SIZE)
        self.resize(room.boundedTo(QSize(*_SIZE) + QSize(80, 80)) - QSize(80, 80))

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
            self.page.setTextCursor(QTextCursor(block))
            self._scroll()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._scroll()

    def _scroll(self) -> None:
        """Bring the line of the cursor to the top."""
        layout = self.page.document().documentLayout()
        top = layout.blockBoundingRect(self.page.textCursor().block()).top()
        self.page.verticalScrollBar().setValue(int(top) - 8)

    def _show(self, item: QListWidgetItem) -> None:
        name = item.data(Qt.ItemDataRole.UserRole)
        self.page.setMarkdown(resource("guide", f"{name}.md").read_text(encoding="utf-8"))
        self._space()

    def _space(self) -> None:
        """Give headings and tables room, and tables lines in the colours of the theme."""
        document = self.page.document()
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        for block in _blocks(document):
            if block.blockFormat().headingLevel():
                form = block.blockFormat()
                form.setTopMargin(0 if block.position() == 0 else 20)
                form.setBottomMargin(4)
                QTextCursor(block).setBlockFormat(form)
        for frame in document.rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                lines = frame.format()
                lines.setCellPadding(5)
                lines.setBorderBrush(theme().color("border"))
                lines.setTopMargin(6)
                frame.setFormat(lines)
        cursor.endEditBlock()

    def _follow(self, url: QUrl) -> None:
        self.open_at(url.path().removesuffix(".md"))

    def _heading(self, text: str) -> QTextBlock | None:
        """Return the heading of that text; of several the deepest, a block before its category."""
        found = (block for block in _blocks(self.page.document()) if block.text() == text)
        return max(found, key=lambda block: block.blockFormat().headingLevel(), default=None)


def _blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def _title(name: str) -> str:
    """Return the first heading of a page."""
    with resource("guide", f"{name}.md").open(encoding="utf-8") as file:
        return file.readline().removeprefix("#").strip()
