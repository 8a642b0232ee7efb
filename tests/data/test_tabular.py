"""Reading text tables of any dialect."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tables import write

from modelstudio.data import preview
from modelstudio.data.guess import guess
from modelstudio.data.guess_kinds import guess_kinds
from modelstudio.data.sources import delimited, mapped, tabular, values
from modelstudio.data.sources.dialect import sniff
from modelstudio.data.sources.header import unique_names
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column

CHARACTERS = st.characters(exclude_categories=["C"]) | st.sampled_from('\n",;\t|')


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
    assert guess_kinds(tabular.read(DataConfig(path=str(path))))["a"] == "number"


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_number_for_missing_is_one_however_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, large: bool
) -> None:
    """In numbers; a category is taken by its letters."""
    if large:
        monkeypatch.setattr(mapped, "LIMIT", 0)
    cells = ["-999", "-999.0", "-9.99e2", "7", "-99.9", None]
    frame = pl.DataFrame({"x": cells, "c": cells})
    if suffix == ".csv":
        frame.write_csv(path := tmp_path / "t.csv")
    else:
        frame.with_columns(pl.col("x").cast(pl.Float64)).write_parquet(path := tmp_path / "t.pq")
    columns = (Column(name="x", kind="number"), Column(name="c", kind="category"))
    read = tabular.read_table(path, DataConfig(columns=columns, csv=CsvOptions(missing=("-999",))))
    assert read["x"].to_list() == [None, None, None, 7.0, -99.9, None]
    assert read["c"].to_list() == [None, *cells[1:]]
    text = pl.Series("x", ["-999.00 km", "2 km", None])
    options = CsvOptions(missing=("-999",))
    assert values.typed(text, columns[0], options).to_list() == [None, 2.0, None]


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


def test_a_table_is_read_once_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "t.csv", "a\n1\n2\n")
    parse, parsed = tabular.read_text, []
    monkeypatch.setattr(tabular, "read_text", lambda *a, **k: parsed.append(a) or parse(*a, **k))
    data = DataConfig(path=str(path))
    assert tabular.read(data).equals(tabular.read(data))
    assert len(parsed) == 1
    tabular.read(data.changed(csv=CsvOptions(delimiter=";")))
    assert len(parsed) == 2
    write(path, "a\n1\n2\n3\n")
    assert tabular.read(data).height == 3


def test_the_fingerprint_follows_the_contents(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", "a\n1\n")
    second = write(tmp_path / "b.csv", "a\n1\n")
    assert tabular.fingerprint(first) == tabular.fingerprint(second)
    write(second, "a\n2\n")
    assert tabular.fingerprint(first) != tabular.fingerprint(second)


@pytest.mark.parametrize(
    ("content", "columns", "rows"),
    [
        ("a,b\n1,2\n\n  \n3,4\n\n", ("a", "b"), [("1", "2"), ("3", "4")]),
        ("\n\na,b\n1,2\n", ("a", "b"), [("1", "2")]),
        ("a,b\r1,2\r3,4\r", ("a", "b"), [("1", "2"), ("3", "4")]),
        ("a,b\n1,\n,\n", ("a", "b"), [("1", None), (None, None)]),
        ('"a\nx",b\n1,2\n', ("a\nx", "b"), [("1", "2")]),
        ("sep=;\na;b\n1;2\n", ("a", "b"), [("1", "2")]),
        ("# made by x\na,b\n1,2\n3,4\n", ("a", "b"), [("1", "2"), ("3", "4")]),
        ("a,b\n1,x,2\n2,y,3\n", ("column_1", "a", "b"), [("1", "x", "2"), ("2", "y", "3")]),
        ("a,b\n1,x,\n2,y,\n", ("a", "b", "column_3"), [("1", "x", None), ("2", "y", None)]),
        (",a\n1,x\n", ("column_1", "a"), [("1", "x")]),
        ("__row__,a\n1,x\n", ("row", "a"), [("1", "x")]),
        ('a,b\n5" pipe,2\n3,4\n', ("a", "b"), [('5" pipe', "2"), ("3", "4")]),
        ('a, b\n1, "x,y"\n', ("a", "b"), [("1", "x,y")]),
        ("[a],b\n1,2\n", ("[a]", "b"), [("1", "2")]),
        ('n;t\nA;"b, c"\nB;"a, b, c"\n', ("n", "t"), [("A", "b, c"), ("B", "a, b, c")]),
    ],
)  # fmt: skip
def test_tables_as_programs_write_them(
    tmp_path: Path, content: str, columns: tuple[str, ...], rows: list[tuple[str | None, ...]]
) -> None:
    frame = tabular.read(DataConfig(path=str(write(tmp_path / "we[1]rd*.csv", content))))
    assert tuple(frame.columns) == columns
    assert frame.rows() == rows


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n4.7,3.2,other\n", False),
        ("39,State-gov,77516\n50,Private,83311\n", False),
        ("country,2019,2020\nA,1,2\nB,3,4\n", True),
        ("0,1,2,label\n3,4,5,a\n1,2,2,b\n", True),
        ("name,town\nAda,London\n", True),
        ("?,3,4\n1,2,2\n", False),
    ],
)
def test_a_header_line_is_told_from_a_row(tmp_path: Path, content: str, named: bool) -> None:
    dialect = sniff(write(tmp_path / "t.csv", content), CsvOptions())
    assert (dialect.columns[1] != "column_2") == named
    assert any("no header" in note for note in dialect.notes) != named


def test_encodings_without_a_mark_and_odd_bytes_far_down(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "a,b\nx,2\n".encode("utf-16-le"))
    assert tabular.read(DataConfig(path=str(path))).rows() == [("x", "2")]
    path = write(tmp_path / "b.csv", b"a,b\n" + b"xx,1\n" * 250_000 + b"\xe9t\xe9,2\n")
    assert tabular.read(DataConfig(path=str(path))).row(-1) == ("été", "2")
    path = write(tmp_path / "c.csv", b"a,b\n" + b"xx,1\n" * 250_000 + b"\x00,2\n")
    with pytest.raises(DataError, match="Line 250,002"):
        tabular.read(DataConfig(path=str(path)))


def test_thousands_currencies_and_per_cent(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,b\n"1,234.5",x\n"$12,000",x\n7 %,x\n"1,2",x\n')
    columns = (Column(name="a", kind="number"), Column(name="b", kind="category"))
    frame = tabular.read(DataConfig(path=str(path), columns=columns))
    assert frame.get_column("a").to_list() == [1234.5, 12000.0, 7.0, None]


@given(
    rows=st.lists(
        st.lists(st.text(CHARACTERS, max_size=6), min_size=2, max_size=2),
        min_size=2,
        max_size=8,
    ),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)  # fmt: skip
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([["name", "other"], *rows])
    frame = tabular.read(DataConfig(path=str(path), csv=CsvOptions(delimiter=delimiter)))
    assert frame.rows() == [tuple(cell.strip() or None for cell in row) for row in rows]


@pytest.mark.parametrize(
    ("header", "row", "encoding"),
    [
        ("a,b,c", '{0}.5,"words, {1}",x', "utf-8"),
        ("a,b,c", '{0}.5,"two\nlines {1}",x', "utf-8"),
        ("a;b;c", "{0},25;näher {1};x", "cp1252"),
        ("a\tb\tc", "{0}\tü {1}\t", "utf-16"),
        ("A title above\na,b,c", "{0},{1},$5", "utf-8-sig"),
    ],
)
def test_the_head_of_a_large_table_is_what_reading_all_gives(
    tmp_path: Path, header: str, row: str, encoding: str
) -> None:
    path = tmp_path / "t.csv"
    rows = "\n".join(row.format(at, at % 7) for at in range(120_000))
    path.write_text(f"{header}\n{rows}\n", encoding=encoding)
    data = DataConfig(path=str(path))
    whole = tabular.read(data)
    first = tabular.head(path, data, 200)
    assert first is not None
    assert first.equals(whole.head(200))
    typed = data.changed(columns=guess(whole).columns)
    assert tabular.head(path, typed, 50).equals(tabular.read(typed).head(50))


def test_a_head_ends_with_the_last_whole_row(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    long = "x" * 400_000
    path.write_text("a,b\n" + f"1,{long}\n" * 4, encoding="utf-8")
    first = tabular.head(path, DataConfig(path=str(path)), 200)
    assert first.get_column("b").to_list() == [long] * 2


def test_a_small_table_has_no_head_and_a_bad_one_says_why(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    assert tabular.head(path, DataConfig(path=str(path)), 200) is None
    path.write_text("a,b\n" + "1,2\n" * 50 + "1,2,3\n" + "1,2\n" * 500_000, encoding="utf-8")
    with pytest.raises(DataError, match="Line 52 of"):
        tabular.head(path, DataConfig(path=str(path)), 200)
    assert preview.head(DataConfig(path=str(path))) is None


@pytest.mark.parametrize("block", [1, 3, 5])
def test_blocks_may_end_inside_a_character_or_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(delimited, "BLOCK", block)
    path = tmp_path / "t.csv"
    path.write_text("ä,b\n\nü€,1\n\n\n𝄞,2\n", encoding="utf-8")
    frame = tabular.read(DataConfig(path=str(path)))
    assert frame.to_dict(as_series=False) == {"ä": ["ü€", "𝄞"], "b": ["1", "2"]}
    path.write_bytes("a,b\n1,2\n3,ü".encode()[:-1])
    frame = tabular.read(DataConfig(path=str(path)))
    assert frame.to_dict(as_series=False) == {"a": ["1", "3"], "b": ["2", "Ã"]}
