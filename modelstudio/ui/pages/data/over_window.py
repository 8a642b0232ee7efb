"""What lies over the whole window until it is closed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QWidget

from modelstudio.ui.widgets import toned

_EDGE = 48
"""Pixels of the window that stay in sight around it."""


class OverWindow(QFrame):
    """A sheet that is as large as the window allows; ``closed`` says that it is gone."""

    closed = Signal()

    def __init__(self, window: QWidget, name: str, words: str):
        super().__init__(window, objectName=name)
        self.setAccessibleName(words)
        toned(self, "popup")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        window.installEventFilter(self)
        self.hide()

    def show_over(self, focused: QWidget) -> None:
        """Come up, with the keyboard on a part of it."""
        self._fill()
        self.show()
        self.raise_()
        focused.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._fill()
        return False

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.closed.emit()

    def _fill(self) -> None:
        self.setGeometry(self.window().rect().adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE))
