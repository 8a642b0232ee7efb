"""The option that lets the Python blocks of a project run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modelstudio.engine import run as engine
from modelstudio.project.files import load_project
from modelstudio.project.model import Project
from modelstudio.trust import trust as remember

Trust = Annotated[
    bool,
    typer.Option(
        "--trust", help="Let its Python blocks run, now and from now on; read their code first."
    ),
]


def trust_blocks(project: Project, *, trust: bool) -> None:
    """Remember, if asked to, that the Python blocks of a project may run."""
    from modelstudio.layers.custom import sources

    for source in sources(project.network) if trust else ():
        remember(source)


def trust_run(path: Path, run: str | None, *, trust: bool) -> None:
    """Remember, if asked to, that the Python blocks of a run may run."""
    if trust:
        kept = engine.store(path, load_project(path))
        trust_blocks(kept.project(kept.usable(run).id), trust=True)
