"""One picture over the whole window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QFrame, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.thumbnails import Thumbnails, paint_centred
from modelstudio.ui.theme import paint_icon, theme
from modelstudio.ui.widgets import toned

_EDGE = 48
_INSET = 24


class LargePicture(QFrame):
    """Arrows go on, Escape, Space and a click close it; other keys do what they do in the grid."""

    stepped = Signal(int)
    pressed = Signal(QKeyEvent)
    closed = Signal()

    def __init__(self, window: QWidget):
        super().__init__(window, objectName="data.pictures.large")
        self.setAccessibleName(tr("Large picture"))
        toned(self, "popup")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._thumbnails = Thumbnails(self, kept=8)
        self._thumbnails.ready.connect(lambda _: self.update())
        self._path = self._words = ""
        window.installEventFilter(self)
        self.hide()

    def open(self, path: str, words: str) -> None:
        """Show a picture with a line below it."""
        self._path, self._words = path, words
        self._thumbnails.forget_waiting()
        self.setAccessibleDescription(words)
        self._fill()
        self.show()
        self.raise_()
        self.setFocus()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._fill()
        return False

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.closed.emit()

    def _fill(self) -> None:
        self.setGeometry(self.window().rect().adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE))

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
        pixels = round(min(area.width(), area.height()) * self.devicePixelRatioF())
        if (picture := self._thumbnails.get(self._path, pixels)) is not None:
            paint_centred(painter, area, picture)
        elif self._thumbnails.broken(self._path, pixels):
            middle = area.center()
            paint_icon(painter, QRectF(middle.x() - 20, middle.y() - 20, 40, 40), "err", "error")
        painter.setFont(now.font("label"))
        painter.setPen(now.color("textSecondary"))
        line = QRect(_INSET, self.height() - _INSET - foot, self.width() - 2 * _INSET, foot)
        words = painter.fontMetrics().elidedText(
            self._words, Qt.TextElideMode.ElideMiddle, line.width()
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, words)
