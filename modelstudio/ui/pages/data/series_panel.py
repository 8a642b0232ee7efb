"""A series over time: all of it with its parts, and one window with the target it tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.wording import legend
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import ComboBox, format_number, grow, label
from modelstudio.wording import counted

if TYPE_CHECKING:
    from modelstudio.data.series_view import SeriesReading, Stretch

_PAD = 16
_LEFT = 52
"""Room for the figures at the left of a chart."""


class SeriesPanel(QWidget):
    """The chosen column of a series; a click on it moves the window.

    ``place_wanted`` gives the number of a row in the source, ``column_wanted`` a name.
    """

    place_wanted = Signal(int)
    column_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__(objectName="data.series")
        self.column = ComboBox("data.series.column", tr("Column"))
        self.column.textActivated.connect(self.column_wanted)
        self.legend = label("", "axis", "secondary", name="data.series.legend")
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self.whole, self.near = WholeChart(), WindowChart()
        self.whole.place_wanted.connect(self._want)
        self.near.place_wanted.connect(self._want)
        self._reading: SeriesReading | None = None
        head = QHBoxLayout()
        head.setContentsMargins(_PAD, 4, _PAD, 4)
        head.addWidget(self.column)
        head.addStretch(1)
        head.addWidget(self.legend)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self.near, 3)
        layout.addWidget(self.whole, 1)

    def show_reading(self, reading: SeriesReading) -> str:
        """Show a series and return a line that says what the window holds."""
        self._reading = reading
        if [self.column.itemText(at) for at in range(self.column.count())] != [*reading.columns]:
            self.column.clear()
            self.column.addItems(reading.columns)
        self.column.setCurrentText(reading.column)
        self.whole.set_reading(reading)
        self.near.set_reading(reading)
        self.legend.setText(_legend(reading))
        named = [tr("series {}").format(reading.series)] if reading.series else []
        return " · ".join((*named, _told(reading)))

    def show_figures(self, figures: object) -> None:
        """Show nothing more: the charts show all rows."""

    def _want(self, place: int) -> None:
        if self._reading is not None:
            self.place_wanted.emit(int(self._reading.numbers[place]))


def _told(reading: SeriesReading) -> str:
    if reading.window is None:
        words = tr("fewer than {} stand before it, so it is no sample")
        return words.format(counted(reading.length + reading.horizon - 1, "row"))
    told = tr("{} tell the target of the next row")
    if reading.horizon > 1:
        told = tr("{} tell the target {} rows later")
    return told.format(counted(reading.length, "row"), reading.horizon)


def _legend(reading: SeriesReading) -> str:
    """Return the parts that occur in their colours, as rich text."""
    seen = dict.fromkeys(stretch.part for stretch in reading.whole if stretch.part)
    return legend((_color(part), tr(part.capitalize())) for part in seen)


def _color(part: str) -> QColor:
    return theme().chart(part) if part else theme().color("textSecondary")


class _Chart(QWidget):
    """Lines over the places of a series, with the least and the most value at the left."""

    place_wanted = Signal(int)

    def __init__(self, name: str, words: str):
        super().__init__(objectName=name)
        self.setAccessibleName(words)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._reading: SeriesReading | None = None
        self._lines: Sequence[Stretch] = ()
        self._span = (0, 1)
        self._low = self._high = 0.0

    def show_lines(
        self, reading: SeriesReading, lines: Sequence[Stretch], span: tuple[int, int]
    ) -> None:
        """Draw lines from one place to before another."""
        self._reading, self._lines, self._span = reading, lines, span
        values = [value for line in lines for value in line.values]
        self._low, self._high = min(values, default=0.0), max(values, default=0.0)
        if self._low == self._high:
            self._low, self._high = self._low - 1, self._high + 1
        self.update()

    @property
    def plot(self) -> QRectF:
        """Where the lines lie."""
        below = theme().grown(18)
        return QRectF(_LEFT, 6, self.width() - _LEFT - _PAD, max(self.height() - below - 6, 8))

    def x_of(self, place: float) -> float:
        """Return where a place lies."""
        box, (first, end) = self.plot, self._span
        return box.left() + (place - first) / max(end - 1 - first, 1) * box.width()

    def y_of(self, value: float) -> float:
        """Return where a value lies."""
        box = self.plot
        return box.bottom() - (value - self._low) / (self._high - self._low) * box.height()

    def place_at(self, x: float) -> int:
        """Return the place under a point."""
        box, (first, end) = self.plot, self._span
        share = (x - box.left()) / max(box.width(), 1)
        return min(max(round(first + share * (end - 1 - first)), first), end - 1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._ask(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._ask(event.position().x())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or self._reading is None:
            super().keyPressEvent(event)
        elif 0 <= self._reading.at + step < self._reading.rows:
            self.place_wanted.emit(self._reading.at + step)

    def paintEvent(self, event: QPaintEvent) -> None:
        if (reading := self._reading) is None:
            return
        painter = QPainter(self)
        painter.setFont(theme().font("axis"))
        self.paint_below(painter, reading)
        self._paint_frame(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for line in self._lines:
            places = zip(line.places, line.values, strict=True)
            points = [QPointF(self.x_of(place), self.y_of(value)) for place, value in places]
            painter.setPen(QPen(_color(line.part), 1.5))
            if len(points) == 1:
                painter.drawEllipse(points[0], 1, 1)
            else:
                painter.drawPolyline(QPolygonF(points))
        self.paint_above(painter, reading)

    def paint_below(self, painter: QPainter, reading: SeriesReading) -> None:
        """Paint what lies behind the lines."""

    def paint_above(self, painter: QPainter, reading: SeriesReading) -> None:
        """Paint what lies over the lines."""

    def _paint_frame(self, painter: QPainter) -> None:
        now, box = theme(), self.plot
        painter.fillRect(QRectF(box.left(), box.bottom(), box.width(), 1), now.color("border"))
        painter.setPen(now.color("textTertiary"))
        tall = painter.fontMetrics().height()
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value, top in ((self._high, box.top() - 4), (self._low, box.bottom() - tall + 2)):
            words = format_number(float(f"{value:.4g}"))
            painter.drawText(QRectF(0, top, _LEFT - 6, tall), right, words)

    def write_times(self, painter: QPainter, reading: SeriesReading, places: list[int]) -> None:
        """Write times below their places, those named first before others they would run into."""
        taken: list[QRectF] = []
        painter.setPen(theme().color("textTertiary"))
        for place in dict.fromkeys(places):
            words = reading.times.get(place, "")
            wide = painter.fontMetrics().horizontalAdvance(words)
            left = min(max(self.x_of(place) - wide / 2, 2), self.width() - wide - 4)
            room = QRectF(left - 5, 0, wide + 10, self.height())
            if not any(room.intersects(other) for other in taken):
                painter.drawText(QPointF(left, self.height() - 4), words)
                taken.append(room)

    def _ask(self, x: float) -> None:
        if self._reading is not None and (place := self.place_at(x)) != self._reading.at:
            self.place_wanted.emit(place)


class WholeChart(_Chart):
    """All of a series, with the place of the window in it."""

    def __init__(self) -> None:
        super().__init__("data.series.whole", tr("The whole series"))
        grow(self, self.setMinimumHeight, 56)
        self.setToolTip(
            tr("Click or drag to look at another window. Left and right go row by row.")
        )

    def set_reading(self, reading: SeriesReading) -> None:
        """Show a series."""
        self.show_lines(reading, reading.whole, (0, reading.rows))

    def paint_below(self, painter: QPainter, reading: SeriesReading) -> None:
        box = self.plot
        first = reading.window[0] if reading.window else reading.at
        left, right = self.x_of(first), self.x_of(reading.at)
        band = QRectF(left - 1, box.top() - 2, max(right - left, 1) + 2, box.height() + 4)
        painter.fillRect(band, theme().color("selection"))
        painter.fillRect(QRectF(right, box.top() - 2, 1, box.height() + 4), theme().color("accent"))

    def paint_above(self, painter: QPainter, reading: SeriesReading) -> None:
        self.write_times(painter, reading, [0, reading.rows - 1])


class WindowChart(_Chart):
    """A window and what lies around it: the rows the network sees, and the one it tells."""

    def __init__(self) -> None:
        super().__init__("data.series.window", tr("One window of the series"))
        grow(self, self.setMinimumHeight, 96)

    def set_reading(self, reading: SeriesReading) -> None:
        """Show the window of a reading."""
        self.show_lines(reading, reading.near, reading.span)

    @property
    def plot(self) -> QRectF:
        return super().plot.adjusted(0, theme().grown(18), 0, 0)

    def paint_below(self, painter: QPainter, reading: SeriesReading) -> None:
        if reading.window is None:
            return
        now, box = theme(), self.plot
        half = (self.x_of(1) - self.x_of(0)) / 2
        left, right = self.x_of(reading.window[0]) - half, self.x_of(reading.window[1]) + half
        tall = theme().grown(18)
        painter.fillRect(
            QRectF(left, box.top() - tall, right - left, box.height() + tall),
            now.color("accentTint"),
        )
        painter.setPen(now.color("accent"))
        words = tr("The network sees {}").format(counted(reading.length, "row"))
        self._write(painter, words, left, right)
        target = self.x_of(reading.at)
        painter.setPen(QPen(now.color("accent"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(target, box.top()), QPointF(target, box.bottom()))

    def paint_above(self, painter: QPainter, reading: SeriesReading) -> None:
        now, box = theme(), self.plot
        target = self.x_of(reading.at)
        value = self._value(reading.at)
        if reading.window is not None:
            painter.setPen(QPen(now.color("textSecondary"), 1))
            for place in range(reading.window[0], reading.window[1] + 1):
                if reading.length <= 60 and (at := self._value(place)) is not None:
                    painter.setBrush(now.color("panel"))
                    painter.drawEllipse(QPointF(self.x_of(place), self.y_of(at)), 2, 2)
            painter.setPen(now.color("text"))
            metrics = painter.fontMetrics()
            words = tr("Target")
            wide = metrics.horizontalAdvance(words)
            left = min(
                max(target - wide / 2, self.x_of(reading.window[1])), self.width() - wide - 4
            )
            painter.drawText(QPointF(left, box.top() - 5), words)
        if value is not None and reading.is_target:
            painter.setPen(QPen(now.color("accent"), 2))
            painter.setBrush(now.color("panel"))
            painter.drawEllipse(QPointF(target, self.y_of(value)), 4, 4)
        self.write_times(painter, reading, [reading.at, *(reading.window or reading.span)])

    def _write(self, painter: QPainter, words: str, left: float, right: float) -> None:
        metrics, top = painter.fontMetrics(), self.plot.top() - 5
        short = metrics.elidedText(words, Qt.TextElideMode.ElideRight, round(right - left - 8))
        painter.drawText(QPointF(left + 4, top), short)

    def _value(self, place: int) -> float | None:
        for line in self._lines:
            if place in line.places:
                return line.values[line.places.index(place)]
        return None
