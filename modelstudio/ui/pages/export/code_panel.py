"""The network as Python code, to read, copy and save."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QPlainTextEdit, QVBoxLayout, QWidget

from modelstudio.errors import StudioError
from modelstudio.project.files import write_text
from modelstudio.ui.actions import tr
from modelstudio.ui.widgets import PanelHeader, button, rule, toned


class CodePanel(QWidget):
    """``saved`` gives the file written, ``failed`` why it was not."""

    saved = Signal(object)
    failed = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="export.python")
        toned(self, "panel")
        self._name = "network"
        header = PanelHeader(
            tr("Python code"), tr("runs with PyTorch alone"), name="export.python.header"
        )
        copy = button(tr("Copy"), "secondary", "copy", name="export.copy", small=True)
        save = button(tr("Save as..."), "secondary", "save", name="export.save_code", small=True)
        for item in (copy, save):
            header.add(item)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.code))
        save.clicked.connect(self._choose)
        self._text = QPlainTextEdit(objectName="export.code", readOnly=True)
        self._text.setAccessibleName(tr("Python code of the network"))
        self._text.setProperty("mono", True)
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(header)
        layout.addWidget(rule())
        layout.addWidget(self._text, 1)

    @property
    def code(self) -> str:
        """What is shown."""
        return self._text.toPlainText()

    def show_code(self, code: str, name: str) -> None:
        """Show code; ``name`` is that of the project."""
        self._name = name
        if code != self.code:
            self._text.setPlainText(code)

    def _choose(self) -> None:
        suggested = f"{self._name.lower().replace(' ', '_')}.py"
        chosen, _ = QFileDialog.getSaveFileName(
            self, tr("Save Python code"), suggested, tr("Python (*.py)")
        )
        if not chosen:
            return
        try:
            write_text(Path(chosen), self.code)
        except StudioError as error:
            self.failed.emit(error)
        else:
            self.saved.emit(Path(chosen))
