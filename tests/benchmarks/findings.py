"""Alarms that honest data raises, and planted faults that are missed.

``python tests/benchmarks/findings.py [--tables 600] [--folders 70] [--seed 0]`` prints JSON: how
many clean tables and folders of pictures were looked at, the alarms by sort and kind with the
seeds that make them again, and which share of single values 8 standard deviations away is found in
a normal column by its rows. Classes are balanced, as imbalance would be honestly told; so are dates
as text, ids and pictures that are equal byte by byte, which are not counted.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageDraw
from sklearn import datasets

from modelstudio.data.findings.finding import Finding
from modelstudio.data.findings.tails import Tails, usual_range
from modelstudio.engine.events import drain
from modelstudio.engine.profiling import profile_source

HONEST = {"missing", "id_like", "date_as_text"}
"""Kinds that say what is true of a table here."""

LEAST_ROWS, MOST_ROWS = 60, 20_000

Columns = dict[str, object]
Random = np.random.Generator


def features(values: np.ndarray, target: np.ndarray) -> Columns:
    """Return a table of numbers and what is to be told."""
    return {f"x{at}": column for at, column in enumerate(values.T)} | {"target": target}


def seed_of(random: Random) -> int:
    """Return a seed for another library."""
    return int(random.integers(2**31))


def classes(random: Random, rows: int) -> Columns:
    """Some of the numbers tell two to four classes."""
    count, width = int(random.integers(2, 5)), int(random.integers(8, 40))
    made = datasets.make_classification(
        rows, width, n_informative=5, n_classes=count, random_state=seed_of(random)
    )
    return features(*made)


def regression(random: Random, rows: int) -> Columns:
    """A sum of numbers with noise."""
    width, noise = int(random.integers(4, 40)), float(random.choice([1, 10, 50]))
    return features(
        *datasets.make_regression(rows, width, noise=noise, random_state=seed_of(random))
    )


def blobs(random: Random, rows: int) -> Columns:
    """Round classes, near or far."""
    centres, width = int(random.integers(2, 6)), int(random.integers(2, 8))
    return features(
        *datasets.make_blobs(rows, width, centers=centres, random_state=seed_of(random))
    )


def friedman(random: Random, rows: int) -> Columns:
    """A curve of five numbers out of ten."""
    return features(*datasets.make_friedman1(rows, noise=0.5, random_state=seed_of(random)))


def moons(random: Random, rows: int) -> Columns:
    """Two half circles."""
    noise = float(random.choice([0.05, 0.1, 0.3]))
    return features(*datasets.make_moons(rows, noise=noise, random_state=seed_of(random)))


def sales(random: Random, rows: int) -> Columns:
    """Days with trend and season."""
    day = np.arange(rows)
    season = 20 * np.sin(2 * np.pi * day / 365.25) + 8 * (day % 7 >= 5)
    return {
        "date": [str(each) for each in np.datetime64("1980-01-01") + day],
        "price": random.normal(9, 0.7, rows).round(2),
        "promotion": random.random(rows) < 0.2,
        "target": (100 + 0.01 * day + season + random.normal(0, 6, rows)).round(),
    }


def survey(random: Random, rows: int) -> Columns:
    """Answers from 1 to 5 that hang together."""
    mood = random.normal(size=rows)
    asked = np.clip(np.round(3 + 0.8 * mood + random.normal(0, 0.9, (9, rows))), 1, 5).astype(int)
    happy = np.where(mood + random.normal(size=rows) > 0, "yes", "no")
    known = {f"q{at}": each for at, each in enumerate(asked, 1)}
    return {"age": random.integers(18, 80, rows), **known, "target": happy}


def sensors(random: Random, rows: int) -> Columns:
    """Readings that walk along together."""
    walked = np.cumsum(random.normal(size=rows))
    read = walked + random.normal(0, 0.3, (4, rows))
    return {
        **{f"sensor {at}": each.round(3) for at, each in enumerate(read)},
        "target": 0.3 * walked + random.normal(size=rows),
    }


def ratings(random: Random, rows: int) -> Columns:
    """Marks that users give to items."""
    return {
        "user_id": random.integers(1, 2 + rows // 8, rows),
        "item_id": random.integers(1, 2 + rows // 5, rows),
        "day": random.integers(0, 365, rows),
        "target": random.choice(5, rows, p=[0.12, 0.16, 0.24, 0.26, 0.22]) + 1,
    }


def customers(random: Random, rows: int) -> Columns:
    """Some of all kinds, with cells missing by chance."""
    age = random.integers(18, 80, rows)
    income = random.lognormal(10.5, 0.5, rows).round()
    gone = random.random(rows) < 0.1
    return {
        "age": age,
        "income": [None if each else value for each, value in zip(gone, income, strict=True)],
        "spent": np.where(random.random(rows) < 0.4, 0, random.gamma(2, 30, rows)).round(2),
        "contract": random.choice(["monthly", "yearly", "none"], rows, p=[0.5, 0.3, 0.2]),
        "visits": random.poisson(6, rows),
        "target": np.where(age + random.normal(0, 15, rows) > 49, "stays", "leaves"),
    }


def long_tails(random: Random, rows: int) -> Columns:
    """Numbers of which some lie far out by nature."""
    width = int(random.choice([5, 40]))
    heavy = random.standard_t(float(random.choice([3, 5, 8])), (rows, width))
    return features(heavy, heavy[:, :3].sum(axis=1) + random.normal(size=rows))


def mixed(random: Random, rows: int) -> Columns:
    """Light and heavy tails side by side."""
    hidden = random.normal(size=rows)
    return {
        "normal": random.normal(50, 9, rows),
        "t": random.standard_t(4, rows),
        "lognormal": random.lognormal(2, 0.7, rows),
        "exponential": random.exponential(3, rows),
        "laplace": random.laplace(size=rows),
        "pareto": random.pareto(3, rows),
        "counts": random.negative_binomial(2, 0.2, rows),
        "target": hidden + random.normal(size=rows),
        "hidden": hidden,
    }


TABLES: tuple[Callable[[Random, int], Columns], ...] = (
    *(classes, regression, blobs, friedman, moons, sales, survey, sensors, ratings, customers),
    *(long_tails, mixed),
)


def noise(random: Random, side: int, kind: int) -> Image.Image:
    """One colour or the other, with noise."""
    colour = [200, 60, 60] if kind else [60, 60, 200]
    shades = random.normal(colour, 20, (side, side, 3))
    return Image.fromarray(shades.clip(0, 255).astype(np.uint8))


def clouds(random: Random, side: int, kind: int) -> Image.Image:
    """Soft colours, finer in one class."""
    rough = random.integers(0, 256, (5 + 3 * kind,) * 2 + (3,), dtype=np.uint8)
    return Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC)


def one_shape(random: Random, side: int, kind: int) -> Image.Image:
    """A round or a square on white."""
    return _shapes(random, side, kind, 1)


def shapes(random: Random, side: int, kind: int) -> Image.Image:
    """Some rounds or squares."""
    return _shapes(random, side, kind, int(random.integers(3, 6)))


def _shapes(random: Random, side: int, kind: int, count: int) -> Image.Image:
    image = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(image)
    for _ in range(count):
        left, top = (int(each) for each in random.integers(1, side // 2, 2))
        width = int(random.integers(side // 5, side // 2))
        colour = tuple(random.integers(0, 200, 3).tolist())
        (draw.ellipse if kind else draw.rectangle)((left, top, left + width, top + width), colour)
    return image


def waves(random: Random, side: int, kind: int) -> Image.Image:
    """Stripes along or across."""
    along = 128 + 100 * np.sin(random.uniform(0.2, 1) * np.arange(side) + random.uniform(0, 6))
    shades = np.tile(along, (side, 1)) + random.normal(0, 8, (side, side))
    shades = shades if kind else shades.T
    return Image.fromarray(shades.clip(0, 255).astype(np.uint8))


PICTURES = (noise, clouds, one_shape, shapes, waves)


def looked_at(source: Path, target: str | None = None) -> list[Finding]:
    """Return what is told of a source and is not merely true of honest data."""
    found = drain(profile_source(source, target)).findings
    return [each for each in found if each.is_problem and each.kind not in HONEST]


def tables(count: int, seed: int, folder: Path) -> dict[str, list[str]]:
    """Look at clean tables, and return the alarms with their seeds."""
    alarms = defaultdict(list)
    for at in range(seed, seed + count):
        random, make = np.random.default_rng(at), TABLES[at % len(TABLES)]
        rows = int(np.exp(random.uniform(math.log(LEAST_ROWS), math.log(MOST_ROWS))))
        pl.DataFrame(make(random, rows)).write_csv(folder / "t.csv")
        for each in looked_at(folder / "t.csv", "target"):
            alarms[f"{make.__name__}: {each.kind}"].append(f"{at} ({rows} rows): {each.text}")
    return alarms


def pictures(count: int, seed: int, folder: Path) -> dict[str, list[str]]:
    """Look at clean folders of pictures, and return the alarms with their seeds."""
    alarms = defaultdict(list)
    for at in range(seed, seed + count):
        random, draw = np.random.default_rng(at), PICTURES[at % len(PICTURES)]
        side, many = int(random.choice([28, 48, 64, 96])), int(random.choice([40, 120, 300]))
        ending = str(random.choice(["png", "jpg"]))
        known: set[bytes] = set()
        for kind in (0, 1):
            (folder / f"{at}" / f"{kind}").mkdir(parents=True)
            for number in range(many // 2):
                path = folder / f"{at}" / f"{kind}" / f"{number:03}.{ending}"
                draw(random, side, kind).save(path, quality=90)
                if path.read_bytes() in known:
                    path.unlink()
                else:
                    known.add(path.read_bytes())
        for each in looked_at(folder / f"{at}"):
            alarms[f"{draw.__name__}: {each.kind}"].append(f"{at} ({many} pictures): {each.text}")
    return alarms


def found_far(tries: int, seed: int) -> dict[int, float]:
    """Return which share of single 8s is found in one of five normal columns, by their rows."""
    shares = {}
    for rows in (60, 100, 150, 300, 1000):
        hits = 0
        for at in range(tries):
            values = np.random.default_rng([seed, rows, at]).normal(size=(5, rows))
            values[0, rows // 2] = 8.0
            columns = {
                f"x{place}": pl.Series(f"x{place}", each) for place, each in enumerate(values)
            }
            hits += usual_range(columns["x0"], Tails(columns))[1] < 8
        shares[rows] = round(hits / tries, 2)
    return shares


def main() -> None:
    """Look and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=600)
    parser.add_argument("--folders", type=int, default=70)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = {
            "tables": asked.tables,
            "alarms_in_tables": tables(asked.tables, asked.seed, Path(folder)),
            "folders": asked.folders,
            "alarms_in_folders": pictures(asked.folders, asked.seed, Path(folder)),
            "far_values_found": found_far(200, asked.seed),
        }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
