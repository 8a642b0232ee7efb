"""Tables in files of every format become the same table."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from tables import write
from workbooks import write_workbook

from modelstudio.data import preview, sources
from modelstudio.data.guess import guess, guess_kinds
from modelstudio.data.sources import (
    CHOOSE,
    READERS,
    columnar,
    excel,
    first_rows,
    json_lines,
    tabular,
)
from modelstudio.data.sources.apart import apart
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig, Form
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import Database, Source, Table

ROWS = [
    (31.0, "Ulm", "yes"),
    (None, "None", "no"),
    (47.5, None, "yes"),
    (18.0, "Köln", None),
]
COLUMNS = (
    Column(name="age", kind="number"),
    Column(name="town", kind="category"),
    Column(name="left", kind="category", role="target"),
)


def table() -> pl.DataFrame:
    return pl.DataFrame(ROWS, schema=["age", "town", "left"], orient="row")


def write_sqlite(path: Path, **tables: pl.DataFrame) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        for name, frame in tables.items():
            names = ", ".join(f'"{column}"' for column in frame.columns)
            connection.execute(f"CREATE TABLE {name} ({names})")
            marks = ", ".join("?" * frame.width)
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", frame.rows())
        connection.commit()
    return path


def write_as(path: Path) -> Path:
    frame = table()
    match path.suffix:
        case ".csv":
            frame.write_csv(path)
        case ".tsv":
            frame.write_csv(path, separator="\t")
        case ".parquet":
            frame.write_parquet(path)
        case ".arrow":
            frame.write_ipc(path)
        case ".feather":
            frame.write_ipc_stream(path)
        case ".jsonl":
            frame.write_ndjson(path)
        case ".json":
            write(path, json.dumps(frame.to_dicts(), indent=1))
        case ".xlsx":
            write_workbook(path, {"People": [frame.columns, *frame.rows()]})
        case ".sqlite":
            write_sqlite(path, people=frame)
    return path


FORMATS = ["csv", "tsv", "parquet", "arrow", "feather", "jsonl", "json", "xlsx", "sqlite"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_gives_the_same_table(tmp_path: Path, suffix: str) -> None:
    data = DataConfig(path=str(write_as(tmp_path / f"people.{suffix}")))
    plain = sources.read_plain(data)
    assert plain.get_column("town").to_list() == ["Ulm", "None", None, "Köln"]
    typed = sources.read(data.changed(columns=COLUMNS))
    assert typed.rows() == ROWS
    assert typed.schema["age"] == pl.Float64
    info = sources.inspect(data)
    assert info.columns == ("age", "town", "left")
    assert info.rows in (4, None)
    assert sources.fingerprint(data) == sources.fingerprint(data)
    with pytest.raises(DataError, match="has no column income"):
        sources.read(data.changed(columns=(Column(name="income", kind="number"),)))


def test_the_types_of_a_file_are_kept(tmp_path: Path) -> None:
    day = datetime(2024, 2, 29)
    frame = pl.DataFrame(
        {
            "whole": pl.Series([1, 2, None], dtype=pl.UInt8),
            "great": [2**60, 2**60 + 1, None],
            "real": [0.5, float("nan"), float("inf")],
            "yes": [True, None, False],
            "day": [day.date(), None, date(2024, 3, 1)],
            "zoned": pl.Series([day] * 3).dt.replace_time_zone("Europe/Berlin"),
            "span": [timedelta(seconds=90)] * 3,
            "text": [" a ", "", "007"],
            "kind": pl.Series(["u", "v", "u"], dtype=pl.Categorical),
            "parts": [[1, 2], None, []],
            "__row__": [b"x"] * 3,
        }
    )
    path = tmp_path / "t.parquet"
    frame.write_parquet(path)
    data = DataConfig(path=str(path))
    read = sources.read_plain(data)
    assert read.to_dict(as_series=False) == {
        "whole": [1.0, 2.0, None],
        "great": [str(2**60), str(2**60 + 1), None],
        "real": [0.5, None, None],
        "yes": ["true", None, "false"],
        "day": [day, None, datetime(2024, 3, 1)],
        "zoned": [day - timedelta(hours=1)] * 3,
        "span": [90.0] * 3,
        "text": ["a", None, "007"],
        "kind": ["u", "v", "u"],
        "parts": ["[1, 2]", None, "[]"],
        "row": [None] * 3,
    }
    assert "holds bytes" in sources.inspect(data).notes[0]
    columns = tuple(
        Column(name=name, kind=kind)
        for name, kind in (("whole", "category"), ("day", "text"), ("text", "number"))
    )
    assert sources.read(data.changed(columns=columns)).rows() == [
        ("1", "2024-02-29", None),
        ("2", None, None),
        (None, "2024-03-01", 7.0),
    ]


def test_guesses_are_the_same_of_numbers_and_of_their_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        f"{i},{i * 7 % 13 / 4},{i % 3},2024-01-{i % 28 + 1:02},{'ab'[i % 2]}" for i in range(400)
    ]
    path = write(tmp_path / "t.csv", "nr,x,group,day,class\n" + "\n".join(lines) + "\n")
    data = DataConfig(path=str(path))
    text = guess(tabular.read(data))
    monkeypatch.setattr(tabular, "SMALL_FILE", 0)
    monkeypatch.setattr(tabular, "_last", None)
    monkeypatch.setattr(first_rows, "_measures", lambda column: column.name in ("nr", "x", "group"))
    assert guess(sources.read_plain(data)) == text
    frame = pl.read_csv(path, try_parse_dates=True)
    frame.write_parquet(tmp_path / "t.parquet")
    of_dates = guess(sources.read_plain(data.changed(path=str(tmp_path / "t.parquet"))))
    assert of_dates.csv["forms"] == (Form(column="day", days=True),)
    assert replace(of_dates, csv=text.csv) == text
    assert guess_kinds(pl.DataFrame({"a": pl.Series([None, None], dtype=pl.Float64)})) == {
        "a": "number"
    }


def test_words_for_missing_hold_for_every_format(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"n": [1.0, -9.0], "t": ["NA", "x"]}).write_parquet(path)
    data = DataConfig(path=str(path), csv=CsvOptions(missing=("NA", "-9")))
    assert sources.read_plain(data).rows() == [(1.0, None), (None, "x")]


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "sqlite", "jsonl"])
def test_the_first_rows_of_a_large_file_come_at_once(tmp_path: Path, suffix: str) -> None:
    frame = pl.DataFrame(
        {"n": range(60_000), "t": [f"value number {i * 7919}" for i in range(60_000)]}
    )
    path = tmp_path / f"t.{suffix}"
    match suffix:
        case "parquet":
            frame.write_parquet(path, compression="uncompressed")
        case "arrow":
            frame.write_ipc(path)
        case "sqlite":
            write_sqlite(path, t=frame)
        case "jsonl":
            frame.write_ndjson(path)
    data = DataConfig(path=str(path))
    first = sources.head(data, 5)
    assert first is not None
    assert first.rows() == [(float(n), text) for n, text in frame.head(5).rows()]
    head = preview.head(data)
    assert head is not None
    assert head.rows.total == 200


def test_reading_a_wide_parquet_file_tells_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pl.DataFrame({name: [1, 2] for name in "abcde"}).write_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(columnar, "CELLS", 4)
    work = sources.reading(DataConfig(path=str(tmp_path / "t.parquet")))
    assert [portion.done for portion in work] == [2, 4, 5]


def test_json_lines_of_changing_keys_and_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ['{"a": 1}', "", '{"b": {"x": 1}, "a": 2.5}', '{"a": "x", "b": 7, "c": true}']
    path = write(tmp_path / "t.jsonl", "\r\n".join(lines))
    data = DataConfig(path=str(path))
    expected = {"a": ["1", "2.5", "x"], "b": [None, '{"x": 1}', "7"], "c": [None, None, "true"]}
    assert sources.read_plain(data).to_dict(as_series=False) == expected
    monkeypatch.setattr(json_lines, "BLOCK", 8)
    monkeypatch.setattr(tabular, "_last", None)
    assert sources.read_plain(data).to_dict(as_series=False) == expected


def test_rows_inside_a_json_object_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meta = {"data": [{"z": 1}], "of": 'a ] " b'}
    held = {"meta": meta, "data": [{"a": 1}, {"a": 2}], "n": 2}
    expected = {"a": [1.0, 2.0]}
    for name, indent in (("flat", None), ("pretty", 1)):
        path = write(tmp_path / f"{name}.json", json.dumps(held, indent=indent))
        data = DataConfig(path=str(path))
        assert sources.read_plain(data).to_dict(as_series=False) == expected
        assert "list under data" in sources.inspect(data).notes[0]
        with monkeypatch.context() as small:
            small.setattr(json_lines, "BLOCK", 8)
            small.setattr(tabular, "_last", None)
            assert sources.read_plain(data).to_dict(as_series=False) == expected
    line = json.dumps({"a": 1, "data": [{"b": 1}]})
    lines = DataConfig(path=str(write(tmp_path / "lines.json", f"{line}\n{line}\n")))
    assert sources.read_plain(lines)["a"].to_list() == [1.0, 1.0]
    assert not sources.inspect(lines).notes


def test_a_large_workbook_is_read_in_a_process_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [["Sold in 2020"], ["n", "town", "m"], *[[at, f"t{at % 3}", 1] for at in range(60)]]
    book = write_workbook(tmp_path / "t.xlsx", {"Data": rows, "Notes": [["a"], [1]]})
    data = DataConfig(path=str(book))
    expected, info = sources.read_plain(data), sources.inspect(data)
    assert expected.columns == ["n", "town", "m"]
    monkeypatch.setattr(excel, "LARGE", 0)
    monkeypatch.setattr(excel, "_known", {})
    monkeypatch.setattr(tabular, "_last", None)
    assert sources.read_plain(data).equals(expected)
    monkeypatch.setattr(excel, "apart", None)
    assert sources.inspect(data) == info
    assert len(info.notes) == 2
    monkeypatch.undo()
    monkeypatch.setattr(excel, "total_bytes", lambda: 100)
    with pytest.raises(DataError, match="GB of memory"):
        sources.tables(data)


def test_a_process_that_is_given_up_ends() -> None:
    waiting = apart(0, time.sleep, 100)
    next(waiting)
    (process,) = multiprocessing.active_children()
    waiting.close()
    assert not multiprocessing.active_children()
    with pytest.raises(ValueError, match="closed"):
        process.is_alive()


ODD = [
    {"a": 'x]},{"', "b": [{"c": "[,]"}]},
    {"a": "\\", "b": [{"c": '\\\\"}, {'}]},
    {"b": [], "a": "Zürich\n雪"},
    {"a": None, "c": 2.5},
]


def test_a_list_of_objects_is_read_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [
        ('x]},{"', '[{"c": "[,]"}]', None),
        ("\\", json.dumps(ODD[1]["b"]), None),
        ("Zürich\n雪", "[]", None),
        (None, None, 2.5),
    ]
    for text in (json.dumps(ODD, indent=1), json.dumps(ODD, ensure_ascii=False) + "\n\n"):
        path = write(tmp_path / "t.json", "\ufeff \n" + text)
        for size in (1, 7, 50, 1 << 20):
            monkeypatch.setattr(json_lines, "BLOCK", size)
            monkeypatch.setattr(tabular, "_last", None)
            assert sources.read_plain(DataConfig(path=str(path))).rows() == expected
        for end in range(1, len(text.rstrip()), 9):
            write(path, text[:end])
            with pytest.raises(DataError, match=r"t\.json"):
                sources.read_plain(DataConfig(path=str(path)))
    for text, sentence in (
        ('[{"a": 1},\n5]', "Line 2 of t.json is no JSON object"),
        ('[{"a": 1}\n\n{"a": 2}]', "Line 1 of t.json is no JSON"),
        ('[{"a": 1},\n {"a": "\n"}]', "Line 2 of t.json is no JSON"),
        ('[{"a": 1}]\n{"a": 2}', "Line 2 of t.json stands behind"),
    ):
        path = write(tmp_path / "t.json", text)
        with pytest.raises(DataError, match=sentence):
            sources.read_plain(DataConfig(path=str(path)))


def test_the_first_rows_of_a_large_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "HEAD", 2_000)
    rows = [{"a": at, "b": "x" * 20} for at in range(1_000)]
    data = DataConfig(path=str(write(tmp_path / "t.json", json.dumps(rows))))
    first = sources.head(data, 5)
    assert first is not None
    assert first["a"].to_list() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert sources.inspect(data).rows == pytest.approx(1_000, rel=0.1)


def test_a_sheet_of_notes_does_not_stand_before_the_data(tmp_path: Path) -> None:
    people = [["n", "m"], *[[at, at % 3] for at in range(60)]]
    sheets = {"Notes": [["made", "by"], ["hand", "x"]], "People": people, "More": people * 2}
    data = DataConfig(path=str(write_workbook(tmp_path / "t.xlsx", sheets)))
    assert sources.read_plain(data).height == 60
    (note,) = sources.inspect(data).notes
    assert note == f"People was taken of t.xlsx, which also has Notes, More. {CHOOSE}"


def test_a_sheet_by_its_name(tmp_path: Path) -> None:
    sheets = {"Notes": [], "A": [["n"], [1], [None], [2]], "B": [["t", "t"], ["x", 1]]}
    path = write_workbook(tmp_path / "t.xlsx", sheets)
    data = DataConfig(path=str(path))
    assert sources.read_plain(data).to_dict(as_series=False) == {"n": [1.0, 2.0]}
    assert sources.inspect(data).notes == (
        f"A was taken of t.xlsx, which also has Notes, B. {CHOOSE}",
    )
    named = data.changed(source=Table(sheet="B"))
    assert sources.read_plain(named).rows() == [("x", 1.0)]
    assert sources.inspect(named).notes == ()
    with pytest.raises(DataError, match="no sheet C") as caught:
        sources.read_plain(data.changed(source=Table(sheet="C")))
    assert "Notes, A, B" in str(caught.value.fix)


def test_a_table_or_a_query_of_a_database(tmp_path: Path) -> None:
    people = pl.DataFrame({"n": [1, 2, 3], "mixed": ["x", None, "7"]})
    path = write_sqlite(tmp_path / "t.db", people=people, towns=pl.DataFrame({"name": ["Ulm"]}))
    data = DataConfig(path=str(path))
    assert sources.read_plain(data).rows() == [(1.0, "x"), (2.0, None), (3.0, "7")]
    assert "towns" in sources.inspect(data).notes[0]

    def ask(query: str) -> pl.DataFrame:
        return sources.read(data.changed(source=Database(query=query)))

    assert ask("towns").rows() == [("Ulm",)]
    assert ask("SELECT sum(n), sum(n) FROM people WHERE n > 1;").rows() == [(5.0, 5.0)]
    for query, said in (
        ("cities", "no table cities"),
        ("DROP TABLE people", "DROP gives no rows"),
        ("SELECT 1; DROP TABLE people", "one statement"),
        ("WITH x AS (SELECT 1) DELETE FROM people", "readonly"),
        ("SELECT wrong FROM people", "no such column"),
        ("SELECT * FROM people WHERE 0", "no rows"),
    ):
        with pytest.raises(DataError, match=said):
            ask(query)
    assert ask("people").height == 3


def test_every_source_has_a_reader() -> None:
    assert set(READERS) == set(Source.members())
