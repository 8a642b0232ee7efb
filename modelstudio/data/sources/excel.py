"""Excel workbooks and other spreadsheets: one sheet, its first row being the header."""

from __future__ import annotations

import zipfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from modelstudio.data.sources import CHOOSE, Portion, SourceInfo
from modelstudio.data.sources.dialect import LONGEST_PREAMBLE, MOST_COLUMNS, unique_names
from modelstudio.data.sources.files import (
    check_file,
    damaged,
    first_bytes,
    foreign,
    no_rows,
    too_wide,
)
from modelstudio.data.sources.mapped import Writing
from modelstudio.data.sources.plain import plain_types
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import Table

if TYPE_CHECKING:
    import fastexcel

LARGEST = 4 << 30
"""Bytes that a workbook may take when it is unpacked."""

SOME = 50
"""A sheet of so many rows is taken for the data, whatever the later ones hold."""

_NAMELESS = "__UNNAMED__"
"""Beginning of the names that columns without one are given."""

_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read(
    path: Path, data: DataConfig, into: Writing | None = None
) -> Generator[Portion, None, pl.DataFrame]:
    """Read the sheet that the source names, or the first of some length; always as a whole."""
    workbook, sheet, _ = _open(path, data)
    yield Portion(0, 1)
    return _rows(path, workbook, sheet)[0]


def inspect(path: Path, data: DataConfig) -> SourceInfo:
    """Describe the sheet; of several the note says which."""
    workbook, sheet, others = _open(path, data)
    frame, above = _rows(path, workbook, sheet)
    notes: tuple[str, ...] = ()
    if above:
        rows = "row stands" if above == 1 else f"{above} rows stand"
        notes = (f"The first {rows} above the table of {path.name} and are left out.",)
    if others and not _wanted(data):
        told = f"{sheet} was taken of {path.name}, which also has {_listed(others)}."
        notes = (*notes, f"{told} {CHOOSE}")
    return SourceInfo(path, tuple(frame.columns), frame.height, path.stat().st_size, notes)


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


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")


def _open(path: Path, data: DataConfig) -> tuple[fastexcel.ExcelReader, str, list[str]]:
    """Open a workbook; return it with the name of the sheet to read and those of the others."""
    workbook = _workbook(path)
    names, wanted = workbook.sheet_names, _wanted(data)
    if wanted and wanted not in names:
        raise DataError(
            f"{path.name} has no sheet {wanted}.",
            where=str(path),
            fix=f"Its sheets are {_listed(names)}.",
        )
    taken = wanted or _longest(path, workbook, names)
    if not taken:
        raise no_rows(path)
    return workbook, taken, [name for name in names if name != taken]


def _workbook(path: Path) -> fastexcel.ExcelReader:
    import fastexcel

    check_file(path)
    start = first_bytes(path, 512)
    if not start.startswith((_ZIP, _OLD)):
        raise foreign(path, start, "an Excel workbook")
    if start.startswith(_ZIP):
        _refuse_bombs(path)
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


def _longest(path: Path, workbook: fastexcel.ExcelReader, names: Sequence[str]) -> str:
    """Return the first sheet of some length, else the longest; empty where none has a row.

    What stands before the data is often a sheet of notes.
    """
    longest, most = "", 0
    for name in names:
        rows = _sheet(path, workbook, name).height
        if rows > most:
            longest, most = name, rows
        if rows >= SOME:
            break
    return longest


def _refuse_bombs(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(each.file_size for each in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise damaged(path, "Excel") from None
    if size > LARGEST:
        raise DataError(
            f"{path.name} takes {size >> 30:,} GB unpacked; up to {LARGEST >> 30} GB are read.",
            where=str(path),
            fix="Save the sheet as CSV or Parquet.",
        )


def _sheet(
    path: Path, workbook: fastexcel.ExcelReader, name: str, header: int | None = 0
) -> pl.DataFrame:
    import fastexcel

    try:
        sheet = workbook.load_sheet(name, header_row=header, schema_sample_rows=None)
        return sheet.to_polars()
    except (fastexcel.FastExcelError, pl.exceptions.PanicException, OSError, ValueError):
        raise damaged(path, "Excel") from None


def _rows(path: Path, workbook: fastexcel.ExcelReader, name: str) -> tuple[pl.DataFrame, int]:
    """Read the rows of a sheet that are not blank; return also how many stand above the header."""
    frame = _sheet(path, workbook, name)
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
