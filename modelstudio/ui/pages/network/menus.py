"""The menu of the canvas and of the outline: repairs first, then what can be done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QMenu

from modelstudio.network.graph import NOTE_COLORS
from modelstudio.network.group import Group
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.arrange import Alignment, Direction
from modelstudio.ui.pages.network.edits import snapped
from modelstudio.ui.pages.network.look import look

if TYPE_CHECKING:
    from modelstudio.ui.pages.network.page import NetworkPage

ALIGNMENTS: tuple[Alignment, ...] = ("left", "center", "right", "top", "middle", "bottom")
DIRECTIONS: tuple[Direction, ...] = ("across", "down")
_ON_NOTHING = "paste select_all - tidy note - fit export_picture"
_ON_WIRE = "delete"
_ON_NOTES = "rename note_color - duplicate cut copy paste - arrange fit_selection - delete"
_ON_BLOCKS = (
    "rename look_inside wire_to wire_from - duplicate cut copy paste - toggle freeze"
    " - group ungroup open_group save_block - note_color - arrange fit_selection - delete"
)

_COLOR_NAMES = {
    "yellow": tr("Yellow"),
    "blue": tr("Blue"),
    "green": tr("Green"),
    "red": tr("Red"),
    "grey": tr("Grey"),
}
_SWATCH = 14

_FOR_ONE = ("look_inside", "wire_to", "wire_from", "save_block")
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
        on_blocks = _ON_BLOCKS if self._editor.nodes else _ON_NOTES
        names = on_blocks if self._editor.selection else _ON_NOTHING
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
        elif name == "note_color":
            if self._editor.selection & {note.id for note in self._editor.graph.notes}:
                self._add_colors()
        elif name == "paste" and self._point is not None:
            paste = self.addAction(self._page.actions_["network.paste"].icon(), tr("Paste here"))
            place = snapped(self._point.x(), self._point.y())
            paste.triggered.connect(partial(self._editor.paste, place))
        elif name == "rename":
            if self._editor.single is not None:
                self.addAction(self._page.actions_["network.rename"])
            elif len(self._editor.selection) == 1:
                self._add_editing()
        elif name in _FOR_ONE and self._editor.single is None:
            return
        elif grouped or name not in ("ungroup", "open_group"):
            self.addAction(self._page.actions_[f"network.{name}"])

    def _add_editing(self) -> None:
        edit = self.addAction(self._page.actions_["network.rename"].icon(), tr("Edit text"))
        edit.setShortcut(self._page.actions_["network.rename"].shortcut())
        edit.triggered.connect(self._page.canvas.rename)

    def _add_colors(self) -> None:
        chosen = self._page.commands.note_colors()
        colors = self.addMenu(tr("Note colour"))
        for name in NOTE_COLORS:
            pick = colors.addAction(_swatch(name), _COLOR_NAMES[name])
            pick.setCheckable(True)
            pick.setChecked(chosen == {name})
            pick.triggered.connect(partial(self._page.commands.color_notes, name))

    def _add_arranging(self) -> None:
        arranging = self.addMenu(tr("Arrange"))
        for how in ALIGNMENTS:
            arranging.addAction(self._page.actions_[f"network.align_{how}"])
        arranging.addSeparator()
        for direction in DIRECTIONS:
            arranging.addAction(self._page.actions_[f"network.distribute_{direction}"])


def _swatch(color: str) -> QIcon:
    """Return a small square as a note of a colour looks."""
    picture = QPixmap(2 * _SWATCH, 2 * _SWATCH)
    picture.fill(Qt.GlobalColor.transparent)
    picture.setDevicePixelRatio(2)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(look().note_borders[color])
    painter.setBrush(look().note_fills[color])
    painter.drawRoundedRect(QRectF(0.5, 0.5, _SWATCH - 1, _SWATCH - 1), 3, 3)
    painter.end()
    return QIcon(picture)
