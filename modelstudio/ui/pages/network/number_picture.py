"""Numbers as a picture: bars, an image, or a grid of small images; and how they are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QLinearGradient,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.units import number_text
from modelstudio.ui.theme import theme, themes
from modelstudio.ui.widgets import count_text

if TYPE_CHECKING:
    from modelstudio.engine.drawable import Numbers

_GAP, _STRIP_GAP = 4, 16
_LEAST_SIDE, _MOST_SIDE = 36, 112
_LEAST_KERNEL, _MOST_KERNEL = 18, 40
_MOST_CELL, _LEAST_CELL = 24, 1.5
_BARS_HEIGHT, _MOST_BAR = 96, 28
_SINGULAR = {
    "channels": tr("channel"),
    "features": tr("feature"),
    "filters": tr("filter"),
    "ids": tr("id"),
    "inputs": tr("input"),
    "numbers": tr("number"),
    "outputs": tr("output"),
    "rows": tr("row"),
    "columns": tr("column"),
    "steps": tr("step"),
}


class _Grid(NamedTuple):
    """How small pictures stand: strips of some, several strips in a line."""

    strip: int
    strips: int
    width: float
    height: float

    @property
    def strip_width(self) -> float:
        return self.strip * (self.width + _GAP) - _GAP + (_STRIP_GAP if self.strip > 1 else _GAP)

    def rect(self, index: int) -> QRectF:
        """Return where a picture stands."""
        strip, place = divmod(index, self.strip)
        line, column = divmod(strip, self.strips)
        x = column * self.strip_width + place * (self.width + _GAP)
        return QRectF(x, line * (self.height + _GAP), self.width, self.height)


class NumberPicture(QWidget):
    """Paints `Numbers` in the colours of the theme, from the lowest to the highest.

    ``stepped`` asks for the next row (1) or the one before (-1): arrow keys do so.
    """

    stepped = Signal(int)

    def __init__(self, name: str, room: int = 0):
        super().__init__(objectName=name)
        self._numbers: Numbers | None = None
        self._images: list[QImage] = []
        self._room = room
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)
        themes().changed.connect(self._color)

    def show_numbers(self, numbers: Numbers, what: str) -> None:
        """Paint numbers; ``what`` they are is told to those who cannot see them."""
        self._numbers = numbers
        self.setAccessibleName(f"{what}: {described(numbers)}")
        self._color()
        self._fit()

    def set_room(self, height: int) -> None:
        """Say how high it may be before it must be scrolled."""
        self._room = height
        self._fit()

    def _color(self) -> None:
        if self._numbers is not None and self._numbers.kind != "bars":
            values = self._numbers.values
            tables = values if values.ndim == 3 else values[None]
            self._images = [_image(table, self._numbers) for table in tables]
        self.update()

    # Layout

    def _fit(self) -> None:
        numbers = self._numbers
        if numbers is None:
            return
        if numbers.kind == "bars":
            height = min(self._room or _BARS_HEIGHT, 2 * _BARS_HEIGHT)
        elif numbers.kind == "image":
            height = round(self._cells(numbers)[1] * numbers.values.shape[0])
        else:
            count = len(numbers.values)
            height = round(self._grid(numbers).rect(count - 1).bottom())
        self.setFixedHeight(max(height, 24))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def sizeHint(self) -> QSize:
        return QSize(240, self.minimumHeight())

    def _cells(self, numbers: Numbers) -> tuple[float, float]:
        """Return width and height of a cell of an image."""
        rows, columns = numbers.values.shape
        width = min(self.width() / columns, _MOST_CELL)
        height = min(max((self._room or 160) / rows, _LEAST_CELL), _MOST_CELL)
        return width, height

    def _grid(self, numbers: Numbers) -> _Grid:
        """Return the largest pictures that have room, or small ones that scroll."""
        count, high, wide = numbers.values.shape
        strip = numbers.columns or 1
        kernels = high <= 11 and wide <= 11 and strip > 1
        least, most = (_LEAST_KERNEL, _MOST_KERNEL) if kernels else (_LEAST_SIDE, _MOST_SIDE)
        for side in range(most, least - 1, -2):
            scale = side / max(high, wide)
            grid = _Grid(strip, 1, max(wide * scale, 4), max(high * scale, 4))
            strips = max(int((self.width() + _STRIP_GAP) / grid.strip_width), 1)
            grid = grid._replace(strips=strips)
            if grid.rect(count - 1).bottom() <= self._room:
                break
        return grid

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        numbers = self._numbers
        if numbers is None:
            return
        painter = QPainter(self)
        if numbers.kind == "bars":
            self._paint_bars(painter, numbers)
        elif numbers.kind == "image":
            width, height = self._cells(numbers)
            rows, columns = numbers.values.shape
            self._paint_image(painter, QRectF(0, 0, width * columns, height * rows), 0)
        else:
            grid = self._grid(numbers)
            for index in range(len(self._images)):
                self._paint_image(painter, grid.rect(index), index)
        if self.hasFocus():
            painter.setPen(QPen(theme().color("focusRing"), 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))

    def _paint_image(self, painter: QPainter, rect: QRectF, index: int) -> None:
        painter.drawImage(rect, self._images[index])
        painter.setPen(QPen(theme().color("border"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_bars(self, painter: QPainter, numbers: Numbers) -> None:
        low, high = min(numbers.low, 0.0), max(numbers.high, 0.0)
        span = (high - low) or 1.0
        room = self.height() - 2
        zero = 1 + room * high / span
        step = self._bar_step(numbers)
        painter.setPen(Qt.PenStyle.NoPen)
        for index, value in enumerate(numbers.values):
            known = bool(np.isfinite(value))
            top = zero - room * float(value) / span if known else 1.0
            box = QRectF(index * step, top, step, (zero if known else room) - top).normalized()
            painter.setBrush(theme().sequential[-1] if known else theme().color("error"))
            painter.drawRect(box.adjusted(0, 0, -1 if step > 3 else 0, 0))
        painter.setPen(QPen(theme().color("borderStrong"), 1))
        painter.drawLine(QPointF(0, zero), QPointF(step * len(numbers.values), zero))

    def _bar_step(self, numbers: Numbers) -> float:
        return min(self.width() / max(len(numbers.values), 1), _MOST_BAR)

    # Pointer and keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.stepped.emit(step)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.text_at(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def text_at(self, point: QPointF) -> str:
        """Return what stands at a place: which number, and how large it is."""
        numbers = self._numbers
        if numbers is None:
            return ""
        if numbers.kind == "bars":
            place = [int(point.x() // self._bar_step(numbers))]
        elif numbers.kind == "image":
            width, height = self._cells(numbers)
            place = [int(point.y() // height), int(point.x() // width)]
        else:
            place = self._place_in_pictures(numbers, point)
        inside = all(0 <= at < size for at, size in zip(place, numbers.values.shape, strict=False))
        if not place or not inside:
            return ""
        value = number_text(float(numbers.values[tuple(place)]))
        return f"{self._where(numbers, place)}<br><b>{value}</b>"

    def _place_in_pictures(self, numbers: Numbers, point: QPointF) -> list[int]:
        grid = self._grid(numbers)
        _, high, wide = numbers.values.shape
        for index in range(len(numbers.values)):
            rect = grid.rect(index)
            if rect.contains(point):
                row = int((point.y() - rect.top()) / rect.height() * high)
                column = int((point.x() - rect.left()) / rect.width() * wide)
                return [index, min(row, high - 1), min(column, wide - 1)]
        return []

    def _where(self, numbers: Numbers, place: list[int]) -> str:
        """Name a number; where several were merged, only the picture that it lies in."""
        names = [_SINGULAR[axis] for axis in numbers.axes]
        counts = [at + 1 for at in place]
        if numbers.columns:
            filters, channel = divmod(place[0], numbers.columns)
            names.insert(1, tr("channel"))
            counts[:1] = [filters + 1, channel + 1]
        if numbers.merged:
            keep = len(names) - 2 if numbers.kind == "pictures" else 0
            names = names[:keep]
        pairs = zip(names, counts, strict=False)
        return ", ".join(f"{name} {count_text(count)}" for name, count in pairs)


class Histogram(QWidget):
    """How often numbers of each size occur."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: NDArray[np.int64] = np.zeros(0, np.int64)
        self._ends = ("", "")
        self.setFixedSize(theme().grown(176), theme().grown(84))

    def show_counts(self, counts: NDArray[np.int64], low: float, high: float) -> None:
        """Paint how many numbers lie in each of equal steps between two ends."""
        self._counts, self._ends = counts, (number_text(low), number_text(high))
        total = count_text(int(counts.sum()))
        text = tr("Spread of {0} numbers from {1} to {2}").format(total, *self._ends)
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        foot = theme().grown(18)
        room = self.height() - foot
        step = self.width() / max(len(self._counts), 1)
        most = max(int(self._counts.max(initial=0)), 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().sequential[-2])
        for index, count in enumerate(self._counts):
            height = room * int(count) / most
            painter.drawRect(QRectF(index * step, room - height, max(step - 1, 1), height))
        painter.setPen(QPen(theme().color("borderStrong"), 1))
        painter.drawLine(QPointF(0, room), QPointF(self.width(), room))
        painter.setFont(theme().font("axis"))
        painter.setPen(theme().color("textTertiary"))
        line = QRectF(0, room, self.width(), foot)
        for side, text in zip(
            (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight), self._ends, strict=True
        ):
            painter.drawText(line, side | Qt.AlignmentFlag.AlignVCenter, text)


class Legend(QWidget):
    """The colours from the lowest to the highest number."""

    def __init__(self) -> None:
        super().__init__(objectName="network.inside.legend")
        self._ends = ("", "")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_ends(self, low: float, high: float) -> None:
        """Write what the colours at both ends stand for."""
        self._ends = (number_text(low), number_text(high))
        self.setAccessibleName(tr("Colours from {0} to {1}").format(*self._ends))
        self.updateGeometry()
        self.update()

    def _widths(self) -> tuple[int, int]:
        metrics = QFontMetrics(theme().font("label"))
        left, right = (metrics.horizontalAdvance(text) + 6 for text in self._ends)
        return left, right

    def sizeHint(self) -> QSize:
        return QSize(sum(self._widths()) + 72, theme().grown(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        left, right = self._widths()
        painter.setFont(theme().font("label"))
        painter.setPen(theme().color("textTertiary"))
        whole = QRectF(self.rect())
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(whole, Qt.AlignmentFlag.AlignLeft | middle, self._ends[0])
        painter.drawText(whole, Qt.AlignmentFlag.AlignRight | middle, self._ends[1])
        bar = QRectF(left, self.height() / 2 - 4, self.width() - left - right, 8)
        ramp = QLinearGradient(bar.topLeft(), bar.topRight())
        stops = theme().sequential
        for index, color in enumerate(stops):
            ramp.setColorAt(index / (len(stops) - 1), color)
        painter.setPen(QPen(theme().color("border"), 1))
        painter.setBrush(ramp)
        painter.drawRect(bar)


def described(numbers: Numbers) -> str:
    """Say in words what a picture shows."""
    shape = "×".join(count_text(size) for size in numbers.shape) or "1"
    text = tr("{0} numbers from {1} to {2}")
    return text.format(shape, number_text(numbers.low), number_text(numbers.high))


def _image(values: NDArray[np.float32], numbers: Numbers) -> QImage:
    """Colour a table of numbers; those that are none get the colour of errors."""
    span = (numbers.high - numbers.low) or 1.0
    known = np.isfinite(values)
    shares = np.where(known, (values - numbers.low) / span, 0)
    levels = np.clip(shares * 255, 0, 255).astype(np.uint8)
    pixels = np.where(known, _table()[levels], np.uint32(theme().color("error").rgb()))
    pixels = np.ascontiguousarray(pixels, dtype=np.uint32)
    high, wide = pixels.shape
    return QImage(pixels.data, wide, high, 4 * wide, QImage.Format.Format_RGB32).copy()


def _table() -> NDArray[np.uint32]:
    """Return 256 colours between the stops of the theme."""
    stops = theme().sequential
    places = np.linspace(0, len(stops) - 1, 256)
    parts = [
        np.interp(places, range(len(stops)), [part(color) for color in stops])
        for part in (QColor.red, QColor.green, QColor.blue)
    ]
    red, green, blue = (part.round().astype(np.uint32) for part in parts)
    return np.uint32(0xFF000000) | red << np.uint32(16) | green << np.uint32(8) | blue
