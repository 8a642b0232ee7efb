"""One run at a time: started, held, stopped, and told of wherever the window is."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal

from modelstudio.engine.control import Control
from modelstudio.errors import StudioError
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import (
    duration,
    epochs_text,
    main_score,
    score_text,
    score_title,
    score_word,
    spread_text,
)
from modelstudio.ui.pages import PageProblem
from modelstudio.ui.training_block import training_block

if TYPE_CHECKING:
    from modelstudio.engine.events import (
        BatchEnd,
        EpochEnd,
        FoldsEnd,
        FoldStarted,
        RunEnd,
        RunStarted,
    )
    from modelstudio.project.model import Project
    from modelstudio.ui.jobs import Job
    from modelstudio.ui.main_window import MainWindow

SWITCH_SECONDS = 0.0005
"""How long the training thread may keep the interpreter while the window wants it."""

RECEIVE_MS = 100
"""How often the window looks at what a run has said; curves are drawn less often than that."""

PROGRESS_SECONDS = 0.2
"""Shortest time between two looks at the progress."""


class RunController(QObject):
    """Start, hold and stop a run; tell its events in lists, at most one every 50 ms.

    ``state`` goes idle, starting, running, paused, stopping, idle. While a run goes on ``snapshot``
    is the project it was started from and ``run`` what it said at its start. Of all folds in turn
    ``fold`` is the one that goes on, and the lists never hold events of two of them.
    """

    state_changed = Signal(str)
    started = Signal(object)
    events = Signal(list)
    finished = Signal(object)
    failed = Signal(object)
    progress = Signal(float, str)
    block_changed = Signal(str)

    def __init__(self, main: MainWindow) -> None:
        super().__init__(main)
        self._main = main
        self._job: Job | None = None
        self._control = Control()
        self._end: RunEnd | None = None
        self._folds_end: FoldsEnd | None = None
        self._told = 0.0
        self._usual_switch = sys.getswitchinterval()
        self.state = "idle"
        self._block = PageProblem("error", "", lambda: None)
        self.run: RunStarted | None = None
        self.fold: FoldStarted | None = None
        self.snapshot: Project | None = None
        self.project_path: Path | None = None
        main.document.changed.connect(self._look_at_project)
        main.document.replaced.connect(self._look_at_project)
        main.problems_changed.connect(self._look_at_problems)
        self._look_at_project()

    @property
    def block_reason(self) -> str:
        """Why training may not start; empty when it may."""
        return self._block.text

    @property
    def running(self) -> bool:
        """True from the start of a run to its end."""
        return self.state != "idle"

    # What a person asks for

    def start(self, start_from: str | None = None) -> None:
        """Train the project as it is now, as a new run; where it cannot be, say why.

        ``start_from`` is a run whose weights are where training begins.
        """
        if not self._may_start():
            return
        project, path = self._main.document.project, self._main.document.path

        def source() -> Any:
            from modelstudio.engine.run import train

            return train(project, path, self._control, start_from=start_from)

        self._begin(source, project, path)

    def start_folds(self, folds: int | None = None) -> None:
        """Train on each of so many folds in turn, each as a run; None takes those of the split."""
        if not self._may_start():
            return
        project, path = self._main.document.project, self._main.document.path

        def source() -> Any:
            from modelstudio.engine.cross_validation import cross_validate

            return cross_validate(project, path, self._control, folds=folds)

        self._begin(source, project, path)

    def _may_start(self) -> bool:
        """Tell whether a run may start; where it may not, say why."""
        if self.running:
            return False
        self._look_at_project()  # the file of the data may have come or gone meanwhile
        if self.block_reason:
            self._main.toasts.show_toast(
                tr("Training cannot start"),
                self.block_reason,
                kind="warning",
                action=tr("Show"),
                on_action=self._block.go,
            )
        return not self.block_reason

    def resume_run(self, run_id: str) -> None:
        """Go on with a stopped or interrupted run, and with the folds that are left of it."""
        if self.running:
            return
        project, path = self._main.document.project, self._main.document.path

        def source() -> Any:
            from modelstudio.engine import cross_validation, run

            if run.store(path, project).info(run_id).fold is not None:
                return cross_validation.resume(project, path, run_id, self._control)
            return run.resume(project, path, run_id, self._control)

        self._begin(source, project, path)

    def pause(self) -> None:
        """Hold the run after the batch it is at."""
        if self.state == "running":
            self._control.pause()
            self._set_state("paused")

    def resume(self) -> None:
        """Go on after a pause."""
        if self.state == "paused":
            self._control.resume()
            self._set_state("running")

    def stop(self) -> None:
        """End the run after the batch it is at; the best weights are kept."""
        if self.running:
            self._control.stop()
            self._set_state("stopping")

    def set_lr(self, lr: float) -> None:
        """Change the learning rate of the run that goes on."""
        self._control.set_lr(lr)

    def wait_stopped(self, milliseconds: int) -> bool:
        """Wait until the run has ended, with the window still painting; False when time ran out."""
        if not self.running:
            return True
        loop = QEventLoop()
        self.state_changed.connect(lambda state: loop.quit() if state == "idle" else None)
        deadline = QTimer(singleShot=True, interval=milliseconds)
        deadline.timeout.connect(loop.quit)
        deadline.start()
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        deadline.stop()
        return not self.running

    # What the run says

    def _begin(self, source: Callable[[], Any], project: Project, path: Path | None) -> None:
        self._control = Control()
        self._end = self._folds_end = self.run = self.fold = None
        self._told = 0.0
        self.snapshot, self.project_path = project, path
        sys.setswitchinterval(SWITCH_SECONDS)
        self._set_state("starting")
        self.progress.emit(0.0, tr("Preparing data"))
        self._main.set_badge("train", "running", tr("A run is going on"))
        self._job = self._main.jobs.start(
            source,
            name="train",
            drain_ms=RECEIVE_MS,
            events=self._receive,
            finished=self._finish,
            failed=self._fail,
            cancelled=self._finish,
        )

    def _receive(self, batch: list[Any]) -> None:
        """Take what the run said, fold by fold."""
        from modelstudio.engine.events import FoldStarted

        begins = [at for at, event in enumerate(batch) if isinstance(event, FoldStarted)]
        for begin, end in itertools.pairwise((0, *begins, len(batch))):
            if begin < end:
                self._take(batch[begin:end])

    def _take(self, batch: list[Any]) -> None:
        from modelstudio.engine import events as told

        batch_end: BatchEnd | None = None
        epoch_end: EpochEnd | None = None
        for event in batch:
            match event:
                case told.RunStarted():
                    self.run = event
                    if self.state == "starting":
                        self._set_state("running")
                    self.started.emit(event)
                case told.RunPaused() if self.state == "running":
                    self._set_state("paused")
                case told.RunResumed() if self.state == "paused":
                    self._set_state("running")
                case told.BatchEnd():
                    batch_end = event
                case told.EpochEnd():
                    epoch_end = event
                case told.RunEnd():
                    self._end = event
                case told.FoldStarted():
                    self.fold, self.run = event, None
                case told.FoldsEnd():
                    self._folds_end = event
                case told.Progress() if self.run is None:
                    share = event.done / event.total if event.total else 0.0
                    self._emit_progress(share if self.fold is None else 0.0, event.text)
        if self.run is not None and batch_end is not None:
            self._tell_progress(self.run, batch_end.position, batch_end.rate)
        elif self.run is not None and epoch_end is not None:
            rate = self.run.batches / max(epoch_end.seconds, 1e-6)
            self._tell_progress(self.run, float(epoch_end.epoch), rate)
        self.events.emit(batch)

    def _tell_progress(self, run: RunStarted, position: float, rate: float) -> None:
        now = time.monotonic()
        if now < self._told + PROGRESS_SECONDS:
            return
        self._told = now
        left = max(run.epochs - position, 0.0) * run.batches
        epoch = min(int(position) + 1, run.epochs)
        parts = [tr("epoch {}/{}").format(epoch, run.epochs), tr("{:,.0f} batches/s").format(rate)]
        if rate > 0:
            parts.append(tr("ETA {}").format(duration(left / rate)))
        self._emit_progress(position / run.epochs, *parts)

    def _emit_progress(self, share: float, *parts: str) -> None:
        """Tell how far the run is; of several folds, how far they are together."""
        fold = self.fold
        if fold is not None:
            share = (fold.fold - 1 + share) / fold.folds
            parts = (tr("fold {} of {}").format(fold.fold, fold.folds), *parts)
        self.progress.emit(share, " · ".join(parts))

    def _finish(self, _result: object = None) -> None:
        end, run = self._end, self.run
        self._settle("done" if end is not None and end.best_epoch else "none", "")
        if self._folds_end is not None:
            self._toast_folds(self._folds_end)
        elif end is not None and run is not None:
            self._toast_end(end, run)
        self.finished.emit(end)

    def _toast_folds(self, end: FoldsEnd) -> None:
        """Tell mean and spread of all folds, or how many are kept."""
        toasts, done = self._main.toasts, end.summary
        if done.complete:
            name = main_score({score.name: score.mean for score in done.scores})
            told = next((spread_text(each) for each in done.scores if each.name == name), "")
            toasts.show_toast(
                tr("{} folds finished").format(done.folds),
                f"{score_title(name)} {told}" if name and told else "",
                kind="success",
                action=tr("Evaluate"),
                on_action=lambda: self._judge_folds(done.runs[1]),
            )
            return
        last = self._end
        toasts.show_toast(
            tr("Stopped with {} of {} folds finished").format(len(done.runs), done.folds),
            tr("They are kept, and the others can go on."),
            kind="info",
            action=tr("Resume") if last is not None else "",
            on_action=None if last is None else lambda: self.resume_run(last.run),
        )

    def _judge_folds(self, run_id: str) -> None:
        """Show the scores of all folds together."""
        self._main.go("evaluate")
        page = self._main.page("evaluate")
        if page is not None and hasattr(page, "choose_run"):
            page.choose_run(run_id, "folds")

    def _toast_end(self, end: RunEnd, run: RunStarted) -> None:
        toasts, name = self._main.toasts, main_score(end.best)
        best = ""
        if name is not None and end.best_epoch:
            words = tr("{} validation {}, epoch {}.")
            value = score_text(name, end.best[name])
            best = words.format(value, score_word(name), end.best_epoch)
        if end.status == "finished":
            toasts.show_toast(
                tr("Run {} finished").format(run.number),
                " ".join(part for part in (best, end.reason) if part),
                kind="success",
                action=tr("Evaluate"),
                on_action=lambda: self._main.go("evaluate"),
            )
        else:
            kept = tr("The best weights are kept.") if end.best_epoch else ""
            toasts.show_toast(
                tr("Run {} stopped after {}").format(run.number, epochs_text(end.epochs)),
                " ".join(part for part in (best, kept) if part),
                kind="info",
                action=tr("Resume"),
                on_action=lambda: self.resume_run(end.run),
            )

    def _fail(self, error: Exception) -> None:
        text = error.message if isinstance(error, StudioError) else str(error)
        self._settle("error", text)
        self._main.toasts.show_toast(
            tr("Training stopped"),
            str(error),
            kind="error",
            action=tr("Show"),
            on_action=lambda: self._main.go("train"),
        )
        self.failed.emit(error)

    def _settle(self, badge: str, reason: str) -> None:
        self._job = None
        sys.setswitchinterval(self._usual_switch)
        self._main.set_badge("train", badge, reason)
        self._main.status.clear_progress()
        self._set_state("idle")

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.state_changed.emit(state)

    # What stands in the way

    def _look_at_project(self, old: Project | None = None, new: Project | None = None) -> None:
        if (
            old is not None
            and new is not None
            and old.data is new.data
            and old.network is new.network
        ):
            return
        block = training_block(self._main)
        changed = block.text != self._block.text
        self._block = block
        if changed:
            self.block_changed.emit(block.text)

    def _look_at_problems(self, page_id: str) -> None:
        faulty = any(problem.kind == "error" for problem in self._main.problems(("network",)))
        if page_id == "data" or (page_id == "network" and faulty != bool(self._block.text)):
            self._look_at_project()
