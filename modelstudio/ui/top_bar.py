"""The bar at the top: project, undo, command field, device, and the buttons of a run."""

from __future__ import annotations

import os
from datetime import datetime

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

import modelstudio
from modelstudio.ui.actions import Actions, key_text, tooltip, tr
from modelstudio.ui.document import Document
from modelstudio.ui.theme import icon, restyle, theme
from modelstudio.ui.widgets import (
    IconLabel,
    action_button,
    button,
    grow,
    icon_button,
    key_label,
    label,
    row,
    rule,
)


class TopBar(QFrame):
    """Everything that serves all pages.

    The Train button has four forms: Train, Train greyed out with the reason (told in a sentence
    when it is pressed all the same), Pause, and Resume.
    """

    def __init__(self, actions: Actions, document: Document):
        super().__init__(objectName="toolbar")
        self.setFixedHeight(theme().size("topBar"))
        self.setAccessibleName(tr("Project and run"))
        self._actions, self._document = actions, document
        self._state, self._block = "idle", ""
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 16, 1)
        layout.setSpacing(8)
        logo = row(None, IconLabel("logo", "accent", 24), None)
        logo.setFixedWidth(theme().size("activityBar") - 8)
        self._left = self._make_left()
        self._right = self._make_right()
        layout.addWidget(logo)
        layout.addWidget(self._left, 1)
        layout.addWidget(self._make_command())
        layout.addWidget(self._right, 1)
        document.path_changed.connect(self._show_project)
        document.clean_changed.connect(self._show_project)
        document.replaced.connect(self._show_project)
        document.history_changed.connect(self._show_history)
        self._show_project()
        self.set_run_state("idle")

    def _make_left(self) -> QWidget:
        self._name = QToolButton(objectName="toolbar.project", iconSize=QSize(12, 12))
        self._name.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._name.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._name.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self._name.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._name.setIcon(icon("chev", "textTertiary"))
        self._name.setStyleSheet("font-weight: 600;")
        self.menu = QMenu(self._name)
        self.menu.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        for action_id in ("new", "open", "import", "", "save", "save_as", "", "close"):
            if action_id:
                self.menu.addAction(self._actions[f"project.{action_id}"])
            else:
                self.menu.addSeparator()
        for action_id in ("go.welcome", "help.shortcuts", "help.about", "app.quit"):
            self.menu.addAction(self._actions[action_id])
        self._name.setMenu(self.menu)
        self._saved = label("", "label", "tertiary", name="toolbar.saved")
        self._line = rule(vertical=True)
        self._line.setFixedHeight(20)
        self._undo = action_button(self._actions["edit.undo"], text=False)
        self._redo = action_button(self._actions["edit.redo"], text=False)
        box = row(self._name, self._saved, 4, self._line, 4, self._undo, self._redo, None)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        return box

    def _make_command(self) -> QWidget:
        action = self._actions["palette.open"]
        self.command = button(tr("Search or run a command"), "command", "search")
        self.command.setObjectName("toolbar.command")
        grow(self.command, self.command.setFixedWidth, 264)
        self.command.setToolTip(action.toolTip())
        self.command.clicked.connect(action.trigger)
        inner = QHBoxLayout(self.command)
        inner.setContentsMargins(0, 0, 7, 0)
        key: QLabel = key_label(key_text("Ctrl+K"))
        key.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        inner.addStretch(1)
        inner.addWidget(key)
        key.setFixedHeight(20)
        return self.command

    def _make_right(self) -> QWidget:
        self.device = button("", "chip", "chipi", name="toolbar.device")
        self.device_menu = QMenu(self.device)
        self.device.setMenu(self.device_menu)
        self.device.setToolTip(tr("Where training happens"))
        self.set_device(tr("CPU · {} threads").format(os.cpu_count() or 1))
        self.train = button("", "primary", "play", name="toolbar.train")
        self.train.setMinimumWidth(96)
        self.train.clicked.connect(self._press_train)
        self.pause = icon_button("pause", tr("Pause"), "toolbar.pause")
        self.stop = icon_button("stop", tr("Stop"), "toolbar.stop")
        for part, action_id in ((self.pause, "train.pause"), (self.stop, "train.stop")):
            part.setProperty("kind", "secondary")
            part.setFixedSize(32, 32)
            part.setToolTip(self._actions[action_id].toolTip())
            part.clicked.connect(self._actions[action_id].trigger)
        box = row(None, self.device, 6, self.train, self.pause, self.stop)
        box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        return box

    def set_device(self, text: str) -> None:
        """Name the device that the next run takes."""
        self.device.setText(text)
        self.device.setAccessibleName(tr("Device: {}").format(text))

    def set_train_block(self, reason: str) -> None:
        """Say why training may not start; an empty reason allows it."""
        self._block = reason
        self.set_run_state(self._state)

    def set_run_state(self, state: str) -> None:
        """Show the buttons for a state: idle, starting, running, paused or stopping."""
        self._state = state
        idle = state == "idle"
        text, sign, action_id = {
            "paused": (tr("Resume"), "play", "train.pause"),
            "running": (tr("Pause"), "pause", "train.pause"),
            "stopping": (tr("Stopping"), "stop", "train.stop"),
            "starting": (tr("Starting"), "play", "train.start"),
        }.get(state, (tr("Train"), "play", "train.start"))
        spec = self._actions.spec(action_id)
        reason = self._block if idle else ""
        pressable = self._document.is_open if idle else state in ("running", "paused")
        self.train.setText(f"{text}   F5" if idle else text)
        self.train.setIcon(icon(sign, "textDisabled" if reason else "onAccent"))
        self.train.setAccessibleName(text)
        self.train.setAccessibleDescription(reason)
        self.train.setEnabled(pressable)
        self.train.setToolTip(tooltip(text, spec.shortcut, reason or tr(spec.tip)))
        self.pause.setVisible(idle)
        self.pause.setEnabled(False)
        self.stop.setEnabled(state in ("starting", "running", "paused"))
        self.device.setEnabled(idle)
        restyle(self.train, kind="primary", blocked="true" if reason else "false")
        for action in ("train.start", "train.folds"):
            self._actions[action].setEnabled(idle and pressable)
        self._actions["train.pause"].setEnabled(state in ("running", "paused"))
        self._actions["train.stop"].setEnabled(self.stop.isEnabled())

    def _press_train(self) -> None:
        self._actions["train.start" if self._state == "idle" else "train.pause"].trigger()

    def _show_project(self) -> None:
        document = self._document
        opened = document.is_open
        name = document.name if opened else tr("Model Studio")
        self._name.setText(name)
        self._name.setAccessibleName(tr("Project {}").format(name))
        for part in (self._line, self._undo, self._redo):
            part.setVisible(opened)
        if not opened:
            self._saved.setText(modelstudio.__version__)
        elif document.path is None:
            self._saved.setText(tr("Not saved yet"))
        elif not document.is_clean:
            self._saved.setText(tr("Edited"))
        else:
            self._saved.setText(tr("Saved {}").format(_file_time(document)))
        self._show_history()
        self.set_run_state(self._state)

    def _show_history(self) -> None:
        document = self._document
        for action_id, possible, name in (
            ("edit.undo", document.can_undo, document.undo_label),
            ("edit.redo", document.can_redo, document.redo_label),
        ):
            spec, action = self._actions.spec(action_id), self._actions[action_id]
            action.setEnabled(possible)
            action.setText(f"{tr(spec.text)}: {name}" if name else tr(spec.text))
            action.setToolTip(tooltip(tr(spec.text), spec.shortcut, name or tr(spec.tip)))


def _file_time(document: Document) -> str:
    """Return when the project's file was written: the time today, the day before that."""
    if document.path is None or not document.path.exists():
        return ""
    time = datetime.fromtimestamp(document.path.stat().st_mtime)
    return f"{time:%H:%M}" if time.date() == datetime.now().date() else f"{time.day} {time:%b}"
