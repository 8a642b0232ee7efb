"""The only wiring: from a project to events and results.

The command line and the window call this module, `cross_validation` for all folds in turn,
`prediction` for the rows of a file, `exporting` for files that other programs run,
`network_import` for networks of theirs, and nothing else of the engine that computes. What takes
long is a generator of `Progress` (training: of `RunEvent`); its return value is the result. Heavy
packages are imported inside the functions, so importing this module is cheap.

``project_path`` is the file of the project, or None while it has none; ``base`` is the folder of
that file, from which relative paths of data are meant.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from modelstudio.engine.events import FilesLeftOut, Progress, RunEvent, drain
from modelstudio.engine.projects import found_again, prepare
from modelstudio.engine.results import DataReport, Evaluation, PartInfo
from modelstudio.engine.runs import Decision, RunStore, store_folder
from modelstudio.engine.unusable import unusable_files
from modelstudio.errors import DataError, RunError
from modelstudio.project.files import folder_of
from modelstudio.project.model import DataConfig, Project

if TYPE_CHECKING:
    from torch import Tensor

    from modelstudio.data.prepare import Prepared
    from modelstudio.data.preview import PictureList, PreviewTable
    from modelstudio.engine.control import Control
    from modelstudio.engine.results import RunInfo
    from modelstudio.engine.session import Session
    from modelstudio.engine.trained import Trained
    from modelstudio.network.analysis import Analysis
    from modelstudio.network.shapes import Fallback

Part = Literal["train", "validation", "test"]


# Looking


def analyse(project: Project, *, run_blocks: bool = False) -> Analysis:
    """Return shapes, costs and problems of the network; never raises, needs no torch.

    With ``run_blocks`` torch is loaded for Python blocks, if there are any that may run; without,
    they wait.
    """
    from modelstudio.layers.custom import may_run, sources
    from modelstudio.network import check

    fallback: Fallback | None = None
    if run_blocks and any(map(may_run, sources(project.network))):
        from modelstudio.engine.compile import fake_outcome as fallback
    return check.analyse(project.network, project.data.fields, fallback)


def describe_data(
    project: Project, base: Path | None = None
) -> Generator[Progress, None, DataReport]:
    """Read the data, fit the recipe on the training rows and describe both."""
    from modelstudio.data import profile, sources
    from modelstudio.data.findings import findings, ordered
    from modelstudio.data.findings.files import sound_findings
    from modelstudio.data.fitted import row_numbers
    from modelstudio.data.parts import part_codes
    from modelstudio.data.relations import relations
    from modelstudio.data.sources import tabular

    prepared = yield from prepare(project, base)
    yield Progress("Describing the columns")
    frame = sources.read(project.data, base)
    plain = tabular.as_read_last(project.data, base)
    profiles = profile.profile(frame, project.data.columns)
    yield Progress("Looking for problems")
    clean, rows = prepared.clean, frame.height
    found = findings(
        project.data,
        frame,
        profiles,
        cache(lambda: part_codes(row_numbers(clean), prepared.parts, rows)),
        whole=clean.height == rows,
        tests=prepared.tests,
        plain=plain,
    )
    unheard = drain(sound_findings(project.data, frame))  # all were decoded above
    return DataReport(
        rows=prepared.source_rows,
        profiles=profiles,
        findings=ordered((*found, *unheard)),
        effects=prepared.effects,
        parts=tuple(_part_info(prepared, name) for name in ("train", "validation", "test")),
        fields=prepared.fitted.fields,
        fingerprint=prepared.fingerprint,
        relations=relations(frame, project.data.columns),
    )


def _part_info(prepared: Prepared, name: Part) -> PartInfo:
    from modelstudio.data import spill

    target = prepared.fitted.target
    answers = prepared.column(name, target.column)
    if target.kind in ("value", "labels", "tokens", "ranking"):
        return PartInfo(name, len(answers), {})
    counts = dict(spill.counts(answers).iter_rows())
    return PartInfo(name, len(answers), {label: counts[label] for label in sorted(counts)})


def preview_data(
    project: Project,
    base: Path | None = None,
    upto: int | None = None,
    offset: int = 0,
    limit: int = 200,
    sort: tuple[str, bool] | None = None,
) -> PreviewTable:
    """Return some rows of the table after the first ``upto`` steps (all when None).

    ``sort`` is a column and whether it descends.
    """
    from modelstudio.data import preview

    return preview.preview(project.data, upto, offset, limit, sort, base)


def list_pictures(project: Project, base: Path | None = None) -> PictureList:
    """Return all pictures of the data with their labels and parts."""
    from modelstudio.data import preview

    return preview.pictures(project.data, base)


def python_code(project: Project) -> str:
    """Return the network as a readable torch module that runs on its own."""
    from modelstudio.engine.codegen import python_code as printed

    return printed(project.network, project.data.fields)


# Training


def store(project_path: Path | None, project: Project) -> RunStore:
    """Return the runs of a project: beside its file, or in the application's folder."""
    return RunStore(store_folder(project_path, project.id))


def train(
    project: Project,
    project_path: Path | None,
    control: Control,
    *,
    name: str = "",
    start_from: str | None = None,
) -> Generator[RunEvent, None, None]:
    """Train the network as a new run: Progress..., RunStarted, ..., RunEnd.

    Closing the generator ends the run as interrupted; its last state is kept and can be resumed.

    Parameters
    ----------
    start_from
        A run whose weights are where training begins, by id or number. Those whose name and shape
        are the same are taken; the others, such as those of another head, are drawn.

    Raises
    ------
    StudioError
        When data, network or settings do not allow it, none of the weights of ``start_from`` fits,
        or the loss is no longer a number; the run is then in the store as failed.
    """
    kept, weights = store(project_path, project), None
    if start_from is not None:
        yield Progress("Loading the weights")
        from modelstudio.engine.trained import load_weights

        weights = load_weights(kept, kept.usable(start_from))
    session = yield from _session(project, folder_of(project_path), weights)
    if session.fresh:
        blocks = ", ".join(dict.fromkeys(key.rpartition(".")[0] for key in session.fresh))
        yield Progress(f"Begins with fresh weights: {blocks}")
    writer = kept.create(session.project, session.recipe, parameters=session.parameters, name=name)
    yield from session.events(writer, control)


def resume(
    project: Project, project_path: Path | None, run_id: str, control: Control
) -> Generator[RunEvent, None, None]:
    """Go on with a stopped or interrupted run, to the same numbers as if it had never stopped.

    Raises
    ------
    RunError
        When the run is over or alive, or its data has changed.
    """
    from modelstudio.engine.trained import load_checkpoint

    kept = store(project_path, project)
    run = kept.info(run_id)
    checkpoint = load_checkpoint(kept, run)
    base = folder_of(project_path)
    session = yield from _session(found_again(kept.project(run.id), project, base), base)
    yield from go_on(kept, run, session, checkpoint, control)


def go_on(
    kept: RunStore, run: RunInfo, session: Session, checkpoint: dict[str, Any], control: Control
) -> Generator[RunEvent, None, None]:
    """Go on with a run from its checkpoint, with data and network that are ready.

    Raises
    ------
    RunError
        When the run is alive, or its data has changed.
    """
    if session.recipe != kept.recipe_text(run.id):
        raise RunError(
            f"The data has changed since run {run.number} began, so it cannot go on.",
            fix="Train again as a new run.",
        )
    writer = kept.take_over(run.id)
    writer.rewind(checkpoint["epoch"])
    yield from session.events(writer, control, checkpoint)


def _session(
    project: Project, base: Path | None, weights: Mapping[str, Tensor] | None = None
) -> Generator[Progress | FilesLeftOut, None, Session]:
    """Prepare the data and build the network."""
    prepared = yield from prepare(project, base)
    for files in unusable_files(prepared.fitted, prepared.clean):
        yield FilesLeftOut(files)
    yield Progress("Building the network")
    from modelstudio.engine.session import Session

    return Session(project, prepared, weights)


# Using a run


def evaluate(
    project_path: Path | None,
    project: Project,
    run_id: str | None,
    part: Part | Path = "test",
    *,
    intervals: bool = True,
    moved: Path | None = None,
) -> Generator[Progress, None, Evaluation]:
    """Score a run (the last finished one when None) on a part of its data or on another file.

    ``moved`` is where that data lies now, if it is not where it was.
    """
    yield Progress("Loading the run")
    from modelstudio.data import sources
    from modelstudio.engine import kept_doubts
    from modelstudio.engine.evaluate import encoded_rows, predictions, unreadable_cells
    from modelstudio.engine.ranking import Ranking
    from modelstudio.engine.scoring import evaluation, remarks

    base = folder_of(project_path)
    trained = yield from load_run(project_path, project, run_id)
    trained = replace(trained, project=found_again(trained.project, project, base, moved))
    if isinstance(part, Path):
        yield Progress("Reading the data")
        config = trained.fitted.config()
        frame = sources.read_table(sources.absolute(part), config)
        encoded, changed = encoded_rows(trained.fitted, frame), False
        unusable = unusable_files(trained.fitted, frame)
        text = sources.read_table(part, DataConfig(csv=config.csv, source=config.source))
        unreadable = unreadable_cells(text, config.columns, config.csv)
    else:
        unreadable = ()
        prepared = yield from prepare(trained.project, base)
        encoded = prepared.encoded(part, trained.fitted)
        unusable = unusable_files(trained.fitted, prepared.frame(part))
        changed = prepared.fingerprint != trained.project.data.fingerprint
        if not prepared.frame(part).height:
            raise DataError(
                f"The split gives no {part} rows, so there is nothing to score.",
                fix=f"Score another part, or raise the share of {part} rows and train again.",
            )
    ranking = None
    if trained.fitted.target.kind == "ranking":
        if isinstance(part, Path):
            prepared = yield from prepare(trained.project, base)
        known = prepared.encoded("train", trained.fitted)
        ranking = Ranking.of(trained.project.data, trained.fitted, known)
    yield Progress("Scoring", 0, len(encoded.rows))
    if ranking is not None:
        answers = ranking.predictions(trained.task, encoded, trained.device)
    else:
        answers = predictions(trained.task, encoded, trained.fitted, trained.device)
    told = evaluation(
        trained.run.id,
        part.name if isinstance(part, Path) else part,
        answers,
        trained.decision.threshold,
        trained.fitted.target.column,
        trained_on=part == "train",
        intervals=intervals,
        baseline=None if ranking is None else ranking.baseline(encoded, intervals=intervals),
        notes=(
            *remarks(answers, data_changed=changed),
            *(ranking.remarks(encoded) if ranking is not None else ()),
            *map(str, unreadable),
            *map(str, unusable),
        ),
    )
    if part == "validation" and told.doubts is not None and not changed:
        kept_doubts.keep(store(project_path, project), trained.run.id, told.doubts)
    return told


def load_run(
    project_path: Path | None, project: Project, run_id: str | None
) -> Generator[Progress, None, Trained]:
    """Load a run; an imported one, which came without data, is fed with that of the project."""
    from modelstudio.engine.trained import fitted_recipe, load, whole_project

    kept, base = store(project_path, project), folder_of(project_path)
    run = kept.usable(run_id)
    if not fitted_recipe(kept, run).given:
        return load(kept, run.id)
    whole_project(kept, run)
    if project.data.path is None:
        raise RunError(
            f"Run {run.number} was imported, and the project has no data yet to ask it about.",
            fix="Open a table on the Data page.",
        )
    prepared = yield from prepare(project, base)
    trained = load(kept, run.id, adopted=prepared.fitted)
    return replace(trained, project=trained.project.changed(data=project.data))


def set_threshold(project_path: Path | None, project: Project, run_id: str, value: float) -> float:
    """Keep the threshold of a run's positive class; return the one before."""
    kept = store(project_path, project)
    before = kept.decision(run_id).threshold
    kept.set_decision(run_id, Decision(min(1.0, max(0.0, value))))
    return before


def warm() -> None:
    """Import what training needs, so that the first run starts at once."""
    from modelstudio.engine import session, trained  # noqa: F401
