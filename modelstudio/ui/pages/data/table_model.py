"""The rows of the table as Qt sees them, fetched in chunks as they come into sight."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.cells import cell_text, column_decimals

if TYPE_CHECKING:
    from modelstudio.data.preview import PreviewTable

CHUNK = 200
"""Rows fetched at a time."""

_KEPT = 40
CELL = Qt.ItemDataRole.UserRole
HEAD = Qt.ItemDataRole.UserRole + 1

_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class Cell(NamedTuple):
    """One cell: the value now, the one before, and whether a step changed it."""

    now: object
    before: object
    changed: bool
    decimals: int | None = None

    @property
    def text(self) -> str:
        """The value as shown."""
        return cell_text(self.now, self.decimals)

    @property
    def old_text(self) -> str:
        """The value before, as shown."""
        return cell_text(self.before, self.decimals)


class Head(NamedTuple):
    """Header of a column: name, the quiet line below, and its look."""

    name: str
    sub: str = ""
    accent: bool = False
    quiet: bool = False
    right: bool = False


class PreviewModel(QAbstractTableModel):
    """A table of any length of which only some chunks are held.

    ``wanted`` asks for rows from an offset; the answer comes by `put`. After `start_over` the old
    rows stay in sight until the first new ones arrive.
    """

    wanted = Signal(int, int)

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self._chunks: OrderedDict[int, PreviewTable] = OrderedDict()
        self._columns: tuple[str, ...] = ()
        self._total = 0
        self._heads: Mapping[str, Head] = {}
        self._stale = False
        self._needed: set[int] = set()
        self._asked = range(0)
        self._decimals: tuple[int | None, ...] = ()
        self._step = ""
        self._ask = QTimer(self, singleShot=True, interval=0)
        self._ask.timeout.connect(self._tell_needed)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return self._columns

    @property
    def waiting(self) -> bool:
        """True while rows that were asked for have not come."""
        return self._stale or self._ask.isActive()

    def start_over(self, first_row: int = 0) -> None:
        """Ask for everything anew, beginning with the chunk that holds ``first_row``."""
        self._stale = True
        self._needed = {first_row // CHUNK}
        self._ask.start()

    def clear(self) -> None:
        """Show nothing."""
        self.beginResetModel()
        self._chunks.clear()
        self._columns, self._total, self._stale, self._asked = (), 0, False, range(0)
        self._decimals = ()
        self._needed.clear()
        self._ask.stop()
        self.endResetModel()

    def set_heads(self, heads: Mapping[str, Head], step: str = "") -> None:
        """Say what stands in the header; ``step`` names the step that the changes come from."""
        self._heads, self._step = heads, step
        if self._columns:
            last = len(self._columns) - 1
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, last)

    def put(self, table: PreviewTable) -> None:
        """Take over rows that were asked for."""
        same = table.columns == self._columns and table.total == self._total
        fresh, self._stale = self._stale, False
        self._asked = range(0)
        if fresh or not self._decimals:
            self._chunks.clear()
            self._decimals = tuple(column_decimals(column.after) for column in table.cells)
        if not same:
            self.beginResetModel()
            self._chunks.clear()
            self._columns, self._total = table.columns, table.total
        for at in range(0, max(len(table.rows), 1), CHUNK):
            number = (table.offset + at) // CHUNK
            self._chunks[number] = table
            self._chunks.move_to_end(number)
        while len(self._chunks) > _KEPT:
            self._chunks.popitem(last=False)
        if not same:
            self.endResetModel()
        elif self._total:
            last = self.index(self._total - 1, len(self._columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
            self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, self._total - 1)

    def cell(self, index: _Index) -> Cell | None:
        """Return a cell, or None and a wish for it while it is not there."""
        held = self._held(index.row())
        if held is None:
            return None
        table, at = held
        column = table.cells[index.column()]
        decimals = self._decimals[index.column()]
        return Cell(column.after[at], column.before[at], column.changed[at], decimals)

    def part_of(self, row: int) -> str:
        """Return which part of the split a row is in; empty when none or not known yet."""
        held = self._find(row)
        return held[0].parts[held[1]] if held else ""

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else self._total

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            if role == Qt.ItemDataRole.DisplayRole:
                held = self._find(section)
                return str(held[0].rows[held[1]] + 1) if held else ""
            if role == Qt.ItemDataRole.ToolTipRole:
                return self.part_of(section).capitalize()
            return None
        head = self._heads.get(self._columns[section]) or Head(self._columns[section])
        if role == HEAD:
            return head
        if role == Qt.ItemDataRole.DisplayRole:
            return head.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{head.name}: {head.sub}"
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            head = self._heads.get(self._columns[index.column()])
            side = (
                Qt.AlignmentFlag.AlignRight if head and head.right else Qt.AlignmentFlag.AlignLeft
            )
            return side | Qt.AlignmentFlag.AlignVCenter
        cell = self.cell(index)
        if role == CELL:
            return cell
        if cell is None:
            return "…" if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(cell)
        return None

    def _tip(self, cell: Cell) -> str | None:
        if not cell.changed:
            return cell.text or None
        old = cell.old_text or tr("empty")
        return tr("{}<br>was <b>{}</b>, now <b>{}</b>").format(
            self._step or tr("Recipe"), old, cell.text or tr("empty")
        )

    def _held(self, row: int) -> tuple[PreviewTable, int] | None:
        """Find a row, and wish for it when it is not there."""
        number = row // CHUNK
        if number not in self._chunks and number not in self._asked and not self._stale:
            self._needed.add(number)
            self._ask.start()
        return self._find(row)

    def _find(self, row: int) -> tuple[PreviewTable, int] | None:
        table = self._chunks.get(row // CHUNK)
        at = row - table.offset if table is not None else -1
        return (table, at) if table is not None and 0 <= at < len(table.rows) else None

    def _tell_needed(self) -> None:
        if self._needed:
            low, high = min(self._needed), max(self._needed)
            self._needed.clear()
            self._asked = range(low, min(high, low + 4) + 1)
            self.wanted.emit(low * CHUNK, len(self._asked) * CHUNK)
