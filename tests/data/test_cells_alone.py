"""A cell is read by itself: neither rows that do not train nor rows beside it change its number."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from modelstudio.data import sources
from modelstudio.engine.projects import new_project
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Column, Kind
from modelstudio.recipe.steps import DateParts, FillMissing, OneHot, Standardise, Step
from tests.tables import prepared

ROWS = 120
PART = np.array(["train", "validation", "train", "test"])[np.arange(ROWS) % 4]

NUMBERS: tuple[Step, ...] = (FillMissing(), Standardise())
DATES: tuple[Step, ...] = (DateParts(), FillMissing(), Standardise())

_rng = np.random.default_rng(0)
_amounts = _rng.uniform(1, 9, ROWS)

WRITTEN: dict[str, tuple[Kind, list[str], tuple[str, ...]]] = {
    "unit": ("number", [f"{each:.1f} kg" for each in _amounts], ("154 lb", "heavy", "70")),
    "comma": ("number", [f"{each:.3f}".replace(".", ",") for each in _amounts], ("x", "1.5", "5")),
    "point": ("number", [f"{each:.3f}" for each in _amounts], ("5,5", "x", "1.234,5")),
    "comma and unit": (
        "number",
        [f"{each:.2f} kg".replace(".", ",") for each in _amounts],
        ("150,5 lb", "x", "70.5 kg"),
    ),
    "rounded": ("number", [f"{each:.1f}k" for each in _amounts], ("3M", "5 kg")),
    "minus behind": (
        "number",
        [f"{each:.2f}{'-' if each > 5 else ''}".replace(".", ",") for each in _amounts],
        ("x", "1.5", "5 kg"),
    ),
    "hours": ("number", [f"{round(each)}:30" for each in _amounts], ("5 kg", "x")),
    "per cent": ("number", [f"{each:.0f}%" for each in _amounts], ("5 kg", "0.5")),
    "short dates": (
        "date",
        [f"{at % 28 + 1:02}.{at % 12 + 1:02}.2{at % 5}" for at in range(ROWS)],
        ("x", "2021-05-06", "12/25/21"),
    ),
    "day first": (
        "date",
        [f"{at % 28 + 1:02}/{at % 12 + 1:02}/2021" for at in range(ROWS)],
        ("01/25/2021", "x", "05.06.2021 10:30"),
    ),
    "names of months": (
        "date",
        [f"{at % 28 + 1}-{('Jan', 'May', 'Dez')[at % 3]}-2{at % 5}" for at in range(ROWS)],
        ("x", "Feb 3, 2019", "2021-05-06", "05/06/2021"),
    ),
    "either": (
        "date",
        [f"0{at % 9 + 1}/0{at * 5 % 9 + 1}/2021" for at in range(ROWS)],
        ("25/01/2021", "01/25/2021"),
    ),
    "true": ("category", [str(each) for each in _amounts > 5], ("true", "FALSE", "no")),
    "whole": ("category", [f"{round(each) % 3}.0" for each in _amounts], ("1", "x", "7.5")),
}


def _opened(folder: Path, cells: list[str], kind: Kind) -> DataConfig:
    path = _written(folder / "table.csv", cells, 0)
    data = new_project(path, target="y").project.data
    recipe = {"number": NUMBERS, "date": DATES, "category": (OneHot(),)}[kind]
    columns = (
        Column(name="cell", kind=kind, role="feature"),
        Column(name="other", kind="number", role="feature"),
        Column(name="y", kind="category", role="target"),
        Column(name="part", kind="category", role="ignored"),
    )
    return data.changed(
        columns=columns, recipe=recipe, split=data.split.changed(method="column", by="part")
    )


def _written(path: Path, cells: list[str], skip: int) -> Path:
    rows = np.arange(len(cells))
    frame = pl.DataFrame(
        {
            "cell": cells,
            "other": np.round(np.sin(rows) + skip, 4),
            "y": np.where(rows % 3, "a", "b"),
            "part": PART[: len(cells)],
        }
    )
    frame.write_csv(path, separator=";")
    return path


@pytest.mark.parametrize("name", WRITTEN)
def test_rows_that_do_not_train_change_nothing_that_is_learnt(tmp_path: Path, name: str) -> None:
    kind, cells, odd = WRITTEN[name]
    data = _opened(tmp_path, cells, kind)
    before = prepared(data)
    for word in odd:
        changed = [
            word if part != "train" else cell for cell, part in zip(cells, PART, strict=True)
        ]
        _written(tmp_path / "table.csv", changed, 0)
        after = prepared(data)
        assert after.fitted.steps == before.fitted.steps, word
        assert np.array_equal(after.train.fields["features"][:], before.train.fields["features"][:])


@pytest.mark.parametrize("name", WRITTEN)
def test_a_row_is_predicted_whatever_stands_beside_it(tmp_path: Path, name: str) -> None:
    kind, cells, odd = WRITTEN[name]
    fitted = prepared(_opened(tmp_path, cells, kind)).fitted

    def encoded(rows: list[str]) -> pl.DataFrame:
        path = _written(tmp_path / "rows.csv", rows, 0)
        frame = sources.read_table(path, fitted.config(), target_needed=False, features_only=True)
        return fitted.encode(frame)

    alone = encoded(cells[:3])
    assert alone.null_count().row(0) == (0,) * alone.width
    for word in odd:
        assert_frame_equal(encoded([*cells[:3], word, word])[:3], alone)


def test_a_file_with_the_other_decimal_sign_is_read_by_its_own(tmp_path: Path) -> None:
    kind, cells, _ = WRITTEN["comma"]
    fitted = prepared(_opened(tmp_path, cells, kind)).fitted
    path = _written(tmp_path / "points.csv", ["5.12", "2.5", "8.123"], 0)
    frame = sources.read_table(path, fitted.config(), target_needed=False, features_only=True)
    assert frame["cell"].to_list() == [5.12, 2.5, 8.123]


def test_a_comma_in_a_column_that_is_not_used_says_nothing(tmp_path: Path) -> None:
    kind, cells, _ = WRITTEN["point"]
    fitted = prepared(_opened(tmp_path, cells, kind)).fitted
    path = tmp_path / "more.csv"
    path.write_text("cell;other;note\n5.123;1;3,5\n2.500;2;3,5\n")
    frame = sources.read_table(path, fitted.config(), target_needed=False, features_only=True)
    assert frame["cell"].to_list() == [5.123, 2.5]
