"""Excel workbooks and other spreadsheets: one sheet, its first row being the header."""

from __future__ import annotations

import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from modelstudio.data.sources import Portion, SourceInfo
from modelstudio.data.sources.dialect import MOST_COLUMNS
from modelstudio.data.sources.files import (
    check_file,
    damaged,
    first_bytes,
    foreign,
    no_rows,
    too_wide,
)
from modelstudio.data.sources.plain import plain_types
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import Table

if TYPE_CHECKING:
    import fastexcel

LARGEST = 4 << 30
"""Bytes that a workbook may take when it is unpacked."""

_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def read(path: Path, data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
    """Read the sheet that the source names, or the first that is not empty."""
    workbook, sheet, _ = _open(path, data)
    yield Portion(0, 1)
    return _rows(path, workbook, sheet)


def inspect(path: Path, data: DataConfig) -> SourceInfo:
    """Describe the sheet; of several the note says which."""
    workbook, sheet, others = _open(path, data)
    frame = _rows(path, workbook, sheet)
    notes: tuple[str, ...] = ()
    if others and not _wanted(data):
        notes = (f"{sheet} was taken of {path.name}, which also has {_listed(others)}.",)
    return SourceInfo(path, tuple(frame.columns), frame.height, path.stat().st_size, notes)


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Return None: a workbook has to be unpacked as a whole."""
    return None


def _wanted(data: DataConfig) -> str:
    return data.source.sheet if isinstance(data.source, Table) else ""


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")


def _open(path: Path, data: DataConfig) -> tuple[fastexcel.ExcelReader, str, list[str]]:
    """Open a workbook; return it with the name of the sheet to read and those of the others."""
    import fastexcel

    check_file(path)
    start = first_bytes(path, 512)
    if not start.startswith((_ZIP, _OLD)):
        raise foreign(path, start, "an Excel workbook")
    if start.startswith(_ZIP):
        _refuse_bombs(path)
    try:
        workbook = fastexcel.read_excel(path)
        names = workbook.sheet_names
    except (fastexcel.FastExcelError, pl.exceptions.PanicException, OSError, ValueError) as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise DataError(
                f"{path.name} is protected by a password.",
                where=str(path),
                fix="Save it without the password in the program that made it.",
            ) from None
        raise damaged(path, "Excel") from None
    wanted = _wanted(data)
    if wanted and wanted not in names:
        raise DataError(
            f"{path.name} has no sheet {wanted}.",
            where=str(path),
            fix=f"Its sheets are {_listed(names)}.",
        )
    taken = wanted or next((name for name in names if _sheet(path, workbook, name).height), "")
    if not taken:
        raise no_rows(path)
    return workbook, taken, [name for name in names if name != taken]


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


def _sheet(path: Path, workbook: fastexcel.ExcelReader, name: str) -> pl.DataFrame:
    import fastexcel

    try:
        return workbook.load_sheet(name, schema_sample_rows=None).to_polars()
    except (fastexcel.FastExcelError, pl.exceptions.PanicException, OSError, ValueError):
        raise damaged(path, "Excel") from None


def _rows(path: Path, workbook: fastexcel.ExcelReader, name: str) -> pl.DataFrame:
    frame = _sheet(path, workbook, name)
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    if not frame.height:
        raise no_rows(path)
    if frame.width > MOST_COLUMNS:
        raise too_wide(path, frame.width, MOST_COLUMNS)
    return plain_types(frame)
