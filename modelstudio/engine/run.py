"""The only wiring: from a project to events, predictions and files.

The command line and the window call this module and nothing else of the engine. What takes long is
a generator of `Progress` (training: of `RunEvent`); its return value is the result. Heavy packages
are imported inside the functions, so importing this module is cheap.

``project_path`` is the file of the project, or None while it has none; ``base`` is the folder of
that file, from which relative paths of data are meant.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from modelstudio.engine.events import Progress, RunEnd, RunEvent, RunStarted
from modelstudio.engine.results import (
    DataReport,
    Draft,
    Evaluation,
    ExportReport,
    PartInfo,
    PredictReport,
)
from modelstudio.engine.runs import Decision, RunStore, RunWriter, store_folder
from modelstudio.errors import DataError, RunError, StudioError, TrainingError
from modelstudio.project.files import SUFFIX, load_project
from modelstudio.project.model import DataConfig, Project

if TYPE_CHECKING:
    from modelstudio.data.prepare import Prepared
    from modelstudio.data.preview import PreviewTable
    from modelstudio.engine.control import Control
    from modelstudio.network.analysis import Analysis
    from modelstudio.network.graph import Graph

Part = Literal["train", "validation", "test"]


# Projects from files


def new_project(
    data: Path,
    *,
    target: str | None = None,
    test_data: Path | None = None,
    split_seed: int | None = None,
) -> Draft:
    """Make a project from a data file: roles, recipe, network and training choices are guessed.

    Raises
    ------
    DataError
        When the file cannot be used, or ``target`` is no column of it.
    """
    return with_data(
        Project(name=data.stem), data, target=target, test_data=test_data, split_seed=split_seed
    )


def with_data(
    project: Project,
    data: Path,
    *,
    target: str | None = None,
    test_data: Path | None = None,
    split_seed: int | None = None,
) -> Draft:
    """Give a project another data file; network and training choices stay if there is a network."""
    from modelstudio.data import guess
    from modelstudio.data.sources import tabular

    seed = project.data.split.seed if split_seed is None else split_seed
    tests = str(test_data.resolve()) if test_data else None
    split = project.data.split.changed(seed=seed, test_path=tests)
    source = DataConfig(path=str(data.resolve()), csv=project.data.csv, split=split)
    frame = tabular.read(source)
    guessed = guess.guess(frame, target)
    config = source.changed(columns=guessed.columns, recipe=guessed.recipe)
    project, rows = _with_fields(project.changed(data=config), None)
    if not project.network.nodes:
        from modelstudio.engine import draft

        project = project.changed(
            network=draft.network(project.data.fields, rows),
            training=draft.settings(rows, project.training),
        )
    return Draft(project, guessed.notes)


def draft_network(project: Project) -> Graph:
    """Return a sensible starting network for the project's fields."""
    from modelstudio.engine import draft

    return draft.network(project.data.fields, 10 * project.training.batch_size)


# Looking


def analyse(project: Project) -> Analysis:
    """Return shapes, costs and problems of the network; never raises, needs no torch."""
    raise NotImplementedError


def describe_data(
    project: Project, base: Path | None = None
) -> Generator[Progress, None, DataReport]:
    """Read the data, fit the recipe on the training rows and describe both."""
    raise NotImplementedError


def preview_data(
    project: Project,
    base: Path | None = None,
    upto: int | None = None,
    offset: int = 0,
    limit: int = 200,
) -> PreviewTable:
    """Return some rows of the table, raw and after the first ``upto`` steps (all when None)."""
    raise NotImplementedError


def python_code(project: Project) -> str:
    """Return the network as a readable torch module that runs on its own."""
    raise NotImplementedError


# Training


def store(project_path: Path | None, project: Project) -> RunStore:
    """Return the runs of a project: beside its file, or in the application's folder."""
    return RunStore(store_folder(project_path, project.id))


def train(
    project: Project, project_path: Path | None, control: Control, *, name: str = ""
) -> Generator[RunEvent, None, None]:
    """Train the network as a new run: Progress..., RunStarted, ..., RunEnd.

    Closing the generator ends the run as interrupted; its last state is kept and can be resumed.

    Raises
    ------
    StudioError
        When data, network or settings do not allow it, or the loss is no longer a number; the run
        is then in the store as failed.
    """
    raise NotImplementedError


def resume(
    project: Project, project_path: Path | None, run_id: str, control: Control
) -> Generator[RunEvent, None, None]:
    """Go on with a stopped or interrupted run, to the same numbers as if it had never stopped."""
    raise NotImplementedError


# Using a run


def evaluate(
    project_path: Path | None,
    project: Project,
    run_id: str | None,
    part: Part | Path = "test",
    *,
    intervals: bool = True,
) -> Generator[Progress, None, Evaluation]:
    """Score a run (the last finished one when None) on a part of its data or on another file."""
    raise NotImplementedError


def set_threshold(project_path: Path | None, project: Project, run_id: str, value: float) -> float:
    """Keep the threshold of a run's positive class; return the one before."""
    raise NotImplementedError


def predict(
    model: Path, data: Path, out: Path, *, run: str | None = None
) -> Generator[Progress, None, PredictReport]:
    """Write the rows of a table with predictions added; ``model`` is a project or an ONNX file.

    Every row of the input is in the output; one that cannot be scored has empty predictions.
    """
    raise NotImplementedError


def export_onnx(
    project_path: Path | None,
    project: Project,
    run_id: str | None,
    out: Path,
    *,
    opset: int | None = None,
) -> Generator[Progress, None, ExportReport]:
    """Write a run as one ONNX file and check it on real rows, in a process of its own."""
    raise NotImplementedError


def try_row(onnx_path: Path, values: Mapping[str, str | float | None]) -> dict[str, float] | float:
    """Ask an exported file about one row: a probability for each class, or the value."""
    raise NotImplementedError


# The machine


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A place to compute; ``free_bytes`` is None where it cannot be known."""

    id: Literal["cpu", "cuda", "mps"]
    label: str
    free_bytes: int | None = None


def devices() -> tuple[DeviceInfo, ...]:
    """Return the devices of this machine, the fastest first."""
    raise NotImplementedError


def warm() -> None:
    """Import what training needs, so that the first run starts at once."""
    raise NotImplementedError
