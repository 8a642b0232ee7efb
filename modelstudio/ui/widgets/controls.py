"""Controls that Qt does not have, or has otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QLocale, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from modelstudio.ui.theme import icon, restyle, theme


class Switch(QAbstractButton):
    """On or off."""

    def __init__(self, checked: bool = False, name: str = "", tip: str = ""):
        super().__init__(objectName=name, toolTip=tip, checkable=True, checked=checked)
        self.setAccessibleName(tip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.mixed = False

    def sizeHint(self) -> QSize:
        return QSize(36, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        now = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(4, (self.height() - 16) / 2, 28, 16)
        painter.setPen(Qt.PenStyle.NoPen)
        if not self.isEnabled():
            painter.setBrush(now.color("border"))
        else:
            painter.setBrush(now.color("accentFill" if self.isChecked() else "controlBorder"))
        painter.drawRoundedRect(track, 8, 8)
        painter.setBrush(now.color("onAccent" if self.isEnabled() else "textDisabled"))
        x = track.center().x() if self.mixed else track.right() - 8 if self.isChecked() else 12
        if self.mixed:
            painter.drawRoundedRect(QRectF(x - 5, track.center().y() - 1.5, 10, 3), 1.5, 1.5)
        else:
            painter.drawEllipse(QPointF(x, track.center().y()), 6, 6)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(now.color("focusRing"), 2))
            painter.drawRoundedRect(track.adjusted(-3, -3, 3, 3), 11, 11)


class SegmentedControl(QFrame):
    """One of a few choices, all in sight."""

    changed = Signal(str)

    def __init__(self, choices: Sequence[tuple[str, str]], value: str, name: str):
        super().__init__(objectName=name)
        self.setProperty("segments", True)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        layout = QHBoxLayout(self)
        layout.setSpacing(0)
        layout.setContentsMargins(1, 1, 1, 1)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        for index, (key, text) in enumerate(choices):
            choice = QToolButton(text=text, checkable=True, objectName=f"{name}.{key}")
            choice.setAccessibleName(text)
            choice.setProperty("first", index == 0)
            choice.setProperty("last", index == len(choices) - 1)
            choice.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._group.addButton(choice)
            self._buttons[key] = choice
            layout.addWidget(choice)
        self.set_value(value)
        self._group.buttonClicked.connect(lambda: self.changed.emit(self.value))

    @property
    def value(self) -> str:
        """Key of the choice."""
        return next((key for key, choice in self._buttons.items() if choice.isChecked()), "")

    def set_value(self, value: str) -> None:
        """Choose without a signal."""
        if value in self._buttons:
            self._buttons[value].setChecked(True)

    def segment(self, key: str) -> QToolButton:
        """Return the button of one choice."""
        return self._buttons[key]


class SearchField(QLineEdit):
    """A line to search in; Escape empties it."""

    def __init__(self, placeholder: str, name: str, hint: str = ""):
        super().__init__(
            objectName=name, placeholderText=placeholder, clearButtonEnabled=True, toolTip=hint
        )
        self.setAccessibleName(placeholder)
        self._icon = QAction(icon("search", "textTertiary"), "", self)
        self.addAction(self._icon, QLineEdit.ActionPosition.LeadingPosition)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
            return
        super().keyPressEvent(event)


class ComboBox(QComboBox):
    """A choice from a list; the wheel scrolls the page unless the box has the focus."""

    def __init__(self, name: str = "", tip: str = ""):
        super().__init__(objectName=name, toolTip=tip)
        self.setAccessibleName(tip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as Qt does, with a text that has no room shortened rather than cut."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        if self.currentIndex() < 0:
            option.currentText = self.placeholderText()
            quiet = self.palette().color(QPalette.ColorRole.PlaceholderText)
            option.palette.setColor(QPalette.ColorRole.ButtonText, quiet)
        control = QStyle.ComplexControl.CC_ComboBox
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(control, option, part, self).width() - 2
        option.currentText = self.fontMetrics().elidedText(
            option.currentText, Qt.TextElideMode.ElideRight, room
        )
        painter.drawComplexControl(control, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:
        _wheel_if_focused(self, event, super().wheelEvent)


class SpinBox(QSpinBox):
    """A whole number with - and +; groups of digits, no wheel without focus."""

    def __init__(self, name: str = "", tip: str = "", low: int = 0, high: int = 2**31 - 1):
        super().__init__(objectName=name, toolTip=tip, minimum=low, maximum=high)
        self.setAccessibleName(tip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        self.setAccelerated(True)
        self.lineEdit().setTextMargins(6, 0, 0, 0)

    def sizeHint(self) -> QSize:
        return QSize(104, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(84, super().minimumSizeHint().height())

    def wheelEvent(self, event: QWheelEvent) -> None:
        _wheel_if_focused(self, event, super().wheelEvent)


def _wheel_if_focused(
    widget: QWidget, event: QWheelEvent, default: Callable[[QWheelEvent], None]
) -> None:
    if widget.hasFocus():
        default(event)
    else:
        event.ignore()


class NumberField(QLineEdit):
    """A number as text: ``0.001``, ``1e-3``; arrows change the last digit, Shift ten times it.

    ``changed`` gives numbers that parse; the caller may refuse one with `set_error`.
    """

    changed = Signal(float)
    refused = Signal(str)

    def __init__(self, value: float = 0.0, name: str = "", tip: str = ""):
        super().__init__(objectName=name, toolTip=tip)
        self.setAccessibleName(tip)
        self._value = value
        self.set_value(value)
        self.editingFinished.connect(self._commit)

    @property
    def value(self) -> float:
        """The last good number."""
        return self._value

    def set_value(self, value: float) -> None:
        """Show a number without a signal."""
        self._value = value
        if parse_number(self.text()) != value:
            self.setText(format_number(value))
        restyle(self, invalid="false")

    def sizeHint(self) -> QSize:
        return QSize(96, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(64, super().minimumSizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        number = parse_number(self.text())
        if step is None or number is None:
            super().keyPressEvent(event)
            return
        many = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        unit = 10.0 ** (math.floor(math.log10(abs(number))) - 1) if number else 0.1
        self.setText(format_number(round(number + step * many * unit, 12)))
        self._commit()

    def _commit(self) -> None:
        number = parse_number(self.text())
        if number is None:
            self.refused.emit(self.text())
        elif number != self._value or self.property("invalid") == "true":
            self._value = number
            self.changed.emit(number)


def parse_number(text: str) -> float | None:
    """Read a number as people write it, with ``.`` or ``,`` and exponents; None when it is none."""
    try:
        number = float(text.strip().replace(" ", "").replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def format_number(number: float) -> str:
    """Write a number shortly: plain from 1e-4 to 1e6, otherwise with an exponent."""
    if number and not 1e-4 <= abs(number) < 1e7:
        mantissa, _, exponent = f"{number:.6e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{number:.10g}"


def count_text(number: int) -> str:
    """Write a count with groups of digits: ``18,496``."""
    return QLocale(QLocale.Language.English).toString(number)


class LineField(QLineEdit):
    """A line of text that tells its changes when editing ends."""

    changed = Signal(str)

    def __init__(self, text: str = "", name: str = "", tip: str = ""):
        super().__init__(text, objectName=name, toolTip=tip)
        self.setAccessibleName(tip)
        self._text = text
        self.editingFinished.connect(self._commit)

    def set_value(self, text: str) -> None:
        """Show a text without a signal."""
        self._text = text
        if self.text() != text:
            self.setText(text)
            self.setCursorPosition(0)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.setCursorPosition(0)

    def _commit(self) -> None:
        if self.text() != self._text:
            self._text = self.text()
            self.changed.emit(self._text)
