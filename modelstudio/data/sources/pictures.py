"""Folders of pictures or sounds as tables: a row a file, with its path, class, part and labels.

Other files for the same project may also be a single one, or named by a column of a table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from pathlib import Path

import polars as pl

from modelstudio.data.sources import Portion, SourceInfo, folders, tabular
from modelstudio.data.sources.folders import FILE, LABEL, PICTURES, SOUNDS, Found
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.sources import AudioFolder, ImageFolder

MATCHING = 0.5
"""A column of a table of labels names the files when so many of its cells do."""

LOOKED_AT = 50
"""Cells of a column that are tried as names of files."""

_TABLES = frozenset({".csv", ".tsv", ".txt"})


def reading(
    path: Path, data: DataConfig, *, target_needed: bool = True, features_only: bool = False
) -> Generator[Portion, None, pl.DataFrame]:
    """List the files with what is known of each, each column as its kind."""
    frame = yield from reading_plain(path, data)
    return tabular.as_declared(
        path, frame, data, target_needed=target_needed, features_only=features_only
    )


def reading_plain(path: Path, data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
    """List the files with what is known of each, as text."""
    if path.is_file():
        frame = folders.table([_alone(path)]) if _is_one(path, data) else _named_in(path, data)
        yield Portion(frame.height, frame.height)
        return _as_chosen(frame, path.parent, data)
    found = folders.find(path, _suffixes(data))
    yield Portion(len(found), len(found))
    frame = folders.table(found)
    labels = _labels(path, data, frame)
    return _as_chosen(frame if labels is None else labels, path, data)


def _as_chosen(frame: pl.DataFrame, folder: Path, data: DataConfig) -> pl.DataFrame:
    """Give single pictures the classes that the project says, and forget those it leaves out.

    Nothing is known of a picture that is left out, so that nothing learns from it; but it keeps its
    row: the numbers of the others, and with them the split, stay as they are.
    """
    source, target = data.source, data.target
    if not isinstance(source, ImageFolder):
        return frame
    label = LABEL if target is None else target.name if target.kind == "category" else ""
    if source.classes and label in frame.columns:
        moved = {folders.place_of(name, folder): told for name, told in source.classes}
        told = pl.col(FILE).replace_strict(
            list(moved), list(moved.values()), default=pl.col(label), return_dtype=pl.String
        )
        frame = frame.with_columns(told.alias(label))
    if source.left_out:
        gone = pl.col(FILE).is_in([folders.place_of(name, folder) for name in source.left_out])
        known = [name for name in frame.columns if name != FILE]
        frame = frame.with_columns(
            pl.when(gone).then(None).otherwise(pl.col(name)).alias(name) for name in known
        )
    return frame


def inspect(path: Path, data: DataConfig) -> SourceInfo:
    """Count the files and look at no more than their names."""
    if path.is_file() and not _is_one(path, data):
        return tabular.inspect(path, DataConfig(csv=data.csv))
    found = [_alone(path)] if path.is_file() else folders.find(path, _suffixes(data))
    frame = folders.table(found)
    size = sum(each.path.stat().st_size for each in found)
    return SourceInfo(path, tuple(frame.columns), len(found), size)


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Return None: names of files are read at once."""
    return None


def fingerprint(path: Path, data: DataConfig) -> str:
    """Return a hash of the names, sizes and times of the files, and of a table of labels."""
    if path.is_file():
        return tabular.fingerprint(path) + _choices(data)
    mark = folders.fingerprint_of(folders.find(path, _suffixes(data)))
    assert isinstance(data.source, ImageFolder | AudioFolder)
    labels = path / data.source.labels
    if data.source.labels and labels.exists():
        mark += tabular.fingerprint(labels)
    return mark + _choices(data)


def _choices(data: DataConfig) -> str:
    """Return a hash of what is left out and moved to other classes; empty where nothing is."""
    source = data.source
    if not isinstance(source, ImageFolder) or not (source.left_out or source.classes):
        return ""
    told = repr((source.left_out, source.classes)).encode()
    return hashlib.blake2b(told, digest_size=8).hexdigest()


def _suffixes(data: DataConfig) -> frozenset[str]:
    return SOUNDS if isinstance(data.source, AudioFolder) else PICTURES


def _word(data: DataConfig) -> str:
    return "sounds" if isinstance(data.source, AudioFolder) else "pictures"


def _is_one(path: Path, data: DataConfig) -> bool:
    return path.suffix.lower() in _suffixes(data)


def _alone(path: Path) -> Found:
    return Found(path.resolve(), None, None)


def _named_in(table: Path, data: DataConfig) -> pl.DataFrame:
    """Return all rows of a table with the paths of their files, meant from its folder.

    Raises
    ------
    DataError
        When no column names files.
    """
    rows = tabular.read_table(table, DataConfig(csv=data.csv))
    for column in sorted(rows.get_columns(), key=lambda column: column.name != FILE):
        known = column.drop_nulls()
        looked_at = known.gather_every(max(1, len(known) // LOOKED_AT)).to_list()
        if sum((table.parent / name).is_file() for name in looked_at) > MATCHING * len(looked_at):
            paths = [name and str((table.parent / name).resolve()) for name in column.to_list()]
            others = rows.drop(column.name)
            if FILE in others.columns:
                others = others.rename({FILE: f"{FILE}_"})
            return pl.DataFrame([pl.Series(FILE, paths, pl.String), *others.get_columns()])
    raise DataError(
        f"No column of {table.name} names {_word(data)} that are there.",
        where=str(table),
        fix=f"It needs a column with the paths of the {_word(data)}, meant from the folder of the "
        "table.",
    )


def _labels(folder: Path, data: DataConfig, frame: pl.DataFrame) -> pl.DataFrame | None:
    """Join the table of labels, if one is named or the files lie beside just one.

    Raises
    ------
    DataError
        When the table that was named does not name the files.
    """
    assert isinstance(data.source, ImageFolder | AudioFolder)
    named = data.source.labels
    if named:
        candidates = [folder / named]
    elif LABEL not in frame.columns:
        candidates = sorted(each for each in folder.iterdir() if each.suffix.lower() in _TABLES)
    else:
        return None
    for candidate in candidates:
        joined = _joined(candidate, frame, data.csv)
        if joined is not None:
            return joined
    if not named:
        return None
    raise DataError(
        f"No column of {named} names the {_word(data)} in {folder.name}.",
        where=str(candidates[0]),
        fix="It needs a column with the names of the files.",
    )


def _joined(table: Path, frame: pl.DataFrame, csv: CsvOptions) -> pl.DataFrame | None:
    """Return the rows of a table whose files are there, with their paths; None without any."""
    rows = tabular.read_table(table, DataConfig(csv=csv))
    paths = frame.get_column(FILE)
    places: dict[str, str] = {}
    for path in map(Path, paths.to_list()):
        below = path.relative_to(table.parent).as_posix()
        for name in (path.stem, path.name, below):
            places[name] = str(path)
    for column in rows.get_columns():
        found = column.str.replace_all(r"\\", "/").str.strip_prefix("./")
        found = found.replace_strict(
            list(places), list(places.values()), default=None, return_dtype=pl.String
        )
        if found.count() >= MATCHING * max(1, column.count()):
            others = rows.drop(column.name)
            if FILE in others.columns:
                others = others.rename({FILE: f"{FILE}_"})
            return pl.DataFrame([found.alias(FILE), *others.get_columns()]).filter(
                pl.col(FILE).is_not_null()
            )
    return None
