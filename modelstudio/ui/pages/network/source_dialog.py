"""The code of a Python block: read, written, checked, and trusted."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from modelstudio.layers.custom import Description, may_run, read_source
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.code_view import Highlighter
from modelstudio.ui.theme import restyle
from modelstudio.ui.widgets import Dialog, label

_INDENT = "    "


class Answer(NamedTuple):
    """The text, and whether it may run."""

    source: str
    trusted: bool


class SourceDialog(Dialog):
    """Shows the code of a block; nothing of it runs before it is trusted here."""

    def __init__(self, parent: QWidget | None, name: str, source: str, *, read_only: bool = False):
        text = tr(
            "The last class with a forward is the block: its arguments are the inputs, those of "
            "__init__ with a default the settings; in_features and in_channels follow the input."
        )
        if not may_run(source):
            text = tr(
                "This code has not run. It could read and change files of yours, so let it run "
                "only if you understand it or trust who wrote it."
            )
        super().__init__(parent, tr("Python of {0}").format(name), text, "network.source")
        self.editor = CodeEdit(source, read_only=read_only)
        self.body.addWidget(self.editor, 1)
        self.said = label("", "label", "secondary", wrap=True, name="network.source.said")
        self.body.addWidget(self.said)
        self.add_button(tr("Check"), "check", left=True)
        self.add_button(tr("Cancel"), "cancel")
        self._keep = self.add_button(tr("Keep without running"), "keep")
        self._run = self.add_button(tr("Trust and run"), "run", "primary")
        self._run.setDefault(False)
        for part in (self._keep, self._run):
            part.setAutoDefault(False)
        self._keep.setVisible(not read_only)
        self.editor.textChanged.connect(self._name_buttons)
        self._name_buttons()
        self.editor.setFocus()

    @classmethod
    def ask(
        cls, parent: QWidget | None, name: str, source: str, *, read_only: bool = False
    ) -> Answer | None:
        """Show the code; return what became of it, or None when it was cancelled."""
        dialog = cls(parent, name, source, read_only=read_only)
        answer = dialog.run()
        text = dialog.editor.toPlainText()
        return Answer(text, answer == "run") if answer in ("run", "keep") else None

    def _name_buttons(self) -> None:
        self._run.setText(
            tr("Apply") if may_run(self.editor.toPlainText()) else tr("Trust and run")
        )

    def _close_with(self, answer: str) -> None:
        known = read_source(self.editor.toPlainText())
        if answer == "cancel" or (answer == "keep" and not known.fault):
            super()._close_with(answer)
        elif known.fault:
            self._say(tr("It {0}.").format(known.fault), "error")
            self.editor.show_line(known.fault)
        elif answer == "check":
            self._say(_told(known), "success")
        else:
            super()._close_with(answer)

    def _say(self, text: str, tone: Literal["error", "success"]) -> None:
        self.said.setText(text)
        restyle(self.said, role=tone)


class CodeEdit(QPlainTextEdit):
    """Python in colours; Tab indents, Enter keeps the indent, Shift+Tab goes back a control."""

    def __init__(self, source: str, *, read_only: bool):
        super().__init__(source, objectName="network.source.text", readOnly=read_only)
        self.setProperty("mono", True)
        self.setAccessibleName(tr("Python code of the block"))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(read_only)
        self._highlighter = Highlighter(self.document())

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(88 * metrics.horizontalAdvance("0"), 24 * metrics.lineSpacing())

    def show_line(self, words: str) -> None:
        """Put the cursor into the line that a sentence speaks of, if it does."""
        found = re.search(r"\bline (\d+)", words)
        if found:
            block = self.document().findBlockByNumber(int(found[1]) - 1)
            self.setTextCursor(QTextCursor(block))
            self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        cursor = self.textCursor()
        if self.isReadOnly():
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Tab:
            cursor.insertText(_INDENT)
        elif event.key() == Qt.Key.Key_Backtab:
            self.focusPreviousChild()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            line = cursor.block().text()[: cursor.positionInBlock()]
            indent = line[: len(line) - len(line.lstrip())]
            deeper = _INDENT if line.rstrip().endswith(":") else ""
            cursor.insertText(f"\n{indent}{deeper}")
            self.ensureCursorVisible()
        else:
            super().keyPressEvent(event)


def _told(known: Description) -> str:
    """Say what was read off the code."""
    ports = ", ".join(
        f"{port.name}{'...' if port.variadic else '?' if port.optional else ''}"
        for port in known.ports
    )
    text = tr("{0} takes {1}.").format(known.name, ports)
    if known.settings:
        settings = ", ".join(f"{name} = {value!r}" for name, value in known.settings)
        text += " " + tr("Settings: {0}.").format(settings)
    return text
