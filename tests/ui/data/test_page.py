"""The Data page as a person uses it: files, columns, checks, table and split."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from modelstudio.data.findings.finding import Finding, SetSplit
from modelstudio.engine.results import Draft
from modelstudio.errors import DataError
from modelstudio.layers.io import Output
from modelstudio.network.graph import Graph, Node
from modelstudio.project.model import CsvOptions, DataConfig, Project
from modelstudio.recipe.steps import FillMissing, LeaveOut, Standardise
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data import DataPage, palette_entries
from modelstudio.ui.pages.data.checks import ChecksStrip
from modelstudio.ui.pages.data.columns import MISSING, NAME, ROLE, tag_rect
from modelstudio.ui.pages.data.table_model import CELL

Settle = Callable[[DataPage], None]

NETWORK = Graph().add(Node("n1", "output", Output()))


def index_of(page: DataPage, name: str, section: int = NAME) -> QModelIndex:
    proxy = page.columns.proxy
    rows = [proxy.index(at, NAME).data() for at in range(proxy.rowCount())]
    return proxy.index(rows.index(name), section)


def click_tag(page: DataPage, name: str) -> None:
    table = page.columns.table
    point = tag_rect(table.visualRect(index_of(page, name, ROLE))).center().toPoint()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=point)


def roles(page: DataPage) -> dict[str, str]:
    return {column.name: column.role for column in page.data.columns}


# Files


def test_an_empty_project_offers_to_open_a_file(
    engine: Any,
    window: MainWindow,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    path = tmp_path / "titanic.csv"
    path.touch()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    window.document.new(Project())
    window.go("data")
    page = window.page("data")
    assert page.empty.isVisible()
    page.empty.findChild(QPushButton, "data.empty.action").click()
    settle(page)
    assert not page.empty.isVisible()
    assert page.columns.model.rowCount() == 5
    assert window.document.undo_label == "Open titanic.csv"
    assert "survived" in page.note.text()


def test_a_table_dropped_on_an_empty_project_becomes_its_data(
    engine: Any, window: MainWindow, settle: Settle, tmp_path: Path
) -> None:
    path = tmp_path / "titanic.csv"
    path.touch()
    project = Project(name="kept")
    window.document.new(project)
    window.go("data")
    page = window.page("data")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    page.dropEvent(
        QDropEvent(
            QPointF(9, 9),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    settle(page)
    assert page.data.path == str(path)
    assert page.document.project.id == project.id


def test_a_file_that_cannot_be_used_is_told_in_a_sentence(
    page: DataPage, engine: Any, settle: Settle
) -> None:
    engine.error = DataError("photo.csv is a picture.", fix="Choose a table of text.")
    before = page.document.project
    page.open_file(Path("photo.csv"))
    settle(page)
    assert page.banner.isVisible()
    assert "photo.csv is a picture." in page.banner.text()
    assert "Choose a table of text." in page.banner.text()
    assert page.document.project == before


def test_reading_can_be_cancelled(
    page: DataPage, engine: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    opening = engine.opening

    def slow(project: Project, path: Path) -> object:
        release.wait(10)
        return opening(project, path)

    monkeypatch.setattr("modelstudio.engine.projects.opening", slow)
    page.open_file(Path("large.csv"))
    qtbot.waitUntil(page.opening.panel.isVisible)
    page.opening.panel.cancel.click()
    release.set()
    assert not page.opening.panel.isVisible()
    qtbot.waitUntil(lambda: not page.jobs.running)
    assert not page.document.can_undo


def test_a_missing_file_can_be_located(
    page: DataPage,
    engine: Any,
    settle: Settle,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    Path(page.data.path).rename(tmp_path / "moved.csv")
    engine.error = DataError("The file is not there.")
    page.commands.set_role(["age"], "ignored")
    settle(page)
    assert "<b>titanic.csv is missing.</b>" in page.banner.text()
    assert page.columns.model.rowCount() == 5
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "moved.csv"), "")
    )
    engine.error = None
    page.banner.findChild(QPushButton, "data.banner.action").click()
    settle(page)
    assert not page.banner.isVisible()
    assert Path(page.data.path).name == "moved.csv"


def test_words_that_mean_empty_are_set(page: DataPage, qtbot: QtBot, settle: Settle) -> None:
    page.preview.reading.click()
    qtbot.waitUntil(page.reading.isVisible)
    page.reading.missing.setText("NA, ?, NA")
    page.reading.missing.editingFinished.emit()
    page.reading.close()
    settle(page)
    assert page.data.csv.missing == ("NA", "?")


def test_how_numbers_and_dates_are_read_is_set(
    page: DataPage, qtbot: QtBot, settle: Settle
) -> None:
    page.preview.reading.click()
    qtbot.waitUntil(page.reading.isVisible)
    for box, choice in ((page.reading.decimals, "comma"), (page.reading.dates, "month first")):
        at = box.findData(choice)
        box.setCurrentIndex(at)
        box.activated.emit(at)
    page.reading.close()
    settle(page)
    assert page.data.csv == CsvOptions(decimals="comma", dates="month first")
    page.preview.reading.click()
    assert page.reading.dates.currentData() == "month first"
    page.reading.close()


def test_the_newest_request_wins(page: DataPage, engine: Any, settle: Settle, qtbot: QtBot) -> None:
    engine.hold = release = threading.Event()
    page.commands.set_role(["age"], "ignored")
    qtbot.waitUntil(lambda: engine.hold is None)
    told: list[object] = []
    page.feed.described.connect(lambda report, _: told.append(report))
    page.commands.set_role(["fare"], "ignored")
    qtbot.waitUntil(lambda: len(told) == 1)
    release.set()
    settle(page)
    assert len(told) == 1
    assert [project.data.features for project in engine.described[-2:]] != []
    assert page.feed.report is told[0]


def test_fields_are_refreshed_without_an_undo_entry(page: DataPage) -> None:
    assert page.data.fingerprint == "f1"
    assert [field.name for field in page.data.fields] == ["features", "survived"]
    assert not page.document.can_undo
    assert page.document.is_clean


def test_undo_does_not_bring_back_fields_of_other_choices(page: DataPage, settle: Settle) -> None:
    page.commands.set_role(["note"], "feature")
    stale = page.data.changed(fields=(), fingerprint=None)
    page.document.refresh(page.document.project.changed(data=stale))
    page.document.edit("Rename", page.document.project.changed(name="other"))
    settle(page)
    page.document.undo()
    assert page.data.fingerprint == "f1"
    assert page.document.undo_label == "Set note to feature"


# Columns


def test_clicking_the_tag_cycles_the_role(page: DataPage) -> None:
    click_tag(page, "age")
    assert (roles(page)["age"], roles(page)["survived"]) == ("target", "feature")
    click_tag(page, "age")
    assert (roles(page)["age"], roles(page)["survived"]) == ("ignored", "target")
    click_tag(page, "age")
    assert roles(page)["age"] == "feature"


def test_the_round_trip_of_a_role_is_one_undo(page: DataPage) -> None:
    click_tag(page, "age")
    click_tag(page, "age")
    page.document.undo()
    assert (roles(page)["age"], roles(page)["survived"]) == ("feature", "target")


def test_keys_set_the_role_of_all_selected_columns(page: DataPage, qtbot: QtBot) -> None:
    table = page.columns.table
    table.selectRow(index_of(page, "age").row())
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert page.columns.selected_names() == ["age", "fare"]
    qtbot.keyClick(table, Qt.Key.Key_I)
    assert (roles(page)["age"], roles(page)["fare"]) == ("ignored", "ignored")
    qtbot.keyClick(table, Qt.Key.Key_T)
    assert "Only one column" in page.toasts.shown[-1].accessibleName()
    table.selectRow(index_of(page, "fare").row())
    qtbot.keyClick(table, Qt.Key.Key_T)
    assert page.data.target.name == "fare"


def test_the_menu_changes_the_kind(page: DataPage) -> None:
    actions = {action.text(): action for action in page.columns.menu(["age"]).actions()}
    assert actions["Number"].isChecked()
    actions["Category"].trigger()
    assert page.data.columns[0].kind == "category"


def test_searching_and_filtering_narrow_the_list(page: DataPage) -> None:
    page.columns.search.setText("AR")
    assert [page.columns.proxy.index(0, NAME).data(), page.columns.proxy.rowCount()] == ["fare", 1]
    page.columns.search.clear()
    page.columns.findChild(QAction, "data.columns.only.missing").trigger()
    shown = [page.columns.proxy.index(at, NAME).data() for at in range(2)]
    assert (shown, page.columns.proxy.rowCount()) == (["age", "note"], 2)


def test_the_target_comes_first_and_nothing_jumps_later(page: DataPage) -> None:
    names = [page.columns.proxy.index(at, NAME).data() for at in range(5)]
    assert names == ["survived", "age", "fare", "port", "note"]
    page.commands.set_role(["port"], "target")
    assert [page.columns.proxy.index(at, NAME).data() for at in range(5)] == names


def test_missing_shares_are_told(page: DataPage) -> None:
    assert index_of(page, "age", MISSING).data() == "17.7 %"
    assert index_of(page, "fare", MISSING).data() == "0"


# Checks


def test_a_check_shows_its_evidence_and_adds_the_step(
    page: DataPage, engine: Any, settle: Settle, window: MainWindow
) -> None:
    wanted = Standardise(columns=("fare",))
    engine.findings = (
        engine.finding("fare is skewed", "warning", "fare", wanted),
        engine.finding("38 % vs 62 % classes", "info"),
    )
    page.commands.set_role(["note"], "feature")
    settle(page)
    assert [tag.text() for tag in page.preview.checks.tags] == [
        "fare is skewed",
        "38 % vs 62 % classes",
    ]
    assert [problem.text for problem in window.problems()] == ["fare is skewed"]
    page.preview.checks.tags[0].click()
    assert page.evidence.isVisible()
    page.evidence.findChild(QPushButton, "data.evidence.add").click()
    assert not page.evidence.isVisible()
    assert wanted in page.data.recipe


def test_checks_without_room_are_behind_the_last_one(qtbot: QtBot) -> None:
    strip = ChecksStrip()
    qtbot.addWidget(strip)
    strip.resize(640, 36)
    strip.show()
    words = [f"column number {at} has values far from all others" for at in range(9)]
    strip.set_findings([Finding("outliers", "info", text) for text in words])
    qtbot.waitUntil(lambda: strip._more.isVisible())
    shown = [tag for tag in strip.tags if tag.isVisible()]
    assert shown
    assert strip._more.text() == f"+{len(words) - len(shown)}"
    assert strip.minimumSizeHint().width() < shown[0].width()
    strip.layout().activate()
    assert strip._more.geometry().right() < strip.width()
    assert all(tag.width() >= tag.sizeHint().width() for tag in shown)


def test_a_column_is_ignored_from_its_check(page: DataPage, engine: Any, settle: Settle) -> None:
    engine.findings = (engine.finding("port looks like an ID", "warning", "port"),)
    page.commands.set_role(["note"], "feature")
    settle(page)
    page.preview.checks.tags[0].click()
    page.evidence.findChild(QPushButton, "data.evidence.ignore").click()
    assert roles(page)["port"] == "ignored"


def test_the_split_is_changed_from_its_check(page: DataPage, engine: Any, settle: Settle) -> None:
    fix = SetSplit((("balance", "weights"),))
    engine.findings = (Finding("imbalance", "warning", "2 % vs 98 %", ("survived",), fix, (4,), 9),)
    page.commands.set_role(["note"], "feature")
    settle(page)
    page.preview.checks.tags[0].click()
    page.evidence.findChild(QPushButton, "data.evidence.add").click()
    assert page.data.split.balance == "weights"
    settle(page)
    page.preview.checks.tags[0].click()
    offered = page.evidence.findChildren(QPushButton, "data.evidence.add")
    assert not any(each.isVisible() for each in offered)
    page.document.undo()
    assert page.data.split.balance == "none"


def test_a_row_is_shown_from_its_check(page: DataPage, engine: Any, settle: Settle) -> None:
    engine.findings = (Finding("outliers", "info", "far", ("fare",), None, (640, 700), 2),)
    page.commands.set_role(["note"], "feature")
    settle(page)
    page.preview.checks.tags[0].click()
    page.evidence.findChild(QPushButton, "data.evidence.row").click()
    view = page.preview.view
    assert {index.row() for index in view.selectedIndexes()} == {640}
    assert 0 < view.rowAt(0) <= 640


# Table


def cell(page: DataPage, row: int, name: str) -> object:
    model = page.preview.model
    return model.index(row, model.columns.index(name)).data(CELL)


def test_raw_rows_come_first(page: DataPage, engine: Any) -> None:
    assert page.preview.model.rowCount() == engine.rows
    assert cell(page, 5, "age").now is None
    assert {asked[0] for asked in engine.asked} == {0}


def test_selecting_a_step_previews_up_to_it(page: DataPage, engine: Any, settle: Settle) -> None:
    page.recipe.select(1)
    settle(page)
    assert engine.asked[-1][0] == 2
    assert page.preview.mode.segment("step").text() == "After step 2"
    filled = cell(page, 5, "age")
    assert (filled.now, filled.before, filled.changed) == (28.0, None, True)
    head = page.preview.model.headerData(0, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert head == "age: 177 changed"


def test_rows_are_fetched_when_they_come_into_sight(
    page: DataPage, engine: Any, qtbot: QtBot
) -> None:
    assert max(asked[1] for asked in engine.asked) == 0
    page.preview.view.scrollToBottom()
    qtbot.waitUntil(lambda: cell(page, engine.rows - 1, "fare") is not None)
    assert cell(page, engine.rows - 1, "fare").now == float(engine.rows - 1)
    assert engine.asked[-1][1] == 800


def click_header(page: DataPage, name: str, *, double: bool = False) -> None:
    header = page.preview.view.header
    at = header.sectionViewportPosition(page.preview.model.columns.index(name)) + 20
    point = header.rect().center()
    point.setX(at)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=point)
    if double:
        QTest.mouseDClick(header.viewport(), Qt.MouseButton.LeftButton, pos=point)


def test_header_clicks_sort_up_down_and_not_at_all(
    page: DataPage, engine: Any, settle: Settle
) -> None:
    seen = []
    for _ in range(3):
        click_header(page, "fare")
        settle(page)
        seen.append(engine.asked[-1][3])
    assert seen == [("fare", False), ("fare", True), None]


def test_a_double_click_opens_the_profile_and_leaves_the_order(
    page: DataPage, engine: Any, settle: Settle
) -> None:
    click_header(page, "age", double=True)
    settle(page)
    popup = page.window().findChild(QWidget, "data.profile")
    assert popup.isVisible()
    assert popup.accessibleName() == "Profile of age"
    assert engine.asked[-1][3] is None
    popup.close()


# Split


def test_dragging_a_handle_is_one_edit(page: DataPage, settle: Settle) -> None:
    bar = page.split.bar
    handle = bar.handle(0)
    start = handle.mapToParent(handle.rect().center())
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=handle.rect().center())
    for _ in range(8):
        start.setX(start.x() - 10)
        QTest.mouseMove(handle, handle.mapFrom(bar, start))
    assert page.data.split.validation == 0.15
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=handle.mapFrom(bar, start))
    assert page.data.split.validation > 0.2
    settle(page)
    page.document.undo()
    assert page.data.split.validation == 0.15
    assert not page.document.can_undo


def test_shuffle_takes_another_seed(page: DataPage) -> None:
    seed = page.data.split.seed
    page.split.shuffle.click()
    assert page.data.split.seed != seed
    assert page.split.seed.value() == page.data.split.seed


def test_test_rows_come_from_a_second_file(
    page: DataPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "later.csv"
    other.touch()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(other), ""))
    page.split.findChild(QPushButton, "data.test_file").click()
    assert page.data.split.test_path == str(other.resolve())
    assert page.split.bar.handle(1).isHidden()


def test_the_split_folds_where_the_window_is_low(
    page: DataPage, window: MainWindow, qtbot: QtBot
) -> None:
    assert not page.split.folded
    window.resize(1280, 720)
    qtbot.waitUntil(lambda: page.split.folded)
    assert page.split.height() == 44
    page.split.fold_button.click()
    assert not page.split.folded


def test_the_palette_finds_columns(page: DataPage) -> None:
    palette(page)["fare"]()
    assert page.columns.selected_names() == ["fare"]


def test_the_palette_presses_the_buttons_that_are_in_sight(page: DataPage, settle: Settle) -> None:
    assert "Review copies of pictures" not in palette(page)
    assert "Add augmentation" not in palette(page)
    page.main.go("network")
    seed = page.data.split.seed
    page.split.set_folded(True)
    palette(page)["Shuffle the split"]()
    assert page.main.page_id == "data"
    assert page.data.split.seed != seed
    settle(page)
    palette(page)["Show augmentation"]()
    assert page.augment.isVisible()
    assert "Show recipe" in palette(page)
    palette(page)["How the file is read"]()
    assert page.reading.isVisible()


def palette(page: DataPage) -> dict[str, Callable[[], object]]:
    """Return what the palette offers on the page, by its words."""
    return {entry.title: entry.run for entry in palette_entries.entries(page)}


def test_a_fill_is_suggested_first(page: DataPage, engine: Any, settle: Settle) -> None:
    wanted = FillMissing(columns=("age",))
    engine.findings = (engine.finding("age is missing", "warning", "age", wanted),)
    page.recipe.cards[1].switch.click()
    settle(page)
    page.recipe.open_popup()
    first = page.recipe.popup.list.item(0)
    page.recipe.popup.close()
    assert first.text().startswith("Fill missing · age")


def test_an_edit_made_while_the_head_is_fitted_is_kept(
    page: DataPage, engine: Any, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def with_target(project: Project, target: str, base: Path | None = None) -> Draft:
        assert release.wait(10)
        return Draft(project.changed(network=NETWORK), (f"{target} has 3 values.",))

    monkeypatch.setattr("modelstudio.engine.projects.with_target", with_target)
    page.commands.set_role(["port"], "target")
    page.commands.add_step(Standardise())
    release.set()
    settle(page)
    assert any(isinstance(step, Standardise) for step in page.data.recipe)
    assert page.document.project.network == NETWORK
    page.document.undo()
    page.document.undo()
    page.document.undo()
    assert roles(page)["survived"] == "target"
    assert not page.document.can_undo


def test_an_undone_target_is_not_followed(
    page: DataPage, engine: Any, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def with_target(project: Project, target: str, base: Path | None = None) -> Draft:
        assert release.wait(10)
        return Draft(project.changed(network=NETWORK), ())

    monkeypatch.setattr("modelstudio.engine.projects.with_target", with_target)
    before = page.document.project
    page.commands.set_role(["port"], "target")
    page.document.undo()
    release.set()
    settle(page)
    assert page.document.project == before


def test_labels_that_a_run_doubts_are_among_the_checks(
    page: DataPage, window: MainWindow, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def doubts(store: object, data: DataConfig, fingerprint: str) -> tuple[Finding, ...]:
        asked.append(fingerprint)
        if any(isinstance(step, LeaveOut) for step in data.recipe):
            return ()
        text, fix = "2 labels are probably wrong (run 3)", LeaveOut(rows="5, 9")
        return (Finding("wrong_label", "warning", text, ("survived",), fix, (4, 8), 2),)

    monkeypatch.setattr("modelstudio.engine.kept_doubts.known_doubts", doubts)
    window.go("evaluate")
    window.go("data")
    settle(page)
    assert asked == ["f1"]
    (tag,) = page.preview.checks.tags
    assert tag.text() == "2 labels are probably wrong (run 3)"
    tag.click()
    page.evidence.findChild(QPushButton, "data.evidence.add").click()
    settle(page)
    assert LeaveOut(rows="5, 9") in page.data.recipe
    assert page.preview.checks.tags == []
