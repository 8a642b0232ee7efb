"""A series as the Data page shows it: its line by parts, and one window of it."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from tables import configure, write

from modelstudio.data.series_view import POINTS, SeriesReading, read_series
from modelstudio.project.model import DataConfig
from modelstudio.recipe.steps import Windows

DAYS = 40
FIRST = date(2024, 3, 1)


def series(path: Path, days: int = DAYS, shops: tuple[str, ...] = ("",)) -> DataConfig:
    """Write the newest day first, for each shop; the value of a day is its number."""
    lines = [
        f"{FIRST + timedelta(days=at)},{shop or 'x'},{at + 100 * place}"
        for place, shop in enumerate(shops)
        for at in reversed(range(days))
    ]
    write(path, "\n".join(["day,shop,sold", *lines]))
    data = configure(path, "sold")
    split = data.split.changed(method="time", by="day")
    step = Windows(length=5, horizon=2, order_by="day", series="shop" if shops != ("",) else "")
    return data.changed(split=split, recipe=(step,))


def known(reading: SeriesReading | None) -> SeriesReading:
    assert reading is not None
    return reading


def test_a_window_ends_before_the_row_it_tells(tmp_path: Path) -> None:
    data = series(tmp_path / "sold.csv")
    row = DAYS - 1 - 20
    reading = known(read_series(data, row))
    assert (reading.at, reading.window) == (20, (14, 18))
    assert reading.times[14] == "2024-03-15"
    assert reading.times[20] == "2024-03-21"
    assert reading.numbers[reading.at] == row
    assert reading.column == "sold"
    assert reading.is_target


def test_without_enough_rows_before_it_there_is_no_window(tmp_path: Path) -> None:
    data = series(tmp_path / "sold.csv")
    assert known(read_series(data, DAYS - 1 - 5)).window is None
    assert known(read_series(data, DAYS - 1 - 6)).window == (0, 4)


def test_at_first_the_first_window_is_shown(tmp_path: Path) -> None:
    reading = known(read_series(series(tmp_path / "sold.csv")))
    assert (reading.at, reading.window, reading.row) == (6, (0, 4), DAYS - 1 - 6)


def test_lines_are_parted_where_the_parts_are(tmp_path: Path) -> None:
    reading = known(read_series(series(tmp_path / "sold.csv"), 0))
    assert [stretch.part for stretch in reading.whole] == ["train", "validation", "test"]
    assert sum(len(stretch.values) for stretch in reading.whole) == DAYS
    assert reading.whole[0].values[:3] == (0, 1, 2)
    assert reading.whole[-1].places[-1] == DAYS - 1


def test_a_window_stays_in_its_series(tmp_path: Path) -> None:
    data = series(tmp_path / "sold.csv", shops=("north", "south"))
    reading = known(read_series(data, DAYS + 10))
    assert (reading.series, reading.rows) == ("south", DAYS)
    assert min(value for stretch in reading.whole for value in stretch.values) == 100


def test_a_long_series_is_thinned_but_keeps_its_ends(tmp_path: Path) -> None:
    days = 10 * POINTS
    reading = known(read_series(series(tmp_path / "long.csv", days), 0))
    values = [value for stretch in reading.whole for value in stretch.values]
    assert len(values) <= 2 * (POINTS + 3)
    assert (min(values), max(values)) == (0, days - 1)


@pytest.mark.parametrize("row", [None, 3])
def test_without_windows_there_is_nothing(tmp_path: Path, row: int | None) -> None:
    data = series(tmp_path / "sold.csv").changed(recipe=())
    assert read_series(data, row) is None
