"""The small sheets and menus of the Data page: what they show, and how they are left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from modelstudio.data.findings.finding import Finding
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.sources import Database, ImageFolder, Source, Table, TextFolder
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data import DataPage
from modelstudio.ui.pages.data.names import fitted_name
from modelstudio.ui.pages.data.wording import field_text, inputs_text, shortened
from modelstudio.ui.theme import theme

Settle = Callable[[DataPage], None]

FEATURES = FieldSpec(name="features", role="input", kind="features", shape=(5,))
TOKENS = FieldSpec(name="tokens", role="input", kind="ids", shape=("T",), vocabulary=59)
USER = FieldSpec(name="user", role="input", kind="ids", shape=(), vocabulary=2973)


def lines(page: DataPage) -> list[str]:
    held = page.inputs.list
    return [held.item(at).text() for at in range(held.count())]


def texts(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.text()]


def test_the_inputs_are_listed_by_their_field(page: DataPage) -> None:
    page.inputs.open_above(page.recipe, (FEATURES, TOKENS), ("age", "port=a", "tokens"))
    assert lines(page) == [
        "features · 5 numbers",
        "    age",
        "    port=a",
        "tokens · a row of ids, each one of 59",
    ]
    assert page.rect().contains(page.inputs.geometry())
    bar = page.inputs.list.verticalScrollBar()
    assert bar.maximum() == 0, "what is short needs no scroll bar"


def test_see_them_opens_the_inputs(page: DataPage, settle: Settle) -> None:
    page.recipe.see.click()
    settle(page)
    assert page.inputs.isVisible()
    assert lines(page) == ["features · 5 numbers", "    age", "    fare", "    port"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ((FEATURES,), "5 inputs reach the network"),
        ((USER,), "1 input reaches the network"),
        ((TOKENS,), "A text reaches the network"),
        ((FEATURES, TOKENS), "Inputs: 5 numbers and a text"),
    ],
)
def test_a_text_is_not_counted_as_a_number(fields: tuple[FieldSpec, ...], told: str) -> None:
    assert inputs_text(fields) == told


def test_a_field_is_told_in_words() -> None:
    picture = FieldSpec(name="image", role="input", kind="image", shape=(1, 20, 28))
    assert field_text(picture) == "image · 28 × 20, 1 channel"
    assert field_text(USER) == "user · one of 2,973 ids"


def test_a_long_range_is_told_in_thousands() -> None:
    assert shortened("1,300 – 215,245") == "1.3k – 215k"
    assert shortened("-7.1 – 1,234,567.5") == "-7.1 – 1.23M"
    assert shortened("2012-01-01 – 2015-12-31") == "2012 – 2015"
    assert shortened("2023-03-25 – 2023-03-28") == "25 – 28 Mar 2023"
    assert shortened("2023-01-02 – 2023-12-28") == "Jan – Dec 2023"
    assert shortened("2019-01-02 – 2023-12-28") == "2019 – 2023"
    assert shortened("2023-03-25 22:01 – 23:40") == "03-25 22:01 – 23:40"
    assert shortened("16 values") == "16 values"
    assert shortened("1,162 cells · 146,842 rows", 100_000) == "1,162 cells · 147k rows"


def test_each_row_of_a_finding_can_be_looked_at(
    page: DataPage, engine: Any, settle: Settle
) -> None:
    found = Finding("duplicate_rows", "warning", "2 rows are copies", ("fare",), None, (3, 700), 2)
    engine.findings = (found,)
    page.commands.set_role(["note"], "feature")
    settle(page)
    page.preview.checks.tags[0].click()
    rows = page.evidence.findChild(QLabel, "data.evidence.rows")
    assert rows.text() == 'Rows <a href="3">4</a>, <a href="700">701</a>'
    rows.linkActivated.emit("700")
    settle(page)
    index = page.preview.view.currentIndex()
    assert (index.row(), page.preview.model.columns[index.column()]) == (700, "fare")
    assert page.evidence.isVisible(), "the next row can be looked at too"


def test_of_several_columns_the_one_that_is_shown_is_named(
    page: DataPage, engine: Any, settle: Settle
) -> None:
    engine.findings = (Finding("rare_category", "info", "Rare categories", ("port", "age")),)
    page.commands.set_role(["note"], "feature")
    settle(page)
    page.preview.checks.tags[0].click()
    shown = [part.text() for part in page.evidence.findChildren(QLabel) if part.isVisible()]
    assert shown[:2] == ["Rare categories", "port"]
    assert page.evidence.findChild(QPushButton, "data.evidence.ignore").text() == "Ignore port"


def test_escape_and_a_click_elsewhere_put_a_sheet_away(
    page: DataPage, window: MainWindow, qtbot: QtBot
) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    page.preview.view.setFocus()
    page.preview.reading.click()
    assert page.reading.isVisible()
    qtbot.keyClick(page.reading.delimiter, Qt.Key.Key_Escape)
    assert not page.reading.isVisible()
    assert page.preview.view.hasFocus()
    page.preview.reading.click()
    QTest.mouseClick(page.preview.view.viewport(), Qt.MouseButton.LeftButton)
    assert not page.reading.isVisible()


def test_a_search_without_result_says_so(page: DataPage) -> None:
    page.recipe.open_popup()
    popup = page.recipe.popup
    tall = popup.height()
    popup.search.setText("clip")
    assert popup.height() < tall
    popup.search.setText("no such step")
    assert popup._nothing.isVisible()
    assert not popup.list.isVisible()
    popup.search.setText("")
    assert (popup.height(), popup.list.isVisible()) == (tall, True)


def test_the_menu_of_a_step(page: DataPage, settle: Settle) -> None:
    first, last = page.recipe.cards[0].menu(), page.recipe.cards[-1].menu()
    assert texts(first) == ["Move up", "Move down", "Switch off", "Delete"]
    assert [action.isEnabled() for action in first.actions()[:2]] == [False, True]
    assert [action.isEnabled() for action in last.actions()[:2]] == [True, False]
    last.actions()[0].trigger()
    assert [step.type_name for step in page.data.recipe][-1] == "ClipOutliers"
    next(each for each in first.actions() if each.text() == "Switch off").trigger()
    assert not page.data.recipe[0].enabled
    page.recipe.cards[0].menu().actions()[-1].trigger()
    assert len(page.data.recipe) == 3
    for _ in range(3):
        page.document.undo()
    assert [step.enabled for step in page.data.recipe] == [True] * 4
    assert [step.type_name for step in page.data.recipe][-1] == "OneHot"


def test_the_menu_of_a_column_shows_what_it_is_and_changes_it(page: DataPage) -> None:
    menu = page.columns.menu(["age"])
    bold = [action.text() for action in menu.actions() if action.font().bold()]
    ticked = [action.text() for action in menu.actions() if action.isChecked()]
    assert (bold, ticked) == (["Number"], ["Number", "Feature"])
    next(each for each in menu.actions() if each.text() == "Ignored").trigger()
    assert page.data.columns[0].role == "ignored"
    page.document.undo()
    assert page.data.columns[0].role == "feature"


def test_the_size_of_the_data_is_told_before_the_words_of_a_box(
    page: DataPage, window: MainWindow, qtbot: QtBot
) -> None:
    mark = page.preview.mark
    window.resize(1700, 900)
    assert (mark.text(), mark.accessibleName()) == ("Mark changes", "Mark changes")
    page.preview.resize(540, 600)
    assert mark.text() == ""
    detail = page.preview.header._detail
    qtbot.waitUntil(lambda: detail.text() == "1,000 rows × 5 columns", timeout=2000)
    page.preview.select_step(1, "Fill missing")
    assert page.preview.mode.segment("step").text() == "After step 2"
    page.preview.resize(450, 600)
    assert page.preview.mode.segment("step").text() == "Step 2"


def test_names_that_begin_alike_are_cut_in_their_middle(qtbot: QtBot) -> None:
    metrics = QFontMetrics(theme().font("base"))
    names = ("internet_service", "consumption of quarter 1", "consumption of quarter 2")
    width = metrics.horizontalAdvance("consumption")
    cut = [fitted_name(metrics, name, width, names) for name in names]
    assert cut[0].startswith("internet_s")
    assert [name[-1] for name in cut] == ["…", "1", "2"]
    assert fitted_name(metrics, "age", width, (*names, "age", "ages")) == "age"


@pytest.mark.parametrize(
    ("path", "source", "shown"),
    [
        ("a.csv", Table(), ["delimiter", "encoding", "decimals", "missing"]),
        ("a.jsonl", Table(), ["encoding", "decimals", "missing"]),
        ("a.XLSX", Table(sheet="b"), ["decimals", "missing"]),
        ("a.parquet", Table(), ["decimals", "missing"]),
        ("postgresql://here/a", Database(), ["decimals", "missing"]),
        ("texts", TextFolder(), ["encoding"]),
        ("photos", ImageFolder(), []),
        ("photos", ImageFolder(labels="l.csv"), ["delimiter", "encoding", "decimals", "missing"]),
    ],
)
def test_only_what_applies_to_the_data_is_asked(
    page: DataPage, path: str, source: Source, shown: list[str]
) -> None:
    sheet = page.reading
    sheet.set_data(page.data.changed(path=path, source=source))
    names = ("delimiter", "encoding", "decimals", "missing")
    assert [name for name in names if not getattr(sheet, name).isHidden()] == shown
