"""Below the charts: what happened, the learning rate, the time an epoch takes."""

from __future__ import annotations

import time
from functools import partial

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTabWidget,
)

from modelstudio.ui.actions import tr
from modelstudio.ui.figures import number_text
from modelstudio.ui.pages.train.chart import CurveChart, Trace
from modelstudio.ui.pages.train.history import RunCurves
from modelstudio.ui.theme import icon, theme
from modelstudio.ui.widgets import format_number, toned

Index = QModelIndex | QPersistentModelIndex

MOST = 2000
"""Events kept in the list."""

SIGNS = {
    "info": ("info", "accent"),
    "best": ("star", "warning"),
    "done": ("okc", "success"),
    "warning": ("warn", "warning"),
    "error": ("err", "error"),
}


class EventsModel(QAbstractListModel):
    """What happened, newest first: time, kind, sentence, epoch or None."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[str, str, str, int | None]] = []
        self._new: list[tuple[str, str, str, int | None]] = []

    def add(self, kind: str, text: str, epoch: int | None = None, at: float | None = None) -> None:
        """Note an event; `show_new` brings it into the list.

        ``at`` is when it happened, in seconds since 1970; None is now.
        """
        spoken = time.strftime("%H:%M:%S", time.localtime(at))
        self._new.append((spoken, kind, text, epoch))

    def show_new(self) -> None:
        """Put what was noted since the last time on top."""
        if not self._new:
            return
        fresh = self._new[: -MOST - 1 : -1]
        self._new = []
        self.beginInsertRows(QModelIndex(), 0, len(fresh) - 1)
        self._rows[:0] = fresh
        self.endInsertRows()
        if len(self._rows) > MOST:
            self.beginRemoveRows(QModelIndex(), MOST, len(self._rows) - 1)
            del self._rows[MOST:]
            self.endRemoveRows()

    def clear(self) -> None:
        """Forget all."""
        self.beginResetModel()
        self._rows.clear()
        self._new.clear()
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(
        self,
        index: Index,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._rows[index.row()][2]
        if role == Qt.ItemDataRole.UserRole:
            return self._rows[index.row()]
        return None


class _EventDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, 24)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        clock, kind, text, _ = index.data(Qt.ItemDataRole.UserRole)
        now, rect = theme(), option.rect
        painter.save()
        if option.state & (QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_Selected):
            painter.fillRect(rect, now.color("hover"))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(now.font("table"))
        painter.setPen(now.color("textSecondary"))
        painter.drawText(rect.adjusted(16, 0, 0, 0), middle, clock)
        drawing, role = SIGNS[kind]
        icon(drawing, role).paint(painter, QRect(rect.left() + 82, rect.center().y() - 6, 14, 14))
        painter.setPen(now.color("text"))
        painter.drawText(rect.adjusted(108, 0, -8, 0), middle, text)
        painter.restore()


class LowerTabs(QTabWidget):
    """Events, learning rate, throughput. ``epoch_clicked`` gives the epoch of a clicked event."""

    epoch_clicked = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="train.lower", documentMode=True)
        self.setAccessibleName(tr("Details of the run"))
        self.setMinimumHeight(96)
        toned(self, "panel")
        self.events = EventsModel()
        self.list = QListView(objectName="train.events", mouseTracking=True)
        self.list.setAccessibleName(tr("Events"))
        self.list.setModel(self.events)
        self.list.setItemDelegate(_EventDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.clicked.connect(
            lambda index: self.epoch_clicked.emit(index.data(Qt.ItemDataRole.UserRole)[3])
        )
        self.lr = CurveChart("train.lr")
        self.seconds = CurveChart("train.seconds")
        self.lr.setAccessibleName(tr("Learning rate over epochs"))
        self.seconds.setAccessibleName(tr("Seconds an epoch takes"))
        self.lr.set_write(format_number)
        self.seconds.set_write(partial(number_text, digits=2))
        for widget, text in (
            (self.list, tr("Events")),
            (self.lr, tr("Learning rate")),
            (self.seconds, tr("Throughput")),
        ):
            self.addTab(widget, text)
        self.setTabToolTip(2, tr("Seconds an epoch takes"))

    def draw(self, curves: RunCurves | None, number: int) -> None:
        """Show new events and draw the chart in sight."""
        self.events.show_new()
        chart = self.currentWidget()
        if curves is None or chart not in (self.lr, self.seconds):
            return
        curve = curves.lr if chart is self.lr else curves.seconds
        words = tr("learning rate") if chart is self.lr else tr("seconds")
        text = f"{tr('Run {}').format(number)} {words}"
        span = (0.0, max(curves.position, 2.0))
        chart.draw([Trace("value", text, curve, theme().color("accent"))], span)
