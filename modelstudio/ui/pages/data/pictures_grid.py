"""The pictures of a folder: filtered by part, sort and name, left out, moved, shown large."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QFrame, QMenu, QVBoxLayout

from modelstudio.project.model import DataConfig
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.large_picture import LargePicture
from modelstudio.ui.pages.data.load_line import LoadLine
from modelstudio.ui.pages.data.pictures_model import (
    NAME,
    PATH,
    STATE,
    Filter,
    PicturesModel,
    Which,
)
from modelstudio.ui.pages.data.thumbnails import Thumbnails
from modelstudio.ui.pages.data.tiles import SIDES, Grid, TileDelegate
from modelstudio.ui.theme import icon, theme, themes
from modelstudio.ui.widgets import (
    PanelHeader,
    SearchField,
    SegmentedControl,
    icon_button,
    label,
    rule,
    toned,
)
from modelstudio.wording import counted

if TYPE_CHECKING:
    from modelstudio.data.preview import PictureList

_HEADER_GAPS = 86
"""Pixels of the header for what is between its parts, and for the last button."""

_PARTS = (("", "All"), ("train", "Train"), ("validation", "Validation"), ("test", "Test"))
_KEYS = 9
"""Classes that have a key of their own."""


class PicturesPanel(QFrame):
    """The pictures of a folder.

    ``chosen`` gives the path of the one the keyboard is on, ``removal_wanted`` names to leave out
    or take back, ``class_wanted`` names with the classes that the source has, and a class for them.
    """

    chosen = Signal(str)
    table_wanted = Signal()
    removal_wanted = Signal(list)
    class_wanted = Signal(dict, str)

    def __init__(self, banner: QFrame) -> None:
        super().__init__(objectName="data.pictures")
        self.setAccessibleName(tr("Pictures"))
        toned(self, "panel")
        self.setMinimumWidth(420)
        self._classes: tuple[str, ...] = ()
        self._details: tuple[str, ...] = ()
        self.editable = True
        self._which: tuple[Which, str] = ("all", "")
        self._soon = QTimer(self, singleShot=True, interval=150)
        self._soon.timeout.connect(self._narrow)
        self.header = PanelHeader("", name="data.pictures.header")
        self.part = SegmentedControl(
            [(key, tr(words)) for key, words in _PARTS], "", "data.pictures.part"
        )
        self.part.changed.connect(self._narrow)
        self.search = SearchField(tr("File name"), "data.pictures.search")
        self.search.setMaximumWidth(theme().grown(140))
        self.search.textChanged.connect(lambda _: self._soon.start())
        self.as_table = icon_button("table", tr("Show as a table"), "data.pictures.as_table")
        self.as_table.clicked.connect(self.table_wanted)
        for control in (self.part, self.search, self.as_table):
            self.header.add(control)
        self.thumbnails = Thumbnails(self)
        self.model = PicturesModel(self)
        self.grid = Grid()
        self.tiles = TileDelegate(self.thumbnails, self.grid)
        self.grid.setModel(self.model)
        self.grid.setItemDelegate(self.tiles)
        self._connect()
        self.nothing = label("", "base", "secondary", wrap=True, name="data.pictures.nothing")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setMargin(32)
        self.nothing.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.loading = LoadLine("data.pictures.loading")
        for part in (self.header, self.loading, rule(), banner, self.nothing):
            layout.addWidget(part)
        layout.addWidget(self.grid, 1)
        self.large: LargePicture | None = None

    def _connect(self) -> None:
        grid = self.grid
        self.thumbnails.ready.connect(lambda _: grid.viewport().update())
        grid.verticalScrollBar().valueChanged.connect(self.thumbnails.forget_waiting)
        grid.resized.connect(self._resize)
        grid.large_wanted.connect(self._show_large)
        grid.removal_wanted.connect(self._remove)
        grid.class_wanted.connect(self._choose_class)
        grid.selectionModel().currentChanged.connect(
            lambda now, _: self.chosen.emit(now.data(PATH) or "")
        )
        self.model.changed.connect(grid.viewport().update)
        self.model.modelAboutToBeReset.connect(self._keep_place)
        self.model.modelReset.connect(self._find_place)
        themes().changed.connect(grid.viewport().update)

    @property
    def selected(self) -> list[str]:
        """Names of the selected pictures."""
        return [index.data(NAME) for index in self.grid.selectionModel().selectedIndexes()]

    def set_pictures(
        self, name: str, pictures: PictureList, data: DataConfig, shape: str = ""
    ) -> None:
        """Show the pictures of a folder; what is selected stays so if it is still there."""
        self.header.set_title(name)
        told = counted(len(pictures.paths), tr("picture"))
        self._details = (f"{told} · {shape}" if shape else told, told)
        self._fit_detail()
        self.model.set_data(data)
        if pictures != self.model.listed:
            self.model.set_list(pictures)
        if not self.grid.currentIndex().isValid():
            self.grid.setCurrentIndex(self.model.index(0))
        self._tell_nothing()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_detail()

    def _fit_detail(self) -> None:
        """Say beside the name as much as there is room for, or nothing."""
        taken = self.part.sizeHint().width() + self.search.maximumWidth()
        name = QFontMetrics(theme().font("panelTitle")).horizontalAdvance(
            self.header.accessibleName()
        )
        room = self.width() - taken - name - _HEADER_GAPS
        metrics = QFontMetrics(theme().font("label"))
        fitting = (each for each in self._details if metrics.horizontalAdvance(each) <= room)
        self.header.set_detail(next(fitting, ""))

    def set_classes(self, names: tuple[str, ...]) -> None:
        """Tell the classes that pictures can be moved to; the first nine have keys."""
        self._classes = names

    def show_only(self, which: Which, name: str = "") -> None:
        """Show one class, what is left out, what cannot be read, or all."""
        self._which = (which, name)
        self._narrow()

    def menu(self) -> QMenu:
        """Return the context menu of the selected pictures; its entries are those of the keys."""
        menu = QMenu(self)
        states = [index.data(STATE) for index in self.grid.selectionModel().selectedIndexes()]
        large = menu.addAction(icon("fit"), tr("Show large"))
        large.setShortcut("Space")
        large.triggered.connect(self._show_large)
        back = bool(states) and all(state.left_out for state in states)
        remove = menu.addAction(
            icon("undo" if back else "trash"), tr("Take back") if back else tr("Leave out")
        )
        remove.setShortcut("Del")
        remove.triggered.connect(self._remove)
        remove.setEnabled(self.editable)
        classes = menu.addMenu(icon("tagi"), tr("Move to class"))
        for at, name in enumerate(self._classes):
            action = classes.addAction(name.replace("&", "&&"))
            if at < _KEYS:
                action.setShortcut(str(at + 1))
            action.triggered.connect(lambda _=False, at=at: self._choose_class(at))
        classes.setEnabled(bool(self._classes) and self.editable)
        return menu

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.grid.currentIndex().isValid():
            menu = self.menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(event.globalPos())

    def _remove(self) -> None:
        if self.editable:
            self.removal_wanted.emit(self.selected)

    def _choose_class(self, at: int) -> None:
        if self.editable and at < len(self._classes):
            chosen = self.grid.selectionModel().selectedIndexes()
            own = {index.data(NAME): self.model.own_label(index) for index in chosen}
            self.class_wanted.emit(own, self._classes[at])

    def _narrow(self) -> None:
        which, name = self._which
        words = self.search.text().strip().lower()
        self.thumbnails.forget_waiting()
        self.model.set_filter(Filter(self.part.value, which, name, words))
        self._tell_nothing()

    def _tell_nothing(self) -> None:
        empty = not self.model.rowCount()
        self.nothing.setText(tr("No picture passes these filters.") if empty else "")
        self.nothing.setVisible(empty)
        self.grid.setVisible(not empty)

    def _keep_place(self) -> None:
        grid = self.grid
        chosen = {index.data(PATH) for index in grid.selectionModel().selectedIndexes()}
        now = grid.currentIndex()
        self._place = (now.row(), now.data(PATH), chosen, grid.verticalScrollBar().value())

    def _find_place(self) -> None:
        """Go back to the picture that had the keyboard, or to the one in its place."""
        row, path, chosen, scrolled = self._place
        model, selection = self.model, self.grid.selectionModel()
        if not model.rowCount():
            return
        places = model.places({path, *chosen})
        place = model.index(places.get(path, min(max(row, 0), model.rowCount() - 1)))
        found = QItemSelection()
        for each in chosen & places.keys():
            found.select(model.index(places[each]), model.index(places[each]))
        selection.setCurrentIndex(place, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        selection.select(found, QItemSelectionModel.SelectionFlag.Select)
        self.grid.verticalScrollBar().setValue(scrolled)
        self.grid.scrollTo(place)

    def _resize(self, step: int) -> None:
        at = SIDES.index(self.tiles.side)
        self.tiles.side = SIDES[max(0, min(at + step, len(SIDES) - 1))]
        self.thumbnails.forget_waiting()
        self.grid.fit()

    def _show_large(self) -> None:
        if self.large is None:
            self.large = LargePicture(self.window())
            self.large.stepped.connect(self._step)
            self.large.pressed.connect(self.grid.take_key)
            self.large.closed.connect(self.grid.setFocus)
            self.model.changed.connect(self._show_large_again)
            self.model.modelReset.connect(self._show_large_again)
        now = self.grid.currentIndex()
        told = now.data(Qt.ItemDataRole.ToolTipRole).split("\n")
        self.large.open(now.data(PATH), " · ".join([PurePath(told[0]).as_posix(), *told[1:]]))

    def _show_large_again(self) -> None:
        if self.large is not None and self.large.isVisible():
            if self.grid.currentIndex().isValid():
                self._show_large()
            else:
                self.large.close()

    def _step(self, by: int) -> None:
        row = self.grid.currentIndex().row() + by
        if 0 <= row < self.model.rowCount():
            self.grid.setCurrentIndex(self.model.index(row))
            self._show_large()
