"""A module of a Python file as blocks."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx, nn

from modelstudio.engine.events import Progress
from modelstudio.engine.importing import module_shapes  # noqa: F401  draws shapes
from modelstudio.engine.importing.conclude import (
    Entry,
    Imported,
    conclude,
    draw_inputs,
    draw_outputs,
)
from modelstudio.engine.importing.drawing import (
    NOT_UNDERSTOOD,
    ODDITIES,
    Drawing,
    Unmapped,
    Wire,
)
from modelstudio.engine.importing.masks import Grows, Padding, hides_later
from modelstudio.engine.importing.module_file import (
    Sample,
    drawn,
    find_samples,
    load,
    other_numbers,
    quiet,
    takes_steps_first,
)
from modelstudio.engine.importing.module_functions import FUNCTIONS, Call, name_of
from modelstudio.engine.importing.module_layers import DRAWERS, arrays
from modelstudio.engine.importing.module_sequences import Recurrence
from modelstudio.engine.importing.module_tracing import Seen, steps_first, trace, trace_sizes, watch
from modelstudio.engine.importing.onnx_network import better, import_onnx
from modelstudio.engine.importing.onnx_trial import symbols
from modelstudio.engine.importing.phrases import Ref, straight
from modelstudio.engine.importing.shaping import Shaping
from modelstudio.errors import ImportFailed
from modelstudio.network.analysis import Shape
from modelstudio.network.shapes import identifier


def import_module(
    path: Path, name: str, shapes: Sequence[Sequence[int]], arguments: Mapping[str, Any]
) -> Generator[Progress, None, Imported]:
    """Make a module and draw it with blocks; the file has to be trusted.

    It is traced with torch's own modules whole. Where that fails, or leaves operations without a
    block, `torch.export` takes it apart, which takes seconds, and the better of both drawings is
    kept. A module that takes the steps of sequences first is given the samples first, and what it
    says is turned back.

    Raises
    ------
    ImportFailed
        When its code fails, or nothing can trace it.
    """
    yield Progress(f"Loading {path.name}")
    module = load(path, name, arguments)
    yield Progress("Tracing")
    traced = trace(module)
    try:
        samples = find_samples(module, traced, shapes)
    except ImportFailed:
        if not other_numbers(module):
            raise
        traced = trace(module.float())
        samples = find_samples(module, traced, shapes)
    traced = traced or trace_sizes(module, samples)
    best: Imported | None = None
    if traced is not None:
        yield Progress("Mapping modules to blocks")
        best = _best_drawn(module, traced, samples, told=bool(shapes))
        if takes_steps_first(module) and not _done(best):
            turned = steps_first(traced, samples)
            best = better(
                best, _best_drawn(module, turned, samples, told=bool(shapes)), turned=True
            )
    if not _done(best):
        yield Progress("Taking it apart with torch.export")
        ways = (False, True) if takes_steps_first(module) else (False,)
        for turn in ways if best is None else (best.turned,):
            if not _done(best):
                other = yield from _exported(module, samples, turned=turn)
                best = better(best, other, turned=turn)
    if best is None:
        raise ImportFailed(
            f"Neither torch.fx nor torch.export can follow what {name} does.",
            where=str(path),
            fix="Take out what depends on the values of tensors, or export it to ONNX yourself.",
        )
    return best


def _done(imported: Imported | None) -> bool:
    return imported is not None and not (imported.placeholders or imported.problem)


def _best_drawn(
    module: nn.Module, traced: fx.GraphModule, samples: Sequence[Sample], *, told: bool
) -> Imported | None:
    """Draw with a free length where the module takes one, else with a fixed one."""
    long = any(shape for shape, rows in samples if rows) or any(
        len(shape) == 2 for shape, _ in samples
    )
    best: Imported | None = None
    fixed = told or traced.meta.get("fixed", False)
    for free in (True, False) if long and not fixed else (False,):
        try:
            seen = watch(module, traced, samples, free_length=free)
        except Exception:
            continue
        best = better(best, _drawn(seen, samples))
        if _done(best):
            break
    return best


def _exported(
    module: nn.Module, samples: Sequence[Sample], *, turned: bool = False
) -> Generator[Progress, None, Imported | None]:
    """Draw what `torch.export` makes of a module, by way of an ONNX file."""
    values = tuple(drawn(samples, 2))
    if turned:
        values = tuple(x.transpose(0, 1) if x.ndim > 1 else x for x in values)
    batch = torch.export.Dim("batch")
    axes = [int(turned and x.ndim > 1) for x in values]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "module.onnx"
        try:
            with quiet():
                torch.onnx.export(
                    module,
                    values,
                    path,
                    dynamo=True,
                    verbose=False,
                    dynamic_shapes=tuple({axis: batch} for axis in axes),
                )
        except Exception:
            return None
        shapes = [shape for shape, _ in samples]
        try:
            return (yield from import_onnx(path, shapes, steps_first=turned))
        except ImportFailed:
            return None


def _drawn(seen: Seen, samples: Sequence[Sample]) -> Imported:
    """Draw a traced module, node by node."""
    drawing = Drawing()
    return _Sketch(seen, drawing, samples).imported()


class _Sketch:
    """A traced module that is being drawn.

    Parameters
    ----------
    samples
        What its arguments take.
    """

    def __init__(self, seen: Seen, drawing: Drawing, samples: Sequence[Sample]) -> None:
        self.seen = seen
        self.drawing = drawing
        self.draw = Shaping(drawing)
        self.known: dict[str, Any] = {}
        self.owners: dict[int, str] = {}
        nodes = seen.traced.graph.nodes
        places = [node for node in nodes if node.op == "placeholder"][: len(samples)]
        self.entries = [
            Entry(
                str(node.target),
                self._shape(node.name) or ("B",),
                "int" if rows else "float",
                seen.first[node.name].numpy(),
            )
            for node, (_, rows) in zip(places, samples, strict=True)
        ]
        refs = draw_inputs(drawing, self.entries)
        self.known.update({node.name: refs[str(node.target)] for node in places})

    def imported(self) -> Imported:
        """Return the network."""
        for node in self.seen.traced.graph.nodes:
            if node.op == "output":
                return self._finished(node)
            if node.op == "placeholder":
                self.known.setdefault(node.name, None)
            elif node.name in self.seen.apart:
                self.known[node.name] = self._constant(node.name)
            else:
                self._draw(node)
        raise ImportFailed("The module gives nothing back.")

    def _finished(self, node: fx.Node) -> Imported:
        results = node.args[0]
        named: dict[str, Any] = {}
        if isinstance(results, dict):
            named = dict(results)
        elif isinstance(results, list | tuple):
            named = {f"output{n}" if n > 1 else "output": r for n, r in enumerate(results, 1)}
        else:
            named = {"output": results}
        wires, said = {}, {}
        self.drawing.scope, self.drawing.stem = (), ""
        for name, result in named.items():
            value = self._value(result)
            if isinstance(value, Recurrence):
                value = value.sequence()
            if isinstance(value, Ref) and isinstance(result, fx.Node):
                wires[name], axes = self.draw.answer(value)
                said[name] = self._trial(result).transpose(axes)
        if not wires:
            raise ImportFailed("The module gives back nothing that depends on its inputs.")
        targets = draw_outputs(self.drawing, wires)
        return conclude(self.drawing, self.entries, targets, said)

    def _trial(self, node: fx.Node) -> Any:
        found = self.seen.first[node.name]
        return (found[0] if isinstance(found, tuple) else found).numpy()

    def _draw(self, node: fx.Node) -> None:
        """Draw one node, or a placeholder where the palette has no block for it."""
        drawing = self.drawing
        before = len(drawing.blocks)
        drawing.scope, drawing.stem = self._place(node)
        args = [self._value(arg) for arg in node.args]
        keywords = {key: self._value(value) for key, value in node.kwargs.items()}
        operation = node.target
        try:
            if node.op == "call_module":
                module = self.seen.traced.get_submodule(str(node.target))
                operation = type(module).__name__
                found = self._module(module, args, keywords, node)
            else:
                found = self._function(node, args, keywords)
        except ODDITIES as error:
            reason = error if isinstance(error, Unmapped) else NOT_UNDERSTOOD
            drawing.undo_to(before)
            kind = f"torch.{operation if isinstance(operation, str) else name_of(operation)}"
            told = {k: v for k, v in keywords.items() if not isinstance(v, Ref)}
            wire = drawing.placeholder(kind, str(reason), told, _wires([args, keywords]))
            found = self._lost(wire, self.seen.first[node.name], self.seen.second[node.name])
        self.known[node.name] = found

    def _lost(self, wire: Wire, first: Any, second: Any) -> Any:
        """Return what comes out of a placeholder, every part with the shape that it had."""
        if isinstance(first, tuple | list):
            return [self._lost(wire, *pair) for pair in zip(first, second, strict=False)]
        shape = self._both(first, second) or ("B",)
        return Ref(wire, shape, straight(shape))

    def _module(
        self, module: nn.Module, args: list[Any], keywords: dict[str, Any], node: fx.Node
    ) -> Any:
        drawer = DRAWERS.get(type(module))
        if drawer is None:
            raise Unmapped(f"The palette has no {type(module).__name__}.")
        before = set(self.drawing.blocks)
        for argument in list(inspect.signature(module.forward).parameters)[len(args) :]:
            if argument not in keywords:
                break
            args = [*args, keywords.pop(argument)]
        found = drawer(self.draw, module, args, keywords, self._shape(node.name) or ())
        new = [key for key in self.drawing.blocks if key not in before]
        self._tie(module, new)
        return found

    def _tie(self, module: nn.Module, new: Sequence[str]) -> None:
        """Let a block share weights that another has already."""
        blocks = [key for key in new if self.drawing.blocks[key].weights]
        weight = getattr(module, "weight", None)
        if len(blocks) != 1 or not isinstance(weight, Tensor):
            return
        owner = self.owners.setdefault(id(weight), blocks[0])
        block = self.drawing.blocks[blocks[0]]
        if owner != block.id:
            own = (
                set(arrays(module)) == {"weight"} or self.drawing.blocks[owner].layer == block.layer
            )
            if own:
                block.shares, block.weights = owner, {}

    def _function(self, node: fx.Node, args: list[Any], keywords: dict[str, Any]) -> Any:
        name = name_of(node.target)
        drawer = FUNCTIONS.get(name)
        if drawer is None:
            raise Unmapped(f"The palette has no block for {name}.")
        several = self.seen.first[node.name]
        shapes = []
        if isinstance(several, tuple | list):
            pairs = zip(several, self.seen.second[node.name], strict=False)
            shapes = [self._both(a, b) or () for a, b in pairs]
        shape = self._shape(node.name)
        return drawer(Call(self.draw, name, args, keywords, shape, shapes))

    def _value(self, value: Any) -> Any:
        """Return what an argument is: on the canvas, or plain."""
        if isinstance(value, fx.Node):
            return self.known[value.name]
        if isinstance(value, list | tuple):
            return type(value)(self._value(item) for item in value)
        if isinstance(value, slice):
            return slice(*(self._value(end) for end in (value.start, value.stop, value.step)))
        return value

    def _constant(self, name: str) -> Any:
        """Return a value that does not depend on the data; `Grows` where it does on the sizes.

        What is the same for every sample comes once; what was made of learned numbers is learned.
        """
        first, second = self.seen.first[name], self.seen.second[name]
        if not isinstance(first, Tensor):
            return first
        if first.shape != second.shape or not torch.equal(first, second):
            once = first[:1]
            each = first.ndim > 1 and (len(first), len(second)) == self.seen.moving["B"]
            if not each or once.shape[1:] != second.shape[1:]:
                return _grows(first, second)
            if not ((first == once).all() and (second == once).all()):
                return _grows(first, second)
            first = once
        return nn.Parameter(first, requires_grad=False) if name in self.seen.learned else first

    def _shape(self, name: str) -> Shape | None:
        return self._both(self.seen.first[name], self.seen.second[name])

    def _both(self, first: Any, second: Any) -> Shape | None:
        if not isinstance(first, Tensor):
            return None
        return symbols(first.shape, second.shape, self.seen.moving)

    def _place(self, node: fx.Node) -> tuple[tuple[str, ...], str]:
        """Return the modules around a node, and what its block may be called."""
        stack = list(node.meta.get("nn_module_stack", {}).values())
        around = str(stack[-1][0]) if stack else ""
        if node.op == "call_module":
            around = str(node.target)
        parts = tuple(part for part in around.split(".") if part)
        stem = ""
        if node.op == "call_module" and parts:
            stem = "" if parts[-1].isdecimal() else identifier(parts[-1])
            parts = parts[:-1]
        return parts, stem


def _grows(first: Tensor, second: Tensor) -> Grows:
    zero = not first.any() and not second.any()
    return Grows(zero, causal=hides_later(first) and hides_later(second))


def _wires(values: Any) -> list[Any]:
    if isinstance(values, Ref):
        return [values.wire]
    if isinstance(values, Recurrence):
        return [values.sequence().wire]
    if isinstance(values, Padding):
        return [values.ids.wire]
    if isinstance(values, dict):
        values = list(values.values())
    if isinstance(values, list | tuple):
        return [wire for value in values for wire in _wires(value)]
    return []
