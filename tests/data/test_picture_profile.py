"""Facts about pictures, and the copies and lookalikes among them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from modelstudio.data import picture_profile
from modelstudio.data.findings.finding import LeaveFilesOut
from modelstudio.data.picture_profile import picture_findings
from modelstudio.engine.events import drain


def scene(seed: int, size: tuple[int, int] = (48, 36)) -> Image.Image:
    """Return a picture of some shapes, another one for each seed."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(random.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(6):
        left, top = random.integers(-8, size[0]), random.integers(-8, size[1])
        box = [left, top, left + random.integers(6, 30), top + random.integers(6, 30)]
        draw.ellipse([int(side) for side in box], tuple(random.integers(0, 256, 3).tolist()))
    return image


def scenes(folder: Path, count: int = 40) -> list[str]:
    for seed in range(count):
        scene(seed).save(folder / f"{seed:02}.png")
    return sorted(str(path) for path in folder.iterdir())


def test_clean_pictures_have_no_findings(tmp_path: Path) -> None:
    paths = scenes(tmp_path)
    facts = drain(picture_profile.profile(paths, ["a", "b"] * 20))
    assert facts.sizes == {(48, 36): 40}
    assert facts.colours == {"colour": 40}
    assert facts.classes == {"a": 20, "b": 20}
    assert picture_findings(facts, "file", ["a", "b"] * 20, ["train", "test"] * 20) == ()
    shown = np.mean([np.asarray(scene(seed).resize((64, 64))) for seed in range(40)], axis=0)
    assert facts.mean is not None
    assert np.abs(facts.mean - shown).mean() < 2
    assert set(facts.class_means) == {"a", "b"}


def test_planted_copies_lookalikes_and_faults_are_found(tmp_path: Path) -> None:
    paths = scenes(tmp_path)
    shutil.copy(paths[3], tmp_path / "x_copy.png")
    scene(5).save(tmp_path / "x_recompressed.jpg", quality=80)
    scene(7).resize((96, 72)).save(tmp_path / "x_resized.png")
    scene(9).point(lambda shade: round(shade * 0.9)).save(tmp_path / "x_shaded.png")
    (tmp_path / "y_text.png").write_text("hello")
    paths = sorted(str(path) for path in tmp_path.iterdir())
    facts = drain(picture_profile.profile(paths))
    assert facts.copies == ((3, 40),)
    assert sorted(facts.lookalikes) == [(5, 41), (7, 42), (9, 43)]
    assert facts.unreadable == ((44, paths[44], "is no picture"),)
    assert facts.formats == {"PNG": 43, "JPEG": 1}
    labels = [f"{row % 2}" for row in range(45)]
    parts = ["train"] * 40 + ["test"] * 5
    names = [Path(path).name for path in paths]
    found = picture_findings(facts, "file", labels, parts, names)
    texts = {finding.kind: finding.text for finding in found}
    assert texts == {
        "corrupt_file": "1 picture cannot be used: y_text.png is no picture",
        "split_overlap": "4 pictures of validation or test are in another part too",
        "label_conflict": "2 pictures are in several classes",
        "duplicate_rows": "1 picture is a copy of another",
        "near_duplicates": "6 pictures look nearly the same as others",
        "sizes": "2 different sizes, 48 x 36 and 96 x 72",
    }
    assert [finding.severity for finding in found[:2]] == ["error", "error"]
    rows = {finding.kind: finding.rows for finding in found}
    assert rows["split_overlap"] == (40, 41, 42, 43)
    assert rows["duplicate_rows"] == (3, 40)
    assert rows["corrupt_file"] == (44,)
    spare = {
        each.kind: [names.index(name) for name in each.fix.names]
        for each in found
        if isinstance(each.fix, LeaveFilesOut)
    }
    assert spare == {
        "corrupt_file": [44],
        "split_overlap": [40, 41, 42, 43],
        "label_conflict": [3, 7, 40, 42],
        "duplicate_rows": [40],
        "near_duplicates": [41, 42, 43],
    }
    turned = picture_findings(facts, "file", None, ["test"] * 40 + ["train"] * 5, names)
    spare = {each.kind: each.fix for each in turned}
    assert spare["duplicate_rows"] == LeaveFilesOut(("03.png",))
    assert spare["near_duplicates"] == LeaveFilesOut(("05.png", "07.png", "09.png"))


def test_empty_pictures_are_not_called_alike(tmp_path: Path) -> None:
    for shade in (0, 90, 255):
        Image.new("L", (30, 20), shade).save(tmp_path / f"{shade:03}.png")
    facts = drain(picture_profile.profile(sorted(map(str, tmp_path.iterdir()))))
    assert facts.lookalikes == ()
    assert facts.colours == {"grey": 3}


def test_what_is_left_out_is_no_copy_any_more(tmp_path: Path) -> None:
    paths = scenes(tmp_path, 6)
    for name in ("x", "y"):
        shutil.copy(paths[2], tmp_path / f"{name}.png")
    (tmp_path / "z.png").write_text("hello")
    looking = picture_profile.profile(sorted(map(str, tmp_path.iterdir())))
    told = list(iter(lambda: next(looking, None), None))
    assert told[-1] == (9, 9, 1, 2)
    facts = drain(picture_profile.profile(sorted(map(str, tmp_path.iterdir()))))
    assert facts.without({7}).copies == ((2, 6),)
    assert facts.without({6, 7, 8}).copies == ()
    assert picture_findings(facts.without({6, 7, 8}), "file") == ()


def test_sizes_that_differ_by_their_sides_alone_are_told_apart(tmp_path: Path) -> None:
    for seed, size in enumerate([(48, 40), (40, 48)]):
        scene(seed, size).save(tmp_path / f"{seed}.png")
    facts = drain(picture_profile.profile(sorted(map(str, tmp_path.iterdir()))))
    (found,) = picture_findings(facts, "file")
    assert found.text == "2 different sizes, 40 x 48 and 48 x 40"


def test_pictures_of_one_shape_tell_too_little_to_be_called_alike(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    for at in range(120):
        image = Image.new("RGB", (32, 32), "white")
        left, top = (int(each) for each in random.integers(2, 8, 2))
        colour = tuple(random.integers(0, 200, 3).tolist())
        ImageDraw.Draw(image).rectangle((left, top, left + 12, top + 12), colour)
        image.save(tmp_path / f"{at:03}.png")
    facts = drain(picture_profile.profile(sorted(map(str, tmp_path.iterdir()))))
    assert facts.copies == ()
    assert facts.lookalikes == ()


TURNED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "grey": lambda image: image.convert("L").resize((72, 72)),
    "mirrored": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "upside down": lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    "turned": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "turned right": lambda image: image.transpose(Image.Transpose.ROTATE_270),
    "cropped": lambda image: image.crop((5, 5, 43, 43)).resize((48, 48)),
    "cut off": lambda image: image.crop((0, 0, 43, 43)),
}


@pytest.mark.parametrize("change", TURNED)
def test_copies_that_are_turned_or_cropped_are_found(tmp_path: Path, change: str) -> None:
    for seed in range(30):
        scene(seed, (48, 48)).save(tmp_path / f"{seed:02}.png")
    for seed in (3, 8, 11, 17):
        TURNED[change](scene(seed, (48, 48))).save(tmp_path / f"x{seed:02}.png")
    facts = drain(picture_profile.profile(sorted(map(str, tmp_path.iterdir()))))
    pairs = {(3, 30), (8, 31), (11, 32), (17, 33)}
    assert len(pairs & set(facts.lookalikes)) >= 2
    assert set(facts.lookalikes) <= pairs
