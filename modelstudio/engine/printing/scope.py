"""What is written of the network, or of one run of a group, before it becomes a class."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, Literal

from modelstudio.network.shapes import free, identifier

_FEW = 4
"""Results whose types are written one by one."""


@dataclass(frozen=True, slots=True)
class Name:
    """A value inside of a scope.

    Parameters
    ----------
    key
        Number of the line that gives it; or the name of a port, of a field, or of a module.
    kind
        A ``field`` or ``module`` comes from outside, as a further argument.
    """

    key: str | int
    index: int = 0
    kind: Literal["value", "field", "module"] = "value"

    @property
    def wanted(self) -> str:
        """What its variable would be called."""
        spoken = str(self.key)
        return identifier(spoken.rpartition(".")[2] if self.kind == "module" else spoken)


@dataclass(frozen=True, slots=True)
class Line:
    """An assignment of ``forward``; its variables are named when all lines are known.

    Parameters
    ----------
    call
        What is called, with ``{}`` where the values stand.
    values
        A number stands for one of its own results, in a loop.
    wanted
        What the results would be called.
    straight
        Whether a result that only the next line uses is called ``x``.
    loop
        What the loop runs over, in which the call is made; empty for a plain call.
    variable
        What a turn of the loop is called.
    carried
        What the results are before the first turn of the loop.
    """

    call: str
    values: tuple[Name | int, ...]
    wanted: tuple[str, ...]
    straight: bool = True
    loop: str = ""
    variable: str = ""
    carried: tuple[Name, ...] = ()

    def keeps(self, start: Name | None) -> bool:
        """Say whether a result may have the variable that it begins as."""
        return start is not None and self.carried.count(start) == 1 and start not in self.values

    @property
    def reads(self) -> set[Name]:
        """The values it needs."""
        return {value for value in (*self.values, *self.carried) if isinstance(value, Name)}


@dataclass(frozen=True, slots=True)
class Part:
    """A module that a class makes.

    ``given`` are its arguments: name, whether the name is written, value. ``draw`` is the call
    that draws its first weights, with ``{}`` for them.
    """

    name: str
    called: str
    given: tuple[tuple[str, bool, Any], ...]
    draw: str = ""


@dataclass(slots=True)
class Inner:
    """A group that a class makes: one scope for each run that differs from the one before.

    With ``several`` it is a list of ``count`` modules, the last run as often as is left.
    """

    name: str
    several: bool
    runs: list[Scope] = field(default_factory=list)
    count: int = 0
    sequential: bool = False

    @property
    def empty(self) -> bool:
        """True when it does nothing."""
        return all(scope.empty for scope in self.runs)


@dataclass(slots=True)
class Scope:
    """The network, or one run of a group.

    Parameters
    ----------
    label
        Name of the group.
    container
        Dotted name of its module with a dot behind it; empty for the network.
    arguments
        What ``forward`` takes.
    borrowed
        What it needs from outside of the group, with the type.
    returns
        What ``forward`` gives; None when nothing calls it.
    frozen
        Names of its modules that do not learn.
    covered
        True where the whole group, or one around it, does not learn.
    """

    label: str
    container: str = ""
    making: list[Part | Inner] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    arguments: list[Name] = field(default_factory=list)
    borrowed: dict[Name, str] = field(default_factory=dict)
    returns: list[Name] | None = None
    frozen: dict[str, None] = field(default_factory=dict)
    covered: bool = False
    takes: str = ""

    @property
    def empty(self) -> bool:
        """True when it neither makes nor computes anything."""
        parts = (isinstance(part, Part) or not part.empty for part in self.making)
        return not self.lines and not any(parts)

    def reads(self) -> set[Name]:
        """Return every value that a line or the caller needs."""
        return {*(self.returns or ()), *(name for line in self.lines for name in line.reads)}

    def forward(self, taken: Iterable[str]) -> list[str]:
        """Return the definition of ``forward`` and its statements, not yet broken into lines.

        A value that only the next line uses is called ``x``; others have the name of their block.
        """
        if self.returns is None:
            return []
        known = {"x", *taken}
        names = {name: free(name.wanted, known) for name in (*self.arguments, *self.borrowed)}
        users: dict[Name, set[int]] = {}
        for number, reads in enumerate([*(line.reads for line in self.lines), {*self.returns}]):
            for name in reads:
                users.setdefault(name, set()).add(number)
        takes = [f"{names[name]}: {self.borrowed.get(name, 'Tensor')}" for name in names]
        count = len(self.returns)
        several = ", ".join(["Tensor"] * count) if count <= _FEW else "Tensor, ..."
        gives = "Tensor" if count == 1 else f"tuple[{several}]"
        written = [f"def forward(self, {', '.join(takes)}) -> {gives}:"]
        for number, line in enumerate(self.lines):
            own = [Name(number, index) for index in range(len(line.wanted))]
            fixed = {names[value] for value in line.values if isinstance(value, Name)}
            straight = len(own) == 1 and line.straight and users.get(own[0]) == {number + 1}
            for name, wanted, start in zip_longest(own, line.wanted, line.carried):
                if straight and not (line.loop and "x" in fixed):
                    names[name] = "x"
                elif line.keeps(start) and names[start] != "x" and users[start] == {number}:
                    names[name] = names[start]
                else:
                    names[name] = free(wanted, known)
            results = ", ".join(names[name] for name in own)
            values = [names[Name(number, v) if isinstance(v, int) else v] for v in line.values]
            call = line.call.format(*values)
            if not line.loop:
                written.append(f"    {results} = {call}")
                continue
            for name, start in zip(own, line.carried, strict=True):
                if names[name] != names[start]:
                    written.append(f"    {names[name]} = {names[start]}")
            variable = free(line.variable, known)
            written.append(f"    for {variable} in {line.loop}:")
            written.append(f"        {results} = {variable}{call}")
        return [*written, f"    return {', '.join(names[name] for name in self.returns)}"]
