"""The summary: a row a block, with shapes and costs; it selects with the canvas."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from modelstudio.errors import NetworkError
from modelstudio.network.analysis import NodeInfo, Shape, format_shape
from modelstudio.network.graph import Graph
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.look import hue_role, layer_icon
from modelstudio.ui.pages.network.units import memory_text, short_count
from modelstudio.ui.theme import icon, theme, themes
from modelstudio.ui.widgets import count_text

_HEADS = ("Layer", "Type", "Input shape", "Output shape", "Params", "MACs", "Memory")
_LAYER, _TYPE, _INPUT, _OUTPUT, _PARAMS, _MACS, _MEMORY = range(7)
_WIDTHS = (120, 140, 130, 130, 100, 100, 100)

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class SummaryModel(QAbstractTableModel):
    """Rows in the order in which values flow."""

    def __init__(self, editor: Editor):
        super().__init__(editor)
        self._editor = editor
        self.ids: tuple[str, ...] = ()
        self._shown: list[tuple[object, ...]] = []
        self.batch = 1
        """Samples that the memory of a block is told for."""
        themes().changed.connect(self._repaint)
        editor.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Take the network over; only rows that differ are announced."""
        ids = _order(self._editor.graph)
        shown: list[tuple[object, ...]] = []
        for node_id in ids:
            node = self._editor.graph.nodes[node_id]
            shown.append((node.name, node.layer, node.enabled, self._editor.info(node_id)))
        if ids != self.ids:
            self.beginResetModel()
            self.ids, self._shown = ids, shown
            self.endResetModel()
            return
        old, self._shown = self._shown, shown
        rows = [row for row, pair in enumerate(zip(old, shown, strict=True)) if pair[0] != pair[1]]
        if rows:
            self.dataChanged.emit(self.index(rows[0], 0), self.index(rows[-1], _MEMORY))

    def set_batch(self, batch: int) -> None:
        """Tell the memory for so many samples."""
        self.batch = batch
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, _MEMORY, _MEMORY)
        self._repaint()

    def _repaint(self) -> None:
        if self.ids:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.ids) - 1, _MEMORY))

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self.ids)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(_HEADS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return tr(_HEADS[section])
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(section)
            if role == Qt.ItemDataRole.ToolTipRole and section == _MEMORY:
                return tr("Outputs of the block as float32, for a batch of {0}").format(self.batch)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        node_id, column = self.ids[index.row()], index.column()
        node = self._editor.graph.nodes.get(node_id)
        if node is None:
            return None
        info = self._editor.info(node_id)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self.text(node_id, column)
            case Qt.ItemDataRole.UserRole:
                texts = (node.layer.label, _shapes(info.inputs), _shapes(info.outputs))
                return (index.row(), *texts, info.parameters, info.macs, info.memory)[column]
            case Qt.ItemDataRole.DecorationRole if column == _LAYER:
                if info.state == "error":
                    return icon("err", "error")
                return icon(layer_icon(node.layer), hue_role(node.layer.category))
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(column)
            case Qt.ItemDataRole.FontRole:
                return self._font(column)
            case Qt.ItemDataRole.ForegroundRole:
                return self._color(column, info, node.enabled)
        return None

    def text(self, node_id: str, column: int) -> str:
        """Return what a cell says."""
        node, info = self._editor.graph.nodes[node_id], self._editor.info(node_id)
        known = info.state in ("ok", "off")
        match column:
            case 0:
                return node.name
            case 1:
                return node.layer.label
            case 2:
                return _shapes(info.inputs)
            case 3:
                if info.state == "error":
                    return tr("not known")
                if info.untrusted:
                    return tr("not run")
                return tr("waiting") if info.state == "waiting" else _shapes(info.outputs)
            case 4:
                return count_text(info.parameters) if known else "–"
            case 5:
                return short_count(info.macs) if known else "–"
            case _:
                return memory_text(info.memory * self.batch) if known else "–"

    def _font(self, column: int) -> object:
        if column == _LAYER:
            return theme().font("section")
        return theme().font("mono" if column in (_INPUT, _OUTPUT) else "table")

    def _color(self, column: int, info: NodeInfo, enabled: bool) -> object:
        if not enabled:
            return theme().color("textDisabled")
        if column == _OUTPUT and info.state == "error":
            return theme().color("error")
        waiting = column == _OUTPUT and info.state == "waiting"
        return theme().color("textSecondary" if column == _TYPE or waiting else "text")

    def write_csv(self, path: Path) -> None:
        """Write the table to a file, numbers in full."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow((*_HEADS[:_MEMORY], f"Memory of {self.batch} (bytes)"))
            for node_id in self.ids:
                info = self._editor.info(node_id)
                texts = [self.text(node_id, column) for column in range(_PARAMS)]
                writer.writerow([*texts, info.parameters, info.macs, info.memory * self.batch])


class SummaryView(QTableView):
    """The table; selecting a row selects the block and brings it into sight."""

    def __init__(self, editor: Editor, show_block: Callable[[str], None]):
        super().__init__(objectName="network.summary", showGrid=False, sortingEnabled=False)
        self.setAccessibleName(tr("Summary of the network"))
        self._editor = editor
        self._show_block = show_block
        self.summary = SummaryModel(editor)
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSortRole(Qt.ItemDataRole.UserRole)
        self._proxy.setSourceModel(self.summary)
        self.setModel(self._proxy)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        head = self.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setStretchLastSection(True)
        head.setHighlightSections(False)
        head.setSortIndicatorShown(False)
        for column, width in enumerate(_WIDTHS):
            self.setColumnWidth(column, width)
        head.sectionClicked.connect(self._sort)
        self._following = False
        self.selectionModel().selectionChanged.connect(self._choose)
        editor.selection_changed.connect(self.follow)
        self._proxy.modelReset.connect(self.follow)

    def _sort(self, column: int) -> None:
        """Sort by a column: up, down, and back to the order of the network."""
        head = self.horizontalHeader()
        same = self._proxy.sortColumn() == column
        if same and self._proxy.sortOrder() == Qt.SortOrder.DescendingOrder:
            head.setSortIndicatorShown(False)
            self._proxy.sort(-1)
            return
        order = Qt.SortOrder.DescendingOrder if same else Qt.SortOrder.AscendingOrder
        head.setSortIndicatorShown(True)
        head.setSortIndicator(column, order)
        self._proxy.sort(column, order)

    def _choose(self) -> None:
        if self._following:
            return
        rows = {self._proxy.mapToSource(i).row() for i in self.selectionModel().selectedIndexes()}
        ids = [self.summary.ids[row] for row in sorted(rows)]
        self._editor.select(ids)
        if len(ids) == 1:
            self._show_block(ids[0])

    def follow(self) -> None:
        """Select the rows of the blocks that are selected on the canvas."""
        wanted = QItemSelection()
        first = QModelIndex()
        chosen = self._editor.selection
        for row, node_id in enumerate(self.summary.ids):
            if node_id in chosen:
                index = self._proxy.mapFromSource(self.summary.index(row, 0))
                first = first if first.isValid() else index
                wanted.select(index, index.siblingAtColumn(_MEMORY))
        self._following = True
        self.selectionModel().select(wanted, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if first.isValid() and not self.hasFocus():
            self.scrollTo(first)
        self._following = False


def _order(graph: Graph) -> tuple[str, ...]:
    try:
        return graph.order
    except NetworkError:
        return tuple(graph.nodes)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column >= _PARAMS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _shapes(shapes: tuple[Shape, ...]) -> str:
    return ", ".join(format_shape(shape) for shape in shapes) or "–"
