"""Tables that say what they mean in a way that is hard to read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from modelstudio.data.guess import guess, guess_kinds
from modelstudio.data.sources import finish, read_plain
from modelstudio.engine.profiling import profile_source
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_dates_beyond_the_years_1_to_9999_are_missing_and_told(tmp_path: Path, ending: str) -> None:
    days = [f"20{at % 90 + 10}-03-0{at % 9 + 1}" for at in range(60)]
    cells = pl.Series("t", ["0000-00-00", "0000-01-01", "-0044-03-15", *days])
    frame = pl.DataFrame({"t": cells, "x": range(63), "y": ["a", "b", "c"] * 21})
    path = tmp_path / f"t.{ending}"
    if ending == "csv":
        frame.write_csv(path)
    else:
        times = cells.str.to_datetime("%Y-%m-%d", strict=False, time_unit="ms")
        frame.with_columns(times).write_parquet(path)
    found = finish(profile_source(path, "y"))
    date = next(column for column in found.columns if column["name"] == "t")
    assert (date["kind"], date["missing"], date["range"][0][:4]) == ("date", 3, "2010")
    assert any("before the year 1" in note for note in found.notes)


def rows_of(tmp_path: Path, text: str) -> pl.DataFrame:
    path = tmp_path / "t.csv"
    path.write_text(text)
    return read_plain(DataConfig(path=str(path)))


@pytest.mark.parametrize("mark", ["^", "||"])
def test_rare_delimiters(tmp_path: Path, mark: str) -> None:
    text = "a,b,y\n" + "".join(f"{n},{n / 2},x\n" for n in range(30))
    assert rows_of(tmp_path, text.replace(",", mark)).row(3) == ("3", "1.5", "x")


def test_quotation_marks_behind_backslashes(tmp_path: Path) -> None:
    text = "a,b\n" + "".join(f'"he \\"x\\" , {n} \\\\",{n}\n' for n in range(30))
    assert rows_of(tmp_path, text).row(3) == ('he "x" , 3 \\', "3")


def test_a_line_too_long_is_no_table_without_rows(tmp_path: Path) -> None:
    assert rows_of(tmp_path, f"a,b\n1,{'x' * (12 << 20)}\n2,y\n").height == 2
    with pytest.raises(DataError, match=r"Line 2 of t\.csv is longer than 16 MB"):
        rows_of(tmp_path, f"a,b\n1,{'x' * (17 << 20)}\n2,y\n")


def test_columns_without_names_are_no_title(tmp_path: Path) -> None:
    frame = rows_of(tmp_path, ",,y\n" + "".join(f"{n},{n / 3},a\n" for n in range(30)))
    assert (frame.columns, frame.height) == (["column_1", "column_2", "y"], 30)


def test_whole_numbers_beyond_the_doubles_are_ids() -> None:
    cells = [str(1234567890123456789 + at) for at in range(300)]
    assert guess_kinds(pl.DataFrame({"tweet": cells}))["tweet"] == "id"


def test_decimals_between_the_rows_of_the_sample_are_seen() -> None:
    frame = pl.DataFrame({"h": [str(at / 2) for at in range(30_000)] + ["oops"]})
    found = guess(frame.with_columns(y=pl.Series(["a", "b", "c"] * 10_000 + ["a"])), "y")
    assert found.columns[0].kind == "number"


def test_a_table_of_one_column_is_described(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("town\n" + "Ulm\nBonn\nUlm\n" * 20)
    found = finish(profile_source(path))
    assert [column["distinct"] for column in found.columns] == [2]
    assert any("only the column town" in note for note in found.notes)
