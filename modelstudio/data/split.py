"""Which rows train, validate and test: seeded, and the same for the same rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig, SplitConfig

Rows = NDArray[np.int64]

Part = Literal["train", "validation", "test"]

FEW_CLASSES = 200
"""Texts so few that they are numbered without sorting the rows."""

PARTS = ("", "train", "validation", "test")
"""What the codes of parts stand for; 0 is a row in none."""

TRAIN, VALIDATION, TEST = 1, 2, 3

PART_NAMES = {
    "train": re.compile(r"train|fit|learn", re.IGNORECASE),
    "validation": re.compile(r"val|dev", re.IGNORECASE),
    "test": re.compile(r"test|eval|hold", re.IGNORECASE),
}
"""How the values of a column, or the names of folders, that tell the parts begin."""

PART_COLUMN = frozenset(
    """split splits part parts set subset fold partition dataset data_split dataset_split
    train_test_split train_val_test""".split()
)
"""Names of columns that are there to tell the parts, in small letters."""

_NUMBERED: dict[str, Part] = {"0": "train", "1": "validation", "2": "test"}


@dataclass(frozen=True, slots=True)
class Parts:
    """Row positions of each part, ascending; with a test file, ``test`` is empty."""

    train: Rows
    validation: Rows
    test: Rows


def part_codes(numbers: Rows, parts: Parts, rows: int) -> NDArray[np.uint8]:
    """Return the place in `PARTS` of each row of a source; shape (rows,).

    ``numbers`` are the places in the source of the rows that were dealt.
    """
    codes = np.zeros(rows, dtype=np.uint8)
    for code in (TRAIN, VALIDATION, TEST):
        codes[numbers[getattr(parts, PARTS[code])]] = code
    return codes


def split_table(frame: pl.DataFrame, numbers: Rows, data: DataConfig) -> Parts:
    """Deal the rows of a clean table as its configuration says.

    Parameters
    ----------
    numbers
        Number of each row in its source, ascending; shape (rows,).

    Raises
    ------
    DataError
        When a column that the split goes by is not there or does not tell the parts, or no row
        would be left for training.
    """
    split, target = data.split, data.target
    by = _named(frame, split.by) if split.method != "random" else None
    times = _named(frame, split.times) if split.method == "last" else None
    classes = None
    known = target is not None and target.name in frame.columns and data.negatives is None
    known = known and data.label_separator is None
    if known and target is not None and target.kind != "number":
        classes = _codes(frame.get_column(target.name))
    return split_rows(numbers, data.split, classes, by, times)


def _codes(column: pl.Series) -> NDArray[np.generic]:
    """Return a number for each value, in their order; few texts are sorted apart from the rows."""
    if column.dtype == pl.String and not column.null_count():
        pieces = spill.pieces(len(column), 16)
        values = pl.concat([column[each].unique() for each in pieces]).unique()
        if len(values) <= FEW_CLASSES:
            codes, classes = np.empty(len(column), np.uint8), pl.Enum(values.sort())
            for each in pieces:
                codes[each] = column[each].cast(classes).to_physical().to_numpy()
            return codes
    return column.rank("dense").to_numpy()


def _named(frame: pl.DataFrame, name: str | None) -> pl.Series | None:
    """Return a column that the split goes by, if one is named."""
    if name is None or name in frame.columns:
        return None if name is None else frame.get_column(name)
    raise DataError(
        f"The split goes by the column {name}, which the data does not have.",
        where=name,
        fix="Choose another column for the split on the Data page.",
    )


def split_rows(
    rows: Rows,
    config: SplitConfig,
    classes: NDArray[np.generic] | None = None,
    by: pl.Series | None = None,
    times: pl.Series | None = None,
) -> Parts:
    """Deal rows into parts.

    The lot of a row hangs on the seed and its number alone, so rows that come or go elsewhere
    hardly move the others; the lot of a group on the seed and its first row.

    Parameters
    ----------
    rows
        Numbers of the rows left in their source, ascending; shape (rows,).
    classes
        Class of each row, shape (rows,); its shares are kept alike in every part when the settings
        say so. A class of one row goes to training.
    by
        Group, time or part of each row; without times the rows are in order of time.
    times
        What tells the last row of a group; without it, lots are drawn.

    Raises
    ------
    DataError
        When no row would be left for training.
    """
    lots = spill.lots(np.random.default_rng(config.seed), rows)
    match config.method:
        case "column":
            assert by is not None
            parts = _by_column(by, config)
        case "time":
            parts = _by_time(len(rows), config, by)
        case "group":
            assert by is not None
            parts = _by_group(lots, config, by)
        case "last":
            assert by is not None
            parts = _last_of_each(lots, config, by, times)
        case _:
            parts = _at_random(lots, config, classes)
    if not len(parts.train):
        raise DataError(
            f"{len(rows)} rows are too few to split: none is left for training.",
            fix="Lower the shares of validation and test, or bring more rows.",
        )
    return parts


def _test_share(config: SplitConfig) -> float:
    return 0.0 if config.test_path else config.test


def _at_random(lots: NDArray[np.float64], config: SplitConfig, classes: Any) -> Parts:
    stratified = classes is not None and config.stratify
    codes = classes if stratified else np.zeros(len(lots), dtype=np.uint8)
    if not config.folds:
        return _deal(lots, codes, (_test_share(config), config.validation))
    test = _deal(lots, codes, (_test_share(config), 0.0)).test
    tested = np.zeros(len(lots), dtype=bool)
    tested[test] = True
    shuffled = [group[_order(lots[group])] for group in _groups(codes)]
    order = np.concatenate([group[~tested[group]] for group in shuffled])
    return _fold(order, config, test)


def _groups(classes: NDArray[Any]) -> Iterator[Rows]:
    """Yield the rows of each class, in order of the classes."""
    if classes.dtype == np.uint8:
        for code in spill.unique(classes):
            yield spill.places_of(code, classes)
        return
    _, codes, sizes = np.unique(classes, return_inverse=True, return_counts=True)
    yield from np.split(np.argsort(codes, kind="stable"), np.cumsum(sizes)[:-1])


def _order(lots: NDArray[np.float64]) -> Rows:
    """Return the order of lots; equal ones, which are rare, keep theirs."""
    order = np.argsort(lots)
    drawn = lots[order]
    return np.argsort(lots, kind="stable") if (drawn[1:] == drawn[:-1]).any() else order


def _fold(order: Rows, config: SplitConfig, test: Rows) -> Parts:
    """Deal rows in turn, so that each fold has its share of every class they are sorted by."""
    validates = np.arange(len(order)) % config.folds == config.fold
    return Parts(np.sort(order[~validates]), np.sort(order[validates]), test)


def _deal(lots: NDArray[np.float64], classes: NDArray[Any], shares: tuple[float, float]) -> Parts:
    """Cut the rows of each class, in order of their lots, by the shares of test and validation.

    What rounding leaves is carried to the next class.
    """
    parts = np.zeros(len(lots), dtype=np.uint8)
    carried = [0.0, 0.0]
    for group in _groups(classes):
        drawn, start = spill.taken(lots, group), 0
        drawn.sort()
        for index, share in enumerate(shares):
            wanted = share * len(group) + carried[index]
            most = len(group) - start - 1
            count = max(0, min(round(wanted), most))
            carried[index] = wanted - count
            _mark(parts, 2 - index, group, lots, drawn[start : start + count])
            start += count
    return _from_codes(parts)


def _mark(
    parts: NDArray[np.uint8],
    code: int,
    group: Rows,
    lots: NDArray[np.float64],
    drawn: NDArray[np.float64],
) -> None:
    """Put the rows of a group that have the drawn lots into a part; of equal lots the first rows.

    Parameters
    ----------
    drawn
        The least lots of rows that are in no part yet, ascending.
    """
    if not len(drawn):
        return
    last = drawn[-1]
    equal = len(drawn) - int(np.searchsorted(drawn, last))
    for each in spill.slices(len(group)):
        rows = group[each]
        rows = rows[(parts[rows] == 0) & (lots[rows] <= last)]
        same = np.flatnonzero(lots[rows] == last)
        parts[np.delete(rows, same[equal:])] = code
        equal -= min(equal, len(same))


def _by_group(lots: NDArray[np.float64], config: SplitConfig, by: pl.Series) -> Parts:
    """Keep every group whole; a row without one is a group of its own."""
    codes = by.rank("dense").cast(pl.Int64).fill_null(0).to_numpy().copy()
    alone = codes == 0
    codes[alone] = codes.max(initial=0) + 1 + np.arange(int(alone.sum()))
    _, first, member, sizes = np.unique(
        codes, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.argsort(lots[first], kind="stable")
    total = len(codes)
    if config.folds:
        test = _filled(order, sizes, _test_share(config) * total)
        rest = order[~np.isin(order, test)]
        validation = rest[np.arange(len(rest)) % config.folds == config.fold]
    else:
        test = _filled(order, sizes, _test_share(config) * total)
        rest = order[~np.isin(order, test)]
        validation = _filled(rest, sizes, config.validation * total)
    part = np.zeros(len(sizes), dtype=np.int8)
    part[validation], part[test] = 1, 2
    return _from_codes(part[member])


def _last_of_each(
    lots: NDArray[np.float64], config: SplitConfig, by: pl.Series, times: pl.Series | None
) -> Parts:
    """Test on the last row of each group and validate on the one before; the others train.

    A group without a row to spare trains, and so does a row without a group. Of rows of one time,
    lots say which is the last.
    """
    codes = by.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    moment = lots if times is None else times.rank("dense").fill_null(0).to_numpy()
    order = np.lexsort((lots, moment, codes))
    sizes = np.bincount(codes)
    place_from_end = np.empty(len(codes), dtype=np.int64)
    place_from_end[order] = (np.cumsum(sizes)[codes[order]] - 1) - np.arange(len(codes))
    tests, validates = int(_test_share(config) > 0), int(config.validation > 0)
    spared = (codes > 0) & (sizes[codes] > tests + validates)
    part = np.zeros(len(codes), dtype=np.int8)
    part[spared & (place_from_end < tests + validates)] = 1
    part[spared & (place_from_end < tests)] = 2
    return _from_codes(part)


def _filled(order: Rows, sizes: Rows, wanted: float) -> Rows:
    """Take groups in order while that brings the number of rows nearer to what is wanted."""
    taken, rows = [], 0
    for group in order[:-1]:
        if abs(rows + sizes[group] - wanted) < abs(rows - wanted):
            taken.append(group)
            rows += int(sizes[group])
    return np.array(taken, dtype=np.int64)


def _by_time(count: int, config: SplitConfig, by: pl.Series | None) -> Parts:
    """Test on the latest rows and validate on those before; rows of one time stay together.

    Of folds, each validates on a later stretch and trains on all before it.
    """
    if by is not None and by.null_count() == count:
        raise DataError(
            f"The column {by.name}, which the split goes by, is empty.",
            where=by.name,
            fix="Choose another column of times on the Data page.",
        )
    times = _times(count, by)
    ordered = spill.in_order(times)
    start_of_test = _cut(ordered, count - round(_test_share(config) * count))
    if config.folds:
        stretch = start_of_test / (config.folds + 1)
        start = _cut(ordered, round(stretch * (config.fold + 1)))
        end = _cut(ordered, round(stretch * (config.fold + 2)))
        end = start_of_test if config.fold == config.folds - 1 else end
    else:
        start, end = _cut(ordered, start_of_test - round(config.validation * count)), start_of_test
    stretches = ((0, start), (start, end), (start_of_test, count))
    held = (partial(_within, times, ordered, *each) for each in stretches)
    return Parts(*(spill.where(count, each) for each in held))


def _times(count: int, by: pl.Series | None) -> NDArray[Any]:
    """Return numbers that tell the order of rows, a missing time before all others."""
    if by is None:
        return spill.where(count, lambda each: np.ones(each.stop - each.start, dtype=bool))
    numbers = by.to_physical()
    if not numbers.dtype.is_numeric():
        numbers = by.rank("dense")
    kind, first = (
        (pl.Float64, -np.inf) if numbers.dtype.is_float() else (pl.Int64, np.iinfo(np.int64).min)
    )
    made = spill.empty(count, np.float64 if numbers.dtype.is_float() else np.int64)
    for each in spill.slices(count):
        made[each] = numbers[each].cast(kind).fill_null(first).to_numpy()
    return made


def _within(
    times: NDArray[Any], ordered: NDArray[Any], start: int, end: int, which: slice
) -> NDArray[np.bool_]:
    """Tell which rows have one of the times that stand between two places in their order."""
    some = times[which]
    found = np.full(len(some), start < end)
    if start < end:
        found &= (some >= ordered[start]) & (some <= ordered[end - 1])
    return found


def _cut(times: NDArray[np.generic], place: int) -> int:
    """Return the place moved to the nearer end of the rows of its time."""
    if not 0 < place < len(times):
        return max(0, min(place, len(times)))
    first, end = (int(np.searchsorted(times, times[place], side)) for side in ("left", "right"))
    return first if place - first <= end - place else end


def _by_column(by: pl.Series, config: SplitConfig) -> Parts:
    """Take the parts from the names in a column; a row without one trains."""
    names = by.cast(pl.String)
    parts = parts_told(names.drop_nulls().unique().to_list())
    strange = sorted(name for name, part in parts.items() if part is None)
    if strange:
        listed = ", ".join(map(repr, strange[:4])) + (" ..." if len(strange) > 4 else "")
        raise DataError(
            f"The column {by.name} tells the parts, but {listed} names none.",
            where=by.name,
            fix="Its values must begin with train, val or test; or split in another way.",
        )
    places = {"train": 0, "validation": 1, "test": 2}
    codes = names.replace_strict(
        list(parts),
        [places[part or "train"] for part in parts.values()],
        default=places["train"],
        return_dtype=pl.Int8,
    ).to_numpy()
    if config.test_path:
        codes = np.where(codes == places["test"], places["train"], codes)
    found = _from_codes(codes)
    if len(found.validation) or not (config.folds or config.validation):
        return found
    lots = np.random.default_rng(config.seed).random(len(codes))
    inner = config.changed(method="random", by=None, test=0.0, test_path=None, stratify=False)
    dealt = _at_random(lots[found.train], inner, None)
    return Parts(found.train[dealt.train], found.train[dealt.validation], found.test)


def parts_told(names: Sequence[str]) -> dict[str, Part | None]:
    """Tell the part that each value of a column speaks of; 0, 1 and 2 stand for all three."""
    plain = {name: name.strip().removesuffix(".0") for name in names}
    if set(plain.values()) == set(_NUMBERED):
        return {name: _NUMBERED[number] for name, number in plain.items()}
    return {name: part_of(name) for name in names}


def part_of(name: str) -> Part | None:
    """Tell the part that a value of a column or a folder's name speaks of."""
    for part, beginning in PART_NAMES.items():
        if beginning.match(name.strip()):
            return part  # type: ignore[return-value]
    return None


def _from_codes(codes: NDArray[np.integer[Any]]) -> Parts:
    return Parts(*(spill.places_of(code, codes) for code in range(3)))
