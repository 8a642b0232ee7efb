"""Answers are written in the format that the ending of the file says, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from modelstudio.engine.answer_files import check_answers, write_answers
from modelstudio.errors import DataError
from modelstudio.recipe.columns import Column

TABLE = pl.DataFrame(
    {
        "id": [17.0, 4e9],
        "width": ["1.5", "2"],
        "code": ["007", None],
        "prediction": ["iris", None],
        "probability_iris": [0.75, None],
    }
)
COLUMNS = (Column(name="width", kind="number"), Column(name="code", kind="category"))
TYPED = [(17, 1.5, "007", "iris", 0.75), (4_000_000_000, 2.0, None, None, None)]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "jsonl", "tsv", "CSV"])
def test_each_ending_is_what_it_says(ending: str, tmp_path: Path) -> None:
    out = tmp_path / f"out.{ending}"
    check_answers(out)
    write_answers(out, [TABLE[:1], TABLE[1:]], ["id", "width", "code"], COLUMNS)
    match ending:
        case "parquet":
            assert pl.read_parquet(out).rows() == TYPED
        case "arrow":
            assert pl.read_ipc(out).rows() == TYPED
        case "jsonl":
            lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
            assert [tuple(line.values()) for line in lines] == TYPED
        case _:
            sign = "\t" if ending == "tsv" else ","
            first = out.read_text("utf-8").splitlines()[1].split(sign)
            assert first == ["17", "1.5", "007", "iris", "0.75"]


def test_cells_that_are_no_numbers_stay_text(tmp_path: Path) -> None:
    table = pl.DataFrame({"width": ["1.5", "wide"]})
    write_answers(tmp_path / "out.parquet", [table], ["width"], COLUMNS)
    assert pl.read_parquet(tmp_path / "out.parquet")["width"].to_list() == ["1.5", "wide"]


@pytest.mark.parametrize("name", ["out.xlsx", "out.csv.gz", "out.onnx"])
def test_other_endings_are_refused(name: str) -> None:
    with pytest.raises(DataError) as caught:
        check_answers(Path(name))
    assert ".csv" in str(caught.value.fix)
