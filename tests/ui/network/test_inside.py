"""Looking inside a trained network: values of a row, weights, and why there are none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import chain, mlp
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from tables import people, write

from modelstudio.engine import activations, projects, run
from modelstudio.engine.control import Control
from modelstudio.engine.drawable import Numbers, of_row, of_weight
from modelstudio.engine.events import Progress, drain
from modelstudio.layers import Group, GroupInput, GroupOutput, Linear, ReLU
from modelstudio.project.files import save_project
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.network import NetworkPage
from modelstudio.ui.pages.network.number_picture import Histogram, NumberPicture
from modelstudio.ui.theme import theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a run of fc1, a group that runs twice, and fc2."""
    folder = tmp_path_factory.mktemp("inside")
    project = projects.new_project(write(folder / "people.csv", people()), target="bought").project
    inside = chain(GroupInput(), Linear(out_features=4), ReLU(), GroupOutput())
    graph = mlp(Linear(out_features=4), Group(graph=inside, repeat=2), Linear(out_features=1))
    training = project.training.changed(epochs=1, threads=1)
    project = project.changed(network=graph, training=training)
    path = folder / "people.mstudio"
    save_project(project, path)
    drain(run.train(project, path, Control()))
    return path


@pytest.fixture
def opened(window: MainWindow, trained: Path) -> NetworkPage:
    """Return the page over the trained project."""
    window.document.load(trained)
    return ready(window)


def ready(window: MainWindow) -> NetworkPage:
    window._warmed(())
    window.go("network")
    QApplication.processEvents()
    page = window.page("network")
    assert isinstance(page, NetworkPage)
    return page


def seen(page: NetworkPage) -> QWidget:
    """Return what the tab shows."""
    return page.dock.inside._pages.currentWidget()


def test_v_shows_what_the_selected_block_gives(opened: NetworkPage, qtbot: QtBot) -> None:
    inside = opened.dock.inside
    opened.editor.select(["fc1"])
    opened.canvas.setFocus()
    QTest.keyClick(opened.canvas, Qt.Key.Key_V)
    assert opened.dock.tabs.tabText(opened.dock.tabs.currentIndex()) == "Inside"
    assert opened.dock.height() >= 300
    qtbot.waitUntil(lambda: seen(opened) is inside._values, timeout=10_000)
    assert inside.picture.accessibleName().startswith("fc1: 4 numbers from")
    assert inside.truth.text() in ("Truth: yes", "Truth: no")
    assert inside.row_choice.suffix().startswith(" of ")
    before = inside.picture._numbers
    QTest.keyClick(inside.picture, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: inside.picture._numbers is not before)
    assert inside.row_choice.value() == 2
    opened.editor.select(["fc2"])
    qtbot.waitUntil(lambda: inside.picture.accessibleName().startswith("fc2: 1 "))
    assert not inside.repeat_choice.isVisible()


def test_the_repeats_of_a_group_are_looked_at_one_by_one(opened: NetworkPage, qtbot: QtBot) -> None:
    inside = opened.dock.inside
    opened.editor.select(["fc1"])
    opened.look_inside("weights")
    opened.editor.enter("group1")
    opened.editor.select(["fc1"])
    qtbot.waitUntil(lambda: seen(opened) is inside._weights_area, timeout=10_000)
    assert inside.repeat_choice.isVisible()
    assert inside.repeat_choice.suffix() == " of 2"

    def weights() -> list[float]:
        found = inside.findChild(NumberPicture, "network.inside.weight")
        return found._numbers.values.ravel().tolist()

    qtbot.waitUntil(lambda: inside.findChild(NumberPicture, "network.inside.weight") is not None)
    first = weights()
    assert len(first) == 16
    inside.repeat_choice.setValue(2)
    qtbot.waitUntil(lambda: weights() != first)


def test_the_button_of_the_inspector_shows_the_weights(opened: NetworkPage, qtbot: QtBot) -> None:
    opened.editor.select(["fc2"])
    button = opened.inspector.findChild(QPushButton, "network.weights")
    button.click()
    inside = opened.dock.inside
    qtbot.waitUntil(lambda: seen(opened) is inside._weights_area, timeout=10_000)
    assert inside.side.value == "weights"
    assert inside.about.full_text() == "5 numbers"
    histogram = inside.findChild(Histogram)
    assert histogram.accessibleName().startswith("Spread of 4 numbers from")
    opened.editor.select(["group1"])
    qtbot.waitUntil(lambda: seen(opened) is inside.empty)
    assert inside.empty._title.text().startswith("group1 is a group. Open it")


def test_without_a_run_the_way_to_one_is_offered(page: NetworkPage, qtbot: QtBot) -> None:
    page.editor.select(["b"])
    page.look_inside("values")
    inside = page.dock.inside
    assert seen(page) is inside.empty
    assert inside.empty._title.text() == "Train first to look inside"
    assert not inside.run_choice.isVisible()
    inside._go.click()
    assert page.main.page("train").isVisible()


def test_a_block_drawn_since_the_run_says_so(opened: NetworkPage, qtbot: QtBot) -> None:
    opened.editor.select(["fc1"])
    opened.commands.add_after_selection(ReLU)
    opened.look_inside("values")
    inside = opened.dock.inside
    qtbot.waitUntil(lambda: "not in the network yet" in inside.empty._title.text(), timeout=10_000)
    assert not inside._go.isVisible()
    opened.document.undo()
    opened.editor.select(())
    assert inside.empty._title.text() == "Select one block"


def test_loading_a_run_can_be_cancelled(
    opened: NetworkPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on = threading.Event()

    def slow(*_: object) -> Iterator[Progress]:
        yield Progress("Reading the data", 1, 4)
        going_on.wait(10)
        yield Progress("Reading the data", 2, 4)

    monkeypatch.setattr(activations, "open_rows", slow)
    inside = opened.dock.inside
    opened.editor.select(["fc1"])
    opened.look_inside("values")
    qtbot.waitUntil(lambda: seen(opened) is inside._waiting_page)
    inside._waiting.cancel.click()
    going_on.set()
    assert inside.empty._title.text() == "Cancelled"
    qtbot.waitUntil(lambda: not opened.jobs.running)
    assert seen(opened) is inside.empty


def painted(numbers: Numbers, room: int = 200) -> NumberPicture:
    picture = NumberPicture("picture", room)
    picture.resize(400, 200)
    picture.show_numbers(numbers, "it")
    return picture


@pytest.mark.parametrize(
    ("values", "point", "text"),
    [
        (np.arange(4.0), QPointF(60, 10), "number 3<br><b>2</b>"),
        (np.arange(6.0).reshape(2, 3), QPointF(30, 30), "feature 2, step 2<br><b>4</b>"),
        (np.arange(16.0).reshape(4, 2, 2), QPointF(1, 1), "channel 1, row 1, column 1<br><b>0</b>"),
    ],
)
def test_each_number_can_be_read(qtbot: QtBot, values: Any, point: QPointF, text: str) -> None:
    turned = values.T if values.ndim == 2 else values  # steps are stored first
    picture = painted(of_row(turned.astype(np.float32), steps_first=True))
    qtbot.addWidget(picture)
    assert picture.text_at(point) == text
    assert picture.text_at(QPointF(399, 199)) == ""


def test_colours_run_from_the_lowest_to_the_highest(qtbot: QtBot) -> None:
    values = np.array([[-1, 3], [np.nan, 1]], np.float32)
    picture = painted(of_weight(values))
    qtbot.addWidget(picture)
    image = picture._images[0]
    stops = theme().sequential
    assert image.pixelColor(0, 0) == stops[0]
    assert image.pixelColor(1, 0) == stops[-1]
    assert image.pixelColor(0, 1) == theme().color("error")


def test_kernels_of_a_filter_stand_side_by_side(qtbot: QtBot) -> None:
    picture = painted(of_weight(np.zeros((4, 3, 3, 3), np.float32)))
    qtbot.addWidget(picture)
    grid = picture._grid(picture._numbers)
    tops = [grid.rect(index).top() for index in range(3)]
    assert len(set(tops)) == 1
    assert picture.text_at(grid.rect(4).center()).startswith("filter 2, channel 2")
