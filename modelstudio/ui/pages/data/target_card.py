"""What happens to the target, below the steps of the recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from PySide6.QtCore import QEvent, QRect, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

from modelstudio.project.model import DataConfig
from modelstudio.recipe.fields import FieldSpec
from modelstudio.recipe.negatives import Negatives
from modelstudio.recipe.sources import Database, Table
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.sheet import wide
from modelstudio.ui.pages.data.wording import listed
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    ComboBox,
    ElidedLabel,
    IconLabel,
    SpinBox,
    Switch,
    column,
    label,
    row,
)

_SCALINGS = {
    "auto": "Automatic",
    "standardise": "Standardise",
    "log and standardise": "Log, then standardise",
    "none": "As it is",
}


_SEPARATORS = ("|", ";", ",", "/")


class TargetCard(QFrame):
    """Name and classes of the target; a number to predict can be scaled in several ways.

    Of a target of ids what was not chosen may be drawn; ``negatives_changed`` gives how, or None.
    A cell may hold several labels; ``separator_changed`` gives what parts them, or None.
    """

    scaling_changed = Signal(str)
    negatives_changed = Signal(object)
    separator_changed = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="data.target")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._data = DataConfig()
        self.title = ElidedLabel()
        self.summary = ElidedLabel("", "label", "tertiary")
        self.scaling = ComboBox("data.target_scaling", tr("Scaling of the target"))
        info = DataConfig.model_fields["target_scaling"]
        self.scaling.setToolTip(info.description or "")
        for value in get_args(info.annotation):
            self.scaling.addItem(tr(_SCALINGS[value]), value)
        self.scaling.activated.connect(
            lambda index: self.scaling_changed.emit(self.scaling.itemData(index))
        )
        words = column(self.title, self.summary, spacing=0)
        line = row(IconLabel("target", "accent"), words, spacing=12, margins=(29, 8, 12, 8))
        wide(words)
        self._form = row(
            label(tr("Scaling"), "label", "secondary"), self.scaling, margins=(57, 0, 12, 10)
        )
        wide(self.scaling)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 1)
        layout.setSpacing(0)
        layout.addWidget(line)
        layout.addWidget(self._form)
        layout.addWidget(self._make_labels())
        layout.addWidget(self._make_choices())

    def _make_labels(self) -> QWidget:
        self.separator = ComboBox("data.label_separator", tr("What a cell of the target holds"))
        self.separator.addItem(tr("One class"), None)
        for sign in _SEPARATORS:
            self.separator.addItem(tr("Labels parted by {}").format(sign), sign)
        self.separator.activated.connect(
            lambda at: self.separator_changed.emit(self.separator.itemData(at))
        )
        self._labels = row(
            label(tr("A cell is"), "label", "secondary"), self.separator, margins=(57, 0, 12, 10)
        )
        wide(self.separator)
        return self._labels

    def _show_labels(self) -> None:
        """Show what parts the labels of a cell, where it may hold several."""
        sign, target = self._data.label_separator, self._data.target
        if sign is not None and self.separator.findData(sign) < 0:
            self.separator.addItem(tr("Labels parted by {}").format(sign), sign)
        self.separator.setCurrentIndex(max(0, self.separator.findData(sign)))
        texts = target is not None and target.kind in ("category", "text")
        table = isinstance(self._data.source, Table | Database)
        self._labels.setVisible(sign is not None or (texts and table))

    def _make_choices(self) -> QWidget:
        words = tr("Rows tell what was chosen; others are drawn at random for what was not")
        self.draws = Switch(False, "data.negatives", words)
        self.draws.clicked.connect(
            lambda on: self.negatives_changed.emit(Negatives() if on else None)
        )
        self._boxes: dict[str, SpinBox] = {}
        lines = [row(self.draws, label(tr("Draw what was not chosen"), "label"), None)]
        for name, text in (("per_positive", tr("For each row")), ("ranked", tr("Ranked among"))):
            info = Negatives.model_fields[name]
            low, high = (
                next(getattr(m, key) for m in info.metadata if hasattr(m, key))
                for key in ("ge", "le")
            )
            box = SpinBox(f"data.negatives.{name}", tr(info.description or ""), low, high)
            box.valueChanged.connect(self._set_numbers)
            self._boxes[name] = box
            lines.append(row(label(text, "label", "secondary"), None, box))
        self._numbers = column(*lines[1:], spacing=6)
        self._choices = column(lines[0], self._numbers, spacing=6, margins=(57, 0, 12, 10))
        return self._choices

    def _set_numbers(self) -> None:
        chosen = Negatives(**{name: box.value() for name, box in self._boxes.items()})
        if chosen != self._data.negatives:
            self.negatives_changed.emit(chosen)

    def _show_choices(self) -> None:
        """Show how negatives are drawn, where the target is a column of ids."""
        negatives, target = self._data.negatives, self._data.target
        self._choices.setVisible(
            negatives is not None or (target is not None and target.kind == "id")
        )
        self._numbers.setVisible(negatives is not None)
        self.draws.setChecked(negatives is not None)
        for name, box in self._boxes.items():
            box.blockSignals(True)
            box.setValue(getattr(negatives or Negatives(), name))
            box.blockSignals(False)

    def set_data(self, data: DataConfig) -> None:
        """Show the target of these data choices."""
        self._data = data
        self._show()

    def set_fields(self, fields: Sequence[FieldSpec]) -> None:
        """Show the classes that the training rows hold."""
        self._data = self._data.changed(fields=tuple(fields))
        self._show()

    def _show(self) -> None:
        target = self._data.target
        self.setVisible(bool(self._data.columns))
        field = next((field for field in self._data.fields if field.role == "target"), None)
        self.scaling.setCurrentIndex(self.scaling.findData(self._data.target_scaling))
        self._form.setVisible(field is not None and field.kind == "value")
        self._show_choices()
        self._show_labels()
        if target is None:
            self.title.set_full_text(tr("No target"))
            self.summary.set_full_text(tr("Select a column and press T"))
            return
        self.title.set_full_text(tr("Target · {}").format(target.name))
        if self._data.negatives is not None:
            users = [each.name for each in self._data.features if each.name != target.name]
            self.summary.set_full_text(tr("What each {} chooses").format(listed(tuple(users))))
        elif field is None or field.name != target.name:
            self.summary.set_full_text(tr(target.kind.capitalize()))
        elif field.kind == "labels":
            told = tr("{} labels: {}").format(len(field.classes), listed(field.classes))
            self.summary.set_full_text(told)
        elif field.kind == "tokens":
            self.summary.set_full_text(tr("The next token at every place of the text"))
        elif field.kind == "value":
            self.summary.set_full_text(tr("A number, given back in its own units"))
        else:
            told = tr("{} classes: {}").format(len(field.classes), listed(field.classes))
            self.summary.set_full_text(told)

    def paintEvent(self, event: QEvent) -> None:
        line = QRect(0, self.height() - 1, self.width(), 1)
        QPainter(self).fillRect(line, theme().color("border"))
