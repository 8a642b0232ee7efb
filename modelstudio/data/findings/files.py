"""Sounds that cannot be used."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import polars as pl

from modelstudio.data.findings.finding import MOST_LEFT_OUT, Finding, first_rows
from modelstudio.data.fitting import active
from modelstudio.data.pictures import Pictures, decoder_of, load
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import LeaveOut, MelSpectrogram
from modelstudio.recipe.steps.rows import named_rows, written_rows
from modelstudio.wording import counted


def sound_findings(
    data: DataConfig, frame: pl.DataFrame
) -> Generator[tuple[int, int], None, tuple[Finding, ...]]:
    """Listen to every sound that is not left out, as training does; yields how far it is.

    What was decoded before is not decoded again.
    """
    steps = [step for _, step in active(data.recipe)]
    shaping = [step for step in steps if step.stage == "pixels"]
    if not any(isinstance(step, MelSpectrogram) for step in shaping):
        return ()
    every = range(frame.height)
    gone = [named_rows(step.rows, every) for step in steps if isinstance(step, LeaveOut)]
    rows = sorted(set(every).difference(*gone))
    found = []
    for column in data.columns:
        if column.kind == "audio" and column.role == "feature":
            paths = frame.get_column(column.name)[rows].fill_null("").to_list()
            heard: Pictures = yield from load(paths, decoder_of(shaping, column.name, "audio"))
            if heard.faults:
                faults = {rows[at]: (paths[at], why) for at, why in sorted(heard.faults.items())}
                found.append(_unusable(column.name, faults))
    return tuple(found)


def _unusable(column: str, faults: dict[int, tuple[str, str]]) -> Finding:
    rows = list(faults)
    path, why = faults[rows[0]]
    name = Path(path).name or "one without a name"
    text = f"{counted(len(rows), 'sound')} cannot be used: {name} {why}"
    fix = LeaveOut(rows=written_rows(rows)) if len(rows) <= MOST_LEFT_OUT else None
    return Finding("corrupt_file", "error", text, (column,), fix, first_rows(rows), len(rows))
