"""How far up the list the chosen items stand, beside what popularity and chance would give."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from modelstudio.engine.results import Evaluation, Predictions
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.evaluate.mistakes import SourceRows
from modelstudio.ui.pages.layouts import stretch
from modelstudio.ui.pages.plots import Plot, pen
from modelstudio.ui.theme import theme, tokens
from modelstudio.ui.widgets import PanelHeader, column, label, row, rule, toned

FARTHEST = 50
"""Places that the curve goes to, at most."""


def hit_rates(predictions: Predictions, places: int) -> np.ndarray:
    """Return the share of the rows whose item is among the first 1, 2, ... places; (places,)."""
    from modelstudio.engine.metrics import ranks

    counts = np.bincount(np.ceil(ranks(predictions.scores)).astype(int), minlength=places + 1)
    return np.cumsum(counts)[1 : places + 1] / max(1, len(predictions.scores))


class HitPlot(Plot):
    """Hit rate by the length of the list."""

    def __init__(self) -> None:
        self._curves = {name: pg.PlotCurveItem() for name in ("chance", "popularity", "model")}
        self._evaluation: Evaluation | None = None
        super().__init__("evaluate.hits", write_y=lambda share: f"{100 * share:.0f} %")
        self.setAccessibleName(tr("Share of the items found, by the length of the list"))
        self.setMouseEnabled(x=False, y=False)
        for item in self._curves.values():
            self.addItem(item)
        for axis, text in (
            (self.x_axis, tr("Length of the list")),
            (self.y_axis, tr("Rows whose item is in it")),
        ):
            axis.setLabel(text)
        self.x_axis.setHeight(46)
        self.y_axis.setWidth(66)
        self.setYRange(0, 1, padding=0.02)
        self.dress()

    def dress(self) -> None:
        super().dress()
        now, dash = theme(), tuple(tokens()["chartStyle"]["chanceDiagonal"]["dash"])
        self._curves["model"].setPen(pen(now.chart("train"), 2))
        self._curves["popularity"].setPen(pen(now.chart("validation"), 2))
        self._curves["chance"].setPen(pen(now.color("textTertiary"), 1, dash, 0.7))
        for axis in (self.x_axis, self.y_axis):
            axis.labelStyle = {"color": now.hex("textSecondary")}
            axis.label.setFont(now.font("axis"))
            axis.setLabel(axis.labelText)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Draw the curve of a model and that of its baseline."""
        width = evaluation.predictions.scores.shape[1]
        places = min(FARTHEST, width)
        lengths = np.arange(1, places + 1)
        self._curves["model"].setData(lengths, hit_rates(evaluation.predictions, places))
        self._curves["chance"].setData(lengths, lengths / width)
        base = evaluation.baseline
        known = hit_rates(base.predictions, places) if base else np.full(places, np.nan)
        self._curves["popularity"].setData(lengths, known)
        self.setXRange(1, places, padding=0.02)


class RankingBoard(QWidget):
    """The curve, and in words what is ranked among what."""

    def __init__(self) -> None:
        super().__init__(objectName="evaluate.ranking")
        self.plot = HitPlot()
        self.told = label("", "body", "secondary", name="evaluate.ranking.told")
        self.told.setWordWrap(True)
        self.told.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._keys = [label("", "label", "secondary") for _ in range(3)]
        header = PanelHeader(
            tr("Found in the list"),
            tr("the items that were chosen, among those that were not"),
            name="evaluate.ranking.header",
        )
        keys = row(*self._keys, None, spacing=16, margins=(16, 8, 16, 0))
        words = column(self.told, margins=(16, 8, 16, 16))
        panel = stretch(column(header, rule(), keys, self.plot, words, spacing=0), 3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(toned(panel, "panel"))

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show the ranks of an evaluation and what they are about."""
        self.plot.show_evaluation(evaluation)
        now = theme()
        texts = (
            (tr("This model"), now.chart("train")),
            (tr("By popularity in the training rows"), now.chart("validation")),
            (tr("By chance"), now.color("textTertiary")),
        )
        for key, (text, color) in zip(self._keys, texts, strict=True):
            key.setText(f"<span style='color:{color.name()}'>━</span> {text}")
        self.told.setText(" ".join(evaluation.notes))

    def set_source(self, source: SourceRows) -> None:
        """Show no rows: there is no class to mistake another for."""
