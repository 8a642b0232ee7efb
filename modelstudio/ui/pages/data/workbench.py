"""Where the panels of the Data page lie, and how they share the room."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.split_panel import SplitPanel
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import SegmentedControl, row, rule, splitter, toned

_FOLD_BELOW = 660
"""Height of the page under which the split folds into one line."""

_ROOM_BELOW, _ROOM_FOR_ALL = 700, 960
"""Heights of the page from which a view shows what lies below it, and the whole split with it.

What augmentation does is always shown beside its settings.
"""

_NARROW_BELOW = 1280
_LEFT, _RIGHT, _NARROW_RIGHT = 312, 328, 296
"""Widths of the left and the right panel, and of the right one of a page under `_NARROW_BELOW`."""


class _View(NamedTuple):
    left: QWidget
    centre: QWidget
    below: QWidget | None
    width: int


class Side(QWidget):
    """Recipe and augmentation behind each other, with the choice above them."""

    def __init__(self, recipe: QWidget, augment: QWidget) -> None:
        super().__init__()
        toned(self, "panel")
        choices = [("recipe", tr("Recipe")), ("augment", tr("Augmentation"))]
        self.choice = SegmentedControl(choices, "recipe", "data.side")
        panels = QStackedWidget()
        for panel in (recipe, augment):
            panels.addWidget(panel)
        self.choice.changed.connect(lambda key: panels.setCurrentIndex(key == "augment"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(row(self.choice, None, margins=(16, 8, 8, 4)))
        layout.addWidget(panels, 1)


class Workbench(QWidget):
    """A view of the data (left and centre), the side panel, and the split below them.

    Views are ways to look at the same data, such as rows or pictures; one is in sight.
    """

    def __init__(self, side: Side, split: SplitPanel) -> None:
        super().__init__()
        self._side, self._split = side, split
        side.choice.changed.connect(lambda _: self._show_below())
        self._left, self._centre, self._below = (QStackedWidget() for _ in range(3))
        self._views: dict[str, _View] = {}
        self._widths: dict[str, int] = {}
        self._view = ""
        self._page = QSize()
        self._narrow = False
        self._panels = splitter(
            Qt.Orientation.Horizontal,
            self._left,
            self._centre,
            side,
            sizes=(_LEFT, 720, _RIGHT),
            name="data.panels",
        )
        self._rule = rule()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._panels, 1)
        for part in (self._rule, self._below, rule(), split):
            layout.addWidget(part)

    def add_view(
        self,
        name: str,
        left: QWidget,
        centre: QWidget,
        below: QWidget | None = None,
        width: int = _LEFT,
    ) -> None:
        """Add a way to look at the data.

        Parameters
        ----------
        below
            Shown where the window is tall enough.
        width
            Pixels of the left panel, until its edge is dragged.
        """
        self._views[name] = _View(left, centre, below, width)
        self._left.addWidget(left)
        self._centre.addWidget(centre)
        if below is not None:
            self._below.addWidget(below)

    def show_view(self, name: str) -> None:
        """Bring a view into sight; its left panel is as wide as it was when last seen."""
        view = self._views[name]
        if name != self._view:
            if self._view and self._left.isVisible():
                self._widths[self._view] = self._left.width()
            self._view = name
            self._set_widths()
        self._left.setCurrentWidget(view.left)
        self._centre.setCurrentWidget(view.centre)
        if view.below is not None:
            self._below.setCurrentWidget(view.below)
        self._show_below()

    def toggle(self, side: str) -> None:
        """Show or hide the left panel, the split or the right panel."""
        panel = {"left": self._left, "bottom": self._split, "right": self._side}[side]
        panel.setVisible(panel.isHidden())

    def fit(self, page: QSize) -> None:
        """Fold and narrow what has no room in a page of this size."""
        self._page = page
        self._show_below()
        narrow = page.width() < _NARROW_BELOW
        if narrow != self._narrow:
            self._narrow = narrow
            right = theme().grown(_NARROW_RIGHT if narrow else _RIGHT)
            self._panels.setSizes(
                [self._left_width, page.width() - self._left_width - right, right]
            )

    @property
    def _left_width(self) -> int:
        view = self._views.get(self._view)
        usual = theme().grown(view.width if view is not None else _LEFT)
        return self._widths.get(self._view, usual)

    def _set_widths(self) -> None:
        left, centre, right = self._panels.sizes() if self.isVisible() else (_LEFT, 720, _RIGHT)
        self._panels.setSizes([self._left_width, left + centre - self._left_width, right])

    def _show_below(self) -> None:
        view = self._views.get(self._view)
        wanted = view is not None and view.below is not None
        roomy = self._page.height() >= _ROOM_BELOW or self._side.choice.value == "augment"
        for part in (self._below, self._rule):
            part.setVisible(wanted and roomy)
        self._split.set_small(self._page.height() < (_ROOM_FOR_ALL if wanted else _FOLD_BELOW))
