"""The verb that brings networks of other programs in."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from modelstudio.cli.app import complain, verb
from modelstudio.cli.arguments import Json, check_new_project
from modelstudio.cli.follow import follow
from modelstudio.cli.show import print_json
from modelstudio.engine import network_import as engine
from modelstudio.engine.importing.sources import (
    PYTHON,
    check_source,
    read_source,
    split_source,
)
from modelstudio.project.files import save_project
from modelstudio.trust import trust as remember_trust


@partial(verb, name="import")
def import_network(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="FILE.onnx, or FILE.py:Class for a module.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The .mstudio file to write.")],
    shape: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SIZES", help="Shape of one sample, such as 3,224,224; once for each input."
        ),
    ] = None,
    args: Annotated[
        str, typer.Option(metavar="JSON", help="What the class is made with, as a JSON object.")
    ] = "{}",
    trust: Annotated[
        bool, typer.Option("--trust", help="Remember that this Python file may run.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a project of a network from another program; its weights become a run."""
    check_new_project(out)
    path, name = split_source(source)
    if trust and path.suffix.lower() == PYTHON:
        remember_trust(read_source(path))
    check_source(path, name)
    shapes = [_shape(text) for text in shape or ()]
    work = engine.import_network(path, name, place=out, shapes=shapes, arguments=_arguments(args))
    report = follow(work, quiet=as_json)
    save_project(report.project, out)
    if as_json:
        print_json(
            {
                "path": str(out),
                "nodes": report.nodes,
                "mapped": report.mapped,
                "placeholders": len(report.unmapped),
                "parameters": report.parameters,
                "max_abs_diff": report.max_abs_diff,
                "run": report.run,
                "unmapped": [
                    {"block": lost.block, "operation": lost.operation, "reason": lost.reason}
                    for lost in report.unmapped
                ],
                "notes": list(report.notes),
            }
        )
        return
    difference = report.max_abs_diff
    print(
        f"Wrote {out}: {report.mapped} of {report.nodes} blocks, {report.parameters:,} parameters"
        + ("" if difference is None else f", answers within {difference:.1e} of the original")
    )
    complain(*(f"  {lost.block}: {lost.operation}. {lost.reason}" for lost in report.unmapped))
    for note in report.notes:
        print(f"  {note}")


def _shape(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(size) for size in text.split(",") if size.strip())
    except ValueError:
        sizes = (0,)
    if any(size < 1 for size in sizes):
        raise typer.BadParameter(f"{text!r} is no shape; write sizes such as 3,224,224")
    return sizes


def _arguments(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise typer.BadParameter('write --args as a JSON object such as {"classes": 10}')
    return found
