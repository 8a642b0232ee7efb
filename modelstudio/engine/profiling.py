"""What a file or folder holds and what in it deserves a look, before there is a project."""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelstudio.engine.events import Progress, retold
from modelstudio.engine.projects import data_moved, lost_place
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions, DataConfig, Project, SplitConfig
from modelstudio.recipe.sources import Source

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from modelstudio.data.findings.finding import Finding
    from modelstudio.data.parts import PartsOfRows
    from modelstudio.engine.runs import RunStore


@dataclass(frozen=True, slots=True)
class SourceProfile:
    """A source in numbers; ``columns`` has a JSON object for each.

    ``notes`` are those on the source itself, which are also in ``source_notes``, and on guesses.
    """

    rows: int
    target: str | None
    columns: tuple[dict[str, Any], ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    source_notes: tuple[str, ...] = ()


def profile_source(
    path: Path | str,
    target: str | None = None,
    test_data: Path | None = None,
    csv: CsvOptions | None = None,
    source: Source | None = None,
) -> Generator[Progress, None, SourceProfile]:
    """Guess kinds, roles, recipe and split of a source as a new project does, and look at it.

    Raises
    ------
    DataError
        When the source cannot be read, or ``target`` is no column of it.
    """
    yield Progress("Looking at the data")
    from modelstudio.data import detect, sources

    data = DataConfig(
        path=sources.placed(path), source=source or detect.detect(path), csv=csv or CsvOptions()
    )
    data = sources.naming(data, target)
    sources.renew(data)
    plain = yield from _read(data, None)
    reading = sources.inspect(data).reading
    read = data.csv.changed(**{**reading, **data.csv.chosen()})
    guessed = detect.guess(data.changed(csv=read), plain, target)
    tested = str(sources.absolute(test_data)) if test_data else None
    split = SplitConfig(test_path=tested).changed(**guessed.split)
    data = data.changed(
        columns=guessed.columns,
        recipe=guessed.recipe,
        split=split,
        negatives=guessed.negatives,
        label_separator=guessed.label_separator,
    )
    data = data.changed(csv=data.csv.changed(**{**reading, **guessed.csv, **data.csv.chosen()}))
    return (yield from _described(data, None, plain, guessed.notes))


def profile_project(
    project: Project, base: Path | None, store: RunStore | None = None
) -> Generator[Progress, None, SourceProfile]:
    """Look at the data of a project with the kinds, roles and split that it has.

    Labels that the runs of a store doubt are among the findings.

    Raises
    ------
    DataError
        When the data cannot be read; `DataMoved` when it is not where it was.
    """
    yield Progress("Looking at the data")
    if (place := lost_place(project.data, base)) is not None:
        raise data_moved(place)
    plain = yield from _read(project.data, base)
    described = yield from _described(project.data, base, plain, ())
    if store is None:
        return described
    from modelstudio.data import sources
    from modelstudio.data.findings import ordered
    from modelstudio.engine.kept_doubts import known_doubts

    doubts = known_doubts(store, project.data, sources.fingerprint(project.data, base))
    return replace(described, findings=ordered((*described.findings, *doubts)))


def _read(data: DataConfig, base: Path | None) -> Generator[Progress, None, pl.DataFrame]:
    """Read the cells as they are in the source, and import meanwhile what describes them."""
    from modelstudio.data import sources

    with ThreadPoolExecutor(1) as beside:
        beside.submit(_import_what_describes)
        return (
            yield from retold(
                sources.reading_plain(data, base),
                lambda portion: Progress("Reading the data", portion.done, portion.total),
            )
        )


def _import_what_describes() -> None:
    for name in ("guess_pictures", "guess_ratings", "findings", "details", "prepare", "split"):
        import_module(f"modelstudio.data.{name}")


def _described(
    data: DataConfig, base: Path | None, plain: pl.DataFrame, notes: tuple[str, ...]
) -> Generator[Progress, None, SourceProfile]:
    """Describe columns whose kinds are known, and look for problems."""
    from modelstudio.data import profile, sources
    from modelstudio.data.details import TOP, details
    from modelstudio.data.findings import findings, ordered

    yield Progress("Describing the columns")
    frame = sources.read(data, base)
    with profile.threads_for(frame) as threads:
        dealt = threads.submit(_dealt, data, frame)
        profiles = profile.profile(frame, data.columns, TOP, threads)
        whole, parts = dealt.result()
    columns = [
        {
            "name": column.name,
            "kind": column.kind,
            "role": column.role,
            "missing": facts.missing,
            "distinct": facts.distinct,
            **details(frame.get_column(column.name), column, facts),
        }
        for column, facts in zip(data.columns, profiles, strict=True)
    ]
    yield Progress("Looking for problems")
    tests = None
    if data.split.test_path is not None:
        tests = sources.read_table(sources.resolve(data.split.test_path, base), data)
    found = findings(
        data, frame, profiles, parts, whole=whole, tests=tests, plain=plain, ignored=True
    )
    for column, described in zip(data.columns, columns, strict=True):
        if column.kind == "image":
            pictures, seen = yield from _pictures(data, base, frame, column.name, parts)
            described.update(pictures)
            found = ordered((*found, *seen))
    found = ordered((*found, *(yield from _sounds(data, frame))))
    chosen = data.target
    told = sources.inspect(data, base).notes
    target = chosen.name if chosen else None
    return SourceProfile(frame.height, target, tuple(columns), found, (*told, *notes), told)


def _dealt(data: DataConfig, frame: pl.DataFrame) -> tuple[bool, PartsOfRows]:
    """Tell whether a new project would keep all rows, and what splits them as it would.

    Where rows can be neither kept nor split, none is in a part.
    """
    import numpy as np

    from modelstudio.data.fitted import row_numbers
    from modelstudio.data.parts import part_codes
    from modelstudio.data.prepare import clean_rows
    from modelstudio.data.sources import ROW
    from modelstudio.data.split import split_table

    def codes() -> NDArray[np.uint8]:
        numbers = row_numbers(clean)
        try:
            return part_codes(numbers, split_table(clean, numbers, data), frame.height)
        except DataError:
            return np.zeros(frame.height, np.uint8)

    try:
        clean, _ = clean_rows(data, frame.with_row_index(ROW))
    except DataError:
        return False, lambda: np.zeros(frame.height, np.uint8)
    if clean.height == frame.height:
        return True, cache(codes)
    found = codes()
    return False, lambda: found


def _sounds(
    data: DataConfig, frame: pl.DataFrame
) -> Generator[Progress, None, tuple[Finding, ...]]:
    """Look for sounds that cannot be used."""
    from modelstudio.data.findings.files import sound_findings

    return (
        yield from retold(
            sound_findings(data, frame), lambda seen: Progress("Listening to the sounds", *seen)
        )
    )


def _pictures(
    data: DataConfig,
    base: Path | None,
    frame: pl.DataFrame,
    column: str,
    parts: PartsOfRows,
) -> Generator[Progress, None, tuple[dict[str, Any], tuple[Finding, ...]]]:
    """Look at every picture of a column; one that is not named is left out."""
    from modelstudio.data import picture_profile, sources
    from modelstudio.data.parts import PARTS
    from modelstudio.data.sources.folders import names_of
    from modelstudio.recipe.sources import ImageFolder

    target, labels = data.target, None
    if target is not None and target.kind == "category":
        labels = frame.get_column(target.name).to_list()
    paths = frame.get_column(column).fill_null("").to_list()
    facts = yield from retold(
        picture_profile.profile(paths, labels),
        lambda seen: Progress("Looking at the pictures", seen.done, seen.total),
    )
    codes = parts()
    told = [PARTS[part] for part in codes] if codes.any() else None
    described = {
        "sizes": [
            {"width": width, "height": height, "rows": rows}
            for (width, height), rows in list(facts.sizes.items())[:10]
        ],
        "colours": dict(facts.colours),
        "formats": dict(facts.formats),
        "classes": dict(facts.classes),
    }
    assert data.path is not None
    place = sources.resolve(data.path, base)
    names = names_of(paths, place.parent if place.is_file() else place)
    if isinstance(data.source, ImageFolder):
        gone = set(data.source.left_out)
        facts = facts.without({row for row, name in enumerate(names) if name in gone})
    return described, picture_profile.picture_findings(facts, column, labels, told, names)
