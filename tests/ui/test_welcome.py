"""The welcome page: recents, templates, samples, what a crash left."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QPushButton
from pytestqt.qtbot import QtBot

from modelstudio.engine.results import Draft
from modelstudio.project.files import load_project, save_project
from modelstudio.project.model import Project
from modelstudio.resources import resource, sample
from modelstudio.ui.journal import recoveries
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages.welcome.page import SAMPLES, STEPS, WelcomePage
from modelstudio.ui.pages.welcome.recents import when_text
from modelstudio.ui.pages.welcome.templates import TEMPLATES, TemplateCard
from modelstudio.ui.preferences import Preferences, Recents
from modelstudio.ui.widgets import Banner, ConfirmDialog


def page(window: MainWindow) -> WelcomePage:
    found = window.page("welcome")
    assert isinstance(found, WelcomePage)
    return found


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A saved project in the list of recents."""
    path = tmp_path / "loans.mstudio"
    save_project(Project(name="loans"), path)
    Recents().with_path(path, "CSV · loans.csv").save()
    return path


def click(qtbot: QtBot, window: MainWindow, row: int = 0) -> None:
    recents = page(window).recents
    at = recents.visualRect(recents.model_.index(row)).center()
    qtbot.mouseClick(recents.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_without_recents_it_says_where_they_will_be(window: MainWindow) -> None:
    words = [found.text() for found in page(window).findChildren(QLabel) if found.isVisible()]
    assert "Your projects will appear here" in words
    assert not page(window).recents.isVisible()


def test_a_recent_project_opens(
    kept: Path, make_window: Callable[[], MainWindow], qtbot: QtBot
) -> None:
    window = make_window()
    assert [entry.name for entry in page(window).recents.model_.shown] == ["loans"]
    click(qtbot, window)
    assert window.document.path == kept
    assert window.page_id == "data"


def test_a_missing_project_can_be_located(
    kept: Path,
    make_window: Callable[[], MainWindow],
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved = kept.rename(kept.with_name("moved.mstudio"))
    window = make_window()
    assert page(window).recents.model_.shown[0].missing
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(moved), ""))
    click(qtbot, window)
    assert window.document.path == moved
    assert [entry.path for entry in window.files.recents.entries] == [moved]


def test_recents_can_be_searched_removed_and_duplicated(
    kept: Path, make_window: Callable[[], MainWindow]
) -> None:
    window = make_window()
    recents = page(window).recents
    page(window).search.setText("zzz")
    assert recents.model_.rowCount() == 0
    page(window).search.setText("LOANS")
    assert recents.model_.rowCount() == 1
    actions = {action.text(): action for action in recents.menu_for(kept).actions()}
    actions["Duplicate"].trigger()
    copy = kept.with_name("loans 2.mstudio")
    assert load_project(copy).name == "loans 2"
    assert load_project(copy).id != load_project(kept).id
    actions["Remove from list"].trigger()
    assert [entry.path for entry in Recents.load().entries] == [copy]
    assert kept.exists()


def columns(file: str) -> list[str]:
    with sample(file).open(encoding="utf-8") as lines:
        return lines.readline().strip().split(",")


def test_every_template_and_sample_has_its_data() -> None:
    for template in TEMPLATES:
        if template.sample:
            assert template.target in columns(template.sample)
        else:
            assert load_project(resource("examples", f"{template.example}.mstudio")).network.nodes
    for file, _, target in SAMPLES:
        assert target in columns(file)


def test_a_template_starts_a_project(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None]] = []

    def opening(
        project: Project, path: Path, target: str | None, **_: object
    ) -> Generator[None, None, Draft]:
        yield from ()
        asked.append((path.name, target))
        return Draft(Project(name=path.stem), ())

    monkeypatch.setattr("modelstudio.engine.projects.opening", opening)
    cards = {card.template.id: card for card in page(window).gallery.cards}
    with qtbot.waitSignal(window.document.replaced, timeout=5000):
        cards["binary"].click()
        assert page(window).progress.isVisible()
    assert asked == [("churn.csv", "churn")]
    assert window.page_id == "data"
    window.document.close()
    window.go("welcome")
    assert page(window).drop_zone.isVisible()


def test_an_example_opens_as_a_project_of_its_own(window: MainWindow) -> None:
    cards = {card.template.id: card for card in page(window).gallery.cards}
    cards["gpt"].click()
    example = load_project(resource("examples", "gpt.mstudio"))
    project = window.document.project
    assert project.network == example.network
    assert project.id != example.id
    assert window.document.path is None
    assert window.page_id == "network"


def test_reading_can_be_given_up(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opening(*_: object, **__: object) -> Generator[None, None, Draft]:
        yield from ()
        return Draft(Project(), ())

    monkeypatch.setattr("modelstudio.engine.projects.opening", opening)
    window.files.open_data(sample("churn.csv"))
    page(window).progress.cancel.click()
    assert page(window).drop_zone.isVisible()
    qtbot.waitUntil(lambda: not window.jobs.running, timeout=5000)
    assert not window.document.is_open


def leave_edits(name: str) -> None:
    """Edit a project and end as a killed process would."""
    from modelstudio.ui.document import Document

    document = Document()
    document.new(Project(name=name))
    document.edit("Rename", document.project.changed(name=name + " 2"))
    document.write_journal()
    document._autosave.stop()
    document._journal.detach()


@pytest.mark.parametrize("restore", [True, False])
def test_edits_left_by_a_crash_are_offered(
    make_window: Callable[[], MainWindow],
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
    restore: bool,
) -> None:
    leave_edits("loans")
    window = make_window()
    qtbot.waitUntil(lambda: bool(page(window).findChildren(Banner)))
    (banner,) = page(window).findChildren(Banner)
    assert "loans 2" in banner.text()
    monkeypatch.setattr(ConfirmDialog, "ask", lambda *_, **__: True)
    if restore:
        banner.findChild(QPushButton, "welcome.recovery.action").click()
        assert window.document.project.name == "loans 2"
        assert not window.document.is_clean
        window.document.close()
    else:
        banner.close_banner()
    assert recoveries([]) == []


def test_the_five_steps_are_the_five_stages(window: MainWindow) -> None:
    assert [step[0] for step in STEPS] == list(window.activity.stages)


def test_times_are_written_for_people() -> None:
    now = datetime(2026, 5, 14, 11, 0)
    assert when_text(now - timedelta(minutes=2), now) == "10:58"
    assert when_text(now - timedelta(days=1), now) == "Yesterday"
    assert when_text(now - timedelta(days=2), now) == "12 May"
    assert when_text(now.replace(year=2025), now) == "14 May 2025"


def test_broken_settings_give_the_defaults(own_home: Path) -> None:
    (own_home / "preferences.json").write_text("{", encoding="utf-8")
    (own_home / "recents.json").write_text('{"entries": [{"path": 3}]}', encoding="utf-8")
    assert Preferences.load() == Preferences()
    assert Recents.load() == Recents()


def test_cards_show_all_their_words_at_every_width(window: MainWindow) -> None:
    for width in (1280, 1440):
        window.resize(width, 720)
        QApplication.processEvents()
        for card in window.findChildren(TemplateCard):
            assert card.width() >= card.words_width(), (width, card.template.title)
