"""The window: bars around a stack of pages, and what the pages share."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from PySide6.QtCore import QByteArray, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from modelstudio.errors import StudioError
from modelstudio.ui.actions import GROUPS, PAGES, Actions, key_text, tr
from modelstudio.ui.bars import ActivityBar, StatusBar
from modelstudio.ui.data_files import dropped_path
from modelstudio.ui.document import Document
from modelstudio.ui.jobs import JobRunner
from modelstudio.ui.pages import Page, PageProblem
from modelstudio.ui.preferences import Preferences
from modelstudio.ui.project_files import ProjectFiles
from modelstudio.ui.run_controller import RunController
from modelstudio.ui.theme import icon, theme, themes
from modelstudio.ui.top_bar import TopBar
from modelstudio.ui.warm_up import WarmUp
from modelstudio.ui.widgets import (
    CommandPalette,
    EmptyState,
    MessageDialog,
    PaletteEntry,
    ToastHost,
)

PAGE_CLASSES = {
    "welcome": "modelstudio.ui.pages.welcome:WelcomePage",
    "data": "modelstudio.ui.pages.data:DataPage",
    "network": "modelstudio.ui.pages.network:NetworkPage",
    "train": "modelstudio.ui.pages.train:TrainPage",
    "evaluate": "modelstudio.ui.pages.evaluate:EvaluatePage",
    "export": "modelstudio.ui.pages.export:ExportPage",
}
"""Where each page's class is; it is imported on the first visit."""

_STOP_MS = 30_000
"""How long a closing window waits for a run to write its last checkpoint."""


class MainWindow(QMainWindow):
    """The one window of the program.

    Pages use ``document``, ``actions_``, ``jobs``, ``toasts``, ``status``, ``top_bar`` and
    ``run_controller``; `palette_providers` add entries to the command palette.
    """

    torch_loaded = Signal()
    problems_changed = Signal(str)
    settings_closed = Signal()

    def __init__(self, *, warm_up: bool = True):
        super().__init__(objectName="window")
        self.setWindowIcon(icon("logo", "accent"))
        self.setMinimumSize(960, 600)
        self.setAcceptDrops(True)
        self.preferences = Preferences.load()
        self.document = Document(self)
        self.jobs = JobRunner(self)
        self.actions_ = Actions(self)
        self.top_bar = TopBar(self.actions_, self.document)
        self.activity = ActivityBar(self.actions_)
        self.status = StatusBar(self.actions_)
        self.stack = QStackedWidget(objectName="pages")
        self._lay_out()
        self.toasts = ToastHost(self, bottom=self.status.height())
        self.palette_ = CommandPalette(self)
        self.palette_providers: list[Callable[[], Iterable[PaletteEntry]]] = []
        self.torch_ready = False
        self._warm_up = warm_up
        modules = (place.partition(":")[0] for place in PAGE_CLASSES.values())
        self.warm_up = WarmUp(self, modules)
        self._pages: dict[str, QWidget] = {}
        self._badges: dict[str, tuple[str, str]] = {}
        self._problems: dict[str, tuple[PageProblem, ...]] = {}
        self._problem_at = -1
        self.page_id = ""
        self.run_controller = RunController(self)
        self.files = ProjectFiles(self)
        self._connect()
        self.actions_.show_project(False)
        self.resize(1440, 900)
        self.restoreGeometry(QByteArray.fromBase64(self.preferences.geometry.encode()))
        self.go("welcome")

    def _lay_out(self) -> None:
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self.activity)
        body.addWidget(self.stack, 1)
        frame = QWidget()
        layout = QVBoxLayout(frame)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.top_bar)
        layout.addLayout(body, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(frame)

    def _connect(self) -> None:
        run, document = self.run_controller, self.document
        commands: dict[str, Callable[[], object]] = {
            "edit.undo": document.undo,
            "edit.redo": document.redo,
            "train.start": lambda: self._start_run(run.start),
            "train.folds": lambda: self._start_run(run.start_folds),
            "train.pause": lambda: run.resume() if run.state == "paused" else run.pause(),
            "train.stop": run.stop,
            "palette.open": lambda: self.palette_.open_with(self._palette_entries()),
            "problems.next": lambda: self._go_to_problem(1),
            "problems.previous": lambda: self._go_to_problem(-1),
            "view.focus": self._toggle_focus_mode,
            "view.theme": lambda: self._set_theme("light" if theme().dark else "dark"),
            "view.settings": self._ask_settings,
            "help.guide": self._show_guide,
            "help.shortcuts": self._show_shortcuts,
            "help.about": self._show_about,
            "app.quit": self.close,
            **{f"go.{page}": partial(self.go, page) for page in PAGE_CLASSES},
            **{
                f"view.{side}": partial(self._toggle_panel, side)
                for side in ("left", "bottom", "right")
            },
        }
        for action_id, call in commands.items():
            self.actions_[action_id].triggered.connect(lambda _=False, call=call: call())
        run.state_changed.connect(self.top_bar.set_run_state)
        run.block_changed.connect(self.top_bar.set_train_block)
        run.progress.connect(self.status.set_progress)
        self.top_bar.set_train_block(run.block_reason)
        self.files.reading.connect(
            lambda name: self.status.set_progress(None, tr("Reading {}").format(name))
        )
        self.files.read_ended.connect(self.status.clear_progress)
        self.activity.problem_clicked.connect(self._go_to_page_problem)
        document.replaced.connect(self._project_replaced)
        document.path_changed.connect(self._name_window)
        document.clean_changed.connect(lambda clean: self.setWindowModified(not clean))
        document.changed.connect(self._show_device)
        themes().changed.connect(self._show_theme)
        self.warm_up.torch_loaded.connect(self._warmed)
        self.warm_up.failed.connect(self._not_warmed)
        self._name_window()
        self._show_theme()

    # Pages

    def go(self, page_id: str) -> None:
        """Bring a page to the front; it is built on its first visit."""
        if page_id != "welcome" and not self.document.is_open:
            return
        page = self._pages.get(page_id) or self._build(page_id)
        self.page_id = page_id
        if self.stack.currentWidget() is not page:
            self.stack.setFocus(Qt.FocusReason.OtherFocusReason)
        self.stack.setCurrentWidget(page)
        self.activity.set_current(page_id)
        self.actions_.show_page(page_id)
        if isinstance(page, Page):
            page.shown()

    def page(self, page_id: str) -> QWidget | None:
        """Return a page if it was visited."""
        return self._pages.get(page_id)

    def _build(self, page_id: str) -> QWidget:
        module, _, name = PAGE_CLASSES[page_id].partition(":")
        try:
            page: QWidget = getattr(import_module(module), name)(self)
        except ImportError as error:
            page = EmptyState(
                "warn",
                tr("This page is not available"),
                tr("A part of the program is missing: {}. Install it again.").format(error),
                name=f"page.{page_id}",
            )
        self._pages[page_id] = page
        self.stack.addWidget(page)
        self.warm_up.wait()
        return page

    def _toggle_panel(self, side: str) -> None:
        page = self._pages.get(self.page_id)
        if isinstance(page, Page):
            page.toggle_panel(side)

    def _toggle_focus_mode(self) -> None:
        hidden = self.top_bar.isVisible()
        for bar in (self.top_bar, self.activity, self.status):
            bar.setHidden(hidden)

    # Badges and problems

    def set_badge(self, page_id: str, state: str, reason: str = "") -> None:
        """Set a page's badge: none, done, warning, error or running; problems come before it."""
        self._badges[page_id] = (state, reason)
        self._show_badge(page_id)

    def set_problems(self, page_id: str, problems: Sequence[PageProblem]) -> None:
        """Take over what is wrong on a page; it shows in badge, status bar and under F8."""
        self._problems[page_id] = tuple(problems) if self.document.is_open else ()
        self._show_badge(page_id)
        kinds = [problem.kind for problem in self.problems()]
        self.status.set_problem_counts(kinds.count("error"), kinds.count("warning"))
        self.problems_changed.emit(page_id)

    def problems(self, pages: Sequence[str] = PAGES) -> list[PageProblem]:
        """Return the problems of some pages, or of all, in the order of the pages."""
        return [problem for page in pages for problem in self._problems.get(page, ())]

    def _show_badge(self, page_id: str) -> None:
        if page_id not in self.activity.stages:
            return
        state, reason = self._badges.get(page_id, ("none", ""))
        problems = self._problems.get(page_id, ())
        for kind in ("error", "warning"):
            found = [problem.text for problem in problems if problem.kind == kind]
            if found and state != "running":
                state, reason = kind, found[0]
                break
        self.activity.stages[page_id].set_badge(state, reason)

    def _go_to_problem(self, step: int) -> None:
        problems = self.problems()
        if problems:
            self._problem_at = (self._problem_at + step) % len(problems)
            problems[self._problem_at].go()

    def _go_to_page_problem(self, page_id: str) -> None:
        if problems := self._problems.get(page_id):
            problems[0].go()

    # Commands

    def _start_run(self, start: Callable[[], None]) -> None:
        run = self.run_controller
        if self.document.is_open and not run.running:
            if not run.block_reason:
                self.go("train")
            start()

    def stop_run(self) -> bool:
        """End a live run and wait for its last checkpoint; False when it did not end."""
        run = self.run_controller
        if not run.running:
            return True
        run.stop()
        return run.wait_stopped(_STOP_MS)

    def _palette_entries(self) -> list[PaletteEntry]:
        entries = [
            PaletteEntry(
                action.text(),
                tr(GROUPS[spec.group]),
                action.trigger,
                spec.icon,
                key_text(spec.shortcut),
            )
            for action in self.actions_
            if action.isEnabled() and (spec := self.actions_.spec(action.objectName()))
            if spec.id != "palette.open"
        ]
        for provider in self.palette_providers:
            entries.extend(provider())
        entries += [
            PaletteEntry(
                recent.name,
                tr("Recent projects"),
                partial(self.files.open, recent.path),
                "clock",
                tr("Open"),
            )
            for recent in self.files.recents.entries
            if not recent.missing
        ]
        return entries

    def show_error(self, error: Exception, title: str = "") -> None:
        """Show an error in a dialog: a sentence, and for the unforeseen a report to copy."""
        if isinstance(error, StudioError):
            MessageDialog.show_message(self, title or error.message, "\n".join(error.lines()))
            return
        report = "".join(traceback.format_exception(error))
        text = tr("Something inside Model Studio went wrong. Your project is still open.")
        MessageDialog.show_message(self, title or tr("That did not work"), text, report)

    # Appearance

    def _set_theme(self, mode: str) -> None:
        self._set_preferences(self.preferences.changed(theme=mode))

    def _ask_settings(self) -> None:
        from modelstudio.ui.info_dialogs import SettingsDialog

        SettingsDialog.show_for(self, self.preferences, self._set_preferences)
        self.settings_closed.emit()

    def _set_preferences(self, preferences: Preferences) -> None:
        self.preferences = preferences
        preferences.save()
        themes().set_mode(preferences.theme, preferences.text_scale / 100)

    def _show_theme(self) -> None:
        action = self.actions_["view.theme"]
        action.setIcon(icon("sun" if theme().dark else "moon"))
        action.setText(tr("Light theme") if theme().dark else tr("Dark theme"))

    def _name_window(self) -> None:
        opened = self.document.is_open
        self.setWindowTitle(f"{self.document.name}[*] · Model Studio" if opened else "Model Studio")

    def _project_replaced(self) -> None:
        self._badges.clear()
        self._problems.clear()
        self._problem_at = -1
        for page_id in PAGES:
            self._show_badge(page_id)
        self.status.set_problem_counts(0, 0)
        self.status.clear_progress()
        self.status.set_event("")
        self.problems_changed.emit("data")
        self.toasts.clear()
        self.activity.set_enabled(self.document.is_open)
        self.actions_.show_project(self.document.is_open)
        self._name_window()
        self._show_device()

    def _show_guide(self) -> None:
        """Open the guide at what the page in sight is about."""
        from modelstudio.ui.guide import GuideDialog

        page = self.stack.currentWidget()
        topic = page.help_topic() if isinstance(page, Page) else ("index", "")
        GuideDialog.show_for(self, *topic)

    def _show_shortcuts(self) -> None:
        from modelstudio.ui.info_dialogs import ShortcutsDialog

        ShortcutsDialog.show_for(self, self.actions_)

    def _show_about(self) -> None:
        from modelstudio.ui.info_dialogs import AboutDialog

        AboutDialog.show_for(self)

    # Torch, in the background

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.focusWidget() is None:
            self.stack.setFocus(Qt.FocusReason.OtherFocusReason)
        if self._warm_up:
            self._warm_up = False
            self.warm_up.start()

    def _warmed(self, devices: tuple[Any, ...]) -> None:
        self.torch_ready = True
        menu = self.top_bar.device_menu
        menu.clear()
        for device in (None, *devices):
            free = device.free_bytes if device else None
            text = device.label if device else tr("Automatic")
            text += tr(" · {:.1f} GB free").format(free / 2**30) if free else ""
            value = device.id if device else "auto"
            menu.addAction(text).triggered.connect(
                lambda _=False, value=value: self._choose_device(value)
            )
        self._devices = {device.id: device.label for device in devices}
        self._fastest = devices[0].label if devices else ""
        self._show_device()
        self.torch_loaded.emit()

    def _not_warmed(self, error: Exception) -> None:
        self.toasts.show_toast(tr("PyTorch could not be loaded"), str(error), "error")

    def _choose_device(self, value: str) -> None:
        if self.document.is_open:
            project = self.document.project
            training = project.training.changed(device=value)
            self.document.edit(tr("Set device"), project.changed(training=training))

    def _show_device(self) -> None:
        if self.torch_ready:
            wanted = self.document.project.training.device
            label = self._devices.get(wanted, self._fastest if wanted == "auto" else wanted.upper())
            self.top_bar.set_device(label)

    # Files dropped and the end

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_path(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        path = dropped_path(event)
        if path is not None:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: self.files.open(path))

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.files.may_leave():
            event.ignore()
            return
        geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        self.setEnabled(False)
        self.hide()  # what still runs may take seconds to see that it should end
        self.jobs.stop_all()
        self.document.close()
        self.preferences.changed(geometry=geometry).save()
        event.accept()
