"""The outline: each block a line of a tree, in the order of the wires, then the notes."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from modelstudio.errors import NetworkError
from modelstudio.network.analysis import NodeInfo, format_shape
from modelstudio.network.graph import Graph, Node, Note
from modelstudio.network.group import Group
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.look import HUES, layer_icon
from modelstudio.ui.pages.network.units import blocks_text
from modelstudio.ui.theme import paint_icon, theme
from modelstudio.ui.widgets import SearchField, label, row, toned

Index = QModelIndex | QPersistentModelIndex
_NODE = Qt.ItemDataRole.UserRole
_STATE = Qt.ItemDataRole.UserRole + 1
_DETAIL = Qt.ItemDataRole.UserRole + 2
_TOLD = Qt.ItemDataRole.AccessibleTextRole
_STEP = 14
_LEAST_NAME = 64
"""Pixels that a name keeps at 100 %; a shape that leaves less is not shown."""


class Outline(QFrame):
    """The blocks as a tree beside the canvas, and the notes; its selection is the editor's.

    ``opened`` gives the address of a block on which Enter was pressed, from the level in sight,
    ``note_opened`` the id of a note; ``add_wanted`` tells of Space, ``left`` of Escape.
    """

    opened = Signal(object)
    note_opened = Signal(str)
    add_wanted = Signal()
    left = Signal()

    def __init__(self, editor: Editor):
        super().__init__(objectName="network.outline.list")
        toned(self, "panel")
        self.setAccessibleName(tr("Outline of the network"))
        self._editor = editor
        self._shown = Graph()
        self._lines: dict[str, QTreeWidgetItem] = {}
        self._told: dict[str, tuple[object, ...]] = {}
        self._count = label("", "label", "tertiary")
        head = row(label(tr("Outline"), "panelTitle"), None, self._count, margins=(8, 0, 4, 0))
        self.search = SearchField(tr("Find a block here"), "network.outline.search")
        self.tree = _Tree(editor)
        keys = label(
            tr("A add · W wire · F2 rename · Del delete · Ctrl ↑ ↓ move"),
            "axis",
            "tertiary",
            wrap=True,
            name="network.outline.keys",
        )
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 6)
        box.setSpacing(6)
        for part in (head, self.search, self.tree, keys):
            box.addWidget(part)
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self._take_first)
        self.tree.opened.connect(self._open)
        self.tree.add_wanted.connect(self.add_wanted)
        self.tree.left.connect(self.left)
        self.tree.itemSelectionChanged.connect(self._chosen)
        editor.changed.connect(self.refresh)
        editor.selection_changed.connect(self._show_selection)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def enter(self) -> None:
        """Take the focus, on the selected block or the first."""
        self.tree.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def line_corner(self) -> QPoint:
        """Return the place on the screen right below the current line."""
        item = self.tree.currentItem()
        rect = self.tree.visualItemRect(item) if item is not None else QRect()
        return self.tree.viewport().mapToGlobal(rect.bottomLeft() + QPoint(_STEP, 2))

    def rename(self) -> None:
        """Edit the name of the current block in its line."""
        item = self.tree.currentItem()
        if item is None or item.parent() is not None:
            return
        if item.flags() & Qt.ItemFlag.ItemIsEditable:
            self.tree.editItem(item)
        else:
            self._open(self.tree.address_of(item))

    def _open(self, address: tuple[str, ...]) -> None:
        if address[0] in self._editor.graph.nodes:
            self.opened.emit(address)
        else:
            self.note_opened.emit(address[0])

    def refresh(self) -> None:
        """Follow the network, while somebody looks; only lines of what changed are told anew."""
        graph, tree = self._editor.graph, self.tree
        if not self.isVisible():
            return
        tree.blockSignals(True)
        blocks = _in_order(graph)
        order = [*blocks, *(note.id for note in graph.notes)]
        fresh = self._renew(graph)
        if fresh or order != [tree.node_of(item) for item in tree.tops()]:
            self._line_up(order)
        self._shown = graph
        problems: dict[str | None, list[str]] = {}
        for problem in self._editor.analysis.problems:
            problems.setdefault(problem.node, []).append(problem.message)
        for node_id in blocks:
            self._describe(graph.nodes[node_id], tuple(problems.get(node_id, ())))
        for note in graph.notes:
            self._describe_note(note)
        tree.blockSignals(False)
        self._count.setText(blocks_text(len(blocks)))
        self._filter()
        self._show_selection()

    def _renew(self, graph: Graph) -> bool:
        """Make lines for new blocks and changed groups, and drop the others; tell if any did."""
        notes = {note.id for note in graph.notes}
        known = self._shown.nodes
        stale = {
            key
            for key in self._lines
            if (key in known) is (key in notes)
            or (key in known and (key not in graph.nodes or _other_inside(known[key], graph)))
        }
        for key in stale:
            del self._lines[key], self._told[key]
        fresh = [node for node_id, node in graph.nodes.items() if node_id not in self._lines]
        for node in fresh:
            item = _line(node)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self._lines[node.id] = item
        added = notes - self._lines.keys()
        self._lines |= {note_id: _note_line(note_id) for note_id in added}
        return bool(stale or fresh or added)

    def _line_up(self, order: list[str]) -> None:
        """Put the lines into order; what was open stays so."""
        tree = self.tree
        opened = {tree.node_of(item) for item in tree.tops() if item.isExpanded()}
        current = tree.currentItem()
        current_id = tree.address_of(current)[0] if current is not None else ""
        root = tree.invisibleRootItem()
        root.takeChildren()
        root.addChildren([self._lines[node_id] for node_id in order])
        for node_id in opened & self._lines.keys():
            self._lines[node_id].setExpanded(True)
        if (kept := self._lines.get(current_id)) is not None:
            tree.setCurrentItem(kept, 0, QItemSelectionModel.SelectionFlag.NoUpdate)

    def _describe(self, node: Node, problems: tuple[str, ...]) -> None:
        graph, info = self._editor.graph, self._editor.info(node.id)
        sources = tuple(graph.nodes[edge.source].name for edge in graph.incoming[node.id])
        looks = (node.name, node.layer, node.enabled, node.frozen, info, sources, problems)
        if self._told.get(node.id) == looks:
            return
        self._told[node.id] = looks
        item, detail = self._lines[node.id], _detail(info)
        item.setText(0, node.name)
        item.setData(0, _STATE, (node.layer, node.enabled, node.frozen, info.state))
        item.setData(0, _DETAIL, detail)
        said = [node.name, node.layer.label, detail]
        said += [tr("wired from {0}").format(", ".join(sources))] if sources else []
        said += [tr("off")] if not node.enabled else []
        said += [tr("frozen")] if node.frozen else []
        item.setData(0, _TOLD, ", ".join((*said, *problems)))
        item.setToolTip(0, "\n".join((node.layer.purpose(), *problems)))

    def _describe_note(self, note: Note) -> None:
        if self._told.get(note.id) == (note.text,):
            return
        self._told[note.id] = (note.text,)
        item, text = self._lines[note.id], " ".join(note.text.split())
        item.setText(0, text or tr("Empty note"))
        item.setData(0, _TOLD, tr("Note: {0}").format(text))
        item.setToolTip(0, note.text)

    def _filter(self) -> None:
        words = self.search.text().strip().lower()
        for item in self.tree.tops():
            node = self._shown.nodes.get(self.tree.node_of(item))
            kind = node.layer.label if node is not None else tr("Note")
            hidden = words not in item.text(0).lower() and words not in kind.lower()
            if hidden != item.isHidden():
                item.setHidden(hidden)

    def _take_first(self) -> None:
        found = next((item for item in self.tree.tops() if not item.isHidden()), None)
        if found is not None:
            self.tree.setCurrentItem(found)
            self.tree.setFocus(Qt.FocusReason.OtherFocusReason)

    def _chosen(self) -> None:
        items = [item for item in self.tree.selectedItems() if item.parent() is None]
        self._editor.select([self.tree.node_of(item) for item in items])

    def _show_selection(self) -> None:
        if not self.isVisible():
            return
        tree, chosen = self.tree, self._editor.selection
        picked = [item for item in tree.tops() if tree.node_of(item) in chosen]
        tree.blockSignals(True)
        for item in tree.tops():
            item.setSelected(tree.node_of(item) in chosen)
        if picked and tree.currentItem() not in picked:
            tree.setCurrentItem(picked[0], 0, QItemSelectionModel.SelectionFlag.NoUpdate)
        elif tree.currentItem() is None and (first := tree.topLevelItem(0)) is not None:
            tree.setCurrentItem(first, 0, QItemSelectionModel.SelectionFlag.NoUpdate)
        if picked:
            tree.scrollToItem(picked[0])
        tree.blockSignals(False)


class _Tree(QTreeWidget):
    """The lines; a name is edited in place."""

    opened = Signal(object)
    add_wanted = Signal()
    left = Signal()

    def __init__(self, editor: Editor):
        super().__init__(
            objectName="network.outline.tree",
            headerHidden=True,
            indentation=_STEP,
            expandsOnDoubleClick=False,
            frameShape=QFrame.Shape.NoFrame,
            uniformRowHeights=True,
        )
        self._editor = editor
        self.setAccessibleName(tr("Blocks in the order of the wires"))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setItemDelegate(_Delegate(self, editor))
        self.itemDoubleClicked.connect(lambda item: self.opened.emit(self.address_of(item)))

    def tops(self) -> Iterator[QTreeWidgetItem]:
        """Yield the lines of the level in sight."""
        items = (self.topLevelItem(i) for i in range(self.topLevelItemCount()))
        return (item for item in items if item is not None)

    @staticmethod
    def node_of(item: QTreeWidgetItem) -> str:
        """Return the id of the block of a line."""
        return str(item.data(0, _NODE))

    def address_of(self, item: QTreeWidgetItem) -> tuple[str, ...]:
        """Return the ids of the groups around a block, from the level in sight, and its own."""
        parent = item.parent()
        around = self.address_of(parent) if parent is not None else ()
        return (*around, self.node_of(item))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item, key = self.currentItem(), event.key()
        if self.state() == QAbstractItemView.State.EditingState:
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and item is not None:
            self.opened.emit(self.address_of(item))
        elif key == Qt.Key.Key_Space and not event.modifiers():
            self.add_wanted.emit()
        elif key == Qt.Key.Key_Backspace:
            self._editor.leave()
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class _Delegate(QStyledItemDelegate):
    """Icon, name and state; at the right the shape."""

    def __init__(self, parent: QWidget, editor: Editor):
        super().__init__(parent)
        self._editor = editor

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, round(26 * theme().scale))

    def createEditor(
        self, parent: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> QLineEdit:
        made = QLineEdit(parent, objectName="network.outline.name")
        made.setAccessibleName(tr("Name of the block"))
        return made

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            reason = self._editor.rename(str(index.data(_NODE)), editor.text())
            if reason:
                self._editor.refused.emit(reason)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        now, rect, state = theme(), QRectF(option.rect), QStyle.StateFlag
        if option.state & state.State_Selected:
            painter.fillRect(rect, now.color("selection"))
        elif option.state & state.State_MouseOver:
            painter.fillRect(rect, now.color("hover"))
        if option.state & state.State_HasFocus:
            painter.setPen(now.color("focusRing"))
            painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))
        if index.data(_STATE) is None:
            self._paint_note(painter, rect, index.data())
            return
        layer, enabled, frozen, known = index.data(_STATE)
        middle = Qt.AlignmentFlag.AlignVCenter
        hue = now.category(HUES[layer.category]) if enabled else now.color("textDisabled")
        paint_icon(
            painter,
            QRectF(rect.left() + 4, rect.center().y() - 7.5, 15, 15),
            layer_icon(layer),
            hue,
        )
        room = rect.adjusted(26, 0, -8, 0)
        painter.setFont(now.font("axis"))
        bad = known == "error"
        painter.setPen(now.color("error" if bad else "textTertiary"))
        detail = str(index.data(_DETAIL))
        taken = painter.fontMetrics().horizontalAdvance(detail) + 8
        if bad or room.width() - taken >= now.grown(_LEAST_NAME):
            painter.drawText(room, middle | Qt.AlignmentFlag.AlignRight, detail)
            room.setRight(room.right() - taken)
        for shown, drawing, role in (
            (bad, "err", "error"),
            (frozen, "lock", "textSecondary"),
        ):
            if shown and room.width() > 40:
                box = QRectF(room.right() - 12, room.center().y() - 6, 12, 12)
                paint_icon(painter, box, drawing, role)
                room.setRight(room.right() - 16)
        painter.setFont(now.font("base"))
        painter.setPen(now.color("text" if enabled else "textDisabled"))
        short = painter.fontMetrics().elidedText(
            index.data(), Qt.TextElideMode.ElideRight, int(room.width())
        )
        painter.drawText(room, middle, short)

    def _paint_note(self, painter: QPainter, rect: QRectF, text: str) -> None:
        now, box = theme(), QRectF(rect.left() + 4, rect.center().y() - 7.5, 15, 15)
        paint_icon(painter, box, "note", "warning")
        room = rect.adjusted(26, 0, -8, 0)
        painter.setFont(now.font("base"))
        painter.setPen(now.color("textSecondary"))
        short = painter.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, int(room.width())
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, short)


def _in_order(graph: Graph) -> list[str]:
    try:
        return list(graph.order)
    except NetworkError:
        return list(graph.nodes)


def _other_inside(old: Node, graph: Graph) -> bool:
    """Return whether a block is, or was, a group with something else inside."""
    new = graph.nodes[old.id].layer
    return old.layer is not new and (isinstance(new, Group) or isinstance(old.layer, Group))


def _detail(info: NodeInfo) -> str:
    if info.state == "error":
        return tr("no shape")
    shapes = info.outputs or info.inputs
    if info.state == "waiting" or not shapes:
        return tr("not run") if info.untrusted else tr("waiting")
    return format_shape(shapes[0])


def _line(node: Node) -> QTreeWidgetItem:
    """Return the line of a block, with those of a group's inside below it."""
    item = QTreeWidgetItem([node.name])
    item.setData(0, _NODE, node.id)
    item.setData(0, _STATE, (node.layer, node.enabled, node.frozen, "ok"))
    item.setData(0, _DETAIL, node.layer.summary())
    item.setData(0, _TOLD, f"{node.name}, {node.layer.label}")
    if isinstance(node.layer, Group):
        inside = node.layer.graph
        for node_id in _in_order(inside):
            item.addChild(_line(inside.nodes[node_id]))
    return item


def _note_line(note_id: str) -> QTreeWidgetItem:
    """Return the line of a note, which has no state of a block."""
    item = QTreeWidgetItem()
    item.setData(0, _NODE, note_id)
    return item
