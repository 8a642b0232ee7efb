"""Palette, inspector and dock beside the canvas."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLineEdit,
    QTabBar,
    QTableView,
    QTreeView,
)
from pytestqt.qtbot import QtBot

from modelstudio.engine import projects, run
from modelstudio.network.graph import Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.project.model import Project
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.network import NetworkPage
from modelstudio.ui.pages.network.palette import Palette
from modelstudio.ui.theme import themes


def shown_layers(palette: Palette) -> list[str]:
    tree = palette.list
    return [
        head.child(i).text(0)
        for head in map(tree.topLevelItem, range(tree.topLevelItemCount()))
        if not head.isHidden()
        for i in range(head.childCount())
        if not head.child(i).isHidden()
    ]


def test_no_control_is_focused_on_arrival(page: NetworkPage) -> None:
    for page_id in ("data", "welcome", "network"):
        page.main.go(page_id)
        focused = page.main.focusWidget()
        assert not isinstance(focused, QAbstractButton | QLineEdit), (page_id, focused)


# Palette


def test_search_narrows_the_palette(page: NetworkPage, qtbot: QtBot) -> None:
    QTest.keyClick(page.canvas, Qt.Key.Key_Slash)
    qtbot.keyClicks(page.palette_.search, "pool")
    names = shown_layers(page.palette_)
    assert names
    assert all("Pool" in name for name in names)
    page.palette_.search.clear()
    assert "Linear" in shown_layers(page.palette_)


def test_favourites_are_kept_for_the_next_window(page: NetworkPage) -> None:
    layer = Layer.find("Conv1d")
    assert layer is not None
    page.palette_.list.set_favourite(layer, True)
    assert shown_layers(page.palette_).count("Conv1d") == 2
    again = Palette()
    assert shown_layers(again).count("Conv1d") == 2
    again.list.set_favourite(layer, False)
    assert shown_layers(again).count("Conv1d") == 1
    again.deleteLater()


def test_a_narrow_window_folds_the_palette_to_icons(page: NetworkPage, qtbot: QtBot) -> None:
    page.palette_.search.setText("junk")
    page.main.resize(1280, 720)
    qtbot.waitUntil(lambda: page.palette_.list.narrow)
    assert page.palette_.width() == 48
    assert page.canvas.width() >= 640
    assert page.canvas.height() >= 360
    assert not page.palette_.search.text(), "an empty palette that nobody could fill again"
    QTest.keyClick(page.canvas, Qt.Key.Key_Slash)
    assert page.quick_add.isVisible()


# Inspector


def test_a_field_of_the_inspector_changes_the_block(page: NetworkPage) -> None:
    page.editor.select(["b"])
    form = page.inspector.form
    assert form is not None
    editor = form.fields.editor("out_channels")
    editor.setValue(8)
    node = page.document.project.network.nodes["b"]
    assert node.layer.out_channels == 8
    assert page.document.undo_label == "Set out channels of conv1"
    assert page.editor.info("b").outputs[0][1] == 8
    page.document.undo()
    assert editor.value() == 32


def test_a_value_out_of_range_keeps_the_last_good_network(page: NetworkPage) -> None:
    page.editor.select(["b"])
    form = page.inspector.form
    assert form is not None
    before = page.document.project.network
    form.fields.editor("out_channels").setValue(0)
    assert page.document.project.network is before
    assert form.fields.error("out_channels") == "From 1 to 65,536."


def test_several_blocks_show_mixed_values_and_change_together(page: NetworkPage) -> None:
    page.editor.select(["b"])
    page.actions_["network.duplicate"].trigger()
    copy = page.editor.nodes[0].id
    page.editor.set_field("out_channels", 8)
    page.editor.select(["b", copy])
    form = page.inspector.form
    assert form is not None
    assert form.fields.editor("out_channels").lineEdit().text() == ""
    page.editor.set_field("out_channels", 5)
    graph = page.document.project.network
    assert [graph.nodes[key].layer.out_channels for key in ("b", copy)] == [5, 5]


def test_renaming_refuses_a_taken_name(page: NetworkPage) -> None:
    page.editor.select(["b"])
    form = page.inspector.form
    assert form is not None
    form.name_field.setText("relu1")
    form.name_field.editingFinished.emit()
    assert "already called relu1" in form.findChild(object, "network.name.error").text()
    form.name_field.setText("stem")
    form.name_field.editingFinished.emit()
    assert page.document.project.network.nodes["b"].name == "stem"
    assert form.findChild(object, "network.name.error").isHidden()


def test_freezing_is_an_edit(page: NetworkPage) -> None:
    page.editor.select(["b"])
    form = page.inspector.form
    assert form is not None
    QTest.mouseClick(form.frozen, Qt.MouseButton.LeftButton)
    assert page.document.project.network.nodes["b"].frozen
    assert page.document.undo_label == "Freeze conv1"


def test_the_input_offers_the_fields_of_the_data(page: NetworkPage) -> None:
    page.editor.select(["a"])
    form = page.inspector.form
    assert form is not None
    box = form.data_field
    assert box is not None
    assert [box.itemData(i) for i in range(box.count())] == ["image"]


def test_nothing_selected_shows_the_totals(page: NetworkPage) -> None:
    page.editor.select()
    page.editor.fix(page.editor.analysis.errors[0], page.editor.analysis.errors[0].fixes[0])
    page.editor.select()
    total = page.editor.analysis.parameters
    assert total > 0
    assert f"{total:,}" in page.inspector.card.accessibleName()


# Dock


def test_the_summary_selects_with_the_canvas(page: NetworkPage) -> None:
    view = page.dock.summary
    row = view.summary.ids.index("c")
    view.selectRow(row)
    assert page.editor.selection == {"c"}
    page.editor.select(["b"])
    rows = {index.row() for index in view.selectionModel().selectedRows()}
    assert rows == {view.summary.ids.index("b")}


def test_the_summary_says_what_is_known(page: NetworkPage, tmp_path: Path) -> None:
    model = page.dock.summary.summary
    assert [model.text("b", column) for column in range(5)] == [
        "conv1",
        "Conv2d",
        "1×28×28",
        "32×28×28",
        "320",
    ]
    assert model.text("d", 3) == "not known"
    assert model.text("e", 3) == "waiting"
    model.write_csv(tmp_path / "summary.csv")
    lines = (tmp_path / "summary.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 6
    assert lines[2].startswith("conv1,Conv2d,1×28×28,32×28×28,320,")


def test_the_problem_list_repairs(page: NetworkPage) -> None:
    page.dock.show_tab("problems")
    fix = page.dock.problems.findChild(object, "network.problem.fix")
    QTest.mouseClick(fix, Qt.MouseButton.LeftButton)
    assert not page.editor.analysis.errors


def test_the_number_of_problems_has_room_in_its_tab(page: NetworkPage) -> None:
    tabs = page.dock.tabs
    count = tabs.tabButton(2, QTabBar.ButtonPosition.RightSide)
    assert count.width() >= count.sizeHint().width()
    wide = tabs.tabRect(2).width()
    page.editor.fix(problem := page.editor.analysis.errors[0], problem.fixes[0])
    assert count.isHidden()
    assert tabs.tabRect(2).width() < wide


def test_code_is_written_in_a_job_and_copied(
    page: NetworkPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    main_thread = threading.current_thread()

    def python_code(project: Project) -> str:
        assert threading.current_thread() is not main_thread
        return "class Net(nn.Module):\n    self.conv1 = nn.Conv2d(1, 32)\n"

    monkeypatch.setattr(run, "python_code", python_code)
    page.dock.show_tab("code")
    code = page.dock.code
    assert "PyTorch" in code.findChild(object, "network.code.reason").text()
    page.main._warmed(())
    problem = page.editor.analysis.errors[0]
    page.editor.fix(problem, problem.fixes[0])
    qtbot.waitUntil(lambda: "conv1" in code.text.toPlainText())
    page.editor.select(["b"])
    assert code.text.textCursor().blockNumber() == 1
    code.copy.click()
    assert QGuiApplication.clipboard().text().startswith("class Net")


def test_an_empty_network_can_be_drafted(
    open_page: Any, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(Graph())
    drafted = Graph().add(_relu())
    monkeypatch.setattr(projects, "draft_network", lambda project: drafted)
    button = page.findChild(object, "network.draft.action")
    assert button.isVisible()
    button.click()
    qtbot.waitUntil(lambda: len(page.document.project.network.nodes) == 1)
    assert page.document.undo_label == "Draft network"
    assert not button.isVisible()


def _relu() -> Any:
    layer = Layer.find("ReLU")
    assert layer is not None
    return Node("a", "relu1", layer())


# The whole page


def test_every_control_has_a_name(page: NetworkPage) -> None:
    page.editor.select(["b"])
    nameless = [
        (type(widget).__name__, widget.objectName())
        for kind in (QAbstractButton, QLineEdit, QTreeView, QTableView)
        for widget in page.findChildren(kind)
        if widget.isVisible()
        and not (widget.accessibleName() or _text(widget))
        and not isinstance(widget.parent(), QLineEdit | QTabBar | QTableView)
    ]
    assert nameless == []


def _text(widget: Any) -> str:
    return widget.text() if hasattr(widget, "text") else ""


def test_both_themes_paint(page: NetworkPage) -> None:
    page.editor.select(["d"])
    dark = page.canvas.grab().toImage()
    themes().set_mode("light")
    light = page.canvas.grab().toImage()
    themes().set_mode("dark")
    assert dark.pixelColor(4, 4).lightness() < 60 < 200 < light.pixelColor(4, 4).lightness()


def test_another_project_replaces_the_network(page: NetworkPage, window: MainWindow) -> None:
    page.editor.select(["b"])
    window.document.new(Project(network=Graph().add(_relu())))
    assert set(page.canvas.network_scene.blocks) == {"a"}
    assert page.editor.selection == frozenset()
    assert page.inspector.form is None


# Where there is little room


def test_the_tabs_of_the_dock_stay_whole(page: NetworkPage) -> None:
    dock = page.dock
    for width in (900, 420, 260):
        dock.resize(width, 200)
        QApplication.processEvents()
        assert dock.tabs.width() >= dock.tabs.sizeHint().width()
        shown = [part for part in (dock.batch, dock.heat) if part.isVisible()]
        assert all(part.geometry().left() >= dock.tabs.geometry().right() for part in shown)


def test_the_toolbar_gives_up_its_words_where_there_is_no_room(page: NetworkPage) -> None:
    bar = page.toolbar
    whole = bar.chip.text()
    bar.resize(240, bar.height())
    assert bar.chip.text() == "1"
    assert bar.chip.toolTip() == bar.chip.accessibleName() == whole
    bar.resize(900, bar.height())
    assert bar.chip.text() == whole
