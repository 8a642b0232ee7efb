"""Small drawings for the help card: a window over a picture, its step and rim, what is dropped."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from modelstudio.ui.theme import theme

_CELL, _CELLS = 11, 5
_FIELDS = ("kernel_size", "stride", "padding", "margin", "dilation", "p", "dropout")


def has_sketch(field: str) -> bool:
    """Return whether a field has a drawing."""
    return field in _FIELDS


class Sketch(QWidget):
    """A 5 x 5 picture with the window of a convolution or pooling."""

    def __init__(self) -> None:
        super().__init__()
        side = _CELL * _CELLS + 2
        self.setFixedSize(side, side)
        self._field = ""
        self._value: object = None

    def draw(self, field: str, value: object) -> None:
        """Draw what a field does at a value."""
        self._field, self._value = field, value
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme()
        painter = QPainter(self)
        painter.setPen(QPen(now.color("borderStrong"), 1))
        for i in range(_CELLS):
            for j in range(_CELLS):
                painter.drawRect(self._cell(i, j))
        if self._field in ("padding", "margin"):
            self._rim(painter, now.color("accent"))
            return
        if self._field in ("p", "dropout"):
            self._dropped(painter, now.color("accent"))
            return
        if self._field == "dilation":
            step = min(_number(self._value, 1), 2)
            self._mark(painter, now.color("accent"), range(0, 2 * step + 1, step))
            return
        kernel, stride = (_number(self._value, 3), 0) if self._field == "kernel_size" else (2, 1)
        self._window(painter, 0, min(kernel, _CELLS), now.color("accent"), filled=True)
        if stride:
            step = min(_number(self._value, 1), _CELLS - kernel)
            self._window(painter, step, kernel, now.color("accent"), filled=False)

    def _cell(self, i: int, j: int) -> QRectF:
        return QRectF(0.5 + i * _CELL, 0.5 + j * _CELL, _CELL, _CELL)

    def _window(
        self, painter: QPainter, at: int, side: int, color: QColor, *, filled: bool
    ) -> None:
        painter.setPen(QPen(color, 1.5, Qt.PenStyle.SolidLine if filled else Qt.PenStyle.DashLine))
        if filled:
            tint = QColor(color)
            tint.setAlphaF(0.25)
            painter.setBrush(tint)
        for i in range(side if filled else 0):
            for j in range(side):
                painter.drawRect(self._cell(i, j))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(0.5 + at * _CELL, 0.5, side * _CELL, side * _CELL))

    def _mark(self, painter: QPainter, color: QColor, places: range) -> None:
        """Fill the cells that a filter of 3 x 3 sees."""
        painter.setPen(QPen(color, 1.5))
        tint = QColor(color)
        tint.setAlphaF(0.25)
        painter.setBrush(tint)
        for i in places:
            for j in places:
                painter.drawRect(self._cell(i, j))

    def _dropped(self, painter: QPainter, color: QColor) -> None:
        """Cross out the share of the cells that is set to 0."""
        painter.setPen(QPen(color, 1.5))
        share = self._value if isinstance(self._value, float) else 0.0
        for number in range(round(share * _CELLS * _CELLS)):
            i, j = divmod(number * 7 % (_CELLS * _CELLS), _CELLS)
            cell = self._cell(i, j).adjusted(3, 3, -3, -3)
            painter.drawLine(cell.topLeft(), cell.bottomRight())
            painter.drawLine(cell.topRight(), cell.bottomLeft())

    def _rim(self, painter: QPainter, color: QColor) -> None:
        painter.setPen(QPen(color, 1, Qt.PenStyle.DotLine))
        last = _CELLS - 1
        for i in range(_CELLS):
            for j in range(_CELLS):
                if i in (0, last) or j in (0, last):
                    painter.drawRect(self._cell(i, j).adjusted(2, 2, -2, -2))


def _number(value: object, default: int) -> int:
    if isinstance(value, tuple):
        value = value[0]
    return value if isinstance(value, int) and value > 0 else default
