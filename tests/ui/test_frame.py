"""The window around the pages: commands, badges, problems, palette, files, closing."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QLineEdit, QToolButton
from pytestqt.qtbot import QtBot

from modelstudio.engine.results import Draft
from modelstudio.engine.runs import store_folder
from modelstudio.errors import DataError
from modelstudio.project.files import autosave_path, load_project, save_project
from modelstudio.project.model import Project
from modelstudio.ui import main_window
from modelstudio.ui.actions import PAGES, SPECS
from modelstudio.ui.main_window import MainWindow
from modelstudio.ui.pages import Page, PageProblem
from modelstudio.ui.theme import theme, themes
from modelstudio.ui.widgets import ConfirmDialog, EmptyState, MessageDialog, SaveDialog


class PlainPage(Page):
    """Stands for the real pages, which have tests of their own."""

    def __init__(self, main: MainWindow):
        super().__init__(main)
        self.calls: list[str] = []

    def shown(self) -> None:
        self.calls.append("shown")

    def toggle_panel(self, side: str) -> None:
        self.calls.append(side)


@pytest.fixture(autouse=True)
def plain_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put plain pages in the place of the five stages."""
    kinds = {page: type("Plain", (PlainPage,), {"page_id": page}) for page in PAGES}
    for page in PAGES:
        monkeypatch.setitem(main_window.PAGE_CLASSES, page, f"plain:{page}")

    def load(name: str) -> object:
        return SimpleNamespace(**kinds) if name == "plain" else import_module(name)

    monkeypatch.setattr(main_window, "import_module", load)
    yield
    themes().set_mode("dark", 1.0)


@pytest.fixture
def opened(window: MainWindow) -> MainWindow:
    window.document.new(Project(name="loans"))
    window.go("data")
    return window


def edit(window: MainWindow, epochs: int = 7) -> None:
    project = window.document.project
    training = project.training.changed(epochs=epochs)
    window.document.edit("Set epochs", project.changed(training=training))


# Actions


def test_ids_and_shortcuts_are_used_once() -> None:
    ids = [spec.id for spec in SPECS]
    assert len(set(ids)) == len(ids)
    keyed = [spec for spec in SPECS if spec.shortcut]
    everywhere = [spec.shortcut for spec in keyed if spec.scope == "window"]
    in_place = [(spec.group, spec.shortcut) for spec in keyed if spec.scope == "context"]
    assert len(set(everywhere)) == len(everywhere)
    assert len(set(in_place)) == len(in_place), "a page may use a key that another page uses too"
    assert not {key for _, key in in_place} & set(everywhere)
    for spec in keyed:
        assert not QKeySequence(spec.shortcut).isEmpty(), spec.id


def test_every_command_is_an_action_named_by_its_id(window: MainWindow) -> None:
    for spec in SPECS:
        action = window.actions_[spec.id]
        assert action.objectName() == spec.id
        assert spec.text in action.toolTip()


def test_commands_of_a_page_work_only_there(opened: MainWindow) -> None:
    assert opened.actions_["data.add_step"].isEnabled()
    assert not opened.actions_["network.duplicate"].isEnabled()
    opened.go("network")
    assert opened.actions_["network.duplicate"].isEnabled()
    assert not opened.actions_["data.add_step"].isEnabled()
    assert opened.actions_["data.open"].isEnabled()


def test_commands_for_a_project_wait_for_one(window: MainWindow) -> None:
    ids = ("project.save", "project.close", "go.data", "export.run", "train.start")
    assert not any(window.actions_[action_id].isEnabled() for action_id in ids)
    window.document.new(Project())
    assert all(window.actions_[action_id].isEnabled() for action_id in ids[:-1])
    assert window.actions_["project.open"].isEnabled()


# Pages


def test_the_window_begins_on_the_welcome_page_with_the_stages_off(window: MainWindow) -> None:
    assert window.page_id == "welcome"
    window.actions_["go.train"].trigger()
    assert window.page_id == "welcome"
    assert not any(stage.isEnabled() for stage in window.activity.stages.values())


def test_a_page_is_built_on_its_first_visit_and_told_each_time(opened: MainWindow) -> None:
    assert opened.page("evaluate") is None
    opened.activity.stages["evaluate"].click()
    page = opened.page("evaluate")
    assert page is not None
    assert page.objectName() == "page.evaluate"
    assert opened.activity.stages["evaluate"].isChecked()
    opened.go("data")
    opened.go("evaluate")
    assert opened.page("evaluate") is page
    assert page.calls == ["shown", "shown"]
    assert not opened.activity.stages["data"].isChecked()


def test_keys_reach_pages_and_panels(opened: MainWindow, qtbot: QtBot) -> None:
    opened.activateWindow()
    qtbot.waitUntil(opened.isActiveWindow)
    qtbot.keyClick(opened, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert opened.page_id == "train"
    qtbot.keyClick(opened, Qt.Key.Key_B, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(opened, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert opened.page("train").calls == ["shown", "left", "bottom"]


def test_a_missing_page_says_so(opened: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(main_window.PAGE_CLASSES, "export", "modelstudio.ui.pages.gone:Gone")
    opened.go("export")
    assert isinstance(opened.page("export"), EmptyState)
    assert opened.page_id == "export"


def test_focus_mode_hides_the_bars(opened: MainWindow) -> None:
    bars = (opened.top_bar, opened.activity, opened.status)
    opened.actions_["view.focus"].trigger()
    assert not any(bar.isVisible() for bar in bars)
    opened.actions_["view.focus"].trigger()
    assert all(bar.isVisible() for bar in bars)


# Badges and problems


def test_problems_show_in_badge_and_status_and_under_f8(opened: MainWindow) -> None:
    gone: list[str] = []
    opened.set_badge("data", "done")
    assert opened.activity.stages["data"].badge == "done"
    opened.set_problems(
        "data",
        [
            PageProblem("warning", "Ticket looks like an ID.", lambda: gone.append("ticket")),
            PageProblem("error", "There is no target.", lambda: gone.append("target")),
        ],
    )
    opened.set_problems("network", [PageProblem("error", "fc1", lambda: gone.append("fc1"))])
    assert opened.activity.stages["data"].badge == "error"
    assert "There is no target." in opened.activity.stages["data"].toolTip()
    assert opened.status.problems.text() == "2 errors · 1 warning"
    for _ in range(4):
        opened.actions_["problems.next"].trigger()
    opened.actions_["problems.previous"].trigger()
    assert gone == ["ticket", "target", "fc1", "ticket", "fc1"]
    opened.set_problems("data", [])
    opened.set_problems("network", [])
    assert opened.activity.stages["data"].badge == "done"
    assert opened.status.problems.text() == "No problems"


def test_another_project_begins_without_badges(opened: MainWindow) -> None:
    opened.set_badge("train", "done")
    opened.set_problems("data", [PageProblem("error", "x", lambda: None)])
    opened.document.new(Project())
    assert {stage.badge for stage in opened.activity.stages.values()} == {"none"}
    assert opened.problems() == []


def test_a_closed_project_leaves_no_problems(opened: MainWindow) -> None:
    opened.document.close()
    opened.set_problems("network", [PageProblem("error", "The network is empty.", lambda: None)])
    assert opened.problems() == []
    assert opened.status.problems.text() == "No problems"


# The run buttons


@pytest.mark.parametrize("press", ["button", "key"])
def test_the_train_button_says_why_it_is_off(
    opened: MainWindow, press: str, penguins: Project, qtbot: QtBot
) -> None:
    opened.document.new(penguins)
    run, train = opened.run_controller, opened.top_bar.train
    assert run.block_reason == ""
    assert train.property("blocked") == "false"
    fault = "churn is always Yes. Choose another target."
    opened.go("network")
    opened.set_problems(
        "data", [PageProblem("error", fault, lambda: opened.go("data"), stops_training=True)]
    )
    assert train.property("blocked") == "true"
    assert fault in train.toolTip()
    if press == "button":
        train.click()
    else:
        opened.activateWindow()
        qtbot.keyClick(opened, Qt.Key.Key_F5)
    assert not run.running
    assert opened.page_id == "network"
    toast = opened.toasts.shown[-1]
    assert toast.accessibleName() == f"Training cannot start. {fault}"
    toast.action.click()
    assert opened.page_id == "data"
    opened.set_problems("data", [PageProblem("error", "age 60 % missing", lambda: None)])
    assert run.block_reason == "", "a finding is no obstacle"
    assert train.property("blocked") == "false"


def test_the_train_button_has_four_forms(opened: MainWindow) -> None:
    bar = opened.top_bar
    bar.set_train_block("")
    forms = {}
    for state in ("idle", "running", "paused", "stopping"):
        bar.set_run_state(state)
        forms[state] = (bar.train.accessibleName(), bar.train.isEnabled(), bar.stop.isEnabled())
    assert forms == {
        "idle": ("Train", True, False),
        "running": ("Pause", True, True),
        "paused": ("Resume", True, True),
        "stopping": ("Stopping", False, False),
    }
    assert not bar.device.isEnabled(), "the device is locked during a run"


# Command palette


def test_the_palette_finds_and_runs_a_command(opened: MainWindow, qtbot: QtBot) -> None:
    palette = opened.palette_
    opened.actions_["palette.open"].trigger()
    assert palette.isVisible()
    qtbot.keyClicks(palette.query, "evlu")
    assert palette.found()[0].title == "Evaluate"
    qtbot.keyClick(palette.query, Qt.Key.Key_Return)
    assert not palette.isVisible()
    assert opened.page_id == "evaluate"


def test_the_palette_lists_what_pages_provide_and_leaves_out_what_is_off(
    opened: MainWindow, qtbot: QtBot
) -> None:
    ran: list[str] = []
    entry = main_window.PaletteEntry("fc1", "Blocks", lambda: ran.append("fc1"), hint="Go to")
    opened.palette_providers.append(lambda: [entry])
    opened.actions_["palette.open"].trigger()
    titles = {found.title for found in opened.palette_.found()}
    assert "fc1" in titles
    assert "Undo" not in titles, "there is nothing to undo"
    assert "Search or run a command" not in titles
    qtbot.keyClicks(opened.palette_.query, "fc1")
    qtbot.keyClick(opened.palette_.query, Qt.Key.Key_Return)
    assert ran == ["fc1"]


def test_escape_closes_the_palette(opened: MainWindow, qtbot: QtBot) -> None:
    opened.actions_["palette.open"].trigger()
    qtbot.keyClicks(opened.palette_.query, "zzzzqq")
    assert opened.palette_.found() == []
    qtbot.keyClick(opened.palette_.query, Qt.Key.Key_Return)
    opened.actions_["palette.open"].trigger()
    qtbot.keyClick(opened.palette_.query, Qt.Key.Key_Escape)
    assert not opened.palette_.isVisible()


# Undo, theme, settings


def test_undo_names_the_edit(opened: MainWindow) -> None:
    assert not opened.actions_["edit.undo"].isEnabled()
    edit(opened)
    assert opened.actions_["edit.undo"].text() == "Undo: Set epochs"
    assert opened.isWindowModified()
    opened.actions_["edit.undo"].trigger()
    assert opened.document.is_clean
    assert opened.actions_["edit.redo"].isEnabled()


def test_the_theme_is_kept(opened: MainWindow, make_window: Callable[[], MainWindow]) -> None:
    assert theme().dark
    opened.actions_["view.theme"].trigger()
    assert not theme().dark
    assert make_window().preferences.theme == "light"


# Files


def test_save_as_asks_for_a_place_once(
    opened: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "kept"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(target), ""))
    edit(opened)
    opened.actions_["project.save"].trigger()
    path = target.with_suffix(".mstudio")
    assert load_project(path).training.epochs == 7
    assert [entry.path for entry in opened.files.recents.entries] == [path]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: pytest.fail("asked again"))
    edit(opened, 8)
    opened.actions_["project.save"].trigger()
    assert load_project(path).training.epochs == 8
    assert opened.windowTitle() == "kept[*] · Model Studio"


@pytest.mark.parametrize("answer", [True, False], ids=["replaced", "kept"])
def test_a_name_without_the_ending_gets_it_and_never_replaces_unasked(
    opened: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bool
) -> None:
    other = Project(name="Other")
    save_project(other, tmp_path / "trial 1.2.mstudio")
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "trial 1.2"), "")
    )
    asked: list[str] = []

    def ask(cls: object, parent: object, title: str, *_: object) -> bool:
        asked.append(title)
        return answer

    monkeypatch.setattr(ConfirmDialog, "ask", classmethod(ask))
    assert opened.files.save_as() is answer
    assert asked == ["trial 1.2.mstudio exists already"]
    kept = load_project(tmp_path / "trial 1.2.mstudio")
    assert (kept.id == other.id) is not answer
    assert [path.name for path in tmp_path.glob("*.mstudio")] == ["trial 1.2.mstudio"]


def test_saving_over_someone_elses_version_asks(
    opened: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "loans.mstudio"
    opened.document.save(path)
    edit(opened)
    save_project(Project(name="theirs, and longer"), path)
    monkeypatch.setattr(ConfirmDialog, "ask", lambda *_, **__: False)
    opened.actions_["project.save"].trigger()
    assert load_project(path).name == "theirs, and longer"
    assert not opened.document.is_clean
    monkeypatch.setattr(ConfirmDialog, "ask", lambda *_, **__: True)
    opened.actions_["project.save"].trigger()
    assert load_project(path).training.epochs == 7


def test_a_file_that_cannot_be_opened_is_told_in_a_sentence(
    opened: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        MessageDialog, "show_message", lambda parent, title, text, details="": told.append(text)
    )
    broken = tmp_path / "half.mstudio"
    broken.write_text('{"format_version": 1, "network":', encoding="utf-8")
    project = opened.document.project
    opened.files.open(broken)
    assert "cut off" in told[0]
    assert "Traceback" not in told[0]
    assert opened.document.project is project


def test_a_table_becomes_a_project_beside_the_window(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    asked: list[Path] = []

    def opening(
        project: Project, path: Path, *_: object, **__: object
    ) -> Generator[None, None, Draft]:
        yield from ()
        asked.append(path)
        return Draft(Project(name="churn"), ("The target was guessed.",))

    monkeypatch.setattr("modelstudio.engine.projects.opening", opening)
    table = tmp_path / "churn.csv"
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(table))])
    drop = QDropEvent(
        QPointF(300, 300),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(drop)
    with qtbot.waitSignal(window.document.replaced, timeout=5000):
        pass
    assert asked == [table]
    assert window.document.name == "churn"
    assert window.page_id == "data"
    assert window.toasts.shown[-1].title == "Please check"


def test_a_bad_table_is_told_in_a_sentence(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    told: list[str] = []

    def refuse(*_: object, **__: object) -> Generator[None, None, Draft]:
        yield from ()
        raise DataError("empty.csv has no rows.", fix="Choose another file.")

    monkeypatch.setattr("modelstudio.engine.projects.opening", refuse)
    monkeypatch.setattr(
        MessageDialog, "show_message", lambda parent, title, text, details="": told.append(text)
    )
    window.files.open(tmp_path / "empty.csv")
    qtbot.waitUntil(lambda: bool(told), timeout=5000)
    assert told == ["empty.csv has no rows.\nChoose another file."]
    assert window.page_id == "welcome"
    assert window.status.progress_text() == ""


def test_an_unforeseen_error_has_a_report_and_keeps_the_window(
    opened: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(
        MessageDialog,
        "show_message",
        lambda parent, title, text, details="": told.append((text, details)),
    )
    try:
        raise KeyError("inner")
    except KeyError as error:
        opened.show_error(error)
    ((text, details),) = told
    assert "KeyError" not in text
    assert "KeyError: 'inner'" in details
    assert opened.isVisible()


# Closing


@pytest.mark.parametrize("answer", ["save", "discard", "cancel"])
def test_closing_with_unsaved_edits_asks(
    opened: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    path = tmp_path / "loans.mstudio"
    opened.document.save(path)
    edit(opened)
    opened.document.write_journal()
    monkeypatch.setattr(SaveDialog, "ask", lambda *_: answer)
    closed = opened.close()
    assert closed == (answer != "cancel")
    assert (load_project(path).training.epochs == 7) == (answer == "save")
    assert autosave_path(path).exists() == (answer == "cancel")


def test_closing_asks_for_runs_of_a_project_that_was_never_saved(
    opened: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(SaveDialog, "ask", lambda *_: asked.append("ask") or "cancel")
    assert opened.document.path is None
    assert opened.document.is_clean
    assert opened.files.may_leave()
    (store_folder(None, opened.document.project.id) / "a run").mkdir(parents=True)
    assert not opened.close()
    assert asked == ["ask"]
    monkeypatch.setattr(SaveDialog, "ask", lambda *_: "discard")
    assert opened.close()


def test_closing_while_training_asks_and_then_stops_cleanly(
    opened: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    run = opened.run_controller
    monkeypatch.setattr(type(run), "running", property(lambda self: "stop" not in calls))
    monkeypatch.setattr(run, "stop", lambda: calls.append("stop"), raising=False)
    monkeypatch.setattr(run, "wait_stopped", lambda ms: calls.append("wait") or True)
    monkeypatch.setattr(ConfirmDialog, "ask", lambda *_, **__: calls.append("ask") or False)
    assert not opened.close()
    assert calls == ["ask"]
    monkeypatch.setattr(ConfirmDialog, "ask", lambda *_, **__: calls.append("ask") or True)
    assert opened.close()
    assert calls == ["ask", "ask", "stop", "wait"]


# Accessibility


def test_every_control_has_an_accessible_name(opened: MainWindow) -> None:
    nameless = [
        control.objectName() or type(control).__name__
        for kind in (QAbstractButton, QLineEdit, QComboBox)
        for control in opened.findChildren(kind)
        if not (control.accessibleName() or getattr(control, "text", str)())
        and not control.objectName().startswith("qt_")
        and not (isinstance(control, QToolButton) and isinstance(control.parent(), QLineEdit))
    ]
    assert nameless == []


def test_the_window_fits_a_small_screen(opened: MainWindow) -> None:
    opened.go("welcome")
    hint = opened.minimumSizeHint()
    assert hint.width() <= 1280
    assert hint.height() <= 720
