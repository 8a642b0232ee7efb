"""Decoded pictures are kept: found again, renewed where a file changed, never half written."""

from __future__ import annotations

import errno
import os
import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from picture_files import picture
from PIL import Image

from modelstudio.data import kept as keeping
from modelstudio.data import pictures, sources
from modelstudio.data import shaping as decoding
from modelstudio.data.shaping import Shaping
from modelstudio.data.stored import Spool
from modelstudio.engine.events import drain
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import ImageFolder
from modelstudio.recipe.steps import Colours, Resize

SMALL = Shaping((Colours(), Resize(height=8, width=8)))


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    for number in range(90):
        picture(number % 2, number).save(tmp_path / f"{number:02}.png")
    return sorted(str(path) for path in tmp_path.iterdir())


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths that were decoded, in any order."""
    seen: list[str] = []
    decode = Shaping.decode

    def noted(self: Shaping, path: str) -> object:
        seen.append(path)
        return decode(self, path)

    monkeypatch.setattr(Shaping, "decode", noted)
    return seen


def files(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.is_file() and "pictures" in path.parts]


def test_a_second_time_nothing_is_decoded(paths: list[str], decoded: list[str]) -> None:
    first = drain(pictures.load(paths, SMALL))
    assert len(decoded) == 90
    again = drain(pictures.load(paths[5:20][::-1], SMALL))
    assert len(decoded) == 90
    assert np.array_equal(again.pixels.read(), first.pixels.read()[5:20][::-1])


def test_other_steps_have_arrays_of_their_own(paths: list[str], decoded: list[str]) -> None:
    drain(pictures.load(paths, SMALL))
    larger = drain(pictures.load(paths, Shaping((Colours(mode="grey"), Resize(height=9, width=8)))))
    assert larger.pixels.shape == (90, 1, 9, 8)
    assert len(decoded) == 180


def test_only_what_changed_or_is_new_is_decoded(
    paths: list[str], decoded: list[str], own_home: Path
) -> None:
    before = drain(pictures.load(paths[:80], SMALL)).pixels.read()
    decoded.clear()
    picture(1, 999).save(paths[0])
    os.utime(paths[0], ns=(0, 1))
    after = drain(pictures.load(paths, SMALL)).pixels.read()
    assert sorted(decoded) == sorted([paths[0], *paths[80:]])
    assert not np.array_equal(after[0], before[0])
    assert np.array_equal(after[1:80], before[1:])


def test_a_picture_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    path, data = tmp_path / "a.bmp", DataConfig(path=str(tmp_path), source=ImageFolder())
    shown, marks = [], set()
    for shade in (10, 200):
        Image.new("RGB", (8, 8), (shade,) * 3).save(tmp_path / "new", "BMP")
        os.utime(tmp_path / "new", (1e9, 1e9))
        os.replace(tmp_path / "new", path)
        shown.append(int(drain(pictures.load([str(path)], SMALL)).pixels.read().max()))
        marks.add(sources.fingerprint(data))
    assert shown == [10, 200]
    assert len(marks) == 2
    copy = shutil.copytree(tmp_path, tmp_path.with_name("copy"))
    assert sources.fingerprint(data.changed(path=str(copy))) in marks


def test_faults_are_kept_too(paths: list[str], decoded: list[str]) -> None:
    Path(paths[4]).write_text("no picture")
    for _ in range(2):
        found = drain(pictures.load([*paths, "/nowhere.png", ""], SMALL))
        assert found.faults[4] == "is no picture"
        assert found.faults[90] == "does not exist"
        assert set(found.faults) == {4, 90, 91}
    assert len(decoded) - decoded.count("/nowhere.png") - decoded.count("") == 90


def test_decoding_that_is_cancelled_leaves_nothing_behind(
    paths: list[str], decoded: list[str], own_home: Path
) -> None:
    loading = pictures.load(paths, SMALL)
    done = [next(loading), next(loading)]
    assert done == [(0, 90), (64, 90)]
    loading.close()
    assert files(own_home) == []
    assert drain(pictures.load(paths, SMALL)).faults == {}


def test_a_file_of_arrays_that_is_cut_short_is_not_used(paths: list[str], own_home: Path) -> None:
    whole = drain(pictures.load(paths, SMALL)).pixels.read()
    (kept,) = [path for path in files(own_home) if path.suffix == ".bin"]
    kept.write_bytes(kept.read_bytes()[:100])
    assert np.array_equal(drain(pictures.load(paths, SMALL)).pixels.read(), whole)
    kept.with_suffix(".json").write_text("{")
    assert np.array_equal(drain(pictures.load(paths, SMALL)).pixels.read(), whole)


def test_a_full_disk_is_told(
    paths: list[str], own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(keeping.shutil, "disk_usage", lambda path: usage(10, 9, 1))
        with pytest.raises(DataError, match="are free"):
            drain(pictures.load(paths, SMALL))

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(keeping.Writing, "add", full)
        with pytest.raises(DataError, match="could not be kept on disk: No space left") as raised:
            drain(pictures.load(paths, SMALL))
        assert "Resize" in str(raised.value.fix)
    assert files(own_home) == []
    assert len(drain(pictures.load(paths, SMALL)).pixels) == 90


@pytest.mark.parametrize(
    "fault",
    [PermissionError(errno.EACCES, "no"), OSError(errno.EIO, "drive"), MemoryError()],
    ids=["permission", "drive", "memory"],
)
def test_a_passing_fault_is_forgotten(
    paths: list[str], monkeypatch: pytest.MonkeyPatch, own_home: Path, fault: Exception
) -> None:
    opening = decoding.Image.open

    def failing(path: str, *arguments: object) -> object:
        if path in paths[3:5]:
            raise fault
        return opening(path, *arguments)

    for held in (0, 88):
        with monkeypatch.context() as patch:
            patch.setattr(decoding.Image, "open", failing)
            found = drain(pictures.load(paths[3:5] if not held else paths, SMALL))
        assert len(found.faults) == 2
        assert len(found.pixels) == held + 2
    before = files(own_home)
    with monkeypatch.context() as patch:
        patch.setattr(decoding.Image, "open", failing)
        assert set(drain(pictures.load(paths, SMALL)).faults) == {3, 4}
    assert files(own_home) == before, "what learns nothing new writes nothing"
    found = drain(pictures.load(paths, SMALL))
    assert not found.faults
    assert np.array_equal(found.pixels.read()[3], SMALL.decode(paths[3]))


def test_what_was_used_longest_ago_makes_room(
    paths: list[str], own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 90 * 3 * 8 * 8
    monkeypatch.setattr(keeping, "KEPT_BYTES", 2 * size)
    others = [
        Shaping((Colours(), Resize(height=8, width=8, fit=fit))) for fit in ("pad", "stretch")
    ]
    for number, shaping in enumerate((SMALL, *others)):
        drain(pictures.load(paths, shaping))
        (kept,) = (own_home / "pictures" / shaping.key).glob("*.bin")
        os.utime(kept, (number, number))
    assert not list((own_home / "pictures" / SMALL.key).glob("*.bin"))
    assert len([path for path in files(own_home) if path.suffix == ".bin"]) == 2


def test_a_file_that_another_removes_stays_in_use(paths: list[str], own_home: Path) -> None:
    loading = pictures.load(paths, SMALL)
    drain(pictures.load(paths[:40], SMALL))
    next(loading)
    for path in files(own_home):
        path.unlink()
    found = drain(loading)
    for path in files(own_home):
        path.unlink()
    assert np.array_equal(found.pixels.read()[39], SMALL.decode(paths[39]))


def test_making_room_together_is_safe(paths: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of several at once throws out what the others write, look at and read."""
    monkeypatch.setattr(keeping, "KEPT_BYTES", 20 * 3 * 8 * 8)
    shapings = [Shaping((Colours(), Resize(height=8, width=8 + at // 2))) for at in range(6)]

    def work(shaping: Shaping) -> bool:
        said = SMALL if shaping.shape == SMALL.shape else shaping
        wanted = [said.decode(path) for path in paths[:16]]
        return all(
            np.array_equal(
                drain(pictures.load(paths[: at + 1], shaping)).pixels.read(), wanted[: at + 1]
            )
            for at in range(16)
        )

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(work, shapings))


def test_a_file_that_vanishes_while_room_is_made_is_passed_over(
    paths: list[str], own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "KEPT_BYTES", 1)
    drain(pictures.load(paths[:2], SMALL))
    (own_home / "pictures" / "gone").mkdir()
    (own_home / "pictures" / "gone" / "x.bin").symlink_to(own_home / "nowhere")
    (own_home / "pictures" / "gone" / "x.json").touch()
    assert len(drain(pictures.load(paths, SMALL)).pixels) == 90


def test_one_of_two_that_wrote_the_same_stays(paths: list[str], own_home: Path) -> None:
    first, second = pictures.load(paths, SMALL), pictures.load(paths, SMALL)
    next(first), next(second)
    drain(first)
    drain(second)
    assert len([path for path in files(own_home) if path.suffix == ".bin"]) in (1, 2)
    assert not drain(pictures.load(paths, SMALL)).faults


def test_what_killed_programs_left_is_swept(own_home: Path, paths: list[str]) -> None:
    mine, spool = pictures.load(paths, SMALL), Spool((3,), np.dtype(np.float32))
    next(mine), next(mine)
    (own_home / "pictures" / "x").mkdir()
    left = [own_home / "tables" / "a.rows", own_home / "pictures" / "x" / "b.part"]
    left += [path.with_name("young" + path.suffix) for path in left]
    for path in left:
        path.touch()
    for path in [*left[:2], *own_home.rglob("*.bin"), *own_home.glob("tables/tmp*.rows")]:
        os.utime(path, (0, 0))
    drain(pictures.load(paths[:1], SMALL))
    assert [path.exists() for path in left] == [False, False, True, True]
    spool.write(np.ones((2, 3), np.float32))
    assert spool.stored().read().sum() == 6
    assert len(drain(mine).pixels) == 90


def test_a_file_that_cannot_be_removed_stays_whole(
    paths: list[str], decoded: list[str], own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows no file goes while any program has it open."""
    drain(pictures.load(paths, SMALL))
    monkeypatch.setattr(keeping, "KEPT_BYTES", 1)
    unlink = Path.unlink

    def refused(self: Path, missing_ok: bool = False) -> None:
        if self.suffix == ".bin":
            raise PermissionError(errno.EACCES, "in use")
        unlink(self, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        drain(pictures.load(paths, Shaping((Colours(), Resize(height=9, width=8)))))
    assert len(decoded) == 180
    assert not drain(pictures.load(paths, SMALL)).faults
    assert len(decoded) == 180
