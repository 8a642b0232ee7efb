"""The command line on files that cannot be used, and on data that is not where it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modelstudio.project.files import load_project
from tests.conftest import Cli
from tests.picture_files import class_folders

pytestmark = pytest.mark.usefixtures("in_this_process")


BAD = ("across/bad0.png", "across/bad1.png", "upright/bad2.png", "upright/bad3.png")

TOLD = (
    "4 of 20 pictures cannot be used: across/bad0.png is no picture, across/bad1.png is no "
    "picture, upright/bad2.png is no picture, and 1 more."
)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = class_folders(tmp_path / "pictures", each=8)
    for name in BAD:
        (folder / name).write_bytes(b"no picture")
    return folder


@pytest.fixture
def trained(tmp_path: Path, pictures: Path, cli: Cli) -> Path:
    project = tmp_path / "p.mstudio"
    assert cli("new", project, "--data", pictures)[0] == 0
    assert cli("train", project, "--epochs", "1")[0] == 0
    return project


def listed(found: Any) -> list[str]:
    """Return the files that an object of JSON names, as they are told."""
    return ["/".join(Path(each["file"]).parts[-2:]) for each in found["files"]]


def test_pictures_that_cannot_be_used_are_told_by_every_verb(
    tmp_path: Path, pictures: Path, cli: Cli
) -> None:
    project, model, answers = (tmp_path / name for name in ("p.mstudio", "m.onnx", "out.csv"))
    code, out, err = cli("new", project, "--data", pictures)
    assert (code, err) == (0, f"{TOLD} They are left out of training and scores.\n")
    (files,) = json.loads(cli("new", tmp_path / "q.mstudio", "--data", pictures, "--json")[1])[
        "unusable_files"
    ]
    assert (files["count"], files["of"], files["message"]) == (4, 20, TOLD)
    assert listed(files) == list(BAD)

    code, out, err = cli("train", project, "--epochs", "1")
    assert (code, err) == (0, f"{TOLD} They are left out of training and scores.\n")
    assert "Finished after 1 epoch" in out
    code, out, err = cli("train", project, "--epochs", "1", "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert (code, err, events[0]["event"]) == (0, "", "unusable_files")
    assert listed(events[0]) == list(BAD)

    notes = json.loads(cli("evaluate", project, "--data", pictures, "--json")[1])["notes"]
    assert TOLD in notes
    assert cli("export", project, "--out", model)[0] == 0
    for asked in (project, model):
        code, out, err = cli("predict", asked, pictures, "--out", answers)
        assert (code, err) == (0, f"{TOLD}\n")
        assert "4 without a prediction: the picture is no picture" in out
        report = json.loads(cli("predict", asked, pictures, "--out", answers, "--json")[1])
        assert (report["rows"], report["scored"]) == (20, 16)
        assert listed(report["unusable_files"][0]) == list(BAD)

    answers.unlink()
    for name in ("0.png", "1.png"):
        (tmp_path / "bad").mkdir(exist_ok=True)
        (tmp_path / "bad" / name).write_bytes(b"no picture")
    for asked in (project, model):
        for flag in ((), ("--json",)):
            code, out, err = cli("predict", asked, tmp_path / "bad", "--out", answers, *flag)
            assert (code, out) == (1, "")
            assert "No row of bad can be predicted: the picture is no picture (2 rows)." in err
            assert "bad/0.png is no picture, bad/1.png is no picture" in err
            assert not answers.exists()


def test_a_result_never_takes_the_place_of_a_model(
    trained: Path, pictures: Path, tmp_path: Path, cli: Cli
) -> None:
    before = trained.read_bytes()
    for verb in (("predict", trained, pictures), ("export", trained)):
        code, out, err = cli(*verb, "--out", trained)
        assert (code, out) == (1, "")
        assert "p.mstudio" in err
    assert cli("predict", trained, pictures, "--out", tmp_path / "m.onnx")[0] == 1
    assert trained.read_bytes() == before
    assert not (tmp_path / "m.onnx").exists()


def test_data_that_was_moved(trained: Path, pictures: Path, tmp_path: Path, cli: Cli) -> None:
    moved = pictures.rename(tmp_path / "elsewhere")
    for verb in (
        ("train", trained),
        ("cross-validate", trained),
        ("labels", trained),
        ("evaluate", trained, "--split", "test"),
        ("profile", trained),
    ):
        code, out, err = cli(*verb)
        assert (code, out.removeprefix("Fold 1 of 5\n")) == (1, "")
        assert f"there is no {pictures}." in err
        assert f"modelstudio {' '.join(map(str, verb))} --data NEW_PLACE" in err
        code, out, err = cli(*verb, "--data", tmp_path / "nowhere")
        assert (code, out.removeprefix("Fold 1 of 5\n")) == (1, "")
        assert "nowhere" in err
    code, out, err = cli("export", trained, "--out", tmp_path / "m.onnx")
    assert (code, err) == (
        0,
        f"No row could be checked: the data of the run is not at {pictures}.\n",
    )
    assert "agree" not in out
    assert load_project(trained).data.path == pictures.name

    for name, *more in (("evaluate", "--split", "test"), ("profile",)):
        assert cli(name, trained, *more, "--data", moved)[0] == 0
    assert load_project(trained).data.path == pictures.name
    code, out, err = cli("train", trained, "--epochs", "1", "--data", moved)
    assert code == 0
    assert f"p.mstudio takes its data from {moved} from now on." in err
    assert load_project(trained).data.path == moved.name
    assert cli("evaluate", trained, "--run", "1")[0] == 0
