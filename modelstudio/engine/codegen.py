"""From a graph of blocks to Python that a person would have written.

A group becomes a class of its own, which `modelstudio.engine.printing` writes; modules have the
names that they have in the trained network.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from modelstudio.engine.compile import fake_outcome, resolve
from modelstudio.engine.custom import embedded
from modelstudio.engine.printing.classes import Classes
from modelstudio.engine.printing.layout import literal
from modelstudio.engine.printing.scope import Inner, Line, Name, Part, Scope
from modelstudio.errors import NetworkError
from modelstudio.layers.custom import PYTHON_BLOCK, read_source
from modelstudio.network.analysis import FieldLike, format_shape
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph, Node
from modelstudio.network.lowering import ending_in_logits, lower_graph
from modelstudio.network.shapes import Builder, Path, Value, Weights, identifier, plain

OPERATORS = {"torch.add": "+", "torch.sub": "-", "torch.mul": "*", "torch.eq": "=="}
"""Functions that Python has a sign for."""

WEIGHTS = (
    "The weights of a run, a file of safetensors, have the same names:"
    " network.load_state_dict(safetensors.torch.load_file(path))."
)


class PythonBuilder(Builder):
    """Writes each operation as a line of Python, in the scope of the group that it stands in."""

    def __init__(self, fields: Mapping[str, FieldLike]) -> None:
        super().__init__(fields, fake_outcome)
        self.network = Scope("")
        self.scopes = {"": self.network}
        self.inner: dict[str, Inner] = {}
        self.sources: dict[str, str] = {}
        self.functions: set[str] = set()
        self._types: dict[str, str] = {}
        self._around = [self.network]

    @property
    def here(self) -> Scope:
        """The scope that is written."""
        return self._around[-1]

    def write_input(self, field: str) -> Name:
        """Write an argument of the network, named after its field; a group is handed it."""
        name = Name(field, kind="field")
        if self.here is not self.network:
            self.here.borrowed.setdefault(name, "Tensor")
        elif name not in self.network.arguments:
            self.network.arguments.append(name)
        return name

    def write_module(
        self, name: str, target: str, settings: Mapping[str, Any], weights: Weights | None
    ) -> None:
        """Write the line that makes a module, and the one that draws its weights."""
        path = self._owner or self.path
        if target == PYTHON_BLOCK:
            called, given = self._written(**settings)
        else:
            called, given = self._called(target), _construction(target, settings)
        draw = ""
        if weights is not None:
            options = "".join(f", {key}={literal(value)}" for key, value in weights[1])
            draw = f"{_short(weights[0])}({{}}.weight{options})"
        self._types[name] = called if target.startswith("torch.") else "nn.Module"
        self._scope(path[:-1]).making.append(Part(_last(name), called, given, draw))

    def write_call(
        self, name: str, refs: Sequence[Any], keywords: Mapping[str, Any], pick: Sequence[int]
    ) -> Name:
        """Write the line that calls a module."""
        module, values = self._reach(name)
        given = _arguments(refs, keywords, values)
        return self._line(f"{module}({given}){''.join(f'[{i}]' for i in pick)}", values)

    def write_tied(self, name: str, refs: Sequence[Any]) -> Name:
        """Write the line that multiplies with the matrix of an embedding."""
        module, values = self._reach(name)
        return self._line(f"nn.functional.linear({{}}, {module}.weight)", [*refs, *values])

    def write_function(
        self, target: str, refs: Sequence[Any], settings: Mapping[str, Any], part: str
    ) -> Name:
        """Write the line that calls a function."""
        values: list[Name] = []
        if target in OPERATORS:
            operands = [_slot(item, values) for item in (*refs, *settings.values())]
            return self._line(f" {OPERATORS[target]} ".join(operands), values, part)
        given = _arguments(refs, settings, values)
        called = self._called(target)
        self.functions.add(called)
        return self._line(f"{called}({given})", values, part)

    def group(
        self,
        node: Node,
        count: int,
        taken: Sequence[Value],
        once: Callable[[Sequence[Value], int], Sequence[Value]],
    ) -> Sequence[Value]:
        """Write a group as a class; a run that gives what it was given stands for those after it.

        What only passes through is neither returned nor, in a loop, carried on.
        """
        ports = [Name(port.name) for port in node.layer.input_ports()]
        runs: list[Scope] = []
        results, current = list[Value](), list(taken)
        for repeat in range(count):
            with self.within(node, repeat):
                runs.append(self._scope(self.path))
                runs[-1].covered = self.here.covered or node.frozen
                given = [
                    replace(value, ref=name) for value, name in zip(current, ports, strict=True)
                ]
                self._around.append(runs[-1])
                results = list(once(given, repeat))
                self._around.pop()
            runs[-1].returns = [value.ref for value in results]
            alike = [plain(value) for value in results] == [plain(value) for value in current]
            current = results
            if alike:
                break
        outer = dict(zip(ports, (value.ref for value in taken), strict=True))
        refs = [_passed(runs, number, ports, count) for number in range(len(results))]
        moved = [number for number, port in enumerate(refs) if port is None]
        refs = [port and outer[port] for port in refs]
        _close(runs, taken, ports, moved)
        inner = self.inner[_named_once(runs[0], count > 1)]
        inner.count = count
        if node.frozen and not self.here.covered:
            self.here.frozen[inner.name] = None
        if moved:
            self.here.lines.append(self._call_of(node, inner, outer, moved))
            for index, number in enumerate(moved):
                refs[number] = Name(len(self.here.lines) - 1, index)
        return [replace(value, ref=ref) for value, ref in zip(results, refs, strict=True)]

    def _call_of(
        self, node: Node, inner: Inner, outer: Mapping[Name, Name], moved: Sequence[int]
    ) -> Line:
        """Return the line that calls a group; one value through repeats needs no loop."""
        run, ports = inner.runs[0], list(outer)
        called, values = identifier(node.name), list[Name | int]()
        texts = []
        inner.sequential = inner.several and not run.borrowed and len(moved) == 1
        inner.sequential = inner.sequential and run.arguments == [ports[moved[0]]] == ports[:1]
        loop = inner.several and not inner.sequential
        for name in run.arguments:
            carried = loop and ports.index(name) in moved
            values.append(moved.index(ports.index(name)) if carried else outer[name])
            texts.append("{}")
        for name in run.borrowed:
            if name.kind == "field":
                text, own = "{}", [self.write_input(str(name.key))]
            else:
                text, own = self._reach(str(name.key))
            texts.append(text)
            values += own
        outputs = [port.name for port in node.layer.output_ports()]
        wanted = [identifier(f"{node.name}_{outputs[number]}") for number in moved]
        if loop:
            return Line(
                f"({', '.join(texts)})",
                tuple(values),
                tuple(identifier(outputs[number]) for number in moved),
                loop=f"self.{inner.name}",
                variable=called,
                carried=tuple(outer[ports[number]] for number in moved),
            )
        names = tuple(wanted) if len(moved) > 1 else (called,)
        return Line(f"self.{inner.name}({', '.join(texts)})", tuple(values), names)

    def _scope(self, path: Path) -> Scope:
        """Return the scope of a group, or of one of its repeats; it may not be called yet."""
        if not path:
            return self.network
        dotted = f"{self._named(path)}."
        if dotted not in self.scopes:
            around = self._scope(path[:-1])
            scope = Scope(path[-1].name, dotted, covered=around.covered)
            self.scopes[dotted] = scope
            once = _named_once(scope, path[-1].several)
            if once not in self.inner:
                self.inner[once] = Inner(_last(once), path[-1].several)
                around.making.append(self.inner[once])
            self.inner[once].runs.append(scope)
        return self.scopes[dotted]

    def _reach(self, name: str) -> tuple[str, list[Name]]:
        """Return how a module is spoken of, here; one of another group is handed in."""
        if self._freezes:
            owner = self.scopes[name[: name.rfind(".") + 1]]
            if not owner.covered:
                owner.frozen[_last(name)] = None
        if name.startswith(self.here.container):
            inside = name.removeprefix(self.here.container)
            return "self." + re.sub(r"\.(\d+)(?=\.)", r"[\1]", inside), []
        handed = Name(name, kind="module")
        self.here.borrowed[handed] = self._types[name]
        return "{}", [handed]

    def _written(
        self, source: str, settings: Mapping[str, Any]
    ) -> tuple[str, tuple[tuple[str, bool, Any], ...]]:
        """Return how a Python block is made; its source goes into the code."""
        self.sources.setdefault(source, source.strip())
        return read_source(source).name, tuple((key, True, settings[key]) for key in settings)

    def _called(self, target: str) -> str:
        """Return how an operation is written; one of our own comes with its source."""
        if target.startswith("torch."):
            return _short(target)
        operation = resolve(target)
        self.sources.setdefault(target, inspect.getsource(operation).rstrip())
        return str(operation.__name__)

    def _line(self, call: str, values: Sequence[Name], part: str = "") -> Name:
        block = self.path[-1].name
        wanted = identifier(f"{block}_{part}" if part else block)
        self.here.lines.append(Line(call, tuple(values), (wanted,), straight=not part))
        return Name(len(self.here.lines) - 1)


def python_code(graph: Graph, fields: Sequence[FieldLike], class_name: str = "Network") -> str:
    """Return a module that defines the network as a class and runs on torch alone.

    Its submodules have the names of the trained network's, so its weights load into it. It is the
    network as drawn: where training leaves out a Softmax or Sigmoid at its end, it says so.

    Raises
    ------
    NetworkError
        When the network has errors; the message is the first.
    """
    for problem in analyse(graph, fields, fake_outcome).errors:
        raise NetworkError(problem.message, where=problem.node)
    builder = PythonBuilder({field.name: field for field in fields})
    lower_graph(graph, builder)
    network = builder.network
    network.returns = [value.ref for value in builder.results.values()]
    shapes = {field.name: format_shape(("B", *field.shape), batch=True) for field in fields}
    takes = [f"{name.wanted}: {shapes[str(name.key)]}" for name in network.arguments]
    texts, future = embedded(builder.sources.values(), {class_name, "torch", "nn", "Tensor"})
    sources = [line for text in texts for line in ("", "", text)]
    words = set(re.findall(r"\w+", "\n".join(texts)))
    classes = Classes({class_name, "torch", "nn", "Tensor", *words}, builder.functions)
    classes.of(network)
    about = f"Takes {'; '.join(takes)}, where B is the batch."
    if ending_in_logits(graph) != graph:
        about += " The losses of torch take the values before the last Softmax or Sigmoid."
    body = [*classes.written(), *classes.network(class_name, about, WEIGHTS)]
    plain_torch = any(re.search(r"\btorch\.(?!load)", line) for line in [*body, *sources])
    lines = [
        *future,
        *(["import torch"] if plain_torch else []),
        "from torch import Tensor, nn",
        *sources,
        *body,
        "",
    ]
    return "\n".join(lines)


def _passed(runs: Sequence[Scope], number: int, ports: Sequence[Name], count: int) -> Name | None:
    """Return the port whose value leaves a group as it came, at one of the outputs."""
    given = {(run.returns or ())[number] for run in runs}
    wanted = set(ports) if count == 1 else {ports[number]}
    return given.pop() if len(given) == 1 and given <= wanted else None


def _close(
    runs: Sequence[Scope], taken: Sequence[Value], ports: Sequence[Name], moved: Sequence[int]
) -> None:
    """Settle what the runs of a group take and return, the same for all."""
    for run in runs:
        run.returns = [(run.returns or ())[number] for number in moved]
    used = {name for run in runs for name in run.reads()}
    borrowed = {name: kind for run in runs for name, kind in run.borrowed.items()}
    takes = [
        f"{name.wanted}: {format_shape(value.shape, batch=True)}"
        for name, value in zip(ports, taken, strict=True)
        if name in used
    ]
    for run in runs:
        run.arguments = [name for name in ports if name in used]
        run.borrowed = borrowed
        run.takes = "; ".join(takes)


def _named_once(scope: Scope, several: bool) -> str:
    """Return the dotted name of a group, without the number of the repeat."""
    name = scope.container.rstrip(".")
    return name.rpartition(".")[0] if several else name


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _arguments(refs: Sequence[Any], keywords: Mapping[str, Any], values: list[Name]) -> str:
    """Write the arguments of a call; the values in it are added to ``values``."""
    given = [_slot(item, values) for item in refs]
    given += [f"{key}={_slot(value, values)}" for key, value in keywords.items()]
    return ", ".join(given)


def _slot(item: Any, values: list[Name]) -> str:
    """Write an argument, with ``{}`` for each value in it."""
    if isinstance(item, list):
        return f"[{', '.join(_slot(part, values) for part in item)}]"
    if isinstance(item, Name):
        values.append(item)
        return "{}"
    return literal(item).replace("{", "{{").replace("}", "}}")


def _short(target: str) -> str:
    return target.removeprefix("torch.") if target.startswith("torch.nn.") else target


def _construction(target: str, settings: Mapping[str, Any]) -> tuple[tuple[str, bool, Any], ...]:
    """Return the arguments of a module: what must be given by position, no defaults."""
    known = inspect.signature(resolve(target)).parameters
    parts: list[tuple[str, bool, Any]] = []
    for name, value in settings.items():
        given = _narrow(value) if target.startswith("torch.") else value
        required = name in known and known[name].default is inspect.Parameter.empty
        if required and list(known).index(name) == len(parts):
            parts.append((name, False, given))
        elif name not in known or required or literal(known[name].default) != literal(given):
            parts.append((name, True, given))
    return tuple(parts)


def _narrow(value: Any) -> Any:
    """Return one number for a pair of equal ones, as torch's windows take it."""
    return value[0] if isinstance(value, tuple) and len({*value}) == 1 else value
