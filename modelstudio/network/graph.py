"""Blocks and the wires between them: an immutable value with pure edits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from modelstudio.errors import NetworkError
from modelstudio.network.layer import Layer
from modelstudio.network.parts import Position as Position
from modelstudio.network.parts import TooDeep, parts, place, read_part, text

MOST_NESTED = 32
"""Groups that may lie in each other."""


@dataclass(frozen=True, slots=True)
class Node:
    """A block on the canvas.

    Parameters
    ----------
    id
        Stable within its graph; never shown.
    name
        What a person calls it; unique within its graph and a Python identifier.
    position
        Left and top of the block in canvas pixels.
    shares
        Address of the block whose weights this one uses, or None.
    enabled
        False lets the values pass through.
    frozen
        True keeps the weights fixed while training.
    """

    id: str
    name: str
    layer: Layer
    position: Position = (0.0, 0.0)
    shares: str | None = None
    enabled: bool = True
    frozen: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object; defaults are left out."""
        raw: dict[str, Any] = {"id": self.id, "name": self.name, "layer": self.layer.to_dict()}
        raw["position"] = list(self.position)
        if self.shares is not None:
            raw["shares"] = self.shares
        if not self.enabled:
            raw["enabled"] = False
        if self.frozen:
            raw["frozen"] = True
        return raw

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Node:
        """Read what `to_dict` wrote."""
        shares = raw.get("shares")
        name = text(raw["name"], "name")
        if not name.isprintable():
            raise NetworkError(f"Its name is {name!r}, which cannot be shown.")
        return cls(
            id=text(raw["id"], "id"),
            name=name,
            layer=Layer.from_dict(raw["layer"]),
            position=place(raw.get("position", (0.0, 0.0))),
            shares=None if shares is None else text(shares, "reference to shared weights"),
            enabled=bool(raw.get("enabled", True)),
            frozen=bool(raw.get("frozen", False)),
        )


@dataclass(frozen=True, slots=True)
class Edge:
    """A wire from an output port to an input port.

    The wires into one variadic port keep the order in which the graph holds them.
    """

    source: str
    source_port: str
    target: str
    target_port: str

    def to_list(self) -> list[str]:
        """Return the four names as JSON."""
        return [self.source, self.source_port, self.target, self.target_port]

    @classmethod
    def from_list(cls, raw: Any) -> Edge:
        """Read what `to_list` wrote."""
        if not isinstance(raw, list | tuple) or len(raw) != 4:
            raise NetworkError("It needs four names: a block, its output, a block, its input.")
        return cls(*(text(part, "end") for part in raw))


NOTE_COLORS = ("yellow", "blue", "green", "red", "grey")


@dataclass(frozen=True, slots=True)
class Note:
    """A remark on the canvas; ``size`` is width and height in canvas pixels."""

    id: str
    text: str
    position: Position = (0.0, 0.0)
    size: Position = (208.0, 64.0)
    color: str = NOTE_COLORS[0]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "id": self.id,
            "text": self.text,
            "position": list(self.position),
            "size": list(self.size),
            "color": self.color,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Note:
        """Read what `to_dict` wrote; a colour that is not known becomes the first."""
        width, height = place(raw.get("size", (208.0, 64.0)))
        color = raw.get("color")
        return cls(
            text(raw["id"], "id"),
            text(raw["text"], "text"),
            place(raw.get("position", (0.0, 0.0))),
            (max(width, 16.0), max(height, 16.0)),
            color if color in NOTE_COLORS else NOTE_COLORS[0],
        )


@dataclass(frozen=True)
class Graph:
    """A network as drawn. Every edit returns a new graph that shares what did not change."""

    nodes: Mapping[str, Node] = field(default_factory=lambda: MappingProxyType({}))
    edges: tuple[Edge, ...] = ()
    notes: tuple[Note, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.nodes, MappingProxyType):
            object.__setattr__(self, "nodes", MappingProxyType(dict(self.nodes)))

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Graph) and (
            (self.edges, self.notes, dict(self.nodes))
            == (other.edges, other.notes, dict(other.nodes))
        )

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Worked out once: a group is looked up by it on every analysis."""
        return hash((tuple(self.nodes.values()), self.edges))

    # Reading

    @cached_property
    def incoming(self) -> Mapping[str, tuple[Edge, ...]]:
        """Wires into each node, in order."""
        return self._by(lambda edge: edge.target)

    @cached_property
    def outgoing(self) -> Mapping[str, tuple[Edge, ...]]:
        """Wires out of each node, in order."""
        return self._by(lambda edge: edge.source)

    def _by(self, key: Any) -> Mapping[str, tuple[Edge, ...]]:
        found: dict[str, list[Edge]] = {node_id: [] for node_id in self.nodes}
        for edge in self.edges:
            found[key(edge)].append(edge)
        return {node_id: tuple(edges) for node_id, edges in found.items()}

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Node ids so that every wire points forward; among equals, the order of insertion.

        Raises
        ------
        NetworkError
            When the wires form a loop.
        """
        waiting = {node_id: len(self.incoming[node_id]) for node_id in self.nodes}
        ready = [node_id for node_id, count in waiting.items() if count == 0]
        done: list[str] = []
        for node_id in ready:
            done.append(node_id)
            for edge in self.outgoing[node_id]:
                waiting[edge.target] -= 1
                if waiting[edge.target] == 0:
                    ready.append(edge.target)
        if len(done) < len(self.nodes):
            stuck = next(node_id for node_id in self.nodes if waiting[node_id] > 0)
            raise NetworkError(
                f"The wires around {self.nodes[stuck].name} form a loop.",
                where=stuck,
                fix="Remove one of the wires of the loop.",
            )
        return tuple(done)

    @cached_property
    def depth(self) -> int:
        """How many groups lie in each other at most."""
        inner = (getattr(node.layer, "graph", None) for node in self.nodes.values())
        return max((1 + graph.depth for graph in inner if isinstance(graph, Graph)), default=0)

    def downstream(self, node_id: str) -> set[str]:
        """Return every node that a value of this one can reach, itself included."""
        return _reached([node_id], lambda key: (edge.target for edge in self.outgoing[key]))

    def upstream(self, node_ids: Iterable[str]) -> set[str]:
        """Return every node whose value can reach one of these, themselves included."""
        return _reached(node_ids, lambda key: (edge.source for edge in self.incoming[key]))

    def of_type(self, kind: type[Layer]) -> Iterator[Node]:
        """Yield the nodes whose layer is of a type."""
        return (node for node in self.nodes.values() if isinstance(node.layer, kind))

    def named(self, name: str) -> Node | None:
        """Return the node with this name."""
        return next((node for node in self.nodes.values() if node.name == name), None)

    def free_id(self) -> str:
        """Return an id that no node or note has."""
        taken = {*self.nodes, *(note.id for note in self.notes)}
        number = len(taken) + 1
        while f"n{number}" in taken:
            number += 1
        return f"n{number}"

    def free_name(self, stem: str) -> str:
        """Return ``stem`` with the first free number behind it: ``conv1``, ``conv2``."""
        taken = {node.name for node in self.nodes.values()}
        number = 1
        while f"{stem}{number}" in taken:
            number += 1
        return f"{stem}{number}"

    def refusal(self, edge: Edge) -> str | None:
        """Say why a wire may not be drawn, or None when it may."""
        if edge.source not in self.nodes or edge.target not in self.nodes:
            return "One end of the wire is not in this network."
        source, target = self.nodes[edge.source], self.nodes[edge.target]
        if all(port.name != edge.source_port for port in source.layer.output_ports()):
            return f"{source.name} has no output called {edge.source_port}."
        port = next((p for p in target.layer.input_ports() if p.name == edge.target_port), None)
        if port is None:
            return f"{target.name} has no input called {edge.target_port}."
        if edge in self.edges:
            return f"{source.name} is already wired to {target.name}."
        if edge.source in self.downstream(edge.target):
            return f"A wire from {source.name} to {target.name} would close a loop."
        return None

    # Editing

    def add(self, node: Node) -> Graph:
        """Return a graph with one more node.

        Raises
        ------
        NetworkError
            When the id or the name is taken.
        """
        if node.id in self.nodes:
            raise NetworkError(f"Two blocks have the id {node.id}.", where=node.id)
        self._check_name(node)
        return replace(self, nodes={**self.nodes, node.id: node})

    def put(self, node: Node) -> Graph:
        """Return a graph in which ``node`` stands for the one with the same id.

        Wires that its ports no longer take are dropped; of several the first stays.
        """
        old = self.nodes[node.id]
        if old.name != node.name:
            self._check_name(node)
        graph = replace(self, nodes={**self.nodes, node.id: node})
        if old.layer is not node.layer and (
            old.layer.input_ports() != node.layer.input_ports()
            or old.layer.output_ports() != node.layer.output_ports()
        ):
            free = {port.name: port.variadic for port in node.layer.input_ports()}
            outputs = {port.name for port in node.layer.output_ports()}
            kept: list[Edge] = []
            for edge in self.edges:
                if edge.source == node.id and edge.source_port not in outputs:
                    continue
                if edge.target == node.id:
                    if edge.target_port not in free:
                        continue
                    if not free[edge.target_port]:
                        del free[edge.target_port]
                kept.append(edge)
            graph = replace(graph, edges=tuple(kept))
        return graph

    def _check_name(self, node: Node) -> None:
        if not node.name.isidentifier():
            raise NetworkError(
                f"{node.name!r} cannot be the name of a block.",
                where=node.id,
                fix="Use letters, digits and underscores, and begin with a letter.",
            )
        if any(other.name == node.name and other.id != node.id for other in self.nodes.values()):
            raise NetworkError(
                f"Another block is already called {node.name}.",
                where=node.id,
                fix="Choose a name that is still free.",
            )

    def remove(self, node_ids: Iterable[str], *, heal: bool = False) -> Graph:
        """Return a graph without some nodes and their wires.

        With ``heal``, a node that has one wire in is bridged: what it fed is fed by its source.
        """
        graph = self
        for node_id in node_ids:
            into, out = graph.incoming[node_id], graph.outgoing[node_id]
            kept: list[Edge] = []
            bridge = heal and len(into) == 1
            for edge in graph.edges:
                if bridge and edge.source == node_id:
                    joined = Edge(
                        into[0].source, into[0].source_port, edge.target, edge.target_port
                    )
                    if joined not in kept and joined not in graph.edges:
                        kept.append(joined)
                elif edge not in into and edge not in out:
                    kept.append(edge)
            nodes = {key: node for key, node in graph.nodes.items() if key != node_id}
            graph = replace(graph, nodes=nodes, edges=tuple(kept))
        return graph

    def connect(self, edge: Edge) -> Graph:
        """Return a graph with a wire; it takes the place of another into a port for one wire.

        Raises
        ------
        NetworkError
            When the wire is not allowed; the message says why.
        """
        reason = self.refusal(edge)
        if reason:
            raise NetworkError(reason, where=edge.target)
        target = self.nodes[edge.target].layer
        port = next(p for p in target.input_ports() if p.name == edge.target_port)
        kept = self.edges
        if not port.variadic:
            kept = tuple(
                old
                for old in kept
                if (old.target, old.target_port) != (edge.target, edge.target_port)
            )
        return replace(self, edges=(*kept, edge))

    def disconnect(self, edge: Edge) -> Graph:
        """Return a graph without a wire."""
        return replace(self, edges=tuple(old for old in self.edges if old != edge))

    def insert(self, node: Node, edge: Edge) -> Graph:
        """Return a graph in which a new node sits in the middle of a wire.

        The wire keeps its place in the order of a variadic port.
        """
        port_in = next(iter(node.layer.input_ports()), None)
        port_out = next(iter(node.layer.output_ports()), None)
        if port_in is None or port_out is None:
            raise NetworkError(f"{node.name} cannot sit in the middle of a wire.", where=node.id)
        graph = self.add(node)
        first = Edge(edge.source, edge.source_port, node.id, port_in.name)
        second = Edge(node.id, port_out.name, edge.target, edge.target_port)
        edges: list[Edge] = []
        for old in graph.edges:
            edges += [first, second] if old == edge else [old]
        return replace(graph, edges=tuple(edges))

    def move(self, positions: Mapping[str, Position]) -> Graph:
        """Return a graph with some nodes and notes elsewhere."""
        nodes = dict(self.nodes)
        for key, position in positions.items():
            if key in nodes:
                nodes[key] = replace(nodes[key], position=position)
        notes = tuple(
            replace(note, position=positions[note.id]) if note.id in positions else note
            for note in self.notes
        )
        return replace(self, nodes=nodes, notes=notes)

    def with_notes(self, notes: Iterable[Note]) -> Graph:
        """Return a graph with other notes."""
        return replace(self, notes=tuple(notes))

    # Files

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {
            "nodes": [node.to_dict() for node in self.nodes.values()],
            "edges": [edge.to_list() for edge in self.edges],
            "notes": [note.to_dict() for note in self.notes],
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Graph:
        """Read what `to_dict` wrote.

        Raises
        ------
        NetworkError
            When it is no network, ids are taken twice or a wire ends nowhere.
        """
        try:
            graph = cls._read(raw)
        except RecursionError:
            raise TooDeep(MOST_NESTED) from None
        if graph.depth > MOST_NESTED:
            raise TooDeep(MOST_NESTED)
        return graph

    @classmethod
    def _read(cls, raw: Mapping[str, Any]) -> Graph:
        nodes: dict[str, Node] = {}
        for number, item in enumerate(parts(raw, "nodes"), 1):
            node = read_part(Node.from_dict, item, "Block", number)
            if node.id in nodes:
                raise NetworkError(f"Two blocks have the id {node.id}.", where=node.id)
            nodes[node.id] = node
        wires = enumerate(parts(raw, "edges"), 1)
        edges = tuple(
            dict.fromkeys(read_part(Edge.from_list, item, "Wire", number) for number, item in wires)
        )
        for edge in edges:
            if edge.source not in nodes or edge.target not in nodes:
                raise NetworkError("A wire of the network ends at a block that does not exist.")
        remarks = enumerate(parts(raw, "notes"), 1)
        notes = tuple(read_part(Note.from_dict, item, "Note", number) for number, item in remarks)
        if len({*nodes, *(note.id for note in notes)}) < len(nodes) + len(notes):
            raise NetworkError("Two blocks or notes of the network have the same id.")
        return cls(nodes, edges, notes)


def check_nested(graph: Graph, outer: int) -> None:
    """Refuse a graph whose groups would lie too deep, with so many around it."""
    if graph.depth + outer > MOST_NESTED:
        raise TooDeep(MOST_NESTED, fix="Take a group apart first.")


def _reached(starts: Iterable[str], onward: Callable[[str], Iterable[str]]) -> set[str]:
    """Return all that can be reached from some nodes step by step, themselves included."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        for node_id in onward(waiting.pop()):
            if node_id not in found:
                found.add(node_id)
                waiting.append(node_id)
    return found
