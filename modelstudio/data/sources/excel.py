"""Excel workbooks and other spreadsheets: one sheet, its first row being the header."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from modelstudio.data.sources import CHOOSE, Portion, SourceInfo, finish
from modelstudio.data.sources.apart import apart, is_possible
from modelstudio.data.sources.dialect import MOST_COLUMNS
from modelstudio.data.sources.files import (
    check_file,
    damaged,
    file_key,
    first_bytes,
    foreign,
    no_rows,
    too_wide,
)
from modelstudio.data.sources.header import LONGEST_PREAMBLE, unique_names
from modelstudio.data.sources.mapped import Writing
from modelstudio.data.sources.plain import plain_types
from modelstudio.errors import DataError
from modelstudio.machine import total_bytes
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import Table

if TYPE_CHECKING:
    import fastexcel

LARGEST = 4 << 30
"""Bytes that a workbook may take when it is unpacked."""

LARGE = 48 << 20
"""Bytes of a workbook, unpacked, above which it is read in a process of its own."""

TIMES = 3
"""So many times its unpacked bytes a workbook takes in memory while it is read."""

SOME = 50
"""A sheet of so many rows is taken for the data, whatever the later ones hold."""

_NAMELESS = "__UNNAMED__"
"""Beginning of the names that columns without one are given."""

_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class _Found:
    """What was taken of a workbook: a sheet among others, its header below some rows."""

    sheet: str
    others: tuple[str, ...]
    above: int
    columns: tuple[str, ...] = ()
    rows: int = 0


_known: dict[tuple[object, ...], _Found] = {}
"""What was taken of the workbook read last."""


def read(
    path: Path, data: DataConfig, into: Writing | None = None
) -> Generator[Portion, None, pl.DataFrame]:
    """Read the sheet that the source names, or the first of some length; always as a whole.

    A large one is unpacked in a process of its own, which gives its memory back.
    """
    yield Portion(0)
    if _unpacked(path) <= LARGE or not is_possible():
        found, frame = _taken(path, data)
    else:
        with TemporaryDirectory() as folder:
            file = Path(folder, "sheet.arrow")
            found = yield from apart(Portion(0), _save, path, data, file)
            frame = pl.read_ipc(BytesIO(file.read_bytes()))
    _known.clear()
    _known[_key(path, data)] = replace(found, columns=tuple(frame.columns), rows=frame.height)
    if into is None:
        return frame
    into.add(frame)
    return into.finish(frame.columns)


def inspect(path: Path, data: DataConfig) -> SourceInfo:
    """Describe the sheet; of several the note says which."""
    if (found := _known.get(_key(path, data))) is None:
        finish(read(path, data))
        found = _known[_key(path, data)]
    notes: tuple[str, ...] = ()
    if found.above:
        rows = "row stands" if found.above == 1 else f"{found.above} rows stand"
        notes = (f"The first {rows} above the table of {path.name} and are left out.",)
    if found.others and not _wanted(data):
        others = _listed(found.others)
        notes = (
            *notes,
            f"{found.sheet} was taken of {path.name}, which also has {others}. {CHOOSE}",
        )
    return SourceInfo(path, found.columns, found.rows, path.stat().st_size, notes)


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Return None: a workbook has to be unpacked as a whole."""
    return None


def tables(path: Path, data: DataConfig) -> tuple[str, ...]:
    """Return the names of the sheets.

    Raises
    ------
    DataError
        When the file is no workbook.
    """
    return tuple(_workbook(path).sheet_names)


def _wanted(data: DataConfig) -> str:
    return data.source.sheet if isinstance(data.source, Table) else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")


def _key(path: Path, data: DataConfig) -> tuple[object, ...]:
    return file_key(path, _wanted(data))


def _taken(path: Path, data: DataConfig) -> tuple[_Found, pl.DataFrame]:
    """Open a workbook and read the sheet that is wanted; what stands in it is said besides."""
    workbook = _workbook(path)
    names, wanted = workbook.sheet_names, _wanted(data)
    if wanted and wanted not in names:
        raise DataError(
            f"{path.name} has no sheet {wanted}.",
            where=str(path),
            fix=f"Its sheets are {_listed(names)}.",
        )
    name, frame = _longest(path, workbook, [wanted] if wanted else names)
    frame, above = _rows(path, workbook, name, frame)
    return _Found(name, tuple(each for each in names if each != name), above), frame


def _save(path: Path, data: DataConfig, file: Path) -> _Found:
    """Run in a process of its own: write what `_taken` gives to a file."""
    found, frame = _taken(path, data)
    frame.write_ipc(file)
    return found


def _workbook(path: Path) -> fastexcel.ExcelReader:
    import fastexcel

    logging.getLogger("fastexcel").setLevel(logging.ERROR)  # of an empty column it tells everybody
    check_file(path)
    start = first_bytes(path, 512)
    if not start.startswith((_ZIP, _OLD)):
        raise foreign(path, start, "an Excel workbook")
    _unpacked(path)
    try:
        return fastexcel.read_excel(path)
    except (fastexcel.FastExcelError, pl.exceptions.PanicException, OSError, ValueError) as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise DataError(
                f"{path.name} is protected by a password.",
                where=str(path),
                fix="Save it without the password in the program that made it.",
            ) from None
        raise damaged(path, "Excel") from None


def _longest(
    path: Path, workbook: fastexcel.ExcelReader, names: Sequence[str]
) -> tuple[str, pl.DataFrame]:
    """Return the first sheet of some length, else the longest.

    What stands before the data is often a sheet of notes.
    """
    taken = ("", pl.DataFrame())
    for name in names:
        frame = _sheet(path, workbook, name)
        if frame.height > taken[1].height:
            taken = (name, frame)
        if frame.height >= SOME:
            break
    if not taken[0]:
        raise no_rows(path)
    return taken


def _unpacked(path: Path) -> int:
    """Return how many bytes a workbook takes when it is unpacked; one that is no zip file is small.

    Raises
    ------
    DataError
        When they are too many, or cannot be told.
    """
    if not first_bytes(path, len(_ZIP)).startswith(_ZIP):
        return 0
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(each.file_size for each in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise damaged(path, "Excel") from None
    memory = total_bytes()
    if size > LARGEST or (memory is not None and size * TIMES > memory):
        raise DataError(
            f"{path.name} takes {size / (1 << 30):.1f} GB unpacked, and reading it about "
            f"{size * TIMES / (1 << 30):.0f} GB of memory.",
            where=str(path),
            fix="Save the sheet as CSV or Parquet, which are read piece by piece.",
        )
    return size


def _sheet(
    path: Path, workbook: fastexcel.ExcelReader, name: str, header: int | None = 0
) -> pl.DataFrame:
    import fastexcel

    try:
        sheet = workbook.load_sheet(name, header_row=header, schema_sample_rows=None)
        return sheet.to_polars()
    except (fastexcel.FastExcelError, pl.exceptions.PanicException, OSError, ValueError):
        raise damaged(path, "Excel") from None


def _rows(
    path: Path, workbook: fastexcel.ExcelReader, name: str, frame: pl.DataFrame
) -> tuple[pl.DataFrame, int]:
    """Return the rows of a sheet that are not blank, and how many stand above the header."""
    above = _above(path, workbook, name) if _is_titled(frame) else 0
    if above:
        frame = _sheet(path, workbook, name, above)
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if not frame.height:
        raise no_rows(path)
    if frame.width > MOST_COLUMNS:
        raise too_wide(path, frame.width, MOST_COLUMNS)
    names = unique_names(["" if name.startswith(_NAMELESS) else name for name in frame.columns])
    return plain_types(frame.rename(dict(zip(frame.columns, names, strict=True)))), above


def _is_titled(frame: pl.DataFrame) -> bool:
    """Tell whether what was taken for the header has one name only."""
    named = [name for name in frame.columns if not name.startswith(_NAMELESS)]
    return len(named) < 2 < frame.width


def _above(path: Path, workbook: fastexcel.ExcelReader, name: str) -> int:
    """Count the rows above the first one that is full of words; 0 when there is none."""
    rows = _sheet(path, workbook, name, None).head(LONGEST_PREAMBLE + 1).rows()
    for at, row in enumerate(rows):
        if all(isinstance(cell, str) and cell.strip() for cell in row):
            return at
    return 0
