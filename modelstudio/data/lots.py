"""Rows and groups dealt into parts by the lots that were drawn for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.codes import Codes, group_codes, natural_codes
from modelstudio.data.parts import TEST, TRAIN, VALIDATION, Parts, Rows, from_codes, share_of_test
from modelstudio.project.model import SplitConfig

Lots = NDArray[np.float64]
PartCodes = NDArray[np.uint8]


def at_random(lots: Lots, config: SplitConfig, classes: Codes | None) -> Parts:
    """Deal rows by their lots alone; if asked, with the shares of classes alike in every part."""
    classes = classes if config.stratify else None
    if not config.folds:
        return from_codes(_dealt(lots, classes, (share_of_test(config), config.validation)))
    parts = _dealt(lots, classes, (share_of_test(config), 0.0))
    dealt = 0
    for group in _groups(classes, len(lots)):
        rows = spill.taken(group, spill.places_of(TRAIN, spill.taken(parts, group)))
        ranking = Ranking(spill.taken(lots, rows))
        for each in spill.slices(len(rows)):
            turn = (dealt + ranking.places(lots[rows[each]])) % config.folds
            parts[rows[each][turn == config.fold]] = VALIDATION
        dealt += len(rows)
    return from_codes(parts)


def all_rows(count: int) -> Rows:
    """Return the numbers of so many rows."""
    return spill.where(count, lambda each: np.ones(each.stop - each.start, dtype=bool))


def _all_train(count: int) -> PartCodes:
    parts = spill.empty(count, np.uint8)
    parts[:] = TRAIN
    return parts


def _groups(classes: Codes | None, count: int) -> Iterator[Rows]:
    """Yield the rows of each class, ascending, in order of the classes."""
    if classes is None or not count:
        yield all_rows(count)
        return
    sizes = np.zeros(int(classes.max()) + 1, np.int64)
    for each in spill.slices(count):
        sizes += np.bincount(classes[each], minlength=len(sizes))
    ends = np.cumsum(sizes)
    rows, begins = spill.empty(count, np.int64), ends - sizes
    for each in spill.slices(count):
        order = np.argsort(classes[each], kind="stable")
        found, first, many = np.unique(classes[each][order], return_index=True, return_counts=True)
        rows[np.repeat(begins[found] - first, many) + np.arange(len(order))] = each.start + order
        begins[found] += many
    for size, end in zip(sizes, ends, strict=True):
        if size:
            yield rows[end - size : end]


def _dealt(lots: Lots, classes: Codes | None, shares: tuple[float, float]) -> PartCodes:
    """Cut the rows of each class, in order of their lots, by the shares of test and validation.

    What rounding leaves is carried to the next class.
    """
    parts = _all_train(len(lots))
    carried = [0.0, 0.0]
    for group in _groups(classes, len(lots)):
        drawn, start = spill.taken(lots, group), 0
        drawn.sort()
        for index, (code, share) in enumerate(zip((TEST, VALIDATION), shares, strict=True)):
            wanted = share * len(group) + carried[index]
            most = len(group) - start - 1
            count = max(0, min(round(wanted), most))
            carried[index] = wanted - count
            _mark(parts, code, group, lots, drawn[start : start + count])
            start += count
    return parts


def _mark(parts: PartCodes, code: int, group: Rows, lots: Lots, drawn: Lots) -> None:
    """Put the rows of a group that have the drawn lots into a part; of equal lots the first rows.

    Parameters
    ----------
    drawn
        The least lots of rows that still train, ascending.
    """
    if not len(drawn):
        return
    last = drawn[-1]
    equal = len(drawn) - int(np.searchsorted(drawn, last))
    for each in spill.slices(len(group)):
        rows = group[each]
        rows = rows[(parts[rows] == TRAIN) & (lots[rows] <= last)]
        same = np.flatnonzero(lots[rows] == last)
        parts[np.delete(rows, same[equal:])] = code
        equal -= min(equal, len(same))


class Ranking:
    """Tells the places of numbers in their order; of equal ones those asked for first come first.

    Parameters
    ----------
    numbers
        All of them, shape (numbers,); they are put in order where they lie.
    """

    def __init__(self, numbers: NDArray[Any]) -> None:
        numbers.sort()
        self._ordered = numbers
        self._again = spill.repeated(numbers)
        self._met = Counter[float]()

    def places(self, some: NDArray[Any]) -> Rows:
        """Return the places of some numbers, each of which is asked for once."""
        order = np.argsort(some)
        found = np.empty(len(some), np.int64)
        found[order] = np.searchsorted(self._ordered, some[order])
        for at in np.flatnonzero(np.isin(some, self._again)) if len(self._again) else ():
            found[at] += self._met[some[at]]
            self._met[some[at]] += 1
        return found


def by_group(lots: Lots, config: SplitConfig, by: pl.Series) -> Parts:
    """Keep every group whole; a row without one is a group of its own.

    The lot of a group is that of its first row.
    """
    groups = _from_0(group_codes(by))
    count = max((int(groups[each].max()) + 1 for each in spill.slices(len(groups))), default=0)
    first, sizes = spill.empty(count, np.float64), spill.empty(count, np.uint32)
    sizes[:] = 0
    for each in spill.slices(len(groups)):
        found, at, many = np.unique(groups[each], return_index=True, return_counts=True)
        new = sizes[found] == 0
        first[found[new]] = lots[each][at[new]]
        sizes[found] += many.astype(np.uint32)
    ranking, places = Ranking(spill.copied(first)), spill.empty(count, np.uint32)
    ordered, parts = spill.empty(count, np.uint32), _all_train(count)
    for each in spill.slices(count):
        places[each] = ranking.places(first[each])
        ordered[places[each]] = sizes[each]
    _fill(parts, TEST, ordered, share_of_test(config) * len(groups))
    if config.folds:
        rest = spill.places_of(TRAIN, parts)
        for each in spill.slices(len(rest)):
            turn = np.arange(each.start, each.stop) % config.folds
            parts[rest[each][turn == config.fold]] = VALIDATION
    else:
        _fill(parts, VALIDATION, ordered, config.validation * len(groups))
    dealt = spill.empty(len(groups), np.uint8)
    for each in spill.slices(len(groups)):
        dealt[each] = parts[places[groups[each]]]
    return from_codes(dealt)


def _from_0(codes: Codes) -> Codes:
    """Let groups count from 0 instead of 1, and behind them each row that is in none."""
    behind = int(codes.max(initial=0))
    for each in spill.slices(len(codes)):
        some = codes[each].astype(np.int64)
        alone = np.flatnonzero(some == 0)
        some[alone] = behind + 1 + np.arange(len(alone))
        behind += len(alone)
        codes[each] = some - 1
    return codes


def _fill(parts: PartCodes, code: int, sizes: Codes, wanted: float) -> None:
    """Take groups in order while that brings the number of rows nearer to what is wanted.

    The last one always trains.
    """
    rows = 0
    for each in spill.slices(len(sizes) - 1):
        free = np.flatnonzero(parts[each] == TRAIN)
        for at, size in zip(free.tolist(), sizes[each][free].tolist(), strict=True):
            if rows >= wanted:
                return
            if abs(rows + size - wanted) < abs(rows - wanted):
                parts[each.start + at] = code
                rows += size


def last_of_each(lots: Lots, config: SplitConfig, by: pl.Series, times: pl.Series | None) -> Parts:
    """Test on the last row of each group and validate on the one before; the others train.

    A group without a row to spare trains, and so does a row without a group. Of rows of one time,
    lots say which is the last.
    """
    groups = group_codes(by)
    moments = lots if times is None else natural_codes(times)
    wanted = [TEST] * (share_of_test(config) > 0) + [VALIDATION] * (config.validation > 0)
    count = int(groups.max(initial=0)) + 1
    sizes = spill.empty(count, np.uint32)
    sizes[:] = 0
    latest = [spill.empty(count, np.int64) for _ in wanted]
    for each in spill.slices(len(groups)):
        rows = each.start + np.flatnonzero(groups[each])
        found, many = np.unique(groups[rows], return_counts=True)
        held = found[sizes[found] > 0]
        for back, of in enumerate(latest):
            rows = np.concatenate([rows, of[held[sizes[held] > back]]])
        sizes[found] += many.astype(np.uint32)
        rows = rows[np.lexsort((rows, lots[rows], moments[rows], groups[rows]))]
        ends = np.flatnonzero(np.diff(groups[rows].astype(np.int64), append=-1))
        for back, of in enumerate(latest):
            places = ends[sizes[groups[rows[ends]]] > back] - back
            of[groups[rows[places]]] = rows[places]
    parts = _all_train(len(groups))
    for code, of in zip(wanted, latest, strict=True):
        for each in spill.slices(count):
            parts[of[each][sizes[each] > len(wanted)]] = code
    return from_codes(parts)
