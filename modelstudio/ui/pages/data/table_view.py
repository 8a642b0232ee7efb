"""The table itself: cells that show what a step changed, a header of two lines."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QPainter, QPolygonF
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.table_model import CELL, HEAD, Cell, Head, PreviewModel
from modelstudio.ui.theme import theme, themes

_PAD = 10
_WIDEST = 220
_SAMPLED = 60
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_SELECTED, _FOCUSED = QStyle.StateFlag.State_Selected, QStyle.StateFlag.State_HasFocus


class CellDelegate(QStyledItemDelegate):
    """Paint a cell; a changed one is tinted and has a corner, a number keeps its old value."""

    def __init__(self, parent: QWidget):
        super().__init__(parent)
        self.marking = True

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        now = theme()
        rect: QRect = option.rect
        cell: Cell | None = index.data(CELL)
        head: Head = index.model().headerData(index.column(), Qt.Orientation.Horizontal, HEAD)
        changed = self.marking and cell is not None and cell.changed
        painter.save()
        state = option.state
        if _SELECTED in state:
            painter.fillRect(rect, now.color("selection"))
        elif changed:
            painter.fillRect(rect, now.color("accentTint"))
        if changed:
            corner = QPointF(rect.left(), rect.top())
            triangle = QPolygonF([corner, corner + QPointF(6, 0), corner + QPointF(0, 6)])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("accent"))
            painter.drawPolygon(triangle)
        box = rect.adjusted(_PAD, 0, -_PAD, 0)
        color = "textDisabled" if cell is None else "textTertiary" if head.quiet else "text"
        font = now.font("section" if changed else "table")
        painter.setFont(font)
        painter.setPen(now.color(color))
        text = "…" if cell is None else cell.text
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, _RIGHT if head.right else _LEFT, shown)
        if changed and cell is not None and head.right and (old := cell.old_text) and old != text:
            used = painter.fontMetrics().horizontalAdvance(shown) + 6
            self._paint_old(painter, box.adjusted(0, 0, -used, 0), old)
        if _FOCUSED in state:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(now.color("focusRing"))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.restore()

    @staticmethod
    def _paint_old(painter: QPainter, box: QRect, old: str) -> None:
        font = theme().font("table")
        font.setStrikeOut(True)
        if QFontMetrics(font).horizontalAdvance(old) <= box.width():
            painter.setFont(font)
            painter.setPen(theme().color("textTertiary"))
            painter.drawText(box, _RIGHT, old)


class TwoLineHeader(QHeaderView):
    """Name over a quiet line; the sorted column carries an arrow, an accented one a line below."""

    def __init__(self, parent: QWidget):
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(48)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.sort: tuple[str, bool] | None = None

    def sizeHint(self) -> QSize:
        now = theme()
        tall = QFontMetrics(now.font("section")).height() + QFontMetrics(now.font("label")).height()
        return QSize(super().sizeHint().width(), max(44, tall + 12))

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        head: Head | None = self.model().headerData(section, self.orientation(), HEAD)
        if not rect.isValid() or head is None:
            return
        now = theme()
        painter.save()
        painter.fillRect(rect, now.color("panel"))
        painter.fillRect(rect.right(), rect.top(), 1, rect.height(), now.color("border"))
        tall = 2 if head.accent else 1
        line = QRect(rect.left(), rect.bottom() - tall + 1, rect.width(), tall)
        painter.fillRect(line, now.color("accent" if head.accent else "border"))
        box = rect.adjusted(_PAD, 5, -_PAD, -6)
        side = Qt.AlignmentFlag.AlignRight if head.right else Qt.AlignmentFlag.AlignLeft
        painter.setFont(now.font("section"))
        painter.setPen(now.color("textSecondary" if head.quiet else "text"))
        upper = QRect(box.left(), box.top(), box.width(), box.height() // 2)
        name = head.name
        if self.sort is not None and self.sort[0] == head.name:
            name = f"{name} {'↓' if self.sort[1] else '↑'}"
        self._line(painter, upper, side, name)
        painter.setFont(now.font("label"))
        painter.setPen(now.color("accent" if head.accent else "textTertiary"))
        lower = QRect(box.left(), upper.bottom() + 1, box.width(), box.height() - upper.height())
        self._line(painter, lower, side, head.sub)
        painter.restore()

    @staticmethod
    def _line(painter: QPainter, box: QRect, side: Qt.AlignmentFlag, text: str) -> None:
        short = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, box.width())
        painter.drawText(box, side | Qt.AlignmentFlag.AlignVCenter, short)


class RowHeader(QHeaderView):
    """Row numbers of the source, with a stripe in the colour of the part."""

    def __init__(self, parent: QWidget):
        super().__init__(Qt.Orientation.Vertical, parent)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setHighlightSections(False)

    def sizeHint(self) -> QSize:
        digits = len(str(max(self.count(), 99)))
        wide = QFontMetrics(theme().font("table")).horizontalAdvance("0" * digits)
        return QSize(wide + 18, 0)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        now = theme()
        model = self.model()
        painter.save()
        painter.fillRect(rect, now.color("raised"))
        painter.fillRect(rect.right(), rect.top(), 1, rect.height(), now.color("border"))
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, now.color("border"))
        if isinstance(model, PreviewModel) and (part := model.part_of(section)):
            painter.fillRect(QRectF(rect.left(), rect.top(), 2, rect.height() - 1), now.chart(part))
        painter.setFont(now.font("table"))
        painter.setPen(now.color("textTertiary"))
        text = model.headerData(section, Qt.Orientation.Vertical) if model else ""
        painter.drawText(rect.adjusted(4, 0, -1, 0), Qt.AlignmentFlag.AlignCenter, text or "")
        painter.restore()


class PreviewView(QTableView):
    """Rows of the source; a click on a header sorts, a double click opens the profile."""

    sort_wanted = Signal(str)
    profile_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__(objectName="data.table", cornerButtonEnabled=False, tabKeyNavigation=False)
        self.setAccessibleName(tr("Rows of the table"))
        self.delegate = CellDelegate(self)
        self.setItemDelegate(self.delegate)
        self.header = TwoLineHeader(self)
        self.setHorizontalHeader(self.header)
        self.setVerticalHeader(RowHeader(self))
        self._size_rows()
        themes().changed.connect(self._size_rows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setWordWrap(False)
        self.header.sectionClicked.connect(lambda at: self.sort_wanted.emit(self._name(at)))
        self.header.sectionDoubleClicked.connect(
            lambda at: self.profile_wanted.emit(self._name(at))
        )

    def fit_heads(self) -> None:
        """Widen the columns whose header has no room."""
        for section in range(self.model().columnCount()):
            wide = self._head_width(section) + 2 * _PAD + 2
            if self.columnWidth(section) < min(wide, _WIDEST):
                self.setColumnWidth(section, min(wide, _WIDEST))

    def fit_columns(self) -> None:
        """Give each column room for its header and the rows in sight."""
        model = self.model()
        bold = QFontMetrics(theme().font("section"))
        first = max(self.rowAt(0), 0)
        for section in range(model.columnCount()):
            head: Head = model.headerData(section, Qt.Orientation.Horizontal, HEAD)
            wide = self._head_width(section)
            for at in range(first, min(first + _SAMPLED, model.rowCount())):
                cell: Cell | None = model.index(at, section).data(CELL)
                if cell is None:
                    continue
                text = cell.text
                wide = max(wide, bold.horizontalAdvance(text))
                if cell.changed and head.right and cell.before is not None:
                    both = f"{cell.old_text} {text}"
                    wide = max(wide, bold.horizontalAdvance(both) + 8)
            self.setColumnWidth(section, min(wide + 2 * _PAD + 2, _WIDEST))

    def _head_width(self, section: int) -> int:
        head: Head = self.model().headerData(section, Qt.Orientation.Horizontal, HEAD)
        name = QFontMetrics(theme().font("section")).horizontalAdvance(head.name) + 18
        return max(name, QFontMetrics(theme().font("label")).horizontalAdvance(head.sub))

    def show_column(self, name: str) -> None:
        """Scroll sideways to a column."""
        model = self.model()
        if isinstance(model, PreviewModel) and name in model.columns:
            at = model.columns.index(name)
            self.scrollTo(model.index(max(self.rowAt(0), 0), at))

    def show_row(self, row: int, name: str) -> None:
        """Scroll to a row and mark it, with a column in sight if there is one of that name."""
        model = self.model()
        if isinstance(model, PreviewModel):
            at = model.columns.index(name) if name in model.columns else 0
            self.selectRow(row)
            self.scrollTo(model.index(row, at), QTableView.ScrollHint.PositionAtCenter)

    def first_row(self) -> int:
        """Return the first row in sight."""
        return max(self.rowAt(0), 0)

    def _size_rows(self) -> None:
        tall = round(theme().size("rowTable") * theme().scale)
        self.verticalHeader().setDefaultSectionSize(tall)

    def _name(self, section: int) -> str:
        model = self.model()
        return model.columns[section] if isinstance(model, PreviewModel) else ""
