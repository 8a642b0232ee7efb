"""Text tables written in unusual ways, and rows in them that are no samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tables import write
from workbooks import write_workbook

from modelstudio.data.findings.finding import Finding
from modelstudio.data.prepare import clean_rows
from modelstudio.data.sources import ROW, delimited, tabular
from modelstudio.engine.events import drain
from modelstudio.engine.profiling import profile_source
from modelstudio.engine.projects import new_project
from modelstudio.engine.run import describe_data
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.steps import CleanText, FilterRows, LeaveOut, MissingIndicator


def read(path: Path, **how: object) -> pl.DataFrame:
    return tabular.read(DataConfig(path=str(path), csv=CsvOptions(**how)))


@pytest.fixture(params=[1 << 20, 40], ids=["whole", "in pieces"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "BLOCK", request.param)
    monkeypatch.setattr(tabular, "_last", None)


@pytest.mark.usefixtures("blocks")
def test_single_quotation_marks(tmp_path: Path) -> None:
    rows = "'A, B','say \"hi\"',1\n'it''s','two\nlines',2\n" * 9
    frame = read(write(tmp_path / "t.csv", f"'name','note','x'\n{rows}"))
    assert frame.columns == ["name", "note", "x"]
    assert frame.rows()[:2] == [("A, B", 'say "hi"', "1"), ("it's", "two\nlines", "2")]


def test_single_quotation_marks_around_plain_cells(tmp_path: Path) -> None:
    frame = read(write(tmp_path / "t.csv", "a;b\n'x';1\n'y';2\n"))
    assert frame.rows() == [("x", "1"), ("y", "2")]


@pytest.mark.usefixtures("blocks")
def test_apostrophes_are_text(tmp_path: Path) -> None:
    names = ["O'Neil", "'t Hooft", "rock 'n' roll", "'til", "'"]
    rows = "".join(f'{name},"a, {name}",1\n' for name in names * 4)
    frame = read(write(tmp_path / "t.csv", f"name,note,x\n{rows}"))
    assert frame["name"].to_list() == names * 4
    assert frame["note"][1] == "a, 't Hooft"


@pytest.mark.usefixtures("blocks")
def test_two_colons_between_cells(tmp_path: Path) -> None:
    rows = "".join(f"{i}::It: part {i}::War|Crime\n" for i in range(30))
    frame = read(write(tmp_path / "t.dat", rows))
    assert frame.row(7) == ("7", "It: part 7", "War|Crime")
    assert read(tmp_path / "t.dat", delimiter="::").equals(frame)


@pytest.mark.usefixtures("blocks")
def test_spaces_between_cells(tmp_path: Path) -> None:
    rows = "".join(f' {i}.0   {i * 3}\t A{i % 3}  "a {i}"  7 \r\n' for i in range(30))
    frame = read(write(tmp_path / "t.data", rows))
    assert frame.row(8) == ("8.0", "24", "A2", "a 8", "7")


@pytest.mark.parametrize(
    "lines", ["name\nJohn Smith\nAnn Bell\n", "note\nit is 3 now\nso 4 it was\n"]
)
def test_spaces_in_words_part_nothing(tmp_path: Path, lines: str) -> None:
    assert read(write(tmp_path / "t.csv", lines)).width == 1


def test_a_first_row_like_the_others_is_no_header(tmp_path: Path) -> None:
    rows = "".join(f"{'ham spam'.split()[i % 2]}\tsome words {i}\n" for i in range(40))
    assert read(write(tmp_path / "t.txt", rows)).height == 40
    assert read(write(tmp_path / "u.txt", f"kind\ttext\n{rows}")).height == 40


def test_lines_with_one_cell_filled_above_the_header(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "Sales of 2020,,\n,,\nregion,x,y\n" + "north,1,2\n" * 9)
    assert read(path).columns == ["region", "x", "y"]
    assert "first 2 lines" in tabular.inspect(path).notes[0]


def test_a_delimiter_at_the_end_of_every_line(tmp_path: Path) -> None:
    rows = "region,x,y,\n" + "north,1,2,\n" * 30
    path = write(tmp_path / "t.csv", f"Sales of 2020,,,\nBy hand,,,\n,,,\n{rows}Made by: me,,\n")
    assert read(path).columns == ["region", "x", "y", "column_4"]
    assert read(path).row(-1) == ("Made by: me", None, None, None)
    path = write(tmp_path / "u.csv", f"Sales of 2020,,\nBy hand,,\n\n{rows}Made by: me,,\n")
    assert read(path).shape == (31, 4)
    path = write(tmp_path / "v.csv", "region,x,y\n" + "north,1,2\nsouth,3,4,\n" * 9)
    assert read(path).row(1) == ("south", "3", "4")
    path = write(tmp_path / "w.csv", "region,x,y\n" + "north,1,2\nsouth,3\n" * 9)
    with pytest.raises(DataError, match="has 2 cells, but the header has 3"):
        read(path)


def test_an_empty_column_of_a_sheet_is_no_matter_for_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [["x", "", "y"], *([at, None, at % 2] for at in range(9))]
    path = write_workbook(tmp_path / "t.xlsx", {"A": rows})
    assert read(path).height == 9
    assert not caplog.records


def test_comments_above_the_header(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "# of 2020, by hand\n#x\na,b,c\n" + "1,2,3\n" * 9)
    assert read(path).columns == ["a", "b", "c"]
    assert read(write(tmp_path / "u.csv", "#a,b,c\n1,2,3\n1,2,4\n")).columns == ["#a", "b", "c"]


def test_rows_above_the_header_of_a_sheet(tmp_path: Path) -> None:
    rows = [["Sales 2020"], [], ["", "x", "kind"], ["region", "y", "z"], ["north", 2, "a"]]
    path = write_workbook(tmp_path / "t.xlsx", {"A": rows})
    data = DataConfig(path=str(path))
    frame = tabular.finish(tabular.reading_plain(path, data))
    assert (frame.columns, frame.rows()) == (["region", "y", "z"], [("north", 2.0, "a")])
    assert "first 3 rows" in tabular.inspect(path).notes[0]
    plain = write_workbook(tmp_path / "u.xlsx", {"A": [[None, "x", "y"], [1, 2, 3]]})
    assert tabular.inspect(plain).columns == ("column_1", "x", "y")


@pytest.mark.usefixtures("blocks")
def test_a_note_of_one_cell_below_the_table(tmp_path: Path) -> None:
    rows = "1,2,x\n" * 20
    frame = read(write(tmp_path / "t.csv", f"a,b,c\n{rows}\nSource: the office\n* of 2020\n"))
    assert frame.rows()[-2:] == [("Source: the office", None, None), ("* of 2020", None, None)]
    for content in (f"a,b,c\n{rows}Source: us\n{rows}", f"a,b,c\n{rows}12\n", "a,b,c\nto us:\n"):
        with pytest.raises(DataError, match="has 1 cell, but the header has 3"):
            read(write(tmp_path / "u.csv", content))


def sales(rows: int = 60) -> list[str]:
    random = np.random.default_rng(0)
    places = random.choice(["north", "south", "east"], rows)
    return [f"{place},P{i % 5},{i * 37 % 91}.5,{i * 29 % 53}" for i, place in enumerate(places)]


def found_in(path: Path, rows: list[str]) -> dict[str, Finding]:
    write(path, "\n".join(["region,product,sales,cost", *rows]) + "\n")
    return {each.kind: each for each in drain(profile_source(path, "cost")).findings}


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ("Total,,{sales},{cost}", "total_row"),
        (",Summe:,{sales},{cost}", "total_row"),
        (",,{sales},{cost}", "total_row"),
        ("Mean,,40.1,20.2", "total_row"),
        ("Source: the office of statistics,,,", "note_row"),
    ],
)
def test_a_row_that_is_no_sample_is_found_and_left_out(
    tmp_path: Path, last: str, kind: str
) -> None:
    rows = sales()
    sums = [sum(float(row.split(",")[at]) for row in rows) for at in (2, 3)]
    rows.append(last.format(sales=sums[0], cost=sums[1]))
    found = found_in(tmp_path / "t.csv", rows)
    assert (found[kind].rows, found[kind].count) == ((60,), 1)
    assert not found.keys() & {"outliers", "target_leak", "near_duplicates"}
    step = found[kind].fix
    assert isinstance(step, FilterRows)
    draft = new_project(tmp_path / "t.csv", target="cost")
    assert any(note.startswith(found[kind].text) for note in draft.notes)
    data = draft.project.data.changed(recipe=(step,))
    kept, _ = clean_rows(data, tabular.read(data).with_row_index(ROW))
    assert kept[ROW].to_list() == list(range(60))


def test_a_single_total_above_a_note_is_named_by_its_row(tmp_path: Path) -> None:
    found = found_in(tmp_path / "t.csv", [*sales(), "Total,,1,2", "Source: the office,,,"])
    assert (found["total_row"].text, found["note_row"].text) == (
        "Row 61 is a total",
        "Last row is a note",
    )


def test_a_long_note_is_left_out_by_its_number(tmp_path: Path) -> None:
    gaps = ["north,,1.5,2", "north,P1,,2", "north,P1,1.5,"]
    found = found_in(tmp_path / "t.csv", [*gaps, *sales(), f"Source: {'a b' * 3000},,,"])
    assert found["note_row"].fix == LeaveOut(rows="64")


@pytest.mark.parametrize(
    "rows",
    [
        sales(),
        [*sales(), "north,,12.5,3"],
        [*sales(), ",,,"],
        [f"Total,{row[6:]}" for row in sales()],
    ],
)
def test_an_ordinary_end_is_no_total(tmp_path: Path, rows: list[str]) -> None:
    assert not found_in(tmp_path / "t.csv", rows).keys() & {"total_row", "note_row"}


def test_one_category_in_several_spellings(tmp_path: Path) -> None:
    rows = [
        row.replace("north", ("North", "north", "NORTH ")[i % 3]) for i, row in enumerate(sales())
    ]
    found = found_in(tmp_path / "t.csv", rows)["spelling"]
    assert found.columns == ("region",)
    assert isinstance(found.fix, CleanText)
    assert all("north" in rows[row].lower() for row in found.rows)
    asked = drain(profile_source(tmp_path / "t.csv", "region")).findings
    told = next(finding for finding in asked if finding.kind == "spelling")
    assert told.text.endswith("count as different classes until the file writes them alike")
    assert "spelling" not in found_in(tmp_path / "u.csv", sales())


def test_a_word_among_a_hundred_thousand_numbers(tmp_path: Path) -> None:
    rows = [f"{i * 7919 % 10007},{i % 2}" for i in range(100_000)]
    rows[54_321] = "oops,1"
    path = write(tmp_path / "t.csv", "\n".join(["x,y", *rows]))
    found = {each.kind: each for each in drain(profile_source(path, "y")).findings}
    assert found["mixed_types"].rows == (54_321,)
    assert found["mixed_types"].fix == MissingIndicator(columns=("x",))


@pytest.mark.parametrize("worked_out", ["a + b", "a - b", "b - a", "a * b", "a / b"])
def test_a_target_worked_out_of_two_features(tmp_path: Path, worked_out: str) -> None:
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"a": random.uniform(1, 9, 200), "b": random.uniform(1, 9, 200)})
    frame = frame.with_columns(pl.sql_expr(worked_out).alias("y"), c=random.normal(size=200))
    frame.write_csv(tmp_path / "t.csv")
    leaks = [
        each
        for each in drain(profile_source(tmp_path / "t.csv", "y")).findings
        if each.kind == "target_leak"
    ]
    assert [(leak.text, set(leak.columns)) for leak in leaks] == [
        (f"y is {worked_out}", {"a", "b", "y"})
    ]


def test_the_window_is_told_what_the_command_line_is(tmp_path: Path) -> None:
    rows = [*sales(), "Total,,1,2"]
    rows[7] = rows[7].replace(".5,", ".5 or so,")
    told = found_in(tmp_path / "t.csv", rows).keys()
    project = new_project(tmp_path / "t.csv", target="cost").project
    seen = {finding.kind for finding in drain(describe_data(project)).findings}
    assert seen >= {"total_row", "mixed_types"} <= told
