"""The panel of columns: search, filter, roles and kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QActionGroup, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QMenu, QTableView, QVBoxLayout

from modelstudio.recipe.columns import Column
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.columns import (
    MISSING,
    NAME,
    ROLE,
    ROW,
    SPREAD,
    ColumnDelegate,
    ColumnFilter,
    ColumnsModel,
    tag_rect,
)
from modelstudio.ui.pages.data.edits import KINDS, ROLES, next_role
from modelstudio.ui.pages.data.wording import KIND_ICONS
from modelstudio.ui.theme import icon, theme, themes
from modelstudio.ui.widgets import PanelHeader, SearchField, grow, icon_button, row, toned

if TYPE_CHECKING:
    from modelstudio.data.profile import ColumnProfile

_ROLE_KEYS = {Qt.Key.Key_F: "feature", Qt.Key.Key_T: "target", Qt.Key.Key_I: "ignored"}
_FILTERS = {
    "": "All columns",
    "feature": "Features",
    "target": "Target",
    "ignored": "Ignored",
    "missing": "With missing cells",
}


class ColumnsPanel(QFrame):
    """Columns with their roles; ``role_wanted`` and ``kind_wanted`` give names and a value."""

    role_wanted = Signal(list, str)
    role_cycled = Signal(str, str)
    kind_wanted = Signal(list, str)
    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__(objectName="data.columns")
        self.setAccessibleName(tr("Columns"))
        toned(self, "panel")
        grow(self, self.setMinimumWidth, 264)
        self.header = PanelHeader(tr("Columns"), name="data.columns.header")
        self.search_button = icon_button(
            "search", tr("Search columns"), "data.columns.find", checkable=True
        )
        self.search_button.toggled.connect(self._show_search)
        self._filter = icon_button("filter", tr("Filter columns"), "data.columns.filter")
        self._filter.setPopupMode(self._filter.ToolButtonPopupMode.InstantPopup)
        self._filter.setMenu(self._filter_menu())
        self.header.add(self.search_button)
        self.header.add(self._filter)
        self.search = SearchField(tr("Search columns"), "data.columns.search")
        self.search.textChanged.connect(self._narrow)
        self._search_row = row(self.search, margins=(12, 0, 12, 8))
        self._search_row.hide()
        self.model = ColumnsModel(self)
        self.proxy = ColumnFilter(self)
        self.proxy.setSourceModel(self.model)
        self.table = ColumnsTable()
        self.table.setModel(self.proxy)
        self.table.lay_out()
        self.table.role_clicked.connect(self._cycle)
        self.table.role_pressed.connect(self._set_role)
        self.table.customContextMenuRequested.connect(self._open_menu)
        self.table.selectionModel().currentChanged.connect(self._choose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.header, self._search_row, self.table):
            layout.addWidget(part)
        self._only = ""

    def set_columns(self, columns: Sequence[Column], profiles: Mapping[str, ColumnProfile]) -> None:
        """Show the columns; selection stays."""
        self.model.set_columns(columns, profiles)
        self.header.set_detail(str(len(columns)))

    def selected_names(self) -> list[str]:
        """Return the names of the selected columns, in order."""
        rows = sorted({index.row() for index in self.table.selectionModel().selectedIndexes()})
        return [self.proxy.index(at, NAME).data() for at in rows]

    def show_column(self, name: str) -> None:
        """Select a column and bring it into sight."""
        for at in range(self.proxy.rowCount()):
            if self.proxy.index(at, NAME).data() == name:
                self.table.selectRow(at)
                self.table.scrollTo(self.proxy.index(at, NAME))
                return

    def menu(self, names: Sequence[str]) -> QMenu:
        """Return the context menu for columns: their kind and their role."""
        rows = [self.proxy.index(at, NAME).data(ROW) for at in range(self.proxy.rowCount())]
        held = [entry.column for entry in rows if entry.column.name in names]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        kinds = QActionGroup(menu)
        for kind in KINDS:
            now = {column.kind for column in held} == {kind}
            sign = icon(KIND_ICONS[kind], "accent" if now else "textSecondary")
            action = kinds.addAction(menu.addAction(sign, tr(kind.capitalize())))
            action.setCheckable(True)
            action.setChecked(now)
            font = action.font()
            font.setBold(now)  # the icon stands where the tick of the others is
            action.setFont(font)
            action.triggered.connect(lambda _, kind=kind: self.kind_wanted.emit(list(names), kind))
        menu.addSeparator()
        roles = QActionGroup(menu)
        for role in ROLES:
            action = roles.addAction(menu.addAction(tr(role.capitalize())))
            action.setShortcut(role[0].upper())
            action.setCheckable(True)
            action.setChecked({column.role for column in held} == {role})
            action.triggered.connect(lambda _, role=role: self.role_wanted.emit(list(names), role))
        return menu

    def _show_search(self, shown: bool) -> None:
        self._search_row.setVisible(shown)
        if shown:
            self.search.setFocus()
        else:
            self.search.clear()

    def _filter_menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(menu)
        for key, text in _FILTERS.items():
            action = group.addAction(menu.addAction(tr(text)))
            action.setObjectName(f"data.columns.only.{key or 'all'}")
            action.setCheckable(True)
            action.setChecked(not key)
            action.triggered.connect(lambda _, key=key: self._show_only(key))
        return menu

    def _show_only(self, key: str) -> None:
        self._only = key
        self._narrow()

    def _narrow(self) -> None:
        self.proxy.search(self.search.text(), self._only)
        shown, known = self.proxy.rowCount(), self.model.rowCount()
        all_shown = shown == known
        self.header.set_detail(str(known) if all_shown else tr("{} of {}").format(shown, known))
        self._filter.setIcon(icon("filter", "accent" if self._only else "textSecondary"))

    def _cycle(self, index: QModelIndex) -> None:
        column = index.data(ROW).column
        self.role_cycled.emit(column.name, next_role(column.role))

    def _set_role(self, role: str) -> None:
        if names := self.selected_names():
            self.role_wanted.emit(names, role)

    def _open_menu(self, at: QPoint) -> None:
        index = self.table.indexAt(at)
        if not index.isValid():
            return
        name = index.siblingAtColumn(NAME).data()
        names = self.selected_names()
        if name not in names:
            self.table.selectRow(index.row())
            names = [name]
        self.menu(names).popup(self.table.viewport().mapToGlobal(at))

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(index.siblingAtColumn(NAME).data())


class ColumnsTable(QTableView):
    """The list itself: keys F, T and I, a click on the role tag."""

    role_clicked = Signal(QModelIndex)
    role_pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__(objectName="data.columns.table", showGrid=False, tabKeyNavigation=False)
        self.setAccessibleName(tr("Columns"))
        self.setItemDelegate(ColumnDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        themes().changed.connect(self.lay_out)

    def lay_out(self) -> None:
        """Size the columns: the name takes what is left."""
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for section, width in ((ROLE, 60), (MISSING, 58), (SPREAD, 56)):
            self.setColumnWidth(section, round(width * theme().scale))
        tall = round(theme().size("rowList") * theme().scale)
        self.verticalHeader().setDefaultSectionSize(tall)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        role = _ROLE_KEYS.get(Qt.Key(event.key()))
        if role and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.role_pressed.emit(role)
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        left = event.button() == Qt.MouseButton.LeftButton
        if left and not event.modifiers() and self._on_tag(index, event.position().toPoint()):
            self.role_clicked.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        point = event.position().toPoint()
        hand = self._on_tag(self.indexAt(point), point)
        shape = Qt.CursorShape.PointingHandCursor if hand else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)

    def _on_tag(self, index: QModelIndex, point: QPoint) -> bool:
        if not index.isValid() or index.column() != ROLE:
            return False
        return tag_rect(self.visualRect(index)).contains(point)
