"""Databases of several tables, queries that take for ever, and addresses."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from modelstudio.__main__ import main
from modelstudio.data import detect, sources
from modelstudio.engine import projects
from modelstudio.errors import DataError
from modelstudio.project.files import load_project
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import Database, Table
from tests.workbooks import write_workbook

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "
ROWS = [(n, "ab"[n % 2]) for n in range(40)]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a SQLite file of two tables."""
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE sales (n INTEGER, kind TEXT)")
        connection.executemany("INSERT INTO sales VALUES (?, ?)", ROWS)
        connection.execute("CREATE TABLE towns (size INTEGER, land TEXT)")
        connection.executemany(
            "INSERT INTO towns VALUES (?, ?)", [(n * 3, kind) for n, kind in ROWS]
        )
        connection.commit()
    return path


@pytest.mark.parametrize("query", ["SELECT x FROM n", "SELECT count(*) AS x FROM n"])
def test_endless_sql_can_be_given_up(database: Path, query: str) -> None:
    data = DataConfig(path=str(database), source=Database(query=ENDLESS + query))
    reading = sources.reading_plain(data)
    assert next(reading).total is None
    next(reading)
    reading.close()
    assert sources.inspect(data).columns == ("x",)


def test_an_address_of_a_file_is_that_file(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(database.parent)
    for address in ("sqlite:///shop.db", f"sqlite:///{database}", "sqlite:///./shop%2Edb?mode=ro"):
        assert sources.placed(address) == str(database)
        assert detect.detect(address) == Database()
    assert sources.placed("postgresql://host/name") == "postgresql://host/name"


def test_tables_are_listed(database: Path, tmp_path: Path) -> None:
    assert sources.tables(DataConfig(path=str(database))) == ("sales", "towns")
    book = write_workbook(tmp_path / "t.xlsx", {"One": [["n"], [1]], "Two": [["t"], ["x"]]})
    assert sources.tables(DataConfig(path=str(book))) == ("One", "Two")
    plain = tmp_path / "t.csv"
    plain.write_text("a,b\n1,2\n", encoding="utf-8")
    assert sources.tables(DataConfig(path=str(plain))) == ()
    with pytest.raises(DataError, match=r"no sheet Two"):
        sources.read_plain(DataConfig(path=str(plain), source=Table(sheet="Two")))


def test_a_new_project_says_which_table_was_taken(database: Path) -> None:
    notes = projects.new_project(database).notes
    assert notes[0].startswith("The table sales was taken of shop.db, which also has towns.")
    assert "--sheet" in notes[0]
    drafted = projects.new_project(database, source=Table(sheet="towns"))
    assert [column.name for column in drafted.project.data.columns] == ["size", "land"]
    assert "towns" not in drafted.notes[0]


@pytest.mark.usefixtures("in_this_process")
def test_a_table_or_a_query_on_the_command_line(
    database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = "SELECT n, kind AS sort FROM sales WHERE n > 3"
    for at, (place, option, columns) in enumerate(
        (
            (str(database), ("--sheet", "towns"), ["size", "land"]),
            (f"sqlite:///{database}", ("--query", query), ["n", "sort"]),
        )
    ):
        project = tmp_path / f"{at}.mstudio"
        assert main(["new", str(project), "--data", place, *option]) == 0
        assert [column.name for column in load_project(project).data.columns] == columns
        assert main(["profile", place, *option]) == 0
        assert columns[1] in capsys.readouterr().out
    book = {"One": [["n", "k"], *ROWS], "Two": [["m", "l"], *ROWS]}
    write_workbook(tmp_path / "t.xlsx", book)
    assert main(["profile", str(tmp_path / "t.xlsx")]) == 0
    assert "One was taken of t.xlsx, which also has Two." in capsys.readouterr().out
    assert main(["profile", str(tmp_path / "t.xlsx"), "--sheet", "Three"]) == 1
    assert "Its sheets are One, Two" in capsys.readouterr().err
    assert main(["profile", str(database), "--sheet", "towns", "--query", query]) == 2


def test_the_rows_are_those_of_the_query(database: Path) -> None:
    data = DataConfig(path=str(database), source=Database(query="SELECT n FROM sales -- all"))
    assert sources.read_plain(data).equals(pl.DataFrame({"n": [float(n) for n, _ in ROWS]}))
    assert sources.inspect(data).columns == ("n",)
