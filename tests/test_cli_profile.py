"""The verb ``profile``: every kind of source as JSON, with findings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from modelstudio.__main__ import main

Profile = Callable[..., Any]


@pytest.fixture
def profile(capsys: pytest.CaptureFixture[str]) -> Profile:
    def run(*arguments: object) -> Any:
        code = main(["profile", *map(str, arguments), "--json"])
        told = capsys.readouterr()
        assert (code, told.err) == (0, "")
        return json.loads(told.out)

    return run


def described(found: Any) -> dict[str, Any]:
    return {column["name"]: column for column in found["columns"]}


def test_a_table(tmp_path: Path, profile: Profile) -> None:
    random = np.random.default_rng(0)
    lines = ["who,age,town,left,copy"]
    for row in range(300):
        left = random.choice(["yes", "no"])
        age = "" if row == 4 else random.integers(18, 90)
        town = random.choice(["Bonn", "Ulm"])
        lines.append(f"{row},{age},{town},{left},{'L' if left == 'yes' else 'S'}")
    (tmp_path / "t.csv").write_text("\n".join(lines))
    found = profile(tmp_path / "t.csv", "--target", "left")
    columns = described(found)
    assert (found["rows"], found["target"]) == (300, "left")
    assert (columns["who"]["kind"], columns["who"]["role"]) == ("id", "ignored")
    assert columns["age"].items() >= {"kind": "number", "missing": 1, "range": [18, 89]}.items()
    assert columns["town"]["distinct"] == 2
    assert {each["value"] for each in columns["town"]["top_values"]} == {"Bonn", "Ulm"}
    told = {finding["kind"]: finding for finding in found["findings"]}
    assert told["target_leak"].keys() >= {"kind", "columns", "rows", "message", "fix"}
    assert told["target_leak"]["columns"][0] == "copy"
    assert told["target_leak"]["fix"] == {"type": "role", "columns": ["copy"], "role": "ignored"}
    assert told["id_like"]["columns"] == ["who"]


def test_a_folder_of_pictures(tmp_path: Path, profile: Profile) -> None:
    random = np.random.default_rng(0)
    for part in ("train", "test"):
        for label in ("cat", "dog"):
            folder = tmp_path / part / label
            folder.mkdir(parents=True)
            for at in range(8):
                shades = random.integers(0, 255, (5, 5, 3), dtype=np.uint8)
                picture = Image.fromarray(shades).resize((32, 24), Image.Resampling.BICUBIC)
                picture.save(folder / f"{at}.png")
    copied = (tmp_path / "train" / "cat" / "3.png").read_bytes()
    (tmp_path / "test" / "cat" / "9.png").write_bytes(copied)
    (tmp_path / "train" / "dog" / "9.png").write_bytes(b"no picture")
    found = profile(tmp_path)
    assert (found["rows"], found["target"]) == (34, "label")
    pictures = next(column for column in found["columns"] if column["kind"] == "image")
    assert pictures["sizes"] == [{"width": 32, "height": 24, "rows": 33}]
    told = {finding["kind"]: finding for finding in found["findings"]}
    assert told.keys() >= {"corrupt_file", "duplicate_rows", "split_overlap"}
    assert len(told["corrupt_file"]["rows"]) == 1


def test_a_folder_of_texts(tmp_path: Path, profile: Profile) -> None:
    random = np.random.default_rng(0)
    words = "sun rain wind ball goal team vote law court price bank trade".split()
    for label in ("sport", "weather"):
        (tmp_path / label).mkdir()
        for at in range(30):
            text = " ".join(random.choice(words, 20))
            (tmp_path / label / f"{at}.txt").write_text(text)
    copied = (tmp_path / "sport" / "3.txt").read_text()
    (tmp_path / "sport" / "x.txt").write_text(copied)
    found = profile(tmp_path)
    text = next(column for column in found["columns"] if column["kind"] == "text")
    assert (text["vocabulary"], text["words"]["most"]) == (12, 20)
    told = {finding["kind"]: finding for finding in found["findings"]}
    assert told["duplicate_rows"]["count"] == 1


def test_a_long_text(tmp_path: Path, profile: Profile) -> None:
    (tmp_path / "book.txt").write_text("Once upon a time, far away\nthere was a fox.\n\n" * 200)
    found = profile(tmp_path / "book.txt")
    assert [column["kind"] for column in found["columns"]] == ["text"]
    assert not found["findings"]


def test_what_cannot_be_read_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    assert main(["profile", str(tmp_path / "t.csv"), "--target", "c"]) == 1
    assert "no column c" in capsys.readouterr().err
    assert main(["profile", str(tmp_path / "gone.csv")]) == 1
    assert "gone.csv" in capsys.readouterr().err


def test_words_for_a_person(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{row * 7919 % 997 / 7},same,{'ab'[row % 2]}\n" for row in range(60))
    (tmp_path / "t.csv").write_text(f"*,c,y\n{rows}")
    assert main(["profile", str(tmp_path / "t.csv")]) == 0
    out = capsys.readouterr().out
    assert "60 rows" in out
    assert "constant: c is always the same" in out
    assert "(rows 1, 2, 3, 4, 5)" in out
