"""The classes of a folder of pictures: how many each has, relative to the largest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
)

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.thumbnails import Thumbnails
from modelstudio.ui.pages.data.wording import counted
from modelstudio.ui.theme import theme, themes
from modelstudio.ui.widgets import PanelHeader, count_text, grow, rule, toned

FEW = 0.5
"""A class with fewer pictures than this share of the largest is marked."""

_SIDE = 28
_ROOT = QModelIndex()
_COUNT, _SHARE, _FIRST = (Qt.ItemDataRole.UserRole + at for at in range(3))


class ClassesModel(QAbstractListModel):
    """All pictures, then each class in the order of its name."""

    def __init__(self, parent: QObject):
        super().__init__(parent)
        self._rows: list[tuple[str, int, str]] = []

    def set_labels(self, paths: Sequence[str], labels: Sequence[str]) -> None:
        """Count other pictures."""
        first: dict[str, str] = {}
        for path, name in zip(paths, labels, strict=True):
            first.setdefault(name, path)
        counts = Counter(labels)
        self.beginResetModel()
        self._rows = [("", len(labels), "")]
        self._rows += [(name, counts[name], first[name]) for name in sorted(counts) if name]
        self.endResetModel()

    @property
    def few(self) -> list[str]:
        """Names of the classes with few pictures."""
        return [row[0] for row in self._rows[1:] if row[1] < FEW * self._most]

    @property
    def _most(self) -> int:
        return max((count for _, count, _ in self._rows[1:]), default=1)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if not index.isValid():
            return None
        name, count, first = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return name or tr("All pictures")
            case Qt.ItemDataRole.AccessibleTextRole | Qt.ItemDataRole.ToolTipRole:
                return f"{name or tr('All pictures')}: {counted(count, 'picture')}"
            case _ if role == _COUNT:
                return count
            case _ if role == _SHARE:
                return count / self._most if name else None
            case _ if role == _FIRST:
                return first
        return None

    def name_at(self, index: QModelIndex) -> str:
        """Return the class in a row; empty for all."""
        return self._rows[index.row()][0] if index.isValid() else ""


class _ClassDelegate(QStyledItemDelegate):
    """First picture, name, bar, count."""

    def __init__(self, thumbnails: Thumbnails, parent: QObject):
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(200, theme().grown(40))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        now, body = theme(), option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected or hovered:
            painter.fillRect(body, now.color("accentTint" if selected else "hover"))
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(now.color("focusRing"))
            painter.drawRect(body.adjusted(1, 1, -2, -2))
        middle, x = body.center().y() + 1, body.left() + 16
        share = index.data(_SHARE)
        if share is not None:
            pixels = round(_SIDE * painter.device().devicePixelRatio())
            picture = self._thumbnails.get(index.data(_FIRST), pixels)
            if picture is not None:
                painter.drawPixmap(QRect(x, middle - _SIDE // 2, _SIDE, _SIDE), picture)
            x += _SIDE + 10
        count = count_text(index.data(_COUNT))
        painter.setFont(now.font("base"))
        metrics = painter.fontMetrics()
        number = QRect(body.right() - 12 - 64, body.top(), 64, body.height())
        low = share is not None and share < FEW
        painter.setPen(now.color("warning" if low else "textSecondary"))
        painter.drawText(number, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, count)
        bar = QRectF(body.right() - 76 - 72, middle - 3, 72, 5)
        end = int(bar.left()) - 10 if share is not None else number.left()
        words = metrics.elidedText(index.data(), Qt.TextElideMode.ElideRight, end - x)
        painter.setPen(now.color("text"))
        painter.drawText(
            QRect(x, body.top(), end - x, body.height()), Qt.AlignmentFlag.AlignVCenter, words
        )
        if share is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("hover"))
            painter.drawRoundedRect(bar, 2.5, 2.5)
            bar.setWidth(max(4.0, share * bar.width()))
            painter.setBrush(now.color("warning" if low else "textTertiary"))
            painter.drawRoundedRect(bar, 2.5, 2.5)
        painter.restore()


class ClassesPanel(QFrame):
    """``chosen`` gives the name of a class, or nothing for all."""

    chosen = Signal(str)

    def __init__(self, thumbnails: Thumbnails) -> None:
        super().__init__(objectName="data.classes")
        self.setAccessibleName(tr("Classes"))
        toned(self, "panel")
        grow(self, self.setMinimumWidth, 264)
        self.header = PanelHeader(tr("Classes"), name="data.classes.header")
        self.model = ClassesModel(self)
        self.list = QListView(objectName="data.classes.list")
        self.list.setAccessibleName(tr("Classes"))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setMouseTracking(True)
        self.list.setUniformItemSizes(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setModel(self.model)
        self.list.setItemDelegate(_ClassDelegate(thumbnails, self.list))
        thumbnails.ready.connect(lambda _: self.list.viewport().update())
        themes().changed.connect(self.list.viewport().update)
        self.list.selectionModel().currentChanged.connect(
            lambda now, _: self.chosen.emit(self.model.name_at(now))
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.header, rule(), self.list):
            layout.addWidget(part)

    def set_labels(self, paths: Sequence[str], labels: Sequence[str]) -> None:
        """Count other pictures; the class that is chosen stays so if it is still there."""
        before = self.model.name_at(self.list.currentIndex())
        self.model.set_labels(paths, labels)
        rows = range(self.model.rowCount())
        names = [self.model.name_at(self.model.index(row)) for row in rows]
        self.header.set_detail(str(max(0, len(names) - 1)))
        self.list.setCurrentIndex(self.model.index(names.index(before) if before in names else 0))
