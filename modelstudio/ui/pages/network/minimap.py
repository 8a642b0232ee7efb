"""The minimap: the whole network in a corner, painted by itself and not often."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.canvas import Canvas
from modelstudio.ui.pages.network.look import look
from modelstudio.ui.theme import theme

_INTERVAL_MS = 60
_INSET = 6.0


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
        canvas.looked.connect(self._later)
        self._wanted = True

    def toggle(self) -> None:
        """Hide it, or show it again."""
        self._wanted = not self._wanted
        self.place()

    def place(self) -> None:
        """Move to the corner of the canvas; an empty network needs no map."""
        self.setVisible(self._wanted and bool(self._canvas.network_scene.blocks))
        self.move(16, self._canvas.height() - self.height() - 12)

    def _later(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def hideEvent(self, event: object) -> None:
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        now, skin, scene = theme(), look(), self._canvas.network_scene
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(now.color("borderStrong"), 1))
        painter.setBrush(now.color("panel"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        seen = self._canvas.seen()
        boxes = [
            (QRectF(b.left, b.top, b.right - b.left, b.bottom - b.top), item)
            for item in scene.blocks.values()
            for b in (item.box,)
        ]
        world = QRectF()
        for box, _ in boxes:
            world = world.united(box)
        for note in scene.notes.values():
            world = world.united(note.body.translated(note.pos()))
        if world.isEmpty():
            self._world = QRectF()
            return
        self._world = world.adjusted(-24, -24, 24, 24)
        painter.setPen(Qt.PenStyle.NoPen)
        for note in scene.notes.values():
            painter.setBrush(skin.warning)
            painter.drawRoundedRect(self._to_map(note.body.translated(note.pos())), 1.5, 1.5)
        for box, item in boxes:
            bad = item.severity == "error"
            painter.setBrush(skin.error if bad else skin.hues[item.node.layer.category])
            painter.drawRoundedRect(self._to_map(box), 1.5, 1.5)
        frame = self._to_map(seen).intersected(QRectF(self.rect()).adjusted(2, 2, -2, -2))
        painter.setPen(QPen(now.color("accent"), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(frame)

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
