"""Every recipe step there is keeps the contract of steps."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, get_args, get_origin

import numpy as np
import polars as pl
import pytest
from annotated_types import Ge, Gt, Le, Lt
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from modelstudio.data.fitting import Fitting, Learning, fit_steps
from modelstudio.data.parts import Parts
from modelstudio.data.sources import ROW
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.data.steps import rows as row_steps
from modelstudio.data.steps.rows import KEEP
from modelstudio.data.target import TargetState
from modelstudio.errors import DataError, FieldError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import (
    Bin,
    Cast,
    DropDuplicates,
    FilterRows,
    Formula,
    LeaveOut,
    Rename,
    SampleRows,
    Step,
)

KINDS = {"n": "number", "m": "number", "c": "category", "i": "id", "t": "text", "d": "date"}
SCHEMA = {
    name: {"number": pl.Float64(), "date": pl.Datetime("ms")}.get(kind, pl.String())
    for name, kind in KINDS.items()
}
DAYS = [datetime(2024, 1, 1) + timedelta(days=37 * at, hours=at) for at in range(12)]
TRAIN = pl.DataFrame(
    {
        "n": [0.0, 1.0, 2.0, 3.0, 4.0, 100.0, None, 2.0, 7.5, 1.0, -4.0, 3.0],
        "m": [5.0, None, 2.0, 8.0, 4.0, -1.0, 3.0, 2.5, None, 1.0, 1e8, 3.0],
        "c": ["b", "a", "b", None, "c", "b", "a", "a", "b", "b", "b", "c"],
        "i": ["u1", "u2", "u1", "u3", "u2", None, "u4", "u1", "u5", "u6", "u1", "u1"],
        "t": ["<b>One</b> &amp; two", "see www.x.org", None, "x\n y", "ÉTÉ", "7 a"] * 2,
        "d": [*DAYS[:-1], None],
    },
    schema=SCHEMA,
)
TARGET = np.array([0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 1, 0])
OTHER = pl.DataFrame(
    {
        "n": [None, -50.0, 1e8, float("inf")],
        "m": [None, float("-inf"), 0.0, -1e8],
        "c": [None, "z", "a", "b"],
        "i": [None, "new", "u1", ""],
        "t": [None, "", "<", "&#x;"],
        "d": [None, datetime(1900, 2, 28), datetime(2999, 12, 31, 23, 59), DAYS[0]],
    },
    schema=SCHEMA,
)

SET_UP: dict[type[Step], dict[str, Any]] = {
    Cast: {"columns": ("n",)},
    FilterRows: {"condition": "n > 1 or c == 'a'"},
    Formula: {"name": "f", "formula": "n / m + (c == 'a')"},
    LeaveOut: {"rows": "2, 5-7"},
    Rename: {"column": "n", "name": "new"},
    SampleRows: {"rows": 5},
}
"""Settings of steps that do nothing without."""

FITTED = [step for step in Step.members() if step.stage == "fitted" and step in IMPLEMENTATIONS]


def made(step: type[Step]) -> Step:
    """Return a step that does something."""
    return step(**SET_UP.get(step, {}))


def learnt(step: Step, frame: pl.DataFrame = TRAIN) -> Learning:
    """Return training rows that a step may learn from."""
    return Learning(frame, dict(KINDS), TARGET[: frame.height])


def alone(recipe: tuple[Step, ...], clean: pl.DataFrame, parts: Parts) -> Fitting:
    """Fit a recipe on a table with a target of two classes."""
    columns = tuple(Column(name=name, kind=kind) for name, kind in KINDS.items())
    answer = Column(name="y", kind="category", role="target")
    data = DataConfig(columns=(*columns, answer), recipe=recipe)
    target = TargetState(column="y", kind="binary", classes=("0", "1"))
    return fit_steps(data, clean, parts, target)


CLEAN = TRAIN.with_columns(y=pl.Series(TARGET).cast(pl.String))
PARTS = Parts(np.arange(0, 12, 2), np.array([1, 3, 5]), np.array([7, 9, 11]))


def test_every_step_is_carried_out() -> None:
    for step in Step.members():
        if step.stage == "rows":
            assert step in KEEP
        elif step.stage == "fitted":
            assert step in IMPLEMENTATIONS


@pytest.mark.parametrize("step", list(Step.members()))
def test_every_step_is_described_and_round_trips(step: type[Step]) -> None:
    assert step.purpose().endswith(".")
    assert all(field.description for field in step.model_fields.values())
    for instance in (step(), step(**SET_UP.get(step, {}), enabled=False)):
        assert Step.from_dict(json.loads(json.dumps(instance.to_dict()))) == instance


def beyond(step: type[Step]) -> list[tuple[str, Any]]:
    """Return values that a step must refuse, by field."""
    found: list[tuple[str, Any]] = []
    for name, field in step.model_fields.items():
        for rule in field.metadata:
            match rule:
                case Ge(ge=limit):
                    found.append((name, limit - 1))
                case Le(le=limit):
                    found.append((name, limit + 1))
                case Gt(gt=limit):
                    found.append((name, limit))
                case Lt(lt=limit):
                    found.append((name, limit))
        if field.annotation in (int, float):
            found += [(name, "many"), (name, float("nan"))]
        elif field.annotation is bool:
            found.append((name, "perhaps"))
        elif get_origin(field.annotation) is not None and "Literal" in str(field.annotation):
            assert get_args(field.annotation)
            found.append((name, "nonsense"))
    return [*found, ("nonsense", 1)]


@pytest.mark.parametrize("step", list(Step.members()))
def test_values_out_of_range_are_refused_in_a_sentence(step: type[Step]) -> None:
    for name, value in beyond(step):
        with pytest.raises(FieldError) as caught:
            step.build(**{name: value})
        message = caught.value.message
        assert message.endswith(".")
        title = step.model_fields[name].title if name in step.model_fields else None
        assert (title or name.replace("_", " ")).lower() in message.lower()


@pytest.mark.parametrize("step", FITTED)
def test_states_are_json_and_no_row_makes_a_step_stumble(step: type[Step]) -> None:
    """Unseen categories, cells all missing, infinities, no row at all."""
    instance = made(step)
    fitted = learnt(instance).fit(instance)
    again = type(fitted).model_validate_json(fitted.model_dump_json())
    assert again == fitted
    assert json.loads(json.dumps(fitted.state, allow_nan=False)) == fitted.state
    assert fitted.state, "the step did nothing"
    types = fitted.apply(TRAIN).schema
    for rows in (OTHER, OTHER.head(1), OTHER.head(0), pl.concat([TRAIN, OTHER])):
        changed = again.apply(rows)
        assert changed.height == rows.height
        assert changed.schema == types
        assert not any(column.is_nan().any() for column in changed if column.dtype == pl.Float64)
    if step.rowwise:
        single = pl.concat([again.apply(OTHER[at]) for at in range(OTHER.height)])
        assert_frame_equal(again.apply(OTHER), single)


@pytest.mark.parametrize("step", FITTED)
def test_a_column_without_a_training_value_is_refused_or_kept(step: type[Step]) -> None:
    frame = pl.DataFrame({name: [None] * 4 for name in KINDS}, schema=SCHEMA)
    instance = made(step)
    learning = learnt(instance, frame)
    try:
        fitted = learning.fit(instance)
    except DataError:
        return
    assert fitted.apply(OTHER).height == OTHER.height
    learning.follow(fitted)
    assert learning.frame.height == 4


@pytest.mark.parametrize("step", FITTED)
def test_numbers_at_the_end_of_all_measure_are_learnt_from(step: type[Step]) -> None:
    extremes = [1e149, -1e149, 1e-149, 0.0, None, 1.0]
    frame = TRAIN.with_columns(n=pl.Series(extremes * 2), m=pl.Series(extremes[::-1] * 2))
    instance = made(step)
    fitted = learnt(instance, frame).fit(instance)
    assert json.loads(json.dumps(fitted.state, allow_nan=False)) == fitted.state
    assert fitted.apply(pl.concat([frame, OTHER])).height == frame.height + OTHER.height


@pytest.mark.parametrize("step", FITTED)
def test_the_kinds_a_step_says_it_leaves_are_those_it_leaves(step: type[Step]) -> None:
    instance = made(step)
    learning = learnt(instance)
    learning.follow(learning.fit(instance))
    for name, kind in learning.kinds.items():
        expected = {"number": pl.Float64, "date": pl.Datetime("ms")}.get(kind, pl.String)
        assert learning.frame.schema[name] == expected


@pytest.mark.parametrize("step", FITTED)
@settings(max_examples=4)
@given(data=st.data())
def test_no_value_of_a_judging_row_changes_what_is_learnt(
    step: type[Step], data: st.DataObject
) -> None:
    cells: dict[str, st.SearchStrategy[Any]] = {
        "number": st.none() | st.floats(-1e9, 1e9, allow_nan=False),
        "date": st.none() | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    }
    words = st.none() | st.sampled_from(["a", "z", "u1", "<p>", ""])
    rows = {
        name: data.draw(st.lists(cells.get(kind, words), min_size=12, max_size=12))
        for name, kind in KINDS.items()
    }
    others = pl.DataFrame(rows, schema=SCHEMA, strict=False)
    others = others.with_columns(y=pl.Series(1 - TARGET).cast(pl.String))
    judging = pl.Series(np.isin(np.arange(12), PARTS.train, invert=True))
    changed = CLEAN.select(
        pl.when(judging).then(others[n]).otherwise(CLEAN[n]).alias(n) for n in CLEAN.columns
    )
    before, after = (alone((made(step),), rows, PARTS) for rows in (CLEAN, changed))
    assert before.steps == after.steps
    assert_frame_equal(before.training, after.training)


@pytest.mark.parametrize("step", FITTED)
def test_effects_are_counted_right(step: type[Step]) -> None:
    fitting = alone((made(step),), CLEAN, PARTS)
    before, after = CLEAN.select(list(KINDS)), fitting.encoded
    changed = {}
    for name in set(before.columns) & set(after.columns):
        if before.schema[name] != after.schema[name]:
            changed[name] = 12
        elif differing := sum(a != b for a, b in zip(before[name], after[name], strict=True)):
            changed[name] = differing
    changed |= {name: 12 for name, dtype in after.schema.items() if dtype.is_nested()}
    effect = fitting.effects[0]
    assert dict(effect.changed) == changed
    assert effect.cells == sum(changed.values())
    assert effect.columns == after.width - before.width
    assert effect.cells or effect.columns or step is Rename


@pytest.mark.parametrize("step", list(KEEP))
def test_row_steps_keep_rows_in_order(step: type[Step]) -> None:
    frame = pl.concat([CLEAN, CLEAN.head(2)]).with_row_index(ROW)
    frame = frame.with_columns(y=pl.when(pl.col(ROW) != 4).then("y"))
    kept = KEEP[step](made(step), frame, "y").get_column(ROW)
    assert kept.is_sorted()
    assert 0 < len(kept) < frame.height


@pytest.mark.parametrize("kinds", [2, 12, 1_000])
def test_equal_rows_of_a_long_table_are_found_as_in_a_short_one(
    monkeypatch: pytest.MonkeyPatch, kinds: int
) -> None:
    random = np.random.default_rng(0)
    frame = pl.DataFrame({name: random.integers(0, kinds, 200) for name in "abcde"})
    frame = frame.with_columns(e=pl.col("e") % 2)
    first = frame.unique(keep="first", maintain_order=True)
    monkeypatch.setattr(row_steps, "LONG", 100)
    monkeypatch.setattr(row_steps, "FEW", 20)
    assert_frame_equal(KEEP[DropDuplicates](DropDuplicates(), frame, None), first)


def test_a_step_takes_the_columns_it_names_or_all_that_fit() -> None:
    step = Bin(encode="one-hot")
    assert list(learnt(step).fit(step).state) == ["n", "m"]
    assert list(learnt(step).fit(step.changed(columns=("m",))).state) == ["m"]
