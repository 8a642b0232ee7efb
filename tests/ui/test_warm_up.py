from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from modelstudio.project.model import Project
from modelstudio.ui import warm_up
from modelstudio.ui.main_window import MainWindow
from tests.ui.conftest import destroy


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is loaded, in order; nothing really is."""
    told: list[str] = []
    monkeypatch.setattr(warm_up, "import_module", told.append)
    monkeypatch.setattr(warm_up, "_import_numpy", lambda: told.append("numpy"))
    monkeypatch.setattr(warm_up, "_warm", lambda: told.append("torch") or ())
    return told


@pytest.fixture
def cold_window(loaded: list[str]) -> Iterator[MainWindow]:
    window = MainWindow()
    yield window
    assert window.jobs.stop_all()
    window.document.close()
    window.hide()
    destroy(window)


def test_torch_is_loaded_last_and_only_once_the_window_is_painted(
    cold_window: MainWindow, loaded: list[str], qtbot: QtBot
) -> None:
    QApplication.processEvents()
    assert not cold_window.warm_up._quiet.isActive()
    with qtbot.waitSignal(cold_window.torch_loaded, timeout=10_000):
        cold_window.show()
    assert loaded[:2] == ["numpy", "pyqtgraph"]
    assert "modelstudio.ui.pages.train" in loaded
    assert loaded[-1] == "torch"
    assert cold_window.torch_ready


def test_what_is_loaded_gives_way_to_a_page(
    cold_window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    restarts: list[bool] = []
    active = False
    quiet = SimpleNamespace(isActive=lambda: active, start=lambda: restarts.append(True))
    monkeypatch.setattr(cold_window.warm_up, "_quiet", quiet)
    cold_window.document.new(Project())
    cold_window.go("train")
    assert restarts == [], "nothing begins because a page was built"
    active = True
    cold_window.go("evaluate")
    assert restarts == [True]
    cold_window.go("train")
    assert restarts == [True], "it was there already"
