"""Python blocks: a trusted source becomes a module, and its exceptions sentences with a line."""

from __future__ import annotations

import ast
import functools
import linecache
import sys
import traceback
from collections.abc import Iterable, Mapping
from hashlib import sha256
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
)
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from modelstudio.errors import NetworkError, StudioError
from modelstudio.layers.custom import Scalar, may_run, read_source
from modelstudio.network.mismatch import Mismatch


class BlockFault(NetworkError):
    """The code of a Python block failed; ``needs`` says how, to follow the name of the block."""

    def __init__(self, needs: str, name: str) -> None:
        super().__init__(
            f"The Python block {name} {needs}.", fix="Correct its code, or switch it off."
        )
        self.needs = needs
        self.name = name

    def __reduce__(self) -> tuple[object, ...]:
        return BlockFault, (self.needs, self.name)


def python_block(source: str, settings: Mapping[str, Scalar]) -> nn.Module:
    """Return the module of a source; the builder asks for it by name.

    Raises
    ------
    NetworkError
        When the source is not trusted, or fails.
    """
    kind = load(source)
    try:
        return kind(**settings)
    except (Exception, SystemExit) as error:
        raise _fault(error, source, kind.__name__) from error


def load(source: str) -> type[nn.Module]:
    """Return the class of a source; its text runs once.

    Raises
    ------
    NetworkError
        When nobody has trusted it, or it fails.
    """
    known = read_source(source)
    if known.fault:
        raise BlockFault(known.fault, known.name or "of this network")
    if not may_run(source):
        raise NetworkError(
            f"The Python block {known.name} is not trusted on this computer, so it is not run.",
            fix="Read its code, then trust it: in its settings, or with --trust.",
        )
    return _loaded(source, known.name)


@functools.lru_cache(maxsize=256)
def _loaded(source: str, name: str) -> type[nn.Module]:
    file = _file(source)
    module = ModuleType(f"modelstudio_block_{_key(source)}")
    module.__dict__["print"] = _print
    lines = source.splitlines(keepends=True)
    linecache.cache[file] = (len(source), None, lines, file)
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, file, "exec", dont_inherit=True), module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise _fault(error, source, name) from error
    kind = getattr(module, name, None)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise BlockFault("is not a torch.nn.Module", name)
    kind.forward = _guarded(kind.forward, source, name)
    return kind


def _guarded(forward: Any, source: str, name: str) -> Any:
    """Return a ``forward`` whose exceptions are sentences, running out of memory excepted."""

    @functools.wraps(forward)
    def guarded(self: nn.Module, *values: torch.Tensor) -> Any:
        try:
            return forward(self, *values)
        except (StudioError, torch.OutOfMemoryError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            raise _fault(error, source, name) from error

    return guarded


def _fault(error: BaseException, source: str, name: str) -> BlockFault:
    """Say what was raised, and in which line of the block."""
    file = _file(source)
    frames = traceback.extract_tb(error.__traceback__)
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == file), None)
    said = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    where = f" in line {line}" if line else ""
    if isinstance(error, DataDependentOutputException | DynamicOutputShapeException):
        return BlockFault(f"goes by the values of a tensor{where}, so it has no fixed shape", name)
    return BlockFault(f"raises {type(error).__name__}{where}{': ' if said else ''}{said}", name)


def _print(*values: object, **options: Any) -> None:
    """Print to standard error, since a verb may be writing JSON for a script."""
    print(*values, **{"file": sys.stderr, **options})


def _key(source: str) -> str:
    return sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def _file(source: str) -> str:
    return f"<Python block {_key(source)}>"


class FlopCount(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the floating-point operations of what runs inside, in this thread alone.

    torch's own counter hooks into every module, those of a training in another thread included.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(getattr(func, "_overloadpacket", None))
        if count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=result)
        return result


def check_result(result: Any, batch: int) -> None:
    """Refuse what a block gave for values with that many samples, unless it is one tensor of them.

    Raises
    ------
    Mismatch
        When it is.
    """
    if not isinstance(result, torch.Tensor):
        raise Mismatch(f"must return one tensor, not a {type(result).__name__}")
    if not result.dim() or result.shape[0] != batch:
        raise Mismatch("must keep the batch as the first dimension of what it returns")


def embedded(sources: Iterable[str], taken: set[str]) -> tuple[list[str], list[str]]:
    """Return sources as they may follow each other in one file, and what must stand at its top.

    Raises
    ------
    NetworkError
        When two of them define the same name, or one that the code around them needs.
    """
    texts, top = list[str](), list[str]()
    for source in sources:
        tree = ast.parse(source)
        if both := (own := _defined(tree)) & taken:
            raise NetworkError(
                f"The network has more than one Python definition of {min(both)}, so it cannot be "
                "written as one file.",
                fix="Rename one of them in its Python block.",
            )
        taken = taken | own
        lines = source.split("\n")
        for item in tree.body:
            if isinstance(item, ast.ImportFrom) and item.module == "__future__":
                top = ["from __future__ import annotations", ""]
                for number in range(item.lineno - 1, item.end_lineno or item.lineno):
                    lines[number] = ""
        texts.append("\n".join(lines).strip())
    return texts, top


def _defined(tree: ast.Module) -> set[str]:
    """Return the classes, functions and variables of a text, what it imports left out."""
    found: set[str] = set()
    for item in tree.body:
        if isinstance(item, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(item.name)
        elif not isinstance(item, ast.Import | ast.ImportFrom):
            stored = (part for part in ast.walk(item) if isinstance(part, ast.Name))
            found |= {part.id for part in stored if isinstance(part.ctx, ast.Store)}
    return found
