"""Files whose names are bytes that are no UTF-8."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from picture_files import class_folders

from modelstudio.cli.app import main
from modelstudio.data import sources
from modelstudio.data.detect import detect
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")

ODD = os.fsdecode(b"caf\xe9")


@pytest.mark.parametrize("kind", ["pictures", "texts"])
def test_such_a_file_of_a_folder_is_left_out_and_named(tmp_path: Path, kind: str) -> None:
    if kind == "pictures":
        class_folders(tmp_path / "files", 3)
    else:
        for label in "ab":
            (tmp_path / "files" / label).mkdir(parents=True)
            for number in range(3):
                (tmp_path / "files" / label / f"{number}.txt").write_text(f"{label} {number}\n")
    first, *others = sorted(path for path in (tmp_path / "files").rglob("*") if path.is_file())
    first.rename(first.with_name(ODD + first.suffix))
    data = DataConfig(path=sources.placed(tmp_path / "files"), source=detect(tmp_path / "files"))
    assert sources.read_plain(data).get_column("file").to_list() == list(map(str, others))
    (note,) = sources.inspect(data).notes
    assert note.startswith("1 file is left out, as its name or folder is not written in UTF-8: caf")
    assert f"caf\\xe9{first.suffix}. Rename it" in note
    for path in others:
        path.unlink()
    with pytest.raises(DataError, match=r"caf\\xe9"):
        sources.read_plain(data)


def test_a_table_or_project_of_such_a_name_is_to_be_renamed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "a.csv", tmp_path / f"{ODD}.csv"
    for path in (good, bad):
        path.write_text("a,y\n" + "1,p\n2,q\n" * 20)
    for project, table in (("p", bad), (ODD, good)):
        assert main(["new", str(tmp_path / f"{project}.mstudio"), "--data", str(table)]) == 1
        assert "caf\\xe9" in (told := capsys.readouterr().err)
        assert "not written in UTF-8" in told
    with pytest.raises(DataError, match=r"caf\\xe9.csv is not written in UTF-8"):
        sources.placed(bad)
