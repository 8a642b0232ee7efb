"""Python blocks in the window: nothing runs before it is trusted, then shapes come from a job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from modelstudio.layers.custom import TEMPLATE, Custom
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.project.model import Project
from modelstudio.trust import forget, trust, trusted
from modelstudio.ui.info_dialogs import SettingsDialog
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.network import NetworkPage
from modelstudio.ui.pages.network.source_dialog import SourceDialog
from tests.ui.network.conftest import Hand, node

LEFT = Qt.MouseButton.LeftButton


def source_for(mark: Path) -> str:
    """Return code that leaves a mark as soon as it runs."""
    return f"from pathlib import Path\nPath({str(mark)!r}).touch()\n{TEMPLATE}"


def drawn(source: str) -> Graph:
    graph = Graph()
    blocks = (
        node("a", "input1", "Input", 0, field="image"),
        node("b", "flat1", "Flatten", 96),
        node("c", "block1", "Custom", 192, source=source),
        node("d", "fc1", "Linear", 288, out_features=10),
        node("e", "output1", "Output", 384),
    )
    for made in blocks:
        graph = graph.add(made)
    for start, end in ("ab", "bc", "cd", "de"):
        out = graph.nodes[start].layer.output_ports()[0].name
        into = graph.nodes[end].layer.input_ports()[0].name
        graph = graph.connect(Edge(start, out, end, into))
    return graph


def with_torch(page: NetworkPage) -> None:
    """Let the window believe that torch is loaded, as its warm-up would."""
    page.main._warmed(())


def in_dialog(act: Callable[[SourceDialog], object]) -> None:
    """Do something with the code dialog as soon as it is open."""

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, SourceDialog):
            act(dialog)
        else:
            QTimer.singleShot(5, look)

    QTimer.singleShot(0, look)


def press(dialog: SourceDialog, name: str) -> None:
    button = dialog.findChild(QPushButton, f"network.source.{name}")
    assert button is not None
    QTest.mouseClick(button, LEFT)


def test_code_waits_and_runs_when_trusted(
    open_page: Callable[[Graph], NetworkPage], tmp_path: Path, qtbot: QtBot
) -> None:
    mark = tmp_path / "mark"
    page = open_page(drawn(source_for(mark)))
    with_torch(page)
    page.editor.select(["c"])
    assert page.editor.info("c").state == "waiting"
    assert page.editor.analysis.errors[0].untrusted == source_for(mark)
    assert page.inspector.trust.isVisibleTo(page)
    assert page.canvas.network_scene.blocks["c"].shape_text() == "not run"
    assert not mark.exists()

    in_dialog(lambda dialog: press(dialog, "run"))
    QTest.mouseClick(page.inspector.trust.run, LEFT)
    assert trusted(source_for(mark))
    qtbot.waitUntil(lambda: page.editor.info("c").outputs == (("B", 784),), timeout=20_000)
    assert mark.exists()
    assert page.editor.info("e").state == "ok"
    assert page.inspector.trust.isHidden()
    assert not page.editor.analysis.errors
    qtbot.waitUntil(lambda: not page.main.jobs.running)


def test_a_cancelled_dialog_trusts_nothing(
    open_page: Callable[[Graph], NetworkPage], tmp_path: Path
) -> None:
    source = source_for(tmp_path / "mark")
    page = open_page(drawn(source))
    page.editor.select(["c"])
    bubble = page.canvas.bubble.findChild(QPushButton, "network.bubble.fix")
    assert bubble.text() == "Trust and run..."
    page.dock.show_tab("problems")
    QApplication.processEvents()
    row = page.dock.findChild(QPushButton, "network.problem.trust")
    openers = (page.inspector.trust.run, bubble, row)
    for name, opener in zip(("cancel", "check", "cancel"), openers, strict=True):

        def act(dialog: SourceDialog, name: str = name) -> None:
            press(dialog, name)
            if name == "check":
                assert "Gate takes x. Settings: sharpness = 1.0." in dialog.said.text()
                QTest.keyClick(dialog, Qt.Key.Key_Escape)

        in_dialog(act)
        QTest.mouseClick(opener, LEFT)
        assert not trusted(source)
        assert page.inspector.trust.isVisibleTo(page)
    assert not (tmp_path / "mark").exists()


def test_a_double_click_opens_the_code_and_an_edit_can_be_undone(
    open_page: Callable[[Graph], NetworkPage], hand_for: Callable[[NetworkPage], Hand]
) -> None:
    page = open_page(drawn(TEMPLATE))

    def write(dialog: SourceDialog) -> None:
        text = TEMPLATE.replace("forward(self, x)", "forward(self, left, right)")
        dialog.editor.setPlainText(text.replace("(x)", "(left)").replace("x *", "right *"))
        assert dialog.findChild(QPushButton, "network.source.run").text() == "Trust and run"
        press(dialog, "keep")

    in_dialog(write)
    hand = hand_for(page)
    hand.double_click(hand.block("c"))
    layer = page.editor.graph.nodes["c"].layer
    assert [port.name for port in layer.input_ports()] == ["left", "right"]
    assert not page.editor.graph.incoming["c"]
    assert page.document.undo_label == "Change code of block1"
    page.document.undo()
    assert page.editor.graph.nodes["c"].layer == Custom()
    assert page.editor.graph.incoming["c"]


def test_broken_code_is_told_at_its_line_and_stays_open(
    open_page: Callable[[Graph], NetworkPage],
) -> None:
    page = open_page(drawn(TEMPLATE))
    page.editor.select(["c"])

    def act(dialog: SourceDialog) -> None:
        editor = dialog.editor
        editor.setPlainText("x = 1\nclass Block(:\n")
        press(dialog, "run")
        assert dialog.isVisible()
        assert "mistake in line 2" in dialog.said.text()
        assert editor.textCursor().blockNumber() == 1
        editor.setPlainText("")
        QTest.keyClicks(editor, "def f():")
        QTest.keyClick(editor, Qt.Key.Key_Return)
        QTest.keyClicks(editor, "return 1")
        QTest.keyClick(editor, Qt.Key.Key_Tab)
        assert editor.toPlainText() == "def f():\n    return 1    "
        press(dialog, "cancel")

    in_dialog(act)
    code = page.inspector.form.code
    QTest.mouseClick(code.edit, LEFT)
    assert page.editor.graph.nodes["c"].layer == Custom()


def test_settings_of_the_code_are_edited_in_the_inspector(
    open_page: Callable[[Graph], NetworkPage], qtbot: QtBot
) -> None:
    page = open_page(drawn(TEMPLATE))
    page.editor.select(["c"])
    field = page.inspector.form.code.form.editor("set_sharpness")
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "2.5")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert page.editor.graph.nodes["c"].layer.values() == {"sharpness": 2.5}
    page.document.undo()
    assert field.text() == "1"


def test_a_fault_inside_is_a_sentence_of_the_block(
    open_page: Callable[[Graph], NetworkPage], qtbot: QtBot
) -> None:
    source = TEMPLATE.replace("return x *", "return x.nothing *")
    trust(source)
    page = open_page(drawn(source))
    with_torch(page)
    qtbot.waitUntil(lambda: bool(page.editor.analysis.errors), timeout=20_000)
    said = page.editor.analysis.errors[0].message
    assert said.startswith("block1 raises AttributeError in line 14")
    assert page.editor.info("c").state == "error"
    qtbot.waitUntil(lambda: not page.main.jobs.running)


def test_code_inside_a_group_is_read_and_trusted_from_outside(
    open_page: Callable[[Graph], NetworkPage], tmp_path: Path
) -> None:
    source = source_for(tmp_path / "mark")
    page = open_page(drawn(source))
    page.editor.select(["c", "d"])
    page.actions_["network.group"].trigger()
    (group,) = page.editor.selection
    page.editor.select([group])
    assert page.inspector.trust.isVisibleTo(page)

    def act(dialog: SourceDialog) -> None:
        assert dialog.editor.isReadOnly()
        assert dialog.editor.toPlainText() == source
        assert dialog.findChild(QPushButton, "network.source.keep").isHidden()
        press(dialog, "run")

    in_dialog(act)
    QTest.mouseClick(page.inspector.trust.run, LEFT)
    assert trusted(source)
    assert page.inspector.trust.isHidden()
    assert not (tmp_path / "mark").exists()


def test_trust_is_taken_back_at_the_block_and_in_the_settings(
    open_page: Callable[[Graph], NetworkPage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_for(tmp_path / "mark")
    trust(source)
    page = open_page(drawn(source))
    page.editor.select(["c"])
    card = page.inspector.form.code
    QTest.mouseClick(card.distrust, LEFT)
    assert not trusted(source)
    assert card.distrust.isHidden()
    assert page.inspector.trust.isVisibleTo(page)
    trust(source)
    page.editor.look_again()
    assert not card.distrust.isHidden()
    assert page.inspector.trust.isHidden()

    def press_and_close(dialog: SettingsDialog) -> str:
        button = dialog.findChild(QPushButton, "settings.distrust")
        assert dialog.findChild(QLabel, "settings.trusted").text() == "1 text is trusted"
        QTest.mouseClick(button, LEFT)
        assert not button.isEnabled()
        return "close"

    monkeypatch.setattr(SettingsDialog, "run", press_and_close)
    page.main._ask_settings()
    assert not trusted(source)
    assert page.inspector.trust.isVisibleTo(page)


def test_training_waits_for_trust_and_for_code_without_faults(
    window: MainWindow, penguins: Project, qtbot: QtBot
) -> None:
    source = TEMPLATE + "\n"
    graph = penguins.network
    (wire,) = graph.incoming[next(n.id for n in graph.nodes.values() if n.layer.answers)]
    (edge,) = graph.incoming[wire.source]

    def project(code: str) -> Project:
        made = Node("code", "gate", Custom(source=code))
        return penguins.changed(network=graph.insert(made, edge))

    window.document.new(project(source))
    window.go("network")
    page = window.page("network")
    window._warmed(())
    assert "gate runs Python that you have not trusted" in window.run_controller.block_reason
    page.editor.select(["code"])
    in_dialog(lambda dialog: press(dialog, "run"))
    QTest.mouseClick(page.inspector.trust.run, LEFT)
    qtbot.waitUntil(lambda: not window.run_controller.block_reason, timeout=20_000)

    faulty = source.replace("return x *", "return x.nothing *")
    trust(faulty)
    window.document.edit("Change", project(faulty))
    qtbot.waitUntil(lambda: "AttributeError" in window.run_controller.block_reason, timeout=20_000)
    window.document.undo()
    qtbot.waitUntil(lambda: not window.run_controller.block_reason)
    qtbot.waitUntil(lambda: not window.jobs.running)


def test_changed_code_in_a_file_is_untrusted_again(
    open_page: Callable[[Graph], NetworkPage],
) -> None:
    source = TEMPLATE + "\n"
    trust(source)
    assert not open_page(drawn(source)).editor.analysis.errors
    page = open_page(drawn(source + "\n"))
    assert page.editor.analysis.errors[0].untrusted == source + "\n"
    forget()


@pytest.fixture
def hand_for() -> Callable[[NetworkPage], Hand]:
    return lambda page: Hand(page.canvas)
