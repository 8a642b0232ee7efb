"""Findings: what is planted is found, and clean tables raise none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelstudio.data.findings.finding import Finding, SetRole, SetSplit
from modelstudio.data.findings.tails import usual_range
from modelstudio.data.findings.telling import tells
from modelstudio.engine.events import drain
from modelstudio.engine.profiling import profile_source
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import DateParts, DropDuplicates, FillMissing, GroupRare, LeaveOut
from modelstudio.recipe.steps.rows import named_rows
from modelstudio.wording import counted

ROWS = 400
TAILS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "Laplace": lambda random, rows: random.laplace(size=rows),
    "t": lambda random, rows: random.standard_t(3, rows),
    "Pareto": lambda random, rows: random.pareto(2, rows),
    "lognormal": lambda random, rows: np.exp(1.5 * random.normal(size=rows)),
    "counts": lambda random, rows: random.poisson(2, rows).astype(float),
}


def clean(
    rows: int = ROWS, seed: int = 0, share: float = 0.5, classes: bool = True
) -> pl.DataFrame:
    """Return numbers, categories and dates that hang together with the target, with gaps."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=rows)
    columns: dict[str, object] = {}
    for at, correlation in enumerate((0.0, 0.5, 0.9)):
        noise = random.normal(size=rows) * np.sqrt(1 - correlation**2)
        columns[f"number{at}"] = (correlation * hidden + noise) * 10.0**at
    columns["price"] = np.round(np.exp(hidden + random.normal(size=rows)) * 20, 2)
    columns["age"] = random.integers(18, 90, rows)
    bent = hidden + random.normal(size=rows)
    columns["grade"] = np.array(["low", "middle", "high"])[np.digitize(bent, (-0.7, 0.7))]
    columns["town"] = random.choice(["Bonn", "Ulm", "Köln", "Jena"], rows, p=(0.3, 0.3, 0.2, 0.2))
    days = np.datetime64("2020-01-01") + random.integers(0, 1500, rows)
    columns["day"] = [str(day) for day in days]
    target = np.where(hidden > np.quantile(hidden, 1 - share), "yes", "no")
    columns["target"] = target if classes else hidden * 3 + 1
    frame = pl.DataFrame(columns)
    gone = pl.Series(random.random(rows) < 0.06)
    return frame.with_columns(pl.when(~gone).then(pl.col("number1", "town")))


def found_in(frame: pl.DataFrame, folder: Path, target: str = "target") -> dict[str, Finding]:
    frame.write_csv(folder / "t.csv")
    found = drain(profile_source(folder / "t.csv", target)).findings
    return {finding.kind: finding for finding in found}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**31),
    rows=st.integers(120, 900),
    share=st.floats(0.2, 0.8),
    tail=st.sampled_from(sorted(TAILS)),
    classes=st.booleans(),
    chosen=st.sets(st.integers(0, 7), min_size=1),
)
def test_clean_tables_raise_no_false_alarm(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    rows: int,
    share: float,
    tail: str,
    classes: bool,
    chosen: set[int],
) -> None:
    frame = clean(rows, seed, share, classes)
    names = [name for at, name in enumerate(frame.columns[:-1]) if at in chosen]
    tailed = pl.Series("tailed", TAILS[tail](np.random.default_rng(seed + 1), rows))
    frame = frame.select(*names, tailed, "target")
    found = found_in(frame, tmp_path_factory.getbasetemp())
    told = {finding.kind for finding in found.values() if finding.is_problem}
    expected = {"date_as_text"} if "day" in names else set()
    if any(frame.null_count().row(0)):
        told.discard("missing")
    assert told == expected


Plant = Callable[[pl.DataFrame], pl.Series]


def recoded(frame: pl.DataFrame) -> pl.Series:
    return frame["target"].replace_strict({"yes": "left", "no": "stayed"})


def with_a_slip(frame: pl.DataFrame) -> pl.Series:
    copy = frame["target"].replace_strict({"yes": 1, "no": 0})
    return copy.scatter(7, 1 - copy[7])


def score(frame: pl.DataFrame) -> pl.Series:
    noise = np.random.default_rng(1).uniform(0, 0.3, frame.height)
    return (frame["target"] == "yes").cast(pl.Float64) + pl.Series(noise)


def tells_a_class(frame: pl.DataFrame) -> pl.Series:
    letters = np.random.default_rng(1).choice(list("abcdefgh"), frame.height)
    return frame["target"].str.slice(0, 1) + pl.Series(letters)


@pytest.mark.parametrize("plant", [recoded, with_a_slip, score, tells_a_class])
def test_a_feature_that_gives_a_class_away_is_found(tmp_path: Path, plant: Plant) -> None:
    frame = clean(share=0.3)
    frame = frame.with_columns(plant(frame).alias("gift"))
    leak = found_in(frame, tmp_path)["target_leak"]
    assert leak.columns == ("gift", "target")
    assert leak.severity == "error"
    assert leak.fix == SetRole(("gift",), "ignored")


@pytest.mark.parametrize(
    "plant",
    [
        lambda frame: frame["target"],
        lambda frame: (frame["target"] / 4).exp() + 3,
        lambda frame: -frame["target"] * 1.8 + 32,
    ],
)
def test_a_feature_that_gives_a_number_away_is_found(tmp_path: Path, plant: Plant) -> None:
    frame = clean(classes=False)
    found = found_in(frame.with_columns(plant(frame).alias("gift")), tmp_path)
    assert found["target_leak"].column == "gift"


def test_grades_under_other_names_give_a_number_away(tmp_path: Path) -> None:
    frame = clean(classes=False).with_columns(pl.col("target").round() / 2)
    grades = frame["target"].unique().sort()
    names = pl.Series([f"grade {at * 31 % 97}" for at in range(len(grades))])
    gift = frame["target"].replace_strict(grades, names)
    found = found_in(frame.with_columns(gift.alias("gift")), tmp_path)
    assert found["target_leak"].column == "gift"


@pytest.mark.parametrize("gone", ["no", "yes"])
def test_cells_missing_with_a_class_are_found(tmp_path: Path, gone: str) -> None:
    frame = clean(share=0.3)
    cells = pl.when(pl.col("target") != gone).then("number0").alias("number0")
    leak = found_in(frame.with_columns(cells), tmp_path)["missing_leak"]
    assert leak.columns == ("number0", "target")
    assert leak.text == f"number0 is missing exactly when target is {gone}"
    assert {frame["target"][row] for row in leak.rows} == {gone}
    assert leak.count == (frame["target"] == gone).sum()


def test_cells_missing_with_high_numbers_are_found(tmp_path: Path) -> None:
    frame = clean(classes=False)
    cells = pl.when(pl.col("target") < 3).then("number0").alias("number0")
    assert "missing_leak" in found_in(frame.with_columns(cells), tmp_path)


@pytest.mark.parametrize(
    "ids",
    [
        lambda random: np.arange(ROWS) + 1000,
        lambda random: random.permutation(ROWS),
        lambda random: np.cumsum(random.integers(1, 4, ROWS)),
        lambda random: [f"K-{number:06}" for number in random.permutation(ROWS)],
        lambda random: [f"Anna {number:x}" for number in random.permutation(10**6)[:ROWS]],
    ],
)
def test_ids_are_found_also_when_they_are_ignored(
    tmp_path: Path, ids: Callable[..., object]
) -> None:
    frame = clean().with_columns(pl.Series("who", ids(np.random.default_rng(3))))
    assert found_in(frame, tmp_path)["id_like"].columns == ("who",)


def test_copies_are_found_and_the_recipe_keeps_them_out_of_the_test(tmp_path: Path) -> None:
    frame = clean()
    found = found_in(pl.concat([frame, frame[:30]]), tmp_path)
    copies = found["duplicate_rows"]
    assert (copies.count, copies.rows[:3]) == (30, (400, 401, 402))
    assert copies.fix == DropDuplicates()
    assert "split_overlap" not in found


def test_copies_in_another_part_are_found(tmp_path: Path) -> None:
    frame = pl.concat([clean(), clean()[:30]])
    frame = frame.with_columns(split=pl.Series(["train"] * 400 + ["test"] * 30))
    found = found_in(frame, tmp_path)
    assert found["split_overlap"].count == 30
    assert found["split_overlap"].rows[0] == 400


def test_rows_of_a_test_file_are_left_out_of_training(tmp_path: Path) -> None:
    frame = pl.concat([clean(), clean()[:2]])
    frame[[0, 5, 9, 100]].write_csv(tmp_path / "tests.csv")
    frame.write_csv(tmp_path / "t.csv")
    looking = profile_source(tmp_path / "t.csv", "target", tmp_path / "tests.csv")
    found = {each.kind: each for each in drain(looking).findings}["split_overlap"]
    assert found.text == f"{counted(found.count, 'row')} of the test file are in training too"
    assert 2 <= found.count <= 4
    assert isinstance(found.fix, LeaveOut)
    left = named_rows(found.fix.rows, range(frame.height))
    assert set(found.rows) <= left <= {0, 5, 9, 100, 400}
    assert 0 not in left or 400 in left


@pytest.mark.parametrize("change", ["one cell", "two cells", "noise"])
def test_rows_nearly_the_same_are_found(tmp_path: Path, change: str) -> None:
    frame = clean(900)
    again = frame[::9]
    if change == "noise":
        again = again.with_columns(pl.col("number0", "number1", "number2", "price") * (1 + 1e-7))
    else:
        again = again.with_columns(pl.lit("new").alias("town"))
    if change == "two cells":
        again = again.with_columns(pl.col("number0") + 3)
    found = found_in(pl.concat([frame, again]), tmp_path)
    assert found["near_duplicates"].count == 200
    assert found["split_overlap"].count > 20
    assert found["near_duplicates"].fix == found["split_overlap"].fix == LeaveOut(rows="901-1000")


def test_fine_noise_is_found_in_few_columns(tmp_path: Path) -> None:
    frame = clean(900).select("number0", "price", "number2", "grade", "target")
    noise = 1 + 1e-9 * np.random.default_rng(0).normal(size=50)
    again = frame[:50].with_columns(pl.col("number0", "price", "number2") * pl.Series(noise))
    found = found_in(pl.concat([frame, again]), tmp_path)
    assert found["near_duplicates"].count == 100


def test_rows_of_a_test_file_that_train_are_found(tmp_path: Path) -> None:
    frame = clean()
    frame.write_csv(tmp_path / "train.csv")
    pl.concat([clean(50, seed=1), frame[:20]]).write_csv(tmp_path / "test.csv")
    work = profile_source(tmp_path / "train.csv", "target", tmp_path / "test.csv")
    found = {finding.kind: finding for finding in drain(work).findings}
    assert 10 < found["split_overlap"].count <= 20
    assert max(found["split_overlap"].rows) < 20


@pytest.mark.parametrize("together", [True, False])
def test_visits_of_one_patient_in_several_parts_are_found_where_they_are_alike(
    tmp_path: Path, together: bool
) -> None:
    patients = pl.Series(np.arange(ROWS) * 7919 % 100)
    frame = clean().with_columns(patient_id=patients)
    if together:
        frame = frame.with_columns(pl.col("age") // 8 + (patients * 31 % 60))
    overlap = found_in(frame, tmp_path)["split_overlap"]
    assert overlap.columns == ("patient_id",)
    assert overlap.severity == ("warning" if together else "fact")
    assert overlap.fix == SetSplit((("method", "group"), ("by", "patient_id")))


def test_what_is_odd_about_a_column_is_found(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    frame = clean(share=0.04)
    days = pl.Series(np.datetime64("2020-01-01") + random.integers(0, 900, ROWS))
    numbers = [f"{number:.2f}" for number in random.normal(size=ROWS)]
    some = random.random(ROWS)
    frame = frame.with_columns(
        same=pl.lit("x"),
        written=days.dt.strftime("%-d %B %Y"),
        digits=days.dt.strftime("%Y%m%d"),
        half=pl.Series([n if s < 0.6 else "none" for n, s in zip(numbers, some, strict=True)]),
        few=pl.Series([n if s < 0.99 else "oops" for n, s in zip(numbers, some, strict=True)]),
        number0=frame["number0"].scatter([5, 9], [80.0, -70.0]),
        town=frame["town"].scatter([3, 4], ["Rom", "Rom"]),
    )
    frame.write_csv(tmp_path / "t.csv")
    found = drain(profile_source(tmp_path / "t.csv", "target")).findings
    by_kind: dict[str, set[str]] = {}
    for finding in found:
        by_kind.setdefault(finding.kind, set()).update(finding.columns)
    assert by_kind["constant"] == {"same"}
    assert by_kind["date_as_text"] == {"day", "written", "digits"}
    assert by_kind["mixed_types"] == {"half", "few"}
    outliers = next(finding for finding in found if finding.kind == "outliers")
    assert "number0" in outliers.columns
    assert {5, 9} <= set(outliers.rows)
    rare = next(finding for finding in found if finding.kind == "rare_category")
    assert (rare.columns, rare.rows) == (("town",), (3, 4))
    assert isinstance(rare.fix, GroupRare)
    balance = next(finding for finding in found if finding.kind == "imbalance")
    assert balance.fix == SetSplit((("balance", "weights"),))


def test_what_shows_in_every_row_names_rows_and_what_is_ignored_says_so(tmp_path: Path) -> None:
    frame = clean().with_columns(
        pl.Series("who", [None, *(f"P{at * 7919 % 100_003}" for at in range(1, ROWS))]),
        pl.lit("same").alias("same"),
        pl.Series("code", [f"{at % 44}" if at % 4 == 0 else f"w{at % 9}" for at in range(ROWS)]),
    )
    found = found_in(frame, tmp_path)
    assert found["id_like"].rows[:3] == (1, 2, 3)
    assert found["id_like"].count == ROWS - 1
    assert found["id_like"].text == "who looks like an ID; it is ignored already"
    assert found["constant"].rows[:2] == (0, 1)
    assert found["mixed_types"].rows[:2] == (0, 4)
    assert found["mixed_types"].fix == SetRole(("code",))


@pytest.mark.parametrize(
    ("usual", "far"),
    [
        (lambda random: random.integers(18, 90, ROWS), 1750.0),
        (lambda random: random.normal(50, 9, ROWS), -999.0),
        (lambda random: random.normal(20, 3, ROWS), 20_000.0),
        (lambda random: random.standard_t(3, ROWS), 20_000.0),
    ],
)
def test_a_number_far_beyond_the_tail_of_its_column_is_found(
    tmp_path: Path, usual: Callable[[np.random.Generator], np.ndarray], far: float
) -> None:
    values = usual(np.random.default_rng(4)).astype(float)
    values[11] = far
    found = found_in(clean().with_columns(pl.Series("number0", values)), tmp_path)
    assert (found["outliers"].columns, found["outliers"].rows) == (("number0",), (11,))


@pytest.mark.parametrize("names", [("number0", "price"), ("rough", "rough2", "grade")])
def test_copies_are_found_where_chance_makes_fewer(tmp_path: Path, names: tuple[str, ...]) -> None:
    frame = clean(seed=5).with_columns(
        pl.col("number0").round(2),
        rough=pl.col("number0").rank("ordinal") // 6,
        rough2=pl.col("age"),
    )
    frame = frame.select(*names, "target")
    assert "duplicate_rows" not in found_in(frame, tmp_path)
    natural = frame.height - frame.n_unique()
    found = found_in(pl.concat([frame, frame[:30]]), tmp_path)
    assert found["duplicate_rows"].count == 30 + natural


def test_equal_rows_of_a_rough_table_are_no_copies(tmp_path: Path) -> None:
    frame = clean().select(pl.col("age"), pl.col("age").alias("years") * 2, "grade", "target")
    assert frame.n_unique() < frame.height
    assert "duplicate_rows" not in found_in(frame, tmp_path)


def test_leaks_of_dates_and_of_copies_with_gaps_are_found(tmp_path: Path) -> None:
    frame = clean(share=0.3)
    some = pl.Series(np.random.default_rng(2).random(ROWS) < 0.43)
    frame = frame.with_columns(
        pl.when(pl.col("target") == "no").then("day").alias("day"),
        parts=pl.lit("20") + (pl.col("target") == "yes").cast(pl.Int8).cast(pl.String) + "1-05-03",
        gift=pl.when(some).then("target"),
    )
    frame.write_csv(tmp_path / "t.csv")
    found = drain(profile_source(tmp_path / "t.csv", "target")).findings
    leaks = {(finding.kind, finding.column) for finding in found if "leak" in finding.kind}
    assert leaks == {("missing_leak", "day"), ("target_leak", "parts"), ("target_leak", "gift")}


def test_dates_that_are_written_as_text_are_told_with_the_step_to_use_them(tmp_path: Path) -> None:
    frame = clean()
    told = found_in(frame, tmp_path)["date_as_text"]
    assert (told.columns, told.fix) == (("day",), DateParts(columns=("day",)))
    frame.with_columns(pl.col("day").str.to_date()).write_parquet(tmp_path / "t.parquet")
    found = drain(profile_source(tmp_path / "t.parquet", "target")).findings
    assert "date_as_text" not in {finding.kind for finding in found}


def test_a_far_number_is_judged_by_the_tail_it_ends() -> None:
    """A single 12 among normal numbers is far; the ends of a lognormal column are its own."""
    found = alarms = 0
    for seed in range(20):
        random = np.random.default_rng(seed)
        numbers = np.append(random.normal(size=400), 12.0)
        found += usual_range(pl.Series(numbers))[1] < 12
        low, high = usual_range(pl.Series(random.lognormal(0, 1.5, 400)))
        alarms += (low, high) != (-np.inf, np.inf)
    assert found > 14
    assert not alarms


def test_missing_cells_of_many_columns_are_told_at_once(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    answers = {f"q{at}": random.choice(["yes", "no", "perhaps"], 200) for at in range(30)}
    frame = pl.DataFrame({**answers, "target": random.choice(["a", "b"], 200)})
    gone = {name: 20 + at for at, name in enumerate(answers)}
    frame = frame.with_columns(
        pl.when(pl.int_range(200) >= many).then(pl.col(name)) for name, many in gone.items()
    )
    frame.write_csv(path := tmp_path / "table.csv")
    told = drain(profile_source(path, "target")).findings
    (missing,) = (each for each in told if each.kind == "missing")
    assert missing.text == "30 columns are 10 to 24 % missing"
    assert missing.columns == tuple(sorted(gone, key=lambda name: -gone[name]))
    assert missing.suggested_step == FillMissing(columns=missing.columns)
    assert missing.count == 49


def test_a_number_too_small_to_divide_by_tells_nothing() -> None:
    values = [5e-324, 0.0, 1.0] * 20
    answer = pl.Series(np.random.default_rng(0).normal(size=60))
    number, target = (Column(name=name, kind="number") for name in "xy")
    assert tells(pl.Series(values), answer, number, target) is None
