"""How rows are shared out: at random, by groups, by time or by a column; folds and balance."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from modelstudio.errors import FieldError
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.sheet import Sheet, wrapped
from modelstudio.ui.theme import restyle
from modelstudio.ui.widgets import ComboBox, SpinBox, label

_METHODS = {
    "random": ("At random", "Every row has the same chance."),
    "group": ("By group", "Rows of one customer, patient or shop stay in one part."),
    "time": ("By time", "The latest rows test, those before validate."),
    "column": ("By a column", "A column says train, validation or test."),
    "last": (
        "Last of each",
        "The last row of each user or shop tests, the one before validates; however large their "
        "shares are.",
    ),
}
_BALANCE = {
    "none": ("As they are", ""),
    "weights": ("Rare classes weigh more", "In the loss; every row is seen once an epoch."),
    "oversample": ("Rare classes are repeated", "Up to the number of the largest class."),
    "undersample": ("Frequent classes are thinned", "To the number of the smallest class."),
}
_FITTING = {
    "group": ("id", "category", "text", "number"),
    "time": ("date", "number"),
    "column": ("category", "text", "id"),
    "last": ("id", "category", "text", "number"),
}
"""Kinds of the columns that a method can go by, the likeliest first."""


def columns_for(data: DataConfig, method: str) -> list[str]:
    """Return the columns that a method can go by, the likeliest first."""
    return [
        column.name
        for kind in _FITTING.get(method, ())
        for column in data.columns
        if column.kind == kind and column.role != "target"
    ]


class SplitPopup(Sheet):
    """Edit how a `SplitConfig` deals the rows; ``edited`` gives the new one and words for undo."""

    edited = Signal(object, str, str)

    def __init__(self, parent: QWidget):
        super().__init__(parent, "data.split_options", 360)
        self.setAccessibleName(tr("How rows are shared out"))
        self._data = DataConfig()
        self.method = ComboBox("data.split.method", tr("Rows are shared out"))
        for key, (text, _) in _METHODS.items():
            self.method.addItem(tr(text), key)
        self.by = ComboBox("data.split.by", tr("Column"))
        self.times = ComboBox("data.split.times", tr("What tells the last row"))
        self.folds = SpinBox("data.split.folds", tr("Folds; 0 is off"))
        self.folds.setRange(0, 100)
        self.fold = SpinBox("data.split.fold_number", tr("The fold that validates"))
        self.fold.setRange(1, 100)
        self.balance = ComboBox("data.split.balance", tr("Class balance while training"))
        for key, (text, _) in _BALANCE.items():
            self.balance.addItem(tr(text), key)
        self.method.activated.connect(lambda at: self._set_method(self.method.itemData(at)))
        self.by.activated.connect(lambda at: self._edit(by=self.by.itemData(at)))
        self.times.activated.connect(lambda at: self._edit(times=self.times.itemData(at)))
        self.folds.valueChanged.connect(self._set_folds)
        self.fold.valueChanged.connect(lambda value: self._edit(fold=value - 1))
        self.balance.activated.connect(lambda at: self._edit(balance=self.balance.itemData(at)))
        self._told = wrapped("", "axis", "tertiary")
        self._folds_told = wrapped("", "axis", "tertiary")
        self._balance_told = wrapped("", "axis", "tertiary")
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 12, 16, 14)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label(tr("How rows are shared out"), "panelTitle"), 0, 0, 1, 2)
        self._by_name = label(tr("Column"), "label", "secondary")
        self._times_name = label(tr("Last by"), "label", "secondary")
        self._fold_name = label(tr("Validates"), "label", "secondary")
        rows: tuple[tuple[QWidget | None, QWidget], ...] = (
            (label(tr("Rows"), "label", "secondary"), self.method),
            (None, self._told),
            (self._by_name, self.by),
            (self._times_name, self.times),
            (label(tr("Folds"), "label", "secondary"), self.folds),
            (self._fold_name, self.fold),
            (None, self._folds_told),
            (label(tr("Classes"), "label", "secondary"), self.balance),
            (None, self._balance_told),
        )
        for at, (name, editor) in enumerate(rows, start=1):
            if name is not None:
                grid.addWidget(name, at, 0)
            grid.addWidget(editor, at, 1)

    def open_above(self, widget: QWidget, data: DataConfig) -> None:
        """Show the settings over a button."""
        self.set_data(data)
        self.open_at(widget.mapToGlobal(QPoint(0, -4)), above=True)
        self.method.setFocus()

    def set_data(self, data: DataConfig) -> None:
        """Show the split of these data choices."""
        self._data, split = data, data.split
        for box in (self.folds, self.fold):
            box.blockSignals(True)
        self.method.setCurrentIndex(self.method.findData(split.method))
        for told in (self._told, self._folds_told):
            restyle(told, role="tertiary")
        self._told.setText(tr(_METHODS[split.method][1]))
        self.by.clear()
        if split.method == "time":
            self.by.addItem(tr("The order of the rows"), None)
        for name in columns_for(data, split.method):
            self.by.addItem(name, name)
        if split.by is not None and self.by.findData(split.by) < 0:
            self.by.addItem(split.by, split.by)
        self.by.setCurrentIndex(self.by.findData(split.by))
        self.times.clear()
        self.times.addItem(tr("Any row, at random"), None)
        for name in columns_for(data, "time"):
            self.times.addItem(name, name)
        self.times.setCurrentIndex(max(0, self.times.findData(split.times)))
        for part in (self._times_name, self.times):
            part.setVisible(split.method == "last")
        self.folds.setValue(split.folds)
        self.fold.setMaximum(max(1, split.folds))
        self.fold.setValue(split.fold + 1)
        self.balance.setCurrentIndex(self.balance.findData(split.balance))
        self._balance_told.setText(tr(_BALANCE[split.balance][1]))
        self._balance_told.setVisible(bool(self._balance_told.text()))
        words = tr("One of {} folds validates, the others train.").format(split.folds)
        self._folds_told.setText(words if split.folds else tr("Off: one part validates."))
        goes_by = split.method != "random"
        self._by_name.setVisible(goes_by)
        self.by.setVisible(goes_by)
        self._fold_name.setVisible(bool(split.folds))
        self.fold.setVisible(bool(split.folds))
        for box in (self.folds, self.fold):
            box.blockSignals(False)
        classes = any(field.classes for field in data.fields if field.role == "target")
        self.balance.setEnabled(classes or split.balance != "none")

    def _refuse(self, told: QLabel, why: str) -> None:
        """Show what holds again, and why it stays."""
        self.set_data(self._data)
        told.setText(why)
        restyle(told, role="warning")

    def _set_method(self, method: str) -> None:
        names = columns_for(self._data, method)
        if method in ("group", "column", "last") and not names:
            self._refuse(self._told, tr("The data has no column that this could go by."))
            return
        dates = [each.name for each in self._data.columns if each.kind == "date"]
        by = next(iter(dates if method == "time" else names), None)
        times = dates[0] if method == "last" and dates else None
        self._edit(method=method, by=by, times=times)

    def _set_folds(self, folds: int) -> None:
        if folds == 1:  # one fold would leave nothing to train on
            folds = 2 if self._data.split.folds == 0 else 0
        self._edit(folds=folds, fold=min(self._data.split.fold, max(0, folds - 1)))

    def _edit(self, **values: Any) -> None:
        try:
            split: SplitConfig = self._data.split.changed(**values)
        except FieldError as error:
            self._refuse(self._folds_told if "folds" in values else self._told, str(error))
            return
        self.set_data(self._data.changed(split=split))
        self.edited.emit(split, tr("Change split"), f"data.split.{','.join(values)}")
