"""One recipe step or augmentation in a list: its line, and its form while it is selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QFrame, QMenu, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from modelstudio.recipe.augment import Augmentation
from modelstudio.recipe.steps import ColumnStep, FillMissing, Step
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.popups import ColumnsPopup
from modelstudio.ui.pages.data.sheet import wide
from modelstudio.ui.pages.data.wording import listed, shortened
from modelstudio.ui.theme import icon, paint_icon, restyle, theme
from modelstudio.ui.widgets import (
    ElidedLabel,
    ModelForm,
    Switch,
    Tag,
    button,
    column,
    grow,
    icon_button,
    label,
    row,
)
from modelstudio.wording import counted

_CHOICES = {
    "method": {
        "iqr": "Quartiles (IQR)",
        "z-score": "Z-score",
        "most frequent": "Most frequent",
    }
}


class StepCard(QFrame):
    """A step: grip, number, title and summary, effect, switch; unfolded it shows the settings.

    ``selected`` asks to be unfolded, ``edited`` gives a changed step, ``moved_by`` -1 or 1 a wish
    to change places, ``walked`` to go to a neighbour, ``dragged`` and ``dropped`` where the grip
    is, in the parent's pixels.
    """

    selected = Signal()
    edited = Signal(object)
    removed = Signal()
    hovered = Signal(bool)
    moved_by = Signal(int)
    walked = Signal(int)
    dragged = Signal(int)
    dropped = Signal(int)

    def __init__(
        self, number: int, step: Step | Augmentation, fitting: Sequence[str], *, name: str = ""
    ):
        super().__init__(objectName=name or f"data.step{number}")
        self.step = step
        self.has_neighbour: Callable[[int], bool] = lambda by: True
        self._fitting = tuple(fitting)
        self._open = False
        self._over = False
        self.form: ModelForm | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self._grip = _Grip(self)
        self._number = label(str(number), "label", "tertiary")
        grow(self._number, self._number.setFixedWidth, 16)
        self._number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.title = ElidedLabel()
        self.summary = ElidedLabel("", "label", "tertiary")
        self.effect = Tag("", name=f"{self.objectName()}.effect")
        self.effect.hide()
        self.switch = Switch(step.enabled, f"{self.objectName()}.switch", tr("Step on or off"))
        self.switch.clicked.connect(lambda on: self.edited.emit(self.step.changed(enabled=on)))
        words = column(self.title, self.summary, spacing=0)
        self._line = row(
            self._grip,
            self._number,
            words,
            self.effect,
            self.switch,
            spacing=6,
            margins=(4, 8, 8, 8),
        )
        wide(words)
        self.effect.hide()
        self._error = label("", "label", "error", wrap=True, name=f"{self.objectName()}.error")
        self._switch_off = button(
            tr("Switch off"), "secondary", name=f"{self.objectName()}.switch_off", small=True
        )
        self._switch_off.clicked.connect(lambda: self.edited.emit(self.step.changed(enabled=False)))
        self._fault = row(self._error, self._switch_off, margins=(44, 0, 12, 10))
        wide(self._error)
        self._fault.hide()
        self._body = QWidget()
        self._body.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 1)
        layout.setSpacing(0)
        for part in (self._line, self._fault, self._body):
            layout.addWidget(part)

    def show_step(
        self, step: Step | Augmentation, title: str, summary: str, fitting: Sequence[str]
    ) -> None:
        """Show other settings of the same kind of step."""
        self.step, self._fitting = step, tuple(fitting)
        self.title.set_full_text(title)
        self.summary.set_full_text(summary)
        self.setAccessibleName(f"{self._number.text()}. {title}. {summary}")
        self.switch.setChecked(step.enabled)
        restyle(self.title, role="" if step.enabled else "tertiary")
        if self.form is not None:
            self.form.set_model(step)
            self._columns.set_names(self._chosen(), self._fitting)
            self._show_needed()

    def show_effect(self, text: str, kind: str, error: str = "") -> None:
        """Say what the step did to the data, or why it failed."""
        self.effect.set(shortened(text, 100_000), kind)
        self.effect.setToolTip(text)
        self.effect.setVisible(bool(text))
        self._error.setText(error)
        self._fault.setVisible(bool(error))

    def set_open(self, opened: bool) -> None:
        """Unfold or fold the settings."""
        self._open = opened
        if opened and self.form is None:
            self._make_form()
        self._body.setVisible(opened)
        self.update()

    @property
    def is_open(self) -> bool:
        """True while the settings are in sight."""
        return self._open

    def menu(self) -> QMenu:
        """Return the context menu; its entries are those of the keys."""
        menu = QMenu(self)
        on = self.step.enabled
        switch = tr("Switch off") if on else tr("Switch on")
        for text, key, by in ((tr("Move up"), "Up", -1), (tr("Move down"), "Down", 1)):
            move = menu.addAction(icon(key.lower()), text, f"Alt+{key}")
            move.setEnabled(self.has_neighbour(by))
            move.triggered.connect(lambda _, by=by: self.moved_by.emit(by))
        menu.addAction(icon("reg"), switch, "Space").triggered.connect(self.switch.click)
        menu.addSeparator()
        delete = menu.addAction(icon("trash", "error"), tr("Delete"), "Del")
        delete.triggered.connect(self.removed)
        return menu

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focus = self.focusWidget()
        if focus is not None and self._body.isAncestorOf(focus):  # a field let it through
            super().keyPressEvent(event)
            return
        key = Qt.Key(event.key())
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if alt and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.moved_by.emit(-1 if key == Qt.Key.Key_Up else 1)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.walked.emit(-1 if key == Qt.Key.Key_Up else 1)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        elif key == Qt.Key.Key_Space:
            self.switch.click()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.selected.emit()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        in_form = self._open and self._body.geometry().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and not in_form:
            self.selected.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def enterEvent(self, event: QEvent) -> None:
        self._over = True
        self.hovered.emit(True)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._over = False
        self.hovered.emit(False)
        self.update()

    def paintEvent(self, event: QEvent) -> None:
        now = theme()
        painter = QPainter(self)
        tone = "errorTint" if self._error.text() else ""
        tone = "selection" if self._open else tone or ("hover" if self._over else "")
        if tone:
            painter.fillRect(self.rect(), now.color(tone))
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), now.color("border"))
        if self.hasFocus():
            painter.fillRect(QRect(0, 0, 2, self.height() - 1), now.color("focusRing"))

    def _chosen(self) -> tuple[str, ...] | None:
        return self.step.columns if isinstance(self.step, ColumnStep) else None

    def _make_form(self) -> None:
        name = f"{self.objectName()}.form"
        self.form = ModelForm(
            self.step, exclude=("enabled", "columns"), name=name, choices=_CHOICES
        )
        self.form.changed.connect(self._edit)
        self._columns = ColumnsButton(f"{name}.columns")
        self._columns.changed.connect(lambda names: self._edit("columns", names))
        self._columns.set_names(self._chosen(), self._fitting)
        if isinstance(self.step, ColumnStep):
            self.form.add_row(tr("Columns"), self._columns)
        self._show_needed()
        delete = icon_button("trash", tr("Delete step (Del)"), f"{self.objectName()}.delete")
        delete.clicked.connect(self.removed)
        purpose = label(self.step.purpose(), "label", "tertiary", wrap=True)
        foot = row(purpose, delete)
        wide(purpose)
        inner = column(self.form, foot, spacing=8, margins=(32, 0, 12, 10))
        layout = QVBoxLayout(self._body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(inner)

    def _show_needed(self) -> None:
        """Hide the value of a fill that works its value out."""
        if self.form is not None and isinstance(self.step, FillMissing):
            self.form.set_field_visible("value", self.step.method == "constant")

    def _edit(self, field: str, value: Any) -> None:
        self.edited.emit(self.step.changed(**{field: value}))


class ColumnsButton(QPushButton):
    """Says which columns a step acts on; a click opens the list."""

    changed = Signal(object)

    def __init__(self, name: str):
        super().__init__(objectName=name, autoDefault=False)
        self.setProperty("kind", "secondary")
        self.setProperty("small", True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._names: tuple[str, ...] | None = None
        self._fitting: tuple[str, ...] = ()
        self._popup: ColumnsPopup | None = None
        self.clicked.connect(self._open)

    def set_names(self, names: tuple[str, ...] | None, fitting: tuple[str, ...]) -> None:
        """Show the chosen columns; None means every fitting one."""
        self._names, self._fitting = names, fitting
        every = tr("All that fit ({})").format(len(fitting))
        text = every if names is None else listed(names, 2) if len(names) < 3 else ""
        self.setText(text or counted(len(names or ()), "column"))
        self.setToolTip(listed(fitting if names is None else names, 20))
        self.setAccessibleName(tr("Columns: {}").format(self.text()))

    def _open(self) -> None:
        if self._popup is None:
            self._popup = ColumnsPopup(self, self.objectName())
            self._popup.changed.connect(self.changed)
        known = (*self._fitting, *(name for name in self._names or () if name not in self._fitting))
        self._popup.set_columns(known, self._names)
        self._popup.open_below(self, 320)


class _Grip(QWidget):
    """Six dots to drag a step by."""

    def __init__(self, card: StepCard):
        super().__init__(card)
        self._card = card
        self.setFixedSize(16, 24)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip(tr("Drag to reorder, or press Alt Up and Alt Down"))
        self._moving = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._moving = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._moving = True
            self._card.dragged.emit(self._height_of(event))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._moving:
            self._card.dropped.emit(self._height_of(event))
        else:
            self._card.selected.emit()

    def paintEvent(self, event: QEvent) -> None:
        painter = QPainter(self)
        paint_icon(painter, QRectF(0, 4, 16, 16), "grip", "textTertiary")

    def _height_of(self, event: QMouseEvent) -> int:
        point = QPoint(0, round(event.position().y()))
        return self._card.mapToParent(self.mapTo(self._card, point)).y()
