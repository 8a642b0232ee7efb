"""Looking inside a trained network: what the selected block gives for a row, and its weights."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from modelstudio.engine.events import Progress
from modelstudio.engine.results import RunInfo
from modelstudio.errors import StudioError
from modelstudio.network.graph import Node
from modelstudio.project.model import Project
from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import LatestJob
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.number_picture import (
    Histogram,
    Legend,
    NumberPicture,
)
from modelstudio.ui.pages.network.units import number_text
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    ComboBox,
    ElidedLabel,
    EmptyState,
    Flow,
    ProgressPanel,
    SegmentedControl,
    SpinBox,
    Watcher,
    column,
    count_text,
    grow,
    label,
    row,
    scroll,
)

if TYPE_CHECKING:
    from modelstudio.engine.activations import Activation, Rows, Weight
    from modelstudio.engine.drawable import Numbers
    from modelstudio.ui.main_window import MainWindow

SIDES = {"values": tr("Values"), "weights": tr("Weights")}
_WEIGHT_ROOM, _WEIGHT_HEAD = 120, 44
"""Least height of the picture of an array of weights, and of what stands above, in pixels."""
_PATIENCE_MS = 150
"""How long the old picture stays before a progress bar takes its place."""


class _Asked(NamedTuple):
    """What is looked at: a block of a run, for a row of its data unless it is for its weights."""

    side: str
    run: str
    address: tuple[str, ...]
    name: str
    repeat: int
    position: int


class InsideView(QWidget):
    """Follows the selection; a run is loaded only while somebody looks."""

    def __init__(self, editor: Editor, main: MainWindow):
        super().__init__(objectName="network.inside")
        self.setAccessibleName(tr("Inside of the selected block"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._editor, self._main = editor, main
        self._rows: tuple[object, Rows] | None = None
        self._opening: object = None
        self._asked: _Asked | None = None
        self._done = False
        self._picked: str | None = None
        self._open, self._look = LatestJob(main.jobs, self), LatestJob(main.jobs, self)
        self._open.finished.connect(self._opened)
        self._look.finished.connect(self._show)
        for job in (self._open, self._look):
            job.events.connect(self._tell)
            job.failed.connect(self._fail)
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(lambda: self._pages.setCurrentWidget(self._waiting_page))
        self._lay_out()
        for signal in (editor.selection_changed, editor.changed, main.torch_loaded):
            signal.connect(self.refresh)
        main.document.replaced.connect(self._begin_anew)
        main.run_controller.finished.connect(lambda _: self._list_runs())

    def _lay_out(self) -> None:
        self.run_choice = ComboBox("network.inside.run", tr("Run to look into"))
        self.run_choice.setMinimumContentsLength(14)
        self.run_choice.activated.connect(lambda _: self._pick())
        self.side = SegmentedControl(list(SIDES.items()), "values", "network.inside.side")
        self.side.changed.connect(lambda _: self.refresh())
        self.row_choice = SpinBox("network.inside.row", tr("Validation row"), 1, 1)
        self.row_choice.setPrefix(tr("Row "))
        self.repeat_choice = SpinBox("network.inside.repeat", tr("Repeat of the group"), 1, 1)
        self.repeat_choice.setPrefix(tr("Repeat "))
        for choice in (self.row_choice, self.repeat_choice):
            choice.hide()
            choice.valueChanged.connect(lambda _: self.refresh())
        grow(self.row_choice, self.row_choice.setMinimumWidth, 168)
        grow(self.repeat_choice, self.repeat_choice.setMinimumWidth, 148)
        self.truth = label("", "label", "secondary")
        self.about = ElidedLabel("", "label", "tertiary")
        self._legend = Legend()
        line = Flow(spacing=10)
        for widget in (self.run_choice, self.side, self.row_choice, self.repeat_choice):
            line.addWidget(widget)
        self._bar = QFrame()
        head = QVBoxLayout(self._bar)
        head.setContentsMargins(16, 8, 16, 6)
        head.setSpacing(6)
        head.addLayout(line)
        self.about.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        head.addWidget(row(self.truth, self.about, self._legend, spacing=10))
        self.picture = NumberPicture("network.inside.picture")
        self.picture.stepped.connect(self.row_choice.stepBy)
        self._values = scroll(column(self.picture, None, margins=(16, 0, 16, 12)))
        self._weights = QVBoxLayout()
        self._weights.setContentsMargins(16, 0, 16, 12)
        self._weights.setSpacing(8)
        inside = QWidget()
        inside.setLayout(self._weights)
        self._weights_area = scroll(inside, "network.inside.weights")
        self._waiting = ProgressPanel(tr("Looking inside"), name="network.inside.progress")
        self._waiting.cancelled.connect(self._cancel)
        self._waiting_page = column(self._waiting, None, margins=16)
        self.empty = EmptyState("eye", "", "", name="network.inside.empty")
        self._go = self.empty.add_action(tr("Go to Train"), "secondary")
        self._go.clicked.connect(lambda: self._main.go("train"))
        self._pages = QStackedWidget()
        for page in (self.empty, self._waiting_page, self._values, self._weights_area):
            self._pages.addWidget(page)
        resized = {QEvent.Type.Resize}
        Watcher(self._pages, resized, lambda: self.picture.set_room(self._room()))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._bar)
        box.addWidget(self._pages, 1)

    # Runs

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._list_runs()

    def _room(self) -> int:
        """Return how high a picture may be before it must be scrolled."""
        return self._pages.height() - 16

    def look_at(self, side: str) -> None:
        """Show the values or the weights of the selected block."""
        self.side.set_value(side)
        self.refresh()

    def _begin_anew(self) -> None:
        """Let go of the run of another project."""
        self._open.cancel()
        self._look.cancel()
        self._patience.stop()
        self._rows = self._opening = self._asked = self._picked = None
        self.row_choice.setValue(1)
        self._list_runs()

    def _pick(self) -> None:
        self._picked = self.run_choice.currentData()
        self.refresh()

    def _list_runs(self) -> None:
        """Read which runs have weights; the newest is shown unless one was picked."""
        if not self.isVisible():
            return
        from modelstudio.engine.run import store

        document = self._main.document
        try:
            runs = [run for run in store(document.path, document.project).list() if run.has_weights]
        except StudioError as error:
            self._fail(error)
            return
        self.run_choice.clear()
        for run in reversed(runs):
            self.run_choice.addItem(_title(run), (run.id, run.best_epoch))
        self.run_choice.setCurrentIndex(max(self.run_choice.findData(self._picked), 0))
        self.refresh()

    # Asking

    def refresh(self) -> None:
        """Show the selected block, while somebody looks."""
        if not self.isVisible():
            return
        node, chosen = self._editor.single, self.run_choice.currentData()
        self._bar.setVisible(chosen is not None)
        if chosen is None:
            self._say(
                tr("Train first to look inside"),
                tr("After a run, a block shows here what it makes of a row, and its weights."),
                train=True,
            )
        elif node is None:
            self._say(tr("Select one block"), tr("What it gives and its weights appear here."))
        elif not self._main.torch_ready:
            self._say(tr("A moment"), tr("PyTorch is being loaded."))
        else:
            self._ask(node, chosen)

    def _ask(self, node: Node, chosen: tuple[str, int]) -> None:
        from modelstudio.engine.activations import repeats

        address = (*self._editor.path, node.id)
        times = repeats(self._editor.root, address)
        self.repeat_choice.setMaximum(times)
        self.repeat_choice.setSuffix(tr(" of {0}").format(times))
        self.repeat_choice.setVisible(times > 1)
        weights = self.side.value == "weights"
        self.row_choice.setVisible(not weights)
        row_number = 0 if weights else self.row_choice.value() - 1
        repeat = self.repeat_choice.value() - 1
        asked = _Asked(self.side.value, chosen[0], address, node.name, repeat, row_number)
        document = self._main.document
        path, project = document.path, document.project
        key = (*chosen, project.data)
        if asked == self._asked and (self._look.running or self._open.running or self._done):
            return
        self._asked, self._done = asked, False
        self._waiting.set_progress(None)
        if not self._patience.isActive():
            self._patience.start()
        if weights:
            self._look.start(partial(_weights, path, project, asked), name="weights")
        elif self._rows is not None and self._rows[0] == key:
            self._look.start(partial(_values, self._rows[1], asked), name="activations")
        elif not (self._open.running and self._opening == key):
            self._look.cancel()
            self._opening = key
            self._open.start(partial(_rows, path, project, asked.run), name="open_rows")

    def _opened(self, rows: Rows) -> None:
        self._rows, self._opening = (self._opening, rows), None
        self._asked = None
        self.refresh()

    def _tell(self, batch: list[Any]) -> None:
        last = batch[-1]
        if isinstance(last, Progress):
            share = last.done / last.total if last.total else None
            self._waiting.set_progress(share, last.text)

    def _cancel(self) -> None:
        self._open.cancel()
        self._look.cancel()
        self._patience.stop()
        self._say(tr("Cancelled"), tr("Select a block to look inside it again."))
        self._asked = None

    # Answers

    def _show(self, found: Activation | tuple[Weight, ...]) -> None:
        self._patience.stop()
        self._done = True
        asked = self._asked
        if asked is None:
            return
        if isinstance(found, tuple):
            self._show_weights(found)
        else:
            self._show_values(found, asked)

    def _show_values(self, found: Activation, asked: _Asked) -> None:
        numbers = found.numbers
        with QSignalBlocker(self.row_choice):
            self.row_choice.setMaximum(found.rows)
            self.row_choice.setSuffix(tr(" of {0}").format(count_text(found.rows)))
        self.row_choice.show()
        self.truth.setText(tr("Truth: {0}").format(found.truth) if found.truth else "")
        self.about.set_full_text(about(numbers))
        self._legend.show_ends(numbers.low, numbers.high)
        self._legend.setVisible(numbers.kind != "bars")
        self.picture.show_numbers(numbers, asked.name)
        self._pages.setCurrentWidget(self._values)

    def _show_weights(self, found: tuple[Weight, ...]) -> None:
        while item := self._weights.takeAt(0):
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        room = self._room() - theme().grown(_WEIGHT_HEAD) if len(found) == 1 else 0
        for weight in found:
            self._weights.addWidget(_WeightRow(weight, max(room, _WEIGHT_ROOM)))
        self._weights.addStretch(1)
        total = sum(int(weight.histogram.sum()) for weight in found)
        self.about.set_full_text(tr("{0} numbers").format(count_text(total)))
        self.truth.clear()
        self._legend.hide()
        self._pages.setCurrentWidget(self._weights_area)

    def _fail(self, error: Exception) -> None:
        self._patience.stop()
        self._done = True
        if not isinstance(error, StudioError):
            self._main.show_error(error)
        title = error.message if isinstance(error, StudioError) else tr("This cannot be shown")
        self._say(title, (isinstance(error, StudioError) and error.fix) or "")

    def _say(self, title: str, sentence: str, *, train: bool = False) -> None:
        self._patience.stop()
        self.about.set_full_text("")
        self.truth.clear()
        self._legend.hide()
        self.row_choice.hide()
        self.empty.set_text(title, sentence)
        self._go.setVisible(train)
        self._pages.setCurrentWidget(self.empty)


class _WeightRow(QWidget):
    """Name and range of an array of weights, how they are spread, and their picture."""

    def __init__(self, weight: Weight, room: int):
        super().__init__()
        numbers = weight.numbers
        spread = tr("mean {0}, standard deviation {1}")
        spread = spread.format(number_text(weight.mean), number_text(weight.deviation))
        detail = ElidedLabel(f"{about(numbers)} · {spread}", "label", "tertiary")
        detail.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        head = row(label(weight.name, "panelTitle"), detail)
        histogram, picture = Histogram(), NumberPicture("network.inside.weight", room)
        histogram.show_counts(weight.histogram, numbers.low, numbers.high)
        picture.show_numbers(numbers, weight.name)
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(20)
        line.addWidget(histogram, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(picture, 1, Qt.AlignmentFlag.AlignTop)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 8)
        box.setSpacing(6)
        box.addWidget(head)
        box.addLayout(line)


def about(numbers: Numbers) -> str:
    """Say how large the whole is, how a picture is to be read, and what it leaves out."""
    parts = ["×".join(map(count_text, numbers.shape)) or "1"]
    if numbers.kind == "bars":
        ends = number_text(numbers.low), number_text(numbers.high)
        parts.append(tr("from {0} to {1}").format(*ends))
    if numbers.kind == "image":
        parts.append(tr("{1} across, {0} down").format(*map(tr, numbers.axes)))
    if numbers.note:
        parts.append(numbers.note)
    return " · ".join(parts)


def _title(run: RunInfo) -> str:
    kept = tr("imported") if run.imported else tr("epoch {0}").format(run.best_epoch)
    return f"{tr('Run {0}').format(run.number)} · {kept}"


def _rows(path: Path | None, project: Project, run_id: str) -> Generator[Progress, None, Rows]:
    """Run in a job: load a run and the rows to send through it."""
    from modelstudio.engine.activations import open_rows

    return (yield from open_rows(path, project, run_id))


def _values(rows: Rows, asked: _Asked) -> Activation:
    """Run in a job: send a row through the network."""
    return rows.look(asked.address, asked.position, asked.repeat)


def _weights(
    path: Path | None, project: Project, asked: _Asked
) -> Generator[Progress, None, tuple[Weight, ...]]:
    """Run in a job: read the weights of a block."""
    from modelstudio.engine.activations import weights

    return (yield from weights(path, project, asked.run, asked.address, asked.repeat))
