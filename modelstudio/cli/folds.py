"""The verbs that train on all folds in turn and that list labels that are probably wrong."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Generator
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from modelstudio.cli.app import INTERRUPTED, complain, verb
from modelstudio.cli.arguments import (
    MOST_EPOCHS,
    DeviceOption,
    Json,
    JsonOfRows,
    ProjectPath,
    Seed,
    training_changes,
)
from modelstudio.cli.follow import Terminal, follow, interruptible, print_event
from modelstudio.cli.moved import Moved, at_new_place, keep_place, resuming, told_place
from modelstudio.cli.show import evaluation_json, print_evaluation, print_json, print_table
from modelstudio.cli.trusting import Trust, trust_blocks, trust_run
from modelstudio.engine import cross_validation
from modelstudio.engine import run as engine
from modelstudio.engine.control import Control
from modelstudio.engine.events import FoldsEnd, FoldStarted, RunEvent
from modelstudio.engine.results import DoubtfulLabels, Evaluation, FoldSummary
from modelstudio.errors import DataError
from modelstudio.project.files import check_folder, load_project, write_text
from modelstudio.wording import counted


class HeldOut(StrEnum):
    """Rows that a run did not train on, as an option."""

    folds = "folds"
    validation = "validation"
    test = "test"


_PARTS: dict[HeldOut, engine.Part] = {HeldOut.validation: "validation", HeldOut.test: "test"}


@partial(verb, name="cross-validate")
def cross_validate(
    path: ProjectPath,
    folds: Annotated[
        int | None,
        typer.Option(min=2, max=100, help="How many; those of the split, or 5, if left out."),
    ] = None,
    seed: Seed = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, max=MOST_EPOCHS, help="Most epochs a fold.")
    ] = None,
    device: DeviceOption = None,
    name: Annotated[str, typer.Option(help="What the names of the runs begin with.")] = "",
    resume: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Go on with the folds that this run is one of."),
    ] = None,
    data: Moved = None,
    trust: Trust = False,
    as_json: Json = False,
) -> None:
    """Train on all folds in turn, each as a run; test rows take no part. Ctrl+C keeps what is done.

    Tells mean and spread of the scores, and the scores of all rows together, each judged by the run
    that did not train on it.
    """
    project, control = load_project(path), Control()
    trust_blocks(project, trust=trust)
    chosen = training_changes(seed, epochs, device)
    if resume is not None and (chosen or name or folds):
        raise typer.BadParameter("folds go on as they began; give --resume alone")
    project = at_new_place(project, path, data)
    if resume is None:
        project = project.changed(training=project.training.changed(**chosen))
        events = cross_validation.cross_validate(project, path, control, folds=folds, name=name)
    else:
        events = cross_validation.resume(project, path, resume, control)
    with told_place("cross-validate", path, *resuming(resume)):
        end = _follow_folds(events, control, project.training.epochs, as_json=as_json)
    keep_place(project, path, data)
    done = end.summary
    whole = None
    if done.runs:
        work = cross_validation.evaluate(path, project, min(done.runs.values()))
        with contextlib.suppress(DataError):
            whole = follow(work, quiet=as_json)
    if as_json:
        print_json({"event": "folds_end", "status": end.status, **_json(done, whole)}, indent=None)
    else:
        _print(done, whole)
    if end.status == "interrupted":
        kept = engine.store(path, project).series(done.series)
        if kept:
            verb_line = f"modelstudio cross-validate {shlex.quote(str(path))}"
            complain(f"To go on: {verb_line} --resume {kept[-1].number}")
        raise typer.Exit(INTERRUPTED)


def _follow_folds(
    events: Generator[RunEvent, None, None], control: Control, epochs: int, *, as_json: bool
) -> FoldsEnd:
    """Tell of every fold as of a run; return how it ended."""
    terminal, end = Terminal(epochs), None
    with interruptible(control), contextlib.closing(events), contextlib.closing(terminal):
        for event in events:
            if isinstance(event, FoldsEnd):
                end = event
            elif not as_json:
                if isinstance(event, FoldStarted):
                    print(f"Fold {event.fold} of {event.folds}", flush=True)
                terminal(event)
            elif isinstance(event, FoldStarted):
                print_json({"event": "fold_started", **asdict(event)}, indent=None)
            else:
                print_event(event)
    assert end is not None
    return end


def _json(done: FoldSummary, whole: Evaluation | None) -> dict[str, object]:
    return {
        "series": done.series,
        "folds": done.folds,
        "finished": len(done.runs),
        "runs": list(done.runs.values()),
        "scores": {
            score.name: {key: value for key, value in asdict(score).items() if key != "name"}
            for score in done.scores
        },
        "notes": list(done.notes),
        "all_rows": None if whole is None else evaluation_json(whole),
    }


def _print(done: FoldSummary, whole: Evaluation | None) -> None:
    print(f"\nScores of {len(done.runs)} of {done.folds} folds, each of its best epoch")
    if done.scores:
        rows = [
            (
                score.name,
                *(
                    "" if value is None else f"{value:.4f}"
                    for value in (score.mean, score.sd, score.low, score.high)
                ),
                "  ".join(f"{value:.4g}" for value in score.values),
            )
            for score in done.scores
        ]
        print_table(("Score", "Mean", "SD", "From", "To", "By fold"), rows)
    for note in done.notes[: None if whole is None else -1]:  # the last one is told of all rows too
        print(note)
    if whole is not None:
        print()
        print_evaluation(whole)


@verb
def labels(
    path: ProjectPath,
    split: Annotated[
        HeldOut | None,
        typer.Option(help="Rows to look at; of all folds if the run is one of several."),
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(
            help="Number or id of a run; if left out, all folds where some are trained, or the "
            "last finished run."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the rows, their labels and suggestions to a CSV.")
    ] = None,
    data: Moved = None,
    trust: Trust = False,
    as_json: JsonOfRows = False,
) -> None:
    """List labels that are probably wrong, by what a run says of rows it did not train on."""
    if out is not None:
        check_folder(out)
    trust_run(path, run, trust=trust)
    project = load_project(path)
    kept = engine.store(path, project)
    folds = [each for each in kept.list() if each.fold and each.status == "finished"]
    chosen = (
        folds[-1] if run is None and folds and split in (None, HeldOut.folds) else kept.usable(run)
    )
    part = split or (HeldOut.folds if chosen.fold else HeldOut.validation)
    if part is HeldOut.folds:
        work = cross_validation.evaluate(path, project, chosen.id, intervals=False)
    else:
        work = engine.evaluate(path, project, chosen.id, _PARTS[part], intervals=False, moved=data)
    with told_place("labels", path):
        doubts = follow(work, quiet=as_json).doubts
    if doubts is None:
        raise DataError(
            f"Run {chosen.number} has no classes to tell, so there are no labels to doubt.",
            fix="Choose a run whose target is a category.",
        )
    if out is not None:
        _write(out, doubts)
    if as_json:
        asked = kept.project(chosen.id).data
        target = asked.target.name if asked.target else ""
        own = part is not HeldOut.test or asked.split.test_path is None
        print_json(_labels_json(doubts, target, chosen.id, part.value, own=own))
        return
    looked = f"{counted(doubts.looked_at, 'row')} ({part.value}) that the run did not train on"
    if not doubts.labels:
        print(f"No label of {looked} looks wrong.")
        return
    print(f"{counted(len(doubts.labels), 'label')} of {looked} may be wrong, the likeliest first")
    table = [
        (
            label.row + 1,
            label.label,
            label.suggestion,
            f"{label.label_probability:.3f}",
            f"{label.suggestion_probability:.3f}",
        )
        for label in doubts.labels
    ]
    head = ("Row", "Label", "Suggestion", "Probability of label", "Of suggestion")
    print_table(head, table[: None if out is None else 20])
    if part is HeldOut.validation:
        print("To look at all rows, train on all folds first: modelstudio cross-validate")


def _labels_json(
    doubts: DoubtfulLabels, target: str, run: str, part: str, *, own: bool
) -> dict[str, object]:
    from modelstudio.engine.doubtful_labels import label_finding

    finding = label_finding(doubts, target, may_leave_out=own)
    return {
        "run": run,
        "part": part,
        "looked_at": doubts.looked_at,
        "expected": doubts.expected,
        "classes": list(doubts.classes),
        "thresholds": list(doubts.thresholds),
        "joint": doubts.joint.tolist(),
        "labels": [{**asdict(label), "margin": label.margin} for label in doubts.labels],
        "findings": [finding.to_dict()] if doubts.labels else [],
    }


def _write(out: Path, doubts: DoubtfulLabels) -> None:
    """Write the doubtful labels as a table whose rows are counted from 1."""
    import polars as pl

    rows = [{**asdict(label), "row": label.row + 1} for label in doubts.labels]
    schema = {
        "row": pl.Int64,
        "label": pl.String,
        "suggestion": pl.String,
        "label_probability": pl.Float64,
        "suggestion_probability": pl.Float64,
    }
    write_text(out, pl.DataFrame(rows, schema=schema).write_csv())
