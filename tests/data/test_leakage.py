"""With the membership of the parts fixed, no value of a judging row changes what is fitted.

Every step of every kind takes the whole way from a file. That the check can fail is shown too: when
all rows train, each step that learns is found to have learnt something else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from step_cases import Case, cases, rows, table
from tables import prepared

from modelstudio.data import fitting_slices, prepare, slices
from modelstudio.data.balance import class_weights
from modelstudio.data.batches import TensorData
from modelstudio.data.parts import Parts
from modelstudio.data.prepare import Prepared
from modelstudio.data.steps.rows import KEEP
from modelstudio.data.stored import Stored
from modelstudio.engine import session
from modelstudio.engine.projects import new_project
from modelstudio.project.model import DataConfig
from modelstudio.recipe.augment import SwapNoise
from modelstudio.recipe.steps import (
    Cast,
    CleanText,
    Colours,
    CropCentre,
    DateParts,
    Formula,
    HashEncode,
    Log,
    PadPictures,
    Passages,
    Rename,
    Resize,
    SmoothRows,
    Standardise,
    Step,
)

LEARN_NOTHING = {
    *(Cast, CleanText, DateParts, Formula, HashEncode, Log, Rename, SmoothRows),
    *(Colours, CropCentre, PadPictures, Passages, Resize),
}
"""Steps whose state hangs on their settings alone."""


CASES = list(cases())


def learnt(made: Prepared, step: type[Step]) -> Any:
    """Return what a step has learnt."""
    return next(each.state for each in made.fitted.steps if type(each.step) is step)


def numbers(made: Prepared) -> dict[str, Any]:
    """Return what the network trains on, and how much each class counts."""
    train, classes = made.train, len(made.fitted.target.classes)
    return {
        **{
            name: each.read() if isinstance(each, Stored) else each
            for name, each in train.fields.items()
        },
        "truth": train.truth,
        "scaled": train.scaled,
        "rows": train.rows,
        "weights": class_weights(train.truth.astype(np.int64), classes) if classes else None,
    }


def test_every_step_is_looked_at() -> None:
    assert {case.values[0].step for case in CASES} | set(KEEP) == set(Step.members())


@pytest.mark.parametrize("case", CASES)
def test_no_value_of_a_judging_row_changes_what_is_fitted(case: Case, tmp_path: Path) -> None:
    before = case.made(tmp_path, 0)
    for strange in (1, 3):
        after = case.made(tmp_path, strange)
        assert after.fingerprint != before.fingerprint
        assert np.array_equal(after.parts.train, before.parts.train)
        assert after.fitted == before.fitted
        np.testing.assert_equal(numbers(after), numbers(before))


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.values[0].step not in LEARN_NOTHING]
)
def test_a_leak_would_be_seen(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(frame: pl.DataFrame, numbers: Any, data: DataConfig) -> Parts:
        parts = split_table(frame, numbers, data)
        return Parts(np.arange(frame.height), parts.validation, parts.test)

    split_table = prepare.split_table
    monkeypatch.setattr(prepare, "split_table", leaky)
    before, after = (case.made(tmp_path, strange) for strange in (0, 1))
    assert learnt(before, case.step) != learnt(after, case.step)


@pytest.mark.parametrize("target", ["y", "v"])
def test_a_large_table_leaks_as_little(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "LARGE", 0)
    case = table(Standardise(), target=target, kinds=("number", "category"))
    recipe = tuple(
        step()
        for step in sorted(fitting_slices.COLUMN_BY_COLUMN, key=lambda step: step.__name__)
        if step is not CleanText
    )
    data = case.data.changed(recipe=recipe)
    case = Case(case.step, data, case.write, case.name)
    before, after = (case.made(tmp_path, strange) for strange in (0, 1))
    assert after.fitted == before.fitted
    np.testing.assert_equal(numbers(after), numbers(before))


def test_only_training_rows_are_augmented(tmp_path: Path) -> None:
    rows(0).write_csv(tmp_path / "t.csv")
    project = new_project(tmp_path / "t.csv", target="y").project
    data = project.data.changed(augment=(SwapNoise(amount=0.5, share=1.0),))
    made = prepared(data)
    running = session.Session(project.changed(data=data), made)
    for part, encoded, same in (
        (running.train, session.known_rows(made.train), False),
        (running.validation, session.known_rows(made.validation), True),
    ):
        assert part is not None
        every = torch.arange(part.rows)
        batch = part.gather(every)
        plain = TensorData.from_encoded(encoded, made.fitted.fields).gather(every)
        assert all(torch.equal(batch[name], plain[name]) for name in plain) is same
