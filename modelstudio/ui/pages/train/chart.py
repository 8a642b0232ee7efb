"""One chart of the Train page: curves over epochs, crosshair, best epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.figures import number_text
from modelstudio.ui.pages.plots import Dash, Plot, XView, pen
from modelstudio.ui.pages.train.legend import LineSample
from modelstudio.ui.pages.train.series import Curve
from modelstudio.ui.theme import theme, tokens
from modelstudio.ui.widgets import label, toned


@dataclass(frozen=True, slots=True)
class Trace:
    """A curve and how it is drawn; ``raw`` shows the values behind the smoothed ones."""

    key: str
    text: str
    curve: Curve
    color: QColor
    width: float = 2.0
    dash: Dash = ()
    raw: bool = True


@dataclass(frozen=True, slots=True)
class Best:
    """The best epoch and its value."""

    epoch: int
    value: float


class CurveChart(Plot):
    """Curves over epochs. `draw` shows traces; what is drawn is at most two points a pixel.

    ``pointed`` gives the epoch under the pointer, or None; ``ranged`` a range of epochs that was
    asked for, or None for all of them.
    """

    pointed = Signal(object)
    ranged = Signal(object)

    def __init__(self, name: str):
        self._view = XView()
        super().__init__(name, self._view)
        self.write: Callable[[float], str] = number_text
        self._items: dict[str, pg.PlotCurveItem] = {}
        self._traces: tuple[Trace, ...] = ()
        self._best: Best | None = None
        self._log = False
        self._smooth_lines = True
        self.epochs = (0.0, 10.0)
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._best_line = pg.InfiniteLine(angle=90, movable=False)
        self._best_ring = pg.ScatterPlotItem(size=10, pxMode=True)
        self._best_text = pg.TextItem(anchor=(0, 0.5))
        self._broken_line = pg.InfiniteLine(angle=90, movable=False)
        self._broken_text = pg.TextItem("NaN", anchor=(0, 0))
        for item in (
            self._best_line,
            self._best_ring,
            self._best_text,
            self._broken_line,
            self._broken_text,
            self._cursor,
        ):
            item.setZValue(20)
            item.hide()
            self.addItem(item, ignoreBounds=True)
        self.tip = CursorTip(self.viewport())
        self._view.range_chosen.connect(lambda left, right: self.ranged.emit((left, right)))
        self._view.reset.connect(lambda: self.ranged.emit(None))
        self.scene().sigMouseMoved.connect(self._point)
        self.setMinimumHeight(120)
        self.dress()

    def dress(self) -> None:
        super().dress()
        if not hasattr(self, "_cursor"):
            return
        style = tokens()["chartStyle"]
        marker, error = theme().chart("bestMarker"), theme().color("error")
        self._cursor.setPen(pen(theme().chart("crosshair")))
        self._best_line.setPen(pen(marker, 1, tuple(style["bestEpoch"]["dash"])))
        self._best_ring.setPen(pen(marker, 2))
        self._best_ring.setBrush(theme().color("panel"))
        self._broken_line.setPen(pen(error, 1, (2, 3)))
        self._broken_text.setColor(error)
        for item in (self._best_text, self._broken_text):
            item.setFont(theme().font("label"))
        self._best_text.setColor(theme().color("text"))
        self._best_text.fill = pg.mkBrush(theme().color("raised"))
        self._best_text.border = pen(theme().color("borderStrong"))

    # What it shows

    def set_write(
        self, write: Callable[[float], str], on_axis: Callable[[float], str] | None = None
    ) -> None:
        """Choose how values are written in the tooltip, and on the axis if that differs."""
        self.write = write
        self.y_axis.write = on_axis or write

    def set_log(self, log: bool) -> None:
        """Show y on a logarithmic axis or a plain one."""
        self._log = log
        self.y_axis.setLogMode(log)

    def set_antialias(self, on: bool) -> None:
        """Smooth the edges of lines; off while curves move."""
        self._smooth_lines = on

    def draw(
        self, traces: Sequence[Trace], epochs: tuple[float, float], best: Best | None = None
    ) -> None:
        """Show curves within a range of epochs."""
        self._traces, self.epochs, self._best = tuple(traces), epochs, best
        pixels = max(int(self._view.width()), 100)
        lows, highs, used = [], [], set()
        for order, trace in enumerate(traces):
            if trace.raw and trace.curve.smooth is not trace.curve.raw:
                used.add(self._put(f"{trace.key}.raw", trace, pixels, order, faint=True))
            used.add(self._put(trace.key, trace, pixels, order + 10, faint=False))
            y = self._scaled(trace.curve.smooth.view(*epochs, pixels)[1])
            if len(y):
                lows.append(float(y.min()))
                highs.append(float(y.max()))
        for key in self._items.keys() - used:
            self.removeItem(self._items.pop(key))
        self.setXRange(*epochs, padding=0.012)
        bottom, top = self._room(min(lows, default=0.0), max(highs, default=1.0))
        self._place_best(bottom, top)
        self._place_broken(top)

    def _room(self, low: float, high: float) -> tuple[float, float]:
        """Give the values room, and keep what there is while they fill it well enough."""
        bottom, top = self._view.viewRange()[1]
        margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.05
        inside = bottom <= low - margin / 3 and high + margin / 3 <= top
        if not inside or high - low < 0.75 * (top - bottom):
            bottom, top = low - margin, high + margin
            self.setYRange(bottom, top, padding=0)
        return bottom, top

    def _put(self, key: str, trace: Trace, pixels: int, order: int, *, faint: bool) -> str:
        item = self._items.get(key)
        if item is None:
            item = self._items[key] = pg.PlotCurveItem()
            self.addItem(item, ignoreBounds=True)
        style = tokens()["chartStyle"]["rawUnsmoothed"]
        points = trace.curve.raw if faint else trace.curve.smooth
        x, y = points.view(*self.epochs, pixels)
        look = (
            pen(trace.color, style["width"], (), style["opacity"])
            if faint
            else pen(trace.color, trace.width, trace.dash)
        )
        item.setZValue(order)
        item.setData(x, self._scaled(y), pen=look, antialias=self._smooth_lines)
        return key

    def _scaled(self, y: np.ndarray) -> np.ndarray:
        return np.log10(np.maximum(y, 1e-12)) if self._log else y

    def _place_best(self, bottom: float, top: float) -> None:
        best, inside = self._best, False
        if best is not None:
            inside = self.epochs[0] <= best.epoch <= self.epochs[1]
            value = math.log10(max(best.value, 1e-12)) if self._log else best.value
            self._best_line.setValue(best.epoch)
            self._best_ring.setData([best.epoch], [value])
            self._best_text.setText(tr("Best · epoch {}").format(best.epoch))
            right = best.epoch > sum(self.epochs) / 2
            self._best_text.setAnchor((1.12, 0.5) if right else (-0.12, 0.5))
            middle = value < (bottom + top) / 2
            self._best_text.setPos(best.epoch, bottom + (0.9 if middle else 0.1) * (top - bottom))
        for item in (self._best_line, self._best_ring, self._best_text):
            item.setVisible(inside)

    def _place_broken(self, top: float) -> None:
        at = next((t.curve.broken for t in self._traces if t.curve.broken is not None), None)
        self._broken_line.setVisible(at is not None)
        self._broken_text.setVisible(at is not None)
        if at is not None:
            self._broken_line.setValue(at)
            self._broken_text.setPos(at, top)

    # Crosshair

    def set_cursor(self, epoch: float | None) -> None:
        """Put the crosshair on an epoch; None takes it away."""
        self._cursor.setVisible(epoch is not None)
        if epoch is not None:
            self._cursor.setValue(epoch)

    def show_tip(self, epoch: float, at: QPointF | None = None) -> None:
        """List every curve at an epoch beside the crosshair, inside the plot."""
        rows = [
            (trace, value)
            for trace in self._traces
            if (value := trace.curve.raw.at(epoch)) is not None
            and epoch <= trace.curve.raw.x[-1] + 0.5
        ]
        plot = self._view.sceneBoundingRect()
        x = self.mapFromScene(self._view.mapViewToScene(QPointF(epoch, 0))).x()
        y = self.mapFromScene(at).y() if at is not None else plot.top() + 8
        self.tip.show_rows(tr("Epoch {}").format(f"{epoch:g}"), rows, self.write)
        left = x + 14
        if left + self.tip.width() > plot.right():
            left = x - 14 - self.tip.width()
        top = min(max(y - self.tip.height() / 2, plot.top()), plot.bottom() - self.tip.height())
        self.tip.move(round(max(left, plot.left())), round(max(top, 0)))

    def _point(self, at: QPointF) -> None:
        if not self._view.sceneBoundingRect().contains(at) or not self._traces:
            self.leave()
            return
        epoch = max(1, round(self._view.mapSceneToView(at).x()))
        self.pointed.emit(epoch)
        self.show_tip(epoch, at)

    def leave(self) -> None:
        """Take crosshair and tooltip away."""
        self.tip.hide()
        self.pointed.emit(None)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.leave()


class CursorTip(QFrame):
    """The values at the crosshair, one row a curve."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        toned(self, "popup")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 8, 12, 8)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(4)
        self._title = label("", "section")
        self._grid.addWidget(self._title, 0, 0, 1, 3)
        self._rows: list[tuple[LineSample, QLabel, QLabel]] = []
        self.hide()

    def show_rows(
        self, title: str, rows: Sequence[tuple[Trace, float]], write: Callable[[float], str]
    ) -> None:
        """Fill it and show it."""
        self._title.setText(title)
        while len(self._rows) < len(rows):
            parts = LineSample(), label("", "label", "secondary"), label("", "label")
            parts[2].setAlignment(Qt.AlignmentFlag.AlignRight)
            for place, part in enumerate(parts):
                self._grid.addWidget(part, len(self._rows) + 1, place)
            self._rows.append(parts)
        for index, parts in enumerate(self._rows):
            for part in parts:
                part.setVisible(index < len(rows))
            if index < len(rows):
                trace, value = rows[index]
                parts[0].set_look(trace.color, trace.dash)
                parts[1].setText(trace.text)
                parts[2].setText(write(value))
        self.adjustSize()
        self.show()
        self.raise_()
