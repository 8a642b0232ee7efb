from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from modelstudio.engine.events import EpochEnd, RunEnd
from modelstudio.engine.projects import new_project
from modelstudio.errors import TrainingError
from modelstudio.project.model import Project
from modelstudio.resources import sample
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.data.edits import set_role
from modelstudio.ui.pages.train import TrainPage
from modelstudio.ui.widgets import SaveDialog

OpenPage = Callable[..., TrainPage]


def test_a_run_goes_through_its_states_and_ends(
    open_page: OpenPage, window: MainWindow, qtbot: QtBot
) -> None:
    open_page(epochs=4)
    run, states, told, said = window.run_controller, [], [], []
    run.state_changed.connect(states.append)
    run.events.connect(told.extend)
    run.progress.connect(lambda share, text: said.append((share, text)))
    switch = sys.getswitchinterval()
    with qtbot.waitSignal(run.finished, timeout=60_000) as ended:
        run.start()
    assert states == ["starting", "running", "idle"]
    assert [event.epoch for event in told if isinstance(event, EpochEnd)] == [1, 2, 3, 4]
    assert isinstance(ended.args[0], RunEnd)
    assert ended.args[0].status == "finished"
    assert any(text.startswith("epoch") and "batches/s" in text for _, text in said)
    assert sys.getswitchinterval() == switch
    assert not run.running


def test_pause_holds_and_resume_goes_on(
    open_page: OpenPage, window: MainWindow, qtbot: QtBot
) -> None:
    open_page(epochs=100_000, early_stopping=False)
    run, epochs = window.run_controller, []
    run.events.connect(lambda batch: epochs.extend(e for e in batch if isinstance(e, EpochEnd)))
    run.start()
    qtbot.waitUntil(lambda: len(epochs) > 0, timeout=60_000)
    window.actions_["train.pause"].trigger()
    assert run.state == "paused"
    qtbot.waitUntil(lambda: run._control.paused)
    window.actions_["train.pause"].trigger()
    assert run.state == "running"
    held = len(epochs)
    qtbot.waitUntil(lambda: len(epochs) > held, timeout=20_000)
    with qtbot.waitSignal(run.finished, timeout=20_000) as ended:
        run.stop()
    assert ended.args[0].status == "stopped"
    toast = window.toasts.shown[-1]
    assert "stopped" in toast.title
    resume = window.page("train").runs.resume
    qtbot.waitUntil(resume.isVisible)
    with qtbot.waitSignal(run.started, timeout=20_000):
        resume.click()
    assert run.run.number == 1
    qtbot.waitUntil(lambda: not resume.isVisible())
    with qtbot.waitSignal(run.finished, timeout=20_000):
        run.stop()
    with qtbot.waitSignal(run.started, timeout=20_000):
        window.toasts.shown[-1].action.click()
    with qtbot.waitSignal(run.finished, timeout=20_000):
        run.stop()


def test_a_project_without_data_says_why_it_cannot_be_trained(window: MainWindow) -> None:
    window.document.new(Project())
    run = window.run_controller
    assert "no data" in run.block_reason
    run.start()
    assert not run.running
    assert window.toasts.shown[-1].title == "Training cannot start"


def test_a_target_that_never_changes_stops_training_until_it_is_another(
    window: MainWindow, penguins: Project, tmp_path: Path, qtbot: QtBot
) -> None:
    lines = sample("penguins.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "penguins.csv"
    path.write_text("\n".join([f"{lines[0]},year", *(f"{line},a" for line in lines[1:])]))
    window.document.new(new_project(path, target=penguins.data.target.name).project)
    window.go("data")
    run, document, feed = window.run_controller, window.document, window.page("data").feed
    qtbot.waitUntil(lambda: feed.report is not None and not feed.busy, timeout=20_000)
    assert run.block_reason == ""
    data = document.project.data
    data = set_role(data, ["year"], "target")
    document.edit("Change target", document.project.changed(data=data))
    qtbot.waitUntil(lambda: run.block_reason != "", timeout=20_000)
    assert "year" in run.block_reason
    assert run.block_reason in window.top_bar.train.toolTip()
    window.actions_["train.start"].trigger()
    assert not run.running
    assert window.toasts.shown[-1].title == "Training cannot start"
    document.undo()
    qtbot.waitUntil(lambda: run.block_reason == "", timeout=20_000)


def test_a_file_that_went_missing_stops_training_until_it_is_back(
    window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "penguins.csv"
    shutil.copy(sample("penguins.csv"), path)
    window.document.new(new_project(path).project)
    run = window.run_controller
    assert run.block_reason == ""
    path.rename(tmp_path / "moved.csv")
    run.start()
    assert not run.running
    assert "penguins.csv is missing" in window.toasts.shown[-1].accessibleName()
    assert "penguins.csv is missing" in window.top_bar.train.toolTip()
    (tmp_path / "moved.csv").rename(path)
    run._look_at_project()
    assert run.block_reason == ""


def test_a_folder_or_a_database_is_data_that_is_there(
    window: MainWindow, churn: Project, tmp_path: Path
) -> None:
    run = window.run_controller
    for place, missing in (
        (str(tmp_path), False),
        (str(tmp_path / "gone"), True),
        ("postgresql://user@host/name", False),
    ):
        window.document.new(churn.changed(data=churn.data.changed(path=place)))
        assert ("missing" in run.block_reason) == missing, place


def test_an_error_in_the_network_stops_training_and_its_repair_lets_it(
    open_page: OpenPage, window: MainWindow
) -> None:
    open_page()
    run, document = window.run_controller, window.document
    assert run.block_reason == ""
    project = document.project
    head = next(n for n in project.network.nodes.values() if type(n.layer).__name__ == "Output")
    cut = project.network.remove([head.id])
    document.edit("Delete head", project.changed(network=cut))
    assert "stop" in run.block_reason
    assert window.top_bar.train.property("blocked") == "true"
    document.undo()
    assert run.block_reason == ""


def test_a_failure_is_told_in_its_sentence(
    open_page: OpenPage, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page()

    def train(*_: Any, **__: Any) -> Iterator[object]:
        raise TrainingError("The loss is no longer a number.", fix="Lower the learning rate.")
        yield

    monkeypatch.setattr("modelstudio.engine.run.train", train)
    run = window.run_controller
    with qtbot.waitSignal(run.failed, timeout=10_000):
        run.start()
    assert run.state == "idle"
    assert page.banner.isVisible()
    assert "no longer a number" in page.banner.text()
    assert "Lower the learning rate" in page.banner.text()
    assert window.toasts.shown[-1].title == "Training stopped"


def test_a_live_run_stops_before_its_project_moves_and_goes_on_there(
    open_page: OpenPage,
    window: MainWindow,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = open_page(epochs=100_000, early_stopping=False)
    run, asked, stop = window.run_controller, [], False
    run.start()
    qtbot.waitUntil(
        lambda: bool(page._curves) and next(iter(page._curves.values())).epochs > 0, timeout=60_000
    )
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "here.mstudio"), "")
    )

    def ask(_: type, __: object, title: str, *___: object, **____: object) -> bool:
        asked.append(title)
        return stop

    monkeypatch.setattr("modelstudio.ui.project_files.ConfirmDialog.ask", classmethod(ask))
    assert not window.files.save()
    assert asked == ["Stop training and save?"]
    assert run.running
    assert window.document.path is None
    stop = True
    assert window.files.save()
    assert not run.running
    (moved,) = page._store().list()
    assert moved.status == "stopped"
    assert page._store().folder == tmp_path / "here.runs"
    with qtbot.waitSignal(run.started, timeout=20_000):
        run.resume_run(moved.id)
    with qtbot.waitSignal(run.finished, timeout=20_000):
        run.stop()
    assert page._store().list()[0].epochs >= moved.epochs


def test_closing_while_training_asks_then_stops_and_keeps_the_run(
    open_page: OpenPage, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_page(epochs=100_000, early_stopping=False)
    run = window.run_controller
    run.start()
    qtbot.waitUntil(
        lambda: bool(page._curves) and next(iter(page._curves.values())).epochs > 0, timeout=60_000
    )
    store = page._store()
    monkeypatch.setattr(SaveDialog, "ask", classmethod(lambda *_, **__: "cancel"))
    monkeypatch.setattr(
        "modelstudio.ui.project_files.ConfirmDialog.ask", classmethod(lambda *_, **__: False)
    )
    assert not window.close()
    assert run.running
    monkeypatch.setattr(SaveDialog, "ask", classmethod(lambda *_, **__: "discard"))
    monkeypatch.setattr(
        "modelstudio.ui.project_files.ConfirmDialog.ask", classmethod(lambda *_, **__: True)
    )
    assert window.close()
    assert not run.running
    (kept,) = store.list()
    assert kept.status in ("stopped", "interrupted")
    assert store.best_file(kept.id).exists()
