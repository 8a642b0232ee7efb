"""The fast way through a text table gives what reading it record by record gives."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tables import write

from modelstudio.data.sources import delimited, finish, tabular
from modelstudio.data.sources.text_table import TextTable, read_text
from modelstudio.data.sources.values import to_numbers, typed
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column

PLAIN = st.sampled_from(["1", "-2.5", "3e4", "0.1", "007", "+5", "12345678901234567890", "1e160"])
ODD = st.sampled_from(
    ["", " ", "NA", "1,5", " 7 ", "x", '"a, b"', '"say ""so"""', '"two\nlines"', '""', "ü", "\xa0z"]
)
SLOPPY = st.sampled_from(['5" pipe', ' "x,y"', '"', "a\rb", "\ufeffq", '"x"y', "€\u2003"])
CELLS = PLAIN | ODD | st.sampled_from(["a", "b"])
ROWS = st.tuples(PLAIN, PLAIN, CELLS) | st.tuples(PLAIN, CELLS, CELLS)
TABLES = st.lists(ROWS, min_size=1, max_size=12) | st.lists(
    ROWS | st.tuples(CELLS | SLOPPY, CELLS, CELLS) | st.lists(CELLS, min_size=1, max_size=4),
    min_size=1,
    max_size=8,
)


def outcome(path: Path, *, fast: bool, block: int, **how: object) -> TextTable | str:
    look = delimited.look if fast else lambda *_: None
    with patch.object(delimited, "BLOCK", block), patch.object(delimited, "look", look):
        try:
            return finish(read_text(path, CsvOptions(delimiter=","), **how))
        except DataError as error:
            return error.message


@given(
    rows=TABLES,
    ending=st.sampled_from(["\n", "\r\n"]),
    block=st.integers(1, 90),
    ended=st.booleans(),
)
@example(
    rows=[("1", "2", "3"), ("4", "5"), ("6", "7", "8", "9")], ending="\n", block=64, ended=True
)
@example(rows=[("1", "2", "3"), (" ",), ("",), ("6", "7", "8")], ending="\n", block=64, ended=True)
@example(rows=[("1", "2", '"\nx"'), ("1", "2", '"x\n"')], ending="\n", block=64, ended=True)
@example(rows=[("1", "2", '"a,b"'), ("1", "2", '"c,d,e"')], ending="\n", block=64, ended=True)
@settings(max_examples=120)
def test_both_ways_give_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, ...]],
    ending: str,
    block: int,
    ended: bool,
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    text = ending.join(["a,b,c", "1,2,x", *map(",".join, rows)])
    write(path, text + ending * ended)
    slow = outcome(path, fast=False, block=1 << 20)
    fast = outcome(path, fast=True, block=block)
    if isinstance(slow, str):
        assert fast == slow
        return
    assert isinstance(fast, TextTable)
    assert fast.frame.equals(slow.frame)
    plain = outcome(path, fast=True, block=block, numbers=["a", "b"])
    lossy = outcome(path, fast=True, block=block, numbers=["a", "b"], exact=False)
    for name in "abc":
        text = slow.frame.get_column(name)
        numbers = to_numbers(text)
        if name in plain.textless:
            assert plain.frame.get_column(name).equals(numbers)
            assert numbers.null_count() == text.null_count()
        else:
            assert plain.frame.get_column(name).equals(text)
        if name in lossy.textless:
            assert lossy.frame.get_column(name).equals(numbers)


def test_a_plain_table_goes_the_fast_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = '1,"Köln, Nord","say ""so"""\r\n' * 20 + "\r\n" + '2.5,"two\nlines",\r\n' * 20
    path = write(tmp_path / "t.csv", "a,b,c\r\n" + rows)
    monkeypatch.setattr(delimited, "BLOCK", 100)
    monkeypatch.setattr(delimited, "read_records", None)
    table = finish(read_text(path, CsvOptions(), ["a"]))
    assert table.textless == {"a"}
    assert (
        table.frame.rows()
        == [(1.0, "Köln, Nord", 'say "so"')] * 20 + [(2.5, "two\nlines", None)] * 20
    )


def test_a_column_that_turns_out_to_hold_words_is_read_again_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "t.csv", "a,b\n" + "1.50,2\n" * 30 + "NA,3\n" + "inf,4\n")
    monkeypatch.setattr(delimited, "BLOCK", 64)
    table = finish(read_text(path, CsvOptions(), ["a", "b"]))
    assert table.frame.get_column("a").to_list() == ["1.50"] * 30 + ["NA", "inf"]
    assert table.textless == {"b"}
    assert finish(read_text(path, CsvOptions(), ["a"], only=["a"])).frame.height == 32
    table = finish(read_text(path, CsvOptions(), ["a", "b"], exact=False))
    assert table.frame.get_column("a").to_list() == [1.5] * 30 + [None, None]


def test_a_large_table_is_read_once_and_numbers_become_text_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [f"{i + 0.25},{i},{('x', '2024-01-02', '7')[i % 3]}" for i in range(60_000)]
    path = write(tmp_path / "t.csv", "\n".join(["a,b,c", *lines, "NA,7,x\n"]))
    data = DataConfig(path=str(path))
    small = tabular.read(data)
    monkeypatch.setattr(tabular, "SMALL_FILE", 0)
    monkeypatch.setattr(tabular, "_last", None)
    plain = finish(tabular.reading_plain(path, data))
    assert plain.schema["a"] == pl.String
    for kinds in (
        ("number", "number", "category"),
        ("category", "id", "text"),
        ("date", "date", "date"),
        ("number", "date", "number"),
    ):
        columns = tuple(
            Column(name=name, kind=kind) for name, kind in zip("abc", kinds, strict=True)
        )
        frame = tabular.read(data.changed(columns=columns))
        assert frame.equals(pl.DataFrame([typed(small[each.name], each) for each in columns]))
    assert tabular.read(data).equals(small)


def test_reading_tells_how_far_it_is_and_can_be_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "t.csv", "a,b\n" + "12,34\n" * 100)
    monkeypatch.setattr(delimited, "BLOCK", 200)
    work = tabular.reading(path, DataConfig())
    portions = [next(work), next(work)]
    assert 0 < portions[0].done < portions[1].done < portions[1].total == path.stat().st_size
    work.close()
