"""What the Data page shows: profiles, rows before and after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tables import configure, people, prepared, write

from modelstudio.data import sources
from modelstudio.data.fitted import FittedStep
from modelstudio.data.prepare import clean_rows
from modelstudio.data.preview import preview
from modelstudio.data.profile import profile
from modelstudio.data.sources import tabular
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.recipe.steps import (
    ClipOutliers,
    DropDuplicates,
    FillMissing,
    FilterRows,
    Formula,
    OneHot,
    SampleRows,
    SmoothRows,
    Standardise,
    Step,
    TargetEncode,
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write(tmp_path / "people.csv", people())


def test_profiles(table: Path) -> None:
    data = configure(table, "bought")
    by_name = {facts.name: facts for facts in profile(tabular.read(data), data.columns)}
    assert by_name["income"].missing == people().count(",,")
    assert by_name["town"].distinct == 3
    assert by_name["town"].summary == "3 values"
    assert max(by_name["age"].histogram) == 1.0
    assert "Quartiles" in by_name["age"].quantiles


def test_rows_before_and_after(table: Path) -> None:
    data = configure(table, "bought").changed(recipe=(FillMissing(), Standardise(), OneHot()))
    raw = preview(data, upto=0, limit=50)
    filled = preview(data, upto=1, limit=50)
    final = preview(data, limit=50)
    assert raw.columns == filled.columns == ("age", "town", "income", "bought")
    assert final.columns == ("age", "town=Bonn", "town=Köln", "town=Ulm", "income", "bought")
    at = raw.columns.index("income")
    empty = [cell is None for cell in raw.cells[at].after]
    assert any(empty)
    assert list(filled.cells[at].changed) == empty
    assert all(filled.cells[at].after)
    assert not any(raw.cells[at].changed)
    assert set(raw.parts) == {"train", "validation", "test"}


def test_slices_and_sorting(table: Path) -> None:
    data = configure(table, "bought")
    whole, part = preview(data, upto=0, limit=200), preview(data, upto=0, offset=20, limit=10)
    assert part.rows == whole.rows[20:30]
    assert part.total == 200
    ordered = preview(data, upto=0, limit=200, sort=("age", True))
    ages = ordered.cells[0].after
    assert list(ages) == sorted(ages, reverse=True)
    assert sorted(ordered.rows) == list(range(200))


@pytest.mark.parametrize(
    "recipe",
    [
        None,
        (FillMissing(), FilterRows(condition="age < 70"), SmoothRows(), OneHot(), Formula()),
        (SampleRows(rows=150), FillMissing(), TargetEncode(), SmoothRows(), Standardise()),
    ],
)
def test_the_last_preview_is_what_the_network_is_given(
    table: Path, recipe: tuple[Step, ...] | None
) -> None:
    data = configure(table, "bought")
    if recipe is not None:
        data = data.changed(recipe=recipe)
    shown, result = preview(data, limit=200), prepared(data)
    place = {row: at for at, row in enumerate(shown.rows)}
    for part in ("train", "validation", "test"):
        encoded = result.encoded(part, result.fitted)
        for at, name in enumerate(result.fitted.inputs[0].columns):
            cells = shown.cells[shown.columns.index(name)].after
            seen = [cells[place[row]] for row in encoded.rows]
            assert seen == encoded.fields["features"][:, at].tolist()
        assert {shown.parts[place[row]] for row in encoded.rows} == {part}


class Work:
    """What previews do to whole tables."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.done: list[str] = []
        self.fitted: list[str] = []
        self.heights: list[int] = []
        read, clean, apply = sources.read, clean_rows, FittedStep.apply
        implementations = dict(IMPLEMENTATIONS)

        def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *args: self.done.append(name) or call(*args)

        def applied(step: FittedStep, frame: pl.DataFrame) -> pl.DataFrame:
            self.heights.append(frame.height)
            return apply(step, frame)

        def learning(step: type[Step]) -> Callable[..., Any]:
            fit = implementations[step].fit
            return lambda *args: self.fitted.append(step.__name__) or fit(*args)

        monkeypatch.setattr(sources, "read", counted("read", read))
        monkeypatch.setattr("modelstudio.data.preview.clean_rows", counted("clean", clean))
        monkeypatch.setattr(FittedStep, "apply", applied)
        for step, each in implementations.items():
            spied = each._replace(fit=learning(step))
            monkeypatch.setitem(IMPLEMENTATIONS, step, spied)

    def since(self) -> tuple[list[str], list[str], int]:
        """Return tables made, steps fitted, and the most rows a step changed, since last asked."""
        found = self.done[:], self.fitted[:], max(self.heights, default=0)
        for each in (self.done, self.fitted, self.heights):
            each.clear()
        return found


RECIPE = (DropDuplicates(), FillMissing(), ClipOutliers(), Standardise(), OneHot())


def test_a_page_more_costs_only_its_rows(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = configure(table, "bought").changed(recipe=RECIPE)
    work = Work(monkeypatch)
    preview(data, limit=10)
    done, fitted, rows = work.since()
    assert (done, len(fitted)) == (["read", "clean"], 4)
    assert rows > 100
    for sort in (None, ("age", False)):
        preview(data, limit=10, sort=sort)
        work.since()
        preview(data, offset=60, limit=10, sort=sort)
        assert work.since() == ([], [], 10)
    preview(data, upto=2, offset=30, limit=10)
    assert work.since() == ([], [], 10)


def test_an_edited_step_is_fitted_again_and_none_above_it(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = configure(table, "bought").changed(recipe=RECIPE)
    whole = preview(data, limit=200)
    work = Work(monkeypatch)
    edited = data.changed(recipe=(*RECIPE[:2], ClipOutliers(factor=1.0), *RECIPE[3:]))
    preview(edited, upto=2)
    assert work.since()[:2] == ([], [])
    changed = preview(edited, limit=200)
    assert work.since()[:2] == ([], ["ClipOutliers", "Standardise", "OneHot"])
    assert changed.cells != whole.cells
    assert preview(data, limit=200) == whole
    assert work.since()[:2] == ([], [])


def test_what_decides_over_rows_makes_them_anew(table: Path) -> None:
    data = configure(table, "bought").changed(recipe=RECIPE)
    first = preview(data, limit=200)
    other = preview(data.changed(split=data.split.changed(seed=data.split.seed + 1)), limit=200)
    assert other.parts != first.parts
    assert other.cells != first.cells
    fewer = tuple(
        column.model_copy(update={"role": "ignored"}) if column.name == "income" else column
        for column in data.columns
    )
    left = preview(data.changed(columns=fewer), limit=200)
    at = left.columns.index("income")
    assert left.cells[at].after == left.cells[at].before
    table.write_text(table.read_text(encoding="utf-8") + "33,Ulm,9,yes\n", encoding="utf-8")
    assert preview(data, upto=0).total == first.total + 1
