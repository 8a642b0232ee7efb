"""Predictions for the rows of a file, by a run of a project or by an exported model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from modelstudio.engine.answer_files import check_answers, write_answers
from modelstudio.engine.events import Progress
from modelstudio.engine.results import Predictions, PredictReport
from modelstudio.engine.unusable import UnusableFiles, unusable_files
from modelstudio.errors import DataError
from modelstudio.project.files import load_project
from modelstudio.project.model import CsvOptions, DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import Source, is_connection
from modelstudio.recipe.steps import Windows

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from modelstudio.data.fitted import FittedRecipe


class _Asked(NamedTuple):
    """What a model said, the threshold it goes by, and how its tables are read."""

    answers: Predictions
    threshold: float
    config: DataConfig
    unusable: tuple[UnusableFiles, ...]


def predict(
    model: Path,
    data: Path | str,
    out: Path,
    *,
    run: str | None = None,
    source: Source | None = None,
) -> Generator[Progress, None, PredictReport]:
    """Write the rows of a file with predictions added; ``model`` is a project or an ONNX file.

    Every row of the input is in the output; one that cannot be scored has empty predictions.

    Parameters
    ----------
    data
        A file, a folder, or the address of a database as text.
    source
        What of it is read, where that was said.

    Raises
    ------
    DataError
        When the data cannot be read, or no row of it can be scored; nothing is written then.
    """
    from modelstudio.data import sources

    placed = sources.placed(data)
    place = placed if is_connection(placed) else Path(placed)
    check_answers(out)
    if isinstance(place, Path) and out.exists() and place.exists() and out.samefile(place):
        raise DataError(
            f"The answers would take the place of {place.name}.",
            where=str(out),
            fix="Write them to another file.",
        )
    yield Progress("Loading the model")
    from modelstudio.engine.evaluate import Answered, unreadable_cells

    onnx = model.suffix.lower() == ".onnx"
    if onnx:
        asked = yield from _ask_onnx(model, place, source)
    else:
        asked = yield from _ask_run(model, place, run, source)
    answers, config = asked.answers, asked.config
    if not len(answers.rows):
        raise _no_answer(Path(place), answers, asked.unusable)
    files_only = all(column.kind in ("image", "audio") for column in config.features)
    text = sources.read_table(
        place, DataConfig(csv=config.csv, source=config.source), features_only=files_only
    )
    unreadable = unreadable_cells(text, config.features, config.csv)
    yield Progress("Writing the answers")
    as_given = DataConfig(csv=CsvOptions(commas=(), header=config.csv.header), source=config.source)
    table = sources.read_table(place, as_given, features_only=files_only)
    told = Answered(table, answers, asked.threshold, config.label_separator)
    write_answers(out, told, table.columns, config.columns)
    return PredictReport(out, table.height, answers.unscored, unreadable, asked.unusable)


def _no_answer(data: Path, answers: Predictions, unusable: tuple[UnusableFiles, ...]) -> DataError:
    rows = ("1 row" if count == 1 else f"{count:,} rows" for count in answers.unscored.values())
    reasons = [f"{why} ({many})" for why, many in zip(answers.unscored, rows, strict=True)]
    told = ", ".join(reasons) or "there are no rows"
    return DataError(
        " ".join([f"No row of {data.name} can be predicted: {told}.", *map(str, unusable)]),
        where=str(data),
        fix="Fill in or mend what is missing, or choose other rows. Nothing was written.",
    )


def _asking(config: DataConfig, data: Path | str, source: Source | None) -> DataConfig:
    """Return how the rows are read; a database is asked anew."""
    from modelstudio.data import sources

    config = config if source is None else config.changed(source=source)
    if isinstance(data, str):
        sources.renew(config.changed(path=data))
    return config


def _ask_run(
    model: Path, data: Path | str, run: str | None, source: Source | None
) -> Generator[Progress, None, _Asked]:
    from modelstudio.data import sources
    from modelstudio.engine.evaluate import encoded_rows, predictions, refuse_tokens
    from modelstudio.engine.run import load_run

    trained = yield from load_run(model, load_project(model), run)
    refuse_tokens(trained.fitted.target.kind, f"Run {trained.run.number}")
    yield Progress("Reading the data")
    config = _asking(trained.fitted.config(), data, source)
    frame = sources.read_table(
        data, config, target_needed=_past_needed(trained.fitted), features_only=True
    )
    yield Progress("Predicting", 0, frame.height)
    encoded = encoded_rows(trained.fitted, frame)
    answers = predictions(trained.task, encoded, trained.fitted, trained.device)
    unusable = unusable_files(trained.fitted, frame)
    return _Asked(answers, trained.decision.threshold, config, unusable)


def _ask_onnx(
    model: Path, data: Path | str, source: Source | None
) -> Generator[Progress, None, _Asked]:
    from modelstudio.data import sources
    from modelstudio.engine.evaluate import TargetKind, from_scores, refuse_tokens
    from modelstudio.engine.export.replay import open_model
    from modelstudio.engine.metrics import together

    opened = open_model(model)
    refuse_tokens(opened.task, model.name)
    yield Progress("Reading the data")
    recipe, config = opened.recipe, _asking(opened.config, data, source)
    needed = recipe is not None and _past_needed(recipe)
    frame = sources.read_table(data, config, target_needed=needed, features_only=True)
    yield Progress("Predicting", 0, frame.height)
    unscored = Counter[str]()

    def asked() -> Iterator[NDArray[np.float64]]:
        for each in _pieces(frame, recipe):
            fed = opened.fed(frame[each])
            unscored.update(fed.unscored)
            yield opened.answer(fed, each.stop - each.start)[1]

    scores = together(asked(), frame.height)
    answers = from_scores(cast(TargetKind, opened.task), opened.classes, scores)
    if lost := frame.height - len(answers.rows) - sum(unscored.values()):
        unscored[_missing(frame, opened.columns, answers.rows)] = lost
    answers = replace(answers, unscored=unscored)
    unusable = unusable_files(recipe, frame) if recipe is not None else ()
    return _Asked(answers, opened.threshold, config, unusable)


def _pieces(frame: pl.DataFrame, recipe: FittedRecipe | None) -> list[slice]:
    """Return which rows a file is asked about at a time: all, where rows look at others."""
    from modelstudio.data import spill
    from modelstudio.data.fitting import reach

    steps = [] if recipe is None else [each.step for each in recipe.steps]
    if reach(steps) or any(each.stage == "samples" for each in steps):
        return [slice(0, frame.height)]
    return spill.pieces(frame.height, 16 * frame.width)


def _past_needed(recipe: FittedRecipe) -> bool:
    """Tell whether the model looks at what the target was so far."""
    steps = (each.step for each in recipe.steps)
    return any(isinstance(each, Windows) and each.past == "with the target" for each in steps)


def _missing(frame: pl.DataFrame, columns: Sequence[Column], scored: NDArray[np.int64]) -> str:
    """Say what the rows without an answer lack: columns that are empty in none of the others."""
    names = [column.name for column in columns if column.name in frame.columns]
    given = frame.select(names)[scored].null_count().row(0)
    whole = frame.select(names).null_count().row(0)
    lacking = [
        name for name, some, every in zip(names, given, whole, strict=True) if every and not some
    ]
    return f"{' or '.join(lacking) or 'a value it needs'} is missing"
