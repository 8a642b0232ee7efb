"""Frequent values below each other, with a bar of how often each occurs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.theme import theme


class Frequent(NamedTuple):
    """A value, how much of its room its bar fills, and how often it occurs, as written."""

    name: str
    share: float
    told: str


class FrequentList(QWidget):
    """Values as names, bars and figures."""

    def __init__(self, values: Sequence[Frequent], name: str) -> None:
        super().__init__(objectName=name)
        self._values = tuple(values)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Most frequent"))
        self.setAccessibleDescription(", ".join(f"{each.name} {each.told}" for each in values))

    def sizeHint(self) -> QSize:
        return QSize(200, theme().grown(18) * len(self._values))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, now, tall = QPainter(self), theme(), theme().grown(18)
        painter.setFont(now.font("axis"))
        metrics, middle = painter.fontMetrics(), Qt.AlignmentFlag.AlignVCenter
        name_wide, end_wide = self.width() * 45 // 100, theme().grown(52)
        room = self.width() - name_wide - end_wide
        for at, value in enumerate(self._values):
            top = at * tall
            painter.setPen(now.color("text"))
            short = metrics.elidedText(value.name, Qt.TextElideMode.ElideRight, name_wide - 8)
            painter.drawText(QRect(0, top, name_wide, tall), middle, short)
            bar = QRect(name_wide, top + tall // 2 - 3, max(1, round(room * value.share)), 6)
            painter.fillRect(bar, now.chart("train"))
            painter.setPen(now.color("textSecondary"))
            end = QRect(self.width() - end_wide, top, end_wide, tall)
            painter.drawText(end, middle | Qt.AlignmentFlag.AlignRight, value.told)
