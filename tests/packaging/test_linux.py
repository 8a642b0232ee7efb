"""The menu entry, the icon and the file type for Linux, and the script that installs them."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from modelstudio.project.files import SUFFIX

LINUX = Path(__file__).parents[2] / "packaging" / "linux"
NAMESPACE = {"mime": "http://www.freedesktop.org/standards/shared-mime-info"}


def read_entry(path: Path) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str
    parser.read(path, encoding="utf-8")
    return parser["Desktop Entry"]


def test_the_entry_has_what_menus_need() -> None:
    entry = read_entry(LINUX / "modelstudio.desktop")
    assert entry["Type"] == "Application"
    assert entry["Exec"].split()[1:] == ["%f"]
    for key in ("Categories", "Keywords", "MimeType"):
        assert entry[key].endswith(";")
    assert (LINUX / f"{entry['Icon']}.svg").exists()


def test_the_file_type_is_that_of_projects() -> None:
    kind = ElementTree.parse(LINUX / "modelstudio.xml").getroot().find("mime:mime-type", NAMESPACE)
    assert kind is not None
    glob = kind.find("mime:glob", NAMESPACE)
    assert glob is not None
    assert glob.get("pattern") == f"*{SUFFIX}"
    assert f"{kind.get('type')};" in read_entry(LINUX / "modelstudio.desktop")["MimeType"]


@pytest.mark.skipif(sys.platform != "linux", reason="installs into a Linux desktop")
def test_install_and_uninstall(tmp_path: Path) -> None:
    home = tmp_path / "share"
    program = tmp_path / "my programs" / "modelstudio"
    program.parent.mkdir()
    program.touch(mode=0o755)
    environment = {**os.environ, "XDG_DATA_HOME": str(home)}

    def run(*arguments: str) -> None:
        subprocess.run([LINUX / "install", *arguments], env=environment, check=True, timeout=60)

    run(str(program))
    entry = read_entry(home / "applications" / "modelstudio.desktop")
    assert entry["Exec"] == f'"{program}" %f'
    assert entry["TryExec"] == str(program)
    installed = [path for path in home.rglob("modelstudio.*") if path.is_file()]
    assert {path.suffix for path in installed} >= {".desktop", ".svg", ".xml"}
    run("--uninstall")
    assert not [path for path in home.rglob("modelstudio.*") if path.is_file()]
