"""What goes slice by slice through tables larger than memory says what the whole says."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_series_equal

from modelstudio.data import spill
from modelstudio.data.lots import Ranking
from modelstudio.data.sources import mapped, values
from modelstudio.data.split import split_table
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.recipe.columns import Column

LONG = "a text that is too long to stand beside its length"


@pytest.fixture(params=["held", "mapped"])
def in_either_way(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Let every table be held in memory, or none."""
    monkeypatch.setenv("MODELSTUDIO_HOME", str(tmp_path))
    monkeypatch.setattr(spill, "ROWS", 200)
    monkeypatch.setattr(mapped, "LIMIT", 0 if request.param == "mapped" else 1 << 40)


def visits(rows: int = 500) -> pl.DataFrame:
    random = np.random.default_rng(0)
    customer = random.integers(0, 80, rows)
    return pl.DataFrame(
        {
            "customer": pl.Series(customer).cast(pl.String).replace("3", None) + f" {LONG}",
            "number": pl.Series(customer / 2).set(pl.Series(customer == 3), None),
            "day": pl.Series(random.integers(0, 99, rows)).cast(pl.Datetime("ms")),
            "week": pl.Series(random.integers(0, 30, rows)).cast(pl.String),
            "town": pl.Series(random.integers(0, 30, rows)).cast(pl.String),
            "part": pl.Series(random.choice(["train", "test", ""], rows)).replace("", None),
        }
    )


@pytest.mark.parametrize(
    ("split", "same"),
    [
        ({"method": "group", "by": "customer"}, "b87edff47eac"),
        ({"method": "group", "by": "number", "folds": 4, "fold": 1}, "e83289102237"),
        ({"method": "last", "by": "customer", "times": "day"}, "bd446ddd4860"),
        ({"method": "last", "by": "number"}, "b453cf5bda24"),
        ({"method": "time", "by": "week"}, "186c5c65fec7"),
        ({"method": "column", "by": "part"}, "1272da2c34e1"),
        ({}, "23ef6bc8b414"),
        ({"folds": 3, "fold": 2}, "4d255ff55976"),
        ({"folds": 3, "stratify": False}, "ac060164d880"),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_a_project_keeps_its_parts(in_either_way: None, split: dict[str, Any], same: str) -> None:
    frame = visits()
    columns = tuple(
        Column(name=name, kind="category", role="target" if name == "town" else "feature")
        for name in frame.columns
    )
    data = DataConfig(columns=columns, split=SplitConfig(seed=7, **split))
    numbers = np.arange(frame.height) * 3
    parts = split_table(frame, numbers, data)
    assert isinstance(parts.train, np.memmap) is (mapped.LIMIT == 0)
    told = hashlib.blake2b(digest_size=6)
    for each in (parts.train, parts.validation, parts.test):
        told.update(each.astype(np.int64).tobytes() + b"|")
    assert told.hexdigest() == same


def test_of_equal_lots_the_first_comes_first() -> None:
    numbers = np.array([0.5, 0.25, 0.5, 0.75, 0.5])
    ranking = Ranking(numbers.copy())
    assert [*ranking.places(numbers[:3]), *ranking.places(numbers[3:])] == [1, 0, 2, 4, 3]


@pytest.mark.parametrize("rows", [1, 7, 1_000])
@pytest.mark.parametrize(
    ("kind", "cells", "second"),
    [
        ("number", ["5 kg", "12 kg", "NA", "1,200 kg"] * 8, 12.0),
        ("number", ["5 kg", "12 lb", "3 kg", "8 kg"] * 8, None),
        ("number", ["$1.50", "(3)", "8:30", "1.2M", "word"] * 8, -3.0),
        ("date", ["03/04/2021", "04/04/2021", None] * 6 + ["05/04/2021"], "2021-04-04"),
        ("date", ["03/04/2021", "03/05/2021", "03/13/2021"] * 6, "2021-03-05"),
        ("date", ["03/01/21", "03/02/21", None, "03/13/21"] * 6, "2021-03-02"),
        ("date", ["2021-04-03", "2021-04-04T10:00", "1617494400"] * 6, "2021-04-04 10:00:00"),
    ],
    ids=["unit", "two units", "dressed", "day first", "month first", "short years", "many forms"],
)
def test_a_column_becomes_its_kind_piece_by_piece(
    monkeypatch: pytest.MonkeyPatch, rows: int, kind: Any, cells: list[str], second: object
) -> None:
    column = Column(name="c", kind=kind)
    text = pl.Series("c", cells, dtype=pl.String)
    whole = values.typed(text, column)
    monkeypatch.setattr(values, "CELLS", rows)
    pieces = list(values.typed_in_pieces(text, column))
    assert len(pieces) == -(-len(cells) // rows)
    assert_series_equal(pl.concat(pieces), whole)
    assert whole[1] == (second if kind == "number" else datetime.fromisoformat(str(second)))


def test_words_for_missing_and_decimal_commas_go_piece_by_piece(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = pl.DataFrame({"a": ["1,5", "2", "n.a.", "1.234,5"] * 9, "b": ["x,y", "n.a."] * 18})
    whole = values.as_usual(frame, ["n.a."], commas=["a"])
    assert whole.row(0) == ("1.5", "x,y")
    monkeypatch.setattr(values, "CELLS", 5)
    pieces = list(values.usual_pieces(frame, ["n.a."], commas=["a"]))
    for column in whole:
        some = [each for each in pieces if each.name == column.name]
        assert_series_equal(pl.concat(some), column)
