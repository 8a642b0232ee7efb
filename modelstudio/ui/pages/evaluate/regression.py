"""How predicted values meet the true ones: a scatter and the histogram of what is left."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from modelstudio.engine.results import Predictions
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.plots import Plot, pen
from modelstudio.ui.theme import theme

POINTS = 4000
"""Most points drawn; of more rows a fixed sample is shown."""

BINS = 48


def axis_number(value: float) -> str:
    """Write a number beside an axis: ``12k``, ``0.25``."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= 10 * size or (size > 1e3 and abs(value) >= size):
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


class _ValuePlot(Plot):
    def __init__(self, name: str, spoken: str, x: str, y: str):
        super().__init__(name, write_x=axis_number, write_y=axis_number)
        self.setAccessibleName(spoken)
        self.setMouseEnabled(x=False, y=False)
        self._titles = (x, y)
        for axis, text in zip((self.x_axis, self.y_axis), self._titles, strict=True):
            axis.setLabel(text)
        self.x_axis.setHeight(46)
        self.y_axis.setWidth(66)
        self._predictions: Predictions | None = None

    def dress(self) -> None:
        super().dress()
        for axis in (self.x_axis, self.y_axis):
            axis.label.setFont(theme().font("axis"))
            axis.labelStyle = {"color": theme().hex("textSecondary")}
            axis.setLabel(axis.labelText)
        shown = getattr(self, "_predictions", None)
        if shown is not None:
            self.show_predictions(shown)

    def show_predictions(self, predictions: Predictions) -> None:
        """Draw the rows whose truth is known."""
        self._predictions = predictions
        known = ~np.isnan(predictions.truth)
        self._draw(predictions.truth[known], predictions.scores[known])

    def _draw(self, truth: np.ndarray, predicted: np.ndarray) -> None:
        raise NotImplementedError


class PredictedPlot(_ValuePlot):
    """Predicted against true values; a perfect model lies on the diagonal."""

    def __init__(self) -> None:
        super().__init__(
            "evaluate.predicted",
            tr("Predicted against true values"),
            tr("True value"),
            tr("Predicted value"),
        )
        self._diagonal = pg.PlotCurveItem()
        self._points = pg.ScatterPlotItem(size=6, pxMode=True)
        self.addItem(self._points)
        self.addItem(self._diagonal)

    def _draw(self, truth: np.ndarray, predicted: np.ndarray) -> None:
        if not len(truth):
            return
        ends = np.asarray([min(truth.min(), predicted.min()), max(truth.max(), predicted.max())])
        if len(truth) > POINTS:
            kept = np.random.default_rng(0).choice(len(truth), POINTS, replace=False)
            truth, predicted = truth[kept], predicted[kept]
        fill = QColor(theme().chart("train"))
        fill.setAlphaF(0.4)
        self._points.setData(truth, predicted, pen=None, brush=fill)
        self._diagonal.setData(ends, ends, pen=pen(theme().color("textSecondary"), 1, (4, 4)))
        self.setXRange(*ends, padding=0.03)
        self.setYRange(*ends, padding=0.03)


class ResidualPlot(_ValuePlot):
    """How many rows are how far off; right of 0 the prediction is too high."""

    def __init__(self) -> None:
        super().__init__(
            "evaluate.residuals",
            tr("Histogram of the errors"),
            tr("Predicted minus true value"),
            tr("Rows"),
        )
        self._bars = pg.BarGraphItem(x=[0], height=[0], width=1)
        self._zero = pg.InfiniteLine(pos=0, angle=90, movable=False)
        self.addItem(self._bars)
        self.addItem(self._zero)

    def _draw(self, truth: np.ndarray, predicted: np.ndarray) -> None:
        if not len(truth):
            return
        errors = predicted - truth
        low, high = np.quantile(errors, [0.005, 0.995])
        reach = max(abs(low), abs(high)) or 1.0
        # The rare largest errors are gathered at the ends, so that they do not flatten the rest.
        counts, edges = np.histogram(np.clip(errors, -reach, reach), BINS, (-reach, reach))
        now = theme()
        self._bars.setOpts(
            x=(edges[:-1] + edges[1:]) / 2,
            height=counts,
            width=(edges[1] - edges[0]) * 0.9,
            brush=now.chart("train"),
            pen=pen(now.color("panel"), 1),
        )
        self._zero.setPen(pen(now.color("text"), 1, (3, 3)))
        self.setXRange(-reach, reach, padding=0.02)
        self.setYRange(0, float(counts.max()) * 1.06, padding=0)
