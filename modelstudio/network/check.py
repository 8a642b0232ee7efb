"""Shapes, costs and problems of a network, block by block, without torch.

Nothing is worked out twice: what a layer gives for input shapes is remembered by both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from modelstudio.errors import NetworkError
from modelstudio.network import answers, limits
from modelstudio.network.analysis import Analysis, FieldLike, NodeInfo, Problem, Shape
from modelstudio.network.fixes import (
    add_input,
    add_output,
    disconnect,
    fixes_for,
    open_group,
    remove,
    rename,
    unshare,
)
from modelstudio.network.graph import Edge, Graph, Node
from modelstudio.network.group import Group, GroupInput, GroupOutput
from modelstudio.network.layer import UnknownLayer
from modelstudio.network.levels import LevelPath, level
from modelstudio.network.lowering import (
    BadWire,
    BlockMismatch,
    InsideMismatch,
    arguments,
    check_group,
    check_ports,
    check_repeat,
    depends_on_outside,
    group_input,
    leading_to_output,
    lower_graph,
    lower_node,
    misread,
    shares_weights,
)
from modelstudio.network.mismatch import Mismatch, NotYet, Untrusted, describe
from modelstudio.network.rules import count
from modelstudio.network.shapes import (
    Builder,
    Fallback,
    Path,
    Place,
    Value,
    identifier,
    plain,
)

BYTES = 4
"""Bytes of a float32."""


@dataclass(frozen=True, slots=True)
class _Known:
    values: tuple[Value, ...]
    parameters: int
    macs: int
    memory: int


_REMEMBERED: dict[tuple[object, ...], _Known] = {}
_LIMIT = 50_000
_GROUPS: dict[tuple[object, ...], _Known] = {}
_GROUP_LIMIT = 1_000


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
    return analyse_within(graph, (), fields, fallback)[0]


def analyse_within(
    root: Graph, path: LevelPath, fields: Sequence[FieldLike], fallback: Fallback | None = None
) -> tuple[Analysis, Analysis]:
    """Return what is known of the whole network, and of the level at the end of a path.

    Inside a group that is repeated, this is its first run.
    """
    walk = _Walk(root, path, fields, fallback)
    found = walk.level(root, (), {})
    large = limits.too_many(root)
    whole = found.analysis() if large else _sharing(found, walk)
    large = large or limits.too_heavy(root, whole)
    if large is not None:
        whole = replace(whole, problems=(large, *whole.problems))
    if path and walk.seen is None:
        places = tuple(Place(group_id, group_id) for group_id in path)
        walk.seen = walk.level(level(root, path), places, {})
    inner = walk.seen.analysis() if walk.seen is not None else whole
    return whole, inner


@dataclass(slots=True)
class _Level:
    """What a walk found out about one level."""

    graph: Graph
    useful: set[str]
    values: dict[tuple[str, str], Value] = field(default_factory=dict)
    infos: dict[str, NodeInfo] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    blame: tuple[str, tuple[str, ...]] | None = None
    """What the first error says without advice, and the ids that lead to its block."""
    untrusted: str | None = None
    """Code of a block that waits to be trusted."""

    def fail(self, problem: Problem, text: str, *inside: str) -> None:
        """Note a problem of a block."""
        self.problems.append(problem)
        if problem.severity == "error" and self.blame is None:
            self.blame = text, (*((problem.node,) if problem.node else ()), *inside)

    def total(self, what: str) -> int:
        """Add up a cost of the blocks that lead to an output."""
        return sum(getattr(self.infos[key], what) for key in self.infos if key in self.useful)

    def analysis(self) -> Analysis:
        """Return it for those who asked."""
        costs = (self.total("parameters"), self.total("macs"), self.total("memory"))
        return Analysis(self.infos, tuple(self.problems), *costs)


class _Walk:
    """Works out one level after the other, from the outermost inwards."""

    def __init__(
        self,
        root: Graph,
        path: LevelPath,
        fields: Sequence[FieldLike],
        fallback: Fallback | None,
    ) -> None:
        self.root, self.path, self.fields, self.fallback = root, path, fields, fallback
        self.by_name = {one.name: one for one in fields}
        self.answered: set[str] = set()
        self.seen: _Level | None = None

    def level(self, graph: Graph, places: Path, given: Mapping[str, Value]) -> _Level:
        """Work out a level; ``given`` are the values that enter the group around it."""
        try:
            order = graph.order
        except NetworkError as error:
            loop = _Level(graph, set())
            loop.infos = {node_id: NodeInfo(state="waiting") for node_id in graph.nodes}
            loop.fail(Problem(error.where, str(error)), error.message)
            return loop
        found = _Level(graph, leading_to_output(graph))
        whole = _whole(graph, found.useful, bool(places), self.fields)
        for problem in (*whole, *_names(graph)):
            found.fail(problem, problem.message)
        for node_id in order:
            self._block(found, graph.nodes[node_id], places, given)
        return found

    def _block(self, found: _Level, node: Node, places: Path, given: Mapping[str, Value]) -> None:
        graph, infos, useful = found.graph, found.infos, found.useful
        shapes = _shapes(graph, node, found.values)
        if any(infos[e.source].state in ("error", "waiting") for e in graph.incoming[node.id]):
            infos[node.id] = NodeInfo(shapes, state="waiting")
            return
        try:
            taken = arguments(graph, node, found.values)
            known = self._known(node, taken, places, given)
        except NotYet as wait:
            unread = isinstance(wait, Untrusted)
            infos[node.id] = NodeInfo(shapes, state="waiting", untrusted=unread)
            if isinstance(wait, Untrusted):
                found.untrusted = wait.source
                found.problems.append(_untrusted(node, wait, node.id in useful or not useful))
            return
        except Mismatch as mismatch:
            needed = node.id in useful or not useful
            problem, text = _problem(graph, node, found.values, mismatch, needed)
            inside = mismatch.inside if isinstance(mismatch, InsideMismatch) else ()
            found.fail(problem, text, *inside)
            infos[node.id] = NodeInfo(shapes, state="error" if needed else "waiting")
            return
        names = [port.name for port in node.layer.output_ports()] or ["y"]
        for name, value in zip(names, known.values, strict=False):
            found.values[node.id, name] = value
        infos[node.id] = _info(node, taken, known)
        if node.enabled:
            found.problems += _notices(graph, node, taken, found.values)
        answer = taken[0] if node.layer.answers else None
        if answer is not None:
            wrong = answers.check(graph, node, answer, self.fields, self.answered)
            if wrong:
                found.fail(wrong, wrong.message)
            if wrong and wrong.severity == "error":
                infos[node.id] = NodeInfo((answer.shape,), state="error")
        elif node.id not in useful and useful:
            end = "a Group output" if places else "an Output"
            text = f"{node.name} leads nowhere: no wire from it reaches {end}."
            fix = remove(node.id, f"Remove {node.name}")
            found.problems.append(Problem(node.id, text, "warning", (fix,)))

    def _known(
        self, node: Node, taken: Sequence[Value | None], places: Path, given: Mapping[str, Value]
    ) -> _Known:
        layer = node.layer
        if places and isinstance(layer, GroupInput):
            if node.name not in given:
                raise NotYet("has no value, since the group is not wired there")
            return _Known((plain(group_input(node, given)),), 0, 0, 0)
        if isinstance(layer, Group):
            here = (*places, Place(node.id, node.name))
            seen = self.path[: len(here)] == tuple(place.node_id for place in here)
            if node.enabled or not taken or taken[0] is None:
                return self._group(layer, taken, here, seen)
            if seen:
                self._group_level(layer, taken, here)
        local = not taken or layer.answers or node.shares is not None
        local = local or layer.outside or isinstance(layer, GroupOutput)
        key = (layer, node.enabled, *taken)
        known = None if local else _REMEMBERED.get(key)
        if known is None:
            builder = Builder(self.by_name, self.fallback)
            builder.path = places
            values = tuple(plain(one) for one in lower_node(node, builder, taken, self.root))
            known = _Known(
                values,
                0 if node.shares else builder.parameters,
                builder.macs,
                0 if isinstance(layer, GroupOutput) else _memory(values),
            )
            if not local:
                _remember(_REMEMBERED, _LIMIT, key, known)
        return known

    def _group(self, group: Group, taken: Sequence[Value | None], here: Path, seen: bool) -> _Known:
        """Work out a group, each repeat on what the one before gives."""
        local = seen or depends_on_outside(group.graph)
        key = (group, *taken)
        known = None if local else _GROUPS.get(key)
        if known is not None:
            return known
        check_group(group)
        check_ports(group, taken)
        current = [value for value in taken if value is not None]
        costs = [0, 0, 0]
        for repeat in range(group.repeat):
            inner = self._group_level(group, current, here)
            if inner.untrusted is not None:
                raise Untrusted(inner.untrusted)
            if inner.blame is not None:
                text, inside = inner.blame
                raise InsideMismatch(f"does not fit inside: {text.rstrip('.')}", inside)
            ends = [inner.infos[node.id] for node in group.graph.of_type(GroupOutput)]
            if any(end.state == "waiting" for end in ends):
                raise NotYet("has no known shape yet")
            results = [inner.values[node.id, "y"] for node in group.graph.of_type(GroupOutput)]
            left = group.repeat - repeat
            alike = results == current
            whole = (inner.total("parameters"), inner.total("macs"), inner.total("memory"))
            costs = [a + b * (left if alike else 1) for a, b in zip(costs, whole, strict=True)]
            if alike:
                break
            if left > 1:
                check_repeat(results, current)
            current = results
        known = _Known(tuple(results), *costs)
        if not local:
            _remember(_GROUPS, _GROUP_LIMIT, key, known)
        return known

    def _group_level(self, group: Group, taken: Sequence[Value | None], here: Path) -> _Level:
        names = (port.name for port in group.input_ports())
        given = {name: one for name, one in zip(names, taken, strict=False) if one is not None}
        found = self.level(group.graph, here, given)
        if self.seen is None and self.path == tuple(place.node_id for place in here):
            self.seen = found
        return found


def _sharing(found: _Level, walk: _Walk) -> Analysis:
    """Count weights that several blocks use once, and tell where they do not fit."""
    graph, counted = found.graph, None
    if shares_weights(graph) and found.blame is None:
        try:
            whole = Builder(walk.by_name, walk.fallback)
            lower_graph(graph, whole)
            counted = whole.parameters
        except BlockMismatch as error:
            if not isinstance(error.mismatch, NotYet):
                problem, text = _problem(graph, error.node, found.values, error.mismatch, True)
                found.fail(problem, text)
                infos = found.infos
                infos[error.node.id] = NodeInfo(infos[error.node.id].inputs, state="error")
    analysis = found.analysis()
    return analysis if counted is None else replace(analysis, parameters=counted)


def _remember(
    into: dict[tuple[object, ...], _Known], limit: int, key: tuple[object, ...], known: _Known
) -> None:
    if len(into) >= limit:
        into.clear()
    into[key] = known


def _info(node: Node, taken: Sequence[Value | None], known: _Known) -> NodeInfo:
    shapes = tuple(value.shape for value in known.values)
    return NodeInfo(
        tuple(value.shape for value in taken if value),
        shapes,
        known.parameters,
        known.macs,
        known.memory,
        "ok" if node.enabled else "off",
    )


def _memory(values: Sequence[Value]) -> int:
    return sum(BYTES * count(value.shape[1:]) for value in values)


def _shapes(graph: Graph, node: Node, values: Mapping[tuple[str, str], Value]) -> tuple[Shape, ...]:
    ends = [(edge.source, edge.source_port) for edge in graph.incoming[node.id]]
    return tuple(values[end].shape for end in ends if end in values)


def _problem(
    graph: Graph,
    node: Node,
    values: Mapping[tuple[str, str], Value],
    mismatch: Mismatch,
    useful: bool,
) -> tuple[Problem, str]:
    """Write the sentence of a mismatch, with what the block was given and what would help.

    The text comes once more without what would help.
    """
    wires = _in_port_order(graph, node)
    text = f"{node.name} {mismatch.needs}"
    edge = None
    if mismatch.given is not None and mismatch.given < len(wires):
        edge = wires[mismatch.given]
        meant = [wire for wire in dict.fromkeys((wires[0], edge)) if wire]
        text += ", but " if mismatch.needs.startswith("needs ") else ": "
        text += " and ".join(_says(graph, values, wire) for wire in meant)
    fixes = fixes_for(graph, node, mismatch.repairs, wires, mismatch.given)
    if isinstance(mismatch, BadWire):
        edge, fixes = mismatch.edge, (disconnect(mismatch.edge),)
    elif node.shares is not None and not fixes:
        fixes = (unshare(node.id),)
    elif isinstance(mismatch, InsideMismatch):
        fixes = (open_group(node, mismatch.inside),)
    elif isinstance(node.layer, UnknownLayer):
        fixes = (remove(node.id, f"Remove {node.name}"),)
    advice = f" {fixes[0].label}." if fixes else ""
    sentence = f"{text.rstrip('.')}.{advice}"
    return Problem(node.id, sentence, "error" if useful else "warning", fixes, edge), text


def _notices(
    graph: Graph,
    node: Node,
    taken: Sequence[Value | None],
    values: Mapping[tuple[str, str], Value],
) -> Iterator[Problem]:
    """Yield what is worth knowing of a block that runs, where something can be done about it."""
    for mismatch in chain(node.layer.notices(taken), misread(graph, node, taken)):
        problem, _ = _problem(graph, node, values, mismatch, True)
        if problem.fixes:
            yield replace(problem, severity="notice")


def _untrusted(node: Node, wait: Untrusted, useful: bool) -> Problem:
    """Write the sentence of a block whose code waits to be trusted."""
    text = f"{node.name} {wait.needs}. Read the code before you trust it."
    return Problem(node.id, text, "error" if useful else "warning", untrusted=wait.source)


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


def _whole(
    graph: Graph, useful: set[str], inside: bool, fields: Sequence[FieldLike]
) -> Iterator[Problem]:
    """Yield what concerns the network, or the inside of a group, as a whole."""
    if inside:
        if not useful:
            yield Problem(None, "The group has no Group output, so nothing leaves it. Add one.")
    elif not graph.nodes:
        yield Problem(None, "The network is empty. Add blocks, or let one be drafted.")
    elif not useful:
        fix = add_output(graph)
        text = "The network has no Output, so it gives no answer."
        yield Problem(None, text, "error", (fix,) if fix else ())
    elif all(graph.nodes[node_id].layer.input_ports() for node_id in useful):
        fix = add_input(graph, fields)
        advice = f"{fix.label}." if fix else "Add an Input and wire it."
        text = f"No Input leads to an Output. {advice}"
        yield Problem(None, text, "error", (fix,) if fix else ())


def _names(graph: Graph) -> Iterator[Problem]:
    """Yield blocks whose name is taken or cannot stand in Python; only a file can hold such."""
    seen: set[str] = set()
    for node in graph.nodes.values():
        if node.name in seen or not node.name.isidentifier():
            reason = (
                "is the name of two blocks"
                if node.name in seen
                else "cannot be the name of a block"
            )
            fix = rename(node.id, graph.free_name(identifier(node.name)))
            yield Problem(node.id, f"{node.name!r} {reason}. {fix.label}.", "warning", (fix,))
        seen.add(node.name)
