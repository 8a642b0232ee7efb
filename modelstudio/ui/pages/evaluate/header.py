"""Which run is shown on the Evaluate page, and on which part of its data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout

from modelstudio.engine.results import RunInfo
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import main_score, score_text
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    ComboBox,
    ElidedLabel,
    SegmentedControl,
    Tag,
    count_text,
    label,
    toned,
)

PARTS = {"validation": tr("Validation"), "folds": tr("All folds"), "test": tr("Test")}
"""Of a run on one of several folds, ``folds`` are the rows of all of them."""


class Header(QFrame):
    """Choose a run and a part; see how often the test rows were looked at, and what to note."""

    run_chosen = Signal()
    part_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__(objectName="evaluate.header")
        toned(self, "panel")
        self.setFixedHeight(40)
        self.runs: tuple[RunInfo, ...] = ()
        self.run_choice = ComboBox("evaluate.run", tr("Run"))
        self.run_choice.activated.connect(lambda _: self.run_chosen.emit())
        self.part = SegmentedControl(list(PARTS.items()), "validation", "evaluate.part")
        self.part.changed.connect(self.part_chosen)
        self.looks = Tag("", name="evaluate.looks")
        self.notes = ElidedLabel("", "label", "tertiary")
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 0, 16, 0)
        line.setSpacing(10)
        on = label(tr("on"), "label", "secondary")
        for widget in (self.run_choice, on, self.part, self.looks):
            line.addWidget(widget)
        line.addWidget(self.notes, 1)

    @property
    def run_id(self) -> str | None:
        """The chosen run."""
        return self.run_choice.currentData()

    @property
    def shown(self) -> tuple[str, str]:
        """The chosen run and part."""
        return self.run_id or "", self.part.value

    def set_runs(self, runs: Sequence[RunInfo], wanted: str | None) -> None:
        """List runs and choose the wanted one, or the first."""
        self.runs = tuple(runs)
        self.run_choice.clear()
        for run in runs:
            self.run_choice.addItem(_title(run), run.id)
        self.run_choice.setCurrentIndex(max(self.run_choice.findData(wanted), 0) if runs else -1)
        self.run_choice.setEnabled(bool(runs))
        self.part.setEnabled(bool(runs))

    def choose(self, run_id: str, part: str) -> bool:
        """Choose a run, and a part if one is named; tell whether the run is listed."""
        index = self.run_choice.findData(run_id)
        if index >= 0:
            self.run_choice.setCurrentIndex(index)
            self.part.set_value(part)
        return index >= 0

    def offer_folds(self) -> None:
        """Offer the rows of all folds where the chosen run is one of several."""
        folds = any(run.id == self.run_id and run.fold is not None for run in self.runs)
        self.part.segment("folds").setVisible(folds)
        if not folds and self.part.value == "folds":
            self.part.set_value("validation")

    def show_looks(self, count: int) -> None:
        """Say how often the test rows were looked at."""
        times = tr("1 time") if count == 1 else tr("{} times").format(count)
        self.looks.set(
            tr("Test set looked at {}").format(times), "warning" if count > 3 else "neutral"
        )
        self.looks.setVisible(count > 0)

    def show_counts(self, rows: Mapping[str, int]) -> None:
        """Write beside each part how many rows were scored, where that is known."""
        for part, text in PARTS.items():
            count = f" · {count_text(rows[part])}" if part in rows else ""
            self.part.segment(part).setText(text + count)

    def set_wide(self, wide: bool) -> None:
        """Give the runs more room, or less."""
        self.run_choice.setMinimumWidth(theme().grown(250 if wide else 190))


def _title(run: RunInfo) -> str:
    """Write a run in the list: number, name, best epoch, score."""
    parts = [tr("Run {}").format(run.number)]
    if run.name != parts[0]:
        parts.append(run.name)
    kept = tr("imported") if run.imported else tr("epoch {}").format(run.best_epoch)
    parts.append(kept)
    if (name := main_score(run.metrics)) is not None:
        parts.append(score_text(name, run.metrics[name]))
    return " · ".join(parts)
