"""What the Evaluate page computes beside the window."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from modelstudio.engine.events import Progress
from modelstudio.engine.results import Evaluation
from modelstudio.errors import StudioError
from modelstudio.ui.pages.evaluate.mistakes import SourceRows
from modelstudio.ui.pages.evaluate.source_rows import source_rows

if TYPE_CHECKING:
    from modelstudio.engine.run import Part
    from modelstudio.engine.runs import RunStore
    from modelstudio.project.model import Project


def scored(
    path: Path | None, project: Project, store: RunStore, run_id: str, part: str
) -> Generator[Progress | Evaluation, None, tuple[Evaluation, SourceRows]]:
    """Run in a job: score a run on a part, tell that, and read the rows behind it."""
    from modelstudio.engine import cross_validation, run

    if part == "folds":
        evaluation = yield from cross_validation.evaluate(path, project, run_id)
    else:
        held_out: Part = "test" if part == "test" else "validation"
        evaluation = yield from run.evaluate(path, project, run_id, held_out)
    yield evaluation
    if evaluation.predictions.kind in ("tokens", "ranking", "labels"):
        return evaluation, SourceRows()
    base = path.parent if path else None
    try:
        rows = source_rows(store.project(run_id), base, part, evaluation.predictions.rows)
    except StudioError:
        rows = SourceRows()
    return evaluation, rows
