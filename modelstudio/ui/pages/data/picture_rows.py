"""Rows of a list that begin with pictures."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from modelstudio.ui.pages.data.thumbnails import Thumbnails
from modelstudio.ui.theme import theme


class PictureRow(QStyledItemDelegate):
    """Paint what is behind a row; what is in it is up to `paint_row`."""

    side = 28
    """Side of a picture at the left, in pixels."""

    def __init__(self, thumbnails: Thumbnails, view: QListView):
        super().__init__(view)
        self.thumbnails = thumbnails

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(200, max(theme().grown(40), self.side + 12))

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        now, body, states = theme(), option.rect, QStyle.StateFlag
        selected = bool(option.state & states.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if selected or option.state & states.State_MouseOver:
            painter.fillRect(body, now.color("accentTint" if selected else "hover"))
        painter.fillRect(QRect(body.left(), body.bottom(), body.width(), 1), now.color("border"))
        if option.state & states.State_HasFocus:
            painter.setPen(now.color("focusRing"))
            painter.drawRect(body.adjusted(1, 1, -2, -2))
        self.paint_row(painter, body, index, selected)
        painter.restore()

    def paint_row(
        self,
        painter: QPainter,
        body: QRect,
        index: QModelIndex | QPersistentModelIndex,
        selected: bool,
    ) -> None:
        """Paint what the row holds."""
        raise NotImplementedError

    def place(self, body: QRect, at: int = 0) -> QRect:
        """Return where a picture lies, counted from the left."""
        top = body.top() + (body.height() - self.side) // 2
        return QRect(body.left() + 16 + at * (self.side + 6), top, self.side, self.side)
