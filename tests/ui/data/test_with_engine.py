"""The Data page on real files, with the real engine behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from modelstudio.project.model import Project
from modelstudio.recipe.steps import ClipOutliers, OneHot
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data import DataPage
from modelstudio.ui.pages.data.table_model import CELL

Settle = Callable[[DataPage], None]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return a table of 120 rows: a number with holes and one outlier, a category, two classes."""
    lines = ["age,port,survived"]
    for row in range(120):
        age = "" if row % 12 == 3 else "900" if row == 7 else str(20 + row % 40)
        lines.append(f"{age},{'SCQ'[row % 3]},{'yes' if row % 40 > 12 else 'no'}")
    path = tmp_path / "titanic.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def page(window: MainWindow) -> DataPage:
    window.document.new(Project())
    window.go("data")
    page = window.page("data")
    assert isinstance(page, DataPage)
    return page


def open_table(page: DataPage, path: Path, qtbot: QtBot, settle: Settle) -> None:
    page.open_file(path)
    qtbot.waitUntil(lambda: not page.opening.running, timeout=20_000)
    settle(page)


def test_a_table_becomes_columns_recipe_network_and_parts(
    page: DataPage, table: Path, qtbot: QtBot, settle: Settle
) -> None:
    open_table(page, table, qtbot, settle)
    assert page.data.target.name == "survived"
    assert page.preview.model.rowCount() == 120
    assert "missing" in page.preview.checks.tags[0].text()
    assert [card.effect.text() for card in page.recipe.cards][-1] == "+2 columns"
    assert page.recipe._inputs.text() == "4 inputs reach the network"
    assert page.document.project.network.nodes
    assert page.data.fingerprint
    assert sum(part.rows for part in page.feed.report.parts) == page.feed.report.rows - (
        page.feed.report.effects[0].rows
    )


def test_a_clipped_number_keeps_its_old_value(
    page: DataPage, table: Path, qtbot: QtBot, settle: Settle
) -> None:
    open_table(page, table, qtbot, settle)
    recipe = (ClipOutliers(columns=("age",)), OneHot())
    project = page.document.project
    page.document.edit("test", project.changed(data=project.data.changed(recipe=recipe)))
    page.recipe.select(0)
    settle(page)
    cell = page.preview.model.index(7, 0).data(CELL)
    assert (cell.before, cell.changed) == (900.0, True)
    assert cell.now < 200


def test_a_click_on_the_header_sorts_the_whole_table(
    page: DataPage, table: Path, qtbot: QtBot, settle: Settle
) -> None:
    open_table(page, table, qtbot, settle)
    header = page.preview.view.header
    for _ in range(2):
        point = header.rect().center()
        point.setX(header.sectionViewportPosition(0) + 10)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=point)
        settle(page)
    assert page.preview.model.index(0, 0).data() == "900"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"a,b,c\n", "no rows"),
        (b"a,b,c\n1,2,3\n4,5\n6,7,8\n", "Line 3 of bad.csv has 2 cells"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", "bad.csv"),
    ],
)
def test_a_bad_file_is_told_in_the_banner(
    page: DataPage, tmp_path: Path, qtbot: QtBot, settle: Settle, content: bytes, sentence: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    before = page.document.project
    open_table(page, path, qtbot, settle)
    assert page.banner.isVisible()
    assert sentence in page.banner.text()
    assert page.document.project == before


def test_a_target_that_does_not_serve_can_be_changed(
    page: DataPage, tmp_path: Path, qtbot: QtBot, settle: Settle
) -> None:
    path = tmp_path / "one.csv"
    rows = [f"{row / 4},{'SC'[row % 2]},yes" for row in range(30)]
    path.write_text("\n".join(["a,port,class", *rows]), encoding="utf-8")
    open_table(page, path, qtbot, settle)
    page.commands.set_role(["class"], "target")
    settle(page)
    assert "has only one class" in page.banner.text()
    page.commands.set_role(["class"], "ignored")
    page.commands.set_role(["port"], "target")
    settle(page)
    assert not page.banner.isVisible()
    assert page.feed.report.fields[-1].classes == ("C", "S")


def test_without_a_target_the_page_says_what_to_do(
    page: DataPage, table: Path, qtbot: QtBot, settle: Settle
) -> None:
    open_table(page, table, qtbot, settle)
    page.commands.set_role(["survived"], "ignored")
    settle(page)
    assert "No column is the target" in page.banner.text()
    page.commands.set_role(["port"], "target")
    settle(page)
    assert not page.banner.isVisible()
    assert page.feed.report.fields[-1].classes == ("C", "Q", "S")


def test_the_step_at_fault_is_marked(
    page: DataPage, table: Path, qtbot: QtBot, settle: Settle
) -> None:
    open_table(page, table, qtbot, settle)
    recipe = (*page.data.recipe[:-1], ClipOutliers(columns=("port",)), page.data.recipe[-1])
    project = page.document.project
    page.document.edit("test", project.changed(data=project.data.changed(recipe=recipe)))
    settle(page)
    card = page.recipe.cards[len(recipe) - 2]
    assert "cannot act on port" in card._error.text()
    assert not page.banner.isVisible()


def test_a_file_that_changed_is_described_again(
    page: DataPage, table: Path, qtbot: QtBot, settle: Settle, window: MainWindow
) -> None:
    open_table(page, table, qtbot, settle)
    before = page.data.fingerprint
    table.write_text(table.read_text(encoding="utf-8") + "33,S,yes\n", encoding="utf-8")
    window.go("welcome")
    window.go("data")
    settle(page)
    assert page.preview.model.rowCount() == 121
    assert page.data.fingerprint != before
