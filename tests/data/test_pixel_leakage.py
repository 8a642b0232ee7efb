"""The scale of pixels is learnt from the pictures that train, and from no other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from modelstudio.data import detect, sources
from modelstudio.data.prepare import fit_recipe
from modelstudio.engine.events import drain
from modelstudio.project.model import DataConfig, SplitConfig
from modelstudio.recipe.steps.pictures import ScalePixels


def paint(path: Path, seed: int) -> None:
    """Write a picture of noise."""
    shades = np.random.default_rng(seed).integers(0, 256, (6, 6), dtype=np.uint8)
    Image.fromarray(shades).save(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return four pictures of two classes in each of three parts."""
    path = tmp_path_factory.mktemp("noise")
    for at, part in enumerate(("train", "val", "test")):
        for label in ("a", "b"):
            (path / part / label).mkdir(parents=True)
            for number in range(2):
                paint(path / part / label / f"{number}.png", 10 * at + number)
    return path


def scale_of(folder: Path) -> list[list[float]]:
    """Return what the step Scale pixels learns of a folder."""
    data = DataConfig(path=str(folder), source=detect.detect(folder))
    guessed = detect.guess(data, sources.read_plain(data))
    split = SplitConfig(**guessed.split)
    data = data.changed(columns=guessed.columns, recipe=guessed.recipe, split=split)
    steps = drain(fit_recipe(data)).fitted.steps
    state: list[list[float]] = next(
        fitted.state["file"] for fitted in steps if isinstance(fitted.step, ScalePixels)
    )
    return state


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(["val", "test"]), st.sampled_from("ab"), st.integers(100, 10_000))
def test_no_picture_of_another_part_changes_the_scale(
    folder: Path, part: str, label: str, seed: int
) -> None:
    before = scale_of(folder)
    paint(folder / part / label / "1.png", seed)
    assert scale_of(folder) == before


def test_a_picture_that_trains_changes_it(folder: Path) -> None:
    before = scale_of(folder)
    paint(folder / "train" / "a" / "0.png", 4711)
    assert scale_of(folder) != before
