"""Jobs: events in lists, one last signal, no thread left."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator

import pytest
from pytestqt.qtbot import QtBot

from modelstudio.ui.jobs import Job, JobRunner, LatestJob


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[JobRunner]:
    made = JobRunner()
    yield made
    made.stop_all()


def test_events_arrive_in_order_and_the_return_value_last(qtbot: QtBot) -> None:
    def count() -> Generator[int, None, str]:
        yield from range(1000)
        return "done"

    lists: list[list[int]] = []
    told: list[str] = []
    job = Job(count, name="count")
    job.events.connect(lists.append)
    job.events.connect(lambda batch: told.append("events"))
    job.finished.connect(lambda result: told.append(result))
    with qtbot.waitSignal(job.finished, timeout=5000):
        job.start()
    assert [number for batch in lists for number in batch] == list(range(1000))
    assert told[-1] == "done"
    assert len(lists) < 100
    assert not job.running


def test_the_thread_has_ended_when_finished_is_told(qtbot: QtBot, runner: JobRunner) -> None:
    alive: list[bool] = []
    names = lambda: [thread.name for thread in threading.enumerate()]  # noqa: E731
    job = runner.start(lambda: 7, name="seven")
    job.finished.connect(lambda _: alive.append("job-seven" in names()))
    qtbot.waitUntil(lambda: bool(alive), timeout=5000)
    assert alive == [False]


def test_a_plain_function_gives_its_result(qtbot: QtBot, runner: JobRunner) -> None:
    results: list[int] = []
    runner.start(lambda: 6 * 7, finished=results.append)
    qtbot.waitUntil(lambda: results == [42], timeout=5000)
    assert runner.running == ()


def test_an_exception_arrives_whole(qtbot: QtBot, runner: JobRunner) -> None:
    def fail() -> Generator[int, None, None]:
        yield 1
        raise ValueError("wrong")

    errors: list[Exception] = []
    runner.start(fail, failed=errors.append)
    qtbot.waitUntil(lambda: bool(errors), timeout=5000)
    assert isinstance(errors[0], ValueError)
    assert errors[0].__traceback__ is not None


def test_cancel_runs_finally_and_tells_nothing_more(qtbot: QtBot, runner: JobRunner) -> None:
    closed = threading.Event()

    def endless() -> Generator[int, None, None]:
        try:
            while True:
                closed.wait(0.001)
                yield 0
        finally:
            closed.set()

    told: list[str] = []
    job = runner.start(
        endless,
        events=lambda batch: job.cancel(),
        finished=lambda _: told.append("finished"),
        cancelled=lambda: told.append("cancelled"),
    )
    qtbot.waitUntil(lambda: bool(told), timeout=5000)
    assert told == ["cancelled"]
    assert closed.is_set()


def test_stop_all_waits_for_every_job(runner: JobRunner) -> None:
    gates = [threading.Event() for _ in range(3)]

    def wait(gate: threading.Event) -> Generator[int, None, None]:
        try:
            while True:
                gate.wait(0.001)
                yield 0
        finally:
            gate.set()

    for gate in gates:
        runner.start(lambda gate=gate: wait(gate))
    assert len(runner.running) == 3
    assert runner.stop_all()
    assert all(gate.is_set() for gate in gates)
    assert runner.running == ()


def test_the_newest_request_wins(qtbot: QtBot, runner: JobRunner) -> None:
    gate = threading.Event()
    results: list[str] = []
    latest = LatestJob(runner)
    latest.finished.connect(results.append)

    def slow() -> Generator[int, None, str]:
        gate.wait(5)
        yield 1
        return "old"

    latest.start(slow)
    latest.start(lambda: "new")
    gate.set()
    qtbot.waitUntil(lambda: not runner.running, timeout=5000)
    assert results == ["new"]
    assert not latest.running
