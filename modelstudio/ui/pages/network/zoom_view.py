"""A view that zooms at the pointer, pans and fits; it knows nothing of networks."""

from __future__ import annotations

from PySide6.QtCore import QMargins, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsView, QWidget

ZOOM_RANGE = (0.05, 4.0)
ZOOM_STEP = 1.15
_WORLD = QRectF(-50_000, -50_000, 100_000, 100_000)
_FIT_MARGINS = QMargins(28, 28, 28, 28)


class ZoomView(QGraphicsView):
    """Shows a scene without scroll bars.

    ``looked`` comes whenever another part is seen, ``zoomed`` with a new scale.
    """

    looked = Signal()
    zoomed = Signal(float)

    def __init__(self, parent: QWidget | None = None, name: str = ""):
        super().__init__(parent, objectName=name, frameShape=QFrame.Shape.NoFrame)
        self.fit_due = True
        self.corner = QSize()
        """What covers the lower left corner of the view, which `fit` keeps free."""
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setOptimizationFlags(
            QGraphicsView.OptimizationFlag.DontSavePainterState
            | QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing
        )
        self.setSceneRect(_WORLD)

    @property
    def zoom(self) -> float:
        """Screen pixels for a canvas pixel."""
        return self.transform().m11()

    def content(self) -> QRectF:
        """Return what `fit` shows."""
        return self.scene().itemsBoundingRect()

    def set_zoom(self, zoom: float, at: QPoint | None = None) -> None:
        """Zoom so that the point of the viewport stays where it is; its middle if none is given."""
        at = at if at is not None else self.viewport().rect().center()
        held = self.mapToScene(at)
        self._scale_to(zoom)
        self.pan(at - self.mapFromScene(held))

    def _scale_to(self, zoom: float) -> None:
        zoom = max(ZOOM_RANGE[0], min(zoom, ZOOM_RANGE[1]))
        self.setTransform(QTransform.fromScale(zoom, zoom))
        self.zoomed.emit(zoom)
        self.looked.emit()

    def pan(self, by: QPoint) -> None:
        """Move the picture by pixels of the screen."""
        self.fit_due = False
        for bar, step in ((self.horizontalScrollBar(), by.x()), (self.verticalScrollBar(), by.y())):
            bar.setValue(bar.value() - step)

    def occupied(self, where: QRect) -> bool:
        """Return whether a part of the viewport shows something."""
        return bool(self.items(where))

    def fit_rect(self, rect: QRectF) -> None:
        """Show a rectangle, at 100 % at most, and not below what covers the corner."""
        room = self.viewport().rect().marginsRemoved(_FIT_MARGINS)
        self._fit_into(room, rect)
        corner = QRect(QPoint(0, self.height() - self.corner.height()), self.corner)
        if self.corner.isEmpty() or not self.occupied(corner):
            return
        beside = room.adjusted(self.corner.width(), 0, 0, 0)
        above = room.adjusted(0, 0, 0, -self.corner.height())
        self._fit_into(max(beside, above, key=lambda part: _scale_for(part, rect)), rect)

    def _fit_into(self, room: QRect, rect: QRectF) -> None:
        self._scale_to(_scale_for(room, rect))
        self.centerOn(rect.center() - QPointF(room.center() - self.rect().center()) / self.zoom)
        self.looked.emit()

    def fit(self) -> None:
        """Show everything now and at each new size, until somebody looks elsewhere."""
        self.fit_rect(self.content())
        self.fit_due = True

    def look_at(self, point: QPointF) -> None:
        """Bring a place into the middle."""
        self.fit_due = False
        self.centerOn(point)
        self.looked.emit()

    def screen_rect(self, rect: QRectF) -> QRect:
        """Return where a rectangle of the canvas is in the viewport."""
        return self.mapFromScene(rect).boundingRect()

    def in_sight(self, rect: QRectF) -> bool:
        """Return whether a rectangle is seen whole."""
        return self.viewport().rect().adjusted(8, 8, -8, -8).contains(self.screen_rect(rect))

    def seen(self) -> QRectF:
        """Return the part of the canvas in sight."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def reveal(self, where: QPoint) -> None:
        """Scroll while something is dragged to the border."""
        area = self.viewport().rect().adjusted(12, 12, -12, -12)
        if not area.contains(where):
            dx = max(area.left() - where.x(), 0) - max(where.x() - area.right(), 0)
            dy = max(area.top() - where.y(), 0) - max(where.y() - area.bottom(), 0)
            self.pan(QPoint(max(-16, min(dx, 16)), max(-16, min(dy, 16))))

    def pointer(self) -> QPointF:
        """Return the place under the pointer; the middle of what is seen when it is elsewhere."""
        where = self.viewport().mapFromGlobal(self.cursor().pos())
        inside = self.viewport().rect()
        return self.mapToScene(where if inside.contains(where) else inside.center())

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self.looked.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.fit_due and self.scene() is not None:
            self.fit()
        self.looked.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.pan(QPoint(turned.x() + turned.y(), 0) / 2)
        elif turned.y():
            steps = turned.y() / 120
            self.set_zoom(self.zoom * ZOOM_STEP**steps, event.position().toPoint())
        event.accept()


def _scale_for(room: QRect, rect: QRectF) -> float:
    """Return the scale at which a rectangle fits, 1 at most."""
    return min(room.width() / rect.width(), room.height() / rect.height(), 1.0)
