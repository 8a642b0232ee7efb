"""What tests of the window share: application, window, and a check that nothing is left."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from modelstudio.engine.events import EpochEnd
from modelstudio.engine.projects import new_project
from modelstudio.engine.runs import RunStore
from modelstudio.project.model import Project
from modelstudio.resources import sample
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.theme import themes


@pytest.fixture(scope="session")
def qapp(qapp_args: list[str]) -> QApplication:
    """Return the application, dressed in the dark theme."""
    app = QApplication.instance() or QApplication(qapp_args)
    themes().install(app, "dark")
    return app


@pytest.fixture(autouse=True)
def nothing_left(qapp: QApplication) -> Iterator[None]:
    """Fail a test that leaves a thread, an active timer or a top-level widget behind.

    Threads of a test must not collect garbage, as in the program (`modelstudio.ui.garbage`).
    """
    gc.disable()
    threads = set(threading.enumerate())
    widgets = set(map(id, QApplication.topLevelWidgets()))
    yield
    gc.enable()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    left = [thread.name for thread in threading.enumerate() if thread not in threads]
    shown = [
        widget
        for widget in QApplication.topLevelWidgets()
        if id(widget) not in widgets and widget.isVisible()
    ]
    ticking = [
        f"{type(timer.parent()).__name__}: {timer.interval()} ms"
        for root in (qapp, *shown)
        for timer in root.findChildren(QTimer)
        if timer.isActive()
    ]
    for widget in shown:  # closed, a window with unsaved edits would ask and wait for ever
        widget.hide()
        widget.deleteLater()
    assert not left, f"threads left: {left}"
    assert not shown, f"windows left: {shown}"
    assert not ticking, f"timers left: {ticking}"


@pytest.fixture(scope="session")
def penguins() -> Project:
    """Return an untouched project on the penguins."""
    return new_project(sample("penguins.csv")).project


@pytest.fixture(scope="session")
def churn() -> Project:
    """Return an untouched project with a binary target."""
    return new_project(sample("churn.csv")).project


@pytest.fixture
def add_run() -> Callable[[RunStore, Project], None]:
    """Return a function that puts a finished run of one epoch into a store."""

    def add(store: RunStore, project: Project) -> None:
        with store.create(project, "{}", parameters=3) as writer:
            writer.epoch(EpochEnd(1, 0.9, 0.8, {"accuracy": 0.5}, best=True))
            writer.end("finished")
        store.best_file(writer.run_id).write_bytes(b"weights")

    return add


def destroy(thing: QObject) -> None:
    """Delete a Qt object at once."""
    if shiboken6.isValid(thing):
        thing.deleteLater()
        QCoreApplication.sendPostedEvents(thing, QEvent.Type.DeferredDelete)


@pytest.fixture
def make_window(qtbot: QtBot) -> Iterator[Callable[[], MainWindow]]:
    """Return a function that opens a window; all are closed and destroyed at the end."""
    made: list[MainWindow] = []

    def make() -> MainWindow:
        window = MainWindow(warm_up=False)
        made.append(window)
        window.resize(1440, 900)
        window.show()
        return window

    yield make
    for window in made:
        window.run_controller.stop()
        window.run_controller.wait_stopped(10_000)
        assert window.jobs.stop_all()
        window.document.close()
        window.hide()
        destroy(window)


@pytest.fixture
def window(make_window: Callable[[], MainWindow]) -> MainWindow:
    """Return an open window on the welcome page; torch is not warmed up."""
    return make_window()
