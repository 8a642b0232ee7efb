"""A layer dragged from the palette over the canvas: where it would land, and in which wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QDragMoveEvent, QDropEvent

from modelstudio.network.graph import Edge
from modelstudio.ui.pages.network.edits import snapped
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT, BLOCK_WIDTH
from modelstudio.ui.pages.network.palette_list import dragged_layer
from modelstudio.ui.pages.network.search import Stock

if TYPE_CHECKING:
    from modelstudio.ui.pages.network.canvas import Canvas


class LayerDrop:
    """Shows the landing place while a layer is dragged, and adds the block at the end."""

    def __init__(self, canvas: Canvas):
        self._canvas = canvas

    def over(self, event: QDragMoveEvent) -> None:
        """Show where the layer would land; what is no layer is not taken."""
        layer = dragged_layer(event.mimeData())
        if layer is None:
            event.ignore()
            return
        spot = self._landing(event.position().toPoint())
        self._canvas.show_ghost(spot)
        self._canvas.mark_wire(self._wire_for(layer, spot))
        event.acceptProposedAction()

    def leave(self) -> None:
        """Take the marks away."""
        self._canvas.show_ghost(None)
        self._canvas.mark_wire(None)

    def drop(self, event: QDropEvent) -> None:
        """Add the block, inside a wire if it fell on one."""
        layer = dragged_layer(event.mimeData())
        if layer is None:
            return
        spot = self._landing(event.position().toPoint())
        edge = self._wire_for(layer, spot)
        self.leave()
        self._canvas.fit_due = False
        event.acceptProposedAction()
        self._canvas.editor.add(layer, (spot.x(), spot.y()), edge)
        self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    def _landing(self, where: QPoint) -> QRectF:
        middle = self._canvas.mapToScene(where)
        place = snapped(middle.x() - BLOCK_WIDTH / 2, middle.y() - BLOCK_HEIGHT / 2)
        return QRectF(*place, BLOCK_WIDTH, BLOCK_HEIGHT)

    def _wire_for(self, layer: Stock, spot: QRectF) -> Edge | None:
        if not layer.inputs or not layer.outputs:
            return None
        return self._canvas.network_scene.wire_under(spot)
