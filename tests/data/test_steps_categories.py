"""Categories gathered, counted, hashed, and replaced by means of the target."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.errors import DataError
from modelstudio.recipe.steps import (
    Cast,
    GroupRare,
    HashEncode,
    Index,
    OneHot,
    Ordinal,
    Step,
    TargetEncode,
)

TRAIN = pl.DataFrame({"c": ["b", "a", "b", None, "c", "b", "a"]})
OTHER = pl.DataFrame({"c": ["z", None, "a"]})


def run(step: Step, train: pl.DataFrame = TRAIN, other: pl.DataFrame = OTHER) -> pl.DataFrame:
    """Fit on training rows and apply to others."""
    implementation = IMPLEMENTATIONS[type(step)]
    return implementation.apply(implementation.fit(step, train, ["c"], None), other)


def test_one_hot() -> None:
    other = OTHER.with_columns(n=1.0)
    result = run(OneHot(), other=other)
    assert result.columns == ["c=a", "c=b", "c=c", "n"]
    assert result.select("c=a", "c=b", "c=c").rows() == [(0, 0, 0), (0, 0, 0), (1, 0, 0)]
    assert run(OneHot(limit=1)).columns == ["c=b"]


def test_ordinal() -> None:
    assert run(Ordinal())["c"].to_list() == [-1.0, -1.0, 0.0]
    assert run(Ordinal(order=("c", "b", "a")))["c"].to_list() == [-1.0, -1.0, 2.0]


def test_rare_and_unseen_categories_are_grouped() -> None:
    found = run(GroupRare(least=0.2), other=pl.concat([TRAIN, OTHER]))["c"].to_list()
    assert found == ["b", "a", "b", None, "other", "b", "a", "other", None, "a"]
    assert run(GroupRare(least=0.3, name="few"), other=TRAIN)["c"].to_list()[1] == "few"


def test_an_index_counts_from_one_and_tells_its_vocabulary() -> None:
    implementation = IMPLEMENTATIONS[Index]
    state = implementation.fit(Index(), TRAIN, ["c"], None)
    found = implementation.apply(state, pl.concat([TRAIN, OTHER]))["c"]
    assert found.dtype == pl.Int64
    assert found.to_list() == [1, 2, 1, 0, 3, 1, 2, 0, 0, 2]
    assert implementation.vocabularies(state) == {"c": 4}
    assert run(Index(least=2), other=TRAIN)["c"].max() == 2
    assert run(Index(limit=1), other=TRAIN)["c"].max() == 1


def test_a_hash_needs_no_training_and_never_changes() -> None:
    found = run(HashEncode(size=4), other=pl.DataFrame({"c": ["Ulm", "new", None, "Ulm"]}))
    assert found.columns == ["c#0", "c#1", "c#2", "c#3"]
    assert found.rows() == [(0, 0, 0, 1), (0, 1, 0, 0), (0, 0, 0, 0), (0, 0, 0, 1)]


def encoded(step: TargetEncode, train: pl.DataFrame, target: np.ndarray, other: pl.DataFrame):
    """Return other rows and the training rows themselves after target encoding."""
    implementation = IMPLEMENTATIONS[TargetEncode]
    state = implementation.fit(step, train, ["c"], target)
    change = implementation.learn(step, state, train, ["c"], target)
    own = change(train, slice(0, train.height))
    return implementation.apply(state, other), own


def test_target_means() -> None:
    target = np.array([10.0, 0.0, 20.0, 6.0, 4.0, 30.0, 2.0])
    asked = pl.DataFrame({"c": ["b", "a", "c", None, "unseen"]})
    found, _ = encoded(TargetEncode(smoothing=0), TRAIN, target, asked)
    overall = float(target.mean())
    assert found["c"].to_list() == pytest.approx([20.0, 1.0, 4.0, 6.0, overall])
    found, _ = encoded(TargetEncode(smoothing=2), TRAIN, target, asked)
    drawn = [(60 + 2 * overall) / 5, (2 + 2 * overall) / 4]
    assert found["c"].to_list()[:2] == pytest.approx(drawn)


def test_classes_become_shares() -> None:
    two, _ = encoded(TargetEncode(smoothing=0), TRAIN, np.array([1, 0, 1, 0, 0, 0, 0]), OTHER)
    assert two.columns == ["c"]
    assert two["c"].to_list() == pytest.approx([2 / 7, 0.0, 0.0])
    three, own = encoded(TargetEncode(smoothing=0), TRAIN, np.array([2, 0, 1, 0, 0, 1, 2]), OTHER)
    assert three.columns == own.columns == ["c class 1", "c class 2", "c class 3"]
    assert three.row(2) == (0.5, 0.0, 0.5)
    assert three.sum_horizontal().to_list() == pytest.approx([1.0] * 3)


def test_no_training_row_sees_its_own_target() -> None:
    chance = np.random.default_rng(0)
    train = pl.DataFrame({"c": chance.choice(["a", "b", "c"], 40)})
    target = chance.normal(size=40)
    _, before = encoded(TargetEncode(), train, target, OTHER)
    for row in range(40):
        other = target.copy()
        other[row] += 1000.0
        _, after = encoded(TargetEncode(), train, other, OTHER)
        moved = np.array(after["c"]) != np.array(before["c"])
        assert not moved[row]
        assert moved.any()


def test_noise_against_ids_tells_training_nothing() -> None:
    """With means of all training rows each id would give its own target away."""
    chance = np.random.default_rng(0)
    train = pl.DataFrame({"c": [f"id{at}" for at in range(300)]})
    target = chance.normal(size=300)
    applied, own = encoded(TargetEncode(smoothing=0), train, target, train)
    assert np.corrcoef(applied["c"], target)[0, 1] > 0.99
    assert own["c"].std() < 0.2


def test_target_encoding_needs_a_target() -> None:
    with pytest.raises(DataError, match="none is marked as the target"):
        run(TargetEncode())


def test_kinds_are_changed() -> None:
    numbers = pl.DataFrame({"c": [1.0, 2.5, None, float("inf"), 1e8, -0.0]})
    words = run(Cast(to="category"), numbers, numbers)["c"].to_list()
    assert words == ["1", "2.5", None, None, "100000000", "0"]
    text = pl.DataFrame({"c": ["1", "2.5", None, "many", "1,000"]})
    assert run(Cast(to="number"), text, text)["c"].to_list() == [1.0, 2.5, None, None, 1000.0]
    assert run(Cast(to="category"), text, text).equals(text)
    weights, others = (pl.DataFrame({"c": [*cells]}) for cells in (["1 kg", "2 kg"], ["3 lb"]))
    mixed = run(Cast(to="number"), weights, pl.concat([weights, others]))["c"].to_list()
    assert mixed == [1.0, 2.0, None]
