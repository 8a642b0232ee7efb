"""Whether the values of one column decide the target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.recipe.columns import Column

FEWEST = 20
"""Rows with a target from which it can be told."""

COMMON, FEWEST_OTHERS = 0.05, 10
"""Share of the rows in which a column must be known to tell anything, and rows outside the largest
class where it is known in less than half of them."""

FEWEST_CELLS = 5
"""Rows of a class from which a pattern counts."""

AGREEMENT = 0.98
"""Share of the mistakes of guessing the largest class that a leak avoids, and of the rows in which
a value and a class go together."""

SLIPS, NEARLY = 0.025, 0.9
"""A copy with slips, which are no larger a share of the rows, avoids fewer of those mistakes."""

RANKS = 0.995
"""Rank correlation from which numbers tell each other; share of variance that groups explain."""

WALK, STEPS = 0.9, 0.9
"""Rank correlation of each number with the next in a column that walks, and of the steps of two
such columns when one tells the other: to walk along is not enough."""

COVERED = 0.9
"""Share of the rows whose value is there more than once, from which values can be judged."""

EXACT, SAME, DIFFERENT = 1e-3, 0.9, 20
"""Standard deviations within which a number is another in other units, the share of the rows in
which it is so where cells were altered, and different numbers that show it."""

SPACING = 5.0
"""Times the median difference of two targets that lies between neighbouring bins at most."""

APART, SURELY = 5.0, 16.0
"""Gaps between the classes, in standard deviations within them, that hardly any honest number
shows, and that none does."""

ENOUGH, LONG_APART = 2_000, 2.5
"""Rows from which a smaller gap is suspect, as none is left by chance."""

SHORT, CODES = 200, 3
"""Rows below which many a number parts the classes by chance, but for a gap, and its different
values for each class up to which these are codes."""

SEPARABLE = 0.85
"""Share of the mistakes that all other numbers together avoid where classes lie far apart."""

COMPLETED, ROWS_EACH = 0.5, 2
"""Share of the variance left by one number that others together leave, at most, where it is honest,
and rows for each of these that show it."""

_VALUE, _ANSWER = "value", "answer"

Telling = Literal["surely", "likely"]

Codes = NDArray[np.int64]


def tells(values: pl.Series, answer: pl.Series, column: Column, target: Column) -> Telling | None:
    """Tell whether a value all but decides the target; a likely leak may be an honest gap.

    Parameters
    ----------
    answer
        The target of each row: a number, or the `codes_of` its class.
    """
    known, told = values, answer
    if values.null_count():
        known, told = values.drop_nulls(), answer.filter(values.is_not_null())
    if len(known) < max(FEWEST, COMMON * len(answer)):
        return None
    ordered = column.kind != "category"
    if target.kind == "number":
        pairs = pl.DataFrame({_VALUE: known, _ANSWER: told})
        if told.n_unique() < 2:
            return None
        if (ordered and _is_rescaled(pairs)) or _explained(pairs) > RANKS or _in_bins(pairs):
            return "surely"
        return "likely" if ordered and _follows(pairs) else None
    classes = told.to_numpy()
    sizes = np.bincount(classes)
    if np.count_nonzero(sizes) < 2:
        return None
    if len(known) < len(answer) / 2 and len(known) - sizes.max() < FEWEST_OTHERS:
        return None
    gap = _gap(known, classes) if ordered else 0.0
    if gap > SURELY:
        return "surely"
    codes = codes_of(known)
    fine = ordered and bool(codes.max() >= CODES * np.count_nonzero(sizes))
    if not (fine and len(known) < SHORT) and _decides(codes, classes, slips=not fine):
        return "surely"
    return "likely" if gap > (LONG_APART if len(known) >= ENOUGH else APART) else None


def codes_of(values: pl.Series) -> Codes:
    """Return a number from 0 for each value of a column in which none is missing."""
    keys = values.hash() if values.dtype == pl.String else values.to_physical()
    return np.unique(keys.to_numpy(), return_inverse=True)[1]


def _follows(pairs: pl.DataFrame) -> bool:
    """Tell whether two numbers rise and fall together, and if they walk also step by step."""
    if abs(_rank_correlation(pairs)) <= RANKS:
        return False
    answers = pairs[_ANSWER].to_numpy()
    rises = np.diff(answers) > 0
    after = pl.DataFrame({_VALUE: answers[:-1], _ANSWER: answers[1:]})
    walks = 0.1 < rises.mean() < 0.9 and _rank_correlation(after) > WALK
    steps = pairs.select(pl.all().to_physical().cast(pl.Float64).diff()).drop_nulls()
    return not walks or abs(_rank_correlation(steps)) > STEPS


def _rank_correlation(pairs: pl.DataFrame) -> float:
    ranks = pairs.select(pl.all().rank("average")).to_numpy()
    spread = ranks.std(axis=0)
    return float(np.corrcoef(ranks.T)[0, 1]) if spread.all() else 0.0


def _explained(pairs: pl.DataFrame) -> float:
    """Return the share of a number's variance that the values of a column explain.

    Values of a single row explain nothing, as a column of names would explain everything.
    """
    answer = pl.col(_ANSWER)
    groups = pairs.group_by(_VALUE).agg(
        pl.len().alias("rows"), answer.var(ddof=0).fill_null(0.0).alias("within")
    )
    repeated = groups.filter(pl.col("rows") > 1)
    covered = int(repeated["rows"].sum())
    whole = float(np.var(pairs[_ANSWER].to_numpy()))
    if covered < COVERED * pairs.height or not whole or repeated.height < 2:
        return 0.0
    within = float((repeated["rows"] * repeated["within"]).sum()) / covered
    return 1 - within / whole


def _is_rescaled(pairs: pl.DataFrame) -> bool:
    """Tell whether a number is the target in other units, but for some altered cells."""
    value, answer = (
        pairs[name].to_physical().cast(pl.Float64).to_numpy() for name in pairs.columns
    )
    order = np.random.default_rng(0).permutation(len(value))
    runs, rises = np.diff(value[order]), np.diff(answer[order])
    if not (runs != 0).any():
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        slope = float(np.median(rises[runs != 0] / runs[runs != 0]))
        apart = answer - slope * value
    if not np.isfinite(apart).all():
        return False
    same = np.abs(apart - np.median(apart)) <= EXACT * answer.std()
    return bool(slope and same.mean() >= SAME and len(np.unique(answer[same])) >= DIFFERENT)


def _in_bins(pairs: pl.DataFrame) -> bool:
    """Tell whether the values stand for stretches of the target that follow each other closely."""
    ordered = pairs.sort(_ANSWER)
    answers = ordered[_ANSWER].to_numpy()
    codes = ordered[_VALUE].rank("dense").to_numpy()
    ends = np.flatnonzero(codes[1:] != codes[:-1])
    sizes = np.diff(ends, prepend=-1, append=len(codes) - 1)
    if not len(ends) or len(ends) >= codes.max() or np.median(sizes) < FEWEST_CELLS:
        return False
    gaps = answers[ends + 1] - answers[ends]
    usual = float(np.median(np.diff(np.unique(answers))))
    return bool((gaps <= SPACING * usual).mean() > 0.5)


def _decides(values: Codes, classes: Codes, slips: bool) -> bool:
    """Tell whether values give the class away, or one value is one class.

    Each row is guessed from the others of its value, so that rare values prove nothing; those of
    a single row are left out as long as they are few. There may be ``slips`` in codes, which no
    measured number has.
    """
    if values.max() == len(values) - 1:
        return False
    kinds = int(classes.max()) + 1
    pairs, rows = np.unique(values * kinds + classes, return_counts=True)
    value, answer = np.divmod(pairs, kinds)
    of_value, of_class = np.bincount(value, rows)[value], np.bincount(answer, rows)[answer]
    either = of_value + of_class - rows
    if ((rows >= FEWEST_CELLS) & (rows >= AGREEMENT * either)).any():
        return True
    value, answer, rows = (each[of_value > 1] for each in (value, answer, rows))
    total = int(rows.sum())
    if total < COVERED * len(values):
        return False
    base = int(np.bincount(answer, rows).max())
    order = np.lexsort((rows, value))
    value, rows = value[order], rows[order]
    most = np.flatnonzero(np.diff(value, append=-1))
    others = np.where((most > 0) & (value[most - 1] == value[most]), rows[most - 1], 0)
    right = int(rows[most][rows[most] - 1 > others].sum())
    gain = (right - base) / (total - base) if total > base else 0.0
    return gain > AGREEMENT or (slips and gain > NEARLY and total - right <= SLIPS * total)


def _gap(values: pl.Series, classes: Codes) -> float:
    """Return how far each class keeps from the others in a stretch of its own among the numbers.

    In standard deviations within the classes; 0 where they overlap.
    """
    numbers = values.to_physical().cast(pl.Float64).to_numpy()
    order = np.argsort(numbers)
    numbers, classes = numbers[order], classes[order]
    changes = np.flatnonzero(classes[1:] != classes[:-1])
    if len(changes) != np.count_nonzero(np.bincount(classes)) - 1:
        return 0.0
    sizes = np.diff(changes, prepend=-1, append=len(numbers) - 1)
    if sizes.min() < FEWEST_CELLS:
        return 0.0
    gaps = numbers[changes + 1] - numbers[changes]
    spread = max(float(part.std()) for part in np.split(numbers, changes + 1))
    return float(gaps.min()) / spread if spread else np.inf


def separable(rows: pl.DataFrame, names: Sequence[str], answer: pl.Series) -> bool:
    """Tell whether some columns of numbers part the classes without the help of any other.

    A linear discriminant of one half of the rows judges the other half. ``answer`` holds the
    `codes_of` the classes.
    """
    if not names:
        return False
    values = rows.select(names).to_numpy().astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    values = values[:, np.isfinite(values).any(axis=0)]
    values = np.nan_to_num(values - np.nanmean(values, axis=0))
    values /= np.maximum(values.std(axis=0), 1e-12)
    classes = answer.to_numpy()
    halves = np.random.default_rng(0).permutation(len(classes)) % 2 == 0
    right = sum(_right(values, classes, part) for part in (halves, ~halves))
    base = int(np.bincount(classes).max())
    return right - base >= SEPARABLE * (len(classes) - base)


def completed(rows: pl.DataFrame, name: str, names: Sequence[str], answer: pl.Series) -> bool:
    """Tell whether other numbers explain what one that all but decides a number leaves open.

    So do the terms of an honest sum, and not what merely blurs a copy.
    """
    if not names or rows.height < ROWS_EACH * len(names):
        return False
    values = np.nan_to_num(rows.select(name, *names).to_numpy().astype(np.float64))
    values = (values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-12)
    powers = values[:, :1] ** np.arange(4)
    left = _rest(answer.to_numpy().astype(np.float64), powers)
    after = _rest(left, values[:, 1:])
    chance = 1 - len(names) / rows.height
    return bool(after.var() < COMPLETED * chance * left.var())


def _rest(values: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what a linear fit leaves."""
    return np.asarray(values - by @ np.linalg.lstsq(by, values)[0])


def _right(
    values: NDArray[np.float64], classes: NDArray[np.int64], learnt: NDArray[np.bool_]
) -> int:
    """Return how many of the other rows get their class."""
    there = np.unique(classes[learnt])
    centres = np.array([values[learnt & (classes == each)].mean(axis=0) for each in there])
    inner = values[learnt] - centres[np.searchsorted(there, classes[learnt])]
    ridge = 0.1 * max(float((inner**2).mean()), 1e-12)
    if inner.shape[0] < inner.shape[1]:  # the same by the smaller of the two matrices
        among = inner @ inner.T + ridge * len(inner) * np.eye(len(inner))
        reach = (centres.T - inner.T @ np.linalg.solve(among, inner @ centres.T)) / ridge
    else:
        within = inner.T @ inner / len(inner) + ridge * np.eye(inner.shape[1])
        reach = np.linalg.solve(within, centres.T)
    scores = values[~learnt] @ reach - (centres.T * reach).sum(axis=0) / 2
    return int((there[scores.argmax(axis=1)] == classes[~learnt]).sum())
