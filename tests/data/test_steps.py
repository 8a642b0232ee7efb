"""Recipe steps: every declared step is implemented, and does what its description says."""

from __future__ import annotations

import json

import polars as pl
import pytest

from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.errors import DataError
from modelstudio.recipe.steps import (
    ClipOutliers,
    ColumnStep,
    FillMissing,
    MinMax,
    OneHot,
    Ordinal,
    Standardise,
    Step,
)

TRAIN = pl.DataFrame(
    {
        "n": [0.0, 1.0, 2.0, 3.0, 4.0, 100.0, None],
        "c": ["b", "a", "b", None, "c", "b", "a"],
    }
)
OTHER = pl.DataFrame({"n": [None, -50.0, 2.5], "c": ["z", None, "a"]})


def run(step: Step, *columns: str) -> pl.DataFrame:
    """Fit on TRAIN, send the state through JSON, apply to OTHER."""
    implementation = IMPLEMENTATIONS[type(step)]
    state = json.loads(json.dumps(implementation.fit(step, TRAIN, columns)))
    return implementation.apply(state, OTHER)


@pytest.mark.parametrize("step", [s for s in Step.members() if s.stage == "fitted"])
def test_every_fitted_step_is_implemented(step: type[Step]) -> None:
    assert step in IMPLEMENTATIONS
    assert issubclass(step, ColumnStep)
    columns = [name for name, kind in (("n", "number"), ("c", "category")) if kind in step.kinds]
    result = run(step(), *columns)
    assert result.height == OTHER.height


@pytest.mark.parametrize("step", list(Step.members()))
def test_every_step_is_described_and_round_trips(step: type[Step]) -> None:
    assert step.purpose().endswith(".")
    assert all(field.description for field in step.model_fields.values())
    made = step(enabled=False)
    assert Step.from_dict(json.loads(json.dumps(made.to_dict()))) == made


@pytest.mark.parametrize(
    ("step", "number", "category"),
    [
        (FillMissing(method="median"), 2.5, "b"),
        (FillMissing(method="mean"), 110 / 6, "b"),
        (FillMissing(method="most frequent"), 0.0, "b"),
        (FillMissing(method="constant", value="7"), 7.0, "7"),
    ],
)
def test_fill(step: FillMissing, number: float, category: str) -> None:
    result = run(step, "n", "c")
    assert result["n"].to_list() == pytest.approx([number, -50.0, 2.5])
    assert result["c"].to_list() == ["z", category, "a"]


def test_fill_with_a_text_where_a_number_is_due() -> None:
    with pytest.raises(DataError, match="holds numbers"):
        run(FillMissing(method="constant", value="many"), "n")


def test_clip_by_quartiles_and_by_deviation() -> None:
    assert run(ClipOutliers(factor=1.0), "n")["n"].to_list() == [None, -1.25, 2.5]
    values = TRAIN["n"].drop_nulls()
    low = values.mean() - 0.5 * values.std(ddof=0)
    result = run(ClipOutliers(method="z-score", factor=0.5), "n")["n"].to_list()
    assert result[1:] == pytest.approx([low, 2.5])


def test_clipping_leaves_a_column_that_is_mostly_one_value() -> None:
    rare = pl.DataFrame({"n": [0.0] * 9 + [7.0]})
    state = IMPLEMENTATIONS[ClipOutliers].fit(ClipOutliers(), rare, ["n"])
    assert IMPLEMENTATIONS[ClipOutliers].apply(state, rare).equals(rare)


def test_standardise_and_range() -> None:
    values = TRAIN["n"].drop_nulls()
    assert run(Standardise(), "n")["n"].to_list()[2] == pytest.approx(
        (2.5 - values.mean()) / values.std(ddof=0)
    )
    assert run(MinMax(low=-1, high=1), "n")["n"].to_list()[1:] == pytest.approx([-2.0, -0.95])
    with pytest.raises(DataError, match="empty"):
        run(MinMax(low=1, high=1), "n")


def test_a_constant_column_stays_finite() -> None:
    constant = pl.DataFrame({"n": [3.0, 3.0]})
    for step in (Standardise(), MinMax()):
        implementation = IMPLEMENTATIONS[type(step)]
        state = implementation.fit(step, constant, ["n"])
        assert implementation.apply(state, constant)["n"].to_list() == [0.0, 0.0]


def test_one_hot() -> None:
    result = run(OneHot(), "c")
    assert result.columns == ["n", "c=a", "c=b", "c=c"]
    assert result.select("c=a", "c=b", "c=c").rows() == [(0, 0, 0), (0, 0, 0), (1, 0, 0)]
    assert run(OneHot(limit=1), "c").columns == ["n", "c=b"]


def test_ordinal() -> None:
    assert run(Ordinal(), "c")["c"].to_list() == [-1.0, -1.0, 0.0]
    assert run(Ordinal(order=("c", "b", "a")), "c")["c"].to_list() == [-1.0, -1.0, 2.0]
