"""Shapes, costs and problems of a network, block by block, without torch.

Nothing is worked out twice: what a layer gives for input shapes is remembered by both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from modelstudio.errors import NetworkError
from modelstudio.network import answers
from modelstudio.network.analysis import Analysis, FieldLike, NodeInfo, Problem, Shape
from modelstudio.network.fixes import (
    add_output,
    disconnect,
    fixes_for,
    remove,
    rename,
    unshare,
)
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.group import Group
from modelstudio.network.layer import UnknownLayer
from modelstudio.network.lowering import (
    BadWire,
    BlockMismatch,
    arguments,
    leading_to_output,
    lower_graph,
    lower_node,
    shares_weights,
)
from modelstudio.network.mismatch import Mismatch, NotYet, describe
from modelstudio.network.rules import count
from modelstudio.network.shapes import Builder, Fallback, Value, identifier, plain

BYTES = 4
"""Bytes of a float32."""


@dataclass(frozen=True, slots=True)
class _Known:
    values: tuple[Value, ...]
    parameters: int
    macs: int


_REMEMBERED: dict[tuple[object, ...], _Known] = {}
_LIMIT = 50_000


def analyse(
    graph: Graph, fields: Sequence[FieldLike], fallback: Fallback | None = None
) -> Analysis:
    """Work out what is known of every block; a bad network gives problems, never an exception.

    What is wrong with a block that leads to no Output is a warning: it is not trained.

    Parameters
    ----------
    fields
        Fields of the data that Input and Output blocks refer to.
    fallback
        Shapes of operations that have no rule; without it such blocks wait.
    """
    try:
        order = graph.order
    except NetworkError as error:
        loop = Problem(error.where, str(error))
        waiting = {node_id: NodeInfo(state="waiting") for node_id in graph.nodes}
        return Analysis(waiting, (loop,))
    by_name = {field.name: field for field in fields}
    useful = leading_to_output(graph)
    values: dict[tuple[str, str], Value] = {}
    infos: dict[str, NodeInfo] = {}
    problems = [*_whole(graph, useful), *_names(graph)]
    answered: set[str] = set()
    for node_id in order:
        node = graph.nodes[node_id]
        if any(infos[e.source].state in ("error", "waiting") for e in graph.incoming[node_id]):
            infos[node_id] = NodeInfo(_shapes(graph, node, values), state="waiting")
            continue
        try:
            taken = arguments(graph, node, values)
            known = _lowered(node, graph, taken, by_name, fallback)
        except NotYet:
            infos[node_id] = NodeInfo(_shapes(graph, node, values), state="waiting")
            continue
        except Mismatch as mismatch:
            problem = _problem(graph, node, values, mismatch, node_id in useful or not useful)
            problems.append(problem)
            infos[node_id] = NodeInfo(
                _shapes(graph, node, values),
                state="error" if problem.severity == "error" else "waiting",
            )
            continue
        for port, value in zip(node.layer.output_ports(), known.values, strict=True):
            values[node_id, port.name] = value
        infos[node_id] = _info(node, taken, known)
        answer = taken[0] if node.layer.answers else None
        if answer is not None:
            found = answers.check(graph, node, answer, fields, answered)
            problems += [found] if found else []
            if found and found.severity == "error":
                infos[node_id] = NodeInfo((answer.shape,), state="error")
        elif node_id not in useful and useful:
            text = f"{node.name} leads nowhere: no wire from it reaches an Output."
            fix = remove(node_id, f"Remove {node.name}")
            problems.append(Problem(node_id, text, "warning", (fix,)))
    live = [infos[node_id] for node_id in order if node_id in useful]
    parameters = sum(info.parameters for info in live)
    if shares_weights(graph) and not any(problem.severity == "error" for problem in problems):
        try:
            whole = Builder(by_name, fallback)
            lower_graph(graph, whole)
            parameters = whole.parameters
        except BlockMismatch as error:
            problems.append(_problem(graph, error.node, values, error.mismatch, True))
            infos[error.node.id] = NodeInfo(infos[error.node.id].inputs, state="error")
    return Analysis(
        infos,
        tuple(problems),
        parameters,
        sum(info.macs for info in live),
        sum(info.memory for info in live),
    )


def _lowered(
    node: Node,
    graph: Graph,
    taken: list[Value | None],
    fields: Mapping[str, FieldLike],
    fallback: Fallback | None,
) -> _Known:
    layer = node.layer
    key = (layer, node.enabled, *taken)
    local = not taken or layer.answers or node.shares is not None
    local = local or (isinstance(layer, Group) and shares_weights(layer.graph))
    known = None if local else _REMEMBERED.get(key)
    if known is None:
        builder = Builder(fields, fallback)
        found = tuple(plain(value) for value in lower_node(node, builder, taken, graph))
        known = _Known(found, 0 if node.shares else builder.parameters, builder.macs)
        if not local:
            if len(_REMEMBERED) >= _LIMIT:
                _REMEMBERED.clear()
            _REMEMBERED[key] = known
    return known


def _info(node: Node, taken: Sequence[Value | None], known: _Known) -> NodeInfo:
    shapes = tuple(value.shape for value in known.values)
    return NodeInfo(
        tuple(value.shape for value in taken if value),
        shapes,
        known.parameters,
        known.macs,
        sum(BYTES * count(shape[1:]) for shape in shapes),
        "ok" if node.enabled else "off",
    )


def _shapes(graph: Graph, node: Node, values: Mapping[tuple[str, str], Value]) -> tuple[Shape, ...]:
    ends = [(edge.source, edge.source_port) for edge in graph.incoming[node.id]]
    return tuple(values[end].shape for end in ends if end in values)


def _problem(
    graph: Graph,
    node: Node,
    values: Mapping[tuple[str, str], Value],
    mismatch: Mismatch,
    useful: bool,
) -> Problem:
    """Write the sentence of a mismatch, with what the block was given and what would help."""
    wires = _in_port_order(graph, node)
    text = f"{node.name} {mismatch.needs}"
    edge = None
    if mismatch.given is not None and mismatch.given < len(wires):
        edge = wires[mismatch.given]
        meant = [wire for wire in dict.fromkeys((wires[0], edge)) if wire]
        text += ", but " + " and ".join(_says(graph, values, wire) for wire in meant)
    fixes = fixes_for(graph, node, edge, mismatch.repairs)
    if isinstance(mismatch, BadWire):
        edge, fixes = mismatch.edge, (disconnect(mismatch.edge),)
    elif node.shares is not None and not fixes:
        fixes = (unshare(node.id),)
    elif isinstance(node.layer, UnknownLayer):
        fixes = (remove(node.id, f"Remove {node.name}"),)
    advice = f" {fixes[0].label}." if fixes else ""
    sentence = f"{text.rstrip('.')}.{advice}"
    return Problem(node.id, sentence, "error" if useful else "warning", fixes, edge)


def _says(graph: Graph, values: Mapping[tuple[str, str], Value], wire: Edge) -> str:
    value = values[wire.source, wire.source_port]
    return f"{graph.nodes[wire.source].name} gives {describe(value.shape, value.dtype)}"


def _in_port_order(graph: Graph, node: Node) -> list[Edge | None]:
    """Return the wires into a block; None stands for an open optional port."""
    wires: list[Edge | None] = []
    for port in node.layer.input_ports():
        found = [edge for edge in graph.incoming[node.id] if edge.target_port == port.name]
        wires += found or ([] if port.variadic else [None])
    return wires


def _whole(graph: Graph, useful: set[str]) -> Iterator[Problem]:
    """Yield what concerns the network as a whole."""
    if not graph.nodes:
        yield Problem(None, "The network is empty. Add blocks, or let one be drafted.")
    elif not useful:
        fix = add_output(graph)
        text = "The network has no Output, so it gives no answer."
        yield Problem(None, text, "error", (fix,) if fix else ())
    elif all(graph.nodes[node_id].layer.input_ports() for node_id in useful):
        yield Problem(None, "No Input leads to an Output. Add an Input and wire it.")


def _names(graph: Graph) -> Iterator[Problem]:
    """Yield blocks whose name is taken or cannot stand in Python; only a file can hold such."""
    seen: set[str] = set()
    for node in graph.nodes.values():
        if node.name in seen or not node.name.isidentifier():
            reason = "is the name of two blocks" if node.name in seen else "is no name for a block"
            fix = rename(node.id, graph.free_name(identifier(node.name)))
            yield Problem(node.id, f"{node.name!r} {reason}. {fix.label}.", "warning", (fix,))
        seen.add(node.name)
