"""The verbs that train and use a run."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from modelstudio.cli.app import INTERRUPTED, complain, verb
from modelstudio.cli.arguments import (
    MOST_EPOCHS,
    DeviceOption,
    Format,
    Json,
    Out,
    Part,
    ProjectPath,
    Run,
    Seed,
    training_changes,
)
from modelstudio.cli.follow import Terminal, follow, interruptible, print_event
from modelstudio.cli.moved import Moved, at_new_place, keep_place, resuming, told_place
from modelstudio.cli.places import QueryOption, SheetOption, chosen
from modelstudio.cli.show import (
    evaluation_json,
    export_json,
    prediction_json,
    print_evaluation,
    print_export,
    print_json,
    print_prediction,
    print_runs,
    run_json,
)
from modelstudio.cli.trusting import Trust, trust_blocks, trust_run
from modelstudio.engine import prediction, projects
from modelstudio.engine import run as engine
from modelstudio.engine.control import Control
from modelstudio.engine.events import RunEnd
from modelstudio.engine.exporting import export_onnx
from modelstudio.errors import NetworkError
from modelstudio.project.files import SUFFIX, load_project, save_project
from modelstudio.project.model import Project
from modelstudio.resources import sample

_PARTS: dict[Part, engine.Part] = {
    Part.train: "train",
    Part.validation: "validation",
    Part.test: "test",
}


@verb
def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Stay in the terminal.", show_default=False)
    ] = True,
    folder: Annotated[
        Path | None, typer.Option(help="Where to put the files; a new folder if left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Train on a bundled table and export: in the window, or with --headless in the terminal."""
    place = _demo_folder(folder)
    path = place / f"churn{SUFFIX}"
    if not as_json:
        print(f"Customers who leave (churn.csv), in {place}")
    data = Path(shutil.copy(sample("churn.csv"), place))
    draft = projects.new_project(data, split_seed=0)
    project = projects.rebase(draft.project, None, place).changed(name="Churn")
    save_project(project, path)
    end = _train(project, path, as_json=as_json)
    if end.status == "interrupted":
        raise typer.Exit(INTERRUPTED)
    evaluation = follow(engine.evaluate(path, project, end.run, "test"), quiet=as_json)
    work = export_onnx(path, project, end.run, place / "churn.onnx")
    report = follow(work, quiet=as_json)
    if as_json:
        result = {"event": "demo_end", **evaluation_json(evaluation), **export_json(report)}
        print_json(result, indent=None)
        return
    print_evaluation(evaluation)
    print_export(report)


@verb
def train(
    path: ProjectPath,
    seed: Seed = None,
    epochs: Annotated[int | None, typer.Option(min=1, max=MOST_EPOCHS, help="Most epochs.")] = None,
    device: DeviceOption = None,
    name: Annotated[str, typer.Option(help="Name of the run.")] = "",
    resume: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Go on with this interrupted run, by number or id."),
    ] = None,
    start_from: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="RUN", help="Begin with the weights of this run where they fit."
        ),
    ] = None,
    data: Moved = None,
    trust: Trust = False,
    as_json: Json = False,
) -> None:
    """Train the network as a new run; Ctrl+C ends it and keeps the best weights."""
    project = load_project(path)
    trust_blocks(project, trust=trust)
    chosen = training_changes(seed, epochs, device)
    if resume is not None and (chosen or name or start_from):
        raise typer.BadParameter("a run goes on as it began; give --resume alone")
    project = at_new_place(project, path, data)
    project = project.changed(training=project.training.changed(**chosen))
    with told_place("train", path, *resuming(resume)):
        end = _train(
            project, path, name=name, resume=resume, start_from=start_from, as_json=as_json
        )
    keep_place(project, path, data)
    if end.status == "interrupted":
        kept = engine.store(path, project)
        again = ""
        if kept.last_file(end.run).exists():
            again = f" --resume {kept.info(end.run).number}"
        words = "To go on" if again else "To begin again"
        complain(f"{words}: modelstudio train {shlex.quote(str(path))}{again}")
        raise typer.Exit(INTERRUPTED)


@verb
def runs(path: ProjectPath, as_json: Json = False) -> None:
    """List the runs of a project."""
    found = engine.store(path, load_project(path)).list()
    if as_json:
        print_json([run_json(run) for run in found])
    elif found:
        print_runs(found)
    else:
        print("No runs yet.")


@verb
def evaluate(
    path: ProjectPath,
    split: Annotated[Part | None, typer.Option(help="Part of the data; test if left out.")] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Another table or folder with the target, all of it; with --split, the place "
            "where the project's own data lies now."
        ),
    ] = None,
    run: Run = None,
    trust: Trust = False,
    as_json: Json = False,
) -> None:
    """Score a run on a part of its data or on another table."""
    trust_run(path, run, trust=trust)
    project, part = load_project(path), _PARTS[split or Part.test]
    others, moved = (data, None) if split is None else (None, data)
    with told_place("evaluate", path, "--split", part):
        evaluation = follow(
            engine.evaluate(path, project, run, others or part, moved=moved), quiet=as_json
        )
    if as_json:
        print_json(evaluation_json(evaluation))
    else:
        print_evaluation(evaluation)


@verb
def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .mstudio or an .onnx file.")],
    data: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="A table, a folder or a file to predict, or the address of a database.",
        ),
    ],
    out: Out,
    run: Run = None,
    sheet: SheetOption = None,
    query: QueryOption = None,
    trust: Trust = False,
    as_json: Json = False,
) -> None:
    """Write the rows of a table, or the files of a folder, with predictions added."""
    trust_run(model, run, trust=trust and model.suffix == SUFFIX)
    work = prediction.predict(model, data, out, run=run, source=chosen(data, sheet, query))
    report = follow(work, quiet=as_json)
    if as_json:
        print_json(prediction_json(report))
    else:
        print_prediction(report)


@verb
def export(
    path: ProjectPath,
    out: Out,
    to: Annotated[Format, typer.Option(help="Format to write.")] = Format.onnx,
    run: Run = None,
    data: Moved = None,
    trust: Trust = False,
    as_json: Json = False,
) -> None:
    """Write a run as one ONNX file that takes the raw columns, and check it on test rows."""
    trust_run(path, run, trust=trust)
    if data is not None:
        projects.check_place(data)
    work = export_onnx(path, load_project(path), run, out, moved=data)
    report = follow(work, quiet=as_json)
    if as_json:
        print_json(export_json(report))
    else:
        print_export(report)


def _demo_folder(wanted: Path | None) -> Path:
    """Return a folder that may be written to: the wanted one or a new one."""
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="modelstudio-demo-"))
    wanted.mkdir(parents=True, exist_ok=True)
    return wanted


def _train(
    project: Project,
    path: Path,
    *,
    name: str = "",
    resume: str | None = None,
    start_from: str | None = None,
    as_json: bool,
) -> RunEnd:
    """Train a new run, or go on with one; tell of it, and return the last event."""
    control = Control()
    if resume is None:
        events = engine.train(project, path, control, name=name, start_from=start_from)
    else:
        events = engine.resume(project, path, resume, control)
    terminal = Terminal(project.training.epochs)
    show = print_event if as_json else terminal
    with interruptible(control), contextlib.closing(events), contextlib.closing(terminal):
        try:
            for event in events:
                show(event)
        except NetworkError as error:
            block = project.network.nodes.get(error.where or "")
            where = block.name if block else error.where
            raise NetworkError(error.message, where=where, fix=error.fix) from None
    if not isinstance(event, RunEnd):
        raise RuntimeError("training ended without an end")
    return event
