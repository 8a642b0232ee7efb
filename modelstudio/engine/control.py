"""How a person reaches a run while it goes on: pause, stop, learning rate."""

from __future__ import annotations

import threading


class Control:
    """Wishes for a run, set from any thread; training looks at them between batches."""

    def __init__(self) -> None:
        self._go = threading.Event()
        self._go.set()
        self._stop = threading.Event()
        self._interrupted = False
        self._lr: float | None = None
        self._lock = threading.Lock()

    def pause(self) -> None:
        """Ask for a pause after the current batch."""
        self._go.clear()

    def resume(self) -> None:
        """End the pause."""
        self._go.set()

    def stop(self, *, interrupt: bool = False) -> None:
        """Ask for an end after the current batch; the state is kept and can be resumed.

        With ``interrupt`` the run counts as interrupted, not as stopped by choice.
        """
        self._interrupted = self._interrupted or interrupt
        self._stop.set()
        self._go.set()

    def set_lr(self, lr: float) -> None:
        """Ask for another learning rate; a schedule goes on from it."""
        with self._lock:
            self._lr = lr

    def take_lr(self) -> float | None:
        """Return a newly asked learning rate once."""
        with self._lock:
            lr, self._lr = self._lr, None
        return lr

    def wait(self) -> None:
        """Block while paused."""
        self._go.wait()

    @property
    def paused(self) -> bool:
        """True from the wish for a pause until its end."""
        return not self._go.is_set()

    @property
    def stopping(self) -> bool:
        """True once a stop was asked for."""
        return self._stop.is_set()

    @property
    def interrupted(self) -> bool:
        """True when the stop came from outside, as by Ctrl+C."""
        return self._interrupted
