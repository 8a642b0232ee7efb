"""The table itself: cells that show what a step changed, a header of two lines."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelectionModel,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.names import fitted_name
from modelstudio.ui.pages.data.table_model import CELL, HEAD, Head, PreviewModel
from modelstudio.ui.pages.data.table_paint import PAD, TablePainter, Typesetter
from modelstudio.ui.theme import theme, themes

_WIDEST = 220
_SAMPLED = 60
"""Rows looked at for the width of a column."""

_AT_ONCE = 200
"""Columns whose width is found at once."""


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
        box = rect.adjusted(PAD, 5, -PAD, -6)
        side = Qt.AlignmentFlag.AlignRight if head.right else Qt.AlignmentFlag.AlignLeft
        painter.setFont(now.font("section"))
        painter.setPen(now.color("textSecondary" if head.quiet else "text"))
        upper = QRect(box.left(), box.top(), box.width(), box.height() // 2)
        name = head.name
        if self.sort is not None and self.sort[0] == head.name:
            name = f"{name} {'↓' if self.sort[1] else '↑'}"
        model = self.model()
        known = model.columns if isinstance(model, PreviewModel) else ()
        fitted = fitted_name(painter.fontMetrics(), name, upper.width(), known)
        self._line(painter, upper, side, fitted)
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
        self.text = Typesetter(theme().font("table"))

    def sizeHint(self) -> QSize:
        digits = len(str(max(self.count(), 99)))
        return QSize(self.text.metrics.horizontalAdvance("0" * digits) + 18, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        model, now, area = self.model(), theme(), event.rect()
        first, last = (self.logicalIndexAt(0, y) for y in (area.top(), area.bottom()))
        rows = _touched(first, last, self.count())
        if not isinstance(model, PreviewModel) or not rows:
            return
        painter = QPainter(self.viewport())
        painter.fillRect(area, now.color("raised"))
        painter.fillRect(self.width() - 1, area.top(), 1, area.height(), now.color("border"))
        tall = self.sectionSize(first)
        box = QRect(0, self.sectionViewportPosition(first), self.width(), tall)
        painter.setFont(self.text.font)
        painter.setPen(now.color("textTertiary"))
        for row in model.rows(rows):
            painter.fillRect(0, box.bottom(), box.width(), 1, now.color("border"))
            if row is not None:
                if row.part:
                    painter.fillRect(0, box.top(), 2, tall - 1, now.chart(row.part))
                inside = box.adjusted(4, 0, -9, 0)
                self.text.draw(painter, inside, str(row.number + 1), right=True)
            box.translate(0, tall)


class PreviewView(QTableView):
    """Rows of the source; a click on a header sorts, a double click opens the profile.

    ``profile_wanted`` comes of the key, ``menu_wanted`` gives a column and a point of the screen.
    """

    sort_wanted = Signal(str)
    header_opened = Signal(str)
    profile_wanted = Signal(str)
    menu_wanted = Signal(str, QPoint)

    def __init__(self) -> None:
        super().__init__(objectName="data.table", cornerButtonEnabled=False, tabKeyNavigation=False)
        self.setAccessibleName(tr("Rows of the table"))
        self.painter = TablePainter()
        self._long: dict[int, int] = {}
        self._unfitted: set[int] = set()
        self.header, self.numbers = TwoLineHeader(self), RowHeader(self)
        self.setHorizontalHeader(self.header)
        self.setVerticalHeader(self.numbers)
        self._dress()
        themes().changed.connect(self._dress)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setWordWrap(False)
        sideways = self.horizontalScrollBar()
        sideways.valueChanged.connect(lambda: self._fit(self._columns_in_sight()))
        self.header.sectionClicked.connect(lambda at: self.sort_wanted.emit(self._name(at)))
        self.header.sectionDoubleClicked.connect(lambda at: self.header_opened.emit(self._name(at)))
        self.header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.header.customContextMenuRequested.connect(self._ask_menu_of_header)

    def set_marking(self, on: bool) -> None:
        """Show what the steps changed, or do not."""
        self.painter.marking = on
        self.viewport().update()

    def rows_in(self, area: QRect) -> range:
        """Return the rows that touch an area of the viewport."""
        return _touched(self.rowAt(area.top()), self.rowAt(area.bottom()), self.model().rowCount())

    def columns_in(self, area: QRect) -> range:
        """Return the columns that touch an area of the viewport."""
        first, last = self.columnAt(area.left()), self.columnAt(area.right())
        return _touched(first, last, self.model().columnCount())

    def paintEvent(self, event: QPaintEvent) -> None:
        model = self.model()
        if isinstance(model, PreviewModel):
            painter = QPainter(self.viewport())
            self.painter.paint(painter, self, model, event.rect())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        name = self._name(self.currentIndex().column())
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and name:
            self.profile_wanted.emit(name)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if by_key else self.indexAt(event.pos())
        if name := self._name(index.column()):
            at = self.visualRect(index).center() if by_key else event.pos()
            self.menu_wanted.emit(name, self.viewport().mapToGlobal(at))

    def _ask_menu_of_header(self, at: QPoint) -> None:
        if name := self._name(self.header.logicalIndexAt(at)):
            self.menu_wanted.emit(name, self.header.mapToGlobal(at))

    def fit_heads(self) -> None:
        """Widen the columns whose header has no room."""
        for section in range(self.model().columnCount()):
            if section not in self._unfitted:
                wide = min(self._head_width(section), _WIDEST)
                if self.columnWidth(section) < wide:
                    self.setColumnWidth(section, wide)

    def fit_columns(self) -> None:
        """Give each column room for its header and the rows in sight; long ones share the rest.

        Of very many columns those out of sight wait until they come into it.
        """
        self._forget_widths()
        columns = len(self._unfitted)
        self._fit(range(columns) if columns <= _AT_ONCE else self._columns_in_sight())
        self._share_room()

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        if model is not None:
            model.modelReset.connect(self._forget_widths)

    def _forget_widths(self) -> None:
        self._long, self._unfitted = {}, set(range(self.model().columnCount()))

    def _columns_in_sight(self) -> range:
        return self.columns_in(self.viewport().rect())

    def _fit(self, sections: range) -> None:
        model, first = self.model(), self.first_row()
        waiting = self._unfitted.intersection(sections)
        self._unfitted -= waiting
        rows = range(first, min(first + _SAMPLED, model.rowCount()))
        advance = self.painter.bold.metrics.horizontalAdvance
        for section in sorted(waiting):
            cells = [model.index(row, section).data(CELL) for row in rows]
            longest = max((cell.shown for cell in cells if cell is not None), key=len, default="")
            wide = max(self._head_width(section), advance(longest) + 2 * PAD + 2)
            self.setColumnWidth(section, min(wide, _WIDEST))
            if wide > _WIDEST:
                self._long[section] = self.columnWidth(section)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_room()

    def _share_room(self) -> None:
        """Let long columns take what is left over, but for those that a person made wider."""
        self._long = {at: wide for at, wide in self._long.items() if self.columnWidth(at) == wide}
        if self._long:
            room = self.viewport().width() - self.header.length() + sum(self._long.values())
            wide = max(room // len(self._long), _WIDEST)
            for section in self._long:
                self.setColumnWidth(section, wide)
                self._long[section] = wide

    def _head_width(self, section: int) -> int:
        head: Head = self.model().headerData(section, Qt.Orientation.Horizontal, HEAD)
        name = self.painter.bold.metrics.horizontalAdvance(head.name) + 18
        sub = self.painter.quiet.horizontalAdvance(head.sub)
        return max(name, sub) + 2 * PAD + 2

    def show_column(self, name: str) -> None:
        """Scroll sideways to a column."""
        model = self.model()
        if isinstance(model, PreviewModel) and name in model.columns:
            at = model.columns.index(name)
            self.scrollTo(model.index(max(self.rowAt(0), 0), at))

    def show_one_of(self, names: Sequence[str]) -> None:
        """Scroll sideways to the first of some columns, unless one of them is in sight."""
        model = self.model()
        if isinstance(model, PreviewModel) and names:
            seen = self.columns_in(self.viewport().rect())
            places = [model.columns.index(name) for name in names if name in model.columns]
            if places and not any(place in seen for place in places):
                self.show_column(model.columns[min(places)])

    def show_row(self, row: int, name: str) -> None:
        """Scroll to a row and mark it, with a column in sight if there is one of that name."""
        model = self.model()
        if isinstance(model, PreviewModel):
            now = max(self.currentIndex().column(), 0)
            place = model.index(row, model.columns.index(name) if name in model.columns else now)
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().setCurrentIndex(place, flags.ClearAndSelect | flags.Rows)
            self.scrollTo(place, QTableView.ScrollHint.PositionAtCenter)

    def first_row(self) -> int:
        """Return the first row in sight."""
        return max(self.rowAt(0), 0)

    def _dress(self) -> None:
        self.painter.dress()
        self.numbers.text = Typesetter(theme().font("table"))
        tall = round(theme().size("rowTable") * theme().scale)
        self.numbers.setDefaultSectionSize(tall)

    def _name(self, section: int) -> str:
        model = self.model()
        return model.columns[section] if isinstance(model, PreviewModel) and section >= 0 else ""


def _touched(first: int, last: int, count: int) -> range:
    """Return places from the first to the last; -1 is beyond the end."""
    return range(first, count if last < 0 else last + 1) if first >= 0 else range(0)
