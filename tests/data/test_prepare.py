"""From table to numbers: nothing is learnt from rows that judge, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tables import configure, people, prepared, write

from modelstudio.data.batches import TensorData
from modelstudio.data.fitted import FittedRecipe
from modelstudio.data.inputs import FEATURES
from modelstudio.data.sources import ROW, tabular
from modelstudio.data.split import split_rows
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import (
    DropDuplicates,
    FillMissing,
    FilterRows,
    Formula,
    OneHot,
    Rename,
    Standardise,
    Step,
    TargetEncode,
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "people.csv", people())


def test_every_row_is_in_one_part(table: Path) -> None:
    result = prepared(configure(table, "bought"))
    parts = [result.train.rows, result.validation.rows, result.test.rows]
    assert sorted(np.concatenate(parts)) == list(range(200))
    assert [len(part) for part in parts] == [130, 30, 40]


def test_the_same_seed_gives_the_same_rows_and_another_others(table: Path) -> None:
    first, again = (
        prepared(configure(table, "bought", seed=3)),
        prepared(configure(table, "bought", seed=3)),
    )
    other = prepared(configure(table, "bought", seed=4))
    assert first.test.rows.tolist() == again.test.rows.tolist() != other.test.rows.tolist()


@given(
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=5),
    test=st.sampled_from([0.0, 0.1, 0.25, 0.4]),
    validation=st.sampled_from([0.0, 0.15, 0.3]),
    seed=st.integers(0, 5),
)
def test_stratified_parts_keep_class_shares(
    sizes: list[int], test: float, validation: float, seed: int
) -> None:
    classes = np.repeat([f"c{index}" for index in range(len(sizes))], sizes)
    config = SplitConfig(test=test, validation=validation, seed=seed)
    parts = split_rows(np.arange(len(classes)), config, classes)
    every = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(every) == list(range(len(classes)))
    trained = Counter(classes[parts.train])
    for name, size in Counter(classes).items():
        assert trained[name] >= 1
        assert abs(np.sum(classes[parts.test] == name) - test * size) <= 1.5


def test_too_few_rows_to_split() -> None:
    with pytest.raises(DataError, match="too few"):
        split_rows(np.arange(0), SplitConfig(), None)


def test_rows_that_go_hardly_move_the_others() -> None:
    rows, config = np.arange(1000), SplitConfig(seed=5)
    kept = np.setdiff1d(rows, [3, 50, 700])
    before = set(rows[split_rows(rows, config, None).test])
    after = set(kept[split_rows(kept, config, None).test])
    assert len(before - after) <= 3
    other = set(rows[split_rows(rows, SplitConfig(seed=6), None).test])
    assert len(before & other) < 80


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 3),
    noise=st.floats(-1e6, 1e6, allow_nan=False),
    town=st.sampled_from(["Ulm", "Bonn", "Atlantis", ""]),
)
def test_no_value_of_a_judging_row_changes_what_is_learnt(
    tmp_path_factory: pytest.TempPathFactory, seed: int, noise: float, town: str
) -> None:
    """Change every feature of every validation and test row; the fitted recipe stays the same."""
    path = tmp_path_factory.mktemp("leak") / "t.csv"
    lines = people(120).splitlines()
    write(path, "\n".join(lines) + "\n")
    data = configure(path, "bought", seed=seed)
    data = data.changed(
        recipe=tuple(step for step in data.recipe if not isinstance(step, DropDuplicates))
    )
    before = prepared(data)
    judging = {*before.validation.rows.tolist(), *before.test.rows.tolist()}
    changed = [lines[0]] + [
        f"{noise},{town},{-noise},{line.split(',')[3]}" if row in judging else line
        for row, line in enumerate(lines[1:])
    ]
    write(path, "\n".join(changed) + "\n")
    after = prepared(data)
    assert after.fitted == before.fitted
    assert after.train.rows.tolist() == before.train.rows.tolist()
    np.testing.assert_array_equal(after.train.fields[FEATURES], before.train.fields[FEATURES])
    assert not np.array_equal(after.test.fields[FEATURES], before.test.fields[FEATURES])


def test_the_fitted_recipe_survives_json_and_transforms_the_same(table: Path) -> None:
    result = prepared(configure(table, "bought"))
    again = FittedRecipe.model_validate_json(result.fitted.model_dump_json())
    assert again == result.fitted
    frame = tabular.read(configure(table, "bought")).with_row_index(ROW)
    rows = again.transform(frame[result.parts.test])
    np.testing.assert_array_equal(rows.fields[FEATURES], result.test.fields[FEATURES])


def test_prediction_reports_rows_it_cannot_score(table: Path) -> None:
    data = configure(table, "bought")
    data = data.changed(recipe=(FillMissing(columns=("town",)), Standardise(), OneHot()))
    result = prepared(data)
    frame = pl.DataFrame(
        {"age": [30.0, None, 50.0], "town": ["Ulm", "Ulm", None], "income": [1.0, 2.0, 3.0]}
    )
    encoded = result.fitted.transform(frame)
    assert encoded.rows.tolist() == [0, 2]
    assert encoded.unscored == {"age is missing": 1}
    assert encoded.truth.tolist() == [-1, -1]


def test_unseen_classes_and_missing_targets_never_reach_the_loss(table: Path) -> None:
    result = prepared(configure(table, "bought"))
    frame = tabular.read(configure(table, "bought")).with_row_index(ROW).head(4)
    odd = frame.with_columns(pl.Series("bought", ["maybe", None, "no", "yes"], dtype=pl.String))
    encoded = result.fitted.transform(odd)
    assert encoded.truth.tolist() == [-1, -1, 0, 1]
    assert encoded.with_known_truth().rows.tolist() == [2, 3]


def test_duplicates_are_dropped_before_the_split_and_the_first_is_kept(tmp_path: Path) -> None:
    lines = people(50).splitlines()
    path = write(tmp_path / "t.csv", "\n".join([*lines, *lines[1:]]) + "\n")
    result = prepared(configure(path, "bought"))
    assert result.effects[0].rows == 50
    every = np.concatenate([result.train.rows, result.validation.rows, result.test.rows])
    assert sorted(every) == list(range(50))


def test_test_rows_from_a_second_file(table: Path, tmp_path: Path) -> None:
    second = write(tmp_path / "tests.csv", people(30, seed=9))
    data = configure(table, "bought")
    result = prepared(data.changed(split=data.split.changed(test_path=str(second))))
    assert len(result.test.rows) == 30
    assert len(result.train.rows) + len(result.validation.rows) == 200
    assert result.frame("test").height == 30


def test_a_skewed_positive_target_is_trained_on_its_logarithm(table: Path) -> None:
    data = configure(table, "income")
    target = prepared(data).fitted.target
    assert target.log
    values = np.array([5_000.0, 50_000.0])
    np.testing.assert_allclose(target.inverse(target.scaled(values)), values)
    known = prepared(data).train.truth
    far = target.inverse(np.array([-50.0, 50.0]))
    assert known.min() / 2 < far[0] < known.min() < known.max() < far[1] < 2 * known.max()
    plain = prepared(data.changed(target_scaling="standardise")).fitted.target
    assert not plain.log
    np.testing.assert_allclose(plain.inverse(plain.scaled(values)), values)


def test_effects_count_what_each_step_did(table: Path) -> None:
    result = prepared(configure(table, "bought"))
    names = [type(step).__name__ for step in configure(table, "bought").recipe]
    effects = dict(zip(names, result.effects, strict=True))
    empty = people().count(",,")
    assert effects["FillMissing"].cells == empty
    assert effects["FillMissing"].changed == (("income", empty),)
    assert effects["OneHot"].columns == 2


def test_a_category_left_over_is_named(table: Path) -> None:
    data = configure(table, "bought")
    with pytest.raises(DataError, match="town still holds categories"):
        prepared(data.changed(recipe=(FillMissing(), Standardise())))


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (Standardise(columns=("town",)), "cannot act on town"),
        (Standardise(columns=("height",)), "names the column height"),
        (Step.from_dict({"type": "Transmogrify"}), "does not know"),
    ],
)
def test_steps_that_cannot_run_say_so(table: Path, step: Step, said: str) -> None:
    data = configure(table, "bought")
    with pytest.raises(DataError, match=said):
        prepared(data.changed(recipe=(step, *data.recipe)))


def test_a_number_target_of_kind_category_is_classes(tmp_path: Path) -> None:
    rows = "".join(f"{index % 13},{index % 3}\n" for index in range(90))
    path = write(tmp_path / "t.csv", "x,y\n" + rows)
    columns = (Column(name="x", kind="number"), Column(name="y", kind="category", role="target"))
    data = DataConfig(path=str(path), columns=columns, recipe=(Standardise(),))
    assert prepared(data).fitted.target.classes == ("0", "1", "2")


def test_training_rows_are_encoded_without_their_own_target(table: Path) -> None:
    data = configure(table, "bought").changed(recipe=(FillMissing(), TargetEncode(smoothing=0)))
    result = prepared(data)
    again = result.encoded("train", result.fitted)
    town = result.fitted.inputs[0].columns.index("town")
    learnt, applied = (each.fields[FEATURES][:, town] for each in (result.train, again))
    assert len(set(applied)) == 3 < len(set(learnt)) <= 15
    others = np.delete(result.train.fields[FEATURES], town, axis=1)
    np.testing.assert_array_equal(others, np.delete(again.fields[FEATURES], town, axis=1))
    judged = result.encoded("test", result.fitted)
    np.testing.assert_array_equal(result.test.fields[FEATURES], judged.fields[FEATURES])


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (FilterRows(condition="height > 1"), "names height"),
        (Formula(name="x", formula="town + 1"), "town is a text"),
        (Formula(name="bought", formula="age"), "the table has one of that name"),
        (Rename(column="age", name="bought"), "the table has one of that name"),
    ],
)
def test_the_step_at_fault_is_told(table: Path, step: Step, said: str) -> None:
    data = configure(table, "bought")
    data = data.changed(recipe=(FillMissing(enabled=False), step, OneHot()))
    with pytest.raises(DataError, match=said) as caught:
        prepared(data)
    assert caught.value.step == 1


def test_batches_gather_rows_in_the_given_order(table: Path) -> None:
    result = prepared(configure(table, "bought"))
    data = TensorData.from_encoded(result.train, result.fitted.fields)
    order = torch.randperm(data.rows, generator=torch.Generator().manual_seed(0))
    batches = list(data.batches(order, 32))
    assert [len(batch[FEATURES]) for batch in batches] == [32, 32, 32, 32, 2]
    joined = torch.cat([batch[FEATURES] for batch in batches])
    assert torch.equal(joined, data.fields[FEATURES][order])
    assert joined.dtype == torch.float32
    first = next(data.portions(order, 32, skip=3))
    assert torch.equal(data.gather(first)["bought"], batches[3]["bought"])


def test_classes_written_as_whole_and_as_decimal_numbers_are_the_same(tmp_path: Path) -> None:
    rows = "".join(f"{index * 7 % 50},{index % 12 + 1}.0\n" for index in range(240))
    data = configure(write(tmp_path / "t.csv", "x,y\n" + rows), "y")
    result = prepared(data)
    assert result.fitted.target.classes == tuple(map(str, range(1, 13)))
    other = write(tmp_path / "u.csv", "x,y\n1,12\n2,3.0\n3,13\n")
    frame = tabular.read_table(other, result.fitted.config())
    assert result.fitted.transform(frame).truth.tolist() == [11, 2, -1]
