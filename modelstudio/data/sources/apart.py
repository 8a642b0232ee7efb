"""Calls that hold the interpreter or cannot be stopped, made in a process of their own."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

from modelstudio.data.sources.beside import PAUSE
from modelstudio.errors import DataError

P = ParamSpec("P")
R = TypeVar("R")
W = TypeVar("W")


def is_possible() -> bool:
    """Tell whether this process may have others."""
    return not multiprocessing.current_process().daemon


def apart(
    word: W, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs
) -> Generator[W, None, R]:
    """Call a function of a module elsewhere, yielding a word time and again while it goes on.

    Closing this generator ends the process. What is given and returned is pickled.

    Raises
    ------
    DataError
        When the call does, or when something from outside ends the process.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(theirs, work, args, kwargs), daemon=True)
    process.start()
    theirs.close()
    try:
        while not ours.poll(PAUSE):
            yield word
        fine, answer = ours.recv()
    except EOFError:
        raise DataError(
            "Reading was ended from outside; the memory may have run out.",
            fix="Close other programs and try again.",
        ) from None
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()
    if not fine:
        raise answer
    result: R = answer
    return result


def _answer(pipe: Connection, work: Callable[..., Any], args: Any, kwargs: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the parent, which ends this one
    try:
        pipe.send((True, work(*args, **kwargs)))
    except Exception as error:
        pipe.send((False, error))
