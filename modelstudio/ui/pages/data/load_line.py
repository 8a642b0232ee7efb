"""A line that moves while the page works, and what it works on when that takes longer."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import Watcher, button, label, toned

_PATIENCE_MS = 200
"""How long nothing shows: what is done by then would only flicker."""

_WORDS_MS = 700
"""When words come too, unless there is nothing else to look at."""

_MARGIN = 16


class LoadLine(QWidget):
    """Two pixels that move, or fill, while something is worked out.

    Words and Cancel come later, at the foot of the panel, so that nothing in it moves.
    """

    cancelled = Signal()

    def __init__(self, name: str = "data.loading") -> None:
        super().__init__(objectName=name)
        self.setFixedHeight(2)
        self.setAccessibleName(tr("Working"))
        self._text = label("", "label", "secondary")
        self.cancel = button(tr("Cancel"), "link", name=f"{name}.cancel", small=True)
        self.cancel.clicked.connect(self.cancelled)
        self._words = QFrame(self, objectName=f"{name}.words")
        toned(self._words, "popup")
        line = QHBoxLayout(self._words)
        line.setContentsMargins(12, 4, 6, 4)
        line.setSpacing(8)
        line.addWidget(self._text)
        line.addWidget(self.cancel)
        self._share: float | None = None
        self._at = 0.0
        self._clock = QTimer(self, interval=40)
        self._clock.timeout.connect(self._move)
        self._soon = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._soon.timeout.connect(self._clock.start)
        self._late = QTimer(self, singleShot=True, interval=_WORDS_MS)
        self._late.timeout.connect(self._show_words)
        self.stop()

    @property
    def waiting(self) -> bool:
        """True from start to stop."""
        return self._soon.isActive() or self._clock.isActive()

    def start(self) -> None:
        """Begin to wait; nothing shows for the first moment."""
        if not self.waiting:
            self._text.setText("")
            self._share, self._at = None, 0.0
            self._soon.start()
            self._late.start()

    def hasten(self) -> None:
        """Say in words what is done as soon as the line shows."""
        if self._late.isActive():
            self._late.start(max(self._soon.remainingTime(), 0))

    def stop(self) -> None:
        """Done."""
        for timer in (self._soon, self._late, self._clock):
            timer.stop()
        self._late.setInterval(_WORDS_MS)
        self._words.hide()
        self.update()

    def tell(self, text: str, share: float | None = None) -> None:
        """Say what is being done, and how much of it is done where that is known."""
        self._share = share
        self._text.setText(text if share is None else f"{text} · {100 * share:.0f} %")
        self._place_words()
        self.update()

    def _show_words(self) -> None:
        panel = self.parentWidget()
        if panel is not None and self._words.parentWidget() is not panel:
            self._words.setParent(panel)
            Watcher(panel, {QEvent.Type.Resize}, self._place_words)
        self._place_words()
        self._words.show()
        self._words.raise_()

    def _place_words(self) -> None:
        """Lay the words at the foot of the panel, in its middle."""
        panel = self._words.parentWidget()
        if panel is None:
            return
        self._words.adjustSize()
        left = (panel.width() - self._words.width()) // 2
        self._words.move(max(left, 0), panel.height() - self._words.height() - _MARGIN)

    def _move(self) -> None:
        self._at = (self._at + 0.03) % 1.3
        self.update()

    def paintEvent(self, event: QEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme().color("border"))
        if not self._clock.isActive():
            return
        left, wide = (self._at - 0.3, 0.3) if self._share is None else (0.0, self._share)
        bar = QRectF(left * self.width(), 0, wide * self.width(), 2)
        painter.fillRect(bar, theme().color("accent"))
