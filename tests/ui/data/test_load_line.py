"""What shows while the page works."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from modelstudio.engine.events import Progress
from modelstudio.ui.pages.data import DataPage
from modelstudio.ui.pages.data.load_line import LoadLine
from modelstudio.ui.pages.data.waiting import Waiting


@pytest.fixture
def panel(qtbot: QtBot) -> QWidget:
    """Return a panel that is shown, with a line at its head."""
    panel = QWidget()
    layout = QVBoxLayout(panel)
    layout.addWidget(LoadLine())
    layout.addWidget(QWidget(), 1)
    qtbot.addWidget(panel)
    panel.resize(400, 300)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


@pytest.fixture
def line(panel: QWidget) -> LoadLine:
    """Return the line of the panel."""
    return panel.findChild(LoadLine)


def test_what_is_done_at_once_shows_nothing(line: LoadLine) -> None:
    line.start()
    line.tell("Reading")
    assert not line._clock.isActive()
    line.stop()
    assert not line.waiting
    assert not line._soon.isActive()
    assert not line.cancel.isVisible()


def test_words_come_with_the_line_and_move_nothing(line: LoadLine, qtbot: QtBot) -> None:
    below = line.parentWidget().layout().itemAt(1).widget().geometry()
    line.start()
    line.hasten()
    Waiting(line).tell_progress(Progress("Looking for problems", 3, 4))
    qtbot.waitUntil(line.cancel.isVisible)
    qtbot.waitUntil(line._clock.isActive)
    assert line._text.text() == "Looking for problems · 75 %"
    assert line.parentWidget().layout().itemAt(1).widget().geometry() == below
    with qtbot.waitSignal(line.cancelled):
        line.cancel.click()
    line.stop()
    assert not line.cancel.isVisible()


def test_the_file_that_is_read_is_named(
    page: DataPage, engine: Any, qtbot: QtBot, settle: Callable[[DataPage], None]
) -> None:
    engine.hold = release = threading.Event()
    page.preview.clear()
    page._show_project(anew=True)
    qtbot.waitUntil(page.preview.loading.cancel.isVisible)
    assert "titanic.csv" in page.preview.loading._text.text()
    release.set()
    settle(page)
    assert not page.preview.loading.waiting
