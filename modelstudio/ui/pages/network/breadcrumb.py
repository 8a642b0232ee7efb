"""The trail over the canvas: from the network through groups to the level in sight."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLayout

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.canvas import Canvas
from modelstudio.ui.widgets import IconLabel, button, label, toned

_MARGIN = QPoint(12, 12)
_MOST_NAME = 160


class Breadcrumb(QFrame):
    """Names of the levels in the upper left corner; a click on one goes there."""

    def __init__(self, canvas: Canvas):
        super().__init__(canvas, objectName="network.breadcrumb")
        toned(self, "popup")
        self.setAccessibleName(tr("Groups around what is in sight"))
        self._canvas, self._editor = canvas, canvas.editor
        self._shown: tuple[tuple[str, tuple[str, ...]], ...] = ()
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(4, 2, 12, 2)
        self._line.setSpacing(2)
        self._line.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
        self.move(_MARGIN)
        self._editor.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show where we are; the network itself needs no trail."""
        trail = self._editor.trail()
        self.setVisible(len(trail) > 1)
        if trail == self._shown:
            return
        self._shown = trail
        while item := self._line.takeAt(0):
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for depth, (name, path) in enumerate(trail):
            if depth:
                self._line.addWidget(IconLabel("right", "textTertiary", 12))
            short = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, _MOST_NAME)
            if depth == len(trail) - 1:
                self._line.addWidget(label(short, "section", name="network.breadcrumb.here"))
                continue
            step = button(short, "ghost", name=f"network.breadcrumb.{depth}", small=True)
            step.setAccessibleName(tr("Go to {0}").format(name))
            step.setToolTip(tr("Go to {0}. Backspace goes one level up.").format(name))
            step.clicked.connect(partial(self._go, path))
            self._line.addWidget(step)
        self.raise_()

    def _go(self, path: tuple[str, ...]) -> None:
        self._editor.go_to_level(path)
        self._canvas.setFocus(Qt.FocusReason.OtherFocusReason)
