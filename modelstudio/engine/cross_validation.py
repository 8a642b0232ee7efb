"""Train on all folds in turn: each row is judged once by a network that did not train on it.

Every fold is a run of its own, with the recipe fitted on its training rows only; test rows take no
part. What is finished stays when the rest is stopped, and `resume` goes on with the rest.
"""

from __future__ import annotations

import contextlib
import math
import secrets
import statistics
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from modelstudio.engine import held_out
from modelstudio.engine.events import FoldsEnd, FoldStarted, Progress, RunEnd, RunEvent
from modelstudio.engine.projects import found_again, prepare
from modelstudio.engine.results import FOLDS, Evaluation, FoldScore, FoldSummary, RunInfo
from modelstudio.engine.run import go_on, store
from modelstudio.errors import DataError, RunError
from modelstudio.project.files import folder_of
from modelstudio.project.model import DataConfig, Project
from modelstudio.wording import counted

if TYPE_CHECKING:
    from modelstudio.data.prepare import Prepared
    from modelstudio.engine.control import Control
    from modelstudio.engine.runs import RunStore

_CHOSEN: Final = (
    "Each fold chose its best epoch on the rows it is judged by, so the scores are a little too "
    "good. Test rows took no part."
)

_RANGES: Final = {"accuracy": (0.0, 1.0), "roc_auc": (0.0, 1.0), "r2": (-math.inf, 1.0)}
"""What a score can be; the others are 0 or more."""


def cross_validate(
    project: Project,
    project_path: Path | None,
    control: Control,
    *,
    folds: int | None = None,
    name: str = "",
) -> Generator[RunEvent, None, None]:
    """Train on each fold in turn: FoldStarted, the events of its run, and FoldsEnd at the end.

    Closing the generator ends the run that goes on as interrupted.

    Parameters
    ----------
    folds
        How many; None takes those of the split, or 5 where it has none.
    name
        What stands before "Fold 1 of 5" in the names of the runs.

    Raises
    ------
    StudioError
        When a fold has no rows to validate on, or a run fails; folds that are finished are kept.
    """
    count = folds or project.data.split.folds or FOLDS
    yield from _all_folds(
        store(project_path, project),
        as_fold(project, 1, count),
        folder_of(project_path),
        control,
        secrets.token_hex(6),
        name,
    )


def resume(
    project: Project, project_path: Path | None, run_id: str, control: Control
) -> Generator[RunEvent, None, None]:
    """Go on with the folds that are left of the cross-validation that a run belongs to.

    Raises
    ------
    RunError
        When it belongs to none, or the data has changed.
    """
    kept = store(project_path, project)
    run = kept.info(run_id)
    if run.fold is None:
        raise _no_fold(run)
    name = run.name.removesuffix(_title("", run.fold.number, run.fold.of)).removesuffix(", ")
    base = folder_of(project_path)
    began = found_again(kept.project(run.id), project, base)
    yield from _all_folds(kept, began, base, control, run.fold.series, name)


def as_fold(project: Project, number: int, folds: int) -> Project:
    """Return a project whose split lets one fold, from 1, validate."""
    split = project.data.split.changed(folds=folds, fold=number - 1)
    return project.changed(data=project.data.changed(split=split))


def _title(name: str, number: int, folds: int) -> str:
    told = f"Fold {number} of {folds}"
    return f"{name}, {told}" if name else told


def _all_folds(
    kept: RunStore,
    project: Project,
    base: Path | None,
    control: Control,
    series: str,
    name: str,
) -> Generator[RunEvent, None, None]:
    """Train the folds of a series that are not finished."""
    from modelstudio.engine.session import Session
    from modelstudio.engine.trained import load_checkpoint

    folds, by_time = project.data.split.folds, project.data.split.method == "time"
    ranked = project.data.negatives is not None

    def ended(status: Literal["finished", "stopped", "interrupted"]) -> FoldsEnd:
        return FoldsEnd(summarise(series, folds, kept.series(series), by_time=by_time), status)

    begun = {run.fold.number: run for run in kept.series(series) if run.fold}
    fresh = not begun
    for number in range(1, folds + 1):
        run = begun.get(number)
        if run is not None and run.status == "finished" and (ranked or held_out.kept(kept, run.id)):
            continue
        if not control.stopping:
            if not fresh:
                yield FoldStarted(series, number, folds)
            prepared = yield from prepare(as_fold(project, number, folds), base)
        if control.stopping:
            yield ended("interrupted" if control.interrupted else "stopped")
            return
        if fresh:
            _check_folds(project, prepared)
            data = project.data.changed(fingerprint=prepared.fingerprint)
            project, fresh = project.changed(data=data), False
            yield FoldStarted(series, number, folds)
        elif prepared.fingerprint != project.data.fingerprint:
            raise RunError(
                "The data has changed since the first fold was trained.",
                fix="Train all folds again.",
            )
        if run is not None and run.status == "finished":
            _keep_answers(kept, run.id, prepared)
            continue
        yield Progress("Building the network")
        session = Session(as_fold(project, number, folds), prepared)
        if run is not None and kept.last_file(run.id).exists():
            events = go_on(kept, run, session, load_checkpoint(kept, run), control)
        else:
            writer = kept.create(
                session.project,
                session.recipe,
                parameters=session.parameters,
                name=_title(name, number, folds),
                series=series,
            )
            events = session.events(writer, control)
        with contextlib.closing(events):
            for event in events:
                if isinstance(event, RunEnd) and event.status == "finished" and not ranked:
                    _keep_answers(kept, event.run, prepared)
                yield event
        if isinstance(event, RunEnd) and event.status in ("stopped", "interrupted"):
            yield ended(event.status)
            return
    yield ended("finished")


def _check_folds(project: Project, prepared: Prepared) -> None:
    """Refuse folds without rows, or that all validate on the same ones.

    Raises
    ------
    DataError
        With what to do about it.
    """
    from modelstudio.data.fitted import row_numbers
    from modelstudio.data.split import split_table

    folds, numbers = project.data.split.folds, row_numbers(prepared.clean)
    validated: set[int] = set()
    for number in range(1, folds + 1):
        data = as_fold(project, number, folds).data
        rows = split_table(prepared.clean, numbers, data).validation
        if not len(rows):
            raise _too_many(data, number - 1)
        if int(rows[0]) in validated:
            raise DataError(
                f"The column {data.split.by} says which rows validate, so they are the same in "
                "every fold.",
                where=data.split.by,
                fix="Share the rows out in another way on the Data page.",
            )
        validated.update(rows.tolist())


def _too_many(data: DataConfig, most: int) -> DataError:
    """Say that only so many of the folds would have rows to validate on."""
    what = f"{data.split.folds} folds"
    text = f"Fold {most + 1} of {what} has no rows to validate on."
    if data.split.method == "group":
        groups = f"{counted(most, 'group')} of {data.split.by}"
        text = f"Apart from test rows there {'is' if most == 1 else 'are'} {groups}: too few for "
        text += f"{what}."
    fix = f"Take {most} folds." if most > 1 else "Share the rows out in another way."
    return DataError(text, where=data.split.by, fix=fix)


def _keep_answers(kept: RunStore, run_id: str, prepared: Prepared) -> None:
    """Ask the best weights of a run about the rows of its fold."""
    from modelstudio.engine.evaluate import predictions
    from modelstudio.engine.trained import load

    trained = load(kept, run_id)
    told = predictions(trained.task, prepared.validation, prepared.fitted, trained.device)
    held_out.keep(kept, run_id, told)


def evaluate(
    project_path: Path | None, project: Project, run_id: str, *, intervals: bool = True
) -> Generator[Progress, None, Evaluation]:
    """Score the folds that a run belongs to together, each row by the run that did not train on it.

    The threshold is that of the run.

    The intervals are of the rows, for these networks; those of `summarise` are of other training
    rows too.

    Raises
    ------
    DataError
        When items are ranked, or there is nothing to compare the answers with.
    RunError
        When the run is not one of several folds, none of them is finished, or answers are missing.
    """
    yield Progress("Scoring the folds")
    from modelstudio.engine.scoring import evaluation, remarks

    kept = store(project_path, project)
    run = kept.info(run_id)
    if run.fold is None:
        raise _no_fold(run)
    data = kept.project(run.id).data
    if data.negatives is not None:
        raise DataError(
            "Folds whose items are ranked are not scored together: each ranks them among others.",
            fix="Look at the scores of each fold.",
        )
    finished = _finished(kept.series(run.fold.series))
    if not finished:
        raise RunError("No fold is finished yet.", fix="Go on with them, or train them again.")
    told = held_out.pooled([held_out.answers(kept, each) for each in finished.values()])
    missing = () if len(finished) == run.fold.of else (_done(len(finished), run.fold.of),)
    return evaluation(
        run.id,
        "folds",
        told,
        kept.decision(run.id).threshold,
        data.target.name if data.target else "",
        intervals=intervals,
        notes=(*remarks(told, data_changed=False), *missing, _CHOSEN),
    )


def _no_fold(run: RunInfo) -> RunError:
    return RunError(
        f"Run {run.number} is not one of several folds.", fix="Train all folds in turn first."
    )


def summarise(
    series: str, folds: int, runs: Sequence[RunInfo], *, by_time: bool = False
) -> FoldSummary:
    """Return mean, standard deviation and 95 % interval of each score over the finished folds.

    A score is that of the best epoch on the validation rows of a fold.

    The folds share training rows, so their scores vary together and the standard error of
    independent values would be too small. It is corrected by the share of the rows that are
    tested, after Nadeau and Bengio, "Inference for the generalization error", Machine Learning 52,
    2003. ``by_time`` says that later folds train on more rows: there is no interval then.
    """
    finished = _finished(runs)
    given = [run.metrics for run in finished.values()]
    names = [name for name in (given[0] if given else ()) if all(name in each for each in given)]
    whole = len(finished) == folds
    found = [
        _fold_score(name, [each[name] for each in given], folds, interval=whole and not by_time)
        for name in names
    ]
    notes = []
    if not whole:
        notes.append(_done(len(finished), folds))
    elif by_time:
        notes.append("Later folds train on more rows, so no interval of the mean can be given.")
    else:
        notes.append("The 95 % interval of the mean allows for the training rows that folds share.")
    if finished:
        notes.append(_CHOSEN)
    ids = {number: run.id for number, run in finished.items()}
    return FoldSummary(series, folds, ids, tuple(found), tuple(notes))


def _done(finished: int, folds: int) -> str:
    return f"{finished} of {folds} folds are finished."


def _finished(runs: Sequence[RunInfo]) -> dict[int, RunInfo]:
    """Return the finished runs by fold."""
    done = {run.fold.number: run for run in runs if run.fold and run.status == "finished"}
    return dict(sorted(done.items()))


def _fold_score(name: str, values: Sequence[float], folds: int, *, interval: bool) -> FoldScore:
    mean, count = statistics.fmean(values), len(values)
    sd = statistics.stdev(values) if count > 1 else 0.0
    if not interval:
        return FoldScore(name, tuple(values), mean, sd)
    from scipy.special import stdtrit

    error = sd * math.sqrt(1 / count + 1 / (folds - 1))
    reach = float(stdtrit(count - 1, 0.975)) * error
    least, most = _RANGES.get(name, (0.0, math.inf))
    return FoldScore(
        name, tuple(values), mean, sd, max(least, mean - reach), min(most, mean + reach)
    )
