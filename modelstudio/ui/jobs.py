"""Long work beside the window: a thread pulls a generator, a timer hands its events over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

Source = Callable[[], Any]
"""Called in the thread; gives a generator of events, or the result itself."""

_DRAIN_MS = 50
"""Between two looks at a job's queue, in milliseconds, unless the caller can wait longer."""

_STOP_SECONDS = 10.0
"""How long a job that is cancelled at the end of the window may take."""


class _Ended:
    """Last thing in the queue: how the work ended."""

    def __init__(self, result: Any = None, error: BaseException | None = None):
        self.result = result
        self.error = error


class Job(QObject):
    """Run ``source`` in a thread and emit what it yields in lists, at most one each ``drain_ms``.

    Exactly one of ``finished`` (with the generator's return value), ``failed`` and ``cancelled``
    comes last, after the thread has ended.
    """

    events = Signal(list)
    finished = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    ended = Signal()

    def __init__(
        self,
        source: Source,
        *,
        name: str = "job",
        drain_ms: int = _DRAIN_MS,
        parent: QObject | None = None,
    ):
        super().__init__(parent)
        self.name = name
        self._queue: SimpleQueue[Any] = SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=_pull, args=(source, self._queue, self._stop), name=f"job-{name}", daemon=True
        )
        self._timer = QTimer(self, interval=drain_ms)
        self._timer.timeout.connect(self._drain)

    @property
    def running(self) -> bool:
        """True from start until one of the last signals."""
        return self._timer.isActive()

    def start(self) -> Job:
        """Begin; returns the job itself."""
        import_module("pydantic.main")  # two threads that import it at once may find it half loaded
        self._thread.start()
        self._timer.start()
        return self

    def cancel(self) -> None:
        """Ask the work to end at its next yield; its ``finally`` blocks run."""
        self._stop.set()

    def wait(self, seconds: float) -> bool:
        """Block until the work has ended and its last signals are out; False when time ran out."""
        self._thread.join(seconds)
        if self._thread.is_alive():
            return False
        self._drain()
        return True

    def _drain(self) -> None:
        batch, end = [], None
        try:
            while end is None:
                item = self._queue.get_nowait()
                if isinstance(item, _Ended):
                    end = item
                else:
                    batch.append(item)
        except Empty:
            pass
        if batch and not self._stop.is_set():
            self.events.emit(batch)
        if end is None or not self._timer.isActive():
            return
        self._timer.stop()
        self._thread.join()
        if self._stop.is_set():
            self.cancelled.emit()
        elif end.error is not None:
            self.failed.emit(end.error)
        else:
            self.finished.emit(end.result)
        self.ended.emit()


def _pull(source: Source, queue: SimpleQueue[Any], stop: threading.Event) -> None:
    """Thread body; it holds no Qt object, so none is ever destroyed here."""
    try:
        made: Any = source()
        result = _pull_all(made, queue, stop) if isinstance(made, Generator) else made
        queue.put(_Ended(result))
    except BaseException as error:
        queue.put(_Ended(error=error))


def _pull_all(
    generator: Generator[Any, None, Any], queue: SimpleQueue[Any], stop: threading.Event
) -> Any:
    try:
        while not stop.is_set():
            queue.put(next(generator))
    except StopIteration as end:
        return end.value
    finally:
        generator.close()
    return None


class JobRunner(QObject):
    """Start jobs and keep hold of them until they end."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self._jobs: list[Job] = []

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs that have not ended."""
        return tuple(self._jobs)

    def start(
        self,
        source: Source,
        *,
        name: str = "job",
        drain_ms: int = _DRAIN_MS,
        events: Callable[[list[Any]], object] | None = None,
        finished: Callable[[Any], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
        cancelled: Callable[[], object] | None = None,
    ) -> Job:
        """Start ``source`` as a job and connect the slots given."""
        job = Job(source, name=name, drain_ms=drain_ms, parent=self)
        for signal, slot in (
            (job.events, events),
            (job.finished, finished),
            (job.failed, failed),
            (job.cancelled, cancelled),
        ):
            if slot is not None:
                signal.connect(slot)
        self._jobs.append(job)
        job.ended.connect(lambda: self._forget(job))
        job.start()
        self.changed.emit()
        return job

    def stop_all(self) -> bool:
        """Cancel every job and wait for them; False when one did not end in time."""
        jobs = self.running
        for job in jobs:
            job.cancel()
        ended = [job.wait(_STOP_SECONDS) for job in jobs]
        return all(ended)

    def _forget(self, job: Job) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
            job.deleteLater()
            self.changed.emit()


class LatestJob(QObject):
    """Run one request at a time; the newest wins and the results of older ones are dropped."""

    events = Signal(list)
    finished = Signal(object)
    failed = Signal(object)
    cancelled = Signal()

    def __init__(self, runner: JobRunner, parent: QObject | None = None):
        super().__init__(parent)
        self._runner = runner
        self._serial = 0
        self._job: Job | None = None

    @property
    def running(self) -> bool:
        """True while the newest request has no answer."""
        return self._job is not None

    def start(self, source: Source, name: str = "latest") -> Job:
        """Begin the newest request."""
        self.cancel()
        serial = self._serial
        job = self._runner.start(
            source,
            name=name,
            events=lambda batch: self._pass(serial, self.events, batch),
            finished=lambda result: self._end(serial, self.finished, result),
            failed=lambda error: self._end(serial, self.failed, error),
            cancelled=lambda: self._end(serial, self.cancelled),
        )
        self._job = job
        return job

    def cancel(self) -> None:
        """Give the request up, if there is one."""
        self._serial += 1
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _pass(self, serial: int, signal: Any, *values: Any) -> None:
        if serial == self._serial:
            signal.emit(*values)

    def _end(self, serial: int, signal: Any, *values: Any) -> None:
        if serial == self._serial:
            self._job = None
            signal.emit(*values)
