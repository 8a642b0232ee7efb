"""Reading text tables of any dialect."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from tables import write

from modelstudio.data.sources import tabular
from modelstudio.data.sources.dialect import sniff, unique_names
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_dialects(tmp_path: Path, delimiter: str, encoding: str, ending: str) -> None:
    rows = [["größe", "n"], ["Köln", "1"], [f'"a{delimiter}b"', "2"], ["", "3"]]
    text = ending.join(delimiter.join(row) for row in rows) + ending
    path = write(tmp_path / "t.csv", text.encode(encoding))
    frame = tabular.read(DataConfig(path=str(path)))
    assert frame.columns == ["größe", "n"]
    assert frame.rows() == [("Köln", "1"), (f"a{delimiter}b", "2"), (None, "3")]


def test_line_breaks_and_quotes_inside_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,b\n"one\ntwo",1\n"say ""hi""",2\n')
    frame = tabular.read(DataConfig(path=str(path)))
    assert frame.get_column("a").to_list() == ["one\ntwo", 'say "hi"']


def test_decimal_commas(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a;b\n1,5;x\n-2,25;y\n1.234,5;z\n")
    columns = (Column(name="a", kind="number"), Column(name="b", kind="category"))
    frame = tabular.read(DataConfig(path=str(path), columns=columns))
    assert frame.get_column("a").to_list() == [1.5, -2.25, 1234.5]


def test_words_for_missing_are_categories_unless_said(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\nNA,NA\n1,None\n2,x\n")
    columns = (Column(name="a", kind="number"), Column(name="b", kind="category"))
    data = DataConfig(path=str(path), columns=columns)
    assert tabular.read(data).rows() == [(None, "NA"), (1.0, "None"), (2.0, "x")]
    said = data.changed(csv=CsvOptions(missing=("NA", "None")))
    assert tabular.read(said).rows() == [(None, None), (1.0, None), (2.0, "x")]


def test_spaces_at_the_ends_of_cells_do_not_count(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a , b\n WD ,  3\n")
    assert tabular.read(DataConfig(path=str(path))).rows() == [("WD", "3")]


def test_dates(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "d\n2024-02-29\n01.03.2024\nsoon\n")
    data = DataConfig(path=str(path), columns=(Column(name="d", kind="date"),))
    found = tabular.read(data).get_column("d").to_list()
    assert found == [datetime(2024, 2, 29), datetime(2024, 3, 1), None]


def test_names_are_made_unique() -> None:
    assert unique_names(["a", "", "a", "a_2", " b "]) == ("a", "column_2", "a_2", "a_2_2", "b")


def test_options_override_what_is_found(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a;b,c\n1;2,3\n")
    assert sniff(path, CsvOptions(delimiter=";")).columns == ("a", "b,c")
    assert sniff(path, CsvOptions(delimiter=",")).columns == ("a;b", "c")


def test_inspect_estimates_rows_from_the_beginning(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\n" + "12345,67890\n" * 300_000)
    info = tabular.inspect(path)
    assert info.columns == ("a", "b")
    assert abs(info.rows - 300_000) < 3_000
    small = tabular.inspect(write(tmp_path / "s.csv", "a,b\n1,2\n3,4"))
    assert small.rows == 2


def test_the_fingerprint_follows_the_contents(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", "a\n1\n")
    second = write(tmp_path / "b.csv", "a\n1\n")
    assert tabular.fingerprint(first) == tabular.fingerprint(second)
    write(second, "a\n2\n")
    assert tabular.fingerprint(first) != tabular.fingerprint(second)
