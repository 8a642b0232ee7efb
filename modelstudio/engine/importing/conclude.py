"""From drawn blocks to a project: fields, network, weights, and how far the answers agree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import torch

from modelstudio.data.inputs import FEATURES
from modelstudio.engine.compile import CompiledModel, compile_network
from modelstudio.engine.importing.drawing import Array, Drawing, Placeholder, Wire
from modelstudio.engine.importing.phrases import Ref
from modelstudio.engine.importing.ties import Origin, tie
from modelstudio.errors import StudioError
from modelstudio.layers import Embedding, Input, Output
from modelstudio.network.analysis import Dim, Shape
from modelstudio.network.graph import Graph
from modelstudio.network.group import PORTS, Group
from modelstudio.network.layer import Layer, UnknownLayer
from modelstudio.network.shapes import Builder, free
from modelstudio.recipe.fields import FieldSpec

TARGET = "target"
"""Name of the field that an only output answers for."""


@dataclass(frozen=True)
class Entry:
    """An input of the foreign network.

    Parameters
    ----------
    shape
        The batch first, as the file has it.
    trial
        Numbers that it was tried with.
    """

    name: str
    shape: Shape
    dtype: str
    trial: Array


@dataclass(frozen=True)
class Imported:
    """A foreign network as blocks.

    Parameters
    ----------
    state
        Weights by the names that the compiled network has for them; where it cannot be compiled,
        those of the blocks that there are.
    difference
        Largest difference from the answers of the original; None when it cannot be run.
    problem
        Why it cannot be compiled; empty when it can.
    turned
        Whether it takes the samples first, where the original takes the steps of sequences first.
    notes
        What may make the answers differ from the original's.
    """

    graph: Graph
    fields: tuple[FieldSpec, ...]
    nodes: int
    placeholders: tuple[Placeholder, ...]
    state: Mapping[str, torch.Tensor]
    parameters: int
    difference: float | None
    problem: str = ""
    turned: bool = False
    notes: tuple[str, ...] = ()


def field_names(entries: Sequence[Entry]) -> dict[str, str]:
    """Return a field for each input; a single row of numbers is what tables offer."""
    if len(entries) == 1 and len(entries[0].shape) == 2 and entries[0].dtype == "float":
        return {entries[0].name: FEATURES}
    taken = {TARGET}
    return {entry.name: free(_plain(entry.name), taken) for entry in entries}


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_") or "x"


def draw_inputs(drawing: Drawing, entries: Sequence[Entry]) -> dict[str, Ref]:
    """Begin a drawing with the inputs."""
    refs = {}
    for name, field in field_names(entries).items():
        entry = next(entry for entry in entries if entry.name == name)
        wire = drawing.add(Input(field=field))
        refs[name] = Ref(wire, entry.shape, tuple(range(len(entry.shape))), entry.dtype)
    return refs


def draw_outputs(drawing: Drawing, answers: Mapping[str, Wire]) -> dict[str, str]:
    """End a drawing with the outputs; return the target of each."""
    drawing.scope, drawing.stem = (), ""
    taken: set[str] = set()
    targets = {}
    for name, wire in answers.items():
        target = TARGET if len(answers) == 1 else free(_plain(name), taken)
        drawing.add(Output(target="" if len(answers) == 1 else target), wire)
        targets[name] = target
    return targets


def conclude(
    drawing: Drawing,
    entries: Sequence[Entry],
    targets: Mapping[str, str],
    answers: Mapping[str, Array],
    made_from: Mapping[str, Origin] = MappingProxyType({}),
) -> Imported:
    """Put the network together, give it its weights, and compare what it says.

    Parameters
    ----------
    targets
        Target of each output of the original.
    answers
        What the original says of the trial, by output.
    made_from
        Where the weights of blocks come from, by id.
    """
    drawing.prune()
    tie(drawing, made_from)
    fields = _fields(drawing, entries, targets, answers)
    graph = drawing.graph()
    placeholders = tuple(drawing.placeholders(graph))
    nodes = sum(not isinstance(block.layer, Input | Output) for block in drawing.blocks.values())
    try:
        compiled = compile_network(graph, fields, logits=False)
    except StudioError as error:
        parameters = sum(a.size for b in drawing.blocks.values() for a in b.weights.values())
        state = _named(graph, drawing)
        return Imported(graph, fields, nodes, placeholders, state, parameters, None, str(error))
    _load(compiled, drawing)
    difference = _difference(compiled, entries, targets, answers)
    state = {name: value.contiguous() for name, value in compiled.module.state_dict().items()}
    parameters = compiled.analysis.parameters
    return Imported(
        graph,
        fields,
        nodes,
        placeholders,
        state,
        parameters,
        difference,
        notes=tuple(drawing.notes),
    )


def _load(compiled: CompiledModel, drawing: Drawing) -> None:
    """Give the modules of each block the weights it came with."""
    state = compiled.module.state_dict()
    with torch.no_grad():
        for address, modules in compiled.node_modules.items():
            block = drawing.blocks[address.rpartition("/")[2]]
            for name, array in block.weights.items():
                own = next(f"{m}.{name}" for m in modules if f"{m}.{name}" in state)
                values = torch.from_numpy(np.array(array, dtype=np.float32))
                state[own].copy_(values.reshape(state[own].shape))


def _named(graph: Graph, drawing: Drawing) -> dict[str, torch.Tensor]:
    """Return the weights of blocks by the names that they get once the network is whole."""
    return {
        f"{module}.{name}": torch.from_numpy(np.array(array, dtype=np.float32))
        for key, module in _modules(graph, Builder({}))
        for name, array in drawing.blocks[key].weights.items()
    }


def _modules(graph: Graph, builder: Builder) -> Iterator[tuple[str, str]]:
    """Yield each block, those in groups too, with the name that its module gets."""
    for node in graph.nodes.values():
        with builder.within(node):
            if isinstance(node.layer, Group):
                yield from _modules(node.layer.graph, builder)
            elif not isinstance(node.layer, PORTS):
                yield node.id, builder.module_name()


def _difference(
    compiled: CompiledModel,
    entries: Sequence[Entry],
    targets: Mapping[str, str],
    answers: Mapping[str, Array],
) -> float | None:
    fields = field_names(entries)
    given = {fields[entry.name]: _tensor(entry) for entry in entries}
    with torch.no_grad():
        found = compiled.module.eval()(*(given[name] for name in compiled.inputs))
    said = dict(zip(compiled.outputs, found if isinstance(found, tuple) else [found], strict=True))
    if len(targets) == 1:
        said = dict(zip(targets.values(), said.values(), strict=True))
    worst = 0.0
    for name, target in targets.items():
        ours, theirs = said[target].numpy(), answers[name]
        if ours.size != theirs.size:
            return None
        ours = ours.reshape(theirs.shape)
        # what is not a number in both is the same
        apart = ~np.isclose(ours, theirs, rtol=0, atol=0, equal_nan=True)
        if apart.any():
            worst = max(worst, float(np.nan_to_num(np.abs(ours - theirs)[apart], nan=np.inf).max()))
    return worst


def _tensor(entry: Entry) -> torch.Tensor:
    values = torch.from_numpy(np.array(entry.trial))
    return values.long() if entry.dtype == "int" else values.float()


# Fields


def _fields(
    drawing: Drawing,
    entries: Sequence[Entry],
    targets: Mapping[str, str],
    answers: Mapping[str, Array],
) -> tuple[FieldSpec, ...]:
    names = field_names(entries)
    found = [
        FieldSpec(
            name=names[entry.name],
            role="input",
            kind="ids" if entry.dtype == "int" else "features",
            shape=_sample(entry.shape),
            dtype="int" if entry.dtype == "int" else "float",
            vocabulary=_vocabulary(drawing, names[entry.name]) if entry.dtype == "int" else None,
        )
        for entry in entries
    ]
    rows = all(name in answers and answers[name].ndim in (1, 2) for name in targets)
    if rows:
        ends = [b for b in drawing.blocks.values() if isinstance(b.layer, Output)]
        for block, (name, target) in zip(ends, targets.items(), strict=True):
            before = drawing.take(block.sources[0][0]).layer
            width = answers[name].reshape(len(answers[name]), -1).shape[1]
            found.append(_target(target, width, before))
    return tuple(found)


def _sample(shape: Shape) -> tuple[Dim, ...]:
    return tuple(shape[1:])


def _target(name: str, width: int, before: Layer) -> FieldSpec:
    """Guess what a head answers: several logits are classes, one is a value or a share."""
    kind: Literal["classes", "binary", "value"] = "value"
    classes: tuple[str, ...] = ()
    if width > 1:
        kind, classes = "classes", tuple(f"class {number}" for number in range(width))
    elif before.probability:
        kind, classes = "binary", ("no", "yes")
    dtype: Literal["int", "float"] = "int" if kind == "classes" else "float"
    return FieldSpec(name=name, role="target", kind=kind, shape=(), dtype=dtype, classes=classes)


def _vocabulary(drawing: Drawing, field: str) -> int | None:
    """Return how many ids the tables behind an input hold."""
    reached: set[Wire] = set()
    rows = []
    for key, block in drawing.blocks.items():
        if isinstance(block.layer, Input) and block.layer.field == field:
            reached.add(Wire(key))
        elif reached.intersection(source for source, _ in block.sources):
            if isinstance(block.layer, Embedding):
                rows.append(block.layer.num_embeddings or 0)
            elif block.layer.category == "Merge and shape" and not _unknown(block.layer):
                reached.update(Wire(key, port.name) for port in block.layer.output_ports())
    return min(rows, default=None)


def _unknown(layer: Layer) -> bool:
    return isinstance(layer, UnknownLayer | Group)
