"""Questions: destructive at the left, the safe default at the right, Escape cancels."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from modelstudio.ui.actions import tr
from modelstudio.ui.theme import restyle
from modelstudio.ui.widgets.basic import button, label


class Dialog(QDialog):
    """A title, some text, and a foot of buttons."""

    def __init__(self, parent: QWidget | None, title: str, text: str, name: str):
        super().__init__(parent, objectName=name)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.answer = ""
        self.text = label(text, "base", "secondary", wrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.heading = label(title, "dialogTitle", wrap=True)
        content = QWidget()
        content.setMinimumWidth(440)
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(20, 18, 20, 18)
        self.body.setSpacing(8)
        self.body.addWidget(self.heading)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.body.addWidget(self.text, 1)  # what is enlarged leaves its room below the text
        foot = QFrame()
        foot.setProperty("foot", True)
        self._foot = QHBoxLayout(foot)
        self._foot.setContentsMargins(16, 12, 16, 12)
        self._foot.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(content, 1)
        layout.addWidget(foot)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetMinimumSize)

    def add_button(
        self, text: str, answer: str, kind: str = "secondary", *, left: bool = False
    ) -> QPushButton:
        """Add a button that closes the dialog with an answer; the primary one is the default."""
        made = button(text, kind, name=f"{self.objectName()}.{answer}")
        made.clicked.connect(lambda: self._close_with(answer))
        if left:
            self._foot.insertWidget(0, made)
        else:
            self._foot.addWidget(made)
        if kind == "primary":
            made.setDefault(True)
            made.setFocus()
        return made

    def add_foot(self, widget: QWidget) -> None:
        """Put another widget at the left of the foot."""
        self._foot.insertWidget(0, widget)

    def run(self) -> str:
        """Show it and return the answer; empty when it was closed."""
        self.exec()
        self.deleteLater()
        return self.answer

    def _close_with(self, answer: str) -> None:
        self.answer = answer
        self.accept()


class SaveDialog(Dialog):
    """Asks whether to save, discard or stay."""

    @classmethod
    def ask(
        cls, parent: QWidget | None, name: str, detail: str = ""
    ) -> Literal["save", "discard", "cancel"]:
        """Ask what to do with unsaved changes."""
        text = detail or tr("Without saving, the changes since the last save are lost.")
        dialog = cls(parent, tr("Save changes to {name}?").format(name=name), text, "save_dialog")
        dialog.add_button(tr("Discard"), "discard", "danger", left=True)
        dialog.add_button(tr("Cancel"), "cancel")
        dialog.add_button(tr("Save"), "save", "primary")
        answer = dialog.run()
        return "save" if answer == "save" else "discard" if answer == "discard" else "cancel"


class ConfirmDialog(Dialog):
    """Asks before something is done."""

    @classmethod
    def ask(
        cls,
        parent: QWidget | None,
        title: str,
        text: str,
        confirm: str,
        destructive: bool = True,
        cancel: str = "",
    ) -> bool:
        """Ask before something; a destructive act is at the left and never the default."""
        dialog = cls(parent, title, text, "confirm_dialog")
        if destructive:
            dialog.add_button(confirm, "confirm", "danger", left=True)
            dialog.add_button(cancel or tr("Cancel"), "cancel", "primary")
        else:
            dialog.add_button(cancel or tr("Cancel"), "cancel")
            dialog.add_button(confirm, "confirm", "primary")
        return dialog.run() == "confirm"


class MessageDialog(Dialog):
    """Something happened that a person must read."""

    @classmethod
    def show_message(cls, parent: QWidget | None, title: str, text: str, details: str = "") -> None:
        """Show a message; ``details`` fold and can be copied."""
        dialog = cls(parent, title, text, "message_dialog")
        if details:
            dialog.add_details(details)
        dialog.add_button(tr("Close"), "close", "primary")
        dialog.run()

    def add_details(self, details: str) -> None:
        """Add the technical part: folded, read only, with Copy."""
        box = QPlainTextEdit(details, readOnly=True, objectName="message_dialog.details")
        box.setProperty("mono", True)
        box.setAccessibleName(tr("Technical details"))
        box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        box.setFixedHeight(180)
        box.hide()
        toggle = button(tr("Technical details"), "ghost", "right", name="message_dialog.toggle")
        toggle.clicked.connect(lambda: box.setVisible(box.isHidden()))
        copy = button(tr("Copy report"), "ghost", "copy", name="message_dialog.copy")
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(details))
        self.body.addWidget(toggle, 0, Qt.AlignmentFlag.AlignLeft)
        self.body.addWidget(box, 100)
        self.add_foot(copy)
        restyle(box)
