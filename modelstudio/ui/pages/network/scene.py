"""The scene, kept in step with a graph by diff: only what changed is touched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from PySide6.QtCore import QObject, QPointF, QRectF
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene

from modelstudio.network.analysis import Analysis, NodeInfo, Problem, Shape
from modelstudio.network.costs import Metric, shares
from modelstudio.network.graph import Edge, Graph, Position
from modelstudio.ui.pages.network.cells import Cells
from modelstudio.ui.pages.network.items import (
    BLOCK_LAYER,
    BlockItem,
    BoxItem,
    CanvasItem,
    NoteItem,
    PortKind,
    Severity,
)
from modelstudio.ui.pages.network.links import LinkItem, owners_in_sight
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT
from modelstudio.ui.pages.network.overview import Overview
from modelstudio.ui.pages.network.routing import (
    LEAD,
    Box,
    Point,
    Side,
    junctions,
    route,
)
from modelstudio.ui.pages.network.wires import WireItem, WireState

_UNKNOWN = NodeInfo(state="waiting")
_RANK: dict[Severity, int] = {"": 0, "notice": 1, "warning": 2, "error": 3}
_LIFTED = BLOCK_LAYER + 0.5
"""Blocks that are dragged pass over the others."""
_REACH = 48.0
"""How far around a wire's ends blocks are looked for that it must go around."""


class PortRef(NamedTuple):
    """A port of a block on the canvas."""

    node: str
    port: str
    kind: PortKind


class NetworkScene(QGraphicsScene):
    """Items of a graph; `sync` is the only way a graph gets in."""

    def __init__(self, parent: QObject | None = None):
        super().__init__(parent)
        self.graph = Graph()
        self.analysis = Analysis()
        self.blocks: dict[str, BlockItem] = {}
        self.wires: dict[Edge, WireItem] = {}
        self.notes: dict[str, NoteItem] = {}
        self.links: dict[str, LinkItem] = {}
        """By the block that uses the weights of another."""
        self._owners: dict[str, str] = {}
        self._block_cells: Cells[str] = Cells()
        self._wire_cells: Cells[Edge] = Cells()
        self._target = ""
        self.plain = False
        """True while the view draws an overview instead of the items."""
        self.revision = 0
        """Grows with every change of what is drawn, gestures aside."""
        self.moving: frozenset[str] = frozenset()
        """Blocks and notes that a gesture shows elsewhere than they are."""
        self.overview = Overview(self)
        self._metric: Metric | None = None

    def sync(
        self, graph: Graph, analysis: Analysis, target: str = "", path: tuple[str, ...] = ()
    ) -> None:
        """Take over a graph, what is known of it, and what its answer stands for.

        ``path`` holds the groups around the graph, from the outermost.
        """
        old, known = self.graph, self.analysis
        self.revision += 1
        for item in (self.blocks[key] for key in self.moving if key in self.blocks):
            item.setZValue(BLOCK_LAYER)
        self.moving = frozenset()
        self.graph, self.analysis, self._target = graph, analysis, target
        stale: set[Edge] = set()
        disturbed: list[Box] = []
        self._sync_blocks(stale, disturbed)
        self._sync_notes()
        if old.edges is not graph.edges:
            self._sync_wires(stale)
        for box in disturbed:
            stale.update(self._wires_near(box))
        self._reroute(stale)
        self._owners = owners_in_sight(graph, path)
        self._sync_links()
        if self._metric is not None:
            self.set_heat(self._metric)
        if known is not analysis or old.edges is not graph.edges:
            self._show_wires(known)

    def set_heat(self, metric: Metric | None) -> None:
        """Colour the blocks by their share of a cost, or by their category."""
        self._metric = metric
        self.revision += 1
        found = shares(self.analysis, metric) if metric is not None else {}
        for node_id, item in self.blocks.items():
            item.warm(found.get(node_id))

    def restyle(self) -> None:
        """Paint everything anew, as after a change of theme."""
        kinds = (self.blocks, self.notes, self.wires, self.links)
        for item in (item for kind in kinds for item in kind.values()):
            item.update()
        self.update()

    # Blocks, notes and wires

    def _sync_blocks(self, stale: set[Edge], disturbed: list[Box]) -> None:
        graph, severities = self.graph, _severities(self.analysis.problems)
        for node_id in [key for key in self.blocks if key not in graph.nodes]:
            item = self.blocks.pop(node_id)
            disturbed.append(item.box)
            self._block_cells.drop(node_id)
            self.removeItem(item)
        for node_id, node in graph.nodes.items():
            info = self.analysis.nodes.get(node_id, _UNKNOWN)
            severity = severities.get(node_id, "")
            summary = (node.layer.answers and self._target) or node.layer.summary()
            known = self.blocks.get(node_id)
            if known is None:
                self._add(item := BlockItem(node, info, severity, summary))
                self.blocks[node_id] = item
                self._block_cells.put(node_id, [item.box])
                disturbed.append(item.box)
                stale.update(graph.incoming[node_id])
                stale.update(graph.outgoing[node_id])
                continue
            item = known
            if item.node is not node:
                new_ports = item.node.layer is not node.layer and (
                    item.node.layer.input_ports() != node.layer.input_ports()
                    or item.node.layer.output_ports() != node.layer.output_ports()
                )
                moved = (item.box.left, item.box.top) != node.position
                if moved or new_ports:
                    disturbed.append(item.box)
                    self._put(item, node.position)
                    disturbed.append(item.box)
                    stale.update(graph.incoming[node_id])
                    stale.update(graph.outgoing[node_id])
            item.take(node, info, severity, summary)

    def _sync_notes(self) -> None:
        present = {note.id: note for note in self.graph.notes}
        for note_id in [key for key in self.notes if key not in present]:
            self.removeItem(self.notes.pop(note_id))
        for note_id, note in present.items():
            item = self.notes.get(note_id)
            if item is None:
                self._add(item := NoteItem(note))
                self.notes[note_id] = item
            elif item.note is not note:
                item.setPos(*note.position)
                item.take(note)

    def _sync_links(self) -> None:
        """Draw the links of shared weights where their blocks are now."""
        for node_id in [key for key in self.links if key not in self._owners]:
            self.removeItem(self.links.pop(node_id))
        for node_id, owner in self._owners.items():
            item = self.links.get(node_id)
            if item is None:
                item = self.links[node_id] = LinkItem()
                self.addItem(item)
            item.run(self.blocks[owner].box, self.blocks[node_id].box)

    def _sync_wires(self, stale: set[Edge]) -> None:
        present = set(self.graph.edges)
        gone = [edge for edge in self.wires if edge not in present]
        fresh = [edge for edge in self.graph.edges if edge not in self.wires]
        for edge in gone:
            self._wire_cells.drop(edge)
            self.removeItem(self.wires.pop(edge))
        for edge in fresh:
            self.wires[edge] = WireItem(edge)
        for edge in (*gone, *fresh):
            stale.update(self.graph.incoming.get(edge.target, ()))
            stale.update(self.graph.outgoing.get(edge.source, ()))

    def _put(self, item: BlockItem, position: Position) -> None:
        item.put(position)
        self._block_cells.put(item.node.id, [item.box])

    def _wires_near(self, box: Box) -> list[Edge]:
        """Return the wires that come near a block."""
        area = box.grown(LEAD)
        return [
            edge
            for edge in self._wire_cells.near(area)
            if any(part.overlaps(area) for part in self.wires[edge].parts)
        ]

    def _add(self, item: CanvasItem) -> None:
        item.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents, self.plain)
        self.addItem(item)

    def set_plain(self, plain: bool) -> None:
        """Let the items paint themselves, or leave it to the view's overview."""
        if plain == self.plain:
            return
        self.plain = plain
        for item in (*self.blocks.values(), *self.notes.values(), *self.wires.values()):
            item.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents, plain)
        self.update()

    # Wires

    def _show_wires(self, known: Analysis) -> None:
        """Give each wire its shape; where nothing is known anew at its ends, it has it already."""
        before, now = known.nodes, self.analysis.nodes
        for edge, item in self.wires.items():
            if item.fresh or (
                before.get(edge.source) is not now.get(edge.source)
                or before.get(edge.target) is not now.get(edge.target)
            ):
                item.take(*self._wire_state(edge))

    def _wire_state(self, edge: Edge) -> tuple[WireState, Shape | None]:
        shape = self.shape_at(PortRef(edge.source, edge.source_port, "output"))
        if shape is None:
            return "waiting", None
        target = self.analysis.nodes.get(edge.target)
        return ("error" if target is not None and target.state == "error" else "ok"), shape

    def shape_at(self, ref: PortRef) -> Shape | None:
        """Return the shape at an output port, where it is known."""
        ports = self.graph.nodes[ref.node].layer.output_ports()
        info = self.analysis.nodes.get(ref.node)
        for port, shape in zip(ports, info.outputs if info else (), strict=False):
            if port.name == ref.port:
                return shape
        return None

    def preview(self, positions: Mapping[str, Position]) -> QRectF:
        """Show blocks and notes elsewhere without an edit, as while they are dragged.

        Returns where something looks different now.
        """
        stale: set[Edge] = set()
        left = self.bounds(positions)
        self.moving = frozenset(positions)
        for item_id, position in positions.items():
            item = self.blocks.get(item_id) or self.notes.get(item_id)
            if item is None or (item.x(), item.y()) == position:
                continue
            if isinstance(item, NoteItem):
                item.setPos(*position)
            else:
                item.setZValue(_LIFTED)
                self._put(item, position)
                stale.update(self.graph.incoming[item_id])
                stale.update(self.graph.outgoing[item_id])
        dirty = left.united(self._extent((), stale))
        self._reroute(stale)
        self._sync_links()
        return dirty.united(self._extent(positions, stale))

    def _extent(self, ids: Iterable[str], edges: Iterable[Edge]) -> QRectF:
        """Return the rectangle around some blocks and notes, and around wires."""
        rect = self.bounds(ids)
        for edge in edges:
            if edge in self.wires:
                rect = rect.united(self.wires[edge].sceneBoundingRect())
        return rect

    def _reroute(self, edges: Collection[Edge]) -> None:
        sources: dict[tuple[str, str], None] = {}
        for edge in sorted(edges, key=self._routing_order):
            if edge in self.wires:
                wire = self.wires[edge]
                wire.run(*self._course(edge))
                self._wire_cells.put(edge, wire.parts)
                sources[edge.source, edge.source_port] = None
                if wire.scene() is None:
                    self._add(wire)
        for source, port in sources:
            fan = [e for e in self.graph.outgoing[source] if e.source_port == port]
            items = [self.wires[edge] for edge in fan if edge in self.wires]
            if len(items) == 1:
                items[0].stand_alone()
                continue
            found = tuple(sorted(junctions([item.course for item in items])))
            for place, item in enumerate(items):
                item.set_junctions(found if place == 0 else ())
                item.share_label([other for other in items if other is not item])

    def _routing_order(self, edge: Edge) -> tuple[bool, float, str, str]:
        """Straight wires go first, then short ones; the others go around and along them."""
        source, target = self.blocks.get(edge.source), self.blocks.get(edge.target)
        if source is None or target is None:
            return True, 0.0, edge.source, edge.target
        across, down = target.box.left - source.box.left, target.box.top - source.box.top
        far = abs(across) + abs(down)
        return across != 0 or down < 0, far, edge.source, edge.target

    def _course(self, edge: Edge) -> tuple[tuple[Point, ...], Side]:
        source, target = self.blocks[edge.source], self.blocks[edge.target]
        start = source.output_place(edge.source_port)
        ends = self._arrivals(edge)
        if ends[0][1] == "top" and self._straight(start, ends[0][0], edge):
            return (start, ends[0][0]), "top"
        area = source.box.united(target.box).grown(_REACH)
        blocks = [
            self.blocks[key].box
            for key in self._block_cells.near(area)
            if key not in (edge.source, edge.target)
        ]
        port = (edge.source, edge.source_port)
        wires = [
            part
            for other in self._wire_cells.near(area)
            if (other.source, other.source_port) != port
            for part in self.wires[other].parts
            if part.overlaps(area)
        ]
        siblings = [
            self.wires[other].course
            for other in self.graph.outgoing[edge.source]
            if other != edge and other.source_port == edge.source_port and other in self.wires
        ]
        siblings = [course for course in siblings if course and course[0] == start]
        near = [box for box in blocks if box.overlaps(area)]
        return route(start, ends, source.box, target.box, near, wires, siblings)

    def _straight(self, start: Point, end: Point, edge: Edge) -> bool:
        """Return whether nothing stands in the way straight down, as it mostly does not."""
        if start[0] != end[0] or start[1] > end[1]:
            return False
        way = Box(*start, *end)
        ends = (edge.source, edge.target)
        near = (self.blocks[key].box for key in self._block_cells.near(way) if key not in ends)
        return not any(box.crossed_by(way) for box in near)

    def _arrivals(self, edge: Edge) -> list[tuple[Point, Side]]:
        """Return where a wire may arrive: wires into one port share it, further ones come aside."""
        target = self.blocks[edge.target]
        top = target.input_place(edge.target_port)
        rivals = [e for e in self.graph.incoming[edge.target] if e.target_port == edge.target_port]
        left = target.box.left
        first = min(rivals, key=lambda e: abs(self.blocks[e.source].box.left - left), default=edge)
        if len(rivals) < 2 or edge == first or len(target.node.layer.input_ports()) > 1:
            return [(top, "top")]
        middle = target.box.top + BLOCK_HEIGHT / 2
        return [
            ((target.box.right, middle), "right"),
            ((left, middle), "left"),
        ]

    # Looking around

    def port_point(self, ref: PortRef) -> QPointF | None:
        """Return where a port is, or None when it is gone."""
        block = self.blocks.get(ref.node)
        if block is None:
            return None
        points = block.input_points() if ref.kind == "input" else block.output_points()
        return next((point for port, point in points if port.name == ref.port), None)

    def port_near(self, point: QPointF, reach: float) -> PortRef | None:
        """Return the nearest port within reach."""
        best: tuple[float, PortRef] | None = None
        x, y = point.x(), point.y()
        for key in self._block_cells.near(Box(x, y, x, y).grown(reach)):
            item = self.blocks[key]
            found = [(PortRef(item.node.id, p.name, "input"), at) for p, at in item.input_points()]
            found += [
                (PortRef(item.node.id, p.name, "output"), at) for p, at in item.output_points()
            ]
            for ref, at in found:
                away = max(abs(at.x() - point.x()), abs(at.y() - point.y()))
                if away <= reach and (best is None or away < best[0]):
                    best = away, ref
        return best[1] if best else None

    def item_near(self, point: QPointF) -> CanvasItem | None:
        """Return the topmost block, wire or note under a point."""
        return next((item for item in self.items(point) if isinstance(item, CanvasItem)), None)

    def boxes_in(self, area: QRectF) -> list[BoxItem]:
        """Return the blocks and notes that are seen in a part of the canvas."""
        near = self._block_cells.near(Box(area.left(), area.top(), area.right(), area.bottom()))
        found: list[BoxItem] = [self.blocks[key] for key in near]
        found += self.notes.values()
        return [item for item in found if item.area.intersects(area)]

    def wire_under(self, rect: QRectF) -> Edge | None:
        """Return the wire whose course runs through the middle of a rectangle."""
        inner = QRectF(0, 0, rect.width() / 2, rect.height() / 2)
        inner.moveCenter(rect.center())
        wires = (item.edge for item in self.items(inner) if isinstance(item, WireItem))
        return next(wires, None)

    def bounds(self, ids: Iterable[str] | None = None) -> QRectF:
        """Return the rectangle around some blocks and notes, or around all."""
        found = {**self.notes, **self.blocks}
        rect = QRectF()
        for key in found if ids is None else ids:
            if key in found:
                rect = rect.united(found[key].sceneBoundingRect())
        if ids is None:
            for wire in self.wires.values():
                rect = rect.united(wire.sceneBoundingRect())
        return rect


def _severities(problems: Iterable[Problem]) -> dict[str, Severity]:
    worst: dict[str, Severity] = {}
    for problem in problems:
        if problem.node is not None:
            known = worst.get(problem.node, "")
            worst[problem.node] = max(known, problem.severity, key=_RANK.__getitem__)
    return worst
