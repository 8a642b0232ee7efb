"""The commands of the network page: each makes one labelled edit of the document."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication

from modelstudio.errors import StudioError
from modelstudio.network.analysis import Fix, Problem
from modelstudio.network.graph import Edge, Graph, Note, Position
from modelstudio.network.group import Group
from modelstudio.network.grouping import collapse, ungroup
from modelstudio.network.layer import Layer
from modelstudio.network.levels import level, with_level
from modelstudio.ui.actions import tr
from modelstudio.ui.pages.network import edits
from modelstudio.ui.pages.network.arrange import free_offset
from modelstudio.ui.pages.network.catalogue import misplaced
from modelstudio.ui.pages.network.look import GRID
from modelstudio.ui.pages.network.my_blocks import SavedBlock
from modelstudio.ui.pages.network.search import Stock
from modelstudio.ui.pages.network.sight import Sight
from modelstudio.ui.pages.network.units import blocks_text

_BESIDE = (176.0, 0.0)
"""From a block to its copy, on the canvas."""


class Editor(Sight):
    """The edits of the level in sight.

    ``refused`` gives the sentence of an edit that is not possible.
    """

    refused = Signal(str)

    # Edits

    def apply(
        self,
        label: str,
        graph: Graph,
        *,
        merge_key: str | None = None,
        select: Collection[str] | None = None,
    ) -> None:
        """Put ``graph`` in the place of the level in sight."""
        if merge_key is not None:
            merge_key = "/".join((*self.path, merge_key))
        self.apply_root(label, with_level(self.root, self.path, graph), merge_key, select)

    def apply_root(
        self,
        label: str,
        root: Graph,
        merge_key: str | None = None,
        select: Collection[str] | None = None,
    ) -> None:
        """Make ``root`` the network of the project."""
        project = self._document.project
        self._document.edit(label, project.changed(network=root), merge_key)
        if select is not None:
            self.select(select)

    def add(self, layer: Stock, position: Position, edge: Edge | None = None) -> None:
        """Add a block, inside a wire if one is given."""
        if self._refuses(layer):
            return
        made = self._made(layer)
        if edge is not None and made.input_ports() and made.output_ports():
            graph, node = edits.insert_on(self.graph, made, edge, position)
            self._added(tr("Insert {0}"), layer, graph, node.id)
            return
        node = edits.new_node(self.graph, made, position)
        self._added(tr("Add {0}"), layer, self.graph.add(node), node.id)

    def _refuses(self, layer: Stock) -> bool:
        """Tell whether a block does not belong to the level in sight, and say so."""
        reason = misplaced(layer, inside=bool(self.path))
        if reason:
            self.refused.emit(reason)
        return bool(reason)

    def _made(self, layer: Stock) -> Layer:
        """Return the layer of a block that is about to get the next free id."""
        if isinstance(layer, SavedBlock):
            return layer.layer_at((*self.path, self.graph.free_id()))
        return layer()

    def _added(self, label: str, layer: Stock, graph: Graph, node_id: str) -> None:
        """Take a graph with a new block; one that was saved is named after what it is called."""
        if isinstance(layer, SavedBlock):
            name = graph.free_name(layer.stem)
            graph = graph.put(replace(graph.nodes[node_id], name=name))
        self.apply(label.format(graph.nodes[node_id].name), graph, select=[node_id])

    def add_after_selection(self, layer: Stock, fallback: Position) -> None:
        """Add a block behind the selected one and wire it; without a selection, freely."""
        if self._refuses(layer):
            return
        made = self._made(layer)
        if self.edge is not None and made.input_ports() and made.output_ports():
            source = self.graph.nodes[self.edge.source].position
            target = self.graph.nodes[self.edge.target].position
            middle = edits.snapped((source[0] + target[0]) / 2, (source[1] + target[1]) / 2)
            graph, node = edits.insert_on(self.graph, made, self.edge, middle)
        elif self.single is not None:
            graph, node = edits.add_after(self.graph, made, self.single.id)
        else:
            node = edits.new_node(self.graph, made, edits.free_position(self.graph, fallback))
            graph = self.graph.add(node)
        self._added(tr("Add {0}"), layer, graph, node.id)

    def connect_new(
        self, layer: Stock, port: tuple[str, str], kind: str, position: Position
    ) -> None:
        """Add a block at the loose end of a wire that comes from ``port``."""
        if self._refuses(layer):
            return
        join = edits.connect_new if kind == "output" else edits.connect_before
        graph, node = join(self.graph, self._made(layer), port, position)
        self._added(tr("Add {0}"), layer, graph, node.id)

    def wire(self, edge: Edge, instead_of: Edge | None = None, fix: Fix | None = None) -> None:
        """Draw a wire; ``instead_of`` is the one whose end was moved, ``fix`` makes it fit."""
        graph = self.graph if instead_of is None else self.graph.disconnect(instead_of)
        reason = graph.refusal(edge)
        if reason:
            self.refused.emit(reason)
            return
        source, target = graph.nodes[edge.source].name, graph.nodes[edge.target].name
        label, wired = tr("Wire {0} to {1}").format(source, target), graph.connect(edge)
        if fix is None:
            self.apply(label, wired)
        else:
            self._repair(f"{label}: {fix.label}", wired, fix, edge.target)

    def misfit(self, edge: Edge, instead_of: Edge | None = None) -> Problem | None:
        """Return what would be wrong with the value of a wire that may be drawn."""
        graph = self.graph if instead_of is None else self.graph.disconnect(instead_of)
        problems = self.analysed(graph.connect(edge)).problems
        return next((p for p in problems if p.edge == edge and p.node == edge.target), None)

    def unwire(self, edge: Edge) -> None:
        """Remove a wire."""
        source, target = self.graph.nodes[edge.source].name, self.graph.nodes[edge.target].name
        label = tr("Unwire {0} from {1}").format(target, source)
        self.apply(label, self.graph.disconnect(edge))

    def move(self, positions: Mapping[str, Position], onto: Edge | None = None) -> None:
        """Move blocks and notes; a single block without wires may land in a wire."""
        graph = self.graph.move(positions)
        if onto is not None and len(positions) == 1:
            graph = edits.put_on(graph, next(iter(positions)), onto)
        self.apply(tr("Move {0}").format(self._called(positions)), graph)

    def nudge(self, dx: int, dy: int) -> None:
        """Move the selection by steps of the grid; a row of nudges is one undo step."""
        places = {node.id: node.position for node in self.nodes}
        places |= {n.id: n.position for n in self.graph.notes if n.id in self.selection}
        if places:
            moved = {key: (x + dx * GRID, y + dy * GRID) for key, (x, y) in places.items()}
            key = "nudge:" + ",".join(sorted(moved))
            label = tr("Move {0}").format(self._called(moved))
            self.apply(label, self.graph.move(moved), merge_key=key)

    def delete(self) -> None:
        """Remove what is selected and heal the chain."""
        if self.edge is not None:
            self.unwire(self.edge)
        elif self.selection:
            label = tr("Delete {0}").format(self._called(self.selection))
            self.apply(label, edits.delete(self.graph, self.selection))

    def toggle(self) -> None:
        """Switch the selected blocks off, or on when they are all off."""
        nodes = self.nodes
        if nodes:
            on = not any(node.enabled for node in nodes)
            label = tr("Switch {0} on") if on else tr("Switch {0} off")
            graph = edits.change_nodes(
                self.graph, (node.id for node in nodes), lambda node: replace(node, enabled=on)
            )
            self.apply(label.format(self._called(self.selection)), graph)

    def freeze(self, frozen: bool) -> None:
        """Keep the weights of the selected blocks fixed, or let them train."""
        label = tr("Freeze {0}") if frozen else tr("Unfreeze {0}")
        graph = edits.change_nodes(
            self.graph, (n.id for n in self.nodes), lambda node: replace(node, frozen=frozen)
        )
        self.apply(label.format(self._called(self.selection)), graph)

    def toggle_frozen(self) -> None:
        """Freeze the selected blocks, or let them train when they are all frozen."""
        if nodes := self.nodes:
            self.freeze(not all(node.frozen for node in nodes))

    def set_field(self, field: str, value: Any) -> None:
        """Set a field of the selected blocks."""
        nodes = self.nodes
        label = tr("Set {0} of {1}").format(
            field.replace("_", " "), self._called(node.id for node in nodes)
        )
        key = f"field:{field}:" + ",".join(node.id for node in nodes)
        try:
            graph = edits.change_nodes(
                self.graph,
                (node.id for node in nodes),
                lambda node: replace(node, layer=node.layer.changed(**{field: value})),
            )
        except StudioError as error:
            self.refused.emit(str(error))
            return
        self.apply(label, graph, merge_key=key)

    def rename(self, node_id: str, name: str) -> str:
        """Give a block another name; return why not, or nothing."""
        node = self.graph.nodes[node_id]
        if name == node.name:
            return ""
        try:
            graph = self.graph.put(replace(node, name=name))
        except StudioError as error:
            return str(error)
        self.apply(tr("Rename {0} to {1}").format(node.name, name), graph)
        return ""

    def tidy(self) -> None:
        """Place all blocks automatically."""
        if self.graph.nodes:
            self.apply(tr("Tidy"), self._tidied(self.graph))

    def fix(self, problem: Problem, fix: Fix) -> None:
        """Repair a problem, or show where it is inside of a group.

        What was added finds its place in the same undo step.
        """
        if fix.opens:
            self.show_block((*self.path, *fix.opens))
            return
        self._repair(fix.label, self.graph, fix, problem.node)

    def _repair(self, label: str, graph: Graph, fix: Fix, node: str | None) -> None:
        try:
            graph = fix.apply(graph)
        except StudioError as error:
            self.refused.emit(str(error))
            return
        fresh = [key for key in graph.nodes if key not in self.graph.nodes]
        for node_id in fresh:
            graph = edits.settled(graph, node_id)
        self.apply(label, graph, select=fresh or [key for key in graph.nodes if key == node])

    @staticmethod
    def _tidied(graph: Graph) -> Graph:
        from modelstudio.network.layout import arrange

        return graph.move(arrange(graph))

    # Groups

    def group(self) -> None:
        """Put the selected blocks into a group."""
        name = self.graph.free_name(Group.stem)
        try:
            root, group_id = collapse(self.root, self.selection, name, self.path)
        except StudioError as error:
            self.refused.emit(str(error))
            return
        label = tr("Group {0}").format(self._called(self.selection))
        self.apply_root(label, root, select=[group_id])

    def ungroup(self) -> None:
        """Put the blocks of the selected groups in their place."""
        groups = [node for node in self.nodes if isinstance(node.layer, Group)]
        if not groups:
            self.refused.emit(tr("Select a group to take apart."))
            return
        root = self.root
        try:
            for node in groups:
                root = ungroup(root, node.id, self.path)
        except StudioError as error:
            self.refused.emit(str(error))
            return
        label = tr("Ungroup {0}").format(self._called(node.id for node in groups))
        fresh = level(root, self.path).nodes.keys() - self.graph.nodes.keys()
        self.apply_root(label, root, select=fresh)

    # Notes

    def add_note(self, position: Position) -> str:
        """Put an empty note on the canvas and return its id."""
        note = Note(self.graph.free_id(), "", position)
        self.apply(tr("Add note"), edits.put_note(self.graph, note), select=[note.id])
        return note.id

    def change_note(self, note: Note, label: str) -> None:
        """Take a new text or size of a note."""
        self.apply(label, edits.put_note(self.graph, note))

    # Copies

    def duplicate(self) -> None:
        """Copy the selection beside it."""
        if self.selection:
            part = Graph.from_dict(edits.to_fragment(self.graph, self.selection, self.path))
            away = free_offset(self.graph, part, _BESIDE)
            graph, new = edits.paste(self.graph, part, away, path=self.path)
            label = tr("Duplicate {0}").format(self._called(self.selection))
            self.apply(label, graph, select=new)

    def copy(self) -> None:
        """Put the selection on the clipboard, as text.

        Data of our own kind would be destroyed after Python has gone, which crashes.
        """
        if self.selection:
            part = edits.to_fragment(self.graph, self.selection, self.path)
            QGuiApplication.clipboard().setText(json.dumps(part))

    def cut(self) -> None:
        """Copy the selection and delete it."""
        if self.selection:
            self.copy()
            label = tr("Cut {0}").format(self._called(self.selection))
            self.apply(label, edits.delete(self.graph, self.selection))

    def paste(self, at: Position | None = None) -> None:
        """Add what is on the clipboard: at a place, or where it was or beside that."""
        text = QGuiApplication.clipboard().text()
        if not text:
            self.refused.emit(tr("The clipboard holds no blocks. Copy some first."))
            return
        reasons: dict[str, str] = {}
        try:
            part = Graph.from_dict(json.loads(text))
            reasons = self._misplaced(part)
            part = part.remove(reasons)
            away = free_offset(self.graph, part, _BESIDE)
            graph, new = edits.paste(self.graph, part, away, at, self.path)
        except (ValueError, RecursionError, StudioError):
            empty = tr("The clipboard holds no blocks. Copy some first.")
            self.refused.emit(next(iter(reasons.values()), empty))
            return
        self.apply(tr("Paste {0}").format(blocks_text(len(new))), graph, select=new)
        if reasons:
            said = " ".join(dict.fromkeys(reasons.values()))
            self.refused.emit(tr("{0} The rest was pasted.").format(said))

    def _misplaced(self, part: Graph) -> dict[str, str]:
        """Say of blocks why they do not belong to the level in sight, by id."""
        found = {
            key: misplaced(type(node.layer), inside=bool(self.path))
            for key, node in part.nodes.items()
        }
        return {key: reason for key, reason in found.items() if reason}

    def _called(self, ids: Any) -> str:
        """Name things for an undo label: a block by its name, several by their number."""
        keys = list(ids)
        if len(keys) == 1:
            node = self.graph.nodes.get(keys[0])
            return node.name if node else tr("note")
        return blocks_text(len(keys))
