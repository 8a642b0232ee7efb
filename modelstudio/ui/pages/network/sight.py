"""What of the network is in sight: the level, what is known of it, and what of it is selected."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QObject, Signal

from modelstudio.network.analysis import Analysis, NodeInfo
from modelstudio.network.check import analyse_within
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.group import Group
from modelstudio.network.levels import LevelPath, block_at, level, reachable, with_level
from modelstudio.network.shapes import Fallback
from modelstudio.recipe.fields import FieldSpec
from modelstudio.ui.actions import tr
from modelstudio.ui.document import Document
from modelstudio.ui.pages.network import edits

Selection = frozenset[str]
"""Ids of the selected blocks and notes."""


class Sight(QObject):
    """The network of the document: as a whole, and the level of it that is looked at.

    ``graph`` and ``analysis`` are those of the level at the end of ``path``, which is the network
    itself or the inside of a group; ``root`` and ``whole`` those of the network. ``changed`` comes
    after every edit, undo, redo and change of level, with all of them in step; ``level_changed``
    after it, when another level is in sight.
    """

    changed = Signal()
    selection_changed = Signal()
    level_changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None):
        super().__init__(parent)
        self._document = document
        self._fields = document.project.data.fields
        self.root: Graph = document.project.network
        self.path: LevelPath = ()
        self.graph = self.root
        self.fallback: Fallback | None = None
        self.whole, self.analysis = analyse_within(self.root, (), self._fields)
        self.selection: Selection = frozenset()
        self.edge: Edge | None = None
        document.changed.connect(self._follow)
        document.replaced.connect(self._begin_anew)

    def _begin_anew(self) -> None:
        self.selection, self.edge = frozenset(), None  # ids of another project mean other blocks
        self._take_over(())
        self.selection_changed.emit()

    def _follow(self) -> None:
        self._take_over(self.path)

    def _take_over(self, wanted: LevelPath) -> None:
        """Follow the document; what does not bear on shapes is not analysed again."""
        project = self._document.project
        root, fields = project.network, project.data.fields
        path = reachable(root, wanted)
        elsewhere = path != self.path
        if root is self.root and fields is self._fields and not elsewhere:
            return
        if elsewhere or fields is not self._fields or not edits.same_structure(self.root, root):
            self.whole, self.analysis = analyse_within(root, path, fields, self.fallback)
        self.root, self.path, self._fields = root, path, fields
        self.graph = graph = level(root, path)
        present = set() if elsewhere else {*graph.nodes, *(note.id for note in graph.notes)}
        kept = self.selection & present
        edge = self.edge if self.edge in graph.edges and not elsewhere else None
        reduced = (kept, edge) != (self.selection, self.edge)
        self.selection, self.edge = kept, edge
        self.changed.emit()
        if reduced:
            self.selection_changed.emit()
        if elsewhere:
            self.level_changed.emit()

    # Levels

    def go_to_level(self, path: LevelPath) -> None:
        """Look at another level; of one that is left for a level around it, the group is chosen."""
        left = self.path
        self._take_over(path)
        if self.path != left and left[: len(self.path)] == self.path:
            self.select([left[len(self.path)]])

    def enter(self, node_id: str) -> bool:
        """Look inside a group; return False when the block is none."""
        node = self.graph.nodes.get(node_id)
        if node is None or not isinstance(node.layer, Group):
            return False
        self.go_to_level((*self.path, node_id))
        return True

    def leave(self) -> None:
        """Look at the level around this one."""
        if self.path:
            self.go_to_level(self.path[:-1])

    def show_block(self, address: LevelPath) -> bool:
        """Look at the level of a block and select it; return False when it is gone."""
        if block_at(self.root, address) is None:
            return False
        self.go_to_level(address[:-1])
        self.select(address[-1:])
        return True

    def trail(self) -> tuple[tuple[str, LevelPath], ...]:
        """Return the levels that lead here from the network, each with its name and path."""
        found: list[tuple[str, LevelPath]] = [(tr("Network"), ())]
        graph = self.root
        for depth, group_id in enumerate(self.path):
            node = graph.nodes[group_id]
            found.append((node.name, self.path[: depth + 1]))
            graph = level(graph, (group_id,))
        return tuple(found)

    # What is known

    @property
    def fields(self) -> tuple[FieldSpec, ...]:
        """Fields of the data that Input and Output blocks refer to."""
        return self._fields

    @property
    def target_text(self) -> str:
        """What the data's only target is: its name, or how many classes; else empty."""
        targets = [field for field in self._fields if field.role == "target"]
        if len(targets) != 1:
            return ""
        classes = len(targets[0].classes)
        return tr("{0} classes").format(classes) if classes else targets[0].name

    def info(self, node_id: str) -> NodeInfo:
        """Return what is known of a block."""
        return self.analysis.nodes.get(node_id) or NodeInfo(state="waiting")

    def analysed(self, graph: Graph) -> Analysis:
        """Return what would be known of another graph in the place of this level."""
        root = with_level(self.root, self.path, graph)
        return analyse_within(root, self.path, self._fields, self.fallback)[1]

    def look_again(self) -> None:
        """Analyse the network once more, after more can be known of it than before."""
        found = analyse_within(self.root, self.path, self._fields, self.fallback)
        self.whole, self.analysis = found
        self.changed.emit()

    # Selection

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The selected blocks, in the order of the graph."""
        return tuple(node for key, node in self.graph.nodes.items() if key in self.selection)

    @property
    def single(self) -> Node | None:
        """The selected block, when it is one."""
        nodes = self.nodes
        return nodes[0] if len(nodes) == 1 else None

    def select(self, ids: Collection[str] = (), edge: Edge | None = None) -> None:
        """Select blocks and notes, or one wire."""
        chosen = frozenset(ids)
        if (chosen, edge) != (self.selection, self.edge):
            self.selection, self.edge = chosen, edge
            self.selection_changed.emit()

    def select_all(self) -> None:
        """Select every block and note."""
        self.select((*self.graph.nodes, *(note.id for note in self.graph.notes)))
