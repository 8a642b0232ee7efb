"""The walk that lowers a whole network with a builder, groups and shared weights included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from modelstudio.errors import NetworkError
from modelstudio.network import repairs
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.group import PORTS, Group, GroupInput, GroupOutput
from modelstudio.network.layer import Layer, Port, UnknownLayer
from modelstudio.network.mismatch import (
    ORDER_WORDS,
    PERMUTE,
    RANK_WORDS,
    Mismatch,
    NotYet,
    Repair,
    Unfixed,
    rank_text,
)
from modelstudio.network.shapes import TURNED, Builder, Path, Place, Value

Values = dict[tuple[str, str], Value]
"""Value at each output port, by node id and port name."""


class BadWire(Mismatch):
    """A wire that should not be there."""

    def __init__(self, needs: str, edge: Edge) -> None:
        super().__init__(needs)
        self.edge = edge


class BlockMismatch(Exception):
    """A mismatch inside a walk, with the block that refused and the values it was given."""

    def __init__(self, node: Node, mismatch: Mismatch) -> None:
        super().__init__(f"{node.name} {mismatch.needs}")
        self.node = node
        self.mismatch = mismatch


class InsideMismatch(Mismatch):
    """A group that cannot run; ``inside`` are the ids that lead from it to the block at fault."""

    def __init__(self, needs: str, inside: tuple[str, ...]) -> None:
        super().__init__(needs)
        self.inside = inside


def lower_graph(
    graph: Graph,
    b: Builder,
    given: Mapping[str, Value] | None = None,
    *,
    logits: bool = False,
    root: Graph | None = None,
) -> Values:
    """Lower every block that leads to an output and return the values at all ports.

    Parameters
    ----------
    given
        Values of the group inputs, by name, when ``graph`` is inside a group.
    logits
        Leave out a Softmax or Sigmoid in front of an output.
    root
        The outermost graph, which addresses of shared weights begin at.

    Raises
    ------
    BlockMismatch
        When a block refuses a value.
    """
    if logits:
        graph = ending_in_logits(graph)
    values: Values = {}
    useful = leading_to_output(graph)
    for node_id in graph.order:
        if node_id not in useful:
            continue
        node = graph.nodes[node_id]
        try:
            if isinstance(node.layer, GroupInput):
                found: Sequence[Value] = (group_input(node, given or {}),)
            else:
                found = lower_node(node, b, arguments(graph, node, values), root or graph)
        except Mismatch as mismatch:
            raise BlockMismatch(node, mismatch) from None
        ports = node.layer.output_ports() or (Port("y"),)
        for port, value in zip(ports, found, strict=False):
            values[node_id, port.name] = value
    if root is None:
        b.results = {name: b.results[name] for name in _targets(graph) if name in b.results}
    return values


def lower_node(
    node: Node, b: Builder, taken: Sequence[Value | None], root: Graph
) -> Sequence[Value]:
    """Lower one block for given values, in port order; one value a port comes back."""
    layer = node.layer
    first = taken[0] if taken else None
    if isinstance(layer, GroupOutput) and b.path and first is not None:
        return (first,)
    if isinstance(layer, PORTS):
        raise Mismatch("belongs inside a group")
    if isinstance(layer, UnknownLayer) and layer.reason:
        raise Mismatch(f"stands for {layer.type_name}, which has no block. {layer.reason}")
    if isinstance(layer, UnknownLayer):
        raise Mismatch(f"is of the type {layer.type_name}, which this version does not know")
    if not node.enabled and first is not None and layer.output_ports():
        return (first,) * len(layer.output_ports())
    check_ports(layer, taken)
    if isinstance(layer, Group):
        return _lower_group(node, layer, b, [value for value in taken if value], root)
    with b.within(node, owner=_owner(node, b, root)):
        try:
            result = layer.lower(b, *taken)
        except Unfixed as unfixed:
            raise _placed(unfixed, layer, taken) from None
    return result if isinstance(result, tuple) else (result,)


def arguments(
    graph: Graph, node: Node, values: Mapping[tuple[str, str], Value]
) -> list[Value | None]:
    """Return what a block is given, in port order; None stands for an open optional port.

    Raises
    ------
    Mismatch
        When a port that must be wired is open.
    """
    taken: list[Value | None] = []
    ports = node.layer.input_ports()
    for edge in graph.incoming[node.id]:
        if all(port.name != edge.target_port for port in ports):
            raise BadWire(
                f"has a wire into {edge.target_port!r}, which is not one of its inputs", edge
            )
        if (edge.source, edge.source_port) not in values:
            source = graph.nodes[edge.source].name
            text = f"is wired to the output {edge.source_port!r} of {source}, which does not exist"
            raise BadWire(text, edge)
    for port in ports:
        wires = [edge for edge in graph.incoming[node.id] if edge.target_port == port.name]
        several = len(ports) > 1
        what = f"its input {port.name}" if several else "its input"
        if not wires and not port.optional:
            raise Mismatch(f"has no wire into {what}. Draw one from the block before it")
        if len(wires) > 1 and not port.variadic:
            raise BadWire(f"has {len(wires)} wires into {what}, which takes one", wires[-1])
        taken += [values[edge.source, edge.source_port] for edge in wires]
        if not wires and not port.variadic:
            taken.append(None)
    return taken


def check_ports(layer: Layer, taken: Sequence[Value | None]) -> None:
    """Refuse values whose dtype or number of dimensions a port does not take."""
    ports = layer.input_ports()
    for index, value in enumerate(taken):
        port = ports[min(index, len(ports) - 1)]
        if value is None:
            continue
        if port.dtype == "float" and value.dtype == "int":
            raise Mismatch("needs numbers", index, Repair("Insert Embedding", "Embedding"))
        if port.dtype == "int" and value.dtype == "float":
            numbers = [Repair("Use Linear", become="Linear")] if layer.stem == "embed" else []
            raise Mismatch("needs ids", index, *numbers)
        if port.ranks and value.rank not in port.ranks:
            ranks = (2,) if port.ranks == (2, 3) else port.ranks
            words = RANK_WORDS | ({3: ORDER_WORDS[port.order]} if port.order else {})
            needs = f"needs {rank_text(ranks, words)}"
            raise Mismatch(needs, index, *repairs.of_rank(layer, port, value.shape))
        if not value.order or value.order != TURNED[port.order]:
            continue
        if isinstance(value.shape[1 if port.order == "channels" else 2], str):
            raise Mismatch(f"needs {ORDER_WORDS[port.order]}", index, PERMUTE)


def _placed(unfixed: Unfixed, layer: Layer, taken: Sequence[Value | None]) -> Mismatch:
    """Return a refusal with the value it is about; a sequence may stand the wrong way round."""
    ports = layer.input_ports()
    for index, value in enumerate(taken):
        if value is not None and value.shape == unfixed.shape:
            turned = value.order and not ports[min(index, len(ports) - 1)].order
            return Mismatch(unfixed.needs, index, *([PERMUTE] if turned else []))
    return unfixed


def misread(graph: Graph, node: Node, taken: Sequence[Value | None]) -> Iterator[Mismatch]:
    """Yield a notice where steps are taken for channels, or channels for steps.

    A field that is far longer than wide is asked about: nothing says what its rows are.
    """
    ports = node.layer.input_ports()
    for index, value in enumerate(taken):
        port = ports[min(index, len(ports) - 1)]
        if value is None or value.rank != 3 or not port.order:
            continue
        first, second = value.shape[1:]
        turn = replace(PERMUTE, at=index)
        if value.order == TURNED[port.order]:
            text = f"takes {first} {value.order} of {second} numbers for {port.order}"
            yield Mismatch(text, None, turn)
        elif port.order == "steps" and not value.order and _is_field(graph, node, port):
            text = f"takes {first} rows of {second} numbers for {first} steps"
            if isinstance(first, int) and isinstance(second, int) and 4 * first <= second:
                yield Mismatch(f"{text}, which may be channels", None, turn)


def _is_field(graph: Graph, node: Node, port: Port) -> bool:
    """Say whether a field of the data enters a port as it is."""
    wires = (edge for edge in graph.incoming[node.id] if edge.target_port == port.name)
    return any(graph.nodes[edge.source].layer.type_name == "Input" for edge in wires)


def group_input(node: Node, given: Mapping[str, Value]) -> Value:
    """Return the value that enters a group at one of its ports."""
    value = given.get(node.name)
    if value is None:
        raise Mismatch("has no value, since the group is not wired there")
    rank = getattr(node.layer, "rank", None)
    if rank is not None and value.rank != rank:
        raise Mismatch(f"needs {rank_text([rank])}", 0)
    return value


def ending_in_logits(graph: Graph) -> Graph:
    """Return the graph with its outputs wired to what comes before a Softmax or Sigmoid."""
    edges: list[Edge] = []
    for edge in graph.edges:
        source = graph.nodes[edge.source]
        if graph.nodes[edge.target].layer.answers and source.layer.probability and source.enabled:
            (before,) = graph.incoming[source.id]
            edge = replace(edge, source=before.source, source_port=before.source_port)
        edges.append(edge)
    return replace(graph, edges=tuple(edges))


def shares_weights(graph: Graph) -> bool:
    """Say whether a block, in groups or not, uses the weights of another."""
    return any(
        node.shares is not None
        or (isinstance(node.layer, Group) and shares_weights(node.layer.graph))
        for node in graph.nodes.values()
    )


def _targets(graph: Graph) -> Iterator[str]:
    """Yield the targets that a network answers for, in the order in which it was drawn."""
    for node in graph.nodes.values():
        if node.layer.answers:
            yield getattr(node.layer, "target", "")


def leading_to_output(graph: Graph) -> set[str]:
    """Return the blocks whose value reaches an answer, or leaves the group."""
    return graph.upstream(
        node.id
        for node in graph.nodes.values()
        if node.layer.answers or isinstance(node.layer, GroupOutput)
    )


def check_group(group: Group) -> None:
    """Refuse a group out of which nothing comes, or which would answer for the network."""
    if not any(group.graph.of_type(GroupOutput)):
        raise Mismatch("has no Group output inside, so nothing leaves it")
    if any(inner.layer.answers for inner in group.graph.nodes.values()):
        raise Mismatch("holds an Output, which belongs outside of a group")


def check_repeat(results: Sequence[Value], taken: Sequence[Value]) -> None:
    """Refuse to run a group on what it gave, unless that has the shapes of what it was given."""
    if [value.shape for value in results] != [value.shape for value in taken]:
        raise Mismatch(
            "can be repeated only when what comes out has the shape of what goes in",
            None,
            Repair("Repeat it once", settings=(("repeat", 1),)),
        )


def depends_on_outside(graph: Graph) -> bool:
    """Say whether what a group gives depends on more than what it is given: data or weights."""
    return any(
        node.shares is not None
        or node.layer.outside
        or (isinstance(node.layer, Group) and depends_on_outside(node.layer.graph))
        or not (node.layer.input_ports() or isinstance(node.layer, GroupInput))
        for node in graph.nodes.values()
    )


def _lower_group(
    node: Node, group: Group, b: Builder, taken: Sequence[Value], root: Graph
) -> Sequence[Value]:
    check_group(group)
    names = [port.name for port in group.input_ports()]
    outputs = [inner.id for inner in group.graph.of_type(GroupOutput)]

    def once(values: Sequence[Value], repeat: int) -> Sequence[Value]:
        try:
            inside = lower_graph(group.graph, b, dict(zip(names, values, strict=True)), root=root)
        except BlockMismatch as error:
            deeper = error.mismatch
            if isinstance(deeper, NotYet):
                raise deeper from None
            raise InsideMismatch(
                f"does not fit inside: {error.node.name} {deeper.needs}",
                (error.node.id, *(deeper.inside if isinstance(deeper, InsideMismatch) else ())),
            ) from None
        except NetworkError as error:
            raise Mismatch(f"does not fit inside: {error.message}") from None
        results = [inside[output, "y"] for output in outputs]
        if repeat + 1 < group.repeat:
            check_repeat(results, values)
        return results

    return b.group(node, group.repeat, taken, once)


def _owner(node: Node, b: Builder, root: Graph) -> Path | None:
    """Return the path of the block whose weights a block uses, or None.

    The address may lead into groups; there the same repeat counts as here where the groups are the
    same, else the first.
    """
    if node.shares is None:
        return None
    graph, steps = root, list[Place]()
    *groups, last = node.shares.split("/")
    alike = True
    try:
        for depth, group_id in enumerate(groups):
            group = graph.nodes[group_id]
            alike = alike and depth < len(b.path) and b.path[depth].node_id == group_id
            if not isinstance(group.layer, Group):
                raise KeyError(group_id)
            several = group.layer.repeat > 1
            here = b.path[depth].repeat if alike else 0
            steps.append(Place(group.id, group.name, here, several))
            graph = group.layer.graph
        owner = graph.nodes[last]
    except KeyError:
        raise Mismatch("shares the weights of a block that no longer exists") from None
    if owner.layer.type_name not in (node.layer.type_name, *node.layer.ties):
        raise Mismatch(f"shares weights with {owner.name}, which is of another type")
    if owner.shares is not None:
        raise Mismatch(f"shares weights with {owner.name}, which itself uses those of another")
    return (*steps, Place(owner.id, owner.name))
