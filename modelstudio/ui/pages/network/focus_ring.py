"""A ring around the list that has the focus; other controls draw their own."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget

from modelstudio.ui.theme import theme

_FOLLOWED = {QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show}


class FocusRing(QWidget):
    """Follows the focus between the lists, trees and tables of a page; lets every click through."""

    def __init__(self, page: QWidget):
        super().__init__(page, objectName=f"{page.objectName()}.focus_ring")
        self._page = page
        self._around: QWidget | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.connect(self._follow)

    def _follow(self, old: QWidget | None, new: QWidget | None) -> None:
        wanted = isinstance(new, QAbstractItemView) and self._page.isAncestorOf(new)
        if self._around is not None:
            self._around.removeEventFilter(self)
        self._around = new if wanted else None
        self.setVisible(wanted)
        if self._around is not None:
            self._around.installEventFilter(self)
            self.place()

    def place(self) -> None:
        """Lie around the list, wherever it is now."""
        if self._around is not None:
            corner = self._around.mapTo(self._page, QPoint())
            self.setGeometry(QRect(corner, self._around.size()))
            self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _FOLLOWED:
            self.place()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme().color("focusRing"), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
