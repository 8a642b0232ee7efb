"""The confusion matrix, painted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import count_text

MOST = 20
"""Classes shown; of more, those that are confused most."""

_RECALL = 56
_CELL = 136
"""Largest side of a cell in pixels."""


class Cell(NamedTuple):
    """A true and a predicted class, by index."""

    true: int
    predicted: int


class _Layout(NamedTuple):
    left: float
    top: float
    width: float
    height: float
    tilted: bool

    def cell(self, row: int, column: int) -> QRectF:
        return QRectF(
            self.left + column * self.width, self.top + row * self.height, self.width, self.height
        )


class ConfusionMatrix(QWidget):
    """Counts by true class (rows) and predicted class (columns), with the recall of each row.

    ``chosen`` gives the `Cell` that was clicked, or None when it was let go. Arrow keys move, Enter
    chooses.
    """

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="evaluate.confusion")
        self.setAccessibleName(tr("Confusion matrix, rows are true, columns predicted"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 200)
        self._counts = np.zeros((0, 0), dtype=np.int64)
        self._classes: tuple[str, ...] = ()
        self._shown: tuple[int, ...] = ()
        self._percent = False
        self._hover: Cell | None = None
        self._cursor: Cell | None = None
        self._chosen: Cell | None = None

    def sizeHint(self) -> QSize:
        return QSize(420, 400)

    def set_counts(self, counts: np.ndarray, classes: Sequence[str]) -> None:
        """Show counts, shape (classes, classes)."""
        if tuple(classes) != self._classes:
            self._hover = self._cursor = self._chosen = None
        self._counts, self._classes = counts, tuple(classes)
        everyone = range(len(classes))
        if len(classes) > MOST:
            wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
            self._shown = tuple(sorted(sorted(everyone, key=lambda k: -wrong[k])[:MOST]))
        else:
            self._shown = tuple(everyone)
        self.update()

    def set_percent(self, percent: bool) -> None:
        """Show shares of the row instead of counts."""
        self._percent = percent
        self.update()

    def choose(self, cell: Cell | None) -> None:
        """Mark a cell, without a signal."""
        self._chosen = cell
        self.update()

    @property
    def counts(self) -> np.ndarray:
        """What is shown, shape (classes, classes)."""
        return self._counts

    def cell_rect(self, cell: Cell) -> QRectF:
        """Return where a cell is."""
        row, column = self._shown.index(cell.true), self._shown.index(cell.predicted)
        return self._layout().cell(row, column)

    def text(self, cell: Cell) -> str:
        """Return what a cell says."""
        count = int(self._counts[cell])
        if not self._percent:
            return count_text(count)
        total = int(self._counts[cell.true].sum())
        return f"{100 * count / total:.1f} %" if total else "–"

    # Painting

    def _layout(self) -> _Layout:
        metrics = QFontMetricsF(theme().font("table"))
        names = [self._classes[k] for k in self._shown]
        longest = max((metrics.horizontalAdvance(name) for name in names), default=0.0)
        side = min(longest, 120.0) + 16
        count = max(len(names), 1)
        room = self.width() - side - _RECALL - 20
        tilted = longest + 8 > min(room / count, 1.6 * _CELL)
        head = min(longest, 110.0) * 0.6 + 22 if tilted else 28.0
        height = min((self.height() - head - 12) / count, _CELL)
        width = min(room / count, 1.6 * height)
        left = side + max(0.0, (self.width() - side - _RECALL - width * count) / 2 - 8)
        top = head + max(0.0, (self.height() - head - height * count) / 2 - 6)
        return _Layout(left, top, width, height, tilted)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._shown:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plan = self._layout()
        shares = self._counts / np.maximum(self._counts.sum(axis=1, keepdims=True), 1)
        now = theme()
        for row, true in enumerate(self._shown):
            for column, predicted in enumerate(self._shown):
                rect = plan.cell(row, column)
                self._paint_cell(
                    painter, rect, Cell(true, predicted), float(shares[true, predicted])
                )
            self._paint_row_head(painter, plan, row, true)
            self._paint_recall(painter, plan, row, true)
        for column, predicted in enumerate(self._shown):
            self._paint_column_head(painter, plan, column, self._classes[predicted])
        painter.setFont(now.font("axis"))
        painter.setPen(now.color("textTertiary"))
        right = plan.left + plan.width * len(self._shown)
        head = QRectF(right, plan.top - 24, _RECALL, 20)
        painter.drawText(head, Qt.AlignmentFlag.AlignCenter, tr("Recall"))

    def _paint_cell(self, painter: QPainter, rect: QRectF, cell: Cell, share: float) -> None:
        now = theme()
        fill = _between(now.sequential, share**0.6)
        inner = rect.adjusted(1, 1, -1, -1)
        painter.setPen(QPen(now.chart("grid"), 1))
        painter.setBrush(fill)
        painter.drawRect(rect)
        if cell in (self._hover, self._chosen) or (cell == self._cursor and self.hasFocus()):
            width = 2 if cell != self._hover else 1.5
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(now.color("text" if cell == self._hover else "focusRing"), width))
            painter.drawRect(inner)
        if not self._counts[cell]:
            return
        bright = _luminance(fill) > 0.2
        inks = ("canvas", "text") if now.dark else ("text", "onAccent")
        painter.setPen(now.color(inks[0] if bright else inks[1]))
        big = rect.height() >= 64
        diagonal = cell.true == cell.predicted
        painter.setFont(now.font("figure" if big else "section" if diagonal else "table"))
        text = self.text(cell)
        if QFontMetricsF(painter.font()).horizontalAdvance(text) > rect.width() - 4:
            painter.setFont(now.font("axis"))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_row_head(self, painter: QPainter, plan: _Layout, row: int, true: int) -> None:
        now = theme()
        painter.setFont(now.font("table"))
        painter.setPen(now.color("textSecondary"))
        place = QRectF(4, plan.top + row * plan.height, plan.left - 12, plan.height)
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(place, flags, _short(self._classes[true], painter, place.width()))

    def _paint_column_head(self, painter: QPainter, plan: _Layout, column: int, name: str) -> None:
        painter.setFont(theme().font("table"))
        painter.setPen(theme().color("textSecondary"))
        if not plan.tilted:
            place = QRectF(plan.left + column * plan.width, plan.top - 24, plan.width, 20)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, _short(name, painter, plan.width))
            return
        painter.save()
        painter.translate(QPointF(plan.left + (column + 0.55) * plan.width, plan.top - 8))
        painter.rotate(-35)
        painter.drawText(QPointF(0, 0), _short(name, painter, 110))
        painter.restore()

    def _paint_recall(self, painter: QPainter, plan: _Layout, row: int, true: int) -> None:
        total = int(self._counts[true].sum())
        recall = self._counts[true, true] / total if total else None
        now = theme()
        low = recall is not None and recall < 0.8
        painter.setFont(now.font("section" if low else "table"))
        painter.setPen(now.color("warning" if low else "textSecondary"))
        place = plan.cell(row, len(self._shown))
        place.setWidth(_RECALL)
        text = "–" if recall is None else f"{100 * recall:.1f}"
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    # Pointer and keys

    def _cell_at(self, at: QPointF) -> Cell | None:
        plan = self._layout()
        column = int((at.x() - plan.left) // plan.width) if self._shown else -1
        row = int((at.y() - plan.top) // plan.height) if self._shown else -1
        if 0 <= row < len(self._shown) and 0 <= column < len(self._shown):
            return Cell(self._shown[row], self._shown[column])
        return None

    def describe(self, cell: Cell) -> str:
        """Return the sentence about a cell."""
        true, predicted = self._classes[cell.true], self._classes[cell.predicted]
        count, total = int(self._counts[cell]), int(self._counts[cell.true].sum())
        rows = tr("{} of {} rows").format(count_text(count), count_text(total))
        if cell.true == cell.predicted:
            return tr("<b>{}</b> recognised<br>{}").format(true, rows)
        return tr("<b>{}</b> taken for <b>{}</b><br>{}").format(true, predicted, rows)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position())
        if cell != self._hover:
            self._hover = cell
            self.update()
            where = event.globalPosition().toPoint() + QPoint(8, 8)
            QToolTip.showText(where, self.describe(cell) if cell else "", self)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and cell is not None:
            self._cursor = cell
            self._toggle(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is not None and self._shown:
            at = self._cursor or Cell(self._shown[0], self._shown[0])
            last = len(self._shown) - 1
            row, column = (
                min(max(self._shown.index(index) + by, 0), last)
                for index, by in zip(at, step, strict=True)
            )
            self._cursor = Cell(self._shown[row], self._shown[column])
            self.setAccessibleDescription(self.describe(self._cursor).replace("<br>", ", "))
            self.update()
        elif (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._cursor
        ):
            self._toggle(self._cursor)
        else:
            super().keyPressEvent(event)

    def _toggle(self, cell: Cell) -> None:
        self._chosen = None if cell == self._chosen else cell
        self.update()
        self.chosen.emit(self._chosen)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()


def _between(stops: Sequence[QColor], share: float) -> QColor:
    """Return the colour at a share (0 to 1) of the way through some stops."""
    place = min(max(share, 0.0), 1.0) * (len(stops) - 1)
    low = min(int(place), len(stops) - 2)
    part = place - low
    first, second = stops[low], stops[low + 1]
    return QColor.fromRgbF(
        *(
            (1 - part) * a + part * b
            for a, b in zip(_channels(first), _channels(second), strict=True)
        )
    )


def _channels(color: QColor) -> tuple[float, float, float]:
    return color.redF(), color.greenF(), color.blueF()


def _luminance(color: QColor) -> float:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _channels(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _short(text: str, painter: QPainter, width: float) -> str:
    metrics = QFontMetricsF(painter.font())
    return metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
