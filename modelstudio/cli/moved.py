"""The option that tells where data lies now, and what is said and kept of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from modelstudio.cli.app import complain
from modelstudio.engine import projects
from modelstudio.errors import DataMoved
from modelstudio.project.files import folder_of, load_project, save_project
from modelstudio.project.model import Project

Moved = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="NEW_PLACE",
        help="Where the project's data lies now, if it was moved.",
    ),
]


@contextmanager
def told_place(*command: object) -> Iterator[None]:
    """Tell how a verb is given the new place of data that is not where it was."""
    try:
        yield
    except DataMoved as error:
        words = shlex.join(map(str, command))
        raise DataMoved(
            error.message,
            fix=f"Put it back there, or tell where it lies now: modelstudio {words} --data "
            "NEW_PLACE",
        ) from None


def resuming(run: str | None) -> tuple[str, ...]:
    """Return how a verb is told to go on with a run, as words of its command."""
    return () if run is None else ("--resume", run)


def at_new_place(project: Project, path: Path, data: Path | None) -> Project:
    """Return a project whose data lies elsewhere, if that was said, as its file will name it.

    Raises
    ------
    DataError
        When nothing lies there.
    """
    if data is None:
        return project
    projects.check_place(data)
    return projects.rebase(projects.at_place(project, data), None, folder_of(path))


def keep_place(project: Project, path: Path, data: Path | None) -> None:
    """Write where data lies now, if that was said, into a project's file, and nothing else."""
    if data is None:
        return
    now = load_project(path)
    save_project(now.changed(data=now.data.changed(path=project.data.path)), path)
    complain(f"{path.name} takes its data from {data} from now on.")
