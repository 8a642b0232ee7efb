"""Answers of a model as bars: one class a line, with its probability."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.theme import theme

_LINE = 36
MOST = 8


class AnswerBars(QWidget):
    """Probabilities, the highest first; ``tick`` marks a threshold on the bar of one class."""

    def __init__(self, name: str):
        super().__init__(objectName=name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._answers: tuple[tuple[str, float], ...] = ()
        self._said = self._true = self._ticked = ""
        self._tick: float | None = None

    def show_answers(
        self,
        answers: Sequence[tuple[str, float]],
        said: str,
        *,
        true: str = "",
        tick: tuple[str, float] | None = None,
    ) -> None:
        """Show each class with its probability, the one said in the accent colour."""
        self._answers = tuple(sorted(answers, key=lambda answer: -answer[1])[:MOST])
        self._said, self._true = said, true
        self._ticked, self._tick = tick if tick else ("", None)
        words = [f"{name} {100 * value:.1f} %" for name, value in self._answers]
        self.setAccessibleName(", ".join(words))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, max(_LINE * len(self._answers), 1))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        now = theme()
        for line, (name, value) in enumerate(self._answers):
            top = line * _LINE
            said = name == self._said
            painter.setFont(now.font("section" if said else "table"))
            painter.setPen(now.color("text"))
            head = QRectF(0, top, self.width(), 18)
            share = f"{100 * value:.1f} %"
            painter.drawText(
                head, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, share
            )
            metrics = QFontMetrics(painter.font())
            room = self.width() - metrics.horizontalAdvance(share) - 60
            text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
            painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, text)
            if name == self._true:
                painter.setPen(now.color("textTertiary"))
                painter.setFont(now.font("table"))
                beside = head.adjusted(metrics.horizontalAdvance(text) + 6, 0, 0, 0)
                painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, tr("true"))
            track = QRectF(0, top + 21, self.width(), 7)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("border"))
            painter.drawRoundedRect(track, 2, 2)
            role = "controlBorder"
            if said:
                role = "error" if self._true and self._true != name else "accentFill"
            elif name == self._true:
                role = "success"
            painter.setBrush(now.color(role))
            filled = QRectF(track)
            filled.setWidth(max(track.width() * min(max(value, 0.0), 1.0), 1.5))
            painter.drawRoundedRect(filled, 2, 2)
            if name == self._ticked and self._tick is not None:
                painter.fillRect(
                    QRectF(self._tick * track.width() - 1, track.top() - 4, 2, 15),
                    now.color("text"),
                )
