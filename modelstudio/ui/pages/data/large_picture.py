"""One picture over the whole window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.over_window import OverWindow
from modelstudio.ui.pages.data.thumbnails import Thumbnails
from modelstudio.ui.theme import paint_icon, theme

_INSET = 24


class LargePicture(OverWindow):
    """Arrows go on, Escape, Space and a click close it; other keys do what they do in the grid."""

    stepped = Signal(int)
    pressed = Signal(QKeyEvent)

    def __init__(self, window: QWidget):
        super().__init__(window, "data.pictures.large", tr("Large picture"))
        self._thumbnails = Thumbnails(self, kept=8)
        self._thumbnails.ready.connect(lambda _: self.update())
        self._path = self._words = ""

    def open(self, path: str, words: str) -> None:
        """Show a picture with a line below it."""
        self._path, self._words = path, words
        self._thumbnails.forget_waiting()
        self.setAccessibleDescription(words)
        self.show_over(self)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Escape | Qt.Key.Key_Space:
                self.close()
            case Qt.Key.Key_Right | Qt.Key.Key_Down:
                self.stepped.emit(1)
            case Qt.Key.Key_Left | Qt.Key.Key_Up:
                self.stepped.emit(-1)
            case _:
                self.pressed.emit(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.close()

    def paintEvent(self, event: QEvent) -> None:
        super().paintEvent(event)  # type: ignore[arg-type]
        painter, now = QPainter(self), theme()
        foot = now.grown(40)
        area = self.rect().adjusted(_INSET, _INSET, -_INSET, -_INSET - foot)
        if not self._thumbnails.paint(painter, area, self._path):
            middle = area.center()
            paint_icon(painter, QRectF(middle.x() - 20, middle.y() - 20, 40, 40), "err", "error")
        painter.setFont(now.font("label"))
        painter.setPen(now.color("textSecondary"))
        line = QRect(_INSET, self.height() - _INSET - foot, self.width() - 2 * _INSET, foot)
        words = painter.fontMetrics().elidedText(
            self._words, Qt.TextElideMode.ElideMiddle, line.width()
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, words)
