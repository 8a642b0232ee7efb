"""A folder of pictures on the Data page: tiles, classes, filters, the large view, the table."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from modelstudio.data import early_pictures, preview
from modelstudio.data.picture_profile import Looked
from modelstudio.data.preview import PictureList
from modelstudio.engine import projects
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.augment import (
    Augmentation,
    ColourJitter,
    CutMix,
    Flip,
    MixUp,
    Rotate,
    Scale,
    Shift,
    WordDropout,
)
from modelstudio.recipe.columns import Column
from modelstudio.recipe.fields import FieldSpec
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data import palette_entries, pictures_check
from modelstudio.ui.pages.data.augment_panel import fitting
from modelstudio.ui.pages.data.augment_wording import settings_text
from modelstudio.ui.pages.data.page import DataPage
from modelstudio.ui.pages.data.pictures_model import NAME, PATH, STATE, PicturesModel
from modelstudio.ui.pages.data.thumbnails import Thumbnails
from modelstudio.ui.pages.data.tiles import Grid, TileDelegate
from modelstudio.ui.theme import theme


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return 12 red, 12 blue and 4 green pictures of 20 x 16.

    One red is no picture; one blue is a copy of another; one green is a copy of a red.
    """
    path = tmp_path_factory.mktemp("pictures") / "colours"
    for shade, (name, count) in enumerate((("red", 12), ("blue", 12), ("green", 4))):
        (path / name).mkdir(parents=True)
        for at in range(count):
            noise = np.random.default_rng(100 * shade + at).integers(0, 90, (16, 20, 3))
            noise[:, :, shade] += 150
            Image.fromarray(noise.astype(np.uint8)).save(path / name / f"{name}{at:02}.png")
    (path / "red" / "red00.png").write_text("no picture")
    shutil.copy(path / "blue" / "blue02.png", path / "blue" / "blue09.png")
    shutil.copy(path / "red" / "red05.png", path / "green" / "green03.png")
    return path


@pytest.fixture(scope="module")
def project(folder: Path) -> Project:
    """Return the guessed project of the folder."""
    return projects.new_project(folder).project


@pytest.fixture
def page(window: MainWindow, project: Project, qtbot: QtBot) -> DataPage:
    """Return the Data page when the pictures are listed and looked at."""
    window.document.new(project)
    window.go("data")
    page = window.page("data")
    assert isinstance(page, DataPage)
    settle(page, qtbot)
    assert page.pictures.model.rowCount() == 28
    return page


def settle(page: DataPage, qtbot: QtBot) -> None:
    """Wait until the page knows all it asked for."""
    qtbot.waitUntil(lambda: not page.feed.busy and not page.jobs.running, timeout=20_000)


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
    assert page.classes.model.index(4).data() == "Cannot be read"
    assert page.classes.model.few == ["green"]
    page.classes.list.setCurrentIndex(page.classes.model.index(2))
    assert tiles.rowCount() == 4
    assert {Path(path).parent.name for path in tiles.some(12)} == {"blue", "green", "red"}
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
    paths = [page.pictures.model.index(at).data(PATH) for at in range(28)]
    broken = next(path for path in paths if path.endswith("red00.png"))
    qtbot.waitUntil(lambda: thumbnails.get(paths[0], 50) is not None)
    thumbnails.get(broken, 50)
    qtbot.waitUntil(lambda: thumbnails.broken(broken, 50))
    assert not thumbnails.broken(paths[0], 50)


def test_space_shows_one_large_and_arrows_go_on(page: DataPage, qtbot: QtBot) -> None:
    grid = page.pictures.grid
    grid.setFocus()
    grid.setCurrentIndex(page.pictures.model.index(0))
    QTest.keyClick(grid, Qt.Key.Key_Space)
    large = page.pictures.large
    assert large is not None
    assert large.isVisible()
    QTest.keyClick(large, Qt.Key.Key_Right)
    assert grid.currentIndex().row() == 1
    QTest.keyClick(large, Qt.Key.Key_Delete)
    assert len(page.data.source.left_out) == 1
    assert large.isVisible()
    QTest.keyClick(large, Qt.Key.Key_Escape)
    assert not large.isVisible()
    settle(page, qtbot)


def test_the_rows_can_be_seen_as_a_table(page: DataPage) -> None:
    page.window().resize(1440, 900)
    page.pictures.as_table.click()
    assert page.preview.isVisible()
    assert page.columns.width() == 312
    assert page.columns.isVisible()
    assert page.preview.model.rowCount() == 28
    page.preview.as_pictures.click()
    assert page.pictures.isVisible()
    assert not page.columns.isVisible()
    assert page.classes.width() == 264


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


def test_an_augmentation_says_what_it_does() -> None:
    told = {
        Flip(): "Half of the pictures",
        Flip(share=0.25, vertical=True): "Also upside down · 25 % of the pictures",
        Rotate(): "Up to ±10°",
        Shift(amount=0.07): "Up to 7 % each way",
        Scale(): "90 % to 110 %",
        ColourJitter(saturation=0, hue=0): "Brightness ±20 %, contrast ±20 %",
        MixUp(share=0.5): "Slight blends of two · half of the samples",
        CutMix(): "Any patch · half of the pictures",
    }
    assert {step: settings_text(step) for step in told} == told
    assert all(settings_text(kind()) for kind in Augmentation.members())
    text = FieldSpec(name="text", role="input", kind="ids", shape=("T",), vocabulary=9)
    assert fitting(DataConfig(fields=(text,))) == [WordDropout]


def test_a_grid_that_waits_shows_where_its_tiles_will_be(qtbot: QtBot) -> None:
    grid = Grid()
    qtbot.addWidget(grid)
    grid.setModel(PicturesModel(grid))
    grid.setItemDelegate(TileDelegate(Thumbnails(grid), grid))
    grid.resize(600, 400)
    grid.show()
    seen = grid.viewport().grab().toImage()
    cell = grid.gridSize()
    middle = QPoint(cell.width() // 2, 40)
    for at in range(3):
        tile = seen.pixelColor(middle + QPoint(at * cell.width(), 0))
        assert tile == theme().color("window")
    assert seen.pixelColor(1, 1) != theme().color("window")


def test_a_frame_drawn_over_tiles_selects_them_and_their_menu_acts_on_all(
    page: DataPage, qtbot: QtBot
) -> None:
    grid, model = page.pictures.grid, page.pictures.model
    first, last = (grid.visualRect(model.index(at)) for at in (0, 2))
    start, end = first.topLeft() + QPoint(1, 1), last.center()
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(grid.viewport(), left, Qt.KeyboardModifier.NoModifier, start)
    for where in (first.center(), end):
        move = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(where),
            QPointF(grid.viewport().mapToGlobal(where)),
            Qt.MouseButton.NoButton,
            left,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(grid.viewport(), move)
    QTest.mouseRelease(grid.viewport(), left, Qt.KeyboardModifier.NoModifier, end)
    chosen = page.pictures.selected
    assert sorted(chosen) == sorted(model.index(at).data(NAME) for at in range(3))
    menu = page.pictures.menu()
    large, remove, classes = menu.actions()
    assert [each.shortcut().toString() for each in (large, remove)] == ["Space", "Del"]
    assert [each.text() for each in classes.menu().actions()] == ["blue", "green", "red"]
    remove.trigger()
    menu.deleteLater()
    assert set(page.data.source.left_out) == set(chosen)
    back = page.pictures.menu()
    assert back.actions()[1].text() == "Take back"
    back.deleteLater()
    settle(page, qtbot)


def test_all_pictures_can_be_left_out_and_nothing_moves(page: DataPage, qtbot: QtBot) -> None:
    grid, model = page.pictures.grid, page.pictures.model
    moved: list[object] = []
    for signal in (model.dataChanged, model.modelReset):
        signal.connect(lambda *given: moved.append(given))
    grid.selectAll()
    QTest.keyClick(grid, Qt.Key.Key_Delete)
    assert len(page.data.source.left_out) == 28
    assert page.classes.model.classes == {"blue": 0, "green": 0, "red": 0}
    assert not page.classes.advice.isVisible()
    page.document.undo()
    assert page.classes.advice.isVisible()
    assert len(page.pictures.selected) == 28
    assert not moved
    settle(page, qtbot)


def test_a_folder_that_was_moved_can_be_located(
    page: DataPage, folder: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = Path(shutil.copytree(folder, tmp_path / "moved"))
    lost = page.data.changed(path=str(tmp_path / "colours"))
    page.document.new(page.document.project.changed(data=lost))
    qtbot.waitUntil(page.banner.isVisible, timeout=20_000)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(moved))
    page.banner.triggered.emit()
    qtbot.waitUntil(lambda: not page.jobs.running and not page.feed.busy, timeout=20_000)
    assert Path(page.data.path or "") == moved
    assert not page.banner.isVisible()


def click(page: DataPage, name: str, how: Any = Qt.KeyboardModifier.NoModifier) -> None:
    """Click the tile of a picture."""
    grid, model = page.pictures.grid, page.pictures.model
    rows = [model.index(at) for at in range(model.rowCount())]
    index = next(each for each in rows if each.data(NAME) == name)
    grid.scrollTo(index)
    where = grid.visualRect(index).center()
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, how, where)


def states(page: DataPage) -> dict[str, Any]:
    """Return what is said of each picture in sight, by its name."""
    model = page.pictures.model
    rows = [model.index(at) for at in range(model.rowCount())]
    return {index.data(NAME): index.data(STATE) for index in rows}


def test_delete_leaves_pictures_out_and_takes_them_back(
    page: DataPage, folder: Path, qtbot: QtBot
) -> None:
    grid = page.pictures.grid
    click(page, "blue/blue00.png")
    click(page, "red/red03.png", Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(grid, Qt.Key.Key_Delete)
    assert page.data.source.left_out == ("blue/blue00.png", "red/red03.png")
    assert (folder / "red" / "red03.png").exists()
    assert page.document.undo_label == "Leave out 2 pictures"
    assert page.toasts.shown[-1].title == "2 pictures left out"
    assert states(page)["red/red03.png"].left_out
    assert page.classes.model.classes == {"blue": 11, "green": 4, "red": 11}
    settle(page, qtbot)
    listed = page.pictures.model.listed
    parts = dict(zip(listed.names, listed.parts, strict=True))
    assert parts["red/red03.png"] == ""
    assert sum(part.rows for part in page.feed.report.parts) == 26
    page.classes.show_only("left out")
    assert list(states(page)) == ["blue/blue00.png", "red/red03.png"]
    grid.selectAll()
    QTest.keyClick(grid, Qt.Key.Key_Delete)
    assert page.data.source.left_out == ()
    assert page.classes.list.currentIndex().row() == 0
    assert page.pictures.model.rowCount() == 28
    page.document.undo()
    assert len(page.data.source.left_out) == 2
    page.toasts.shown[-1].action.click()
    assert page.data.source.left_out == ()


def test_a_number_moves_pictures_to_that_class(page: DataPage, qtbot: QtBot) -> None:
    grid, source = page.pictures.grid, lambda: page.data.source
    click(page, "blue/blue00.png")
    QTest.keyClick(grid, Qt.Key.Key_3)
    assert source().to_dict()["classes"] == {"blue/blue00.png": "red"}
    assert page.toasts.shown[-1].title == "1 picture moved to red"
    assert page.document.undo_label == "Move 1 picture to red"
    assert grid.currentIndex().data() == "red"
    assert states(page)["blue/blue00.png"].moved
    QTest.keyClick(grid, Qt.Key.Key_9)
    assert page.classes.model.classes == {"blue": 11, "green": 4, "red": 13}
    QTest.keyClick(grid, Qt.Key.Key_1)
    assert source().classes == ()
    page.document.undo()
    assert source().to_dict()["classes"] == {"blue/blue00.png": "red"}
    page.classes.show_only("class", "red")
    click(page, "red/red01.png")
    QTest.keyClick(grid, Qt.Key.Key_2)
    assert grid.currentIndex().data(NAME) == "red/red02.png"
    number = tuple(
        Column(name=each.name, kind="number", role="target") if each.role == "target" else each
        for each in page.data.columns
    )
    settle(page, qtbot)
    page.document.edit("", page.document.project.changed(data=page.data.changed(columns=number)))
    settle(page, qtbot)
    assert page.classes.model.classes == {}
    page.pictures.set_classes(("blue", "green"))
    before = page.data
    QTest.keyClick(grid, Qt.Key.Key_2)
    assert page.data.source == before.source
    assert page.toasts.shown[-1].title == "That is not possible"
    settle(page, qtbot)


def test_the_banner_shows_broken_files_and_leaves_copies_out(page: DataPage, qtbot: QtBot) -> None:
    banner = page.pictures_side.banner
    everything = page.classes.model.index(0)
    assert "data:image/png;base64,iVBOR" in everything.data(Qt.ItemDataRole.ToolTipRole)
    assert "1 file cannot be read" in banner.accessibleName()
    assert "2 exact copies" in banner.accessibleName()
    for width, below in ((1_600, False), (500, True)):
        banner.resize(width, banner.height())
        banner.layout().activate()
        assert (banner.buttons["files"].mapTo(banner, QPoint()).x() < 40) == below
    banner.buttons["files"].click()
    assert list(states(page)) == ["red/red00.png"]
    assert page.pictures.grid.currentIndex().data(STATE).broken
    banner.buttons["drop"].click()
    assert page.data.source.left_out == ("red/red00.png",)
    assert "cannot be read" not in banner.accessibleName()
    assert not banner.buttons["drop"].isVisible()
    page.document.undo()
    banner.buttons["remove"].click()
    assert page.data.source.left_out == ("blue/blue09.png",)  # the other is of two classes
    page.document.undo()
    found = page.pictures_side.findings
    kinds = {finding.kind for finding in found}
    assert {"corrupt_file", "duplicate_rows", "label_conflict"} <= kinds
    torn = next(each for each in page.evidence_desk.problems(found) if "several" in each.text)
    torn.go()
    assert page.pictures_side.review.isVisible()
    page.pictures_side.review.close()
    settle(page, qtbot)


def test_copies_are_reviewed_side_by_side(page: DataPage, qtbot: QtBot) -> None:
    offered = {entry.title: entry.run for entry in palette_entries.entries(page)}
    offered["Review copies of pictures"]()
    review = page.pictures_side.review
    assert review is not None
    assert review.isVisible()
    found = {twin.later.name: twin for twin in review.model.twins}
    assert {name: twin.torn for name, twin in found.items()} == {
        "blue/blue09.png": False,
        "red/red05.png": True,
    }
    for name, twin in found.items():
        listed = page.pictures.model.listed
        parts = dict(zip(listed.names, listed.parts, strict=True))
        assert twin.leaks == (parts[twin.first.name] != parts[name])
    torn = list(found).index("red/red05.png")
    review.list.setCurrentIndex(review.model.index(torn))
    assert "classes are green and red" in review.words.text()
    review.sides[0].remove.click()
    assert page.data.source.left_out == ("green/green03.png",)
    assert [twin.later.name for twin in review.model.twins] == ["blue/blue09.png"]
    QTest.keyClick(review, Qt.Key.Key_Delete)
    assert page.data.source.left_out == ("blue/blue09.png", "green/green03.png")
    assert not review.isVisible()
    settle(page, qtbot)
    page.document.undo()
    page.pictures_side.show_review()
    QTest.keyClick(review, Qt.Key.Key_Escape)
    assert not review.isVisible()
    settle(page, qtbot)


def test_a_search_that_takes_long_is_offered_and_can_be_given_up(
    page: DataPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures_check, "MOST_UNASKED", 5)
    side = page.pictures_side
    side.look_again()
    page.pictures_side.list_pictures(page.document.project)
    qtbot.waitUntil(side.banner.buttons["search"].isVisible)
    go_on = threading.Event()

    def look(paths: tuple[str, ...]) -> Iterator[Any]:
        yield Looked(3, 28, 1, 0)
        go_on.wait(10)
        yield Looked(28, 28, 1, 0)

    monkeypatch.setattr(pictures_check, "_look", look)
    side.banner.buttons["search"].click()
    qtbot.waitUntil(side.banner.buttons["cancel"].isVisible)
    assert "3 of 28 · 1 cannot be read" in side.banner.accessibleName()
    side.banner.buttons["cancel"].click()
    go_on.set()
    qtbot.waitUntil(side.banner.buttons["search"].isVisible)
    settle(page, qtbot)


def test_ctrl_and_the_wheel_change_the_size_of_the_tiles(page: DataPage) -> None:
    grid, where = page.pictures.grid, QPointF(40, 40)

    def turn(by: int) -> int:
        event = QWheelEvent(
            where,
            QPointF(grid.viewport().mapToGlobal(QPoint(40, 40))),
            QPoint(),
            QPoint(0, by),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.ControlModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(grid.viewport(), event)
        return page.pictures.tiles.side

    assert [turn(120), turn(120), turn(-120), turn(-120), turn(-120)] == [112, 112, 72, 48, 48]
    width = grid.gridSize().width()
    assert 48 <= width < 48 + 30


def test_hovering_a_step_outlines_its_samples_and_six_fit_any_width(
    page: DataPage, qtbot: QtBot
) -> None:
    strip, samples = page.samples.strip, page.samples
    page.window().resize(1280, 720)
    assert not samples.isVisible()
    page.side.segment("augment").click()
    assert samples.isVisible()
    qtbot.waitUntil(lambda: len(strip.samples) == 13, timeout=20_000)
    flip = next(card for card in page.augment.cards if card.step.type_name == "Flip")
    QApplication.sendEvent(flip, QEnterEvent(QPointF(5, 5), QPointF(5, 5), QPointF(5, 5)))
    flipped = [at for at, sample in enumerate(strip.samples) if "flip" in sample.words.split(", ")]
    assert flipped
    assert strip.outlined == [at for at in flipped if at < len(strip.squares())]
    QApplication.sendEvent(flip, QEvent(QEvent.Type.Leave))
    assert strip.outlined == []
    strip.resize(2_000, strip.height())
    assert len(strip.squares()) == 13
    strip.resize(420, strip.height())
    squares = strip.squares()
    assert len(squares) == 7  # the original and six samples
    assert squares[-1].right() < 420
    before = strip.samples[1].picture.toImage()
    page.window().activateWindow()
    qtbot.waitUntil(page.window().isActiveWindow)
    page.pictures.grid.setFocus()
    QTest.keyClick(page.pictures.grid, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: strip.samples[1].picture.toImage() != before, timeout=20_000)
    click(page, "green/green01.png")
    assert samples.example.endswith("green01.png")
    click(page, "red/red00.png")
    assert not samples.example.endswith("red00.png")
    settle(page, qtbot)


def test_rare_classes_and_a_lonely_one_come_with_advice(page: DataPage, qtbot: QtBot) -> None:
    advice = page.classes.advice
    assert advice.title.text() == "green has 67 % fewer pictures"
    advice.batches.click()
    assert page.data.split.balance == "oversample"
    assert not advice.batches.isVisible()
    page.document.undo()
    assert advice.batches.isVisible()
    advice.tell({"red": 9, "green": 4, "blue": 3}, ["green", "blue"], "none")
    assert advice.title.text() == "2 of 3 classes have few pictures"
    assert advice.title.toolTip() == "green, blue"
    advice.tell({"green": 4}, [], "none")
    assert advice.title.text() == "A classifier needs two or more folders"
    settle(page, qtbot)


def test_tiles_of_a_project_show_before_its_rows_are_split(
    window: MainWindow, project: Project, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, stage = threading.Event(), preview._stage

    def held(*given: Any) -> Any:
        go_on.wait(10)
        return stage(*given)

    monkeypatch.setattr(preview, "_stage", held)
    window.document.new(project)
    window.go("data")
    page = window.page("data")
    qtbot.waitUntil(lambda: page.pictures.model.rowCount() == 28)
    assert set(page.pictures.model.listed.parts) == {""}
    go_on.set()
    settle(page, qtbot)
    assert set(page.pictures.model.listed.parts) >= {"train", "test"}


def test_pictures_show_while_the_folder_is_still_read(
    window: MainWindow, folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, opening = threading.Event(), projects.opening
    whole = list(early_pictures.heads(folder))[-1].pictures

    def heads(path: Path) -> Iterator[early_pictures.PictureHead]:
        for count in (3, 28):
            columns = (whole.paths, whole.names, whole.labels, whole.parts)
            part = PictureList(*(each[:count] for each in columns))
            yield early_pictures.PictureHead(path, part)

    def held(*given: Any, **named: Any) -> Iterator[Any]:
        go_on.wait(10)
        return (yield from opening(*given, **named))

    monkeypatch.setattr(early_pictures, "heads", heads)
    monkeypatch.setattr(projects, "opening", held)
    window.files.open(folder)
    qtbot.waitUntil(lambda: window.page_id == "data")
    page = window.page("data")
    qtbot.waitUntil(lambda: page.pictures.model.rowCount() == 28)
    assert page.pictures.isVisible()
    assert page.classes.model.classes == {"blue": 12, "green": 4, "red": 12}
    click(page, "red/red03.png")
    QTest.keyClick(page.pictures.grid, Qt.Key.Key_Delete)
    assert not window.toasts.shown
    go_on.set()
    qtbot.waitUntil(lambda: not page.early.reading, timeout=20_000)
    settle(page, qtbot)
    assert page.pictures.grid.currentIndex().data(NAME) == "red/red03.png"
    QTest.keyClick(page.pictures.grid, Qt.Key.Key_Delete)
    assert page.data.source.left_out == ("red/red03.png",)
    settle(page, qtbot)
