"""The way into the window: the demo, a project on the command line, errors nobody foresaw."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from modelstudio.engine.results import Draft
from modelstudio.project.files import save_project
from modelstudio.project.model import Project
from modelstudio.ui import app
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.widgets import MessageDialog


def test_main_opens_a_project_and_ends_with_its_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: QApplication
) -> None:
    path = tmp_path / "loans.mstudio"
    save_project(Project(name="loans"), path)
    seen: list[tuple[Path | None, bool]] = []

    def window() -> MainWindow:
        made = MainWindow(warm_up=False)

        def end() -> None:
            seen.append((made.document.path, made.isVisible()))
            made.close()
            made.deleteLater()

        def opened() -> None:
            if made.document.is_open:
                QTimer.singleShot(0, made, end)

        made.document.replaced.connect(opened)
        return made

    monkeypatch.setattr(app, "MainWindow", window)
    before = sys.excepthook
    assert app.main(path) == 0
    assert seen == [(path, True)]
    assert sys.excepthook is before


def test_the_demo_opens_the_sample_and_trains(
    window: MainWindow, penguins: Project, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    asked: list[tuple[str, str | None]] = []
    started: list[str] = []

    def opening(
        project: Project, path: Path, target: str | None, **_: object
    ) -> Generator[None, None, Draft]:
        yield from ()
        asked.append((path.name, target))
        return Draft(penguins.changed(name="churn"), ())

    monkeypatch.setattr("modelstudio.engine.projects.opening", opening)
    monkeypatch.setattr(
        window.run_controller, "start", lambda: started.append(window.document.name)
    )
    app.start_demo(window)
    qtbot.waitUntil(lambda: bool(started), timeout=5000)
    assert asked == [("churn.csv", "churn")]
    assert started == ["churn"]
    assert window.page_id == "train"


def test_an_unforeseen_error_is_told_once_at_a_time(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []
    report = app.ErrorReporter(window)

    def show(parent: object, title: str, text: str, details: str = "") -> None:
        told.append(details)
        report(ValueError, ValueError("while telling"), None)

    monkeypatch.setattr(MessageDialog, "show_message", show)
    report(KeyError, KeyError("inner"), None)
    assert len(told) == 1
    assert "inner" in told[0]
    assert "while telling" in capsys.readouterr().err
    assert window.isVisible()


def test_two_windows_do_not_share_a_journal(make_window: Callable[[], MainWindow]) -> None:
    first, second = make_window(), make_window()
    first.document.new(Project(name="one"))
    second.document.new(Project(name="two"))
    first.document.edit("Rename", first.document.project.changed(name="1"))
    first.document.write_journal()
    second.document.close()
    assert first.document._journal.file.exists()
