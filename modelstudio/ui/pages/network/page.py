"""The network page: palette, canvas with its toolbar, dock and inspector."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QVBoxLayout, QWidget

from modelstudio.errors import StudioError
from modelstudio.network.graph import Graph
from modelstudio.network.layer import Layer
from modelstudio.project.model import Project
from modelstudio.ui.actions import tr
from modelstudio.ui.pages import Page, PageProblem
from modelstudio.ui.pages.network.canvas import Canvas
from modelstudio.ui.pages.network.dock import Dock
from modelstudio.ui.pages.network.editor import Editor
from modelstudio.ui.pages.network.edits import snapped
from modelstudio.ui.pages.network.inspector import LEAST, WIDTH, Inspector
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT, BLOCK_WIDTH, layer_icon
from modelstudio.ui.pages.network.minimap import Minimap
from modelstudio.ui.pages.network.palette import NARROW, WIDE, Palette
from modelstudio.ui.pages.network.quick_add import QuickAdd
from modelstudio.ui.pages.network.scene import PortRef
from modelstudio.ui.pages.network.zoom_view import ZOOM_STEP
from modelstudio.ui.theme import theme
from modelstudio.ui.widgets import (
    EmptyState,
    PaletteEntry,
    TagButton,
    action_button,
    button,
    count_text,
    icon_button,
    rule,
    splitter,
    toned,
)

if TYPE_CHECKING:
    from modelstudio.ui.main_window import MainWindow

_DOCK, _LOW_DOCK = 216, 144
_WIDE_FROM, _HIGH_FROM = 1360, 800


class NetworkPage(Page):
    """Draw the network; shapes, costs and problems follow every edit."""

    page_id = "network"

    def __init__(self, main: MainWindow):
        super().__init__(main)
        self.editor = Editor(self.document, self)
        self.palette_ = Palette()
        self.canvas = Canvas(self.editor)
        self.minimap = Minimap(self.canvas)
        self.dock = Dock(self.editor, self.canvas.center_on, main)
        self.inspector = Inspector(self.editor, self.document, self.actions_)
        self.quick_add = QuickAdd(self)
        self._empty = EmptyState(
            "network",
            tr("The network is empty"),
            tr("Drag blocks from the palette, or begin with a network made for your data."),
            tr("Draft for me"),
            name="network.draft",
        )
        self._empty.setParent(self.canvas.viewport())
        self._spot: tuple[QPointF, PortRef | None] = (QPointF(), None)
        self._compact: tuple[bool, bool] | None = None
        self._lay_out()
        self._connect()
        self._wire_actions()
        main.palette_providers.append(self._palette_entries)
        self._show_state()

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
        box.addWidget(self._toolbar())
        box.addWidget(self._rows, 1)
        self._columns = splitter(
            Qt.Orientation.Horizontal,
            self.palette_,
            middle,
            self.inspector,
            sizes=(WIDE, 856, WIDTH),
            name="network.columns",
        )
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._columns)

    def _toolbar(self) -> QWidget:
        bar = toned(QFrame(objectName="network.toolbar"), "panel")
        bar.setFixedHeight(theme().size("panelHeader"))
        line = QHBoxLayout(bar)
        line.setContentsMargins(12, 0, 12, 0)
        line.setSpacing(4)
        for action in ("network.quick_add", "network.tidy", "network.note"):
            line.addWidget(action_button(self.actions_[action]))
        line.addStretch(1)
        self.chip = TagButton("", "error", name="network.chip")
        self._zoom_out = icon_button("minus", tr("Zoom out"), "network.zoom_out")
        self.zoom_text = button("100 %", "ghost", name="network.zoom", small=True)
        self.zoom_text.setToolTip(tr("Back to 100 %"))
        self.zoom_text.setMinimumWidth(56)
        self._zoom_in = icon_button("plus", tr("Zoom in"), "network.zoom_in")
        line.addWidget(self.chip)
        line.addSpacing(8)
        divider = rule(vertical=True)
        divider.setFixedHeight(20)
        line.addWidget(divider)
        line.addSpacing(4)
        line.addWidget(self._zoom_out)
        line.addWidget(self.zoom_text)
        line.addWidget(self._zoom_in)
        line.addWidget(action_button(self.actions_["network.fit"], text=False))
        outer = QWidget()
        box = QVBoxLayout(outer)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(bar)
        box.addWidget(rule())
        return outer

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        window = self.window()
        compact = (window.width() < _WIDE_FROM, window.height() < _HIGH_FROM)
        if compact != self._compact:
            self._compact = compact
            narrow, low = compact
            self.palette_.set_narrow(narrow)
            left, right = (NARROW, LEAST) if narrow else (WIDE, WIDTH)
            dock = _LOW_DOCK if low else _DOCK
            self._columns.setSizes([left, max(self.width() - left - right, 1), right])
            self._rows.setSizes([max(self.height() - 41 - dock, 1), dock])

    def toggle_panel(self, side: str) -> None:
        panels = {"left": self.palette_, "bottom": self.dock, "right": self.inspector}
        panel = panels[side]
        panel.setVisible(panel.isHidden())

    def shown(self) -> None:
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)

    # Signals

    def _connect(self) -> None:
        editor, canvas = self.editor, self.canvas
        editor.changed.connect(self._show_state)
        editor.refused.connect(self._refused)
        self.document.replaced.connect(canvas.fit)
        canvas.zoomed.connect(lambda zoom: self.zoom_text.setText(f"{zoom * 100:.0f} %"))
        canvas.looked.connect(self.minimap.place)
        canvas.quick_add_wanted.connect(self._open_quick_add)
        canvas.menu_wanted.connect(self._open_menu)
        self.palette_.chosen.connect(self._add_after_selection)
        self.quick_add.chosen.connect(self._quick_added)
        self._empty.triggered.connect(self.draft)
        canvas.looked.connect(self._place_empty)
        self.chip.clicked.connect(self._show_first_problem)
        self._zoom_in.clicked.connect(lambda: canvas.set_zoom(canvas.zoom * ZOOM_STEP))
        self._zoom_out.clicked.connect(lambda: canvas.set_zoom(canvas.zoom / ZOOM_STEP))
        self.zoom_text.clicked.connect(lambda: canvas.set_zoom(1.0))

    def _wire_actions(self) -> None:
        editor, canvas = self.editor, self.canvas
        commands: dict[str, Callable[[], object]] = {
            "network.quick_add": self._quick_add_in_sight,
            "network.find": self._find,
            "network.duplicate": editor.duplicate,
            "network.delete": editor.delete,
            "network.cut": editor.cut,
            "network.copy": editor.copy,
            "network.paste": editor.paste,
            "network.select_all": editor.select_all,
            "network.toggle": editor.toggle,
            "network.tidy": self._tidy,
            "network.note": self._add_note,
            "network.fit": canvas.fit,
            "network.fit_selection": canvas.fit_selection,
        }
        for action_id, call in commands.items():
            action = self.actions_[action_id]
            action.triggered.connect(lambda _=False, call=call: call())
            if self.actions_.spec(action_id).scope == "context":
                canvas.addAction(action)
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence("/"), self, self.palette_.search.setFocus, context=inside)
        QShortcut(QKeySequence("M"), canvas, self.minimap.toggle, context=inside)
        QShortcut(QKeySequence("F2"), canvas, self.inspector.focus_name, context=inside)

    def _place_empty(self) -> None:
        """Keep the invitation in the middle of a canvas without blocks."""
        empty = not self.editor.graph.nodes and not self.editor.graph.notes
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
        problems = self.editor.analysis.problems
        found = [
            PageProblem(
                problem.severity, problem.message, partial(self._go_to_problem, problem.node)
            )
            for problem in problems
            if problem.severity != "notice"
        ]
        self.set_problems(found)
        errors = len(self.editor.analysis.errors)
        warnings = len(found) - errors
        self.chip.setVisible(bool(found))
        if errors:
            text = tr("1 problem stops training") if errors == 1 else None
            self.chip.set(text or tr("{0} problems stop training").format(errors), "error")
        elif warnings:
            text = tr("1 warning") if warnings == 1 else tr("{0} warnings").format(warnings)
            self.chip.set(text, "warning")
        if self.editor.graph.nodes:
            count = count_text(self.editor.analysis.parameters)
            self.set_badge("done", tr("{0} parameters").format(count))
        else:
            self.set_badge("none", tr("The network is empty"))

    def _go_to_problem(self, node_id: str | None) -> None:
        self.main.go(self.page_id)
        if node_id is not None and node_id in self.editor.graph.nodes:
            self.editor.select([node_id])
            self.canvas.center_on(node_id)
        else:
            self.dock.show_tab("problems")

    def _show_first_problem(self) -> None:
        problems = self.editor.analysis.errors or self.editor.analysis.problems
        if problems:
            self.dock.show_tab("problems")
            self._go_to_problem(problems[0].node)

    def _refused(self, sentence: str) -> None:
        self.toasts.show_toast(tr("That is not possible"), sentence, "warning")

    def _palette_entries(self) -> Iterable[PaletteEntry]:
        """Give the blocks to the command palette."""
        return [
            PaletteEntry(
                node.name,
                tr("Blocks"),
                partial(self._go_to_problem, node.id),
                layer_icon(node.layer),
                node.layer.label,
            )
            for node in self.editor.graph.nodes.values()
        ]

    # Commands

    def _find(self) -> None:
        self.main.palette_.open_with(list(self._palette_entries()))

    def _add_after_selection(self, layer: type[Layer]) -> None:
        self.editor.add_after_selection(layer, self._middle())
        self._bring_into_sight()

    def _middle(self) -> tuple[float, float]:
        seen = self.canvas.seen().center()
        return snapped(seen.x() - BLOCK_WIDTH / 2, seen.y() - BLOCK_HEIGHT / 2)

    def _bring_into_sight(self) -> None:
        if self.editor.single is not None:
            self.canvas.center_on(self.editor.single.id)

    def _quick_add_in_sight(self) -> None:
        """Open quick add below the toolbar's button; what is chosen goes behind the selection."""
        self._spot = (QPointF(*self._middle()), None)
        where = self.canvas.viewport().mapToGlobal(QPoint(12, 12))
        self.quick_add.open_at(where, self._shape_behind_selection())

    def _open_quick_add(self, point: QPointF, port: PortRef | None) -> None:
        self._spot = (point, port)
        shape, before = self._shape_behind_selection(), False
        if port is not None:
            before = port.kind == "input"
            shape = None if before else self.canvas.network_scene.shape_at(port)
        where = self.canvas.viewport().mapToGlobal(self.canvas.mapFromScene(point))
        self.quick_add.open_at(where, shape, before=before)

    def _shape_behind_selection(self) -> tuple[int | str, ...] | None:
        node = self.editor.single
        outputs = self.editor.info(node.id).outputs if node is not None else ()
        return outputs[0] if outputs else None

    def _quick_added(self, layer: type[Layer]) -> None:
        point, port = self._spot
        if port is not None:
            x = point.x() - BLOCK_WIDTH / 2
            y = point.y() if port.kind == "output" else point.y() - BLOCK_HEIGHT
            self.editor.connect_new(layer, (port.node, port.port), port.kind, snapped(x, y))
        else:
            x, y = point.x() - BLOCK_WIDTH / 2, point.y() - BLOCK_HEIGHT / 2
            self.editor.add_after_selection(layer, snapped(x, y))
        self.canvas.setFocus(Qt.FocusReason.OtherFocusReason)
        self._bring_into_sight()

    def _open_menu(self, where: QPoint, point: QPointF) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        node = self.editor.single
        for problem in self.editor.analysis.problems:
            if node is not None and problem.node == node.id:
                for fix in problem.fixes:
                    chosen = menu.addAction(fix.label)
                    chosen.triggered.connect(partial(self.editor.fix, problem, fix))
        menu.addSeparator()
        add = menu.addAction(self.actions_["network.quick_add"].icon(), tr("Add block"))
        add.triggered.connect(partial(self._open_quick_add, point, None))
        menu.addSeparator()
        ids = ["network.paste", "network.select_all", "network.tidy", "network.note", "network.fit"]
        if self.editor.selection or self.editor.edge is not None:
            ids = ["network.duplicate", "network.cut", "network.copy", "network.paste"]
            ids += ["network.toggle", "network.fit_selection", "network.delete"]
        for action_id in ids:
            menu.addAction(self.actions_[action_id])
        menu.popup(where)

    def _tidy(self) -> None:
        self.editor.tidy()
        self.canvas.fit()

    def _add_note(self) -> None:
        point = self.canvas.pointer()
        note_id = self.editor.add_note(snapped(point.x(), point.y()))
        self.canvas.edit_note(note_id)

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
        self.editor.apply(tr("Draft network"), graph, select=())
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
