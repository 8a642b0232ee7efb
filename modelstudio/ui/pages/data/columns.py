"""The columns of the table: kind, role, missing share and spread, in a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from modelstudio.recipe.columns import Column
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.names import fitted_name
from modelstudio.ui.pages.data.wording import KIND_ICONS, share_text, shortened
from modelstudio.ui.theme import paint_icon, theme

if TYPE_CHECKING:
    from modelstudio.data.profile import ColumnProfile

NAME, ROLE, MISSING, SPREAD = range(4)
ROW = Qt.ItemDataRole.UserRole
"""Item data role that gives the whole `ColumnRow`."""

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class ColumnRow(NamedTuple):
    """A column as decided, what the file says of it once it was read, and the names of all."""

    column: Column
    profile: ColumnProfile | None = None
    names: tuple[str, ...] = ()

    @property
    def missing(self) -> float | None:
        """Share of empty cells."""
        return self.profile.missing_share if self.profile else None

    @property
    def summary(self) -> str:
        """Range or number of values, or the kind before the file was read."""
        return self.profile.summary if self.profile else self.column.kind


class ColumnsModel(QAbstractTableModel):
    """One row a column, in the order of `set_columns`: target first when the file is new."""

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self._rows: list[ColumnRow] = []
        self._headers = (tr("Name"), tr("Role"), tr("Missing"), tr("Spread"))

    def set_columns(self, columns: Sequence[Column], profiles: Mapping[str, ColumnProfile]) -> None:
        """Show other columns; those that stay keep their place, so that nothing jumps."""
        names = tuple(column.name for column in columns)
        rows = {each.name: ColumnRow(each, profiles.get(each.name), names) for each in columns}
        if rows.keys() == {row.column.name for row in self._rows}:
            self._rows = [rows[row.column.name] for row in self._rows]
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, SPREAD))
            return
        order = {"target": 0, "feature": 1, "ignored": 2}
        self.beginResetModel()
        self._rows = sorted(rows.values(), key=lambda row: order[row.column.role])
        self.endResetModel()

    def row(self, index: _Index) -> ColumnRow:
        """Return what a row shows."""
        return self._rows[index.row()]

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._headers)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole and section == MISSING:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return self._headers[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self._rows[index.row()]
        if role == ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._headers[index.column()]}: {self._text(row, index.column())}"
        return None

    def _text(self, row: ColumnRow, section: int) -> str:
        if section == NAME:
            return row.column.name
        if section == ROLE:
            return tr(row.column.role.capitalize())
        if section == MISSING:
            return "" if row.missing is None else share_text(row.missing)
        return row.summary

    def _tip(self, row: ColumnRow, section: int) -> str:
        if section == ROLE:
            return tr("Click for the next role. Keys: F feature, T target, I ignored.")
        if section == MISSING and row.profile is not None:
            return tr("{} of the cells are empty").format(row.profile.missing)
        kind = tr(row.column.kind.capitalize())
        return f"<b>{row.column.name}</b><br>{kind} · {row.summary}"


class ColumnFilter(QSortFilterProxyModel):
    """Columns whose name holds the searched text, of some roles."""

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self._text = ""
        self._only = ""

    def search(self, text: str, only: str = "") -> None:
        """Show names with ``text``; ``only`` is a role, ``missing``, or empty for all."""
        self.beginFilterChange()
        self._text, self._only = text.casefold().strip(), only
        self.endFilterChange()

    def filterAcceptsRow(self, source_row: int, parent: _Index) -> bool:
        row: ColumnRow = self.sourceModel().index(source_row, 0, parent).data(ROW)
        if self._only == "missing" and not row.missing:
            return False
        if self._only not in {"", "missing", row.column.role}:
            return False
        return self._text in row.column.name.casefold()


class ColumnDelegate(QStyledItemDelegate):
    """Paint the four cells of a column."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        row: ColumnRow = index.data(ROW)
        now = theme()
        rect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, now.color("selection"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, now.color("hover"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), now.color("border"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        (self._name, self._role, self._missing, self._spread)[index.column()](painter, rect, row)
        painter.restore()
        if option.state & QStyle.StateFlag.State_HasFocus and index.column() == NAME:
            painter.fillRect(QRect(rect.left(), rect.top(), 2, rect.height()), now.color("accent"))

    def _name(self, painter: QPainter, rect: QRect, row: ColumnRow) -> None:
        now = theme()
        quiet = row.column.role == "ignored"
        target = row.column.role == "target"
        middle = rect.center().y() + 1
        where = QRectF(rect.left() + 11, middle - 8, 16, 16)
        role = "accent" if target else "textTertiary" if quiet else "textSecondary"
        paint_icon(painter, where, KIND_ICONS[row.column.kind], role)
        left, width = rect.left() + 35, rect.width() - 39
        painter.setFont(now.font("base"))
        painter.setPen(now.color("textTertiary" if quiet else "text"))
        tall = painter.fontMetrics().height()
        above = QRect(left, middle - tall - 1, width, tall)
        name = fitted_name(painter.fontMetrics(), row.column.name, width, row.names)
        self._line(painter, above, name)
        painter.setFont(now.font("label"))
        painter.setPen(now.color("textTertiary"))
        metrics = painter.fontMetrics()
        fits = metrics.horizontalAdvance(row.summary) <= width
        told = row.summary if fits else shortened(row.summary)
        self._line(painter, QRect(left, middle, width, metrics.height()), told)

    def _role(self, painter: QPainter, rect: QRect, row: ColumnRow) -> None:
        now = theme()
        box = tag_rect(rect)
        target = row.column.role == "target"
        if row.column.role != "ignored":
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("accentTint" if target else "raised"))
            painter.drawRoundedRect(box, 4, 4)
        painter.setFont(now.font("label"))
        painter.setPen(now.color("accent" if target else "textSecondary"))
        inside = box.adjusted(6, 0, 0, 0)
        painter.drawText(
            inside,
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            tr(row.column.role.capitalize()),
        )

    def _missing(self, painter: QPainter, rect: QRect, row: ColumnRow) -> None:
        if row.missing is None:
            return
        now = theme()
        painter.setFont(now.font("label"))
        painter.setPen(now.color(missing_role(row.missing)))
        painter.drawText(
            rect.adjusted(0, 0, -8, 0),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
            share_text(row.missing),
        )

    def _spread(self, painter: QPainter, rect: QRect, row: ColumnRow) -> None:
        if row.profile is None:
            return
        now = theme()
        color = now.color("textTertiary")
        if row.column.role == "target":
            color = now.color("accentFill")
        elif row.column.role == "ignored":
            color = now.color("borderStrong")
        box = QRectF(rect.left() + 2, rect.center().y() - 10, rect.width() - 10, 20)
        paint_bars(painter, box, row.profile.histogram, color)

    @staticmethod
    def _line(painter: QPainter, rect: QRect, text: str) -> None:
        metrics = painter.fontMetrics()
        short = metrics.elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, short)


def tag_rect(cell: QRect) -> QRectF:
    """Return where the role tag lies in its cell."""
    tall = 20 * theme().scale
    return QRectF(cell.left(), cell.center().y() - tall / 2 + 1, cell.width() - 4, tall)


def missing_role(share: float) -> str:
    """Return the colour role of a share of empty cells: warning over 5 %, error over half."""
    if share > 0.5:
        return "error"
    return "warning" if share > 0.05 else "textSecondary"


def paint_bars(painter: QPainter, box: QRectF, heights: Sequence[float], color: QColor) -> None:
    """Paint a small histogram; the highest bar fills the box."""
    top = max(heights, default=0)
    if not top:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    width = box.width() / len(heights)
    gap = 1 if width >= 3 else 0
    for index, height in enumerate(heights):
        tall = max(round(height / top * box.height()), 1 if height else 0)
        left = round(box.left() + index * width)
        right = round(box.left() + (index + 1) * width)
        painter.fillRect(QRectF(left, box.bottom() - tall, max(right - left - gap, 1), tall), color)
    painter.restore()
