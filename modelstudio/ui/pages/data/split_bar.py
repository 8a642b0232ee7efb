"""The bar that shares the rows out: three parts, two handles, the classes below."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from modelstudio.engine.results import PartInfo
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.wording import class_shares, part_short, part_text
from modelstudio.ui.theme import theme

PARTS = ("train", "validation", "test")
NAMES = {"train": "Train", "validation": "Validation", "test": "Test"}
LEAST_TRAIN = 5
"""Least share of training rows, in percent; the project refuses less."""

_GAP = 14
_TRACK = 28
_SHARES_TOP = _TRACK + 10
_SHARES = 8


class SplitBar(QWidget):
    """Train, validation and test shares in whole percent, moved by two handles.

    ``moved`` tells each step of a drag, ``changed`` the settled shares (validation, test).
    With test rows from a file of their own there is one handle, and the last part is fixed. Where
    the data or the folds say which rows validate, handles are missing too.
    """

    moved = Signal(int, int)
    changed = Signal(int, int)

    def __init__(self, name: str = "data.split.bar"):
        super().__init__(objectName=name)
        self.setAccessibleName(tr("Split of the rows"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(240)
        self.setMouseTracking(True)
        self._validation, self._test = 15, 20
        self._test_name: str | None = None
        self._parts: dict[str, PartInfo] = {}
        self._movable = (True, True)
        self._compact = False
        self._handles = (SplitHandle(self, 0), SplitHandle(self, 1))
        self._place_handles()

    @property
    def shares(self) -> tuple[int, int, int]:
        """Train, validation and test in percent of the rows that are shared out."""
        if not any(self._movable) and (counted := self._counted()):
            return counted
        test = 0 if self._test_name else self._test
        return 100 - self._validation - test, self._validation, test

    def handle(self, index: int) -> SplitHandle:
        """Return the handle before validation (0) or before test (1)."""
        return self._handles[index]

    def _counted(self) -> tuple[int, int, int] | None:
        """Return the shares of the parts that are there, in percent; None before they are known."""
        shared = PARTS[:2] if self._test_name else PARTS
        rows = [self._parts[part].rows if part in self._parts else 0 for part in shared]
        if not sum(rows):
            return None
        validation, test = (round(100 * each / sum(rows)) for each in (*rows, 0)[1:3])
        return 100 - validation - test, validation, test

    def set_shares(
        self,
        validation: int,
        test: int,
        test_name: str | None = None,
        movable: tuple[bool, bool] = (True, True),
    ) -> None:
        """Show other shares.

        Parameters
        ----------
        test_name
            The file that the test rows come from.
        movable
            Whether each handle is there; without any the rows themselves tell the shares.
        """
        self._validation, self._test, self._test_name = validation, test, test_name
        self._movable = movable
        self._place_handles()
        self.update()

    def set_parts(self, parts: Sequence[PartInfo]) -> None:
        """Show what the parts hold; they are forgotten while a handle is dragged."""
        self._parts = {part.name: part for part in parts}
        self._place_handles()
        self.update()

    def set_compact(self, compact: bool) -> None:
        """Show the track alone, without the classes below."""
        self._compact = compact
        self.updateGeometry()
        self.update()

    def move_handle(self, index: int, position: int) -> bool:
        """Put a handle at ``position`` percent; True when it moved."""
        train, validation, _ = self.shares
        low, high = (LEAST_TRAIN, train + validation) if index == 0 else (train, 100)
        position = min(max(position, low), high)
        if position == (train if index == 0 else train + validation):
            return False
        if index == 0:
            self._validation = train + validation - position
        else:
            self._validation, self._test = position - train, 100 - position
        self._parts = {}
        self._place_handles()
        self.update()
        self.moved.emit(self._validation, self._test)
        return True

    def settle(self) -> None:
        """Tell the shares as they are now."""
        self.changed.emit(self._validation, self._test)

    def position_at(self, x: float) -> int:
        """Return the percent of the rows that lie left of ``x`` pixels."""
        return round(100 * (x - _GAP / 2) / max(self._width(), 1))

    def rect_of(self, part: str) -> QRectF:
        """Return where a part is drawn."""
        train, validation, test = self.shares
        before = {"train": 0, "validation": train, "test": train + validation}[part]
        share = {"train": train, "validation": validation, "test": test}[part]
        unit = self._width() / 100
        gaps = PARTS.index(part) * _GAP
        if part == "test" and self._test_name:
            return QRectF(self._width() + 2 * _GAP, 0, self._fixed(), _TRACK)
        return QRectF(before * unit + gaps, 0, share * unit, _TRACK)

    def sizeHint(self) -> QSize:
        return QSize(480, _TRACK + 2 if self._compact else 72)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_handles()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        for part in PARTS:
            if self.rect_of(part).adjusted(0, 0, 0, 60).contains(event.position()):
                self.setToolTip(self._told(part))

    def paintEvent(self, event: QEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for part in PARTS:
            rect = self.rect_of(part)
            if rect.width() >= 4:
                self._paint_track(painter, part, rect)
                if not self._compact:
                    self._paint_classes(painter, part, rect)

    def _paint_track(self, painter: QPainter, part: str, rect: QRectF) -> None:
        now = theme()
        box = rect.adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QPen(now.color("borderStrong"), 1))
        painter.setBrush(now.color("raised"))
        painter.drawRoundedRect(box, 4, 4)
        painter.save()
        painter.setClipRect(QRectF(rect.left(), 0, 4, _TRACK))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(now.chart(part))
        painter.drawRoundedRect(rect.adjusted(0, 0, 8, 0), 4, 4)
        painter.restore()
        bold = now.font("section")
        plain = now.font("label")
        name, share = tr(NAMES[part]), self._share_text(part)
        name_width = QFontMetricsF(bold).horizontalAdvance(name)
        room = rect.width() - 20
        left = rect.left() + 14
        inside = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        if room < name_width:
            bold = plain
            name, share = share, ""
            name_width = QFontMetricsF(plain).horizontalAdvance(name)
            if room + 8 < name_width:
                return
            left -= 6
        painter.setFont(bold)
        painter.setPen(now.color("text"))
        painter.drawText(QRectF(left, 0, name_width + 2, _TRACK), inside, name)
        painter.setFont(plain)
        painter.setPen(now.color("textSecondary"))
        rest = QRectF(left + name_width + 8, 0, rect.right() - left - name_width - 12, _TRACK)
        metrics = QFontMetricsF(plain)
        if metrics.horizontalAdvance(share) <= rest.width():
            painter.drawText(rest, inside, share)

    def _paint_classes(self, painter: QPainter, part: str, rect: QRectF) -> None:
        info = self._parts.get(part)
        if info is None:
            return
        now = theme()
        x = rect.left()
        painter.setPen(Qt.PenStyle.NoPen)
        shares = class_shares(info)
        for (_, share), color in zip(shares, class_colors(len(shares)), strict=True):
            width = share * rect.width()
            painter.fillRect(QRectF(x, _SHARES_TOP, max(width - 1, 0.5), _SHARES), color)
            x += width
        painter.setFont(now.font("label"))
        painter.setPen(now.color("textSecondary"))
        top = _SHARES_TOP + _SHARES + 4 if shares else _SHARES_TOP - 4
        room = QRectF(rect.left(), top, rect.width() + _GAP - 4, 18)
        metrics = QFontMetricsF(painter.font())
        told = part_text(info)
        if metrics.horizontalAdvance(told) > room.width():
            told = part_short(info)
        told = metrics.elidedText(told, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, told)

    def _share_text(self, part: str) -> str:
        if part == "test" and self._test_name:
            return self._test_name
        return f"{self.shares[PARTS.index(part)]} %"

    def _told(self, part: str) -> str:
        info = self._parts.get(part)
        head = f"{tr(NAMES[part])} {self._share_text(part)}"
        return f"{head} · {part_text(info)}" if info else head

    def _fixed(self) -> float:
        """Room of a test part that is a file of its own."""
        return min(220, self.width() * 0.25) if self._test_name else 0

    def _width(self) -> float:
        return self.width() - 2 * _GAP - self._fixed()

    def _place_handles(self) -> None:
        for index, part in enumerate(PARTS[:2]):
            handle = self._handles[index]
            edge = self.rect_of(part).right()
            handle.setGeometry(round(edge), 0, _GAP, _TRACK)
            handle.setVisible(self._movable[index] and (index == 0 or not self._test_name))
            handle.setAccessibleDescription(
                ", ".join(f"{NAMES[each]} {self._share_text(each)}" for each in PARTS)
            )


class SplitHandle(QWidget):
    """Two strokes between two parts; drag it, or press the arrow keys (Shift moves by five)."""

    def __init__(self, bar: SplitBar, index: int):
        super().__init__(bar, objectName=f"{bar.objectName()}.handle{index + 1}")
        self._bar = bar
        self._index = index
        self._grip = 0.0
        self._dragged = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        names = [tr(NAMES[part]) for part in PARTS[index : index + 2]]
        self.setAccessibleName(tr("Border of {} and {}").format(*names))
        self.setToolTip(tr("Drag, or press the arrow keys. Shift moves by 5 %."))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._grip = event.position().x() - self.width() / 2
        self._dragged = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not event.buttons() & Qt.MouseButton.LeftButton:
            return
        x = self.mapToParent(event.position()).x() - self._grip - _GAP * self._index
        self._dragged |= self._bar.move_handle(self._index, self._bar.position_at(x))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._dragged:
            self._dragged = False
            self._bar.settle()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        many = 5 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        train, validation, _ = self._bar.shares
        at = train if self._index == 0 else train + validation
        if self._bar.move_handle(self._index, at + step * many):
            self._bar.settle()

    def enterEvent(self, event: QEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()

    def focusInEvent(self, event: QEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QEvent) -> None:
        self.update()

    def paintEvent(self, event: QEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        active = self.underMouse() or self.hasFocus()
        painter.setPen(QPen(theme().color("accent" if active else "textTertiary"), 1.5))
        middle = QPointF(self.width() / 2, self.height() / 2)
        for offset in (-1.75, 1.75):
            painter.drawLine(middle + QPointF(offset, -7), middle + QPointF(offset, 7))
        if self.hasFocus():
            painter.setPen(QPen(theme().color("focusRing"), 2))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 3, -1, -3), 4, 4)


def class_colors(count: int) -> list[QColor]:
    """Return a colour for each class: accent for the first, grey for the other of two."""
    now = theme()
    if count <= 2:
        return [now.color("accentFill"), now.color("borderStrong")][:count]
    colors = []
    for index in range(count):
        color = now.color("accentFill")
        color.setAlphaF(max(0.18, 1 - index * 0.8 / min(count - 1, 6)))
        colors.append(color)
    return colors
