"""The verbs that make a project from data and check its network."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from modelstudio.cli.app import complain, verb
from modelstudio.cli.arguments import LARGEST_SEED, Json, ProjectPath, Task, check_new_project
from modelstudio.cli.follow import LEFT_OUT, follow
from modelstudio.cli.places import QueryOption, SheetOption, chosen
from modelstudio.cli.reading import (
    DatesOption,
    DecimalsOption,
    EncodingOption,
    MissingOption,
    options,
)
from modelstudio.cli.show import print_json, print_table
from modelstudio.cli.trusting import Trust, trust_blocks
from modelstudio.engine import projects
from modelstudio.engine import run as engine
from modelstudio.errors import StudioError
from modelstudio.project.files import load_project, save_project
from modelstudio.project.model import DataConfig, Project
from modelstudio.recipe.sources import LongText
from modelstudio.wording import counted


@verb
def new(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The .mstudio file to write.")],
    data: Annotated[
        str,
        typer.Option(
            help="A table, a folder of pictures or texts, one long text, or the address of a "
            "database such as postgresql://host/name."
        ),
    ],
    target: Annotated[
        str | None, typer.Option(help="Column to predict; guessed if left out.")
    ] = None,
    task: Annotated[
        Task | None, typer.Option(help="What is to be learnt, where the data does not tell.")
    ] = None,
    test_data: Annotated[
        Path | None, typer.Option(help="Take the test rows from this file.")
    ] = None,
    split_seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="Seed of the split.")
    ] = None,
    decimals: DecimalsOption = None,
    dates: DatesOption = None,
    missing: MissingOption = None,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    query: QueryOption = None,
    as_json: Json = False,
) -> None:
    """Make a project from data: roles, recipe, network and settings are guessed."""
    check_new_project(out)
    if test_data is not None:
        projects.check_place(test_data)
    work = projects.opening(
        Project(data=DataConfig(csv=options(decimals, dates, missing, encoding))),
        data,
        target=target,
        test_data=test_data,
        split_seed=split_seed,
        task=task.value if task else None,
        source=chosen(data, sheet, query),
    )
    draft = follow(work, quiet=as_json)
    if draft.error is not None:
        raise draft.error
    project = projects.rebase(draft.project, None, out.resolve().parent).changed(name=out.stem)
    save_project(project, out)
    predicted = project.data.target
    if as_json:
        print_json(
            {
                "path": str(out),
                "target": predicted.name if predicted else None,
                "features": [column.name for column in project.data.features],
                "steps": [step.type_name for step in project.data.recipe],
                "nodes": len(project.network.nodes),
                "notes": list(draft.notes),
                "unusable_files": [files.to_dict() for files in draft.unusable],
            }
        )
        return
    seen = counted(len(project.data.features), "column")
    print(f"Wrote {out}: predicts {_told(project)} from {seen}.")
    for note in draft.notes:
        print(f"  {note}")
    complain(*(files.told(LEFT_OUT[files.kind]) for files in draft.unusable))


@verb
def check(path: ProjectPath, trust: Trust = False, as_json: Json = False) -> None:
    """Show shapes, parameters, cost and problems of the network."""
    from modelstudio.network.analysis import format_shape

    project = load_project(path)
    trust_blocks(project, trust=trust)
    analysis = engine.analyse(project, run_blocks=True)
    rows = []
    for key in _drawn_order(project):
        node, info = project.network.nodes[key], analysis.nodes.get(key)
        shape = info.outputs[0] if info and info.outputs else ()
        unknown = "?" if node.layer.output_ports() else ""
        rows.append(
            {
                "id": key,
                "name": node.name,
                "type": node.layer.type_name,
                "output_shape": list(shape) if shape else None,
                "parameters": info.parameters if info else 0,
                "macs": info.macs if info else 0,
                "shown": format_shape(shape) if shape else unknown,
            }
        )
    if as_json:
        problems = [
            {"node": p.node, "message": p.message, "severity": p.severity}
            for p in analysis.problems
        ]
        nodes = [{k: v for k, v in row.items() if k != "shown"} for row in rows]
        print_json(
            {
                "nodes": nodes,
                "problems": problems,
                "parameters": analysis.parameters,
                "macs": analysis.macs,
            }
        )
    else:
        head = ("Name", "Type", "Output", "Parameters", "MACs")
        names = ("name", "type", "shown", "parameters", "macs")
        print_table(head, [tuple(row[name] for name in names) for row in rows])
        print(f"{analysis.parameters:,} parameters, {analysis.macs:,} MACs for one sample")
        for problem in analysis.problems:
            block = project.network.nodes.get(problem.node or "")
            print(f"{problem.severity}: {f'{block.name}: ' if block else ''}{problem.message}")
    if any(problem.untrusted for problem in analysis.problems):
        complain(f"To run its Python: modelstudio check {shlex.quote(str(path))} --trust")
    if analysis.errors:
        raise typer.Exit(1)


def _told(project: Project) -> str:
    """Say what a project predicts."""
    target = project.data.target
    if target is None:
        return "nothing yet"
    if isinstance(project.data.source, LongText):
        return f"the next token of {target.name}"
    return f"which {target.name} is chosen" if project.data.negatives else target.name


def _drawn_order(project: Project) -> tuple[str, ...]:
    """Return the blocks as values flow, or as they were added where wires form a loop."""
    try:
        return project.network.order
    except StudioError:
        return tuple(project.network.nodes)
