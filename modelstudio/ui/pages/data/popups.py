"""Small sheets that drop down from a button: add a step, choose columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from modelstudio.recipe.steps import Step
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.sheet import Sheet
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import SearchField, button, label, row

_ENTRY = Qt.ItemDataRole.UserRole

Index = QModelIndex | QPersistentModelIndex


class StepChoice(NamedTuple):
    """A step that can be added; ``reason`` says why it fits nothing, empty when it does."""

    step: Step
    title: str
    text: str
    suggested: bool = False
    reason: str = ""


class Popup(Sheet):
    """A search line over a list, below the widget that opened it."""

    def __init__(self, parent: QWidget, placeholder: str, name: str, width: int = 320):
        super().__init__(parent, name, width)
        self.setAccessibleName(placeholder)
        self._nothing = label(tr("Nothing of that name"), "label", "tertiary")
        self._nothing.setContentsMargins(10, 4, 10, 8)
        self._nothing.hide()
        self._tallest = 0
        self.search = SearchField(placeholder, f"{name}.search")
        self.list = QListWidget(objectName=f"{name}.list", uniformItemSizes=False)
        self.list.setAccessibleName(placeholder)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMouseTracking(True)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(8, 8, 8, 8)
        self._column.setSpacing(6)
        self._column.addWidget(self.search)
        self._column.addWidget(self._nothing)
        self._column.addWidget(self.list, 1)
        self.search.textChanged.connect(self._narrow)
        self.search.installEventFilter(self)

    def open_below(self, widget: QWidget, height: int = 380) -> None:
        """Show it under ``widget``, inside the screen."""
        self.search.clear()
        self._tallest = theme().grown(height)
        self._narrow("")
        self.open_at(widget.mapToGlobal(QPoint(widget.width() - self.width(), widget.height() + 4)))
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        typed = watched is self.search and event.type() == QEvent.Type.KeyPress
        if typed and isinstance(event, QKeyEvent):
            key = Qt.Key(event.key())
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self._go(1 if key == Qt.Key.Key_Down else -1)
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                if (item := self.list.currentItem()) is not None:
                    self.list.itemActivated.emit(item)
                return True
            if key == Qt.Key.Key_Escape and not self.search.text():
                self.dismiss()
                return True
        return super().eventFilter(watched, event)

    def _narrow(self, text: str) -> None:
        wanted = text.casefold().strip()
        first = None
        for at in range(self.list.count()):
            item = self.list.item(at)
            item.setHidden(wanted not in item.text().casefold())
            if first is None and not item.isHidden() and item.flags() & Qt.ItemFlag.ItemIsEnabled:
                first = item
        self.list.setCurrentRow(self.list.row(first) if first is not None else -1)
        shown = [at for at in range(self.list.count()) if not self.list.item(at).isHidden()]
        self._nothing.setVisible(not shown)
        self.list.setVisible(bool(shown))
        self.list.scrollToTop()
        between = 2 * self.list.spacing()
        tall = sum(self.list.sizeHintForRow(at) + between for at in shown) + 4
        around = self._column.sizeHint().height() - self.list.sizeHint().height() * bool(shown)
        self.setFixedHeight(min(self._tallest, around + tall))

    def _go(self, by: int) -> None:
        at = self.list.currentRow() + by
        while 0 <= at < self.list.count():
            item = self.list.item(at)
            if not item.isHidden() and item.flags() & Qt.ItemFlag.ItemIsEnabled:
                self.list.setCurrentItem(item)
                return
            at += by


class AddStepPopup(Popup):
    """The recipe steps, suggestions first; one that fits no column is dimmed and says why."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget):
        super().__init__(parent, tr("Search steps"), "data.add_step_popup", 360)
        self.list.setItemDelegate(_StepDelegate(self.list))
        self.list.itemActivated.connect(self._take)
        self.list.itemClicked.connect(self._take)

    def set_choices(self, choices: Sequence[StepChoice]) -> None:
        """List these steps."""
        self.list.clear()
        metrics = QFontMetrics(theme().font("label"))
        for choice in sorted(choices, key=lambda each: (not each.suggested, bool(each.reason))):
            item = QListWidgetItem(f"{choice.title} {choice.text}", self.list)
            item.setData(_ENTRY, choice)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, choice.title)
            if choice.reason or metrics.horizontalAdvance(choice.text) > self.width() - 52:
                item.setToolTip(choice.reason or choice.text)
            if choice.reason:
                item.setFlags(Qt.ItemFlag.NoItemFlags)

    def _take(self, item: QListWidgetItem) -> None:
        self.dismiss()
        self.chosen.emit(item.data(_ENTRY).step)


class _StepDelegate(QStyledItemDelegate):
    """Two lines: the step, and what it does or why it cannot."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, theme().grown(48))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        choice: StepChoice = index.data(_ENTRY)
        now = theme()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = option.rect.adjusted(0, 1, 0, -1)
        current = bool(option.state & QStyle.StateFlag.State_Selected)
        if current or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("selection" if current else "hover"))
            painter.drawRoundedRect(box, 4, 4)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        middle = box.center().y() + 1
        tag = tr("Suggested") if choice.suggested else ""
        painter.setFont(now.font("label"))
        room = painter.fontMetrics().horizontalAdvance(tag) + 20 if tag else 0
        if tag:
            painter.setPen(now.color("accent"))
            where = QRect(box.right() - room, box.top(), room - 10, middle - box.top())
            painter.drawText(
                where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, tag
            )
        painter.setPen(now.color("textDisabled" if choice.reason else "textTertiary"))
        line = QRect(box.left() + 10, middle, box.width() - 20, painter.fontMetrics().height())
        text = choice.reason or choice.text
        elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, line.width())
        painter.drawText(line, flags, elided)
        painter.setFont(now.font("base"))
        painter.setPen(now.color("textDisabled" if choice.reason else "text"))
        tall = painter.fontMetrics().height()
        line = QRect(box.left() + 10, middle - tall, box.width() - 20 - room, tall)
        elided = painter.fontMetrics().elidedText(
            choice.title, Qt.TextElideMode.ElideRight, line.width()
        )
        painter.drawText(line, flags, elided)
        painter.restore()


class ColumnsPopup(Popup):
    """Columns to tick; "All" leaves the choice to the step."""

    changed = Signal(object)

    def __init__(self, parent: QWidget, name: str):
        super().__init__(parent, tr("Search columns"), f"{name}.popup", 320)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setSpacing(2)
        self._filling = False
        self._every = button(tr("All that fit"), "link", name=f"{name}.all", small=True)
        self._every.clicked.connect(self._take_all)
        self._column.addWidget(row(self._every, None))
        self.list.itemChanged.connect(self._tell)
        self.list.itemActivated.connect(self._toggle)

    def set_columns(self, names: Sequence[str], ticked: Sequence[str] | None) -> None:
        """List ``names``; None ticks them all."""
        self._filling = True
        self.list.clear()
        for name in names:
            item = QListWidgetItem(name, self.list)
            item.setToolTip(name)
            on = ticked is None or name in ticked
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self._filling = False

    def _ticked(self) -> tuple[str, ...]:
        items = [self.list.item(at) for at in range(self.list.count())]
        return tuple(item.text() for item in items if item.checkState() == Qt.CheckState.Checked)

    def _toggle(self, item: QListWidgetItem) -> None:
        on = item.checkState() == Qt.CheckState.Checked
        item.setCheckState(Qt.CheckState.Unchecked if on else Qt.CheckState.Checked)

    def _tell(self) -> None:
        if not self._filling and (ticked := self._ticked()):
            self.changed.emit(ticked)

    def _take_all(self) -> None:
        self.close()
        self.changed.emit(None)
