"""The palette: every layer by category, searched, favoured, dragged or added with Enter."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network.my_blocks import SavedBlock
from modelstudio.ui.pages.network.palette_list import LAYER, NARROW, LayerList
from modelstudio.ui.widgets import SearchField, key_label, toned

WIDE = 208
"""Width of the palette, in pixels."""


class Palette(QFrame):
    """List of layers; ``chosen`` gives the one to add after the selection.

    ``refused`` says why a saved block cannot be renamed or deleted, ``deleted`` gives one that was.
    """

    chosen = Signal(object)
    refused = Signal(str)
    deleted = Signal(object)

    def __init__(self) -> None:
        super().__init__(objectName="network.palette")
        toned(self, "panel")
        self.setAccessibleName(tr("Palette of layers"))
        self.search = SearchField(tr("Find a block"), "network.palette.search", "/")
        key = key_label("/")
        inside = QHBoxLayout(self.search)
        inside.setContentsMargins(0, 0, 6, 0)
        inside.addStretch(1)
        inside.addWidget(key)
        self.search.textChanged.connect(lambda text: key.setHidden(bool(text)))
        self.list = LayerList()
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(8, 8, 8, 0)
        self._box.setSpacing(4)
        self._box.addWidget(self.search)
        self._box.addWidget(self.list)
        self.search.textChanged.connect(self.list.filter)
        self.search.returnPressed.connect(self._take_first)
        self.list.chosen.connect(self.chosen)
        self.list.refused.connect(self.refused)
        self.list.deleted.connect(self.deleted)

    def set_inside(self, inside: bool) -> None:
        """Offer the ports of a group in place of Input and Output, while inside of one."""
        self.list.set_inside(inside)

    def name_block(self, block: SavedBlock) -> None:
        """Let a saved block be named in its line."""
        self.search.clear()
        self.list.rename(block)

    def set_narrow(self, narrow: bool) -> None:
        """Fold to a column of icons, which cannot be searched, or unfold."""
        if narrow:
            self.search.clear()
        self.search.setVisible(not narrow)
        self.list.set_narrow(narrow)
        self._box.setContentsMargins(*((2, 8, 2, 0) if narrow else (8, 8, 8, 0)))
        self.setMinimumWidth(NARROW if narrow else 176)
        self.setMaximumWidth(NARROW if narrow else 400)

    @property
    def narrow(self) -> bool:
        """True while only icons are shown."""
        return self.list.narrow

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)
            if (best := self.list.first_match()) is not None:
                self.list.setCurrentItem(best)
        else:
            super().keyPressEvent(event)

    def _take_first(self) -> None:
        item = self.list.first_match()
        if item is not None and self.search.text():
            self.chosen.emit(item.data(0, LAYER))
