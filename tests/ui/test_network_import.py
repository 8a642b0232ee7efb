"""Import network...: by menu and by drop, asked about where it must be, undone in one step."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QPlainTextEdit, QPushButton
from pytestqt.qtbot import QtBot

from modelstudio.engine import network_import as engine
from modelstudio.engine.events import Progress
from modelstudio.engine.results import ImportReport, Unmapped
from modelstudio.errors import ImportFailed
from modelstudio.layers import Input, Linear, Output
from modelstudio.network.graph import Graph, Node
from modelstudio.project.model import Project
from modelstudio.trust import trusted
from modelstudio.ui import network_import
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.network_import import ImportDialog, TrustDialog, Wishes

CODE = "from torch import nn\nclass Net(nn.Module): pass\nclass Later(nn.Module): pass\n"


def network() -> Graph:
    layers = (Input(), Linear(out_features=3), Output())
    return Graph({f"n{i}": Node(f"n{i}", f"b{i}", layer) for i, layer in enumerate(layers)})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Stand in for the work in another process; keep what it was asked."""
    calls: list[dict[str, Any]] = []

    def import_network(
        source: Path, name: str = "", *, onto: Project | None = None, **more: Any
    ) -> Generator[Progress, None, ImportReport]:
        calls.append({"source": source, "name": name, "onto": onto, **more})
        yield Progress("Reading", 1, 2)
        project = (onto or Project(name="net")).changed(network=network())
        lost = (Unmapped("b1", "onnx.Det", "The palette has no block for Det."),)
        return ImportReport(project, 3, lost, 12, None, None, ("A note.",))

    monkeypatch.setattr(engine, "import_network", import_network)
    return calls


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"network")
    return path


def imported(window: MainWindow) -> bool:
    return (
        not window.files.network_import.running and len(window.document.project.network.nodes) == 3
    )


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left, none = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    event = QDropEvent(QPointF(9, 9), copy, data, left, none)
    window.dropEvent(event)
    assert event.isAccepted()


def test_the_menu_imports_a_file_as_a_new_project(
    window: MainWindow,
    asked: list[dict[str, Any]],
    file: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    assert window.actions_["project.import"] in window.top_bar.menu.actions()
    window.actions_["project.import"].trigger()
    qtbot.waitUntil(lambda: imported(window), timeout=10_000)
    assert asked == [
        {"source": file, "name": "", "onto": None, "place": None, "shapes": (), "arguments": {}}
    ]
    (toast,) = window.toasts.shown
    assert toast is not None
    window.toasts.clear()


def test_a_dropped_file_takes_the_place_of_the_network_in_one_step(
    window: MainWindow,
    asked: list[dict[str, Any]],
    file: Path,
    qtbot: QtBot,
    churn: Project,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window.document.new(churn)
    before = window.document.project
    monkeypatch.setattr(ImportDialog, "ask", classmethod(lambda cls, *_: Wishes("", {}, (), True)))
    drop(window, file)
    qtbot.waitUntil(lambda: imported(window), timeout=10_000)
    assert asked[0]["onto"] == before
    assert window.document.project.data == before.data
    assert window.document.undo_label == "Import net.onnx"
    window.document.undo()
    assert window.document.project.network == before.network
    window.toasts.clear()


def test_python_is_asked_about_before_it_runs(
    window: MainWindow,
    asked: list[dict[str, Any]],
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "net.py"
    path.write_text(CODE)
    answers = iter([False, True])
    shown: list[tuple[Path, str]] = []
    offered: list[str] = []

    def wish(cls: type, parent: object, path: Path, classes: list[str], open_: bool) -> Wishes:
        offered.append(classes[0])
        return Wishes("Net", {"a": 1}, ((3,),), False)

    monkeypatch.setattr(ImportDialog, "ask", classmethod(wish))

    def ask(cls: type, parent: object, where: Path, source: str) -> bool:
        shown.append((where, source))
        return next(answers)

    monkeypatch.setattr(TrustDialog, "ask", classmethod(ask))
    window.files.open(path)
    assert not asked
    assert not trusted(CODE)
    window.files.open(path.with_name("net.py:Net"))
    assert offered == ["Later", "Net"], "the one that is named comes first"
    qtbot.waitUntil(lambda: imported(window), timeout=10_000)
    assert shown == [(path.resolve(), CODE)] * 2
    assert trusted(CODE)
    assert (asked[0]["name"], asked[0]["shapes"]) == ("Net", ((3,),))
    window.toasts.clear()


def test_the_trust_dialog_shows_path_and_code(window: MainWindow, tmp_path: Path) -> None:
    dialog = TrustDialog(window, tmp_path / "net.py", CODE)
    code = dialog.findChild(QPlainTextEdit, "trust_dialog.code")
    assert code is not None
    assert code.toPlainText() == CODE
    assert code.isReadOnly()
    texts = [child.text() for child in dialog.findChildren(network_import.label("").__class__)]
    assert str(tmp_path / "net.py") in texts
    cancel = dialog.findChild(QPushButton, "trust_dialog.cancel")
    assert cancel is not None
    assert cancel.isDefault(), "the safe answer is the default"
    dialog.deleteLater()


def test_cancel_gives_the_import_up(
    window: MainWindow, file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []

    def endless(*_: Any, **__: Any) -> Generator[Progress, None, None]:
        try:
            while True:
                yield Progress("Reading")
        finally:
            ended.append(True)

    monkeypatch.setattr(engine, "import_network", endless)
    importing = window.files.network_import
    importing.open(file)
    qtbot.waitUntil(lambda: importing.progress is not None and importing.progress.isVisible())
    assert importing.progress is not None
    importing.progress.panel.cancel.click()
    qtbot.waitUntil(lambda: bool(ended) and not window.jobs.running, timeout=10_000)
    assert importing.progress is None
    assert not window.document.is_open


def test_a_bad_file_is_told_in_a_sentence(
    window: MainWindow, file: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def refuse(*_: Any, **__: Any) -> Generator[Progress, None, None]:
        yield Progress("Reading")
        raise ImportFailed("net.onnx is not an ONNX file, or it is cut off.")

    monkeypatch.setattr(engine, "import_network", refuse)
    monkeypatch.setattr(window, "show_error", lambda error, title="": told.append(error.message))
    window.files.open(file)
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert told == ["net.onnx is not an ONNX file, or it is cut off."]
    empty = file.with_name("empty.py")
    empty.write_text("x = 1\n")
    window.files.open(empty)
    assert told[1] == "empty.py has no class."


def test_the_dialog_refuses_what_is_no_shape(window: MainWindow, file: Path) -> None:
    dialog = ImportDialog(window, file.with_suffix(".py"), ["Net", "Other"], True)
    dialog.shapes.setText("3,x")
    button = dialog.findChild(QPushButton, "import_dialog.import")
    assert button is not None
    button.click()
    assert dialog.answer == ""
    dialog.shapes.setText("3, 8; 4")
    dialog.arguments.setText("[]")
    button.click()
    assert dialog.answer == ""
    dialog.arguments.setText('{"width": 4}')
    dialog.place.setCurrentIndex(1)
    button.click()
    assert dialog.answer == "import"
    assert dialog.wishes() == Wishes("Net", {"width": 4}, ((3, 8), (4,)), True)
    dialog.deleteLater()
