"""ROC curves with a threshold ring that is dragged along one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent

from modelstudio.engine.results import RocCurve
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.evaluate.threshold import Outcome, Sweep
from modelstudio.ui.pages.plots import Plot, pen
from modelstudio.ui.theme import theme, tokens

POINTS = 2000
"""Most points drawn of a curve."""


class RocPlot(Plot):
    """False against true positive rate; ``moved`` gives the threshold the ring was dragged to.

    A press anywhere on the plot takes the ring to the nearest point of the curve; the left and
    right keys move it by 0.01.
    """

    moved = Signal(float)

    def __init__(self) -> None:
        super().__init__("evaluate.roc", _FixedView(), write_x=_tick, write_y=_tick)
        self.setAccessibleName(tr("ROC curve; left and right move the threshold"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._sweep: Sweep | None = None
        self._threshold = 0.5
        self._curves: list[pg.PlotCurveItem] = []
        self._chance = pg.PlotCurveItem([0, 1], [0, 1])
        self._drop = pg.PlotCurveItem()
        self._cheapest = pg.ScatterPlotItem(size=13, symbol="d")
        self._cheapest_text = pg.TextItem(anchor=(0, 0.5))
        self.ring = _Ring()
        self._ring_text = pg.TextItem(anchor=(-0.15, -0.1))
        layers = (
            (self._chance, 0),
            (self._drop, 5),
            (self._cheapest, 20),
            (self._cheapest_text, 20),
            (self._ring_text, 25),
            (self.ring, 30),
        )
        for item, z in layers:
            item.setZValue(z)
            self.addItem(item, ignoreBounds=True)
        self.setXRange(0, 1, padding=0.012)
        self.setYRange(0, 1, padding=0.02)
        ticks = [(value, _tick(value)) for value in (0, 0.25, 0.5, 0.75, 1)]
        for axis, text in (
            (self.x_axis, tr("False positive rate")),
            (self.y_axis, tr("True positive rate")),
        ):
            axis.setTicks([ticks])
            axis.setLabel(text)
        self.x_axis.setHeight(46)
        self.y_axis.setWidth(64)
        self.getViewBox().dragged.connect(self._drag)
        self.dress()

    def dress(self) -> None:
        super().dress()
        if not hasattr(self, "ring"):
            return
        now, style = theme(), tokens()["chartStyle"]
        highlight = now.chart("classHighlight")
        chance = tuple(style["chanceDiagonal"]["dash"])
        self._chance.setPen(pen(now.color("textTertiary"), 1, chance, 0.7))
        self._drop.setPen(pen(highlight, 1, (2, 3)))
        self.ring.set_look(highlight, now.color("panel"))
        self._cheapest.setPen(pen(now.color("panel"), 1))
        self._cheapest.setBrush(now.color("warning"))
        self._cheapest_text.setColor(now.color("warning"))
        self._ring_text.setColor(now.color("text"))
        self._ring_text.fill = pg.mkBrush(now.color("raised"))
        self._ring_text.border = pen(now.color("borderStrong"))
        for item in (self._cheapest_text, self._ring_text):
            item.setFont(now.font("label"))
        for axis in (self.x_axis, self.y_axis):
            axis.labelStyle = {"color": now.hex("textSecondary")}
            axis.label.setFont(now.font("axis"))
            axis.setLabel(axis.labelText)

    def show_curves(
        self, curves: Sequence[tuple[RocCurve, QColor, float]], sweep: Sweep | None
    ) -> None:
        """Draw curves in a colour and width; ``sweep`` belongs to the one with the ring."""
        while len(self._curves) < len(curves):
            item = pg.PlotCurveItem(antialias=True)
            item.setZValue(10)
            self.addItem(item, ignoreBounds=True)
            self._curves.append(item)
        for index, item in enumerate(self._curves):
            item.setVisible(index < len(curves))
            if index < len(curves):
                curve, color, width = curves[index]
                step = max(1, len(curve.fpr) // POINTS)
                kept = np.r_[np.arange(0, max(len(curve.fpr) - 1, 0), step), len(curve.fpr) - 1]
                kept = kept[kept >= 0]
                item.setData(curve.fpr[kept], curve.tpr[kept], pen=pen(color, width))
        self._sweep = sweep
        for item in (self.ring, self._ring_text, self._drop):
            item.setVisible(sweep is not None)
        if sweep is None:
            self.set_cheapest(None)

    def set_outcome(self, outcome: Outcome) -> None:
        """Put the ring where a threshold is."""
        self._threshold = outcome.threshold
        at = _point(outcome)
        self.ring.setPos(*at)
        self._ring_text.setText(tr("threshold {:.2f}").format(outcome.threshold))
        self._ring_text.setPos(*at)
        self._ring_text.setAnchor((1.15, -0.2) if at[0] > 0.7 else (-0.12, -0.35))
        self._drop.setData([at[0], at[0]], [0, at[1]])
        self._keep_labels_apart()

    def set_cheapest(self, outcome: Outcome | None) -> None:
        """Mark the threshold at which mistakes cost least."""
        self._cheapest.setVisible(outcome is not None)
        self._cheapest_text.setVisible(outcome is not None)
        if outcome is not None:
            at = _point(outcome)
            self._cheapest.setData([at[0]], [at[1]])
            words = tr("cheapest with these costs: {:.2f}")
            self._cheapest_text.setText(words.format(outcome.threshold))
            self._cheapest_text.setPos(*at)
            self._keep_labels_apart()

    def _keep_labels_apart(self) -> None:
        """Put the words of the diamond below those of the ring where the two are close."""
        ring, diamond = self.ring.pos(), self._cheapest_text.pos()
        close = -0.05 < ring.y() - diamond.y() < 0.1 and abs(ring.x() - diamond.x()) < 0.4
        across = 1.06 if diamond.x() > 0.6 else -0.06
        self._cheapest_text.setAnchor((across, -1.6 if close else 0.5))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: 0.01, Qt.Key.Key_Right: -0.01}.get(Qt.Key(event.key()))
        if step is None or self._sweep is None:
            super().keyPressEvent(event)
            return
        self.moved.emit(min(max(round(self._threshold + step, 2), 0.0), 1.0))

    def _drag(self, at: QPointF) -> None:
        if self._sweep is not None:
            view = self.getViewBox()
            aspect = view.height() / max(view.width(), 1)
            self.moved.emit(self._sweep.nearest(at.x(), at.y(), aspect))


class _FixedView(pg.ViewBox):
    """Neither zooms nor pans; tells where the left button is held."""

    dragged = Signal(object)

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.setMouseEnabled(x=False, y=False)

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        if ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            self.dragged.emit(self.mapToView(ev.pos()))

    def mouseClickEvent(self, ev: Any) -> None:
        if ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            self.dragged.emit(self.mapToView(ev.pos()))


class _Ring(pg.TargetItem):
    """The threshold; the view moves it, so that it never leaves the curve."""

    def __init__(self) -> None:
        super().__init__(pos=(0, 1), size=15, symbol="o", movable=False)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def set_look(self, color: QColor, ground: QColor) -> None:
        """Take the colours of the theme."""
        for change in (self.setPen, self.setHoverPen):
            change(pen(color, 3))
        for change in (self.setBrush, self.setHoverBrush):
            change(ground)


def _point(outcome: Outcome) -> tuple[float, float]:
    values = np.nan_to_num([outcome.fpr, outcome.recall])
    return float(values[0]), float(values[1])


def _tick(value: float) -> str:
    return f"{value:g}"
