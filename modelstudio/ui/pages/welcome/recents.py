"""The list of recent projects."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    QUrl,
    Signal,
)
from PySide6.QtGui import QDesktopServices, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QListView,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from modelstudio.ui.actions import tr
from modelstudio.ui.preferences import Recent
from modelstudio.ui.theme import icon, paint_icon, theme

Index = QModelIndex | QPersistentModelIndex
_ROW = 58
_ENTRY = Qt.ItemDataRole.UserRole


class RecentModel(QAbstractListModel):
    """Recent projects, newest first, filtered by a word."""

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self.shown: list[Recent] = []

    def show(self, entries: tuple[Recent, ...], word: str = "") -> None:
        """List the entries whose name or detail has ``word``."""
        self.beginResetModel()
        word = word.lower()
        self.shown = [one for one in entries if word in f"{one.name} {one.detail}".lower()]
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return len(self.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.shown[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return entry.name
        if role == _ENTRY:
            return entry
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(entry.path)
        return None


class _RecentPainter(QStyledItemDelegate):
    """Draws a project: kind, name, detail, when."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, theme().grown(_ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        now, entry = theme(), index.data(_ENTRY)
        rect = QRectF(option.rect)
        states = QStyle.StateFlag
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        focused = option.state & states.State_HasFocus
        if option.state & (states.State_MouseOver | states.State_Selected):
            painter.setBrush(now.color("raised"))
            painter.drawRoundedRect(rect, 6, 6)
        if focused:
            painter.setPen(QPen(now.color("focusRing"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 6, 6)
        box = QRectF(rect.left() + 12, rect.center().y() - 20, 40, 40)
        painter.setPen(QPen(now.color("border"), 1))
        painter.setBrush(now.color("window"))
        painter.drawRoundedRect(box, 4, 4)
        gone = entry.missing
        sign = "table" if entry.detail.startswith(tr("CSV")) else "network"
        sign_box = QRectF(box.center().x() - 8, box.center().y() - 8, 16, 16)
        paint_icon(painter, sign_box, sign, "textDisabled" if gone else "textSecondary")
        when = when_text(entry.opened, datetime.now())
        painter.setFont(now.font("label"))
        taken = painter.fontMetrics().horizontalAdvance(when)
        words = QRectF(box.right() + 12, 0, rect.width() - 88 - taken, now.grown(18))
        words.moveTop(rect.top() + now.grown(11))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(now.color("textTertiary"))
        painter.drawText(rect.adjusted(0, 0, -12, 0), right, when)
        detail = tr("File not found. Click to locate it.") if gone else entry.detail
        for style, role, text in (
            ("panelTitle", "textDisabled" if gone else "text", entry.name),
            ("label", "textTertiary", detail),
        ):
            painter.setFont(now.font(style))
            painter.setPen(now.color(role))
            short = painter.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideRight, int(words.width())
            )
            painter.drawText(words, flags, short)
            words.translate(0, words.height())
        painter.restore()


class RecentList(QListView):
    """Recent projects; a click or Enter opens, the context menu does the rest."""

    opened = Signal(object)
    removed = Signal(object)
    duplicated = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="welcome.recents")
        self.setAccessibleName(tr("Recent projects"))
        self.model_ = RecentModel(self)
        self.setModel(self.model_)
        self.setItemDelegate(_RecentPainter(self))
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._show_menu)
        self.clicked.connect(lambda index: self.opened.emit(self._path(index)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if index.isValid() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit(self._path(index))
        elif index.isValid() and event.key() == Qt.Key.Key_Delete:
            self.removed.emit(self._path(index))
        else:
            super().keyPressEvent(event)

    def _path(self, index: QModelIndex) -> Path:
        return self.model_.shown[index.row()].path

    def _show_menu(self, at: QPoint) -> None:
        index = self.indexAt(at)
        if index.isValid():
            menu = self.menu_for(self._path(index))
            menu.exec(self.viewport().mapToGlobal(at))
            menu.deleteLater()

    def menu_for(self, path: Path) -> QMenu:
        """Return the context menu of one project."""
        menu = QMenu(self)
        for sign, text, call in (
            ("right", tr("Open"), lambda: self.opened.emit(path)),
            ("folder", tr("Show in folder"), lambda: _show_folder(path)),
            ("copy", tr("Duplicate"), lambda: self.duplicated.emit(path)),
            ("x", tr("Remove from list"), lambda: self.removed.emit(path)),
        ):
            menu.addAction(icon(sign), text).triggered.connect(lambda _=False, call=call: call())
        return menu


def _show_folder(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))


def when_text(time: datetime, now: datetime) -> str:
    """Write a time for people: the hour today, then "Yesterday", then the day."""
    days = (now.date() - time.date()).days
    if days == 0:
        return f"{time:%H:%M}"
    if days == 1:
        return tr("Yesterday")
    return f"{time.day} {time:%b}" + (f" {time.year}" if time.year != now.year else "")
