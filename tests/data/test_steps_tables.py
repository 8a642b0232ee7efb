"""Dates taken apart, texts cleaned, columns worked out and renamed, rows left out."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from modelstudio.data.sources import ROW
from modelstudio.data.steps import IMPLEMENTATIONS
from modelstudio.data.steps import rows as keeping
from modelstudio.data.steps.rows import KEEP
from modelstudio.errors import DataError, FieldError
from modelstudio.recipe.steps import (
    CleanText,
    DateParts,
    DropDuplicates,
    FilterRows,
    Formula,
    LeaveOut,
    Rename,
    SampleRows,
    Step,
)
from modelstudio.recipe.steps.rows import written_rows

TABLE = pl.DataFrame(
    {
        "age": [30.0, None, 12.0, 51.0],
        "net income": [1e8, 2.0, 0.0, -4.0],
        "town": ["Ulm", "Bonn", None, "Ulm"],
        "joined": [datetime(2024, 2, 29, 6), datetime(2023, 12, 31), None, datetime(2025, 1, 6)],
    }
)


def run(step: Step, *columns: str, frame: pl.DataFrame = TABLE) -> pl.DataFrame:
    """Fit on a table and apply to the same."""
    implementation = IMPLEMENTATIONS[type(step)]
    return implementation.apply(implementation.fit(step, frame, columns, None), frame)


NOTHING = dict.fromkeys(("year", "month", "weekday"), False)


def test_dates_become_parts_in_their_place() -> None:
    every = DateParts(day=True, day_of_year=True, hour=True, weekend=True, days=True, cyclic=False)
    found = run(every, "joined")
    plain = ["year", "month", "day", "weekday", "day of year", "hour", "weekend", "days"]
    assert found.columns == [*TABLE.columns[:3], *(f"joined {part}" for part in plain)]
    parts = found.select(f"joined {part}" for part in plain)
    assert parts.row(0) == (2024, 2, 29, 4, 60, 6, 0, 19782.25)
    assert parts.row(1) == (2023, 12, 31, 7, 365, 0, 1, 19722)
    assert parts.row(2) == (None,) * 8


def test_cyclic_parts_close_the_circle() -> None:
    found = run(DateParts(**NOTHING | {"month": True}), "joined")
    assert found.columns[3:] == ["joined month sin", "joined month cos"]
    circle = found.select(found.columns[3:]).drop_nulls().to_numpy()
    np.testing.assert_allclose(np.hypot(*circle.T), 1.0)
    february, december, january = circle
    assert np.linalg.norm(december - january) == pytest.approx(np.linalg.norm(january - february))


@pytest.mark.parametrize(
    ("step", "text", "expected"),
    [
        (CleanText(), "<p>Hello&nbsp;<b>World</b></p>", "hello world"),
        (CleanText(), "5 < 6 and 7 > 2 &amp; so", "5 < 6 and 7 > 2 & so"),
        (CleanText(), "<script>if (a<b) {}</script>kept<!-- not -->", "kept"),
        (CleanText(), "see https://a.org/x?y=1, or me@b.com now", "see or now"),
        (CleanText(), " a\r\n\tb ", "a b"),
        (CleanText(lower=False), "ÉTÉ", "ÉTÉ"),
        (CleanText(accents=True), "Été ﬁn", "ete fin"),
        (CleanText(punctuation=True), "don't stop!!! €5", "don t stop 5"),
        (CleanText(digits=True), "room 101", "room"),
        (CleanText(whitespace=False, html=False), "<A>  b", "<a>  b"),
        (CleanText(), "<br/> \n", None),
        (CleanText(), None, None),
    ],
)
def test_texts_are_cleaned(step: CleanText, text: str | None, expected: str | None) -> None:
    frame = pl.DataFrame({"t": ["", text, "plain"]}, schema={"t": pl.String})
    assert run(step, "t", frame=frame)["t"].to_list() == [None, expected, "plain"]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("age / `net income`", [3e-7, None, None, -12.75]),
        ("log(1 + `net income`)", [float(np.log1p(1e8)), float(np.log(3)), 0.0, None]),
        ("max(age, 20) ** 2", [900.0, None, 400.0, 2601.0]),
        ("fill(age, -1)", [30.0, -1.0, 12.0, 51.0]),
        ("is_missing(age) + is_missing(town)", [0.0, 1.0, 1.0, 0.0]),
        ('town == "Ulm"', [1.0, 0.0, None, 1.0]),
        ("1 if 18 <= age < 50 else 0", [1.0, None, 0.0, 0.0]),
        ("age > 20 or town in ['Bonn']", [1.0, 1.0, None, 1.0]),
        ("not (age > 20) and town != 'Bonn'", [0.0, 0.0, None, 0.0]),
        ("exp(1e4) + age", [None, None, None, None]),
        ("2 ** 3 - -1", [9.0] * 4),
    ],
)
def test_formulas(formula: str, expected: list[float | None]) -> None:
    found = run(Formula(name="new", formula=formula))
    assert found.columns == [*TABLE.columns, "new"]
    assert found["new"].to_list() == pytest.approx(expected)


def test_a_formula_may_replace_a_column_it_reads() -> None:
    found = run(Formula(name="age", formula="age + 1"))
    assert found.columns == TABLE.columns
    assert found["age"].to_list() == [31.0, None, 13.0, 52.0]


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("agee + 1", "did you mean age"),
        ("town + 1", "takes numbers, but town is a text"),
        ("joined", "gives a date"),
    ],
)
def test_formulas_that_do_not_fit_the_table(formula: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        run(Formula(name="new", formula=formula))


def test_a_column_is_renamed_in_its_place() -> None:
    assert run(Rename(column="age", name="years")).columns[0] == "years"
    with pytest.raises(DataError, match="another column has that name"):
        run(Rename(column="age", name="town"))


def kept(step: Step, frame: pl.DataFrame = TABLE) -> list[int]:
    """Return the numbers of the rows that a step keeps."""
    return KEEP[type(step)](step, frame.with_row_index(ROW), None).get_column(ROW).to_list()


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("", [0, 1, 2, 3]),
        ("age > 20", [0, 3]),
        ("not age > 20", [2]),
        ("is_missing(age) or town == 'Ulm'", [0, 1, 3]),
        ("joined >= '2024-01-01'", [0, 3]),
        ("'2024-02-29 06:00' == joined", [0]),
        ("`net income` / 2 in [1, -2]", [1, 3]),
    ],
)
def test_rows_are_kept_where_a_condition_holds(condition: str, rows: list[int]) -> None:
    assert kept(FilterRows(condition=condition)) == rows


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("age + 1", "compares nothing"),
        ("height > 2", "names height"),
        ("__row__ < 2", "names __row__"),
        ("age > 1000", "holds for none of the 4 rows"),
    ],
)
def test_conditions_that_keep_nothing_or_mean_nothing(condition: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        kept(FilterRows(condition=condition))


def test_rows_are_left_out_by_their_numbers_in_the_source() -> None:
    assert kept(LeaveOut(rows=" 2,4 - 9")) == [0, 2]
    assert kept(LeaveOut()) == [0, 1, 2, 3]
    frame = TABLE.with_row_index(ROW)[[0, 2, 3]]
    left = KEEP[LeaveOut](LeaveOut(rows="2-3"), frame, None)
    assert left.get_column(ROW).to_list() == [0, 3]
    with pytest.raises(DataError, match="all of the 4 rows"):
        kept(LeaveOut(rows="1-4"))
    for text in ("0", "3-2", "x", "1.5", "9" * 30):
        with pytest.raises(FieldError, match="is no number of a row"):
            LeaveOut().changed(rows=text)
    assert written_rows([41, 3, 40, 39, 3]) == "4, 40-42"


def test_a_sample_hangs_on_the_seed_and_hardly_on_other_rows() -> None:
    frame = pl.DataFrame({"n": range(1000)})
    drawn = kept(SampleRows(rows=100), frame)
    assert len(drawn) == 100
    assert drawn == sorted(drawn) == kept(SampleRows(rows=100), frame)
    assert len(set(drawn) & set(kept(SampleRows(rows=100, seed=1), frame))) < 40
    rest = frame.with_row_index(ROW).filter(pl.col(ROW) % 10 != 3)
    others = KEEP[SampleRows](SampleRows(rows=90), rest, None)[ROW].to_list()
    assert len(set(drawn) & set(others)) > 80
    assert kept(SampleRows(rows=5000), frame) == list(range(1000))


def test_the_first_of_equal_rows_is_kept() -> None:
    frame = pl.concat([TABLE, TABLE.head(2)])
    assert kept(DropDuplicates(), frame) == [0, 1, 2, 3]


def test_rows_that_a_column_numbers_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "LONG", 40)
    monkeypatch.setattr(keeping, "FEW", 40)
    monkeypatch.setattr(keeping.spill, "ROWS", 7)
    number = [f"{at:02}" for at in range(50)]
    twice = [*number[:21], number[20], *number[22:]]
    frame = pl.DataFrame({"number": twice, "town": "Ulm"})
    assert kept(DropDuplicates(), frame) == [at for at in range(50) if at != 21]
    monkeypatch.setattr(keeping, "_hashes", None)
    assert kept(DropDuplicates(), frame.with_columns(number=pl.Series(number))) == [*range(50)]
