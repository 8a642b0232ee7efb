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
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.recipe.augment import SwapNoise
from modelstudio.recipe.columns import Column, Kind
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
    Windows,
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


def six_series(folder: Path, *, blocks: bool, by_time: bool, strange: int) -> DataConfig:
    """Return windows of six series smoothed over rows; numbers that judge are others if strange."""
    random, at = np.random.default_rng(0), np.arange(120)
    series, time = (at // 20, at % 20) if blocks else (at % 6, at // 6)
    judging = time >= 14 if by_time else series % 3 == 1
    x = random.normal(size=120) + np.where(judging, 50 * strange, 0)
    parts = np.where(judging, np.where((time if by_time else series) % 2, "val", "test"), "train")
    frame = pl.DataFrame({"s": [f"s{each}" for each in series], "t": time, "x": x.round(3)})
    frame = frame.with_columns(y=pl.Series(random.normal(size=120).round(3)), part=parts)
    frame.write_csv(folder / "s.csv")
    kinds: dict[str, Kind] = {"s": "category", "t": "number", "part": "category"}
    return DataConfig(
        path=str(folder / "s.csv"),
        columns=(
            *(Column(name=name, kind=kind, role="ignored") for name, kind in kinds.items()),
            Column(name="x", kind="number"),
            Column(name="y", kind="number", role="target"),
        ),
        recipe=(
            SmoothRows(columns=("x",), rows=3, method="mean"),
            SmoothRows(columns=("x",), rows=4),
            Standardise(),
            Windows(length=3, order_by="t", series="s", past="without the target"),
        ),
        split=SplitConfig(method="column", by="part"),
    )


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("by_time", [False, True])
@pytest.mark.parametrize("blocks", [False, True])
def test_windows_of_smoothed_rows_hold_their_own_part_and_series_alone(
    blocks: bool, by_time: bool, large: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(slices, "LARGE", 0)
        monkeypatch.setattr(slices, "CELLS", 7)
    before, after = (
        prepared(six_series(tmp_path, blocks=blocks, by_time=by_time, strange=strange))
        for strange in (0, 1)
    )
    assert after.fitted == before.fitted
    np.testing.assert_equal(numbers(after), numbers(before))
    frame = after.clean.with_columns(part=after.parts.codes(120))
    mean = pl.col("x").rolling_mean(3, min_samples=1).over("part", "s")
    smooth = frame.with_columns(mean).select(
        pl.col("x").rolling_median(4, min_samples=1).over("part", "s")
    )
    smooth = smooth.to_series().to_numpy()
    learnt = smooth[after.parts.train]
    smooth = (smooth - learnt.mean()) / learnt.std()
    for part in ("train", "validation", "test"):
        for made in (getattr(after, part), after.encoded(part, after.fitted)):
            (found,) = (each.read() for each in made.fields.values() if isinstance(each, Stored))
            newest = made.rows - (1 if blocks else 6)
            assert len(newest)
            np.testing.assert_allclose(found[:, -1, 0], smooth[newest], atol=1e-5)


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
