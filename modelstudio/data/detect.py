"""What kind of source lies at a path, and what is to be learnt from it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import polars as pl

from modelstudio.data import guess as tables
from modelstudio.data import guess_pictures, guess_ratings, guess_series
from modelstudio.data.guess import Guess
from modelstudio.data.sources.folders import PICTURES, find
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig
from modelstudio.recipe.sources import Database, ImageFolder, Source, Table, is_connection

Task = Literal["classify", "regress", "next token", "forecast", "recommend"]
"""What is to be learnt, where the data does not tell."""


def detect(path: Path | str, task: Task | None = None) -> Source:
    """Tell the kind of source from what lies at a path.

    Raises
    ------
    DataError
        When it is a folder that holds nothing to learn from.
    """
    if is_connection(str(path)):
        return Database()
    path = Path(path)
    if not path.is_dir():
        return Table()
    try:
        find(path, PICTURES)
    except DataError as error:
        raise DataError(
            error.message,
            where=error.where,
            fix="Choose a folder of pictures, or a file with a table.",
        ) from None
    return ImageFolder()


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
    if isinstance(data.source, ImageFolder):
        return guess_pictures.guess(frame, target)
    guessed = tables.guess(frame, target)
    rated = guess_ratings.adapt(frame, guessed, recommend=_asked(task, "recommend"))
    if rated is not guessed:
        return rated
    return guess_series.adapt(frame, guessed, forecast=_asked(task, "forecast"))


def _asked(task: Task | None, wanted: Task) -> bool | None:
    """Tell whether a task was asked for, or another; None leaves it to the data."""
    return None if task is None else task == wanted
