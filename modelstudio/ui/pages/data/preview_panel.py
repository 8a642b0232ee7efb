"""The middle of the Data page: the file, its checks, and its rows before and after the recipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QActionGroup, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QMenu,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from modelstudio.recipe.columns import Column
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.data.checks import ChecksStrip
from modelstudio.ui.pages.data.load_line import LoadLine
from modelstudio.ui.pages.data.profile_popup import ProfilePopup
from modelstudio.ui.pages.data.table_model import Head, PreviewModel
from modelstudio.ui.pages.data.table_view import PreviewView
from modelstudio.ui.theme import icon
from modelstudio.ui.widgets import (
    PanelHeader,
    SegmentedControl,
    Skeleton,
    column,
    count_text,
    icon_button,
    label,
    rule,
    splitter,
    toned,
)
from modelstudio.wording import counted

if TYPE_CHECKING:
    from modelstudio.data.column_view import ColumnView
    from modelstudio.data.preview import PreviewTable
    from modelstudio.data.profile import ColumnProfile
    from modelstudio.data.relations import Relation

_SKELETON_MS = 500
"""When the outline of a table takes the place of nothing."""


class PreviewPanel(QFrame):
    """Rows raw, after the selected step, or final.

    ``rows_wanted`` asks for rows with (number of steps or None, offset, limit, sort).
    """

    rows_wanted = Signal(object, int, int, object)
    cell_chosen = Signal(int, str)
    column_opened = Signal(str)
    cancel_wanted = Signal()

    def __init__(self) -> None:
        super().__init__(objectName="data.preview")
        self.setAccessibleName(tr("Preview"))
        toned(self, "panel")
        self.setMinimumWidth(420)
        self._step: int | None = None
        self._step_title = ""
        self._sort: tuple[str, bool] | None = None
        self._sort_before: tuple[str, bool] | None = None
        self._columns: tuple[Column, ...] = ()
        self._profiles: Mapping[str, ColumnProfile] = {}
        self._relations: Mapping[str, Relation] = {}
        self._changed: Mapping[str, int] = {}
        self._fitted: tuple[str, ...] = ()
        self.header = PanelHeader("", name="data.preview.header")
        modes = [("raw", tr("Raw")), ("step", tr("After step")), ("final", tr("Final"))]
        self.mode = SegmentedControl(modes, "raw", "data.preview.mode")
        self.mode.changed.connect(self._change_mode)
        self.mark = QCheckBox(tr("Mark changes"), objectName="data.preview.mark", checked=True)
        self.mark.setAccessibleName(tr("Mark changes"))
        self.mark.setToolTip(tr("Mark changes"))
        self.mark.toggled.connect(self._mark)
        self.header.add(self.mode)
        self.header.add(self.mark)
        self.reading = icon_button("gear", tr("How the file is read"), "data.reading_button")
        self.header.add(self.reading)
        self.as_pictures = icon_button("grid", tr("Show as pictures"), "data.preview.as_pictures")
        self.as_pictures.hide()
        self.header.add(self.as_pictures)
        self.below = icon_button(
            "panel_bottom", tr("Show the chosen row"), "data.preview.below", checkable=True
        )
        self.below.hide()
        self.header.add(self.below)
        self.loading = LoadLine()
        self.loading.cancelled.connect(self.cancel_wanted)
        self.checks = ChecksStrip()
        self.model = PreviewModel(self)
        self.view = PreviewView()
        self.view.setModel(self.model)
        self.view.sort_wanted.connect(self._sort_by)
        self.view.header_opened.connect(self._open_clicked)
        self.view.profile_wanted.connect(self.open_profile)
        self.view.menu_wanted.connect(lambda name, at: self.menu(name).popup(at))
        self.model.wanted.connect(self._ask)
        self.notice = label("", "base", "secondary", wrap=True, name="data.preview.notice")
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice.setMargin(32)
        self._outline = QTimer(self, singleShot=True, interval=_SKELETON_MS)
        self._outline.timeout.connect(self._show_outline)
        self._stack = QStackedLayout()
        waiting = column(Skeleton(12), None, margins=16)
        for part in (self.view, waiting, self.notice):
            self._stack.addWidget(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.header, self.loading, self.checks, rule()):
            layout.addWidget(part)
        table = QWidget()
        table.setLayout(self._stack)
        self._body = splitter(Qt.Orientation.Vertical, table, name="data.preview.body")
        layout.addWidget(self._body, 1)
        self.view.selectionModel().currentChanged.connect(lambda: self._tell_cell())
        self._profile: ProfilePopup | None = None
        self.select_step(None, "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_header()

    def _fit_header(self) -> None:
        """Leave words out, those beside the box first, until the size of the data has room."""
        place = "" if self._step is None else f" {self._step + 1}"
        for marked, step in ((True, "After step"), (False, "After step"), (False, "Step")):
            self.mark.setText(tr("Mark changes") if marked else "")
            self.mode.segment("step").setText(tr(step) + place)
            if self.header.fits():
                return

    def add_below(self, widget: QWidget) -> None:
        """Put something below the rows that a button of the header shows and hides."""
        self._body.addWidget(widget)
        self._body.setSizes([300, 300])
        self.below.toggled.connect(widget.setVisible)
        widget.setVisible(False)

    def offer_below(self, on: bool) -> None:
        """Say whether what is below has anything to show; it opens when it has."""
        self.below.setVisible(on)
        self.below.setChecked(on)
        self._fit_header()

    @property
    def upto(self) -> int | None:
        """How many steps are applied; None for all."""
        if self.mode.value == "step" and self._step is not None:
            return self._step + 1
        return 0 if self.mode.value == "raw" else None

    def set_source(self, name: str, rows: int | None, columns: int) -> None:
        """Name the file; ``rows`` is None while they are not counted."""
        self.header.set_title(name)
        told = counted(columns, "column")
        self.header.set_detail(told if rows is None else f"{counted(rows, 'row')} × {told}")
        self._fit_header()

    def set_columns(
        self,
        columns: Sequence[Column],
        profiles: Mapping[str, ColumnProfile],
        relations: Mapping[str, Relation],
    ) -> None:
        """Say what stands in the header of each column."""
        self._columns, self._profiles = tuple(columns), profiles
        self._relations = relations
        self._show_heads()

    def select_step(
        self, place: int | None, title: str, changed: Mapping[str, int] | None = None
    ) -> None:
        """Preview after this step; None goes back to the end of the recipe."""
        before = self.upto
        self._step, self._step_title = place, title
        segment = self.mode.segment("step")
        segment.setEnabled(place is not None)
        self._fit_header()
        if place is not None:
            self.mode.set_value("step")
        elif self.mode.value == "step":
            self.mode.set_value("final")
        self._changed = changed or {}
        self._show_heads()
        if place is not None and self._changed:
            self.view.show_one_of(list(self._changed))
        if self.upto != before:
            self.ask_anew()

    def set_changes(self, changed: Mapping[str, int]) -> None:
        """Say how many cells the selected step changed in each column."""
        self._changed = changed
        self._show_heads()

    def ask_anew(self) -> None:
        """Fetch the rows in sight again; those shown stay until then."""
        self.model.start_over(self.view.first_row())

    def put(self, table: PreviewTable) -> None:
        """Show rows that came."""
        self._outline.stop()
        columns = self.model.columns
        self.model.put(table)
        self._tell_cell()
        self._show_heads()
        self._stack.setCurrentIndex(0)
        if self.model.columns != columns or not self._fitted:
            self._fitted = self.model.columns
            self.view.fit_columns()

    def show_waiting(self) -> None:
        """Show the outline of a table before long, unless there are rows to keep."""
        if not self.model.rowCount():
            self.loading.hasten()
            self._outline.start()

    def _show_outline(self) -> None:
        if not self.model.rowCount():
            self._stack.setCurrentIndex(1)

    def show_notice(self, sentence: str) -> None:
        """Say why there are no rows."""
        self._outline.stop()
        self.model.clear()
        self._fitted = ()
        self.notice.setText(sentence)
        self._stack.setCurrentIndex(2)

    def clear(self) -> None:
        """Forget the rows of another project."""
        self._outline.stop()
        self.model.clear()
        self._fitted = ()
        self._sort = self._sort_before = self.view.header.sort = None
        self.checks.set_findings(())

    def menu(self, name: str) -> QMenu:
        """Return what can be done with a column."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        profile = menu.addAction(icon("info"), tr("Column profile"), "Return")
        profile.setEnabled(name in self._profiles)
        profile.triggered.connect(lambda: self.open_profile(name))
        menu.addSeparator()
        orders = QActionGroup(menu)
        for words, sort in (
            (tr("Smallest first"), (name, False)),
            (tr("Largest first"), (name, True)),
            (tr("Order of the file"), None),
        ):
            order = orders.addAction(menu.addAction(words))
            order.setCheckable(True)
            order.setChecked(sort == self._sort)
            order.triggered.connect(lambda _, sort=sort: self._set_sort(sort))
        return menu

    def _open_clicked(self, name: str) -> None:
        """Open a profile by a double click, of which the first click is not to sort."""
        if self._sort != self._sort_before:
            self._set_sort(self._sort_before)
        self.open_profile(name)

    def open_profile(self, name: str) -> None:
        """Show a column in numbers, below its header."""
        profile = self._profiles.get(name)
        if profile is None or name not in self.model.columns:
            return
        if self._profile is None:
            self._profile = ProfilePopup(self)
        at = self.view.header.sectionViewportPosition(self.model.columns.index(name))
        self._profile.show_profile(
            self.view.header.mapToGlobal(QPoint(at, self.view.header.height())),
            profile,
            self._relations.get(name),
            next((each.name for each in self._columns if each.role == "target"), ""),
        )
        self.column_opened.emit(name)

    def add_view(self, view: ColumnView) -> None:
        """Say more of the column whose profile is open."""
        if self._profile is not None:
            self._profile.add_view(view)

    def _show_heads(self) -> None:
        known = {column.name: column for column in self._columns}
        heads = {}
        for name in dict.fromkeys((*known, *self.model.columns)):
            column = known.get(name)
            changed = self._changed.get(name, 0) if self.mode.value == "step" else 0
            profile = self._profiles.get(name)
            right = self.model.holds_numbers(name)
            if right is None:
                right = column is None or column.kind == "number"
            if changed:
                heads[name] = Head(
                    name, tr("{} changed").format(count_text(changed)), accent=True, right=right
                )
            elif column is None:
                heads[name] = Head(name, tr("new"), accent=True, right=right)
            elif column.role != "feature":
                quiet = column.role == "ignored"
                heads[name] = Head(name, tr(column.role), not quiet, quiet, right)
            else:
                told = profile.summary if profile and column.kind == "category" else column.kind
                heads[name] = Head(name, told, right=right)
        self.model.set_heads(heads, self._step_title)
        self.view.fit_heads()

    def _change_mode(self) -> None:
        self._show_heads()
        self.ask_anew()

    def _ask(self, offset: int, limit: int) -> None:
        self.rows_wanted.emit(self.upto, offset, limit, self._sort)

    def _tell_cell(self) -> None:
        """Tell which row and column are chosen, as soon as the row is there."""
        index = self.view.currentIndex()
        number = self.model.number(index.row())
        if number is not None:
            self.cell_chosen.emit(number, self.model.columns[index.column()])

    def _mark(self, on: bool) -> None:
        self.view.set_marking(on)

    def show_row(self, row: int, name: str) -> None:
        """Bring a row of the source into sight, in the order of the source."""
        if self._sort is not None:
            self._set_sort(None)
        self.view.show_row(row, name)

    def _sort_by(self, name: str) -> None:
        """Sort up, then down, then not at all."""
        self._sort_before = self._sort
        down = self._sort == (name, False)
        self._set_sort(None if self._sort == (name, True) else (name, down))

    def _set_sort(self, sort: tuple[str, bool] | None) -> None:
        self._sort = self.view.header.sort = sort
        self.view.header.viewport().update()
        self.view.scrollToTop()
        self.ask_anew()
