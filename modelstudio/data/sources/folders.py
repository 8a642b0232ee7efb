"""Folders of files: which are there, and what the names of their folders say."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import polars as pl

from modelstudio.data.parts import part_of
from modelstudio.data.sources.files import is_text, shown
from modelstudio.errors import DataError
from modelstudio.wording import counted, is_or_are, listed

FILE, LABEL, PART = "file", "label", "part"
"""Columns of the table that a folder becomes: paths, classes, and the parts of the split."""

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
SOUNDS = frozenset({".wav", ".flac"})
TEXTS = frozenset({".txt", ".md"})

DEEPEST = 12
"""Folders inside of folders that are looked into."""

SAMPLED = 1 << 14
"""Bytes in the middle of a file that tell its contents from others."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file and what its folders say of it."""

    path: Path
    label: str | None
    part: str | None


def find(folder: Path, suffixes: Collection[str]) -> list[Found]:
    """Return the files of some kinds in a folder and all below, in order of their names.

    The first folder on the way to a file is its class; where those directly in ``folder`` are named
    after parts of a split, such as train and test, it is the second.

    Raises
    ------
    DataError
        When ``folder`` is no folder that can be read, or holds no such file.
    """
    if not folder.is_dir():
        raise DataError(
            f"{folder.name} is no folder." if folder.exists() else f"{folder} does not exist.",
            where=str(folder),
            fix="Choose a folder.",
        )
    paths = list(walk(folder.absolute(), suffixes))
    if not paths and (note := left_out(folder, suffixes)):
        raise DataError(note, where=str(folder), fix="Then choose the folder again.")
    if not paths:
        kinds = ", ".join(sorted(suffix[1:].upper() for suffix in suffixes))
        raise DataError(
            f"{folder.name} holds no files of the kinds {kinds}.",
            where=str(folder),
            fix="Choose the folder that holds them or their folders.",
        )
    return labelled(folder.absolute(), paths)


def labelled(folder: Path, files: Iterable[Path]) -> list[Found]:
    """Tell what the folders say of files below ``folder``, in order of their names."""
    paths = sorted(files, key=lambda path: path.parts)
    ways = [path.relative_to(folder).parts[:-1] for path in paths]
    tops = {way[0] for way in ways if way}
    parted = all(ways) and any(part_of(top) == "train" for top in tops) and all(map(part_of, tops))
    found = []
    for path, way in zip(paths, ways, strict=True):
        part = part_of(way[0]) if parted else None
        classes = way[1:] if parted else way
        found.append(Found(path, classes[0] if classes else None, part))
    return found


def walk(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    """Yield the files of some kinds in a folder and all below, in no order.

    Those that a table cannot name are passed over; `left_out` tells of them.

    Raises
    ------
    DataError
        When a folder may not be looked into.
    """
    return (path for path in _walk(folder, suffixes, set(), 0) if is_text(str(path)))


def left_out(folder: Path, suffixes: Collection[str]) -> str:
    """Say which files of a folder have names that a table cannot hold; empty where none has."""
    found = _walk(folder.absolute(), suffixes, set(), 0)
    names = sorted(shown(path.name) for path in found if not is_text(str(path)))
    if not names:
        return ""
    whose, them = (
        ("its name or folder is", "it")
        if len(names) == 1
        else ("their names or folders are", "them")
    )
    return (
        f"{counted(len(names), 'file')} {is_or_are(len(names))} left out, as {whose} not written "
        f"in UTF-8: {listed(names)}. Rename {them} to use {them}."
    )


def _walk(
    folder: Path, suffixes: Collection[str], seen: set[tuple[int, int]], depth: int
) -> Iterator[Path]:
    """Yield files; a folder that was looked into already, as a loop of links has it, is passed."""
    try:
        stat = folder.stat()
        if (stat.st_dev, stat.st_ino) in seen or depth > DEEPEST:
            return
        seen.add((stat.st_dev, stat.st_ino))
        entries = list(os.scandir(folder))
    except OSError as error:
        raise DataError(
            f"The folder {folder.name} cannot be looked into: {error.strerror or error}.",
            where=str(folder),
            fix="Ask its owner for the permission, or take it out of the data.",
        ) from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = Path(entry.path)
        try:
            if entry.is_dir():
                yield from _walk(path, suffixes, seen, depth + 1)
            elif path.suffix.lower() in suffixes and entry.is_file():
                yield path
        except OSError:
            continue


def names_of(paths: Iterable[str], folder: Path) -> list[str]:
    """Return how a project names files: by paths in the folder, whole where it has them not."""
    own = f"{folder.absolute()}{os.sep}"
    return [path.removeprefix(own).replace(os.sep, "/") for path in paths]


def place_of(name: str, folder: Path) -> str:
    """Return the path of a file that a project names as `names_of` does."""
    return str(folder.absolute() / name)


def table(found: list[Found]) -> pl.DataFrame:
    """Return a table of text with a row a file; columns that would say nothing are left out."""
    columns = {FILE: [str(each.path) for each in found]}
    frame = pl.DataFrame(columns, schema={FILE: pl.String})
    labels = pl.Series(LABEL, [each.label for each in found], dtype=pl.String)
    parts = pl.Series(PART, [each.part for each in found], dtype=pl.String)
    return frame.with_columns(each for each in (labels, parts) if each.null_count() < len(each))


def fingerprint_of(found: list[Found]) -> str:
    """Return a hash of the names, sizes and times of files, and of some bytes of each.

    Reading them whole would take long.
    """
    digest = hashlib.blake2b()
    for each in found:
        stat = each.path.stat()
        told = f"{each.path.name}|{each.label}|{stat.st_size}|{stat.st_mtime_ns}\n"
        digest.update(told.encode())
        digest.update(_sample(each.path, stat.st_size, stat.st_ctime_ns, stat.st_ino))
    return digest.hexdigest()[:32]


@lru_cache(maxsize=1 << 17)
def _sample(path: Path, size: int, changed: int, number: int) -> bytes:
    """Return a hash of the middle of a file; of one that cannot be read, none."""
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(max(0, (size - SAMPLED) // 2))
            return hashlib.blake2b(file.read(SAMPLED), digest_size=8).digest()
    except OSError:
        return b""
