"""What is planted in a table is found in every form, and nothing beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID

import numpy as np
import polars as pl
import pytest

from modelstudio.data import detect, profile, sources
from modelstudio.data.findings import findings
from modelstudio.data.findings.finding import Finding
from modelstudio.data.steps.scale import fit_clip
from modelstudio.engine.events import drain
from modelstudio.engine.profiling import profile_source
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import ClipOutliers, LeaveOut

SIZES = (80, 900)


def honest(rows: int, classes: bool = True) -> pl.DataFrame:
    random = np.random.default_rng(rows)
    hidden = random.normal(size=rows)
    answer = hidden + 0.6 * random.normal(size=rows)
    return pl.DataFrame(
        {
            "height": random.normal(172, 9, rows).round(1),
            "weight": (75 + 8 * hidden + 9 * random.normal(size=rows)).round(2),
            "income": random.lognormal(10, 0.5, rows).round(),
            "age": random.integers(18, 90, rows),
            "visits": random.poisson(6, rows),
            "x": hidden + random.normal(size=rows),
            "town": random.choice(["Bonn", "Ulm", "Jena", "Essen"], rows),
            "target": np.where(answer > 0.3, "yes", "no") if classes else answer * 30 + 200,
        }
    )


def told(frame: pl.DataFrame, folder: Path) -> list[Finding]:
    frame.write_csv(folder / "t.csv")
    return [
        each
        for each in drain(profile_source(folder / "t.csv", "target")).findings
        if each.is_problem
    ]


def by_kind(found: list[Finding]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = {}
    for each in found:
        kinds.setdefault(each.kind, set()).update(set(each.columns) - {"target"})
    return kinds


def with_columns(frame: pl.DataFrame, columns: Mapping[str, object]) -> pl.DataFrame:
    return frame.with_columns(pl.Series(name, values) for name, values in columns.items())


@pytest.mark.parametrize("rows", SIZES)
def test_ids_of_every_form_are_found(tmp_path: Path, rows: int) -> None:
    random = np.random.default_rng(1)
    shuffled = random.permutation(rows)
    ids = {
        "row": np.arange(rows),
        "from 1000": np.arange(rows) + 1000,
        "backwards": -np.sort(-shuffled),
        "mixed": shuffled + 1,
        "with gaps": np.cumsum(random.integers(1, 4, rows)),
        "customer_id": random.permutation(10**6)[:rows],
        "letters": [f"K{at:05}" for at in shuffled],
        "uuids": [str(UUID(bytes=random.bytes(16))) for _ in range(rows)],
        "mail": [f"user{at}@mail.org" for at in shuffled],
        "call": [f"+49 170 {at}" for at in random.permutation(10**6)[:rows] + 10**6],
    }
    assert by_kind(told(with_columns(honest(rows), ids), tmp_path)) == {"id_like": set(ids)}


@pytest.mark.parametrize("rows", SIZES)
def test_copies_of_a_class_are_found(tmp_path: Path, rows: int) -> None:
    random, frame = np.random.default_rng(2), honest(rows)
    yes = (frame["target"] == "yes").to_numpy().astype(int)
    slips = np.arange(rows) % 71 == 5
    copies = {
        "renamed": np.array(["B", "A"])[yes],
        "scaled": 7 * yes + 3,
        "negated": -yes,
        "with slips": np.where(slips, 1 - yes, yes),
        "noisy": yes + random.normal(0, 0.01, rows),
        "probability": yes * 0.9 + random.uniform(0, 0.1, rows),
        "finer": [
            f"{each}{letter}"
            for each, letter in zip(yes, random.choice(list("ab"), rows), strict=True)
        ],
    }
    assert by_kind(told(with_columns(frame, copies), tmp_path)) == {"target_leak": set(copies)}


def test_one_class_of_three_that_a_column_names_is_found(tmp_path: Path) -> None:
    frame = honest(300, classes=False)
    names = np.array(["low", "middle", "high"])[np.digitize(frame["target"], (190, 215))]
    frame = with_columns(frame, {"target": names, "is_low": (names == "low").astype(int)})
    assert by_kind(told(frame, tmp_path)) == {"target_leak": {"is_low"}}


@pytest.mark.parametrize("rows", SIZES)
def test_copies_of_a_number_are_found(tmp_path: Path, rows: int) -> None:
    frame = honest(rows, classes=False)
    answer = frame["target"].to_numpy()
    spread = answer.std()
    quantiles = np.digitize(answer, np.quantile(answer, (0.2, 0.4, 0.6, 0.8)))
    copies = {
        "other units": answer * 1.8 + 32,
        "negated": -answer,
        "logarithm": np.log(answer + 100),
        "noisy": answer + np.random.default_rng(0).normal(0, spread / 100, rows),
        "rounded": (answer / 5).round() * 5,
        "bins": quantiles,
        "bands": [f"band {7 * each % 5}" for each in quantiles],
        "altered cells": np.where(np.arange(rows) % 50 == 7, answer.mean(), answer),
        "in euros": [f"{each:.2f} EUR" for each in answer],
    }
    assert by_kind(told(with_columns(frame, copies), tmp_path)) == {"target_leak": set(copies)}


@pytest.mark.parametrize("rows", SIZES)
def test_cells_that_are_missing_with_the_target_are_found(tmp_path: Path, rows: int) -> None:
    frame, no = honest(rows), pl.col("target") == "no"
    frame = frame.with_columns(
        pl.when(no).then("height").alias("height"),
        pl.when(~no).then("town").alias("town"),
        pl.when(no ^ (pl.int_range(pl.len()) == 5)).then("age").alias("age"),
    )
    found = [each for each in told(frame, tmp_path) if each.kind != "missing"]
    assert by_kind(found) == {"missing_leak": {"height", "town", "age"}}


@pytest.mark.parametrize("rows", [300, 900])
def test_cells_missing_in_a_part_of_one_class_are_found(tmp_path: Path, rows: int) -> None:
    yes, some = pl.col("target") == "yes", pl.int_range(pl.len()) % 3 > 0
    frame = honest(rows).with_columns(
        pl.when(~(yes & some)).then("height").alias("height"),
        pl.when(~yes & some).then("town").alias("town"),
    )
    texts = {each.column: each.text for each in told(frame, tmp_path) if each.kind != "missing"}
    assert texts == {
        "height": "height is missing only when target is yes",
        "town": "town is known only when target is no",
    }


WAYS = (
    *(
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M:%S",
        "%d.%m.%Y",
        "%m/%d/%Y",
        "%d %b %Y",
        "%B %d, %Y",
        "%d. %B %Y",
    ),
    *("%B %Y", "%b %Y", "%b-%y", "%b-%Y", "%Y%m%d", "%Y.%m.%d", "%d-%b-%Y", "%d-%b-%y", "%m/%Y"),
    *("%a, %d %b %Y %H:%M:%S +0000", "%m/%d/%Y %I:%M %p", "%A, %d %B %Y", "%a %b %d %H:%M:%S %Y"),
)


@pytest.mark.parametrize("rows", SIZES)
def test_dates_as_text_are_found_in_every_writing(tmp_path: Path, rows: int) -> None:
    start = np.datetime64("2018-01-03T04:05:06")
    random = np.random.default_rng(3)
    whens = (start + random.integers(0, 1500, rows) * np.timedelta64(1, "D")).astype(object)
    dates = {way: [when.strftime(way) for when in whens] for way in WAYS}
    dates["ordinal"] = [f"{when:%B} {when.day}th, {when:%Y}" for when in whens]
    found = by_kind(told(with_columns(honest(rows), dates), tmp_path))
    assert found == {"date_as_text": set(dates)}


@pytest.mark.parametrize("rows", SIZES)
def test_mixed_types_are_found(tmp_path: Path, rows: int) -> None:
    random = np.random.default_rng(4)
    numbers, odd = random.normal(50, 9, rows), np.arange(rows) % 29 == 7
    days = [f"2021-{month:02}-{day:02}" for month, day in random.integers(1, 13, (rows, 2))]

    def mixed(word: str, others: list[str]) -> list[str]:
        return [word if each else other for each, other in zip(odd, others, strict=True)]

    written = [f"{number:.2f}" for number in numbers]
    columns = {word: mixed(word, written) for word in ("unknown", "?", "-", "N/A", "12,,3")}
    columns["day"] = mixed("soon", [f"{day} 0{at % 10}:00:00" for at, day in enumerate(days)])
    found = told(with_columns(honest(rows), columns), tmp_path)
    mixtures = {each.columns[0]: each.rows for each in found if each.kind == "mixed_types"}
    first = tuple(np.flatnonzero(odd)[:20])
    assert mixtures == dict.fromkeys(columns, first)


def test_the_words_among_numbers_are_named(tmp_path: Path) -> None:
    words = ["ERR"] * 5 + ["w" * 40] * 3 + ["#DIV/0!", "k.A."]
    mixed = pl.Series("x", [*(f"{at * 1.7:.1f}" for at in range(890)), *words])
    found = told(honest(900).with_columns(mixed), tmp_path)
    text = next(each.text for each in found if each.kind == "mixed_types")
    assert (
        text == "x mixes numbers and words: ERR (5), " + "w" * 29 + "… (3), #DIV/0! (1) and 1 more"
    )


FAR: dict[str, Callable[[float], float]] = {
    "height": lambda cell: cell * 10,
    "income": lambda cell: cell * 1000,
    "age": lambda cell: 200.0,
    "visits": lambda cell: 100.0,
    "x": lambda cell: 25.0,
}


def looked_at(data: DataConfig) -> dict[str, Finding]:
    frame, plain = sources.read(data, None), sources.read_plain(data, None)
    found = findings(data, frame, profile.profile(frame, data.columns), plain=plain)
    return {each.kind: each for each in found}


@pytest.mark.parametrize("rows", [100, 150, 200, 1000])
@pytest.mark.parametrize("name", FAR)
def test_a_single_far_number_is_found_and_the_step_brings_it_back(
    tmp_path: Path, name: str, rows: int
) -> None:
    frame = honest(rows)
    cells = frame[name].cast(pl.Float64)
    cells[17] = FAR[name](cells[17])
    frame.with_columns(cells).write_csv(tmp_path / "t.csv")
    data = DataConfig(path=str(tmp_path / "t.csv"), source=detect.detect(tmp_path / "t.csv"))
    guessed = detect.guess(data, sources.read_plain(data, None), "target")
    data = data.changed(columns=guessed.columns)
    found = looked_at(data)["outliers"]
    assert (found.columns, found.rows) == ((name,), (17,))
    assert isinstance(found.fix, ClipOutliers)
    low, high = fit_clip(found.fix, sources.read(data, None), (name,))[name]
    usual = cells.filter(np.arange(rows) != 17)
    assert low <= usual.min()
    assert usual.max() <= high < cells[17]


@pytest.mark.parametrize("rows", SIZES)
def test_what_is_constant_or_nearly_so_is_found(tmp_path: Path, rows: int) -> None:
    columns = {
        "word": ["x"] * rows,
        "number": [3.5] * rows,
        "flag": [True] * rows,
        "gaps": [None if at % 40 == 3 else 1 for at in range(rows)],
        "but for a row": ["x"] * (rows - 1) + ["y"],
        "but for a number": [1] + [0] * (rows - 1),
    }
    found = by_kind(told(with_columns(honest(rows), columns), tmp_path))
    assert found == {"constant": set(columns)}


def test_what_is_nearly_constant_is_not_told_again_as_rare(tmp_path: Path) -> None:
    frame = with_columns(honest(1500), {"same": ["y", "z"] + ["x"] * 1498})
    assert by_kind(told(frame, tmp_path)) == {"constant": {"same"}}


def test_files_without_a_text_are_found(tmp_path: Path) -> None:
    for label in ("good", "bad"):
        (tmp_path / label).mkdir()
        for at in range(20):
            (tmp_path / label / f"{at:02}.txt").write_text(f"{label} word {at} in text {at * 7}")
    (tmp_path / "bad" / "x.txt").write_bytes(b"\xff\x00\x01" * 50)
    (tmp_path / "good" / "y.txt").write_text("")
    (found,) = [each for each in drain(profile_source(tmp_path)).findings if each.is_problem]
    assert (found.kind, found.rows) == ("corrupt_file", (20, 41))
    assert found.text == "2 texts cannot be used: x.txt holds no text"
    assert found.fix == LeaveOut(rows="21, 42")


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_category_of_few_rows_is_found_and_even_ones_are_not_rare(
    tmp_path: Path, count: int
) -> None:
    frame = honest(200)
    many = np.random.default_rng(5).choice([f"team {at}" for at in range(16)], 200)
    frame = frame.with_columns(town=pl.Series(["Rom"] * count).extend(frame["town"][count:]))
    found = told(with_columns(frame, {"team": many}), tmp_path)
    assert by_kind(found) == {"rare_category": {"town"}}
    assert found[0].rows == tuple(range(count))


@pytest.mark.parametrize(("rows", "few"), [(80, 4), (900, 45), (900, 9), (900, 2)])
def test_small_classes_are_found(tmp_path: Path, rows: int, few: int) -> None:
    frame = honest(rows).with_columns(target=pl.Series(["yes"] * few + ["no"] * (rows - few)))
    assert by_kind(told(frame, tmp_path)) == {"imbalance": set()}


@pytest.mark.parametrize("change", ["digit", "letter", "rounding", "capitals", "gap"])
@pytest.mark.parametrize("rows", SIZES)
def test_rows_that_differ_a_little_are_found(tmp_path: Path, rows: int, change: str) -> None:
    frame = honest(rows)
    changed = {
        "digit": pl.col("height") + 0.1,
        "letter": pl.col("town").str.replace(".$", "x"),
        "rounding": pl.col("x").round(4),
        "capitals": pl.col("town").str.to_uppercase(),
        "gap": pl.lit(None).alias("height"),
    }
    found = told(
        pl.concat([frame, frame[:4].with_columns(changed[change])], how="vertical_relaxed"),
        tmp_path,
    )
    (near,) = [each for each in found if each.kind == "near_duplicates"]
    assert set(range(rows, rows + 4)) <= set(near.rows)
