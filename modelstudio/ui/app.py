"""From the command line to the window and back."""

from __future__ import annotations

import signal
import sys
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

import modelstudio
from modelstudio.resources import sample
from modelstudio.ui.garbage import GarbageCollector
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.preferences import Preferences
from modelstudio.ui.theme import themes

_SIGNAL_MS = 200
"""How often Python gets a turn to see Ctrl+C while the window is idle."""


def main(project: Path | None = None, demo: bool = False) -> int:
    """Open the window, on a project, on the demo, or on the welcome page; return the exit code."""
    running = QApplication.instance()
    app = running if isinstance(running, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("modelstudio")
    app.setApplicationDisplayName("Model Studio")
    app.setApplicationVersion(modelstudio.__version__)
    app.setDesktopFileName("modelstudio")
    preferences = Preferences.load()
    themes().install(app, preferences.theme, preferences.text_scale / 100)
    window = MainWindow()
    garbage = GarbageCollector(app)
    window.torch_loaded.connect(garbage.spare_loaded)
    before, sys.excepthook = sys.excepthook, ErrorReporter(window)
    window.show()
    if demo:
        QTimer.singleShot(0, window, lambda: start_demo(window))
    elif project is not None:
        QTimer.singleShot(0, window, lambda: window.files.open(project))
    interrupts = QTimer(window, interval=_SIGNAL_MS)
    interrupts.timeout.connect(lambda: None)
    interrupts.start()
    signal.signal(signal.SIGINT, lambda *_: QTimer.singleShot(0, window, window.close))
    code = app.exec()
    garbage.stop()
    sys.excepthook = before
    return code


def start_demo(window: MainWindow) -> None:
    """Open the bundled churn data, and train as soon as the project is there."""

    def train() -> None:
        window.document.replaced.disconnect(train)
        QTimer.singleShot(0, window, window.actions_["train.start"].trigger)

    window.document.replaced.connect(train)
    window.files.open_data(sample("churn.csv"), "churn")


class ErrorReporter:
    """Tell of an unforeseen error in a dialog and keep the window; one dialog at a time."""

    def __init__(self, window: MainWindow):
        self._window = window
        self._telling = False

    def __call__(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Stand in for `sys.excepthook`."""
        traceback.print_exception(kind, error, trace)
        if self._telling or not isinstance(error, Exception):
            return
        self._telling = True
        try:
            self._window.show_error(error)
        finally:
            self._telling = False
