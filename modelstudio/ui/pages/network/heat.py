"""The heat map of cost: chosen in the dock or with H, explained by a legend on the canvas."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from modelstudio.network.costs import METRICS, Metric
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.canvas import Canvas
from modelstudio.ui.pages.network.look import look
from modelstudio.ui.pages.network.units import share_text
from modelstudio.ui.theme import theme, themes
from modelstudio.ui.widgets import ComboBox

_WIDTH, _HEIGHT = 176, 60
_STEPS = 8


class HeatChoice(ComboBox):
    """Which cost the blocks are coloured by."""

    def __init__(self) -> None:
        super().__init__("network.heat", tr("Colour the blocks by their share of a cost (H)"))
        self.setMinimumContentsLength(11)
        self.addItem(tr("Heat: off"), None)
        self.addItem(tr("Heat: params"), "parameters")
        self.addItem(tr("Heat: MACs"), "macs")
        self.addItem(tr("Heat: memory"), "memory")

    @property
    def cost(self) -> Metric | None:
        """The cost, or None for the colours of the categories."""
        found = self.currentData()
        return next((metric for metric in METRICS if metric == found), None)

    def step(self) -> None:
        """Choose the next one."""
        self.setCurrentIndex((self.currentIndex() + 1) % self.count())


class HeatLegend(QWidget):
    """Says what the colours mean; lies over the lower right corner of the canvas."""

    def __init__(self, canvas: Canvas, choice: HeatChoice):
        super().__init__(canvas, objectName="network.heat.legend")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFixedSize(_WIDTH, theme().grown(_HEIGHT))
        self._canvas, self._choice = canvas, choice
        self._titles = {
            "parameters": tr("Share of the parameters"),
            "macs": tr("Share of the MACs"),
            "memory": tr("Share of the activation memory"),
        }
        choice.currentIndexChanged.connect(self._choose)
        canvas.editor.changed.connect(self._refresh)
        canvas.looked.connect(self._place)
        themes().changed.connect(self.update)
        self.hide()

    def _choose(self) -> None:
        self._canvas.network_scene.set_heat(self._choice.cost)
        self._canvas.viewport().update()
        self._refresh()
        self._canvas.looked.emit()

    def _refresh(self) -> None:
        metric = self._choice.cost
        self.setVisible(metric is not None and bool(self._canvas.network_scene.blocks))
        if metric is not None:
            title = f"{self._titles[metric]}: 0 % – {share_text(self._most())}"
            self.setAccessibleName(title)
            self.update()

    def _most(self) -> float:
        items = self._canvas.network_scene.blocks.values()
        return max((item.share.whole for item in items if item.share is not None), default=0.0)

    def _place(self) -> None:
        if not self.isHidden():
            area = self._canvas.rect()
            self.move(area.right() - self.width() - 16, area.bottom() - self.height() - 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        metric = self._choice.cost
        if metric is None:
            return
        now, skin, most = theme(), look(), self._most()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(now.color("borderStrong"), 1))
        painter.setBrush(now.color("panel"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        room = QRectF(self.rect()).adjusted(10, 6, -10, -6)
        third = room.height() / 3
        painter.setPen(now.color("textSecondary"))
        painter.setFont(now.font("axis"))
        title = QRectF(room.left(), room.top(), room.width(), third)
        painter.drawText(title, Qt.AlignmentFlag.AlignLeft, self._titles[metric])
        bar = QRectF(room.left(), room.top() + third + 2, room.width(), third - 6)
        ramp = QLinearGradient(bar.topLeft(), bar.topRight())
        for step in range(_STEPS + 1):
            ramp.setColorAt(step / _STEPS, skin.heat(max(step / _STEPS, 1e-6)))
        painter.setPen(skin.border)
        painter.setBrush(ramp)
        painter.drawRoundedRect(bar, 2, 2)
        painter.setPen(now.color("text"))
        line = QRectF(room.left(), room.bottom() - third + 2, room.width(), third)
        sides = (
            (Qt.AlignmentFlag.AlignLeft, 0.0),
            (Qt.AlignmentFlag.AlignHCenter, most / 4),
            (Qt.AlignmentFlag.AlignRight, most),
        )
        for side, share in sides:
            painter.drawText(line, side, share_text(share))
