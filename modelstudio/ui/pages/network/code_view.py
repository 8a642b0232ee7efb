"""The network as Python: read only, coloured, and at the line of what is selected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import (
    QGuiApplication,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QStackedLayout, QTextEdit, QWidget

from modelstudio.errors import StudioError
from modelstudio.project.model import Project
from modelstudio.ui.actions import tr
from modelstudio.ui.jobs import LatestJob
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.theme import theme, themes
from modelstudio.ui.widgets import button, label, row

if TYPE_CHECKING:
    from modelstudio.ui.main_window import MainWindow

_WAIT_MS = 250
_PATTERNS = (
    ("accent", r"\b(?:class|def|return|import|from|for|in|if|else|as|None|True|False|not)\b"),
    ("category.activation", r"\b\d[\d_.e-]*\b"),
    ("category.convolution", r"(?<=class )\w+|(?<=def )\w+"),
    ("category.group", r"\bself\b"),
    ("success", r"\"\"\".*?\"\"\"|\"[^\"]*\"|'[^']*'"),
    ("textTertiary", r"#.*$"),
)


class CodeView(QWidget):
    """Shows the code of the network; it is written in a job, and only while it is looked at."""

    def __init__(self, editor: Editor, main: MainWindow):
        super().__init__(objectName="network.code")
        self._editor, self._main = editor, main
        self._stale = True
        self.text = QPlainTextEdit(
            objectName="network.code.text", readOnly=True, frameShape=QFrame.Shape.NoFrame
        )
        self.text.setProperty("mono", True)
        self.text.setAccessibleName(tr("Python code of the network"))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._highlighter = Highlighter(self.text.document())
        self._reason = label("", "label", "secondary", wrap=True, name="network.code.reason")
        self._reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.text)
        self._pages.addWidget(row(None, self._reason, None, margins=24))
        self.copy = button(tr("Copy"), "ghost", "copy", name="network.code.copy", small=True)
        self.copy.clicked.connect(self._copy)
        self._job = LatestJob(main.jobs, self)
        self._job.finished.connect(self._show_code)
        self._job.failed.connect(self._show_reason)
        self._timer = QTimer(self, singleShot=True, interval=_WAIT_MS)
        self._timer.timeout.connect(self._write)
        editor.changed.connect(self._outdate)
        editor.selection_changed.connect(self._follow)
        main.torch_loaded.connect(self._outdate)

    def showEvent(self, event: object) -> None:
        if self._stale:
            self._write()

    def hideEvent(self, event: object) -> None:
        self._timer.stop()

    def _outdate(self) -> None:
        self._stale = True
        if self.isVisible():
            self._timer.start()

    def _write(self) -> None:
        if not self._editor.root.nodes:
            self._say(tr("The network is empty."))
        elif not self._main.torch_ready:
            self._say(tr("The code appears as soon as PyTorch is loaded."))
        elif self._editor.whole.errors:
            self._say(tr("The code appears when the problems are solved."))
        else:
            self._stale = False
            self._job.start(partial(_code, self._main.document.project), name="code")

    def _say(self, text: str) -> None:
        self._job.cancel()
        self.copy.setEnabled(False)
        self._reason.setText(text)
        self._pages.setCurrentIndex(1)

    def _show_code(self, code: str) -> None:
        if code != self.text.toPlainText():
            self.text.setPlainText(code)
        self.copy.setEnabled(True)
        self._pages.setCurrentIndex(0)
        self._follow()

    def _show_reason(self, error: Exception) -> None:
        plain = isinstance(error, StudioError)
        self._say(str(error) if plain else tr("The code could not be written: {0}").format(error))

    def _follow(self) -> None:
        """Mark the first line that speaks of the selected block."""
        node = self._editor.single
        self.text.setExtraSelections([])
        if node is None or not self.isVisible():
            return
        groups = [name for name, _ in self._editor.trail()[1:]]
        place = line_of(self.text.toPlainText(), groups, node.name)
        if place is not None:
            cursor = QTextCursor(self.text.document().findBlockByNumber(place))
            self.text.setTextCursor(cursor)
            self.text.centerCursor()
            line = QTextEdit.ExtraSelection()
            line.cursor = cursor
            line.format.setBackground(theme().color("selection"))
            line.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            self.text.setExtraSelections([line])

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self._main.status.set_event(tr("Code copied"))


def line_of(code: str, groups: Sequence[str], block: str) -> int | None:
    """Return the number of the first line that speaks of a block, in the class of its group."""
    lines = code.splitlines()
    heads = {
        found[1]: number
        for number, line in enumerate(lines)
        if (found := re.match(r"class (\w+)", line))
    }
    start, end = max(heads.values(), default=0), len(lines)
    for group in groups:
        made = re.compile(rf"\s+self\.{group}_* = (?:nn\.\w+)?[(\[*]*(\w+)")
        found = next(filter(None, map(made.match, lines[start:end])), None)
        if found is None or found[1] not in heads:
            return None
        start = heads[found[1]]
        end = min((number for number in heads.values() if number > start), default=len(lines))
    for spoken in (rf"\bself\.{block}_?\b", rf"\b{block}_?\b"):
        for number in range(start, end):
            if re.search(spoken, lines[number]):
                return number
    return None


def _code(project: Project) -> str:
    """Run in a job: write the code."""
    from modelstudio.engine.run import python_code

    return python_code(project)


class Highlighter(QSyntaxHighlighter):
    """Colours Python; later patterns win."""

    def __init__(self, document: QTextDocument):
        super().__init__(document)
        self._rules: list[tuple[re.Pattern[str], QTextCharFormat]] = []
        self._load()
        themes().changed.connect(self._load)

    def _load(self) -> None:
        self._rules = []
        for role, pattern in _PATTERNS:
            style = QTextCharFormat()
            style.setForeground(theme().color(role))
            self._rules.append((re.compile(pattern), style))
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        for pattern, style in self._rules:
            for match in pattern.finditer(text):
                self.setFormat(match.start(), match.end() - match.start(), style)
