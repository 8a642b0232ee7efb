"""The chosen row below the table, and what it says of all rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from pytestqt.qtbot import QtBot

from modelstudio.engine import projects
from modelstudio.recipe.steps import Tokenise
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data import DataPage
from modelstudio.ui.pages.data.frequent_list import FrequentList
from modelstudio.ui.pages.data.text_panel import LengthChart
from modelstudio.ui.theme import theme


@pytest.fixture
def open_project(window: MainWindow, qtbot: QtBot) -> Callable[[Path], DataPage]:
    """Return a function that opens data as a new project and waits until it is described."""

    def open_(path: Path, task: str | None = None) -> DataPage:
        window.document.new(projects.new_project(path, task=task).project)
        window.go("data")
        page = window.page("data")
        assert isinstance(page, DataPage)
        wait(page, qtbot)
        return page

    return open_


def wait(page: DataPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not (page.feed.busy or page.jobs.running), timeout=20_000)


def write_notes(path: Path) -> Path:
    lines = [f"good day number{at} to all of you,{'ab'[at % 2]}" for at in range(60)]
    lines[4] = '"a rare text\nof two lines that goes on and on",a'
    path.write_text("\n".join(["note,kind", *lines]), encoding="utf-8")
    return path


def look_of(page: DataPage, word: str) -> QTextCursor:
    document = page.close_up.panels["text"].page.document()
    return document.find(word)


def test_a_text_stands_below_its_row(
    open_project: Callable[..., DataPage], tmp_path: Path, qtbot: QtBot
) -> None:
    page = open_project(write_notes(tmp_path / "notes.csv"))
    commands = page.commands
    recipe = page.data.recipe
    at = next(at for at, step in enumerate(recipe) if isinstance(step, Tokenise))
    commands.edit_step(at, recipe[at].changed(length=6))
    wait(page, qtbot)
    assert page.close_up.isVisible()
    page.preview.view.selectRow(4)
    wait(page, qtbot)
    text = page.close_up.panels["text"].page
    assert text.toPlainText() == "a rare text\nof two lines that goes on and on"
    assert page.close_up.accessibleName() == "Chosen row"
    assert "the first 6 reach the network" in page.close_up.header._detail.text()
    assert look_of(page, "goes").charFormat().fontStrikeOut()
    assert not look_of(page, "rare").charFormat().fontStrikeOut()
    unknown = look_of(page, "rare").charFormat().foreground().color()
    assert unknown.name() == theme().color("warning").name()
    figures = page.close_up.panels["text"].figures
    assert figures.findChildren(LengthChart)
    assert "good" in figures.findChildren(FrequentList)[-1].accessibleDescription()


def test_a_long_text_is_shown_from_its_beginning(
    open_project: Callable[..., DataPage], tmp_path: Path
) -> None:
    path = write_notes(tmp_path / "notes.csv")
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[1] = "long " * 2000 + ",a"
    path.write_text("\n".join(lines), encoding="utf-8")
    page = open_project(path)
    bar = page.close_up.panels["text"].page.verticalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == 0


def test_the_tokens_of_a_text_stand_at_the_left(
    open_project: Callable[..., DataPage], tmp_path: Path, qtbot: QtBot
) -> None:
    page = open_project(write_notes(tmp_path / "notes.csv"))
    page.preview.mode.segment("final").click()
    wait(page, qtbot)
    model = page.preview.model
    qtbot.waitUntil(lambda: "tokens" in model.columns)
    assert not model.head(model.columns.index("tokens")).right


def test_a_button_hides_the_row_below(
    open_project: Callable[..., DataPage], tmp_path: Path, qtbot: QtBot
) -> None:
    page = open_project(write_notes(tmp_path / "notes.csv"))
    assert page.preview.below.isVisible()
    page.preview.below.click()
    assert not page.close_up.isVisible()
    page.preview.below.click()
    assert page.close_up.isVisible()


def test_a_table_of_numbers_has_no_row_below(
    open_project: Callable[..., DataPage], tmp_path: Path
) -> None:
    path = tmp_path / "numbers.csv"
    rows = [f"{at / 7},{'ab'[at % 2]}" for at in range(60)]
    path.write_text("\n".join(["size,kind", *rows]), encoding="utf-8")
    page = open_project(path)
    assert not page.close_up.isVisible()
    assert not page.preview.below.isVisible()


def test_a_click_on_a_series_moves_the_window(
    open_project: Callable[..., DataPage], tmp_path: Path, qtbot: QtBot
) -> None:
    path = tmp_path / "sold.csv"
    days = [
        f"2024-{1 + at // 28:02d}-{1 + at % 28:02d},{at % 31},{at * 0.7 % 13:.1f}"
        for at in range(330)
    ]
    path.write_text("\n".join(["day,sold,visits", *days]), encoding="utf-8")
    page = open_project(path, "forecast")
    panel = page.close_up.panels["series"]
    assert page.close_up.isVisible()
    assert panel.near._reading.window is not None
    place = QPoint(round(panel.whole.x_of(200)), 10)
    qtbot.mouseClick(panel.whole, Qt.MouseButton.LeftButton, pos=place)
    wait(page, qtbot)
    assert panel.near._reading.at == pytest.approx(200, abs=2)
    row = panel.near._reading.row
    assert page.preview.view.currentIndex().row() == row
    assert f"Row {row + 1}" in page.close_up.header.accessibleName()
    qtbot.keyClick(panel.near, Qt.Key.Key_Right)
    wait(page, qtbot)
    assert panel.near._reading.row == row + 1
    panel.column.textActivated.emit("visits")
    wait(page, qtbot)
    assert (panel.near._reading.column, panel.near._reading.row) == ("visits", row + 1)
    for column, shown in (("sold", "sold"), ("day", "sold")):
        place = page.preview.model.index(row + 1, page.preview.model.columns.index(column))
        page.preview.view.setCurrentIndex(place)
        wait(page, qtbot)
        assert panel.near._reading.column == shown


def test_a_sound_shows_its_wave_and_its_pitches(
    open_project: Callable[..., DataPage], tmp_path: Path, qtbot: QtBot
) -> None:
    for at in range(20):
        folder = tmp_path / "sounds" / "ab"[at % 2]
        folder.mkdir(parents=True, exist_ok=True)
        wave = np.sin(np.arange(4000 + 100 * at) * (0.1 + 0.4 * (at % 2)))
        soundfile.write(folder / f"s{at:02d}.wav", wave, 8000)
    page = open_project(tmp_path / "sounds")
    panel = page.close_up.panels["sound"]
    assert panel.wave.isVisible()
    assert "s00.wav" in page.close_up.header._detail.text()
    cell = page.preview.model.index(0, page.preview.model.columns.index("file"))
    path = tmp_path / "sounds" / "a" / "s00.wav"
    assert cell.data() == str(path.relative_to(tmp_path / "sounds"))
    assert cell.data(Qt.ItemDataRole.ToolTipRole) == str(path)
    assert "20 sounds" in panel.all.toolTip() or "20 sounds" in panel.all.text()
    page.preview.view.selectRow(3)
    wait(page, qtbot)
    assert "s06.wav" in page.close_up.header._detail.text()
    image = panel.picture.grab().toImage()
    box = panel.picture.plot.toRect()
    colours = {image.pixelColor(box.center().x(), y).name() for y in range(box.height())}
    assert len(colours) > 10
