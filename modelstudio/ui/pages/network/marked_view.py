"""A view of a network that draws, besides its scene, what gestures and the focus show."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFocusEvent, QPainter
from PySide6.QtWidgets import QWidget

from modelstudio.network.graph import Edge
from modelstudio.ui.pages.network.arrange import Guide
from modelstudio.ui.pages.network.backdrop import Backdrop, Marks, paint_over
from modelstudio.ui.pages.network.forecast import Forecast
from modelstudio.ui.pages.network.overlays import Hint
from modelstudio.ui.pages.network.routing import Point
from modelstudio.ui.pages.network.scene import NetworkScene
from modelstudio.ui.pages.network.wires import WireItem
from modelstudio.ui.pages.network.zoom_view import ZoomView

_BY_KEY = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)
"""Why a view may get the focus so that it shows a ring."""


class MarkedView(ZoomView):
    """Shows a `NetworkScene` over a grid of dots, with marks that no graph holds."""

    def __init__(self, parent: QWidget | None = None, name: str = ""):
        super().__init__(parent, name)
        self.network_scene = NetworkScene(self)
        self.setScene(self.network_scene)
        self._hint = Hint(self)
        self._backdrop = Backdrop()
        self._marks = Marks()
        self._marked: WireItem | None = None

    @property
    def drafting(self) -> bool:
        """True while a wire is drawn."""
        return self._marks.draft is not None

    @property
    def guides(self) -> list[Guide]:
        """The lines drawn while a block is dragged."""
        return self._marks.guides

    def show_band(self, band: QRectF | None) -> None:
        """Draw the rectangle of a selection, or remove it."""
        self._marks.band = band
        self.viewport().update()

    def show_draft(self, course: tuple[Point, ...] | None, bad: bool = False) -> None:
        """Draw a wire that is not yet there, or remove it."""
        self._marks.draft, self._marks.draft_bad = course, bad
        self.viewport().update()

    def show_guides(self, guides: list[Guide]) -> None:
        """Draw the lines on which a dragged block stands with others."""
        if guides != self._marks.guides:
            for guide in (*self._marks.guides, *guides):
                area = QRectF(QPointF(*guide.start), QPointF(*guide.end))
                self.viewport().update(self.screen_rect(area.adjusted(-2, -2, 2, 2)))
            self._marks.guides = guides

    def show_ghost(self, spot: QRectF | None) -> None:
        """Draw where a dragged layer would land, or nothing."""
        self._marks.ghost = spot
        self.viewport().update()

    def show_hint(self, text: str, where: QPoint | None = None, *, bad: bool = False) -> None:
        """Say something beside the pointer, or nothing."""
        self._hint.say(text, where or QPoint(), bad=bad)

    def show_forecast(self, shown: Forecast | None) -> None:
        """Draw what a repair would do, or remove it."""
        self._marks.forecast = shown
        self.viewport().update()

    def show_leader(self, leader: tuple[QLineF, str] | None) -> None:
        """Draw the line, of a colour role, from a block to what is said of it, or remove it."""
        if leader != self._marks.leader:
            self._marks.leader = leader
            self.viewport().update()

    def show_moved(self, area: QRectF) -> None:
        """Paint anew where something moved: an overview has no items that would ask for it."""
        if self.network_scene.plain:
            self.viewport().update(self.screen_rect(area).adjusted(-4, -4, 4, 4))

    def mark_wire(self, edge: Edge | None) -> None:
        """Mark the wire into which a block would drop."""
        item = self.network_scene.wires.get(edge) if edge is not None else None
        if item is not self._marked:
            for one, on in ((self._marked, False), (item, True)):
                if one is not None:
                    one.mark(hovered=on)
            self._marked = item

    def forget_wire(self) -> None:
        """Take no more account of the marked wire, which may be gone."""
        self._marked = None

    def show_ring(self, shown: bool) -> None:
        """Draw the ring of the keyboard focus, or remove it."""
        if shown != self._marks.ring:
            self._marks.ring = shown
            self.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.show_ring(event.reason() in _BY_KEY)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.show_ring(False)

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        self._backdrop.paint(painter, self, QRectF(rect))

    def drawForeground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        paint_over(painter, self, self._marks)
