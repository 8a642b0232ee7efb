"""Steps that look beyond a row or a column give the same slice by slice, as files hold it all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import pytest
import torch
from picture_files import picture
from polars.testing import assert_frame_equal
from tables import prepared

from modelstudio.data import preview, slices, sorting, sources, spill
from modelstudio.data.batches import TensorData
from modelstudio.data.prepare import Prepared
from modelstudio.data.sources import long_text, mapped, tabular
from modelstudio.data.sources import texts as source_texts
from modelstudio.data.stored import Ragged, Stored
from modelstudio.engine.projects import new_project
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import LongText, TextFolder
from modelstudio.recipe.steps import (
    CleanText,
    FillMissing,
    Formula,
    OneHot,
    Passages,
    SmoothRows,
    Standardise,
    Step,
    TargetEncode,
    Tokenise,
    Windows,
)

PARTS = ("train", "validation", "test")
ROWS = 400


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Cut every table into many slices of few rows and little text."""
    monkeypatch.setenv("MODELSTUDIO_HOME", str(tmp_path / "home"))
    for module, name in ((tabular, "SMALL_FILE"), (tabular, "KEPT_BYTES")):
        monkeypatch.setattr(module, name, 0)
    monkeypatch.setattr(spill, "ROWS", 90)
    monkeypatch.setattr(spill, "SLAB", 6_000)
    monkeypatch.setattr(slices, "CELLS", 400)
    return monkeypatch


def both(small: pytest.MonkeyPatch, data: DataConfig) -> tuple[Prepared, Prepared]:
    """Prepare a table in memory and from files."""
    small.setattr(mapped, "LIMIT", 1 << 40)
    held = prepared(data)
    small.setattr(mapped, "LIMIT", 0)
    return held, prepared(data)


def read(values: Any) -> np.ndarray:
    return values.read() if isinstance(values, Stored) else values


def assert_same(held: Prepared, found: Prepared) -> None:
    """Compare all that is learnt and all samples, to the bit."""
    assert held.fitted == found.fitted
    assert held.effects == found.effects
    for part in PARTS:
        assert_same_samples(getattr(held, part), getattr(found, part))
        ours = held.encoded(part, held.fitted)
        assert_same_samples(ours, found.encoded(part, held.fitted))


def assert_same_samples(ours: Any, theirs: Any) -> None:
    for name in ("truth", "scaled", "rows"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    assert ours.unscored == theirs.unscored
    assert ours.fields.keys() == theirs.fields.keys()
    for name, values in ours.fields.items():
        whole, other = read(values), read(theirs.fields[name])
        assert whole.shape == other.shape
        whole = whole.astype(np.float32) if whole.dtype == np.float64 else whole
        np.testing.assert_array_equal(whole, other)


def shop(folder: Path) -> Path:
    """Write days of three shops in no order, with missing cells, texts and several targets."""
    random = np.random.default_rng(3)
    words = np.array(["good", "Bad,", "naïve", "漢字", "so so", "x" * 40, "9.5", "don't"])
    towns = np.array(["Bonn", "Ulm", "Köln", *(f"rare{at}" for at in range(30))])
    chance = np.array([0.3, 0.3, 0.25, *([0.005] * 30)])
    frame = pl.DataFrame(
        {
            "day": pl.Series(random.permutation(ROWS) // 3).cast(pl.Int32).cast(pl.Date),
            "shop": random.choice(["a", "b", "c"], ROWS),
            "town": random.choice(towns, ROWS, p=chance),
            "sold": random.lognormal(0, 3, ROWS),
            "price": random.normal(0, 1, ROWS),
            "note": [" ".join(random.choice(words, random.integers(0, 30))) for _ in range(ROWS)],
            "more": [str(random.choice(words)) for _ in range(ROWS)],
            "class": random.choice(["no", "yes", "maybe"], ROWS),
            "bought": random.choice(["no", "yes"], ROWS),
            "gain": random.normal(5, 1, ROWS),
        }
    )
    holes = {"town": 0.1, "sold": 0.05, "note": 0.1, "more": 0.3, "gain": 0.02, "shop": 0.03}
    path = folder / "shop.csv"
    frame.with_columns(
        pl.when(pl.Series(random.random(ROWS) >= share)).then(pl.col(name)).alias(name)
        for name, share in holes.items()
    ).write_csv(path)
    return path


KINDS = {
    **{"day": "date", "shop": "category", "town": "category", "sold": "number"},
    **{"price": "number", "note": "text", "more": "text", "class": "category"},
    **{"bought": "category", "gain": "number"},
}


def config(
    folder: Path, target: str, features: tuple[str, ...], *recipe: Step, **split: Any
) -> DataConfig:
    roles = {target: "target", **dict.fromkeys(features, "feature")}
    columns = tuple(
        Column(name=name, kind=kind, role=roles.get(name, "ignored"))  # type: ignore[arg-type]
        for name, kind in KINDS.items()
    )
    return DataConfig(
        path=str(shop(folder)), columns=columns, recipe=recipe, split=SplitConfig(**split)
    )


FILL = FillMissing(columns=("sold",))


@pytest.mark.parametrize("target", ["bought", "class", "gain"])
def test_means_of_the_target(tmp_path: Path, small: pytest.MonkeyPatch, target: str) -> None:
    steps = (TargetEncode(folds=3), FILL, Formula(name="half", formula="price / 2"))
    features = ("town", "shop", "sold", "price")
    data = config(tmp_path, target, features, *steps, Standardise(columns=("price",)))
    assert_same(*both(small, data))


@pytest.mark.parametrize(
    "split", [{}, {"method": "time", "by": "day"}, {"method": "group", "by": "shop"}]
)
def test_smoothing_reaches_over_the_borders_of_slices(
    tmp_path: Path, small: pytest.MonkeyPatch, split: dict[str, str]
) -> None:
    steps: tuple[Step, ...] = (
        *(SmoothRows(columns=("sold",), method="mean", rows=50), SmoothRows(rows=4)),
        *(FillMissing(), TargetEncode(columns=("town",)), Standardise(), OneHot()),
    )
    data = config(tmp_path, "bought", ("sold", "price", "town"), *steps, **split)
    assert_same(*both(small, data))


def test_smoothing_follows_what_training_rows_learnt(
    tmp_path: Path, small: pytest.MonkeyPatch
) -> None:
    steps = (TargetEncode(), SmoothRows(rows=3), Standardise())
    assert_same(*both(small, config(tmp_path, "bought", ("town",), *steps)))


@pytest.mark.parametrize(
    "step",
    [
        Tokenise(length=6),
        Tokenise(unit="characters", length=None, vocabulary=20),
        Tokenise(unit="BPE", vocabulary=300, lower=False),
    ],
    ids=lambda step: step.unit,
)
def test_texts(tmp_path: Path, small: pytest.MonkeyPatch, step: Tokenise) -> None:
    steps = (FILL, CleanText(columns=("more",)), step)
    data = config(tmp_path, "bought", ("note", "more", "sold", "price"), *steps)
    held, found = both(small, data)
    assert_same(held, found)
    ids = found.train.fields["tokens"]
    assert isinstance(ids, Stored)
    assert isinstance(ids.array, Ragged)
    ours, theirs = (
        TensorData.from_encoded(each.train, each.fitted.fields) for each in (held, found)
    )
    order = torch.from_numpy(np.random.default_rng(0).permutation(ours.rows))
    for left, right in zip(*(each.batches(order, 16) for each in (ours, theirs)), strict=True):
        assert all(left[name].equal(right[name]) for name in left)


WINDOWS = (
    Windows(length=5, horizon=2, order_by="day", series="shop"),
    Windows(length=3, order_by="day", past="without the target", stride=3),
    Windows(length=6),
)


@pytest.mark.parametrize("target", ["bought", "gain"])
@pytest.mark.parametrize("step", WINDOWS, ids=["series", "days", "rows"])
def test_windows(tmp_path: Path, small: pytest.MonkeyPatch, step: Windows, target: str) -> None:
    steps = (SmoothRows(columns=("price",), rows=4), Standardise(), step)
    split = {"method": "time", **({"by": "day"} if step.order_by else {})}
    data = config(tmp_path, target, ("sold", "price"), *steps, **split)
    held, found = both(small, data)
    assert_same(held, found)
    assert len(found.train.rows) > 20
    array = found.train.fields["window"].array
    assert not array.flags.owndata


def test_a_test_file(tmp_path: Path, small: pytest.MonkeyPatch) -> None:
    data = config(tmp_path, "bought", ("sold", "price"), SmoothRows(), FillMissing())
    path = tmp_path / "later.csv"
    pl.read_csv(tmp_path / "shop.csv")[100:200].write_csv(path)
    assert_same(*both(small, data.changed(split=SplitConfig(test_path=str(path)))))


def test_many_rows_are_put_in_order(small: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "name": random.choice(["a", "b", "ü", "zz", ""], 3000),
            "time": np.round(random.normal(0, 20, 3000)),
        }
    )
    frame = frame.with_columns(
        pl.when(pl.Series(random.random(3000) > 0.1)).then(pl.col(name)).alias(name)
        for name in frame.columns
    )
    for keys in (["name"], ["time"], ["name", "time"], ["time", "name"]):
        small.setattr(mapped, "LIMIT", 1 << 40)
        held = sorting.sorted_places(frame.select(keys))
        small.setattr(mapped, "LIMIT", 0)
        np.testing.assert_array_equal(sorting.sorted_places(frame.select(keys)), held)


@pytest.mark.parametrize("sort", [None, ("sold", True), ("tokens", False)])
def test_rows_in_sight(
    tmp_path: Path, small: pytest.MonkeyPatch, sort: tuple[str, bool] | None
) -> None:
    steps = (FILL, SmoothRows(rows=20), SmoothRows(rows=3), TargetEncode(), Tokenise(length=4))
    data = config(tmp_path, "bought", ("sold", "price", "town", "note"), *steps)
    tables = []
    for limit in (1 << 40, 0):
        small.setattr(mapped, "LIMIT", limit)
        for kept in (preview._raws, preview._fits, preview._changed, preview._orders):
            kept.clear()
        tables.append([preview.preview(data, None, at, 50, sort) for at in (0, 130, 380)])
    assert tables[0] == tables[1]


def test_pictures_beside_numbers(tmp_path: Path, small: pytest.MonkeyPatch) -> None:
    lines = ["name,width,kind"]
    for at in range(30):
        picture(at % 2, at, size=8).save(tmp_path / f"{at}.png")
        lines.append(f"{at}.png,{'' if at % 7 == 3 else at + 0.5},{'ab'[at % 2]}")
    for at in (5, 10, 20, 21):
        (tmp_path / f"{at}.png").write_bytes(b"none" * at)
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    data = new_project(tmp_path, target="kind").project.data
    seen = [
        each.model_copy(update={"role": "feature"}) if each.name == "width" else each
        for each in data.columns
    ]
    small.setattr(spill, "ROWS", 7)
    small.setattr(slices, "CELLS", 10)
    held, found = both(small, data.changed(columns=tuple(seen)))
    assert_same(held, found)
    assert held.fitted.inputs[0].spec.kind == "features"
    assert {"the picture is no picture", "width is missing"} <= held.train.unscored.keys()


@pytest.mark.parametrize("rows", ["lines", "paragraphs"])
@pytest.mark.parametrize("unit", ["characters", "BPE"])
def test_a_long_text(
    tmp_path: Path, small: pytest.MonkeyPatch, rows: Any, unit: Literal["characters", "BPE"]
) -> None:
    words = np.random.default_rng(0).choice(["sea", "Höhe", "tide\n", "tide\r\n\r\n", "é"], 3000)
    path = tmp_path / "long.txt"
    path.write_bytes((" ".join(words) + "x" * 4500 + "\n\n\n end").encode())
    for module, name in ((long_text, "BLOCK"), (long_text, "_MOST"), (long_text, "_ROWS")):
        small.setattr(module, name, 50 if name == "_ROWS" else 1501)
    steps = (Tokenise(unit=unit, vocabulary=300, length=None), Passages(length=16, stride=11))
    data = DataConfig(
        path=str(path),
        columns=(Column(name="text", kind="text", role="target"),),
        source=LongText(rows=rows),
        recipe=steps,
        split=SplitConfig(method="time"),
    )
    held, found = both(small, data)
    whole = held.clean.get_column("text")
    assert "".join(whole) == path.read_text(encoding="utf-8")
    assert_frame_equal(held.clean, found.clean)
    assert whole.str.len_chars().max() == long_text.LONGEST
    assert_same(held, found)
    tensors = TensorData.from_encoded(found.train, found.fitted.fields)
    ids = tensors.gather(torch.arange(tensors.rows))["tokens"]
    np.testing.assert_array_equal(ids, held.train.fields["tokens"])


def test_a_folder_of_texts(tmp_path: Path, small: pytest.MonkeyPatch) -> None:
    for at in range(60):
        folder = tmp_path / "mails" / ("spam", "ham")[at % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{at}.txt").write_bytes(b"\x89PNG" if at == 7 else f" {'very ' * at}x".encode())
    small.setattr(source_texts, "_PORTION", 13)
    data = DataConfig(path=str(tmp_path / "mails"), source=TextFolder())
    frames = []
    for limit in (1 << 40, 0, 0):
        small.setattr(mapped, "LIMIT", limit)
        frames.append(sources.read_plain(data))
    assert frames[0].get_column("text").null_count() == 1
    assert_frame_equal(frames[0], frames[1])
    assert_frame_equal(frames[0], frames[2])


GROWTH = """
import sys, threading
from pathlib import Path

from modelstudio.data import slices, sources, spill
from modelstudio.data.prepare import fit_recipe
from modelstudio.data.sources import delimited, long_text, mapped
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import LongText
from modelstudio.recipe.steps import (
    FillMissing, Passages, SmoothRows, TargetEncode, Tokenise, Windows
)

mapped.LIMIT, spill.ROWS, spill.SLAB, slices.CELLS = 1 << 16, 20_000, 1 << 16, 100_000
delimited.LEAST = delimited.BLOCK = delimited.PIECE = long_text.BLOCK = 1 << 18
long_text._ROWS = 2_000
done, status, most = threading.Event(), Path("/proc/self/status"), 0

def watch():
    global most
    while not done.wait(0.002):
        most = max(most, *(int(line.split()[1]) for line in status.open() if "RssAnon" in line))

def asked(path):
    if path.suffix == ".txt":
        text = Column(name="text", kind="text", role="target")
        steps = (Tokenise(unit="characters", length=None), Passages())
        return DataConfig(
            path=str(path), columns=(text,), source=LongText(), recipe=steps,
            split=SplitConfig(method="time"),
        )
    kinds = {"at": "number", "shop": "category", "sold": "number", "kind": "category"}
    roles = {"at": "ignored", "shop": "ignored" if "windows" in path.stem else "feature"}
    roles["kind"] = "target"
    columns = tuple(
        Column(name=name, kind=kind, role=roles.get(name, "feature"))
        for name, kind in kinds.items()
    )
    last = Windows(order_by="at", series="shop") if "windows" in path.stem else TargetEncode()
    steps = (FillMissing(), SmoothRows(), last)
    return DataConfig(
        path=str(path), columns=columns, recipe=steps, split=SplitConfig(method="time", by="at")
    )

threading.Thread(target=watch).start()
for name in sys.argv[1:]:
    made = sources.finish(fit_recipe(asked(Path(name))))
    print(1024 * most)
    del made
    most = 0
done.set()
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell it")
def test_memory_hardly_grows_with_the_data(tmp_path: Path) -> None:
    random, paths = np.random.default_rng(0), []
    for name in ("steps", "windows"):
        for rows in (80_000, 400_000):
            sold = pl.Series(random.lognormal(0, 1, rows)).round(3)
            table = {
                "at": random.permutation(rows),
                "shop": random.choice(["Bonn", "Ulm", "Köln"], rows),
                "sold": sold.set(pl.Series(random.random(rows) < 0.1), None),
                "kind": random.choice(["a", "b"], rows),
            }
            paths.append(tmp_path / f"{name}{rows}.csv")
            pl.DataFrame(table).write_csv(paths[-1])
    for size in (1_000_000, 4_000_000):
        paths.append(tmp_path / f"{size}.txt")
        letters = random.choice(list("abcdefgh    \n"), size)
        paths[-1].write_text("".join(letters.tolist()))
    at_once = {**os.environ, "_RJEM_MALLOC_CONF": "dirty_decay_ms:0,muzzy_decay_ms:0"}
    at_once["MODELSTUDIO_HOME"] = str(tmp_path / "home")
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, *paths], env=at_once, stdout=subprocess.PIPE, check=True
    )
    few, more, cut, many, short, long = map(int, done.stdout.split())
    assert (more - few) / 320_000 < 60, "bytes a row"
    assert (many - cut) / 320_000 < 60
    assert (long - short) / 3_000_000 < 0.5, "bytes a byte"
