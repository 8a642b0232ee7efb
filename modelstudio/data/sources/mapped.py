"""Tables too large to be held: their columns are written to files once and mapped from there.

The frame made of them is like any other, but its pages are read when they are looked at, and the
system may let go of them at any time. A folder for each table lies among the application's own; it
gets its name when it is whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.sources.arrow_memory import imported, place_of, text_memory
from modelstudio.errors import DataError
from modelstudio.machine import total_bytes
from modelstudio.resources import app_home

SHARE: Final = 4
"""A source is held in memory as long as that has room for it so many times."""

KEPT_BYTES: Final = 100 << 30
"""Tables kept on disk; the ones used longest ago go first."""

LIMIT: int | None = None
"""Bytes of a source above which it is mapped, where not the memory is to decide."""

_LONGEST: Final = 1 << 31
"""Bytes of text that a column can address together."""

_INLINE: Final = 12
"""Bytes of a text that stands beside its length instead of among the others."""

_MOST_COLUMNS: Final = 10_000
"""Each is up to three files, and a program may map about sixty thousand."""

_DAY: Final = 86_400.0

_TYPES: Final = {
    **{"number": pl.Float64(), "date": pl.Datetime("ms"), "text": pl.String()},
    "row": pl.UInt32(),
}

_ROWS: Final = 200_000
"""Rows chosen from together."""


def is_large(size: int, columns: int = 0) -> bool:
    """Tell whether a source of so many bytes is to be mapped; very many columns cannot be."""
    limit = LIMIT if LIMIT is not None else (total_bytes() or 8 << 30) // SHARE
    return size > limit and columns <= _MOST_COLUMNS


@dataclass
class _Column:
    """What is in the files of a column; ``parts`` are the sizes of the parts of its text."""

    file: str
    kind: str
    rows: int = 0
    missing: int = 0
    parts: list[int] = field(default_factory=list)


class Writing:
    """Columns on their way to the files; to be closed."""

    def __init__(self, key: str) -> None:
        self._home = app_home() / "tables"
        self._home.mkdir(parents=True, exist_ok=True)
        _sweep(self._home)
        self._folder = Path(tempfile.mkdtemp(".part", f"{key}-", self._home))
        self._key = key
        self._columns: dict[str, _Column] = {}
        self._odd: dict[str, NDArray[np.bool_]] = {}
        self._count = 0

    def __enter__(self) -> Writing:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, rows: Iterable[pl.Series]) -> None:
        """Add some rows to each of some columns.

        Raises
        ------
        DataError
            When the disk has no room for them.
        """
        try:
            for column in rows:
                self._add(column)
        except OSError as error:
            raise DataError(
                f"The table cannot be written to {self._home}: {error.strerror}.",
                fix="Make room on that drive.",
            ) from None

    def drop(self, name: str) -> None:
        """Forget a column."""
        if (column := self._columns.pop(name, None)) is not None:
            for path in self._folder.glob(f"{column.file}.*"):
                path.unlink()

    def finish(self, names: Iterable[str]) -> pl.DataFrame:
        """Give the folder its name and return the columns."""
        columns = self._ended(names)
        told = json.dumps({name: asdict(column) for name, column in columns.items()})
        (self._folder / "table.json").write_text(told, encoding="utf-8")
        place = self._home / self._key
        try:
            self._folder.rename(place)
        except OSError:  # another program was quicker
            if not (place / "table.json").exists():
                raise
        _make_room(self._home, place)
        frame = opened(self._key)
        assert frame is not None
        return frame

    def frame(self) -> pl.DataFrame:
        """Return the columns for this program alone; the files go when nothing reads them."""
        columns = self._ended(self._columns)
        return pl.DataFrame(
            [_mapped(self._folder, name, column) for name, column in columns.items()]
        )

    def _ended(self, names: Iterable[str]) -> dict[str, _Column]:
        columns = {name: self._columns[name] for name in names}
        for name, column in columns.items():
            self._append(column, "valid", np.packbits(self._odd[name], bitorder="little"))
        return columns

    def _add(self, values: pl.Series) -> None:
        column = self._columns.get(values.name)
        if column is None:
            kind = next(kind for kind, dtype in _TYPES.items() if values.dtype == dtype)
            column = self._columns[values.name] = _Column(str(self._count), kind)
            self._odd[values.name] = np.zeros(0, bool)
            self._count += 1
        known = values.is_not_null().to_numpy()
        bits = np.concatenate([self._odd[values.name], known])
        whole = len(bits) // 8 * 8
        self._append(column, "valid", np.packbits(bits[:whole], bitorder="little"))
        self._odd[values.name] = bits[whole:]
        if column.kind == "text":
            for chunk in values.get_chunks():
                self._add_text(column, chunk)
        else:
            numbers = values.to_physical().fill_null(0)
            self._append(column, "values", numbers.to_numpy())
        column.rows += len(values)
        column.missing += values.null_count()

    def _add_text(self, column: _Column, text: pl.Series) -> None:
        """Write texts as views: length, the first bytes, part and place; or all of a short one."""
        with text_memory(text) as (views, pieces):
            views[text.is_null().to_numpy()] = 0
            long = views[:, 0] > _INLINE
            lengths, _, of, places = views[long].astype(np.int64).T
            moved = np.zeros(len(pieces), np.int64)
            parts = np.zeros(len(pieces), np.uint32)
            for at in np.unique(of).tolist():
                within = of == at
                first = int(places[within].min())
                piece = pieces[at][first : int((places + lengths)[within].max())]
                if not column.parts or column.parts[-1] + len(piece) > _LONGEST:
                    column.parts.append(0)
                parts[at], moved[at] = len(column.parts) - 1, column.parts[-1] - first
                column.parts[-1] += len(piece)
                self._append(column, f"text{len(column.parts) - 1}", piece)
            views[long, 2] = parts[of]
            views[long, 3] = places + moved[of]
            self._append(column, "values", views)

    def _append(self, column: _Column, what: str, array: NDArray[Any]) -> None:
        with (self._folder / f"{column.file}.{what}").open("ab") as file:
            file.write(np.ascontiguousarray(array).data)


_opened: dict[Path, pl.DataFrame] = {}
_chosen: dict[str, pl.DataFrame] = {}


def opened(key: str) -> pl.DataFrame | None:
    """Return a table that was written before, or None."""
    folder = app_home() / "tables" / key
    told = folder / "table.json"
    try:
        os.utime(told)
        if folder not in _opened:
            columns = json.loads(told.read_text(encoding="utf-8"))
            _opened[folder] = pl.DataFrame(
                [_mapped(folder, name, _Column(**facts)) for name, facts in columns.items()]
            )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return _opened[folder]


def written(key: str, pieces: Iterable[pl.Series]) -> pl.DataFrame:
    """Write pieces of columns as they come, and return these as they are mapped."""
    names: dict[str, None] = {}
    with Writing(key) as writing:
        for some in pieces:
            writing.add([some])
            names[some.name] = None
        return writing.finish(names)


def chosen(frame: pl.DataFrame, kept: NDArray[np.bool_]) -> pl.DataFrame:
    """Return some rows; those of a table too large to be held are written once and mapped."""
    if not is_large(int(frame.estimated_size())):
        return frame.filter(kept)
    what = hashlib.blake2b(kept.tobytes())
    for column in frame:
        place = place_of(column)
        what.update(f"{column.name} {place}".encode())
        if place is None:
            hashes = column.hash() if column.dtype == pl.String else column.to_physical()
            what.update(np.ascontiguousarray(hashes.fill_null(0).to_numpy()).data)
            what.update(np.packbits(column.is_null().to_numpy()).data)
    key = what.hexdigest()
    if key not in _chosen:
        with Writing("rows") as writing:
            for start in range(0, frame.height, _ROWS):
                writing.add(frame.slice(start, _ROWS).filter(kept[start : start + _ROWS]))
            _chosen[key] = writing.frame()
    return _chosen[key]


def key_of(*what: object) -> str:
    """Return a name for a table that is read from a file in some way."""
    return hashlib.blake2b(repr(what).encode(), digest_size=12).hexdigest()


def _mapped(folder: Path, name: str, column: _Column) -> pl.Series:
    if not column.rows:
        return pl.Series(name, [], _TYPES[column.kind])
    files = ["values", *(f"text{at}" for at in range(len(column.parts)))]
    valid = folder / f"{column.file}.valid"
    arrays = [np.memmap(folder / f"{column.file}.{each}", np.uint8, "r") for each in files]
    known = np.memmap(valid, np.uint8, "r") if column.missing else None
    return imported(name, _TYPES[column.kind], column.rows, column.missing, known, arrays)


def _sweep(home: Path) -> None:
    """Remove what programs left behind that were ended while they wrote."""
    for path in home.glob("*.part"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _DAY:
                shutil.rmtree(path, ignore_errors=True)


def _make_room(home: Path, newest: Path) -> None:
    """Remove the tables used longest ago; one that is mapped stays readable until it is let go."""
    held = sorted(_kept(home), reverse=True)
    total = 0
    for _, path, size in held:
        total += size
        if total > KEPT_BYTES and path != newest:
            shutil.rmtree(path, ignore_errors=True)


def _kept(home: Path) -> Iterator[tuple[float, Path, int]]:
    for told in home.glob("*/table.json"):
        with contextlib.suppress(OSError):
            size = sum(each.stat().st_size for each in told.parent.iterdir())
            yield told.stat().st_mtime, told.parent, size
