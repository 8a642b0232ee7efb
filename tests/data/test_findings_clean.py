"""Clean tables of many sorts raise no finding."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn import datasets

from modelstudio.engine.events import drain
from modelstudio.engine.profiling import profile_source

Columns = dict[str, object]
Make = Callable[[np.random.Generator, int], Columns]


def features(values: np.ndarray, target: np.ndarray) -> Columns:
    return {f"x{at}": column for at, column in enumerate(values.T)} | {"target": target}


def classification(random: np.random.Generator, rows: int) -> Columns:
    seed = int(random.integers(2**31))
    return features(*datasets.make_classification(rows, 12, weights=[0.75], random_state=seed))


def regression(random: np.random.Generator, rows: int) -> Columns:
    seed = int(random.integers(2**31))
    return features(*datasets.make_regression(rows, 8, noise=10, random_state=seed))


def moons(random: np.random.Generator, rows: int) -> Columns:
    return features(*datasets.make_moons(rows, noise=0.1, random_state=int(random.integers(2**31))))


def friedman(random: np.random.Generator, rows: int) -> Columns:
    seed = int(random.integers(2**31))
    return features(*datasets.make_friedman1(rows, noise=0.5, random_state=seed))


def far_apart(random: np.random.Generator, rows: int) -> Columns:
    """Two classes that lie apart in every column."""
    target = random.integers(0, 2, rows)
    return features(random.normal(size=(rows, 4)) + 12.0 * target[:, None], target)


def of_every_sort(random: np.random.Generator, rows: int) -> Columns:
    hidden = random.normal(size=rows)
    return {
        "t": random.standard_t(5, rows),
        "lognormal": random.lognormal(2, 0.7, rows),
        "exponential": random.exponential(3, rows),
        "poisson": random.poisson(4, rows),
        "mostly zero": np.where(random.random(rows) < 0.7, 0, random.poisson(5, rows)),
        "spent": np.where(random.random(rows) < 0.4, 0, random.gamma(2, 30, rows)).round(2),
        "uniform": random.uniform(size=rows),
        "code": random.integers(1, 8, rows),
        "discount": random.choice(
            [0, 5, 10, 15, 20, 50], rows, p=[0.5, 0.2, 0.15, 0.1, 0.04, 0.01]
        ),
        "two humps": random.normal(size=rows) + 9 * (random.random(rows) < 0.3),
        "target": 50 * hidden + 20 * random.normal(size=rows),
        "hidden": hidden,
    }


def customers(random: np.random.Generator, rows: int) -> Columns:
    age, spent = random.integers(18, 80, rows), random.lognormal(4, 0.5, rows).round(2)
    return {
        "age": age,
        "spent": spent,
        "contract": random.choice(["monthly", "yearly", "none"], rows, p=[0.55, 0.3, 0.15]),
        "member": random.random(rows) < 0.2,
        "zip": random.choice([f"0{at}123" for at in range(9)], rows),
        "postal code": random.integers(10_000, 99_999, rows),
        "city": [f"city {at}" for at in np.minimum(random.zipf(1.5, rows), 12)],
        "store_id": random.integers(1, 1 + rows // 8, rows),
        "target": np.where(age + random.normal(0, 15, rows) > 50, "leaves", "stays"),
    }


def strongly_told(random: np.random.Generator, rows: int) -> Columns:
    score = random.normal(size=rows)
    return {
        "score": score.round(1),
        "noise": random.normal(size=rows),
        "target": np.where(5 * score + random.logistic(size=rows) > 0, "yes", "no"),
    }


def nearly_a_line(random: np.random.Generator, rows: int) -> Columns:
    x = random.normal(size=rows)
    return {
        "x": x,
        "level": (x + random.normal(size=rows)).round(),
        "target": 7 * x + random.normal(size=rows),
    }


def with_gaps(random: np.random.Generator, rows: int) -> Columns:
    a = random.normal(size=rows)
    gone = random.random(rows) < 1 / (1 + np.exp(2 - 2 * a))
    return {
        "a": a,
        "b": [None if each else value for each, value in zip(gone, a * 3, strict=True)],
        "target": (a + random.normal(size=rows) > 0).astype(int),
    }


def answers(random: np.random.Generator, rows: int) -> Columns:
    given = random.integers(1, 6, (rows, 5))
    return features(given, (given.sum(axis=1) + random.normal(0, 3, rows) > 15).astype(int))


def a_walk(random: np.random.Generator, rows: int) -> Columns:
    walked = np.cumsum(random.normal(size=(rows, 3)), axis=0)
    return features(walked, walked[:, 0] + 5 * random.normal(size=rows))


def functions_of_one(random: np.random.Generator, rows: int) -> Columns:
    x = random.uniform(0, 10, rows)
    return {"x": x, "square": x**2, "wave": np.sin(x), "target": 3 * x + random.normal(size=rows)}


def heavy_tails(random: np.random.Generator, rows: int) -> Columns:
    heavy = random.standard_t(5, (rows, 40))
    return features(heavy, heavy[:, :5].sum(axis=1) + random.normal(size=rows))


def walking_along(random: np.random.Generator, rows: int) -> Columns:
    walked = np.cumsum(random.normal(size=rows))
    return {"x": walked, "z": random.normal(size=rows), "target": walked + random.normal(size=rows)}


def mostly_one_term(random: np.random.Generator, rows: int) -> Columns:
    x = random.normal(size=(rows, 3))
    return features(x, x @ [90, 5, 3] + random.normal(size=rows))


def flowers(random: np.random.Generator, rows: int) -> Columns:
    """Rounded measures of which one nearly parts the classes."""
    kind = random.integers(0, 3, rows)
    centres = np.array([[5.0, 0.25], [5.9, 1.3], [6.6, 2.0]])
    wide = np.array([[0.35, 0.1], [0.5, 0.2], [0.64, 0.27]])
    measured = (centres[kind] + wide[kind] * random.normal(size=(rows, 2))).round(1)
    return features(measured, np.array(["a", "b", "c"])[kind])


SORTS = (
    *(classification, regression, moons, friedman, far_apart, of_every_sort, customers),
    *(strongly_told, nearly_a_line, with_gaps, answers, a_walk),
    *(functions_of_one, heavy_tails, walking_along, mostly_one_term, flowers),
)


@pytest.mark.parametrize("make", SORTS)
def test_clean_tables_raise_no_finding(tmp_path: Path, make: Make) -> None:
    for seed, rows in enumerate((80, 400, 1500)):
        frame = pl.DataFrame(make(np.random.default_rng([seed, 7]), rows))
        frame.write_csv(tmp_path / "t.csv")
        found = drain(profile_source(tmp_path / "t.csv", "target")).findings
        told = [each.text for each in found if each.is_problem and each.kind != "missing"]
        assert told == [], (make.__name__, rows)


def test_texts_in_folders_raise_no_finding(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    words = [f"{first}{last}" for first in ("ba", "lo", "mi", "tu") for last in ("na", "ki", "se")]
    for label in ("good", "bad"):
        (tmp_path / label).mkdir()
        for at in range(30):
            text = " ".join(random.choice(words, random.integers(3, 9)))
            (tmp_path / label / f"{at}.txt").write_text(text)
    found = drain(profile_source(tmp_path)).findings
    assert [each.text for each in found if each.is_problem] == []
