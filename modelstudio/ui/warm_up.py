"""What pages and training need, loaded behind the window in its quiet moments; the devices."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QTimer, Signal

if TYPE_CHECKING:
    from modelstudio.ui.main_window import MainWindow

QUIET_MS = 100
"""How long no page may have been built before the next part is loaded.

Two threads that import at once take turns at the interpreter, so a page would be built at half
the speed.
"""


class WarmUp(QObject):
    """Load numpy, the pages' modules, then torch, once the window was painted for the first time.

    What defines Qt classes is loaded on the window's own thread, a module at a time.
    """

    torch_loaded = Signal(tuple)
    failed = Signal(object)

    def __init__(self, main: MainWindow, page_modules: Iterable[str]):
        super().__init__(main)
        self._main = main
        self._modules = ["pyqtgraph", *page_modules]
        self._next: Callable[[], None] = self._load_numpy
        self._quiet = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._quiet.timeout.connect(lambda: self._next())

    def start(self) -> None:
        """Begin after the first paint of the window."""
        self._main.installEventFilter(self)

    def wait(self) -> None:
        """Give way to a page that was built just now."""
        if self._quiet.isActive():
            self._quiet.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.UpdateRequest:
            watched.removeEventFilter(self)
            self._quiet.start()
        return False

    def _load_numpy(self) -> None:
        self._next = self._load_module
        go_on = self._quiet.start
        self._main.jobs.start(
            _import_numpy, name="numpy", finished=lambda _: go_on(), failed=lambda _: go_on()
        )

    def _load_module(self) -> None:
        if self._modules:
            with suppress(ImportError):  # its page says so when it is visited
                import_module(self._modules.pop(0))
        if not self._modules:
            self._next = self._load_torch
        self._quiet.start()

    def _load_torch(self) -> None:
        self._main.jobs.start(
            _warm, name="warm_up", finished=self.torch_loaded.emit, failed=self.failed.emit
        )


def _import_numpy() -> None:
    import numpy  # noqa: F401


def _warm() -> tuple[Any, ...]:
    """Run in a job: load what training needs, and return the devices."""
    from modelstudio.engine.device import devices
    from modelstudio.engine.run import warm

    warm()
    return devices()
