"""Calls of others that may take for ever, made in a thread so that they can be given up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")
W = TypeVar("W")

PAUSE = 0.1
"""Seconds between two looks at a call that goes on."""


def waiting(
    word: W, call: Callable[[], T], stop: Callable[[], object] | None = None
) -> Generator[W, None, T]:
    """Make a call and return what it returns, yielding a word time and again while it goes on.

    Parameters
    ----------
    stop
        Ends the call when the generator is closed, or Ctrl+C comes, before it has ended; without
        one it is left alone.
    """
    future: Future[T] = Future()
    threading.Thread(target=_answer, args=(call, future), daemon=True).start()
    try:
        while not wait([future], PAUSE).done:
            yield word
    finally:
        while stop is not None and not future.done():
            stop()
            wait([future], PAUSE / 10)
    return future.result()


def _answer(call: Callable[[], T], future: Future[T]) -> None:
    try:
        future.set_result(call())
    except BaseException as error:
        future.set_exception(error)
