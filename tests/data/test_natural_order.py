"""Rows go by the numbers in texts, wherever a column stands for time."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
import pytest
from tables import prepared

from modelstudio.data.codes import natural_codes
from modelstudio.data.split import split_rows
from modelstudio.data.steps.series import in_order
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import Windows


@pytest.mark.parametrize(
    "ascending",
    [
        ["-100", "-12", "-9", "0", "9", "10", "00011", "100", "9" * 40, "1" + "0" * 40],
        ["9007199254740992", "9007199254740993", "18446744073709551616"],
        ["2", "10", "W9", "W10", "W10 b", "W010c", "Y1"],
        ["2020-9", "2020-10", "2021-1"],
        [],
    ],
)
def test_texts_go_by_the_numbers_in_them(ascending: list[str]) -> None:
    order = np.random.default_rng(0).permutation(2 * len(ascending))
    column = pl.Series([*ascending, *ascending, None], dtype=pl.String)[[*order, -1]]
    wanted = [at % len(ascending) + 1 for at in order]
    assert natural_codes(column).tolist() == [*wanted, 0]


@pytest.mark.parametrize("kind", ["id", "category"])
def test_whole_numbers_of_any_kind_tell_time(
    kind: Literal["id", "category"], tmp_path: Path
) -> None:
    moments = np.random.default_rng(0).permutation(np.arange(1, 121))
    pl.DataFrame({"t": moments, "x": moments + 0.5, "y": moments + 0.25}).write_csv(
        tmp_path / "t.csv"
    )
    columns = (
        Column(name="t", kind=kind, role="ignored"),
        Column(name="x", kind="number"),
        Column(name="y", kind="number", role="target"),
    )
    windows = Windows(length=4, order_by="t", past="without the target")
    data = DataConfig(
        path=str(tmp_path / "t.csv"),
        columns=columns,
        recipe=(windows,),
        split=SplitConfig(method="time", by="t"),
    )
    made = prepared(data)
    parts = [sorted(moments[each]) for each in (made.parts.train, made.parts.test)]
    assert parts == [list(range(1, 79)), list(range(97, 121))]
    order, _ = in_order(windows, made.clean)
    assert moments[order].tolist() == list(range(1, 121))


def test_the_last_of_a_group_is_told_by_whole_numbers() -> None:
    times = pl.Series([str(at) for at in range(1, 31)] * 2)
    by = pl.Series(["a"] * 30 + ["b"] * 30)
    config = SplitConfig(method="last", by="by", times="times")
    parts = split_rows(np.arange(60), config, by=by, times=times)
    assert parts.test.tolist() == [29, 59]
    assert parts.validation.tolist() == [28, 58]
