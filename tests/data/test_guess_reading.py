"""Cells that could mean something else: how they are read, and that it is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tables import write

from modelstudio.data.findings.finding import Finding, SetReading
from modelstudio.data.guess import Guess, guess
from modelstudio.data.guess_kinds import guess_kinds
from modelstudio.data.sources import tabular
from modelstudio.data.sources.dates import to_dates
from modelstudio.data.sources.numbers import to_numbers
from modelstudio.engine.events import drain
from modelstudio.engine.profiling import profile_source
from modelstudio.engine.projects import new_project
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig, Form, Project


def table(folder: Path, header: str, rows: list[str], name: str = "t.csv") -> Path:
    return write(folder / name, "\n".join([header, *rows]) + "\n")


def opened(path: Path, **how: object) -> tuple[Project, str]:
    draft = new_project(path, **how)  # type: ignore[arg-type]
    return draft.project, "\n".join(draft.notes)


def found_in(path: Path, **how: object) -> dict[str, Finding]:
    found = drain(profile_source(path, **how)).findings  # type: ignore[arg-type]
    return {finding.kind: finding for finding in found}


def guessed(**columns: list[str]) -> Guess:
    return guess(pl.DataFrame(columns), "y")


@pytest.mark.parametrize(
    ("written", "numbers"),
    [
        (["$1,234.50", "($1,200)", "-$3", "€ 5", "7 EUR"], [1234.5, -1200, -3, 5, 7]),
        (["1 234.5", "12\u202f345", "1'000"], [1234.5, 12345, 1000]),
        (["5 %", "(3%)", "−2%"], [5, -3, -2]),
        (["1,234.50-", "20'643.4 -", "5-%", "7 €-", "1-2"], [-1234.5, -20643.4, -5, -7, None]),
        (["Rs. 5,12,345.00", "₹ 9,46,071/-", "Rs -5"], [512345, 946071, -5]),
        (["12 kg", "3.5 kg", "1,200 kg"], [12, 3.5, 1200]),
        (["12 kg", "3 lb"], [None, None]),
        (["0001.png", "0002.png"], [None, None]),
        (["8:30", "23:15:36", "25:00", "7"], [8.5, 23.26, None, 7]),
        (["1.2M", "850K", "3 k", "7"], [1.2e6, 850e3, 3e3, 7]),
        (["12 34", "0170 1234567", "1,23", "1.234,5", "2014T0"], [None] * 5),
    ],
)
def test_numbers_with_more_than_digits(written: list[str], numbers: list[float | None]) -> None:
    assert to_numbers(pl.Series("x", written)).to_list() == numbers


EUROPEAN = [
    f"T{i};1.{i:03},{i % 90 + 10} €;{i % 9 + 1}.{i % 900 + 100};{'no yes'.split()[i % 2]}"
    for i in range(40)
]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_european_numbers(tmp_path: Path, delimiter: str) -> None:
    """Evidence in one column tells what another means, here and in a file that has none."""
    rows = [row.replace(";", delimiter) for row in EUROPEAN]
    path = table(tmp_path, delimiter.join(["item", "price", "pieces", "y"]), rows)
    project, notes = opened(path, target="y")
    frame = tabular.read(project.data)
    assert frame["price"][3] == 1003.13
    assert frame["pieces"][3] == 4103.0
    assert "decimal comma" in notes
    one = table(
        tmp_path,
        delimiter.join(["item", "price", "pieces"]),
        [delimiter.join(["T", "2.500", "1.234"])],
        "one.csv",
    )
    read = tabular.read_table(one, project.data, target_needed=False)
    assert read.row(0)[1:] == (2500.0, 1234.0)


def test_a_minus_behind_goes_with_a_decimal_comma(tmp_path: Path) -> None:
    rows = [f"1.{i:03},5{i % 10}{'-' * (i % 2)};{'no yes'.split()[i % 3 % 2]}" for i in range(40)]
    project, _ = opened(table(tmp_path, "balance;y", rows), target="y")
    assert tabular.read(project.data)["balance"].head(2).to_list() == [1000.5, -1001.51]


def test_amounts_in_several_currencies_are_told(tmp_path: Path) -> None:
    rows = [f"{'$ € US$ £'.split()[i % 4]}{i % 13 + i / 7:.2f},{i % 3 % 2}" for i in range(40)]
    mixed = found_in(table(tmp_path, "price,y", rows))["mixed_types"]
    assert "$ in 20 rows, £ in 10 rows, € in 10 rows" in mixed.text
    assert mixed.rows[:3] == (1, 3, 5)
    assert mixed.count == 20
    one = [row.replace("€", "$").replace("£", "USD ") for row in rows]
    assert "mixed_types" not in found_in(table(tmp_path, "price,y", one, "one.csv"))


def test_a_point_that_may_be_either_is_told_and_can_be_changed(tmp_path: Path) -> None:
    rows = [f"{i % 9 + 1}.{i * 7 % 900 + 100},{'no yes'.split()[i % 2]}" for i in range(60)]
    path = table(tmp_path, "weight,y", rows)
    project, notes = opened(path)
    assert "read as 1.100 and not as 1100" in notes
    assert tabular.read(project.data)["weight"][0] == 1.1
    unsure = found_in(path)["ambiguous_number"]
    assert unsure.fix == SetReading((("decimals", "comma"),))
    asked, notes = opened(path, csv=CsvOptions(decimals="comma"))
    assert tabular.read(asked.data)["weight"][0] == 1100.0
    assert "not as" not in notes
    sure = table(tmp_path, "weight,y", [*rows, "0.5,no"], "sure.csv")
    assert "ambiguous_number" not in found_in(sure)


@pytest.mark.parametrize(
    ("name", "cells", "kind"),
    [
        ("x", [f"{i % 25 * 37:05}" for i in range(300)], "category"),
        ("zip", [f"{90001 + i % 25}" for i in range(300)], "category"),
        ("x", [f"+4917{i * 7919 % 10**7:07}" for i in range(300)], "id"),
        ("phone", [f"{5550000 + i * 7919 % 9999}" for i in range(300)], "id"),
        ("x", ["0", "0.5", "10", "-0.25"] * 30, "number"),
        ("Unnamed: 0", [f"{i * 7919 % 10_007}" for i in range(300)], "id"),
        ("EmployeeNumber", [f"{i + i // 3}" for i in range(300)], "id"),
        ("store_id", [f"{i * 13 % 60}" for i in range(300)], "id"),
        ("created_at", [f"{1_600_000_000 + i * 977}" for i in range(300)], "date"),
        ("paid", [f"{1_600_000_000 + i * 977 % 5000}" for i in range(300)], "number"),
        ("x", [f"{i % 40}" if i % 9 else "unknown" for i in range(300)], "number"),
        ("x", [f"{i % 3}" if i % 4 else "3+" for i in range(300)], "category"),
    ],
)  # fmt: skip
def test_digits_that_are_no_amounts(name: str, cells: list[str], kind: str) -> None:
    assert guess_kinds(pl.DataFrame({name: cells})) == {name: kind}


def test_codes_and_units_are_told() -> None:
    notes = "\n".join(
        guessed(
            code=[f"{i % 30:04}" for i in range(90)],
            weight=[f"{i % 50} kg" for i in range(90)],
            start=[f"{i % 24}:30" for i in range(90)],
            y=["a", "b"] * 45,
        ).notes
    )
    assert "code is taken for codes" in notes
    assert "weight is read without the unit kg" in notes
    assert "start is read as hours" in notes


DAYS = [(1 + i % 12, 1 + i * 7 % 28) for i in range(60)]


def test_a_column_of_dates_is_read_in_one_order(tmp_path: Path) -> None:
    """The order is kept for files whose dates do not tell it."""
    rows = [
        f"{month:02}/{day:02}/2021,{i * 7 % 9},{'no yes'.split()[i % 2]}"
        for i, (month, day) in enumerate(DAYS)
    ]
    project, _ = opened(table(tmp_path, "when,x,y", rows))
    assert project.data.csv.dates == "month first"
    found = tabular.read(project.data)["when"].to_list()
    assert found == [datetime(2021, month, day) for month, day in DAYS]
    few = tabular.read_table(table(tmp_path, "when,x,y", rows[:1], "few.csv"), project.data)
    assert few["when"][0] == found[0]


def test_dates_that_may_be_either_are_told_and_can_be_changed(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = [
        f"{a:02}/{b:02}/2021,{'no yes'[::3]},{c}" for a, b, c in random.integers(1, 13, (80, 3))
    ]
    path = table(tmp_path, "when,y,x", rows)
    project, notes = opened(path, target="x")
    assert "read with the day first" in notes
    unsure = found_in(path, target="x")["ambiguous_date"]
    assert unsure.fix == SetReading((("dates", "month first"),))
    month, day = map(int, rows[0][:5].split("/"))
    assert tabular.read(project.data)["when"][0] == datetime(2021, day, month)
    turned, _ = opened(path, target="x", csv=CsvOptions(dates="month first"))
    assert tabular.read(turned.data)["when"][0] == datetime(2021, month, day)


def test_dates_in_both_orders_are_found(tmp_path: Path) -> None:
    rows = [
        f"{13 + i % 15}/{1 + i % 12}/2021,{i % 9 / 2},{'no yes'.split()[i % 2]}" for i in range(80)
    ]
    rows[5] = rows[5].replace("18/6/", "6/18/")
    rows[60:75] = [f"1/{13 + i % 15}/2021,{i % 9 / 2},no" for i in range(60, 75)]
    odd = found_in(table(tmp_path, "when,x,y", rows))["mixed_types"]
    assert (odd.columns, odd.count, odd.rows[:2]) == (("when",), 16, (5, 60))


def test_dates_follow_each_other_closely_in_the_likely_order() -> None:
    days = pl.Series("when", [f"12/{1 + i // 6}/2010 8:{i % 60:02}" for i in range(60)])
    assert to_dates(days)[59] == datetime(2010, 12, 10, 8, 59)


@pytest.mark.parametrize(
    ("cell", "date"),
    [
        ("2021-03-04T12:00:00Z", datetime(2021, 3, 4, 12)),
        ("2021-03-04T12:00:00+02:00", datetime(2021, 3, 4, 10)),
        ("20141013T000000", datetime(2014, 10, 13)),
        ("1949-02", datetime(1949, 2, 1)),
        ("13.2.2021 07:30", datetime(2021, 2, 13, 7, 30)),
        ("12/31/2010 8:26 PM", datetime(2010, 12, 31, 20, 26)),
        ("1600000000", datetime(2020, 9, 13, 12, 26, 40)),
    ],
)
def test_times_in_other_forms(cell: str, date: datetime) -> None:
    assert to_dates(pl.Series("x", [cell, None])).to_list() == [date, None]


def test_decimal_commas_that_were_found_are_not_told_to_be_unsure(tmp_path: Path) -> None:
    rows = [f"{i % 9 + 1}.{i * 7 % 900 + 100};{i % 8 + 1},{i * 11 % 900 + 100}" for i in range(60)]
    path = table(tmp_path, "n;p", rows)
    project, notes = opened(path)
    assert tabular.read(project.data).row(0) == (1100.0, 1.1)
    assert "decimal comma" in notes
    assert "--decimals" not in notes
    assert "--decimals" not in "".join(drain(profile_source(path)).notes)
    assert "ambiguous_number" not in found_in(path)


NAMED_MONTHS = {
    "01-Feb-2019": datetime(2019, 2, 1),
    "22-Jan-20": datetime(2020, 1, 22),
    "5 mar 71": datetime(1971, 3, 5),
    "12 January 2015": datetime(2015, 1, 12),
    "Feb 3, 2019": datetime(2019, 2, 3),
    "March 3rd, 2019 10:30": datetime(2019, 3, 3, 10, 30),
    "2021-Feb-03": datetime(2021, 2, 3),
    "Tue, 5 Nov 2019 10:00:01": datetime(2019, 11, 5, 10, 0, 1),
    "3. März 2021": datetime(2021, 3, 3),
    "1er août 2020": datetime(2020, 8, 1),
    "21 de diciembre de 2019": datetime(2019, 12, 21),
    "31-Feb-2019": None,
    "10 foo 2020": None,
    "2021-01-05": datetime(2021, 1, 5),
}


def test_dates_with_the_names_of_months_are_dates() -> None:
    cells, dates = pl.Series("x", list(NAMED_MONTHS)), list(NAMED_MONTHS.values())
    assert to_dates(cells).to_list() == dates
    assert [to_dates(cells[at : at + 1], form=Form(column="x"))[0] for at in range(len(cells))] == (
        dates
    )
    english = [f"{'Feb March Dec'.split()[i % 3]} {i % 28 + 1}, 20{i % 20:02}" for i in range(60)]
    german = [f"{i % 28 + 1}. {'Mai Juni Dezember'.split()[i % 3]} 2021" for i in range(60)]
    words = [f"{i} May {i * 7}" for i in range(60)]
    kinds = guess_kinds(pl.DataFrame({"a": english, "b": german, "c": words}))
    assert kinds["a"] == kinds["b"] == "date" != kinds["c"]


@pytest.mark.parametrize(
    ("columns", "target"),
    [
        ("age,default,balance,y", "y"),
        ("default,age,balance,x", "default"),
        ("userId,movieId,rating,timestamp", "rating"),
    ],
)
def test_likely_targets(columns: str, target: str) -> None:
    names = columns.split(",")
    random = np.random.default_rng(0)
    frame = pl.DataFrame({name: [f"{n:.2f}" for n in random.normal(size=60)] for name in names})
    assert next(c.name for c in guess(frame).columns if c.role == "target") == target


def test_a_table_without_header_that_begins_with_its_classes() -> None:
    random = np.random.default_rng(0)
    numbers = {f"column_{at}": [f"{n:.3f}" for n in random.normal(size=90)] for at in (2, 3, 4)}
    classes = [str(1 + i // 30) for i in range(90)]
    found = guess(pl.DataFrame({"column_1": classes, **numbers}))
    assert found.columns[0].role == "target"
    shuffled = guess(pl.DataFrame({"column_1": [str(1 + i * 7 % 3) for i in range(90)], **numbers}))
    assert shuffled.columns[-1].role == "target"


@pytest.mark.parametrize("content", ["a,b,c\n" + "1,2,3\n" * 50, "name;age\n" + "Ann;3\n" * 9])
def test_a_table_is_no_long_text(tmp_path: Path, content: str) -> None:
    with pytest.raises(DataError, match="is a table, but the next token"):
        new_project(write(tmp_path / "t.csv", content), task="next token")


def test_rows_sorted_by_date_are_told(tmp_path: Path) -> None:
    gaps = np.random.default_rng(0).integers(1, 999, 90).cumsum()
    rows = [
        f"{datetime(2021, 1, 1) + timedelta(hours=int(gap))},{gap % 7},{gap % 2}" for gap in gaps
    ]
    told = "The rows stand in order of when."
    assert told in opened(table(tmp_path, "when,x,y", rows))[1]
    assert told not in opened(table(tmp_path, "when,x,y", rows[40:] + rows[:40], "u.csv"))[1]


def test_the_task_that_was_asked_for_is_taken(tmp_path: Path) -> None:
    rows = [f"{i * 7919 % 997},{i % 5}" for i in range(100)]
    path = table(tmp_path, "x,y", rows)
    kinds = {task: opened(path, task=task)[0].data.target.kind for task in ("regress", "classify")}
    assert kinds == {"regress": "number", "classify": "category"}
    words = table(tmp_path, "x,y", [f"{i},{'ab'[i % 2]}" for i in range(50)], "w.csv")
    with pytest.raises(DataError, match="y holds no numbers"):
        new_project(words, task="regress")


def test_what_was_chosen_is_not_overruled() -> None:
    assert CsvOptions(decimals="point").chosen() == {"decimals": "point"}
    assert DataConfig().csv.chosen() == {}


@pytest.mark.parametrize(
    ("cells", "order", "read"),
    [
        (["03/04/21", "25/12/68"], "day first", ["2021-04-03", "2068-12-25"]),
        (["03.04.69", "25.12.99"], "day first", ["1969-04-03", "1999-12-25"]),
        (["3/4/21", "12/25/21 18:30"], "month first", ["2021-03-04", "2021-12-25"]),
        (["21-04-03", "98-12-25"], "year first", ["2021-04-03", "1998-12-25"]),
        (["03/04/21", "05/06/21"], None, [None, None]),
        (["21-04-03", "22-12-25"], None, [None, None]),
    ],
)
def test_years_of_two_digits_are_read_where_the_order_is_proved(
    tmp_path: Path, cells: list[str], order: str | None, read: list[str | None]
) -> None:
    dates = to_dates(pl.Series("day", cells)).dt.strftime("%Y-%m-%d").to_list()
    assert dates == read
    path = tmp_path / "days.csv"
    many = [f"{cell},{at % 3}" for at, cell in enumerate(cells * 15)]
    path.write_text("\n".join(["day,x", *many]), encoding="utf-8")
    project, _ = opened(path, target="x")
    told = found_in(path, target="x")["date_as_text"].text
    is_date = project.data.columns[0].kind == "date"
    assert (is_date, project.data.csv.dates) == (bool(order), order)
    assert ("Choose the order of dates" in told) == (not order)
    if not order:
        chosen = to_dates(pl.Series(cells), "year first" if "-" in cells[0] else "day first")
        assert not chosen.null_count()
