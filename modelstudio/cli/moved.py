"""The option that tells where data lies now, and what is said when it is not where it was."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from modelstudio.errors import DataMoved

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
