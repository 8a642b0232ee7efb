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
from modelstudio.ui.pages.data.cells import cell_text, column_decimals, in_folder

if TYPE_CHECKING:
    from modelstudio.data.preview import PreviewTable

CHUNK = 200
"""Rows fetched at a time."""

_AHEAD = 60
"""Rows fetched before they come into sight."""

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
    old_decimals: int | None = None
    folder: str = ""

    @property
    def text(self) -> str:
        """The value as shown."""
        return cell_text(in_folder(self.now, self.folder), self.decimals)

    @property
    def old_text(self) -> str:
        """The value before, as shown."""
        return cell_text(self.before, self.old_decimals)

    @property
    def shown(self) -> str:
        """All that is written into the cell when changes are marked."""
        both = self.changed and isinstance(self.now, float) and self.before is not None
        return f"{self.old_text}  {self.text}" if both else self.text


class Row(NamedTuple):
    """A row that is there: the table that brought it and its place in that."""

    table: PreviewTable
    place: int

    @property
    def number(self) -> int:
        """Its number in the source, from 0."""
        return self.table.rows[self.place]

    @property
    def part(self) -> str:
        """Which part of the split it is in, or nothing."""
        return self.table.parts[self.place]


class Head(NamedTuple):
    """Header of a column: name, the quiet line below, and its look."""

    name: str
    sub: str = ""
    accent: bool = False
    quiet: bool = False
    right: bool = False


class PreviewModel(QAbstractTableModel):
    """A table of any length of which only some chunks are held.

    ``wanted`` asks for rows from an offset; the answer comes by `put`, and only then is more asked
    for. After `start_over` the old rows stay in sight until the first new ones arrive. Of the paths
    of files in ``folder``, which ends with a separator, only what follows it is shown.
    """

    wanted = Signal(int, int)

    def __init__(self, parent: Any = None):
        super().__init__(parent)
        self._chunks: OrderedDict[int, PreviewTable] = OrderedDict()
        self._columns: tuple[str, ...] = ()
        self._total = 0
        self._heads: Mapping[str, Head] = {}
        self._stale = False
        self._first = 0
        self._sight = self._asked = range(0)
        self._decimals: tuple[tuple[int | None, int | None], ...] = ()
        self._numbers: dict[str, bool] = {}
        self._step = ""
        self.folder = ""
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
        self._stale, self._first = True, first_row // CHUNK
        self._ask.start()

    def clear(self) -> None:
        """Show nothing."""
        self.beginResetModel()
        self._chunks.clear()
        self._columns, self._total, self._stale, self._decimals = (), 0, False, ()
        self._numbers = {}
        self._sight = self._asked = range(0)
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
        if fresh or table.columns != self._columns:
            self._chunks.clear()
            self._decimals = tuple(
                (column_decimals(column.after), column_decimals(column.before))
                for column in table.cells
            )
            self._numbers = {
                name: isinstance(known, int | float)
                for name, column in zip(table.columns, table.cells, strict=True)
                if (known := next((v for v in column.after if v is not None), None)) is not None
            }
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
        elif fresh:
            self._tell_changed(range(self._total))
        else:
            came = range(table.offset, min(table.offset + len(table.rows), self._total))
            sight = range(max(came.start, self._sight.start), min(came.stop, self._sight.stop))
            self._tell_changed(sight)
        self._look()

    def _tell_changed(self, rows: range) -> None:
        if rows:
            corners = self.index(rows[0], 0), self.index(rows[-1], len(self._columns) - 1)
            self.dataChanged.emit(*corners)
            self.headerDataChanged.emit(Qt.Orientation.Vertical, rows[0], rows[-1])

    def rows(self, wanted: range) -> list[Row | None]:
        """Return rows in sight; those that are not there, and some around, are asked for."""
        self._sight = wanted
        self._look()
        return [self._find(row) for row in wanted]

    def number(self, row: int) -> int | None:
        """Return the number in the source of a row that is there."""
        found = self._find(row)
        return found.number if found else None

    def head(self, section: int) -> Head:
        """Return the header of a column."""
        name = self._columns[section]
        return self._heads.get(name) or Head(name)

    def decimals(self, section: int) -> tuple[int | None, int | None]:
        """Return with how many decimals the numbers of a column are shown, and those before."""
        return self._decimals[section]

    def holds_numbers(self, name: str) -> bool | None:
        """Tell whether the values of a column are numbers; None while there are none."""
        return self._numbers.get(name)

    def cell(self, index: _Index) -> Cell | None:
        """Return a cell, or None while it is not there."""
        row = self._find(index.row())
        if row is None:
            return None
        cells, at = row.table.cells[index.column()], row.place
        return Cell(
            cells.after[at],
            cells.before[at],
            cells.changed[at],
            *self._decimals[index.column()],
            self.folder,
        )

    def rowCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else self._total

    def columnCount(self, parent: _Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            row = self._find(section)
            if role == Qt.ItemDataRole.DisplayRole:
                return str(row.number + 1) if row else ""
            return row.part.capitalize() if row and role == Qt.ItemDataRole.ToolTipRole else None
        head = self.head(section)
        if role == HEAD:
            return head
        if role == Qt.ItemDataRole.DisplayRole:
            return head.name
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{head.name}: {head.sub}"
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = self.head(index.column()).right
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
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
            return cell_text(cell.now, cell.decimals) or None
        old = cell.old_text or tr("empty")
        return tr("{}<br>was <b>{}</b>, now <b>{}</b>").format(
            self._step or tr("Recipe"), old, cell.text or tr("empty")
        )

    def _find(self, row: int) -> Row | None:
        table = self._chunks.get(row // CHUNK)
        at = row - table.offset if table is not None else -1
        return Row(table, at) if table is not None and 0 <= at < len(table.rows) else None

    def _look(self) -> None:
        """Ask for what is not there, unless an answer is on its way; then once it came."""
        if not self._stale and not self._asked and self._missing():
            self._ask.start()

    def _missing(self) -> range:
        """Return the numbers of the chunks to ask for: those in sight, or soon to be."""
        sight, last = self._sight, (self._total - 1) // CHUNK
        if not sight or not self._total:
            return range(0)
        ends = (sight[0], sight[-1]), (sight[0] - _AHEAD, sight[-1] + _AHEAD)
        for first, end in ends:
            near = range(max(first // CHUNK, 0), min(end // CHUNK, last) + 1)
            if absent := [number for number in near if number not in self._chunks]:
                return range(absent[0], min(absent[-1], absent[0] + 4) + 1)
        return range(0)

    def _tell_needed(self) -> None:
        if self._stale:
            self._asked = range(self._first, self._first + 1)
        elif not (needed := self._missing()):
            return
        else:
            self._asked = needed
        self.wanted.emit(self._asked.start * CHUNK, len(self._asked) * CHUNK)
