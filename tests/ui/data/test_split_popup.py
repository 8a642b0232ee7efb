"""The sheet that says how rows are shared out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data.page import DataPage
from modelstudio.ui.pages.data.split_popup import SplitPopup
from modelstudio.ui.widgets import ComboBox


@pytest.fixture
def page(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> DataPage:
    """Open a table of visits of 12 patients over 96 days."""
    rows = [
        f"2020-{1 + day // 28:02}-{1 + day % 28:02},p{day % 12},{day * 7 % 50},{'ny'[day % 3 == 0]}"
        for day in range(96)
    ]
    path = tmp_path / "visits.csv"
    path.write_text("\n".join(["day,patient,pressure,ill", *rows]))
    window.files.open(path)
    qtbot.waitUntil(lambda: window.page_id == "data", timeout=20_000)
    page = window.page("data")
    qtbot.waitUntil(lambda: not page.jobs.running and not page.feed.busy, timeout=20_000)
    return page


def choose(box: ComboBox, key: object) -> None:
    """Choose an entry as a person does."""
    at = box.findData(key)
    box.setCurrentIndex(at)
    box.activated.emit(at)


def test_rows_go_by_group_and_by_time(page: DataPage, qtbot: QtBot) -> None:
    page.split.more.click()
    popup: SplitPopup = page.split_options
    assert popup.isVisible()
    choose(popup.method, "group")
    assert (page.data.split.method, page.data.split.by) == ("group", "patient")
    assert popup.by.isVisible()
    qtbot.waitUntil(lambda: "by patient" in page.split._detail.text())
    choose(popup.method, "time")
    assert page.data.split.by == "day"
    choose(popup.by, None)
    assert page.data.split.by is None
    assert not page.split.stratify.isEnabled()
    choose(popup.method, "last")
    assert (page.data.split.by, page.data.split.times) == ("patient", "day")
    choose(popup.times, None)
    assert page.data.split.times is None
    choose(popup.method, "random")
    assert page.data.split.by is None
    assert popup.by.isHidden()
    assert popup.times.isHidden()


def test_folds_and_balance(page: DataPage) -> None:
    popup = page.split_options
    page.split.more.click()
    popup.folds.setValue(1)
    assert page.data.split.folds == 2
    popup.folds.setValue(5)
    popup.fold.setValue(5)
    assert (page.data.split.folds, page.data.split.fold) == (5, 4)
    assert "fold 5 of 5" in page.split._detail.text()
    popup.folds.setValue(3)
    assert page.data.split.fold == 2
    popup.folds.setValue(1)
    assert page.data.split.folds == 0
    choose(popup.balance, "weights")
    assert page.data.split.balance == "weights"
    assert page.document.undo_label == "Change split"


def test_the_sheet_grows_with_what_it_holds(page: DataPage, qtbot: QtBot) -> None:
    popup = page.split_options
    page.split.more.click()
    bottom, tall = popup.geometry().bottom(), popup.height()
    choose(popup.method, "last")
    qtbot.waitUntil(lambda: popup.height() > tall)
    assert popup.geometry().bottom() == bottom, "it stays at its button"
    boxes = [popup.method, popup._told, popup.by, popup.times, popup.folds, popup.balance]
    pairs = pairwise(box.geometry() for box in boxes)
    assert not any(one.intersects(other) for one, other in pairs)


def test_without_dates_time_is_the_order_of_the_rows(page: DataPage) -> None:
    page.commands.set_kind(["day"], "category")
    page.split.more.click()
    choose(page.split_options.method, "time")
    assert (page.data.split.method, page.data.split.by) == ("time", None)


def test_what_is_refused_shows_what_holds_and_why(page: DataPage) -> None:
    popup = page.split_options
    page.split.more.click()
    choose(popup.method, "last")
    popup.folds.setValue(5)
    assert (page.data.split.folds, popup.folds.value()) == (0, 0)
    assert "makes no folds" in popup._folds_told.text()
    choose(popup.method, "random")
    popup.folds.setValue(5)
    assert "One of 5 folds" in popup._folds_told.text()
    assert popup._folds_told.property("role") == "tertiary"
