"""The network page: palette, canvas with its toolbar, dock and inspector."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from modelstudio.errors import StudioError
from modelstudio.network.analysis import Problem
from modelstudio.network.graph import Graph
from modelstudio.project.model import Project
from modelstudio.ui.actions import tr
from modelstudio.ui.pages import Page, PageProblem
from modelstudio.ui.pages.network.breadcrumb import Breadcrumb
from modelstudio.ui.pages.network.canvas import Canvas
from modelstudio.ui.pages.network.commands import Commands
from modelstudio.ui.pages.network.dock import Dock
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.focus_ring import FocusRing
from modelstudio.ui.pages.network.heat import HeatLegend
from modelstudio.ui.pages.network.inspector import LEAST, WIDTH, Inspector
from modelstudio.ui.pages.network.minimap import Minimap
from modelstudio.ui.pages.network.outline import Outline
from modelstudio.ui.pages.network.palette import WIDE, Palette
from modelstudio.ui.pages.network.palette_list import NARROW
from modelstudio.ui.pages.network.quick_add import QuickAdd
from modelstudio.ui.pages.network.shaping import Shaper
from modelstudio.ui.pages.network.toolbar import Toolbar
from modelstudio.ui.pages.network.zoom_view import ZOOM_STEP
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    EmptyState,
    count_text,
    rule,
    splitter,
)

if TYPE_CHECKING:
    from modelstudio.ui.main_window import MainWindow

_DOCK, _LOW_DOCK = 216, 144
_INSIDE = 320
"""Height of the dock that shows pictures of what a block gives."""
_LEAST_LEFT, _MOST_LEFT = 176, 400
_WIDE_FROM, _HIGH_FROM = 1360, 800


class NetworkPage(Page):
    """Draw the network; shapes, costs and problems follow every edit."""

    page_id = "network"

    def __init__(self, main: MainWindow):
        super().__init__(main)
        self.editor = Editor(self.document, self)
        self.palette_ = Palette()
        self.outline = Outline(self.editor)
        self.toolbar = Toolbar(self.actions_)
        self.canvas = Canvas(self.editor)
        self.minimap = Minimap(self.canvas)
        self.breadcrumb = Breadcrumb(self.canvas)
        self.dock = Dock(self.editor, self.canvas.center_on, main)
        self.heat = HeatLegend(self.canvas, self.dock.heat)
        self.dock.problems.foresee(self.canvas.foresight)
        self.inspector = Inspector(self.editor, self.document, self.actions_)
        self.shaper = Shaper(self.editor, main)
        self.quick_add = QuickAdd(self)
        self._empty = EmptyState(
            "network",
            tr("The network is empty"),
            tr("Drag blocks from the palette, or begin with a network made for your data."),
            tr("Draft for me"),
            name="network.draft",
        )
        self._empty.setParent(self.canvas.viewport())
        self._compact: tuple[bool, bool] | None = None
        self._lay_out()
        self._ring = FocusRing(self)
        self._order_focus()
        self.commands = Commands(self)
        self._connect()
        main.palette_providers.append(self.commands.block_entries)
        self._show_state()
        self.commands.tell_unread()

    # Layout

    def _lay_out(self) -> None:
        middle = QWidget()
        box = QVBoxLayout(middle)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self._rows = splitter(
            Qt.Orientation.Vertical,
            self.canvas,
            self.dock,
            sizes=(600, _DOCK),
            name="network.rows",
        )
        box.addWidget(self.toolbar)
        box.addWidget(rule())
        box.addWidget(self._rows, 1)
        self._left = QStackedWidget(objectName="network.left")
        self._left.addWidget(self.palette_)
        self._left.addWidget(self.outline)
        self._columns = splitter(
            Qt.Orientation.Horizontal,
            self._left,
            middle,
            self.inspector,
            sizes=(WIDE, 856, WIDTH),
            name="network.columns",
        )
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._columns)

    def _order_focus(self) -> None:
        """Let Tab go from the left to the right, and past what only scrolls."""
        for area in self.findChildren(QScrollArea):
            area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        parts = (self._left, self.toolbar, self.canvas, self.dock, self.inspector)
        takers = [
            widget
            for part in parts
            for widget in (part, *part.findChildren(QWidget))
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.focusProxy() is None
            and widget.window() is self.window()
        ]
        for before, behind in pairwise(takers):
            QWidget.setTabOrder(before, behind)
        for bars in (self._rows, self._columns):
            bars.splitterMoved.connect(self._ring.place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        window = self.window()
        compact = (window.width() < _WIDE_FROM, window.height() < _HIGH_FROM)
        if compact != self._compact:
            self._compact = compact
            narrow, low = compact
            self.palette_.set_narrow(narrow)
            dock = _LOW_DOCK if low else _DOCK
            self._fit_left()
            self._rows.setSizes([max(self.height() - 41 - dock, 1), dock])

    def _fit_left(self) -> None:
        """Give the left panel the width that it needs: icons, names, or the outline."""
        narrow = bool(self._compact and self._compact[0])
        icons = narrow and self._left.currentWidget() is self.palette_
        self._left.setMinimumWidth(NARROW if icons else _LEAST_LEFT)
        self._left.setMaximumWidth(NARROW if icons else _MOST_LEFT)
        left, right = NARROW if icons else WIDE, LEAST if narrow else WIDTH
        self._columns.setSizes([left, max(self.width() - left - right, 1), right])

    def toggle_outline(self) -> None:
        """Show the outline in the place of the palette, or the palette again."""
        shown = self._left.isVisible() and self._left.currentWidget() is self.outline
        self._left.setCurrentWidget(self.palette_ if shown else self.outline)
        self._left.show()
        self.toolbar.outline.setChecked(not shown)
        self._fit_left()
        if shown:
            self.canvas.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self.outline.enter()

    def show_palette(self) -> None:
        """Bring the palette into sight, in the place of the outline too."""
        if self._left.currentWidget() is self.outline:
            self.toggle_outline()
        self._left.show()

    def look_inside(self, side: str) -> None:
        """Show the values or the weights of the selected block, with room to see them."""
        self.dock.show()
        rows = self._rows.sizes()
        wanted = min(theme().grown(_INSIDE), sum(rows) // 2)
        if rows[1] < wanted:
            self._rows.setSizes([sum(rows) - wanted, wanted])
        self.dock.show_tab("inside")
        self.dock.inside.look_at(side)

    def help_topic(self) -> tuple[str, str]:
        node = self.editor.single
        return ("layers", node.layer.label) if node is not None else ("network", "")

    def toggle_panel(self, side: str) -> None:
        panels = {"left": self._left, "bottom": self.dock, "right": self.inspector}
        panel = panels[side]
        panel.setVisible(panel.isHidden())

    def shown(self) -> None:
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    # Signals

    def _connect(self) -> None:
        editor, canvas = self.editor, self.canvas
        editor.changed.connect(self._show_state)
        editor.refused.connect(self._refused)
        self.main.settings_closed.connect(editor.look_again)
        editor.level_changed.connect(canvas.fit)
        editor.level_changed.connect(lambda: self.palette_.set_inside(bool(editor.path)))
        self.document.replaced.connect(canvas.fit)
        canvas.zoomed.connect(lambda zoom: self.toolbar.zoom_text.setText(f"{zoom * 100:.0f} %"))
        canvas.looked.connect(self.minimap.place)
        canvas.opened.connect(self._open_block)
        self.palette_.chosen.connect(self.commands.add_after_selection)
        self.palette_.refused.connect(self._refused)
        self.palette_.deleted.connect(self.commands.offer_restore)
        self.outline.opened.connect(self._open_line)
        self.outline.note_opened.connect(canvas.edit_note)
        self.outline.left.connect(partial(canvas.setFocus, Qt.FocusReason.ShortcutFocusReason))
        self.inspector.weights_wanted.connect(partial(self.look_inside, "weights"))
        self._empty.triggered.connect(self.draft)
        canvas.looked.connect(self._place_empty)
        self.toolbar.chip.clicked.connect(self._show_first_problem)
        self.toolbar.zoom_in.clicked.connect(lambda: canvas.set_zoom(canvas.zoom * ZOOM_STEP))
        self.toolbar.zoom_out.clicked.connect(lambda: canvas.set_zoom(canvas.zoom / ZOOM_STEP))
        self.toolbar.zoom_text.clicked.connect(lambda: canvas.set_zoom(1.0))

    def _place_empty(self) -> None:
        """Keep the invitation in the middle of a canvas without blocks."""
        empty = not self.editor.root.nodes and not self.editor.root.notes
        self._empty.setVisible(empty)
        if empty:
            size = self._empty.sizeHint()
            corner = self.canvas.viewport().rect().center()
            self._empty.setGeometry(
                corner.x() - size.width() // 2,
                corner.y() - size.height() // 2,
                size.width(),
                size.height(),
            )

    # State

    def _show_state(self) -> None:
        """Show problems in chip, badge and status bar."""
        whole = self.editor.whole
        found = [
            PageProblem(problem.severity, problem.message, partial(self._go_to_problem, problem))
            for problem in whole.problems
            if problem.severity != "notice"
        ]
        self.set_problems(found)
        errors = len(whole.errors)
        warnings = len(found) - errors
        if errors:
            text = tr("1 problem stops training") if errors == 1 else None
            text = text or tr("{0} problems stop training").format(errors)
            self.toolbar.show_problems(errors, text, "error")
        else:
            text = tr("1 warning") if warnings == 1 else tr("{0} warnings").format(warnings)
            self.toolbar.show_problems(warnings, text, "warning")
        if self.editor.root.nodes:
            count = count_text(whole.parameters)
            self.set_badge("done", tr("{0} parameters").format(count))
        else:
            self.set_badge("none", tr("The network is empty"))

    def _go_to_problem(self, problem: Problem) -> None:
        """Show the block at fault, inside of groups too, or the list when it is none."""
        inside = next((fix.opens for fix in problem.fixes if fix.opens), ())
        address = inside or ((problem.node,) if problem.node else ())
        if not self.go_to_block(address):
            self.main.go(self.page_id)
            self.dock.show_tab("problems")

    def go_to_block(self, address: tuple[str, ...]) -> bool:
        """Bring the page to the front and a block into sight, selected; False when it is gone."""
        if not address or not self.editor.show_block(address):
            return False
        self.main.go(self.page_id)
        self.canvas.center_on(address[-1])
        return True

    def _open_block(self, node_id: str) -> None:
        """Answer a double click on a block: a group is entered, code shown, another renamed."""
        if not self.editor.enter(node_id):
            self.editor.select([node_id])
            if not self.inspector.open_code():
                self.canvas.rename()

    def _open_line(self, address: tuple[str, ...]) -> None:
        """Answer Enter in the outline: enter a group, or go on to the settings of the block."""
        if len(address) > 1:
            self.go_to_block((*self.editor.path, *address))
        elif not self.editor.enter(address[0]):
            self.editor.select(address)
            self.inspector.focus_name()

    def _show_first_problem(self) -> None:
        problems = self.editor.whole.errors or self.editor.whole.problems
        if problems:
            self.dock.show_tab("problems")
            self._go_to_problem(problems[0])

    def _refused(self, sentence: str) -> None:
        self.toasts.show_toast(tr("That is not possible"), sentence, "warning")

    # A network made for the data

    def draft(self) -> None:
        """Let the engine make a starting network for the data."""
        self.jobs.start(
            partial(_draft, self.document.project),
            name="draft_network",
            finished=self._drafted,
            failed=self._not_drafted,
        )

    def _drafted(self, graph: Graph) -> None:
        self.editor.apply_root(tr("Draft network"), graph, select=())
        self.canvas.fit()

    def _not_drafted(self, error: Exception) -> None:
        if isinstance(error, StudioError):
            self._refused(str(error))
        else:
            self.main.show_error(error)


def _draft(project: Project) -> Graph:
    """Run in a job: make a starting network."""
    from modelstudio.engine.projects import draft_network

    return draft_network(project)
