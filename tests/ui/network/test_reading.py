"""Reading a network: courses around blocks, heat map, memory, forecasts of repairs, links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from networks import add
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton, QWidget

from modelstudio.layers import Add, Concatenate, Conv2d, Input, MaxPool2d, Output, ReLU
from modelstudio.network.graph import Graph
from modelstudio.network.layout import arrange
from modelstudio.ui.pages.network import NetworkPage
from modelstudio.ui.pages.network.links import owners_in_sight
from modelstudio.ui.pages.network.routing import segments
from modelstudio.ui.theme import themes

Opener = Callable[[Graph], NetworkPage]

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def residual(stages: int) -> Graph:
    """Return residual stages, every second with a convolution in its shortcut."""
    graph, last = add(Graph(), Input(field="image"))
    for stage in range(stages):
        inside = last
        for layer in (Conv2d(out_channels=8), ReLU(), Conv2d(out_channels=8)):
            graph, inside = add(graph, layer, inside)
        aside = last
        if stage % 2 == 0:
            graph, aside = add(graph, Conv2d(out_channels=8, kernel_size=(1, 1)), last)
        graph, last = add(graph, Add(), inside, aside)
    return add(graph, Output(), last)[0]


def u_net(levels: int) -> Graph:
    """Return a way down and up again, each level wired to its twin."""
    graph, last = add(Graph(), Input(field="image"))
    skips = []
    for _ in range(levels):
        for layer in (Conv2d(), ReLU(), Conv2d(), ReLU()):
            graph, last = add(graph, layer, last)
        skips.append(last)
        graph, last = add(graph, MaxPool2d(), last)
    while skips:
        graph, last = add(graph, Concatenate(), last, skips.pop())
        for layer in (Conv2d(), ReLU(), Conv2d()):
            graph, last = add(graph, layer, last)
    return add(graph, Output(), last)[0]


def dense(blocks: int) -> Graph:
    """Return blocks that each see all before them."""
    graph, last = add(Graph(), Input(field="image"))
    found = [last]
    for _ in range(blocks):
        graph, joined = add(graph, Concatenate(), *found)
        graph, last = add(graph, Conv2d(out_channels=4), joined)
        found.append(last)
    return add(graph, Output(), last)[0]


@pytest.mark.parametrize("graph", [residual(8), u_net(4), u_net(9), dense(4)])
def test_wires_of_a_tidied_network_run_through_no_block(open_page: Opener, graph: Graph) -> None:
    scene = open_page(graph.move(arrange(graph))).canvas.network_scene
    blocks = [(key, item.box) for key, item in scene.blocks.items()]
    through = [
        (edge.source, edge.target, key)
        for edge, wire in scene.wires.items()
        for part in segments(wire.course)
        for key, box in blocks
        if box.left < part.right
        and box.right > part.left
        and box.top + 1 < part.bottom
        and box.bottom - 1 > part.top
    ]
    assert not through


def test_where_wires_of_a_port_part_one_label_is_enough(open_page: Opener) -> None:
    graph = residual(2)
    scene = open_page(graph.move(arrange(graph))).canvas.network_scene
    fan = [scene.wires[edge] for edge in graph.outgoing["add1"]]
    assert sorted(wire.label_shared for wire in fan) == [False, True]
    assert not any(scene.wires[edge].label_shared for edge in graph.outgoing["relu1"])


# From far


def color_at(page: NetworkPage, point: QPointF) -> str:
    canvas = page.canvas
    QApplication.processEvents()
    where = canvas.mapFromScene(point)
    return canvas.viewport().grab().toImage().pixelColor(where).name()


def test_a_block_dragged_in_the_overview_is_where_the_pointer_is(open_page: Opener) -> None:
    graph = residual(30)
    page = open_page(graph.move(arrange(graph)))
    page.canvas.fit()
    scene, block = page.canvas.network_scene, page.canvas.network_scene.blocks["conv1"]
    assert scene.plain
    start, away = block.area.center(), QPointF(0, -240)
    beside = QPointF(40, 20)  # clear of the name, and of the guides, which run through the middle
    empty = color_at(page, start + away + beside)
    assert color_at(page, start + beside) == block.color().name() != empty
    view, left = page.canvas.viewport(), Qt.MouseButton.LeftButton
    before, after = page.canvas.mapFromScene(start), page.canvas.mapFromScene(start + away)
    none = Qt.KeyboardModifier.NoModifier
    QTest.mousePress(view, left, none, before)
    QTest.mouseMove(view, (before + after) / 2)
    QTest.mouseMove(view, after)
    moved = block.area.center() + beside
    assert moved.y() < start.y() - 100
    assert color_at(page, moved) == block.color().name()
    QTest.mouseRelease(view, left, none, after)
    assert page.document.undo_label == "Move conv1"
    assert color_at(page, moved) == block.color().name()


def test_a_drag_routes_the_wires_of_the_block_alone(open_page: Opener) -> None:
    graph = residual(20)
    page = open_page(graph.move(arrange(graph)))
    scene = page.canvas.network_scene
    before = {edge: wire.course for edge, wire in scene.wires.items()}
    x, y = graph.move(arrange(graph)).nodes["relu3"].position
    scene.preview({"relu3": (x + 320, y)})
    changed = {edge for edge, wire in scene.wires.items() if wire.course != before[edge]}
    assert changed == {*graph.incoming["relu3"], *graph.outgoing["relu3"]}


# Heat map


def test_the_heat_map_shows_shares_and_a_legend(page: NetworkPage) -> None:
    canvas, legend = page.canvas, page.findChild(QWidget, "network.heat.legend")
    fix = page.editor.analysis.errors[0]
    page.editor.fix(fix, fix.fixes[0])
    blocks = canvas.network_scene.blocks
    usual = blocks["b"].color().name()
    assert not legend.isVisible()
    QTest.keyClick(canvas, Qt.Key.Key_H)
    assert page.dock.heat.cost == "parameters"
    assert legend.isVisible()
    shares = [item.share.whole for item in blocks.values()]
    assert sum(shares) == pytest.approx(1)
    assert blocks["b"].share.whole == pytest.approx(320 / page.editor.analysis.parameters)
    assert blocks["d"].share.strength == 1
    assert blocks["d"].color().name() == themes().current.sequential[-1].name()
    assert "0 %" in legend.accessibleName()
    page.editor.select(["b"])
    page.editor.set_field("out_channels", 64)
    assert blocks["b"].share.whole == pytest.approx(640 / page.editor.analysis.parameters)
    for _ in range(3):
        QTest.keyClick(canvas, Qt.Key.Key_H)
    assert page.dock.heat.cost is None
    assert not legend.isVisible()
    assert blocks["b"].color().name() == usual


# Memory


def test_memory_is_told_for_the_batch_that_is_chosen(page: NetworkPage, tmp_path: Path) -> None:
    problem = page.editor.analysis.errors[0]
    page.editor.fix(problem, problem.fixes[0])
    summary = page.dock.summary.summary
    size = page.document.project.training.batch_size
    assert page.dock.batch.value() == size
    totals = page.findChild(QLabel, "network.totals")
    page.dock.batch.setValue(4)
    assert summary.text("b", 6) == "392 KiB"
    assert f"{4 * page.editor.analysis.memory / 2**20:.2f} MiB" in totals.full_text()
    assert "Activations of a batch of 4" in totals.toolTip()
    assert "Optimizer (Adam" in totals.toolTip()
    summary.write_csv(tmp_path / "summary.csv")
    lines = (tmp_path / "summary.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith("Memory of 4 (bytes)")
    assert lines[2].endswith(f",{4 * 4 * 32 * 28 * 28}")
    training = page.document.project.training.changed(batch_size=16)
    page.document.edit("Batch", page.document.project.changed(training=training))
    assert page.dock.batch.value() == 16


def test_the_summary_sorts_and_comes_back(page: NetworkPage) -> None:
    view = page.dock.summary

    def names() -> list[str]:
        return [view.model().index(row, 0).data() for row in range(view.model().rowCount())]

    flow = names()
    view.horizontalHeader().sectionClicked.emit(4)
    view.horizontalHeader().sectionClicked.emit(4)
    assert names()[0] == "conv1"
    view.horizontalHeader().sectionClicked.emit(4)
    assert names() == flow


# What a repair would do


def enter(widget: QWidget) -> None:
    here = QPointF(3, 3)
    QApplication.sendEvent(widget, QEnterEvent(here, here, here))


def leave(widget: QWidget) -> None:
    QApplication.sendEvent(widget, QEvent(QEvent.Type.Leave))


def test_a_repair_is_shown_before_it_is_chosen(page: NetworkPage) -> None:
    canvas = page.canvas
    button = page.findChild(QPushButton, "network.bubble.fix")
    outlook = page.findChild(QLabel, "network.outlook")
    graph, plain = page.editor.graph, canvas.viewport().grab().toImage()
    enter(button)
    assert outlook.isVisible()
    assert outlook.text().splitlines() == [
        "flat1: Flatten, 32×28×28 → 25088",
        "fc1: no shape → 10",
        "Parameters: 320 → 251,210",
        "No problem is left",
    ]
    assert button.accessibleDescription() == outlook.text()
    assert canvas.viewport().grab().toImage() != plain, "the block that is added is drawn"
    assert page.editor.graph is graph
    leave(button)
    assert not outlook.isVisible()
    assert canvas.viewport().grab().toImage() == plain


def test_a_repair_is_shown_while_its_button_has_the_focus(page: NetworkPage) -> None:
    button = page.findChild(QPushButton, "network.bubble.fix")
    outlook = page.findChild(QLabel, "network.outlook")
    button.setFocus(Qt.FocusReason.TabFocusReason)
    assert outlook.isVisible()
    page.canvas.setFocus(Qt.FocusReason.TabFocusReason)
    assert not outlook.isVisible()


def test_further_repairs_are_shown_from_their_menu(page: NetworkPage) -> None:
    outlook = page.findChild(QLabel, "network.outlook")
    more = page.findChild(QPushButton, "network.bubble.more")
    QTest.mouseClick(more, Qt.MouseButton.LeftButton)
    menu = page.findChild(QMenu, "network.fixes")
    assert [action.text() for action in menu.actions()] == ["Insert GlobalAvgPool"]
    menu.setActiveAction(menu.actions()[0])
    menu.hovered.emit(menu.actions()[0])
    assert outlook.text().startswith("pool1: GlobalAvgPool, 32×28×28 → 32")
    menu.close()
    assert not outlook.isVisible()


def test_the_problem_list_shows_what_a_repair_would_do(page: NetworkPage) -> None:
    page.dock.show_tab("problems")
    button = page.dock.problems.findChild(QPushButton, "network.problem.fix")
    outlook = page.findChild(QLabel, "network.outlook")
    enter(button)
    assert outlook.isVisible()
    button.click()
    assert not outlook.isVisible()
    assert not page.editor.analysis.errors
    page.document.undo()
    assert page.editor.analysis.errors


def test_the_menu_of_a_block_shows_what_its_repairs_would_do(page: NetworkPage) -> None:
    page.editor.select(["d"])
    outlook = page.findChild(QLabel, "network.outlook")
    page.canvas.menu_wanted.emit(page.canvas.mapToGlobal(page.canvas.rect().center()), QPointF())
    menu = page.findChild(QMenu, "network.menu")
    menu.hovered.emit(menu.actions()[0])
    assert outlook.text().startswith("flat1: Flatten")
    menu.hovered.emit(menu.actions()[-1])
    assert not outlook.isVisible()
    menu.close()


# Shared weights


def test_shared_weights_are_drawn_as_a_link(page: NetworkPage) -> None:
    scene, graph = page.canvas.network_scene, page.editor.graph
    assert not scene.links
    graph = add(graph, Conv2d(), "a", name="twin")[0]
    page.editor.apply("Add", graph.move({"twin": (480.0, 96.0)}))
    twin = page.editor.graph.nodes["twin"]
    page.editor.apply("Share", page.editor.graph.put(replace(twin, shares="b")))
    link = scene.links["twin"]
    bounds = link.boundingRect()
    for key in ("b", "twin"):
        assert bounds.intersects(scene.blocks[key].area)
    scene.preview({"twin": (480.0, 480.0)})
    assert link.boundingRect().bottom() > bounds.bottom() + 300
    page.document.undo()
    assert not scene.links


def test_links_follow_the_address_of_the_owner() -> None:
    graph, _ = add(Graph(), Input(field="image"), name="a")
    graph, _ = add(graph, Conv2d(), "a", name="group")
    for name, shares in (("near", "a"), ("inside", "group/x/y"), ("gone", "nobody"), ("own", None)):
        graph, _ = add(graph, Conv2d(), "a", name=name)
        graph = graph.put(replace(graph.nodes[name], shares=shares))
    assert owners_in_sight(graph, ()) == {"near": "a", "inside": "group"}
    assert owners_in_sight(graph, ("group",)) == {}
    assert owners_in_sight(graph, ("group", "x")) == {}
    graph = graph.put(replace(graph.nodes["near"], shares="group/a"))
    assert owners_in_sight(graph, ("group",)) == {"near": "a"}
