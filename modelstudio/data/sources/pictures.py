"""Folders of pictures or sounds as tables: a row a file, with its path, class, part and labels.

Other files for the same project may also be a single one, or named by a column of a table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import polars as pl

from modelstudio.data.sources import Portion, SourceInfo, folders, tabular
from modelstudio.data.sources.files import is_text
from modelstudio.data.sources.folders import FILE, LABEL, PART, PICTURES, SOUNDS, Found
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.sources import AudioFolder, ImageFolder
from modelstudio.wording import counted, is_or_are, listed

MATCHING = 0.5
"""A column of a table of labels names the files when so many of its cells do."""

LOOKED_AT = 50
"""Cells of a column that are tried as names of files."""

_TABLES = frozenset({".csv", ".tsv", ".txt"})


def reading(
    path: Path, data: DataConfig, *, target_needed: bool = True, features_only: bool = False
) -> Generator[Portion, None, pl.DataFrame]:
    """List the files with what is known of each, each column as its kind.

    To predict, all files of a folder count, also those that a table near them does not name.
    """
    bare = features_only and all(each.kind in ("image", "audio") for each in data.features)
    frame = yield from _listing(path, data, labelled=not bare)
    return tabular.as_declared(
        path, frame, data, target_needed=target_needed, features_only=features_only
    )


def reading_plain(path: Path, data: DataConfig) -> Generator[Portion, None, pl.DataFrame]:
    """List the files with what is known of each, as text."""
    return (yield from _listing(path, data, labelled=True))


def _listing(
    path: Path, data: DataConfig, *, labelled: bool
) -> Generator[Portion, None, pl.DataFrame]:
    if path.is_file():
        frame = folders.table([_alone(path)]) if _is_one(path, data) else _named_in(path, data)
        yield Portion(frame.height, frame.height)
        return _as_chosen(frame, path.parent, data)
    found = folders.find(path, _suffixes(data))
    yield Portion(len(found), len(found))
    frame = folders.table(found)
    labels = _labels(path, data, frame) if labelled else None
    return _as_chosen(frame if labels is None else labels.frame, path, data)


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
    """Count the files, and say which of them and of the rows of a table of labels are not used."""
    if path.is_file() and not _is_one(path, data):
        return tabular.inspect(path, DataConfig(csv=data.csv))
    found = [_alone(path)] if path.is_file() else folders.find(path, _suffixes(data))
    frame = folders.table(found)
    size = sum(each.path.stat().st_size for each in found)
    notes: tuple[str, ...] = ()
    if path.is_dir() and (labels := _labels(path, data, frame)) is not None:
        frame, notes = labels.frame, labels.notes(path, _word(data)[:-1])
    if path.is_dir() and (note := folders.left_out(path, _suffixes(data))):
        notes += (note,)
    return SourceInfo(path, tuple(frame.columns), frame.height, size, notes)


def head(path: Path, data: DataConfig, rows: int) -> pl.DataFrame | None:
    """Return None: names of files are read at once."""
    return None


def fingerprint(path: Path, data: DataConfig) -> str:
    """Return a hash of the names, sizes and times of the files, and of a table of labels."""
    if path.is_file():
        return tabular.fingerprint(path) + _choices(data)
    found = folders.find(path, _suffixes(data))
    labels = _labels(path, data, folders.table(found))
    mark = "" if labels is None else tabular.fingerprint(labels.table)
    return folders.fingerprint_of(found) + mark + _choices(data)


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


class _Labels(NamedTuple):
    """The rows of a table of labels whose files are there, with their paths.

    ``lost`` are the names of files that are not there, ``left`` files that no row names.
    """

    table: Path
    frame: pl.DataFrame
    lost: tuple[str, ...]
    left: tuple[Path, ...]

    def notes(self, folder: Path, word: str) -> tuple[str, ...]:
        """Say where the labels come from if that is elsewhere, and what is not used."""
        name, told = self.table.name, []
        if folder not in self.table.parents:
            told.append(f"The labels come from {name} in the folder above.")
        if count := len(self.lost):
            rows = counted(count, "row")
            files = "its file" if count == 1 else "their files"
            told.append(
                f"{rows} of {name} {is_or_are(count)} not used, as {files} {is_or_are(count)} not "
                f"there: {listed(self.lost)}."
            )
        if count := len(self.left):
            left = listed(each.name for each in self.left)
            told.append(
                f"{counted(count, word)} {is_or_are(count)} not used, as {name} does not name "
                f"{'it' if count == 1 else 'them'}: {left}."
            )
        return tuple(told)


def _labels(folder: Path, data: DataConfig, frame: pl.DataFrame) -> _Labels | None:
    """Join the table of labels: the one that is named, or one beside or above the files.

    It is looked for where the folders tell no classes; a single folder of pictures tells none.

    Raises
    ------
    DataError
        When the table that was named does not name the files.
    """
    assert isinstance(data.source, ImageFolder | AudioFolder)
    named = data.source.labels
    if named:
        if (joined := _joined(folder / named, frame, data.csv)) is not None:
            return joined
        raise DataError(
            f"No column of {named} names the {_word(data)} in {folder.name}.",
            where=str(folder / named),
            fix="It needs a column with the names of the files.",
        )
    classes = frame.get_column(LABEL).n_unique() if LABEL in frame.columns else 0
    if classes > 1 or PART in frame.columns:
        return None
    for table in _tables_in(folder):
        if (joined := _joined(table, frame, data.csv)) is not None:
            return joined
    return None if classes else _labels_above(folder, data, frame)


def _labels_above(folder: Path, data: DataConfig, frame: pl.DataFrame) -> _Labels | None:
    """Join a table beside the folder of the files; most tables there have nothing to do with them.

    Where other folders lie beside it, the table has to name this one along with the files.
    """
    with suppress(OSError):
        alone = not any(
            each.is_dir() and each != folder and not each.name.startswith(".")
            for each in folder.parent.iterdir()
        )
        for table in _tables_in(folder.parent):
            with suppress(DataError):
                head = tabular.head(table, DataConfig(csv=data.csv), LOOKED_AT)
                places = _places(frame, table.parent, short=alone)
                if head is not None and all(_found(each, places) is None for each in head):
                    continue
                if (joined := _joined(table, frame, data.csv, short=alone)) is not None:
                    return joined
    return None


def _tables_in(folder: Path) -> list[Path]:
    tables = (each for each in folder.iterdir() if each.suffix.lower() in _TABLES)
    return sorted(each for each in tables if is_text(each.name))


def _joined(
    table: Path, frame: pl.DataFrame, csv: CsvOptions, *, short: bool = True
) -> _Labels | None:
    """Return the rows of a table whose files are there; None when no column names files.

    Parameters
    ----------
    short
        A file may be named without the folder in which it lies, and without its ending.
    """
    places = _places(frame, table.parent, short=short)
    rows = tabular.read_table(table, DataConfig(csv=csv))
    for column in rows.get_columns():
        if (found := _found(column, places)) is None:
            continue
        others = rows.drop(column.name)
        if FILE in others.columns:
            others = others.rename({FILE: f"{FILE}_"})
        known = pl.DataFrame([found.alias(FILE), *others.get_columns()]).filter(found.is_not_null())
        lost = column.filter(found.is_null() & column.is_not_null()).to_list()
        left = frame.get_column(FILE).filter(~frame.get_column(FILE).is_in(found.implode()))
        return _Labels(table, known, tuple(lost), tuple(map(Path, left.to_list())))
    return None


def _places(frame: pl.DataFrame, folder: Path, *, short: bool) -> dict[str, str]:
    """Return the files by the names that a table in a folder may give them."""
    places: dict[str, str] = {}
    for path in map(Path, frame.get_column(FILE).to_list()):
        below = path.relative_to(folder).as_posix()
        for name in (path.stem, path.name, below) if short else (below,):
            places[name] = str(path)
    return places


def _found(column: pl.Series, places: Mapping[str, str]) -> pl.Series | None:
    """Return the file that each cell names; None for a column that names none or few."""
    names = column.str.replace_all(r"\\", "/").str.strip_prefix("./")
    found = names.replace_strict(
        list(places), list(places.values()), default=None, return_dtype=pl.String
    )
    named = found.count()
    return found if named and named >= MATCHING * column.count() else None
