"""How many rows of a table are bound to be equal by chance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from modelstudio.data.sources.values import GREATEST

MOST_COLUMNS = 12
"""Columns looked at, the finest ones; the others are taken to add nothing."""

TOGETHER = 0.85
"""Power of the chance of equal cells that is left in a column that seems to go with no other."""

DOUBT = 2.0
"""How many times more rows chance may make equal than is expected."""

FOLLOWS, LOOKED_AT = 0.5, 1_000
"""Chatterjee's correlation from which numbers follow others, and rows that it is worked out of."""

LEFT = 0.01
"""Share of its variance from which a column tells something beside a sum of others."""

Hashes = NDArray[np.uint64]


def mixed(hashes: Iterable[Hashes]) -> Hashes:
    """Mix the hashes of the cells of each row into one; of the columns one is held at a time."""
    columns = iter(hashes)
    both = next(columns).copy()
    for each in columns:
        both *= np.uint64(0x9E3779B97F4A7C15)
        both ^= each
    return both


def beyond_chance(copies: int, expected: float) -> bool:
    """Tell whether there are more copies than chance makes where this many are expected."""
    most = DOUBT * expected
    return copies > most + 3 * math.sqrt(most) + 2


def chance_of_equals(sample: pl.DataFrame, equal: Mapping[str, float]) -> float:
    """Return the chance that two rows are equal, estimated column by column.

    The pairs of rows that are equal in some columns, and not in all, tell how often they are equal
    in one more: copies themselves tell nothing. Where no such pairs are left, further columns are
    taken to go with those before.

    Parameters
    ----------
    equal
        Chance of equal cells in each column; below that of the sample in fine ones, where copies
        alone are equal.
    """
    hashes = {name: sample.get_column(name).hash().to_numpy() for name in equal}
    copies = _equal_pairs(mixed(hashes.values()))
    finest = sorted(equal, key=equal.__getitem__)[:MOST_COLUMNS]
    ranks = {
        name: sample.get_column(name).to_physical().rank().fill_null(strategy="mean").to_numpy()
        for name in finest
        if sample.get_column(name).dtype != pl.String
    }
    chance, before = equal[finest[0]], hashes[finest[0]]
    for place, name in enumerate(finest[1:], start=1):
        known = [hashes[other] for other in finest[:place]] + [before] * (place > 1)
        going = [_going_together(other, hashes[name], copies) for other in known]
        bound = [
            equal[name] / math.sqrt(max(1 - _correlation(ranks[name], ranks[other]) ** 2, 1e-12))
            for other in finest[:place]
            if name in ranks and other in ranks
        ]
        chance *= min(1.0, max(equal[name] ** TOGETHER, *going, *bound))
        before = mixed((before, hashes[name]))
    return chance


def _going_together(known: Hashes, other: Hashes, copies: float) -> float:
    """Return the share of the pairs equal in some columns that are equal in another too."""
    both = _equal_pairs(mixed((known, other)))
    return (both - copies + 1) / (_equal_pairs(known) - copies + 1)


def _equal_pairs(hashes: Hashes) -> float:
    sizes = np.unique(hashes, return_counts=True)[1].astype(float)
    return float((sizes * (sizes - 1)).sum()) / 2


def _correlation(left: NDArray[np.float64], right: NDArray[np.float64]) -> float:
    if not (left.std() and right.std()):
        return 0.0
    return float(np.corrcoef(left, right)[0, 1])


def own_shares(sample: pl.DataFrame, names: Sequence[str]) -> NDArray[np.float64]:
    """Return how much of their own each of some columns of numbers tells; shape (columns,).

    Nothing where it is a function of one before it, be it a line or a wave, or a sum of some; else
    all of it.
    """
    few = sample.select(names).gather_every(-(-sample.height // LOOKED_AT) or 1)
    shares = np.ones(len(names))
    if few.height < 3 or len(names) < 2:
        return shares
    ranked = few.select(pl.all().to_physical().rank("ordinal").fill_null(strategy="mean"))
    ranks = ranked.to_numpy().astype(np.float64)
    for at in range(len(names) - 1):
        after = ranks[np.argsort(ranks[:, at], kind="stable"), at + 1 :]
        steps = np.abs(np.diff(after, axis=0)).sum(axis=0)
        follows = 1 - 3 * steps / (few.height**2 - 1)
        own = np.clip((1 - follows) / (1 - FOLLOWS), 0.0, 1.0)
        shares[at + 1 :] = np.minimum(shares[at + 1 :], own)
    return np.minimum(shares, _beyond_sums(few.select(names)))


def _beyond_sums(few: pl.DataFrame) -> NDArray[np.float64]:
    """Return 0 for columns that are sums of those before them, as the last of some shares is."""
    if few.height < 2 * few.width:
        return np.ones(few.width)
    values = few.select(pl.all().to_physical().cast(pl.Float64).fill_null(strategy="mean"))
    numbers = np.nan_to_num(values.to_numpy())
    numbers = np.clip(numbers, -GREATEST, GREATEST) - numbers.mean(axis=0)
    numbers /= np.maximum(np.sqrt((numbers**2).sum(axis=0)), 1e-300)
    left = np.diagonal(np.linalg.qr(numbers, mode="r")) ** 2
    return np.asarray(np.clip(left / LEFT, 0.0, 1.0))
