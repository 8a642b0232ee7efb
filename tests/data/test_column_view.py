"""A column in detail: its frequent values, and what the recipe leaves of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tables import configure, people, write

from modelstudio.data.column_view import view_column
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import FillMissing, OneHot, Standardise


@pytest.fixture
def data(tmp_path: Path) -> DataConfig:
    config = configure(write(tmp_path / "people.csv", people()), "bought")
    return config.changed(recipe=(FillMissing(), Standardise(), OneHot()))


def test_frequent_values_of_a_category(data: DataConfig) -> None:
    town = view_column(data, "town")
    assert {value for value, _ in town.frequent} == {"Bonn", "Köln", "Ulm"}
    assert sum(share for _, share in town.frequent) == pytest.approx(1)
    assert town.columns == 3
    assert town.after is None


def test_numbers_after_the_recipe(data: DataConfig) -> None:
    income = view_column(data, "income")
    assert income.after is not None
    assert income.after.low < 0 < income.after.high < 10
    assert max(income.after.heights) == 1
    assert income.frequent == ()


def test_what_the_recipe_leaves_alone_has_no_after(data: DataConfig) -> None:
    assert view_column(data.changed(recipe=()), "income").after is None
