"""Long work in a process of its own, for what holds the interpreter and would freeze a window."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import traceback
from collections.abc import Callable, Generator
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from modelstudio.engine.events import Progress
from modelstudio.errors import StudioError

P = ParamSpec("P")
R = TypeVar("R")

PATIENCE = 0.1
"""Longest time without an event, in seconds, once there was one."""

GRACE = 3.0
"""Time in seconds that a process has to clean up behind itself before it is killed."""


def in_process(
    work: Callable[P, Generator[Progress, None, R]], *args: P.args, **kwargs: P.kwargs
) -> Generator[Progress, None, R]:
    """Run a generator function of a module elsewhere; pass on its events, return its result.

    Closing this generator ends the process. Between two events the last one is given again every
    `PATIENCE` seconds, so that whoever wants to close it need not wait for the next. An error that
    a person can mend arrives as it was.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(
        target=_send_all, args=(theirs, work, args, kwargs), name=work.__name__, daemon=True
    )
    process.start()
    theirs.close()
    last: Progress | None = None
    over = False
    try:
        while True:
            while last is not None and not ours.poll(PATIENCE):
                yield last
            try:
                kind, value = ours.recv()
                over = kind != "event"
            except EOFError:
                process.join()
                raise StudioError(
                    f"The work was ended from outside (code {process.exitcode}).",
                    fix="The memory may have run out: close other programs and try again.",
                ) from None
            if kind == "event":
                last = value
                yield value
            elif kind == "result":
                result: R = value
                return result
            else:
                raise value
    finally:
        if not over:
            process.terminate()
        process.join(GRACE)
        if process.is_alive():
            process.kill()
            process.join()
        process.close()
        ours.close()


def _send_all(
    pipe: Connection, work: Callable[..., Generator[Progress, None, Any]], args: Any, kwargs: Any
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the parent, which ends this one
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # so that semaphores and files are removed
    try:
        events = work(*args, **kwargs)
        while True:
            pipe.send(("event", next(events)))
    except StopIteration as end:
        pipe.send(("result", end.value))
    except StudioError as error:
        pipe.send(("error", error))
    except Exception:
        pipe.send(("error", RuntimeError(traceback.format_exc())))
