"""Open database..., and the choice of another sheet or table on the Data page."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from modelstudio.data.sources import addresses
from modelstudio.recipe.sources import Database, Table
from modelstudio.ui import database as module
from modelstudio.ui.database import DatabaseDialog, PasswordDialog, Wish, shown_name
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data import DataPage
from tests.stand_in import Cursor, stand_in
from tests.workbooks import write_workbook

ROWS = [(n, "ab"[n % 2]) for n in range(40)]
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x, 1 FROM n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a SQLite file of two tables."""
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        for name, column in (("sales", "n"), ("towns", "size")):
            connection.execute(f"CREATE TABLE {name} ({column} INTEGER, kind TEXT)")
            connection.executemany(f"INSERT INTO {name} VALUES (?, ?)", ROWS)
        connection.commit()
    return path


@pytest.fixture
def dialog(qtbot: QtBot, window: MainWindow) -> DatabaseDialog:
    """Return the dialog, shown but not modal."""
    made = DatabaseDialog(window, window.jobs, "")
    qtbot.addWidget(made)
    made.show()
    return made


def shown_page(window: MainWindow, qtbot: QtBot) -> DataPage:
    qtbot.waitUntil(lambda: isinstance(window.page("data"), DataPage), timeout=20_000)
    page = window.page("data")
    assert isinstance(page, DataPage)
    return page


def names(page: DataPage) -> list[str]:
    return [column.name for column in page.data.columns]


def test_the_tables_of_a_file_are_offered(
    qtbot: QtBot, dialog: DatabaseDialog, shop: Path, tmp_path: Path
) -> None:
    assert not dialog.open_button.isEnabled()
    dialog.place.setText(str(shop))
    dialog.list_tables()
    qtbot.waitUntil(lambda: dialog.table.count() == 2)
    dialog.table.setCurrentIndex(1)
    assert dialog.wish() == Wish(str(shop), Database(query="towns"))
    dialog.query.setPlainText("SELECT 1")
    assert not dialog.table.isEnabled()
    assert dialog.wish().source == Database(query="SELECT 1")
    plain = tmp_path / "plain.txt"
    plain.write_text("no database", encoding="utf-8")
    dialog.query.clear()
    dialog.place.setText(str(plain))
    dialog.list_tables()
    qtbot.waitUntil(lambda: "plain.txt" in dialog.state.text())
    assert not dialog.open_button.isEnabled()


def test_a_table_is_opened_by_the_action(
    window: MainWindow, shop: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(dialog: DatabaseDialog) -> None:
        dialog.place.setText(f"sqlite:///{shop}")
        dialog.query.setPlainText("towns")
        dialog.findChild(QPushButton, "database_dialog.open").click()

    monkeypatch.setattr(module.DatabaseDialog, "exec", answer)
    window.actions_["data.open_database"].trigger()
    page = shown_page(window, qtbot)
    qtbot.waitUntil(lambda: names(page) == ["size", "kind"], timeout=20_000)
    assert page.data.path == str(shop)


def test_an_endless_query_is_cancelled(window: MainWindow, shop: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.files.progressed, timeout=20_000):
        window.files.open_data(str(shop), source=Database(query=ENDLESS))
    with qtbot.waitSignal(window.files.read_ended):
        window.files.cancel_reading()
    qtbot.waitUntil(lambda: not window.jobs.running)
    assert not window.document.is_open


@pytest.mark.parametrize("kind", ["workbook", "database"])
def test_another_table_is_chosen_where_the_reading_is(
    kind: str, window: MainWindow, shop: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    path = shop
    if kind == "workbook":
        sheets = {"sales": [["n", "kind"], *ROWS * 2], "towns": [["size", "kind"], *ROWS]}
        path = write_workbook(tmp_path / "shop.xlsx", sheets)
    window.files.open_data(path)
    page = shown_page(window, qtbot)
    qtbot.waitUntil(lambda: names(page) == ["n", "kind"], timeout=20_000)
    page.preview.reading.click()
    table = page.reading.table
    qtbot.waitUntil(lambda: table.count() == 3)
    assert table.isVisible()
    assert [table.itemText(at) for at in range(3)] == ["Found in the file", "sales", "towns"]
    table.setCurrentIndex(2)
    table.activated.emit(2)
    qtbot.waitUntil(lambda: names(page) == ["size", "kind"], timeout=20_000)
    assert page.data.source == Table(sheet="towns")
    window.document.undo()
    assert names(page) == ["n", "kind"]


def test_the_name_of_an_address_tells_no_password() -> None:
    assert shown_name("postgresql://me:secret@host/shop?password=x") == "shop"


def test_a_server_is_opened_and_read_again(
    window: MainWindow, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(dialog: DatabaseDialog) -> None:
        assert not dialog.password.isEnabled()
        dialog.place.setText("stand-in://me@host:7/shop")
        dialog.password.setText("geheim")
        dialog.query.setPlainText("SELECT n % 99 AS m, kind FROM sales")
        dialog.findChild(QPushButton, "database_dialog.open").click()

    queries: list[str] = []
    stand_in(monkeypatch, tmp_path / "shop.db", queries)
    monkeypatch.setattr(module.DatabaseDialog, "exec", answer)
    window.actions_["data.open_database"].trigger()
    page = shown_page(window, qtbot)
    qtbot.waitUntil(lambda: page.feed.report is not None, timeout=20_000)
    assert page.data.path == "stand-in://me@host:7/shop"
    assert len(queries) == 1
    page.preview.reading.click()
    assert "kept since" in page.again.told.text()
    assert page.reading.decimals.isVisible()
    assert not page.reading.encoding.isVisible()
    with qtbot.waitSignal(page.again.renewed):
        page.again.again.click()
        assert page.again.again.text() == "Cancel reading"
    assert len(queries) == 2
    addresses._passwords.clear()
    answers = ["falsch", "geheim"]
    monkeypatch.setattr(PasswordDialog, "ask", lambda *_: answers.pop(0))
    with qtbot.waitSignal(page.again.renewed):
        page.again.again.click()
    assert len(queries) == 3
    assert not answers
    monkeypatch.setattr(Cursor, "lost", True)
    with qtbot.waitSignal(page.again.failed):
        page.again.again.click()
    assert "lost after 200 rows" in page.banner.text()
    assert page.again.again.text() == "Read again"
    qtbot.waitUntil(lambda: not window.jobs.running)
    assert page.feed.report is not None
