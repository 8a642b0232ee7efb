"""A form read off a pydantic model: labels, editors, limits and help come from its fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from modelstudio.declaration import sentence
from modelstudio.ui.actions import tr
from modelstudio.ui.widgets.basic import Watcher, label
from modelstudio.ui.widgets.editors import make_editor, mark_invalid, range_text
from modelstudio.ui.widgets.panels import Section

_LABEL_WIDTH = 100


class ModelForm(QWidget):
    """Edit the fields of a model.

    ``changed`` gives a field and its new value, and only when the whole model stays valid;
    otherwise the field is marked and says what it takes.

    Parameters
    ----------
    instance
        The model shown; it is never changed.
    fields, exclude, advanced
        Which fields, in which order; which are left out; which fold away under "Advanced".
    labels
        Names for people, where the field's title does not serve.
    choices
        For a field, the texts of its values.
    """

    changed = Signal(str, object)
    field_focused = Signal(str)

    def __init__(
        self,
        instance: BaseModel,
        fields: Iterable[str] | None = None,
        exclude: Collection[str] = (),
        advanced: Collection[str] = (),
        labels: Mapping[str, str] | None = None,
        name: str = "form",
        choices: Mapping[str, dict[Any, str]] | None = None,
    ):
        super().__init__(objectName=name)
        self._model = instance
        self._editors: dict[str, Any] = {}
        self._errors: dict[str, QLabel] = {}
        self._labels: dict[str, QLabel] = {}
        self._given_labels = labels or {}
        self._choices = choices or {}
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(8)
        self._grid = _grid()
        outer.addLayout(self._grid)
        known = type(instance).model_fields
        for field in fields if fields is not None else known:
            if field not in exclude and field not in advanced:
                self._add_field(self._grid, field, known[field])
        self.advanced: Section | None = None
        if folded := [field for field in advanced if field in known]:
            box = QWidget()
            grid = _grid()
            box.setLayout(grid)
            for field in folded:
                self._add_field(grid, field, known[field])
            self.advanced = Section(tr("Advanced"), box, folded=True, name=f"{name}.advanced")
            outer.addWidget(self.advanced)
        self.set_model(instance)

    @property
    def model(self) -> BaseModel:
        """The last good model."""
        return self._model

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields that have an editor."""
        return tuple(self._editors)

    def editor(self, field: str) -> Any:
        """Return the editor of a field."""
        return self._editors[field]

    def error(self, field: str) -> str:
        """Return what is said against the value in a field; empty when it is good."""
        return self._errors[field].text()

    def set_model(self, instance: BaseModel) -> None:
        """Show another instance of the same class, without signals."""
        self._model = instance
        for field, editor in self._editors.items():
            editor.set_value(getattr(instance, field))
            self._say(field, "")

    def set_mixed(self, fields: Collection[str]) -> None:
        """Show these fields as differing among several things."""
        for field in fields:
            if field in self._editors:
                self._editors[field].set_mixed()

    def set_locked(self, fields: Collection[str] | None = None, *, locked: bool = True) -> None:
        """Lock fields against editing; None means all."""
        for field, editor in self._editors.items():
            if fields is None or field in fields:
                editor.setEnabled(not locked)

    def set_field_visible(self, field: str, visible: bool) -> None:
        """Show or hide a field with its label."""
        for part in (self._editors[field], self._labels[field]):
            part.setVisible(visible)
        self._errors[field].setVisible(visible and bool(self.error(field)))

    def add_row(self, text: str, widget: QWidget) -> QWidget:
        """Add a row of your own and return its widget."""
        self._place(self._grid, self._label(text, widget), widget)
        return widget

    def _add_field(self, grid: QGridLayout, field: str, info: FieldInfo) -> None:
        title = self._given_labels.get(field) or info.title or field.replace("_", " ")
        title = title[:1].upper() + title[1:]
        tip = _help(title, info)
        made: Any = make_editor(
            info, f"{self.objectName()}.{field}", tip, self._choices.get(field, {})
        )
        if made is None:
            return
        made.setAccessibleName(title)
        made.setAccessibleDescription(info.description or "")
        head = self._label(title, made)
        head.setToolTip(tip)
        error = label("", "axis", "error", wrap=True, name=f"{made.objectName()}.error")
        error.hide()
        self._editors[field], self._errors[field], self._labels[field] = made, error, head
        self._place(grid, head, made, error)
        made.edited.connect(partial(self._edit, field))
        made.refused.connect(partial(self._refuse, field))
        for part in (made, *made.findChildren(QWidget)):
            Watcher(part, {QEvent.Type.FocusIn}, partial(self.field_focused.emit, field))

    def _edit(self, field: str, value: Any) -> None:
        kind = type(self._model)
        values = {known: getattr(self._model, known) for known in kind.model_fields}
        try:
            self._model = kind(**{**values, field: value})
        except ValidationError as error:
            fault = error.errors()[0]
            own = fault["loc"][:1] == (field,)
            words = range_text(kind.model_fields[field]) if own else ""
            self._say(field, words or sentence(error, kind))
            return
        self._say(field, "")
        self.changed.emit(field, getattr(self._model, field))

    def _refuse(self, field: str, text: str) -> None:
        words = range_text(type(self._model).model_fields[field])
        self._say(field, words or tr("This is not a number."))

    def _say(self, field: str, words: str) -> None:
        editor, error = self._editors[field], self._errors[field]
        if error.text() != words or (editor.property("invalid") == "true") != bool(words):
            error.setText(words)
            error.setVisible(bool(words))
            mark_invalid(editor, bool(words))

    def _label(self, text: str, buddy: QWidget) -> QLabel:
        made = label(text, "label", "secondary", wrap=True)
        made.setMinimumWidth(_LABEL_WIDTH)
        made.setBuddy(buddy)
        return made

    @staticmethod
    def _place(
        grid: QGridLayout, head: QWidget, editor: QWidget, error: QWidget | None = None
    ) -> None:
        at = grid.rowCount()
        grid.addWidget(head, at, 0, Qt.AlignmentFlag.AlignVCenter)
        fixed = editor.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Fixed
        align = Qt.AlignmentFlag.AlignLeft if fixed else Qt.AlignmentFlag(0)
        grid.addWidget(editor, at, 1, align)  # a fixed widget without it would narrow the column
        if error is not None:
            grid.addWidget(error, at + 1, 1)


def _grid() -> QGridLayout:
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    return grid


def _help(title: str, info: FieldInfo) -> str:
    parts = [info.description or "", range_text(info)]
    return f"<b>{title}</b><br>" + " ".join(part for part in parts if part)
