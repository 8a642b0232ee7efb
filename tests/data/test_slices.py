"""A large table fitted by columns and encoded by slices gives what the whole table gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables import configure, people, prepared, write

from modelstudio.data import fitting_slices, gathered, slices
from modelstudio.data.prepare import Prepared
from modelstudio.data.sources import ROW
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.data.steps.rows import KEEP
from modelstudio.data.stored import Stored
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import (
    ClipOutliers,
    DropDuplicates,
    FillMissing,
    GroupRare,
    Index,
    MinMax,
    OneHot,
    Ordinal,
    QuantileScale,
    Standardise,
    Step,
)


def both(data: DataConfig, monkeypatch: pytest.MonkeyPatch) -> tuple[Prepared, Prepared]:
    whole = prepared(data)
    with monkeypatch.context() as patch:
        patch.setattr(slices, "LARGE", 0)
        patch.setattr(slices, "CELLS", 100)
        patch.setattr(gathered, "SPOOLED", 0)
        return whole, prepared(data)


@pytest.mark.parametrize(
    "recipe",
    [
        (FillMissing(), ClipOutliers(), Standardise(), OneHot()),
        (FillMissing(columns=("income",)), FillMissing(), MinMax(columns=("age",)), Ordinal()),
        (GroupRare(least=0.3), QuantileScale(), Index()),
        (OneHot(), FillMissing(enabled=False), Standardise()),
    ],
    ids=["usual", "by name", "ids", "missing cells stay"],
)
def test_pieces_give_what_the_whole_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: tuple[Step, ...]
) -> None:
    data = configure(write(tmp_path / "t.csv", people(300)), "bought")
    whole, sliced = both(data.changed(recipe=(DropDuplicates(), *recipe)), monkeypatch)
    assert sliced.fitted == whole.fitted
    assert sliced.effects == whole.effects
    for part in ("train", "validation", "test"):
        left, right = getattr(whole, part), getattr(sliced, part)
        assert np.array_equal(left.rows, right.rows)
        assert np.array_equal(left.truth, right.truth)
        assert np.array_equal(left.scaled, right.scaled)
        assert left.unscored == right.unscored
        assert left.fields.keys() == right.fields.keys()
        for name, values in left.fields.items():
            found = right.fields[name]
            if values.dtype == np.float64:
                assert isinstance(found, Stored)
                found = found.read()
                values = values.astype(np.float32)
            assert np.array_equal(values, found)


def test_a_step_that_cannot_learn_says_where_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = configure(write(tmp_path / "t.csv", people(60)), "bought")
    monkeypatch.setattr(slices, "LARGE", 0)
    for step, said in (
        (MinMax(low=1, high=0), "range 1 to 0 is empty"),
        (Standardise(columns=("price",)), "names the column price"),
    ):
        with pytest.raises(DataError, match=said) as caught:
            prepared(data.changed(recipe=(FillMissing(), step, OneHot())))
        assert caught.value.step == 1


def test_steps_taken_column_by_column_look_at_nothing_else() -> None:
    assert frozenset(IMPLEMENTATIONS) > fitting_slices.COLUMN_BY_COLUMN
    for step in fitting_slices.COLUMN_BY_COLUMN:
        assert step.rowwise
        assert not step.supervised
        assert IMPLEMENTATIONS[step].learn is None


@given(
    cells=st.lists(
        st.tuples(st.sampled_from([0.0, -0.0, 1.0, None]), st.sampled_from(["a", "b", None, ""])),
        min_size=1,
        max_size=30,
    )
)
@settings(max_examples=60)
def test_the_first_of_equal_rows_is_kept(cells: list[tuple[float | None, str | None]]) -> None:
    frame = pl.DataFrame(cells, schema={"n": pl.Float64, "t": pl.String}, orient="row")
    frame = frame.with_row_index(ROW)
    kept = KEEP[DropDuplicates](DropDuplicates(), frame, None)
    assert kept.equals(frame.unique(subset=["n", "t"], keep="first", maintain_order=True))
