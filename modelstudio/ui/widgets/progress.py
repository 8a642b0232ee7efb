"""Waiting: a bar with a way out, and the outline of what will come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QProgressBar, QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets.basic import button, label, row, toned
from modelstudio.wording import counted

if TYPE_CHECKING:
    from modelstudio.engine.events import Progress


class ProgressPanel(QFrame):
    """Title, progress, Cancel."""

    cancelled = Signal()

    def __init__(self, title: str, cancellable: bool = True, name: str = "progress"):
        super().__init__(objectName=name)
        toned(self, "card")
        self._title = label(title, "panelTitle")
        self._detail = label("", "label", "tertiary")
        self._bar = QProgressBar(textVisible=False, maximum=1000)
        self._bar.setAccessibleName(title)
        self.cancel = button(tr("Cancel"), "secondary", name=f"{name}.cancel", small=True)
        self.cancel.clicked.connect(self.cancelled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(10)
        layout.addWidget(row(self._title, None, self._detail))
        layout.addWidget(self._bar)
        hint = label(tr("The rest of the window stays usable"), "label", "tertiary")
        layout.addWidget(row(self.cancel, hint, None))
        self.cancel.setVisible(cancellable)  # after it has a parent, else it opens as a window
        self.set_progress(None)

    def set_title(self, text: str) -> None:
        """Say what is being done."""
        self._title.setText(text)

    def set_progress(self, fraction: float | None, detail: str = "") -> None:
        """Show a share from 0 to 1, or None while it is not known."""
        self._bar.setMaximum(0 if fraction is None else 1000)
        if fraction is not None:
            self._bar.setValue(round(1000 * fraction))
        self._detail.setText(detail)

    def tell(self, progress: Progress) -> None:
        """Show how far work has come, in its own words; of what has no known end, the rows."""
        share = progress.done / progress.total if progress.total else None
        rows = counted(progress.done, "row") if progress.done and not progress.total else ""
        self.set_progress(share, f"{progress.text}, {rows}" if rows else progress.text)


class Skeleton(QWidget):
    """Grey bars where rows will be."""

    def __init__(self, rows: int = 4):
        super().__init__()
        self._rows = rows
        self.setAccessibleName(tr("Loading"))

    def sizeHint(self) -> QSize:
        return QSize(320, 20 * self._rows)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().color("hover"))
        widths = (0.22, 0.12, 0.2, 0.14)
        for index in range(self._rows):
            x = 0.0
            for share in widths:
                bar = QRectF(x, 20 * index + 5, share * self.width(), 10)
                painter.drawRoundedRect(bar, 3, 3)
                x += (share + 0.06) * self.width()
