"""An import from file to project and run; made to run in a process of its own."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import save

from modelstudio.data.fitted import FittedRecipe
from modelstudio.data.target import TargetState
from modelstudio.engine.events import Progress
from modelstudio.engine.importing.conclude import TARGET, Imported
from modelstudio.engine.importing.sources import ONNX
from modelstudio.engine.results import Unmapped
from modelstudio.engine.runs import RunStore, store_folder
from modelstudio.errors import ImportFailed
from modelstudio.network.analysis import format_shape
from modelstudio.project.files import dumps, loads
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.fields import FieldSpec

AGREES = 1e-4
"""Larger differences from the original are told."""


def run_import(
    source: Path,
    name: str,
    place: Path | None,
    onto: str | None,
    shapes: Sequence[Sequence[int]],
    arguments: Mapping[str, Any],
) -> Generator[Progress, None, tuple[str, dict[str, Any]]]:
    """Return the text of the project, and the rest of its `ImportReport`.

    See `modelstudio.engine.network_import.import_network` for the parameters; ``onto`` is the text
    of a project.
    """
    imported: Imported
    try:
        if source.suffix.lower() == ONNX:
            from modelstudio.engine.importing.onnx_network import import_onnx

            imported = yield from import_onnx(source, shapes)
        else:
            from modelstudio.engine.importing.module_network import import_module

            imported = yield from import_module(source, name, shapes, arguments)
    except (MemoryError, RecursionError):
        raise ImportFailed(
            f"{source.name} needs more memory than there is.",
            where=str(source),
            fix="Import a smaller network.",
        ) from None
    project = _project(imported, name or source.stem, loads(onto) if onto else None)
    run = None
    if imported.state:
        yield Progress("Keeping the weights")
        run = _keep(imported, project, place, source)
    return dumps(project), {
        "nodes": imported.nodes,
        "unmapped": tuple(Unmapped(*placeholder) for placeholder in imported.placeholders),
        "parameters": imported.parameters,
        "max_abs_diff": imported.difference,
        "run": run,
        "notes": tuple(_notes(imported)),
    }


def limit_memory() -> None:
    """Let a file that asks for absurd sizes fail, not the machine; for a process of its own."""
    if sys.platform != "linux":
        return
    import resource

    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (whole * 3 // 4, hard))


def _project(imported: Imported, name: str, onto: Project | None) -> Project:
    if onto is None:
        data = DataConfig(fields=imported.fields)
        return Project(name=name, data=data, network=imported.graph)
    data = onto.data
    if data.path is None:
        data = data.changed(fields=imported.fields)
    return onto.changed(network=imported.graph, data=data)


def _keep(imported: Imported, project: Project, place: Path | None, source: Path) -> str:
    """Make a run of the weights; return its id."""
    targets = [field for field in imported.fields if field.role == "target"]
    recipe = FittedRecipe(
        columns=(),
        steps=(),
        inputs=(),
        target=_target(targets[0]) if targets else TargetState(column=TARGET, kind="value"),
        given=imported.fields,
    )
    store = RunStore(store_folder(place, project.id))
    snapshot = project.changed(data=DataConfig(fields=imported.fields))
    writer = store.create(
        snapshot,
        recipe.model_dump_json(),
        parameters=imported.parameters,
        name=f"Imported from {source.name}",
    )
    with writer:
        writer.write("best.safetensors", save(dict(imported.state), {"epoch": "0"}))
        writer.end("finished", reason=f"Weights of {source.name}, not trained here.")
    return writer.run_id


def _target(field: FieldSpec) -> TargetState:
    kind: Any = field.kind
    return TargetState(column=field.name, kind=kind, classes=field.classes)


def _notes(imported: Imported) -> list[str]:
    """Return what a person should know."""
    found = []
    count = len(imported.placeholders)
    if count:
        blocks = "1 operation has" if count == 1 else f"{count} operations have"
        found.append(f"{blocks} no block; the placeholders on the canvas say why.")
    elif imported.problem:
        found.append(f"The network cannot run yet. {imported.problem}")
    if imported.difference is not None and imported.difference > AGREES:
        found.append(f"The answers differ from the original's by up to {imported.difference:.3g}.")
        found += imported.notes
    if imported.turned:
        found.append(
            "The original takes the steps of sequences first; here the samples come first."
        )
    lengths = [field for field in imported.fields if "T" in field.shape]
    found += [f"{field.name} may have any length." for field in lengths]
    inputs = [
        f"{field.name} {format_shape(field.shape, batch=True)}"
        for field in imported.fields
        if field.role == "input"
    ]
    found.append(f"Takes {', '.join(inputs)}.")
    return found
