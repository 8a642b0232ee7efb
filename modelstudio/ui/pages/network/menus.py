"""The menu of the canvas and of the outline: repairs first, then what can be done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QMenu

from modelstudio.network.group import Group
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.arrange import Alignment, Direction
from modelstudio.ui.pages.network.edits import snapped

if TYPE_CHECKING:
    from modelstudio.ui.pages.network.page import NetworkPage

ALIGNMENTS: tuple[Alignment, ...] = ("left", "center", "right", "top", "middle", "bottom")
DIRECTIONS: tuple[Direction, ...] = ("across", "down")
_ON_NOTHING = "paste select_all - tidy note - fit export_picture"
_ON_WIRE = "delete"
_ON_BLOCKS = (
    "rename wire_to wire_from - duplicate cut copy paste - toggle freeze"
    " - group ungroup open_group save_block - arrange fit_selection - delete"
)

_FOR_ONE = ("rename", "wire_to", "wire_from", "save_block")
"""What is done to one block only."""


class BlockMenu(QMenu):
    """Commands for what is selected; with a place, blocks are added and pasted there."""

    def __init__(self, page: NetworkPage, point: QPointF | None):
        super().__init__(page, objectName="network.menu")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._page, self._editor, self._point = page, page.editor, point
        self._add_repairs()
        page.canvas.foresight.watch_menu(self)
        self._add_adding()
        names = _ON_BLOCKS if self._editor.selection else _ON_NOTHING
        for name in (_ON_WIRE if self._editor.edge is not None else names).split():
            self._add(name)

    def _add_repairs(self) -> None:
        node = self._editor.single
        for problem in self._editor.analysis.problems:
            if node is not None and problem.node == node.id:
                for fix in problem.fixes:
                    chosen = self.addAction(fix.label)
                    chosen.setData(fix)
                    chosen.triggered.connect(partial(self._editor.fix, problem, fix))
        self.addSeparator()

    def _add_adding(self) -> None:
        action = self._page.actions_["network.quick_add"]
        if self._point is None:
            self.addAction(action)
        else:
            add = self.addAction(action.icon(), tr("Add block here"))
            add.triggered.connect(partial(self._page.commands.quick_add_at, self._point, None))
        self.addSeparator()

    def _add(self, name: str) -> None:
        grouped = any(isinstance(node.layer, Group) for node in self._editor.nodes)
        if name == "-":
            self.addSeparator()
        elif name == "arrange":
            if len(self._editor.selection) > 1:
                self._add_arranging()
        elif name == "paste" and self._point is not None:
            paste = self.addAction(self._page.actions_["network.paste"].icon(), tr("Paste here"))
            place = snapped(self._point.x(), self._point.y())
            paste.triggered.connect(partial(self._editor.paste, place))
        elif name in _FOR_ONE and self._editor.single is None:
            return
        elif grouped or name not in ("ungroup", "open_group"):
            self.addAction(self._page.actions_[f"network.{name}"])

    def _add_arranging(self) -> None:
        arranging = self.addMenu(tr("Arrange"))
        for how in ALIGNMENTS:
            arranging.addAction(self._page.actions_[f"network.align_{how}"])
        arranging.addSeparator()
        for direction in DIRECTIONS:
            arranging.addAction(self._page.actions_[f"network.distribute_{direction}"])
