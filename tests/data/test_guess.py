"""Kinds, roles, target and recipe of a table nobody described."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from tables import people, write

from modelstudio.data.guess import guess, guess_kind
from modelstudio.data.sources import tabular
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import FillMissing, OneHot, Standardise


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2.5", None, "-3e4"], "number"),
        (["1", "NA", "3", "?"], "number"),
        (["$1,234.50", "$ 12", "3"], "number"),
        (["12 %", "3.5%"], "number"),
        (["red", "blue", "red", None], "category"),
        (["2024-01-01", "2024-01-02"], "date"),
        ([f"user{i:04}" for i in range(100)], "id"),
        ([f"A sentence that goes on and on, number {i}." for i in range(100)], "text"),
        ([str(i) for i in range(1, 101)], "id"),
        ([str(i * 7 % 101) for i in range(1, 101)], "number"),
        ([None, None], "number"),
    ],
)
def test_kinds(values: list[str | None], kind: str) -> None:
    assert guess_kind(pl.Series("x", values, dtype=pl.String)) == kind


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("a,price,b", "price"),
        ("label,a,b", "label"),
        ("a,Sale_Price,b", "Sale_Price"),
        ("a,b,c", "c"),
    ],
)
def test_the_target_is_guessed_and_said(tmp_path: Path, header: str, target: str) -> None:
    rows = "".join(f"{i * 1.37 % 11},{i * 2.11 % 13},{i * 3.3 % 17}\n" for i in range(60))
    frame = tabular.read(DataConfig(path=str(write(tmp_path / "t.csv", f"{header}\n{rows}"))))
    result = guess(frame)
    assert [column.name for column in result.columns if column.role == "target"] == [target]
    assert target in result.notes[0]


def test_a_table_of_people(tmp_path: Path) -> None:
    lines = people(60).splitlines()
    text = "\n".join(
        [f"id,{lines[0]},empty,same"]
        + [f"{number},{line},,1" for number, line in enumerate(lines[1:], 1)]
    )
    frame = tabular.read(DataConfig(path=str(write(tmp_path / "t.csv", text + "\n"))))
    result = guess(frame, "bought")
    roles = {column.name: (column.kind, column.role) for column in result.columns}
    assert roles["age"] == ("number", "feature")
    assert roles["town"] == ("category", "feature")
    assert roles["income"] == ("number", "feature")
    assert roles["bought"] == ("category", "target")
    assert {name for name, (_, role) in roles.items() if role == "ignored"} == {
        "id",
        "empty",
        "same",
    }
    assert any("id" in note for note in result.notes)
    steps = [type(step) for step in result.recipe]
    assert steps.index(FillMissing) < steps.index(Standardise) < steps.index(OneHot)


def test_few_whole_numbers_are_classes_and_many_are_a_value() -> None:
    few = pl.DataFrame({"x": [str(i) for i in range(50)], "y": [str(i % 3) for i in range(50)]})
    many = pl.DataFrame({"x": few["x"], "y": [str(i * 31 % 997) for i in range(50)]})
    assert guess(few, "y").columns[1].kind == "category"
    assert guess(many, "y").columns[1].kind == "number"
