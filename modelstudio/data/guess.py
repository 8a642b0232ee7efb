"""Types, roles and a recipe for a table nobody has described yet; every guess is said in a note."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from modelstudio.data import spill
from modelstudio.data.guess_forms import forms_of
from modelstudio.data.guess_kinds import (
    DISTINCT,
    GREAT,
    KNOWN,
    facts_of,
    fractions_nearby,
    some_of,
    sums_of,
)
from modelstudio.data.guess_kinds import ID_NAME as ID_NAME
from modelstudio.data.guess_kinds import guess_kinds as guess_kinds
from modelstudio.data.guess_parts import guess_part_column
from modelstudio.data.guess_reading import dates_read, reading_notes
from modelstudio.data.guess_target import guess_target as guess_target
from modelstudio.data.guess_target import target_kind
from modelstudio.data.sources.numbers import numbers_in_pieces
from modelstudio.data.sources.values import (
    GREATEST,
    MISSING_NUMBERS,
    Pieces,
    all_to_numbers,
    as_text,
)
from modelstudio.errors import DataError
from modelstudio.project.model import CsvOptions
from modelstudio.recipe.augment import Augmentation
from modelstudio.recipe.columns import Column, Kind, Role
from modelstudio.recipe.negatives import Negatives
from modelstudio.recipe.steps import (
    ClipOutliers,
    DropDuplicates,
    DropMissingTarget,
    FillMissing,
    OneHot,
    Standardise,
    Step,
    Tokenise,
)
from modelstudio.wording import counted

SAMPLE = 20_000
"""Rows looked at to tell a kind, spread over the table."""

MANY_COPIES, FEW_COMBINATIONS = 0.05, 20
"""Equal rows are no copies when they are a greater share than the first, and there are fewer
combinations of values a row than the second."""

SHORT_TEXT, FREE_TEXT = 3, 6
"""Words in the mean from which a column is text, and from which it is read, and with it the other
columns of text. Without one of that length the short ones are taken for names."""

NO_FEATURE = "No column could be taken as a feature. Choose some on the Data page."


@dataclass(frozen=True, slots=True)
class Guess:
    """What was guessed of a table; ``notes`` are sentences for the person.

    ``split`` are the settings of the split that the data calls for, ``augment`` the random changes
    that training gains from, ``negatives`` how what was not chosen is drawn where that is needed,
    ``label_separator`` what parts several labels in a cell of the target, ``csv`` how other files
    have to be read to be understood in the same way.
    """

    columns: tuple[Column, ...]
    recipe: tuple[Step, ...]
    notes: tuple[str, ...]
    split: Mapping[str, Any] = field(default_factory=dict)
    augment: tuple[Augmentation, ...] = ()
    negatives: Negatives | None = None
    label_separator: str | None = None
    csv: Mapping[str, Any] = field(default_factory=dict)


def guess(frame: pl.DataFrame, target: str | None = None, csv: CsvOptions | None = None) -> Guess:
    """Guess everything.

    Parameters
    ----------
    frame
        The table as `sources.read_plain` gives it.
    target
        The column to predict, if it is known.
    csv
        How the file was asked to be read.

    Raises
    ------
    DataError
        When ``target`` is no column, or the table has only one.
    """
    sample = frame.gather_every(-(-frame.height // SAMPLE) or 1)
    kinds = guess_kinds(sample)
    if sample.height < frame.height:
        ids = [name for name, kind in kinds.items() if kind == "id"]
        kinds.update(dict.fromkeys(fractions_nearby(frame, ids), "number"))
    same = _same(frame, sample)
    notes: list[str] = []
    parts = guess_part_column(frame, (name for name in kinds if name != target))
    if parts is not None:
        kinds[parts] = "category"
    if target is None:
        usable = {name: kind for name, kind in kinds.items() if name != parts}
        target, reason = guess_target(usable, same, sample)
        notes.append(f"{target} was taken as the target, {reason}. Another can be chosen.")
    elif target not in frame.columns:
        raise DataError(
            f"The table has no column {target}.",
            where=target,
            fix=f"Its columns are {', '.join(frame.columns[:12])}"
            f"{' ...' if frame.width > 12 else ''}.",
        )
    if frame.width < 2:
        notes.append(
            f"The table has only the column {target}, so there is nothing to predict it from. "
            "Choose a file with more columns, or check the delimiter."
        )
    others = [name for name in frame.columns if name != target]
    if all(kinds[name] in ("id", "date", "text") for name in others):
        text = pl.DataFrame([as_text(column) for column in sample])
        known, numbers = facts_of(text, KNOWN), facts_of(all_to_numbers(text), KNOWN)
        kinds.update(
            {
                name: "number"
                for name in others
                if 0 < known[name] == numbers[name] and kinds[name] != "date"
            }
        )
    kinds[target] = target_kind(frame.get_column(target), kinds[target], notes)
    reasons = _reasons_to_ignore(frame, kinds, same)
    split: dict[str, Any] = {}
    if parts is not None:
        reasons[parts] = "it tells which rows train, validate and test, and they are split by it"
        split = {"method": "column", "by": parts}
    if all(name in reasons for name in others):
        reasons = {name: why for name, why in reasons.items() if kinds[name] != "text"}
    columns = []
    for name, kind in kinds.items():
        role: Role = "target" if name == target else "ignored" if name in reasons else "feature"
        columns.append(Column(name=name, kind=kind, role=role))
        if role == "ignored":
            notes.append(f"{name} is ignored: {reasons[name]}.")
    if not any(column.role == "feature" for column in columns):
        notes.append(NO_FEATURE)
    texts = [each.name for each in columns if each.kind == "text" and each.role == "feature"]
    notes += [text_note(texts)] if texts else []
    if empty := frame.get_column(target).null_count():
        rows = "1 row" if empty == 1 else f"{empty:,} rows"
        notes.append(f"{rows} without {target} {'is' if empty == 1 else 'are'} left out.")
    notes += _missing_notes(frame, columns)
    notes += _rounding_notes(sample, columns)
    asked = csv or CsvOptions()
    found = {**dates_read(sample, columns, asked), "forms": forms_of(frame, sample, kinds)}
    notes += reading_notes(sample, columns, asked.changed(**found))
    recipe = guess_recipe(tuple(columns))
    if copies := _natural_copies(frame, sample):
        recipe = tuple(
            step.changed(enabled=False) if isinstance(step, DropDuplicates) else step
            for step in recipe
        )
        notes.append(
            f"{copies:,} of {frame.height:,} rows equal an earlier one. With so few different "
            "values they are taken for rows of their own; switch on Drop duplicate rows if they "
            "are copies."
        )
    return Guess(tuple(columns), recipe, tuple(notes), split, csv=found)


def text_note(columns: Sequence[str]) -> str:
    """Say what becomes of columns of text by default."""
    step, listed = Tokenise(), ", ".join(columns[:4]) + (" ..." if len(columns) > 4 else "")
    return (
        f"{listed}: the text becomes words in small letters, the first {step.length} of a row; "
        f"the {step.vocabulary:,} most frequent of the training rows are told apart."
    )


def _natural_copies(frame: pl.DataFrame, sample: pl.DataFrame) -> int:
    """Count rows equal to an earlier one where that is bound to happen, else return 0.

    The sample tells at once when there are too many combinations, as in most tables.
    """
    enough = FEW_COMBINATIONS * frame.height
    if math.prod(facts_of(sample, pl.all().n_unique()).values()) >= enough:
        return 0
    if math.prod(_different(frame).values()) >= enough:
        return 0
    copies = frame.height - spill.count_rows(frame)
    return copies if copies > MANY_COPIES * frame.height else 0


def _same(frame: pl.DataFrame, sample: pl.DataFrame) -> set[str]:
    """Return the columns whose known values are all one; most differ in the sample already."""
    counts = facts_of(sample, DISTINCT)
    doubtful = some_of(frame, [name for name, count in counts.items() if count < 2])
    missing = doubtful.null_count().row(0, named=True) if doubtful.width else {}
    return {name for name, count in _different(doubtful).items() if count - (missing[name] > 0) < 2}


def _different(frame: pl.DataFrame) -> dict[str, int]:
    """Count the different values of each column, a missing one among them."""
    if not spill.is_spilled(16 * frame.height):
        return facts_of(frame, pl.all().n_unique())
    return {each.name: spill.count_unique(each) + (each.null_count() > 0) for each in frame}


def _missing_notes(frame: pl.DataFrame, columns: list[Column]) -> list[str]:
    """Say which cells count as missing, or do not, though a person may think otherwise."""
    written = set(frame.select(pl.col(pl.String)).columns)
    named = {
        kind: [
            each.name
            for each in columns
            if each.kind == kind and each.role != "ignored" and each.name in written
        ]
        for kind in ("number", "category")
    }
    text = some_of(frame, named["number"])
    read = (pl.all().cast(pl.Float64, strict=False).abs() < GREATEST).sum()
    known, plain = sums_of(text, KNOWN), sums_of(text, read)
    unread = some_of(text, [name for name in text.columns if plain[name] < known[name]])
    notes = []
    for name, odd in _no_numbers(unread):
        usual = pl.col("cell").is_in(MISSING_NUMBERS)
        words_for_missing, others = odd.filter(usual), odd.filter(~usual)
        if len(words_for_missing):
            stand = "stands" if _count(words_for_missing) == 1 else "stand"
            notes.append(f"{_cells(words_for_missing)} of {name} {stand} for a missing value.")
        if len(others):
            hold, count = ("holds", "counts") if _count(others) == 1 else ("hold", "count")
            told = f"{_cells(others)} of {name}"
            notes.append(f"{told} {hold} no finite number and {count} as missing.")
    words: dict[str, list[str]] = {}
    text = some_of(frame, named["category"])
    unsure = sums_of(text, pl.all().is_in(MISSING_NUMBERS).any())
    for cells in some_of(text, [name for name in text.columns if unsure[name]]):
        pieces = (cells[each] for each in spill.pieces(len(cells), 16))
        met = {
            word for some in pieces for word in some.filter(some.is_in(MISSING_NUMBERS)).unique()
        }
        for word in met:
            words.setdefault(word, []).append(cells.name)
    for word, names in sorted(words.items()):
        notes.append(
            f"{word!r} counts as a category in {', '.join(names[:4])}"
            f"{' ...' if len(names) > 4 else ''}. Name it as a word for missing if it means that."
        )
    return notes


def _rounding_notes(sample: pl.DataFrame, columns: Sequence[Column]) -> Iterator[str]:
    """Say which whole numbers are rounded, as a double has no place for them."""
    numbers = {each.name for each in columns if each.kind == "number" and each.role != "ignored"}
    text = some_of(
        sample, [each for each in sample.select(pl.col(pl.String)).columns if each in numbers]
    )
    great = sums_of(text, pl.all().str.contains(GREAT).any())
    for cells in some_of(text, [name for name in text.columns if great[name]]):
        exact = cells.filter(cells.str.contains(GREAT)).cast(pl.Int128, strict=False)
        read = exact.cast(pl.Float64).cast(pl.Int128, strict=False)
        pairs = pl.DataFrame({"exact": exact, "read": read}).filter(exact != read)
        if pairs.height:
            told, rounded = pairs.row(0)
            yield (
                f"{cells.name} has whole numbers of more digits than a number keeps: {told} is "
                f"read as {rounded}. If they are ids, set its kind to id."
            )


def _no_numbers(frame: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield what stands in each column beside numbers, as ``cell`` with its ``count``."""
    pieces: Iterable[tuple[Iterable[pl.Series], Iterable[pl.Series]]]
    if spill.is_spilled(16 * frame.height):
        pieces = ((Pieces(text), numbers_in_pieces(Pieces(text))) for text in frame)
    else:
        pieces = (([text], [read]) for text, read in zip(frame, all_to_numbers(frame), strict=True))
    for column, (text, numbers) in zip(frame, pieces, strict=True):
        odd = [
            _counted(some.filter(read.is_null() & some.is_not_null()))
            for some, read in zip(text, numbers, strict=True)
        ]
        together = pl.concat(odd).group_by("cell", maintain_order=True).agg(pl.col("count").sum())
        yield column.name, together


def _counted(cells: pl.Series) -> pl.DataFrame:
    frame = cells.alias("cell").to_frame()
    return frame.group_by("cell", maintain_order=True).agg(pl.len().alias("count"))


def _cells(odd: pl.DataFrame) -> str:
    shown = ", ".join(map(repr, odd.get_column("cell").head(3).to_list()))
    return f"{counted(_count(odd), 'cell')} ({shown})"


def _count(odd: pl.DataFrame) -> int:
    return int(odd.get_column("count").sum())


def _reasons_to_ignore(
    frame: pl.DataFrame, kinds: dict[str, Kind], same: Collection[str]
) -> dict[str, str]:
    """Say of the columns that make poor features why."""
    known, rows = facts_of(frame, KNOWN), frame.height
    text = some_of(frame.head(SAMPLE), [name for name, kind in kinds.items() if kind == "text"])
    words = facts_of(text, pl.all().str.count_matches(r"\S+").mean())
    read = any((count or 0) >= FREE_TEXT for count in words.values())
    reasons = {}
    for name, kind in kinds.items():
        if not known[name]:
            reasons[name] = "it is empty in every row"
        elif name in same and known[name] == rows:
            reasons[name] = "it has the same value in every row"
        elif known[name] < min(20, 0.05 * rows):
            reasons[name] = "it is empty in almost every row"
        elif kind == "id":
            reasons[name] = "it looks like an id"
        elif kind == "date":
            reasons[name] = "it holds dates"
        elif kind == "text":
            count = words[name] or 0
            if count < SHORT_TEXT:
                reasons[name] = "it has too many categories"
            elif not read:
                reasons[name] = "it holds short texts, such as names"
    return reasons


def guess_recipe(columns: tuple[Column, ...]) -> tuple[Step, ...]:
    """Choose steps that suit the kinds of the features and harm no table."""
    kinds = {column.kind for column in columns if column.role == "feature"}
    steps: list[Step] = [DropDuplicates(), DropMissingTarget()]
    if kinds - {"text"}:
        steps.append(FillMissing())
    if "number" in kinds:
        steps += [ClipOutliers(method="z-score", factor=6.0), Standardise()]
    if "category" in kinds:
        steps.append(OneHot())
    if "text" in kinds:
        steps.append(Tokenise())
    return tuple(steps)
