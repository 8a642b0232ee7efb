"""What the Evaluate page shows of an evaluation: a board for each kind of target."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from modelstudio.engine.results import Evaluation
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.evaluate.confusion import ConfusionMatrix
from modelstudio.ui.pages.evaluate.mistakes import SourceRows, decided
from modelstudio.ui.pages.evaluate.mistakes_panel import MistakesPanel
from modelstudio.ui.pages.evaluate.regression import PredictedPlot, ResidualPlot
from modelstudio.ui.pages.evaluate.roc import RocViewer
from modelstudio.ui.pages.evaluate.threshold import Outcome
from modelstudio.ui.pages.layouts import stretch
from modelstudio.ui.widgets import (
    EmptyState,
    PanelHeader,
    SegmentedControl,
    column,
    rule,
    splitter,
    toned,
)


def _panel(header: PanelHeader, body: QWidget) -> QWidget:
    panel = column(header, rule(), body, spacing=0)
    return toned(stretch(panel, 2), "panel")


class _Board(QWidget):
    """Charts above, mistakes below."""

    def __init__(self, name: str, *charts: QWidget, sizes: tuple[int, ...]):
        super().__init__(objectName=name)
        self.mistakes = MistakesPanel()
        top = splitter(Qt.Orientation.Horizontal, *charts, sizes=sizes, name=f"{name}.charts")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(
            splitter(
                Qt.Orientation.Vertical, top, self.mistakes, sizes=(474, 216), name=f"{name}.split"
            )
        )
        top.setMinimumHeight(440)

    def set_source(self, source: SourceRows) -> None:
        """Add the columns of the data to the mistakes."""
        self.mistakes.set_source(source)


class ClassBoard(_Board):
    """Confusion matrix and ROC curve; for a binary target all follow the threshold.

    ``moved`` gives what the threshold gives when it is not that of the run, and None when it is.
    """

    moved = Signal(object)

    def __init__(self) -> None:
        self._evaluation: Evaluation | None = None
        self.matrix = ConfusionMatrix()
        self.roc = RocViewer()
        header = PanelHeader(
            tr("Confusion matrix"),
            tr("rows are true, columns predicted"),
            name="evaluate.confusion.header",
        )
        unit = SegmentedControl(
            [("count", tr("Count")), ("percent", "%")], "count", "evaluate.unit"
        )
        unit.changed.connect(lambda value: self.matrix.set_percent(value == "percent"))
        header.add(unit)
        panel = _panel(header, self.matrix)
        panel.setMinimumWidth(340)
        super().__init__("evaluate.classes", panel, self.roc, sizes=(468, 892))
        self.matrix.chosen.connect(self.mistakes.set_filter)
        self.mistakes.filter_removed.connect(self._remove_filter)
        self.roc.threshold_changed.connect(self._follow)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show an evaluation at the threshold of its run."""
        self._evaluation = evaluation
        assert evaluation.confusion is not None
        self.matrix.set_counts(evaluation.confusion, evaluation.predictions.classes)
        self.matrix.choose(None)
        self.mistakes.show_evaluation(evaluation, evaluation.threshold)
        self.roc.show_evaluation(evaluation)

    def _follow(self, threshold: float) -> None:
        evaluation = self._evaluation
        if evaluation is None or evaluation.predictions.kind != "binary":
            return
        outcome = self.roc.outcome
        assert isinstance(outcome, Outcome)
        counts = _confusion(outcome)
        self.matrix.set_counts(counts, evaluation.predictions.classes)
        self.mistakes.set_threshold(threshold)
        now, before = (
            decided(evaluation.predictions, value) for value in (threshold, evaluation.threshold)
        )
        self.moved.emit(None if (now == before).all() else outcome)

    def _remove_filter(self) -> None:
        self.matrix.choose(None)
        self.mistakes.set_filter(None)


class ValueBoard(_Board):
    """Predicted against true values, and the histogram of the errors."""

    def __init__(self) -> None:
        self.predicted, self.residuals = PredictedPlot(), ResidualPlot()
        left = PanelHeader(
            tr("Predicted and true"),
            tr("on the dashed line they are equal"),
            name="evaluate.predicted.header",
        )
        right = PanelHeader(
            tr("Errors"), tr("predicted minus true"), name="evaluate.residuals.header"
        )
        super().__init__(
            "evaluate.values",
            _panel(left, self.predicted),
            _panel(right, self.residuals),
            sizes=(680, 680),
        )

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show an evaluation."""
        self.predicted.show_predictions(evaluation.predictions)
        self.residuals.show_predictions(evaluation.predictions)
        self.mistakes.show_evaluation(evaluation, evaluation.threshold)


class TokenBoard(EmptyState):
    """Says why the scores of next tokens stand alone."""

    def __init__(self) -> None:
        super().__init__(
            "evaluate",
            tr("The next token at every place"),
            tr(
                "The scores are means over all places of the passages. There are too many tokens "
                "for a confusion matrix, and there is no threshold and no row to predict."
            ),
            name="evaluate.tokens",
        )

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show nothing else: the strip above has the scores."""

    def set_source(self, source: SourceRows) -> None:
        """Show no rows."""


def _confusion(outcome: Outcome) -> np.ndarray:
    return np.asarray([[outcome.left_out, outcome.false_alarms], [outcome.missed, outcome.found]])
