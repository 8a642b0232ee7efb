"""The charts of the Train page: loss above, a score below, one crosshair over both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSlider, QVBoxLayout, QWidget

from modelstudio.engine.results import RunInfo
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import axis_text, main_score, number_text, score_text, score_title
from modelstudio.ui.pages.train.chart import Best, CurveChart, Trace
from modelstudio.ui.pages.train.history import LOSS, RunCurves
from modelstudio.ui.pages.train.legend import ChartHeading
from modelstudio.ui.theme import theme, themes, tokens
from modelstudio.ui.widgets import (
    ComboBox,
    EmptyState,
    PanelHeader,
    SegmentedControl,
    Tag,
    button,
    column,
    grow,
    icon_button,
    label,
    rule,
    splitter,
    toned,
)

REDRAW_MS = 200
"""Wait before a chart is drawn; with half of it between the two, that is three times a second."""

SMOOTHING = 0.05

TAGS = {
    "starting": ("Preparing", "accent"),
    "running": ("Running", "accent"),
    "paused": ("Paused", "warning"),
    "stopping": ("Stopping", "warning"),
    "stopped": ("Stopped", "warning"),
    "interrupted": ("Interrupted", "warning"),
    "failed": ("Failed", "error"),
}
"""Word and kind of each status that is worth a tag."""


def run_color(number: int) -> QColor:
    """Return the colour that a run keeps."""
    cycle = theme().chart_cycle
    return cycle[(number - 1) % len(cycle)]


def run_dash(number: int) -> tuple[float, ...]:
    """Return the dashes of a run's overlaid curve; after one round of colours they are dots."""
    second_round = (number - 1) // len(theme().chart_cycle) % 2
    return (2, 3) if second_round else tuple(tokens()["chartStyle"]["overlayRunValidation"]["dash"])


class CurvesPanel(QWidget):
    """Show the curves of one run, with the validation curves of others over them.

    ``pointed`` gives the epoch under the pointer, or None; ``drawn`` comes with each redraw.
    """

    pointed = Signal(object)
    drawn = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="train.curves")
        toned(self, "panel")
        self._main: tuple[RunInfo, RunCurves] | None = None
        self._others: tuple[tuple[RunInfo, RunCurves], ...] = ()
        self._range: tuple[float, float] | None = None
        self._score = "accuracy"
        self._live = False
        self._clock = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._clock.timeout.connect(self._draw_loss)
        self._second = QTimer(self, singleShot=True, interval=REDRAW_MS // 2)
        self._second.timeout.connect(self._draw_score)

        self.header = PanelHeader(tr("No run yet"), name="train.curves.header")
        self._tag = Tag("", name="train.curves.status")
        self.header.insert(self._tag)
        self.smoothing = QSlider(
            Qt.Orientation.Horizontal, objectName="train.smoothing", maximum=99
        )
        self.smoothing.setAccessibleName(tr("Smoothing"))
        self.smoothing.setToolTip(tr("How many epochs an average looks back"))
        self.smoothing.setFixedWidth(88)
        self.smoothing.setValue(round(100 * SMOOTHING))
        self._smoothing_value = label("", "label", "secondary")
        grow(self._smoothing_value, self._smoothing_value.setFixedWidth, 28)
        self.smoothing.valueChanged.connect(self._smooth)
        self.log = button(tr("Log y"), "ghost", name="train.log", small=True)
        self.log.setCheckable(True)
        self.log.setToolTip(tr("Logarithmic loss axis"))
        self.log.toggled.connect(self._set_log)
        self.fit = icon_button("fit", tr("Show all epochs"), "train.fit")
        self.fit.clicked.connect(partial(self.set_range, None))
        self.picked = SegmentedControl(
            [(LOSS, tr("Loss")), ("score", tr("Score"))], LOSS, "train.chart"
        )
        self.picked.changed.connect(self._show_parts)
        for widget in (
            self.picked,
            label(tr("Smoothing"), "label", "secondary"),
            self.smoothing,
            self._smoothing_value,
            self.log,
            self.fit,
        ):
            self.header.add(widget)

        self.loss = CurveChart("train.loss")
        self.loss.setAccessibleName(tr("Loss over epochs"))
        self.score = CurveChart("train.score")
        self.score.setAccessibleName(tr("Score over epochs"))
        self.charts = (self.loss, self.score)
        self._loss_heading = ChartHeading(tr("Loss"), "train.loss.heading")
        self.score_choice = ComboBox("train.score.choice", tr("Score that is drawn"))
        self.score_choice.activated.connect(self._choose_score)
        self._score_heading = ChartHeading(self.score_choice, "train.score.heading")
        self._parts = (
            column(self._loss_heading, self.loss, spacing=0),
            column(self._score_heading, self.score, spacing=0),
        )
        for chart in self.charts:
            chart.pointed.connect(self.set_cursor)
            chart.ranged.connect(self.set_range)
        split = splitter(
            Qt.Orientation.Vertical, *self._parts, sizes=(300, 300), name="train.charts.split"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self.header, rule(), split):
            layout.addWidget(widget, int(widget is split))
        self.empty = EmptyState(
            "train",
            tr("No runs yet"),
            tr("Curves appear here a second after training starts."),
            tr("Train  F5"),
            name="train.empty",
        )
        self.empty.setParent(self)
        toned(self.empty, "panel")
        themes().changed.connect(self.schedule)
        self._compact = False
        self._show_parts()
        self._smooth(self.smoothing.value())
        self.redraw()

    @property
    def amount(self) -> float:
        """Smoothing from 0 to 0.99."""
        return self.smoothing.value() / 100

    def show_runs(
        self,
        main: tuple[RunInfo, RunCurves] | None,
        others: Sequence[tuple[RunInfo, RunCurves]] = (),
        *,
        state: str = "",
    ) -> None:
        """Choose what is drawn; ``state`` is that of the run while it goes on here."""
        self.empty.setVisible(main is None and not state)
        if main is None or self._main is None or main[0].id != self._main[0].id:
            self._range = None
        self._main, self._others = main, tuple(others)
        self._live = state in {"running", "stopping"}
        for chart in self.charts:
            chart.set_antialias(not self._live)
        for _, curves in (*self._others, *([main] if main else [])):
            curves.set_smoothing(self.amount)
        info = main[0] if main else None
        title = tr("Run {}").format(info.number) if info else tr("No run yet")
        self.header.set_title(tr("New run") if state == "starting" and not info else title)
        named = info is not None and info.name != tr("Run {}").format(info.number)
        self.header.set_detail(info.name if info is not None and named else "")
        word, kind = TAGS.get(state or (info.status if info else ""), ("", "neutral"))
        self._tag.set(tr(word), kind)
        self._tag.setVisible(bool(word))
        self.schedule()

    def set_compact(self, compact: bool) -> None:
        """Show one chart at a time, for a low window."""
        if compact != self._compact:
            self._compact = compact
            self._show_parts()

    def schedule(self, *_: object) -> None:
        """Draw soon; many wishes in a short time are one."""
        if not self._clock.isActive() and not self._second.isActive():
            self._clock.start()

    def set_cursor(self, epoch: float | None) -> None:
        """Put the crosshair of both charts on an epoch."""
        for chart in self.charts:
            chart.set_cursor(epoch)
        self.pointed.emit(epoch)

    def set_range(self, epochs: tuple[float, float] | None) -> None:
        """Show a range of epochs; None shows all."""
        full = self._full_range()
        if epochs is not None:
            left, right = max(epochs[0], full[0]), min(epochs[1], full[1])
            epochs = (left, right) if right - left > 0.05 and (left, right) != full else None
        self._range = epochs
        self.redraw()

    # Drawing

    def redraw(self) -> None:
        """Draw both charts now."""
        self._clock.stop()
        self._second.stop()
        if self.isVisible():
            self._draw_loss()
            self._second.stop()
            self._draw_score()

    def _draw_loss(self) -> None:
        """Draw the upper chart, and the lower one half a beat later, so that gaps stay short."""
        if self.isVisible():
            span = self._range or self._full_range()
            self._draw(self.loss, self._loss_heading, LOSS, span, number_text)
            self._second.start()

    def _draw_score(self) -> None:
        if not self.isVisible():
            return
        self._offer_scores()
        write = partial(score_text, self._score)
        self.score.set_write(write, partial(axis_text, self._score))
        span = self._range or self._full_range()
        self._draw(self.score, self._score_heading, self._score, span, write)
        self.drawn.emit()

    def _full_range(self) -> tuple[float, float]:
        runs = [curves for _, curves in (*self._others, *([self._main] if self._main else []))]
        longest = max((curves.position for curves in runs), default=0.0)
        if self._main is not None and self._live:
            longest = max(longest, float(self._main[1].planned))
        return 0.0, max(longest, 2.0) if runs else 50.0

    def _draw(
        self,
        chart: CurveChart,
        heading: ChartHeading,
        name: str,
        span: tuple[float, float],
        write: Callable[[float], str],
    ) -> None:
        if not chart.isVisible():
            return
        style = tokens()["chartStyle"]
        traces, entries, best = [], [], None
        for info, curves in self._others:
            if name in curves.validation:
                text = tr("Run {} validation").format(info.number)
                width = style["overlayRunValidation"]["width"]
                look = run_color(info.number), width, run_dash(info.number)
                traces.append(Trace(f"{info.id}.{name}", text, curves.validation[name], *look))
        if self._main is not None:
            info, curves = self._main
            sides = (
                ("train", tr("Train"), curves.training(name)),
                ("validation", tr("Validation"), curves.validation.get(name)),
            )
            for side, word, curve in sides:
                if curve is None:
                    continue
                color, dash = theme().chart(side), tuple(style[side]["dash"])
                text = f"{tr('Run {}').format(info.number)} {word.lower()}"
                traces.append(Trace(f"main.{side}", text, curve, color, style[side]["width"], dash))
                value = curve.last
                entries.append((color, dash, word, write(value) if value is not None else ""))
            best = self._best(curves, name)
        chart.draw(traces, span, best)
        heading.show_entries(entries)

    @staticmethod
    def _best(curves: RunCurves, name: str) -> Best | None:
        curve = curves.validation.get(name) or curves.train.get(name)
        value = curve.raw.at(curves.best_epoch) if curve and curves.best_epoch else None
        return None if value is None else Best(curves.best_epoch, value)

    def _offer_scores(self) -> None:
        names = self._main[1].scores if self._main else ()
        offered = tuple(
            self.score_choice.itemData(index) for index in range(self.score_choice.count())
        )
        names = names or offered or (self._score,)
        if names != offered:
            self.score_choice.clear()
            for name in names:
                self.score_choice.addItem(score_title(name), name)
            if self._score not in names:
                self._score = main_score(dict.fromkeys(names, 0.0)) or names[0]
            self.score_choice.setCurrentIndex(names.index(self._score))
            self.score_choice.setEnabled(len(names) > 1)

    # Reactions

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.schedule()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.schedule()
        middle = QRect(QPoint(), QSize(theme().grown(360), theme().grown(190)))
        middle.moveCenter(self.rect().center())
        self.empty.setGeometry(middle)
        self.empty.raise_()

    def _choose_score(self, index: int) -> None:
        self._score = self.score_choice.itemData(index)
        self.redraw()

    def _smooth(self, value: int) -> None:
        self._smoothing_value.setText(f"{value / 100:.2f}")
        for _, curves in (*self._others, *([self._main] if self._main else [])):
            curves.set_smoothing(self.amount)
        self.schedule()

    def _set_log(self, log: bool) -> None:
        self.loss.set_log(log)
        self.redraw()

    def _show_parts(self, *_: object) -> None:
        self.picked.setVisible(self._compact)
        for key, part in zip((LOSS, "score"), self._parts, strict=True):
            part.setVisible(not self._compact or self.picked.value == key)
        self.schedule()
