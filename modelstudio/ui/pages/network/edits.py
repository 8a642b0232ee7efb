"""Edits of a network as a person means them: pure functions from a graph to a graph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from modelstudio.errors import NetworkError
from modelstudio.network.analysis import NodeInfo, Shape, format_shape
from modelstudio.network.graph import Edge, Graph, Node, Note, Position, check_nested
from modelstudio.network.group import Group
from modelstudio.network.layer import Layer, Port
from modelstudio.network.levels import LevelPath, moved_address, readdressed
from modelstudio.network.mismatch import rank_text
from modelstudio.ui.pages.network.look import BLOCK_HEIGHT, BLOCK_WIDTH, GRID, PITCH

_RANKS = {
    1: "one number for each sample",
    2: "a row of numbers",
    3: "a sequence",
    4: "maps",
    5: "volumes",
}
"""What a value of a rank is called, in short."""


def snapped(x: float, y: float) -> Position:
    """Return the nearest point of the grid."""
    return float(round(x / GRID) * GRID), float(round(y / GRID) * GRID)


def new_node(graph: Graph, layer: Layer, position: Position) -> Node:
    """Return a block with a free id and name, not yet in the graph."""
    stem = getattr(layer, "stem", "") or layer.type_name.lower()
    return Node(graph.free_id(), graph.free_name(stem), layer, position)


def free_position(graph: Graph, wanted: Position, without: Collection[str] = ()) -> Position:
    """Return the first place from ``wanted`` to the right that no block covers."""
    x, y = wanted
    taken = [node.position for key, node in graph.nodes.items() if key not in without]
    while any(abs(x - a) < BLOCK_WIDTH and abs(y - b) < BLOCK_HEIGHT for a, b in taken):
        x += BLOCK_WIDTH + 2 * GRID
    return snapped(x, y)


def add_after(graph: Graph, layer: Layer, after: str) -> tuple[Graph, Node]:
    """Put a new block behind another, into its wires; what follows in the column moves down."""
    source = graph.nodes[after]
    x, y = source.position
    node = new_node(graph, layer, snapped(x, y + PITCH))
    into, out = next(iter(layer.input_ports()), None), next(iter(layer.output_ports()), None)
    start = next(iter(source.layer.output_ports()), None)
    if into is None or start is None:
        placed = replace(node, position=free_position(graph, node.position))
        return graph.add(placed), placed
    follow = graph.outgoing[after]
    if out is None or not follow:
        placed = replace(node, position=free_position(graph, node.position))
        return graph.add(placed).connect(Edge(after, start.name, node.id, into.name)), placed
    graph = make_room(graph, after).add(node)
    first = Edge(after, start.name, node.id, into.name)
    edges = tuple(
        Edge(node.id, out.name, edge.target, edge.target_port)
        if edge in follow and edge.source_port == start.name
        else edge
        for edge in graph.edges
    )
    return replace(graph, edges=(*edges, first)), node


def make_room(graph: Graph, after: str) -> Graph:
    """Move what follows a block down by one row, if the row behind it is taken."""
    x, y = graph.nodes[after].position
    below = graph.downstream(after) - {after}
    crowded = any(
        abs(graph.nodes[key].position[0] - x) < BLOCK_WIDTH
        and y < graph.nodes[key].position[1] < y + PITCH + BLOCK_HEIGHT
        for key in below
    )
    if not crowded:
        return graph
    positions = {key: graph.nodes[key].position for key in below}
    return graph.move({key: (a, b + PITCH) for key, (a, b) in positions.items() if b > y})


def insert_on(graph: Graph, layer: Layer, edge: Edge, position: Position) -> tuple[Graph, Node]:
    """Put a new block into a wire; where it would cover another, what follows makes room.

    Raises
    ------
    NetworkError
        When the layer has no input or no output.
    """
    node = new_node(graph, layer, position)
    graph = _uncovered(graph.insert(node, edge), node.id)
    return graph, graph.nodes[node.id]


def put_on(graph: Graph, node_id: str, edge: Edge) -> Graph:
    """Put a block that has no wires yet into a wire; otherwise return the graph as it is."""
    if graph.incoming[node_id] or graph.outgoing[node_id]:
        return graph
    node = graph.nodes[node_id]
    if not node.layer.input_ports() or not node.layer.output_ports():
        return graph
    return _uncovered(graph.remove([node_id]).insert(node, edge), node_id)


def settled(graph: Graph, node_id: str) -> Graph:
    """Give a block in the middle of a chain a row of its own behind its source."""
    into, out = graph.incoming[node_id], graph.outgoing[node_id]
    if not into:
        return graph
    source = graph.nodes[into[0].source]
    if out:
        graph = make_room(graph.move({node_id: (-1e6, -1e6)}), source.id)
    x, y = source.position
    wanted = snapped(x, y + PITCH)
    return graph.move({node_id: free_position(graph, wanted, {node_id})})


def _uncovered(graph: Graph, node_id: str) -> Graph:
    place = graph.nodes[node_id].position
    clear = free_position(graph, place, {node_id}) == snapped(*place)
    return graph if clear else settled(graph, node_id)


def connect_new(
    graph: Graph, layer: Layer, source: tuple[str, str], position: Position
) -> tuple[Graph, Node]:
    """Add a block and wire an output port to its first input."""
    node = new_node(graph, layer, free_position(graph, position))
    into = next(iter(layer.input_ports()), None)
    graph = graph.add(node)
    return graph.connect(Edge(*source, node.id, into.name)) if into else graph, node


def connect_before(
    graph: Graph, layer: Layer, target: tuple[str, str], position: Position
) -> tuple[Graph, Node]:
    """Add a block and wire its first output to an input port."""
    node = new_node(graph, layer, free_position(graph, position))
    out = next(iter(layer.output_ports()), None)
    graph = graph.add(node)
    return graph.connect(Edge(node.id, out.name, *target)) if out else graph, node


def to_fragment(graph: Graph, ids: Collection[str], path: LevelPath = ()) -> dict[str, Any]:
    """Return some blocks and notes with the wires between them as JSON.

    Addresses of shared weights begin at the fragment, where ``path`` leads; those that lead out of
    it are left out.
    """
    edges = tuple(e for e in graph.edges if e.source in ids and e.target in ids)
    nodes = {key: node for key, node in graph.nodes.items() if key in ids}
    notes = tuple(note for note in graph.notes if note.id in ids)

    def within(address: str) -> str | None:
        parts = tuple(address.split("/"))
        depth = len(path)
        inside = parts[:depth] == path and parts[depth : depth + 1] and parts[depth] in nodes
        return "/".join(parts[depth:]) if inside else None

    return readdressed(Graph(nodes, edges, notes), within).to_dict()


def paste(
    graph: Graph,
    fragment: Mapping[str, Any] | Graph,
    offset: Position,
    at: Position | None = None,
    path: LevelPath = (),
) -> tuple[Graph, frozenset[str]]:
    """Add a fragment under new ids and names; return the graph and the new ids.

    Its upper left corner comes to ``at``, or it lies by ``offset`` beside where it was.

    Raises
    ------
    StudioError
        When the fragment holds no network.
    """
    part = fragment if isinstance(fragment, Graph) else Graph.from_dict(fragment)
    if not part.order and not part.notes:
        raise NetworkError("There are no blocks in this part of a network.")
    check_nested(part, len(path))
    if at is not None:
        corners = [node.position for node in part.nodes.values()]
        corners += [note.position for note in part.notes]
        offset = snapped(at[0] - min(x for x, _ in corners), at[1] - min(y for _, y in corners))
    renamed: dict[str, LevelPath] = {}
    whole = graph
    for old in part.nodes.values():
        renamed[old.id] = (whole.free_id(),)
        stem = old.name.rstrip("0123456789") or old.name
        name = old.name if whole.named(old.name) is None else whole.free_name(stem)
        x, y = old.position
        place = (x + offset[0], y + offset[1])
        whole = whole.add(replace(old, id=renamed[old.id][0], name=name, position=place))
    there = readdressed(
        Graph({key: whole.nodes[key] for (key,) in renamed.values()}),
        partial(moved_address, here=(), moved=renamed, there=path),
    )
    edges = (
        Edge(renamed[e.source][0], e.source_port, renamed[e.target][0], e.target_port)
        for e in part.edges
    )
    graph = replace(graph, nodes={**graph.nodes, **there.nodes}, edges=(*graph.edges, *edges))
    new = {key for (key,) in renamed.values()}
    for old_note in part.notes:
        x, y = old_note.position
        note = replace(old_note, id=graph.free_id(), position=(x + offset[0], y + offset[1]))
        graph = graph.with_notes((*graph.notes, note))
        new.add(note.id)
    return graph, frozenset(new)


def delete(graph: Graph, ids: Collection[str]) -> Graph:
    """Remove blocks (healing the chain) and notes."""
    gone = [key for key in graph.nodes if key in ids]
    if any(note.id in ids for note in graph.notes):
        graph = graph.with_notes(note for note in graph.notes if note.id not in ids)
    return graph.remove(gone, heal=True)


def put_note(graph: Graph, note: Note) -> Graph:
    """Add a note, or let it stand for the one with its id."""
    if any(old.id == note.id for old in graph.notes):
        return graph.with_notes(note if old.id == note.id else old for old in graph.notes)
    return graph.with_notes((*graph.notes, note))


def change_nodes(graph: Graph, ids: Iterable[str], change: Callable[[Node], Node]) -> Graph:
    """Change some blocks alike."""
    for node_id in ids:
        old = graph.nodes[node_id]
        new = change(old)
        if new != old:
            graph = graph.put(new)
    return graph


def neighbour(graph: Graph, node_id: str, dx: int, dy: int) -> str | None:
    """Return the next block along the wires: what it feeds, what feeds it, or a sibling aside."""
    here = graph.nodes[node_id].position[0]
    into, out = graph.incoming[node_id], graph.outgoing[node_id]
    if dy:
        near = {edge.target for edge in out} if dy > 0 else {edge.source for edge in into}
    else:
        family = {e.target for edge in into for e in graph.outgoing[edge.source]}
        family |= {e.source for edge in out for e in graph.incoming[edge.target]}
        near = {key for key in family if (graph.nodes[key].position[0] - here) * dx > 0}
    aside = {key: abs(graph.nodes[key].position[0] - here) for key in near}
    return min(aside, key=lambda key: (aside[key], key), default=None)


def same_structure(old: Graph, new: Graph) -> bool:
    """Return whether shapes and problems of two graphs must be alike; places do not matter."""
    if old.edges is not new.edges and old.edges != new.edges:
        return False
    return old.nodes.keys() == new.nodes.keys() and all(
        node is new.nodes[key] or _same_block(node, new.nodes[key])
        for key, node in old.nodes.items()
    )


def _same_block(old: Node, new: Node) -> bool:
    a, b = old.layer, new.layer
    if isinstance(a, Group) and isinstance(b, Group):
        layers = a.repeat == b.repeat and same_structure(a.graph, b.graph)
    else:
        layers = a == b
    return layers and (
        (old.name, old.enabled, old.frozen, old.shares)
        == (new.name, new.enabled, new.frozen, new.shares)
    )


def misfit(port: Port, shape: Shape | None) -> str | None:
    """Say why a value does not fit a port, or None when it does or is not known yet."""
    if shape is None or not port.ranks or len(shape) in port.ranks:
        return None
    return f"takes {rank_text(port.ranks, _RANKS)}, but gets {format_shape(shape)}"


def shape_rule(layer: type[Layer]) -> str:
    """Say in a few words what goes in and how much comes out, for the palette."""
    ports = layer.inputs
    if not ports:
        return "Takes nothing; begins the network."
    takes = rank_text(ports[0].ranks, _RANKS) or "any shape"
    if ports[0].variadic:
        return f"Takes several wires, each with {takes}."
    return f"Takes {takes}."


def totals(infos: Mapping[str, NodeInfo], ids: Iterable[str]) -> tuple[int, int, int]:
    """Return parameters, MACs and bytes of some blocks together."""
    found = [infos[key] for key in ids if key in infos]
    return (
        sum(info.parameters for info in found),
        sum(info.macs for info in found),
        sum(info.memory for info in found),
    )
