"""Whether what reaches an Output is what the target needs."""

from __future__ import annotations

from collections.abc import Sequence

from modelstudio.network.analysis import FieldLike, Fix, Problem
from modelstudio.network.fixes import become, change, fixes_for, insert_before, remove
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.layer import Layer
from modelstudio.network.mismatch import describe
from modelstudio.network.repairs import EVERY_STEP, rows
from modelstudio.network.shapes import Value


def check(
    graph: Graph, node: Node, value: Value, fields: Sequence[FieldLike], answered: set[str]
) -> Problem | None:
    """Compare what reaches an Output with the target it stands for.

    Parameters
    ----------
    answered
        Targets that have an Output already; this one's is added.
    """
    targets = [field for field in fields if field.role == "target"]
    name = getattr(node.layer, "target", "")
    if not targets:
        if name not in answered:
            answered.add(name)
            return None
        text = f"{node.name} answers for {name or 'the target'}, which another Output does already."
        return Problem(node.id, text, "error", (remove(node.id, f"Remove {node.name}"),))
    target = next((field for field in targets if field.name == name), None)
    if not name and len(targets) == 1:
        target = targets[0]
    offers = tuple(
        change(node.id, f"Answer for {field.name}", target=field.name)
        for field in targets
        if field.name not in answered
    )
    if target is None:
        known = ", ".join(field.name for field in targets)
        text = (
            f"{node.name} answers for {name!r}, which is not a target of the data. "
            f"Targets: {known}."
            if name
            else f"{node.name} does not say which target it answers for: {known}."
        )
        return Problem(node.id, text, "error", offers)
    if target.name in answered:
        text = f"{node.name} answers for {target.name}, which another Output does already."
        fix = remove(node.id, f"Remove {node.name}")
        return Problem(node.id, text, "error", (*offers, fix))
    answered.add(target.name)
    edge = graph.incoming[node.id][0]
    wanted = target.logits or 1
    if value.shape[1:] != (*target.shape, wanted):
        return _wrong_size(graph, node, edge, value, target, wanted)
    source = graph.nodes[edge.source]
    if meant := _fitting_head(source.layer, target):
        text = (
            f"{source.name} is meant for another kind of target than {target.name}. It has the "
            f"right width all the same. {meant.label} says what it is."
        )
        fix = become(source.id, f"Use {meant.label}", meant)
        return Problem(source.id, text, "notice", (fix,))
    if source.layer.probability and source.enabled:
        text = (
            f"{source.name} is not needed: the loss takes the values before it, and probabilities "
            "are added when predicting. Training leaves it out."
        )
        return Problem(source.id, text, "notice", (remove(source.id, "Remove it"),))
    if source.layer.never and source.enabled:
        reason = (
            "a network answers with numbers on both sides of 0, scaled back afterwards"
            if target.kind == "value"
            else "the loss needs numbers on both sides of 0, to tell likely from unlikely"
        )
        text = f"{source.name} never gives {source.layer.never}, but {reason}. Remove it."
        return Problem(source.id, text, "notice", (remove(source.id, "Remove it"),))
    return None


def _wrong_size(
    graph: Graph, node: Node, edge: Edge, value: Value, target: FieldLike, wanted: int
) -> Problem:
    source = graph.nodes[edge.source]
    given = describe(value.shape, value.dtype)
    if target.kind == "tokens":
        needs = f"{wanted} numbers at every place, one for each word of {target.name}"
    elif target.kind == "labels":
        needs = f"{wanted} numbers, one for each label of {target.name}"
    elif wanted > 1:
        needs = f"{wanted} numbers for the {wanted} classes of {target.name}"
    else:
        needs = f"one number for {target.name}"
    fixes: list[Fix] = []
    if meant := _fitting_head(source.layer, target):
        fixes.append(become(source.id, f"Use {meant.label}", meant))
    elif value.shape[1:-1] == target.shape:
        given = f"{value.shape[1]}" if value.rank == 2 else given
        head = _head(graph, source)
        if head is not None:
            fixes.append(change(head.id, f"Set {head.name} to {wanted}", out_features=wanted))
        linear = Layer.from_dict({"type": "Linear", "out_features": wanted})
        fixes.append(insert_before(edge, linear, f"Insert Linear with {wanted}"))
    elif target.shape:
        fixes += fixes_for(graph, node, [EVERY_STEP], [edge], 0)
    elif value.rank > 2:
        fixes += fixes_for(graph, node, rows(value.shape), [edge], 0)
    advice = f" {fixes[0].label}." if fixes else ""
    text = f"{node.name} needs {needs}, but {source.name} gives {given}.{advice}"
    return Problem(node.id, text, "error", tuple(fixes), edge)


def _fitting_head(layer: Layer, target: FieldLike) -> type[Layer] | None:
    """Return the head that is meant for a target, when another head stands before its Output."""
    kinds = getattr(layer, "kinds", ())
    if not kinds or target.kind in kinds:
        return None
    fitting = (kind for kind in Layer.members() if target.kind in getattr(kind, "kinds", ()))
    return next(fitting, None)


def _head(graph: Graph, node: Node) -> Node | None:
    """Return the nearest block up the chain that sets the length of a row, if only that."""
    current: Node = node
    while "out_features" not in type(current.layer).model_fields:
        wires = graph.incoming[current.id]
        if len(wires) != 1 or current.layer.category not in ("Activation", "Regularise"):
            return None
        current = graph.nodes[wires[0].source]
    return current
