"""Tiles of pictures in rows, and what keys and the wheel mean for them."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
)

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.pictures_model import PATH, STATE, State
from modelstudio.ui.pages.data.thumbnails import Thumbnails
from modelstudio.ui.theme import paint_icon, theme

SIDES = (48, 72, 112)
"""Sides of a tile's picture, in pixels."""

_GAP, _MARGIN = 10, 10
_FADED = 0.22
"""Strength of a picture that is left out."""


class TileDelegate(QStyledItemDelegate):
    """A picture with its class below; what cannot be read is red, what is left out pale."""

    def __init__(self, thumbnails: Thumbnails, view: Grid):
        super().__init__(view)
        self.thumbnails = thumbnails
        self.side = SIDES[1]

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(self.side + _GAP, self.side + _GAP + theme().grown(18))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        now, path, state = theme(), index.data(PATH), index.data(STATE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left = option.rect.left() + (option.rect.width() - self.side) // 2
        square = QRect(left, option.rect.top() + 4, self.side, self.side)
        pixels = round(self.side * painter.device().devicePixelRatioF())
        broken = state.broken or self.thumbnails.broken(path, pixels)
        painter.setPen(QPen(now.color("error" if broken else "border"), 1))
        painter.setBrush(now.color("errorTint" if broken else "window"))
        painter.drawRoundedRect(QRectF(square).adjusted(-0.5, -0.5, 0.5, 0.5), 4, 4)
        painter.setOpacity(_FADED if state.left_out else 1.0)
        if broken:
            place = QRectF(square.center().x() - 9, square.center().y() - 9, 18, 18)
            paint_icon(painter, place, "err", "error")
        else:
            self.thumbnails.paint(painter, square, path)
        painter.setOpacity(1.0)
        self._paint_marks(painter, square, option.state, state)
        painter.setFont(now.font("label"))
        words, role = index.data(), "textSecondary"
        if state.left_out:
            words, role = tr("left out"), "textTertiary"
        elif broken:
            words, role = tr("cannot read"), "error"
        elif state.moved:
            role = "accent"
        painter.setPen(now.color(role))
        below = QRect(square.left(), square.bottom() + 5, square.width(), now.grown(16))
        words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, below.width())
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, words)
        painter.restore()

    def _paint_marks(
        self, painter: QPainter, square: QRect, flags: QStyle.StateFlag, state: State
    ) -> None:
        now = theme()
        if state.moved and not state.left_out:
            x, y = square.right() + 1, square.top()
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(now.color("accent"))
            corner = [(x - 12, y), (x, y), (x, y + 12)]
            painter.drawPolygon(QPolygonF([QRectF(*at, 0, 0).topLeft() for at in corner]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if flags & QStyle.StateFlag.State_Selected:
            focused = bool(flags & QStyle.StateFlag.State_HasFocus)
            painter.setPen(QPen(now.color("focusRing" if focused else "accent"), 2))
            painter.drawRoundedRect(QRectF(square).adjusted(-2, -2, 2, 2), 5, 5)
        elif flags & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(now.color("borderStrong"), 1))
            painter.drawRoundedRect(QRectF(square).adjusted(-0.5, -0.5, 0.5, 0.5), 4, 4)


class Grid(QListView):
    """Tiles in rows that fill the width; keys and the wheel act on them."""

    resized = Signal(int)
    large_wanted = Signal()
    removal_wanted = Signal()
    class_wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__(objectName="data.pictures.grid")
        self.setAccessibleName(tr("Pictures"))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setLayoutMode(QListView.LayoutMode.Batched)
        self.setBatchSize(2_000)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setViewportMargins(_MARGIN, _MARGIN, 0, 0)

    def fit(self) -> None:
        """Share the width out among as many tiles as fit a row beside the scroll bar."""
        tile = self.itemDelegate().sizeHint(QStyleOptionViewItem(), QModelIndex())
        width = self.width() - _MARGIN - self.verticalScrollBar().sizeHint().width() - 1
        columns = max(1, width // tile.width())
        cell = QSize(max(tile.width(), width // columns), tile.height())
        if cell != self.gridSize():
            self.setGridSize(cell)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.model().rowCount():
            self._paint_places()

    def _paint_places(self) -> None:
        """Paint where tiles will be, as they look before their pictures come."""
        painter, cell, now = QPainter(self.viewport()), self.gridSize(), theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(now.color("border"), 1))
        painter.setBrush(now.color("window"))
        side = cell.height() - _GAP - now.grown(18)
        for top in range(4, self.viewport().height(), cell.height()):
            for at in range(self.viewport().width() // cell.width()):
                left = at * cell.width() + (cell.width() - side) / 2
                square = QRectF(left - 0.5, top - 0.5, side + 1, side + 1)
                painter.drawRoundedRect(square, 4, 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.fit()
        super().resizeEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.resized.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.take_key(event):
            super().keyPressEvent(event)

    def take_key(self, event: QKeyEvent) -> bool:
        """Do what a key means for the selected pictures; False if it means nothing."""
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if not plain or not self.currentIndex().isValid():
            return False
        match event.key():
            case Qt.Key.Key_Space:
                self.large_wanted.emit()
            case Qt.Key.Key_Delete | Qt.Key.Key_Backspace:
                self.removal_wanted.emit()
            case key if Qt.Key.Key_1 <= key <= Qt.Key.Key_9:
                self.class_wanted.emit(key - Qt.Key.Key_1)
            case _:
                return False
        return True
