"""What a trained network holds inside: what a block gives for one row, and the weights it learnt.

Importing it is cheap; what it hands out are plain numbers, small enough to be drawn.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelstudio.engine import run
from modelstudio.engine.drawable import Floats, Numbers, of_row, of_weight
from modelstudio.engine.events import Progress
from modelstudio.engine.projects import prepare
from modelstudio.errors import RunError
from modelstudio.layers.io import Input
from modelstudio.network.graph import Graph, Node
from modelstudio.network.group import Group, GroupInput, GroupOutput
from modelstudio.network.levels import block_at, group_at, level
from modelstudio.network.lowering import leading_to_output
from modelstudio.project.files import folder_of
from modelstudio.project.model import Project

if TYPE_CHECKING:
    from torch import Tensor, fx

    from modelstudio.data.batches import TensorData
    from modelstudio.data.fitted import Encoded
    from modelstudio.engine.compile import CompiledModel
    from modelstudio.engine.trained import Trained

Address = tuple[str, ...]
"""Ids that lead through groups to a block."""

_BINS = 40


@dataclass(frozen=True, slots=True)
class Activation:
    """What a block gives for one row.

    Parameters
    ----------
    rows
        Number of rows that can be asked about.
    truth
        The class or value of the row, as a person reads it; empty where unknown.
    """

    numbers: Numbers
    rows: int
    truth: str


@dataclass(frozen=True, slots=True)
class Weight:
    """One array of numbers that a block learnt.

    Parameters
    ----------
    histogram
        How many numbers lie in each of equal steps from the lowest to the highest.
    """

    name: str
    numbers: Numbers
    histogram: NDArray[np.int64]
    mean: float
    deviation: float


def repeats(graph: Graph, address: Address) -> int:
    """Return how often a block runs: the product of the repeats of the groups around it."""
    return prod(_counts(graph, address))


# Weights


def weights(
    project_path: Path | None,
    project: Project,
    run_id: str | None,
    address: Address,
    repeat: int = 0,
) -> Generator[Progress, None, tuple[Weight, ...]]:
    """Return what a block learnt in a run; no data is read.

    Parameters
    ----------
    repeat
        Which of the `repeats` of the block is meant, from 0.

    Raises
    ------
    RunError
        When the run has no such block, or its files are damaged.
    """
    yield Progress("Loading the weights")
    from modelstudio.engine.trained import fitted_recipe, load_weights, whole_project

    store = run.store(project_path, project)
    info = store.usable(run_id)
    snapshot = whole_project(store, info)
    fitted = fitted_recipe(store, info)
    node = _node(snapshot.network, address, info.number)
    compiled = _compiled(snapshot, fitted.fields if fitted.given else snapshot.data.fields)
    kept = load_weights(store, info)
    found = _Inside(snapshot.network, compiled).modules(address, repeat)
    arrays = {
        key: kept[key].float().cpu().numpy()
        for name in found
        for key in kept
        if key.startswith(f"{name}.") and kept[key].is_floating_point() and kept[key].ndim
    }
    if not arrays:
        raise RunError(_weightless(node), where=node.name)
    short = _without_common_start(list(arrays), found)
    largest_first = sorted(arrays.items(), key=lambda item: -item[1].ndim)
    rows = "ids" if node.layer.stem == "embed" else "outputs"
    return tuple(_weight(short[key], array, rows) for key, array in largest_first)


def _weightless(node: Node) -> str:
    if isinstance(node.layer, Group):
        return f"{node.name} is a group. Open it and choose a block inside to see its weights."
    return f"{node.name} has no weights: there is nothing to learn in {node.layer.label}."


def _without_common_start(keys: Sequence[str], modules: Sequence[str]) -> dict[str, str]:
    """Name weights by what tells them apart inside of their block."""
    if len(modules) == 1:
        return {key: key.removeprefix(f"{modules[0]}.") for key in keys}
    start = min(modules, key=len)
    common = start if all(name.startswith(start) for name in modules) else ""
    return {key: key.removeprefix(common).lstrip("_.") for key in keys}


def _weight(name: str, values: Floats, rows: str) -> Weight:
    finite = values[np.isfinite(values)].astype(np.float64)
    if not finite.size:
        finite = np.zeros(1)
    counts, _ = np.histogram(finite, bins=_BINS)
    return Weight(name, of_weight(values, rows), counts, float(finite.mean()), float(finite.std()))


# Activations


def open_rows(
    project_path: Path | None, project: Project, run_id: str | None
) -> Generator[Progress, None, Rows]:
    """Load a run and the validation rows of its data, to look at them inside the network.

    Raises
    ------
    StudioError
        When the run or its data cannot be read, or there are no such rows.
    """
    yield Progress("Loading the run")
    trained = yield from run.load_run(project_path, project, run_id)
    base = folder_of(project_path)
    prepared = yield from prepare(trained.project, base)
    encoded = prepared.encoded("validation", trained.fitted)
    if not len(encoded.rows):
        raise RunError(
            "The split gives no validation row that the network could take.",
            fix="Raise the share of validation rows on the Data page and train again.",
        )
    yield Progress("Building the network")
    return Rows(trained, encoded)


class Rows:
    """A trained network and rows to send through it; hands out plain numbers."""

    def __init__(self, trained: Trained, encoded: Encoded) -> None:
        from modelstudio.data.batches import TensorData

        self._trained, self._encoded = trained, encoded
        fields = trained.fitted.fields
        self._compiled = _compiled(trained.project, fields)
        module = self._compiled.module
        module.load_state_dict(trained.task.module.state_dict())
        module.to(trained.device).eval()
        self._inside = _Inside(trained.project.network, self._compiled)
        self._data: TensorData = TensorData.from_encoded(encoded, fields, trained.device)

    def look(self, address: Address, position: int, repeat: int = 0) -> Activation:
        """Return what a block gives for a row.

        Parameters
        ----------
        position
            Of the row, from 0; one past the end stands for the last.
        repeat
            Which of the `repeats` of the block is meant, from 0.

        Raises
        ------
        RunError
            When the run has no such block, or does not use it.
        """
        import torch

        number = self._trained.run.number
        node = _node(self._trained.project.network, address, number)
        wanted = self._inside.reference(address, repeat)
        if wanted is None:
            raise RunError(
                f"{node.name} leads to no Output, so run {number} has never used it.",
                fix="Wire it to what the network predicts and train again.",
            )
        position = min(position, len(self._encoded.rows) - 1)
        batch = self._data.gather(torch.tensor([position], device=self._data.device))
        with torch.no_grad():
            given = self._inside.value(wanted, [batch[name] for name in self._compiled.inputs])
        values = given[0].float().cpu().numpy()
        steps_first = wanted.meta.get("order") != "channels"
        return Activation(
            of_row(values, steps_first), len(self._encoded.rows), self._truth(position)
        )

    def _truth(self, position: int) -> str:
        truth, target = self._encoded.truth[position], self._trained.fitted.target
        if target.kind == "value":
            return "" if np.isnan(truth) else f"{truth:,.5g}"
        if target.kind == "ranking":
            return ""
        if target.kind == "labels":
            return target.separator.join(np.asarray(target.classes)[truth == 1])
        return target.classes[int(truth)] if truth >= 0 else ""


class _Inside:
    """Finds where in the compiled network a block of the graph stands."""

    def __init__(self, graph: Graph, compiled: CompiledModel) -> None:
        self._graph, self._compiled = graph, compiled
        self._nodes: dict[tuple[str, tuple[int, ...]], list[fx.Node]] = {}
        for node in compiled.module.graph.nodes:
            if "block" in node.meta:
                key = node.meta["block"], node.meta["repeats"]
                self._nodes.setdefault(key, []).append(node)

    def modules(self, address: Address, repeat: int) -> tuple[str, ...]:
        """Return the names of the modules that a block uses, those of another it shares too."""
        written = self._nodes.get(("/".join(address), self._counted(address, repeat)), [])
        found = [
            str(node.target).removesuffix(".weight" if node.op == "get_attr" else "")
            for node in written
            if node.op in ("call_module", "get_attr")
        ]
        return tuple(dict.fromkeys(found))

    def reference(self, address: Address, repeat: int) -> fx.Node | None:
        """Return what gives the value of a block; of a group, what leaves it at last.

        None for a block that leads to no Output.
        """
        for depth, node_id in enumerate(address):
            if node_id not in leading_to_output(level(self._graph, address[:depth])):
                return None
        return self._reference(address, self._counted(address, repeat), "")

    def _reference(self, address: Address, repeats: tuple[int, ...], port: str) -> fx.Node | None:
        written = self._nodes.get(("/".join(address), repeats))
        if written:
            return written[-1]
        graph = level(self._graph, address[:-1])
        node = graph.nodes[address[-1]]
        layer = node.layer
        if isinstance(layer, Group) and node.enabled:
            ends = list(layer.graph.of_type(GroupOutput))
            end = next((end for end in ends if end.name == port), ends[0])
            return self._reference((*address, end.id), (*repeats, layer.repeat - 1), "")
        if isinstance(layer, GroupInput):
            return self._entering(address, repeats, node)
        if isinstance(layer, Input):
            return self._argument(layer.field)
        return self._feeding(address, repeats, "")

    def _entering(self, address: Address, repeats: tuple[int, ...], entry: Node) -> fx.Node | None:
        """Return what enters a group: what its last repeat gave, or what it is wired to."""
        *around, group_id = address[:-1]
        if not repeats[-1]:
            return self._feeding((*around, group_id), repeats[:-1], entry.name)
        inside = level(self._graph, address[:-1])
        entries = [node.id for node in inside.of_type(GroupInput)]
        end = list(inside.of_type(GroupOutput))[entries.index(entry.id)]
        return self._reference((*address[:-1], end.id), (*repeats[:-1], repeats[-1] - 1), "")

    def _feeding(self, address: Address, repeats: tuple[int, ...], port: str) -> fx.Node | None:
        """Return what comes in at a port of a block, the first one unless it is named."""
        graph = level(self._graph, address[:-1])
        ports = graph.nodes[address[-1]].layer.input_ports()
        wanted = port or (ports[0].name if ports else "")
        for edge in graph.incoming[address[-1]]:
            if edge.target_port == wanted:
                return self._reference((*address[:-1], edge.source), repeats, edge.source_port)
        return None

    def _argument(self, field: str) -> fx.Node | None:
        if field not in self._compiled.inputs:
            return None
        nodes: Iterable[fx.Node] = self._compiled.module.graph.nodes
        places = [node for node in nodes if node.op == "placeholder"]
        return places[self._compiled.inputs.index(field)]

    def _counted(self, address: Address, repeat: int) -> tuple[int, ...]:
        """Spread the number of a repeat over the groups around a block, the innermost fastest."""
        found: list[int] = []
        for count in reversed(_counts(self._graph, address)):
            repeat, digit = divmod(repeat, count)
            found.insert(0, digit)
        return tuple(found)

    def value(self, wanted: fx.Node, inputs: Sequence[Tensor]) -> Tensor:
        """Run the network as far as one node and return what that gives."""
        from torch import fx

        walk = fx.Interpreter(self._compiled.module)
        walk.args_iter = iter(inputs)  # its own `run` opens a progress bar and leaves a thread
        nodes: Iterable[fx.Node] = self._compiled.module.graph.nodes
        for node in nodes:
            walk.env[node] = walk.run_node(node)
            if node is wanted:
                break
            for used in walk.user_to_last_uses.get(node, ()):
                del walk.env[used]
        given: Tensor = walk.env[wanted]
        return given


def _counts(graph: Graph, address: Address) -> list[int]:
    """Return the repeats of the groups around a block, from the outermost."""
    counts = []
    for group_id in address[:-1]:
        group = group_at(graph, group_id)
        counts.append(group.repeat)
        graph = group.graph
    return counts


def _compiled(project: Project, fields: Any) -> CompiledModel:
    """Build the network with the Softmax or Sigmoid that training leaves out."""
    from modelstudio.engine.compile import compile_network

    return compile_network(project.network, fields, logits=False)


def _node(graph: Graph, address: Address, number: int) -> Node:
    """Return the block of a run.

    Raises
    ------
    RunError
        When it was drawn, or moved into a group, after the run.
    """
    node = block_at(graph, address)
    if node is None:
        raise RunError(
            f"This block was not in the network yet when run {number} was trained.",
            fix="Train again, or choose another run.",
        )
    return node
