"""Try the exported file on one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QStackedWidget, QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.figures import number_text, time_text
from modelstudio.ui.pages.answers import AnswerBars
from modelstudio.ui.pages.export.columns import TryField, Value
from modelstudio.ui.pages.layouts import clear
from modelstudio.ui.theme import restyle
from modelstudio.ui.widgets import (
    ComboBox,
    ElidedLabel,
    EmptyState,
    LineField,
    PanelHeader,
    Section,
    Tag,
    button,
    format_number,
    grow,
    label,
    parse_number,
    row,
    rule,
    scroll,
    toned,
)

IN_SIGHT = 9
"""Columns shown before the rest folds."""

MISSING = tr("(missing)")


class TryPanel(QWidget):
    """A form of the raw columns and the answer.

    ``edited`` follows the form, ``row_asked`` wants a test row.
    """

    edited = Signal()
    row_asked = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="export.try")
        toned(self, "panel")
        self.setMinimumWidth(300)
        self._fields: tuple[TryField, ...] = ()
        self._editors: dict[str, ComboBox | LineField] = {}
        self._true = ""
        self.header = PanelHeader(
            tr("Try it"), tr("uses the exported file"), name="export.try.header"
        )
        self.test_row = button(
            tr("Test row"), "secondary", "redo", name="export.test_row", small=True
        )
        self.header.add(self.test_row)
        self.test_row.setToolTip(tr("Fill in a random test row and show its true answer"))
        self.test_row.clicked.connect(self.row_asked)
        self.empty = EmptyState("bolt", "", "", name="export.try.empty")
        self.set_tensors(False)
        self._form = QVBoxLayout()
        self._form.setContentsMargins(16, 12, 16, 16)
        self._form.setSpacing(8)
        form = QWidget()
        form.setLayout(self._form)
        self._said = label("", "dialogTitle")
        self._tag = Tag("")
        self._time = label("", "label", "tertiary")
        self._truth = label("", "label", "secondary")
        self._problem = label("", "label", "error", wrap=True)
        self.bars = AnswerBars("export.answer")
        answer = QWidget()
        inner = QVBoxLayout(answer)
        inner.setContentsMargins(16, 14, 16, 16)
        inner.setSpacing(10)
        inner.addWidget(row(self._said, self._tag, None, self._time))
        inner.addWidget(self._truth)
        inner.addWidget(self._problem)
        inner.addWidget(self.bars)
        full = QWidget()
        layout = QVBoxLayout(full)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(form)
        layout.addWidget(rule())
        layout.addWidget(answer)
        layout.addStretch(1)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(scroll(full, name="export.try.scroll"))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.header)
        outer.addWidget(rule())
        outer.addWidget(self._stack, 1)
        self.set_ready(False)

    @property
    def fields(self) -> tuple[TryField, ...]:
        """Columns of the form."""
        return self._fields

    def set_tensors(self, tensors: bool) -> None:
        """Say why there is no form: nothing was exported yet, or the file takes tensors."""
        if tensors:
            title = tr("This file takes tensors")
            text = tr(
                "An imported network has no table whose columns could be filled in here. Ask the "
                "file from Python as shown beside this, or open a table on the Data page and train "
                "from this run's weights."
            )
        else:
            title = tr("Export first")
            text = tr("Answers come from the exported file, as another program would get them.")
        self.empty.set_text(title, text)

    def set_ready(self, ready: bool) -> None:
        """Show the form once there is an exported file and its columns are known."""
        self._stack.setCurrentIndex(int(ready and bool(self._fields)))
        self.test_row.setEnabled(ready and bool(self._fields))

    def show_fields(self, fields: Sequence[TryField]) -> None:
        """Build the form, filled with typical values."""
        if tuple(fields) == self._fields:
            return
        self._fields = tuple(fields)
        self._editors.clear()
        clear(self._form)
        self._form.addWidget(self._grid(self._fields[:IN_SIGHT]))
        if rest := self._fields[IN_SIGHT:]:
            title = tr("{} more columns, typical values").format(len(rest))
            self._form.addWidget(
                Section(title, self._grid(rest), folded=True, name="export.try.more")
            )
        self.set_values({field.name: field.typical for field in self._fields})

    def _grid(self, fields: Sequence[TryField]) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        grid.setHorizontalSpacing(8)
        grid.setColumnStretch(1, 1)
        grow(box, partial(grid.setColumnMinimumWidth, 0), 116)
        for line, field in enumerate(fields):
            editor = self._editors[field.name] = self._editor(field)
            head = ElidedLabel(field.name, "label", "secondary")
            grid.addWidget(head, line, 0)
            grid.addWidget(editor, line, 1)
        return box

    def _editor(self, field: TryField) -> ComboBox | LineField:
        name = f"export.try.{field.name}"
        if field.choices:
            box = ComboBox(name, field.name)
            box.addItems([*field.choices, MISSING])
            box.activated.connect(lambda _: self._edited())
            return box
        line = LineField("", name, field.name)
        line.setPlaceholderText(tr("missing"))
        line.changed.connect(lambda _: self._edited())
        return line

    def values(self) -> dict[str, Value] | None:
        """Return what is filled in; None while a number cannot be read."""
        found: dict[str, Value] = {}
        good = True
        for field in self._fields:
            editor = self._editors[field.name]
            if isinstance(editor, ComboBox):
                text = editor.currentText()
                found[field.name] = None if text == MISSING else text
                continue
            text = editor.text().strip()
            value = parse_number(text) if field.kind == "number" else text
            wrong = bool(text) and value is None
            restyle(editor, invalid=str(wrong).lower())
            good = good and not wrong
            found[field.name] = value if text else None
        return found if good else None

    def set_values(self, values: Mapping[str, Value], true: str = "") -> None:
        """Fill the form, without a signal; ``true`` is the answer it should get."""
        self._true = true
        self._truth.setText(tr("Test row; the true answer is {}").format(true))
        self._truth.setVisible(bool(true))
        for name, editor in self._editors.items():
            value = values.get(name)
            if isinstance(editor, ComboBox):
                text = MISSING if value is None else str(value)
                if editor.findText(text) < 0:
                    editor.insertItem(editor.count() - 1, text)
                editor.setCurrentText(text)
            elif isinstance(value, float):
                editor.set_value(format_number(value))
            else:
                editor.set_value("" if value is None else value)
        self.values()

    def show_answer(
        self,
        answer: Mapping[str, float] | float,
        threshold: float | None,
        seconds: float,
        *,
        several: bool = False,
    ) -> None:
        """Show what the file says of the row; of ``several`` labels all from the threshold on."""
        self._problem.hide()
        self._time.setText(time_text(seconds))
        if isinstance(answer, Mapping):
            said = max(answer, key=lambda name: answer[name])
            given = [name for name in answer if threshold is not None and answer[name] >= threshold]
            tick = None
            names = tuple(answer)
            if several and threshold is not None:
                self._tag.set(tr("from {:.2f} on").format(threshold), "accent")
            elif threshold is not None and len(names) == 2:
                said = names[1] if answer[names[1]] >= threshold else names[0]
                tick = (names[1], threshold)
                side = tr("above") if said == names[1] else tr("below")
                words = f"{100 * answer[names[1]]:.1f} %, {side} {threshold:.2f}"
                self._tag.set(words, "accent")
            else:
                self._tag.set(f"{100 * answer[said]:.1f} %", "accent")
            self._said.setText((", ".join(given) or tr("No label")) if several else said)
            self.bars.show_answers(tuple(answer.items()), said, true=self._true, tick=tick)
        else:
            self._said.setText(number_text(answer, 4))
            self._tag.set(tr("predicted value"), "accent")
        self._tag.show()
        self.bars.setVisible(isinstance(answer, Mapping))

    def answer_text(self) -> str:
        """Return the answer as shown."""
        return self._said.text()

    def show_problem(self, text: str) -> None:
        """Say why there is no answer."""
        self._said.setText(tr("No answer"))
        self._tag.hide()
        self._time.setText("")
        self.bars.hide()
        self._problem.setText(text)
        self._problem.show()

    def _edited(self) -> None:
        self._true = ""
        self._truth.hide()
        if self.values() is None:
            self.show_problem(tr("A number cannot be read."))
        else:
            self.edited.emit()
