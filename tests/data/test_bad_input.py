"""Each kind of bad table gets a sentence that says what is wrong and what to do."""

from __future__ import annotations

import codecs
import json
import zipfile
from pathlib import Path

import pytest
from tables import configure, people, prepared, write

from modelstudio.data.sources import tabular
from modelstudio.data.sources.dialect import MOST_COLUMNS
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column


def read(path: Path, **csv: object) -> None:
    tabular.read(DataConfig(path=str(path), csv=CsvOptions(**csv)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"a,b,c\n", "header line but no rows"),
        (b"a,b,c", "header line but no rows"),
        (b"a,b,c\n1,2,3\n1,2\n4,5,6\n", "Line 3 of t.csv has 2 cells, but the header has 3"),
        (b"a,b\n1,2\n1,2,3\n", "Line 3 of t.csv has 3 cells, but the header has 2"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a PNG picture"),
        (b"PK\x03\x04" + bytes(100), "a zip or Excel file"),
        (b"%PDF-1.7\n%\xe2\xe3\n", "a PDF document"),
        (b"a,b\n1,\x00\n", "binary data"),
        (bytes(range(1, 200)) * 20 + b"\n", "binary data"),
        (json.dumps([{"a": 1}]).encode() + b"\n", "is JSON"),
        (b"<html>\n<body>\n", "XML or HTML"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read(write(tmp_path / "t.csv", content))
    assert caught.value.fix


def test_an_excel_file_by_another_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "t.csv", "w") as file:
        file.writestr("xl/workbook.xml", "x")
    with pytest.raises(DataError, match="Excel"):
        read(tmp_path / "t.csv")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        read(tmp_path / "no.csv")
    with pytest.raises(DataError, match="folder"):
        read(tmp_path)


def test_a_line_without_end(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no line break"):
        read(write(tmp_path / "t.csv", b"1," * (9 << 20)))


def test_too_many_columns(tmp_path: Path) -> None:
    row = ",".join(["1"] * (MOST_COLUMNS + 1))
    with pytest.raises(DataError, match="columns"):
        read(write(tmp_path / "t.csv", f"{row}\n{row}\n"))


def test_a_wrong_encoding_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "stadt,x\nKöln,1\n".encode("latin-1"))
    with pytest.raises(DataError, match="not written in utf-8"):
        read(path, encoding="utf-8")
    with pytest.raises(DataError, match="no text encoding called klingon"):
        read(path, encoding="klingon")


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\n1,2\n")
    data = DataConfig(path=str(path), columns=(Column(name="c", kind="number"),))
    with pytest.raises(DataError, match=r"no column c") as caught:
        tabular.read(data)
    assert "a, b" in str(caught.value.fix)
    with pytest.raises(DataError, match="no column bought"):
        configure(path, "bought")


def test_a_second_file_with_other_columns(tmp_path: Path) -> None:
    data = configure(write(tmp_path / "t.csv", people()))
    tests = write(tmp_path / "tests.csv", "age,town,bought\n30,Ulm,no\n")
    split = data.split.changed(test_path=str(tests))
    with pytest.raises(DataError, match=r"tests.csv has no column income"):
        prepared(data.changed(split=split))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("x,y\n" + "1,a\n2,a\n" * 20, "only one class, 'a'"),
        ("x,y\n" + f"1,{'a' * 60}\n2,{'a' * 60}\n" * 20, f"only one class, '{'a' * 29}…'"),
        ("x,y\n" + "".join(f"{i},7.5\n" for i in range(30)), "is 7.5 in every training row"),
        ("x,y\n" + "".join(f"{i % 5},name{i}\n" for i in range(60)), "classes for"),
        ("x,y\n" + "".join(f"{i},\n" for i in range(30)), "empty in every"),
    ],
    ids=["one class", "long class", "constant", "more classes than rows", "no target"],
)
def test_targets_that_teach_nothing(tmp_path: Path, table: str, said: str) -> None:
    path = write(tmp_path / "t.csv", table)
    data = configure(path, "y")
    if said.startswith("is 7.5"):
        columns = (data.columns[0], Column(name="y", kind="number", role="target"))
        data = data.changed(columns=columns)
    with pytest.raises(DataError, match=said) as caught:
        prepared(data)
    assert caught.value.fix


def test_a_feature_that_is_empty_in_training_rows(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.csv", "x,z,y\n" + "".join(f"{i},,{'ab'[i % 2]}\n" for i in range(40))
    )
    data = configure(path, "y")
    assert data.columns[1].role == "ignored"
    columns = tuple(
        c.model_copy(update={"role": "feature"}) if c.name == "z" else c for c in data.columns
    )
    with pytest.raises(DataError, match=r"z is (empty|missing)"):
        prepared(data.changed(columns=columns))


def test_nothing_to_learn_from(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        prepared(configure(write(tmp_path / "t.csv", "y\na\nb\n"), "y"))
    data = configure(write(tmp_path / "u.csv", people()))
    ignored = tuple(
        column.model_copy(update={"role": "ignored"}) if column.role == "feature" else column
        for column in data.columns
    )
    with pytest.raises(DataError, match="No column is a feature"):
        prepared(data.changed(columns=ignored))
    no_target = tuple(c for c in data.columns if c.role != "target")
    with pytest.raises(DataError, match="No column is the target"):
        prepared(data.changed(columns=no_target))


def test_infinity_and_nan_are_missing_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "x,y\n1,a\ninf,b\nNaN,a\n-inf,b\n2.5,a\n")
    columns = (Column(name="x", kind="number"), Column(name="y", kind="category", role="target"))
    frame = tabular.read(DataConfig(path=str(path), columns=columns))
    assert frame.get_column("x").to_list() == [1, None, None, None, 2.5]


def test_a_class_of_one_row_trains(tmp_path: Path) -> None:
    rows = "".join(f"{i},{'ab'[i % 2]}\n" for i in range(40))
    data = configure(write(tmp_path / "t.csv", "x,y\n" + rows + "99,rare\n"), "y")
    result = prepared(data)
    assert result.fitted.target.classes == ("a", "b", "rare")
    assert 2 in result.train.truth


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, b""])
def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path, mark: bytes) -> None:
    frame = tabular.read(DataConfig(path=str(write(tmp_path / "t.csv", mark + b"a,b\n1,2\n"))))
    assert frame.columns == ["a", "b"]


def test_a_file_one_may_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path / "t.csv", "a,b\n1,2\n")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"may not read t\.csv"):
        read(path)
    with pytest.raises(DataError, match=r"may not read t\.csv"):
        tabular.fingerprint(path)


def test_a_quotation_mark_that_is_never_closed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"quotation mark in line 3 of t\.csv is never closed"):
        read(write(tmp_path / "t.csv", 'a,b\n1,2\n"3,4\n5,6\n'))


def test_prose_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not look like a table: line 2 has 3 cells"):
        read(write(tmp_path / "t.csv", "It was a day.\nA, then B, then C.\nNothing more.\n"))


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "é"])
def test_a_delimiter_that_cannot_be(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path / "t.csv", "a,b\n1,2\n")
    if not delimiter:
        data = DataConfig(csv=CsvOptions(delimiter=delimiter))
        assert tabular.inspect(path, data).columns == ("a", "b")
        return
    with pytest.raises(DataError, match="cannot be the delimiter"):
        read(path, delimiter=delimiter)


def test_a_second_file_names_what_is_missing_and_what_is_new(tmp_path: Path) -> None:
    data = configure(write(tmp_path / "t.csv", people()))
    other = write(tmp_path / "u.csv", "age,city,income,bought\n30,Ulm,1,no\n")
    with pytest.raises(DataError, match="no column town") as caught:
        tabular.read_table(other, data)
    assert "It has city besides" in str(caught.value.fix)
