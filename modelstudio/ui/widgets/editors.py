"""One editor for each kind of field.

All have the signals ``edited(object)`` and ``refused(str)``, and ``set_value`` and ``set_mixed``.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.theme import icon, restyle
from modelstudio.ui.widgets.basic import icon_button
from modelstudio.ui.widgets.controls import (
    ComboBox,
    SpinBox,
    Switch,
    count_text,
    format_number,
    parse_number,
)

_MIXED = "mixed"
_PAIR, _TRIPLE = tuple[int, int], tuple[int, int, int]


class IntEditor(SpinBox):
    """A whole number; typing outside the range is refused in words, - and + stop at its ends."""

    edited = Signal(object)
    refused = Signal(str)

    def __init__(self, field: FieldInfo, name: str, tip: str):
        super().__init__(name, tip, -(2**31), 2**31 - 1)
        low, high = bounds(field)
        self._low = -(2**31) if low is None else low
        self._high = 2**31 - 1 if high is None else high
        self.valueChanged.connect(lambda value: self.edited.emit(value))

    def set_value(self, value: Any) -> None:
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)

    def set_mixed(self) -> None:
        self.lineEdit().setText("")
        self.lineEdit().setPlaceholderText(tr(_MIXED))

    def stepEnabled(self) -> SpinBox.StepEnabledFlag:
        flags = SpinBox.StepEnabledFlag.StepNone
        if self.value() > self._low:
            flags |= SpinBox.StepEnabledFlag.StepDownEnabled
        if self.value() < self._high:
            flags |= SpinBox.StepEnabledFlag.StepUpEnabled
        return flags

    def stepBy(self, steps: int) -> None:
        self.setValue(max(self._low, min(self._high, self.value() + steps)))


class TextEditor(QLineEdit):
    """A line of text read by ``read`` and written by ``write``; `ValueError` refuses it."""

    edited = Signal(object)
    refused = Signal(str)

    def __init__(
        self,
        name: str,
        tip: str,
        read: Callable[[str], Any],
        write: Callable[[Any], str],
        empty: str = "",
    ):
        super().__init__(objectName=name, toolTip=tip, placeholderText=empty)
        self.setMinimumWidth(64)
        self._read, self._write, self._empty = read, write, empty
        self._shown = ""
        self.editingFinished.connect(self._commit)

    def set_value(self, value: Any) -> None:
        self.setPlaceholderText(self._empty)
        self._shown = self._write(value)
        if self.text() != self._shown:
            self.setText(self._shown)
            self.setCursorPosition(0)

    def set_mixed(self) -> None:
        self._shown = ""
        self.setText("")
        self.setPlaceholderText(tr(_MIXED))

    def _commit(self) -> None:
        text = self.text()
        if text == self._shown:
            return
        self._shown = text
        try:
            value = self._read(text)
        except ValueError:
            self.refused.emit(text)
        else:
            self.edited.emit(value)


class ChoiceEditor(ComboBox):
    """One of some values."""

    edited = Signal(object)
    refused = Signal(str)

    def __init__(self, values: tuple[Any, ...], texts: dict[Any, str], name: str, tip: str):
        super().__init__(name, tip)
        for value in values:
            self.addItem(texts.get(value) or choice_text(value), value)
        self.activated.connect(lambda index: self.edited.emit(self.itemData(index)))

    def set_value(self, value: Any) -> None:
        self.setCurrentIndex(self.findData(value))

    def set_mixed(self) -> None:
        self.setPlaceholderText(tr(_MIXED))
        self.setCurrentIndex(-1)


class BoolEditor(Switch):
    """Yes or no."""

    edited = Signal(object)
    refused = Signal(str)

    def __init__(self, name: str, tip: str):
        super().__init__(False, name, tip)
        self.clicked.connect(self._tell)

    def set_value(self, value: Any) -> None:
        self.mixed = False
        self.setChecked(bool(value))
        self.update()

    def set_mixed(self) -> None:
        self.mixed = True
        self.update()

    def _tell(self, checked: bool) -> None:
        self.mixed = False
        self.edited.emit(checked)


class ChainEditor(QWidget):
    """Two or three whole numbers; while the chain is closed they are the same.

    Of three only the first is shown then, since there is little room beside a label.
    """

    edited = Signal(object)
    refused = Signal(str)

    def __init__(self, field: FieldInfo, name: str, tip: str, count: int):
        super().__init__(objectName=name, toolTip=tip)
        self._single = int in _kinds(field.annotation)[0]
        self._parts = tuple(IntEditor(field, f"{name}.{index}", tip) for index in range(count))
        self._chain = icon_button(
            "link", tr("Same in all directions"), f"{name}.chain", checkable=True
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for part in (self._parts[0], self._chain, *self._parts[1:]):
            layout.addWidget(part, 0 if part is self._chain else 1)
        for part in self._parts:
            part.setProperty("bare", True)
            part.setMinimumWidth(40 if count == 2 else 28)
            part.edited.connect(self._tell)
        self._chain.toggled.connect(self._draw_chain)
        self.setFocusProxy(self._parts[0])

    def set_value(self, value: Any) -> None:
        numbers = (value,) * len(self._parts) if isinstance(value, int) else tuple(value)
        self._chain.setChecked(len(set(numbers)) == 1)
        for part, number in zip(self._parts, numbers, strict=True):
            part.set_value(number)

    def set_mixed(self) -> None:
        for part in self._parts:
            part.set_mixed()

    def _draw_chain(self, closed: bool) -> None:
        self._chain.setIcon(icon("link" if closed else "unlink", "textTertiary", "accent"))
        for part in self._parts[1:]:
            part.setVisible(len(self._parts) == 2 or not closed)

    def _tell(self, number: int) -> None:
        if self._chain.isChecked():
            for part in self._parts:
                part.set_value(number)
        numbers = tuple(part.value() for part in self._parts)
        alike = len(set(numbers)) == 1
        self.edited.emit(numbers[0] if self._single and alike else numbers)


def make_editor(field: FieldInfo, name: str, tip: str, texts: dict[Any, str]) -> QWidget | None:
    """Return the editor that fits the annotation of a field, or None when none does."""
    kinds, optional = _kinds(field.annotation)
    several = next((kind for kind in kinds if kind in (_PAIR, _TRIPLE)), None)
    if several is not None and set(kinds) <= {int, several} and not optional:
        return ChainEditor(field, name, tip, len(get_args(several)))
    if len(kinds) != 1:
        return None
    kind = kinds[0]
    if get_origin(kind) is Literal:
        values = get_args(kind)
        return ChoiceEditor((*values, None) if optional else values, texts, name, tip)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return ChoiceEditor(tuple(kind), texts, name, tip)
    if kind is bool and not optional:
        return BoolEditor(name, tip)
    if kind is int and not optional:
        return IntEditor(field, name, tip)
    empty = texts.get(None, tr("none")) if optional else ""
    if kind in (int, float):
        return TextEditor(
            name,
            tip,
            lambda text: _read_number(text, whole=kind is int, optional=optional),
            lambda value: "" if value is None else format_number(value),
            empty,
        )
    if kind is str:
        return TextEditor(
            name,
            tip,
            lambda text: text or (None if optional else ""),
            lambda value: value or "",
            empty,
        )
    if get_origin(kind) is tuple and get_args(kind)[0] in (int, float, str):
        return _list_editor(get_args(kind)[0], name, tip, optional=optional, empty=empty)
    return None


def _list_editor(kind: type, name: str, tip: str, *, optional: bool, empty: str) -> TextEditor:
    def read(text: str) -> tuple[Any, ...] | None:
        parts = [part.strip() for part in text.split(",") if part.strip()]
        return tuple(kind(part) for part in parts) if parts or not optional else None

    def write(value: tuple[Any, ...] | None) -> str:
        return ", ".join(str(part) for part in value or ())

    return TextEditor(name, tip, read, write, empty)


def _kinds(annotation: Any) -> tuple[tuple[Any, ...], bool]:
    """Split a union into its kinds, and say whether it may be None."""
    annotation = _bare(annotation)
    union = get_origin(annotation) in (Union, types.UnionType)
    kinds = get_args(annotation) if union else (annotation,)
    return tuple(kind for kind in kinds if kind is not type(None)), type(None) in kinds


def _bare(annotation: Any) -> Any:
    """Take the limits off a type and off the parts of a tuple."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) is tuple:
        return types.GenericAlias(tuple, tuple(_bare(part) for part in get_args(annotation)))
    return annotation


def _rules(field: FieldInfo) -> list[Any]:
    """Return the limits of a field; those of the parts of a tuple count for it."""
    rules = list(field.metadata)
    for part in get_args(field.annotation):
        for limit in get_args(part)[1:] if get_origin(part) is Annotated else ():
            rules += limit.metadata if isinstance(limit, FieldInfo) else [limit]
    return rules


def _read_number(text: str, *, whole: bool, optional: bool) -> float | int | None:
    if optional and not text.strip():
        return None
    number = parse_number(text)
    if number is None or (whole and number != int(number)):
        raise ValueError(text)
    return int(number) if whole else number


def bounds(field: FieldInfo) -> tuple[int | None, int | None]:
    """Return the lowest and highest whole number that a field takes."""
    low = high = None
    for rule in field.metadata:
        match rule:
            case Ge(ge=int(limit)):
                low = limit
            case Le(le=int(limit)):
                high = limit
            case Gt(gt=int(limit)):
                low = limit + 1
            case Lt(lt=int(limit)):
                high = limit - 1
    return low, high


def range_text(field: FieldInfo) -> str:
    """Say in words which numbers a field takes; empty without limits."""

    def write(number: float) -> str:
        return count_text(number) if isinstance(number, int) else format_number(number)

    rules = {type(rule): rule for rule in _rules(field)}
    if Ge in rules and Le in rules:
        return tr("From {low} to {high}.").format(low=write(rules[Ge].ge), high=write(rules[Le].le))
    parts = []
    if Ge in rules:
        parts.append(tr("{low} or more").format(low=write(rules[Ge].ge)))
    if Gt in rules:
        parts.append(tr("more than {low}").format(low=write(rules[Gt].gt)))
    if Le in rules:
        parts.append(tr("at most {high}").format(high=write(rules[Le].le)))
    if Lt in rules:
        parts.append(tr("less than {high}").format(high=write(rules[Lt].lt)))
    text = tr(" and ").join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def choice_text(value: Any) -> str:
    """Write a value of a choice for people."""
    if value is None:
        return tr("Automatic")
    text = str(value.value if isinstance(value, enum.Enum) else value).replace("_", " ")
    return text[:1].upper() + text[1:]


def mark_invalid(editor: QWidget, invalid: bool) -> None:
    """Give an editor, or the parts of one, the error border."""
    for part in (editor, *editor.findChildren(SpinBox)):
        restyle(part, invalid="true" if invalid else "false")
