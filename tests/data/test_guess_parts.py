"""A column that tells the parts is what a new project is split by, and no feature."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from modelstudio.data.guess import guess
from modelstudio.data.prepare import fit_recipe
from modelstudio.engine import projects
from modelstudio.engine.events import drain

PLAIN = {"x": [f"{i * 7 % 31}.5" for i in range(60)], "y": ["a", "b", "c"] * 20}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("split", ("train", "train", "validation", "test")),
        ("Set", ("Training", "Dev", None, "holdout")),
        ("split", ("0", "0", "1", "2")),
    ],
)
def test_a_new_project_is_split_by_it(
    name: str, values: tuple[str | None, ...], tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    pl.DataFrame({**PLAIN, name: values * 15}).write_csv(path)
    draft = projects.new_project(path)
    data = draft.project.data
    assert data.target is not None
    assert data.target.name == "y"
    assert [column.name for column in data.features] == ["x"]
    assert (data.split.method, data.split.by) == ("column", name)
    assert any(f"{name} is ignored: it tells which rows train" in note for note in draft.notes)
    prepared = drain(fit_recipe(data))
    assert [len(prepared.frame(part)) for part in ("train", "validation", "test")] == [30, 15, 15]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("split", ("train", "bus")),
        ("split", ("0", "1")),
        ("set", ("test", "validation")),
        ("stop", ("train", "test")),
    ],
)
def test_others_are_not_taken_for_it(name: str, values: tuple[str, str]) -> None:
    guessed = guess(pl.DataFrame({**PLAIN, name: values * 30}), "y")
    assert not guessed.split
    assert [column.name for column in guessed.columns if column.role == "feature"] == ["x", name]


def test_the_column_to_predict_may_be_called_so() -> None:
    frame = pl.DataFrame({**PLAIN, "split": ["train", "test"] * 30})
    assert not guess(frame, "split").split
