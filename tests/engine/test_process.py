"""Work in a process of its own: events, result, errors, and an end when nobody listens."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Generator
from pathlib import Path

import pytest

from modelstudio.engine.events import Progress
from modelstudio.engine.process import in_process
from modelstudio.errors import ExportError, StudioError


def count(to: int) -> Generator[Progress, None, int]:
    for number in range(to):
        yield Progress("Counting", number, to)
    return os.getpid()


def refuse() -> Generator[Progress, None, None]:
    yield Progress("Trying")
    raise ExportError("It cannot be exported.", where="conv1", fix="Remove it.")


def fail() -> Generator[Progress, None, None]:
    yield Progress("Dividing")
    print(1 / 0)


def die() -> Generator[Progress, None, None]:
    yield Progress("Going")
    os._exit(3)


def last_forever(mark: Path) -> Generator[Progress, None, None]:
    atexit.register(mark.touch)
    yield Progress(str(os.getpid()))
    time.sleep(3600)


def leave(mark: Path) -> Generator[Progress, None, None]:
    atexit.register(mark.touch)
    yield from ()


def test_events_and_result_arrive() -> None:
    results = []

    def keep() -> Generator[Progress, None, None]:
        results.append((yield from in_process(count, 3)))

    assert list(dict.fromkeys(event.done for event in keep())) == [0, 1, 2]
    assert results != [os.getpid()]


def test_an_error_arrives_with_its_advice() -> None:
    with pytest.raises(ExportError) as caught:
        list(in_process(refuse))
    assert caught.value.lines() == ["It cannot be exported.", "Where: conv1", "Remove it."]


def test_an_unforeseen_error_says_where_it_happened() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)in fail.*ZeroDivisionError"):
        list(in_process(fail))


def test_a_dead_process_is_noticed() -> None:
    with pytest.raises(StudioError, match="code 3"):
        list(in_process(die))


def test_it_cleans_up_behind_itself(tmp_path: Path) -> None:
    assert list(in_process(leave, tmp_path / "left")) == []
    assert (tmp_path / "left").exists()


@pytest.mark.skipif(os.name == "nt", reason="asks for the process in the POSIX way")
def test_closing_ends_the_process(tmp_path: Path) -> None:
    events = in_process(last_forever, tmp_path / "left")
    pid = int(next(events).text)
    assert next(events).text == str(pid), "silence does not block whoever wants to close"
    events.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (tmp_path / "left").exists(), "it cleaned up first"
