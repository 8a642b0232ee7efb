"""The runs of the project as a table model, and how its cells are painted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from modelstudio.engine.results import RunInfo
from modelstudio.ui.actions import tr
from modelstudio.ui.figures import duration, main_score, score_text
from modelstudio.ui.pages.train.curves import TAGS, run_color
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import grow

Index = QModelIndex | QPersistentModelIndex

SHOW, NAME, BEST, TIME = range(4)
ROW_HEIGHT = 34
ROLE = Qt.ItemDataRole.UserRole
"""Gives the `RunInfo` of a row."""


class RunsModel(QAbstractTableModel):
    """Runs, newest first. ``renamed`` and ``overlaid`` tell what a person asked for."""

    renamed = Signal(str, str)
    overlaid = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.runs: tuple[RunInfo, ...] = ()
        self.shown: set[str] = set()
        self.stale: frozenset[str] = frozenset()

    def set_runs(self, runs: Sequence[RunInfo], stale: frozenset[str]) -> None:
        """Take over the list; rows that stay keep their selection."""
        fresh = tuple(sorted(runs, key=lambda run: -run.number))
        old_ids, new_ids = [r.id for r in self.runs], [r.id for r in fresh]
        if old_ids == new_ids:
            changed = [
                row
                for row, (old, new) in enumerate(zip(self.runs, fresh, strict=True))
                if old != new or (old.id in self.stale) != (new.id in stale)
            ]
            self.runs, self.stale = fresh, stale
            for row in changed:
                self.dataChanged.emit(self.index(row, 0), self.index(row, TIME))
            return
        self.beginResetModel()
        self.runs, self.stale = fresh, stale
        self.shown &= set(new_ids)
        self.endResetModel()

    def row_of(self, run_id: str) -> int:
        """Return the row of a run, or -1."""
        return next((row for row, run in enumerate(self.runs) if run.id == run_id), -1)

    def toggle(self, row: int) -> None:
        """Put a run's curve over the others, or take it away."""
        self.shown ^= {self.runs[row].id}
        self.dataChanged.emit(self.index(row, SHOW), self.index(row, SHOW))
        self.overlaid.emit()

    def overlay(self, run_ids: Iterable[str]) -> None:
        """Put the curves of runs over the others."""
        self.shown.update(run_ids)
        self.dataChanged.emit(self.index(0, SHOW), self.index(len(self.runs) - 1, SHOW))
        self.overlaid.emit()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.runs)

    def columnCount(self, parent: Index | None = None) -> int:
        return 4

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return (tr("Show"), tr("Run"), tr("Best"), tr("Time"))[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = section in (BEST, TIME)
            return Qt.AlignmentFlag.AlignVCenter | (
                Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            )
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.column() == NAME:
            flags |= Qt.ItemFlag.ItemIsEditable
        if index.column() == SHOW:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        run = self.runs[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(run, index.column())
            case Qt.ItemDataRole.EditRole:
                return run.name
            case Qt.ItemDataRole.CheckStateRole if index.column() == SHOW:
                on = run.id in self.shown
                return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(run)
            case Qt.ItemDataRole.TextAlignmentRole if index.column() in (BEST, TIME):
                return Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            case Qt.ItemDataRole.UserRole:
                return run
        return None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role == Qt.ItemDataRole.CheckStateRole:
            self.toggle(index.row())
            return True
        name = str(value).strip()
        if role == Qt.ItemDataRole.EditRole and name and name != self.runs[index.row()].name:
            self.renamed.emit(self.runs[index.row()].id, name)
            return True
        return False

    @staticmethod
    def _text(run: RunInfo, column: int) -> str:
        if column == NAME:
            return f"{run.number}  {run.name}"
        if column == BEST:
            name = main_score(run.metrics)
            return score_text(name, run.metrics[name]) if name and run.best_epoch else ""
        return duration(run.seconds) if column == TIME else ""

    def _tip(self, run: RunInfo) -> str:
        lines = [f"<b>{run.number} {run.name}</b>"]
        if run.best_epoch:
            lines.append(tr("Best epoch {} of {}").format(run.best_epoch, run.epochs))
        if run.status in TAGS:
            lines.append(f"{tr(TAGS[run.status][0])}. {run.reason}".strip())
        if run.id in self.stale:
            lines.append(tr("Data or network were changed since this run."))
        return "<br>".join(lines)


class RunsDelegate(QStyledItemDelegate):
    """Paint a run: colour, number, name; a tag in place of the score when it did not end well."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        run: RunInfo = index.data(ROLE)
        self.initStyleOption(option, index)
        now = theme()
        rect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, now.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, now.color("hover"))
        painter.setPen(now.color("border"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if index.column() == SHOW:
            self._paint_box(painter, option)
        elif index.column() == NAME:
            self._paint_name(painter, rect, run)
        elif index.column() == BEST and run.status in ("failed", "interrupted"):
            self._paint_tag(painter, rect, run)
        else:
            bold = index.column() == BEST
            painter.setFont(now.font("section" if bold else "table"))
            painter.setPen(now.color("text" if bold else "textSecondary"))
            place = rect.adjusted(4, 0, -10 if index.column() == TIME else -4, 0)
            painter.drawText(place, int(index.data(Qt.ItemDataRole.TextAlignmentRole)), option.text)
        painter.restore()

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        assert isinstance(editor, QLineEdit)
        editor.setText(index.data(Qt.ItemDataRole.EditRole))

    @staticmethod
    def _paint_box(painter: QPainter, option: QStyleOptionViewItem) -> None:
        box = QStyleOptionViewItem(option)
        box.rect = QRect(option.rect.left() + 16, option.rect.center().y() - 7, 16, 16)
        on = option.checkState == Qt.CheckState.Checked
        now = theme()
        frame = QRectF(box.rect).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(now.color("accentFill" if on else "controlBorder"))
        painter.setBrush(now.color("accentFill" if on else "input"))
        painter.drawRoundedRect(frame, 3, 3)
        if on:
            painter.setPen(now.color("onAccent"))
            x, y = frame.left(), frame.top()
            corners = [(4, 8), (6.6, 10.6), (11.4, 5)]
            painter.drawPolyline([QPointF(x + a, y + b) for a, b in corners])

    @staticmethod
    def _paint_name(painter: QPainter, rect: QRect, run: RunInfo) -> None:
        now = theme()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(run_color(run.number))
        painter.drawEllipse(QPointF(rect.left() + 10, rect.center().y() + 1), 4.5, 4.5)
        painter.setFont(now.font("table"))
        metrics = QFontMetrics(now.font("table"))
        number = str(run.number)
        painter.setPen(now.color("textTertiary"))
        place = rect.adjusted(22, 0, 0, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, number)
        place = place.adjusted(max(metrics.horizontalAdvance(number), 14) + 8, 0, -4, 0)
        painter.setPen(now.color("text"))
        name = metrics.elidedText(run.name, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, name)

    @staticmethod
    def _paint_tag(painter: QPainter, rect: QRect, run: RunInfo) -> None:
        now = theme()
        word, kind = TAGS[run.status]
        text, metrics = tr(word), QFontMetrics(now.font("label"))
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width() - 16)
        width = metrics.horizontalAdvance(text) + 12
        place = QRectF(rect.right() - width - 3, rect.center().y() - 9, width, 20)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color(f"{kind}Tint"))
        painter.drawRoundedRect(place, 4, 4)
        painter.setPen(now.color(kind))
        painter.setFont(now.font("label"))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


class RunsView(QTableView):
    """The table: Space puts a run's curve over the others, F2 renames it."""

    delete_asked = Signal()

    def __init__(self, model: RunsModel):
        super().__init__(objectName="train.runs")
        self.setAccessibleName(tr("Runs"))
        self._runs = model
        self.setModel(model)
        self.setItemDelegate(RunsDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((SHOW, 48), (BEST, 84), (TIME, 56)):
            grow(self, partial(self.setColumnWidth, column), width)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        if event.key() == Qt.Key.Key_Space and row >= 0:
            self._runs.toggle(row)
        elif event.key() == Qt.Key.Key_Delete and row >= 0:
            self.delete_asked.emit()
        elif event.key() == Qt.Key.Key_F2 and row >= 0:
            self.edit(self.model().index(row, NAME))
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if (
            index.isValid()
            and index.column() == SHOW
            and event.button() == Qt.MouseButton.LeftButton
        ):
            self._runs.toggle(index.row())
            event.accept()
            return
        super().mouseReleaseEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and index.column() == SHOW:
            event.accept()
            return
        super().mousePressEvent(event)
