"""A small sheet over the page that a click elsewhere or Escape puts away."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QSizePolicy, QWidget

from modelstudio.ui.widgets import label, toned

_MARGIN = 8

Part = TypeVar("Part", bound=QWidget)


class Sheet(QFrame):
    """Lies inside its parent, so that it needs no window of its own."""

    def __init__(self, parent: QWidget, name: str, width: int):
        super().__init__(parent, objectName=name)
        toned(self, "popup")
        self.setFixedWidth(width)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._area = parent
        self._before: QWidget | None = None
        self.hide()

    def open_at(self, corner: QPoint) -> None:
        """Show it with its upper left corner at a point of the screen, inside the parent."""
        self.fit()
        area = self._area
        at = area.mapFromGlobal(corner)
        at.setX(max(_MARGIN, min(at.x(), area.width() - self.width() - _MARGIN)))
        at.setY(max(_MARGIN, min(at.y(), area.height() - self.height() - _MARGIN)))
        self.move(at)
        self._before = QApplication.focusWidget()
        self.show()
        self.raise_()
        self.setFocus()

    def fit(self) -> None:
        """Make it as high as what it holds, as far as there is room below."""
        for part in self.findChildren(QWidget):
            part.ensurePolished()
        if self.hasHeightForWidth():
            self.ensurePolished()
            self.setFixedHeight(self.heightForWidth(self.width()))
        lowest = self._area.height() - self.height() - _MARGIN
        self.move(self.x(), max(_MARGIN, min(self.y(), lowest)))

    def dismiss(self) -> None:
        """Put it away and give the keyboard back."""
        self.close()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        outside = isinstance(watched, QWidget) and not self._holds(watched)
        if event.type() == QEvent.Type.MouseButtonPress and outside:
            self.close()
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if (app := QApplication.instance()) is not None:
            app.installEventFilter(self)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if (app := QApplication.instance()) is not None:
            app.removeEventFilter(self)

    def _holds(self, widget: QWidget | None) -> bool:
        """Return True for its own parts, the list of a combo box among them."""
        while widget is not None and widget is not self:
            widget = widget.parentWidget()
        return widget is self


def wrapped(text: str, type: str = "label", role: str = "secondary") -> QLabel:
    """Return a label as high as its lines; it learns that it wraps when the text is set."""
    made = label("", type, role, wrap=True)
    made.setText(text)
    return made


def wide(widget: Part) -> Part:
    """Let a widget take the room that is left in its row, and return it."""
    widget.setSizePolicy(QSizePolicy.Policy.Expanding, widget.sizePolicy().verticalPolicy())
    return widget
