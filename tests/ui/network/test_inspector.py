"""The inspector: shared weights, several blocks at once, names, folds and switches."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from modelstudio.network.graph import Edge, Graph
from modelstudio.ui.pages.network import NetworkPage
from modelstudio.ui.pages.network.sketch import Sketch
from modelstudio.ui.theme import themes
from tests.ui.network.conftest import node


def twins() -> Graph:
    """Return a network with two Linear layers of the same size and one of another."""
    graph = Graph()
    for made in (
        node("a", "input1", "Input", 0, field="image"),
        node("b", "flat1", "Flatten", 96),
        node("c", "fc1", "Linear", 192, out_features=784),
        node("d", "fc2", "Linear", 288, out_features=784),
        node("e", "fc3", "Linear", 384, out_features=10),
        node("f", "output1", "Output", 480),
    ):
        graph = graph.add(made)
    for start, end in ("ab", "bc", "cd", "de", "ef"):
        out = graph.nodes[start].layer.output_ports()[0].name
        into = graph.nodes[end].layer.input_ports()[0].name
        graph = graph.connect(Edge(start, out, end, into))
    return graph


@pytest.fixture
def page(open_page: Callable[[Graph], NetworkPage]) -> NetworkPage:
    return open_page(twins())


def choose(page: NetworkPage, text: str) -> None:
    """Choose whose weights the selected block uses, by keys."""
    box = page.inspector.form.shares
    box.setFocus()
    wanted = box.findText(text)
    assert wanted >= 0, [box.itemText(i) for i in range(box.count())]
    for _ in range(abs(wanted - box.currentIndex())):
        QTest.keyClick(box, Qt.Key.Key_Down if wanted > box.currentIndex() else Qt.Key.Key_Up)


def test_weights_are_shared_and_given_back(page: NetworkPage) -> None:
    page.editor.select(["d"])
    box = page.inspector.form.shares
    texts = [box.itemText(i) for i in range(box.count())]
    assert texts == ["Own", "Shared with fc1"]
    before = page.editor.whole.parameters
    choose(page, "Shared with fc1")
    assert page.editor.graph.nodes["d"].shares == "c"
    assert page.document.undo_label == "Share weights of fc2 with fc1"
    assert page.editor.whole.parameters == before - (784 * 784 + 784)
    choose(page, "Own")
    assert page.editor.graph.nodes["d"].shares is None
    page.document.undo()
    assert page.inspector.form.shares.currentText() == "Shared with fc1"


def test_an_owner_cannot_use_the_weights_of_another(page: NetworkPage) -> None:
    refused: list[str] = []
    page.editor.refused.connect(refused.append)
    page.editor.select(["d"])
    choose(page, "Shared with fc1")
    page.editor.select(["c"])
    assert page.inspector.form.shares.isHidden()
    third = node("g", "fc4", "Linear", 600, out_features=784)
    graph = page.editor.graph.add(third).connect(Edge("b", "y", "g", "x"))
    page.editor.apply("Add", graph, select=["c"])
    choose(page, "Shared with fc4")
    assert refused == ["fc2 uses the weights of fc1, so fc1 cannot use those of another block."]
    assert page.inspector.form.shares.currentText() == "Own"


def test_shared_weights_of_another_size_are_a_sentence(page: NetworkPage) -> None:
    page.editor.select(["d"])
    choose(page, "Shared with fc1")
    page.editor.set_field("out_features", 12)
    said = page.editor.analysis.errors[0]
    assert "shares weights" in said.message
    assert said.fixes[0].label == "Give it weights of its own"


def test_several_blocks_show_what_they_have_in_common(page: NetworkPage) -> None:
    page.editor.select(["c", "e"])
    form = page.inspector.form
    field = form.fields.editor("out_features")
    assert field.lineEdit().placeholderText() == "mixed"
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "32")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert {page.editor.graph.nodes[key].layer.out_features for key in "ce"} == {32}
    assert page.document.undo_label == "Set out features of 2 blocks"

    conv = node("g", "conv1", "Conv2d", 600, bias=False)
    page.editor.apply("Add", page.editor.graph.add(conv), select=["c", "g"])
    form = page.inspector.form
    assert set(form.fields.fields) == {"bias", "weights"}
    assert form.fields.editor("bias").mixed
    QTest.mouseClick(form.fields.editor("bias"), Qt.MouseButton.LeftButton)
    states = {page.editor.graph.nodes[key].layer.bias for key in "cg"}
    assert len(states) == 1


def test_switches_of_several_blocks_are_mixed(page: NetworkPage) -> None:
    page.editor.select(["c"])
    QTest.mouseClick(page.inspector.form.frozen, Qt.MouseButton.LeftButton)
    assert page.editor.graph.nodes["c"].frozen
    page.editor.select(["c", "d"])
    assert page.inspector.form.frozen.mixed
    page.editor.select(["d", "e"])
    assert not page.inspector.form.frozen.mixed


def test_the_advanced_fold_is_kept_from_block_to_block(page: NetworkPage) -> None:
    page.editor.select(["c"])
    page.inspector.form.fields.advanced.set_folded(False)
    page.editor.select(["d"])
    assert not page.inspector.form.fields.advanced.folded


def test_a_name_that_is_taken_is_refused_in_words(page: NetworkPage, qtbot: QtBot) -> None:
    page.editor.select(["c"])
    field = page.inspector.form.name_field
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "fc2")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert page.editor.graph.nodes["c"].name == "fc1"
    assert "already called fc2" in page.inspector.form._name_error.text()


def test_a_small_window_at_large_text_needs_no_sideways_scrolling(
    open_page: Callable[[Graph], NetworkPage],
) -> None:
    conv = node("g", "conv1", "Conv2d", 96)
    page = open_page(Graph().add(conv))
    page.main.resize(1280, 720)
    page.editor.select(["g"])
    page.inspector.form.fields.advanced.set_folded(False)
    area = page.inspector.area
    try:
        for scale in (1.0, 1.5):
            themes().set_mode("dark", scale)
            QApplication.processEvents()
            assert page.inspector.width() >= 264 * (1 if scale == 1 else 1.2)
            assert area.widget().minimumSizeHint().width() <= area.viewport().width()
            assert page.canvas.width() >= 640
    finally:
        themes().set_mode("dark", 1.0)


def test_the_chain_opens_three_numbers_and_closes_them_again(
    open_page: Callable[[Graph], NetworkPage],
) -> None:
    page = open_page(Graph().add(node("g", "conv1", "Conv3d", 96)))
    page.editor.select(["g"])
    field = page.inspector.form.fields.editor("kernel_size")
    parts = [field.findChild(QWidget, f"network.form.kernel_size.{i}") for i in range(3)]
    chain = field.findChild(QAbstractButton, "network.form.kernel_size.chain")
    assert [part.isHidden() for part in parts] == [False, True, True]

    def write(part: QWidget, text: str) -> None:
        part.setFocus()
        part.selectAll()
        QTest.keyClicks(part, text)
        QTest.keyClick(part, Qt.Key.Key_Return)

    write(parts[0], "5")
    assert page.editor.graph.nodes["g"].layer.kernel_size == (5, 5, 5)
    QTest.mouseClick(chain, Qt.MouseButton.LeftButton)
    assert not any(part.isHidden() for part in parts)
    write(parts[2], "1")
    assert page.editor.graph.nodes["g"].layer.kernel_size == (5, 5, 1)
    page.document.undo()
    assert [part.isHidden() for part in parts] == [False, True, True]


@pytest.mark.parametrize(
    ("kind", "field", "text"), [("Conv2d", "dilation", "2"), ("Dropout", "p", "0.9")]
)
def test_the_drawing_of_the_help_card_follows_the_value(
    open_page: Callable[[Graph], NetworkPage], kind: str, field: str, text: str
) -> None:
    page = open_page(Graph().add(node("g", "block1", kind, 96)))
    page.editor.select(["g"])
    form = page.inspector.form
    if form.fields.advanced is not None:
        form.fields.advanced.set_folded(False)
    editor = form.fields.editor(field)
    taker = editor.focusProxy() or editor
    QApplication.sendEvent(taker, QFocusEvent(QEvent.Type.FocusIn))
    card = form.findChild(QWidget, "network.help")
    assert not card.isHidden()
    before = card.findChild(Sketch).grab().toImage()
    taker.selectAll()
    QTest.keyClicks(taker, text)
    QTest.keyClick(taker, Qt.Key.Key_Return)
    assert card.findChild(Sketch).grab().toImage() != before
