"""Edits of the data choices: roles, kinds, and the order of steps."""

from __future__ import annotations

import pytest

from modelstudio.data.findings.finding import LeaveFilesOut, SetReading
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.order import order_fault
from modelstudio.recipe.sources import ImageFolder
from modelstudio.recipe.steps import (
    ClipOutliers,
    DropDuplicates,
    DropMissingTarget,
    FillMissing,
    FilterRows,
    LeaveOut,
    OneHot,
    Ordinal,
    Standardise,
    Step,
)
from modelstudio.recipe.steps.rows import named_rows, written_rows
from modelstudio.ui.pages.data import edits, wording


@pytest.fixture
def data() -> DataConfig:
    return DataConfig(
        columns=(
            Column(name="age", kind="number"),
            Column(name="fare", kind="number"),
            Column(name="port", kind="category"),
            Column(name="survived", kind="category", role="target"),
        ),
        recipe=(DropDuplicates(), FillMissing(), Standardise(), OneHot()),
    )


def roles(data: DataConfig) -> dict[str, str]:
    return {column.name: column.role for column in data.columns}


def names(data: DataConfig) -> list[str]:
    return [step.type_name for step in data.recipe]


def test_a_new_target_makes_the_old_one_a_feature(data: DataConfig) -> None:
    changed = edits.set_role(data, ["port"], "target")
    assert roles(changed)["port"] == "target"
    assert roles(changed)["survived"] == "feature"


def test_two_columns_cannot_both_be_the_target(data: DataConfig) -> None:
    with pytest.raises(DataError, match="Only one column"):
        edits.set_role(data, ["age", "fare"], "target")


def test_several_columns_are_ignored_at_once(data: DataConfig) -> None:
    changed = edits.set_role(data, ["age", "fare"], "ignored")
    assert [column.name for column in changed.features] == ["port"]


def test_a_click_goes_round_the_roles() -> None:
    assert edits.next_role("feature") == "target"
    assert edits.next_role("target") == "ignored"
    assert edits.next_role("ignored") == "feature"


def test_steps_let_go_of_a_column_whose_kind_no_longer_fits(data: DataConfig) -> None:
    recipe = (Standardise(columns=("age", "fare")), ClipOutliers(columns=("age",)), OneHot())
    changed = edits.set_kind(data.changed(recipe=recipe), ["age"], "category")
    assert changed.recipe == (Standardise(columns=("fare",)), OneHot())


@pytest.mark.parametrize(
    ("step", "place"),
    [(DropMissingTarget(), 1), (FillMissing(), 2), (ClipOutliers(), 2), (Ordinal(), 4)],
)
def test_a_new_step_goes_where_its_sort_goes(data: DataConfig, step: Step, place: int) -> None:
    changed, at = edits.add_step(data, step)
    assert (at, changed.recipe[at]) == (place, step)
    assert order_fault(changed.recipe, changed.columns) is None


def test_moving_keeps_all_steps(data: DataConfig) -> None:
    changed = edits.move_step(data, 1, 3)
    assert names(changed) == ["DropDuplicates", "Standardise", "OneHot", "FillMissing"]


def test_row_steps_stay_above_what_is_learnt(data: DataConfig) -> None:
    with pytest.raises(DataError, match="Drop duplicate rows works on whole rows before the split"):
        edits.move_step(data, 0, 1)


def test_a_category_cannot_be_filled_after_it_was_encoded(data: DataConfig) -> None:
    fill, encode = FillMissing(columns=("port",)), OneHot(columns=("port",))
    data = data.changed(recipe=(fill, encode))
    with pytest.raises(DataError, match="One-hot has replaced port"):
        edits.move_step(data, 0, 1)


def test_a_step_that_does_it_already_is_found(data: DataConfig) -> None:
    assert edits.handled_by(data, FillMissing(columns=("age",))) == 1
    assert edits.handled_by(data, ClipOutliers(columns=("age",))) is None
    off = edits.replace_step(data, 1, FillMissing(enabled=False))
    assert edits.handled_by(off, FillMissing(columns=("age",))) is None
    some = edits.replace_step(data, 1, FillMissing(columns=("fare",)))
    assert edits.handled_by(some, FillMissing(columns=("age",))) is None
    assert edits.handled_by(some, FillMissing(columns=("fare",))) == 1


def test_rows_are_left_out_already_when_all_of_them_are(data: DataConfig) -> None:
    left = edits.add_step(data, LeaveOut(rows=written_rows([3, 8, 9], "30-20000000000, 9")))[0]
    assert edits.handled_by(left, LeaveOut(rows="10, 4, 9000-90000")) is not None
    assert edits.handled_by(left, LeaveOut(rows="4-5")) is None
    assert edits.handled_by(left, LeaveOut(rows="29-30")) is None
    assert named_rows("4, 9-10, 30-20000000000", [2, 3, 28, 29]) == {3, 29}
    kept = edits.add_step(data, FilterRows(condition="age > 18"))[0]
    assert edits.handled_by(kept, FilterRows(condition="age > 18")) is not None
    assert edits.handled_by(kept, FilterRows(condition="age > 21")) is None


def test_a_finding_reads_the_file_anew(data: DataConfig) -> None:
    fix = SetReading((("dates", "month first"),))
    assert edits.mend(data, fix).csv.dates == "month first"
    assert wording.fix_title(fix) == "Read with the month first"


def test_a_finding_leaves_pictures_out(data: DataConfig) -> None:
    data = data.changed(source=ImageFolder(left_out=("b/2.png",)))
    fix = LeaveFilesOut(("a/1.png", "b/2.png"))
    mended = edits.mend(data, fix)
    assert mended.source == ImageFolder(left_out=("a/1.png", "b/2.png"))
    assert edits.mend(mended, fix) == mended
    assert wording.fix_title(fix) == "Leave out 2 pictures"


def test_fitting_columns_are_features_of_the_right_kind(data: DataConfig) -> None:
    assert edits.fitting_columns(data, Standardise) == ("age", "fare")
    assert edits.fitting_columns(data, OneHot()) == ("port",)
