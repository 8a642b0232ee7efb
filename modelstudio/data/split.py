"""Which rows train, validate and test: seeded, and the same for the same rows."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.codes import Codes, natural_codes, ordered_codes
from modelstudio.data.lots import all_rows, at_random, by_group, last_of_each
from modelstudio.data.parts import (
    TEST,
    TRAIN,
    VALIDATION,
    Parts,
    Rows,
    from_codes,
    parts_told,
    share_of_test,
)
from modelstudio.errors import DataError
from modelstudio.project.model import DataConfig, SplitConfig


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
    known = known and data.label_separator is None and split.method == "random"
    if known and target is not None and target.kind != "number":
        classes = _classes(frame.get_column(target.name))
    return split_rows(numbers, data.split, classes, by, times)


def _classes(column: pl.Series) -> Codes:
    """Give classes numbers in their order, and missing ones the last."""
    codes = ordered_codes(column)
    if column.null_count():
        behind = int(codes.max()) + 1
        for each in spill.slices(len(codes)):
            codes[each][codes[each] == 0] = behind
    return codes


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
            parts = by_group(lots, config, by)
        case "last":
            assert by is not None
            parts = last_of_each(lots, config, by, times)
        case _:
            parts = at_random(lots, config, None if classes is None else _as_codes(classes))
    if not len(parts.train):
        raise DataError(
            f"{len(rows)} rows are too few to split: none is left for training.",
            fix="Lower the shares of validation and test, or bring more rows.",
        )
    return parts


def _as_codes(classes: NDArray[Any]) -> Codes:
    """Return a number for each class; such numbers stay as they are."""
    if classes.dtype.kind == "u":
        return classes
    return np.unique(classes, return_inverse=True)[1].astype(np.uint32)


def _by_time(count: int, config: SplitConfig, by: pl.Series | None) -> Parts:
    """Test on the latest rows and validate on those before; rows of one time stay together.

    The parts are as near to their shares as that allows, but none is empty where the times are
    enough. Of folds, each validates on a later stretch and trains on all before it.
    """
    if by is not None and by.null_count() == count:
        raise DataError(
            f"The column {by.name}, which the split goes by, is empty.",
            where=by.name,
            fix="Choose another column of times on the Data page.",
        )
    times = _times(count, by)
    ordered = spill.in_order(times)
    tests, validates = (
        round(share * count) for share in (share_of_test(config), config.validation)
    )
    first, last = (_end(ordered, 0), _begin(ordered, count)) if count else (0, 0)
    start_of_test = _cut(ordered, count - tests)
    if tests and last:
        second = _end(ordered, first) if validates and not config.folds else first
        start_of_test = min(max(start_of_test, second), last)
    if config.folds:
        stretch = start_of_test / (config.folds + 1)
        start = _cut(ordered, round(stretch * (config.fold + 1)))
        end = _cut(ordered, round(stretch * (config.fold + 2)))
        end = start_of_test if config.fold == config.folds - 1 else end
    else:
        start, end = _cut(ordered, start_of_test - validates), start_of_test
        if validates and end:
            start = min(max(start, first), _begin(ordered, end)) if first < end else end
    stretches = ((0, start), (start, end), (start_of_test, count))
    held = (partial(_within, times, ordered, *each) for each in stretches)
    return Parts(*(spill.where(count, each) for each in held))


def _times(count: int, by: pl.Series | None) -> NDArray[Any]:
    """Return numbers that tell the order of rows, a missing time before all others."""
    if by is None:
        return all_rows(count)
    numbers = by.to_physical()
    if not numbers.dtype.is_numeric():
        return natural_codes(by)
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


def _begin(times: NDArray[np.generic], end: int) -> int:
    """Return where the time begins whose rows end at a place."""
    return int(np.searchsorted(times, times[end - 1], "left"))


def _end(times: NDArray[np.generic], begin: int) -> int:
    """Return where the time ends whose rows begin at a place."""
    return int(np.searchsorted(times, times[begin], "right")) if begin < len(times) else begin


def _by_column(by: pl.Series, config: SplitConfig) -> Parts:
    """Take the parts from the names in a column; a row without one trains."""
    values = spill.counts(by).get_column("value").drop_nulls()
    parts = parts_told(values.cast(pl.String).unique().to_list())
    strange = sorted(name for name, part in parts.items() if part is None)
    if strange:
        listed = ", ".join(map(repr, strange[:4])) + (" ..." if len(strange) > 4 else "")
        raise DataError(
            f"The column {by.name} tells the parts, but {listed} names none.",
            where=by.name,
            fix="Its values must begin with train, val or test; or split in another way.",
        )
    codes = {"train": TRAIN, "validation": VALIDATION, "test": TRAIN if config.test_path else TEST}
    told = {name: codes[part or "train"] for name, part in parts.items()}
    made = spill.empty(len(by), np.uint8)
    for each in spill.slices(len(by)):
        names = by[each].cast(pl.String)
        made[each] = names.replace_strict(told, default=TRAIN, return_dtype=pl.UInt8).to_numpy()
    found = from_codes(made)
    if len(found.validation) or not (config.folds or config.validation):
        return found
    lots = spill.lots(np.random.default_rng(config.seed), all_rows(len(by)))
    inner = config.changed(method="random", by=None, test=0.0, test_path=None, stratify=False)
    dealt = at_random(spill.taken(lots, found.train), inner, None)
    train, validation = (spill.taken(found.train, each) for each in (dealt.train, dealt.validation))
    return Parts(train, validation, found.test)
