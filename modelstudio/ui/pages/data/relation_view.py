"""How a column hangs together with the target: its histogram by class, and a correlation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.sheet import wrapped
from modelstudio.ui.pages.data.wording import legend
from modelstudio.ui.theme import theme

if TYPE_CHECKING:
    from modelstudio.data.relations import Relation

_TALL = 72
_LONGEST = 24


class RelationView(QWidget):
    """The strength of a relation in words, and stacked bars where the target has classes."""

    def __init__(self, relation: Relation, target: str):
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(6)
        words = tr("{} with {}: {:.2f}")
        layout.addWidget(wrapped(words.format(tr(relation.measure), target, relation.strength)))
        if relation.bars:
            layout.addWidget(_StackedBars(relation))
            layout.addWidget(wrapped(_legend(relation.classes), "axis"))


def _legend(classes: tuple[str, ...]) -> str:
    colours = theme().chart_cycle
    return legend(
        (colours[at % len(colours)], name if len(name) <= _LONGEST else name[:_LONGEST] + "...")
        for at, name in enumerate(classes)
    )


class _StackedBars(QWidget):
    def __init__(self, relation: Relation):
        super().__init__()
        self._bars = relation.bars
        self.setFixedHeight(_TALL)
        self.setAccessibleName(tr("Histogram by class"))

    def paintEvent(self, event: QEvent) -> None:
        painter = QPainter(self)
        now = theme()
        wide, bottom = self.width() / len(self._bars[0]), self.height() - 1
        colours = now.chart_cycle
        painter.fillRect(QRectF(0, bottom, self.width(), 1), now.color("border"))
        for bar in range(len(self._bars[0])):
            left, right = round(bar * wide), round((bar + 1) * wide)
            below = 0.0
            for at, heights in enumerate(self._bars):
                low, high = (round(bottom * (1 - part)) for part in (below, below + heights[bar]))
                below += heights[bar]
                box = QRectF(left, high, max(right - left - 1, 1), low - high)
                painter.fillRect(box, colours[at % len(colours)])
