"""What happened in a run, in words, as it goes on or out of the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from modelstudio.engine.events import (
    CheckpointSaved,
    EpochEnd,
    FoldsEnd,
    FoldStarted,
    RunEnd,
    RunStarted,
)
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import (
    epochs_text,
    main_score,
    number_text,
    score_text,
    score_word,
    spread_text,
)
from modelstudio.ui.widgets import count_text

if TYPE_CHECKING:
    from modelstudio.engine.results import EpochRecord, RunInfo
    from modelstudio.ui.pages.train.lower import EventsModel


class RunLog:
    """Writes the list of events of one run at a time."""

    def __init__(self, shown: EventsModel) -> None:
        self._shown = shown
        self._told: tuple[object, ...] = ()
        """The run whose events are listed, with its state unless it was watched live."""

    def clear(self) -> None:
        """List nothing."""
        self._told = ()
        self._shown.clear()

    def watch(self, run_id: str) -> None:
        """Take what is listed for the events of a run that goes on."""
        self._told = (run_id,)

    def add(self, kind: str, text: str) -> None:
        """List something else that happened, at once."""
        self._shown.add(kind, text)
        self._shown.show_new()

    def recall(self, run: RunInfo, history: Callable[[str], Sequence[EpochRecord]]) -> None:
        """List the events of a run that is over, as far as the store keeps them."""
        state = (run.id, run.epochs, run.status)
        if self._told in (state, (run.id,)):
            return
        self.clear()
        self._told = state
        at = run.started
        for record in history(run.id):
            at += record.seconds
            self._tell_epoch(record, at)
        if run.status not in ("running", "paused"):
            self._tell_end(run.status, run.epochs, run.reason, at)
        self._shown.show_new()

    def tell(self, event: object, fold: FoldStarted | None) -> None:
        """List an event of a run that goes on, on one of several folds or alone."""
        tell = self._shown.add
        match event:
            case RunStarted():
                words = tr("Started on {}: {} training and {} validation rows")
                rows = (count_text(event.train_rows), count_text(event.validation_rows))
                if fold is not None:
                    tell("info", tr("Fold {} of {}").format(fold.fold, fold.folds))
                tell("done", words.format(event.device.upper(), *rows))
                if event.warning:
                    tell("warning", event.warning)
            case EpochEnd():
                self._tell_epoch(event)
            case CheckpointSaved():
                tell("info", tr("Weights saved after epoch {}").format(event.epoch), event.epoch)
            case RunEnd():
                self._tell_end(event.status, event.epochs, event.reason)
            case FoldsEnd():
                done = event.summary
                scores = [f"{score_word(each.name)} {spread_text(each)}" for each in done.scores]
                words = tr("{} of {} folds finished: {}")
                told = words.format(len(done.runs), done.folds, ", ".join(scores))
                tell("done" if done.complete else "warning", told.removesuffix(": "))

    def _tell_epoch(self, epoch: EpochEnd | EpochRecord, at: float | None = None) -> None:
        kind, words = "info", tr("Epoch {}: {}")
        if epoch.best:
            kind, words = "best", tr("Epoch {}: new best, {}")
        self._shown.add(kind, words.format(epoch.epoch, _said(epoch)), epoch.epoch, at)

    def _tell_end(self, status: str, epochs: int, reason: str, at: float | None = None) -> None:
        kind = {"finished": "done", "failed": "error"}.get(status, "warning")
        words = tr("Run {} after {}. {}").format(status, epochs_text(epochs), reason)
        self._shown.add(kind, words.strip(), at=at)


def _said(epoch: EpochEnd | EpochRecord) -> str:
    """Write what an epoch gave: validation loss and the main score."""
    parts = []
    if epoch.val_loss is not None:
        parts.append(tr("validation loss {}").format(number_text(epoch.val_loss)))
    else:
        parts.append(tr("training loss {}").format(number_text(epoch.train_loss)))
    scores = {n: v for n, v in epoch.metrics.items() if not n.startswith("train_")}
    if (name := main_score(scores)) is not None:
        parts.append(f"{score_word(name)} {score_text(name, scores[name])}")
    return ", ".join(parts)
