"""Collapse blocks into a group, and take a group apart; weights stay shared as they were."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial

from modelstudio.errors import NetworkError
from modelstudio.network.graph import Edge, Graph, Node, Position, check_nested
from modelstudio.network.group import PORTS, Group, GroupInput, GroupOutput
from modelstudio.network.layer import Layer
from modelstudio.network.layout import BLOCK, GAP, GRID
from modelstudio.network.levels import (
    LevelPath,
    group_at,
    level,
    moved_address,
    readdressed,
    with_level,
)

MOST_UNROLLED = 2000
"""Blocks that taking a repeated group apart may make."""

_End = tuple[str, str]


# Collapse


def collapse(
    root: Graph, ids: Collection[str], name: str, path: LevelPath = ()
) -> tuple[Graph, str]:
    """Put blocks and notes of a level into a group; return the network and the id of the group.

    Wires across the border become named ports, one for each outside source and each inner output;
    so do inputs that are open and must be wired. Where nothing leaves, the loose ends do.

    Raises
    ------
    NetworkError
        When the blocks cannot be one; the message says why.
    """
    graph = level(root, path)
    inside = {key: node for key, node in graph.nodes.items() if key in ids}
    _check_selection(graph, inside)
    entering = _sources(e for e in graph.edges if e.target in inside and e.source not in inside)
    leaving = _sources(e for e in graph.edges if e.source in inside and e.target not in inside)
    loose = [
        (key, port.name)
        for key, node in inside.items()
        for port in node.layer.output_ports()
        if not graph.outgoing[key]
    ]
    opened = [
        (key, port.name)
        for key, node in inside.items()
        for port in node.layer.input_ports()
        if not port.optional and all(e.target_port != port.name for e in graph.incoming[key])
    ]

    def across(end: _End) -> float:
        return graph.nodes[end[0]].position[0]

    inputs = [*sorted(entering, key=across), *sorted(opened, key=across)]
    outputs = sorted(leaving or loose, key=across)
    notes = tuple(note for note in graph.notes if note.id in ids)
    inner = Graph(inside, (), notes)
    left, top, right, bottom = _bounds(node.position for node in inside.values())
    middle = (left + right - BLOCK[0]) / 2

    ports: dict[tuple[type[Layer], _End], Node] = {}
    for kind, ends, y in (
        (GroupInput, inputs, top - BLOCK[1] - GAP[1]),
        (GroupOutput, outputs, bottom + GAP[1]),
    ):
        for number, end in enumerate(ends):
            wanted = _port_name(graph, kind, end, len(ends), inside)
            x = middle + (number - (len(ends) - 1) / 2) * (BLOCK[0] + GAP[0])
            node = Node(inner.free_id(), _free(inner, wanted), kind(), _snapped(x, y))
            ports[kind, end] = node
            inner = inner.add(node)

    group_id = graph.free_id()
    within: list[Edge] = []
    around: dict[Edge, None] = {}
    for edge in graph.edges:
        end = (edge.source, edge.source_port)
        if edge.target in inside and edge.source in inside:
            within.append(edge)
        elif edge.target in inside:
            port = ports[GroupInput, end]
            around[Edge(*end, group_id, port.name)] = None
            within.append(Edge(port.id, "y", edge.target, edge.target_port))
        elif edge.source in inside:
            port = ports[GroupOutput, end]
            around[Edge(group_id, port.name, edge.target, edge.target_port)] = None
        else:
            around[edge] = None
    within += [Edge(ports[GroupInput, end].id, "y", *end) for end in opened]
    within += [Edge(*end, ports[GroupOutput, end].id, "x") for end in outputs]
    inner = replace(inner, edges=tuple(within))
    check_nested(inner, len(path) + 1)

    outer = Graph(
        {key: node for key, node in graph.nodes.items() if key not in inside},
        tuple(around),
        tuple(note for note in graph.notes if note.id not in ids),
    )
    outer = outer.add(Node(group_id, name, Group(graph=inner), _corner(inside.values())))
    whole = with_level(root, path, outer)
    moved = {key: (group_id, key) for key in inside}
    return readdressed(whole, partial(moved_address, here=path, moved=moved, there=path)), group_id


def _check_selection(graph: Graph, inside: Mapping[str, Node]) -> None:
    if not inside:
        raise NetworkError("Select the blocks that the group should hold.")
    for node in inside.values():
        if node.layer.answers or node.layer.category == "Input and output":
            raise NetworkError(
                f"{node.name} cannot be part of a group.",
                where=node.id,
                fix="Leave it out: Input and Output stay in the network itself.",
            )
        if isinstance(node.layer, PORTS):
            raise NetworkError(
                f"{node.name} is a port of the group around it.",
                where=node.id,
                fix="Leave it out of the selection.",
            )
    outside = {e.target for key in inside for e in graph.outgoing[key]} - inside.keys()
    for start in sorted(outside):
        for key in graph.downstream(start):
            back = next((e for e in graph.outgoing[key] if e.target in inside), None)
            if back is not None:
                raise NetworkError(
                    f"The values would leave the group through {graph.nodes[start].name} and come"
                    f" back to {graph.nodes[back.target].name}, which is a loop.",
                    where=start,
                    fix=f"Select {graph.nodes[start].name} too.",
                )


def _sources(edges: Iterable[Edge]) -> list[_End]:
    return list(dict.fromkeys((edge.source, edge.source_port) for edge in edges))


def _port_name(
    graph: Graph, kind: type[Layer], end: _End, count: int, inside: Mapping[str, Node]
) -> str:
    """Name a port: plainly when it is the only one, else after the block at its end."""
    block = graph.nodes[end[0]].name
    if kind is GroupOutput:
        return "output" if count == 1 else f"{block}_out"
    if count == 1:
        return "input"
    return f"{block}_{end[1]}" if end[0] in inside else block


def _free(graph: Graph, wanted: str) -> str:
    return wanted if graph.named(wanted) is None else graph.free_name(wanted)


# Take apart


def ungroup(root: Graph, group_id: str, path: LevelPath = ()) -> Graph:
    """Put the blocks of a group into the level that holds it; a repeated group is unrolled.

    Raises
    ------
    NetworkError
        When it cannot be taken apart; the message says why.
    """
    graph = level(root, path)
    group = group_at(graph, group_id)
    node, inner = graph.nodes[group_id], group.graph
    bodies = [one for one in inner.nodes.values() if not isinstance(one.layer, PORTS)]
    _check_apart(node, group, len(bodies))
    aside = _away(node.position, _corner(bodies))
    _, top, _, bottom = _bounds(one.position for one in bodies)
    pitch = bottom - top + GAP[1]
    taken = {*graph.nodes, *(note.id for note in graph.notes)}
    names = {one.name for key, one in graph.nodes.items() if key != group_id}
    here = (*path, group_id)

    fresh: dict[str, Node] = {}
    copies: list[dict[str, LevelPath]] = []
    for repeat in range(group.repeat):
        moved: dict[str, LevelPath] = {one.id: (_new(one.id, taken, "n"),) for one in bodies}
        copies.append(moved)
        copy = readdressed(inner, partial(moved_address, here=here, moved=moved, there=path))
        for key, (new_id,) in moved.items():
            one = copy.nodes[key]
            fresh[new_id] = replace(
                one,
                id=new_id,
                name=_new(one.name, names, one.name.rstrip("0123456789") or one.name),
                position=_away(one.position, (-aside[0], -aside[1] - repeat * pitch)),
                frozen=one.frozen or node.frozen,
            )
    edges = _unwrapped(graph, group_id, copies)
    if len(set(edges)) < len(edges):
        raise NetworkError(
            f"Two wires of {node.name} would become the same wire.",
            where=group_id,
            fix="Put a block into one of them first.",
        )
    nodes: dict[str, Node] = {}
    for key, one in graph.nodes.items():
        nodes |= fresh if key == group_id else {key: one}
    notes = tuple(
        replace(
            note,
            id=_new(note.id, taken, "n"),
            position=_away(note.position, (-aside[0], -aside[1])),
        )
        for note in inner.notes
    )
    apart = _made_room(Graph(nodes, edges, (*graph.notes, *notes)), set(fresh), node.position[1])
    whole = with_level(root, path, apart)
    return readdressed(whole, partial(moved_address, here=here, moved=copies[0], there=path))


def _check_apart(node: Node, group: Group, blocks: int) -> None:
    if not node.enabled:
        raise NetworkError(
            f"{node.name} is off, and taking it apart would switch its blocks on.",
            where=node.id,
            fix="Switch it on first.",
        )
    if group.repeat * blocks > MOST_UNROLLED:
        raise NetworkError(
            f"{node.name} would become {group.repeat * blocks} blocks, more than {MOST_UNROLLED}.",
            where=node.id,
            fix="Repeat it fewer times first.",
        )
    if group.repeat > 1 and len(group.input_ports()) != len(group.output_ports()):
        raise NetworkError(
            f"{node.name} cannot run {group.repeat} times in a row: it has"
            f" {len(group.input_ports())} inputs and {len(group.output_ports())} outputs.",
            where=node.id,
            fix="Repeat it once first.",
        )


def _unwrapped(
    graph: Graph, group_id: str, copies: Iterable[Mapping[str, LevelPath]]
) -> tuple[Edge, ...]:
    """Return the wires of a level without the group, its copies wired in a row."""
    group = group_at(graph, group_id)
    inner = group.graph
    into = [port.name for port in group.input_ports()]
    out = [port.name for port in group.output_ports()]
    feed = {e.target_port: (e.source, e.source_port) for e in graph.incoming[group_id]}
    ends: dict[str, _End] = {}
    within: list[Edge] = []
    for repeat, moved in enumerate(copies):
        if repeat:
            feed = {port: ends[end] for port, end in zip(into, out, strict=True) if end in ends}
        ends = {}
        for edge in inner.edges:
            source, target = inner.nodes[edge.source], inner.nodes[edge.target]
            if isinstance(source.layer, GroupInput):
                end = feed.get(source.name)
            else:
                end = (moved[source.id][0], edge.source_port)
            if end is not None and isinstance(target.layer, GroupOutput):
                ends[target.name] = end
            elif end is not None:
                within.append(Edge(*end, moved[target.id][0], edge.target_port))
    around = [
        Edge(*ends[edge.source_port], edge.target, edge.target_port)
        if edge.source == group_id
        else edge
        for edge in graph.edges
        if edge.target != group_id and (edge.source != group_id or edge.source_port in ends)
    ]
    return (*around, *within)


def _made_room(graph: Graph, fresh: Collection[str], y: float) -> Graph:
    """Where blocks that came cover others, put them from ``y`` on and move down what is below."""
    if not fresh:
        return graph
    placed = [graph.nodes[key].position for key in fresh]
    rest = {key: node.position for key, node in graph.nodes.items() if key not in fresh}
    if not any(
        abs(a - x) < BLOCK[0] and abs(b - z) < BLOCK[1] for a, b in rest.values() for x, z in placed
    ):
        return graph
    _, top, _, bottom = _bounds(placed)
    lower = {key: (a, b + bottom - top - BLOCK[1]) for key, (a, b) in rest.items() if b > y}
    return graph.move(
        lower | {key: _away(graph.nodes[key].position, (0.0, top - y)) for key in fresh}
    )


# Places and names


def _bounds(positions: Iterable[Position]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of blocks; right and bottom are those of their bodies."""
    places = list(positions) or [(0.0, 0.0)]
    across, down = [x for x, _ in places], [y for _, y in places]
    return min(across), min(down), max(across) + BLOCK[0], max(down) + BLOCK[1]


def _corner(nodes: Iterable[Node]) -> Position:
    """Return where a block goes that stands in the middle of others."""
    left, top, right, bottom = _bounds(node.position for node in nodes)
    return _snapped((left + right - BLOCK[0]) / 2, (top + bottom - BLOCK[1]) / 2)


def _snapped(x: float, y: float) -> Position:
    return round(x / GRID) * GRID, round(y / GRID) * GRID


def _away(position: Position, origin: Position) -> Position:
    return position[0] - origin[0], position[1] - origin[1]


def _new(wanted: str, taken: set[str], stem: str) -> str:
    """Return a word that is not taken yet, and take it."""
    number, found = 1, wanted
    while found in taken:
        found, number = f"{stem}{number}", number + 1
    taken.add(found)
    return found
