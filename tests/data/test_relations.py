"""How columns hang together with the target."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from modelstudio.data.relations import relations
from modelstudio.recipe.columns import Column

ROWS = 600


def test_classes_stack_to_the_histogram_and_strengths_tell_signal_from_noise() -> None:
    random = np.random.default_rng(0)
    target = random.choice(["a", "b"], ROWS)
    frame = pl.DataFrame(
        {
            "told": np.where(target == "a", 3.0, 0.0) + random.normal(size=ROWS),
            "noise": random.normal(size=ROWS),
            "same": np.where(target == "a", "x", "y"),
            "other": random.choice(["u", "v", "w"], ROWS),
            "target": target,
        }
    )
    kinds = ("number", "number", "category", "category", "category")
    columns = [
        Column(name=name, kind=kind, role="target" if name == "target" else "feature")
        for name, kind in zip(frame.columns, kinds, strict=True)
    ]
    told, noise, same, other = relations(frame, columns)
    assert told.strength is not None
    assert told.strength > 0.7
    assert noise.strength is not None
    assert noise.strength < 0.15
    assert same.strength == pytest.approx(1, abs=0.01)
    assert other.strength is not None
    assert other.strength < 0.15
    counts = np.histogram(frame["told"].to_numpy(), 12)[0]
    assert np.array(told.bars).sum(axis=0) == pytest.approx(counts / counts.max())
    assert sorted(told.classes) == ["a", "b"]


def test_numbers_are_compared_by_rank() -> None:
    numbers = np.random.default_rng(0).normal(size=ROWS)
    frame = pl.DataFrame({"x": -np.exp(numbers), "flat": [1.0] * ROWS, "target": numbers})
    roles = {"target": "target"}
    columns = [
        Column(name=name, kind="number", role=roles.get(name, "feature")) for name in frame.columns
    ]
    x, flat = relations(frame, columns)
    assert (x.strength, x.bars) == (pytest.approx(-1), ())
    assert flat.strength is None
