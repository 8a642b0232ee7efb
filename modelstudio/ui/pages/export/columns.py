"""What to fill in to try a model: its raw columns with typical values, and real rows."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelstudio.project.model import Project
from modelstudio.ui.figures import number_text
from modelstudio.ui.pages.evaluate.source_rows import source_rows

CHOICES = 200
"""Different values of a column that are offered in a list; of more, the person types."""

MOST_ROWS = 500
"""Test rows that are at hand."""

Value = str | float | None


@dataclass(frozen=True, slots=True)
class TryField:
    """A raw column: name, kind, a typical value, and for categories the values there are."""

    name: str
    kind: str
    typical: Value
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TestRow:
    """A row of the test part and its true answer."""

    number: int
    values: dict[str, Value]
    true: str


def try_fields(project: Project, base: Path | None) -> tuple[TryField, ...]:
    """Read the data and describe its feature columns; run it in a job."""
    from modelstudio.data.sources import read

    frame = read(project.data, base)
    fields = []
    for column in project.data.features:
        values = frame[column.name].drop_nulls()
        if column.kind == "number":
            middle: Any = values.median()
            fields.append(
                TryField(column.name, column.kind, None if middle is None else float(middle))
            )
            continue
        counts = values.value_counts(sort=True)
        names = tuple(str(name) for name in counts[column.name].to_list()[: CHOICES + 1])
        choices = names if len(names) <= CHOICES else ()
        fields.append(TryField(column.name, column.kind, names[0] if names else None, choices))
    return tuple(fields)


def test_rows(
    project: Project, path: Path | None, run_id: str, snapshot: Project
) -> Generator[object, None, tuple[TestRow, ...]]:
    """Read some rows of a run's test part with their true answers; run it in a job."""
    from modelstudio.engine.run import evaluate

    evaluation = yield from evaluate(path, project, run_id, "test", intervals=False)
    predictions = evaluation.predictions
    base = path.parent if path else None
    source = source_rows(snapshot, base, "test", predictions.rows[:MOST_ROWS])
    rows = []
    for place, number in enumerate(predictions.rows[:MOST_ROWS]):
        truth = predictions.truth[place]
        if predictions.classes:
            true = predictions.classes[int(truth)] if truth >= 0 else ""
        else:
            true = number_text(float(truth), 4)
        cells = zip(source.names, source.columns, strict=True)
        values = {name: cleaned(column[place]) for name, column in cells}
        rows.append(TestRow(int(number), values, true))
    return tuple(rows)


def cleaned(value: object) -> Value:
    """Return a cell as a number, a text or None."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return float(value) if isinstance(value, int | float) else str(value)
