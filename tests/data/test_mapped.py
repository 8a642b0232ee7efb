"""Tables too large for memory are written to files and mapped: they say what they said before."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from tables import configure, people, prepared, write

from modelstudio.data import sources, spill
from modelstudio.data.sources import delimited, mapped, mapped_tables, tabular, values
from modelstudio.data.sources.arrow_memory import place_of
from modelstudio.data.stored import Stored
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import (
    Bin,
    ClipOutliers,
    DropDuplicates,
    FillByModel,
    FillMissing,
    FilterRows,
    Formula,
    GroupRare,
    Index,
    LeaveOut,
    MissingIndicator,
    OneHot,
    Power,
    QuantileScale,
    RobustScale,
    SampleRows,
    SmoothNoise,
    Standardise,
    Step,
)
from modelstudio.resources import app_home

LONG = "a text that is too long to stand beside its length"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Let every table be one that is parsed in many pieces and not kept in memory."""
    monkeypatch.setenv("MODELSTUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(tabular, "SMALL_FILE", 0)
    monkeypatch.setattr(tabular, "KEPT_BYTES", 0)
    monkeypatch.setattr(delimited, "BLOCK", 500)
    monkeypatch.setattr(delimited, "PIECE", 1_000)
    return monkeypatch


def both(
    small: pytest.MonkeyPatch, read: Callable[[], pl.DataFrame]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    small.setattr(mapped, "LIMIT", 1 << 40)
    held = read()
    small.setattr(mapped, "LIMIT", 0)
    return held, read()


def table(rows: int = 400) -> str:
    lines = ["number,word,day,either,note"]
    for at in range(rows):
        word = ("Köln", '"Bonn, ""Süd"""', LONG, "")[at % 4]
        either = "many" if at == rows - 3 else f"{at / 8:.2f}"
        lines.append(f"{at * 1.5},{word},2024-01-{at % 28 + 1:02},{either},{'x' * (at % 14)}")
    return "\n".join(lines) + "\n"


KINDS = (
    Column(name="number", kind="number"),
    Column(name="word", kind="category"),
    Column(name="day", kind="date"),
    Column(name="either", kind="number"),
    Column(name="note", kind="text"),
)


def test_text_says_the_same(tmp_path: Path, small: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    path.write_text(table(), encoding="utf-8")
    data = DataConfig(path=str(path))
    assert_frame_equal(*both(small, lambda: sources.read_plain(data)))
    declared = data.changed(columns=KINDS)
    assert_frame_equal(*both(small, lambda: sources.read(declared)))
    as_words = data.changed(columns=(KINDS[0].model_copy(update={"kind": "category"}), *KINDS[1:]))
    held, found = both(small, lambda: sources.read(as_words))
    assert_frame_equal(held, found)
    assert found["number"][1] == "1.5"


@pytest.mark.parametrize(
    "text",
    ["a;b\n" + "1,5;x\n2,25;y\n" * 200, "a,b\n" + "1,'x'\n2,'don\"t'\n" * 200],
    ids=["decimal commas", "single quotation marks"],
)
def test_text_in_unusual_ways_says_the_same(
    tmp_path: Path, small: pytest.MonkeyPatch, text: str
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    data = DataConfig(path=str(path))
    assert_frame_equal(*both(small, lambda: sources.read_plain(data)))


def test_other_files_say_the_same(tmp_path: Path, small: pytest.MonkeyPatch) -> None:
    rows = [{"a": at, "b": str(at) if at > 250 else at, "c": LONG} for at in range(300)]
    frame = pl.DataFrame({"a": range(300), "d": ["NA", LONG, None] * 100})
    frame.write_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection:
        connection.execute("create table t (a, d)")
        connection.executemany("insert into t values (?, ?)", frame.iter_rows())
        connection.commit()
    small.setattr("modelstudio.data.sources.json_lines.BLOCK", 1_000)
    small.setattr("modelstudio.data.sources.database.ROWS", 70)
    for name in ("t.parquet", "t.jsonl", "t.db"):
        data = DataConfig(path=str(tmp_path / name), csv=CsvOptions(missing=("NA",)))
        held, found = both(small, lambda data=data: sources.read_plain(data))  # type: ignore[misc]
        assert_frame_equal(held, found)
        assert len(list((app_home() / "tables").iterdir())) > 0


@pytest.mark.parametrize(
    ("target", "split", "steps"),
    [
        ("bought", {}, None),
        (
            "income",
            {"method": "time", "by": "age"},
            (
                *(DropDuplicates(), FilterRows(condition="age > 20"), SampleRows(rows=250)),
                *(Power(), ClipOutliers(), QuantileScale(columns=("age",)), GroupRare(), Index()),
            ),
        ),
        (
            "bought",
            {"stratify": False},
            (FillMissing(), SmoothNoise(columns=("age",)), Bin(columns=("income",)), RobustScale()),
        ),
        (
            "bought",
            {},
            (
                *(
                    LeaveOut(rows="3-20"),
                    MissingIndicator(),
                    FillByModel(columns=("income", "age")),
                ),
                *(Formula(name="both", formula="age * log(income)"), Standardise(), OneHot()),
            ),
        ),
    ],
    ids=["as guessed", "rows, bends and ids", "bins", "by several columns"],
)
def test_the_tensors_are_the_same_to_the_bit(
    tmp_path: Path,
    small: pytest.MonkeyPatch,
    target: str,
    split: dict[str, object],
    steps: tuple[Step, ...] | None,
) -> None:
    data = configure(write(tmp_path / "t.csv", people(300)), target, **split)
    data = data.changed(recipe=data.recipe if steps is None else (*steps, OneHot()))
    small.setattr(spill, "ROWS", 37)
    small.setattr(mapped, "LIMIT", 1 << 40)
    held = prepared(data)
    small.setattr(mapped, "LIMIT", 0)
    found = prepared(data)
    assert isinstance(found.parts.train, np.memmap)
    assert isinstance(found.train.truth, np.memmap)
    for each in found.train.fields.values():
        assert isinstance(each.array if isinstance(each, Stored) else each, np.memmap)
    assert found.effects == held.effects
    assert_frame_equal(found.frame("train"), held.frame("train"))
    again = found.encoded("validation", found.fitted)
    assert np.array_equal(again.truth, held.validation.truth)
    for part in ("train", "validation", "test"):
        ours, theirs = getattr(held, part), getattr(found, part)
        for name, array in ours.fields.items():
            other = theirs.fields[name]
            other = other.read() if isinstance(other, Stored) else other
            assert np.array_equal(array.astype(other.dtype), other)
        assert np.array_equal(ours.truth, theirs.truth)
    assert held.fitted == found.fitted


def test_kinds_that_are_not_those_of_the_file_say_the_same(
    tmp_path: Path, small: pytest.MonkeyPatch
) -> None:
    days = pl.Series(np.arange(300) % 28).cast(pl.Date)
    frame = pl.DataFrame(
        {"code": np.arange(300) % 7, "day": days, "paid": ["$1,5", "2", "x"] * 100}
    )
    frame.write_parquet(tmp_path / "t.parquet")
    kinds = zip(frame.columns, ("category", "date", "number"), strict=True)
    columns = tuple(Column(name=name, kind=kind) for name, kind in kinds)
    small.setattr(values, "CELLS", 37)
    data = DataConfig(path=str(tmp_path / "t.parquet"), columns=columns)
    held, found = both(small, lambda: sources.read(data))
    assert_frame_equal(held, found)
    assert found["code"][1] == "1"
    assert place_of(found["code"]) is not None


def test_a_table_is_written_once_and_again_when_it_changed(
    tmp_path: Path, small: pytest.MonkeyPatch
) -> None:
    small.setattr(mapped, "LIMIT", 0)
    path = tmp_path / "t.csv"
    path.write_text(table(), encoding="utf-8")
    data = DataConfig(path=str(path))
    first = sources.read_plain(data)
    with small.context() as patch:
        patch.setattr(mapped_tables, "read_text", None)
        mapped._opened.clear()
        assert_frame_equal(sources.read_plain(data), first)
    path.write_text(table(401), encoding="utf-8")
    assert sources.read_plain(data).height == 401


def test_nothing_is_left_of_a_table_that_was_cancelled(
    tmp_path: Path, small: pytest.MonkeyPatch
) -> None:
    small.setattr(mapped, "LIMIT", 0)
    path = tmp_path / "t.csv"
    path.write_text(table(), encoding="utf-8")
    reading = sources.reading_plain(DataConfig(path=str(path)))
    assert next(reading).done > 0
    assert list((app_home() / "tables").glob("*.part"))
    reading.close()
    assert not list((app_home() / "tables").iterdir())


def test_the_tables_used_longest_ago_make_room(small: pytest.MonkeyPatch) -> None:
    small.setattr(mapped, "KEPT_BYTES", 3_000)
    for at in range(4):
        mapped.written(f"t{at}", [pl.Series("a", np.arange(100.0))])
    assert {path.name for path in (app_home() / "tables").iterdir()} == {"t1", "t2", "t3"}


def test_rows_that_are_chosen_are_mapped_once(small: pytest.MonkeyPatch) -> None:
    small.setattr(mapped, "_ROWS", 64)
    words = ["x", LONG, None, f"{LONG} and longer"] * 100
    held = pl.DataFrame({"a": np.arange(400.0), "w": words}).with_row_index(sources.ROW)
    kept = np.arange(400) % 7 > 1
    small.setattr(mapped, "LIMIT", 0)
    frame = mapped.written("t", held)
    found = mapped.chosen(frame, kept)
    assert_frame_equal(found, held.filter(kept))
    small.setattr(mapped, "Writing", None)
    assert mapped.chosen(mapped.opened("t"), kept) is found  # type: ignore[arg-type]
    small.undo()
    small.setattr(mapped, "LIMIT", 0)
    assert_frame_equal(mapped.chosen(frame, ~kept), held.filter(~kept))
    assert not mapped.chosen(frame, np.zeros(400, bool)).height


GROWTH = """
import sys, threading
from pathlib import Path

from modelstudio.data import detect, profile, slices, sources, spill
from modelstudio.data.prepare import fit_recipe
from modelstudio.data.sources import delimited, mapped, mapped_tables, tabular, values
from modelstudio.project.model import DataConfig

mapped.LIMIT, spill.ROWS, slices.CELLS = 1 << 20, 50_000, 400_000
delimited.LEAST = delimited.BLOCK = delimited.PIECE = 1 << 20
values.CELLS = profile.MANY_ROWS = 50_000
done, status, most = threading.Event(), Path("/proc/self/status"), 0

def watch():
    global most
    while not done.wait(0.002):
        most = max(most, *(int(line.split()[1]) for line in status.open() if "RssAnon" in line))

threading.Thread(target=watch).start()
for name in sys.argv[1:]:
    data = DataConfig(path=name)
    guessed = detect.guess(data, sources.read_plain(data))
    data = data.changed(columns=guessed.columns, recipe=guessed.recipe)
    profile.profile(sources.read(data), data.columns)
    made = sources.finish(fit_recipe(data))
    print(1024 * most)
done.set()
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell it")
def test_memory_hardly_grows_with_the_rows(tmp_path: Path) -> None:
    random, sizes, paths = np.random.default_rng(0), (250_000, 1_000_000), []
    for rows in sizes:
        income = pl.Series(random.lognormal(10, 1, rows)).round(2)
        some = {
            "income": income.set(pl.Series(random.random(rows) < 0.05), None),
            "day": pl.Series(random.integers(0, 9999, rows, np.int32)).cast(pl.Date),
            "town": random.choice(["Bonn", "Ulm", LONG], rows),
            "churn": random.choice(["yes", "no"], rows),
        }
        paths.append(tmp_path / f"{rows}.csv")
        pl.DataFrame(some).write_csv(paths[-1])
    at_once = {**os.environ, "_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"}
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, *paths], env=at_once, stdout=subprocess.PIPE, check=True
    )
    few, many = map(int, done.stdout.split())
    assert (many - few) / (sizes[1] - sizes[0]) < 60
