"""The command palette: type a few letters of anything and go there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from modelstudio.ui.actions import tr
from modelstudio.ui.theme import paint_icon, theme
from modelstudio.ui.widgets.basic import Watcher, label, row, rule, toned
from modelstudio.ui.widgets.panels import IconLabel, key_label

Index = QModelIndex | QPersistentModelIndex
_WIDTH, _HEIGHT, _TOP = 560, 440, 96
_HEAD, _ENTRY, _AROUND = 28, 32, 98
_BETWEEN = 16
"""Least gap between a title and its hint, in pixels."""
_QUERY = 15
"""Height of the letters in the search line, in pixels at 100 %."""
_ROUNDING = 2
"""Pixels by which a text may be wider than its measure."""


class PaletteEntry(NamedTuple):
    """Something to go to or to do; ``hint`` is the key or place at the right."""

    title: str
    group: str
    run: Callable[[], object]
    icon: str = ""
    hint: str = ""


def match_score(query: str, text: str) -> float | None:
    """Rate how well ``query`` fits ``text``; None when a letter is missing.

    The letters must occur in order. Beginnings of words and neighbours count more than others.
    """
    wanted, lower = query.lower().replace(" ", ""), text.lower()
    score, last = 0.0, -1
    for letter in wanted:
        starts = [at for at in range(last + 1, len(lower)) if lower[at] == letter]
        if not starts:
            return None
        adjacent = last + 1 if last >= 0 and starts[0] == last + 1 else None
        word = next((at for at in starts if at == 0 or not lower[at - 1].isalnum()), None)
        at = adjacent if adjacent is not None else word if word is not None else starts[0]
        score += 3 if at == adjacent else 2.5 if at == word else 0.5
        last = at
    if query.lower() in lower:
        score += 2 * len(wanted)
    return score - 0.02 * len(text)


class _Lines(QAbstractListModel):
    """Group heads and entries in one list."""

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self.lines: list[str | PaletteEntry] = []

    def show(self, entries: Iterable[PaletteEntry]) -> None:
        self.beginResetModel()
        groups: dict[str, list[PaletteEntry]] = {}
        for entry in entries:
            groups.setdefault(entry.group, []).append(entry)
        self.lines = []
        for group, found in groups.items():
            self.lines += [group, *found]
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return len(self.lines)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line = self.lines[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return line if isinstance(line, str) else line.title
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(line, PaletteEntry):
            return f"{line.title}  {line.hint}".strip()
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if isinstance(self.lines[index.row()], str):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


def _line(index: Index) -> str | PaletteEntry:
    model = index.model()
    assert isinstance(model, _Lines)
    return model.lines[index.row()]


class _Painter(QStyledItemDelegate):
    """Draws heads quiet and entries with icon and hint."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        head = isinstance(_line(index), str)
        return QSize(0, theme().grown(_HEAD if head else _ENTRY))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        now, line = theme(), _line(index)
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if isinstance(line, str):
            painter.setFont(now.font("section"))
            painter.setPen(now.color("textTertiary"))
            painter.drawText(rect.adjusted(16, 4, 0, 0), left, line)
            painter.restore()
            return
        chosen = bool(option.state & option.state.State_Selected)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("accentFill"))
            painter.drawRoundedRect(QRectF(rect.adjusted(6, 1, -6, -1)), 4, 4)
        if line.icon:
            sign = QRectF(rect.left() + 16, rect.center().y() - 7, 16, 16)
            paint_icon(painter, sign, line.icon, "onAccent" if chosen else "textSecondary")
        place = rect.adjusted(42, 0, -16, 0)
        title, hint = _fitted(line, place.width())
        painter.setFont(now.font("base"))
        painter.setPen(now.color("onAccent" if chosen else "text"))
        painter.drawText(place, left, title)
        painter.setFont(now.font("label"))
        painter.setPen(now.color("onAccent" if chosen else "textTertiary"))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(place, right, hint)
        painter.restore()


def _fitted(line: PaletteEntry, room: int) -> tuple[str, str]:
    """Shorten title and hint of an entry so that both have room; the title gives way last."""
    base, small = QFontMetrics(theme().font("base")), QFontMetrics(theme().font("label"))
    room -= _BETWEEN if line.hint else 0
    needed = small.horizontalAdvance(line.hint) + _ROUNDING
    width = min(needed, max(room - base.horizontalAdvance(line.title), room * 2 // 5))
    hint = small.elidedText(line.hint, Qt.TextElideMode.ElideRight, width)
    left = room - small.horizontalAdvance(hint)
    return base.elidedText(line.title, Qt.TextElideMode.ElideRight, left), hint


class CommandPalette(QFrame):
    """A sheet over the window with a search line and what it finds."""

    def __init__(self, window: QWidget):
        super().__init__(window, objectName="palette")
        self.setAccessibleName(tr("Command palette"))
        toned(self, "popup")
        self.hide()
        self._entries: list[PaletteEntry] = []
        self._before: QWidget | None = None
        self.query = QLineEdit(objectName="palette.query")
        self.query.setAccessibleName(tr("Search"))
        self._model = _Lines(self)
        self.list = QListView(objectName="palette.results")
        self.list.setAccessibleName(tr("Results"))
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Painter(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMouseTracking(True)
        self.list.entered.connect(self._point_at)
        self.list.clicked.connect(lambda: self.accept())
        self._nothing = label(tr("Nothing found"), "base", "tertiary")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(
            row(IconLabel("search"), self.query, key_label("Esc"), margins=(15, 9, 12, 9))
        )
        layout.addWidget(rule())
        layout.addSpacing(4)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._nothing, 1)
        layout.addSpacing(4)
        layout.addWidget(rule())
        foot = label(tr("↑ ↓ move      Enter run"), "label", "tertiary")
        layout.addWidget(row(foot, None, margins=(15, 7, 12, 7)))
        self.query.textChanged.connect(self._search)
        self.query.installEventFilter(self)
        Watcher(window, {QEvent.Type.Resize}, self._place)

    def open_with(self, entries: Iterable[PaletteEntry], question: str = "") -> None:
        """Show the palette over these entries; ``question`` says what is chosen."""
        self.query.setPlaceholderText(question or tr("Search commands, blocks and columns"))
        self._entries = list(entries)
        self._before = self.window().focusWidget()
        size = theme().grown(_QUERY)
        self.query.setStyleSheet(f"border: none; background: transparent; font-size: {size}px;")
        self.query.clear()
        self._search("")
        self._place()
        self.show()
        self.raise_()
        self.query.setFocus()

    def found(self) -> list[PaletteEntry]:
        """Return what is listed now, in order."""
        return [line for line in self._model.lines if isinstance(line, PaletteEntry)]

    def accept(self) -> None:
        """Run the chosen entry."""
        index = self.list.currentIndex()
        line = self._model.lines[index.row()] if index.isValid() else None
        self.dismiss()
        if isinstance(line, PaletteEntry):
            line.run()

    def dismiss(self) -> None:
        """Close it and give the focus back."""
        if self.isHidden():
            return
        self.hide()
        if self._before is not None:
            self._before.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.dismiss()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key == Qt.Key.Key_Escape:
                self.dismiss()
            elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.accept()
            elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self._move(1 if key == Qt.Key.Key_Down else -1)
            else:
                return False
            return True
        return False

    def _search(self, query: str) -> None:
        rated = [
            (score, entry)
            for entry in self._entries
            if (score := match_score(query, entry.title)) is not None
        ]
        if query:
            rated.sort(key=lambda pair: -pair[0])
            rated = rated[:40]
        self._model.show(entry for _, entry in rated)
        self.list.setVisible(bool(rated))
        self._nothing.setVisible(not rated)
        if rated:
            self.list.setCurrentIndex(self._model.index(1))
        self.list.scrollToTop()
        self._place()

    def _move(self, step: int) -> None:
        lines, at = self._model.lines, self.list.currentIndex().row()
        for _ in lines:
            at = (at + step) % len(lines)
            if isinstance(lines[at], PaletteEntry):
                self.list.setCurrentIndex(self._model.index(at))
                return

    def _point_at(self, index: QModelIndex) -> None:
        if isinstance(self._model.lines[index.row()], PaletteEntry):
            self.list.setCurrentIndex(index)

    def _place(self) -> None:
        window = self.window()
        width = min(_WIDTH, window.width() - 48)
        grown = theme().grown
        heights = {True: grown(_HEAD), False: grown(_ENTRY)}
        rows = sum(heights[isinstance(line, str)] for line in self._model.lines)
        height = min(
            _HEIGHT, window.height() - _TOP - 48, grown(_AROUND) + max(rows, grown(2 * _ENTRY))
        )
        self.setGeometry((window.width() - width) // 2, _TOP, width, height)
