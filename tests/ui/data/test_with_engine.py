"""The Data page on real files, with the real engine behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from modelstudio.data.sources import tabular
from modelstudio.engine import projects, run
from modelstudio.layers.io import Output
from modelstudio.project.model import Project
from modelstudio.recipe.steps import ClipOutliers, OneHot
from modelstudio.ui.data_files import DATA_SUFFIXES
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data import DataPage
from modelstudio.ui.pages.data.checks import Histogram
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
    assert "age 8 % missing" in [tag.text() for tag in page.preview.checks.tags]
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


def test_the_profile_of_a_column_shows_it_after_the_recipe(
    page: DataPage, table: Path, qtbot: QtBot, settle: Settle
) -> None:
    open_table(page, table, qtbot, settle)
    page.preview.open_profile("port")
    popup = page.window().findChild(QWidget, "data.profile")
    before = popup.height()
    qtbot.waitUntil(lambda: popup.findChild(QWidget, "data.profile.frequent") is not None)
    frequent = popup.findChild(QWidget, "data.profile.frequent")
    assert "S " in frequent.accessibleDescription()
    assert popup.height() >= before + frequent.sizeHint().height()
    page.preview.open_profile("age")

    def drawn() -> int:
        return sum(each.isVisible() for each in popup.findChildren(Histogram))

    qtbot.waitUntil(lambda: drawn() == 2)
    popup.close()
    settle(page)


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


def outputs(page: DataPage) -> int:
    """Return how many numbers the network gives."""
    graph = page.document.project.network
    (out,) = graph.of_type(Output)
    (edge,) = graph.incoming[out.id]
    return graph.nodes[edge.source].layer.out_features


def test_another_target_takes_the_head_of_the_network_along(
    page: DataPage, table: Path, qtbot: QtBot, settle: Settle
) -> None:
    open_table(page, table, qtbot, settle)
    before = page.document.project
    assert outputs(page) == 1
    page.commands.set_role(["port"], "target")
    settle(page)
    assert page.data.target.name == "port"
    assert outputs(page) == 3
    page.document.undo()
    settle(page)
    assert page.data.columns == before.data.columns
    assert page.document.project.network == before.network
    page.document.redo()
    settle(page)
    assert (page.data.target.name, outputs(page)) == ("port", 3)


def test_a_target_that_is_read_as_another_kind_takes_the_head_along(
    page: DataPage, table: Path, qtbot: QtBot, settle: Settle
) -> None:
    rows = [f"{row / 7},{'abc'[row % 3]},{1 + row % 4}" for row in range(120)]
    table.write_text("\n".join(["x,port,grade", *rows]), encoding="utf-8")
    open_table(page, table, qtbot, settle)
    page.commands.set_role(["port"], "target")
    settle(page)
    page.commands.cycle_role("grade", "target")
    settle(page)
    assert (page.data.target.kind, outputs(page)) == ("category", 4)
    page.commands.set_kind(["grade"], "number")
    settle(page)
    assert (page.data.target.kind, outputs(page)) == ("number", 1)
    page.document.undo()
    settle(page)
    assert (page.data.target.kind, outputs(page)) == ("category", 4)


def test_a_table_that_cannot_be_trained_on_is_taken_and_the_banner_says_why(
    page: DataPage, table: Path, qtbot: QtBot, settle: Settle
) -> None:
    rows = [f"the same,{'ab'[row % 2]}" for row in range(40)]
    table.write_text("\n".join(["remark,target", *rows]), encoding="utf-8")
    with qtbot.waitSignal(page.opening.opened, timeout=20_000) as opened:
        page.open_file(table)
    draft = opened.args[0]
    assert "No column is a feature" in draft.error.message
    assert draft.error.message in page.banner.text()
    assert page.banner.isVisible()
    assert draft.error.message not in page.note.text()
    settle(page)
    assert page.banner.isVisible()


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Return a table that is larger than what is read of it at first."""
    rows = [f"{row / 4},{'SCQ'[row % 3]},{'yes' if row % 5 else 'no'}" for row in range(90_000)]
    path = tmp_path / "large.csv"
    path.write_text("\n".join(["age,port,survived", *rows]) + "\n", encoding="utf-8")
    assert path.stat().st_size > 1 << 20
    return path


class Gate:
    """Keeps a function from beginning until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: Any, name: str):
        self.opened = threading.Event()
        call = getattr(module, name)

        def held(*args: Any, **options: Any) -> Any:
            assert self.opened.wait(20)
            return call(*args, **options)

        monkeypatch.setattr(module, name, held)


def first_cell(page: DataPage) -> str:
    return page.preview.model.index(1, 0).data()


def test_the_first_rows_show_while_a_large_table_is_read(
    page: DataPage, large: Path, qtbot: QtBot, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, projects, "opening")
    page.open_file(large)
    qtbot.waitUntil(lambda: page.preview.model.rowCount() == 200)
    assert page.preview.isVisible()
    assert first_cell(page) == "0.25"
    assert page.columns.model.rowCount() == 3
    assert not page.recipe.isEnabled()
    qtbot.waitUntil(page.preview.loading.cancel.isVisible)
    assert page.preview.loading._text.text() == "Reading large.csv"
    gate.opened.set()
    qtbot.waitUntil(lambda: not page.opening.running, timeout=20_000)
    assert page.preview.model.rowCount() == 200
    settle(page)
    assert page.preview.model.rowCount() == 90_000
    assert page.recipe.isEnabled()
    assert page.data.target.name == "survived"


def test_a_large_table_that_is_given_up_leaves_the_project_as_it_was(
    page: DataPage,
    table: Path,
    large: Path,
    qtbot: QtBot,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_table(page, table, qtbot, settle)
    before = page.document.project
    gate = Gate(monkeypatch, projects, "opening")
    page.open_file(large)
    qtbot.waitUntil(lambda: page.preview.model.rowCount() == 200)
    qtbot.waitUntil(page.preview.loading.cancel.isVisible)
    page.preview.loading.cancel.click()
    gate.opened.set()
    settle(page)
    assert page.document.project == before
    assert page.preview.model.rowCount() == 120
    assert page.recipe.isEnabled()


@pytest.mark.parametrize("end", ["read", "cancelled", "other project"])
def test_a_large_table_opened_from_the_welcome_page_shows_at_once(
    window: MainWindow,
    large: Path,
    qtbot: QtBot,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
) -> None:
    gate = Gate(monkeypatch, projects, "opening")
    window.files.open_data(large)
    qtbot.waitUntil(lambda: window.page_id == "data")
    page = window.page("data")
    assert page.preview.model.rowCount() == 200
    assert first_cell(page) == "0.25"
    assert not window.actions_["go.network"].isEnabled()
    qtbot.waitUntil(page.preview.loading.cancel.isVisible)
    if end == "cancelled":
        page.preview.loading.cancel.click()
        assert window.page_id == "welcome"
        assert not window.document.is_open
    if end == "other project":
        window.document.new(Project(name="other"))
    gate.opened.set()
    qtbot.waitUntil(lambda: not window.jobs.running, timeout=20_000)
    if end == "read":
        assert window.document.project.data.target.name == "survived"
        settle(page)
        assert page.preview.model.rowCount() == 90_000
        assert window.actions_["go.network"].isEnabled()
    else:
        assert page.preview.model.rowCount() == 0
        assert page.recipe.isEnabled()
        assert window.document.project.data.path is None


def test_a_project_comes_back_when_the_table_for_another_cannot_be_read(
    window: MainWindow,
    large: Path,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[Exception] = []
    monkeypatch.setattr(window, "show_error", lambda error, _="": told.append(error))
    window.document.new(Project())
    window.document.save(tmp_path / "kept.mstudio")
    with large.open("a", encoding="utf-8") as file:
        file.write("1,2\n")
    window.files.open_data(large)
    qtbot.waitUntil(lambda: bool(told), timeout=20_000)
    assert "Line 90,002 of large.csv has 2 cells" in str(told[0])
    assert window.document.path == tmp_path / "kept.mstudio"


def test_the_first_rows_of_a_project_show_while_its_table_is_read(
    window: MainWindow, large: Path, qtbot: QtBot, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = projects.new_project(large).project
    gate = Gate(monkeypatch, run, "preview_data")
    window.document.new(project)
    window.go("data")
    page = window.page("data")
    qtbot.waitUntil(lambda: page.preview.model.rowCount() == 200)
    assert first_cell(page) == "0.25"
    gate.opened.set()
    settle(page)
    assert page.preview.model.rowCount() == 90_000


def test_the_window_can_be_closed_while_a_large_table_is_read(
    window: MainWindow, large: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, projects, "opening")
    window.files.open_data(large)
    qtbot.waitUntil(lambda: window.page_id == "data")
    gate.opened.set()
    assert window.close()
    assert not window.document.is_open
    assert not window.jobs.running


def test_the_files_that_open_as_tables_are_those_that_can_be_read() -> None:
    assert set(DATA_SUFFIXES) == set(tabular.SUFFIXES)
