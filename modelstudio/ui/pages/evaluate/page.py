"""The Evaluate page."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from modelstudio.engine.events import Progress
from modelstudio.engine.results import Evaluation
from modelstudio.errors import StudioError
from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import LatestJob
from modelstudio.ui.pages import Page
from modelstudio.ui.pages.evaluate.boards import ClassBoard, TokenBoard, ValueBoard
from modelstudio.ui.pages.evaluate.header import PARTS, Header
from modelstudio.ui.pages.evaluate.label_edits import LabelEdits
from modelstudio.ui.pages.evaluate.labels import LabelBoard
from modelstudio.ui.pages.evaluate.looks import count_look, looks
from modelstudio.ui.pages.evaluate.mistakes import SourceRows
from modelstudio.ui.pages.evaluate.ranking import RankingBoard
from modelstudio.ui.pages.evaluate.scored import Known, scored
from modelstudio.ui.pages.evaluate.scores import ScoreStrip
from modelstudio.ui.pages.evaluate.threshold import Outcome
from modelstudio.ui.pages.layouts import stretch
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    Banner,
    ConfirmDialog,
    EmptyState,
    ProgressPanel,
    Skeleton,
    column,
    count_text,
    rule,
    scroll,
)

if TYPE_CHECKING:
    from modelstudio.engine.runs import RunStore
    from modelstudio.ui.main_window import MainWindow

PATIENCE_MS = 200
"""How long the old picture, or nothing, stays before a progress bar takes its place."""

BOARD_HEIGHT = 620
"""Below this height the board scrolls."""

_AnyBoard = ClassBoard | ValueBoard | TokenBoard | RankingBoard | LabelBoard


class EvaluatePage(Page):
    """Choose a run and a part of the data; see scores, curves and mistakes."""

    page_id = "evaluate"

    def __init__(self, main: MainWindow):
        super().__init__(main)
        self._known = Known()
        self._asked = False
        self._shown: tuple[str, str] | None = None
        self.job = LatestJob(self.jobs, self)
        self.job.events.connect(self._receive)
        self.job.finished.connect(self._finish)
        self.job.failed.connect(self._fail)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._show_progress)

        self.banner = Banner("error", "", name="evaluate.banner", closable=True)
        self._banner_room = column(self.banner, margins=(12, 8, 12, 8))
        self._banner_room.hide()
        self.banner.closed.connect(self._banner_room.hide)
        self.header = Header()
        self.header.run_chosen.connect(self._compute)
        self.header.part_chosen.connect(self._choose_part)
        self.scores = ScoreStrip()
        self.classes, self.values, self.tokens = ClassBoard(), ValueBoard(), TokenBoard()
        self.ranking, self.labels = RankingBoard(), LabelBoard()
        self._boards = QStackedWidget()
        for board in (self.classes, self.values, self.tokens, self.ranking, self.labels):
            self._boards.addWidget(board)
        self._boards.setMinimumHeight(BOARD_HEIGHT)
        self.empty = EmptyState(
            "evaluate",
            tr("Nothing to judge yet"),
            tr("Train the network first."),
            tr("Go to Train"),
            primary=False,
            name="evaluate.empty",
        )
        self.empty.triggered.connect(lambda: main.go("train"))
        self.stopped = EmptyState(
            "evaluate",
            tr("No scores yet"),
            tr("They were not computed."),
            tr("Compute scores"),
            name="evaluate.stopped",
        )
        self.stopped.triggered.connect(self._compute)
        self._blank = QWidget()
        self._loading = self._make_loading()
        content = column(
            self.scores, rule(), scroll(self._boards, name="evaluate.scroll"), spacing=0
        )
        stretch(content, 2)
        self._stack = QStackedWidget()
        for widget in (self.empty, self._blank, self._loading, self.stopped, content):
            self._stack.addWidget(widget)
        self._content = content
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for widget in (self.header, rule(), self._banner_room, self._stack):
            layout.addWidget(widget)
        layout.setStretch(3, 1)
        for board in (self.classes, self.labels):
            board.roc.use_asked.connect(self.use_threshold)
        self.classes.moved.connect(self._follow_threshold)
        main.run_controller.finished.connect(lambda _: self._run_ended())
        self.label_edits = LabelEdits(
            main, self.classes.mistakes, lambda run_id: self._store().project(run_id)
        )
        self.document.replaced.connect(self._project_replaced)

    def _make_loading(self) -> QWidget:
        self._progress = ProgressPanel(tr("Computing scores"), name="evaluate.progress")
        self._progress.cancelled.connect(self._cancel)
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(24)
        layout.addWidget(self._progress)
        for rows in (3, 9, 6):
            layout.addWidget(Skeleton(rows))
        layout.addStretch(1)
        return box

    def shown(self) -> None:
        self._refresh()

    # Runs

    def _store(self) -> RunStore:
        from modelstudio.engine.run import store

        return store(self.document.path, self.document.project)

    def choose_run(self, run_id: str, part: str = "") -> None:
        """Show a run, on a part of its data if one is named."""
        self._refresh()
        if self.header.choose(run_id, part):
            self._compute()

    def _refresh(self) -> None:
        """Read the list of runs anew, and show the chosen one or the newest."""
        try:
            store = self._store()
            runs, last = store.list(), store.last_finished()
        except StudioError as error:
            self._fail(error)
            return
        usable = tuple(run for run in reversed(runs) if run.has_weights)
        chosen, known = self.header.run_id, {run.id for run in self.header.runs}
        fresh = last is not None and last.id not in known
        wanted = last.id if last is not None and (fresh or chosen is None) else chosen
        self._known.forget_outdated(self.header.runs, usable)
        self.header.set_runs(usable, wanted)
        self.header.show_looks(looks(self.document.project.id))
        if usable:
            self._compute()
        else:
            self._show_empty()

    def _show_empty(self) -> None:
        run = self.main.run_controller.run
        sentence = tr("Train the network first.")
        if run is not None and self.main.run_controller.running:
            sentence = tr("Run {} is still going on. Its scores come when it has ended.")
            sentence = sentence.format(run.number)
        self.empty.set_text(tr("Nothing to judge yet"), sentence)
        self._shown = None
        self._stack.setCurrentWidget(self.empty)

    def _run_ended(self) -> None:
        if self.isVisible():
            self._refresh()

    def _project_replaced(self) -> None:
        self.job.cancel()
        self._patience.stop()
        self._known.clear()
        self.label_edits.clear()
        self._asked, self._shown = False, None
        self.header.set_runs((), None)
        self.header.part.set_value("validation")
        self._banner_room.hide()
        if self.isVisible():
            self._refresh()
        else:
            self._show_empty()

    # Parts

    def _choose_part(self, part: str) -> None:
        key = (self.header.run_id or "", part)
        if part == "test" and key not in self._known and not self._may_look():
            self.header.part.set_value("validation")
        self._compute()

    def _may_look(self) -> bool:
        """Ask once before the test rows are looked at again."""
        if self._asked or looks(self.document.project.id) == 0:
            return True
        self._asked = ConfirmDialog.ask(
            self,
            tr("Look at the test rows again?"),
            tr(
                "They tell how good the model is on rows it has never met. The more often you "
                "choose by them, the less their score can be trusted."
            ),
            tr("Look again"),
            destructive=False,
        )
        return self._asked

    # Computing

    def _compute(self, *, again: bool = False) -> None:
        run_id = self.header.run_id
        if run_id is None:
            return
        self.header.offer_folds()
        part = self.header.part.value
        key = (run_id, part)
        if key in self._known and not again:
            self.job.cancel()
            self._patience.stop()
            if self._shown != key:
                self._show(*self._known[key])
            self._stack.setCurrentWidget(self._content)
            return
        self._banner_room.hide()
        self._progress.set_progress(None)
        words = tr("Scoring run {} on the {} rows")
        numbers = [run.number for run in self.header.runs if run.id == run_id]
        self._progress.set_title(words.format(*numbers, PARTS[part].lower()))
        if not again and not self.main.torch_ready:
            self._progress.set_progress(None, tr("PyTorch is being loaded"))
            self._show_progress()
            self.repaint()  # loading keeps Python, and so the next paint, waiting
        elif not again:
            if self._stack.currentWidget() is not self._content:
                self._stack.setCurrentWidget(self._blank)
            self._patience.start()
        document = self.document
        work = partial(scored, document.path, document.project, self._store(), run_id, part)
        self.job.start(work, name="evaluate")

    def _receive(self, batch: list[Any]) -> None:
        for event in batch:
            if isinstance(event, Progress):
                share = event.done / event.total if event.total else None
                self._progress.set_progress(share, event.text)
            elif isinstance(event, Evaluation):
                self._take(event)

    def _take(self, evaluation: Evaluation) -> None:
        key = (evaluation.run, evaluation.part)
        again = key in self._known
        rows = self._known[key][1] if again else SourceRows()
        self._known.keep(evaluation, rows)
        if key[1] == "test" and not again:
            count_look(self.document.project.id)
            self.header.show_looks(looks(self.document.project.id))
        if key == self.header.shown:  # another is while a person is asked about the test rows
            self._patience.stop()
            self._show(evaluation, rows)
            self._stack.setCurrentWidget(self._content)
        self.set_badge("done", tr("Scores are up to date"))

    def _show(self, evaluation: Evaluation, rows: SourceRows) -> None:
        key = self.header.shown
        self._shown = key
        predictions = evaluation.predictions
        known = {part: self._known.get((key[0], part)) for part in PARTS}
        self.header.show_counts(
            {part: len(found[0].predictions.truth) for part, found in known.items() if found}
        )
        unscored = sum(predictions.unscored.values())
        notes = [*evaluation.notes]
        if unscored:
            notes.append(tr("{} rows could not be scored.").format(count_text(unscored)))
        told_below = predictions.kind == "ranking"
        self.header.notes.set_full_text("" if told_below else " ".join(notes))
        self.scores.show_evaluation(evaluation)
        board = self._board(predictions.kind)
        self._boards.setCurrentWidget(board)
        board.show_evaluation(evaluation)
        board.set_source(rows)
        self._offer_mending()

    def _board(self, kind: str) -> _AnyBoard:
        if kind == "value":
            return self.values
        if kind in ("ranking", "labels"):
            return self.ranking if kind == "ranking" else self.labels
        return self.tokens if kind == "tokens" else self.classes

    def _finish(self, found: tuple[Evaluation, SourceRows]) -> None:
        evaluation, rows = found
        self._known.keep(evaluation, rows)
        if self._shown == (evaluation.run, evaluation.part):
            self._board(evaluation.predictions.kind).set_source(rows)
            self._offer_mending()

    def _offer_mending(self) -> None:
        """Offer to leave out the rows that are shown, where labels of them can be doubted."""
        self.label_edits.clear()
        if self._shown is None or self._boards.currentWidget() is not self.classes:
            return
        evaluation, rows = self._known[self._shown]
        if evaluation.doubts is not None:
            self.label_edits.show(*self._shown, rows)

    def _fail(self, error: Exception) -> None:
        self._patience.stop()
        text = error.message if isinstance(error, StudioError) else str(error)
        fix = error.fix if isinstance(error, StudioError) and error.fix else ""
        self.banner.set_text(f"<b>{text}</b> {fix}")
        self.banner.show()
        self._banner_room.show()
        self._stop()

    def _show_progress(self) -> None:
        self._stack.setCurrentWidget(self._loading)

    def _cancel(self) -> None:
        self.job.cancel()
        self._patience.stop()
        self._stop()

    def _stop(self) -> None:
        """Offer to compute what was asked for; scores of something else would mislead."""
        self._shown = None
        self._stack.setCurrentWidget(self.stopped if self.header.run_id else self.empty)

    # The threshold

    def _follow_threshold(self, outcome: Outcome | None) -> None:
        if outcome is None:
            self.scores.show_at(0.5, None)
            return
        values = {
            "accuracy": outcome.accuracy,
            "precision": outcome.precision,
            "recall": outcome.recall,
            "f1": outcome.f1,
        }
        self.scores.show_at(outcome.threshold, values)

    def use_threshold(self, threshold: float) -> None:
        """Keep a threshold with the run; predictions and exports follow it."""
        if self.header.part.value == "test" and not ConfirmDialog.ask(
            self,
            tr("Choose the threshold on the test rows?"),
            tr(
                "The test score then no longer tells how the model does on rows it has never met. "
                "Validation rows are there for choosing."
            ),
            tr("Use it"),
            destructive=False,
        ):
            return
        before = self._set_threshold(threshold)
        if before is None:
            return
        self.toasts.show_toast(
            tr("Threshold {:.2f} is kept with the run").format(threshold),
            tr("Predictions and exports use it."),
            kind="success",
            action=tr("Undo"),
            on_action=lambda: self._set_threshold(before),
        )

    def _set_threshold(self, threshold: float) -> float | None:
        from modelstudio.engine.run import set_threshold

        run_id = self.header.run_id
        if run_id is None:
            return None
        try:
            before = set_threshold(self.document.path, self.document.project, run_id, threshold)
        except StudioError as error:
            self.main.show_error(error)
            return None
        for key, (evaluation, rows) in list(self._known.items()):
            if key[0] == run_id:
                self._known[key] = (replace(evaluation, threshold=threshold), rows)
        self._compute(again=True)
        return before

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.header.set_wide(self.width() > theme().grown(1100))
