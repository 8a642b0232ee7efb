"""How the cells in sight are painted: together and column by column, as scrolling paints often."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPolygon, QStaticText, QTransform

from modelstudio.ui.pages.data.cells import cell_text, in_folder
from modelstudio.ui.theme import theme

if TYPE_CHECKING:
    from modelstudio.ui.pages.data.table_model import PreviewModel, Row
    from modelstudio.ui.pages.data.table_view import PreviewView

PAD = 10
"""Pixels between the text of a cell and its edges."""

_LAID_OUT = 8192
"""Texts that stay laid out."""

_CORNER = 6


class Typesetter:
    """Texts in one font, each laid out once for the width it is cut to."""

    def __init__(self, font: QFont):
        self.font = font
        self.metrics = QFontMetrics(font)
        self.fitted = lru_cache(_LAID_OUT)(self._fit)

    def _fit(self, text: str, width: int) -> tuple[QStaticText, int]:
        short = self.metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
        laid = QStaticText(short)
        laid.setTextFormat(Qt.TextFormat.PlainText)
        laid.prepare(QTransform(), self.font)
        return laid, self.metrics.horizontalAdvance(short)

    def draw(self, painter: QPainter, box: QRect, text: str, right: bool) -> int:
        """Write a line, in the middle of the height of a box; return its width."""
        laid, used = self.fitted(text, box.width())
        left = box.left() + box.width() - used if right else box.left()
        painter.drawStaticText(left, box.top() + self._drop(box), laid)
        return used

    def _drop(self, box: QRect) -> int:
        return (box.height() - self.metrics.height()) // 2


class _Changed(NamedTuple):
    box: QRect
    text: str
    old: str


class TablePainter:
    """Paints the rows of a preview; a changed cell is tinted and a number keeps its old value."""

    def __init__(self) -> None:
        self.marking = True
        self.dress()

    def dress(self) -> None:
        """Take over the fonts of the theme."""
        self.plain = Typesetter(theme().font("table"))
        self.bold = Typesetter(theme().font("section"))
        self.quiet = QFontMetrics(theme().font("label"))

    def paint(self, painter: QPainter, view: PreviewView, model: PreviewModel, area: QRect) -> None:
        """Paint the cells that touch an area of the viewport."""
        rows, columns = view.rows_in(area), view.columns_in(area)
        if not rows or not columns:
            return
        held = model.rows(rows)
        top, tall = view.rowViewportPosition(rows.start), view.rowHeight(rows.start)
        self._paint_selection(painter, view, area)
        edges = []
        for at in columns:
            left, wide = view.columnViewportPosition(at), view.columnWidth(at)
            self._paint_column(painter, model, at, held, QRect(left, top, wide - 1, tall))
            edges.append(QRect(left + wide - 1, top, 1, tall * len(rows)))
        right = edges[-1].right() + 1
        lines = [QRect(0, top + (at + 1) * tall - 1, right, 1) for at in range(len(rows))]
        border = theme().color("border")
        for line in (*edges, *lines):
            painter.fillRect(line, border)
        self._paint_focus(painter, view)

    def _paint_column(
        self,
        painter: QPainter,
        model: PreviewModel,
        at: int,
        held: Sequence[Row | None],
        first: QRect,
    ) -> None:
        now, head, (decimals, old_decimals) = theme(), model.head(at), model.decimals(at)
        plain, right = self.plain, head.right
        box, tall = first.adjusted(PAD, 0, -PAD, 0), first.height()
        outline = QRect(box.left(), box.top() + tall // 2 - 3, 2 * box.width() // 3, 6)
        changed, faint = [], now.color("raised")
        painter.setFont(plain.font)
        painter.setPen(now.color("textTertiary" if head.quiet else "text"))
        for row in held:
            if row is None:
                painter.fillRect(outline, faint)
            else:
                cells, place = row.table.cells[at], row.place
                text = cell_text(in_folder(cells.after[place], model.folder), decimals)
                if self.marking and cells.changed[place]:
                    old = cell_text(cells.before[place], old_decimals) if right else ""
                    changed.append(_Changed(QRect(box), text, old))
                elif text:
                    plain.draw(painter, box, text, right)
            box.translate(0, tall)
            outline.translate(0, tall)
        for cell in changed:
            self._paint_changed(painter, cell, right)

    def _paint_changed(self, painter: QPainter, cell: _Changed, right: bool) -> None:
        now, box = theme(), cell.box
        painter.fillRect(box.adjusted(-PAD, 0, PAD, 0), now.color("accentTint"))
        corner = box.topLeft() - QPoint(PAD, 0)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.color("accent"))
        ends = (QPoint(_CORNER, 0), QPoint(0, _CORNER))
        painter.drawPolygon(QPolygon([corner, *(corner + end for end in ends)]))
        painter.setFont(self.bold.font)
        painter.setPen(now.color("text"))
        used = self.bold.draw(painter, box, cell.text, right) + 6
        room = box.width() - used
        if cell.old not in ("", cell.text):
            plain, color = self.plain, now.color("textTertiary")
            wide = plain.metrics.horizontalAdvance(cell.old)
            if wide <= room:
                painter.setFont(plain.font)
                painter.setPen(color)
                old = box.adjusted(0, 0, -used, 0)
                plain.draw(painter, old, cell.old, right)
                # Qt strikes prepared text out in the wrong place
                left = old.left() + old.width() - wide if right else old.left()
                painter.fillRect(left, old.center().y() + 1, wide, 1, color)

    @staticmethod
    def _paint_selection(painter: QPainter, view: PreviewView, area: QRect) -> None:
        selection = view.selectionModel().selection()
        for chosen in (selection.at(place) for place in range(selection.count())):
            corners = chosen.topLeft(), chosen.bottomRight()
            first, last = (view.visualRect(corner) for corner in corners)
            painter.fillRect(first.united(last).intersected(area), theme().color("selection"))

    @staticmethod
    def _paint_focus(painter: QPainter, view: PreviewView) -> None:
        at = view.currentIndex()
        if view.hasFocus() and at.isValid():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(theme().color("focusRing"))
            painter.drawRect(view.visualRect(at).adjusted(0, 0, -1, -1))
