"""What kind of source lies at a path, and what is to be learnt from it.

What guesses is imported where it is called, so that reading begins sooner.
"""

from __future__ import annotations

import contextlib
import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from modelstudio.data.sources.delimiter import are_numbers_apart
from modelstudio.data.sources.encoding import decode_head, find_encoding
from modelstudio.data.sources.files import first_bytes, kind_of_bytes
from modelstudio.data.sources.folders import PICTURES, SOUNDS, TEXTS, find
from modelstudio.data.sources.values import as_text, to_numbers
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Kind
from modelstudio.recipe.sources import (
    AudioFolder,
    Database,
    ImageFolder,
    LongText,
    Source,
    Table,
    TextFolder,
    is_connection,
)

if TYPE_CHECKING:
    from modelstudio.data.guess import Guess

Task = Literal["classify", "regress", "next token", "forecast", "recommend"]
"""What is to be learnt, where the data does not tell."""

_FOLDERS: dict[frozenset[str], type[Source]] = {
    PICTURES: ImageFolder,
    SOUNDS: AudioFolder,
    TEXTS: TextFolder,
}
"""What a folder is by the files that most of it are; of as many of each the first."""

_HEAD = 1 << 16
"""Bytes of a text file looked at to tell whether it is a table."""

_LINES = 200

_ALIKE = 0.9
"""Share of the lines of a table that have the same number of cells."""


def detect(path: Path | str, task: Task | None = None) -> Source:
    """Tell the kind of source from what lies at a path.

    Raises
    ------
    DataError
        When it is a folder that holds nothing to learn from.
    """
    if isinstance(path, str) and is_connection(path):
        return Database()
    path = Path(path)
    if task == "next token":
        _refuse_tables(path)
        return LongText()
    if task is None and path.suffix.lower() in TEXTS and _is_prose(path):
        return LongText()
    if not path.is_dir():
        return Table()
    try:
        found = find(path, frozenset().union(*_FOLDERS))
    except DataError as error:
        raise DataError(
            error.message,
            where=error.where,
            fix="Choose a folder of pictures, sounds or texts, or a file with a table.",
        ) from None
    held = Counter(each.path.suffix.lower() for each in found)
    most = max(_FOLDERS, key=lambda suffixes: sum(held[suffix] for suffix in suffixes))
    return _FOLDERS[most]()


def _refuse_tables(path: Path) -> None:
    """Refuse what is no text to learn the next token from.

    Raises
    ------
    DataError
        When it is a table.
    """
    if not path.is_file() or path.suffix.lower() in TEXTS or _is_prose(path):
        return
    raise DataError(
        f"{path.name} is a table, but the next token is learnt from one long text.",
        where=str(path),
        fix="Choose a text file, such as one with all texts of a column, or another task.",
    )


def _is_prose(path: Path) -> bool:
    """Tell a text from a table in a text file: its lines hold no equal number of cells."""
    if not path.is_file():
        return False
    beginning = first_bytes(path, _HEAD)
    if kind_of_bytes(beginning) is not None:
        return False
    text = decode_head(path, beginning, find_encoding(beginning))
    lines = [line for line in text.splitlines()[:_LINES] if line.strip()]
    for delimiter in ",;\t|":
        with contextlib.suppress(csv.Error):
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
            width, count = widths.most_common(1)[0] if widths else (0, 0)
            if width > 1 and count >= _ALIKE * widths.total():
                return False
    return not are_numbers_apart([line.split() for line in lines])


def guess(
    data: DataConfig, frame: pl.DataFrame, target: str | None = None, task: Task | None = None
) -> Guess:
    """Guess kinds, roles, recipe and split of a source nobody has described yet.

    Parameters
    ----------
    frame
        What the source holds, as `sources.read_plain` gives it.

    Raises
    ------
    DataError
        When ``target`` is no column, or there is nothing to learn.
    """
    from modelstudio.data import guess as tables
    from modelstudio.data import (
        guess_choices,
        guess_labels,
        guess_pictures,
        guess_ratings,
        guess_series,
        guess_sounds,
        guess_texts,
    )
    from modelstudio.data.findings import totals

    if isinstance(data.source, ImageFolder):
        return guess_pictures.guess(frame, target)
    if isinstance(data.source, AudioFolder):
        return guess_sounds.guess(frame, target)
    if isinstance(data.source, TextFolder):
        return guess_texts.guess_folder(frame, target)
    if isinstance(data.source, LongText):
        return guess_texts.guess_long_text(frame)
    guessed = _as_asked(frame, tables.guess(frame, target, data.csv), task)
    ends, _ = totals.total_findings(frame, frame)
    told = (f"{each.text}. A click among the checks on the Data page drops it." for each in ends)
    guessed = replace(guessed, notes=(*guessed.notes, *told))
    chosen = guess_choices.adapt(frame, guessed, target, recommend=_asked(task, "recommend"))
    if chosen is not guessed:
        return chosen
    rated = guess_ratings.adapt(frame, guessed, recommend=_asked(task, "recommend"))
    if rated is not guessed:
        return rated
    if task in (None, "classify"):
        guessed = guess_labels.adapt(frame, guessed)
    by_column = guessed.split.get("method") == "column"
    if guessed.label_separator is not None or (by_column and task != "forecast"):
        return guessed
    return guess_series.adapt(frame, guessed, forecast=_asked(task, "forecast"))


def _as_asked(frame: pl.DataFrame, guessed: Guess, task: Task | None) -> Guess:
    """Take the target for a number or for classes where the person asked for it.

    Raises
    ------
    DataError
        When it holds no numbers.
    """
    if task not in ("classify", "regress"):
        return guessed
    kind: Kind = "category" if task == "classify" else "number"
    target = next(column for column in guessed.columns if column.role == "target")
    if target.kind == kind:
        return guessed
    known = as_text(frame.get_column(target.name).drop_nulls())
    if kind == "number" and to_numbers(known).null_count() > len(known) / 2:
        raise DataError(
            f"The target {target.name} holds no numbers, so no value can be told.",
            where=target.name,
            fix="Name a column of numbers with --target, or leave out --task.",
        )
    changed = target.model_copy(update={"kind": kind})
    return replace(
        guessed,
        columns=tuple(changed if each is target else each for each in guessed.columns),
        notes=tuple(note for note in guessed.notes if not note.startswith(f"{target.name} has ")),
    )


def _asked(task: Task | None, wanted: Task) -> bool | None:
    """Tell whether a task was asked for, or another; None leaves it to the data."""
    return None if task is None else task == wanted
