"""The lines of the palette: heads, layers and saved blocks; what a drag of one carries."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from html import escape

from PySide6.QtCore import (
    QAbstractItemModel,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QDrag, QKeyEvent, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from modelstudio.errors import StudioError
from modelstudio.network.group import PORTS
from modelstudio.network.layer import Category, Layer
from modelstudio.ui.actions import tooltip, tr
from modelstudio.ui.pages.network.catalogue import by_category, matching, misplaced
from modelstudio.ui.pages.network.edits import shape_rule
from modelstudio.ui.pages.network.look import HUES, layer_icon
from modelstudio.ui.pages.network.my_blocks import SavedBlock, my_blocks
from modelstudio.ui.pages.network.search import Stock
from modelstudio.ui.preferences import Favourites
from modelstudio.ui.theme import paint_icon, theme

LAYER_MIME = "application/x-modelstudio-layer"
BLOCK_MIME = "application/x-modelstudio-block"
NARROW = 48
"""Width of the palette while it shows icons only, in pixels."""

Index = QModelIndex | QPersistentModelIndex
LAYER = Qt.ItemDataRole.UserRole
"""Role of the layer type or saved block of a line; heads have none."""

_ROW = 28


def dragged_layer(data: QMimeData) -> Stock | None:
    """Return the layer type or saved block that a drag carries, if it carries one."""
    if data.hasFormat(BLOCK_MIME):
        return my_blocks().find(bytes(data.data(BLOCK_MIME).data()).decode())
    if not data.hasFormat(LAYER_MIME):
        return None
    return Layer.find(bytes(data.data(LAYER_MIME).data()).decode())


def layer_mime(layer: Stock) -> QMimeData:
    """Return what a drag of a layer or a saved block carries."""
    data = QMimeData()
    if isinstance(layer, SavedBlock):
        data.setData(BLOCK_MIME, layer.name.encode())
    else:
        data.setData(LAYER_MIME, layer.__name__.encode())
    return data


class LayerList(QTreeWidget):
    """The tree behind the palette."""

    chosen = Signal(object)
    refused = Signal(str)
    deleted = Signal(object)

    def __init__(self) -> None:
        super().__init__(
            objectName="network.palette.list",
            headerHidden=True,
            rootIsDecorated=False,
            indentation=0,
            dragEnabled=True,
            expandsOnDoubleClick=False,
            frameShape=QFrame.Shape.NoFrame,
        )
        self.setAccessibleName(tr("Layers"))
        self.setMinimumWidth(1)
        self.header().setStretchLastSection(False)
        self.header().setMinimumSectionSize(1)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setItemDelegate(_Delegate(self))
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_menu)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.itemClicked.connect(self._clicked)
        self.itemDoubleClicked.connect(self._double_clicked)
        self.narrow = False
        self._words = ""
        self._inside = False
        self._heads: list[QTreeWidgetItem] = []
        self._favourites = Favourites.load()
        self._mine = self._head(tr("My blocks"))
        self._top = self._head(tr("Favourites"))
        self.ports = self._head(tr("Ports of the group"))
        self.ports.addChildren([_entry(layer) for layer in PORTS])
        # not at once: a line must not go while its name is edited
        my_blocks().changed.connect(self._fill_mine, Qt.ConnectionType.QueuedConnection)
        for category, layers in by_category():
            head = self._head(tr(category))
            for layer in layers:
                head.addChild(_entry(layer))
        self._fill_mine()
        self._fill_favourites()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.setColumnWidth(0, self.viewport().width())

    def _head(self, text: str) -> QTreeWidgetItem:
        item = QTreeWidgetItem([text])
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        self.addTopLevelItem(item)
        self._heads.append(item)
        item.setExpanded(True)
        return item

    def _fill_mine(self) -> None:
        lines = (self._mine.child(i) for i in range(self._mine.childCount()))
        if tuple(line.data(0, LAYER) for line in lines if line) == my_blocks().blocks:
            return
        self._mine.takeChildren()
        for block in my_blocks().blocks:
            item = _entry(block)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            self._mine.addChild(item)
        self.filter(self._words)

    def rename(self, block: SavedBlock) -> None:
        """Edit the name of a saved block in its line."""
        self._fill_mine()
        for i in range(self._mine.childCount()):
            item = self._mine.child(i)
            if item is not None and item.data(0, LAYER) == block:
                self._mine.setExpanded(True)
                self.setCurrentItem(item)
                self.setFocus(Qt.FocusReason.OtherFocusReason)
                self.editItem(item)

    def named(self, block: SavedBlock, name: str) -> None:
        """Take the name that somebody typed for a saved block."""
        try:
            my_blocks().rename(block, name)
        except StudioError as error:
            self.refused.emit(str(error))

    def _delete(self, block: SavedBlock) -> None:
        try:
            my_blocks().delete(block)
        except StudioError as error:
            self.refused.emit(str(error))
        else:
            self.deleted.emit(block)

    def _fill_favourites(self) -> None:
        self._top.takeChildren()
        for name in self._favourites.layers:
            layer = Layer.find(name)
            if layer is not None:
                self._top.addChild(_entry(layer))
        self.filter(self._words)

    def set_narrow(self, narrow: bool) -> None:
        """Show icons only, or names."""
        self.narrow = narrow
        self.scheduleDelayedItemsLayout()

    def set_inside(self, inside: bool) -> None:
        """Show what belongs inside of a group, or outside."""
        self._inside = inside
        self.filter(self._words)

    def groups(self) -> Iterator[tuple[QTreeWidgetItem, list[QTreeWidgetItem]]]:
        """Yield each head with the layers below it."""
        for head in self._heads:
            items = (head.child(i) for i in range(head.childCount()))
            yield head, [item for item in items if item is not None]

    def filter(self, words: str) -> None:
        """Show the layers that words mean and that belong to the level in sight."""
        self._words = words.strip()
        every = [item.data(0, LAYER) for _, items in self.groups() for item in items]
        here = [layer for layer in every if not misplaced(layer, inside=self._inside)]
        meant = matching(here, self._words)
        for head, items in self.groups():
            kept = [item for item in items if item.data(0, LAYER) in meant]
            for item in items:
                item.setHidden(item not in kept)
            head.setHidden(not kept or (bool(self._words) and head is self._top))
            if self._words:
                head.setExpanded(True)

    def first_match(self) -> QTreeWidgetItem | None:
        """Return the best of the layers in sight."""
        shown = [
            item
            for head, items in self.groups()
            if not head.isHidden()
            for item in items
            if not item.isHidden()
        ]
        best = matching([item.data(0, LAYER) for item in shown], self._words)
        return next((item for item in shown if best and item.data(0, LAYER) is best[0]), None)

    def startDrag(self, actions: Qt.DropAction) -> None:
        item = self.currentItem()
        layer = item.data(0, LAYER) if item is not None else None
        if layer is None:
            return
        drag = QDrag(self)
        drag.setMimeData(layer_mime(layer))
        drag.setPixmap(_picture(layer))
        drag.setHotSpot(QPoint(60, 14))
        drag.exec(Qt.DropAction.CopyAction)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and item is not None:
            self._double_clicked(item)
            if item.data(0, LAYER) is None:
                item.setExpanded(not item.isExpanded())
        elif event.key() == Qt.Key.Key_Delete and item is not None:
            if isinstance(block := item.data(0, LAYER), SavedBlock):
                self._delete(block)
        else:
            super().keyPressEvent(event)

    def _clicked(self, item: QTreeWidgetItem) -> None:
        if item.data(0, LAYER) is None:
            item.setExpanded(not item.isExpanded())

    def _double_clicked(self, item: QTreeWidgetItem) -> None:
        if item.data(0, LAYER) is not None:
            self.chosen.emit(item.data(0, LAYER))

    def _open_menu(self, where: QPoint) -> None:
        item = self.itemAt(where)
        layer = item.data(0, LAYER) if item else None
        if layer is None:
            return
        menu = QMenu(self, objectName="network.palette.menu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if isinstance(layer, SavedBlock):
            menu.addAction(tr("Rename")).triggered.connect(partial(self.rename, layer))
            menu.addAction(tr("Delete")).triggered.connect(partial(self._delete, layer))
        else:
            known = layer.__name__ in self._favourites.layers
            text = tr("Remove from favourites") if known else tr("Add to favourites")
            menu.addAction(text).triggered.connect(lambda: self.set_favourite(layer, not known))
        menu.popup(self.viewport().mapToGlobal(where))

    def set_favourite(self, layer: type[Layer], favoured: bool) -> None:
        """Put a layer among the favourites or take it out; kept for all projects."""
        others = tuple(name for name in self._favourites.layers if name != layer.__name__)
        layers = (*others, layer.__name__) if favoured else others
        self._favourites = self._favourites.changed(layers=layers)
        self._favourites.save()
        self._fill_favourites()


def _entry(layer: Stock) -> QTreeWidgetItem:
    item = QTreeWidgetItem([layer.label])
    item.setData(0, LAYER, layer)
    rule = "" if isinstance(layer, SavedBlock) else f"<br>{shape_rule(layer)}"
    item.setToolTip(0, tooltip(escape(layer.label), "", f"{escape(layer.purpose())}{rule}"))
    return item


class _Delegate(QStyledItemDelegate):
    """Paints heads and layers; narrow, a line and an icon. Saved blocks are named in place."""

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        made = QLineEdit(parent, objectName="network.palette.name", maxLength=60)
        made.setAccessibleName(tr("Name of the saved block"))
        return made

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        block, tree = index.data(LAYER), self.parent()
        if isinstance(editor, QLineEdit) and isinstance(tree, LayerList):
            tree.named(block, editor.text())

    def _narrow(self) -> bool:
        parent = self.parent()
        return isinstance(parent, LayerList) and parent.narrow

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        head = index.data(LAYER) is None
        if self._narrow():
            return QSize(NARROW - 4, 9 if head else 32)
        scale = theme().scale
        return QSize(100, round((30 if head else _ROW) * scale))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        now, rect = theme(), QRectF(option.rect)
        layer = index.data(LAYER)
        state = QStyle.StateFlag
        if layer is not None or not self._narrow():
            if option.state & state.State_Selected:
                painter.fillRect(rect, now.color("selection"))
            elif option.state & state.State_MouseOver:
                painter.fillRect(rect, now.color("hover"))
        if option.state & state.State_HasFocus and option.state & state.State_Selected:
            painter.setPen(now.color("focusRing"))
            painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))
        if layer is None:
            self._paint_head(painter, rect, index, bool(option.state & state.State_Open))
            return
        category: Category = layer.category
        left = (rect.width() - 16) / 2 if self._narrow() else 8
        middle = rect.center().y() - 8
        box = QRectF(rect.left() + left, middle, 16, 16)
        paint_icon(painter, box, layer_icon(layer), now.category(HUES[category]))
        if not self._narrow():
            painter.setFont(now.font("base"))
            painter.setPen(now.color("text"))
            room = rect.adjusted(36, 0, -4, 0)
            text = option.fontMetrics.elidedText(
                index.data(), Qt.TextElideMode.ElideRight, int(room.width())
            )
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_head(self, painter: QPainter, rect: QRectF, index: Index, opened: bool) -> None:
        now = theme()
        if self._narrow():
            y = rect.center().y()
            painter.fillRect(QRectF(rect.left() + 8, y, rect.width() - 16, 1), now.color("border"))
            return
        box = QRectF(rect.left() + 2, rect.center().y() - 6, 12, 12)
        paint_icon(painter, box, "chev" if opened else "right", "textTertiary")
        painter.setFont(now.font("section"))
        painter.setPen(now.color("textSecondary"))
        painter.drawText(rect.adjusted(22, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, index.data())


def _picture(layer: Stock) -> QPixmap:
    """Return what hangs at the pointer while a layer is dragged."""
    now = theme()
    pixmap = QPixmap(QSize(120, 28) * 2)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(now.color("accent"))
    painter.setBrush(now.color("panel"))
    painter.drawRoundedRect(QRectF(0.5, 0.5, 119, 27), 6, 6)
    hue = now.category(HUES[layer.category])
    paint_icon(painter, QRectF(8, 6, 16, 16), layer_icon(layer), hue)
    painter.setFont(now.font("section"))
    painter.setPen(now.color("text"))
    painter.drawText(QRectF(30, 0, 86, 28), Qt.AlignmentFlag.AlignVCenter, layer.label)
    painter.end()
    return pixmap
