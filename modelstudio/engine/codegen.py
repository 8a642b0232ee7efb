"""From a graph of blocks to Python that a person would have written."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelstudio.engine.compile import fake_outcome, resolve
from modelstudio.engine.custom import embedded
from modelstudio.errors import NetworkError
from modelstudio.layers.custom import PYTHON_BLOCK, read_source
from modelstudio.network.analysis import FieldLike, format_shape
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.lowering import lower_graph
from modelstudio.network.shapes import Builder, Weights, free, identifier

OPERATORS = {"torch.add": "+", "torch.sub": "-", "torch.mul": "*", "torch.eq": "=="}
"""Functions that Python has a sign for."""


@dataclass(frozen=True, slots=True)
class Name:
    """A value in the code: an argument, by its name, or the result of a line, by its number."""

    key: str | int


@dataclass(frozen=True, slots=True)
class Line:
    """An assignment of ``forward``; its own variable is named when all lines are known.

    ``call`` has ``{}`` where the values stand. ``part`` is added to the name of the variable.
    """

    block: str
    call: str
    values: tuple[Name, ...]
    part: str = ""


class PythonBuilder(Builder):
    """Writes each operation as a line of Python; a value is known by the number of its line."""

    def __init__(self, fields: Mapping[str, FieldLike]) -> None:
        super().__init__(fields, fake_outcome)
        self.arguments: dict[str, str] = {}
        self.making: list[str] = []
        self.lines: list[Line] = []
        self.taken = {"x"}
        self.sources: dict[str, str] = {}

    def write_input(self, field: str) -> Name:
        """Write an argument of ``forward``, named after its field."""
        if field not in self.arguments:
            self.arguments[field] = free(identifier(field), self.taken)
        return Name(self.arguments[field])

    def write_module(
        self, name: str, target: str, settings: Mapping[str, Any], weights: Weights | None
    ) -> None:
        """Write the line that makes a module, and the one that draws its weights."""
        if target == PYTHON_BLOCK:
            self.making.append(f"self.{name} = {self._written(**settings)}")
            return
        called = self._called(target)
        self.making.append(f"self.{name} = {called}({_construction(target, settings)})")
        if weights is not None:
            draw, how = weights
            options = "".join(f", {key}={_literal(value)}" for key, value in how)
            self.making.append(f"{_short(draw)}(self.{name}.weight{options})")

    def write_call(
        self, name: str, refs: Sequence[Any], keywords: Mapping[str, Any], pick: Sequence[int]
    ) -> Name:
        """Write the line that calls a module."""
        values: list[Name] = []
        given = _arguments(refs, keywords, values)
        return self._line(f"self.{name}({given}){''.join(f'[{i}]' for i in pick)}", values)

    def write_tied(self, name: str, refs: Sequence[Any]) -> Name:
        """Write the line that multiplies with the matrix of an embedding."""
        return self._line(f"nn.functional.linear({{}}, self.{name}.weight)", refs)

    def write_function(
        self, target: str, refs: Sequence[Any], settings: Mapping[str, Any], part: str
    ) -> Name:
        """Write the line that calls a function."""
        values: list[Name] = []
        if target in OPERATORS:
            operands = [_slot(item, values) for item in (*refs, *settings.values())]
            return self._line(f" {OPERATORS[target]} ".join(operands), values, part)
        given = _arguments(refs, settings, values)
        return self._line(f"{self._called(target)}({given})", values, part)

    def _written(self, source: str, settings: Mapping[str, Any]) -> str:
        """Return how a Python block is made; its source goes into the code."""
        self.sources.setdefault(source, source.strip())
        options = ", ".join(f"{key}={_literal(value)}" for key, value in settings.items())
        return f"{read_source(source).name}({options})"

    def _called(self, target: str) -> str:
        """Return how an operation is written; one of our own comes with its source."""
        if target.startswith("torch."):
            return _short(target)
        operation = resolve(target)
        self.sources.setdefault(target, inspect.getsource(operation).rstrip())
        return str(operation.__name__)

    def _line(self, call: str, values: Sequence[Name], part: str = "") -> Name:
        self.lines.append(Line(self.block_name, call, tuple(values), part))
        return Name(len(self.lines) - 1)

    def forward(self) -> list[str]:
        """Return the statements of ``forward``.

        A value that only the next line uses is called ``x``; others have the name of their block.
        """
        results = tuple(value.ref for value in self.results.values())
        users = [line.values for line in self.lines] + [results]
        used_by: dict[Name, set[int]] = {}
        for number, values in enumerate(users):
            for value in values:
                used_by.setdefault(value, set()).add(number)
        names = {Name(name): name for name in self.arguments.values()}
        written = []
        for number, line in enumerate(self.lines):
            own = Name(number)
            next_only = used_by.get(own) == {number + 1} and not line.part
            call = line.call.format(*(names[value] for value in line.values))
            spoken = f"{line.block}_{line.part}" if line.part else line.block
            names[own] = "x" if next_only else free(spoken, self.taken)
            written.append(f"{names[own]} = {call}")
        return [*written, f"return {', '.join(names[result] for result in results)}"]


def python_code(graph: Graph, fields: Sequence[FieldLike], class_name: str = "Network") -> str:
    """Return a module that defines the network as a class and runs on torch alone.

    Its submodules have the names of the trained network's, so its weights load into it. As in
    training, a Softmax or Sigmoid in front of an output is left out: the result is logits.

    Raises
    ------
    NetworkError
        When the network has errors; the message is the first.
    """
    for problem in analyse(graph, fields, fake_outcome).errors:
        raise NetworkError(problem.message, where=problem.node)
    builder = PythonBuilder({field.name: field for field in fields})
    lower_graph(graph, builder, logits=True)
    shapes = {field.name: format_shape(("B", *field.shape), batch=True) for field in fields}
    takes = [f"{name}: {shapes[field]}" for field, name in builder.arguments.items()]
    signature = ", ".join(f"{name}: Tensor" for name in builder.arguments.values())
    count = len(builder.results)
    gives = "Tensor" if count == 1 else f"tuple[{', '.join(['Tensor'] * count)}]"
    forward = builder.forward()
    freezing, training = _frozen(builder, class_name)
    texts, future = embedded(builder.sources.values(), {class_name, "torch", "nn", "Tensor"})
    sources = [line for text in texts for line in ("", "", text)]
    plain = any(re.search(r"\btorch\.", line) for line in [*builder.making, *forward, *sources])
    lines = [
        *future,
        *(["import torch"] if plain else []),
        "from torch import Tensor, nn",
        *sources,
        "",
        "",
        f"class {class_name}(nn.Module):",
        f'    """Takes {"; ".join(takes)}, where B is the batch."""',
        "",
        "    def __init__(self) -> None:",
        "        super().__init__()",
        *(f"        {line}" for line in [*builder.making, *freezing]),
        "",
        f"    def forward(self, {signature}) -> {gives}:",
        *(f"        {line}" for line in forward),
        *training,
        "",
    ]
    return "\n".join(lines)


def _frozen(builder: PythonBuilder, class_name: str) -> tuple[list[str], list[str]]:
    """Return the lines that hold frozen weights, and the method that holds running averages."""
    if not builder.frozen:
        return [], []
    listed = ", ".join(f"self.{name}" for name in builder.frozen)
    loop = f"for frozen in [{listed}]:"
    method = [
        "",
        f'    def train(self, mode: bool = True) -> "{class_name}":',
        "        super().train(mode)",
        f"        {loop}",
        "            frozen.eval()",
        "        return self",
    ]
    return [loop, "    frozen.requires_grad_(False)"], method


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
    return _literal(item).replace("{", "{{").replace("}", "}}")


def _short(target: str) -> str:
    return target.removeprefix("torch.") if target.startswith("torch.nn.") else target


def _construction(target: str, settings: Mapping[str, Any]) -> str:
    """Write the arguments of a module: what must be given by position, no defaults."""
    known = inspect.signature(resolve(target)).parameters
    parts: list[str] = []
    for name, value in settings.items():
        text = _literal(_narrow(value) if target.startswith("torch.") else value)
        required = name in known and known[name].default is inspect.Parameter.empty
        if required and list(known).index(name) == len(parts):
            parts.append(text)
        elif name not in known or required or _literal(known[name].default) != text:
            parts.append(f"{name}={text}")
    return ", ".join(parts)


def _narrow(value: Any) -> Any:
    """Return one number for a pair of equal ones, as torch's windows take it."""
    return value[0] if isinstance(value, tuple) and len({*value}) == 1 else value


def _literal(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)
