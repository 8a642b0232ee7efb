"""The minimap: the whole network in a corner, painted by itself and not often."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.canvas import Canvas
from modelstudio.ui.pages.network.look import look
from modelstudio.ui.pages.network.overview import Figures
from modelstudio.ui.theme import theme, themes

_INTERVAL_MS = 60
_INSET = 6.0
_LEFT, _BELOW = 16, 12
_SHARP_SCALE = 0.03
"""Figures smaller than this are drawn without smooth edges."""


class Minimap(QWidget):
    """160 x 104 px over the lower left corner of the canvas; drag the frame to look elsewhere."""

    def __init__(self, canvas: Canvas):
        super().__init__(canvas, objectName="network.minimap")
        self.setAccessibleName(tr("Minimap"))
        self.setToolTip(tr("Drag to look elsewhere. M hides it."))
        self.setFixedSize(*theme().size("minimap"))
        self._canvas = canvas
        self._world = QRectF()
        self._timer = QTimer(self, singleShot=True, interval=_INTERVAL_MS)
        self._timer.timeout.connect(self.update)
        self._picture = QPixmap()
        self._picture_of: tuple[object, ...] = ()
        self._wanted = True
        canvas.looked.connect(self._later)
        canvas.editor.changed.connect(self._later)
        themes().changed.connect(self._later)

    def toggle(self) -> None:
        """Hide it, or show it again."""
        self._wanted = not self._wanted
        self.place()

    def place(self) -> None:
        """Move to the corner of the canvas; an empty network needs no map."""
        self.setVisible(self._wanted and bool(self._canvas.network_scene.blocks))
        self.move(_LEFT, self._canvas.height() - self.height() - _BELOW)
        self._canvas.corner = QSize()
        if self._wanted:
            self._canvas.corner = QSize(self.width() + _LEFT, self.height() + _BELOW)

    def _later(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def hideEvent(self, event: object) -> None:
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        shown = (self._canvas.network_scene.revision, look(), self.devicePixelRatio())
        if shown != self._picture_of:
            self._picture_of = shown
            self._draw_picture()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawPixmap(0, 0, self._picture)
        if not self._world.isEmpty():
            frame = self._to_map(self._canvas.seen())
            painter.setPen(QPen(theme().color("accent"), 1.5))
            painter.drawRect(frame.intersected(QRectF(self.rect()).adjusted(2, 2, -2, -2)))

    def _draw_picture(self) -> None:
        """Paint the network once, for as long as it stays the same."""
        now, skin, scene = theme(), look(), self._canvas.network_scene
        self._picture = QPixmap(self.size() * self.devicePixelRatio())
        self._picture.setDevicePixelRatio(self.devicePixelRatio())
        self._picture.fill(Qt.GlobalColor.transparent)
        items = (*scene.notes.values(), *scene.blocks.values())
        boxes = [item.area for item in items]
        self._world = QRectF()
        if boxes:
            left, top = min(box.left() for box in boxes), min(box.top() for box in boxes)
            right, bottom = max(box.right() for box in boxes), max(box.bottom() for box in boxes)
            self._world = QRectF(left - 24, top - 24, right - left + 48, bottom - top + 48)
        painter = QPainter(self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(now.color("borderStrong"), 1))
        painter.setBrush(now.color("panel"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        if boxes:
            scale, origin = self._scale()
            painter.translate(origin)
            painter.scale(scale, scale)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, scale > _SHARP_SCALE)
        for note in scene.notes.values():
            painter.fillRect(note.area, skin.note_borders[note.note.color].color())
        Figures(scene.blocks.values()).draw(painter)
        painter.end()

    def _scale(self) -> tuple[float, QPointF]:
        room = QRectF(self.rect()).adjusted(_INSET, _INSET, -_INSET, -_INSET)
        scale = min(room.width() / self._world.width(), room.height() / self._world.height(), 0.25)
        return scale, room.center() - self._world.center() * scale

    def _to_map(self, rect: QRectF) -> QRectF:
        scale, origin = self._scale()
        return QRectF(
            rect.x() * scale + origin.x(),
            rect.y() * scale + origin.y(),
            max(rect.width() * scale, 1.5),
            max(rect.height() * scale, 1.0),
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouseMoveEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._world.isEmpty():
            return
        scale, origin = self._scale()
        self._canvas.look_at((event.position() - origin) / scale)
