"""Numbers that lie beyond where the tail of their own column leads to."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

SAMPLE = 20_000
"""Numbers from which the middle, the spread and where a tail begins are worked out."""

FEWEST = 20
"""Numbers, and `DIFFERENT` ones, from which any can be far."""

DIFFERENT = 6

LEVELS = 5
"""Different numbers before a gap from which it can be told how a tail falls off."""

FAR = 4.0
"""Robust standard deviations from the median within which nothing is an outlier."""

FEW, SENTINELS = 0.02, 0.08
"""The largest share of outliers, and of a number of nines that stands for a missing value."""

SOME, SOME_SHARE = 3, 0.05
"""So many may be a larger share in a short column, up to this one."""

LEAST_GAP = 0.25
"""The least gap before outliers, on a log scale; before a number of nines it is enough."""

SLIP = 3.2
"""The gap, on a log scale, before numbers that are some digits too long."""

TAIL, LONG_TAIL = 300, 0.05
"""Numbers before a gap that tell how a tail falls off, and the share of a long column that holds
the outliers too."""

CHANCE, HEAVY_CHANCE = 0.015, 1e-5
"""Chance that an honest table has a gap that is believed in any tail of its columns: where tails
are light, and where they are heavy."""

LIGHT_CHANCE = 1e-6
"""The same for a tail that is known to be light, in which a far number is obvious."""

FREEDOM = {1.0: 1, 1.5: 2, 2.0: 3, 3.0: 5, 4.0: 6, 6.0: 8, 10.0: 10, 20.0: 15, 1e6: 50}
"""How columns fall off: as Student's t with so many degrees of freedom, and how often, in per
cent; the last is the normal distribution."""

HEAVY, LIGHT = 6, 8
"""Of these the first so many are heavy, and those from here on light."""

SCALES = np.geomspace(0.07, 4.0, 40)
"""Scales that are tried with each, in robust standard deviations."""

MOST_COLUMNS, ROUNDS = 40, 8
"""Columns that tell how the columns of a table fall off, and rounds to work it out."""

Numbers = NDArray[np.float64]


class Tails:
    """How the columns of numbers of a table fall off, each worked out once it is asked for.

    Parameters
    ----------
    columns
        By name; cells may be missing.
    """

    def __init__(self, columns: Mapping[str, pl.Series]) -> None:
        self._columns = columns
        self._some = list(columns)[:: -(-len(columns) // MOST_COLUMNS) or 1]
        self._told: dict[str, list[Numbers]] = {}
        self._likely: dict[str | None, Numbers] = {}

    def __len__(self) -> int:
        return len(self._columns)

    def usual(self, name: str) -> Numbers:
        """Return how likely the other columns make each of `FREEDOM`."""
        return self._usual(name if name in self._some else None)

    def heavy(self, name: str) -> float:
        """Return how likely the others, or either tail of a column, make it heavy."""
        usual = self.usual(name)
        own = [tail * usual / (tail * usual).sum() for tail in self._tails(name)]
        return max(float(each[:HEAVY].sum()) for each in (usual, *own))

    def _usual(self, but: str | None) -> Numbers:
        if but not in self._likely:
            tails = [tail for each in self._some if each != but for tail in self._tails(each)]
            first = np.array(list(FREEDOM.values())) / sum(FREEDOM.values())
            usual = first
            for _ in range(ROUNDS if tails else 0):
                told = np.array(tails) * usual
                told /= told.sum(axis=1, keepdims=True)
                usual = (first + told.sum(axis=0)) / (1 + len(tails))
            self._likely[but] = usual
        return self._likely[but]

    def _tails(self, name: str) -> list[Numbers]:
        if name not in self._told:
            self._told[name] = _falling_off(_sampled(self._columns[name].drop_nulls()))
        return self._told[name]


def _sampled(numbers: pl.Series) -> Numbers:
    """Return some of the numbers, ascending."""
    every = -(-len(numbers) // SAMPLE)
    return np.sort((numbers.gather_every(every) if every > 1 else numbers).to_numpy())


def _spread(sample: Numbers, middle: float) -> float:
    """Return the robust standard deviation; 0 where too few numbers differ."""
    away = np.abs(sample - middle)
    away = away if np.median(away) else away[away > 0]
    return 1.4826 * float(np.median(away)) if len(away) >= FEWEST else 0.0


def _falling_off(sample: Numbers) -> list[Numbers]:
    """Return how likely each tail makes each of `FREEDOM`, but for its last numbers."""
    if len(sample) < FEWEST:
        return []
    middle = float(np.median(sample))
    spread = _spread(sample, middle)
    steps = np.diff(sample)
    found = []
    for tail in (middle - sample, sample - middle) if spread else ():
        distances = np.sort(tail[tail > 0])[::-1]
        beyond = max(1, round(len(sample) / 100))
        if len(distances) >= FEWEST // 2 + beyond:
            step = float(steps[steps > 0].min())
            likely = _likely(distances, beyond, spread, step)[0]
            found.append(np.exp(likely - likely.max()).sum(axis=1))
    return found


def usual_range(numbers: pl.Series, table: Tails | None = None) -> tuple[float, float]:
    """Return the limits beyond which known numbers of a column are outliers.

    The numbers of a tail before a gap, and the other tails of the table, tell how likely each way
    to fall off is, and all of these together how likely so wide a gap is. The more columns there
    are, the less likely it has to be.
    """
    everywhere = (-math.inf, math.inf)
    sample = _sampled(numbers)
    if len(sample) < FEWEST or len(np.unique(sample)) < DIFFERENT:
        return everywhere
    for end in (sample[0], sample[-1]):
        if _is_nines(abs(end)) and (sample == end).mean() <= SENTINELS:
            sample = sample[sample != end]
    middle = float(np.median(sample))
    if not (spread := _spread(sample, middle)):
        return everywhere
    steps = np.diff(sample)
    step = float(steps[steps > 0].min())
    cut = round(LONG_TAIL * len(sample)) if len(sample) < len(numbers) else len(sample) // 2
    first, last = (float(each) for each in (sample[cut], sample[-cut - 1]))
    least, greatest = numbers.min(), numbers.max()
    assert isinstance(least, float)
    assert isinstance(greatest, float)
    table = Tails({numbers.name: numbers}) if table is None else table
    gaps = _Gaps(numbers.name, table)
    low, high = everywhere
    if middle - least > FAR * spread:
        tail = middle - numbers.filter(numbers < min(first, middle)).to_numpy()
        low = middle - _end(tail, len(numbers), spread, step, middle, gaps)
    if greatest - middle > FAR * spread:
        tail = numbers.filter(numbers > max(last, middle)).to_numpy() - middle
        high = middle + _end(tail, len(numbers), spread, step, -middle, gaps)
    return low, high


class _Gaps:
    """Judges the gaps of the tails of a column."""

    def __init__(self, name: str, table: Tails) -> None:
        self._name, self._table = name, table

    def are_odd(self, distances: Numbers, beyond: int, spread: float, step: float) -> bool:
        """Tell whether so wide a gap before the last numbers of a tail is no chance.

        What the lightest tails make of it counts by itself: they hardly ever leave a gap.

        Parameters
        ----------
        distances
            From the median, descending.
        beyond
            How many numbers lie beyond the gap: more than that is not made of them.
        """
        usual = self._table.usual(self._name)
        likely, gap = _likely(distances, beyond, spread, step)
        weights = np.exp(likely - likely.max()) * usual[:, None]
        weights /= weights.sum()
        chances = (weights * np.exp(gap)).sum(axis=1) * beyond**2 * 2 * len(self._table)
        if chances.sum() >= CHANCE or chances[LIGHT:].sum() >= LIGHT_CHANCE:
            return False
        if distances[beyond - 1] > math.exp(SLIP) * distances[beyond]:
            return True
        heavy = max(self._table.heavy(self._name), float(weights[:HEAVY].sum()))
        return bool(chances.sum() < CHANCE ** (1 - heavy) * HEAVY_CHANCE**heavy)


def _end(
    tail: Numbers, count: int, spread: float, step: float, middle: float, gaps: _Gaps
) -> float:
    """Return the distance from the median at which a tail ends before a gap, or infinity.

    Parameters
    ----------
    tail
        Distances from the median of the numbers on one side.
    count
        Numbers of the whole column.
    spread
        Robust standard deviation of the column.
    step
        The smallest difference between numbers, to which they may be rounded.
    middle
        The median as seen from this tail, to tell the number that a distance stands for.
    """
    distances = np.sort(tail)[::-1]
    most = min(len(distances) - 1, max(1, int(SENTINELS * count)))
    if most < 1:
        return math.inf
    far, near = distances[:most], distances[1 : most + 1]
    beyond = np.arange(1, most + 1)
    wide = (far > FAR * spread) & (np.log(far / near) >= LEAST_GAP)
    nines = (far == far[0]) & _is_nines(abs(far[0] - middle))
    few = beyond <= max(1, min(SOME, SOME_SHARE * count), FEW * count)
    for at in np.flatnonzero(wide & (few | nines))[::-1]:
        told = nines[at] or (
            len(np.unique(distances[at + 1 :])) >= LEVELS
            and gaps.are_odd(distances, int(at) + 1, spread, step)
        )
        if told:
            return float(far[at] + near[at]) / 2
    return math.inf


def _likely(distances: Numbers, beyond: int, spread: float, step: float) -> tuple[Numbers, Numbers]:
    """Return how well each of `FREEDOM` and `SCALES` fits a tail but for its last numbers.

    And how likely the gap before these is then, both as logarithms; shape (freedom, scale).
    """
    from scipy.special import gammaln, stdtr

    known = distances[beyond : beyond + TAIL]
    begin = known[-1] - step / 2 if len(distances) > beyond + TAIL else 0.0
    end = known[0] + step / 2
    again = max(distances[beyond - 1] - step / 2, end)
    freedom = np.array(list(FREEDOM))[:, None]
    scale = spread * SCALES
    begins, ends, agains = (
        np.log(2 * stdtr(freedom, -max(each, 0.0) / scale) + 1e-300) for each in (begin, end, again)
    )
    squares = (known[:, None, None] / scale) ** 2 / freedom
    likely = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - np.log(freedom) / 2 - np.log(scale)
    likely = len(known) * likely - (freedom + 1) / 2 * np.log1p(squares).sum(axis=0)
    likely += beyond * ends - (len(known) + beyond) * begins
    return likely, beyond * (agains - ends)


def _is_nines(number: float) -> bool:
    """Tell whether a number is written 99, 999 and so on."""
    digits = f"{number:.6f}".rstrip("0").rstrip(".")
    return len(digits) > 1 and set(digits) == {"9"}
