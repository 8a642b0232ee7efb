"""Runs as files that other programs run: written, explained and asked."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path

from modelstudio.engine.events import Progress
from modelstudio.engine.projects import found_again, lost_place, rebase
from modelstudio.engine.results import Explanation, ExportReport
from modelstudio.engine.run import store
from modelstudio.errors import ExportError, RunError
from modelstudio.project.files import folder_of
from modelstudio.project.model import DataConfig, Project


def export_onnx(
    project_path: Path | None,
    project: Project,
    run_id: str | None,
    out: Path,
    *,
    moved: Path | None = None,
) -> Generator[Progress, None, ExportReport]:
    """Write a run as one ONNX file and check it on real rows, in a process of its own.

    When the data of the run is gone, the file is written all the same and no row is checked;
    ``moved`` is where it lies now.
    """
    from modelstudio.engine.process import in_process

    if out.suffix.lower() != ".onnx":
        raise ExportError(
            f"{out.name} does not end in .onnx.", where=str(out), fix=f"Call it {out.name}.onnx."
        )
    kept, base = store(project_path, project), folder_of(project_path)
    run = kept.usable(run_id)
    data = rebase(found_again(kept.project(run.id), project, base, moved), base, None).data
    lost = lost_place(data, base)
    report: ExportReport = yield from in_process(
        _export, kept.folder, run.id, data if lost is None else None, out.resolve()
    )
    return replace(report, lost=None if lost is None else str(lost))


def _export(
    folder: Path, run_id: str, data: DataConfig | None, out: Path
) -> Generator[Progress, None, ExportReport]:
    from modelstudio.engine.export.job import export_run

    return (yield from export_run(folder, run_id, data, out))


def explain_export(
    project_path: Path | None, project: Project, run_id: str, file_name: str
) -> Explanation:
    """Say how the exported file of a run is used, on a sample of its data.

    Raises
    ------
    StudioError
        When the run or its data cannot be read.
    """
    from modelstudio.data import sources
    from modelstudio.data.fitted import FittedRecipe
    from modelstudio.engine.export.sample import explained

    kept, base = store(project_path, project), folder_of(project_path)
    data = found_again(kept.project(run_id), project, base).data
    try:
        fitted = FittedRecipe.model_validate_json(kept.recipe_text(run_id))
    except ValueError as error:
        raise RunError(
            "The recipe of the run is damaged.", fix="Choose another run or train again."
        ) from error
    frame = None if lost_place(data, base) else sources.read(data, base)
    return explained(fitted, frame, file_name)


def try_row(onnx_path: Path, values: Mapping[str, str | float | None]) -> dict[str, float] | float:
    """Ask an exported file about one row: a probability for each class, or the value."""
    from modelstudio.engine.export.replay import ask

    return ask(onnx_path, values)
