"""The strip of scores over the Evaluate page."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from modelstudio.engine.results import Evaluation, Score
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import score_text, score_title
from modelstudio.ui.pages.layouts import clear
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import ElidedLabel, grow, label, rule, toned

MEANINGS = {
    "loss": tr("Mean surprise at the true token, in nats; smaller is better."),
    "perplexity": tr("As unsure as a choice among so many equally likely tokens; 1 is certain."),
    "accuracy": tr("Share of the rows that are called what they are."),
    "precision": tr("Of the rows called positive, the share that are."),
    "recall": tr("Of the positive rows, the share that is found."),
    "f1": tr("Harmonic mean of precision and recall; 1 is best."),
    "roc_auc": tr("Chance that a positive row is ranked above a negative one; 0.5 is guessing."),
    "log_loss": tr("Mean surprise at the true class; smaller is better."),
    "mae": tr("Mean distance between prediction and truth, in the target's own units."),
    "rmse": tr("Root of the mean squared distance; large mistakes count most."),
    "r2": tr("Share of the variation that is explained; 1 is best, 0 is the mean."),
    "bias": tr("Mean of prediction minus truth; above 0 predictions are too high."),
    "f1_macro": tr("Mean of the F1 of the labels, each counting alike."),
    "subset_accuracy": tr("Share of the rows with every label right."),
    "label_accuracy": tr("Share of the answers that are right, over all labels."),
    "hr_at_10": tr("Share of the rows whose item is among the first 10 of those ranked."),
    "ndcg_at_10": tr("The same, but a hit counts the more the nearer it is to the first place."),
    "mrr": tr("Mean of 1 divided by the place of a row's item; 1 is always the first."),
    "auc": tr("Chance that a row's item stands above another; 0.5 is guessing."),
}

AT_THRESHOLD = ("accuracy", "precision", "recall", "f1")
"""Scores that the threshold of a binary target decides."""


NARROW = 205
"""Width of a cell below which the interval stands without a name."""


class ScoreStrip(QFrame):
    """One cell a score: title, value, 95 % interval."""

    def __init__(self) -> None:
        super().__init__(objectName="evaluate.scores")
        toned(self, "panel")
        grow(self, self.setFixedHeight, 74)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._cells: dict[str, tuple[QLabel, QLabel, ElidedLabel]] = {}
        self._scores: dict[str, Score] = {}
        self._narrow = False

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Show its scores with their intervals."""
        macro = evaluation.predictions.kind == "classes"
        self._scores = {score.name: score for score in evaluation.scores}
        base = evaluation.baseline
        beside = {score.name: score.value for score in base.scores} if base else {}
        if tuple(self._scores) != tuple(self._cells):
            self._build()
        for name, score in self._scores.items():
            title, value, _ = self._cells[name]
            mean = macro and name in ("precision", "recall", "f1", "roc_auc")
            words = f"{score_title(name)}{tr(', mean') if mean else ''}"
            if name in beside:
                words += tr(" · by popularity {}").format(score_text(name, beside[name]))
            title.setText(words)
            value.setText(score_text(name, score.value))
        self._show_intervals()

    def show_at(self, threshold: float, values: Mapping[str, float] | None) -> None:
        """Show what other values a threshold gives; None goes back to those of the evaluation."""
        for name in AT_THRESHOLD:
            if name not in self._cells:
                continue
            _, value, detail = self._cells[name]
            if values is None:
                value.setText(score_text(name, self._scores[name].value))
            else:
                value.setText(score_text(name, values[name]))
                detail.set_full_text(tr("at {:.2f}").format(threshold))
        if values is None:
            self._show_intervals()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (self._room() < theme().grown(NARROW)) != self._narrow:
            self._show_intervals()

    def _room(self) -> float:
        return self.width() / max(len(self._cells), 1)

    def _show_intervals(self) -> None:
        self._narrow = self._room() < theme().grown(NARROW)
        for name, (_, value, detail) in self._cells.items():
            shown = value.text() == score_text(name, self._scores[name].value)
            if shown:
                detail.set_full_text(_interval(self._scores[name], self._narrow))

    def value(self, name: str) -> str:
        """Return a score as shown."""
        return self._cells[name][1].text()

    def _build(self) -> None:
        clear(self._layout)
        self._cells.clear()
        for name in self._scores:
            if self._cells:
                self._layout.addWidget(rule(vertical=True))
            cell = QWidget(objectName=f"evaluate.score.{name}", toolTip=MEANINGS.get(name, ""))
            parts = (
                label("", "label", "secondary"),
                label("", "figure"),
                ElidedLabel("", "label", "tertiary"),
            )
            line = QHBoxLayout()
            line.setSpacing(8)
            line.addWidget(parts[1])
            line.addWidget(parts[2], 1, Qt.AlignmentFlag.AlignBottom)
            parts[2].setContentsMargins(0, 0, 0, 4)
            inner = QVBoxLayout(cell)
            inner.setContentsMargins(16, 10, 8, 8)
            inner.setSpacing(2)
            inner.addWidget(parts[0])
            inner.addLayout(line)
            self._cells[name] = parts
            self._layout.addWidget(cell, 1)


def _interval(score: Score, narrow: bool) -> str:
    if score.low is None or score.high is None:
        return ""
    low, high = (score_text(score.name, value) for value in (score.low, score.high))
    words = "{} – {}" if narrow else tr("95 % CI {} – {}")
    return words.format(low.removesuffix(" %"), high.removesuffix(" %"))
