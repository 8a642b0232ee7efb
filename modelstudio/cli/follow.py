"""Follow long work on a terminal: progress, Ctrl+C, a line an epoch."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from modelstudio.cli.app import complain
from modelstudio.cli.show import metrics_text, print_json
from modelstudio.engine.control import Control
from modelstudio.engine.events import (
    BatchEnd,
    EpochEnd,
    FilesLeftOut,
    Progress,
    RunEnd,
    RunEvent,
    RunStarted,
    drain,
)
from modelstudio.wording import counted

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

R = TypeVar("R")

LEFT_OUT = {
    "pictures": "left out of training and scores",
    "sounds": "left out of training and scores",
    "texts": "taken for empty texts",
}
"""What becomes of files that cannot be used, by their kind."""


def follow(work: Generator[Progress, None, R], *, quiet: bool) -> R:
    """Run a generator to its end, show its progress on a terminal, and return its result."""
    with _status(quiet) as show:
        return drain(work, lambda progress: show(_told(progress)))


def _told(progress: Progress) -> str:
    """Return what is done; rows are told where it is not known how many there will be."""
    rows = f", {counted(progress.done, 'row')}" if progress.done and not progress.total else ""
    return f"{progress.text}{rows}"


@contextmanager
def _status(quiet: bool) -> Iterator[Callable[[str], None]]:
    if quiet or not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield status.update


@contextmanager
def interruptible(control: Control) -> Iterator[None]:
    """Let the first Ctrl+C (or a polite kill) end the run after its batch; the second is harder."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: object) -> None:
        if control.stopping:
            raise KeyboardInterrupt
        control.stop(interrupt=True)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def print_event(event: RunEvent) -> None:
    """Print the events that a script needs, one JSON object a line."""
    names = {RunStarted: "run_started", EpochEnd: "epoch_end", RunEnd: "run_end"}
    if isinstance(event, FilesLeftOut):
        print_json({"event": "unusable_files", **event.files.to_dict()}, indent=None)
    if isinstance(event, (RunStarted, EpochEnd, RunEnd)):
        print_json({"event": names[type(event)], **asdict(event)}, indent=None)


class Terminal:
    """Tells a run to a person: a bar on a terminal, else a line an epoch."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self._bar: RichProgress | None = None
        self._task: Any = None

    def __call__(self, event: RunEvent) -> None:
        """Tell of one event."""
        if isinstance(event, FilesLeftOut):
            complain(event.files.told(LEFT_OUT[event.files.kind]))
        elif isinstance(event, RunStarted):
            print(
                f"Run {event.number}: {event.parameters:,} parameters, {event.train_rows:,} rows "
                f"to train and {event.validation_rows:,} to validate, {event.device}"
                + (f", {counted(event.threads, 'thread')}" if event.device == "cpu" else ""),
                flush=True,
            )
            if event.warning:
                complain(event.warning)
            self.epochs = event.epochs
            self._begin()
        elif isinstance(event, BatchEnd) and self._bar is not None:
            self._bar.update(self._task, completed=event.position)
        elif isinstance(event, EpochEnd):
            self._epoch(event)
        elif isinstance(event, RunEnd):
            self.close()
            best = ""
            if event.best_epoch:
                best = f", best epoch {event.best_epoch} ({metrics_text(event.best)})"
            ended = f"{event.status.capitalize()} after {counted(event.epochs, 'epoch')}{best}."
            print(f"{ended} {event.reason}".rstrip())

    def _begin(self) -> None:
        if not sys.stderr.isatty():
            return
        from rich import progress
        from rich.console import Console

        self._bar = progress.Progress(
            progress.TextColumn("epoch {task.completed:.0f}/{task.total:.0f}"),
            progress.BarColumn(),
            progress.TextColumn("{task.description}"),
            progress.TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=self.epochs)
        self._bar.start()

    def _epoch(self, event: EpochEnd) -> None:
        losses = {"train": event.train_loss, "validation": event.val_loss}
        shown = {name: value for name, value in losses.items() if value is not None}
        text = metrics_text({**shown, **event.metrics})
        if self._bar is None:
            print(f"epoch {event.epoch}/{self.epochs}  {text}", flush=True)
        else:
            self._bar.update(self._task, completed=event.epoch, description=text)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
