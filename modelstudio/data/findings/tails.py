"""Numbers that lie beyond where the tail of their own column leads to."""

from __future__ import annotations

import math

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

TAIL, LONG_TAIL = 300, 0.05
"""Numbers before a gap that tell how a tail falls off, and the share of a long column that holds
the outliers too."""

CHANCE = 0.02
"""Chance that an honest table has a gap that is believed, in any tail of its columns."""

FREEDOM = {1.0: 1, 1.5: 2, 2.0: 3, 3.0: 5, 4.0: 6, 6.0: 8, 10.0: 10, 20.0: 15, 1e6: 50}
"""How columns fall off: as Student's t with so many degrees of freedom, and how often, in per
cent; the last is the normal distribution."""

SCALES = np.geomspace(0.07, 4.0, 40)
"""Scales that are tried with each, in robust standard deviations."""


def usual_range(numbers: pl.Series, columns: int = 5) -> tuple[float, float]:
    """Return the limits beyond which known numbers are outliers.

    A tail is judged by itself: its numbers before a gap tell how likely each way to fall off is,
    and all of these together how likely so wide a gap is. Of ``columns`` that are looked at, the
    more there are, the less likely it has to be.
    """
    everywhere = (-math.inf, math.inf)
    every = -(-len(numbers) // SAMPLE)
    sample = np.sort((numbers.gather_every(every) if every > 1 else numbers).to_numpy())
    if len(sample) < FEWEST or len(np.unique(sample)) < DIFFERENT:
        return everywhere
    for end in (sample[0], sample[-1]):
        if _is_nines(abs(end)) and (sample == end).mean() <= SENTINELS:
            sample = sample[sample != end]
    middle = float(np.median(sample))
    away = np.abs(sample - middle)
    away = away if np.median(away) else away[away > 0]
    if len(away) < FEWEST:
        return everywhere
    spread = 1.4826 * float(np.median(away))
    steps = np.diff(sample)
    step = float(steps[steps > 0].min())
    cut = round(LONG_TAIL * len(sample)) if len(sample) < len(numbers) else len(sample) // 2
    first, last = (float(each) for each in (sample[cut], sample[-cut - 1]))
    least, greatest = numbers.min(), numbers.max()
    assert isinstance(least, float)
    assert isinstance(greatest, float)
    chance = CHANCE / (2 * columns)
    low, high = everywhere
    if middle - least > FAR * spread:
        tail = middle - numbers.filter(numbers < min(first, middle)).to_numpy()
        low = middle - _end(tail, len(numbers), spread, step, middle, chance)
    if greatest - middle > FAR * spread:
        tail = numbers.filter(numbers > max(last, middle)).to_numpy() - middle
        high = middle + _end(tail, len(numbers), spread, step, -middle, chance)
    return low, high


def _end(
    tail: NDArray[np.float64], count: int, spread: float, step: float, middle: float, chance: float
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
            and _chance_of_gap(distances, int(at) + 1, spread, step) < chance / beyond[at] ** 2
        )
        if told:
            return float(far[at] + near[at]) / 2
    return math.inf


def _chance_of_gap(
    distances: NDArray[np.float64], beyond: int, spread: float, step: float
) -> float:
    """Return the chance of so wide a gap before the last numbers of a tail.

    Parameters
    ----------
    distances
        From the median, descending.
    beyond
        How many numbers lie beyond the gap: more than that is not made of them.
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
    likely += np.log(list(FREEDOM.values()))[:, None]
    weights = np.exp(likely - likely.max())
    return float((weights * np.exp(beyond * (agains - ends))).sum() / weights.sum())


def _is_nines(number: float) -> bool:
    """Tell whether a number is written 99, 999 and so on."""
    digits = f"{number:.6f}".rstrip("0").rstrip(".")
    return len(digits) > 1 and set(digits) == {"9"}
