"""Trace a module with torch's own modules whole, and see what its values are like."""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import torch
from torch import Tensor, fx, nn
from torch.fx.proxy import TraceError

from modelstudio.engine.importing.module_file import Sample, drawn, quiet


@dataclass
class Seen:
    """A traced module with what was seen when it ran twice.

    Parameters
    ----------
    first, second
        Value of each node by its name.
    apart
        Nodes that do not depend on the data.
    learned
        Those of them that are made of learned numbers.
    """

    module: nn.Module
    traced: fx.GraphModule
    first: dict[str, Any]
    second: dict[str, Any]
    moving: dict[str, tuple[int, int]]
    apart: set[str] = field(default_factory=set)
    learned: set[str] = field(default_factory=set)


def about_shape(node: fx.Node) -> bool:
    """Tell whether a node asks for the shape or the kind of a value, not for its numbers."""
    asked = node.target is getattr and node.args[1] in ("shape", "ndim", "device", "dtype")
    return asked or node.target in ("size", "dim", "numel")


class _Tracer(fx.Tracer):
    """Follows loops over the parts of a tensor that is cut into a known number of them."""

    def iter(self, obj: fx.Proxy) -> Iterator[Any]:
        """Return the parts of a chunk."""
        node = obj.node
        if node.target in (torch.chunk, "chunk"):
            count = node.args[1] if len(node.args) > 1 else node.kwargs.get("chunks")
            if isinstance(count, int):
                return iter([operator.getitem(obj, number) for number in range(count)])
        return super().iter(obj)


class _SizeTracer(_Tracer):
    """Follows branches and loops that depend on sizes, if each of several batches takes them.

    Parameters
    ----------
    batches
        Batches of other sizes, one tensor an argument.
    """

    def __init__(self, batches: Sequence[Sequence[Tensor]]) -> None:
        super().__init__()
        self._batches = batches
        self._values: list[dict[fx.Node, Any]] = [{} for _ in batches]
        # as they are while nothing is traced
        self._plain = {name: getattr(nn.Module, name) for name in ("__call__", "__getattr__")}

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """Return what stands for a value."""
        return _Counts(node, self)

    def to_bool(self, obj: fx.Proxy) -> bool:
        """Return which way a branch goes."""
        return bool(self.known(obj.node))

    def known(self, node: fx.Node) -> Any:
        """Return a value that depends on sizes alone, and is the same for every batch.

        Raises
        ------
        TraceError
            When it is none.
        """
        if self._reads_numbers(node):
            raise TraceError("It depends on the numbers of a tensor.")
        pairs = zip(self._batches, self._values, strict=True)
        with mock.patch.multiple(nn.Module, **self._plain), torch.no_grad():
            found = [self._value(node, *pair) for pair in pairs]
        if any(value != found[0] for value in found):
            raise TraceError("It depends on the size of the batch, or on a free length.")
        return found[0]

    def _reads_numbers(self, node: fx.Node) -> bool:
        if about_shape(node):
            return False
        return node.op == "placeholder" or any(map(self._reads_numbers, node.all_input_nodes))

    def _value(self, node: fx.Node, batch: Sequence[Tensor], values: dict[fx.Node, Any]) -> Any:
        if node in values:
            return values[node]
        places = [place for place in node.graph.nodes if place.op == "placeholder"]
        if node.op == "placeholder":
            found: Any = batch[places.index(node)]
        elif node.op == "get_attr":
            found = operator.attrgetter(str(node.target))(self.root)
        else:
            args, keywords = fx.node.map_arg(
                (node.args, node.kwargs), lambda inner: self._value(inner, batch, values)
            )
            target: Any = node.target
            if node.op == "call_module":
                target = self.root.get_submodule(target)
            elif node.op == "call_method":
                target = getattr(type(args[0]), target)
            found = target(*args, **keywords)
        values[node] = found
        return found


class _Counts(fx.Proxy):
    """Stands for a value; it is a number where it depends on sizes alone."""

    tracer: _SizeTracer

    def __len__(self) -> int:
        length = self.tracer.create_proxy("call_function", len, (self,), {})
        return operator.index(self.tracer.known(length.node))

    def __index__(self) -> int:
        return operator.index(self.tracer.known(self.node))

    def __getattr__(self, name: str) -> fx.proxy.Attribute:
        return _Attribute(self, name)


class _Attribute(_Counts, fx.proxy.Attribute):
    """Stands for an attribute of a value, such as its shape."""


def trace(module: nn.Module) -> fx.GraphModule | None:
    """Trace a module with torch's own modules whole; None where it cannot be traced."""
    return _traced(module, _Tracer())


def trace_sizes(module: nn.Module, samples: Sequence[Sample]) -> fx.GraphModule | None:
    """Trace a module that branches on sizes, or counts by them, for what its arguments take.

    ``meta["fixed"]`` tells that it is right for lengths such as these only.
    """
    batches = [drawn(samples, 2), drawn(samples, 3)]
    traced = _traced(module, _SizeTracer([*batches, drawn(samples, 2, longer=1)]))
    if traced is None:
        traced = _traced(module, _SizeTracer(batches))
        if traced is not None:
            traced.meta["fixed"] = True
    return traced


def _traced(module: nn.Module, tracer: fx.Tracer) -> fx.GraphModule | None:
    with quiet(), _sizes_together():
        try:
            return fx.GraphModule(module, tracer.trace(module))
        except Exception:
            return None


@contextlib.contextmanager
def _sizes_together() -> Iterator[None]:
    """Let ``torch.ones(batch, steps)`` be traced, which takes traced sizes only as a tuple."""
    with contextlib.ExitStack() as stack:
        for name in ("ones", "zeros", "empty"):
            stack.enter_context(mock.patch.object(torch, name, _together(getattr(torch, name))))
        yield


def _together(make: Callable[..., Any]) -> Callable[..., Any]:
    def made(*sizes: Any, **settings: Any) -> Any:
        return make(*([sizes] if len(sizes) > 1 else sizes), **settings)

    return made


def steps_first(traced: fx.GraphModule, samples: Sequence[Sample]) -> fx.GraphModule:
    """Return a traced module given the batch first, which it then gets behind the steps."""
    graph = fx.Graph()
    graph.output(graph.graph_copy(traced.graph, {}))
    places = [node for node in graph.nodes if node.op == "placeholder"]
    for node, (shape, _) in zip(places, samples, strict=False):
        if shape:
            with graph.inserting_after(places[-1]):
                turned = graph.call_method("transpose", (node, 0, 1))
            node.replace_all_uses_with(turned, delete_user_cb=lambda user, own=turned: user != own)
    found = fx.GraphModule(traced, graph)
    found.meta.update(traced.meta)
    return found


class _Watching(fx.Interpreter):
    """Runs a traced module and keeps the value of every node."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module, garbage_collect_values=False)
        self.values: dict[str, Any] = {}

    def run_node(self, node: fx.Node) -> Any:
        """Run a node and keep its value."""
        value = self.values[node.name] = super().run_node(node)
        return value


def watch(
    module: nn.Module, traced: fx.GraphModule, samples: Sequence[Sample], *, free_length: bool
) -> Seen:
    """Run a traced module twice, with batches (and lengths, if free) of other sizes.

    Raises
    ------
    Exception
        Whatever the module raises.
    """
    runs = []
    for batch, longer in ((2, 0), (3, 1 if free_length else 0)):
        watching = _Watching(traced)
        with quiet(), torch.no_grad():
            watching.run(*drawn(samples, batch, longer=longer))
        runs.append(watching.values)
    moving = {"B": (2, 3)}
    if free_length:
        length = next((shape[0] for shape, rows in samples if rows and shape), None) or next(
            shape[0] for shape, _ in samples if len(shape) == 2
        )
        moving["T"] = (length, length + 1)
    seen = Seen(module, traced, runs[0], runs[1], moving)
    for node in traced.graph.nodes:
        sources = {source.name for source in node.all_input_nodes}
        called = node.op.startswith("call_") and (bool(sources) or node.op != "call_module")
        if node.op == "get_attr" or about_shape(node) or (called and sources <= seen.apart):
            seen.apart.add(node.name)
            if isinstance(runs[0][node.name], nn.Parameter) or sources & seen.learned:
                seen.learned.add(node.name)
    return seen
