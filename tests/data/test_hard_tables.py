"""Tables that say what they mean in a way that is hard to read."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from modelstudio.data.sources import finish
from modelstudio.engine.profiling import profile_source


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_dates_beyond_the_years_1_to_9999_are_missing_and_told(tmp_path: Path, ending: str) -> None:
    days = [f"20{at % 90 + 10}-03-0{at % 9 + 1}" for at in range(60)]
    cells = pl.Series("t", ["0000-00-00", "0000-01-01", "-0044-03-15", *days])
    frame = pl.DataFrame({"t": cells, "x": range(63), "y": ["a", "b", "c"] * 21})
    path = tmp_path / f"t.{ending}"
    if ending == "csv":
        frame.write_csv(path)
    else:
        times = cells.str.to_datetime("%Y-%m-%d", strict=False, time_unit="ms")
        frame.with_columns(times).write_parquet(path)
    found = finish(profile_source(path, "y"))
    date = next(column for column in found.columns if column["name"] == "t")
    assert (date["kind"], date["missing"], date["range"][0][:4]) == ("date", 3, "2010")
    assert any("before the year 1" in note for note in found.notes)
