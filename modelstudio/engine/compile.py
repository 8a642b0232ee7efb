"""From a graph of blocks to a `torch.fx.GraphModule` that can be trained."""

from __future__ import annotations

import operator
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

import torch
from torch import fx, nn

from modelstudio.engine.custom import BlockFault, FlopCount, check_result, load, python_block
from modelstudio.errors import NetworkError
from modelstudio.network.analysis import Analysis, FieldLike, Problem, parted
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.limits import too_heavy
from modelstudio.network.lowering import lower_graph
from modelstudio.network.mismatch import Mismatch
from modelstudio.network.rules import Outcome
from modelstudio.network.shapes import Builder, Value, Weights


@dataclass(frozen=True)
class CompiledModel:
    """A network ready to run.

    Parameters
    ----------
    module
        Takes one tensor for each of ``inputs``, in order, the batch first; returns one tensor, or a
        tuple when there are several ``outputs``.
    inputs
        Names of the input fields.
    outputs
        Names of the targets, in the order in which their blocks were drawn.
    node_modules
        Names of the submodules that each block uses, by its address (ids joined by ``/``).
    names
        Names of the blocks by id, those inside groups left out.
    """

    module: fx.GraphModule
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    node_modules: Mapping[str, tuple[str, ...]]
    analysis: Analysis
    names: Mapping[str, str]


class Network(fx.GraphModule):
    """A graph module whose frozen blocks stay as they are while the rest trains.

    Their names stand in ``meta["frozen"]``, which a copy keeps.
    """

    def train(self, mode: bool = True) -> Network:
        """Switch to training, frozen blocks excepted: their running averages stand still."""
        super().train(mode)
        for name in self.meta.get("frozen", ()):
            self.get_submodule(name).eval()
        return self


class FxBuilder(Builder):
    """Writes each operation into a `torch.fx.Graph`, marked with the address of its block.

    The mark ``repeats`` says which repeat of each group around the block it belongs to, ``order``
    what comes first in rows of numbers, as `Value.order` does.
    """

    unrolls = True

    def __init__(self, fields: Mapping[str, FieldLike]) -> None:
        super().__init__(fields, fake_outcome)
        self.graph = fx.Graph()
        self.modules: dict[str, nn.Module] = {}
        self.weights: dict[str, Any] = {}
        self.inputs: dict[str, fx.Node] = {}
        self.node_modules: dict[str, tuple[str, ...]] = {}

    def write_input(self, field: str) -> fx.Node:
        """Write a placeholder; blocks that ask for the same field share it."""
        if field not in self.inputs:
            self.inputs[field] = self._marked(self.graph.placeholder(f"x{len(self.inputs)}"))
        return self.inputs[field]

    def write_module(
        self, name: str, target: str, settings: Mapping[str, Any], weights: Weights | None
    ) -> None:
        """Make the module on the CPU with fresh weights."""
        module = self.modules[name] = resolve(target)(**settings)
        if weights is not None:
            draw, how = weights
            resolve(draw)(module.weight, **dict(how))

    def write_call(
        self, name: str, refs: Sequence[Any], keywords: Mapping[str, Any], pick: Sequence[int]
    ) -> fx.Node:
        """Write the call of a module."""
        self._uses(name)
        node = self._marked(self.graph.call_module(name, tuple(refs), dict(keywords)))
        for index in pick:
            node = self._marked(self.graph.call_function(operator.getitem, (node, index)))
        return node

    def write_tied(self, name: str, refs: Sequence[Any]) -> fx.Node:
        """Write a product with the matrix of an embedding."""
        self._uses(name)
        matrix = f"{name}.weight"
        self.weights[matrix] = self.modules[name].weight
        weight = self._marked(self.graph.get_attr(matrix))
        return self._marked(self.graph.call_function(nn.functional.linear, (*refs, weight)))

    def write_function(
        self, target: str, refs: Sequence[Any], settings: Mapping[str, Any], part: str
    ) -> fx.Node:
        """Write the call of a function."""
        return self._marked(self.graph.call_function(resolve(target), tuple(refs), dict(settings)))

    def _value(self, outcome: Outcome, values: Sequence[Value], ref: Any) -> Value:
        value = super()._value(outcome, values, ref)
        value.ref.meta["order"] = value.order
        return value

    def _uses(self, name: str) -> None:
        used = self.node_modules.get(self.address, ())
        if name not in used:
            self.node_modules[self.address] = (*used, name)

    def _marked(self, node: fx.Node) -> fx.Node:
        node.meta["block"] = self.address
        node.meta["repeats"] = tuple(place.repeat for place in self.path[:-1])
        return node


def compile_network(
    graph: Graph, fields: Sequence[FieldLike], *, logits: bool = True
) -> CompiledModel:
    """Build the module of a network with fresh weights, on the CPU.

    Weights follow torch's random generator: seed it first to get the same ones.

    Parameters
    ----------
    fields
        Fields of the data that Input and Output blocks refer to.
    logits
        Leave out a Softmax or Sigmoid in front of an output, as losses want it.

    Raises
    ------
    NetworkError
        When the network has errors; the message is the first, ``where`` the id of its block.
    """
    analysis = analyse(graph, fields, fake_outcome)
    for problem in analysis.errors:
        raise NetworkError(problem.message, where=problem.node, fix=_advice(problem))
    heavy = too_heavy(graph, analysis)
    if heavy is not None:
        raise NetworkError(heavy.message, where=heavy.node)
    builder = FxBuilder({field.name: field for field in fields})
    lower_graph(graph, builder, logits=logits)
    targets = [field.name for field in fields if field.role == "target"]
    refs = [value.ref for value in builder.results.values()]
    builder.graph.output(refs[0] if len(refs) == 1 else tuple(refs))
    builder.graph.lint()
    module = Network({**builder.modules, **builder.weights}, builder.graph, "Network")
    module.meta["frozen"] = tuple(builder.frozen)
    for name in builder.frozen:
        module.get_submodule(name).requires_grad_(False)
    outputs = tuple(name or (targets[0] if targets else "output") for name in builder.results)
    return CompiledModel(
        module.train(),
        tuple(builder.inputs),
        outputs,
        builder.node_modules,
        analysis,
        {key: node.name for key, node in graph.nodes.items()},
    )


def _advice(problem: Problem) -> str | None:
    trusting = "Press Trust and run in its settings, or give --trust on the command line."
    return trusting if problem.untrusted is not None else None


@cache
def resolve(target: str) -> Any:
    """Return what a dotted name such as ``torch.nn.Linear`` stands for."""
    return pkgutil.resolve_name(target)


_STAND_INS = {"B": 1_009, "T": 2_003}
"""Sizes that symbols take on tensors without data; primes, found again in what comes out."""


def _stand_in(symbol: str) -> int:
    before, base, behind = parted(symbol)
    return before + _STAND_INS.get(base, 3) + behind


def fake_outcome(target: str, values: Sequence[Value], settings: Mapping[str, Any]) -> Outcome:
    """Work out shape and parameters of an operation without a rule, on tensors without data.

    Raises
    ------
    Mismatch
        When torch refuses the values.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    operation: Any = resolve(target)
    written = operation is python_block
    parameters = 0
    counter = FlopCount()
    try:
        if written:
            load(settings["source"])  # before the mode, so that what its text makes has data
        with FakeTensorMode(allow_non_fake_inputs=written), torch.no_grad():
            tensors = [
                torch.zeros(
                    [_stand_in(dim) if isinstance(dim, str) else dim for dim in value.shape],
                    dtype=torch.int64 if value.dtype == "int" else torch.float32,
                )
                for value in values
            ]
            if written or isinstance(operation, type):
                module = operation(**settings)
                parameters = sum(p.numel() for p in module.parameters())
                with counter:
                    result = module(*tensors)
            else:
                result = operation(*tensors, **settings)
    except BlockFault as fault:
        raise Mismatch(fault.needs) from None
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        reason = str(error).strip().splitlines()[0]
        raise Mismatch(f"cannot take what it is given ({reason})", 0) from None
    if written:
        check_result(result, _STAND_INS["B"])
    sizes = {dim: _stand_in(dim) for value in values for dim in value.shape if isinstance(dim, str)}
    symbols = {size: symbol for symbol, size in (_STAND_INS | sizes).items()}
    shape = tuple(symbols.get(int(dim), int(dim)) for dim in result.shape)
    macs = counter.total // 2 // prod(sizes.values())
    dtype = "float" if result.dtype.is_floating_point else "int"
    return Outcome(shape, parameters, macs, dtype)
