"""Database servers, with a driver that stands in for one, and real ones where there are any."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from modelstudio.data import sources
from modelstudio.data.sources import addresses, drivers, kept, mapped, server, session
from modelstudio.engine import projects
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.sources import Database
from tests.conftest import Cli
from tests.stand_in import ADDRESS, Cursor, stand_in

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
REAL = {
    kind: os.environ[f"MODELSTUDIO_{kind.upper()}"]
    for kind in ("postgresql", "mysql")
    if os.environ.get(f"MODELSTUDIO_{kind.upper()}")
}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return the queries that reach a server of the kind ``stand-in``, as they come."""
    queries: list[str] = []
    stand_in(monkeypatch, tmp_path / "shop.db", queries)
    yield queries
    kept.stale.clear()


def wanted(query: str, address: str = ADDRESS) -> DataConfig:
    return DataConfig(path=sources.placed(address), source=Database(query=query))


@pytest.mark.usefixtures("asked")
def test_a_password_is_known_but_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    data = wanted("sales")
    assert data.path == "stand-in://me@host:7/shop"
    assert sources.tables(data) == ("sales", "main.Empty One")
    assert wanted("", "xx://me@host/shop?password=geheim&a=1").path == "xx://me@host/shop?a=1"
    bare = "xx:///shop?host=/run&passwd=geheim"
    assert wanted("", bare).path == "xx:///shop?host=/run"
    assert addresses.parsed("xx:///shop?host=/run").password == "geheim"
    named = "stand-in://me:${SECRET}@host/shop"
    assert sources.placed(named) == named
    with pytest.raises(DataError, match="SECRET, which is not set"):
        sources.tables(wanted("", named))
    monkeypatch.setenv("SECRET", "falsch")
    with pytest.raises(DataError, match="does not let the user me in") as caught:
        sources.tables(wanted("", named))
    assert "falsch" not in str(caught.value)
    for odd in ("stand-in://me:ge/heim@host/shop", "stand-in://me:ge[heim@host/shop"):
        with pytest.raises(DataError, match="cannot be read") as caught:
            sources.tables(wanted("", odd))
        assert "heim" not in str(caught.value)
    assert addresses.with_password("xx://me@h/d", "a/b") == "xx://me:a%2Fb@h/d"
    assert addresses.with_password("xx://me:$P@h/d", "a/b") == "xx://me:$P@h/d"


def test_a_query_runs_once_until_it_is_asked_anew(asked: list[str]) -> None:
    data = wanted("SALES")
    frame = sources.read_plain(data)
    assert asked == ['SELECT * FROM "main"."sales"']
    assert frame.schema == dict.fromkeys(("n", 'odd "name', "kind"), pl.String)
    assert frame["n"].to_list()[1498:1501] == ["1498", "1499", "n1500"]
    assert frame['odd "name'].null_count() == frame.height == 1600
    mark, stamp = sources.fingerprint(data), sources.stamp(data)
    mapped._opened.clear()
    assert sources.read(data).equals(frame)
    info = sources.inspect(data)
    assert "are kept" in info.notes[0]
    assert "not saved" in info.notes[1]
    assert len(asked) == 1
    sources.renew(data)
    assert sources.read_plain(data).equals(frame)
    assert len(asked) == 2
    assert sources.fingerprint(data) == mark
    assert sources.stamp(data) != stamp
    Cursor.lost = True
    sources.renew(data)
    with pytest.raises(DataError, match="lost after 200 rows"):
        sources.read_plain(data)
    assert sources.read_plain(data).equals(frame)
    assert len(asked) == 3
    assert not list((mapped.app_home() / "tables").glob("*.part"))


def test_rows_with_pictures_come_a_few_at_a_time() -> None:
    frame = pl.DataFrame({"a": [1.0, 2.0]})
    assert server.next_many(frame, [(1.0,), (2.0,)]) == server.MOST
    assert server.next_many(frame, [(1.0, bytes(4 << 20)), (2.0, bytes(4 << 20))]) == 7


@pytest.mark.usefixtures("asked")
def test_words_are_missing_in_rows_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    data = wanted("sales").changed(csv=CsvOptions(missing=("a", "7")))
    expected = sources.read_plain(data)
    assert expected.null_count().rows() == [(1, 1600, 800)]
    monkeypatch.setattr(mapped, "LIMIT", 0)
    assert sources.read_plain(data).equals(expected)


@pytest.mark.usefixtures("asked")
def test_what_gives_no_rows_is_said() -> None:
    for query, sentence in (
        ("", "not said what to read.*sales, main.Empty One"),
        ("nope", "no table nope. Its tables are sales"),
        ("DELETE FROM sales", "DELETE gives no rows to learn from, and nothing"),
        ("main.Empty One", "gives no rows"),
        ("SELECT * FROM nope", "did not answer the query: no such table: nope"),
        ("WITH x AS (SELECT 1) DELETE FROM sales", "readonly database"),
    ):
        with pytest.raises(DataError, match=sentence):
            sources.read_plain(wanted(query))
    assert sources.read_plain(wanted("-- all\n SELECT 1 AS a")).rows() == [(1.0,)]


@pytest.mark.usefixtures("asked")
def test_an_endless_query_is_given_up() -> None:
    data = wanted(ENDLESS)
    reading = sources.reading_plain(data)
    while next(reading).done < 500:
        pass
    reading.close()
    assert not server._locks[kept.note_of(data)].locked()
    assert not list((mapped.app_home() / "tables").glob("*.part"))
    waiting = sources.reading_plain(wanted(ENDLESS.replace("SELECT x FROM", "SELECT max(x) FROM")))
    next(waiting)
    waiting.close()


def test_a_driver_that_is_missing_is_named(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = replace(drivers._DRIVERS["stand-in"], module="no_such_driver")
    monkeypatch.setitem(drivers._DRIVERS, "stand-in", lacking)
    with pytest.raises(DataError, match="needs the package no_such_driver") as caught:
        sources.read_plain(wanted("sales"))
    assert caught.value.fix.endswith('pip install "stand-in[all]"')
    with pytest.raises(DataError, match="oracle://"):
        sources.read_plain(wanted("sales", "oracle://host/db"))
    assert not asked


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("connection to server failed: fe_sendauth: no password supplied", "wants a password"),
        ("Access denied for user 'me'@'h' (using password: YES)", "does not let the user me in"),
        ("failed to resolve host 'host': [Errno -2]", "no host host"),
        ("connection failed: Connection refused\n\tIs the server running", "host:7 does not ans"),
        ("connection timeout expired", "in time"),
        ('FATAL:  database "shop" does not exist', "no database shop"),
        ("wrong geheim", r"cannot be reached: wrong \*\*\*\."),
    ],
)
@pytest.mark.usefixtures("asked")
def test_why_there_is_no_connection(
    said: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(said)

    refusing = replace(drivers._DRIVERS["stand-in"], connect=refuse)
    monkeypatch.setitem(drivers._DRIVERS, "stand-in", refusing)
    with pytest.raises(DataError, match=sentence) as caught:
        sources.tables(wanted("sales"))
    assert "geheim" not in str(caught.value)
    assert caught.value.fix


def test_rows_to_predict_come_from_a_file_or_a_server(asked: list[str], tmp_path: Path) -> None:
    query = "SELECT 1 + n AS m, kind FROM sales"
    data = projects.new_project(ADDRESS, source=Database(query=query))
    assert "geheim" not in data.project.model_dump_json()
    plain = tmp_path / "rows.csv"
    plain.write_text("m,kind\n7,a\n8,b\n", encoding="utf-8")
    config = data.project.data
    assert sources.read_table(plain, config)["m"].to_list() == [7.0, 8.0]
    other = config.changed(source=Database(query="SELECT 3 AS m, 'a' AS kind"), path=None)
    assert sources.read_table(sources.placed(ADDRESS), other).rows() == [(3.0, "a")]
    assert len(asked) == 2


@pytest.mark.usefixtures("in_this_process")
def test_the_whole_way_on_the_command_line(asked: list[str], tmp_path: Path, cli: Cli) -> None:
    project, plain, answers = (tmp_path / name for name in ("p.mstudio", "rows.csv", "out.csv"))
    query = "SELECT 1.5 * n AS m, kind FROM sales WHERE typeof(n) = 'integer' AND n % 9"
    assert cli("new", project, "--data", ADDRESS, "--query", query, "--target", "kind")[0] == 0
    assert "geheim" not in project.read_text(encoding="utf-8")
    assert cli("train", project, "--epochs", "1")[0] == 0
    assert len(asked) == 1
    assert cli("profile", project, "--again")[0] == 0
    assert len(asked) == 2
    plain.write_text("m\n7\n8\n", encoding="utf-8")
    assert cli("predict", project, plain, "--out", answers)[0] == 0
    assert pl.read_csv(answers).height == 2
    rows = "SELECT 3 AS m UNION ALL SELECT 4 UNION ALL SELECT 5"
    for _ in range(2):
        assert cli("predict", project, ADDRESS, "--query", rows, "--out", answers)[0] == 0
    assert pl.read_csv(answers)["m"].to_list() == [3, 4, 5]
    assert asked[2:] == [rows, rows]


TYPES = {
    "postgresql": (
        "SELECT 12.50::numeric(9,2) AS n, 3::bigint AS i, 9007199254740993 AS great, "
        "true AS ok, ' Ulm ' AS t, '2020-01-02 03:04:05+02'::timestamptz AS tz, "
        "'2020-01-02'::date AS d, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS u, "
        """'{"b": 1}'::json AS j, '\\x00'::bytea AS b, ARRAY[1, NULL] AS a, NULL::int AS nothing """
        "UNION ALL SELECT 'NaN', NULL, 1, false, '', '-infinity', 'infinity', NULL, NULL, NULL, "
        "NULL, NULL",
        [
            (
                *(12.5, 3.0, "9007199254740993", "true", "Ulm", datetime(2020, 1, 2, 1, 4, 5)),
                *(datetime(2020, 1, 2), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", '{"b": 1}', None),
                *("[1, null]", None),
            ),
            (None, None, "1", "false", *[None] * 8),
        ],
        "SELECT count(*) FROM generate_series(1, 100000000000)",
    ),
    "mysql": (
        "SELECT CAST(12.5 AS DECIMAL(9, 2)) AS n, 9007199254740993 AS great, 'Ulm ' AS t, "
        "TIMESTAMP '2020-01-02 03:04:05' AS at, DATE '2020-01-02' AS d, x'00' AS b, "
        "NULL AS nothing "
        "UNION ALL SELECT NULL, 1, '', NULL, NULL, NULL, NULL",
        [
            (
                *(12.5, "9007199254740993", "Ulm", datetime(2020, 1, 2, 3, 4, 5)),
                *(datetime(2020, 1, 2), None, None),
            ),
            (None, "1", *[None] * 5),
        ],
        "SELECT sleep(100) AS x",
    ),
}


@pytest.mark.parametrize("kind", sorted(REAL) or ["none"])
@pytest.mark.skipif(not REAL, reason="MODELSTUDIO_POSTGRESQL and MODELSTUDIO_MYSQL name no server")
def test_real_servers(kind: str) -> None:
    query, rows, endless = TYPES[kind]
    data = wanted(query, REAL[kind])
    sources.renew(data)
    assert sources.read_plain(data).rows() == rows
    assert isinstance(sources.tables(data), tuple)
    with pytest.raises(DataError, match="did not answer the query"):
        sources.read_plain(wanted("SELECT * FROM no_such_table", REAL[kind]))
    connected = session.connected(REAL[kind])
    with closing(connected), pytest.raises(Exception, match=r"(?i)read.only"):
        connected.connection.cursor().execute("CREATE TABLE modelstudio_test (a int)")
    reading = sources.reading_plain(wanted(endless, REAL[kind]))
    next(reading)
    next(reading)
    reading.close()
    with pytest.raises(DataError) as caught:
        sources.tables(wanted("", REAL[kind].replace(":", ":falsch", 2).replace(":falsch", ":", 1)))
    assert "falsch" not in str(caught.value)
