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

FAR = 6.0
"""Robust standard deviations from the median within which nothing is an outlier."""

FEW, SENTINELS = 0.02, 0.08
"""The largest share of outliers, and of a number of nines that stands for a missing value."""

TAIL, LONG_TAIL = 0.1, 0.02
"""Share of the numbers in a tail, and that of a long column."""

LEAST_TAIL, LONG = 10, 40
"""The least numbers in a tail, and those from which it may begin further out."""

CHANCE = 4e-4
"""Chance of the gap before a single number of an honest tail, on a log scale; of several together
the gap may be a third as wide."""

LEAST_FALL, LEAST_GAP = 0.05, 0.4
"""The steepest fall of a tail that is believed, and the least gap, both on a log scale; it is
enough before a number of nines."""


THIN, ENOUGH = 3.2, 200
"""A tail is thin, as that of a normal distribution with its 2.9, when 97.5 % of the numbers end at
most so many times as far from the median as 75 %; with fewer than enough that cannot be told."""

THIN_GAP = 0.6
"""The least gap in a thin tail, in `FAR` standard deviations."""


def usual_range(numbers: pl.Series) -> tuple[float, float]:
    """Return the limits beyond which known numbers are outliers.

    A tail is judged by itself: the distances from the median of honest numbers fall off no slower
    than a power law, whose spacings are exponential on a log scale (Hill's estimator). Those of a
    thin tail fall off no slower than exponentially: their spacings are so as they are.
    """
    everywhere = (-math.inf, math.inf)
    sample = np.sort(numbers.gather_every(-(-len(numbers) // SAMPLE) or 1).to_numpy())
    if len(sample) < FEWEST or len(np.unique(sample)) < DIFFERENT:
        return everywhere
    for end in (sample[0], sample[-1]):
        if _is_nines(abs(end)) and (sample == end).mean() <= SENTINELS:
            sample = sample[sample != end]
    middle = float(np.median(sample))
    spread = FAR * 1.4826 * float(np.median(np.abs(sample - middle)))
    if not spread:
        return everywhere
    share = max(LONG_TAIL, min(TAIL, LONG / len(sample)), LEAST_TAIL / len(sample))
    at = min(len(sample) - 1, round(share * len(sample)))
    least, greatest = numbers.min(), numbers.max()
    assert isinstance(least, float)
    assert isinstance(greatest, float)
    low, high = everywhere
    if middle - least > spread:
        begin = float(sample[at])
        tail = middle - numbers.filter(numbers < begin).to_numpy()
        thin = _is_thin(middle - sample[::-1])
        low = middle - _end(tail, middle - begin, spread, len(numbers), middle, thin)
    if greatest - middle > spread:
        begin = float(sample[-at - 1])
        tail = numbers.filter(numbers > begin).to_numpy() - middle
        thin = _is_thin(sample - middle)
        high = middle + _end(tail, begin - middle, spread, len(numbers), -middle, thin)
    return low, high


def _is_thin(distances: NDArray[np.float64]) -> bool:
    """Tell a thin tail by the distances of all numbers from the median, ascending."""
    if len(distances) < ENOUGH:
        return False
    body, far = (float(np.quantile(distances, share)) for share in (0.75, 0.975))
    return far <= THIN * body


def _end(
    tail: NDArray[np.float64], begin: float, least: float, count: int, middle: float, thin: bool
) -> float:
    """Return the distance from the median at which a tail ends before a gap, or infinity.

    Parameters
    ----------
    begin
        Where the tail begins.
    least
        Distance within which nothing is an outlier.
    count
        Numbers of the whole column.
    middle
        The median as seen from this tail, to tell the number that a distance stands for.
    thin
        Whether it falls off as a normal distribution does.
    """
    if len(tail) < 2:
        return math.inf
    distances = np.sort(tail)[::-1]
    begin = max(begin, least / (10 * FAR))
    logs = np.log(np.maximum(distances, begin) / begin)
    levels = np.maximum(distances - begin, 0) / least if thin else logs
    beyond = np.arange(1, len(levels))
    rest = len(levels) - beyond
    falls = np.maximum((levels.sum() - np.cumsum(levels)[:-1]) / rest, LEAST_FALL)
    gaps = rest * (CHANCE ** (-1 / rest) - 1) / np.minimum(beyond, 3)
    needed = np.maximum(gaps * falls, THIN_GAP if thin else LEAST_GAP)
    nines = (distances[:-1] == distances[0]) & _is_nines(abs(distances[0] - middle))
    fits = (levels[:-1] - levels[1:] >= needed) | (nines & (logs[:-1] - logs[1:] >= LEAST_GAP))
    fits &= distances[:-1] > least
    share = beyond / count
    fits &= (share <= max(FEW, 1 / count)) | (nines & (share <= SENTINELS))
    last = np.flatnonzero(fits)
    if not len(last):
        return math.inf
    return float(distances[last[-1]] + distances[last[-1] + 1]) / 2


def _is_nines(number: float) -> bool:
    """Tell whether a number is written 99, 999 and so on."""
    digits = f"{number:.6f}".rstrip("0").rstrip(".")
    return len(digits) > 1 and set(digits) == {"9"}
