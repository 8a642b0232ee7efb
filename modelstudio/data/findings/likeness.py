"""Rows that are equal or nearly so, and whether they stand in different parts of the split.

Equal cells are evidence as far as they are unlikely to be equal by chance: two rows of rough
categories agree often, two rows of finely measured numbers never. Chance is taken to be far kinder
than it is for independent columns, as columns go together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data import spill
from modelstudio.data.findings.chances import beyond_chance, chance_of_equals, mixed, own_shares
from modelstudio.data.findings.finding import MOST_LEFT_OUT, Finding, first_rows
from modelstudio.data.parts import PART_COLUMN, PARTS, TRAIN, PartsOfRows, parts_told
from modelstudio.data.sources.values import GREATEST
from modelstudio.recipe.columns import Column
from modelstudio.recipe.steps import DropDuplicates, LeaveOut
from modelstudio.recipe.steps.rows import written_rows
from modelstudio.wording import counted, is_or_are

NEAR_CELLS = 2_000_000
"""Cells compared for rows that are nearly equal; of a larger table the first rows."""

SAMPLE = 20_000
"""Rows from which chances are worked out."""

GRIDS = (1e-3, 1e-6)
"""Parts of the interquartile range by which numbers of nearly equal rows may differ: noise that
can be seen proves little in few columns, so finer noise is looked for too."""

NEIGHBOURS = 3
"""How many rows after it, of those that share a block of cells, a row is compared with."""

CHANCE = 0.01
"""Expected number of rows that chance makes alike from which likeness proves nothing."""

FEW_COPIES = 5
"""More expected copies of the whole table than this, and no more than those, are natural."""

FINE, ROUGH = 0.85, 0.25
"""Power of the chance of equal cells that is left when columns go together: of fine values and of
rough ones."""

LONG_TEXT = 90.0
"""The most that equal texts prove, in nats."""

FEW_VALUES = 20
"""Different values of a rough column."""

ATOM = 0.005
"""Share of the rows from which a value counts as frequent by nature, not by copies."""

Pairs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Alike:
    """Pairs of rows, shape (pairs, 2), the earlier first; ``looked_at`` rows were compared."""

    copies: Pairs
    near: Pairs
    looked_at: int


def alike(frame: pl.DataFrame, columns: Sequence[Column], *, unlike: bool = False) -> Alike:
    """Find rows that are equal, and rows that are nearly so.

    Columns that number the rows count for copies, and for nothing when rows are nearly equal.

    Parameters
    ----------
    unlike
        It is known that no two rows are equal.
    """
    rows, names = frame.height, [column.name for column in columns]
    none = np.zeros((0, 2), np.int64)
    if rows < 2 or not names:
        return Alike(none, none, rows)
    sample = frame.gather_every(-(-rows // SAMPLE) or 1)
    chances = {column.name: _chance(sample.get_column(column.name), column) for column in columns}
    copies = none if unlike else _equal(_hashes(frame, names))
    proof = np.zeros(len(copies))
    for name, chance in chances.items() if len(copies) else ():
        known = frame.get_column(name).gather(copies[:, 1]).is_not_null()
        proof += chance.weight * known.to_numpy()
    sure = proof >= math.log(_pairs_of(rows) / CHANCE)
    if len(copies):
        expected = _pairs_of(rows) * _chance_of_equals(sample, chances)
        if not beyond_chance(len(copies), expected):
            natural = (
                len(sample) == rows and len(copies) <= 1.2 * expected and expected > FEW_COPIES
            )
            copies = copies[sure & (not natural)]
    telling = [column for column in columns if not _numbers_rows(sample, column)]
    most = max(20_000, NEAR_CELLS // len(names))
    first = frame.head(most)
    kept = np.ones(first.height, bool)
    kept[copies[copies[:, 1] < first.height, 1]] = False
    places = np.flatnonzero(kept)
    near = _near(first[places] if len(places) < first.height else first, telling, chances)
    return Alike(copies, places[near], first.height)


@dataclass(frozen=True, slots=True)
class _Chance:
    """How much equal cells of a column prove, in nats.

    Of fine numbers ``spread`` is the interquartile range, ``step`` the smallest difference as part
    of it, and ``atoms`` the chance that two hold the same frequent value. ``equal`` is the chance
    that two cells are the same.
    """

    weight: float
    equal: float = 1.0
    spread: float = 0.0
    step: float = 0.0
    atoms: float = 0.0

    def but_for(self, grid: float) -> float:
        """Return what cells prove that differ by no more than a part of the spread."""
        if not self.spread:
            return self.weight
        return -FINE * math.log(min(1.0, self.atoms + max(self.step, grid)))


def _chance(values: pl.Series, column: Column) -> _Chance:
    known = values.drop_nulls() if values.null_count() else values
    count = len(known)
    if count < 2:
        return _Chance(0.0)
    sizes = known.alias("value").value_counts(name="rows").get_column("rows").to_numpy()
    shares = sizes / count
    if len(sizes) <= FEW_VALUES:
        equal = float((shares**2).sum())
        return _Chance(-ROUGH * math.log(equal), equal)
    atoms = float((shares[sizes >= max(10, ATOM * count)] ** 2).sum())
    seen = float((sizes * (sizes - 1)).sum()) / (count * (count - 1))
    if column.kind in ("number", "date"):
        numbers = np.sort(known.to_physical().cast(pl.Float64).to_numpy())
        low, high = np.quantile(numbers, (0.25, 0.75))
        spread = float(high - low) or float(numbers[-1] - numbers[0])
        gaps = np.diff(numbers)
        step = min(1.0, float(gaps[gaps > 0].min()) / spread)
        fine = min(1.0, atoms + step, max(seen, 1e-12))
        return _Chance(-FINE * math.log(fine), fine, spread, step, atoms)
    if column.kind == "text":
        length = cast(float, known.str.len_chars().mean())
        equal = max(atoms, math.exp(-min(length / 2, LONG_TEXT)))
        return _Chance(-math.log(equal), equal)
    return _Chance(-FINE * math.log(max(seen, 1e-12)), seen)


def _chance_of_equals(sample: pl.DataFrame, chances: dict[str, _Chance]) -> float:
    """Return the chance that two rows are equal; empty cells are equal too."""
    missing = {name: sample.get_column(name).null_count() / sample.height for name in chances}
    equal = {
        name: (1 - missing[name]) ** 2 * chance.equal + missing[name] ** 2
        for name, chance in chances.items()
    }
    return chance_of_equals(sample, equal)


def _pairs_of(rows: int) -> float:
    return rows * (rows - 1) / 2


def _numbers_rows(sample: pl.DataFrame, column: Column) -> bool:
    values = sample.get_column(column.name)
    return column.kind == "id" and values.n_unique() > 0.9 * len(values)


def _hashes(frame: pl.DataFrame, names: Sequence[str]) -> NDArray[np.uint64]:
    made = spill.empty(frame.height, np.uint64)
    for each in spill.pieces(frame.height, 8):
        made[each] = mixed(frame.get_column(name)[each].hash().to_numpy() for name in names)
    return made


def _equal(hashes: NDArray[np.uint64]) -> Pairs:
    """Pair each row with the row before it of the same hash."""
    places = spill.places_among(spill.repeated(hashes), hashes)
    order = places[np.argsort(hashes[places], kind="stable")]
    same = hashes[order[1:]] == hashes[order[:-1]]
    return np.stack([order[:-1][same], order[1:][same]], axis=1)


def _near(frame: pl.DataFrame, columns: Sequence[Column], chances: dict[str, _Chance]) -> Pairs:
    """Pair different rows that are equal but for a cell or two, or for noise in their numbers."""
    none = np.zeros((0, 2), np.int64)
    columns = [column for column in columns if chances[column.name].weight > 0]
    if frame.height < 2 or not columns:
        return none
    fine = [column.kind == "number" and chances[column.name].spread > 0 for column in columns]
    cells = [frame.get_column(column.name) for column in columns]
    held = pl.DataFrame(cells)
    hashes = held.select(pl.all().hash()).to_numpy(order="c")
    missing = held.select(pl.all().is_null()).to_numpy(order="c")
    exact = np.array([chances[column.name].weight for column in columns])
    own = np.ones(len(columns))
    ranked = [at for at in np.argsort(-exact) if fine[at]]
    own[ranked] = own_shares(frame, [columns[at].name for at in ranked])
    exact *= own
    found = [_close(hashes, missing, exact, hashes, None)]
    numbers = [values for values, is_fine in zip(cells, fine, strict=True) if is_fine]
    for grid in GRIDS if numbers else ():
        scaled = np.zeros(hashes.shape)
        with np.errstate(over="ignore"):
            scaled[:, fine] = np.stack(
                [values.to_numpy() / (grid * chances[values.name].spread) for values in numbers],
                axis=1,
            )
        scaled = np.clip(np.nan_to_num(scaled), -GREATEST, GREATEST)
        coarse = hashes.copy()
        coarse[:, fine] = (np.round(scaled[:, fine]) + 0.0).view(np.uint64)
        weights = own * np.array([chances[column.name].but_for(grid) for column in columns])
        found.append(_close(coarse, missing, weights, hashes, scaled))
    pairs = np.concatenate(found)
    return np.unique(np.sort(pairs, axis=1), axis=0) if len(pairs) else none


def _close(
    keys: NDArray[np.uint64],
    missing: NDArray[np.bool_],
    weights: NDArray[np.float64],
    hashes: NDArray[np.uint64],
    scaled: NDArray[np.float64] | None,
) -> Pairs:
    """Compare rows that agree in a block of columns.

    With one block more than cells may differ, some block of two such rows is equal.
    """
    rows, width = keys.shape
    odd = min(2, width // 3)
    combinations = sum(math.comb(width, count) for count in range(odd + 1))
    needed = math.log(_pairs_of(rows) * combinations / CHANCE)
    if weights.sum() < needed:
        return np.zeros((0, 2), np.int64)
    ranked = np.argsort(-weights)
    found = []
    for block in range(odd + 1):
        chosen = ranked[block :: odd + 1]
        key = mixed([keys[:, at] for at in chosen])
        ordered = np.sort(key)
        if not (ordered[1:] == ordered[:-1]).any():
            continue
        order = np.argsort(key, kind="stable")
        for shift in range(1, NEIGHBOURS + 1):
            at = np.flatnonzero(ordered[shift:] == ordered[:-shift])
            for part in np.array_split(at, -(-len(at) // 50_000) or 1):
                left, right = order[part], order[part + shift]
                same = hashes[left] == hashes[right]
                if scaled is not None:
                    same |= (np.abs(scaled[left] - scaled[right]) <= 1.0) & (scaled[left] != 0)
                evidence, against = (same & ~missing[left]) @ weights, ~same @ weights
                good = (~same).sum(axis=1) <= odd
                good &= (evidence >= needed) & (evidence >= against)
                found.append(np.stack([left[good], right[good]], axis=1))
    return np.concatenate(found) if found else np.zeros((0, 2), np.int64)


def likeness_findings(found: Alike, frame: pl.DataFrame, parts: PartsOfRows) -> Iterator[Finding]:
    """Say what was found."""
    copied = found.copies[:, 1]
    if len(copied):
        text = f"{len(copied):,} rows are copies of others"
        text = text if len(copied) > 1 else "1 row is a copy of another"
        rows = first_rows(copied)
        yield Finding("duplicate_rows", "warning", text, (), DropDuplicates(), rows, len(copied))
    near, one_of_each = np.unique(found.near), _one_of_each(found.near)
    if len(near):
        among = f" among the first {found.looked_at:,}" if found.looked_at < frame.height else ""
        text = f"{counted(len(near), 'row')} nearly the same as others{among}"
        shown = first_rows(found.near[:10].ravel())
        yield Finding("near_duplicates", "warning", text, (), one_of_each, shown, len(near))
    pairs = np.concatenate([found.copies, found.near])
    if not len(pairs):
        return
    codes = parts()
    across = np.unique(crossing(pairs, codes))
    if len(across):
        what = counted(len(across), "row")
        text = (
            f"{what} of validation or test {is_or_are(len(across))} in another part too, or nearly"
        )
        fix = DropDuplicates() if len(crossing(found.copies, codes)) else one_of_each
        rows = first_rows(across)
        yield Finding("split_overlap", "error", text, (), fix, rows, len(across))


def _one_of_each(near: Pairs) -> LeaveOut | None:
    """Return the step that keeps the first of rows that are nearly the same; None for very many."""
    later = np.unique(near[:, 1])
    return LeaveOut(rows=written_rows(later.tolist())) if len(later) <= MOST_LEFT_OUT else None


def crossing(pairs: Pairs, parts: NDArray[np.uint8]) -> Pairs:
    """Return the row of each pair in two parts that is judged by, not learnt from.

    Of a row that validates and one that tests it is the latter.
    """
    left, right = parts[pairs[:, 0]], parts[pairs[:, 1]]
    across = (left != right) & (left > 0) & (right > 0)
    judged: Pairs = np.where(left > right, pairs[:, 0], pairs[:, 1])[across]
    return judged


def overlap_findings(
    frame: pl.DataFrame,
    parts: PartsOfRows,
    tests: pl.DataFrame,
    columns: Sequence[Column],
) -> Iterator[Finding]:
    """Look for rows that train and whose features equal those of a row of a test file.

    Rows in no part, as copies are, would train in the place of those that are left out.
    """
    features = [column for column in columns if column.role == "feature"]
    codes = parts()
    trains = np.flatnonzero(codes == TRAIN)
    sample = frame[trains].gather_every(-(-len(trains) // SAMPLE) or 1)
    if not tests.height or not len(trains) or not features:
        return
    ours, theirs = (_hashes(table, [each.name for each in features]) for table in (frame, tests))
    rows = trains[np.isin(ours[trains], theirs)]
    if not len(rows):
        return
    count = int(np.isin(theirs, ours[trains]).sum())
    chances = {each.name: _chance(sample.get_column(each.name), each) for each in features}
    pairs = len(trains) * tests.height
    weight = sum(chance.weight for chance in chances.values())
    unsure = pairs * math.exp(-weight) > CHANCE * 5
    if unsure and not beyond_chance(count, pairs * _chance_of_equals(sample, chances)):
        return
    text = f"{counted(count, 'row')} of the test file {is_or_are(count)} in training too"
    spare = np.flatnonzero(np.isin(ours, theirs) & (codes <= TRAIN)).tolist()
    fix = LeaveOut(rows=written_rows(spare)) if len(spare) <= MOST_LEFT_OUT else None
    yield Finding("split_overlap", "error", text, (), fix, first_rows(rows), len(rows))


def part_column(
    frame: pl.DataFrame, columns: Sequence[Column]
) -> tuple[str, NDArray[np.uint8]] | None:
    """Return a column that is there to tell the parts, and the part of each row."""
    for column in columns:
        if column.kind != "category" or column.name.strip().lower() not in PART_COLUMN:
            continue
        values = frame.get_column(column.name)
        parts = parts_told(values.drop_nulls().unique().to_list())
        if len(set(parts.values())) > 1 and None not in parts.values():
            codes = {name: PARTS.index(part or "") for name, part in parts.items()}
            told = values.replace_strict(codes, default=0, return_dtype=pl.UInt8)
            return column.name, told.to_numpy()
    return None
