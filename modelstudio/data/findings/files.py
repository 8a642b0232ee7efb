"""Sounds and texts that cannot be used."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import polars as pl

from modelstudio.data.findings.finding import MOST_LEFT_OUT, Finding, first_rows
from modelstudio.data.fitting import active
from modelstudio.data.pictures import Pictures, decoder_of, load
from modelstudio.data.sources.folders import FILE
from modelstudio.data.sources.texts import TEXT
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


def text_findings(frame: pl.DataFrame) -> Iterator[Finding]:
    """Look for files of a folder of texts that are empty or hold something else."""
    rows = frame.get_column(TEXT).is_null().arg_true()
    if len(rows):
        names = frame.get_column(FILE).gather(rows[:1])
        yield _unusable(FILE, dict.fromkeys(rows, (names[0], "holds no text")), "text")


def _unusable(column: str, faults: dict[int, tuple[str, str]], what: str = "sound") -> Finding:
    rows = list(faults)
    path, why = faults[rows[0]]
    name = Path(path).name or "one without a name"
    text = f"{counted(len(rows), what)} cannot be used: {name} {why}"
    fix = LeaveOut(rows=written_rows(rows)) if len(rows) <= MOST_LEFT_OUT else None
    return Finding("corrupt_file", "error", text, (column,), fix, first_rows(rows), len(rows))
