"""In which order steps can run, and why not in another."""

from __future__ import annotations

import pytest

from modelstudio.recipe.columns import Column
from modelstudio.recipe.order import natural_place, order_fault
from modelstudio.recipe.steps import (
    Cast,
    DateParts,
    DropDuplicates,
    FillMissing,
    FilterRows,
    Formula,
    GroupRare,
    Index,
    MissingIndicator,
    OneHot,
    Ordinal,
    Rename,
    Standardise,
    Step,
    TargetEncode,
)

COLUMNS = (
    Column(name="age", kind="number"),
    Column(name="town", kind="category"),
    Column(name="born", kind="date"),
    Column(name="y", kind="category", role="target"),
)


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ((Standardise(), DropDuplicates()), "stays above Standardise"),
        ((FillMissing(), FilterRows(condition="age > 1")), "Filter rows works on whole rows"),
        ((OneHot(columns=("town",)), GroupRare(columns=("town",))), "One-hot has replaced town"),
        ((OneHot(), FillMissing(columns=("town",))), "so Fill missing must stay above it"),
        ((Ordinal(), OneHot(columns=("town",))), "Ordinal has made town a number by then"),
        ((Index(), TargetEncode(columns=("town",))), "Index has replaced town"),
        ((Standardise(columns=("sum",)), Formula(name="sum", formula="age + 1")), "makes sum"),
        (
            (Rename(column="age", name="years"), Standardise(columns=("age",))),
            "Rename has replaced",
        ),
        ((Standardise(columns=("years",)), Rename(column="age", name="years")), "must stay below"),
        ((Standardise(columns=("born year",)), DateParts()), "Date parts makes born year"),
        ((Cast(columns=("age",)), Standardise(columns=("age",))), "has made age a category"),
        ((Formula(name="age", formula="age"), Formula(name="x", formula="town == 'a'")), None),
    ],
)
def test_orders_that_cannot_run(recipe: tuple[Step, ...], said: str | None) -> None:
    fault = order_fault(recipe, COLUMNS)
    if said is None:
        assert fault is None
        return
    assert fault is not None
    assert said in fault
    assert order_fault(recipe[::-1], COLUMNS) is None


@pytest.mark.parametrize(
    "recipe",
    [
        (DropDuplicates(), FillMissing(), Standardise(), OneHot()),
        (OneHot(), Standardise(), FillMissing(columns=("age",))),
        (DateParts(), Standardise(columns=("born year",))),
        (OneHot(columns=("town",), enabled=False), Ordinal(columns=("town",))),
        (Ordinal(), Standardise(columns=("town",))),
        (Cast(columns=("age",)), OneHot(columns=("age",))),
        (Step.from_dict({"type": "Transmogrify"}), DropDuplicates()),
        (Standardise(columns=("town", "height")),),
    ],
)
def test_orders_that_can_run_or_are_at_fault_elsewhere(recipe: tuple[Step, ...]) -> None:
    assert order_fault(recipe, COLUMNS) is None


def test_a_new_step_goes_where_steps_of_its_sort_go() -> None:
    recipe = (DropDuplicates(), FillMissing(), Standardise(), OneHot())
    steps = (MissingIndicator(), Formula(), FilterRows(), Index(), Step.from_dict({"type": "New"}))
    assert [natural_place(recipe, step) for step in steps] == [1, 2, 1, 4, 4]
