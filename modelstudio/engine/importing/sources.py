"""What can be imported, and whether it may be."""

from __future__ import annotations

import ast
from pathlib import Path

from modelstudio.errors import ImportFailed
from modelstudio.trust import trusted

ONNX = ".onnx"
PYTHON = ".py"

MAX_SOURCE = 4 * 2**20
"""Bytes of the largest Python file that is read."""


class NotTrusted(ImportFailed):
    """Python that nobody has said may run; ``source`` is its text."""

    source: str = ""


def split_source(text: str) -> tuple[Path, str]:
    """Return file and class of ``FILE.py:Class``; the class is empty where none is named."""
    path, mark, name = text.rpartition(":")
    if mark and path.lower().endswith(PYTHON):
        return Path(path), name
    return Path(text), ""


def check_source(path: Path, name: str = "") -> None:
    """Refuse what cannot be imported, and Python that nobody has trusted.

    Raises
    ------
    ImportFailed
        When it is neither an ONNX nor a Python file, or the file has no such class.
    NotTrusted
        When it is Python that has not been trusted as it is now.
    """
    if path.suffix.lower() == ONNX:
        return
    if path.suffix.lower() != PYTHON:
        raise ImportFailed(
            f"{path.name} is neither an ONNX nor a Python file.",
            where=str(path),
            fix="Choose a file that ends in .onnx, or one in .py and name its class: net.py:Net.",
        )
    source = read_source(path)
    known = module_classes(source, path)
    if not name:
        raise ImportFailed(
            f"{path.name} needs the name of a class.",
            where=str(path),
            fix=f"Name it behind a colon: {path.name}:{(known or ['Net'])[0]}.",
        )
    if name not in known:
        listed = f" Classes: {', '.join(known)}." if known else ""
        raise ImportFailed(
            f"{path.name} has no class {name}.{listed}",
            where=str(path),
            fix="Name one of its classes behind the colon.",
        )
    if not trusted(source):
        error = NotTrusted(
            f"{path.name} is Python code, which can do anything that you can, and nobody has"
            " trusted it yet.",
            where=str(path.resolve()),
            fix="Read it. If you trust it, import it again with --trust.",
        )
        error.source = source
        raise error


def read_source(path: Path) -> str:
    """Return the text of a Python file.

    Raises
    ------
    ImportFailed
        When it cannot be read or is no text.
    """
    try:
        if path.stat().st_size > MAX_SOURCE:
            raise ImportFailed(f"{path.name} is too large to be Python.", where=str(path))
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ImportFailed(f"{path.name} is not a text.", where=str(path)) from None
    except OSError as error:
        raise ImportFailed(
            f"{path.name} cannot be read: {error.strerror or error}.",
            where=str(path),
            fix="Check the name, and that you may read the file.",
        ) from None


def module_classes(source: str, path: Path) -> list[str]:
    """Return the classes of a file without running it, the last first; modules before others.

    Raises
    ------
    ImportFailed
        When it is no Python.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        raise ImportFailed(
            f"{path.name} is not Python: {getattr(error, 'msg', error)}"
            + (f" in line {line}." if line else "."),
            where=str(path),
            fix="Mend the file, or choose another.",
        ) from None
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)][::-1]
    modules = [node.name for node in classes if any("Module" in ast.unparse(b) for b in node.bases)]
    return [*modules, *(node.name for node in classes if node.name not in modules)]
