"""Windows of a series: which rows they hold, and which targets they tell."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from modelstudio.data import sources
from modelstudio.data.fitted import FittedRecipe
from modelstudio.data.prepare import Prepared, fit_recipe
from modelstudio.data.stored import Stored
from modelstudio.engine import projects
from modelstudio.engine.events import drain
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import Windows

COUNT = 120


def table(folder: Path, *, series: bool = False, gap: int | None = None) -> Path:
    """Write days in no order, with x and y = 100 + 2 x day; two series interleaved if asked."""
    lines = []
    for day in range(COUNT):
        for name in ("a", "b") if series else ("a",):
            shift = 1000 if name == "b" else 0
            x = "" if day == gap else str(day + shift)
            date = datetime(2020, 1, 1) + timedelta(days=day)
            lines.append(f"{date:%Y-%m-%d},{name},{x},{100 + 2 * day + shift}")
    order = np.random.default_rng(0).permutation(len(lines))
    path = folder / "series.csv"
    path.write_text("day,name,x,y\n" + "\n".join(lines[at] for at in order))
    return path


def prepared(path: Path, step: Windows, **split: Any) -> Prepared:
    """Prepare with y as the target and x as the only feature, scaled by nothing."""
    kinds = {"day": ("date", "ignored"), "name": ("category", "ignored")}
    columns = [Column(name=name, kind=kinds[name][0], role=kinds[name][1]) for name in kinds]  # type: ignore[arg-type]
    columns += [
        Column(name="x", kind="number", role="feature"),
        Column(name="y", kind="number", role="target"),
    ]
    config = DataConfig(
        path=str(path),
        columns=tuple(columns),
        recipe=(step,),
        target_scaling="none",
        split=SplitConfig(**{"method": "time", "by": "day", **split}),
    )
    return drain(fit_recipe(config))


def windows(samples: Any) -> np.ndarray:
    """Return all windows; shape (samples, length, width)."""
    stored = samples.fields["window"]
    assert isinstance(stored, Stored)
    return stored.read()


def test_a_window_holds_the_days_before_its_target(tmp_path: Path) -> None:
    result = prepared(table(tmp_path), Windows(length=5, horizon=3, order_by="day"))
    spec = result.fitted.fields[0]
    assert (spec.name, spec.kind, spec.shape) == ("window", "window", (5, 2))
    for part in (result.train, result.validation, result.test):
        x, past = windows(part)[..., 0], windows(part)[..., 1]
        assert (np.diff(x, axis=1) == 1).all()
        np.testing.assert_array_equal(past, 100 + 2 * x)
        np.testing.assert_array_equal(part.truth, 100 + 2 * (x[:, -1] + 3))
    assert len(result.test.truth) == 24
    assert windows(result.test)[0, 0, 0] == COUNT - 24 - 3 - 4  # it reaches back into validation


def test_training_windows_hold_training_rows_only(tmp_path: Path) -> None:
    result = prepared(table(tmp_path), Windows(length=5, order_by="day", past="without the target"))
    assert result.fitted.fields[0].shape == (5, 1)
    assert windows(result.train).max() < result.validation.truth.min()
    assert len(result.train.truth) == len(result.parts.train) - 5


def test_no_window_holds_two_series_or_a_row_that_lacks_a_value(tmp_path: Path) -> None:
    step = Windows(length=4, order_by="day", series="name", stride=1)
    result = prepared(table(tmp_path, series=True, gap=20), step)
    x = windows(result.train)[..., 0]
    assert (np.diff(x, axis=1) == 1).all()
    assert not np.isin(x, [20, 1020]).any()
    assert {bool(value) for value in x[:, 0] >= 1000} == {True, False}


def test_stride_thins_the_windows(tmp_path: Path) -> None:
    step = Windows(length=4, order_by="day", stride=5)
    assert (np.diff(windows(prepared(table(tmp_path), step).train)[:, 0, 0]) == 5).all()


def test_a_prediction_stands_at_the_last_row_of_its_window(tmp_path: Path) -> None:
    path = table(tmp_path)
    fitted = prepared(path, Windows(length=5, order_by="day")).fitted
    again = FittedRecipe.model_validate_json(fitted.model_dump_json())
    frame = sources.read_table(path, again.config(), target_needed=False, features_only=True)
    samples = again.transform(frame)
    days = frame.get_column("x").to_numpy()
    np.testing.assert_array_equal(days[samples.rows], windows(samples)[:, -1, 0])
    assert len(samples.rows) == COUNT - 4
    assert sum(samples.unscored.values()) == 4
    assert np.isnan(samples.truth[days[samples.rows] == COUNT - 1]).all()
    without = again.transform(frame.drop("y"))
    assert not len(without.rows)


def test_a_split_at_random_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="overlap"):
        prepared(table(tmp_path), Windows(), method="random", by=None)
    with pytest.raises(DataError, match="column hour"):
        prepared(table(tmp_path), Windows(order_by="hour"))


def test_regular_dates_are_guessed_to_be_a_series(tmp_path: Path) -> None:
    draft = projects.new_project(table(tmp_path), target="y")
    data = draft.project.data
    assert (data.split.method, data.split.by) == ("time", "day")
    assert isinstance(data.recipe[-1], Windows)
    assert data.recipe[-1].order_by == "day"
    classes = projects.new_project(table(tmp_path), target="name").project.data
    assert classes.split.method == "time"
    assert not any(isinstance(step, Windows) for step in classes.recipe)


def test_two_columns_of_ids_and_a_grade_are_ratings(tmp_path: Path) -> None:
    generator = np.random.default_rng(2)
    pairs = generator.choice(200 * 150, size=3000, replace=False)
    lines = [f"{1 + pair // 150},{7 * (pair % 150)},{1 + pair % 5}" for pair in sorted(pairs)]
    path = tmp_path / "r.csv"
    path.write_text("u,i,stars\n" + "\n".join(lines))
    fields = {field.name: field for field in projects.new_project(path).project.data.fields}
    assert fields["u"].kind == fields["i"].kind == "ids"
    assert fields["u"].vocabulary == 201
    assert fields["stars"].kind == "value"


def ratings(folder: Path, names: str, users: int) -> Path:
    """Write grades a second apart, of which many are of the same pair."""
    pairs = np.random.default_rng(4).integers((users, 60), size=(2000, 2))
    lines = [
        f"u-{user},i-{item},{1 + at % 5},{1_600_000_000 + at}"
        for at, (user, item) in enumerate(pairs)
    ]
    path = folder / "graded.csv"
    path.write_text(f"{names},ts\n" + "\n".join(lines))
    return path


def test_ratings_that_are_named_so_are_no_series(tmp_path: Path) -> None:
    draft = projects.new_project(ratings(tmp_path, "user,item,stars", 50))
    assert {field.name: field.kind for field in draft.project.data.fields} == {
        "user": "ids",
        "item": "ids",
        "stars": "value",
    }
    path = ratings(tmp_path, "who,what,y", 10)
    asked = projects.new_project(path, target="y", task="recommend").project.data
    assert [field.kind for field in asked.fields] == ["ids", "ids", "value"]


def test_measurements_with_few_classes_are_no_ratings(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    age, height = generator.integers(10_000, 24_000, 4000), generator.integers(120, 200, 4000)
    lines = [f"{a},{h},{(a + h) % 3}" for a, h in zip(age, height, strict=True)]
    path = tmp_path / "m.csv"
    path.write_text("age,height,risk\n" + "\n".join(lines))
    data = projects.new_project(path, target="risk").project.data
    assert {field.kind for field in data.fields} == {"features", "classes"}


def test_rows_are_taken_as_they_stand_without_a_column_of_times(tmp_path: Path) -> None:
    path = tmp_path / "walk.csv"
    path.write_text("x,y\n" + "".join(f"{at},{2 * at}\n" for at in range(80)))
    draft = projects.new_project(path, target="y", task="forecast")
    assert draft.error is None
    step = Windows(length=4)
    columns = (Column(name="x", kind="number"), Column(name="y", kind="number", role="target"))
    config = DataConfig(
        path=str(path),
        columns=columns,
        recipe=(step,),
        target_scaling="none",
        split=SplitConfig(method="time"),
    )
    result = drain(fit_recipe(config))
    np.testing.assert_array_equal(result.test.truth, 2 * (windows(result.test)[:, -1, 0] + 1))
    few = sources.read(config).head(2)
    short = result.fitted.transform(few)
    assert short.fields["window"].shape == (0, 4, 2)
    assert sum(short.unscored.values()) == 2
    empty = result.fitted.transform(sources.read(config).with_columns(x=pl.lit(None, pl.Float64)))
    assert empty.fields["window"].shape == (0, 4, 2)
    assert sum(empty.unscored.values()) == 80


def test_training_windows_hold_no_row_of_another_part_whatever_the_split(tmp_path: Path) -> None:
    step = Windows(length=4, order_by="day", past="without the target")
    result = prepared(table(tmp_path, series=True), step, method="group", by="name")
    held = {
        part: set(windows(samples).ravel())
        for part, samples in (("train", result.train), ("test", result.test))
    }
    tested = set(result.frame("test").get_column("x").to_list())
    assert not held["train"] & tested


def test_rows_taken_out_part_a_series(tmp_path: Path) -> None:
    path = tmp_path / "gap.csv"
    path.write_text("x,y\n" + "".join(f"{at},{'' if 50 <= at < 60 else at}\n" for at in range(120)))
    columns = (Column(name="x", kind="number"), Column(name="y", kind="number", role="target"))
    config = DataConfig(
        path=str(path),
        columns=columns,
        recipe=(Windows(length=4, past="without the target"),),
        target_scaling="none",
        split=SplitConfig(method="time"),
    )
    x = windows(drain(fit_recipe(config)).train)[..., 0]
    assert (np.diff(x, axis=1) == 1).all()


def test_a_stride_thins_training_windows_only(tmp_path: Path) -> None:
    result = prepared(table(tmp_path), Windows(length=4, order_by="day", stride=4))
    assert len(result.test.truth) == 24
    assert len(result.train.truth) == 19


def test_a_series_of_the_target_alone_is_told_from_its_past(tmp_path: Path) -> None:
    path = tmp_path / "alone.csv"
    start = datetime(2020, 1, 1)
    lines = [f"{start + timedelta(days=day):%Y-%m-%d},{day % 9}.5" for day in range(100)]
    path.write_text("day,y\n" + "\n".join(lines))
    draft = projects.new_project(path, target="y")
    assert draft.error is None
    assert draft.project.data.fields[0].shape == (10, 1)


def test_several_series_are_told_apart_by_a_column(tmp_path: Path) -> None:
    path = table(tmp_path, series=True)
    draft = projects.new_project(path, target="y")
    assert draft.error is None
    step = draft.project.data.recipe[-1]
    assert isinstance(step, Windows)
    assert (step.order_by, step.series) == ("day", "name")
    assert draft.project.data.split.by == "day"
    assert any("each name" in note for note in draft.notes)


def uneven(folder: Path, names: str, *, newest_first: bool = False) -> Path:
    """Write 150 rows of each name, every 10 minutes with pauses; each begins at its own time."""
    rows = []
    for at, name in enumerate(names):
        time = datetime(2022, 1, 1, 0, at)
        for row in range(150):
            time += timedelta(minutes=10 if row % 5 else 10 * (row % 30) + 40)
            rows.append(f"{time:%Y-%m-%d %H:%M},{name},{'ab'[row // 3 % 2]},{row % 7 or ''}")
    path = folder / "uneven.csv"
    path.write_text("time,station,sky,y\n" + "\n".join(rows[:: -1 if newest_first else 1]))
    return path


@pytest.mark.parametrize(("names", "series"), [("A", ""), ("ABC", "station")])
def test_a_forecast_goes_by_the_dates_however_they_step(
    names: str, series: str, tmp_path: Path
) -> None:
    path = uneven(tmp_path, names, newest_first=True)
    draft = projects.new_project(path, target="y", task="forecast")
    step = draft.project.data.recipe[-1]
    assert isinstance(step, Windows)
    assert (step.order_by, step.series, draft.project.data.split.by) == ("time", series, "time")
    told = "16 rows of each station" if series else "15 rows"
    assert f"y is told one row ahead from the last {told}." in draft.notes
    assert any(note.endswith("follow one another in a window.") for note in draft.notes)


def test_rows_of_a_minute_are_not_called_hours(tmp_path: Path) -> None:
    start = datetime(2020, 1, 1)
    lines = [f"{start + timedelta(minutes=at):%Y-%m-%d %H:%M},{at % 9}.5" for at in range(300)]
    path = tmp_path / "minutes.csv"
    path.write_text("time,y\n" + "\n".join(lines))
    notes = projects.new_project(path, target="y").notes
    assert "y is told one row ahead from the last 24 rows." in notes
