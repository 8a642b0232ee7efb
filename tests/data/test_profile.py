"""Statistics of columns: the same whichever way they are worked out."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from modelstudio.data import profile as profiles
from modelstudio.recipe.columns import Column, Kind

KINDS: dict[str, Kind] = {"n": "number", "c": "category", "d": "date", "i": "id", "e": "number"}


def make(rows: int) -> pl.DataFrame:
    random = np.random.default_rng(0)
    days = np.datetime64("2020-01-01", "ms") + random.integers(0, 40, rows) * np.timedelta64(1, "D")
    frame = pl.DataFrame(
        {
            "n": random.normal(size=rows).round(2),
            "c": random.choice(["a", "b", "a category of many letters"], rows),
            "d": days,
            "i": [f"row {number}" for number in range(rows)],
            "e": pl.Series([None] * rows, dtype=pl.Float64),
        }
    )
    return frame.with_columns(pl.when(pl.int_range(rows) % 7 > 0).then(pl.col("n", "c", "d")))


def test_long_columns_are_counted_as_short_ones_are(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = make(3_000)
    columns = [Column(name=name, kind=kind) for name, kind in KINDS.items()]
    short = profiles.profile(frame, columns, frequent=3)
    monkeypatch.setattr(profiles, "MANY_ROWS", 100)
    assert profiles.profile(frame, columns, frequent=3) == short
    for facts in short[:3]:
        counts = frame[facts.name].drop_nulls().alias("value").value_counts(name="rows")
        wanted = counts.sort("rows", "value", descending=[True, False]).head(3).rows()
        assert facts.frequent == tuple(wanted)
        assert dict(facts.counts) == (dict(counts.rows()) if counts.height <= profiles.FEW else {})
    assert not any(facts.frequent for facts in short[3:])
    assert not any(facts.frequent for facts in profiles.profile(frame, columns))
    assert [each.name for each in short] == list(KINDS)
    assert [each.distinct for each in short[1:]] == [3, 40, 3_000, 0]
    assert [each.summary for each in short[1:]] == [
        "3 values",
        "2020-01-01 – 2020-02-09",
        "all different",
        "empty",
    ]


def test_numbers_are_those_of_numpy() -> None:
    frame = make(1_001)
    known = frame["n"].drop_nulls().to_numpy()
    (facts,) = profiles.profile(frame, [Column(name="n", kind="number")])
    quartiles = ", ".join(f"{value:.4g}" for value in np.quantile(known, (0.25, 0.5, 0.75)))
    assert facts.quantiles.startswith(f"Quartiles {quartiles} · mean {known.mean():.4g} ")
    counts, _ = np.histogram(known, profiles.BINS)
    assert facts.histogram == tuple(counts / counts.max())
    assert facts.distinct == len(np.unique(known))
    assert facts.missing == 143


def test_dates_have_a_range_and_bars_over_time() -> None:
    days = pl.date_range(pl.date(2012, 1, 1), pl.date(2012, 12, 30), eager=True)
    early = pl.concat([days, days.filter(days.dt.month() == 1)])
    (facts,) = profiles.profile(pl.DataFrame({"d": early}), [Column(name="d", kind="date")])
    assert facts.summary == "2012-01-01 – 2012-12-30"
    assert facts.histogram[0] == 1
    assert all(0.45 < bar < 0.56 for bar in facts.histogram[2:])


def test_dates_of_one_day_show_their_times() -> None:
    frame = pl.DataFrame({"at": [datetime(2023, 3, 25, 22, 1), datetime(2023, 3, 25, 23, 40)]})
    (facts,) = profiles.profile(frame, (Column(name="at", kind="date", role="feature"),))
    assert facts.summary == "2023-03-25 22:01 – 23:40"


def test_values_of_one_row_fill_what_frequent_ones_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [5.0, 1.0, 5.0, 3.0, 2.0, 4.0, 2.0, 2.0]
    expected = ((2.0, 3), (5.0, 2), (1.0, 1), (3.0, 1))
    frame = pl.DataFrame({"n": values, "d": pl.Series(values).cast(pl.Datetime("ms"))})
    columns = [Column(name="n", kind="number"), Column(name="d", kind="date")]
    monkeypatch.setattr(profiles, "MANY_ROWS", 3)
    for facts in profiles.profile(frame, columns, frequent=4):
        rows = [rows for _, rows in facts.frequent]
        assert rows == [rows for _, rows in expected]
        found = pl.Series([value for value, _ in facts.frequent], dtype=frame[facts.name].dtype)
        assert found.to_physical().to_list() == [value for value, _ in expected]
        assert facts.distinct == 5
