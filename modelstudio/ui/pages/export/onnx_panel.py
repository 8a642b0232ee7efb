"""Options of the ONNX file, where it goes, and the check."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QGridLayout, QPlainTextEdit, QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.export.check_card import CheckCard
from modelstudio.ui.pages.export.records import ExportRecord
from modelstudio.ui.pages.layouts import stretch
from modelstudio.ui.widgets import (
    ElidedLabel,
    IconLabel,
    LineField,
    PanelHeader,
    ProgressPanel,
    button,
    column,
    label,
    row,
    rule,
    scroll,
    toned,
)

if TYPE_CHECKING:
    from modelstudio.engine.results import Explanation
    from modelstudio.recipe.fields import FieldSpec
    from modelstudio.ui.pages.export.facts import ModelFacts

_LENGTH = 16
"""Length of a sequence in the example of use."""


def tensor_usage(file_name: str, tensors: Sequence[FieldSpec]) -> str:
    """Return a Python program that asks the file of an imported network about one sample."""
    lines = ["import numpy as np", "import onnxruntime", ""]
    lines += [f"model = onnxruntime.InferenceSession({file_name!r})", "sample = {"]
    for field in tensors:
        shape = (1, *(_LENGTH if isinstance(dim, str) else dim for dim in field.shape))
        dtype = "np.int64" if field.dtype == "int" else "np.float32"
        lines.append(f"    {field.name!r}: np.zeros({shape}, {dtype}),")
    return "\n".join([*lines, "}", "print(model.run(None, sample))", ""])


def _shape(field: FieldSpec) -> str:
    return "×".join([tr("batch"), *map(str, field.shape)])


class OnnxPanel(QWidget):
    """``asked`` wants the export; ``threshold_clicked`` leads to the Evaluate page."""

    asked = Signal()
    cancelled = Signal()
    threshold_clicked = Signal()
    folder_asked = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="export.onnx")
        toned(self, "panel")
        header = PanelHeader(tr("ONNX model"), tr("one file"), name="export.onnx.header")
        self._lines: dict[str, tuple[IconLabel, ElidedLabel]] = {}
        options = QGridLayout()
        options.setHorizontalSpacing(12)
        options.setVerticalSpacing(12)
        options.setColumnMinimumWidth(0, 132)
        options.setColumnStretch(2, 1)
        self._options = options
        self._head(tr("Format"))
        self._line("opset", tr("Operator set"))
        self._line("batch", tr("Batch size"))
        self._head(tr("Inside the file"))
        self._line("recipe", tr("Data recipe"))
        self._line("answer", tr("Answer"))
        self.threshold = button(tr("Change"), "link", name="export.threshold", small=True)
        self.threshold.clicked.connect(self.threshold_clicked)
        self._line("threshold", tr("Decision threshold"), self.threshold)
        self._head(tr("Save to"))
        self.path = LineField("", "export.path", tr("File to write"))
        self.choose = button(tr("Choose..."), "secondary", name="export.choose")
        self.choose.clicked.connect(self._choose)
        self.card = CheckCard()
        self.progress = ProgressPanel(tr("Writing and checking the file"), name="export.progress")
        self.progress.cancelled.connect(self.cancelled)
        self.export = button(tr("Export ONNX"), "primary", "export", name="export.go")
        self.export.setToolTip(tr("Write the file and replay it on real rows (Ctrl+E)"))
        self.export.clicked.connect(self.asked)
        self.show_folder = button(tr("Show in folder"), "secondary", name="export.show_folder")
        self.show_folder.clicked.connect(self.folder_asked)
        self.last = ElidedLabel("", "label", "tertiary")
        self.last.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        body = QWidget()
        body.setMaximumWidth(860)
        inner = QVBoxLayout(body)
        inner.setContentsMargins(24, 18, 24, 24)
        inner.setSpacing(14)
        inner.addLayout(options)
        place = row(self.path, self.choose)
        stretch(place, 0)
        inner.addWidget(place)
        inner.addSpacing(4)
        inner.addWidget(self.card)
        inner.addWidget(self.progress)
        foot = row(self.export, self.show_folder, self.last)
        stretch(foot, 2)
        inner.addWidget(foot)
        inner.addSpacing(6)
        inner.addWidget(self._make_usage(), 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(header)
        layout.addWidget(rule())
        layout.addWidget(scroll(body, name="export.onnx.scroll"), 1)
        self.show_record(None, classes=True)
        self.set_busy(False)

    def show_facts(self, facts: ModelFacts | None) -> None:
        """Say what will be in the file; None switches the options off."""
        for widget in (self.path, self.choose, self.export):
            widget.setEnabled(facts is not None)
        self.card_text.hide()
        if facts is None:
            for key in self._lines:
                self._say(key, "–", known=False)
            self.threshold.hide()
            self.show_usage("")
            return
        self._say("batch", tr("any: rows can be sent one or many at a time"))
        self._say("recipe", tr("reading the run..."), known=False)
        if facts.tensors:
            taken = ", ".join(f"{field.name} ({_shape(field)})" for field in facts.tensors)
            self._say("recipe", tr("none: it takes tensors, {}").format(taken), known=False)
            self._say("answer", tr("what the network says, before any softmax or sigmoid"))
        elif facts.classes:
            names = ", ".join(facts.classes)
            self._say("answer", tr("class names and probabilities: {}").format(names))
        elif facts.ranks:
            words = tr("a score from 0 to 1 for each pair, to put every {} in order by")
            self._say("answer", words.format(facts.target))
        else:
            self._say("answer", tr("{} in its own units").format(facts.target))
        binary = facts.threshold is not None
        for part in (*self._lines["threshold"], self._threshold_head):
            part.setVisible(binary)
        self.threshold.setVisible(binary)
        if facts.threshold is not None:
            words = tr("{} from {:.2f} on, set on the Evaluate page")
            meant = tr("each label") if facts.several else facts.classes[-1]
            self._say("threshold", words.format(meant, facts.threshold))

    def show_record(
        self, record: ExportRecord | None, *, classes: bool, tensors: bool = False
    ) -> None:
        """Show the check of the last export of this model, if there was one.

        With ``tensors`` it was checked on random numbers.
        """
        self.card.setVisible(record is not None)
        self.show_folder.setEnabled(record is not None and record.exists)
        opset = tr("recommended; works with every ONNX Runtime of the last years")
        if record is None:
            self.last.set_full_text("")
        else:
            clock = time.strftime("%H:%M", time.localtime(record.at))
            words = tr("Last export {}, checked on {:,} rows")
            self.last.set_full_text(words.format(clock, record.rows_checked))
            self.card.show_record(record, classes=classes, tensors=tensors)
            opset = tr("{}, recommended").format(record.opset)
        self._say("opset", opset)

    def show_usage(self, code: str) -> None:
        """Show how another program asks the file."""
        self._usage.setPlainText(code)

    def explain(self, told: Explanation) -> None:
        """Say what the file takes and does itself, and show how it is asked."""
        self._say("recipe", tr("takes {}").format(told.takes))
        words = tr("The file takes {}. It gives {}.")
        self.card_text.setText(words.format(told.takes, told.gives))
        self.card_text.show()
        self.show_usage(told.code)

    def leave_unexplained(self, reason: str) -> None:
        """Say why nothing can be told of what the file takes."""
        self._say("recipe", reason, known=False)
        self.card_text.hide()
        self.show_usage("")

    def _make_usage(self) -> QWidget:
        self._usage = QPlainTextEdit(objectName="export.usage", readOnly=True)
        self._usage.setAccessibleName(tr("Python code that uses the file"))
        self._usage.setProperty("mono", True)
        self._usage.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._usage.setMinimumHeight(96)
        copy = button(tr("Copy"), "ghost", "copy", name="export.copy_usage", small=True)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._usage.toPlainText()))
        head = label(tr("Use the file from Python"), "section", "secondary")
        self.card_text = label("", "label", "secondary", wrap=True)
        self.card_text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.card_text.hide()
        made = column(row(head, None, copy), self.card_text, self._usage, spacing=4)
        stretch(made, 2)
        return made

    def set_busy(self, busy: bool) -> None:
        """Show progress in place of the check."""
        self.progress.setVisible(busy)
        self.progress.set_progress(None)
        self.export.setEnabled(not busy and self.path.isEnabled())
        if busy:
            self.card.hide()

    def _head(self, text: str) -> None:
        line = self._options.rowCount()
        made = label(text, "section", "secondary")
        made.setContentsMargins(0, 6 if line > 1 else 0, 0, 0)
        self._options.addWidget(made, line, 0, 1, 3)

    def _line(self, key: str, text: str, extra: QWidget | None = None) -> None:
        line = self._options.rowCount()
        head = label(text)
        if key == "threshold":
            self._threshold_head = head
        sign, words = IconLabel("okc", "success"), ElidedLabel("", "label", "secondary")
        self._options.addWidget(head, line, 0)
        self._options.addWidget(sign, line, 1)
        box = row(words, extra) if extra is not None else words
        if extra is not None:
            stretch(box, 0)
        self._options.addWidget(box, line, 2)
        self._lines[key] = (sign, words)

    def _say(self, key: str, text: str, *, known: bool = True) -> None:
        sign, words = self._lines[key]
        sign.set_icon(*(("okc", "success") if known else ("minus", "textTertiary")))
        words.set_full_text(text)

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, tr("Save ONNX model"), self.path.text(), tr("ONNX model (*.onnx)")
        )
        if chosen:
            path = Path(chosen)
            self.path.setText(str(path if path.suffix else path.with_suffix(".onnx")))
