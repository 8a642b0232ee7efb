"""What in a source deserves a look before training, each with rows and a way to mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import chain

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.findings import classes, groups, leaks, likeness, single, totals, writing
from modelstudio.data.findings.counts import Counts
from modelstudio.data.findings.finding import Finding
from modelstudio.data.parts import PartsOfRows
from modelstudio.data.profile import SHORT, THREADS, ColumnProfile
from modelstudio.data.sources.folders import FILE
from modelstudio.project.model import DataConfig
from modelstudio.recipe.columns import Column
from modelstudio.recipe.sources import Database, LongText, Table, TextFolder
from modelstudio.recipe.steps import DropDuplicates, Windows

_ORDER = {"error": 0, "warning": 1, "info": 2, "fact": 3, "success": 4}


def findings(
    data: DataConfig,
    frame: pl.DataFrame,
    profiles: Sequence[ColumnProfile],
    parts: PartsOfRows | None = None,
    *,
    whole: bool = False,
    tests: pl.DataFrame | None = None,
    plain: pl.DataFrame | None = None,
    ignored: bool = False,
) -> tuple[Finding, ...]:
    """Return what deserves a look, the gravest first.

    Parameters
    ----------
    frame
        The whole source, each column as its kind.
    parts
        Tells the part of each row, and is asked only where that matters.
    whole
        Every row is in a part.
    tests
        Rows of a test file.
    plain
        The source as `sources.read_plain` gives it, to see words among numbers.
    ignored
        Look at columns that are ignored too.
    """
    columns, target, rows = data.columns, data.target, frame.height
    found: list[Finding] = []
    looks: list[Callable[[], Iterable[Finding]]] = []
    if plain is not None and isinstance(data.source, (Table, Database)):
        found, samples = totals.total_findings(frame, plain)
        frame, plain = frame.head(samples), plain.head(samples)
        parts = partial(_first, parts, samples) if parts else None
    counts = Counts(frame, profiles if frame.height == rows else ())
    if plain is not None and isinstance(data.source, (Table, Database)):
        looks.append(partial(writing.writing_findings, frame, plain, data, counts))
    files = not isinstance(data.source, (Table, Database))
    if isinstance(data.source, TextFolder) and FILE in frame.columns:
        from modelstudio.data.findings.files import text_findings

        looks.append(partial(text_findings, frame))
    looks.append(
        partial(single.column_findings, frame, columns, profiles, plain, ignored, counts, files)
    )
    if target is not None and target.kind != "text" and _tells_one(data):
        facts = next(each for each in profiles if each.name == target.name)
        balanced = data.split.balance != "none"
        looks.append(partial(classes.class_findings, frame, target, facts, counts, balanced))
        if not any(isinstance(step, Windows) and step.enabled for step in data.recipe):
            looks.append(partial(leaks.leak_findings, frame, columns, target, ignored))
    if target is not None and data.label_separator is not None:
        looks.append(partial(classes.label_findings, frame, target, data.label_separator))
    if isinstance(data.source, LongText):
        return ordered([*found, *_side_by_side(looks, rows)])
    asked = parts or partial(_none, frame.height)
    named = likeness.part_column(frame, columns)
    content = [
        column
        for column in columns
        if column.kind not in ("image", "audio")
        and not (files and column.name == FILE)
        and (named is None or column.name != named[0])
    ]
    if any(column.role == "feature" for column in content):
        unlike = len(content) == frame.width and whole and _drops_copies(data)
        told = asked if named is None else partial(_first, lambda: named[1], frame.height)
        looks.append(partial(_alike, frame, content, told, unlike))
    looks.append(partial(groups.group_findings, frame, columns, profiles, data.split, asked))
    if tests is not None:
        looks.append(partial(likeness.overlap_findings, frame, asked, tests, columns))
    return ordered([*found, *_side_by_side(looks, rows)])


def _alike(
    frame: pl.DataFrame, content: Sequence[Column], parts: PartsOfRows, unlike: bool
) -> Iterator[Finding]:
    found = likeness.alike(frame, content, unlike=unlike)
    return likeness.likeness_findings(found, frame, parts)


def _drops_copies(data: DataConfig) -> bool:
    return any(isinstance(step, DropDuplicates) and step.enabled for step in data.recipe)


def _none(rows: int) -> NDArray[np.uint8]:
    return np.zeros(rows, np.uint8)


def _first(parts: PartsOfRows, rows: int) -> NDArray[np.uint8]:
    return parts()[:rows]


def _side_by_side(looks: Sequence[Callable[[], Iterable[Finding]]], rows: int) -> list[Finding]:
    """Look for several things at once in many rows, and return what was found in their order.

    The last take longest, so they begin.
    """
    with ThreadPoolExecutor(THREADS if rows >= SHORT else 1) as threads:
        found = list(threads.map(lambda look: list(look()), reversed(looks)))
    return list(chain.from_iterable(reversed(found)))


def _tells_one(data: DataConfig) -> bool:
    """Tell whether a cell of the target is one class or number."""
    return data.negatives is None and data.label_separator is None


def ordered(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """Put the gravest first."""
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.severity]))
