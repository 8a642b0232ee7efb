"""Columns that are nearly empty, and targets of more classes than anyone would look at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tables import configure, prepared, write

from modelstudio.data.split import split_rows
from modelstudio.project.model import SplitConfig


def test_a_column_of_a_few_values_is_left_out_and_said(tmp_path: Path) -> None:
    rows = "".join(f"{i * 7 % 31},{'4.5' if i == 5 else ''},{'ab'[i % 2]}\n" for i in range(100))
    data = configure(write(tmp_path / "t.csv", f"x,z,y\n{rows}"), "y")
    assert {column.name: column.role for column in data.columns}["z"] == "ignored"
    assert prepared(data).fitted.features == ("x",)


def test_classes_named_or_numbered_are_dealt_alike() -> None:
    names = np.array([f"class {i * 7 % 40:02}" for i in range(400)])
    numbers = np.array([i * 7 % 40 for i in range(400)])
    rows = np.arange(400)
    first, second = (split_rows(rows, SplitConfig(), classes) for classes in (names, numbers))
    assert first.test.tolist() == second.test.tolist()
    assert sorted(numbers[first.test]) == sorted([*range(40), *range(40)])
