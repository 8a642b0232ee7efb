"""The ROC viewer: curves, the threshold, what it gives and what it costs."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from modelstudio.engine.results import Evaluation
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import number_text
from modelstudio.ui.pages.evaluate.roc_plot import RocPlot
from modelstudio.ui.pages.evaluate.threshold import Outcome, Sweep
from modelstudio.ui.pages.layouts import clear, stretch
from modelstudio.ui.pages.train.legend import LineSample
from modelstudio.ui.theme import theme, themes
from modelstudio.ui.widgets import (
    ComboBox,
    ElidedLabel,
    NumberField,
    PanelHeader,
    button,
    count_text,
    grow,
    label,
    row,
    rule,
    scroll,
    toned,
)

TICKS = 1000
"""Steps of the threshold slider."""

COSTS = 20
"""Highest cost of a mistake."""

DRAWN = 6
"""Curves of several classes that are drawn at first."""


class RocViewer(QWidget):
    """``threshold_changed`` follows the ring; ``use_asked`` gives a threshold to keep."""

    threshold_changed = Signal(float)
    use_asked = Signal(float)

    def __init__(self) -> None:
        super().__init__(objectName="evaluate.roc_viewer")
        toned(self, "panel")
        self._evaluation: Evaluation | None = None
        self._sweep: Sweep | None = None
        self._outcome: Outcome | None = None
        self._boxes: list[tuple[QCheckBox, LineSample]] = []
        self.header = PanelHeader(tr("ROC curve"), name="evaluate.roc.header")
        self._class_label = label(tr("One class against the rest"), "label", "secondary")
        self.class_choice = ComboBox("evaluate.class", tr("Class against the rest"))
        self.class_choice.setMinimumWidth(140)
        self.class_choice.activated.connect(lambda _: self._choose_class())
        self.header.add(self._class_label)
        self.header.add(self.class_choice)
        self.plot = RocPlot()
        self.plot.moved.connect(self.set_threshold)
        self.plot.setMinimumWidth(260)

        body = QHBoxLayout()
        body.setContentsMargins(0, 8, 0, 0)
        body.setSpacing(0)
        body.addWidget(self.plot, 11)
        side = scroll(self._make_side(), name="evaluate.roc.side")
        grow(side, side.setMinimumWidth, 330)
        body.addWidget(side, 10)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(rule())
        layout.addLayout(body, 1)
        themes().changed.connect(self._draw_curves)

    @property
    def threshold(self) -> float:
        """Where the ring is."""
        return self._outcome.threshold if self._outcome else 0.5

    @property
    def outcome(self) -> Outcome | None:
        """What the threshold gives."""
        return self._outcome

    # Parts

    def _make_side(self) -> QWidget:
        self.field = NumberField(0.5, "evaluate.threshold", tr("Threshold"))
        grow(self.field, self.field.setFixedWidth, 72)
        self.field.changed.connect(self._typed)
        self.slider = QSlider(
            Qt.Orientation.Horizontal, objectName="evaluate.threshold.slider", maximum=TICKS
        )
        self.slider.setAccessibleName(tr("Threshold"))
        self.slider.setSingleStep(TICKS // 100)
        self.slider.setPageStep(TICKS // 20)
        self.slider.valueChanged.connect(lambda value: self.set_threshold(value / TICKS))
        self._rates, rates = _rates()
        self._areas = QVBoxLayout()
        self._areas.setSpacing(4)
        areas = QWidget()
        box = QVBoxLayout(areas)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        self._areas_title = label(tr("AUC per class"), "section", "secondary")
        box.addWidget(self._areas_title)
        box.addLayout(self._areas)
        box.addStretch(1)
        self._area_holder = areas
        self._counts, counts = _counts()
        self._counts_title = label("", "section", "secondary")
        self.use = button(tr("Use this threshold in export"), "primary", name="evaluate.use")
        self.use.clicked.connect(lambda: self.use_asked.emit(self.threshold))
        self.cheapest = button("", "secondary", name="evaluate.move")
        self.cheapest.clicked.connect(lambda: self.set_threshold(self._cheapest().threshold))
        middle = stretch(row(areas, self._make_costs(), spacing=16), 0, 1)
        side = QWidget()
        layout = QVBoxLayout(side)
        layout.setContentsMargins(16, 4, 16, 12)
        layout.setSpacing(12)
        layout.addWidget(
            row(label(tr("At threshold"), "panelTitle"), self.field, self.slider, spacing=10)
        )
        layout.addWidget(rates)
        layout.addWidget(middle)
        layout.addStretch(1)
        layout.addWidget(self._counts_title)
        layout.addWidget(counts)
        self._buttons = row(self.use, self.cheapest, None)
        layout.addWidget(self._buttons)
        return side

    def _make_costs(self) -> QWidget:
        self.false_alarm, self.miss = (
            QSlider(Qt.Orientation.Horizontal, objectName=name, minimum=1, maximum=COSTS)
            for name in ("evaluate.cost.false_alarm", "evaluate.cost.miss")
        )
        costs = QWidget()
        layout = QGridLayout(costs)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(3)
        layout.addWidget(label(tr("What does a mistake cost?"), "section", "secondary"), 0, 0, 1, 2)
        at = 1
        for slider, text in ((self.false_alarm, tr("False alarm")), (self.miss, tr("Miss"))):
            slider.setAccessibleName(tr("Cost of one: {}").format(text))
            value = label("1", "section")
            slider.valueChanged.connect(lambda number, value=value: value.setText(str(number)))
            slider.valueChanged.connect(lambda _: self._show_costs())
            layout.addWidget(label(text, "label"), at, 0)
            layout.addWidget(value, at, 1, Qt.AlignmentFlag.AlignRight)
            layout.addWidget(slider, at + 1, 0, 1, 2)
            at += 2
        self._cost_text = label("", "label", "secondary", wrap=True)
        layout.addWidget(self._cost_text, at, 0, 1, 2)
        layout.setRowStretch(at + 1, 1)
        return costs

    # Content

    def show_evaluation(self, evaluation: Evaluation, threshold: float | None = None) -> None:
        """Show the curves of an evaluation, the ring at its threshold."""
        self._evaluation = evaluation
        labels = [curve.label for curve in evaluation.roc]
        several = len(labels) > 1
        if [self.class_choice.itemText(i) for i in range(self.class_choice.count())] != labels:
            self.class_choice.clear()
            self.class_choice.addItems(labels)
            areas = [1.0 if curve.auc is None else curve.auc for curve in evaluation.roc]
            self.class_choice.setCurrentIndex(int(np.argmin(areas)) if areas else -1)
        for part in (self._class_label, self.class_choice):
            part.setVisible(several)
        detail = "" if several else tr("positive class: {}").format("".join(labels))
        self.header.set_detail(detail)
        self._buttons.setVisible(True)
        self.use.setVisible(not several or evaluation.predictions.kind == "labels")
        self._list_areas()
        self._choose_class(evaluation.threshold if threshold is None else threshold)

    def set_threshold(self, threshold: float) -> None:
        """Move ring, slider, field and figures."""
        if self._sweep is None:
            return
        changed = self._outcome is None or threshold != self._outcome.threshold
        outcome = self._outcome = self._sweep.at(threshold)
        self.slider.blockSignals(True)
        self.slider.setValue(round(threshold * TICKS))
        self.slider.blockSignals(False)
        self.field.set_value(round(threshold, 3))
        self.plot.set_outcome(outcome)
        rates = (outcome.fpr, outcome.recall, outcome.precision, outcome.recall)
        texts = [f"{100 * rate:.1f} %" if rate == rate else "–" for rate in rates]
        for value, text in zip(self._rates, [*texts, number_text(outcome.f1)], strict=True):
            value.setText(text)
        for value, count in zip(self._counts, outcome[1:], strict=True):
            value.setText(count_text(count))
        self._show_costs()
        if changed:
            self.threshold_changed.emit(threshold)

    def _typed(self, value: float) -> None:
        if 0 <= value <= 1:
            self.set_threshold(value)
        else:
            self.field.set_value(round(self.threshold, 3))

    @property
    def class_index(self) -> int:
        """Which class is held against the rest, among the classes of the evaluation."""
        if self._evaluation is None or self._evaluation.predictions.kind == "binary":
            return 1
        return max(self.class_choice.currentIndex(), 0)

    def choose(self, index: int) -> None:
        """Hold another class against the rest; the threshold stays."""
        self.class_choice.setCurrentIndex(index)
        self._choose_class(self.threshold)

    def _choose_class(self, threshold: float = 0.5) -> None:
        evaluation = self._evaluation
        assert evaluation is not None
        predictions, index = evaluation.predictions, self.class_index
        truth, positive = predictions.truth, index
        if predictions.kind == "labels":
            truth, positive = truth[:, index], 1
        known = truth >= 0
        scores = predictions.scores[known, index]
        self._sweep = Sweep(scores, truth[known] == positive)
        count = count_text(int(known.sum()))
        part = tr("of {} {} rows").format(count, evaluation.part)
        if evaluation.part == "folds":
            part = tr("of {} rows of all folds").format(count)
        self._counts_title.setText(f"{tr('At this threshold')}, {part}")
        self._draw_curves()
        self._outcome = None
        self.set_threshold(threshold)

    def _color(self, index: int) -> QColor:
        chosen = len(self._boxes) <= 1 or index == self.class_choice.currentIndex()
        if chosen:
            return theme().chart("classHighlight")
        now = theme()
        names = ("train", "series4", "test", "series5", "validation", "series6")
        return now.chart(names[index % len(names)])

    def _draw_curves(self, _: object = None) -> None:
        if self._evaluation is None:
            return
        current = self.class_choice.currentIndex()
        drawn = []
        for index, curve in enumerate(self._evaluation.roc):
            box, sample = self._boxes[index]
            sample.set_look(self._color(index))
            chosen = index == current or len(self._boxes) == 1
            if (chosen or box.isChecked()) and len(curve.fpr):
                drawn.append((curve, self._color(index), 2.5 if chosen else 1.5))
        self.plot.show_curves(sorted(drawn, key=lambda entry: entry[2]), self._sweep)

    def _list_areas(self) -> None:
        assert self._evaluation is not None
        curves = self._evaluation.roc
        clear(self._areas)
        self._boxes.clear()
        self._areas_title.setText(
            tr("AUC per class") if len(curves) > 1 else tr("Area under the curve")
        )
        worst = np.argsort([1.0 if curve.auc is None else curve.auc for curve in curves])[:DRAWN]
        for index, curve in enumerate(curves):
            sample = LineSample()
            box = QCheckBox(objectName=f"evaluate.curve.{curve.label}")
            box.setAccessibleName(tr("Show the curve of {}").format(curve.label))
            box.setChecked(index in worst)
            box.setVisible(len(curves) > 1)
            box.toggled.connect(self._draw_curves)
            area = label("–" if curve.auc is None else f"{curve.auc:.3f}", "table")
            name = ElidedLabel(curve.label, "table")
            name.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
            self._areas.addWidget(stretch(row(box, sample, name, area, spacing=6), 2))
            self._boxes.append((box, sample))

    def _cheapest(self) -> Outcome:
        assert self._sweep is not None
        return self._sweep.cheapest(self.false_alarm.value(), self.miss.value())

    def _show_costs(self) -> None:
        if self._sweep is None or self._outcome is None:
            return
        costs, best = (self.false_alarm.value(), self.miss.value()), self._cheapest()
        now, lowest = self._outcome.cost(*costs), best.cost(*costs)
        self._cost_text.setText(
            tr("Cost now <b>{}</b>. Lowest at {}: <b>{}</b>.").format(
                count_text(int(now)), f"{best.threshold:.2f}", count_text(int(lowest))
            )
        )
        self.cheapest.setText(tr("Move to {:.2f}").format(best.threshold))
        self.cheapest.setEnabled(now > lowest)
        self.plot.set_cheapest(best)


def _rates() -> tuple[list[QLabel], QFrame]:
    frame = QFrame()
    toned(frame, "card")
    layout = QHBoxLayout(frame)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    values = []
    names = ("FPR", "TPR", tr("Precision"), tr("Recall"), "F1")
    for index, name in enumerate(names):
        if index:
            layout.addWidget(rule(vertical=True))
        cell = QWidget()
        inner = QVBoxLayout(cell)
        inner.setContentsMargins(10, 6, 6, 7)
        inner.setSpacing(1)
        value = label("–", "panelTitle", name=f"evaluate.rate.{name.lower()}")
        inner.addWidget(label(name, "label", "secondary"))
        inner.addWidget(value)
        values.append(value)
        layout.addWidget(cell, 1)
    return values, frame


def _counts() -> tuple[list[QLabel], QWidget]:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    values = []
    for role, name in (
        ("success", tr("found")),
        ("error", tr("missed")),
        ("warning", tr("false alarms")),
        ("borderStrong", tr("left out")),
    ):
        value = label("–", "panelTitle", name=f"evaluate.count.{name.replace(' ', '_')}")
        card = _Stripe(role)
        inner = QVBoxLayout(card)
        inner.setContentsMargins(12, 6, 6, 7)
        inner.setSpacing(0)
        inner.addWidget(value)
        inner.addWidget(ElidedLabel(name, "label", "secondary"))
        values.append(value)
        layout.addWidget(card, 1)
    return values, holder


class _Stripe(QFrame):
    """A small card with a stripe of colour at its left."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role
        toned(self, "card")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.fillRect(0, 4, 3, self.height() - 8, theme().color(self._role))
