"""Pictures as people have them: of every kind, damaged, hostile, in folders of any form."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from picture_files import class_folders, picture
from PIL import Image

from modelstudio.data import early_pictures, sources
from modelstudio.data.prepare import Prepared, fit_recipe
from modelstudio.data.preview import pictures
from modelstudio.data.shaping import Shaping, Unreadable, open_picture
from modelstudio.data.sources import folders
from modelstudio.engine.events import drain
from modelstudio.engine.projects import new_project
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import ImageFolder, Source
from modelstudio.recipe.steps import Colours, CropCentre, PadPictures, Resize, Step

HALVES = np.zeros((20, 30, 3), dtype=np.uint8)
HALVES[:, 15:] = (200, 100, 50)


def halves(mode: str = "RGB") -> Image.Image:
    """Return a picture that is black at the left and brown at the right."""
    return Image.fromarray(HALVES).convert(mode)


def shaped(path: Path, *steps: Step) -> np.ndarray:
    return Shaping(steps or (Colours(), Resize(height=20, width=30))).apply(open_picture(path))


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def saved(image: Image.Image, form: str, **how: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **how)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "form", "how"),
    [
        ("a.png", "PNG", {}),
        ("a.bmp", "BMP", {}),
        ("a.tiff", "TIFF", {"compression": "tiff_lzw"}),
        ("a.webp", "WEBP", {"lossless": True}),
        ("a.jpg", "JPEG", {"quality": 95, "subsampling": 0}),
        ("named_wrongly.jpg", "PNG", {}),
    ],
)
def test_every_format_shows_the_same(tmp_path: Path, name: str, form: str, how: dict) -> None:
    path = tmp_path / name
    path.write_bytes(saved(halves(), form, **how))
    found = shaped(path)
    assert found.shape == (3, 20, 30)
    assert np.abs(found[:, :, :12].astype(int)).max() < 12
    assert np.abs(found[:, 5, 25].astype(int) - (200, 100, 50)).max() < 12


def test_channels_are_made_what_the_recipe_says(tmp_path: Path) -> None:
    halves("L").save(tmp_path / "grey.png")
    halves("P").save(tmp_path / "palette.gif")
    halves("1").save(tmp_path / "bits.png")
    halves("LA").save(tmp_path / "grey_alpha.png")
    for path in tmp_path.iterdir():
        assert shaped(path).shape == (3, 20, 30)
        assert shaped(path, Colours(mode="grey"), Resize(height=8, width=8)).shape == (1, 8, 8)
        alpha = shaped(path, Colours(mode="colour and transparency"), Resize(height=8, width=8))
        assert (alpha[3] == 255).all()


def test_what_is_transparent_becomes_white(tmp_path: Path) -> None:
    clear = halves("RGBA")
    clear.putalpha(0)
    clear.save(tmp_path / "clear.png")
    palette = Image.new("P", (30, 20), 3)
    palette.putpalette([10, 20, 30] * 256)
    palette.save(tmp_path / "palette.png", transparency=3)
    for path in tmp_path.iterdir():
        assert (shaped(path) == 255).all()


def test_sixteen_bits_and_fractions_keep_their_range(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 600).reshape(20, 30).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "sixteen.png")
    Image.fromarray((ramp / 65535).astype(np.float32)).save(tmp_path / "fractions.tiff")
    for path in tmp_path.iterdir():
        found = shaped(path, Colours(mode="grey"), Resize(height=20, width=30))
        assert found[0, 0, 0] == 0
        assert found[0, -1, -1] == 255
        assert np.abs(found[0].ravel().astype(int) - np.linspace(0, 255, 600)).max() < 1.01


@pytest.mark.parametrize(
    ("most", "depth"), [(1000, "10 bits"), (4000, "12 bits"), (60000, "16 bits")]
)
def test_a_camera_of_fewer_bits_makes_no_black_pictures(
    tmp_path: Path, most: int, depth: str
) -> None:
    for at, label in enumerate("aabb"):
        (tmp_path / label).mkdir(exist_ok=True)
        ramp = np.linspace(0, most, 600).reshape(20, 30) / (1 + at % 2)
        Image.fromarray(ramp.astype(np.uint16)).save(tmp_path / label / f"{at}.png")
    draft = new_project(tmp_path)
    colours = next(step for step in draft.project.data.recipe if isinstance(step, Colours))
    assert (colours.mode, colours.depth) == ("grey", depth)
    assert any(f"{depth} are taken as used" in note for note in draft.notes) == (most < 60000)
    bright, dark = (
        shaped(tmp_path / "a" / f"{at}.png", colours, Resize(height=20, width=30)) for at in (0, 1)
    )
    assert bright.max() > 220
    assert dark.max() == pytest.approx(bright.max() / 2, abs=1)


@pytest.mark.parametrize(("white", "shown"), [(1.0, 191), (255.0, 191), (65535.0, 191)])
def test_floating_point_greys_are_not_stretched(tmp_path: Path, white: float, shown: int) -> None:
    shades = np.full((20, 30), 0.75 * white, np.float32)
    shades[0, :3] = 0.5 * white, np.nan, np.inf
    Image.fromarray(shades).save(tmp_path / "shades.tiff")
    found = shaped(tmp_path / "shades.tiff", Colours(mode="grey"), Resize(height=20, width=30))[0]
    assert found[0, :3].tolist() == [128, 0, 255]
    assert (found[1:] == shown).all()


def test_pictures_stand_upright_and_inks_become_light(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    (tmp_path / "turned.jpg").write_bytes(saved(halves(), "JPEG", exif=exif, quality=95))
    upright = open_picture(tmp_path / "turned.jpg")
    assert upright.size == (20, 30)
    assert np.asarray(upright)[2].max() < 12
    (tmp_path / "inks.jpg").write_bytes(saved(halves("CMYK"), "JPEG", quality=95))
    assert np.abs(shaped(tmp_path / "inks.jpg")[:, 5, 25].astype(int) - (200, 100, 50)).max() < 15


def test_of_a_moving_picture_the_first_frame_counts(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (30, 20), shade) for shade in ("red", "blue")]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    assert shaped(tmp_path / "film.gif")[:, 0, 0].tolist() == [255, 0, 0]


JPEG = saved(picture(0, 1, 200), "JPEG")

BROKEN: dict[str, tuple[bytes, str]] = {
    "cut_short.jpg": (JPEG[: len(JPEG) // 2], "is cut short"),
    "cut_short.png": (saved(picture(0, 1, 200), "PNG")[:9000], "is cut short"),
    "bomb.png": (png_that_claims(60_000, 60_000), "claims to have more than 200 million pixels"),
    "nothing_inside.png": (png_that_claims(10, 10), "is "),
    "text.png": (b"this is a letter, not a picture", "is no picture"),
    "empty.jpg": (b"", "is no picture"),
    "zeros.bmp": (bytes(5_000), "is no picture"),
    "half_a_header.webp": (b"RIFF\x00\x01\x00\x00WEBP", "is no picture"),
    "scrambled.png": (saved(halves(), "PNG").replace(b"IDAT", b"IDAX"), "is "),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said(tmp_path: Path, name: str) -> None:
    content, why = BROKEN[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=why):
        shaped(path)


def test_a_folder_of_hostile_pictures_is_trained_on_without_them(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "bars")
    for name, (content, _) in BROKEN.items():
        (folder / "across" / name).write_bytes(content)
    locked = folder / "upright" / "locked.png"
    picture(1, 0).save(locked)
    locked.chmod(0)
    (folder / "upright" / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "upright" / "dangling.png").symlink_to(folder / "nowhere.png")
    (folder / "upright" / "self.png").symlink_to(folder / "upright" / "self.png")
    draft = new_project(folder)
    assert draft.error is None
    prepared = drain(fit_recipe(draft.project.data))
    parts = [prepared.train, prepared.validation, prepared.test]
    readable = 40 + (1 if os.access(locked, os.R_OK) else 0)
    assert sum(len(part.rows) for part in parts) == readable
    reasons = set().union(*(part.unscored for part in parts))
    assert "the picture is no picture" in reasons
    assert sum(sum(part.unscored.values()) for part in parts) >= len(BROKEN)


def test_folders_of_every_form(tmp_path: Path) -> None:
    def made(*names: str) -> Path:
        top = tmp_path / str(len(list(tmp_path.iterdir())))
        for number, name in enumerate(names):
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            picture(0, number).save(path)
        return top

    def known(top: Path) -> list[tuple[str | None, str | None]]:
        return [(each.label, each.part) for each in folders.find(top, folders.PICTURES)]

    assert known(made("cat/1.png", "dog/2.PNG")) == [("cat", None), ("dog", None)]
    assert known(made("cat/deep/down/1.png")) == [("cat", None)]
    assert known(made("test/cat/1.png", "train/dog/2.png")) == [("cat", "test"), ("dog", "train")]
    assert known(made("1.png", "cat/2.png", ".hidden/3.png")) == [(None, None), ("cat", None)]
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "readme.txt").write_text("no picture here")
    with pytest.raises(DataError, match="holds no files of the kinds"):
        folders.find(tmp_path / "texts", folders.PICTURES)
    with pytest.raises(DataError, match="is no folder"):
        folders.find(tmp_path / "texts" / "readme.txt", folders.PICTURES)


def test_folders_of_parts_make_the_split(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        class_folders(tmp_path / "bars" / part, each=8)
    draft = new_project(tmp_path / "bars")
    assert draft.error is None
    assert draft.project.data.split.method == "column"
    prepared = drain(fit_recipe(draft.project.data))
    assert [len(each.rows) for each in (prepared.train, prepared.validation, prepared.test)] == [
        16
    ] * 3
    files = prepared.frame("test").get_column("file")
    assert all("/test/" in Path(path).as_posix() for path in files)


def test_one_class_is_told(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "bars")
    for path in (folder / "upright").iterdir():
        path.unlink()
    draft = new_project(folder)
    assert draft.error is not None
    assert "only one class" in draft.error.message
    assert any("two or more folders" in note for note in draft.notes)


def test_a_table_of_labels_beside_the_pictures(tmp_path: Path) -> None:
    for number in range(24):
        picture(number % 2, number).save(tmp_path / f"photo{number}.png")
    rows = "".join(
        f"photo{number}.png,{number % 7 + 0.5},{'ab'[number % 2]}\n" for number in range(23)
    )
    (tmp_path / "labels.csv").write_text(f"name,width,kind\n{rows}gone.png,1,a\n")
    draft = new_project(tmp_path, target="kind")
    assert draft.error is None
    data = draft.project.data
    assert [(each.name, each.role) for each in data.columns] == [
        ("file", "feature"),
        ("width", "ignored"),
        ("kind", "target"),
    ]
    prepared = drain(fit_recipe(data))
    assert prepared.fitted.target.classes == ("a", "b")
    assert prepared.clean.height == 23
    numbers = draft.project.changed(data=new_project(tmp_path, target="width").project.data).data
    assert drain(fit_recipe(numbers)).fitted.target.kind == "value"
    assert "1 row of labels.csv is not used, as its file is not there: gone.png." in draft.notes
    unnamed = "1 picture is not used, as labels.csv does not name it: photo23.png."
    assert unnamed in draft.notes
    mark = sources.fingerprint(data)
    (tmp_path / "labels.csv").write_text(f"name,width,kind\n{rows}gone.png,1,b\n")
    assert sources.fingerprint(data) != mark


def test_a_table_of_labels_above_the_pictures(tmp_path: Path) -> None:
    inner = tmp_path / "images"
    inner.mkdir()
    for number in range(4):
        picture(number % 2, number).save(inner / f"photo{number}.png")
    names = [f"photo{number}.png" for number in range(4)]
    (tmp_path / "broken.csv").write_bytes(b"\0" * 40)
    (tmp_path / "other.csv").write_text("name,kind\nx,1\ny,2\n")

    def known(prefix: str, folder: Path) -> list[str] | None:
        rows = "".join(f"{prefix}{name},{'ab'[at % 2]}\n" for at, name in enumerate(names))
        (tmp_path / "labels.csv").write_text(f"filename,kind\n{rows}")
        data = DataConfig(path=str(folder), source=ImageFolder())
        frame = sources.read_plain(data)
        return frame.get_column("kind").to_list() if "kind" in frame.columns else None

    for prefix in ("", "images/"):
        assert known(prefix, inner) == ["a", "b", "a", "b"]
    notes = sources.inspect(DataConfig(path=str(inner), source=ImageFolder())).notes
    assert notes == ("The labels come from labels.csv in the folder above.",)
    (tmp_path / "broken.csv").unlink()
    for prefix in ("", "images/"):
        assert known(prefix, tmp_path) == ["a", "b", "a", "b"]
    (tmp_path / "test").mkdir()
    assert known("", inner) is None
    assert known("images/", inner) == ["a", "b", "a", "b"]


@pytest.mark.parametrize(
    ("steps", "shape"),
    [
        ((Resize(height=8, width=10),), (3, 8, 10)),
        ((Resize(height=8, width=8, fit="pad"),), (3, 8, 8)),
        ((CropCentre(height=30, width=30), PadPictures(pixels=2, shade=7)), (3, 34, 34)),
    ],
)
def test_steps_give_the_shape_they_promise(
    tmp_path: Path, steps: tuple[Step, ...], shape: tuple[int, ...]
) -> None:
    halves().save(tmp_path / "a.png")
    shaping = Shaping(steps)
    assert shaping.shape == shape
    assert shaping.apply(open_picture(tmp_path / "a.png", shaping.least())).shape == shape
    with pytest.raises(DataError, match="no common size"):
        _ = Shaping((Colours(),)).shape


def test_what_training_gains_from_is_guessed(tmp_path: Path) -> None:
    photographs = new_project(class_folders(tmp_path / "colour", each=8)).project.data
    drawings = new_project(class_folders(tmp_path / "grey", each=8, channels=1)).project.data
    assert [step.type_name for step in photographs.augment] == ["Flip", "Shift", "CutMix"]
    assert [step.type_name for step in drawings.augment] == ["CutMix"]
    rows = "".join(
        f"{name}.png,{1.5 * int(name)}\n" for name in ("001", "002", "003", "004", "005")
    )
    folder = tmp_path / "colour" / "across"
    (folder / "sizes.csv").write_text(f"name,size\n{rows}")
    measured = new_project(folder, target="size").project.data
    assert "CutMix" not in [step.type_name for step in measured.augment]


def labelled(prepared: Prepared) -> dict[str, tuple[str, str]]:
    """Return part and class of each picture that is used, by the name of its file."""
    return {
        Path(path).name: (part, label)
        for part in ("train", "validation", "test")
        for path, label in prepared.frame(part).select("file", "label").iter_rows()
    }


def test_left_out_and_moved_pictures_hold_for_training_and_for_this_folder_alone(
    tmp_path: Path,
) -> None:
    data = new_project(class_folders(tmp_path / "bars")).project.data
    for number, path in enumerate(sorted((tmp_path / "bars" / "upright").iterdir())):
        path.rename(path.with_name(f"u{number:02}.png"))
    before = labelled(drain(fit_recipe(data)))
    gone = ("upright/u00.png", "across/003.png", "across/not there.png")
    source = ImageFolder(left_out=gone, classes={"upright/u05.png": "across"})
    chosen = data.changed(source=source)
    prepared = drain(fit_recipe(chosen))
    after = labelled(prepared)
    assert before.keys() - after.keys() == {"u00.png", "003.png"}
    assert after["u05.png"][1] == "across"
    assert prepared.fitted.source == ImageFolder()
    moved = [name for name in after if name != "u05.png" and after[name] != before[name]]
    assert len(moved) <= 4  # a class has a picture less: its cut moves by one at most
    listed = pictures(chosen)
    assert listed.names[3] == "across/003.png"
    assert listed.parts[3] == ""
    assert listed.labels[listed.names.index("upright/u05.png")] == "upright"
    assert sum(part != "" for part in listed.parts) == 38
    assert sources.fingerprint(chosen) != sources.fingerprint(data)
    other = sources.read_table(tmp_path / "bars", chosen)
    assert other.get_column("label").null_count() == 0
    assert Source.from_dict(source.to_dict()) == source
    assert source.to_dict()["classes"] == {"upright/u05.png": "across"}


def test_a_row_of_a_table_of_labels_is_left_out(tmp_path: Path) -> None:
    class_folders(tmp_path / "bars", each=4)
    rows = "".join(f"{side}/00{at}.png,{at}\n" for side in ("across", "upright") for at in range(4))
    table = tmp_path / "bars" / "labels.csv"
    table.write_text(f"name,width\n{rows}")
    source = ImageFolder(labels="labels.csv", left_out=("across/001.png",))
    data = DataConfig(path=str(tmp_path / "bars"), source=source)
    for path in (tmp_path / "bars", table):
        frame = sources.read(data.changed(path=str(path)))
        assert frame.get_column("width").to_list() == ["0", None, "2", "3", "0", "1", "2", "3"]


def test_a_class_of_a_table_of_labels_is_changed(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        picture(0, len(name)).save(tmp_path / f"{name}.png")
    (tmp_path / "labels.csv").write_text("name,kind\none.png,a\ntwo.png,b\nthree.png,b\n")
    data = new_project(tmp_path, target="kind").project.data
    source = data.source.changed(classes={"two.png": "a"})
    kinds = sources.read(data.changed(source=source)).get_column("kind")
    assert kinds.to_list() == ["a", "a", "b"]


def test_a_picture_that_comes_later_is_listed(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "bars", each=8)
    data = new_project(folder).project.data
    assert len(pictures(data).paths) == 16
    picture(0, 99).save(folder / "across" / "late.png")
    assert "across/late.png" in pictures(data).names


def test_what_is_found_of_a_folder_grows_and_is_then_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = class_folders(tmp_path / "bars", each=3)
    monkeypatch.setattr(early_pictures, "_EVERY", -1.0)
    found = [head.pictures for head in early_pictures.heads(folder)]
    assert [len(each.paths) for each in found] == [1, 2, 3, 4, 5, 6, 6]
    listed = pictures(new_project(folder).project.data)
    assert (found[-1].names, found[-1].labels) == (listed.names, listed.labels)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "one.txt").write_text("words")
    assert list(early_pictures.heads(tmp_path / "texts")) == []
    assert list(early_pictures.heads(folder / "nowhere")) == []
