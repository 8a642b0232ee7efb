"""A network page with a small chain, and a hand that uses the mouse on its canvas."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import modelstudio.layers  # noqa: F401  fills the registry
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.fields import FieldSpec
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.network import NetworkPage
from modelstudio.ui.pages.network.canvas import Canvas
from modelstudio.ui.pages.network.scene import PortRef

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


class Hand:
    """Presses, drags and clicks at places of the canvas, in its viewport."""

    def __init__(self, canvas: Canvas):
        self.canvas = canvas

    def at(self, point: QPointF) -> QPoint:
        """Return where a place of the canvas is in the viewport."""
        return self.canvas.mapFromScene(point)

    def block(self, node_id: str) -> QPointF:
        """Return a place inside a block, off its ports."""
        return self.canvas.network_scene.blocks[node_id].pos() + QPointF(110, 38)

    def port(self, node_id: str, port: str, kind: str) -> QPointF:
        """Return the place of a port."""
        point = self.canvas.network_scene.port_point(PortRef(node_id, port, kind))
        assert point is not None
        return point

    def click(self, point: QPointF, modifiers: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseClick(self.canvas.viewport(), LEFT, modifiers, self.at(point))

    def double_click(self, point: QPointF) -> None:
        """Click twice: the second press arrives as a double click."""
        self.click(point)
        QTest.mouseDClick(self.canvas.viewport(), LEFT, NONE, self.at(point))

    def press(self, point: QPointF, button: Qt.MouseButton = LEFT) -> None:
        QTest.mousePress(self.canvas.viewport(), button, NONE, self.at(point))

    def move(self, point: QPointF, button: Qt.MouseButton = LEFT) -> None:
        """Move with a button held, as the window system reports it."""
        where = QPointF(self.at(point))
        view = self.canvas.viewport()
        place = QPointF(view.mapToGlobal(where.toPoint()))
        kind = QEvent.Type.MouseMove
        QApplication.sendEvent(view, QMouseEvent(kind, where, place, button, button, NONE))

    def release(self, point: QPointF, button: Qt.MouseButton = LEFT) -> None:
        QTest.mouseRelease(self.canvas.viewport(), button, NONE, self.at(point))

    def drag(
        self,
        start: QPointF,
        end: QPointF,
        button: Qt.MouseButton = LEFT,
        modifiers: Qt.KeyboardModifier = NONE,
    ) -> None:
        """Press, go half way, go there, let go; where the ends are is settled beforehand."""
        view = self.canvas.viewport()
        places = [self.at(start), (self.at(start) + self.at(end)) / 2, self.at(end)]
        QTest.mousePress(view, button, modifiers, places[0])
        for place in places[1:]:
            where, whole = QPointF(place), QPointF(view.mapToGlobal(place))
            kind = QEvent.Type.MouseMove
            QApplication.sendEvent(view, QMouseEvent(kind, where, whole, button, button, modifiers))
        QTest.mouseRelease(view, button, modifiers, places[2])


def node(node_id: str, name: str, kind: str, y: float, x: float = 0.0, **fields: object) -> Node:
    layer = Layer.find(kind)
    assert layer is not None
    return Node(node_id, name, layer(**fields), (x, y))


def chain() -> Graph:
    """An image goes through conv1 and relu1 straight into fc1, which needs a Flatten before it."""
    graph = Graph()
    for made in (
        node("a", "input1", "Input", 0, field="image"),
        node("b", "conv1", "Conv2d", 96),
        node("c", "relu1", "ReLU", 192),
        node("d", "fc1", "Linear", 288, out_features=10),
        node("e", "output1", "Output", 384),
    ):
        graph = graph.add(made)
    for source, target in ("ab", "bc", "cd", "de"):
        out = graph.nodes[source].layer.output_ports()[0].name
        into = graph.nodes[target].layer.input_ports()[0].name
        graph = graph.connect(Edge(source, out, target, into))
    return graph


FIELDS = (
    FieldSpec(name="image", role="input", kind="features", shape=(1, 28, 28)),
    FieldSpec(name="label", role="target", kind="classes", shape=(), classes=tuple("abcdefghij")),
)


@pytest.fixture
def open_page(window: MainWindow) -> Callable[..., NetworkPage]:
    """Return a function that opens a network in the window."""

    def opened(graph: Graph, fields: tuple[FieldSpec, ...] = FIELDS) -> NetworkPage:
        window.document.new(Project(network=graph, data=DataConfig(fields=fields)))
        window.go("network")
        QApplication.processEvents()
        page = window.page("network")
        assert isinstance(page, NetworkPage)
        page.canvas.fit()
        return page

    return opened


@pytest.fixture
def page(open_page: Callable[..., NetworkPage]) -> NetworkPage:
    return open_page(chain())


@pytest.fixture
def hand(page: NetworkPage) -> Hand:
    return Hand(page.canvas)


@pytest.fixture
def hand_on() -> Callable[[NetworkPage], Hand]:
    """Return a function that gives a hand on the canvas of a page."""
    return lambda page: Hand(page.canvas)


@pytest.fixture
def chain_graph() -> Graph:
    return chain()
