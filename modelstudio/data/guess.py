"""Types, roles and a recipe for a table nobody has described yet; every guess is said in a note."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import polars as pl
from polars import selectors

from modelstudio.data.guess_reading import dates_read, reading_notes
from modelstudio.data.sources.dates import in_either_order
from modelstudio.data.sources.numbers import CODE
from modelstudio.data.sources.values import (
    GREATEST,
    MISSING_NUMBERS,
    all_to_dates,
    all_to_numbers,
    as_text,
    measurable,
    to_numbers,
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

SAMPLE = 20_000
"""Rows looked at to tell a kind, spread over the table."""

TARGET_NAMES = tuple(
    """target label outcome survived churn churned exited attrition fraud isfraud spam species
    variety diagnosis sentiment class saleprice medv medianhousevalue mpg rating ratings""".split()
)
"""Names of targets, the surest first, in small letters without signs between them."""

LIKELY_NAMES = tuple(
    """default response price charges rings income salary quality category result y""".split()
)
"""Names that features have too: one in the last column is surer, and one in the first."""

CODE_NAME = re.compile(
    r"(?i:^(.*[_\W])?(zip|plz|phone|telephone|tel|mobile|fax|isbn|ean|upc|iban|ssn|imei|"
    r"(zip|post|postal)[_ ]?code)([_\W]?(no|nr|number|code))?$)"
)
"""Names of what is written in digits and is no amount."""

CODES = 0.01
"""Share of the cells that begin so in a column of codes."""

NAMELESS = re.compile(r"column_\d+")
"""Names of columns that have none in the file."""

TIME_NAME = re.compile(
    r"(?i:^(.*[_\W])?(unix|epoch|timestamp|ts|time|date|datetime|created|updated|modified)"
    r"([_\W]?(at|on|time|utc|s|ms|seconds))?$)"
)
FIRST_TIME, LAST_TIME = 2**28, 2**32
"""Seconds since the beginning of 1970 between which a number under such a name is a time."""

TARGET_ENDINGS = ("target", "label", "outcome", "class", "price", "status")

CLASS_NAMES = ("target", "label", "class", "category", "type", "species", "digit", "cluster")
"""Endings of names that speak of classes even when these are numbers."""

MOST_BLOCKS = 30
"""Classes of a table without header whose rows are sorted by them."""

SURE_ID_NAME = re.compile(r"(?i:(^|[_\W])(id|uuid|guid)$)|(?<=[a-z])(I[dD]|No)$")
"""Names of numbers that stand for things, even when each has several rows."""

FEW_WORDS, MANY_NUMBERS = 3, 10
"""Words among numbers that are taken for missing ones, and different numbers beside them."""

MANY_IDS = 30
"""Different numbers from which a column under such a name is no feature."""

ID_NAME = re.compile(r"(?i:(^|[_\W])(id|uuid|guid|key|index|rowid|no|nr)$)|(?<=[a-z])I[dD]$")

MANY_COPIES, FEW_COMBINATIONS = 0.05, 20
"""Equal rows are no copies when they are a greater share than the first, and there are fewer
combinations of values a row than the second."""

SHORT_TEXT, FREE_TEXT = 3, 6
"""Words in the mean from which a column is text, and from which it is read, and with it the other
columns of text. Without one of that length the short ones are taken for names."""

FEW_CLASSES, MOST_CLASSES = 10, 20
"""A target of so many different whole numbers is taken for classes; above the first, only when
they count up from 0 or 1, or the name says so."""


NO_FEATURE = "No column could be taken as a feature. Choose some on the Data page."

_KNOWN = pl.all().count()
"""How many cells of a column are not missing."""

_DISTINCT = pl.all().drop_nulls().n_unique()
"""How many different values these have."""

_CODES = pl.all().str.contains(CODE).sum()
"""How many are codes rather than amounts."""


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
    same = _same(frame, sample)
    notes: list[str] = []
    if target is None:
        target, reason = guess_target(kinds, same, sample)
        notes.append(f"{target} was taken as the target, {reason}. Another can be chosen.")
    elif target not in frame.columns:
        raise DataError(
            f"The table has no column {target}.",
            where=target,
            fix=f"Its columns are {', '.join(frame.columns[:12])}"
            f"{' ...' if frame.width > 12 else ''}.",
        )
    if frame.width < 2:
        raise DataError(
            f"The table has only the column {target}, so there is nothing to predict it from.",
            fix="Choose a file with more columns, or check the delimiter.",
        )
    others = [name for name in frame.columns if name != target]
    if all(kinds[name] in ("id", "date", "text") for name in others):
        text = pl.DataFrame([as_text(column) for column in sample])
        known, numbers = _each(text, _KNOWN), _each(all_to_numbers(text), _KNOWN)
        kinds.update(
            {
                name: "number"
                for name in others
                if 0 < known[name] == numbers[name] and kinds[name] != "date"
            }
        )
    kinds[target] = _target_kind(frame.get_column(target), kinds[target], notes)
    reasons = _reasons_to_ignore(frame, kinds, same)
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
    asked = csv or CsvOptions()
    found = dates_read(sample, columns, asked)
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
    return Guess(tuple(columns), recipe, tuple(notes), csv=found)


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
    if any(
        math.prod(_each(rows, pl.all().n_unique()).values()) >= enough for rows in (sample, frame)
    ):
        return 0
    copies = frame.height - frame.n_unique()
    return copies if copies > MANY_COPIES * frame.height else 0


def _each(frame: pl.DataFrame, fact: pl.Expr) -> dict[str, Any]:
    """Work out a fact of every column in one pass; by name."""
    return frame.select(fact).row(0, named=True) if frame.width else {}


def _only(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Return some columns, perhaps none; a name is never taken for a pattern."""
    return pl.DataFrame([frame.get_column(name) for name in names])


def guess_kind(column: pl.Series) -> Kind:
    """Tell the kind of a column from its values."""
    return guess_kinds(column.to_frame())[column.name]


def guess_kinds(frame: pl.DataFrame) -> dict[str, Kind]:
    """Tell the kinds of columns from their values; numbers and dates may come as such."""
    numbers = frame.select(selectors.numeric().cast(pl.Float64))
    known, distinct = _each(numbers, _KNOWN), _each(numbers, _DISTINCT)
    kinds: dict[str, Kind] = dict.fromkeys(frame.columns, "date")
    kinds.update(_number_or_id(numbers, known, distinct))
    codes = [name for name in numbers.columns if CODE_NAME.search(name) and known[name]]
    written = pl.DataFrame([as_text(frame.get_column(name)) for name in codes])
    kinds.update(_kinds_of_text(written))
    kinds.update(_kinds_of_text(frame.select(pl.col(pl.String))))
    return kinds


def _kinds_of_text(frame: pl.DataFrame) -> dict[str, Kind]:
    known = _each(frame, _KNOWN)
    words = _each(frame, (~pl.all().is_in(MISSING_NUMBERS)).sum())
    distinct = _each(frame, _DISTINCT)
    numbers = all_to_numbers(frame)
    read = _each(numbers, _KNOWN)
    kinds: dict[str, Kind] = {name: "category" if known[name] else "number" for name in known}
    numbers_too = {
        name
        for name, count in words.items()
        if 0.5 * count <= read[name] < 0.95 * count
        and _few_words(frame.get_column(name), numbers.get_column(name))
    }
    coded = {name for name, count in _each(frame, _CODES).items() if count > CODES * known[name]}
    coded |= {name for name in frame.columns if CODE_NAME.search(name)}
    like_numbers = {
        name
        for name, count in words.items()
        if (read[name] >= 0.95 * count or name in numbers_too) and name not in coded
    }
    numeric = [name for name, count in words.items() if count and name in like_numbers]
    wordy = [name for name, count in words.items() if count and name not in like_numbers]
    kinds.update(_number_or_id(_only(numbers, numeric), known, distinct))
    kinds.update(_other_kinds(_only(frame, wordy), known, words, distinct))
    return kinds


def _few_words(text: pl.Series, numbers: pl.Series) -> bool:
    """Tell whether the words among many numbers are so few that they stand for missing ones."""
    words = text.filter(numbers.is_null() & ~text.is_in(MISSING_NUMBERS)).n_unique()
    return words <= FEW_WORDS and numbers.drop_nulls().n_unique() > MANY_NUMBERS


def _number_or_id(
    numbers: pl.DataFrame, known: dict[str, int], distinct: dict[str, int]
) -> dict[str, Kind]:
    """Tell ids from numbers: whole, and counting up evenly or, with the name of an id, unique."""
    many = [name for name in numbers.columns if known[name] > 20]
    whole = _each(_only(numbers, many), (pl.all() == pl.all().round()).all())
    once = [name for name in many if whole[name] and distinct[name] == known[name]]
    strides = _each(_only(numbers, once), pl.all().drop_nulls().diff().drop_nulls().n_unique())
    named = {
        name
        for name in many
        if whole[name] and distinct[name] >= 0.9 * known[name] and _names_rows(name)
    }
    named |= {
        name
        for name in many
        if whole[name] and SURE_ID_NAME.search(name) and distinct[name] > MANY_IDS
    }
    return {
        name: "date"
        if _counts_time(numbers.get_column(name), whole=whole.get(name, False))
        else "id"
        if name in named or strides.get(name) == 1
        else "number"
        for name in numbers.columns
    }


def _counts_time(numbers: pl.Series, *, whole: bool) -> bool:
    """Tell times in seconds or milliseconds since the beginning of 1970 by name and size."""
    nameless = bool(NAMELESS.fullmatch(numbers.name))
    if not (nameless or TIME_NAME.search(numbers.name)) or numbers.null_count() == len(numbers):
        return False
    low, high = cast(float, numbers.min()), cast(float, numbers.max())
    if nameless:
        return low >= 2 * FIRST_TIME and high < min(2 * low, LAST_TIME) and whole
    return whole and any(FIRST_TIME * unit <= low <= high < LAST_TIME * unit for unit in (1, 1000))


def _names_rows(name: str) -> bool:
    return bool(ID_NAME.search(name)) or name == "column_1"


def _other_kinds(
    frame: pl.DataFrame, known: dict[str, int], words: dict[str, int], distinct: dict[str, int]
) -> dict[str, Kind]:
    """Tell dates, ids, categories and text apart."""
    lengths = _each(frame, pl.all().str.len_chars().mean())
    spaced = _each(frame, pl.all().str.contains(r"\s").any())
    digits = _each(frame, pl.all().str.contains(r"^[+-]?\d").sum())
    enough = {name: 0.95 * words[name] for name in frame.columns}
    likely = _only(frame, [name for name in frame.columns if digits[name] >= enough[name]])
    dates = _each(all_to_dates(likely), _KNOWN)
    turned = {
        name
        for name, count in dates.items()
        if 0.5 * enough[name] < count < enough[name]
        and len(in_either_order(likely.get_column(name)).drop_nulls()) >= enough[name]
    }
    kinds: dict[str, Kind] = {}
    for name in frame.columns:
        count, different, length = known[name], distinct[name], lengths[name]
        few = different <= min(1000, max(30, 0.1 * count), max(10, 0.5 * count))
        if dates.get(name, -1) >= enough[name] or name in turned:
            kinds[name] = "date"
        elif different == count > 20 and length <= 40 and not spaced[name]:
            kinds[name] = "id"
        else:
            kinds[name] = "category" if few and length <= 80 else "text"
    return kinds


def _same(frame: pl.DataFrame, sample: pl.DataFrame) -> set[str]:
    """Return the columns whose known values are all one; most differ in the sample already."""
    counts = _each(sample, _DISTINCT)
    doubtful = _only(frame, [name for name, count in counts.items() if count < 2])
    return {name for name, count in _each(doubtful, _DISTINCT).items() if count < 2}


def guess_target(
    kinds: dict[str, Kind], same: Collection[str], sample: pl.DataFrame | None = None
) -> tuple[str, str]:
    """Choose the column to predict, by name, else the last that could be one; say why."""
    usable = [
        name for name, kind in kinds.items() if kind in ("number", "category") and name not in same
    ]
    plain = {re.sub(r"[\W_]", "", name).lower(): name for name in reversed(usable)}
    ends = [name for name in reversed(plain) if plain[name] in (usable[-1], usable[0])]
    likely = [name for name in ends if name in LIKELY_NAMES]
    for known in (*TARGET_NAMES, *likely[::-1], *LIKELY_NAMES):
        if known in plain:
            return plain[known], "because of its name"
    for name in reversed(usable):
        if name.lower().endswith(TARGET_ENDINGS):
            return name, "because of its name"
    if sample is not None and (named := _sorted_by(sample, usable)):
        return named, "because the rows are sorted by it or it alone holds categories"
    return (usable or list(kinds))[-1], "because it is the last that could be one"


def _sorted_by(sample: pl.DataFrame, usable: Sequence[str]) -> str:
    """Return what a table without header begins with if that tells its classes, else nothing.

    The classes stand in the first column or behind an id, and the rows are sorted by them, or no
    other column holds categories behind the id.
    """
    if not all(map(NAMELESS.fullmatch, sample.columns)) or len(usable) < 3:
        return ""
    name = usable[0]
    values = as_text(sample.get_column(name))
    classes = values.drop_nulls().n_unique()
    changes = int((values != values.shift()).sum())
    if changes == classes - 1 and 2 <= classes <= MOST_BLOCKS:
        return name
    others = [as_text(sample.get_column(other)) for other in usable[1:]]
    alone = to_numbers(values).null_count() == len(values) and not any(
        to_numbers(other).null_count() == len(other) for other in others
    )
    return name if alone and classes <= MOST_BLOCKS and sample.columns[0] != name else ""


def _target_kind(column: pl.Series, kind: Kind, notes: list[str]) -> Kind:
    """Take whole numbers of few values for classes, any text for classes."""
    if kind == "date":
        return kind
    known = column.drop_nulls()
    different = known.unique()
    numbers = to_numbers(different) if known.dtype == pl.String else measurable(different)
    if kind != "number" and numbers.null_count():
        return "category"
    values = numbers.drop_nulls().unique().sort().to_list()
    distinct = len(values)
    if distinct <= 2:
        return "category"
    if distinct > MOST_CLASSES:
        return "number"
    count = int(known.is_in(different.filter(numbers.is_not_null()).implode()).sum())
    whole = all(value == round(value) for value in values)
    counted = values[0] in (0, 1) and values[-1] - values[0] == distinct - 1
    named = column.name.lower().endswith(CLASS_NAMES)
    most = MOST_CLASSES if counted or named else FEW_CLASSES
    if not whole or distinct > most or count < 5 * distinct:
        return "number"
    notes.append(
        f"{column.name} has {distinct} different whole numbers, taken as classes. "
        "Set its kind to number to predict a value."
    )
    return "category"


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
    text = _only(frame, named["number"])
    read = (pl.all().cast(pl.Float64, strict=False).abs() < GREATEST).sum()
    known, plain = _each(text, _KNOWN), _each(text, read)
    unread = _only(text, [name for name in text.columns if plain[name] < known[name]])
    notes = []
    for cells, numbers in zip(unread, all_to_numbers(unread), strict=True):
        odd = cells.filter(numbers.is_null() & cells.is_not_null())
        usual = odd.is_in(MISSING_NUMBERS)
        if usual.any():
            notes.append(f"{_cells(odd.filter(usual))} of {cells.name} stand for a missing value.")
        if not usual.all():
            told = f"{_cells(odd.filter(~usual))} of {cells.name}"
            notes.append(f"{told} hold no finite number and count as missing.")
    words: dict[str, list[str]] = {}
    text = _only(frame, named["category"])
    unsure = _each(text, pl.all().is_in(MISSING_NUMBERS).any())
    for cells in _only(text, [name for name in text.columns if unsure[name]]):
        for word in cells.filter(cells.is_in(MISSING_NUMBERS)).unique().to_list():
            words.setdefault(word, []).append(cells.name)
    for word, names in sorted(words.items()):
        notes.append(
            f"{word!r} counts as a category in {', '.join(names[:4])}"
            f"{' ...' if len(names) > 4 else ''}. Name it as a word for missing if it means that."
        )
    return notes


def _cells(cells: pl.Series) -> str:
    shown = ", ".join(map(repr, cells.unique(maintain_order=True).head(3).to_list()))
    return f"{len(cells):,} cell{'' if len(cells) == 1 else 's'} ({shown})"


def _reasons_to_ignore(
    frame: pl.DataFrame, kinds: dict[str, Kind], same: Collection[str]
) -> dict[str, str]:
    """Say of the columns that make poor features why."""
    known, rows = _each(frame, _KNOWN), frame.height
    text = _only(frame.head(SAMPLE), [name for name, kind in kinds.items() if kind == "text"])
    words = _each(text, pl.all().str.count_matches(r"\S+").mean())
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
