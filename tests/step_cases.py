"""Every step there is in a recipe of the kind it is for, with the data to go through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
from PIL import Image
from tables import prepared

from modelstudio.data.prepare import Prepared
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.recipe.columns import Column, Kind
from modelstudio.recipe.sources import AudioFolder, ImageFolder, LongText, Source
from modelstudio.recipe.steps import (
    Bin,
    Cast,
    Colours,
    CropCentre,
    DateParts,
    FillMissing,
    Formula,
    Index,
    MelSpectrogram,
    OneHot,
    PadPictures,
    Passages,
    Rename,
    Resize,
    ScalePixels,
    Standardise,
    Step,
    TargetEncode,
    Tokenise,
    Windows,
)

ROWS = 60
PART = np.array(["train", "validation", "train", "test"])[np.arange(ROWS) % 4]
JUDGING = np.flatnonzero(PART != "train")

KINDS: dict[str, Kind] = {
    "n": "number",
    "m": "number",
    "c": "category",
    "i": "id",
    "t": "text",
    "d": "date",
}


def rows(strange: int) -> pl.DataFrame:
    """Return a table whose judging rows hold other values for another number; 0 for the usual."""

    def values(seed: int) -> dict[str, Any]:
        random = np.random.default_rng(seed)
        far = 10.0**seed if seed else 1.0
        words = ["a", "b", "c", "d"] if not seed else [f"new{seed}", f"<p>z{seed}</p>", "a"]
        known = [None, *words]
        return {
            "n": np.where(
                random.random(ROWS) < 0.2 * seed, None, -far * random.normal(seed, 1, ROWS)
            ),
            "m": np.where(random.random(ROWS) < 0.2, None, random.gamma(2, far, ROWS).round(3)),
            "c": random.choice(known, ROWS),
            "i": [f"u{at}" for at in random.integers(10 * seed, 10 * seed + 8, ROWS)],
            "t": [" ".join(random.choice(words, 5)) for _ in range(ROWS)],
            "d": [f"{2020 - 9 * seed}-{at % 12 + 1:02}-{at % 27 + 1:02}" for at in range(ROWS)],
            "y": random.choice(["no", "yes"] if not seed else ["yes", "perhaps"], ROWS),
            "v": random.normal(0, 1 + seed, ROWS).round(6),
        }

    usual, other = values(0), values(strange)
    mixed = {
        name: [(other if at in JUDGING else usual)[name][at] for at in range(ROWS)]
        for name in usual
    }
    return pl.DataFrame({**mixed, "part": PART}, strict=False)


def table(step: Step, *, target: str = "y", kinds: tuple[Kind, ...] = ()) -> Case:
    """Return a step on a table that has the columns it acts on, and what makes numbers of them."""
    kinds = kinds or getattr(step, "kinds", ("number",))
    columns = [Column(name=name, kind=kind) for name, kind in KINDS.items() if kind in kinds]
    columns.append(
        Column(name=target, kind="category" if target == "y" else "number", role="target")
    )
    columns.append(Column(name="part", kind="category", role="ignored"))
    rest: tuple[Step, ...] = (DateParts(), FillMissing(), OneHot(), Index(), Tokenise(least=1))
    data = DataConfig(
        columns=tuple(columns),
        recipe=(step, *(each for each in rest if type(each) is not type(step))),
        split=SplitConfig(method="column", by="part"),
    )
    return Case(type(step), data, lambda path, strange: rows(strange).write_csv(path), "t.csv")


def series() -> Case:
    """Return windows of a table in its own order, whose last rows judge."""

    def write(path: Path, strange: int) -> None:
        random = np.random.default_rng(0)
        frame = pl.DataFrame({"n": random.normal(size=30), "y": ["a", "b"] * 15})
        last = pl.DataFrame(
            {"n": [1.0 + strange] * 30, "y": (["a", "b", *"uvw"[:strange]] * 15)[:30]}
        )
        pl.concat([frame, last]).write_csv(path)

    columns = (Column(name="n", kind="number"), Column(name="y", kind="category", role="target"))
    recipe = (FillMissing(), Standardise(), Windows(length=4))
    split = SplitConfig(method="time", test=0.3, validation=0.2)
    return Case(Windows, DataConfig(columns=columns, recipe=recipe, split=split), write, "s.csv")


def long_text(unit: Any, step: type[Step]) -> Case:
    """Return a text whose last lines judge."""

    def write(path: Path, strange: int) -> None:
        lines = [f"line {at} of the text" for at in range(50)]
        lines += [f"LINE {at + strange} ωψ{'x' * strange}" for at in range(50)]
        path.write_text("\n".join(lines), encoding="utf-8")

    data = DataConfig(
        columns=(Column(name="text", kind="text", role="target"),),
        source=LongText(),
        recipe=(Tokenise(unit=unit, length=None, least=1), Passages(length=16)),
        split=SplitConfig(method="time", test=0.3, validation=0.2),
    )
    return Case(step, data, write, "long.txt")


def files(step: Step, source: Source, kind: Any, write_one: Callable[[Path, int], None]) -> Case:
    """Return a folder of folders of parts, of folders of classes."""

    def write(path: Path, strange: int) -> None:
        for at, part in enumerate(("train", "val", "test")):
            for label in ("a", "b"):
                (path / part / label).mkdir(parents=True, exist_ok=True)
                for number in range(2):
                    seed = 10 * at + number + (100 * strange if at else 0)
                    write_one(path / part / label / f"{number}", seed)

    resize = () if kind == "audio" or isinstance(step, Resize | CropCentre) else (Resize(),)
    scale = () if kind == "audio" or isinstance(step, ScalePixels) else (ScalePixels(),)
    columns = (
        Column(name="file", kind=kind),
        Column(name="label", kind="category", role="target"),
        Column(name="part", kind="category", role="ignored"),
    )
    data = DataConfig(
        columns=columns,
        source=source,
        recipe=(*resize, step, *scale),
        split=SplitConfig(method="column", by="part"),
    )
    return Case(type(step), data, write, "files")


def paint(path: Path, seed: int) -> None:
    shades = np.random.default_rng(seed).integers(0, 256, (6, 6), dtype=np.uint8)
    Image.fromarray(shades).save(path.with_suffix(".png"))


def play(path: Path, seed: int) -> None:
    soundfile.write(path.with_suffix(".wav"), np.random.default_rng(seed).normal(0, 0.1, 800), 8000)


@dataclass(frozen=True)
class Case:
    """A step in a recipe, and what writes the data for it."""

    step: type[Step]
    data: DataConfig
    write: Callable[[Path, int], Any]
    name: str

    def made(self, folder: Path, strange: int) -> Prepared:
        path = folder / self.name
        self.write(path, strange)
        return prepared(self.data.changed(path=str(path)))


def cases() -> Iterator[Any]:
    """Yield every step there is, each in what it is for."""
    set_up: dict[type[Step], Step] = {
        Cast: Cast(columns=("n",), to="category"),
        Formula: Formula(name="f", formula="n * m"),
        Rename: Rename(column="n", name="new"),
    }
    for step in Step.members():
        if step.stage == "fitted":
            yield pytest.param(table(set_up.get(step, step())), id=step.__name__)
    for target in (TargetEncode(), Bin()):
        yield pytest.param(table(target, target="v"), id=f"{type(target).__name__}-value")
    everything = table(Standardise(), target="v", kinds=tuple(KINDS.values()))
    yield pytest.param(everything, id="all kinds")
    yield pytest.param(series(), id="Windows")
    for unit in ("words", "characters", "BPE"):
        yield pytest.param(long_text(unit, Tokenise), id=f"Tokenise-{unit}")
    yield pytest.param(long_text("words", Passages), id="Passages")
    small = {"height": 5, "width": 5}
    for picture in (Colours(), Resize(**small), CropCentre(**small), PadPictures(), ScalePixels()):
        case = files(picture, ImageFolder(), "image", paint)
        yield pytest.param(case, id=type(picture).__name__)
    hearing = MelSpectrogram(rate=8000, seconds=0.1, bands=8)
    yield pytest.param(files(hearing, AudioFolder(), "audio", play), id="MelSpectrogram")
