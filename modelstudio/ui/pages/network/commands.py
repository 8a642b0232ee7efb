"""What the commands of the network page do: each action, key and menu ends here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QShortcut

from modelstudio.errors import StudioError
from modelstudio.network.graph import Edge
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network import arrange
from modelstudio.ui.pages.network.edits import snapped
from modelstudio.ui.pages.network.fitting import Values
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT, BLOCK_WIDTH, layer_icon
from modelstudio.ui.pages.network.menus import ALIGNMENTS, DIRECTIONS, BlockMenu
from modelstudio.ui.pages.network.my_blocks import SavedBlock, my_blocks
from modelstudio.ui.pages.network.overlays import FixMenu
from modelstudio.ui.pages.network.picture import (
    PictureDialog,
    PictureScene,
    ask_path,
    write_picture,
)
from modelstudio.ui.pages.network.quick_add import Place
from modelstudio.ui.pages.network.scene import PortRef
from modelstudio.ui.pages.network.search import Stock
from modelstudio.ui.pages.network.wiring import wire_entries
from modelstudio.ui.widgets import PaletteEntry

if TYPE_CHECKING:
    from modelstudio.ui.pages.network.page import NetworkPage


class Commands(QObject):
    """Ties the actions of the page to editor, canvas and outline."""

    def __init__(self, page: NetworkPage):
        super().__init__(page)
        self._page = page
        self._editor, self._canvas = page.editor, page.canvas
        self._spot: tuple[QPointF | None, PortRef | None] = (None, None)
        self._wire_up()
        page.canvas.quick_add_wanted.connect(self.quick_add_at)
        page.canvas.tapped.connect(self.quick_add_at_pointer)
        page.canvas.menu_wanted.connect(self.open_menu)
        page.quick_add.chosen.connect(self._quick_added)
        page.outline.add_wanted.connect(self.quick_add)
        page.outline.tree.customContextMenuRequested.connect(self._outline_menu)
        page.inspector.menu_wanted.connect(lambda where: self.open_menu(where, None))

    def _wire_up(self) -> None:
        page, editor, canvas = self._page, self._editor, self._canvas
        commands: dict[str, Callable[[], object]] = {
            "quick_add": self.quick_add,
            "find": self._find,
            "duplicate": editor.duplicate,
            "delete": editor.delete,
            "cut": editor.cut,
            "copy": editor.copy,
            "paste": self._paste,
            "select_all": editor.select_all,
            "toggle": editor.toggle,
            "freeze": editor.toggle_frozen,
            "group": editor.group,
            "ungroup": editor.ungroup,
            "open_group": self._open_group,
            "leave_group": editor.leave,
            "save_block": self._save_block,
            "rename": self._rename,
            "fix": self._repair,
            "wire_to": partial(self._choose_wire, "output"),
            "wire_from": partial(self._choose_wire, "input"),
            "move_up": partial(self._move_in_chain, -1),
            "move_down": partial(self._move_in_chain, 1),
            "tidy": self._tidy,
            "note": self._add_note,
            "fit": canvas.fit,
            "fit_selection": canvas.fit_selection,
            "look_inside": partial(page.look_inside, "values"),
            "heat": page.dock.heat.step,
            "minimap": page.minimap.toggle,
            "outline": page.toggle_outline,
            "export_picture": self._export_picture,
            **{f"align_{how}": partial(self._align, how) for how in ALIGNMENTS},
            **{f"distribute_{how}": partial(self._distribute, how) for how in DIRECTIONS},
        }
        for name, call in commands.items():
            action = page.actions_[f"network.{name}"]
            action.triggered.connect(lambda _=False, call=call: call())
            if page.actions_.spec(action.objectName()).scope == "context":
                canvas.addAction(action)
                page.outline.addAction(action)
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence("/"), page, self._search_blocks, context=inside)

    # Adding

    def _search_blocks(self) -> None:
        """Search the palette, or ask for a block where the palette is folded or away."""
        search = self._page.palette_.search
        if search.isVisible():
            search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self.quick_add()

    def quick_add(self) -> None:
        """Ask for a block in the corner of the canvas; it goes behind the selection."""
        self._spot = (None, None)
        corner = self._page.canvas.viewport().mapToGlobal(QPoint(12, 12))
        if self._page.outline.tree.hasFocus():
            corner = self._page.outline.line_corner()
        self._open_list(corner, self._behind_selection())

    def quick_add_at_pointer(self, point: QPointF) -> None:
        """Ask for a block where the pointer is; with a selection, it still goes behind that."""
        self.quick_add_at(point, None)
        if self._editor.single is not None or self._editor.edge is not None:
            self._spot = (None, None)

    def quick_add_at(self, point: QPointF, port: PortRef | None) -> None:
        """Ask for a block at a place of the canvas, or for the loose end of a wire."""
        self._spot = (point, port)
        place = self._behind_selection()
        if port is not None:
            layer = self._editor.graph.nodes[port.node].layer
            place = Place(feeds=layer, wired=True)
            if port.kind == "output":
                place = self._behind(port.node, port.port, wired=True)
        where = self._canvas.viewport().mapToGlobal(self._canvas.mapFromScene(point))
        self._open_list(where, place)

    def _open_list(self, where: QPoint, place: Place) -> None:
        self._page.quick_add.open_at(where, place._replace(inside=bool(self._editor.path)))

    def _behind_selection(self) -> Place:
        node, edge = self._editor.single, self._editor.edge
        if edge is not None:
            return self._behind(edge.source, edge.source_port)
        outputs = node.layer.output_ports() if node is not None else ()
        return self._behind(node.id, outputs[0].name) if node and outputs else Place()

    def _behind(self, node_id: str, port: str, *, wired: bool = False) -> Place:
        graph = self._editor.graph
        values = Values(graph, self._editor.analysis, self._editor.fields)
        layer = graph.nodes[node_id].layer
        return Place(values.shape(node_id, port), values.ids(node_id), layer, wired=wired)

    def _quick_added(self, layer: Stock) -> None:
        point, port = self._spot
        if point is None:
            self.add_after_selection(layer)
            return
        x, y = point.x() - BLOCK_WIDTH / 2, point.y() - BLOCK_HEIGHT / 2
        if port is not None:
            y = point.y() if port.kind == "output" else point.y() - BLOCK_HEIGHT
            self._editor.connect_new(layer, (port.node, port.port), port.kind, snapped(x, y))
        elif (end := self._open_end()) is not None:
            self._editor.connect_new(layer, end, "output", snapped(x, y))
        else:
            self._editor.add_after_selection(layer, snapped(x, y))
        self._show_selected()

    def _open_end(self) -> tuple[str, str] | None:
        """Return the output of the selected block, when nothing hangs on it yet."""
        node = self._editor.single
        if node is None or self._editor.graph.outgoing[node.id]:
            return None
        ports = node.layer.output_ports()
        return (node.id, ports[0].name) if ports else None

    def add_after_selection(self, layer: Stock) -> None:
        """Add a block behind the selected one, or in the middle of what is seen."""
        seen = self._canvas.seen().center()
        middle = snapped(seen.x() - BLOCK_WIDTH / 2, seen.y() - BLOCK_HEIGHT / 2)
        self._editor.add_after_selection(layer, middle)
        self._show_selected()

    def _paste(self) -> None:
        self._editor.paste()
        self._show_selected()

    def _show_selected(self) -> None:
        bounds = self._canvas.network_scene.bounds(self._editor.selection)
        if not bounds.isEmpty() and not self._canvas.in_sight(bounds):
            self._canvas.look_at(bounds.center())

    def _add_note(self) -> None:
        point = self._canvas.pointer()
        note_id = self._editor.add_note(snapped(point.x(), point.y()))
        self._canvas.edit_note(note_id)

    def note_colors(self) -> set[str]:
        """Return the colours of the selected notes."""
        chosen = self._editor.selection
        return {note.color for note in self._editor.graph.notes if note.id in chosen}

    def color_notes(self, color: str) -> None:
        """Give the selected notes a colour."""
        graph, chosen = self._editor.graph, self._editor.selection
        if self.note_colors() <= {color}:
            return
        notes = (replace(n, color=color) if n.id in chosen else n for n in graph.notes)
        self._editor.apply(tr("Colour note"), graph.with_notes(notes))

    # Finding and wiring

    def block_entries(self) -> Iterator[PaletteEntry]:
        """Give the blocks to the command palette."""
        for node in self._editor.graph.nodes.values():
            address = (*self._editor.path, node.id)
            go, icon = partial(self._page.go_to_block, address), layer_icon(node.layer)
            yield PaletteEntry(node.name, tr("Blocks"), go, icon, node.layer.label)

    def _find(self) -> None:
        self._page.main.palette_.open_with(self.block_entries(), tr("Find a block"))

    def _choose_wire(self, kind: Literal["input", "output"]) -> None:
        """List the ports to which the selected block may be wired, and the wires that it has."""
        node = self._editor.single
        if node is None:
            self._editor.refused.emit(tr("Select one block to wire."))
            return
        entries = wire_entries(self._editor, node, kind, self._wire)
        if not entries:
            text = tr("{0} feeds nothing.") if kind == "output" else tr("Nothing feeds {0}.")
            self._editor.refused.emit(text.format(node.name))
            return
        asked = tr("Wire {0} to...") if kind == "output" else tr("Wire {0} from...")
        self._page.main.palette_.open_with(entries, asked.format(node.name))

    def _wire(self, edge: Edge) -> None:
        """Draw a wire; where it would not fit, offer what would help."""
        problem = self._editor.misfit(edge)
        if problem is None:
            self._editor.wire(edge)
            return
        point = self._canvas.network_scene.port_point(
            PortRef(edge.target, edge.target_port, "input")
        )
        self._canvas.center_on(edge.target)
        self._canvas.offer_repairs(edge, None, problem, point or QPointF())

    # Arranging

    def _align(self, how: arrange.Alignment) -> None:
        self._place(tr("Align {0}").format(tr(how)), partial(arrange.aligned, how=how), 2)

    def _distribute(self, how: arrange.Direction) -> None:
        self._place(tr("Distribute {0}").format(tr(how)), partial(arrange.distributed, how=how), 3)

    def _place(
        self,
        label: str,
        arranged: Callable[[dict[str, arrange.Spot]], dict[str, tuple[float, float]]],
        least: int,
    ) -> None:
        graph = self._editor.graph
        items = arrange.spots(graph, self._editor.selection)
        if len(items) < least:
            self._editor.refused.emit(tr("Select {0} blocks or more.").format(least))
            return
        self._editor.apply(label, graph.move(arranged(items)))

    def _move_in_chain(self, step: Literal[-1, 1]) -> None:
        node = self._editor.single
        if node is None:
            return
        graph = arrange.swapped(self._editor.graph, node.id, step)
        if graph is None:
            text = tr("{0} cannot move: it needs a single neighbour on that side of its chain.")
            self._editor.refused.emit(text.format(node.name))
            return
        text = tr("Move {0} up the chain") if step < 0 else tr("Move {0} down the chain")
        self._editor.apply(text.format(node.name), graph)

    def _tidy(self) -> None:
        self._editor.tidy()
        self._canvas.fit()

    def _open_group(self) -> None:
        node = self._editor.single
        if node is None or not self._editor.enter(node.id):
            self._editor.refused.emit(tr("Select one group to open."))

    def _save_block(self) -> None:
        """Keep the selected block in My blocks, and let it be named there."""
        node = self._editor.single
        if node is None:
            self._editor.refused.emit(tr("Select one block or group to save."))
            return
        try:
            name = my_blocks().free_name(node.name)
            block = my_blocks().save(name, self._editor.graph, node.id, self._editor.path)
        except StudioError as error:
            self._editor.refused.emit(str(error))
            return
        self._page.show_palette()
        self._page.palette_.name_block(block)

    def offer_restore(self, block: SavedBlock) -> None:
        """Tell that a saved block is gone, and offer to have it back."""
        self._page.toasts.show_toast(
            tr("{0} is no longer among your blocks").format(block.name),
            tr("Networks that use it keep theirs."),
            "info",
            tr("Undo"),
            partial(my_blocks().restore, block),
        )

    def tell_unread(self) -> None:
        """Tell of files in the folder of My blocks that are none."""
        if unread := my_blocks().unread:
            title = tr("Some of your blocks could not be read")
            self._page.toasts.show_toast(title, "\n".join(unread), "warning")

    def _repair(self) -> None:
        """Mend the selected block, or the first that can be; several repairs are a choice."""
        editor, node = self._editor, self._editor.single
        problem = next(
            (
                problem
                for problem in editor.analysis.problems
                if problem.fixes and (node is None or problem.node == node.id)
            ),
            None,
        )
        if problem is None:
            name = node.name if node is not None else tr("the network")
            editor.refused.emit(tr("No fix is known for {0}.").format(name))
        elif len(problem.fixes) == 1:
            editor.fix(problem, problem.fixes[0])
        else:
            menu = FixMenu(problem, problem.fixes, self._page)
            menu.chosen.connect(editor.fix)
            self._canvas.foresight.watch_menu(menu)
            block = self._canvas.network_scene.blocks.get(problem.node or "")
            rect = self._canvas.screen_rect(block.area) if block else self._canvas.rect()
            menu.popup(self._canvas.viewport().mapToGlobal(rect.center()))

    def _rename(self) -> None:
        if self._page.outline.tree.hasFocus():
            self._page.outline.rename()
        else:
            self._canvas.rename()

    # Menus and files

    def open_menu(self, where: QPoint, point: QPointF | None) -> None:
        """Open the menu for what is selected, at a place on the screen."""
        BlockMenu(self._page, point).popup(where)

    def _outline_menu(self, where: QPoint) -> None:
        self.open_menu(self._page.outline.tree.viewport().mapToGlobal(where), None)

    def _export_picture(self) -> None:
        page, editor = self._page, self._editor
        wanted = PictureDialog.ask(page.main)
        if wanted is None:
            return
        path = ask_path(page.main, page.document.name, wanted.kind)
        if path is None:
            return
        scene = PictureScene(editor.graph, editor.analysis, editor.target_text, editor.path)
        try:
            write_picture(scene, path, wanted, page.document.name)
        except (StudioError, OSError) as error:
            text = str(error) if isinstance(error, StudioError) else error.strerror or str(error)
            page.toasts.show_toast(tr("The picture could not be written"), text, "error")
        else:
            page.toasts.show_toast(tr("Picture written"), str(path), "success")
