"""Files that mean harm or were harmed: each gets a sentence, at once, and nothing else."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import polars as pl
import pytest
from tables import write
from workbooks import write_workbook

from modelstudio.data import sources
from modelstudio.data.sources import excel
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig

WIDE = 100_000


def parquet(path: Path) -> bytes:
    pl.DataFrame({"a": range(1000), "b": ["x"] * 1000}).write_parquet(path)
    return path.read_bytes()


def arrow(path: Path) -> bytes:
    pl.DataFrame({"a": range(1000), "b": ["x"] * 1000}).write_ipc(path)
    return path.read_bytes()


def workbook(path: Path) -> bytes:
    return write_workbook(path, {"A": [["a", "b"], *[[i, "x"] for i in range(500)]]}).read_bytes()


def sqlite(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (a, b)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(i, "x" * 50) for i in range(900)])
        connection.commit()
    return path.read_bytes()


WHOLE: dict[str, Callable[[Path], bytes]] = {
    "parquet": parquet,
    "arrow": arrow,
    "xlsx": workbook,
    "sqlite": sqlite,
}


def refused(path: Path) -> DataError:
    """Every way into a source refuses it with the same kind of sentence."""
    data = DataConfig(path=str(path))
    with pytest.raises(DataError) as caught:
        sources.read_plain(data)
    for way in (sources.read, sources.inspect, lambda data: sources.head(data, 5)):
        with suppress(DataError):
            way(data)
    assert caught.value.fix
    assert caught.value.message.endswith(".")
    return caught.value


@pytest.mark.parametrize("suffix", WHOLE)
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.97])
def test_a_file_that_was_cut_off(tmp_path: Path, suffix: str, kept: float) -> None:
    path = tmp_path / f"t.{suffix}"
    content = WHOLE[suffix](path)
    write(path, content[: int(len(content) * kept)])
    names = {"parquet": "Parquet", "arrow": "Arrow", "xlsx": "Excel", "sqlite": "SQLite"}
    assert f"no whole {names[suffix]} file" in refused(path).message


@pytest.mark.parametrize("suffix", WHOLE)
def test_a_file_with_a_spoilt_middle_never_crashes(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    content = bytearray(WHOLE[suffix](path))
    for at in range(len(content) // 4, 3 * len(content) // 4, 7):
        content[at] ^= 0xA5
    write(path, bytes(content))
    with suppress(DataError):
        sources.read_plain(DataConfig(path=str(path)))


@pytest.mark.parametrize("suffix", [*WHOLE, "jsonl", "json", "csv"])
def test_nothing_in_a_file(tmp_path: Path, suffix: str) -> None:
    assert "is empty" in refused(write(tmp_path / f"t.{suffix}", b"")).message


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.parquet", b"a,b\n1,2\n", "is not a Parquet file, but a text file"),
        ("t.arrow", b"PAR1" + bytes(50), "is not an Arrow file, but a Parquet file"),
        ("t.feather", b"FEA1" + bytes(50), "Feather file of the first version"),
        ("t.xlsx", b"a,b\n1,2\n", "is not an Excel workbook, but a text file"),
        ("t.xlsx", b"PK\x03\x04" + bytes(100), "no whole Excel file"),
        ("t.xls", b"\xd0\xcf\x11\xe0" + bytes(600), "no whole Excel file"),
        ("t.db", b"a,b\n1,2\n", "is not a SQLite database, but a text file"),
        ("t.db", b"SQLite format 3\x00" + b"\xff" * 5000, "no whole SQLite file"),
        ("t.csv", b"SQLite format 3\x00" + bytes(100), "a SQLite database, not a text table"),
        ("t.jsonl", b'{"a": 1}\n\n{"a": }\n', "Line 3 of t.jsonl is no JSON"),
        ("t.jsonl", b'{"a": 1}\n[1]\n', "Line 2 of t.jsonl is no JSON object"),
        ("t.jsonl", b"a,b\n1,2\n", "Line 1 of t.jsonl is no JSON"),
        ("t.jsonl", b'{"a":' * 20_000 + b"\n", "Line 1 of t.jsonl is no JSON"),
        ("t.jsonl", b'{"a": "\xff\xfe\x81"}\n' * 3 + b"\x00\n", "is no JSON"),
        ("t.json", b"[" * 100_000, "holds no JSON objects"),
        ("t.json", b"[1, 2]", "holds no JSON objects"),
        ("t.json", b'[{"a": 1},\n {"a": 2', "Line 2 of t.json is no JSON"),
        ("t.json", b'{\n "a": 1\n}\n', "Line 1 of t.json is no JSON"),
        ("t.csv", b"a,b\n" + b'"' * 999, "Line 2 of t.csv has 1 cell"),
        ("t.csv", b'a,b\n1,"2\n' + b"3,4\n" * 99, "never closed"),
        ("t.csv", b"a\xff\xfe,b\n1,\x002\n", "binary data"),
        ("t.csv", b"\xff\xfe\n", "empty|header"),
        ("t.csv", b"a,b\n1,2\n" * 9 + b"3,4,5\n", "Line 19 of t.csv has 3 cells"),
    ],
)  # fmt: skip
def test_contents_that_are_not_what_the_name_says(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    error = refused(write(tmp_path / name, content))
    assert re.search(said, error.message), error.message


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
def test_too_many_columns(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    names = [f"c{at}" for at in range(WIDE)]
    if suffix == "csv":
        write(path, ",".join(names) + "\n" + ",".join(["1"] * WIDE) + "\n")
    elif suffix == "parquet":
        pl.DataFrame([pl.Series(name, [1]) for name in names[:25_000]]).write_parquet(path)
    else:
        write(path, "{" + ", ".join(f'"{name}": 1' for name in names) + "}\n")
    assert "columns; up to 20,000 can be used" in refused(path).message


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize("first", [b"", b"a,b\n1,2\n"])
def test_a_line_of_a_gigabyte_is_refused_unread(tmp_path: Path, suffix: str, first: bytes) -> None:
    path = write(tmp_path / f"t.{suffix}", first)
    with path.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        file.write(b"1," * (9 << 20))
        file.truncate(1 << 30)
    said = refused(path).message
    assert "16 MB" in said or "binary data" in said or "Line 1 of t.jsonl is no JSON" in said


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl", "xlsx", "db"])
def test_what_is_no_file(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / f"folder.{suffix}"
    folder.mkdir()
    assert "is a folder, not a table" in refused(folder).message
    assert "does not exist" in refused(tmp_path / f"none.{suffix}").message
    assert "cannot be the name of a file" in refused(Path(f"{tmp_path}/a\x00b.{suffix}")).message
    loop = tmp_path / f"loop.{suffix}"
    loop.symlink_to(loop)
    assert "leads back to itself" in refused(loop).message
    beyond = tmp_path / f"beyond.{suffix}"
    beyond.symlink_to(tmp_path / "nowhere")
    assert "does not exist" in refused(beyond).message
    below = write(tmp_path / "t.txt", b"a,b\n") / f"below.{suffix}"
    assert "cannot be read" in refused(below).message


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such files")
@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl", "xlsx", "db"])
def test_pipes_and_devices_are_not_waited_for(tmp_path: Path, suffix: str) -> None:
    pipe = tmp_path / f"pipe.{suffix}"
    os.mkfifo(pipe)
    assert "is a device or a pipe" in refused(pipe).message
    for name in ("zero", "null"):
        device = tmp_path / f"{name}.{suffix}"
        device.symlink_to(f"/dev/{name}")
        assert "is a device or a pipe" in refused(device).message


@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl", "xlsx", "db"])
def test_a_file_one_may_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path / f"t.{suffix}", b"a,b\n1,2\n")
    monkeypatch.setattr(Path, "open", refuse)
    assert f"may not read t.{suffix}" in refused(path).message


def test_a_workbook_that_would_unpack_to_gigabytes(tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "t.xlsx", {"A": [["a"], [1]]})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/media/bomb.bin", bytes(1 << 20))
    content = path.read_bytes()
    told = (1 << 20).to_bytes(4, "little")
    at = content.rindex(told)
    huge = (excel.LARGEST - 1).to_bytes(4, "little")
    write(path, content[:at] + huge + content[at + 4 :])
    assert "GB unpacked" in refused(path).message


@pytest.mark.parametrize(
    ("encoding", "ending"),
    [
        (encoding, ending)
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252")
        for ending in ("\n", "\r\n", "\r")
    ],
)
def test_encodings_marks_and_line_ends(tmp_path: Path, encoding: str, ending: str) -> None:
    rows = ["größe,was", '"x,y","Zeile 1\n""zwei"""', "2,É", '"",x']
    text = ending.join(rows)
    text = text.replace("\n", "\r") if ending == "\r" else text
    path = write(tmp_path / "t.csv", text.encode(encoding))
    frame = sources.read_plain(DataConfig(path=str(path)))
    assert frame.columns == ["größe", "was"]
    assert frame.rows() == [("x,y", 'Zeile 1\n"zwei"'), ("2", "É"), (None, "x")]
