"""What happens to the Data page when something comes between: another page, undo, Cancel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data import DataPage

Settle = Callable[[DataPage], None]


def test_a_sheet_goes_with_its_page_and_stays_away(page: DataPage, window: MainWindow) -> None:
    page.preview.open_profile("age")
    profile = page.preview._profile
    assert profile is not None
    assert profile.isVisible()
    window.go("network")
    assert not profile.isVisible()
    window.go("data")
    assert not profile.isVisible()


def test_tab_stays_inside_a_sheet(page: DataPage, window: MainWindow, qtbot: QtBot) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    page.preview.reading.click()
    assert page.reading.delimiter.hasFocus()
    seen = []
    for _ in range(6):
        seen.append(window.focusWidget().objectName())
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    assert seen == [
        "data.csv.delimiter",
        "data.csv.encoding",
        "data.csv.decimals",
        "data.csv.dates",
        "data.csv.missing",
        "data.csv.open",
    ]
    assert page.reading.delimiter.hasFocus()
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Backtab)
    assert window.focusWidget().objectName() == "data.csv.open"


def test_undo_shows_in_the_sheets_that_are_open(page: DataPage, settle: Settle) -> None:
    page.split.more.click()
    folds = page.split_options.folds
    folds.setValue(5)
    page.document.undo()
    assert (page.data.split.folds, folds.value()) == (0, 0)
    page.commands.set_reading(CsvOptions(decimals="comma"))
    page.reading.open_below(page.preview.reading, page.data)
    assert page.reading.decimals.currentData() == "comma"
    page.document.undo()
    assert page.reading.decimals.currentData() is None


def test_what_was_cancelled_can_be_read_again(
    page: DataPage, engine: Any, settle: Settle, qtbot: QtBot
) -> None:
    engine.hold = hold = threading.Event()
    page.commands.set_reading(CsvOptions(decimals="comma"))
    qtbot.waitUntil(lambda: engine.hold is None)
    page.preview.loading.cancel.click()
    hold.set()
    settle(page)
    checks = page.preview.checks
    assert (checks._told.text(), checks.again.isVisible()) == ("Reading was cancelled", True)
    checks.again.click()
    settle(page)
    assert page.feed.report is not None
    assert (checks._told.text(), checks.again.isVisible()) == ("Nothing stands out", False)


def test_the_rows_do_not_repeat_what_the_banner_says(
    page: DataPage, engine: Any, settle: Settle
) -> None:
    engine.error = DataError("It holds binary data", where=str(page.files.path))
    page.commands.set_reading(CsvOptions(decimals="comma"))
    settle(page)
    assert "binary data" in page.banner.accessibleName()
    assert page.preview.notice.text() == "The rows show once the file can be read."


def test_a_seed_is_offered_where_rows_are_drawn(page: DataPage, settle: Settle) -> None:
    assert page.split.shuffle.isEnabled()
    page.commands.set_split(page.data.split.changed(method="time", by="age"), "By time")
    assert not page.split.shuffle.isEnabled()
    assert not page.split.seed.isEnabled()
    assert "time" in page.split.shuffle.toolTip()
    page.document.undo()
    assert page.split.seed.isEnabled()


def test_the_window_is_gone_before_what_still_runs_has_ended(
    page: DataPage, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    stop_all = window.jobs.stop_all
    monkeypatch.setattr(
        window.jobs, "stop_all", lambda: (seen.append(window.isVisible()), stop_all())
    )
    monkeypatch.setattr(window.files, "may_leave", lambda: True)
    assert window.close()
    assert seen == [False]
