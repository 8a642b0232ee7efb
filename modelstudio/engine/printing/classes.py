"""Groups as classes: equal ones share one, and those that differ in sizes give it arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from modelstudio.engine.printing.layout import (
    class_name,
    docstring,
    fitted,
    literal,
    without_number,
)
from modelstudio.engine.printing.scope import Inner, Part, Scope
from modelstudio.network.shapes import free, identifier

Sizes = tuple[int, ...]
"""The whole numbers that a class is made with, in the order in which they are written."""


@dataclass(eq=False)
class Class:
    """A class of the printed code.

    Parameters
    ----------
    scope
        The first of the scopes that it stands for.
    holes
        What each of the sizes is called where it is used.
    made
        The sizes of every scope that it stands for.
    inside
        Classes of the groups inside, by name, one for each run.
    """

    scope: Scope
    forward: Sequence[str]
    holes: Sequence[str]
    inside: Mapping[str, Sequence[Class]]
    labels: list[str]
    takes: list[str]
    made: list[Sizes] = field(default_factory=list)
    name: str = ""

    def arguments(self) -> dict[int, str]:
        """Return the arguments of its ``__init__``, by the sizes that each stands for.

        Sizes that are the same in every use are none; those that always agree are one.
        """
        taken, named = {"self"}, dict[Sizes, str]()
        found = {}
        for hole, column in enumerate(zip(*self.made, strict=True)):
            if len(set(column)) > 1:
                if column not in named:
                    named[column] = free(identifier(self.holes[hole]), taken)
                found[hole] = named[column]
        return found


class Classes:
    """The classes that the scopes of a network need.

    Parameters
    ----------
    taken
        Names that no class may have.
    variables
        Names that no variable of ``forward`` may have.
    """

    def __init__(self, taken: set[str], variables: set[str]) -> None:
        self._taken, self._variables = taken, variables
        self._found: dict[object, list[Class]] = {}
        self._order: list[Class] = []

    def of(self, scope: Scope) -> tuple[Class, Sizes]:
        """Return the class that a scope is made by, and its sizes."""
        key: list[object] = [tuple(scope.frozen)]
        sizes: list[int] = []
        holes: list[str] = []
        inside: dict[str, list[Class]] = {}
        for part in scope.making:
            if isinstance(part, Inner):
                if part.empty:
                    continue
                runs = [self.of(run) for run in part.runs]
                inside[part.name] = [known for known, _ in runs]
                for known, own in runs:
                    sizes += own
                    holes += known.holes
                how = (part.name, part.several, part.count, part.sequential)
                key.append((*how, *map(id, inside[part.name])))
                continue
            fixed = []
            for name, spoken, value in part.given:
                if type(value) is int:
                    sizes.append(value)
                    holes.append(name)
                fixed.append((name, spoken, "" if type(value) is int else literal(value)))
            key.append((part.name, part.called, part.draw, *fixed))
        forward = scope.forward(self._variables)
        alike = self._found.setdefault((*key, *forward), [])
        for known in alike:
            if tuple(sizes) in known.made or _akin(known.labels[0], scope.label):
                break
        else:
            known = Class(scope, forward, holes, inside, [], [])
            alike.append(known)
            self._order.append(known)
        known.made.append(tuple(sizes))
        known.labels += [scope.label] if scope.label not in known.labels else []
        known.takes += [scope.takes] if scope.takes not in known.takes else []
        return known, tuple(sizes)

    def written(self) -> Iterator[str]:
        """Yield the lines of all classes of groups, those inside of others first."""
        for known in self._order[:-1]:
            known.name = class_name(known.labels, self._taken)
        for known in self._order[:-1]:
            *others, last = known.labels
            text = f"The groups {', '.join(others)} and {last}." if others else f"The group {last}."
            takes = f" Takes {known.takes[0]}." if known.takes[0] and not known.takes[1:] else ""
            yield from ("", "", *_class(known, f"{text}{takes}"))

    def network(self, name: str, *about: str) -> Iterator[str]:
        """Yield the lines of the class of the whole network, which was asked for last."""
        known = self._order[-1]
        known.name = name
        yield from ("", "", *_class(known, *about))


def _akin(first: str, second: str) -> bool:
    return without_number(first) == without_number(second)


def _class(known: Class, *about: str) -> Iterator[str]:
    arguments = known.arguments()
    making = [*_making(known, arguments)]
    empty = {part.name for part in known.scope.making if isinstance(part, Inner) and part.empty}
    frozen = [name for name in known.scope.frozen if name not in empty]
    loop = f"for frozen in [{', '.join(f'self.{name}' for name in frozen)}]:"
    if frozen:
        making += [loop, "    frozen.requires_grad_(False)"]
    yield f"class {known.name}(nn.Module):"
    yield from docstring(*about)
    if making:
        takes = "".join(f", {name}: int" for name in dict.fromkeys(arguments.values()))
        yield ""
        yield from fitted(f"    def __init__(self{takes}) -> None:")
        yield "        super().__init__()"
        for line in making:
            yield from fitted(f"        {line}")
    if known.forward:
        yield ""
        for line in known.forward:
            yield from fitted(f"    {line}")
    if frozen:
        yield ""
        yield f'    def train(self, mode: bool = True) -> "{known.name}":'
        yield "        super().train(mode)"
        yield from fitted(f"        {loop}")
        yield "            frozen.eval()"
        yield "        return self"


def _making(known: Class, arguments: Mapping[int, str]) -> Iterator[str]:
    """Yield the statements that make the modules of a class."""
    sizes, place = known.made[0], 0
    for part in known.scope.making:
        if isinstance(part, Part):
            given = []
            for name, spoken, value in part.given:
                text = literal(value)
                if type(value) is int:
                    text = arguments.get(place, text)
                    place += 1
                given.append(f"{name}={text}" if spoken else text)
            yield f"self.{part.name} = {part.called}({', '.join(given)})"
            if part.draw:
                yield part.draw.format(f"self.{part.name}")
        elif part.name in known.inside:
            runs = []
            for inner in known.inside[part.name]:
                own = dict[str, str]()
                for hole, name in inner.arguments().items():
                    own.setdefault(name, arguments.get(place + hole, str(sizes[place + hole])))
                place += len(inner.holes)
                runs.append(f"{inner.name}({', '.join(own.values())})")
            yield f"self.{part.name} = {_repeated(part, runs) if part.several else runs[0]}"


def _repeated(part: Inner, runs: Sequence[str]) -> str:
    """Write a list of modules; the last run is made as often as there are repeats left."""
    *apart, last = runs
    rest = part.count - len(apart)
    while apart and apart[-1] == last:
        rest += 1
        apart.pop()
    many = f"({last} for _ in range({rest}))" if rest > 1 else ""
    kind = "nn.Sequential" if part.sequential else "nn.ModuleList"
    if not apart and many:
        return f"{kind}(*{many})" if part.sequential else f"{kind}{many}"
    items = [*apart, f"*{many}" if many else last]
    return f"{kind}({', '.join(items)})" if part.sequential else f"{kind}([{', '.join(items)}])"
