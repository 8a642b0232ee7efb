"""Shapes, costs and problems of a network, block by block, without torch.

Nothing is worked out twice: what a layer gives for input shapes is remembered by both.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelstudio.errors import NetworkError
from modelstudio.network.analysis import Analysis, FieldLike, NodeInfo, Problem, Shape
from modelstudio.network.fixes import add_output, change, fixes_for, insert_before, remove
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.network.lowering import arguments, leading_to_output, lower_node
from modelstudio.network.mismatch import Mismatch, describe
from modelstudio.network.rules import count
from modelstudio.network.shapes import Builder, Fallback, Value, plain

BYTES = 4
"""Bytes of a float32."""


@dataclass(frozen=True, slots=True)
class _Known:
    values: tuple[Value, ...]
    parameters: int
    macs: int


_REMEMBERED: OrderedDict[tuple[object, ...], _Known | Mismatch] = OrderedDict()
_LIMIT = 50_000


def analyse(
    graph: Graph, fields: Sequence[FieldLike], fallback: Fallback | None = None
) -> Analysis:
    """Work out what is known of every block; a bad network gives problems, never an exception.

    Parameters
    ----------
    fields
        Fields of the data that Input and Output blocks refer to.
    fallback
        Shapes of operations that have no rule; without it such blocks wait.
    """
    by_name = {field.name: field for field in fields}
    try:
        order = graph.order
    except NetworkError as error:
        loop = Problem(error.where, f"{error.message} {error.fix or ''}".strip())
        waiting = {node_id: NodeInfo(state="waiting") for node_id in graph.nodes}
        return Analysis(waiting, (loop,))
    useful = leading_to_output(graph)
    values: dict[tuple[str, str], Value] = {}
    infos: dict[str, NodeInfo] = {}
    problems: list[Problem] = list(_whole(graph, useful, fields))
    taken_targets: set[str] = set()
    for node_id in order:
        node = graph.nodes[node_id]
        ports = node.layer.output_ports()
        sources = [edge.source for edge in graph.incoming[node_id]]
        if any(infos[source].state in ("error", "waiting") for source in sources):
            infos[node_id] = NodeInfo(_shapes(graph, node, values), state="waiting")
            continue
        try:
            taken = arguments(graph, node, values)
            known = _lowered(node, graph, taken, by_name, fallback)
        except Mismatch as mismatch:
            problems.append(_problem(graph, node, values, mismatch))
            infos[node_id] = NodeInfo(_shapes(graph, node, values), state="error")
            continue
        for port, value in zip(ports, known.values, strict=True):
            values[node_id, port.name] = value
        shapes = tuple(value.shape for value in known.values)
        infos[node_id] = NodeInfo(
            tuple(value.shape for value in taken),
            shapes,
            known.parameters,
            known.macs,
            sum(BYTES * count(shape[1:]) for shape in shapes),
            "ok" if node.enabled else "off",
        )
        if not ports:
            problem = _answer(graph, node, taken[0], fields, taken_targets)
            if problem is not None:
                problems.append(problem)
                if problem.severity == "error":
                    infos[node_id] = NodeInfo((taken[0].shape,), state="error")
        elif node_id not in useful:
            problems.append(
                Problem(
                    node_id,
                    f"{node.name} leads nowhere: no wire from it reaches an Output.",
                    "warning",
                    (remove(node_id, f"Remove {node.name}"),),
                )
            )
    live = [infos[node_id] for node_id in order if node_id in useful]
    return Analysis(
        infos,
        tuple(problems),
        sum(info.parameters for info in live),
        sum(info.macs for info in live),
        sum(info.memory for info in live),
    )


def _lowered(
    node: Node,
    graph: Graph,
    taken: list[Value],
    fields: Mapping[str, FieldLike],
    fallback: Fallback | None,
) -> _Known:
    layer = node.layer
    local = not layer.input_ports() or not layer.output_ports() or node.shares is not None
    key = (layer, node.enabled, *taken)
    if not local:
        known = _REMEMBERED.get(key)
        if known is not None:
            _REMEMBERED.move_to_end(key)
            if isinstance(known, Mismatch):
                raise known
            return known
    builder = Builder(fields, fallback)
    try:
        found = [plain(value) for value in lower_node(node, builder, taken, graph)]
    except Mismatch as mismatch:
        if not local and fallback is not None:
            _remember(key, mismatch)
        raise
    result = _Known(tuple(found), builder.parameters, builder.macs)
    if not local:
        _remember(key, result)
    return result


def _remember(key: tuple[object, ...], known: _Known | Mismatch) -> None:
    _REMEMBERED[key] = known
    if len(_REMEMBERED) > _LIMIT:
        _REMEMBERED.popitem(last=False)


def _shapes(graph: Graph, node: Node, values: Mapping[tuple[str, str], Value]) -> tuple[Shape, ...]:
    ends = [(edge.source, edge.source_port) for edge in graph.incoming[node.id]]
    return tuple(values[end].shape for end in ends if end in values)


def _problem(
    graph: Graph,
    node: Node,
    values: Mapping[tuple[str, str], Value],
    mismatch: Mismatch,
) -> Problem:
    """Write the sentence of a mismatch, with what the block was given and what would help."""
    wires = _in_port_order(graph, node)
    text = f"{node.name} {mismatch.needs}"
    edge = None
    if mismatch.given is not None and mismatch.given < len(wires):
        edge = wires[mismatch.given]
        value = values[edge.source, edge.source_port]
        source = graph.nodes[edge.source].name
        text += f", but {source} gives {describe(value.shape, value.dtype)}"
    elif len(wires) > 1 and mismatch.given is None and "values" in mismatch.needs:
        parts = [
            f"{graph.nodes[wire.source].name} gives " + describe(given.shape, given.dtype)
            for wire in wires
            if (given := values.get((wire.source, wire.source_port)))
        ]
        text += ", but " + " and ".join(parts)
    fixes = fixes_for(graph, node, edge, mismatch.repairs)
    advice = f" {fixes[0].label}." if fixes else ""
    return Problem(node.id, f"{text.rstrip('.')}.{advice}", "error", fixes, edge)


def _in_port_order(graph: Graph, node: Node) -> list[Edge]:
    return [
        edge
        for port in node.layer.input_ports()
        for edge in graph.incoming[node.id]
        if edge.target_port == port.name
    ]


def _whole(graph: Graph, useful: set[str], fields: Sequence[FieldLike]) -> list[Problem]:
    """Return what concerns the network as a whole."""
    if not graph.nodes:
        return [Problem(None, "The network is empty. Add blocks, or let one be drafted.")]
    if not any(not node.layer.output_ports() for node in graph.nodes.values()):
        fix = add_output(graph)
        return [
            Problem(
                None,
                "The network has no Output, so it gives no answer.",
                "error",
                (fix,) if fix else (),
            )
        ]
    if not any(not graph.nodes[node_id].layer.input_ports() for node_id in useful):
        return [Problem(None, "No Input leads to an Output. Add an Input and wire it.")]
    return []


def _answer(
    graph: Graph,
    node: Node,
    value: Value,
    fields: Sequence[FieldLike],
    taken: set[str],
) -> Problem | None:
    """Compare what reaches an output with the target it stands for."""
    name = getattr(node.layer, "target", "")
    targets = [field for field in fields if field.role == "target"]
    target = next((field for field in targets if field.name == name), None)
    if target is None and not name and targets:
        target = targets[0]
    if target is None:
        if not targets:
            return None
        known = ", ".join(field.name for field in targets)
        return Problem(
            node.id,
            f"{node.name} answers for {name!r}, which is not a target of the data. "
            f"Targets: {known}.",
            "error",
            (change(node.id, f"Answer for {targets[0].name}", target=targets[0].name),),
        )
    if target.name in taken:
        return Problem(
            node.id,
            f"{node.name} answers for {target.name}, which another Output does already.",
            "error",
            (remove(node.id, f"Remove {node.name}"),),
        )
    taken.add(target.name)
    edge = graph.incoming[node.id][0]
    source = graph.nodes[edge.source]
    wanted = target.logits or 1
    if value.shape[1:] != (wanted,):
        what = f"{wanted} numbers, one a class," if wanted > 1 else "one number"
        text = (
            f"{node.name} needs {what} for {target.name}, but {source.name} gives "
            f"{describe(value.shape, value.dtype)}."
        )
        fixes = []
        head = _head(graph, source)
        if value.rank == 2 and head is not None:
            fixes.append(change(head.id, f"Set {head.name} to {wanted}", out_features=wanted))
        linear = Layer.find("Linear")
        if linear is not None:
            if value.rank == 2:
                built = linear.build(out_features=wanted)
                fixes.append(insert_before(edge, built, f"Insert Linear with {wanted}"))
            flatten = Layer.find("Flatten")
            if value.rank > 2 and flatten is not None:
                fixes.append(insert_before(edge, flatten.build(), "Insert Flatten"))
        advice = f" {fixes[0].label}." if fixes else ""
        return Problem(node.id, text + advice, "error", tuple(fixes), edge)
    if source.layer.probability and source.enabled:
        return Problem(
            source.id,
            f"{source.name} is not needed: the loss takes the values before it, and probabilities "
            "are added when predicting. Training leaves it out.",
            "notice",
            (remove(source.id, "Remove it"),),
        )
    return None


def _head(graph: Graph, node: Node) -> Node | None:
    """Return the nearest block up the chain that sets the length of a row, if only that."""
    current: Node = node
    while "out_features" not in type(current.layer).model_fields:
        wires = graph.incoming[current.id]
        if len(wires) != 1 or current.layer.category not in ("Activation", "Regularise"):
            return None
        current = graph.nodes[wires[0].source]
    return current
