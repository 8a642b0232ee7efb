"""Labels that runs found doubtful, kept with them and told where the data is looked at."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Final

from modelstudio.data.findings.finding import Finding, first_rows
from modelstudio.engine import held_out
from modelstudio.engine.disk import write_file
from modelstudio.errors import StudioError
from modelstudio.recipe.steps import LeaveOut
from modelstudio.recipe.steps.rows import named_rows, written_rows

if TYPE_CHECKING:
    from modelstudio.engine.results import DoubtfulLabels, RunInfo
    from modelstudio.engine.runs import RunStore
    from modelstudio.project.model import DataConfig

FILE: Final = "doubts.json"


def keep(store: RunStore, run_id: str, doubts: DoubtfulLabels) -> None:
    """Write which rows of the project's own data have a doubtful label; not where none may write.

    They can be worked out again from the run.
    """
    rows = [label.row for label in doubts.labels]
    with contextlib.suppress(StudioError):
        write_file(store.path(run_id) / FILE, json.dumps({"rows": rows}).encode())


def read(store: RunStore, run_id: str) -> list[int] | None:
    """Return the rows whose labels a run was found to doubt; None if nobody asked it."""
    try:
        rows = json.loads((store.path(run_id) / FILE).read_bytes())["rows"]
        return [int(row) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def known_doubts(store: RunStore, data: DataConfig, fingerprint: str) -> tuple[Finding, ...]:
    """Return what the newest run that was asked says of the labels, without the rows left out.

    Nothing is trained or scored for it: the rows were kept when the run was evaluated, and runs on
    folds keep their answers.

    Parameters
    ----------
    fingerprint
        Mark of the data as it is now; what runs on other data, other targets or another way to read
        them said is not told.
    """
    for run in reversed(store.list()):
        try:
            if not _same_rows(store.project(run.id).data, data, fingerprint):
                continue
            rows = _rows(store, run)
        except StudioError:
            continue
        if rows is not None:
            return _told(rows, run, data)
    return ()


def _same_rows(before: DataConfig, now: DataConfig, fingerprint: str) -> bool:
    """Tell whether a run met the rows and labels that there are now."""
    read = [(each.source, each.csv, each.label_separator) for each in (before, now)]
    targets = [each.target and (each.target.name, each.target.kind) for each in (before, now)]
    return before.fingerprint == fingerprint and read[0] == read[1] and targets[0] == targets[1]


def _rows(store: RunStore, run: RunInfo) -> list[int] | None:
    """Return the rows that a run doubts (all folds if one); None if not asked."""
    if run.fold is not None and held_out.kept(store, run.id):
        from modelstudio.engine.doubtful_labels import doubtful_labels

        folds = {
            each.fold.number: held_out.answers(store, each)
            for each in store.series(run.fold.series)
            if each.fold and held_out.kept(store, each.id)
        }
        doubts = doubtful_labels(held_out.pooled(list(folds.values())))
        return None if doubts is None else [label.row for label in doubts.labels]
    return read(store, run.id)


def _told(rows: list[int], run: RunInfo, data: DataConfig) -> tuple[Finding, ...]:
    steps = [step for step in data.recipe if isinstance(step, LeaveOut) and step.enabled]
    gone = named_rows(",".join(step.rows for step in steps), rows)
    left = [row for row in rows if row not in gone]
    if not left or data.target is None:
        return ()
    count = "1 label is" if len(left) == 1 else f"{len(left):,} labels are"
    text = f"{count} probably wrong (run {run.number})"
    fix = LeaveOut(rows=written_rows(left))
    shown = first_rows(left)
    return (Finding("wrong_label", "warning", text, (data.target.name,), fix, shown, len(left)),)
