"""Columns that are nearly empty, classes in number, and quotation marks left open."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tables import configure, prepared, write

from modelstudio.data.guess import guess
from modelstudio.data.sources import tabular
from modelstudio.data.split import split_rows
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig, SplitConfig


def test_a_column_of_a_few_values_is_left_out_and_said(tmp_path: Path) -> None:
    rows = "".join(f"{i * 7 % 31},{'4.5' if i == 5 else ''},{'ab'[i % 2]}\n" for i in range(100))
    data = configure(write(tmp_path / "t.csv", f"x,z,y\n{rows}"), "y")
    assert {column.name: column.role for column in data.columns}["z"] == "ignored"
    assert prepared(data).fitted.inputs[0].columns == ("x",)


def test_classes_named_or_numbered_are_dealt_alike() -> None:
    names = np.array([f"class {i * 7 % 40:02}" for i in range(400)])
    numbers = np.array([i * 7 % 40 for i in range(400)])
    rows = np.arange(400)
    first, second = (split_rows(rows, SplitConfig(), classes) for classes in (names, numbers))
    assert first.test.tolist() == second.test.tolist()
    assert sorted(numbers[first.test]) == sorted([*range(40), *range(40)])


@pytest.mark.parametrize("cells", ['1,2,"x', '1,"x,2', '"1,x,2'])
def test_a_quotation_mark_that_swallows_the_rest_is_found(tmp_path: Path, cells: str) -> None:
    table = "a,b,c\n" + "1,2,3\n" * 30 + cells + "\n" + "4,5,6\n" * 50
    with pytest.raises(DataError, match=r"quotation mark in line 32 .* never closed"):
        tabular.read(DataConfig(path=str(write(tmp_path / "t.csv", table))))


def test_a_last_cell_of_several_lines_is_no_mistake(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,b\n1,x\n2,"two\nlines"\n\n')
    assert tabular.read(DataConfig(path=str(path)))[-1, -1] == "two\nlines"


def test_why_a_column_of_words_is_ignored() -> None:
    frame = pl.DataFrame(
        {
            "town": [f"town {i * 7 % 90}" for i in range(200)],
            "note": [f"A note of many words, the one of number {i}" for i in range(200)],
            "y": ["a", "b"] * 100,
        }
    )
    frame = frame.with_columns(name=pl.format("Mr. {}", "town"), z=pl.int_range(200) % 7)
    notes = guess(frame.drop("note"), "y").notes
    assert "town is ignored: it has too many categories." in notes
    assert "name is ignored: it holds short texts, such as names." in notes
    notes = guess(frame, "y").notes
    assert any(note.startswith("note, name: the text becomes words") for note in notes)
