"""What the Evaluate page computes beside the window, and what of it is kept."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modelstudio.engine.events import Progress
from modelstudio.engine.results import Evaluation
from modelstudio.errors import StudioError
from modelstudio.ui.pages.evaluate.mistakes import SourceRows
from modelstudio.ui.pages.evaluate.source_rows import source_rows

if TYPE_CHECKING:
    from modelstudio.engine.results import RunInfo
    from modelstudio.engine.run import Part
    from modelstudio.engine.runs import RunStore
    from modelstudio.project.model import Project

KEPT = 8
"""Evaluations, each with an answer a row, that are kept to be shown again at once."""


class Known(dict[tuple[str, str], tuple[Evaluation, SourceRows]]):
    """Evaluations by run and part, with the rows behind them; the oldest make room."""

    def keep(self, evaluation: Evaluation, rows: SourceRows) -> None:
        """Keep an evaluation as the newest."""
        key = (evaluation.run, evaluation.part)
        self.pop(key, None)
        self[key] = (evaluation, rows)
        if len(self) > KEPT:
            del self[next(iter(self))]

    def forget_outdated(self, before: Sequence[RunInfo], now: Sequence[RunInfo]) -> None:
        """Forget those of runs that went on since they were listed, alone or fold by fold."""
        old, new = _states(before), _states(now)
        for key in [key for key in self if old.get(key[0]) != new.get(key[0])]:
            del self[key]


def _states(runs: Sequence[RunInfo]) -> dict[str, tuple[int, frozenset[str]]]:
    """Return what the scores of each run hang on: how far it went, and which folds are finished."""
    ended: dict[str, set[str]] = {}
    for run in runs:
        if run.fold is not None and run.status == "finished":
            ended.setdefault(run.fold.series, set()).add(run.id)
    return {
        run.id: (run.epochs, frozenset(ended.get(run.fold.series, ()) if run.fold else ()))
        for run in runs
    }


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
