"""Repairs as edits of a graph, offered beside a problem."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from modelstudio.errors import StudioError
from modelstudio.network.analysis import FieldLike, Fix
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer, Port
from modelstudio.network.layout import BLOCK, GAP
from modelstudio.network.mismatch import Repair

ROW = BLOCK[1] + GAP[1]
"""Canvas pixels from one block to the next below it."""


def insert_before(edge: Edge, layer: Layer, label: str) -> Fix:
    """Offer to put a new block into a wire; what follows in its column moves down."""

    def apply(graph: Graph) -> Graph:
        target = graph.nodes[edge.target]
        x, y = target.position
        places = {
            node_id: graph.nodes[node_id].position for node_id in graph.downstream(edge.target)
        }
        moved = {
            node_id: (across, down + ROW)
            for node_id, (across, down) in places.items()
            if abs(across - x) < BLOCK[0] and down >= y
        }
        node = Node(graph.free_id(), graph.free_name(layer.stem), layer, (x, y))
        return graph.move(moved).insert(node, edge)

    return Fix(label, apply)


def change(node_id: str, label: str, **settings: object) -> Fix:
    """Offer to change the settings of a block."""

    def apply(graph: Graph) -> Graph:
        node = graph.nodes[node_id]
        return graph.put(replace(node, layer=node.layer.changed(**settings)))

    return Fix(label, apply)


def become(node_id: str, label: str, kind: type[Layer], **settings: object) -> Fix:
    """Offer another type for a block, which keeps the settings that both have, and its wires.

    What is said for each axis is said for as many axes as the new type has.
    """

    def apply(graph: Graph) -> Graph:
        node = graph.nodes[node_id]
        kept = {
            name: _for_axes(kind, value)
            for name, value in node.layer.as_values().items()
            if name in kind.model_fields
        }
        layer = kind.build(**{**kept, **settings})
        into = _renamed(node.layer.input_ports(), layer.input_ports())
        out = _renamed(node.layer.output_ports(), layer.output_ports())
        edges = tuple(
            replace(
                edge,
                target_port=into.get(edge.target_port, "")
                if edge.target == node_id
                else edge.target_port,
                source_port=out.get(edge.source_port, "")
                if edge.source == node_id
                else edge.source_port,
            )
            for edge in graph.edges
        )
        return replace(graph, edges=edges).put(replace(node, layer=layer))

    return Fix(label, apply)


def _for_axes(kind: type[Layer], value: object) -> object:
    name = kind.__name__
    if not isinstance(value, tuple) or not value or name[-2:] not in ("1d", "2d", "3d"):
        return value
    axes = int(name[-2])
    return value[0] if axes == 1 else (*value, *value[-1:] * axes)[:axes]


def _renamed(old: Sequence[Port], new: Sequence[Port]) -> dict[str, str]:
    """Match ports by their place; what is left over goes to the last, where that takes several."""
    names = dict(zip((port.name for port in old), (port.name for port in new), strict=False))
    if new and new[-1].variadic:
        names |= {port.name: new[-1].name for port in old[len(new) :]}
    return names


def remove(node_id: str, label: str) -> Fix:
    """Offer to take a block out of its chain."""
    return Fix(label, lambda graph: graph.remove([node_id], heal=True))


def disconnect(edge: Edge) -> Fix:
    """Offer to take a wire away."""
    return Fix("Remove the wire", lambda graph: graph.disconnect(edge))


def open_group(node: Node, inside: tuple[str, ...]) -> Fix:
    """Offer to show the block at fault inside of a group."""
    return Fix(f"Open {node.name}", lambda graph: graph, (node.id, *inside))


def unshare(node_id: str) -> Fix:
    """Offer to give a block weights of its own."""

    def apply(graph: Graph) -> Graph:
        return graph.put(replace(graph.nodes[node_id], shares=None))

    return Fix("Give it weights of its own", apply)


def rename(node_id: str, name: str) -> Fix:
    """Offer another name."""

    def apply(graph: Graph) -> Graph:
        return graph.put(replace(graph.nodes[node_id], name=name))

    return Fix(f"Call it {name}", apply)


def add_output(graph: Graph) -> Fix | None:
    """Offer an Output behind the last block that leads nowhere."""
    ends = [
        node
        for node in graph.nodes.values()
        if node.layer.output_ports()
        and not graph.outgoing[node.id]
        and (graph.incoming[node.id] or not node.layer.input_ports())
    ]
    declared = Layer.find("Output")
    if not ends or declared is None:
        return None
    end = ends[-1]

    def apply(graph: Graph) -> Graph:
        x, y = graph.nodes[end.id].position
        node = Node(graph.free_id(), graph.free_name("output"), declared.build(), (x, y + ROW))
        port = end.layer.output_ports()[0].name
        return graph.add(node).connect(
            Edge(end.id, port, node.id, node.layer.input_ports()[0].name)
        )

    return Fix("Add Output", apply)


def add_input(graph: Graph, fields: Sequence[FieldLike]) -> Fix | None:
    """Offer a wire from an Input to the first block that has none; a new one where none is free."""
    declared = Layer.find("Input")
    open_ports = (
        (node_id, port.name)
        for node_id in graph.order
        for port in graph.nodes[node_id].layer.input_ports()
        if not port.optional and all(e.target_port != port.name for e in graph.incoming[node_id])
    )
    end = next(open_ports, None)
    if end is None or declared is None:
        return None
    unused = next((node for node in graph.of_type(declared) if not graph.outgoing[node.id]), None)
    if unused is not None:
        port = unused.layer.output_ports()[0].name
        wire = Edge(unused.id, port, *end)
        return Fix(f"Wire {unused.name}", partial(Graph.connect, edge=wire))
    names = [field.name for field in fields if field.role == "input"]

    def apply(graph: Graph) -> Graph:
        x, y = graph.nodes[end[0]].position
        layer = declared.build(**({"field": names[0]} if names else {}))
        node = Node(graph.free_id(), graph.free_name(layer.stem), layer, (x, y - ROW))
        return graph.add(node).connect(Edge(node.id, layer.output_ports()[0].name, *end))

    return Fix("Add Input", apply)


def fixes_for(
    graph: Graph,
    node: Node,
    repairs: Iterable[Repair],
    wires: Sequence[Edge | None],
    given: int | None,
) -> tuple[Fix, ...]:
    """Turn the repairs that a layer proposed into edits of this graph; what does not work goes.

    Parameters
    ----------
    wires
        What leads into the block, in port order.
    given
        Which of the wires brings the value that was refused.
    """
    found: list[Fix] = []
    for repair in repairs:
        place = given if repair.at is None else repair.at
        edge = wires[place] if place is not None and place < len(wires) else None
        with suppress(StudioError):
            fix = _edit(graph, node, edge, repair)
            if fix is not None:
                fix.apply(graph)
                found.append(fix)
    return tuple(found)


def _edit(graph: Graph, node: Node, edge: Edge | None, repair: Repair) -> Fix | None:
    settings = dict(repair.settings)
    if repair.remove:
        return remove(node.id, repair.label)
    if repair.wire is not None:
        sequence, port = repair.wire
        ids = _ids_of(graph, node, sequence)
        if ids is None:
            return None
        return Fix(repair.label, partial(Graph.connect, edge=Edge(*ids, node.id, port)))
    if repair.become is not None:
        kind = Layer.find(repair.become)
        return become(node.id, repair.label, kind, **settings) if kind is not None else None
    if repair.insert is None and not repair.source:
        return change(node.id, repair.label, **settings)
    if edge is None:
        return None
    if repair.source:
        return change(edge.source, repair.label, **settings)
    layer = Layer.from_dict({"type": repair.insert, **settings})
    return insert_before(edge, layer, repair.label)


def _ids_of(graph: Graph, node: Node, sequence: str) -> tuple[str, str] | None:
    """Return the block and port of the nearest ids up the wires from the port of a sequence."""
    wires = graph.incoming[node.id]
    before = graph.upstream(wire.source for wire in wires if wire.target_port == sequence)
    for node_id in reversed(graph.order):
        if node_id in before:
            ports = {port.name: port for port in graph.nodes[node_id].layer.input_ports()}
            for edge in graph.incoming[node_id]:
                port = ports.get(edge.target_port)
                if port is not None and port.dtype == "int":
                    return edge.source, edge.source_port
    return None
