"""Sources of data; each describes itself cheaply and loads on demand."""

from __future__ import annotations

from pathlib import Path

ROW = "__row__"
"""Column that carries the number of a row in its source, from 0; no column has this name."""


def resolve(path: str, base: Path | None) -> Path:
    """Return where a data path of a project leads; a relative one is meant from ``base``."""
    given = Path(path).expanduser()
    return given if given.is_absolute() else ((base or Path.cwd()) / given).resolve()
