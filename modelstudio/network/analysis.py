"""What is known of a network before it runs: shapes, costs and problems of each block."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from modelstudio.network.graph import Edge, Graph

Dim = int | str
"""A size, or a symbol: ``"B"`` the batch, ``"T"`` the length of a sequence.

``"1+T"`` is the length of a sequence with one step put before it, ``"T+1"`` with one behind it.
"""

Shape = tuple[Dim, ...]
"""Sizes with the batch first, as PyTorch has them: ``("B", 32, 14, 14)``."""


class FieldLike(Protocol):
    """What a network must know of a field of the data; `recipe.fields.FieldSpec` is one."""

    @property
    def name(self) -> str:
        """Name that Input and Output blocks refer to."""

    @property
    def role(self) -> Literal["input", "target"]:
        """Whether it goes into the network or is what the network should say."""

    @property
    def kind(self) -> str:
        """For a target: what it is, ``"binary"`` or ``"value"``; see `recipe.fields.FieldKind`."""

    @property
    def shape(self) -> tuple[int | str, ...]:
        """Shape of one sample, without the batch."""

    @property
    def dtype(self) -> Literal["float", "int"]:
        """Numbers or ids."""

    @property
    def vocabulary(self) -> int | None:
        """Number of different ids, where the field holds ids."""

    @property
    def logits(self) -> int | None:
        """For a target: how many numbers a sample the head must give."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A repair on offer: a button text and the edit behind it.

    With ``opens`` it is no edit: the ids lead through groups to a block that is shown.
    """

    label: str
    apply: Callable[[Graph], Graph]
    opens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong, pinned to the block (and wire) that caused it.

    An ``error`` stops training, a ``warning`` and a ``notice`` do not. ``node`` is None when it
    concerns the whole network. ``untrusted`` is code that waits for somebody to trust it.
    """

    node: str | None
    message: str
    severity: Literal["error", "warning", "notice"] = "error"
    fixes: tuple[Fix, ...] = ()
    edge: Edge | None = None
    untrusted: str | None = None


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """What is known of one block.

    Parameters
    ----------
    inputs, outputs
        Shapes at its ports, in port order; empty where unknown.
    parameters
        Trainable numbers; weights shared with another block count there.
    macs
        Multiply-accumulates for one sample.
    memory
        Bytes of its outputs for one sample, as float32.
    state
        ``"waiting"`` when something upstream has no shape.
    untrusted
        It waits because nobody has said that its code may run.
    """

    inputs: tuple[Shape, ...] = ()
    outputs: tuple[Shape, ...] = ()
    parameters: int = 0
    macs: int = 0
    memory: int = 0
    state: Literal["ok", "error", "waiting", "off"] = "ok"
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class Analysis:
    """Shapes, costs and problems of a whole network."""

    nodes: Mapping[str, NodeInfo] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    parameters: int = 0
    macs: int = 0
    memory: int = 0

    @property
    def errors(self) -> tuple[Problem, ...]:
        """Problems that stop training."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def parted(symbol: str) -> tuple[int, str, int]:
    """Return a symbol and the numbers added before and behind it: 1, T and 0 for ``"1+T"``."""
    found = re.fullmatch(r"(?:(\d+)\+)?(.*?)(?:\+(\d+))?", symbol)
    assert found is not None
    before, base, behind = found.groups()
    return int(before or 0), base, int(behind or 0)


def format_shape(shape: Shape, *, batch: bool = False) -> str:
    """Write a shape for people: ``64×7×7``, the batch left out unless asked for."""
    dims = shape if batch else shape[1:]
    return "×".join(str(dim) for dim in dims) or "1"
