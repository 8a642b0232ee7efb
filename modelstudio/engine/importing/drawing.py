"""Blocks as they are found in a foreign network, put together as a graph with groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelstudio.errors import FieldError
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.group import Group, GroupInput, GroupOutput
from modelstudio.network.layer import Layer, UnknownLayer
from modelstudio.network.layout import arrange
from modelstudio.network.shapes import free, identifier

Array = NDArray[Any]
Weights = Mapping[str, Array]
"""Numbers of a module by the name that torch gives them: ``weight``, ``running_mean``."""

Scope = tuple[str, ...]
"""Names of the modules around an operation, the outermost first."""

LONGEST = 200
"""Most characters of an attribute that a placeholder keeps."""


class Unmapped(Exception):
    """The palette has no block for an operation; the message is the reason, as a sentence."""


NOT_UNDERSTOOD = "It is used in a way that the import does not understand."

ODDITIES = (Unmapped, LookupError, ArithmeticError, AttributeError, TypeError, ValueError)
"""What a foreign operation may raise while it is drawn: files hold anything."""


class Wire(NamedTuple):
    """The value at an output port of a block."""

    block: str
    port: str = "y"


@dataclass
class Block:
    """A block before it has a place: what it is fed, its weights, the modules it lies in.

    ``name`` is what its module is called, empty where it has none; ``shares`` is the id of the
    block whose weights it uses, or empty.
    """

    id: str
    layer: Layer
    name: str
    scope: Scope
    sources: list[tuple[Wire, str]]
    weights: Weights = field(default_factory=dict)
    shares: str = ""


class Placeholder(NamedTuple):
    """An operation that has no block, and why."""

    name: str
    operation: str
    reason: str


def palette_layer(kind: str, **settings: Any) -> Layer:
    """Return a layer of the palette by its name.

    Raises
    ------
    Unmapped
        When the palette has no such layer, or it does not take these settings.
    """
    found = Layer.find(kind)
    if found is None:
        raise Unmapped(f"The palette has no {kind}.")
    try:
        return found.build(**settings)
    except FieldError as error:
        raise Unmapped(f"{kind} cannot be set so: {error.message}") from None


class Drawing:
    """Collects blocks in the order of the values that flow.

    Attributes
    ----------
    scope
        Modules around the operation that is being drawn.
    stem
        What the next blocks are called after; empty takes the usual name of their type.
    notes
        What may make the answers differ from the original's.
    """

    def __init__(self) -> None:
        self.blocks: dict[str, Block] = {}
        self.scope: Scope = ()
        self.stem = ""
        self.notes: set[str] = set()

    def add(
        self,
        layer: Layer,
        *sources: Wire | None,
        weights: Weights | None = None,
        stem: str = "",
    ) -> Wire:
        """Add a block, its input ports wired in order; None leaves an optional one open."""
        ports = layer.input_ports()
        wired: list[tuple[Wire, str]] = []
        for index, source in enumerate(sources):
            if index >= len(ports) and not (ports and ports[-1].variadic):
                raise Unmapped(f"{layer.label} takes {len(ports)} values, here it has more.")
            end = ports[min(index, len(ports) - 1)].name
            if source is None:
                continue
            if (source, end) in wired:
                raise Unmapped("The same value enters it twice.")
            wired.append((source, end))
        key = f"n{len(self.blocks) + 1}"
        name = stem or self.stem
        self.blocks[key] = Block(key, layer, name, self.scope, wired, weights or {})
        outputs = layer.output_ports()
        return Wire(key, outputs[0].name if outputs else "y")

    def placeholder(
        self, operation: str, reason: str, attributes: Mapping[str, Any], sources: Iterable[Wire]
    ) -> Wire:
        """Keep an operation that has no block, with its reason."""
        raw = {
            "type": operation,
            "attributes": {name: _kept(value) for name, value in attributes.items()},
            "reason": reason,
        }
        layer = UnknownLayer.unknown(operation, raw)
        stem = self.stem or identifier(operation.rpartition(".")[2].lower())
        return self.add(layer, *dict.fromkeys(sources), stem=stem)

    def undo_to(self, count: int) -> None:
        """Forget the blocks after the first ``count``, as when an operation fails half way."""
        for key in list(self.blocks)[count:]:
            del self.blocks[key]

    def take(self, wire: Wire) -> Block:
        """Return the block that gives a value."""
        return self.blocks[wire.block]

    def has_table(self, array: Array) -> bool:
        """Tell whether an Embedding looks up the rows of a matrix."""
        return any(
            np.array_equal(block.weights["weight"], array)
            for block in self.blocks.values()
            if block.layer.type_name == "Embedding" and block.weights
        )

    def used(self, wire: Wire) -> int:
        """Return how many inputs a value feeds so far."""
        return sum(source == wire for block in self.blocks.values() for source, _ in block.sources)

    def prune(self) -> None:
        """Forget blocks whose values reach no Output and no placeholder."""
        wanted: set[str] = set()
        for key, block in reversed(self.blocks.items()):
            if key in wanted or block.layer.answers or isinstance(block.layer, UnknownLayer):
                wanted.add(key)
                wanted.update(source.block for source, _ in block.sources)
        self.blocks = {key: block for key, block in self.blocks.items() if key in wanted}

    def graph(self) -> Graph:
        """Return the network, its modules as groups, laid out."""
        graph = _Level(list(self.blocks.values()), 0, {}, ()).graph()
        shares = {block.id: block.shares for block in self.blocks.values() if block.shares}
        return _shared(graph, shares, dict(_addresses(graph, ""))) if shares else graph

    def placeholders(self, graph: Graph) -> list[Placeholder]:
        """Return what stayed without a block, by the names that it has in the graph."""
        found = []
        for node in graph.nodes.values():
            if isinstance(node.layer, UnknownLayer):
                raw = node.layer.to_dict()
                found.append(Placeholder(node.name, raw["type"], raw.get("reason", "")))
            elif isinstance(node.layer, Group):
                found += [
                    inner._replace(name=f"{node.name}/{inner.name}")
                    for inner in self.placeholders(node.layer.graph)
                ]
        return found


def _addresses(graph: Graph, around: str) -> Iterator[tuple[str, str]]:
    """Yield the address of each block, groups included."""
    for key, node in graph.nodes.items():
        yield key, around + key
        if isinstance(node.layer, Group):
            yield from _addresses(node.layer.graph, f"{around}{key}/")


def _shared(graph: Graph, shares: Mapping[str, str], addresses: Mapping[str, str]) -> Graph:
    """Return the graph with blocks that use the weights of others."""
    nodes = {}
    for key, node in graph.nodes.items():
        if isinstance(node.layer, Group):
            inner = _shared(node.layer.graph, shares, addresses)
            node = replace(node, layer=node.layer.changed(graph=inner))
        elif key in shares:
            node = replace(node, shares=addresses[shares[key]])
        nodes[key] = node
    return replace(graph, nodes=nodes)


def _kept(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int | float) or value is None:
        return value
    if isinstance(value, list | tuple) and len(value) <= 16:
        return [_kept(item) for item in value]
    return str(value)[:LONGEST]


class _Level:
    """The blocks of one module: some stand for themselves, those of an inner module for a group.

    Parameters
    ----------
    depth
        How many names of their scope the blocks have in common.
    inputs
        Values from outside, by the name of the port through which they enter.
    gives
        Values that leave.
    """

    def __init__(
        self, blocks: Sequence[Block], depth: int, inputs: Mapping[str, Wire], gives: Sequence[Wire]
    ) -> None:
        self.blocks = blocks
        self.depth = depth
        self.inputs = inputs
        self.gives = gives
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.names: set[str] = set()
        self.local: dict[Wire, Wire] = {}

    def graph(self) -> Graph:
        while True:
            units = self._units()
            # one module around all there is says nothing
            if len(units) != 1 or len(units[0]) < 2:
                break
            self.depth += 1
        for name, wire in self.inputs.items():
            self._put(f"in_{name}", name, GroupInput())
            self.local[wire] = Wire(f"in_{name}")
        ends = [block for block in self.blocks if block.layer.answers]
        for unit in units:
            if len(unit) > 1:
                self._group(unit)
            elif not unit[0].layer.answers:
                self._block(unit[0])
        for block in ends:  # in the order of the foreign outputs
            self._block(block)
        for number, wire in enumerate(self.gives, 1):
            name = f"y{number}" if number > 1 else "y"
            self._put(f"out_{name}", name, GroupOutput())
            self._connect(wire, f"out_{name}", "x")
        graph = Graph(self.nodes, tuple(self.edges))
        return graph.move(arrange(graph))

    def _block(self, block: Block) -> None:
        name = identifier(block.name) if block.name else self._numbered(block.layer.stem)
        self._put(block.id, name, block.layer)
        for wire, end in block.sources:
            self._connect(wire, block.id, end)
        for port in block.layer.output_ports():
            wire = Wire(block.id, port.name)
            self.local[wire] = wire

    def _group(self, unit: Sequence[Block]) -> None:
        inside = {block.id for block in unit}
        needs = dict.fromkeys(
            wire for block in unit for wire, _ in block.sources if wire.block not in inside
        )
        gives = tuple(
            dict.fromkeys(
                [
                    wire
                    for block in self.blocks
                    if block.id not in inside
                    for wire, _ in block.sources
                    if wire.block in inside
                ]
                + [wire for wire in self.gives if wire.block in inside]
            )
        )
        inputs = {f"x{number}" if number > 1 else "x": w for number, w in enumerate(needs, 1)}
        name = unit[0].scope[self.depth]
        if name.isdecimal():
            around = unit[0].scope[self.depth - 1] if self.depth else "block"
            name = f"{around}_{name}"
        key = f"g_{unit[0].id}_{self.depth}"
        inner = _Level(unit, self.depth + 1, inputs, gives).graph()
        self._put(key, identifier(name), Group(graph=inner))
        for port, wire in inputs.items():
            self._connect(wire, key, port)
        for number, wire in enumerate(gives, 1):
            self.local[wire] = Wire(key, f"y{number}" if number > 1 else "y")

    def _put(self, key: str, name: str, layer: Layer) -> None:
        self.nodes[key] = Node(key, free(name, self.names), layer)

    def _numbered(self, stem: str) -> str:
        number = 1
        while f"{stem}{number}" in self.names:
            number += 1
        return f"{stem}{number}"

    def _connect(self, wire: Wire, target: str, port: str) -> None:
        source = self.local[wire]
        self.edges.append(Edge(source.block, source.port, target, port))

    def _units(self) -> list[list[Block]]:
        """Return blocks alone and those of an inner module together, as values flow.

        A module whose values leave and come back stays in pieces.
        """
        modules: dict[str, list[Block]] = {}
        for block in self.blocks:
            if len(block.scope) > self.depth:
                modules.setdefault(block.scope[self.depth], []).append(block)
        unit_of = {block.id: block.id for block in self.blocks}
        for name, members in modules.items():
            if len(members) < 2:
                continue
            tried = unit_of | dict.fromkeys((block.id for block in members), f"/{name}")
            if self._order(tried) is not None:
                unit_of = tried
        order = self._order(unit_of) or []
        together: dict[str, list[Block]] = {unit: [] for unit in order}
        for block in self.blocks:
            together[unit_of[block.id]].append(block)
        return list(together.values())

    def _order(self, unit_of: Mapping[str, str]) -> list[str] | None:
        """Return the units as values flow, or None where they would wait for each other."""
        needs: dict[str, set[str]] = {unit: set() for unit in unit_of.values()}
        for block in self.blocks:
            unit = unit_of[block.id]
            needs[unit] |= {
                unit_of[wire.block]
                for wire, _ in block.sources
                if wire.block in unit_of and unit_of[wire.block] != unit
            }
        feeds: dict[str, list[str]] = {unit: [] for unit in needs}
        for unit, sources in needs.items():
            for source in sources:
                feeds[source].append(unit)
        waiting = {unit: len(sources) for unit, sources in needs.items()}
        order = [unit for unit, count in waiting.items() if not count]
        for unit in order:
            for fed in feeds[unit]:
                waiting[fed] -= 1
                if not waiting[fed]:
                    order.append(fed)
        return order if len(order) == len(needs) else None
