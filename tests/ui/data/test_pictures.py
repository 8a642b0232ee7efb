"""A folder of pictures on the Data page: tiles, classes, filters, the large view, the table."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data.page import DataPage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return 12 red, 12 blue and 4 green pictures of 20 x 16, one of them no picture."""
    path = tmp_path / "colours"
    for name, shade, count in (
        ("red", (200, 0, 0), 12),
        ("blue", (0, 0, 200), 12),
        ("green", (0, 200, 0), 4),
    ):
        (path / name).mkdir(parents=True)
        for at in range(count):
            picture = Image.new("RGB", (20, 16), shade)
            picture.paste((255, 255, 255), (1, 1, 9, 5))
            picture.save(path / name / f"{name}{at:02}.png")
    (path / "red" / "red00.png").write_text("no picture")
    return path


@pytest.fixture
def page(window: MainWindow, folder: Path, qtbot: QtBot) -> DataPage:
    """Open the folder and wait until its pictures are listed."""
    window.files.open(folder)
    qtbot.waitUntil(lambda: window.page_id == "data", timeout=20_000)
    page = window.page("data")
    qtbot.waitUntil(lambda: page.pictures.model.rowCount() == 28, timeout=20_000)
    qtbot.waitUntil(lambda: not page.jobs.running, timeout=30_000)
    return page


def test_a_folder_of_pictures_shows_as_tiles(page: DataPage, qtbot: QtBot) -> None:
    tiles, grid = page.pictures.model, page.pictures.grid
    assert grid.isVisible()
    assert [tiles.index(at).data() for at in range(3)] == ["blue", "green", "red"]
    assert [page.classes.model.index(at).data() for at in range(4)] == [
        "All pictures",
        "blue",
        "green",
        "red",
    ]
    assert page.classes.model.few == ["green"]
    page.classes.list.setCurrentIndex(page.classes.model.index(2))
    assert tiles.rowCount() == 4
    page.classes.list.setCurrentIndex(page.classes.model.index(0))
    parts = [page.pictures.part.segment(part) for part in ("train", "validation", "test")]
    counts = []
    for part in parts:
        part.click()
        counts.append(tiles.rowCount())
    assert sum(counts) == 28
    assert min(counts) > 0
    page.pictures.part.segment("").click()
    page.pictures.search.setText("red0")
    qtbot.waitUntil(lambda: tiles.rowCount() == 10)
    page.pictures.search.setText("nowhere")
    qtbot.waitUntil(page.pictures.nothing.isVisible)


def test_a_file_that_is_no_picture_is_told(page: DataPage, qtbot: QtBot) -> None:
    thumbnails = page.pictures.thumbnails
    paths = [page.pictures.model.index(at).data(Qt.ItemDataRole.UserRole) for at in range(28)]
    broken = next(path for path in paths if path.endswith("red00.png"))
    qtbot.waitUntil(lambda: thumbnails.get(paths[0], 50) is not None)
    thumbnails.get(broken, 50)
    qtbot.waitUntil(lambda: thumbnails.broken(broken, 50))
    assert not thumbnails.broken(paths[0], 50)


def test_space_shows_one_large_and_arrows_go_on(page: DataPage) -> None:
    grid = page.pictures.grid
    grid.setFocus()
    grid.setCurrentIndex(page.pictures.model.index(0))
    QTest.keyClick(grid, Qt.Key.Key_Space)
    large = page.pictures.large
    assert large is not None
    assert large.isVisible()
    QTest.keyClick(large, Qt.Key.Key_Right)
    assert grid.currentIndex().row() == 1
    QTest.keyClick(large, Qt.Key.Key_Escape)
    assert not large.isVisible()


def test_the_rows_can_be_seen_as_a_table(page: DataPage) -> None:
    page.pictures.as_table.click()
    assert page.preview.isVisible()
    assert page.columns.isVisible()
    assert page.preview.model.rowCount() == 28
    page.preview.as_pictures.click()
    assert page.pictures.isVisible()
    assert not page.columns.isVisible()


def test_an_augmentation_is_added_seen_changed_and_taken_back(page: DataPage, qtbot: QtBot) -> None:
    page.side.segment("augment").click()
    assert page.augment.isVisible()
    page.commands.set_augment((), "Clear")
    strip = page.samples.strip
    qtbot.waitUntil(lambda: len(strip.samples) == 1, timeout=20_000)
    menu = page.augment.menu()
    rotate = next(action for action in menu.actions() if action.text() == "Rotate")
    rotate.trigger()
    menu.deleteLater()
    assert [step.type_name for step in page.data.augment] == ["Rotate"]
    assert page.document.undo_label == "Add Rotate"
    qtbot.waitUntil(lambda: len(strip.samples) == 13, timeout=20_000)
    before = strip.samples[1].picture.toImage()
    page.samples.again.click()
    qtbot.waitUntil(lambda: strip.samples[1].picture.toImage() != before, timeout=20_000)
    page.augment.cards[0].switch.click()
    assert not page.data.augment[0].enabled
    qtbot.waitUntil(lambda: len(strip.samples) == 1, timeout=20_000)
    page.document.undo()
    page.document.undo()
    assert page.data.augment == ()
    assert page.augment.nothing.isVisible()


def test_a_folder_that_was_moved_can_be_located(
    page: DataPage, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = folder.rename(folder.with_name("moved"))
    page.document.replaced.emit()
    qtbot.waitUntil(page.banner.isVisible, timeout=20_000)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(moved))
    page.banner.triggered.emit()
    qtbot.waitUntil(lambda: not page.jobs.running and not page.feed.busy, timeout=20_000)
    assert Path(page.data.path or "") == moved
    assert not page.banner.isVisible()
