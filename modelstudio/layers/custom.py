"""A block that a person wrote in Python; it is read here, and run only by the engine.

Ports and settings are read off the text with `ast`, so that a project from anywhere can be drawn
and inspected before anybody decides to trust the code in it.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pydantic import Field

from modelstudio.network.graph import Graph
from modelstudio.network.group import Group
from modelstudio.network.layer import Layer, Port
from modelstudio.network.mismatch import Mismatch, Untrusted
from modelstudio.network.shapes import Builder, Value
from modelstudio.trust import trusted

Scalar = bool | int | float | str
"""What a setting of a Python block may be."""

PYTHON_BLOCK: Final = "modelstudio.engine.custom.python_block"
"""What the builder is asked for; `engine.custom` makes the module out of the source."""

TEMPLATE: Final = '''\
import torch
from torch import nn


class Gate(nn.Module):
    """Let each number through by a learned share between 0 and 1."""

    def __init__(self, in_features, sharpness=1.0):
        super().__init__()
        self.sharpness = sharpness
        self.gate = nn.Linear(in_features, in_features)

    def forward(self, x):
        return x * torch.sigmoid(self.sharpness * self.gate(x))
'''
"""What a new block begins with; being ours, it runs without being trusted first."""

SIZES: Final = {"in_features": -1, "in_channels": 1}
"""Arguments of ``__init__`` that are read off the first input: which of its sizes."""

_MOST_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class Description:
    """What the text of a block says about it.

    Parameters
    ----------
    name
        The class that is the block: the last one with a ``forward``.
    settings
        Arguments of ``__init__`` with a plain default, in order.
    sizes
        Arguments of ``__init__`` that follow the input.
    fault
        Why it cannot be a block, to follow its name; empty when it can.
    """

    name: str = ""
    purpose: str = ""
    ports: tuple[Port, ...] = (Port("x", dtype="any"),)
    settings: tuple[tuple[str, Scalar], ...] = ()
    sizes: tuple[str, ...] = ()
    fault: str = ""


@lru_cache(maxsize=256)
def read_source(source: str) -> Description:
    """Read ports and settings off the text of a block without running it."""
    if len(source) > _MOST_CHARACTERS:
        return Description(fault=f"has more than {_MOST_CHARACTERS:,} characters of code")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            compile(tree, "<block>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return Description(fault=f"has a mistake in line {error.lineno or 1}: {error.msg}")
    except (ValueError, RecursionError, MemoryError) as error:
        return Description(fault=f"has code that Python cannot read ({error})")
    for item in reversed(tree.body):
        if isinstance(item, ast.ClassDef) and _method(item, "forward") is not None:
            try:
                return _described(item)
            except _Unfit as unfit:
                return Description(item.name, fault=str(unfit))
    return Description(fault="needs a class of torch.nn.Module with a method forward")


class _Unfit(Exception):
    """Why a class cannot be a block."""


def _described(item: ast.ClassDef) -> Description:
    forward, making = _method(item, "forward"), _method(item, "__init__")
    if forward is None:
        raise _Unfit("needs a method forward")
    settings, sizes = _settings(making.args) if making is not None else ((), ())
    purpose = (ast.get_docstring(item) or "").partition("\n\n")[0].replace("\n", " ")
    return Description(item.name, purpose, _ports(forward), settings, sizes)


def _method(item: ast.ClassDef, name: str) -> ast.FunctionDef | None:
    methods = (part for part in item.body if isinstance(part, ast.FunctionDef))
    return next((method for method in methods if method.name == name), None)


def _ports(forward: ast.FunctionDef) -> tuple[Port, ...]:
    given = forward.args
    names = [arg.arg for arg in (*given.posonlyargs, *given.args)][1:]
    optional = min(len(given.defaults), len(names))
    where = f"in line {forward.lineno}"
    if given.kwonlyargs or given.kwarg:
        raise _Unfit(
            f"has a forward {where} that takes values by keyword; name its inputs one by one"
        )
    if given.vararg and names:
        raise _Unfit(f"has a forward {where} that takes both named inputs and *{given.vararg.arg}")
    if optional > 1:
        raise _Unfit(f"has a forward {where} with {optional} inputs that may be left open, not one")
    if given.vararg:
        return (Port(given.vararg.arg, dtype="any", variadic=True),)
    if not names or optional == len(names):
        raise _Unfit(f"has a forward {where} without an input")
    needed = len(names) - optional
    return tuple(
        Port(name, dtype="any", optional=number >= needed) for number, name in enumerate(names)
    )


def _settings(given: ast.arguments) -> tuple[tuple[tuple[str, Scalar], ...], tuple[str, ...]]:
    """Return the settings with their defaults, and what follows the input.

    A default that is no plain value stays as it is and is no setting.
    """
    named = [arg.arg for arg in (*given.posonlyargs, *given.args)][1:]
    defaults: list[ast.expr | None] = list(given.defaults[-len(named) :]) if named else []
    pairs = list(zip(named, [*[None] * (len(named) - len(defaults)), *defaults], strict=True))
    pairs += zip((arg.arg for arg in given.kwonlyargs), given.kw_defaults, strict=True)
    settings: list[tuple[str, Scalar]] = []
    for name, default in pairs:
        if default is None:
            if name not in SIZES:
                raise _Unfit(f"needs a default for {name} in its __init__")
        elif (plain := _plain(default)) is not None:
            settings.append((name, plain))
    return tuple(settings), tuple(name for name, default in pairs if default is None)


def _plain(default: ast.expr) -> Scalar | None:
    try:
        value = ast.literal_eval(default)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, bool | int | float | str) else None


def sources(graph: Graph) -> Iterator[str]:
    """Yield the text of every Python block of a network, those inside groups included."""
    for node in graph.nodes.values():
        if isinstance(node.layer, Custom):
            yield node.layer.source
        elif isinstance(node.layer, Group):
            yield from sources(node.layer.graph)


def may_run(source: str) -> bool:
    """Say whether the text of a block may be run on this computer."""
    return source == TEMPLATE or trusted(source)


class Custom(Layer, category="Python", label="Python block", aliases=("PythonBlock",)):
    """Run a class of torch.nn.Module that you write yourself.

    Its inputs are the arguments of ``forward``, its settings those of ``__init__`` with a default.
    """

    stem = "block"
    keywords = ("own code", "nn.module", "custom layer", "script", "function")
    outside = True
    inputs = (Port("x", dtype="any"),)

    source: str = Field(
        TEMPLATE,
        title="Python",
        description="A class of torch.nn.Module that takes tensors, the batch first.",
    )
    settings: tuple[tuple[str, Scalar], ...] = Field(
        (), description="Arguments of its __init__ that differ from their defaults."
    )

    def input_ports(self) -> tuple[Port, ...]:
        """Return a port for each argument of ``forward``."""
        return read_source(self.source).ports

    def values(self) -> dict[str, Scalar]:
        """Return every setting with the value it has."""
        chosen = dict(self.settings)
        return {
            name: chosen[name] if _alike(chosen.get(name), default) else default
            for name, default in read_source(self.source).settings
        }

    def with_value(self, name: str, value: Scalar) -> Custom:
        """Return the block with another value of a setting; defaults are not written down."""
        defaults = dict(read_source(self.source).settings)
        chosen = {**self.values(), name: value}
        kept = tuple((key, chosen[key]) for key in chosen if chosen[key] != defaults[key])
        return self.changed(settings=kept)

    def lower(self, b: Builder, *given: Value | None) -> Value:
        known = read_source(self.source)
        if known.fault:
            raise Mismatch(known.fault)
        if not may_run(self.source):
            raise Untrusted(self.source)
        values = [value for value in given if value is not None]
        first = values[0]
        for name in known.sizes:
            if first.rank <= SIZES[name]:
                raise Mismatch(f"has no dimension to read {name} off", 0)
        sizes = {name: first.size(SIZES[name], name) for name in known.sizes}
        settings = {**sizes, **self.values()}
        return b.module(PYTHON_BLOCK, *values, source=self.source, settings=settings)

    def summary(self) -> str:
        return read_source(self.source).name or self.label


def _alike(value: Scalar | None, default: Scalar) -> bool:
    """Say whether a value is of the kind of a setting's default."""
    if isinstance(default, float):
        return isinstance(value, float | int) and not isinstance(value, bool)
    return type(value) is type(default)
