"""From a graph of blocks to Python that a person would have written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelstudio.errors import NetworkError
from modelstudio.network.analysis import FieldLike, format_shape
from modelstudio.network.check import analyse
from modelstudio.network.graph import Graph
from modelstudio.network.lowering import lower_graph
from modelstudio.network.shapes import Builder, identifier


class PythonBuilder(Builder):
    """Writes each operation as a line of Python; values are known by the names of variables."""

    def __init__(self, fields: Mapping[str, FieldLike]) -> None:
        super().__init__(fields)
        self.arguments: dict[str, str] = {}
        self.making: list[str] = []
        self.forward: list[str] = []
        self._taken: set[str] = set()

    def write_input(self, field: str) -> str:
        """Write an argument of ``forward``, named after its field."""
        if field not in self.arguments:
            spoken = "".join(char if char.isalnum() else "_" for char in field)
            name = identifier(spoken if spoken.isidentifier() else f"field_{spoken}")
            self.arguments[field] = self._free(name)
        return self.arguments[field]

    def write_module(self, name: str, target: str, settings: Mapping[str, Any]) -> None:
        """Write the line that makes a module."""
        self.making.append(f"self.{name} = {_short(target)}({_keywords(settings)})")

    def write_call(self, name: str, refs: Sequence[Any]) -> str:
        """Write the line that calls a module."""
        return self._assign(f"self.{name}({_listed(refs)})")

    def write_function(self, target: str, refs: Sequence[Any], settings: Mapping[str, Any]) -> str:
        """Write the line that calls a function."""
        parts = [_listed(refs), _keywords(settings)]
        return self._assign(f"{_short(target)}({', '.join(part for part in parts if part)})")

    def _assign(self, expression: str) -> str:
        variable = self._free(self.block_name)
        self.forward.append(f"{variable} = {expression}")
        return variable

    def _free(self, name: str) -> str:
        number, free = 2, name
        while free in self._taken:
            free, number = f"{name}_{number}", number + 1
        self._taken.add(free)
        return free


def python_code(graph: Graph, fields: Sequence[FieldLike], class_name: str = "Network") -> str:
    """Return a module that defines the network as a class and runs on torch alone.

    Its submodules have the names of the trained network's, so its weights load into it. As in
    training, a Softmax or Sigmoid in front of an output is left out: the result is logits.

    Raises
    ------
    NetworkError
        When the network has errors; the message is the first.
    """
    for problem in analyse(graph, fields).errors:
        raise NetworkError(problem.message, where=problem.node)
    builder = PythonBuilder({field.name: field for field in fields})
    lower_graph(graph, builder, logits=True)
    shapes = {field.name: format_shape(("B", *field.shape), batch=True) for field in fields}
    takes = [f"{name}: {shapes[field]}" for field, name in builder.arguments.items()]
    signature = ", ".join(f"{name}: Tensor" for name in builder.arguments.values())
    results = [str(value.ref) for value in builder.results.values()]
    gives = "Tensor" if len(results) == 1 else f"tuple[{', '.join(['Tensor'] * len(results))}]"
    lines = [
        "import torch",
        "from torch import Tensor, nn",
        "",
        "",
        f"class {class_name}(nn.Module):",
        f'    """Takes {"; ".join(takes)}, where B is the batch."""',
        "",
        "    def __init__(self) -> None:",
        "        super().__init__()",
        *(f"        {line}" for line in builder.making),
        "",
        f"    def forward(self, {signature}) -> {gives}:",
        *(f"        {line}" for line in builder.forward),
        f"        return {', '.join(results)}",
        "",
    ]
    if not any("torch." in line for line in builder.forward):
        lines.remove("import torch")
    return "\n".join(lines)


def _short(target: str) -> str:
    return target.removeprefix("torch.") if target.startswith("torch.nn.") else target


def _keywords(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in settings.items())


def _listed(refs: Sequence[Any]) -> str:
    return ", ".join(f"[{_listed(ref)}]" if isinstance(ref, list) else str(ref) for ref in refs)
