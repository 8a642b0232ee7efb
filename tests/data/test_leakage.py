"""With the membership of the parts fixed, no value of a judging row changes what is fitted.

Every step of every kind takes the whole way from a file. That the check can fail is shown too: when
all rows train, each step that learns is found to have learnt something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import soundfile
import torch
from PIL import Image
from tables import prepared

from modelstudio.data import prepare, slices
from modelstudio.data.balance import class_weights
from modelstudio.data.batches import TensorData
from modelstudio.data.prepare import Prepared
from modelstudio.data.split import Parts
from modelstudio.data.steps.rows import KEEP
from modelstudio.data.stored import Stored
from modelstudio.engine import session
from modelstudio.engine.projects import new_project
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.recipe.augment import SwapNoise
from modelstudio.recipe.columns import Column, Kind
from modelstudio.recipe.sources import AudioFolder, ImageFolder, LongText, Source
from modelstudio.recipe.steps import (
    Bin,
    Cast,
    CleanText,
    Colours,
    CropCentre,
    DateParts,
    FillMissing,
    Formula,
    HashEncode,
    Index,
    Log,
    MelSpectrogram,
    OneHot,
    PadPictures,
    Passages,
    Rename,
    Resize,
    ScalePixels,
    SmoothRows,
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

LEARN_NOTHING = {
    *(Cast, CleanText, DateParts, Formula, HashEncode, Log, Rename, SmoothRows),
    *(Colours, CropCentre, PadPictures, Passages, Resize),
}
"""Steps whose state hangs on their settings alone."""


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
    recipe = (Standardise(), Windows(length=4))
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


CASES = list(cases())


def learnt(made: Prepared, step: type[Step]) -> Any:
    """Return what a step has learnt."""
    return next(each.state for each in made.fitted.steps if type(each.step) is step)


def numbers(made: Prepared) -> dict[str, Any]:
    """Return what the network trains on, and how much each class counts."""
    train, classes = made.train, len(made.fitted.target.classes)
    return {
        **{
            name: each.read() if isinstance(each, Stored) else each
            for name, each in train.fields.items()
        },
        "truth": train.truth,
        "scaled": train.scaled,
        "rows": train.rows,
        "weights": class_weights(train.truth.astype(np.int64), classes) if classes else None,
    }


def test_every_step_is_looked_at() -> None:
    assert {case.values[0].step for case in CASES} | set(KEEP) == set(Step.members())


@pytest.mark.parametrize("case", CASES)
def test_no_value_of_a_judging_row_changes_what_is_fitted(case: Case, tmp_path: Path) -> None:
    before = case.made(tmp_path, 0)
    for strange in (1, 3):
        after = case.made(tmp_path, strange)
        assert after.fingerprint != before.fingerprint
        assert np.array_equal(after.parts.train, before.parts.train)
        assert after.fitted == before.fitted
        np.testing.assert_equal(numbers(after), numbers(before))


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.values[0].step not in LEARN_NOTHING]
)
def test_a_leak_would_be_seen(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(frame: pl.DataFrame, numbers: Any, data: DataConfig) -> Parts:
        parts = split_table(frame, numbers, data)
        return Parts(np.arange(frame.height), parts.validation, parts.test)

    split_table = prepare.split_table
    monkeypatch.setattr(prepare, "split_table", leaky)
    before, after = (case.made(tmp_path, strange) for strange in (0, 1))
    assert learnt(before, case.step) != learnt(after, case.step)


@pytest.mark.parametrize("target", ["y", "v"])
def test_a_large_table_leaks_as_little(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "LARGE", 0)
    case = table(Standardise(), target=target, kinds=("number", "category"))
    recipe = tuple(
        step()
        for step in sorted(slices.COLUMN_BY_COLUMN, key=lambda step: step.__name__)
        if step is not CleanText
    )
    data = case.data.changed(recipe=recipe)
    case = Case(case.step, data, case.write, case.name)
    before, after = (case.made(tmp_path, strange) for strange in (0, 1))
    assert after.fitted == before.fitted
    np.testing.assert_equal(numbers(after), numbers(before))


def test_only_training_rows_are_augmented(tmp_path: Path) -> None:
    rows(0).write_csv(tmp_path / "t.csv")
    project = new_project(tmp_path / "t.csv", target="y").project
    data = project.data.changed(augment=(SwapNoise(amount=0.5, share=1.0),))
    made = prepared(data)
    running = session.Session(project.changed(data=data), made)
    for part, encoded, same in (
        (running.train, session.known_rows(made.train), False),
        (running.validation, session.known_rows(made.validation), True),
    ):
        assert part is not None
        every = torch.arange(part.rows)
        batch = part.gather(every)
        plain = TensorData.from_encoded(encoded, made.fitted.fields).gather(every)
        assert all(torch.equal(batch[name], plain[name]) for name in plain) is same
