"""Kinds, roles, target and recipe of a table nobody described."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

import polars as pl
import pytest
from tables import people, write

from modelstudio.data.guess import guess
from modelstudio.data.guess_kinds import guess_kinds
from modelstudio.data.sources import tabular
from modelstudio.engine import projects
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import DropDuplicates, FillMissing, OneHot, Standardise


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
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.String)})
    assert guess_kinds(frame) == {"x": kind}


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ("a,price,b", "price"),
        ("label,a,b", "label"),
        ("a,Sale_Price,b", "Sale_Price"),
        ("x,y,price", "price"),
        ("x,y,z", "y"),
        ("a,b,c", "c"),
        ("id,a,b", "b"),
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


def test_a_target_of_whole_numbers(tmp_path: Path) -> None:
    """Few are classes, more only when they count up or are called classes; 0.0 and 1.0 are too."""
    rows = range(400)

    def kind(name: str, values: list[float]) -> str:
        frame = pl.DataFrame({"x": [f"{i * 0.37}" for i in rows], name: [str(v) for v in values]})
        return guess(frame, name).columns[1].kind

    assert kind("grade", [3 + i % 8 for i in rows]) == "category"
    assert kind("grade", [i % 15 for i in rows]) == "category"
    assert kind("grade", [i % 15 * 2 for i in rows]) == "number"
    assert kind("cover_type", [i % 15 * 2 for i in rows]) == "category"
    assert kind("half", [i % 5 / 2 for i in rows]) == "number"
    assert kind("won", [float(i % 2) for i in rows]) == "category"


def test_numbers_that_name_rows_are_ids_and_measured_ones_are_not() -> None:
    scattered = [i * 7919 % 10_007 for i in range(300)]
    for name, values, kind in (
        ("CustomerId", scattered, "id"),
        ("customer_id", scattered, "id"),
        ("column_1", [value / 10 for value in scattered], "number"),
        ("paid", scattered, "number"),
        ("avoid", scattered, "number"),
        ("row", [10 + 10 * i for i in range(300)], "id"),
    ):
        assert guess_kinds(pl.DataFrame({name: [str(value) for value in values]})) == {name: kind}


def test_what_counts_as_missing_is_said() -> None:
    frame = pl.DataFrame(
        {
            "age": ["NA", "?", "abc", "inf"] + [str(i % 60) for i in range(200)],
            "paid": ["oops", "-"] + [str(i % 70) for i in range(202)],
            "town": ["NA", "Ulm", "Ulm", "Bonn"] * 51,
            "bought": ["no", "yes"] * 102,
        }
    )
    notes = "\n".join(guess(frame, "bought").notes)
    assert "2 cells ('NA', '?') of age stand for a missing value." in notes
    assert "2 cells ('abc', 'inf') of age hold no finite number" in notes
    assert "1 cell ('-') of paid stands for a missing value." in notes
    assert "1 cell ('oops') of paid holds no finite number and counts as missing." in notes
    assert "'NA' counts as a category in town" in notes


@pytest.mark.parametrize(("kinds", "dropped"), [(500, True), (4, False)])
def test_many_equal_rows_are_no_copies(kinds: int, dropped: bool) -> None:
    """A table of few categories repeats itself by nature; dropping would leave next to nothing."""
    x = [f"{i % kinds}" for i in range(500)] + ["1"]
    frame = pl.DataFrame({"x": x, "y": ["no" if int(v) % 2 else "yes" for v in x]})
    result = guess(frame, "y")
    assert (
        next(step for step in result.recipe if isinstance(step, DropDuplicates)).enabled == dropped
    )
    assert any("equal an earlier one" in note for note in result.notes) != dropped


def test_a_wide_table_takes_no_more_passes_than_a_narrow_one() -> None:
    """Looking at each column by itself makes thousands of columns slow."""

    def passes(width: int) -> int:
        cells = ("1.{0}", "town {1}", "some words in a cell, {0}", "2024-01-{1:02}", "same")
        frame = pl.DataFrame(
            {
                f"{cell} {at}": [cell.format(row, 1 + row % 9) for row in range(60)]
                for at in range(width)
                for cell in cells
            }
            | {"y": ["no", "yes"] * 30}
        )
        begun = 0

        def count(frame: FrameType, event: str, arg: object) -> None:
            nonlocal begun
            begun += event == "call" and frame.f_code is pl.LazyFrame.collect.__code__

        sys.setprofile(count)
        try:
            guess(frame)
        finally:
            sys.setprofile(None)
        return begun

    assert passes(40) == passes(4) > 0


def test_equal_rows_are_not_counted_when_a_few_tell_that_they_are_rare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(frame: pl.DataFrame) -> int:
        raise AssertionError("all rows were compared")

    monkeypatch.setattr(pl.DataFrame, "n_unique", refuse)
    rows = range(400)
    guess(pl.DataFrame({"x": [f"{row}.5" for row in rows], "y": [f"{row % 40}" for row in rows]}))


def test_a_name_like_a_pattern_is_a_name() -> None:
    cells = [f"{row / 7}" for row in range(60)]
    frame = pl.DataFrame({"^.*$": cells, "x": ["NA", *cells[1:]], "y": ["no", "yes"] * 30})
    assert {column.name: column.kind for column in guess(frame).columns} == {
        "^.*$": "number",
        "x": "number",
        "y": "category",
    }


@pytest.mark.parametrize("target", ["x", "y"])
def test_whole_numbers_that_are_rounded_are_told(target: str, tmp_path: Path) -> None:
    lines = [f"{at % 17}.5,{2**53 + 801 + at % 50}" for at in range(200)]
    path = tmp_path / "great.csv"
    path.write_text("x,y\n" + "\n".join(lines))
    notes = projects.new_project(path, target=target).notes
    told = [note for note in notes if note.startswith("y has whole numbers of more digits")]
    assert len(told) == 1
    assert "9007199254741793 is read as 9007199254741792." in told[0]
