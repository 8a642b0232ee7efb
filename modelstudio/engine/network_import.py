"""Networks of other programs, read in a process of their own.

Beside `modelstudio.engine.run`, this is what the command line and the window call. Importing it is
cheap; the reading itself lies in `modelstudio.engine.importing`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from modelstudio.engine.events import Progress
from modelstudio.engine.results import ImportReport
from modelstudio.project.model import Project


def import_network(
    source: Path,
    name: str = "",
    *,
    place: Path | None = None,
    onto: Project | None = None,
    shapes: Sequence[Sequence[int]] = (),
    arguments: Mapping[str, Any] | None = None,
) -> Generator[Progress, None, ImportReport]:
    """Bring a network in, in a process of its own, and keep its weights as a run.

    Parameters
    ----------
    source
        An ONNX file, or a Python file with the module class ``name``.
    place
        File of the project, which need not exist yet; the run goes beside it.
    onto
        A project whose network the new one replaces; None makes a project.
    shapes
        Shape of one sample for each input, where it cannot be found.
    arguments
        What the module class is made with.

    Raises
    ------
    StudioError
        When the file is no network, or is Python that nobody has trusted.
    """
    from modelstudio.engine.importing.sources import check_source
    from modelstudio.engine.process import in_process
    from modelstudio.project.files import dumps, loads

    check_source(source, name)
    text, said = yield from in_process(
        _import,
        source.resolve(),
        name,
        place.resolve() if place else None,
        dumps(onto) if onto else None,
        tuple(map(tuple, shapes)),
        dict(arguments or {}),
    )
    return ImportReport(loads(text), **said)


def _import(
    source: Path,
    name: str,
    place: Path | None,
    onto: str | None,
    shapes: Sequence[Sequence[int]],
    arguments: Mapping[str, Any],
) -> Generator[Progress, None, tuple[str, dict[str, Any]]]:
    from modelstudio.engine.importing.job import limit_memory, run_import

    limit_memory()
    return (yield from run_import(source, name, place, onto, shapes, arguments))
