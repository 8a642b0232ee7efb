"""The pictures of a folder that is still being searched, so that they can be looked at already."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from modelstudio.data.preview import PictureList
from modelstudio.data.sources import folders
from modelstudio.data.sources.folders import PICTURES, SOUNDS, TEXTS
from modelstudio.errors import DataError

_EVERY = 0.3
"""Seconds between two lists."""


@dataclass(frozen=True, slots=True)
class PictureHead:
    """The pictures found until now; nothing is known of their parts."""

    path: Path
    pictures: PictureList


def heads(folder: Path) -> Generator[PictureHead, None, None]:
    """Yield what is found, longer and longer lists; nothing where most files are no pictures.

    A folder that cannot be searched ends it; reading the folder tells why.
    """
    if not folder.is_dir():
        return
    folder = folder.absolute()
    found: list[Path] = []
    others, told = 0, monotonic()
    try:
        for path in folders.walk(folder, PICTURES | SOUNDS | TEXTS):
            if path.suffix.lower() in PICTURES:
                found.append(path)
            else:
                others += 1
            if len(found) > others and monotonic() - told > _EVERY:
                yield _head(folder, found)
                told = monotonic()
    except DataError:
        return
    if len(found) > others:
        yield _head(folder, found)


def _head(folder: Path, paths: list[Path]) -> PictureHead:
    found = folders.labelled(folder, paths)
    names = [str(each.path) for each in found]
    listed = PictureList(
        tuple(names),
        tuple(folders.names_of(names, folder)),
        tuple(each.label or "" for each in found),
        ("",) * len(found),
    )
    return PictureHead(folder, listed)
