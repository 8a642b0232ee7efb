"""Charts in the theme's colours: axes, a view that zooms along x, and the base of all plots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsRectItem, QWidget

from modelstudio.ui.theme import theme, themes

Dash = tuple[float, ...]


def pen(color: QColor, width: float = 1.0, dash: Dash = (), opacity: float = 1.0) -> QPen:
    """Return a pen whose dashes are in pixels."""
    tinted = QColor(color)
    tinted.setAlphaF(opacity)
    made = QPen(tinted, width)
    made.setCosmetic(True)
    if dash:
        made.setCapStyle(Qt.PenCapStyle.FlatCap)
        made.setDashPattern([length / width for length in dash])
    return made


class Axis(pg.AxisItem):
    """An axis with quiet grid lines; ``write`` turns a value into its text."""

    def __init__(self, side: str, write: Callable[[float], str] | None = None):
        super().__init__(side)
        self.write = write
        self.enableAutoSIPrefix(False)
        self.setStyle(tickLength=0, tickTextOffset=8, maxTickLevel=0, hideOverlappingLabels=False)

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        if self.write is None or self.logMode:
            return super().tickStrings(values, scale, spacing)
        return [self.write(value * scale) for value in values]

    def dress(self) -> None:
        """Take colours and font from the theme."""
        self.setPen(pen(theme().chart("grid")))
        self.setTextPen(theme().color("textSecondary"))
        self.setStyle(tickFont=theme().font("axis"))
        self.setGrid(255)


class XView(pg.ViewBox):
    """The wheel zooms x, a drag selects a range of x, a double click shows all again."""

    range_chosen = Signal(float, float)
    reset = Signal()

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.setMouseEnabled(x=True, y=False)
        self._band = QGraphicsRectItem()
        self._band.setZValue(1000)
        self._band.hide()
        self.addItem(self._band, ignoreBounds=True)
        self.sigRangeChangedManually.connect(lambda _: self.range_chosen.emit(*self.viewRange()[0]))

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        ev.accept()
        if ev.button() != Qt.MouseButton.LeftButton:
            return
        ends = sorted(self.mapToView(point).x() for point in (ev.buttonDownPos(), ev.pos()))
        if ev.isFinish():
            self._band.hide()
            if ends[1] > ends[0]:
                self.range_chosen.emit(*ends)
            return
        bottom, top = self.viewRange()[1]
        fill = QColor(theme().color("accent"))
        fill.setAlphaF(0.18)
        self._band.setBrush(fill)
        self._band.setPen(QPen(Qt.PenStyle.NoPen))
        self._band.setRect(QRectF(ends[0], bottom, ends[1] - ends[0], top - bottom))
        self._band.show()

    def mouseClickEvent(self, ev: Any) -> None:
        if ev.double():
            ev.accept()
            self.reset.emit()


class Plot(pg.PlotWidget):
    """A plot that follows the theme; a page fills it."""

    def __init__(
        self,
        name: str,
        view: pg.ViewBox | None = None,
        write_x: Callable[[float], str] | None = None,
        write_y: Callable[[float], str] | None = None,
        parent: QWidget | None = None,
    ):
        self.x_axis, self.y_axis = Axis("bottom", write_x), Axis("left", write_y)
        super().__init__(
            parent, viewBox=view, axisItems={"bottom": self.x_axis, "left": self.y_axis}
        )
        self.setObjectName(name)
        self.setAccessibleName(name)
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.hideButtons()
        self.setMenuEnabled(False)
        for axis in (self.x_axis, self.y_axis):
            axis.setZValue(-1000)  # grid lines lie below what is drawn
        self.y_axis.setWidth(52)
        self.x_axis.setHeight(28)
        self.plotItem.layout.setContentsMargins(0, 6, 16, 0)
        themes().changed.connect(self.dress)
        self.dress()

    def dress(self) -> None:
        """Take colours and fonts from the theme."""
        self.setBackground(theme().color("panel"))
        self.x_axis.dress()
        self.y_axis.dress()
