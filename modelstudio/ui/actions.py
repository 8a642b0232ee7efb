"""Every command, once: menus, tool buttons, command palette and shortcuts page read this table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from modelstudio.ui.theme import icon

PAGES = ("data", "network", "train", "evaluate", "export")


def tr(text: str) -> str:
    """Translate a text that a person reads."""
    return QCoreApplication.translate("ModelStudio", text)


class ActionSpec(NamedTuple):
    """One command.

    ``scope`` is ``window`` (its key works everywhere) or ``context`` (its key works only in the
    widget that adds the action). Commands of a page's group are enabled while it is in front.
    """

    id: str
    text: str
    shortcut: str = ""
    icon: str = ""
    tip: str = ""
    scope: str = "window"

    @property
    def group(self) -> str:
        """First part of the id."""
        return self.id.partition(".")[0]


SPECS = (
    ActionSpec("project.new", "New project", "Ctrl+N", "file", "Start with an empty network."),
    ActionSpec("project.open", "Open project...", "Ctrl+O", "folder", "Open a saved project."),
    ActionSpec(
        "project.import", "Import network...", "Ctrl+I", "file", "Draw an ONNX file or a module."
    ),
    ActionSpec("project.save", "Save", "Ctrl+S", "save", "Write the project to its file."),
    ActionSpec("project.save_as", "Save as...", "Ctrl+Shift+S", "", "Write it to another file."),
    ActionSpec("project.close", "Close project", "Ctrl+W", "", "Go back to the welcome page."),
    ActionSpec("edit.undo", "Undo", "Ctrl+Z", "undo", "Take back the last edit."),
    ActionSpec("edit.redo", "Redo", "Ctrl+Shift+Z", "redo", "Do the edit again."),
    ActionSpec("go.data", "Data", "Ctrl+1", "data", "Columns, recipe and split."),
    ActionSpec("go.network", "Network", "Ctrl+2", "network", "Draw the network."),
    ActionSpec("go.train", "Train", "Ctrl+3", "train", "Settings, curves and runs."),
    ActionSpec("go.evaluate", "Evaluate", "Ctrl+4", "evaluate", "Scores and mistakes of a run."),
    ActionSpec("go.export", "Export", "Ctrl+5", "export", "Write the model for other programs."),
    ActionSpec("go.welcome", "Welcome", "", "home", "Recent projects, templates and samples."),
    ActionSpec(
        "data.open", "Open table...", "Ctrl+Shift+O", "table", "Start from a table of data."
    ),
    ActionSpec(
        "data.open_folder",
        "Open folder...",
        "Ctrl+Alt+O",
        "folder",
        "Start from a folder of pictures or texts.",
    ),
    ActionSpec(
        "data.open_database",
        "Open database...",
        "Ctrl+Alt+D",
        "data",
        "Start from a table or a query of a database.",
    ),
    ActionSpec("data.add_step", "Add recipe step", "A", "plus", "Clean or encode.", "context"),
    ActionSpec(
        "network.quick_add", "Add block", "A", "plus", "Find a layer and connect it.", "context"
    ),
    ActionSpec("network.find", "Find layer...", "Ctrl+F", "search", "Search the blocks by name."),
    ActionSpec("network.duplicate", "Duplicate", "Ctrl+D", "copy", "Copy the selection beside it."),
    ActionSpec(
        "network.delete",
        "Delete",
        "Del",
        "trash",
        "Delete the selection and heal the chain.",
        "context",
    ),
    ActionSpec("network.cut", "Cut", "Ctrl+X", "cut", "Cut the selected blocks.", "context"),
    ActionSpec("network.copy", "Copy", "Ctrl+C", "copy", "Copy the selected blocks.", "context"),
    ActionSpec("network.paste", "Paste", "Ctrl+V", "paste", "Paste blocks.", "context"),
    ActionSpec("network.select_all", "Select all", "Ctrl+A", "", "Select every block.", "context"),
    ActionSpec(
        "network.toggle", "Switch block off or on", "B", "reg", "Let values pass.", "context"
    ),
    ActionSpec(
        "network.freeze",
        "Freeze or unfreeze weights",
        "K",
        "lock",
        "Keep the weights of the selected blocks as they are.",
        "context",
    ),
    ActionSpec(
        "network.fix", "Repair", "Ctrl+.", "bolt", "Mend what is wrong with the block.", "context"
    ),
    ActionSpec(
        "network.rename",
        "Rename block",
        "F2",
        "text",
        "Type another name where it stands.",
        "context",
    ),
    ActionSpec(
        "network.look_inside",
        "Look inside",
        "V",
        "eye",
        "What the block makes of a row, and its weights, after a run.",
        "context",
    ),
    ActionSpec(
        "network.wire_to", "Wire to...", "W", "right", "Choose what the block feeds.", "context"
    ),
    ActionSpec(
        "network.wire_from", "Wire from...", "Shift+W", "right", "Choose what feeds it.", "context"
    ),
    ActionSpec(
        "network.move_up",
        "Move up the chain",
        "Ctrl+Up",
        "up",
        "Change places with what feeds it.",
        "context",
    ),
    ActionSpec(
        "network.move_down",
        "Move down the chain",
        "Ctrl+Down",
        "down",
        "Change places with what it feeds.",
        "context",
    ),
    ActionSpec(
        "network.align_left",
        "Align left edges",
        "Ctrl+Shift+Left",
        "",
        "To the leftmost block.",
        "context",
    ),
    ActionSpec("network.align_center", "Align centres", "", "", "On one vertical line.", "context"),
    ActionSpec(
        "network.align_right",
        "Align right edges",
        "Ctrl+Shift+Right",
        "",
        "To the rightmost block.",
        "context",
    ),
    ActionSpec(
        "network.align_top", "Align tops", "Ctrl+Shift+Up", "", "To the topmost block.", "context"
    ),
    ActionSpec(
        "network.align_middle", "Align middles", "", "", "On one horizontal line.", "context"
    ),
    ActionSpec(
        "network.align_bottom",
        "Align bottoms",
        "Ctrl+Shift+Down",
        "",
        "To the lowest block.",
        "context",
    ),
    ActionSpec(
        "network.distribute_across",
        "Distribute across",
        "",
        "",
        "Equal gaps from left to right.",
        "context",
    ),
    ActionSpec(
        "network.distribute_down",
        "Distribute down",
        "",
        "",
        "Equal gaps from top to bottom.",
        "context",
    ),
    ActionSpec(
        "network.group", "Group", "Ctrl+G", "group", "Put the selected blocks into one.", "context"
    ),
    ActionSpec(
        "network.ungroup",
        "Ungroup",
        "Ctrl+Shift+G",
        "ungroup",
        "Take the selected group apart.",
        "context",
    ),
    ActionSpec(
        "network.open_group",
        "Open group",
        "",
        "group",
        "Look inside; Enter does so too.",
        "context",
    ),
    ActionSpec(
        "network.leave_group",
        "Leave group",
        "",
        "up",
        "Go one level up; Backspace does so too.",
        "context",
    ),
    ActionSpec(
        "network.save_block",
        "Save to My blocks...",
        "",
        "star",
        "Keep it in the palette for all projects.",
        "context",
    ),
    ActionSpec("network.tidy", "Tidy", "L", "grid", "Place the blocks automatically.", "context"),
    ActionSpec("network.note", "Note", "N", "note", "Put a remark on the canvas.", "context"),
    ActionSpec("network.fit", "Fit network to window", "F", "fit", "Show all blocks.", "context"),
    ActionSpec(
        "network.fit_selection", "Fit selection", "Shift+F", "fit", "Show the selection.", "context"
    ),
    ActionSpec(
        "network.heat", "Heat map", "H", "bars", "Colour the blocks by what they cost.", "context"
    ),
    ActionSpec(
        "network.minimap", "Minimap", "M", "eye", "Show or hide the map in the corner.", "context"
    ),
    ActionSpec(
        "network.outline",
        "Outline",
        "Ctrl+L",
        "outline",
        "Every block as a list, for the keyboard.",
    ),
    ActionSpec(
        "network.export_picture",
        "Export picture...",
        "Ctrl+Shift+E",
        "image",
        "Write the network as an SVG or PNG file.",
    ),
    ActionSpec("train.start", "Train", "F5", "play", "Train with the settings of the Train page."),
    ActionSpec(
        "train.folds",
        "Train all folds",
        "Ctrl+F5",
        "bars",
        "Train once on each fold; the scores become mean and spread.",
    ),
    ActionSpec("train.pause", "Pause or resume", "F6", "pause", "Hold the run; nothing is lost."),
    ActionSpec("train.stop", "Stop", "Shift+F5", "stop", "End the run; the best weights are kept."),
    ActionSpec(
        "export.run", "Export and check", "Ctrl+E", "export", "Write the file and replay it."
    ),
    ActionSpec("export.try", "Try the model", "Ctrl+Return", "bolt", "Predict one row.", "context"),
    ActionSpec(
        "problems.next", "Next problem", "F8", "warn", "Go to the next problem of the project."
    ),
    ActionSpec(
        "problems.previous", "Previous problem", "Shift+F8", "warn", "Go to the one before."
    ),
    ActionSpec("view.left", "Left panel", "Ctrl+B", "panel_left", "Show or hide the left panel."),
    ActionSpec(
        "view.bottom", "Bottom panel", "Ctrl+J", "panel_bottom", "Show or hide the bottom panel."
    ),
    ActionSpec(
        "view.right", "Right panel", "Ctrl+Alt+B", "panel_right", "Show or hide the right panel."
    ),
    ActionSpec("view.focus", "Focus mode", "F11", "fit", "Hide everything but the page."),
    ActionSpec("view.theme", "Change theme", "Ctrl+Alt+T", "sun", "From dark to light and back."),
    ActionSpec("view.settings", "Settings", "Ctrl+,", "gear", "Theme, text size and autosave."),
    ActionSpec("palette.open", "Search or run a command", "Ctrl+K", "search", "Every command."),
    ActionSpec("help.guide", "Guide", "F1", "help", "What this page or the chosen block does."),
    ActionSpec(
        "help.shortcuts", "Keyboard shortcuts", "Ctrl+/", "keyboard", "Every key, by place."
    ),
    ActionSpec("help.about", "About Model Studio", "", "info", "Version and licences."),
    ActionSpec("app.quit", "Quit", "Ctrl+Q", "", "Close the window."),
)

GROUPS = {
    "project": "Project",
    "edit": "Edit",
    "go": "Go to",
    "data": "Data",
    "network": "Network",
    "train": "Train",
    "export": "Export",
    "problems": "Problems",
    "view": "View",
    "palette": "Commands",
    "help": "Help",
    "app": "Application",
}


class Actions(QObject):
    """The commands as QActions, by id; ``objectName`` is the id."""

    def __init__(self, window: QWidget):
        super().__init__(window)
        self._specs = {spec.id: spec for spec in SPECS}
        self._actions = {spec.id: self._make(spec, window) for spec in SPECS}

    def __getitem__(self, action_id: str) -> QAction:
        return self._actions[action_id]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def spec(self, action_id: str) -> ActionSpec:
        """Return the declaration of a command."""
        return self._specs[action_id]

    def show_project(self, opened: bool) -> None:
        """Enable the commands that need a project, or disable them."""
        for spec in SPECS:
            if spec.group in {"go", "export"} and spec.id != "go.welcome":
                self[spec.id].setEnabled(opened)
        for name in ("save", "save_as", "close"):
            self[f"project.{name}"].setEnabled(opened)

    def show_page(self, page_id: str) -> None:
        """Enable the commands of one page and disable those of the others."""
        for spec in SPECS:
            if spec.group in {"network", "data"} and not spec.id.startswith("data.open"):
                self[spec.id].setEnabled(spec.group == page_id)

    def _make(self, spec: ActionSpec, window: QWidget) -> QAction:
        action = QAction(icon(spec.icon), tr(spec.text), window, objectName=spec.id)
        if spec.shortcut:
            action.setShortcut(QKeySequence(spec.shortcut))
        action.setToolTip(tooltip(tr(spec.text), spec.shortcut, tr(spec.tip)))
        action.setStatusTip(tr(spec.tip))
        if spec.scope == "window":
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            window.addAction(action)
        else:
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        return action


def key_text(shortcut: str | QKeySequence) -> str:
    """Write a key as the platform does."""
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText).replace("+", " ")


def tooltip(name: str, shortcut: str = "", sentence: str = "") -> str:
    """Return a tooltip: name, key, one sentence."""
    head = f"<b>{name}</b>" + (f"&nbsp;&nbsp;{key_text(shortcut)}" if shortcut else "")
    return f"<p style='white-space:pre'>{head}</p>" + (f"<p>{sentence}</p>" if sentence else "")
