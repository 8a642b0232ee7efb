"""Samples of lines, and the heading of a chart with its latest values."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from modelstudio.ui.pages.plots import Dash, pen
from modelstudio.ui.widgets import label


class LineSample(QWidget):
    """A short piece of a curve as it is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._pen = pen(QColor(), 2)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set_look(self, color: QColor, dash: Dash = ()) -> None:
        """Take the colour and dashes of a curve."""
        self._pen = pen(color, 2, dash)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(20, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self._pen)
        middle = self.height() / 2
        painter.drawLine(QLineF(1, middle, self.width() - 1, middle))


class ChartHeading(QFrame):
    """Name of a chart, then each curve with its latest value."""

    def __init__(self, title: str | QWidget, name: str):
        super().__init__(objectName=name)
        self.setFixedHeight(34)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(16, 4, 12, 0)
        self._layout.setSpacing(6)
        self._layout.addWidget(label(title, "panelTitle") if isinstance(title, str) else title)
        self._layout.addSpacing(8)
        self._layout.addStretch(1)
        self._entries: list[tuple[LineSample, QLabel, QLabel]] = []

    def show_entries(self, entries: Sequence[tuple[QColor, Dash, str, str]]) -> None:
        """Show curves: colour, dashes, name and value."""
        while len(self._entries) < len(entries):
            parts = LineSample(), label("", "label", "secondary"), label("", "section")
            for part in parts:
                self._layout.insertWidget(self._layout.count() - 1, part)
            self._layout.insertSpacing(self._layout.count() - 1, 8)
            self._entries.append(parts)
        for index, (sample, text, value) in enumerate(self._entries):
            seen = index < len(entries)
            for part in (sample, text, value):
                part.setVisible(seen)
            if seen:
                color, dash, *words = entries[index]
                sample.set_look(color, dash)
                text.setText(words[0])
                value.setText(words[1])

    def values(self) -> tuple[str, ...]:
        """Return the values in sight."""
        return tuple(value.text() for _, _, value in self._entries if not value.isHidden())
