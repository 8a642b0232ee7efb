"""The bar above the canvas: what is done most, the state of the network, and the zoom."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy

from modelstudio.ui.actions import Actions, tr
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    TagButton,
    action_button,
    button,
    icon_button,
    rule,
    toned,
)

_MOST_USED = ("quick_add", "group", "tidy", "note")


class Toolbar(QFrame):
    """Where there is no room for words, the chip keeps its number and the buttons their icons."""

    def __init__(self, actions: Actions):
        super().__init__(objectName="network.toolbar")
        toned(self, "panel")
        self.setFixedHeight(theme().size("panelHeader"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._text, self._short = "", ""
        self._line = line = QHBoxLayout(self)
        line.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        line.setContentsMargins(12, 0, 12, 0)
        line.setSpacing(4)
        outline = actions["network.outline"]
        self.outline = icon_button("outline", outline.toolTip(), "network.outline.toggle")
        self.outline.setCheckable(True)
        self.outline.setAccessibleName(tr("Outline"))
        self.outline.clicked.connect(outline.trigger)
        line.addWidget(self.outline)
        self._worded = [action_button(actions[f"network.{name}"]) for name in _MOST_USED]
        for made in self._worded:
            line.addWidget(made)
        line.addStretch(1)
        self.chip = TagButton("", "error", name="network.chip")
        self.zoom_out = icon_button("minus", tr("Zoom out"), "network.zoom_out")
        self.zoom_text = button("100 %", "ghost", name="network.zoom", small=True)
        self.zoom_text.setToolTip(tr("Back to 100 %"))
        self.zoom_text.setMinimumWidth(theme().grown(56))
        self.zoom_in = icon_button("plus", tr("Zoom in"), "network.zoom_in")
        divider = rule(vertical=True)
        divider.setFixedHeight(20)
        line.addWidget(self.chip)
        line.addSpacing(8)
        line.addWidget(divider)
        line.addSpacing(4)
        line.addWidget(self.zoom_out)
        line.addWidget(self.zoom_text)
        line.addWidget(self.zoom_in)
        line.addWidget(action_button(actions["network.fit"], text=False))

    def show_problems(self, count: int, text: str, kind: str) -> None:
        """Show how many problems there are, or none."""
        self.chip.setVisible(bool(count))
        self.chip.set(text, kind)
        self.chip.setToolTip(text)
        self._text, self._short = text, str(count)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Use as many words as there is room for."""
        style = Qt.ToolButtonStyle
        for buttons, chip in ((True, True), (True, False), (False, True), (False, False)):
            shown = style.ToolButtonTextBesideIcon if buttons else style.ToolButtonIconOnly
            for made in self._worded:
                made.setToolButtonStyle(shown)
            self.chip.setText(self._text if chip else self._short)
            self._line.invalidate()
            if self._line.sizeHint().width() <= self.width():
                return
